//! Keys come and go: the first ones, those an operator or the schedule asks for; and what becomes of each is journalled.
//!
//! Every node does all of this. Each change is a compare-and-set in the registry, with its journal entry in the same
//! transaction: of the nodes that come at the same time one does it, the others find it done.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use domain::id::Kid;
use domain::jose::SigningAlgorithm;
use domain::journal::KeyCause;
use domain::keys::{KeyLife, KeyState, Timetable, Withdrawal, signs_from};
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::{Follower, HeldKey, KeptKey, Registry, Updated};

use super::keyholder::{Keyholder, NotMade};
use crate::clock::Clock;
use crate::random::Random;

/// How many keys of one algorithm there may be at once: relying parties bound the sets they read.
const MOST: usize = 8;

/// Why keys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The gateway starts, and may have algorithms without any key.
    FirstUse,
    /// An operator asks for the next keys of these algorithms.
    Operator(Vec<SigningAlgorithm>),
    /// The schedule is looked at.
    Schedule,
}

impl Occasion {
    const fn cause(&self) -> KeyCause {
        match self {
            Self::FirstUse => KeyCause::FirstUse,
            Self::Operator(_) => KeyCause::Operator,
            Self::Schedule => KeyCause::Schedule,
        }
    }

    /// The algorithms that need a key, of those that `makes` names. A registry without any key gets all of them at
    /// once: those keys sign at once, and only they may.
    fn wanted(
        &self,
        makes: &[SigningAlgorithm],
        known: &[KeyLife],
        timetable: &Timetable,
        now: Timestamp,
    ) -> Vec<SigningAlgorithm> {
        let has = |algorithm| known.iter().any(|life| life.algorithm == algorithm);
        let wants = |algorithm: &SigningAlgorithm| match self {
            Self::FirstUse => !has(*algorithm),
            Self::Operator(asked) => known.is_empty() || asked.contains(algorithm),
            Self::Schedule => timetable.is_due(known, *algorithm, now),
        };
        makes.iter().copied().filter(wants).collect()
    }
}

/// Makes the keys that an occasion calls for, and tells what was made. Each signs once every relying party that keeps
/// the JWKS for its stated time has seen it.
pub(crate) async fn make(
    registry: &Registry,
    holder: &Keyholder,
    occasion: &Occasion,
    random: Random,
    clock: &Clock,
) -> anyhow::Result<Vec<KeyLife>> {
    let mut made: BTreeMap<SigningAlgorithm, HeldKey> = BTreeMap::new();
    let outcome = settle(registry, holder, occasion, random, clock, &mut made).await;
    // What another node made first is not needed, and a token would keep it for good. After a failure nothing is
    // destroyed: the registry may have kept the key and lost the answer.
    let Ok(lives) = &outcome else { return outcome };
    for key in made.values() {
        let public = key.public();
        if lives.iter().any(|life| life.kid == *public.kid()) {
            continue;
        }
        if let Err(error) = holder.destroy(key) {
            tracing::warn!(%error, kid = public.kid().as_str(), "a key that is not used stays on the token");
        }
    }
    outcome
}

async fn settle(
    registry: &Registry,
    holder: &Keyholder,
    occasion: &Occasion,
    random: Random,
    clock: &Clock,
    made: &mut BTreeMap<SigningAlgorithm, HeldKey>,
) -> anyhow::Result<Vec<KeyLife>> {
    let makes = holder.algorithms();
    // Another node may make a key at the same time; then all is decided anew on what it left.
    for _ in 0..16 {
        let known = lives(registry).await?;
        let wanted = occasion.wanted(&makes, &known, &holder.timetable, clock.now());
        for algorithm in &wanted {
            let there = known.iter().filter(|life| life.algorithm == *algorithm).count();
            if there >= MOST {
                bail!("there are {there} keys of {} already: wait until the oldest are retired", algorithm.name());
            }
            if !made.contains_key(algorithm) {
                let kid = Kid::parse(&domain::secret::base64url(&random.bytes::<12>()))?;
                let key = holder.make(*algorithm, kid).with_context(|| format!("no {} key", algorithm.name()))?;
                made.insert(*algorithm, key);
            }
        }
        // Dated last: from here to the end of the transaction must not take long (domain/keys, KEEPING).
        let now = clock.now();
        let new: Vec<KeptKey> = wanted
            .iter()
            .filter_map(|algorithm| made.get(algorithm).map(|key| dated(*algorithm, key, &known, now)))
            .collect();
        if new.is_empty() || registry.insert_keys(&new, &known, occasion.cause(), now).await? == Put::Fresh {
            return Ok(new.into_iter().map(|key| key.life).collect());
        }
    }
    bail!("the signing keys change all the time: another process is making keys in a loop")
}

fn dated(algorithm: SigningAlgorithm, key: &HeldKey, known: &[KeyLife], now: Timestamp) -> KeptKey {
    let kid = key.public().kid().clone();
    let life = KeyLife { kid, algorithm, announced: now, signs_from: signs_from(known, now) };
    KeptKey { life, key: key.clone(), journalled: KeyState::Announced }
}

async fn lives(registry: &Registry) -> Result<Vec<KeyLife>, StoreError> {
    Ok(registry.keys().await?.into_iter().map(|kept| kept.life).collect())
}

/// What a withdrawal came to.
#[derive(Debug)]
pub(crate) struct Withdrawn {
    /// Which key signs in its place, if it signed.
    pub(crate) follows: Option<Kid>,
    /// Why its private half is still on the token, if it is.
    pub(crate) left_behind: Option<NotMade>,
}

/// Takes a key out of use in an emergency: it signs no more and leaves the JWKS, within a second on every node, and what
/// it signed verifies no more. The next one signs at once; one is made when none is announced. `None` when there is no
/// such key.
pub(crate) async fn withdraw(
    registry: &Registry,
    holder: &Keyholder,
    kid: &Kid,
    random: Random,
    clock: &Clock,
) -> anyhow::Result<Option<Withdrawn>> {
    let mut made: Option<HeldKey> = None;
    for _ in 0..16 {
        let (kept, now) = (registry.keys().await?, clock.now());
        let known: Vec<KeyLife> = kept.iter().map(|key| key.life.clone()).collect();
        let Some(withdrawn) = kept.iter().find(|key| key.life.kid == *kid) else { return Ok(None) };
        let Some(withdrawal) = holder.timetable.withdrawal(&known, kid, now) else { return Ok(None) };
        let follower = match withdrawal {
            Withdrawal::Alone => None,
            Withdrawal::Successor(life) => Some(Follower::Announced(life)),
            Withdrawal::MakeOne { algorithm, signs_from } => {
                let key = if let Some(key) = made.take() {
                    key
                } else {
                    let kid = Kid::parse(&domain::secret::base64url(&random.bytes::<12>()))?;
                    holder.make(algorithm, kid).with_context(|| format!("no {} key", algorithm.name()))?
                };
                let life = KeyLife { kid: key.public().kid().clone(), algorithm, announced: now, signs_from };
                made = Some(key.clone());
                Some(Follower::Made(KeptKey { life, key, journalled: KeyState::Announced }))
            }
        };
        if registry.withdraw_key(&withdrawn.life, follower.as_ref(), &known, now).await? == Put::Fresh {
            let follows = follower.map(|follower| follower.kid().clone());
            // One that was made before another node announced one.
            if let Some(unused) = made.filter(|key| follows.as_ref() != Some(key.public().kid()))
                && let Err(error) = holder.destroy(&unused)
            {
                tracing::warn!(%error, "a key that is not used stays on the token");
            }
            // Last: whatever the token says, nobody trusts the key any more.
            return Ok(Some(Withdrawn { follows, left_behind: holder.destroy(&withdrawn.key).err() }));
        }
    }
    bail!("the signing keys change all the time: another process is making keys in a loop")
}

/// Looks after the lives of the keys: makes those that the schedule calls for, journals the states that were reached,
/// erases the retired.
pub(crate) async fn look_after(
    registry: &Registry,
    holder: &Keyholder,
    random: Random,
    clock: &Clock,
) -> anyhow::Result<()> {
    for life in make(registry, holder, &Occasion::Schedule, random, clock).await? {
        tracing::info!(kid = life.kid.as_str(), algorithm = life.algorithm.name(), "a new signing key is announced");
    }
    let (kept, now) = (registry.keys().await?, clock.now());
    let lives: Vec<KeyLife> = kept.iter().map(|key| key.life.clone()).collect();
    for (key, state) in kept.iter().zip(holder.timetable.states(&lives, now)) {
        let kid = key.life.kid.as_str();
        if key.journalled < state && registry.key_reached(key, state, now).await? == Updated::Done {
            tracing::info!(kid, state = state.name(), "a signing key reached another state");
        }
        if state == KeyState::Retired {
            // First the private half: what is still in the registry is found, and tried again.
            holder.destroy(&key.key).with_context(|| format!("the retired key {kid} could not be destroyed"))?;
            if registry.erase_key(&key.life, now).await? == Updated::Done {
                tracing::info!(kid, "a retired signing key was erased");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
