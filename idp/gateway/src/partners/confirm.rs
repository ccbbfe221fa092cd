//! A passkey once more, before what is dangerous: `GET` and `POST /espace/confirmation`.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::partners::passkey::Purpose;
use domain::partners::permission::SignedIn;
use domain::partners::session::PartnerSession;
use domain::secret::Bearer;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;

use super::refusal::{inside, status};
use super::session::{CheckedForm, Here, Holder, way_back};
use super::sign_in::signed;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::Confirm;
use crate::people::ceremony;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// Where to go after.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    retour: Option<String>,
}

/// `GET /espace/confirmation`.
pub(crate) async fn get(
    holder: Holder<SignedIn>,
    State(app): State<Shared>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    show(&app, &holder.here, &headers, &way_back(asked.retour.as_deref()), None).await
}

async fn show(app: &App, here: &Here, headers: &HeaderMap, back: &str, refused: Option<Space>) -> Response {
    let Ok(asked) = app.partners().passkeys.sign_in() else {
        return unavailable(app, here.occasion, &StoreError::Corrupt { what: "the passkeys of a partner" });
    };
    let purpose = Purpose::Confirm { partner: here.partner.id.clone() };
    let begun = match ceremony::begin(app, headers, purpose, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let page = here.page(app);
    let shell = here.shell(page.words().space_confirm_title());
    let view = Confirm { page, shell, ceremony: &begun.name, options: &begun.options, back, refused };
    let answer = match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /espace/confirmation`.
pub(crate) async fn post(
    holder: Holder<SignedIn>,
    State(app): State<Shared>,
    headers: HeaderMap,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let back = way_back(form.field("retour"));
    match judge(&app, here, &headers, &form).await {
        Ok(Ok(secret)) => {
            let mut answer = see_other(&back);
            app.partners().cookies.set_partner(answer.headers_mut(), &secret);
            answer
        }
        Ok(Err(code @ Space::ChangedMeanwhile)) => inside(&app, here, code),
        Ok(Err(code)) => show(&app, here, &headers, &back, Some(code)).await,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn judge(
    app: &App,
    here: &Here,
    headers: &HeaderMap,
    form: &CheckedForm,
) -> Result<Result<Bearer<PartnerSession>, Space>, StoreError> {
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("ceremony")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    match &ceremony.purpose {
        Purpose::Confirm { partner } if *partner == here.partner.id => {}
        Purpose::Confirm { .. }
        | Purpose::SignIn
        | Purpose::Begin { .. }
        | Purpose::Add { .. }
        | Purpose::Recover { .. } => return Ok(Err(Space::CeremonyUnknown)),
    }
    let used = match signed(app, &ceremony.state, form.field("credential").unwrap_or_default()).await? {
        Ok(used) => used,
        Err(code) => return Ok(Err(code)),
    };
    // The passkey of somebody else who shares the machine confirms nothing here.
    if used.owner != here.partner.id {
        return Ok(Err(Space::PasskeyUnknown));
    }
    let session = here.session.asserted(here.session.passkey.clone(), app.clock.now());
    Ok(here.renew(app, &session).await?.ok_or(Space::ChangedMeanwhile))
}
