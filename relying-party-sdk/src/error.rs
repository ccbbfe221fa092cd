//! Everything that can go wrong, one variant a cause: who is at fault, what was seen, what to do.
//!
//! The text of an error is for the site's log. It holds no token, no secret and no claim of the citizen; what
//! the gateway wrote is cut to printable ASCII before it is kept. For the citizen there is [`Error::code`], a
//! stable word that a page can show and a support desk can look up in the README.

use std::fmt;

use url::Url;

use crate::{Level, SigningAlgorithm};

/// Why a login, a callback or a logout did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting of this site cannot be used.
    #[error("setting `{name}` is `{seen}`: {wanted}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was given; never a secret.
        seen: String,
        /// What to give instead.
        wanted: &'static str,
    },
    /// The HTTPS client could not be built, as a rule because the machine has no CA certificates.
    #[error("no HTTPS client ({detail}): install the CA certificates of the system (`ca-certificates`)")]
    HttpClient {
        /// What the TLS library said.
        detail: String,
    },
    /// The gateway did not answer in time, or not at all.
    #[error("{url} did not answer ({detail}): check the network, DNS and the gateway's status page, then retry")]
    Unreachable {
        /// The address called.
        url: Url,
        /// What the connection said.
        detail: String,
    },
    /// The gateway answered with a status that is no answer of the protocol.
    #[error("{url} answered status {status}: retry; if it lasts, tell the gateway's operator")]
    Status {
        /// The address called.
        url: Url,
        /// The HTTP status.
        status: u16,
    },
    /// The gateway answered a protocol call with a redirect, which is never followed.
    #[error("{url} redirects (status {status}) where an answer was due: check the issuer, letter by letter")]
    Redirected {
        /// The address called.
        url: Url,
        /// The HTTP status.
        status: u16,
    },
    /// The gateway's answer is larger than any honest one.
    #[error("{url} answered more than {limit} bytes: tell the gateway's operator")]
    TooLarge {
        /// The address called.
        url: Url,
        /// The bound, in bytes.
        limit: usize,
    },
    /// An answer of the gateway cannot be read, or a member of it has the wrong type.
    #[error("the {document} cannot be read ({detail}): tell the gateway's operator")]
    Malformed {
        /// Which answer.
        document: Document,
        /// What is wrong with it.
        detail: String,
    },
    /// The discovery document speaks for another issuer (OpenID Connect Discovery 1.0 §4.3).
    #[error("asked the gateway `{expected}`, but `{seen}` answered: set the issuer exactly as its operator gave it")]
    DiscoveryIssuer {
        /// The issuer this site was set up with.
        expected: String,
        /// The issuer in the document.
        seen: String,
    },
    /// The gateway does not offer what this client is registered for, or what it always needs.
    #[error("the gateway does not offer {feature}: compare this site's settings with its registration at the gateway")]
    Unsupported {
        /// What is missing.
        feature: &'static str,
    },
    /// The token endpoint refused the code or this client (RFC 6749 §5.2).
    #[error(
        "the token endpoint refused: {refusal}; for invalid_client check client id, secret and method, for \
             invalid_grant let the citizen start again"
    )]
    TokenRefused {
        /// What the gateway said.
        refusal: Refusal,
    },
    /// An answer that claims to be about the citizen does not stand up to verification. Nothing of it was used.
    #[error("the {document} is not to be trusted: {reason}")]
    Untrusted {
        /// Which answer.
        document: Document,
        /// The check that failed.
        reason: Rejection,
    },
    /// The browser came back with no `state`, or with the same parameter twice.
    #[error("the answer in the browser is malformed ({detail}): let the citizen start again")]
    Answer {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The `state` is not the one of the login under way: another tab, or someone else's link (RFC 9700 §4.7).
    #[error("the answer belongs to another login: let the citizen start again; many of these are an attack")]
    StateDiffers,
    /// The answer does not come from the gateway that was asked (RFC 9207 §2.4).
    #[error("the answer names the issuer `{seen}`, the login was with `{expected}`: refused as a mix-up")]
    AnswerIssuer {
        /// The issuer the login was sent to.
        expected: String,
        /// The issuer in the answer; empty when there was none.
        seen: String,
    },
    /// The gateway answered with an error instead of a code (OpenID Connect Core 1.0 §3.1.2.6).
    #[error("the gateway answered {refusal}: for access_denied offer another way in, else see its documentation")]
    Denied {
        /// What the gateway said.
        refusal: Refusal,
    },
    /// No login is under way in this browser: cookies refused or cleared, or a link from someone else.
    #[error("no login is under way in this browser: let the citizen start again, with cookies allowed")]
    NoLogin,
    /// The login was begun too long ago.
    #[error("the login was begun more than {minutes} minutes ago: let the citizen start again")]
    LoginExpired {
        /// How long a login may last, in minutes.
        minutes: i64,
    },
    /// A sealed value was not made with this cookie key, was altered, or is of another kind.
    #[error("a sealed value does not open: expected after a change of the cookie key, else treat it as absent")]
    Unsealable,
    /// The identity and its ID token do not fit in the cookies a browser keeps.
    #[error("the session needs {bytes} bytes of cookies, {limit} at most: ask fewer scopes")]
    SessionTooLarge {
        /// Size of the sealed session, in bytes.
        bytes: usize,
        /// The bound, in bytes.
        limit: usize,
    },
}

/// Who has to act on an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This site: a setting, its registration or its machine.
    Site,
    /// The network between this site and the gateway.
    Network,
    /// The gateway, or someone who speaks in its name.
    Gateway,
    /// Nobody: the citizen cancelled, waited too long or came by an old link.
    Citizen,
    /// An answer that does not fit the login: stray tabs when rare, an attack when frequent.
    Forged,
}

/// Which answer of the gateway an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The discovery document.
    Discovery,
    /// The key set behind `jwks_uri`.
    KeySet,
    /// The answer of the token endpoint.
    TokenAnswer,
    /// The ID token.
    IdToken,
    /// The answer of the userinfo endpoint.
    Userinfo,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery document",
            Self::KeySet => "key set",
            Self::TokenAnswer => "token answer",
            Self::IdToken => "ID token",
            Self::Userinfo => "userinfo answer",
        })
    }
}

/// The check that an ID token or a userinfo answer failed (OpenID Connect Core 1.0 §3.1.3.7, §5.3.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not a signed token of three parts, or not a JSON object.
    #[error("it cannot be read ({detail})")]
    Unreadable {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// Its header asks for an algorithm other than the registered one; `none` and HMAC end here too.
    #[error("it is signed with `{seen}`, this client is registered for {registered}: compare the registrations")]
    Algorithm {
        /// The algorithm in the header.
        seen: String,
        /// The algorithm this client is registered for.
        registered: SigningAlgorithm,
    },
    /// It names a key that the gateway does not publish, also after the key set was read again.
    #[error("its key `{kid}` is not published by the gateway")]
    UnknownKey {
        /// The `kid` of the header; empty when there was none.
        kid: String,
    },
    /// It names no key, and the gateway publishes several that would fit.
    #[error("it names no key and {candidates} published keys would fit")]
    AmbiguousKey {
        /// How many keys would fit.
        candidates: usize,
    },
    /// The signature does not verify.
    #[error("its signature does not verify")]
    Signature,
    /// A claim that must be there is not.
    #[error("the claim `{claim}` is missing")]
    Missing {
        /// The claim.
        claim: &'static str,
    },
    /// A claim has another JSON type than it must have.
    #[error("the claim `{claim}` is not {expected}")]
    Type {
        /// The claim.
        claim: &'static str,
        /// The type it must have.
        expected: &'static str,
    },
    /// A claim has the right type and an impossible value.
    #[error("the claim `{claim}` is not {expected}")]
    Value {
        /// The claim.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `iss` is another issuer.
    #[error("it was issued by `{seen}`")]
    Issuer {
        /// The issuer in the token.
        seen: String,
    },
    /// `aud` does not name this client.
    #[error("it was issued for other clients")]
    Audience,
    /// `aud` names this client and others it has no reason to trust.
    #[error("it was issued for other clients too")]
    ExtraAudience,
    /// `azp` is another client.
    #[error("its authorized party is another client")]
    AuthorizedParty,
    /// `nonce` is not the one of this login.
    #[error("its nonce belongs to another login")]
    Nonce,
    /// `exp` has passed.
    #[error("it expired {seconds} seconds ago: check the clocks of both machines")]
    Expired {
        /// Seconds since the expiry.
        seconds: i64,
    },
    /// `iat` or `nbf` lies in the future.
    #[error("it is dated {seconds} seconds ahead: check the clocks of both machines")]
    Early {
        /// Seconds ahead of this machine's clock.
        seconds: i64,
    },
    /// `iat` lies before the login began.
    #[error("it was issued {seconds} seconds before the login began: check the clocks of both machines")]
    Stale {
        /// Seconds between the issue and the start of the login.
        seconds: i64,
    },
    /// `at_hash` does not fit the access token that came with it.
    #[error("it came with an access token that is not its own")]
    AccessTokenHash,
    /// The citizen signed in longer ago than `max_age` allows.
    #[error("the citizen signed in {seconds} seconds ago, {allowed} at most were asked")]
    Age {
        /// Seconds since the sign-in.
        seconds: i64,
        /// The `max_age` asked, in seconds.
        allowed: i64,
    },
    /// `acr` is below the level asked.
    #[error("the level reached is {seen}, {asked} was asked")]
    Level {
        /// The level asked.
        asked: Level,
        /// The level in the token.
        seen: Level,
    },
    /// The userinfo answer is about someone else than the ID token.
    #[error("it is about another citizen than the ID token")]
    Subject,
    /// The userinfo answer is plain where a signed one is registered, or the other way round.
    #[error("it is of type `{seen}`, `{registered}` is registered: compare the registrations")]
    Form {
        /// The content type of the answer.
        seen: String,
        /// The content type registered.
        registered: &'static str,
    },
}

/// What the gateway said when it refused, made harmless: printable ASCII, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    error: String,
    description: String,
}

impl Refusal {
    pub(crate) fn new(error: &str, description: Option<&str>) -> Self {
        Self { error: harmless(error), description: harmless(description.unwrap_or_default()) }
    }

    /// The `error` code, as `access_denied`.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The `error_description`; empty when there was none.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether the citizen cancelled, or was refused, at the gateway.
    pub fn is_access_denied(&self) -> bool {
        self.error == "access_denied"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        if self.description.is_empty() { Ok(()) } else { write!(f, " ({})", self.description) }
    }
}

/// Keeps what RFC 6749 §5.2 allows in `error_description`, so that neither a page nor a log nor a terminal can
/// be attacked by it (CWE-79, CWE-117).
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '?' }).take(200).collect()
}

impl Error {
    pub(crate) fn malformed(document: Document, detail: impl fmt::Display) -> Self {
        Self::Malformed { document, detail: harmless(&detail.to_string()) }
    }

    pub(crate) fn untrusted(document: Document) -> impl Fn(Rejection) -> Self {
        move |reason| Self::Untrusted { document, reason }
    }

    /// A stable word for this error, safe to show to anyone and listed in the README.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting { .. } => "setting",
            Self::HttpClient { .. } => "http_client",
            Self::Unreachable { .. } => "unreachable",
            Self::Status { .. } => "status",
            Self::Redirected { .. } => "redirected",
            Self::TooLarge { .. } => "too_large",
            Self::Malformed { .. } => "malformed",
            Self::DiscoveryIssuer { .. } => "discovery_issuer",
            Self::Unsupported { .. } => "unsupported",
            Self::TokenRefused { .. } => "token_refused",
            Self::Untrusted { .. } => "untrusted",
            Self::Answer { .. } => "answer",
            Self::StateDiffers => "state_differs",
            Self::AnswerIssuer { .. } => "answer_issuer",
            Self::Denied { .. } => "denied",
            Self::NoLogin => "no_login",
            Self::LoginExpired { .. } => "login_expired",
            Self::Unsealable => "unsealable",
            Self::SessionTooLarge { .. } => "session_too_large",
        }
    }

    /// Who has to act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Setting { .. }
            | Self::HttpClient { .. }
            | Self::Unsupported { .. }
            | Self::SessionTooLarge { .. } => Fault::Site,
            Self::Unreachable { .. } => Fault::Network,
            Self::Status { .. }
            | Self::Redirected { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::DiscoveryIssuer { .. }
            | Self::TokenRefused { .. }
            | Self::Untrusted { .. } => Fault::Gateway,
            Self::Denied { refusal } if refusal.is_access_denied() => Fault::Citizen,
            Self::Denied { .. } => Fault::Gateway,
            Self::NoLogin | Self::LoginExpired { .. } | Self::Unsealable => Fault::Citizen,
            Self::Answer { .. } | Self::StateDiffers | Self::AnswerIssuer { .. } => Fault::Forged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_description_cannot_reach_a_page_or_a_terminal() {
        let refusal = Refusal::new("access_denied", Some("<b>\"hi\"\\\u{1b}[31m\r\nSet-Cookie: é"));
        assert_eq!(refusal.description(), "<b>?hi???[31m??Set-Cookie: ?");
        assert_eq!(Refusal::new(&"x".repeat(10_000), None).error().len(), 200);
    }
}
