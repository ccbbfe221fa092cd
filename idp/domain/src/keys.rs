//! The life of a signing key: Announced → Signing → Verifying → Retired, decided by the clock alone.
//!
//! ```text
//!  announced ────────────▶ signs_from ────────▶ the next one signs ───────────────────▶ retired, then erased
//!  Announced               Signing              Verifying
//!  in the JWKS,            signs                in the JWKS, signs no more
//!  not signing: LEAD                            for as long as a token of its may be verified
//! ```
//!
//! What holds for relying parties: whoever keeps the JWKS for the time that is stated with it ([`max_age`]) never meets
//! an unknown `kid`, on whichever node the token was signed and the JWKS read (OIDC Core §10.1.1). Three things are
//! reckoned with, each with its bound: clocks of nodes differ from the true time by [`CLOCKS`] at most, a key is kept
//! [`KEEPING`] after it was dated at the latest, and a node that cannot read the keys anew states less and less time.

use serde::{Deserialize, Serialize};

use crate::id::Kid;
use crate::jose::SigningAlgorithm;
use crate::time::{Lifetime, Timestamp};

/// How long relying parties may keep the JWKS.
pub const JWKS_CACHE: Lifetime = Lifetime::seconds(600);

/// How far the clock of a node may be from the true time.
pub const CLOCKS: Lifetime = Lifetime::seconds(60);

/// How long after it was dated a key is kept at the latest: what the registry may take.
pub const KEEPING: Lifetime = Lifetime::seconds(30);

/// How long a new key is announced before it signs: [`JWKS_CACHE`], twice [`CLOCKS`], [`KEEPING`], and as much time
/// again as a node may go without reading the keys before it states less than [`JWKS_CACHE`].
pub const LEAD: Lifetime = Lifetime::seconds(900);

/// How much longer than its longest token a key stays published: for clocks that differ, here and at relying parties,
/// and for the request that took the key just before.
pub const MARGIN: Lifetime = Lifetime::seconds(300);

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

/// Where a key is in its life. The order is that of the life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Every state, in the order of the life.
    pub const ALL: [Self; 4] = [Self::Announced, Self::Signing, Self::Verifying, Self::Retired];

    /// The name, as it is kept and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Retired => "retired",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the key stands in the JWKS.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Announced | Self::Signing | Self::Verifying => true,
            Self::Retired => false,
        }
    }

    /// The states that a key comes through after this one, up to `reached`.
    pub fn until(self, reached: Self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |state| *state > self && *state <= reached)
    }
}

/// The rule of time that the operator chose: how long a key verifies, and when the next one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    longest: Lifetime,
    verify_for: Lifetime,
    rotate_every: Option<Lifetime>,
}

/// A replaced key would leave the JWKS before its last token has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what a key signed may be verified for {} seconds", .shortest.as_seconds())]
pub struct TooShort {
    /// The shortest time that is enough.
    pub shortest: Lifetime,
}

impl Timetable {
    /// A timetable: `longest` is the longest time that anything signed may be verified, `verify_for` how long a
    /// replaced key stays published, `rotate_every` how old a key may become before the next one is announced.
    pub fn new(longest: Lifetime, verify_for: Lifetime, rotate_every: Option<Lifetime>) -> Result<Self, TooShort> {
        let shortest = Lifetime::seconds(longest.as_seconds().saturating_add(MARGIN.as_seconds()));
        if verify_for < shortest {
            return Err(TooShort { shortest });
        }
        Ok(Self { longest, verify_for, rotate_every })
    }

    /// The state of each key at `now`, in the order given. Of one algorithm, the key that began to sign last signs.
    pub fn states(&self, keys: &[KeyLife], now: Timestamp) -> Vec<KeyState> {
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
                    Some(at) if at.plus(self.verify_for).is_past(now) => KeyState::Retired,
                    Some(_) => KeyState::Verifying,
                }
            })
            .collect()
    }

    /// The next moment at which the state of a key changes; `None` when nothing changes any more.
    pub fn next_change(&self, keys: &[KeyLife], now: Timestamp) -> Option<Timestamp> {
        let moments = keys.iter().flat_map(|key| [key.signs_from, key.signs_from.plus(self.verify_for)]);
        moments.filter(|at| *at > now).min()
    }

    /// Whether it is time for the next key of an algorithm: the newest is as old as a key may become. Never before
    /// there is a first.
    pub fn is_due(&self, keys: &[KeyLife], algorithm: SigningAlgorithm, now: Timestamp) -> bool {
        let newest = keys.iter().filter(|key| key.algorithm == algorithm).map(|key| key.announced).max();
        newest.zip(self.rotate_every).is_some_and(|(newest, every)| newest.plus(every).is_past(now))
    }

    /// Until when a node that read the keys at `confirmed` may sign with what it read. What it does not know of signs
    /// from [`LEAD`] later at the earliest, and what it replaces is published for `verify_for` more: until then every
    /// token has ended that is signed before this moment.
    pub fn signs_until(&self, confirmed: Timestamp) -> Timestamp {
        let spare = self.verify_for.as_seconds() - self.longest.as_seconds() - MARGIN.as_seconds();
        confirmed.plus(LEAD).plus(Lifetime::seconds(spare))
    }
}

/// From when a key made at `now` signs: at once when it is among the very first, which nobody can have missed;
/// otherwise once whoever keeps the JWKS has seen it. That holds for the first key of a further algorithm too.
pub fn signs_from(existing: &[KeyLife], now: Timestamp) -> Timestamp {
    if existing.is_empty() { now } else { now.plus(LEAD) }
}

/// What becomes of the others when a key is withdrawn in an emergency: it stops signing and leaves the JWKS at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// Nothing: it did not sign.
    Alone,
    /// This announced key signs at once; its dates are new.
    Successor(KeyLife),
    /// None is announced: one has to be made, which signs from then on.
    MakeOne {
        /// Of this algorithm.
        algorithm: SigningAlgorithm,
        /// From when it signs.
        signs_from: Timestamp,
    },
}

impl Timetable {
    /// Decides what a withdrawal leads to; `None` when there is no such key. Who takes over signs from a moment that has
    /// passed on every node, by whatever clock, and after every other key of the algorithm: what was replaced before never
    /// signs again. No time is left to relying parties to see it first: they meet an unknown `kid` and read the JWKS anew.
    pub fn withdrawal(&self, keys: &[KeyLife], kid: &Kid, now: Timestamp) -> Option<Withdrawal> {
        let states = self.states(keys, now);
        let (withdrawn, state) = keys.iter().zip(&states).find(|(key, _)| key.kid == *kid)?;
        if *state != KeyState::Signing {
            return Some(Withdrawal::Alone);
        }
        let others = || keys.iter().filter(|key| key.algorithm == withdrawn.algorithm && key.kid != *kid);
        let passed = now.epoch().saturating_sub(CLOCKS.as_seconds().into());
        let before = others().filter(|key| key.signs_from <= now).map(|key| key.signs_from.epoch().saturating_add(1));
        let signs_from = Timestamp::from_epoch(before.chain([passed]).max().unwrap_or(passed));
        let next = others().filter(|key| key.signs_from > now).min_by_key(|key| (key.signs_from, key.kid.as_str()));
        Some(match next {
            Some(next) => Withdrawal::Successor(KeyLife { signs_from, ..next.clone() }),
            None => Withdrawal::MakeOne { algorithm: withdrawn.algorithm, signs_from },
        })
    }
}

/// For how long the JWKS of a node may be kept that read the keys at `confirmed`, by its own clock: a key that it does
/// not know of yet begins to sign after that time, on whichever node.
pub fn max_age(confirmed: Timestamp, now: Timestamp) -> Lifetime {
    let sure = LEAD.as_seconds() - 2 * CLOCKS.as_seconds() - KEEPING.as_seconds();
    confirmed.plus(Lifetime::seconds(sure)).left(now).map_or(Lifetime::seconds(0), |left| left.min(JWKS_CACHE))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
