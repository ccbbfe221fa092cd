//! A desk reader: the device that reads the card and the finger, known by its key.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::commune::CommuneCode;
use super::name::Name;
use crate::id::ReaderId;
use crate::jose::{KeySet, own_key};
use crate::oidc::binding::Thumbprint;

/// The public key of a reader: P-256, as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct ReaderKey {
    x: String,
    y: String,
    thumbprint: Thumbprint,
}

/// Why a key is not a reader's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReaderKey {
    /// It is the private half: it has been shown, and must not be used any more.
    #[error("this is the private key: make a new one, and give its public half")]
    Private,
    /// It is no P-256 key.
    #[error("not a public key of the curve P-256 in JWK form (RFC 7517)")]
    NotP256,
}

impl ReaderKey {
    /// Reads a public JWK.
    pub fn of(jwk: &Value) -> Result<Self, BadReaderKey> {
        if jwk.get("d").is_some() || jwk.get("k").is_some() {
            return Err(BadReaderKey::Private);
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if (text("kty"), text("crv")) != (Some("EC"), Some("P-256")) {
            return Err(BadReaderKey::NotP256);
        }
        let (verifier, thumbprint) = own_key(jwk).ok_or(BadReaderKey::NotP256)?;
        if !verifier.is_on_p256() {
            return Err(BadReaderKey::NotP256);
        }
        let coordinate = |name| text(name).map(str::to_owned).ok_or(BadReaderKey::NotP256);
        Ok(Self { x: coordinate("x")?, y: coordinate("y")?, thumbprint })
    }

    /// Its thumbprint (RFC 7638): what a DPoP proof by it is known by.
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The JWK.
    pub fn jwk(&self) -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y})
    }

    /// The set of this key alone, for what it signs.
    pub fn set(&self) -> Option<KeySet> {
        KeySet::parse(&json!({"keys": [self.jwk()]})).ok()
    }
}

impl TryFrom<Value> for ReaderKey {
    type Error = BadReaderKey;

    fn try_from(jwk: Value) -> Result<Self, BadReaderKey> {
        Self::of(&jwk)
    }
}

impl From<ReaderKey> for Value {
    fn from(key: ReaderKey) -> Self {
        key.jwk()
    }
}

/// Whether a reader is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReaderState {
    /// It is.
    Registered,
    /// It is not any more, for good.
    Withdrawn,
}

/// A desk reader of a commune.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Which.
    pub id: ReaderId,
    /// Where it stands.
    pub commune: CommuneCode,
    /// What the commune calls it.
    pub name: Name,
    /// Its key.
    pub key: ReaderKey,
    /// Whether it is heard.
    pub state: ReaderState,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kid;
    use crate::jose::{SigningAlgorithm, SigningKey};

    fn jwk(algorithm: SigningAlgorithm) -> Value {
        let key = SigningKey::generate(algorithm, Kid::parse("k").expect("plain")).expect("works");
        key.public().document().clone()
    }

    #[test]
    fn a_reader_is_known_by_its_p256_key_alone() {
        let own = jwk(SigningAlgorithm::Es256);
        let key = ReaderKey::of(&own).expect("a P-256 key");
        let canonical = json!({"crv": "P-256", "kty": "EC", "x": own["x"], "y": own["y"]}).to_string();
        assert_eq!(key.thumbprint(), &Thumbprint::of(canonical.as_bytes()), "RFC 7638 §3");
        assert!(key.set().is_some_and(|set| set.verifies(SigningAlgorithm::Es256)));
        let kept = serde_json::to_string(&key).expect("plain");
        assert_eq!(serde_json::from_str::<ReaderKey>(&kept).expect("its own text"), key);
    }

    #[test]
    fn what_is_no_public_p256_key_is_refused() {
        let with = |name: &str, value: Value| {
            let mut own = jwk(SigningAlgorithm::Es256);
            own[name] = value;
            ReaderKey::of(&own)
        };
        assert_eq!(with("d", json!("AAAA")), Err(BadReaderKey::Private));
        assert_eq!(with("crv", json!("P-384")), Err(BadReaderKey::NotP256));
        assert_eq!(with("x", json!("AAAA")), Err(BadReaderKey::NotP256));
        let zero = crate::secret::base64url(&[0; 32]);
        assert_eq!(with("y", json!(zero)), Err(BadReaderKey::NotP256), "a point off the curve");
        for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256] {
            assert_eq!(ReaderKey::of(&jwk(algorithm)), Err(BadReaderKey::NotP256));
        }
        for nothing in [json!(null), json!("x"), json!({}), json!([])] {
            assert_eq!(ReaderKey::of(&nothing), Err(BadReaderKey::NotP256));
        }
    }
}
