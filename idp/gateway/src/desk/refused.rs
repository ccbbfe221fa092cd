//! What the desk refuses, on a page for the agent: what happened, what to do. No citizen comes here.

use axum::response::Response;
use domain::cnie::case::DeskRefusal;
use domain::cnie::refusal::Refusal;
use domain::id::Reference;
use http::StatusCode;

use crate::app::App;
use crate::audit::Entry;
use crate::pages::View as _;
use crate::pages::desk::Refused;
use crate::people::session::AgentHere;

/// Refuses an agent.
pub(crate) fn refuse(app: &App, here: &AgentHere, refusal: DeskRefusal) -> Response {
    let occurrence = Reference::from_random(app.random.bytes());
    let csrf = here.csrf();
    let page = here.occasion.page(app);
    let view = Refused { page, here: here.shown(app, &csrf), refusal, occurrence: occurrence.as_str() };
    let answer = view.answer(status(refusal));
    Entry::new(refusal).numbered(occurrence).on(answer)
}

/// The status of a refusal.
pub(crate) const fn status(refusal: DeskRefusal) -> StatusCode {
    match refusal {
        DeskRefusal::CaseUnknown => StatusCode::NOT_FOUND,
        DeskRefusal::CaseOver | DeskRefusal::CaseLate | DeskRefusal::Card(Refusal::RequestLate) => StatusCode::GONE,
        DeskRefusal::OutOfTurn
        | DeskRefusal::VerdictUsed
        | DeskRefusal::ReaderBusy
        | DeskRefusal::Card(Refusal::RequestUsed) => StatusCode::CONFLICT,
        DeskRefusal::ReaderUnknown => StatusCode::UNAUTHORIZED,
        DeskRefusal::OtherAgent
        | DeskRefusal::SecondIsFirst
        | DeskRefusal::SecondIsClose
        | DeskRefusal::SecondUndeclared
        | DeskRefusal::PhotoUnseen
        | DeskRefusal::OwnIdentity
        | DeskRefusal::TriesSpent
        | DeskRefusal::ReaderProposed
        | DeskRefusal::ReaderWithdrawn
        | DeskRefusal::ReaderElsewhere
        | DeskRefusal::OtherReader
        | DeskRefusal::VerdictSignature => StatusCode::FORBIDDEN,
        DeskRefusal::Card(Refusal::Malformed) | DeskRefusal::VerdictMalformed => StatusCode::BAD_REQUEST,
        DeskRefusal::Card(Refusal::AuthoritySilent) => StatusCode::SERVICE_UNAVAILABLE,
        DeskRefusal::NoFace
        | DeskRefusal::VerdictOtherCase
        | DeskRefusal::VerdictNonce
        | DeskRefusal::VerdictLate
        | DeskRefusal::Card(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
