//! What the token endpoint gives: an access token, and what comes with it.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::error::{Document, Error};
use crate::rejection::Rejection;

/// How a token is shown to a resource server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    /// By who has it (RFC 6750).
    Bearer,
    /// With a proof of the key it is bound to (RFC 9449).
    Dpop,
}

impl Scheme {
    /// Its name in `token_type` and `Authorization`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// An access token, to call data providers with in the citizen's name: [`crate::Client::resource_headers`].
#[derive(Clone)]
pub struct AccessToken {
    pub(crate) value: Zeroizing<String>,
    pub(crate) scheme: Scheme,
    /// Seconds since 1970.
    pub(crate) expires: Option<i64>,
}

impl AccessToken {
    /// When it expires, if the gateway said so.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
    }

    /// Whether it is bound to the key of this site (RFC 9449), and not good for whoever has it.
    pub fn is_bound(&self) -> bool {
        self.scheme == Scheme::Dpop
    }
}

/// Shows nothing of the token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken({})", self.scheme.name())
    }
}

/// An answer of the token endpoint (RFC 6749 §5.1).
pub(crate) struct Tokens {
    pub(crate) access: AccessToken,
    pub(crate) refresh: Option<Zeroizing<String>>,
    pub(crate) id_token: Option<Zeroizing<String>>,
}

impl Tokens {
    /// Reads an answer whose access token must be of this scheme; `now` in seconds since 1970. The texts of the
    /// reader's errors hold no value, so that no token ends in a log.
    pub(crate) fn parse(json: &[u8], asked: Scheme, now: i64) -> Result<Self, Error> {
        let malformed = |reason| Error::malformed(Document::TokenAnswer, reason);
        let answer = Claims::parse(json).map_err(malformed)?;
        let scheme = answer.required_text("token_type").map_err(malformed)?;
        // case does not matter (RFC 6749 §5.1)
        if !scheme.eq_ignore_ascii_case(asked.name()) {
            return Err(match asked {
                Scheme::Bearer => malformed(Rejection::Value { claim: "token_type", expected: "Bearer" }),
                // RFC 9449 §5: a client that needs a bound token must not take another one
                Scheme::Dpop => Error::untrusted(Document::TokenAnswer)(Rejection::Unbound),
            });
        }
        let optional = |name| {
            let there = answer.as_map().contains_key(name).then(|| answer.required_token(name));
            there.transpose().map(|it| it.map(|it| Zeroizing::new(it.to_owned()))).map_err(malformed)
        };
        let access = AccessToken {
            value: Zeroizing::new(answer.required_token("access_token").map_err(malformed)?.to_owned()),
            scheme: asked,
            expires: answer.seconds("expires_in").map_err(malformed)?.map(|it| now.saturating_add(it)),
        };
        Ok(Self { access, refresh: optional("refresh_token")?, id_token: optional("id_token")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_answer_that_cannot_be_read_shows_no_token_in_its_error() {
        for json in [
            r#""eyJ-secret""#,
            r#"{"access_token":["eyJ-secret"],"token_type":"Bearer","id_token":"a"}"#,
            r#"{"access_token":"eyJ-secret","access_token":"eyJ-secret"}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"eyJ secret"}"#,
        ] {
            let Err(error) = Tokens::parse(json.as_bytes(), Scheme::Bearer, 0) else { panic!("{json} was read") };
            assert!(!error.to_string().contains("eyJ"), "{error}");
        }
    }

    #[test]
    fn the_type_of_a_token_is_the_one_asked_in_any_case() {
        let read = |name: &str, asked| {
            let json = format!(r#"{{"access_token":"a","token_type":"{name}"}}"#);
            Tokens::parse(json.as_bytes(), asked, 0).map(|tokens| tokens.access.is_bound())
        };
        assert!(matches!(read("dPoP", Scheme::Dpop), Ok(true)));
        assert!(matches!(read("bEARER", Scheme::Bearer), Ok(false)));
        assert!(matches!(read("Bearer", Scheme::Dpop), Err(Error::Untrusted { reason: Rejection::Unbound, .. })));
        assert!(matches!(read("DPoP", Scheme::Bearer), Err(Error::Malformed { .. })));
    }
}
