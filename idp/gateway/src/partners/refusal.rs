//! The page of everything that is refused in the space: what happened, what to do, what to tell support.

use axum::response::Response;
use domain::id::Reference;
use http::StatusCode;

use super::session::Here;
use crate::app::App;
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::{Refused, Shell, WayOn};
use crate::signin::page::Occasion;

/// Refuses a partner who stays in.
pub(crate) fn inside(app: &App, here: &Here, code: Space) -> Response {
    page(app, here.occasion, here.shell(""), code, WayOn::Home)
}

/// Refuses somebody of whom no more is known than that they were in.
pub(crate) fn at(app: &App, occasion: Occasion, code: Space) -> Response {
    page(app, occasion, Shell::new(""), code, WayOn::Home)
}

/// Refuses somebody who is not in: the way on is the sign-in.
pub(crate) fn outside(app: &App, occasion: Occasion, code: Space) -> Response {
    page(app, occasion, Shell::new(""), code, WayOn::SignIn)
}

fn page(app: &App, occasion: Occasion, shell: Shell<'_>, code: Space, way_on: WayOn) -> Response {
    let occurrence = Reference::from_random(app.random.bytes());
    let view = Refused::new(occasion.page(app), shell, code, occurrence.as_str(), way_on);
    let answer = view.answer(status(code));
    Entry::new(code).numbered(occurrence).on(answer)
}

/// The status of a refusal.
pub(crate) const fn status(code: Space) -> StatusCode {
    match code {
        Space::Unseen | Space::Unknown | Space::LinkGone => StatusCode::NOT_FOUND,
        Space::ChangedMeanwhile | Space::PasskeyKnown | Space::MailKnown => StatusCode::CONFLICT,
        Space::FormTooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Space::InputInvalid | Space::MailTaken | Space::OrganisationKnown => StatusCode::UNPROCESSABLE_ENTITY,
        Space::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Space::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Space::CeremonyUnknown
        | Space::AssertionRefused
        | Space::RegistrationRefused
        | Space::PasskeyUnknown
        | Space::NotActive
        | Space::RoleMissing
        | Space::StaleForm
        | Space::OrganisationUnverified
        | Space::PasskeyLast
        | Space::PasskeysTooMany
        | Space::OwnRoles
        | Space::LastAdmin
        | Space::NotSecond
        | Space::NotAnother
        | Space::NotFresh
        | Space::Unsafeguarded => StatusCode::FORBIDDEN,
    }
}
