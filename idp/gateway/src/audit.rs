//! What is accounted for of a request that is refused: one event in the log, with a stable code (decision 16).
//!
//! ```text
//!  a decision ──▶ its one translation into an answer ──▶ mark(answer, code) ─┐
//!  the framework: too long, too slow ────────────────────────────────────────┼──▶ telemetry: one event a request
//!  an error that nobody named ───────────────────────────────▶ `unnamed` ────┘
//! ```
//!
//! The code travels as an extension of the answer, so that a refusal is told once, with its route, its status and the
//! number that ties its lines together. What it may hold is typed: ids of clients and providers that are registered here,
//! and sentences from the source. Nothing that was sent fits in.
//!
//! `idp/audit-codes.md` tells operators what each code means; a test holds it equal to [`Code::all`].

mod code;

use axum::response::Response;
use domain::cnie::case::AnyCase;
use domain::cnie::case::alarm::Alarm;
use domain::id::{AdminTokenId, ClientId, ProviderId, Reference};
use http::StatusCode;

pub(crate) use code::{Admin, Code, Desk, Other, Space, names};

/// The target of the events, and of the spans that they stand in: logged whatever `log.filter` says.
pub(crate) const TARGET: &str = "audit";

/// What is told of a refusal.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    code: Code,
    why: Option<&'static str>,
    client: Option<ClientId>,
    provider: Option<ProviderId>,
    token: Option<AdminTokenId>,
    occurrence: Option<Reference>,
}

impl Entry {
    /// A refusal.
    pub(crate) fn new(code: impl Into<Code>) -> Self {
        Self { code: code.into(), why: None, client: None, provider: None, token: None, occurrence: None }
    }

    /// Its code.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The same with the sentence that the caller is told, or one from the source that tells more.
    pub(crate) fn because(self, why: &'static str) -> Self {
        Self { why: Some(why), ..self }
    }

    /// The same with the number that stands on the page.
    pub(crate) fn numbered(self, occurrence: Reference) -> Self {
        Self { occurrence: Some(occurrence), ..self }
    }

    /// The same with the provider that it is about: one that is configured.
    pub(crate) fn at(self, provider: Option<&ProviderId>) -> Self {
        Self { provider: provider.cloned(), ..self }
    }

    /// The same with the client that it is about: one that is registered.
    pub(crate) fn of(self, client: Option<&ClientId>) -> Self {
        Self { client: client.cloned(), ..self }
    }

    /// The same with the token that it is about: one that was made here.
    pub(crate) fn with_token(self, token: Option<AdminTokenId>) -> Self {
        Self { token, ..self }
    }

    /// The answer that says so. One that refuses already keeps its reason: whoever made it knew better.
    pub(crate) fn on(self, mut response: Response) -> Response {
        response.extensions_mut().get_or_insert(self);
        response
    }

    /// Tells it: the one line of its request.
    pub(crate) fn tell(&self, status: u16, milliseconds: u128) {
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    code = %self.code,
                    why = self.why,
                    client = self.client.as_ref().map(display),
                    provider = self.provider.as_ref().map(display),
                    token = self.token.as_ref().map(display),
                    occurrence = self.occurrence.as_ref().map(display),
                    status,
                    milliseconds,
                    "refused"
                )
            };
        }
        if self.code.is_suspect() { tell!(warn) } else { tell!(info) }
    }
}

/// An answer that refuses.
pub(crate) fn mark(response: Response, code: impl Into<Code>) -> Response {
    Entry::new(code).on(response)
}

/// The same answer; when it refuses, it is about this client.
pub(crate) fn about(mut response: Response, client: &ClientId) -> Response {
    if let Some(entry) = response.extensions_mut().get_mut::<Entry>() {
        entry.client = Some(client.clone());
    }
    response
}

/// The same answer; when it refuses, it is about this provider.
pub(crate) fn about_provider(mut response: Response, provider: &ProviderId) -> Response {
    if let Some(entry) = response.extensions_mut().get_mut::<Entry>() {
        entry.provider = Some(provider.clone());
    }
    response
}

/// Whether an answer refuses: what is told of it then. An error is one, whoever made the answer.
pub(crate) fn entry<B>(response: &mut Response<B>) -> Option<Entry> {
    let marked = response.extensions_mut().remove::<Entry>();
    let status = response.status();
    let fails = status.is_client_error() || status.is_server_error();
    marked.or_else(|| fails.then(|| Entry::new(Code::of_status(status))))
}

/// Tells of a case at a desk that someone should look at. Nothing was refused.
pub(crate) fn alarm(alarm: Alarm, case: &AnyCase) {
    let (code, agent, commune, case) = (Code::Alarm(alarm), case.agent(), case.commune(), case.id());
    tracing::warn!(target: TARGET, %code, %agent, %commune, %case, "alarm");
}

/// Tells of a request that was refused before it had a number: nothing of ours looked at it.
pub(crate) fn unrouted(code: Other, status: StatusCode) {
    tracing::info!(target: TARGET, code = code.name(), status = status.as_u16(), "refused");
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
