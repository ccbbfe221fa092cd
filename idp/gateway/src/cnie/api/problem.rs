//! What is wrong, as RFC 9457 tells it: the stable code of the refusal, and what the app can do about it.

use axum::response::{IntoResponse as _, Response};
use domain::cnie::refusal::Refusal;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use super::Unanswered;
use crate::app::App;
use crate::audit::{Code, Entry, Other};
use crate::cnie::slot::Fault;
use crate::limits::TooMany;

/// A refused call (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Where this kind of refusal is described.
    r#type: String,
    /// What is wrong, in English.
    title: String,
    /// The status of the answer.
    status: u16,
    /// The stable code: the one thing to decide by.
    #[schema(example = "card.handle_unknown")]
    code: String,
    /// What the app can do.
    detail: String,
    /// `use_dpop_nonce` where the call has only to be repeated with the nonce of the header `DPoP-Nonce` (RFC 9449 §8).
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// What the app can do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Put the call right and send it again: the transaction goes on.
    Mend,
    /// Begin again: the transaction is over, or never was.
    BeginAgain,
    /// Tell the citizen: with this card, or in the state of its identity, it cannot be done.
    Tell,
    /// Try again in a moment, from the beginning.
    Wait,
}

impl Remedy {
    /// In words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Mend => "put the call right: the transaction is as it was",
            Self::BeginAgain => "begin again: the transaction is over",
            Self::Tell => {
                "tell the citizen: this cannot be done with this card or identity, and the transaction is over"
            }
            Self::Wait => "begin again in a moment: the transaction is over",
        }
    }
}

/// The status of a refusal and what to do about it; none where it never meets a phone, but the desk alone.
pub(super) const fn told(refusal: Refusal) -> Option<(StatusCode, Remedy)> {
    Some(match refusal {
        Refusal::HandleUnknown | Refusal::TransactionUnknown => (StatusCode::NOT_FOUND, Remedy::BeginAgain),
        Refusal::TransactionLate => (StatusCode::GONE, Remedy::BeginAgain),
        Refusal::ClaimedTwice => (StatusCode::CONFLICT, Remedy::BeginAgain),
        Refusal::OutOfTurn => (StatusCode::CONFLICT, Remedy::Mend),
        Refusal::OtherPhone => (StatusCode::FORBIDDEN, Remedy::Mend),
        Refusal::WrongNumber
        | Refusal::RefusedByCitizen
        | Refusal::NoChipKey
        | Refusal::ChipNotGenuine
        | Refusal::HolderNotProven
        | Refusal::OtherTransaction
        | Refusal::TwoCards => (StatusCode::FORBIDDEN, Remedy::BeginAgain),
        Refusal::CardNotAuthentic
        | Refusal::SimulatorCard
        | Refusal::NotAdult
        | Refusal::CardExpired
        | Refusal::CardWithdrawn
        | Refusal::CardUnknown
        | Refusal::HolderDeceased
        | Refusal::IdentityUnreadable
        | Refusal::AddressNotConfirmed
        | Refusal::NotCertified
        | Refusal::CertificationOver
        | Refusal::CodeChanged
        | Refusal::Suspended
        | Refusal::OtherCard
        | Refusal::ActivationLate => (StatusCode::FORBIDDEN, Remedy::Tell),
        Refusal::NoIdentity => (StatusCode::NOT_FOUND, Remedy::Tell),
        Refusal::IdentityExists | Refusal::NotInThisState | Refusal::RenewalEarly | Refusal::RenewalWithCard => {
            (StatusCode::CONFLICT, Remedy::Tell)
        }
        Refusal::TooManyMade => (StatusCode::TOO_MANY_REQUESTS, Remedy::Tell),
        Refusal::AuthoritySilent | Refusal::ClockBack => (StatusCode::SERVICE_UNAVAILABLE, Remedy::Wait),
        Refusal::TermsNotAccepted | Refusal::BadAddress => (StatusCode::UNPROCESSABLE_ENTITY, Remedy::Mend),
        Refusal::Malformed => (StatusCode::BAD_REQUEST, Remedy::Mend),
        Refusal::RequestUnknown | Refusal::RequestLate | Refusal::RequestUsed => return None,
    })
}

/// The answer to a call that is refused.
pub(super) fn of(app: &App, unanswered: Unanswered) -> Response {
    match unanswered {
        Unanswered::Fault(Fault::Refused(refusal, why)) => {
            let (status, remedy) = told(refusal).unwrap_or((StatusCode::FORBIDDEN, Remedy::Tell));
            let entry = Entry::new(refusal);
            let entry = match why {
                Some(why) => entry.because(why),
                None => entry,
            };
            entry.on(written(app, status, refusal.into(), &refusal.to_string(), remedy.words()))
        }
        Unanswered::Fault(Fault::Store(error)) => {
            tracing::error!(%error, "a store failed");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let title = "a part of the gateway does not answer";
            Entry::new(Other::Store).on(written(app, status, Other::Store.into(), title, Remedy::Wait.words()))
        }
        Unanswered::Proof(error) => {
            let detail = error.description();
            let entry = Entry::new(error).because(detail);
            let title = "the proof of possession does not count";
            entry.on(written(app, StatusCode::BAD_REQUEST, error.into(), title, detail))
        }
    }
}

/// The answer to an address that calls too often.
pub(crate) fn too_many(app: &App, too_many: TooMany) -> Response {
    let code = Other::TooManyCalls;
    let title = "too many calls from this address";
    let detail = "wait for as long as Retry-After says";
    let mut response = written(app, StatusCode::TOO_MANY_REQUESTS, code.into(), title, detail);
    response.headers_mut().insert(RETRY_AFTER, too_many.retry_after());
    Entry::new(code).on(response)
}

fn written(app: &App, status: StatusCode, code: Code, title: &str, detail: &str) -> Response {
    let code = code.to_string();
    let problem = Problem {
        r#type: app.issuer.at(&format!("/app/v1/openapi.json#{code}")),
        title: title.to_owned(),
        status: status.as_u16(),
        error: (code == "dpop.nonce_due").then_some("use_dpop_nonce"),
        code,
        detail: detail.to_owned(),
    };
    let body = serde_json::to_vec(&problem).expect("texts and a number are JSON");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
