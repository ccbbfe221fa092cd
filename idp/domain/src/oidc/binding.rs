//! What an access token is bound to: nothing, a key that its holder proves (DPoP, RFC 9449), or a client certificate
//! (RFC 8705).

use serde::{Deserialize, Serialize};

use super::error::TokenError;
use crate::client::SenderConstraint;
use crate::secret::{base64url, from_base64url, same, sha256};

/// The SHA-256 thumbprint of a key (RFC 7638) or of a certificate (RFC 8705 §3.1): 43 base64url characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// The thumbprint of what is hashed: the canonical form of a JWK, or the DER of a certificate.
    pub fn of(bytes: &[u8]) -> Self {
        Self(base64url(&sha256(bytes)))
    }

    /// Reads a thumbprint.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 43 && from_base64url(text).is_some_and(|bytes| bytes.len() == 32)).then(|| Self(text.to_owned()))
    }

    /// The thumbprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are of one thing.
    pub fn is(&self, other: &Self) -> bool {
        same(self.0.as_bytes(), other.0.as_bytes())
    }
}

/// What the caller of an endpoint proved to hold in this very call.
#[derive(Debug, Clone, Default)]
pub struct Possession {
    /// The key of a DPoP proof that was good.
    pub key: Option<Thumbprint>,
    /// The client certificate of the connection.
    pub certificate: Option<Thumbprint>,
}

/// What an access token is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Nothing: whoever bears it may use it (RFC 6750).
    #[default]
    Bearer,
    /// The key that signs DPoP proofs (RFC 9449 §6, `jkt`).
    Key(Thumbprint),
    /// A client certificate (RFC 8705 §3.1, `x5t#S256`).
    Certificate(Thumbprint),
}

impl Binding {
    /// The binding of a token for a client that lives under `rule`. A client that proves a key without having to gets a
    /// token that is bound to it (RFC 9449 §5).
    pub fn of(rule: SenderConstraint, holds: &Possession) -> Result<Self, TokenError> {
        match (rule, &holds.key, &holds.certificate) {
            (SenderConstraint::None | SenderConstraint::Dpop, Some(key), _) => Ok(Self::Key(key.clone())),
            (SenderConstraint::None, None, _) => Ok(Self::Bearer),
            (SenderConstraint::Certificate, _, Some(certificate)) => Ok(Self::Certificate(certificate.clone())),
            (SenderConstraint::Dpop, None, _) => {
                Err(TokenError::InvalidDpopProof("the access tokens of this client are bound by DPoP: send a proof"))
            }
            (SenderConstraint::Certificate, _, None) => Err(TokenError::InvalidRequest(
                "the access tokens of this client are bound to its certificate: present it (RFC 8705)",
            )),
        }
    }

    /// Whether both are bound in one way, whatever to.
    pub const fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Bearer, Self::Bearer) | (Self::Key(_), Self::Key(_)) | (Self::Certificate(_), Self::Certificate(_))
        )
    }

    /// Whether who holds this may use a token so bound.
    pub fn is_held(&self, holds: &Possession) -> bool {
        let fits = |bound: &Thumbprint, held: &Option<Thumbprint>| held.as_ref().is_some_and(|held| bound.is(held));
        match self {
            // A proof beside a token that is not bound says nothing, and a bound token is expected where it is sent.
            Self::Bearer => holds.key.is_none(),
            Self::Key(bound) => fits(bound, &holds.key),
            Self::Certificate(bound) => fits(bound, &holds.certificate),
        }
    }

    /// The `token_type` of the answer (RFC 6749 §7.1, RFC 9449 §5).
    pub const fn token_type(&self) -> &'static str {
        match self {
            Self::Bearer | Self::Certificate(_) => "Bearer",
            Self::Key(_) => "DPoP",
        }
    }

    /// The `cnf` member (RFC 7800 §3.1) for whoever introspects the token.
    pub fn confirmation(&self) -> Option<serde_json::Value> {
        match self {
            Self::Bearer => None,
            Self::Key(key) => Some(serde_json::json!({"jkt": key})),
            Self::Certificate(certificate) => Some(serde_json::json!({"x5t#S256": certificate})),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(key: Option<&str>, certificate: Option<&str>) -> Possession {
        let of = |text: &str| Thumbprint::of(text.as_bytes());
        Possession { key: key.map(of), certificate: certificate.map(of) }
    }

    #[test]
    fn a_token_is_bound_as_the_client_must_and_to_a_proven_key_at_least() {
        let (none, dpop, mtls) = (SenderConstraint::None, SenderConstraint::Dpop, SenderConstraint::Certificate);
        assert_eq!(Binding::of(none, &holds(None, Some("c"))), Ok(Binding::Bearer));
        assert!(matches!(Binding::of(none, &holds(Some("k"), None)), Ok(Binding::Key(_))));
        assert!(matches!(Binding::of(dpop, &holds(Some("k"), None)), Ok(Binding::Key(_))));
        assert!(matches!(Binding::of(dpop, &holds(None, Some("c"))), Err(TokenError::InvalidDpopProof(_))));
        assert!(matches!(Binding::of(mtls, &holds(Some("k"), Some("c"))), Ok(Binding::Certificate(_))));
        assert!(matches!(Binding::of(mtls, &holds(Some("k"), None)), Err(TokenError::InvalidRequest(_))));
    }

    #[test]
    fn a_bound_token_is_of_use_to_its_holder_alone() {
        let key = Binding::Key(Thumbprint::of(b"k"));
        assert!(key.is_held(&holds(Some("k"), None)));
        assert!(!key.is_held(&holds(Some("other"), None)) && !key.is_held(&holds(None, Some("k"))));
        let certificate = Binding::Certificate(Thumbprint::of(b"c"));
        assert!(certificate.is_held(&holds(None, Some("c"))) && certificate.is_held(&holds(Some("k"), Some("c"))));
        assert!(!certificate.is_held(&holds(None, Some("other"))) && !certificate.is_held(&holds(Some("c"), None)));
        assert!(Binding::Bearer.is_held(&holds(None, None)) && !Binding::Bearer.is_held(&holds(Some("k"), None)));
    }

    #[test]
    fn a_thumbprint_is_the_hash_of_a_sha_256() {
        assert!(Thumbprint::parse(Thumbprint::of(b"x").as_str()).is_some());
        for bad in ["", "x", &"!".repeat(43), &"A".repeat(44)] {
            assert!(Thumbprint::parse(bad).is_none(), "{bad}");
        }
    }
}
