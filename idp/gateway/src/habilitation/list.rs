//! The requests of an organisation: `GET` and `POST /espace/organisations/{siret}/demandes`.

use axum::extract::State;
use axum::response::Response;
use domain::habilitation::acting::{Acting, Author};
use domain::habilitation::form::Form;
use domain::partners::organisation::Organisation;
use domain::partners::permission::{About, EditRequests, ReadRequests};
use http::StatusCode;
use store::StoreError;
use store::registry::KeptReview;

use super::keep;
use crate::app::{App, Shared};
use crate::audit::Space;
use crate::pages::View as _;
use crate::pages::requests::{Line, List};
use crate::pages::services::above;
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// How many requests are listed at most.
const LISTED: u32 = 200;

/// `GET /espace/organisations/{siret}/demandes`.
pub(crate) async fn get(holder: Holder<ReadRequests>, State(app): State<Shared>) -> Response {
    let Holder { here, organisation, .. } = &holder;
    let Some(organisation) = organisation else { return refusal::inside(&app, here, Space::Unseen) };
    match show(&app, here, organisation).await {
        Ok(answer) => answer,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn show(app: &App, here: &Here, organisation: &Organisation) -> Result<Response, StoreError> {
    let found = app.registry.requests_of(organisation.siret, LISTED).await?;
    let shown =
        |kept: &&KeptReview| kept.review.about().applicant != Author::Platform || organisation.verified().is_ok();
    let lines: Vec<Line> = found.iter().filter(shown).map(|kept| Line::of(&kept.review)).collect();
    let page = here.page(app);
    let writes = here.partner.may(EditRequests, About::Organisation(organisation));
    let shell = here.shell(page.words().requests_title()).below(above(organisation));
    let may_write = writes.is_ok();
    let view = List { page, shell, organisation, lines: &lines, csrf: &here.csrf, may_write };
    Ok(view.answer(StatusCode::OK))
}

/// `POST /espace/organisations/{siret}/demandes`: begins one.
pub(crate) async fn post(holder: Holder<EditRequests>, State(app): State<Shared>, _: CheckedForm) -> Response {
    let Holder { here, organisation, held } = &holder;
    let Some(organisation) = organisation else { return refusal::inside(&app, here, Space::Unseen) };
    match keep::begin(&app, organisation, &Acting::from(held), Form::default()).await {
        Ok(Ok(id)) => see_other(&format!("/espace/demandes/{id}/service")),
        Ok(Err(why)) => refusal::inside(&app, here, why.into()),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}
