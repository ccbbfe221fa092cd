//! Public keys of another party, parsed once and within bounds.

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::SigningAlgorithm;
use super::jwe::{KeyAlgorithm, Recipient};
use super::verifier::Verifier;
use crate::oidc::certificate::{Chain, ClientCertificate};
use crate::secret::from_base64url;
use crate::time::Timestamp;

/// What a public key has none of (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// At most this many keys are taken from one set.
const MAX_KEYS: usize = 64;

/// A JWK set (RFC 7517 §5) reduced to the keys the gateway can use: to verify signatures with, and to encrypt to.
#[derive(Clone)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    recipients: Vec<(Usage, Recipient)>,
    source: Value,
}

#[derive(Clone)]
struct PublicKey {
    kid: Option<String>,
    /// The one algorithm the key is declared for, when it is.
    declared: Option<SigningAlgorithm>,
    verifier: Verifier,
}

/// What a key says of its use (RFC 7517 §4.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Usage {
    Encryption,
    Any,
}

impl PublicKey {
    fn serves(&self, algorithm: SigningAlgorithm) -> bool {
        self.verifier.serves(algorithm) && self.declared.is_none_or(|declared| declared == algorithm)
    }
}

/// Why a key set was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    /// Not a JSON object with a list `keys` of objects.
    #[error("not a JWK set")]
    Malformed,
    /// More than 64 keys.
    #[error("more than 64 keys")]
    TooMany,
    /// Two keys of one type bear the same `kid`.
    #[error("two keys bear the same kid")]
    DuplicateKid,
    /// A symmetric key, or a private one, in a public set.
    #[error("a secret or private key stands in a public set")]
    Private,
    /// An RSA key below 2048 or above 8192 bits.
    #[error("an RSA key is not of 2048 to 8192 bits")]
    RsaSize,
    /// A key whose numbers cannot be read.
    #[error("a key cannot be read")]
    Key,
    /// No key that can verify a supported signature, or that can be encrypted to.
    #[error("no usable key (P-256, Ed25519 or RSA)")]
    Empty,
}

impl KeySet {
    /// Reads a JWK set. Keys of types or uses that the gateway does not know, and encryption keys that it cannot encrypt
    /// to, are passed over; wrong ones refuse the whole set, so that the last good set is kept.
    pub fn parse(set: &Value) -> Result<Self, BadKeySet> {
        let listed = set.get("keys").and_then(Value::as_array).ok_or(BadKeySet::Malformed)?;
        if listed.len() > MAX_KEYS {
            return Err(BadKeySet::TooMany);
        }
        let mut keys: Vec<PublicKey> = Vec::new();
        let mut recipients = Vec::new();
        for jwk in listed {
            let key = read(jwk)?;
            recipients.extend(recipient(jwk));
            let Some(key) = key else { continue };
            if key.kid.is_some()
                && keys.iter().any(|held| held.kid == key.kid && held.verifier.is_of_type(&key.verifier))
            {
                return Err(BadKeySet::DuplicateKid);
            }
            keys.push(key);
        }
        if keys.is_empty() && recipients.is_empty() {
            return Err(BadKeySet::Empty);
        }
        Ok(Self { keys, recipients, source: set.clone() })
    }

    /// Whether a key of the set verifies signatures of this algorithm.
    pub fn verifies(&self, algorithm: SigningAlgorithm) -> bool {
        self.keys.iter().any(|key| key.serves(algorithm))
    }

    /// The key to encrypt to. One that declares the algorithm comes before one that declares none, a key for encryption
    /// before one for any use, and of equals the first in the set.
    pub fn recipient(&self, algorithm: KeyAlgorithm) -> Option<&Recipient> {
        let serving = self.recipients.iter().filter(|(_, key)| key.serves(algorithm));
        serving.min_by_key(|(usage, key)| (!key.declares(algorithm), *usage)).map(|(_, key)| key)
    }

    /// The keys of the set of a kind that the gateway knows, whatever they are for: their thumbprints (RFC 7638), each with the
    /// last second of the certificate that stands with it.
    pub fn keys(&self) -> Vec<(String, Option<Timestamp>)> {
        let listed = self.source.get("keys").and_then(Value::as_array);
        let thumbprint = |jwk: &Value| Some(super::own_key(jwk)?.1.as_str().to_owned());
        let known = listed.into_iter().flatten().filter_map(|jwk| Some((thumbprint(jwk)?, certificate_ends(jwk))));
        known.collect()
    }

    /// The set, as it was read.
    pub const fn source(&self) -> &Value {
        &self.source
    }

    /// The value of this member in each key of the set that has it, whatever the key is for.
    pub(crate) fn members(&self, name: &str) -> impl Iterator<Item = &Value> {
        let keys = self.source.get("keys").and_then(Value::as_array);
        keys.into_iter().flatten().filter_map(move |key| key.get(name))
    }

    /// The keys to try for a token: the one named, or every one of the algorithm when the token names none.
    pub(super) fn candidates<'a>(
        &'a self,
        algorithm: SigningAlgorithm,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Verifier> {
        self.keys
            .iter()
            .filter(move |key| {
                key.serves(algorithm) && kid.is_none_or(|kid| key.kid.as_deref().is_none_or(|own| own == kid))
            })
            .map(|key| &key.verifier)
    }
}

/// When the certificate of a key ends (RFC 7517 §4.7).
fn certificate_ends(jwk: &Value) -> Option<Timestamp> {
    let first = jwk.get("x5c")?.get(0)?.as_str()?;
    let der = base64::engine::general_purpose::STANDARD.decode(first).ok()?;
    Some(ClientCertificate::parse(&der, Chain::Unknown).ok()?.ends())
}

fn read(jwk: &Value) -> Result<Option<PublicKey>, BadKeySet> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let kind = text("kty").ok_or(BadKeySet::Malformed)?;
    if kind == "oct" || PRIVATE.iter().any(|member| jwk.get(member).is_some()) {
        return Err(BadKeySet::Private);
    }
    if text("use").is_some_and(|usage| usage != "sig") {
        return Ok(None);
    }
    let Some(verifier) = Verifier::read(jwk)? else { return Ok(None) };
    let declared = match text("alg") {
        None => None,
        Some(name) => match SigningAlgorithm::of_token(name) {
            Some(algorithm) => Some(algorithm),
            None => return Ok(None),
        },
    };
    let kid = match jwk.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err(BadKeySet::Malformed),
    };
    Ok(Some(PublicKey { kid, declared, verifier }))
}

/// The key as one to encrypt to, when it is one: for encryption or any use, P-256 or RSA of 2048 to 8192 bits.
fn recipient(jwk: &Value) -> Option<(Usage, Recipient)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| from_base64url(text(name)?);
    let usage = match (text("use"), jwk.get("use")) {
        (Some("enc"), _) => Usage::Encryption,
        (None, None) => Usage::Any,
        (Some(_), _) | (None, Some(_)) => return None,
    };
    let declared = match jwk.get("alg") {
        None => None,
        Some(name) => Some(KeyAlgorithm::parse(name.as_str()?)?),
    };
    let kid = match jwk.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.to_owned()),
    };
    let key = match (text("kty")?, text("crv")) {
        ("EC", Some("P-256")) => Recipient::p256(kid, declared, &bytes("x")?, &bytes("y")?),
        ("RSA", _) => Recipient::rsa(kid, declared, &bytes("n")?, &bytes("e")?),
        _ => None,
    };
    Some((usage, key?))
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

impl Serialize for KeySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kid;
    use crate::jose::SigningKey;
    use serde_json::json;

    fn good() -> Value {
        SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works").public_jwk()
    }

    #[test]
    fn sets_that_harm_are_refused_whole() {
        let weak = json!({"kty": "RSA", "n": crate::secret::base64url(&[255; 64]), "e": "AQAB"});
        let mut twin = good();
        twin["kid"] = json!("k");
        for (set, fault) in [
            (json!([]), BadKeySet::Malformed),
            (json!({"keys": {}}), BadKeySet::Malformed),
            (json!({"keys": []}), BadKeySet::Empty),
            (json!({"keys": vec![good(); 65]}), BadKeySet::TooMany),
            (json!({"keys": [good(), twin]}), BadKeySet::DuplicateKid),
            (json!({"keys": [{"kty": "oct", "k": "AAAA"}]}), BadKeySet::Private),
            (json!({"keys": [good(), weak]}), BadKeySet::RsaSize),
            (json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}), BadKeySet::Key),
            (json!({"keys": [{"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}]}), BadKeySet::Empty),
        ] {
            assert_eq!(KeySet::parse(&set).err(), Some(fault), "{set}");
        }
    }

    #[test]
    fn an_encryption_key_does_not_verify_signatures_nor_a_signature_key_encrypt() {
        let mut key = good();
        key["use"] = json!("enc");
        key.as_object_mut().expect("an object").remove("alg");
        let set = KeySet::parse(&json!({"keys": [key]})).expect("one to encrypt to");
        assert!(!set.verifies(SigningAlgorithm::Es256));
        assert!(set.candidates(SigningAlgorithm::Es256, Some("k")).next().is_none());
        assert!(set.recipient(KeyAlgorithm::EcdhEs).is_some());
        let set = KeySet::parse(&json!({"keys": [good()]})).expect("one to verify with");
        assert!(set.verifies(SigningAlgorithm::Es256) && !set.verifies(SigningAlgorithm::EdDsa));
        assert!(KeyAlgorithm::ALL.into_iter().all(|algorithm| set.recipient(algorithm).is_none()));
    }

    #[test]
    fn the_key_to_encrypt_to_is_the_one_most_meant_for_it() {
        let bare = |kid: &str, more: &Value| {
            let mut key = good();
            let members = key.as_object_mut().expect("an object");
            members.retain(|name, _| !["alg", "use"].contains(&name.as_str()));
            members.insert("kid".to_owned(), json!(kid));
            members.extend(more.as_object().expect("an object").clone());
            key
        };
        let (any, enc) = (bare("any", &json!({})), bare("enc", &json!({"use": "enc"})));
        let wrap = bare("wrap", &json!({"use": "enc", "alg": "ECDH-ES+A256KW"}));
        let chosen = |keys: &[&Value], algorithm| {
            let set = KeySet::parse(&json!({ "keys": keys })).expect("good");
            set.recipient(algorithm).map(|key| format!("{key:?}"))
        };
        let named = |kid: &str| Some(format!("Recipient(Some({kid:?}))"));
        assert_eq!(chosen(&[&any, &enc, &wrap], KeyAlgorithm::EcdhEs), named("enc"));
        assert_eq!(chosen(&[&any, &enc, &wrap], KeyAlgorithm::EcdhEsA256kw), named("wrap"));
        assert_eq!(chosen(&[&any], KeyAlgorithm::EcdhEs), named("any"));
        assert_eq!(chosen(&[&wrap], KeyAlgorithm::EcdhEs), None);
        assert_eq!(chosen(&[&any, &enc], KeyAlgorithm::RsaOaep256), None);
    }

    #[test]
    fn an_encryption_key_that_cannot_be_used_is_passed_over() {
        let off_curve = json!({"kty": "EC", "crv": "P-256", "use": "enc", "x": good()["x"], "y": good()["y"]});
        let weak = json!({"kty": "RSA", "use": "enc", "n": crate::secret::base64url(&[255; 64]), "e": "AQAB"});
        let other = json!({"kty": "EC", "crv": "P-521", "use": "enc", "x": "AA", "y": "AA"});
        let unknown =
            json!({"kty": "EC", "crv": "P-256", "use": "enc", "x": good()["x"], "y": "AA", "alg": "ECDH-1PU"});
        for bad in [off_curve, weak, other, unknown] {
            let set = KeySet::parse(&json!({"keys": [good(), bad]})).expect("the other key is good");
            assert!(KeyAlgorithm::ALL.into_iter().all(|algorithm| set.recipient(algorithm).is_none()), "{bad}");
        }
    }
}
