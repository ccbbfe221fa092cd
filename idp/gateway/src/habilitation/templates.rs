//! The texts that reviewers write often: `GET` and `POST /espace/instruction/modeles`.

use axum::extract::State;
use axum::response::Response;
use domain::habilitation::templates::{Answer, BadTemplate, Template};
use domain::partners::permission::{ChangeTemplates, Permit, ReadQueue};
use http::StatusCode;
use store::StoreError;

use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::Crumb;
use crate::pages::requests::{Templates, Wrong};
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

const HERE: &str = "/espace/instruction/modeles";

/// `GET /espace/instruction/modeles`.
pub(crate) async fn get(holder: Holder<ReadQueue>, State(app): State<Shared>) -> Response {
    show(&app, &holder, None).await.unwrap_or_else(|error| unavailable(&app, holder.here.occasion, &error))
}

async fn show<P: Permit>(app: &App, holder: &Holder<P>, wrong: Option<Wrong<'_>>) -> Result<Response, StoreError> {
    let here = &holder.here;
    let templates = app.registry.templates().await?;
    let page = here.page(app);
    let may_change = here.partner.may(ChangeTemplates, domain::partners::permission::About::Space).is_ok();
    let is_wrong = wrong.is_some();
    let queue = Crumb { href: "/espace/instruction".to_owned(), title: page.words().queue_title().to_owned() };
    let shell = here.shell(page.words().templates_title()).below([queue]);
    let view = Templates { page, shell, csrf: &here.csrf, templates: &templates, may_change, wrong };
    let code = Space::InputInvalid;
    Ok(if is_wrong { Entry::new(code).on(view.answer(refusal::status(code))) } else { view.answer(StatusCode::OK) })
}

/// `POST /espace/instruction/modeles`: adds one, or drops one.
pub(crate) async fn post(holder: Holder<ChangeTemplates>, State(app): State<Shared>, form: CheckedForm) -> Response {
    changed(&app, &holder, &form).await.unwrap_or_else(|error| unavailable(&app, holder.here.occasion, &error))
}

async fn changed(app: &App, holder: &Holder<ChangeTemplates>, form: &CheckedForm) -> Result<Response, StoreError> {
    let now = app.clock.now();
    if let Some(id) = form.field("drop") {
        app.registry.drop_template(id).await?;
        return Ok(see_other(HERE));
    }
    let (title, text) = (form.text("title"), form.text("text"));
    let answer = Answer::ALL.into_iter().find(|answer| answer.name() == form.text("answer"));
    match answer.ok_or(BadTemplate::Text).and_then(|answer| Template::new(answer, title, text)) {
        Ok(template) => {
            app.registry.put_template(app.random.bytes(), &template, now).await?;
            Ok(see_other(HERE))
        }
        Err(bad) => show(app, holder, Some(Wrong { bad, title, text })).await,
    }
}
