//! The signing keys at work: which one signs now, and the JWKS that relying parties fetch.

use std::collections::HashMap;

use bytes::Bytes;
use domain::id::Kid;
use domain::jose::{KeySet, SigningAlgorithm, SigningKey};
use domain::keys::{KeyLife, KeyState, next_change, signs_from, states};
use domain::oidc::logout::HintKeys;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{KeptKey, Registry};

use crate::random::Random;

/// Every kept key, as of one moment.
pub(crate) struct KeyRing {
    signing: HashMap<SigningAlgorithm, SigningKey>,
    jwks: Bytes,
    own: Option<KeySet>,
    known: Option<KeySet>,
    until: Option<Timestamp>,
}

impl KeyRing {
    /// The ring of the kept keys at `now`.
    pub(crate) fn at(kept: &[KeptKey], now: Timestamp) -> Self {
        let lives: Vec<KeyLife> = kept.iter().map(|key| key.life.clone()).collect();
        let mut signing = HashMap::new();
        let mut published: Vec<Value> = Vec::new();
        let known = json!({ "keys": kept.iter().map(|key| key.key.public_jwk()).collect::<Vec<_>>() });
        for (key, state) in kept.iter().zip(states(&lives, now)) {
            if state == KeyState::Signing {
                signing.insert(key.life.algorithm, key.key.clone());
            }
            if state.is_published() {
                published.push(key.key.public_jwk());
            }
        }
        let set = json!({ "keys": published });
        let until = next_change(&lives, now);
        Self {
            signing,
            jwks: Bytes::from(set.to_string()),
            own: KeySet::parse(&set).ok(),
            known: KeySet::parse(&known).ok(),
            until,
        }
    }

    /// Whether a key has reached another state of its life since the ring was made.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until.is_past(now))
    }

    /// Signs with the key that signs now. There is one for every algorithm from the start on.
    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, typ: &str, claims: &Value) -> Option<String> {
        self.signing.get(&algorithm).map(|key| key.sign(typ, claims))
    }

    /// The JWKS.
    pub(crate) fn jwks(&self) -> Bytes {
        self.jwks.clone()
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

/// Makes a key of `algorithm` that begins to sign when every cache of the JWKS has seen it.
pub(crate) async fn make(
    registry: &Registry,
    algorithm: SigningAlgorithm,
    random: Random,
    now: Timestamp,
) -> anyhow::Result<KeyLife> {
    // Another node may make a key at the same time; then the dates are decided anew on what it left.
    for _ in 0..16 {
        let known: Vec<KeyLife> = registry.keys().await?.into_iter().map(|kept| kept.life).collect();
        let kid = Kid::parse(&domain::secret::base64url(&random.bytes::<12>()))?;
        let life =
            KeyLife { kid: kid.clone(), algorithm, announced: now, signs_from: signs_from(&known, algorithm, now) };
        let kept = KeptKey { life: life.clone(), key: SigningKey::generate(algorithm, kid)? };
        if registry.insert_key(&kept, &known, now).await? == Put::Fresh {
            return Ok(life);
        }
    }
    anyhow::bail!("the signing keys change all the time: another process is making keys in a loop")
}

/// Makes the first key of every algorithm that has none.
pub(crate) async fn ensure(registry: &Registry, random: Random, now: Timestamp) -> anyhow::Result<()> {
    for algorithm in SigningAlgorithm::ALL {
        if !registry.keys().await?.iter().any(|kept| kept.life.algorithm == algorithm) {
            make(registry, algorithm, random, now).await?;
        }
    }
    Ok(())
}
