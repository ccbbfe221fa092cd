//! The life of a signing key: Announced → Signing → Verifying → Retired, decided by the clock alone.
//!
//! ```text
//!  made ── announced in JWKS ──▶ signs_from ── signs ──▶ next key signs ── still in JWKS ──▶ retired
//!          (at least the time that JWKS may be cached)               (until its last token has ended)
//! ```

use serde::{Deserialize, Serialize};

use crate::id::Kid;
use crate::jose::SigningAlgorithm;
use crate::time::{Lifetime, Timestamp};

/// How long relying parties may cache the JWKS.
pub const JWKS_CACHE: Lifetime = Lifetime::seconds(600);

/// How long a replaced key stays published: longer than any token it signed, plus the cache.
pub const KEEP_PUBLISHED: Lifetime = Lifetime::seconds(86_400);

/// The dates of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLife {
    /// Its name.
    pub kid: Kid,
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// When it was made and announced.
    pub announced: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, not signing yet.
    Announced,
    /// Signing.
    Signing,
    /// No longer signing, published so that its tokens verify.
    Verifying,
    /// Gone from the JWKS.
    Retired,
}

impl KeyState {
    /// Whether the key stands in the JWKS.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Announced | Self::Signing | Self::Verifying => true,
            Self::Retired => false,
        }
    }
}

/// The state of each key at `now`, in the order given. Of one algorithm, the key that began to sign last signs.
pub fn states(keys: &[KeyLife], now: Timestamp) -> Vec<KeyState> {
    keys.iter()
        .map(|key| {
            if key.signs_from > now {
                return KeyState::Announced;
            }
            let replaced = keys
                .iter()
                .filter(|other| other.algorithm == key.algorithm && other.kid != key.kid)
                .filter(|other| (other.signs_from, other.kid.as_str()) > (key.signs_from, key.kid.as_str()))
                .map(|other| other.signs_from)
                .filter(|from| *from <= now)
                .min();
            match replaced {
                None => KeyState::Signing,
                Some(at) if at.plus(KEEP_PUBLISHED).is_past(now) => KeyState::Retired,
                Some(_) => KeyState::Verifying,
            }
        })
        .collect()
}

/// The next moment at which the state of a key changes; `None` when nothing changes any more.
pub fn next_change(keys: &[KeyLife], now: Timestamp) -> Option<Timestamp> {
    keys.iter().flat_map(|key| [key.signs_from, key.signs_from.plus(KEEP_PUBLISHED)]).filter(|at| *at > now).min()
}

/// From when a key made at `now` signs: at once when it is the first of its algorithm, otherwise once every cache of
/// the JWKS has seen it.
pub fn signs_from(existing: &[KeyLife], algorithm: SigningAlgorithm, now: Timestamp) -> Timestamp {
    if existing.iter().any(|key| key.algorithm == algorithm) { now.plus(JWKS_CACHE) } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(kid: &str, algorithm: SigningAlgorithm, signs_from: i64) -> KeyLife {
        KeyLife {
            kid: Kid::parse(kid).expect("plain"),
            algorithm,
            announced: Timestamp::from_epoch(signs_from - 600),
            signs_from: Timestamp::from_epoch(signs_from),
        }
    }

    #[test]
    fn a_key_goes_through_its_four_states() {
        let keys = [life("a", SigningAlgorithm::Es256, 0), life("b", SigningAlgorithm::Es256, 1000)];
        let at = |now| states(&keys, Timestamp::from_epoch(now));
        assert_eq!(at(999), [KeyState::Signing, KeyState::Announced]);
        assert_eq!(at(1000), [KeyState::Verifying, KeyState::Signing]);
        assert_eq!(at(1000 + 86_400), [KeyState::Retired, KeyState::Signing]);
    }

    #[test]
    fn exactly_one_key_of_an_algorithm_signs_at_any_time() {
        let keys = [
            life("a", SigningAlgorithm::Es256, 0),
            life("b", SigningAlgorithm::Es256, 100),
            life("c", SigningAlgorithm::Es256, 100),
            life("r", SigningAlgorithm::Rs256, 50),
        ];
        for now in 0..400 {
            let states = states(&keys, Timestamp::from_epoch(now));
            let signing = keys
                .iter()
                .zip(&states)
                .filter(|(key, state)| key.algorithm == SigningAlgorithm::Es256 && **state == KeyState::Signing);
            assert_eq!(signing.count(), 1, "at {now}");
        }
    }

    #[test]
    fn no_state_changes_before_the_next_change() {
        let keys = [life("a", SigningAlgorithm::Es256, 0), life("b", SigningAlgorithm::Es256, 1000)];
        let mut now = Timestamp::from_epoch(0);
        while let Some(next) = next_change(&keys, now) {
            let before = Timestamp::from_epoch(next.epoch() - 1);
            assert_eq!(states(&keys, now), states(&keys, before));
            now = next;
        }
        assert_eq!(states(&keys, now), [KeyState::Retired, KeyState::Signing]);
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_next_after_the_cache() {
        let now = Timestamp::from_epoch(0);
        assert_eq!(signs_from(&[], SigningAlgorithm::Es256, now), now);
        let held = [life("a", SigningAlgorithm::Es256, 0)];
        assert_eq!(signs_from(&held, SigningAlgorithm::Es256, now).epoch(), 600);
        assert_eq!(signs_from(&held, SigningAlgorithm::Rs256, now), now);
    }
}
