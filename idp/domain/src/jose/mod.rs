//! Signed and encrypted JSON (RFC 7515 to 7519): the only place where a token is signed, verified or decrypted.
//!
//! Verification is strict on purpose and has no switch: the algorithm comes from the registration and never from the
//! token, `alg` none does not exist, header keys (`jku`, `x5u`, `jwk`, `x5c`) are refused, and a claim of the wrong
//! JSON type is an error, not an absence (CVE-2026-25537 is that class). The clock is an argument.

mod claims;
pub mod jwe;
mod keyset;
mod public;
mod signing;
mod verifier;

pub use claims::{BadClaim, Claims};
pub use keyset::{BadKeySet, KeySet};
pub use public::{BadPublicKey, PublicJwk};
pub use signing::{KeyError, SigningKey, Unsigned, half_hash, is_half_hash};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::measure::{self, Operation};
use crate::oidc::binding::Thumbprint;
use crate::secret::from_base64url;
use verifier::Verifier;

/// Clock difference that is tolerated between two parties, in seconds. FAPI 2.0 §5.3.2.1-13 asks to accept 10 s ahead
/// and to refuse 60 s.
pub const SKEW: i64 = 10;

/// A signature algorithm the gateway uses (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// EdDSA on Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, which OpenID Connect makes the default (OIDC Core §15.1).
    #[serde(rename = "RS256")]
    Rs256,
}

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Ps256, Self::EdDsa, Self::Rs256];

    /// Reads a JOSE `alg` name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Reads the `alg` of a token or key of another party, which may call EdDSA on Ed25519 by its newer name
    /// (RFC 9864 §2.2).
    pub(crate) fn of_token(name: &str) -> Option<Self> {
        if name == "Ed25519" { Some(Self::EdDsa) } else { Self::parse(name) }
    }

    /// The JOSE `alg` name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether FAPI 2.0 lets the algorithm be used (§5.4.1-1).
    pub const fn suits_fapi(self) -> bool {
        match self {
            Self::Es256 | Self::Ps256 | Self::EdDsa => true,
            Self::Rs256 => false,
        }
    }

    /// The kind of key that the algorithm works with, as JWK names it (RFC 7518 §6.1, RFC 8037 §2).
    const fn key_type(self) -> &'static str {
        match self {
            Self::Es256 => "EC",
            Self::EdDsa => "OKP",
            Self::Ps256 | Self::Rs256 => "RSA",
        }
    }
}

/// Why a token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not three base64url parts with a JSON header and a JSON object, or longer than 64 KiB.
    #[error("not a compact JWS")]
    Malformed,
    /// The header names another algorithm than the registered one.
    #[error("signed with another algorithm than registered")]
    Algorithm,
    /// The header holds a key, a place of keys, or a critical extension.
    #[error("the header holds `{0}`")]
    Header(&'static str),
    /// The key set has no key of that name for that algorithm. A refetch may help.
    #[error("no such key")]
    UnknownKey,
    /// No key verifies the signature.
    #[error("the signature does not verify")]
    Signature,
    /// A claim is missing, has the wrong type or the wrong value.
    #[error(transparent)]
    Claim(#[from] BadClaim),
}

impl BadToken {
    /// Whether a newer key set could tell otherwise.
    pub const fn may_be_a_newer_key(&self) -> bool {
        match self {
            Self::UnknownKey | Self::Signature => true,
            Self::Malformed | Self::Algorithm | Self::Header(_) | Self::Claim(_) => false,
        }
    }
}

/// Verifies the signature of a compact JWS and gives its claims. What the claims say is for the caller to check.
pub fn verify(token: &str, algorithm: SigningAlgorithm, keys: &KeySet) -> Result<Claims, BadToken> {
    let parts = Parts::of(token)?;
    parts.holds_none_of(&["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip"])?;
    let kid = parts.kid()?;
    parts.verify(algorithm, keys.candidates(algorithm, kid))
}

/// A token that brings its own key, whose signature that key verifies: proof that the sender holds the key, and of
/// nothing else (RFC 9449 §4.2).
#[derive(Debug)]
pub struct SelfSigned {
    /// What it says.
    pub claims: Claims,
    /// The thumbprint of its key (RFC 7638).
    pub key: Thumbprint,
}

/// Verifies a token of that `typ` by the public key in its own header. The only place where a key is taken from a token.
pub fn verify_self_signed(
    token: &str,
    typ: &str,
    algorithms: impl IntoIterator<Item = SigningAlgorithm>,
) -> Result<SelfSigned, BadToken> {
    let parts = Parts::of(token)?;
    parts.holds_none_of(&["jku", "x5u", "x5c", "crit", "b64", "zip"])?;
    let named = |name: &str| parts.header.get(name).and_then(Value::as_str);
    // Media types are compared without regard to case (RFC 7515 §4.1.9).
    if named("typ").is_none_or(|text| !text.eq_ignore_ascii_case(typ)) {
        return Err(BadToken::Header("typ"));
    }
    let algorithm = named("alg").and_then(SigningAlgorithm::of_token).ok_or(BadToken::Algorithm)?;
    if !algorithms.into_iter().any(|allowed| allowed == algorithm) {
        return Err(BadToken::Algorithm);
    }
    let jwk = parts.header.get("jwk").ok_or(BadToken::Header("jwk"))?;
    let (own, key) = own_key(jwk).ok_or(BadToken::Header("jwk"))?;
    parts.kid()?;
    let claims = parts.verify(algorithm, own.serves(algorithm).then_some(&own))?;
    Ok(SelfSigned { claims, key })
}

/// The key in a header, with its thumbprint: the required members alone, in the order of their names (RFC 7638 §3.2).
pub(crate) fn own_key(jwk: &Value) -> Option<(Verifier, Thumbprint)> {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if PRIVATE.iter().any(|member| jwk.get(member).is_some()) {
        return None;
    }
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    // What it reads is base64url, and the names of types and curves that are known: nothing that JSON escapes.
    let verifier = Verifier::read(jwk).ok()??;
    let canonical = match &verifier {
        Verifier::P256(_) => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x")?, text("y")?),
        Verifier::Ed25519(_) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text("x")?),
        Verifier::Rsa { .. } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text("e")?, text("n")?),
    };
    Some((verifier, Thumbprint::of(canonical.as_bytes())))
}

/// A compact JWS, taken apart.
struct Parts<'a> {
    header: Map<String, Value>,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, BadToken> {
        let (message, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(BadToken::Malformed)?;
        if token.len() > 65_536 || payload.contains('.') {
            return Err(BadToken::Malformed);
        }
        Ok(Self { header: json_object(header)?, message, payload, signature })
    }

    fn holds_none_of(&self, forbidden: &[&'static str]) -> Result<(), BadToken> {
        match forbidden.iter().find(|name| self.header.contains_key(**name)) {
            Some(name) => Err(BadToken::Header(name)),
            None => Ok(()),
        }
    }

    /// The name of the key, when the header has one.
    fn kid(&self) -> Result<Option<&str>, BadToken> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(Value::String(kid)) => Ok(Some(kid)),
            Some(_) => Err(BadToken::Malformed),
        }
    }

    fn verify<'k>(
        &self,
        algorithm: SigningAlgorithm,
        keys: impl IntoIterator<Item = &'k Verifier>,
    ) -> Result<Claims, BadToken> {
        if self.header.get("alg").and_then(Value::as_str).and_then(SigningAlgorithm::of_token) != Some(algorithm) {
            return Err(BadToken::Algorithm);
        }
        let signature = from_base64url(self.signature);
        let mut tried = false;
        for key in keys {
            tried = true;
            measure::count(Operation::Verification);
            let message = self.message.as_bytes();
            if signature.as_ref().is_some_and(|signature| key.verifies(algorithm, message, signature)) {
                return Ok(Claims::new(json_object(self.payload)?));
            }
        }
        Err(if tried { BadToken::Signature } else { BadToken::UnknownKey })
    }
}

/// Verifies with the one of several allowed algorithms that the header names.
pub fn verify_among(
    token: &str,
    algorithms: impl IntoIterator<Item = SigningAlgorithm>,
    keys: &KeySet,
) -> Result<Claims, BadToken> {
    algorithms
        .into_iter()
        .map(|algorithm| verify(token, algorithm, keys))
        .find(|verdict| !matches!(verdict, Err(BadToken::Algorithm)))
        .unwrap_or(Err(BadToken::Algorithm))
}

/// The `typ` in the header of a token that was verified.
pub fn declared_type(token: &str) -> Result<Option<String>, BadToken> {
    let (header, _) = token.split_once('.').ok_or(BadToken::Malformed)?;
    match json_object(header)?.remove("typ") {
        None => Ok(None),
        Some(Value::String(typ)) => Ok(Some(typ)),
        Some(_) => Err(BadToken::Malformed),
    }
}

fn json_object(part: &str) -> Result<Map<String, Value>, BadToken> {
    let bytes = from_base64url(part).ok_or(BadToken::Malformed)?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(BadToken::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kid;
    use crate::secret::base64url;
    use serde_json::json;

    fn key(algorithm: SigningAlgorithm, kid: &str) -> SigningKey {
        SigningKey::generate(algorithm, Kid::parse(kid).expect("plain")).expect("generation works")
    }

    fn set(keys: &[&SigningKey]) -> KeySet {
        let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk()).collect();
        KeySet::parse(&json!({ "keys": keys })).expect("own keys are good")
    }

    #[test]
    fn what_is_signed_verifies_under_its_own_key_and_algorithm_alone() {
        for algorithm in SigningAlgorithm::ALL {
            let mine = key(algorithm, "mine");
            let other = key(algorithm, "mine");
            let token = mine.sign("JWT", &json!({"a": 1}));
            let claims = verify(&token, algorithm, &set(&[&mine])).expect("own signature");
            assert_eq!(claims.integer("a"), Ok(1));
            assert_eq!(verify(&token, algorithm, &set(&[&other])).err(), Some(BadToken::Signature));
            let foreign = key(algorithm, "foreign");
            assert_eq!(verify(&token, algorithm, &set(&[&foreign])).err(), Some(BadToken::UnknownKey));
            for wrong in SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert_eq!(verify(&token, wrong, &set(&[&mine])).err(), Some(BadToken::Algorithm));
            }
        }
    }

    #[test]
    fn unsigned_and_keyed_by_the_public_key_are_refused() {
        let mine = key(SigningAlgorithm::Rs256, "mine");
        let set = set(&[&mine]);
        let payload = base64url(b"{\"a\":1}");
        for header in
            [r#"{"alg":"none"}"#, r#"{"alg":null}"#, r#"{"alg":"HS256"}"#, "{}", r#"{"alg":"None","kid":"mine"}"#]
        {
            let token = format!("{}.{payload}.AAAA", base64url(header.as_bytes()));
            assert_eq!(verify(&token, SigningAlgorithm::Rs256, &set).err(), Some(BadToken::Algorithm), "{header}");
            let token = format!("{}.{payload}.", base64url(header.as_bytes()));
            assert!(verify(&token, SigningAlgorithm::Rs256, &set).is_err(), "{header}");
        }
    }

    #[test]
    fn header_keys_are_refused_before_any_work() {
        let mine = key(SigningAlgorithm::Es256, "mine");
        for name in ["jku", "x5u", "jwk", "x5c", "crit"] {
            let header = json!({"alg": "ES256", "kid": "mine", name: "https://evil.example/"});
            let token = format!("{}.{}.AAAA", base64url(header.to_string().as_bytes()), base64url(b"{}"));
            assert!(matches!(verify(&token, SigningAlgorithm::Es256, &set(&[&mine])), Err(BadToken::Header(_))));
        }
    }

    #[test]
    fn a_changed_byte_breaks_the_signature() {
        let mine = key(SigningAlgorithm::Es256, "mine");
        let token = mine.sign("JWT", &json!({"sub": "someone"}));
        let set = set(&[&mine]);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            if changed != token {
                assert!(verify(&changed, SigningAlgorithm::Es256, &set).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn without_a_kid_every_suitable_key_is_tried() {
        let (one, two) = (key(SigningAlgorithm::Es256, "one"), key(SigningAlgorithm::Es256, "two"));
        let token = two.sign_without_kid(&json!({"a": 1}));
        assert!(verify(&token, SigningAlgorithm::Es256, &set(&[&one, &two])).is_ok());
    }

    #[test]
    fn garbage_is_refused() {
        let mine = key(SigningAlgorithm::Es256, "mine");
        let set = set(&[&mine]);
        let long = "a".repeat(70_000);
        for bad in ["", ".", "..", "...", "a.b", "a.b.c", "é.é.é", &format!("{long}.{long}.{long}")] {
            assert!(verify(bad, SigningAlgorithm::Es256, &set).is_err());
        }
    }
}
