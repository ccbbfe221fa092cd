//! The one translation of decisions into what a desk reader reads: problem details (RFC 9457) with a stable code.

use axum::response::{IntoResponse as _, Response};
use domain::cnie::case::DeskRefusal;
use domain::cnie::refusal::Refusal;
use domain::oidc::error::TokenError;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};
use store::StoreError;

use crate::app::App;
use crate::audit::{Code, Entry, Other};
use crate::cnie::reading;
use crate::cnie::slot::Fault;
use crate::desk::refused::status;
use crate::limits::TooMany;
use crate::provider::call::Call;
use crate::provider::error::Refused;

/// Why a call is not answered as the reader wishes.
#[derive(Debug)]
pub(super) enum No {
    /// The case, its card or its verdict.
    Case(DeskRefusal),
    /// What was read of the card proves nothing.
    Read(reading::Refused),
    /// The proof of the reader's key.
    Proof(TokenError),
    /// We are at fault.
    Ours(StoreError),
    /// We are at fault, and it is told already.
    Told,
}

macro_rules! shorthands {
    ($($name:ident = $refusal:expr;)+) => {
        $(pub(super) const fn $name() -> Self {
            Self::Case($refusal)
        })+
    };
}

impl No {
    shorthands! {
        no_case = DeskRefusal::CaseUnknown;
        no_reader = DeskRefusal::ReaderUnknown;
        withdrawn = DeskRefusal::ReaderWithdrawn;
        proposed = DeskRefusal::ReaderProposed;
        out_of_turn = DeskRefusal::OutOfTurn;
        verdict_used = DeskRefusal::VerdictUsed;
        late = DeskRefusal::CaseLate;
        over = DeskRefusal::CaseOver;
        malformed = DeskRefusal::Card(Refusal::Malformed);
    }
}

impl From<DeskRefusal> for No {
    fn from(refusal: DeskRefusal) -> Self {
        Self::Case(refusal)
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Case(refusal.into())
    }
}

/// The chip's own code of what failed goes to the log alone, with the refusal.
impl From<reading::Refused> for No {
    fn from(refused: reading::Refused) -> Self {
        Self::Read(refused)
    }
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal, _) => refusal.into(),
            Fault::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::Ours(error)
    }
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Token(error) => Self::Proof(error),
            Refused::Unavailable(error) => Self::Ours(error),
            // None of these comes of a proof alone.
            Refused::NoToken | Refused::BadToken | Refused::NotLive(_) => Self::no_reader(),
            Refused::NoKey | Refused::Card(_) | Refused::TooMany(_) | Refused::NoRecipient => Self::Told,
        }
    }
}

/// The answer, with the nonce for the next proof where one is due.
pub(super) fn of(app: &App, call: &Call, outcome: Result<Response, No>) -> Response {
    call.answered(app, outcome.unwrap_or_else(No::answer))
}

/// A JSON answer that nothing keeps.
pub(in crate::desk) fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl No {
    fn answer(self) -> Response {
        match self {
            Self::Case(refusal) => {
                problem(status(refusal), refusal.into(), (title(status(refusal)), &refusal.to_string()))
            }
            Self::Read(refused) => {
                let refusal = DeskRefusal::from(refused.refusal);
                let told = (title(status(refusal)), &*refusal.to_string());
                explained(status(refusal), Entry::new(refusal).because(refused.code), told)
            }
            Self::Proof(error) => {
                // The title is the code of RFC 9449 §5 and §8, which libraries look for.
                problem(StatusCode::BAD_REQUEST, error.into(), (error.code(), error.description()))
            }
            Self::Ours(error) => {
                tracing::error!(%error, "a store failed");
                unavailable()
            }
            Self::Told => unavailable(),
        }
    }
}

/// The answer to an address that calls too often.
pub(crate) fn too_many(too_many: TooMany) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let detail = "wait for as long as Retry-After says";
    let mut response = problem(status, Other::TooManyCalls.into(), (title(status), detail));
    response.headers_mut().insert(RETRY_AFTER, too_many.retry_after());
    response
}

fn unavailable() -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    problem(status, Other::Store.into(), (title(status), "a part of the gateway does not answer"))
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Refused")
}

fn problem(status: StatusCode, code: Code, told: (&str, &str)) -> Response {
    explained(status, Entry::new(code), told)
}

fn explained(status: StatusCode, entry: Entry, (title, detail): (&str, &str)) -> Response {
    let code = entry.code().to_string();
    let value = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail,
    });
    let mut response = json(status, &value);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    entry.on(response)
}
