//! The gateway's public keys, and the signature of what it says.
//!
//! The set is read once at discovery and kept. A token that names an unknown key makes it read again, at most
//! once per [`COOL_DOWN`], so that a flood of made-up key ids cannot be turned against the gateway; a set older
//! than [`MAX_AGE`] is read again too, so that a withdrawn key dies. A set that cannot be used never replaces one
//! that can.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::claims::Claims;
use crate::error::{Document, Error, Rejection};
use crate::http::Http;
use crate::registration::SigningAlgorithm;

const COOL_DOWN: Duration = Duration::from_secs(30);
const MAX_AGE: Duration = Duration::from_secs(3600);
/// A gateway in the middle of a rotation publishes a handful.
const MOST_KEYS: usize = 64;
/// 2048 bits.
const SHORTEST_MODULUS: usize = 256;

/// The usable keys of one reading.
#[derive(Debug)]
struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithm: SigningAlgorithm,
    key: DecodingKey,
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
    fn parse(json: &[u8]) -> Result<Self, Error> {
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
            return Err(malformed("no key that can sign RS256 or ES256".into()));
        }
        Ok(Self(keys))
    }

    fn knows(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The one key that may have signed a token with this header.
    fn find(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Result<&Key, Rejection> {
        let fits = |key: &&Key| key.algorithm == algorithm && (kid.is_none() || key.kid.as_deref() == kid);
        let mut candidates = self.0.iter().filter(fits);
        match (candidates.next(), candidates.count()) {
            (None, _) => Err(Rejection::UnknownKey { kid: crate::error::harmless(kid.unwrap_or_default()) }),
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
        let (algorithm, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (self.n?, self.e?);
                let modulus = URL_SAFE_NO_PAD.decode(&n).ok()?;
                if modulus.iter().skip_while(|byte| **byte == 0).count() < SHORTEST_MODULUS {
                    return None;
                }
                (SigningAlgorithm::Rs256, DecodingKey::from_rsa_components(&n, &e).ok()?)
            }
            ("EC", Some("P-256")) => {
                (SigningAlgorithm::Es256, DecodingKey::from_ec_components(&self.x?, &self.y?).ok()?)
            }
            _ => return None,
        };
        let for_it = self.alg.as_deref().is_none_or(|alg| alg == algorithm.name());
        for_it.then_some(Key { kid: self.kid, algorithm, key })
    }
}

/// The keys of one gateway, shared by every login.
#[derive(Debug)]
pub(crate) struct Keys {
    address: Url,
    kept: Mutex<Kept>,
    /// Held while the set is read again: whoever waits finds the new set instead of reading it too.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    set: Arc<KeySet>,
    read: Instant,
    tried: Instant,
}

impl Kept {
    /// Whether the set must be read again for this key id, and may be.
    fn should_read(&self, kid: Option<&str>, now: Instant) -> bool {
        let wanted = kid.is_some_and(|kid| !self.set.knows(kid)) || now.duration_since(self.read) >= MAX_AGE;
        wanted && now.duration_since(self.tried) >= COOL_DOWN
    }
}

impl Keys {
    /// Reads the set for the first time. The cool-down only begins with the next reading, so that a rotation
    /// right after discovery is followed at once.
    pub(crate) async fn read(http: &Http, address: Url) -> Result<Self, Error> {
        let set = Arc::new(fetch(http, &address).await?);
        let now = Instant::now();
        let tried = now.checked_sub(COOL_DOWN).unwrap_or(now);
        Ok(Self { address, kept: Mutex::new(Kept { set, read: now, tried }), reading: tokio::sync::Mutex::new(()) })
    }

    /// The claims of a token in compact form whose signature verifies with a key of the gateway and the
    /// registered algorithm. Header members that carry or point to keys (`jwk`, `jku`, `x5u`) are never read.
    pub(crate) async fn verify(
        &self,
        http: &Http,
        token: &str,
        registered: SigningAlgorithm,
    ) -> Result<Claims, Rejection> {
        let unreadable = |detail| Rejection::Unreadable { detail };
        let (message, signature) = token.rsplit_once('.').ok_or(unreadable("not three parts"))?;
        let (header, payload) = message.split_once('.').ok_or(unreadable("not three parts"))?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable("the header is not base64url"))?;
        let header = Claims::parse(&header)?;
        let algorithm = header.required_text("alg")?;
        if algorithm != registered.name() {
            return Err(Rejection::Algorithm { seen: crate::error::harmless(algorithm), registered });
        }
        if header.as_map().contains_key("crit") {
            return Err(unreadable("a critical header member is not understood (RFC 7515 §4.1.11)"));
        }
        // an access token or a logout token says so in `typ` (RFC 8725 §3.11)
        if header.text("typ")?.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(unreadable("the header says it is another kind of token"));
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| unreadable("the payload is not base64url"))?;

        let kid = header.text("kid")?;
        let set = self.fresh(http, kid).await;
        let key = set.find(kid, registered)?;
        let algorithm = match registered {
            SigningAlgorithm::Rs256 => Algorithm::RS256,
            SigningAlgorithm::Es256 => Algorithm::ES256,
        };
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, algorithm) {
            Ok(true) => Claims::parse(&payload),
            Ok(false) | Err(_) => Err(Rejection::Signature),
        }
    }

    /// The set to verify with, read again if need be. A failed reading leaves the last good set.
    async fn fresh(&self, http: &Http, kid: Option<&str>) -> Arc<KeySet> {
        if !self.kept().should_read(kid, Instant::now()) {
            return self.settled(kid).await;
        }
        let _reading = self.reading.lock().await;
        {
            let mut kept = self.kept();
            let now = Instant::now();
            if !kept.should_read(kid, now) {
                return Arc::clone(&kept.set);
            }
            // claimed before the wait: whatever becomes of this reading, the next one is a cool-down away
            kept.tried = now;
        }
        let answer = fetch(http, &self.address).await;
        let mut kept = self.kept();
        if let Ok(set) = answer {
            kept.set = Arc::new(set);
            kept.read = Instant::now();
        }
        Arc::clone(&kept.set)
    }

    /// The set as it is, or, for a key it does not know, as it will be after a reading under way.
    async fn settled(&self, kid: Option<&str>) -> Arc<KeySet> {
        let set = Arc::clone(&self.kept().set);
        if kid.is_none_or(|kid| set.knows(kid)) {
            return set;
        }
        let _reading = self.reading.lock().await;
        Arc::clone(&self.kept().set)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // nothing panics while it is held; if it did, the last good set is still good
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn fetch(http: &Http, address: &Url) -> Result<KeySet, Error> {
    let answer = http.get(address, "application/jwk-set+json, application/json").await?;
    if answer.status != 200 {
        return Err(Error::Status { url: address.clone(), status: answer.status });
    }
    KeySet::parse(&answer.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

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

    #[test]
    fn an_unknown_kid_reads_the_set_again_only_after_the_cool_down() {
        let start = Instant::now();
        let set = Arc::new(set(&[key(r#","kid":"a""#)]).expect("a usable set"));
        let kept = Kept { set, read: start, tried: start };
        let soon = start + COOL_DOWN - Duration::from_secs(1);
        let later = start + COOL_DOWN;
        assert!(!kept.should_read(Some("b"), soon));
        assert!(kept.should_read(Some("b"), later));
        assert!(!kept.should_read(Some("a"), later));
        assert!(!kept.should_read(None, later));
        assert!(kept.should_read(Some("a"), start + MAX_AGE), "a withdrawn key must die");
    }
}
