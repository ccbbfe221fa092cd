//! Everything that can go wrong, one variant a cause: who is at fault, what was seen, what to do.
//!
//! The text of an error is for the site's log. It holds no token, no secret and no claim of the citizen; what
//! the gateway wrote is cut to printable ASCII before it is kept. For the citizen there is [`Error::code`], a
//! stable word that a page can show and a support desk can look up in the README.

use std::fmt;

use url::Url;

use crate::refusal::{Refusal, harmless};
use crate::rejection::Rejection;

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
    /// The session has no refresh token.
    #[error(
        "the session has no refresh token: register `with_tokens_kept`, ask the scope that gives one, or let the \
             citizen sign in again"
    )]
    NoRefreshToken,
    /// The gateway refused a pushed authorization request or this client (RFC 9126 §2.3).
    #[error(
        "the gateway refused the pushed request: {refusal}; for invalid_client check client id and credentials, else \
             compare this site's settings with its registration"
    )]
    RequestRefused {
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
    /// A login that a third party asked to begin is not to be begun (OpenID Connect Core 1.0 §4).
    #[error("a third party asked for a login that is not to be begun ({detail}): check what links to this site")]
    InitiatedLogin {
        /// What is wrong with it.
        detail: &'static str,
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
    /// The signed answer in the browser (JARM).
    Answer,
    /// The answer to a pushed authorization request.
    PushedAnswer,
    /// The answer of the token endpoint.
    TokenAnswer,
    /// The ID token.
    IdToken,
    /// The answer of the userinfo endpoint.
    Userinfo,
    /// The logout token of a back-channel logout.
    LogoutToken,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery document",
            Self::KeySet => "key set",
            Self::Answer => "signed answer in the browser",
            Self::PushedAnswer => "answer to the pushed request",
            Self::TokenAnswer => "token answer",
            Self::IdToken => "ID token",
            Self::Userinfo => "userinfo answer",
            Self::LogoutToken => "logout token",
        })
    }
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
            Self::NoRefreshToken => "no_refresh_token",
            Self::RequestRefused { .. } => "request_refused",
            Self::Untrusted { .. } => "untrusted",
            Self::Answer { .. } => "answer",
            Self::StateDiffers => "state_differs",
            Self::AnswerIssuer { .. } => "answer_issuer",
            Self::Denied { .. } => "denied",
            Self::InitiatedLogin { .. } => "initiated_login",
            Self::NoLogin => "no_login",
            Self::LoginExpired { .. } => "login_expired",
            Self::Unsealable => "unsealable",
            Self::SessionTooLarge { .. } => "session_too_large",
        }
    }

    /// Whether the same may be taken in a moment, so that whoever sent it should send it again: the network, or this
    /// site's own memory, stood in the way.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Untrusted { reason, .. } => matches!(reason, Rejection::NoKeys | Rejection::Full),
            Self::Setting { .. }
            | Self::HttpClient { .. }
            | Self::Status { .. }
            | Self::Redirected { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::DiscoveryIssuer { .. }
            | Self::Unsupported { .. }
            | Self::TokenRefused { .. }
            | Self::NoRefreshToken
            | Self::RequestRefused { .. }
            | Self::Answer { .. }
            | Self::StateDiffers
            | Self::AnswerIssuer { .. }
            | Self::Denied { .. }
            | Self::InitiatedLogin { .. }
            | Self::NoLogin
            | Self::LoginExpired { .. }
            | Self::Unsealable
            | Self::SessionTooLarge { .. } => false,
        }
    }

    /// Who has to act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Setting { .. }
            | Self::HttpClient { .. }
            | Self::Unsupported { .. }
            | Self::NoRefreshToken
            | Self::SessionTooLarge { .. }
            | Self::Untrusted { reason: Rejection::Full, .. } => Fault::Site,
            Self::Unreachable { .. } | Self::Untrusted { reason: Rejection::NoKeys, .. } => Fault::Network,
            Self::Denied { refusal } if refusal.is_access_denied() => Fault::Citizen,
            Self::Status { .. }
            | Self::Redirected { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::DiscoveryIssuer { .. }
            | Self::TokenRefused { .. }
            | Self::RequestRefused { .. }
            | Self::Denied { .. }
            | Self::Untrusted { .. } => Fault::Gateway,
            Self::NoLogin | Self::LoginExpired { .. } | Self::Unsealable => Fault::Citizen,
            Self::Answer { .. } | Self::StateDiffers | Self::AnswerIssuer { .. } | Self::InitiatedLogin { .. } => {
                Fault::Forged
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_says_what_to_do_about_every_error() {
        let readme = include_str!("../README.md");
        let source = include_str!("error.rs");
        let (_, source) = source.split_once("pub fn code(").expect("the codes are written there");
        let (source, _) = source.split_once("pub fn fault(").expect("and end there");
        let codes: Vec<&str> = source.split('"').skip(1).step_by(2).collect();
        assert!(codes.len() > 15, "{codes:?}");
        for code in codes {
            assert!(readme.contains(&format!("\n| `{code}` |")), "{code}");
        }
    }
}
