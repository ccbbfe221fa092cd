//! The gateway's public keys, and the signature of what it says.
//!
//! The set is read once at discovery and kept. A token that names an unknown key makes it read again, at most
//! once per [`COOL_DOWN`], so that a flood of made-up key ids cannot be turned against the gateway; a set older
//! than [`MAX_AGE`] is read again too, so that a withdrawn key dies. A set that cannot be used never replaces one
//! that can, but one older than [`TOO_OLD`] verifies nothing any more: who keeps this site from the gateway must not
//! keep a withdrawn key alive.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::algorithm::SigningAlgorithm;
use crate::claims::Claims;
use crate::clock;
use crate::error::Error;
use crate::http::Http;
use crate::key_set::KeySet;
use crate::refusal::harmless;
use crate::rejection::Rejection;

const COOL_DOWN: Duration = Duration::from_secs(30);
const MAX_AGE: Duration = Duration::from_hours(1);
const TOO_OLD: Duration = Duration::from_hours(4);

/// What a token is for, as its `typ` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An ID token or a signed userinfo answer.
    Identity,
    /// An authorization response (JARM).
    Answer,
    /// A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
    Logout,
}

impl Kind {
    fn may_be_called(self, typ: &str) -> bool {
        let names: &[&str] = match self {
            Self::Identity => &["JWT"],
            Self::Answer => &["JWT", "oauth-authz-resp+jwt"],
            Self::Logout => &["logout+jwt"],
        };
        names.iter().any(|name| name.eq_ignore_ascii_case(typ))
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
    /// Whether the last reading failed.
    failed: bool,
}

impl Kept {
    /// The set to verify with, if it can tell: a set that is too old cannot, nor can one that does not know the key and
    /// could not be read again.
    fn usable(&self, kid: Option<&str>, now: Instant) -> Result<Arc<KeySet>, Rejection> {
        let unknown = kid.is_some_and(|kid| !self.set.knows(kid));
        if now.duration_since(self.read) >= TOO_OLD || (unknown && self.failed) {
            return Err(Rejection::NoKeys);
        }
        Ok(Arc::clone(&self.set))
    }

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
        let now = clock::instant();
        let tried = now.checked_sub(COOL_DOWN).unwrap_or(now);
        Ok(Self {
            address,
            kept: Mutex::new(Kept { set, read: now, tried, failed: false }),
            reading: tokio::sync::Mutex::new(()),
        })
    }

    /// The claims of a token in compact form whose signature verifies with a key of the gateway and the
    /// registered algorithm. Header members that carry or point to keys (`jwk`, `jku`, `x5u`) are never read.
    pub(crate) async fn verify(
        &self,
        http: &Http,
        token: &str,
        kind: Kind,
        registered: SigningAlgorithm,
    ) -> Result<Claims, Rejection> {
        let unreadable = |detail| Rejection::Unreadable { detail };
        let (message, signature) = token.rsplit_once('.').ok_or(unreadable("not three parts"))?;
        let (header, payload) = message.split_once('.').ok_or(unreadable("not three parts"))?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable("the header is not base64url"))?;
        let header = Claims::parse(&header)?;
        let algorithm = header.required_text("alg")?;
        if algorithm != registered.name() {
            return Err(Rejection::Algorithm { seen: harmless(algorithm), registered });
        }
        if header.as_map().contains_key("crit") {
            return Err(unreadable("a critical header member is not understood (RFC 7515 §4.1.11)"));
        }
        // one kind of token must not pass for another (RFC 8725 §3.11)
        if header.text("typ")?.is_some_and(|typ| !kind.may_be_called(typ)) {
            return Err(unreadable("the header says it is another kind of token"));
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| unreadable("the payload is not base64url"))?;

        let kid = header.text("kid")?;
        let set = self.fresh(http, kid).await?;
        let key = set.find(kid, registered)?;
        let algorithm = registered.verified_as();
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.public, algorithm) {
            Ok(true) => Claims::parse(&payload),
            Ok(false) | Err(_) => Err(Rejection::Signature),
        }
    }

    /// The set to verify with, read again if need be. A failed reading leaves the last good set, for a while.
    async fn fresh(&self, http: &Http, kid: Option<&str>) -> Result<Arc<KeySet>, Rejection> {
        if !self.kept().should_read(kid, clock::instant()) {
            return self.settled(kid).await;
        }
        let _reading = self.reading.lock().await;
        {
            let mut kept = self.kept();
            let now = clock::instant();
            if !kept.should_read(kid, now) {
                return kept.usable(kid, now);
            }
            // claimed before the wait: whatever becomes of this reading, the next one is a cool-down away
            kept.tried = now;
            // and failed until it did not: a caller who leaves in the middle must not make a key unknown for good
            kept.failed = true;
        }
        let answer = fetch(http, &self.address).await;
        let mut kept = self.kept();
        let now = clock::instant();
        kept.failed = answer.is_err();
        if let Ok(set) = answer {
            kept.set = Arc::new(set);
            kept.read = now;
        }
        kept.usable(kid, now)
    }

    /// The set as it is, or, for a key it does not know, as it will be after a reading under way.
    async fn settled(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Rejection> {
        let known = kid.is_none_or(|kid| self.kept().set.knows(kid));
        if !known {
            let _reading = self.reading.lock().await;
        }
        self.kept().usable(kid, clock::instant())
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
    use crate::key_set::P256;

    #[test]
    fn an_unknown_kid_reads_the_set_again_only_after_the_cool_down() {
        let start = clock::instant();
        let json = format!(r#"{{"keys":[{{{P256},"kid":"a"}}]}}"#);
        let set = Arc::new(KeySet::parse(json.as_bytes()).expect("a usable set"));
        let kept = Kept { set, read: start, tried: start, failed: false };
        let soon = start + (COOL_DOWN / 2);
        let later = start + COOL_DOWN;
        assert!(!kept.should_read(Some("b"), soon));
        assert!(kept.should_read(Some("b"), later));
        assert!(!kept.should_read(Some("a"), later));
        assert!(!kept.should_read(None, later));
        assert!(kept.should_read(Some("a"), start + MAX_AGE), "a withdrawn key must die");
    }

    #[test]
    fn a_set_that_cannot_be_read_again_is_used_for_a_while_and_tells_nothing_of_other_keys() {
        let start = clock::instant();
        let json = format!(r#"{{"keys":[{{{P256},"kid":"a"}}]}}"#);
        let set = Arc::new(KeySet::parse(json.as_bytes()).expect("a usable set"));
        let kept = |failed| Kept { set: Arc::clone(&set), read: start, tried: start, failed };
        let before = start + TOO_OLD.saturating_sub(Duration::from_secs(1));
        for failed in [false, true] {
            assert!(kept(failed).usable(Some("a"), before).is_ok());
            for kid in [Some("a"), None] {
                assert_eq!(
                    kept(failed).usable(kid, start + TOO_OLD).err(),
                    Some(Rejection::NoKeys),
                    "withdrawn or not"
                );
            }
        }
        assert_eq!(kept(true).usable(Some("b"), before).err(), Some(Rejection::NoKeys), "nobody could say");
        assert!(kept(false).usable(Some("b"), before).is_ok(), "the gateway said that there is none");
    }
}
