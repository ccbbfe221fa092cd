//! `POST /datapass/webhook`: what DataPass decided, taken for decided here.
//!
//! ```text
//!  bytes ──▶ signed? ──▶ read ──▶ of these days? ──▶ what follows ──▶ one transaction: once, in order ──▶ 201 token_id
//!             │ 403       │ 422      │ 422              │ nothing: 200                                     200, 202
//! ```
//!
//! Nothing is read of a body before its signature was seen to be right. A message that comes again is answered as it was the
//! first time, and does nothing.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse as _, Response};
use domain::habilitation::acting::Author;
use domain::habilitation::acts::NotDone;
use domain::habilitation::any::AnyReview;
use domain::habilitation::datapass::{Fault, Message, Signed, Told as Telling};
use domain::habilitation::review::{Elsewhere, Happened, Reason, Review};
use domain::habilitation::webhook::SIGNATURE;
use domain::id::{HabilitationId, HabilitationRequestId};
use domain::journal::{Act, PlatformOutcome};
use domain::secret::sha256;
use domain::time::Lifetime;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use store::StoreError;
use store::registry::{Event, Following, KeptReview, Mark, PlatformTaken, Told};

use super::keep::{self, Turn};
use crate::app::{App, Shared};
use crate::audit::{Entry, Other};

/// How large a message may be, in bytes: many times what DataPass sends.
pub(crate) const LIMIT: usize = 256 << 10;

/// How often a message is judged anew that found its request changed meanwhile.
const TURNS: usize = 4;

/// A message that nothing follows from is remembered for a day.
const IGNORED: Lifetime = Lifetime::seconds(86_400);

/// Why a message is not taken.
#[derive(Debug)]
enum NotTaken {
    Unsigned,
    TooLarge,
    Fault(Fault),
    Untimely(Fault),
    OtherOrganisation,
    Conflict,
    Store(StoreError),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What was made of a message.
#[derive(Debug)]
enum Outcome {
    /// Something is granted: this.
    Granted(HabilitationId),
    /// It was done.
    Done,
    /// Nothing followed.
    Nothing(&'static str),
    /// It is none that is acted on here.
    Ignored,
}

/// `POST /datapass/webhook`.
pub(crate) async fn post(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match take(&app, &headers, body).await {
        Ok(outcome) => answered(outcome),
        Err(refused) => problem(refused),
    }
}

async fn take(app: &App, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Outcome, NotTaken> {
    let body = body.map_err(|_| NotTaken::TooLarge)?;
    let datapass = app.datapass.as_ref().ok_or(NotTaken::Unsigned)?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Signed::verify(&body, signature, &datapass.secret).ok_or(NotTaken::Unsigned)?;
    let digest = sha256(&body);
    match Message::read(signed, &datapass.types).map_err(NotTaken::Fault)? {
        Message::Test => Ok(Outcome::Nothing("test")),
        Message::Ignored { model, event } => {
            let until = app.clock.now().plus(IGNORED);
            let _ = note(app, &Mark { digest: &digest, until, of: None }, (&model, &event), PlatformOutcome::Ignored)
                .await?;
            Ok(Outcome::Ignored)
        }
        Message::Told(told) => {
            told.timely(app.clock.now()).map_err(NotTaken::Untimely)?;
            follow(app, &told, &digest).await
        }
    }
}

/// Does what follows from a decision, on the request as it is now.
async fn follow(app: &App, told: &Telling, digest: &[u8; 32]) -> Result<Outcome, NotTaken> {
    let id = app.registry.platform_request(told.model.as_str());
    for _ in 0..TURNS {
        let kept = app.registry.request(&id).await?;
        match turn(app, told, digest, (&id, kept)).await? {
            PlatformTaken::Done | PlatformTaken::Repeated => return settled(app, told, &id).await,
            PlatformTaken::Older => {
                let mark = Mark { digest, until: told.counts_until(), of: None };
                let _ = note(app, &mark, (told.model.as_str(), told.event), PlatformOutcome::Older).await?;
                return Ok(Outcome::Nothing("older"));
            }
            PlatformTaken::Lost => {}
        }
    }
    Err(NotTaken::Conflict)
}

async fn turn(
    app: &App,
    told: &Telling,
    digest: &[u8; 32],
    (id, kept): (&HabilitationRequestId, Option<KeptReview>),
) -> Result<PlatformTaken, NotTaken> {
    let now = app.clock.now();
    let of = Some((told.model.as_str(), told.fired, told.weight()));
    let mark = Mark { digest, until: told.counts_until(), of };
    let names = (told.model.as_str(), told.event);
    let (begun, from) = match (kept, &told.decision) {
        (Some(kept), _) => (None, kept),
        (None, Elsewhere::Granted(wording)) => {
            let fresh: AnyReview = Review::begun_elsewhere(id.clone(), wording.organisation, now).into();
            (Some(fresh.clone()), KeptReview { review: fresh, version: 1 })
        }
        // There is nothing here yet to refuse, revoke or open; an approval that is older comes too late.
        (None, _) => return note(app, &mark, names, PlatformOutcome::Nothing(id.clone())).await,
    };
    let habilitation = HabilitationId::from_random(app.random.bytes());
    let done = match from.review.clone().decided_elsewhere(told.decision.clone(), habilitation, now) {
        Ok(done) => done,
        Err(NotDone::OutOfTurn(_)) => return note(app, &mark, names, PlatformOutcome::Nothing(id.clone())).await,
        Err(NotDone::Refused(_)) => return Err(NotTaken::OtherOrganisation),
    };
    let turn = Turn { done, by: Author::Platform, reason: reason(&told.decision) };
    let organisation = app.registry.organisation(&from.review.about().organisation).await?;
    let departement = organisation.and_then(|organisation| organisation.departement());
    let opened = Event { happened: Happened::Opened, by: Author::Platform, reason: None };
    let event = turn.event();
    let begun = begun.as_ref().map(|review| (review, departement.as_ref(), &opened));
    let notices = if app.partners.is_some() { keep::notices(keep::Office::of(app), &turn).await? } else { Vec::new() };
    let acts = [act(names, PlatformOutcome::Done(id.clone())), turn.act()];
    let following = Following { begun, from: &from, done: &turn.done, event: &event };
    let kept = Told { acts: &acts, notices: &notices, at: now };
    let taken = app.registry.take_platform(&mark, Some(&following), &kept).await?;
    app.mail_waiting.notify_one();
    app.webhooks_waiting.notify_one();
    Ok(taken)
}

/// The answer to a decision that was taken, now or before.
async fn settled(app: &App, told: &Telling, id: &HabilitationRequestId) -> Result<Outcome, NotTaken> {
    let granted = app.registry.request(id).await?.and_then(|kept| kept.review.about().granted.clone());
    Ok(match (&told.decision, granted) {
        (Elsewhere::Granted(_), Some(granted)) => Outcome::Granted(granted.habilitation),
        (Elsewhere::Granted(_), None) => Outcome::Nothing("older"),
        (
            Elsewhere::Refused(_)
            | Elsewhere::Revoked(_)
            | Elsewhere::Reopened
            | Elsewhere::ReopeningEnded
            | Elsewhere::Archived,
            _,
        ) => Outcome::Done,
    })
}

fn reason(decision: &Elsewhere) -> Option<Reason> {
    match decision {
        Elsewhere::Refused(reason) | Elsewhere::Revoked(reason) => Some(reason.clone()),
        Elsewhere::Granted(_) | Elsewhere::Reopened | Elsewhere::ReopeningEnded | Elsewhere::Archived => None,
    }
}

fn act((model, event): (&str, &str), outcome: PlatformOutcome) -> Act {
    Act::PlatformTold { model: model.to_owned(), event: event.to_owned(), outcome }
}

/// Journals a message that nothing is done by, once.
async fn note(
    app: &App,
    mark: &Mark<'_>,
    names: (&str, &str),
    outcome: PlatformOutcome,
) -> Result<PlatformTaken, NotTaken> {
    let (acts, at) = ([act(names, outcome)], app.clock.now());
    Ok(app.registry.take_platform(mark, None, &Told { acts: &acts, notices: &[], at }).await?)
}

fn answered(outcome: Outcome) -> Response {
    let (status, body) = match outcome {
        Outcome::Granted(habilitation) => (StatusCode::CREATED, json!({"token_id": habilitation})),
        Outcome::Done => (StatusCode::OK, json!({"outcome": "done"})),
        Outcome::Nothing(why) => (StatusCode::OK, json!({"outcome": why})),
        Outcome::Ignored => (StatusCode::ACCEPTED, json!({"outcome": "ignored"})),
    };
    written(status, "application/json", &body)
}

/// A refusal, as RFC 9457 tells it: what is wrong, and in which field.
fn problem(refused: NotTaken) -> Response {
    let (status, code, title, field) = match refused {
        NotTaken::Unsigned => {
            (StatusCode::FORBIDDEN, Other::DataPassUnsigned, "the signature is missing or wrong", None)
        }
        NotTaken::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Other::DataPassTooLarge, "the body is too large", None),
        NotTaken::Fault(fault) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Other::DataPassInvalid, fault.why, Some(fault.field))
        }
        NotTaken::Untimely(fault) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Other::DataPassUntimely, fault.why, Some(fault.field))
        }
        NotTaken::OtherOrganisation => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Other::DataPassOrganisation,
            "is another organisation's than the request was granted to",
            Some("data.organization.siret"),
        ),
        NotTaken::Conflict => (
            StatusCode::CONFLICT,
            Other::DataPassConflict,
            "the habilitation was stopped here, or is being changed",
            None,
        ),
        NotTaken::Store(error) => {
            tracing::error!(%error, "a store failed");
            (StatusCode::SERVICE_UNAVAILABLE, Other::Store, "a part of the gateway does not answer", None)
        }
    };
    let mut body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "code": code.name()});
    if let Some(field) = field {
        body["field"] = json!(field);
        body["detail"] = json!(format!("{field}: {title}").trim_start_matches(": "));
    }
    Entry::new(code).because(title).on(written(status, "application/problem+json", &body))
}

fn written(status: StatusCode, kind: &'static str, body: &Value) -> Response {
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, body.to_string()).into_response()
}
