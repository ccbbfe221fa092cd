//! The ring: every kept key as of one moment, ready to sign and to be shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use domain::jose::{KeySet, SigningAlgorithm};
use domain::keys::{KeyLife, KeyState, max_age};
use domain::oidc::logout::HintKeys;
use domain::time::{Lifetime, Timestamp};
use serde_json::{Value, json};
use store::registry::KeptKey;

use super::keyholder::{Keyholder, Signer};
use crate::clock::Clock;

/// Every kept key, as of one moment.
pub(crate) struct KeyRing {
    kept: Arc<[KeptKey]>,
    signing: HashMap<SigningAlgorithm, Signer>,
    jwks: Bytes,
    own: Option<KeySet>,
    known: Option<KeySet>,
    until: Option<Timestamp>,
    holder: Keyholder,
    clock: Clock,
    /// When the registry said last that these are the keys.
    confirmed: AtomicI64,
}

impl KeyRing {
    /// The ring of the keys that the registry held at `confirmed`.
    pub(crate) fn of(kept: Arc<[KeptKey]>, holder: &Keyholder, clock: &Clock, confirmed: Timestamp) -> Self {
        let now = clock.now();
        let lives: Vec<KeyLife> = kept.iter().map(|key| key.life.clone()).collect();
        let mut signing = HashMap::new();
        let mut published: Vec<Value> = Vec::new();
        for (key, state) in kept.iter().zip(holder.timetable.states(&lives, now)) {
            if state == KeyState::Signing {
                if let Some(signer) = holder.signer(&key.key) {
                    signing.insert(key.life.algorithm, signer);
                } else {
                    let kid = key.life.kid.as_str();
                    tracing::error!(kid, "the key is on a token, and none is configured");
                }
            }
            if state.is_published() {
                published.push(key.key.public().document().clone());
            }
        }
        let set = json!({ "keys": published });
        published.extend_from_slice(holder.request_keys().public());
        let jwks = Bytes::from(json!({ "keys": published }).to_string());
        let known: Vec<Value> = kept.iter().map(|key| key.key.public().document().clone()).collect();
        let known = json!({ "keys": known });
        Self {
            signing,
            jwks,
            own: KeySet::parse(&set).ok(),
            known: KeySet::parse(&known).ok(),
            until: holder.timetable.next_change(&lives, now),
            holder: holder.clone(),
            clock: clock.clone(),
            confirmed: AtomicI64::new(confirmed.epoch()),
            kept,
        }
    }

    /// The same keys, as they stand now.
    pub(crate) fn moved_on(&self) -> Self {
        Self::of(Arc::clone(&self.kept), &self.holder, &self.clock, self.confirmed())
    }

    /// Whether a key has reached another state of its life since the ring was made.
    pub(crate) fn is_due(&self) -> bool {
        self.until.is_some_and(|until| until.is_past(self.clock.now()))
    }

    /// Remembers that at `at` these were still the keys.
    pub(crate) fn confirm(&self, at: Timestamp) {
        self.confirmed.store(at.epoch(), Ordering::Relaxed);
    }

    fn confirmed(&self) -> Timestamp {
        Timestamp::from_epoch(self.confirmed.load(Ordering::Relaxed))
    }

    /// Signs with the key that signs now; `None` when there is none of the algorithm, its token does not answer, or the
    /// registry was not read for so long that another key may have taken over.
    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, typ: &str, claims: &Value) -> Option<String> {
        if self.holder.timetable.signs_until(self.confirmed()).is_past(self.clock.now()) {
            tracing::error!("the signing keys could not be read for too long: nothing is signed with the old ones");
            return None;
        }
        let signed = self.signing.get(&algorithm)?.sign(typ, claims);
        signed.inspect_err(|error| tracing::error!(%error, algorithm = algorithm.name(), "nothing was signed")).ok()
    }

    /// What signs now, by algorithm.
    pub(crate) fn signers(&self) -> BTreeMap<SigningAlgorithm, &Signer> {
        self.signing.iter().map(|(algorithm, signer)| (*algorithm, signer)).collect()
    }

    /// The algorithms that something can be signed with now.
    pub(crate) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        SigningAlgorithm::ALL.into_iter().filter(|algorithm| self.signing.contains_key(algorithm)).collect()
    }

    /// The JWKS: the published signing keys, then the keys that request objects are encrypted to.
    pub(crate) fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// For how long the JWKS may be kept.
    pub(crate) fn max_age(&self) -> Lifetime {
        max_age(self.confirmed(), self.clock.now())
    }

    /// The published keys, to verify what the gateway signed itself.
    pub(crate) fn own(&self) -> Option<&KeySet> {
        self.own.as_ref()
    }

    /// The gateway's own keys, as a logout verifies them: those that are published, and those that were retired
    /// and not erased yet.
    pub(crate) fn hint_keys(&self) -> Option<HintKeys<'_>> {
        Some(HintKeys { published: self.own.as_ref()?, known: self.known.as_ref()? })
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} signing)", self.signing.len())
    }
}
