//! Webhooks: what becomes of requests, told to programs that asked for it.
//!
//! ```text
//!  add ──▶ untested ──test──▶ tested ──enable──▶ on ──▶ a call for each event, signed
//!             ▲                                  │
//!             └── another address, another ◀─────┘
//!                 secret, five calls in vain
//! ```
//!
//! A call is a JSON body and an HMAC over its bytes. The number in it, which grows with each change of one request, puts
//! what arrives out of turn in order.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::acting::Author;
use super::any::AnyReview;
use super::field::Field;
use super::grant::Habilitation;
use super::review::Happened;
use crate::claims::scopes::Scope;
use crate::client::{RedirectFault, check_redirect_uri};
use crate::id::{WebhookCallId, WebhookId};
use crate::time::{Lifetime, Timestamp};

/// The header that a signature stands in.
pub const SIGNATURE: &str = "x-hub-signature-256";

/// After so many calls in vain a webhook is off.
pub const ATTEMPTS: i64 = 5;

/// As many characters of an answer are kept.
const KEPT_ANSWER: usize = 10_000;

/// The shortest secret, in characters.
const SHORTEST_SECRET: usize = 32;

/// A secret that two platforms share, and sign what they tell each other with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SharedSecret(Zeroizing<String>);

/// A secret that anybody may guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret has {SHORTEST_SECRET} characters at least")]
pub struct ShortSecret;

impl SharedSecret {
    /// Reads a secret.
    pub fn parse(text: &str) -> Result<Self, ShortSecret> {
        if text.chars().count() < SHORTEST_SECRET {
            return Err(ShortSecret);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Makes one from 32 random bytes.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(crate::secret::base64url(bytes)))
    }

    /// The text, to hand to whoever shall share it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The signature of a body: `sha256=` and 64 lower-case hexadecimal digits.
    pub fn sign(&self, body: &[u8]) -> String {
        use std::fmt::Write as _;
        let tag = hmac::sign(&self.key(), body);
        tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Whether a signature is that of a body, in constant time.
    pub fn signed(&self, body: &[u8], signature: &str) -> bool {
        let Some(digits) = signature.strip_prefix("sha256=") else { return false };
        let Some(tag) = octets(digits) else { return false };
        hmac::verify(&self.key(), body, &tag).is_ok()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }
}

/// 32 octets from 64 hexadecimal digits.
fn octets(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

impl PartialEq for SharedSecret {
    fn eq(&self, other: &Self) -> bool {
        crate::secret::same(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Eq for SharedSecret {}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(…)")
    }
}

impl TryFrom<String> for SharedSecret {
    type Error = ShortSecret;

    fn try_from(text: String) -> Result<Self, ShortSecret> {
        let text = Zeroizing::new(text);
        Self::parse(&text)
    }
}

impl From<SharedSecret> for String {
    fn from(secret: SharedSecret) -> Self {
        secret.expose().to_owned()
    }
}

/// Where a webhook is called: https, or http on loopback, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookUri(Url);

impl WebhookUri {
    /// Reads an address by the rules for redirect URIs: nothing that parsing would rewrite.
    pub fn parse(text: &str) -> Result<Self, RedirectFault> {
        check_redirect_uri(text)?;
        Url::parse(text).map(Self).map_err(|_| RedirectFault::NotCanonical)
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $name:literal,)+) => {
        /// What a webhook is told of, by the names that DataPass gives it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum HookEvent {
            $($(#[$doc])* $event,)+
        }

        impl HookEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$event,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$event => $name,)+
                }
            }
        }
    };
}

events! {
    /// A request was begun.
    Create = "create",
    /// Something was written in it.
    Update = "update",
    /// It was handed in.
    Submit = "submit",
    /// It was granted.
    Approve = "approve",
    /// It was refused.
    Refuse = "refuse",
    /// It was sent back.
    RequestChanges = "request_changes",
    /// What was granted was taken back.
    Revoke = "revoke",
    /// It was opened again.
    Reopen = "reopen",
    /// It was opened again, and given up or refused: what was granted stays.
    CancelReopening = "cancel_reopening",
    /// It was put away.
    Archive = "archive",
}

impl HookEvent {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|event| event.name() == name).copied()
    }

    /// The event of a change; what reviewers do among themselves is none.
    pub const fn of(happened: Happened) -> Option<Self> {
        Some(match happened {
            Happened::Opened => Self::Create,
            Happened::Written => Self::Update,
            Happened::Submitted => Self::Submit,
            Happened::Granted => Self::Approve,
            Happened::Refused => Self::Refuse,
            Happened::ChangesRequested => Self::RequestChanges,
            Happened::Revoked => Self::Revoke,
            Happened::Reopened => Self::Reopen,
            Happened::ReopeningEnded => Self::CancelReopening,
            Happened::Archived => Self::Archive,
            Happened::LookedAt | Happened::ApprovedOnce => return None,
        })
    }
}

/// Whether a webhook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    /// No test of this address and secret was passed.
    Untested,
    /// A test was passed, and nobody enabled it yet, or somebody disabled it.
    Tested,
    /// It is called.
    On,
    /// It did not answer for so long that it is off: it has to pass a test again.
    GivenUp,
}

impl HookState {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::Tested => "tested",
            Self::On => "on",
            Self::GivenUp => "given_up",
        }
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its name.
    pub id: WebhookId,
    /// Where it is called.
    pub uri: WebhookUri,
    /// What it is told of.
    pub events: BTreeSet<HookEvent>,
    /// What its calls are signed with.
    pub secret: SharedSecret,
    state: HookState,
}

/// A webhook that no test was passed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a test has to be passed first, at this address and with this secret")]
pub struct NotTested;

impl Webhook {
    /// A webhook that nobody tested yet.
    pub const fn new(id: WebhookId, uri: WebhookUri, events: BTreeSet<HookEvent>, secret: SharedSecret) -> Self {
        Self { id, uri, events, secret, state: HookState::Untested }
    }

    /// Whether it is called.
    pub const fn state(&self) -> HookState {
        self.state
    }

    /// The same once it passed a test. One that is on stays on.
    #[must_use]
    pub fn tested(self) -> Self {
        let state = match self.state {
            HookState::Untested | HookState::GivenUp => HookState::Tested,
            kept @ (HookState::Tested | HookState::On) => kept,
        };
        Self { state, ..self }
    }

    /// The same, called from now on.
    pub fn enabled(self) -> Result<Self, NotTested> {
        match self.state {
            HookState::Tested | HookState::On => Ok(Self { state: HookState::On, ..self }),
            HookState::Untested | HookState::GivenUp => Err(NotTested),
        }
    }

    /// The same, not called any more.
    #[must_use]
    pub fn disabled(self) -> Self {
        let state = match self.state {
            HookState::On => HookState::Tested,
            kept @ (HookState::Untested | HookState::Tested | HookState::GivenUp) => kept,
        };
        Self { state, ..self }
    }

    /// The same after calls in vain.
    #[must_use]
    pub fn given_up(self) -> Self {
        Self { state: HookState::GivenUp, ..self }
    }

    /// The same at another address: whoever is there has to pass a test.
    #[must_use]
    pub fn at(self, uri: WebhookUri) -> Self {
        let state = if uri == self.uri { self.state } else { HookState::Untested };
        Self { uri, state, ..self }
    }

    /// The same with another secret: it has to be known there first.
    #[must_use]
    pub fn with_secret(self, secret: SharedSecret) -> Self {
        Self { secret, state: HookState::Untested, ..self }
    }

    /// What it is told of a change; nothing while it is off.
    pub fn hears(&self, happened: Happened) -> Option<HookEvent> {
        let event = HookEvent::of(happened)?;
        (self.state == HookState::On && self.events.contains(&event)).then_some(event)
    }
}

/// A change of a request, as webhooks are told of it.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    /// The request from now on.
    pub review: &'a AnyReview,
    /// The number of the change: of two changes of one request, the later has the greater one.
    pub number: i64,
    /// What happened.
    pub happened: Happened,
    /// By whom.
    pub by: &'a Author,
    /// When.
    pub at: Timestamp,
    /// What the organisation is called, where it is known.
    pub organisation: Option<&'a str>,
}

impl Occurrence<'_> {
    /// The body of a call: the members that DataPass sends, and beside them `number` and `call`.
    pub fn body(&self, event: HookEvent, call: &WebhookCallId) -> String {
        let (about, form) = (self.review.about(), self.review.form());
        let scopes: Vec<&str> = form.asked().map(Scope::name).collect();
        let fields: serde_json::Map<String, Value> = form
            .filled()
            .filter(|(field, _)| !matches!(field, Field::Asks(_)))
            .map(|(field, text)| (field.name(), json!(text)))
            .chain([("scopes".to_owned(), json!(scopes))])
            .collect();
        let granted = about.granted.as_ref();
        let authorizations: Vec<Value> = granted
            .map(|granted| {
                json!({"id": granted.habilitation, "state": "active", "revoked": false, "created_at": granted.at})
            })
            .into_iter()
            .collect();
        json!({
            "event": event, "fired_at": self.at, "number": self.number, "call": call, "test": false,
            "model_type": "habilitation_request", "model_id": about.id,
            "data": {
                "id": about.id, "public_id": about.id, "type": "habilitation_request",
                "state": self.review.state().name(), "created_at": about.opened, "submissions": about.submissions,
                "last_validated_at": granted.map(|granted| granted.at),
                "organization": {"siret": about.organisation, "name": self.organisation}, "applicant": about.applicant, "author": self.by,
                "authorizations": authorizations, "data": fields,
            },
        })
        .to_string()
    }
}

/// A habilitation that was taken back apart from its request, as webhooks are told of it.
#[derive(Debug, Clone, Copy)]
pub struct TakenBack<'a> {
    /// The habilitation.
    pub habilitation: &'a Habilitation,
    /// By whom.
    pub by: &'a Author,
    /// When.
    pub at: Timestamp,
}

impl TakenBack<'_> {
    /// What happened, as a request would tell it.
    pub const HAPPENED: Happened = Happened::Revoked;
    /// Nothing comes before or after it.
    pub const NUMBER: i64 = 1;

    /// The body of a call.
    pub fn body(&self, event: HookEvent, call: &WebhookCallId) -> String {
        let Self { habilitation, by, at } = self;
        let id = &habilitation.id;
        let scopes: Vec<&str> = habilitation.scopes.iter().copied().map(Scope::name).collect();
        json!({
            "event": event, "fired_at": at, "number": Self::NUMBER, "call": call, "test": false,
            "model_type": "habilitation", "model_id": id,
            "data": {
                "id": id, "public_id": id, "type": "habilitation", "state": "revoked", "request": habilitation.request,
                "environment": habilitation.environment, "organization": {"siret": habilitation.organisation},
                "author": by, "authorizations": [{"id": id, "state": "revoked", "revoked": true}],
                "data": {"scopes": scopes},
            },
        })
        .to_string()
    }
}

/// The body of a test, which tells of nothing.
pub fn test_body(call: &WebhookCallId, now: Timestamp) -> String {
    json!({"test": true, "timestamp": now, "fired_at": now, "call": call}).to_string()
}

/// A call that waits in the outbox: its body lies in the history, once for all attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The call.
    pub call: WebhookCallId,
    /// The webhook.
    pub webhook: WebhookId,
}

/// What an answer means: these three are successes, and no other.
pub const fn is_taken(status: u16) -> bool {
    matches!(status, 200 | 201 | 204)
}

/// What is kept of an answer.
pub fn kept_answer(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(KEPT_ANSWER).collect()
}

/// How long to wait after the `attempt`th call in vain, from 1: the fourth power, so that a restart is waited for briefly
/// and an outage long.
pub fn wait_after(attempt: i64) -> Lifetime {
    let attempt = u32::try_from(attempt.clamp(1, ATTEMPTS)).unwrap_or(1);
    Lifetime::seconds(attempt.pow(4) + 2)
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
