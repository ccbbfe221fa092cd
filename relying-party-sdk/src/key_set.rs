//! A published key set, and which of its keys this client may ever verify with.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::SigningAlgorithm;
use crate::error::{Document, Error};
use crate::refusal::harmless;
use crate::rejection::Rejection;

/// A gateway in the middle of a rotation publishes a handful.
const MOST_KEYS: usize = 64;
/// 2048 bits.
const SHORTEST_MODULUS: usize = 256;

/// The usable keys of one reading.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
pub(crate) struct Key {
    kid: Option<String>,
    /// What it may have signed with; an RSA key that does not say may have used either padding.
    algorithms: Vec<SigningAlgorithm>,
    pub(crate) public: DecodingKey,
}

/// One key as published (RFC 7517 §4); each member strictly typed.
#[derive(Deserialize)]
struct Published {
    kty: String,
    #[serde(default, rename = "use", deserialize_with = "present")]
    purpose: Option<String>,
    #[serde(default, deserialize_with = "present")]
    key_ops: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    x: Option<String>,
    #[serde(default, deserialize_with = "present")]
    y: Option<String>,
    #[serde(default, deserialize_with = "present")]
    n: Option<String>,
    #[serde(default, deserialize_with = "present")]
    e: Option<String>,
    /// Private, must not be there.
    d: Option<Value>,
}

/// Takes a member that is there as what it must be: `null` is not the same as absent.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl KeySet {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let malformed = |detail: String| Error::malformed(Document::KeySet, detail);
        let set: Set = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        if set.keys.len() > MOST_KEYS {
            return Err(malformed(format!("{} keys, {MOST_KEYS} at most are taken", set.keys.len())));
        }
        let mut keys = Vec::new();
        let mut kids = HashSet::new();
        for value in set.keys {
            let published: Published = serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
            if published.kty == "oct" || published.d.is_some() {
                return Err(malformed("it publishes a secret key".into()));
            }
            if let Some(kid) = &published.kid
                && !kids.insert(kid.clone())
            {
                return Err(malformed("two keys have the same kid".into()));
            }
            keys.extend(published.usable());
        }
        if keys.is_empty() {
            return Err(malformed("no key that this client could verify with".into()));
        }
        Ok(Self(keys))
    }

    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The one key that may have signed a token with this header.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Result<&Key, Rejection> {
        let fits = |key: &&Key| key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid);
        let mut candidates = self.0.iter().filter(fits);
        match (candidates.next(), candidates.count()) {
            (None, _) => Err(Rejection::UnknownKey { kid: harmless(kid.unwrap_or_default()) }),
            (Some(key), 0) => Ok(key),
            (Some(_), others) => Err(Rejection::AmbiguousKey { candidates: others.saturating_add(1) }),
        }
    }
}

impl Published {
    /// The key, when it is one this client may ever verify with; keys for other ends are passed over
    /// (RFC 7517 §5).
    fn usable(self) -> Option<Key> {
        let signs = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        if !signs {
            return None;
        }
        let (fitting, public): (&[_], _) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (self.n?, self.e?);
                let modulus = URL_SAFE_NO_PAD.decode(&n).ok()?;
                if modulus.iter().skip_while(|byte| **byte == 0).count() < SHORTEST_MODULUS {
                    return None;
                }
                (&[SigningAlgorithm::Rs256, SigningAlgorithm::Ps256], DecodingKey::from_rsa_components(&n, &e).ok()?)
            }
            ("EC", Some("P-256")) => {
                (&[SigningAlgorithm::Es256], DecodingKey::from_ec_components(&self.x?, &self.y?).ok()?)
            }
            ("OKP", Some("Ed25519")) => (&[SigningAlgorithm::EdDsa], DecodingKey::from_ed_components(&self.x?).ok()?),
            _ => return None,
        };
        let registered = |it: &&SigningAlgorithm| self.alg.as_deref().is_none_or(|alg| alg == it.name());
        let algorithms: Vec<_> = fitting.iter().filter(registered).copied().collect();
        (!algorithms.is_empty()).then_some(Key { kid: self.kid, algorithms, public })
    }
}

/// The key of RFC 7517 appendix A.1, for tests.
#[cfg(test)]
pub(crate) const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[String]) -> Result<KeySet, Error> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
    }

    fn key(extra: &str) -> String {
        format!("{{{P256}{extra}}}")
    }

    #[test]
    fn a_set_without_a_usable_key_is_refused() {
        assert!(set(&[key("")]).is_ok());
        assert!(set(&[]).is_err());
        assert!(set(&[key(r#","use":"enc""#)]).is_err(), "an encryption key cannot sign");
        assert!(set(&[key(r#","alg":"ES384""#)]).is_err(), "another algorithm");
        assert!(set(&[key(r#","key_ops":["sign"]"#)]).is_err(), "not for verification");
        assert!(set(&[r#"{"kty":"EC","crv":"P-192","x":"AAAA","y":"AAAA"}"#.into()]).is_err(), "a weak curve");
        let short = URL_SAFE_NO_PAD.encode([0xff; 64]);
        assert!(set(&[format!(r#"{{"kty":"RSA","n":"{short}","e":"AQAB"}}"#)]).is_err(), "RSA of 512 bits");
        let padded = URL_SAFE_NO_PAD.encode([&[0; 192][..], &[0xff; 64]].concat());
        assert!(set(&[format!(r#"{{"kty":"RSA","n":"{padded}","e":"AQAB"}}"#)]).is_err(), "leading zeros");
        let long = URL_SAFE_NO_PAD.encode([0xff; 256]);
        assert!(set(&[format!(r#"{{"kty":"RSA","n":"{long}","e":"AQAB"}}"#)]).is_ok());
    }

    #[test]
    fn a_set_that_no_honest_gateway_publishes_is_refused_whole() {
        let other = r#","kid":"b""#;
        assert!(set(&[key(r#","kid":"a""#), key(other)]).is_ok());
        assert!(set(&[key(other), key(other)]).is_err(), "the same kid twice");
        assert!(set(&[key(""), r#"{"kty":"oct","k":"AAAA"}"#.into()]).is_err(), "a shared secret");
        assert!(set(&[key(""), key(r#","d":"AAAA""#)]).is_err(), "a private key");
        assert!(set(&[key(r#","kid":7"#)]).is_err(), "a kid that is no text");
        assert!(set(&[key(r#","use":null"#)]).is_err(), "a null member");
        assert!(set(&vec![key(""); MOST_KEYS + 1]).is_err(), "too many");
    }
}
