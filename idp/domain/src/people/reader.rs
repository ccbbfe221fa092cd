//! A desk reader: the device that reads the card and the finger, known by its key.
//!
//! ```text
//!  admin ──▶ Proposed ── its first signed call ──▶ proved ── the operator ──▶ Registered ──▶ Withdrawn
//!  operator ─────────────────────────────────────────────────────────────────────▲
//! ```
//!
//! An admin can invite colleagues of their own making: a second one of the commune would be no second pair of eyes
//! (decisions/0031). So the operator, who is no party to what a desk certifies, accepts each reader.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::commune::CommuneCode;
use super::name::Name;
use crate::id::ReaderId;
use crate::jose::{KeySet, own_key};
use crate::oidc::binding::Thumbprint;
use crate::time::Timestamp;

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
    /// It is not yet: an admin named it.
    Proposed,
    /// It is: the operator accepted it, or registered it.
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
    /// When it first showed, by a signed call, that it holds its key. Of readers that were never proposed, nobody asked.
    #[serde(default)]
    pub proved: Option<Timestamp>,
}

/// Why a reader is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// It never called: nobody knows whose key that is.
    #[error("the reader has not shown yet that it holds its key: let it call once")]
    Unproved,
    /// It was before.
    #[error("the reader is accepted already")]
    Already,
    /// It was withdrawn, for good.
    #[error("the reader was withdrawn")]
    Withdrawn,
}

impl Reader {
    /// The reader once it called, while it waits to be accepted: the call is signed over a nonce of ours (RFC 9449 §8), so
    /// that its key is its own. None where that was known.
    #[must_use]
    pub fn proving(&self, at: Timestamp) -> Option<Self> {
        match (self.state, self.proved) {
            (ReaderState::Proposed, None) => Some(Self { proved: Some(at), ..self.clone() }),
            (ReaderState::Proposed | ReaderState::Registered | ReaderState::Withdrawn, _) => None,
        }
    }

    /// The reader once the operator accepted it.
    pub fn accepted(&self) -> Result<Self, NotAccepted> {
        match (self.state, self.proved) {
            (ReaderState::Proposed, Some(_)) => Ok(Self { state: ReaderState::Registered, ..self.clone() }),
            (ReaderState::Proposed, None) => Err(NotAccepted::Unproved),
            (ReaderState::Registered, _) => Err(NotAccepted::Already),
            (ReaderState::Withdrawn, _) => Err(NotAccepted::Withdrawn),
        }
    }

    /// The reader once it was withdrawn; none where it was before.
    #[must_use]
    pub fn withdrawn(&self) -> Option<Self> {
        match self.state {
            ReaderState::Proposed | ReaderState::Registered => {
                Some(Self { state: ReaderState::Withdrawn, ..self.clone() })
            }
            ReaderState::Withdrawn => None,
        }
    }
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
    fn a_proposed_reader_proves_its_key_before_it_is_accepted() {
        let at = Timestamp::from_epoch;
        let proposed = Reader {
            id: ReaderId::from_random([1; 16]),
            commune: CommuneCode::parse("75056").expect("a code"),
            name: Name::parse("Guichet 1").expect("a name"),
            key: ReaderKey::of(&jwk(SigningAlgorithm::Es256)).expect("a key"),
            state: ReaderState::Proposed,
            proved: None,
        };
        assert_eq!(proposed.accepted(), Err(NotAccepted::Unproved));
        let proved = proposed.proving(at(7)).expect("its first call");
        assert_eq!((proved.state, proved.proved), (ReaderState::Proposed, Some(at(7))));
        assert_eq!(proved.proving(at(8)), None, "once");
        let accepted = proved.accepted().expect("proved");
        assert_eq!(accepted.state, ReaderState::Registered);
        assert_eq!((accepted.accepted(), accepted.proving(at(9))), (Err(NotAccepted::Already), None));
        for reader in [&proposed, &proved, &accepted] {
            let withdrawn = reader.withdrawn().expect("from any state");
            assert_eq!(withdrawn.accepted(), Err(NotAccepted::Withdrawn), "for good");
            assert_eq!((withdrawn.withdrawn(), withdrawn.proving(at(9))), (None, None));
        }
    }

    #[test]
    fn a_reader_of_before_is_heard_as_it_was() {
        let (key, id) = (jwk(SigningAlgorithm::Es256), ReaderId::from_random([1; 16]));
        let kept = json!({"id": id, "commune": "75056", "name": "Guichet 1", "key": key, "state": "registered"});
        let reader: Reader = serde_json::from_value(kept).expect("as it was kept");
        assert_eq!((reader.state, reader.proved), (ReaderState::Registered, None));
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
