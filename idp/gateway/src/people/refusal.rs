//! The page of everything that is refused at the desk: what happened, what to do, what to tell support.

use axum::response::Response;
use domain::id::Reference;
use http::StatusCode;

use crate::app::App;
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::{Refused, WayOn};
use crate::signin::page::Occasion;

/// Refuses an agent who stays in.
pub(crate) fn refuse(app: &App, occasion: Occasion, code: Desk) -> Response {
    page(app, occasion, code, WayOn::Desk)
}

/// Refuses someone who is not in: the way on is another sign-in.
pub(crate) fn refuse_outside(app: &App, occasion: Occasion, code: Desk) -> Response {
    page(app, occasion, code, WayOn::SignIn)
}

/// Refuses an agent whose session is over with it.
pub(crate) fn refuse_over(app: &App, occasion: Occasion, code: Desk) -> Response {
    let mut answer = refuse_outside(app, occasion, code);
    app.desk().cookies.clear_agent(answer.headers_mut());
    answer
}

fn page(app: &App, occasion: Occasion, code: Desk, way_on: WayOn) -> Response {
    let occurrence = Reference::from_random(app.random.bytes());
    let view = Refused { page: occasion.page(app), code, occurrence: occurrence.as_str(), way_on };
    let answer = view.answer(status(code));
    Entry::new(code).numbered(occurrence).on(answer)
}

/// The status of a refusal.
pub(crate) const fn status(code: Desk) -> StatusCode {
    match code {
        Desk::Unknown | Desk::ReaderUnknown | Desk::InvitationGone => StatusCode::NOT_FOUND,
        Desk::ChangedMeanwhile | Desk::PasskeyKnown | Desk::NoCorrection => StatusCode::CONFLICT,
        Desk::InputInvalid | Desk::MailTaken | Desk::ReaderKnown | Desk::CorrectionDiffers => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Desk::CeremonyUnknown
        | Desk::AssertionRefused
        | Desk::RegistrationRefused
        | Desk::PasskeyUnknown
        | Desk::PasskeyWithdrawn
        | Desk::PasskeyLast
        | Desk::PasskeysTooMany
        | Desk::NotActive
        | Desk::OtherCommune
        | Desk::NotAuthorised
        | Desk::RoleMissing
        | Desk::Untrained
        | Desk::CommuneNotCertifying
        | Desk::StaleForm
        | Desk::OwnTerms
        | Desk::AlreadyDeclared
        | Desk::OwnDeclaration
        | Desk::LastAdmin => StatusCode::FORBIDDEN,
    }
}
