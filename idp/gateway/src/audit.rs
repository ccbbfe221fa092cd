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

use std::fmt;

use axum::response::Response;
use domain::id::{ClientId, ProviderId, Reference};
use domain::oidc::error::{AuthorizeError, GrantFault, TokenError};
use domain::signin::refusal::{Refusal, Setback};
use http::StatusCode;

use crate::pages::problem::ProblemCode;

/// The target of the events, and of the spans that they stand in: logged whatever `log.filter` says.
pub(crate) const TARGET: &str = "audit";

/// The stable, machine-readable name of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// `request.…`: an authorization request, or the form of another endpoint, by the error that the caller is told.
    Request(AuthorizeError),
    /// `grant.…`: a code or a refresh token that gives nothing.
    Grant(GrantFault),
    /// `page.…`: a page with a code.
    Page(ProblemCode),
    /// `signin.P2..`: a provider brought nobody.
    Setback(Returned),
    /// `signin.P3..`: the checks refused who was brought.
    Refusal(Refusal),
    /// All others.
    Other(Other),
}

/// A closed set of names: the variants, all of them, and the name of each.
macro_rules! names {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $kind {
            $($(#[$doc])* $variant,)+
        }

        impl $kind {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}
pub(crate) use names;

names! {
    /// How a citizen came back from a provider without an identity.
    Returned {
        /// The citizen cancelled there.
        Cancelled = "P210",
        /// The provider answered with an error.
        Refused = "P211",
        /// The provider does not answer.
        Unavailable = "P212",
        /// Its answer cannot be trusted.
        Untrusted = "P213",
        /// It is not offered, or not any more.
        NotOffered = "P214",
        /// It reused an older authentication than asked.
        Reused = "P215",
    }
}

names! {
    /// Refusals that no enum of the domain names.
    Other {
        /// The client is unknown, disabled, or did not prove who it is.
        Unauthenticated = "client.unauthenticated",
        /// Its assertion was used before.
        AssertionReused = "client.assertion_reused",
        /// The grant type is not offered.
        GrantType = "grant.unsupported_type",
        /// The DPoP proof is missing or wrong.
        ProofInvalid = "dpop.proof_invalid",
        /// The DPoP proof was used before.
        ProofReused = "dpop.proof_reused",
        /// The DPoP proof holds no nonce of ours that counts.
        NonceDue = "dpop.nonce_due",
        /// No access token came.
        TokenMissing = "token.missing",
        /// The access token is unknown, expired, revoked or of another sender.
        TokenRefused = "token.refused",
        /// The sign-in ended by itself.
        Expired = "signin.expired",
        /// The browser does not show the secret of the sign-in.
        CookieLost = "signin.cookie_lost",
        /// What was verified did not hold any more at the last step.
        NoLonger = "signin.no_longer",
        /// The consent that is due was not given.
        ConsentMissing = "signin.consent_missing",
        /// The code chosen at the acceptance ended before the sign-in was finished.
        TooLate = "signin.too_late",
        /// The pushed request was completed before.
        ReferenceSpent = "signin.reference_spent",
        /// The session that was to be reused was ended meanwhile.
        SessionEnded = "signin.session_ended",
        /// No such file.
        NoAsset = "asset.unknown",
        /// A store failed.
        Store = "server.store",
        /// No key of ours signs.
        NoKey = "server.no_key",
        /// No key of the client is there to encrypt to.
        NoRecipient = "server.no_recipient",
        /// A handler panicked.
        Panicked = "server.panic",
        /// A handler took too long.
        TimedOut = "server.timeout",
        /// A store does not answer the readiness probe.
        NotReady = "server.not_ready",
        /// The request names no host, or several.
        WireHost = "wire.host",
        /// Its body did not come in time.
        WireSlow = "wire.slow",
        /// It is longer than anything that is read here.
        WireLong = "wire.too_long",
        /// It broke off, or is not HTTP.
        WireBroken = "wire.unreadable",
        /// Plain HTTP from outside where HTTPS is served.
        WirePlain = "wire.plain",
        /// An error that nobody named: a defect of ours.
        Unnamed = "unnamed",
    }
}

impl Code {
    /// Every code there is.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let requests = AuthorizeError::ALL.into_iter().map(Self::Request);
        let grants = GrantFault::ALL.into_iter().map(Self::Grant);
        let pages = ProblemCode::ALL.iter().copied().map(Self::Page);
        let setbacks = Returned::ALL.iter().copied().map(Self::Setback);
        let refusals = Refusal::ALL.into_iter().map(Self::Refusal);
        let others = Other::ALL.iter().copied().map(Self::Other);
        requests.chain(grants).chain(pages).chain(setbacks).chain(refusals).chain(others)
    }

    /// Whether an honest party hardly comes to it by mistake: worth a look when it is seen once.
    const fn is_suspect(self) -> bool {
        match self {
            Self::Grant(
                GrantFault::CodeReplayed
                | GrantFault::CodeOfAnother
                | GrantFault::CodeOfAnotherKey
                | GrantFault::Verifier
                | GrantFault::RefreshReplayed
                | GrantFault::RefreshOfAnother
                | GrantFault::RefreshOfAnotherKey,
            )
            | Self::Page(ProblemCode::P110 | ProblemCode::P202)
            | Self::Setback(Returned::Untrusted | Returned::Reused)
            | Self::Refusal(Refusal::LevelTooLow | Refusal::LevelAboveCeiling)
            | Self::Other(
                Other::Unauthenticated | Other::AssertionReused | Other::ProofReused | Other::Panicked | Other::Unnamed,
            ) => true,
            Self::Grant(_)
            | Self::Request(_)
            | Self::Page(_)
            | Self::Setback(_)
            | Self::Refusal(_)
            | Self::Other(_) => false,
        }
    }

    /// What the framework answers by itself, by its status.
    const fn of_status(status: StatusCode) -> Self {
        Self::Other(match status {
            StatusCode::REQUEST_TIMEOUT => Other::TimedOut,
            StatusCode::PAYLOAD_TOO_LARGE => Other::WireLong,
            _ => Other::Unnamed,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => write!(f, "request.{}", error.code()),
            Self::Grant(fault) => write!(f, "grant.{}", fault.name()),
            Self::Page(code) => write!(f, "page.{}", code.name()),
            Self::Setback(returned) => write!(f, "signin.{}", returned.name()),
            Self::Refusal(refusal) => write!(f, "signin.{}", refusal.code()),
            Self::Other(other) => f.write_str(other.name()),
        }
    }
}

impl From<TokenError> for Code {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidRequest(_) => Self::Request(AuthorizeError::InvalidRequest),
            TokenError::UnauthorizedClient(_) => Self::Request(AuthorizeError::UnauthorizedClient),
            TokenError::InvalidScope(_) => Self::Request(AuthorizeError::InvalidScope),
            TokenError::InvalidTarget(_) => Self::Request(AuthorizeError::InvalidTarget),
            TokenError::InvalidAuthorizationDetails(_) => Self::Request(AuthorizeError::InvalidAuthorizationDetails),
            TokenError::InvalidGrant(fault) => Self::Grant(fault),
            TokenError::InvalidClient => Self::Other(Other::Unauthenticated),
            TokenError::AssertionReused => Self::Other(Other::AssertionReused),
            TokenError::UnsupportedGrantType => Self::Other(Other::GrantType),
            TokenError::InvalidDpopProof(_) => Self::Other(Other::ProofInvalid),
            TokenError::DpopProofReused => Self::Other(Other::ProofReused),
            TokenError::UseDpopNonce => Self::Other(Other::NonceDue),
        }
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<&Setback> for Code {
    fn from(setback: &Setback) -> Self {
        use domain::signin::refusal::Failure;
        Self::Setback(match setback {
            Setback::Cancelled { .. } => Returned::Cancelled,
            Setback::Failed { code: Failure::Refused, .. } => Returned::Refused,
            Setback::Unavailable { .. } => Returned::Unavailable,
            Setback::Failed { code: Failure::Untrusted, .. } => Returned::Untrusted,
            Setback::NotOffered => Returned::NotOffered,
            Setback::Failed { code: Failure::Reused, .. } => Returned::Reused,
        })
    }
}

impl From<Other> for Code {
    fn from(other: Other) -> Self {
        Self::Other(other)
    }
}

/// What is told of a refusal.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    code: Code,
    why: Option<&'static str>,
    client: Option<ClientId>,
    provider: Option<ProviderId>,
    occurrence: Option<Reference>,
}

impl Entry {
    /// A refusal.
    pub(crate) fn new(code: impl Into<Code>) -> Self {
        Self { code: code.into(), why: None, client: None, provider: None, occurrence: None }
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

    /// The answer that says so. One that refuses already keeps its reason: whoever made it knew better.
    pub(crate) fn on(self, mut response: Response) -> Response {
        response.extensions_mut().get_or_insert(self);
        response
    }

    fn tell(&self, status: u16, milliseconds: u128) {
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    code = %self.code,
                    why = self.why,
                    client = self.client.as_ref().map(display),
                    provider = self.provider.as_ref().map(display),
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
pub(crate) fn entry(response: &mut Response) -> Option<Entry> {
    let marked = response.extensions_mut().remove::<Entry>();
    let status = response.status();
    let fails = status.is_client_error() || status.is_server_error();
    marked.or_else(|| fails.then(|| Entry::new(Code::of_status(status))))
}

/// Tells how a request ended: the one line that every request has.
pub(crate) fn tell(response: &mut Response, milliseconds: u128) {
    let status = response.status().as_u16();
    match entry(response) {
        Some(entry) => entry.tell(status, milliseconds),
        None => tracing::info!(status, milliseconds, "answered"),
    }
}

/// Tells of a request that was refused before it had a number: nothing of ours looked at it.
pub(crate) fn unrouted(code: Other, status: StatusCode) {
    tracing::info!(target: TARGET, code = code.name(), status = status.as_u16(), "refused");
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
