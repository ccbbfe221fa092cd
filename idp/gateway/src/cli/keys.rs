//! `idp keys`: list the signing keys, make new ones, and try those that sign.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use domain::id::Kid;
use domain::jose::{SigningAlgorithm, verify};
use domain::keys::{KeyLife, KeyState};
use serde_json::{Value, json};
use store::registry::{HeldKey, KeptKey, Registry};
use store::seal::Vault;

use super::{Bench, moment};
use crate::keys::rotation::{Occasion, make, withdraw};
use crate::keys::{KeyRing, Keyholder};
use crate::serve;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the signing keys and where each is in its life
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new key, which signs once every relying party can have seen it
    Rotate {
        /// For one algorithm alone
        #[arg(long)]
        algorithm: Option<Algorithm>,
    },
    /// In an emergency: take a key out of use at once. What it signed verifies no more
    Withdraw {
        /// The key, as `idp keys list` names it; after `--` when it begins with a hyphen
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Sign and verify with every key that signs now, and tell how long a signature takes
    Check {
        /// Signatures by each key
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        count: u32,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Algorithm {
    /// ECDSA on P-256 with SHA-256
    #[value(name = "ES256")]
    Es256,
    /// RSA-PSS with SHA-256
    #[value(name = "PS256")]
    Ps256,
    /// Ed25519
    #[value(name = "EdDSA")]
    EdDsa,
    /// RSA with SHA-256
    #[value(name = "RS256")]
    Rs256,
}

impl Algorithm {
    const fn meant(self) -> SigningAlgorithm {
        match self {
            Self::Es256 => SigningAlgorithm::Es256,
            Self::Ps256 => SigningAlgorithm::Ps256,
            Self::EdDsa => SigningAlgorithm::EdDsa,
            Self::Rs256 => SigningAlgorithm::Rs256,
        }
    }
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let vault = serve::vault(&bench.config, bench.random)?;
    let registry = serve::registry(&bench.config, Arc::clone(&vault), &bench.clock).await?;
    let outcome = match command {
        Command::List { json: true } => rows(bench, &registry).await.map(|rows| {
            let rows: Value = rows.iter().map(|(key, state)| document(key, *state)).collect();
            bench.say_json(&rows);
        }),
        Command::List { json: false } => rows(bench, &registry).await.map(|rows| {
            for (key, state) in rows {
                bench.say(&line(&key, state));
            }
        }),
        Command::Rotate { algorithm } => rotate(bench, &registry, &vault, algorithm.map(Algorithm::meant)).await,
        Command::Withdraw { kid } => withdrawn(bench, &registry, &vault, &kid).await,
        Command::Check { count } => check(bench, &registry, &vault, count).await,
    };
    registry.close().await;
    outcome
}

async fn rows<W: Write>(bench: &Bench<'_, W>, registry: &Registry) -> anyhow::Result<Vec<(KeptKey, KeyState)>> {
    let kept = registry.keys().await?;
    let lives: Vec<KeyLife> = kept.iter().map(|key| key.life.clone()).collect();
    let states = bench.config.keys.timetable.states(&lives, bench.clock.now());
    Ok(kept.into_iter().zip(states).collect())
}

async fn rotate<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    vault: &Vault,
    algorithm: Option<SigningAlgorithm>,
) -> anyhow::Result<()> {
    let holder = holder(bench, registry, vault).await?;
    let makes = holder.algorithms();
    let asked = match algorithm {
        None => makes,
        Some(algorithm) if makes.contains(&algorithm) => vec![algorithm],
        Some(algorithm) => bail!("the token makes no {} keys", algorithm.name()),
    };
    let made = make(registry, &holder, &Occasion::Operator(asked), bench.random, &bench.clock).await?;
    for life in made {
        bench.say(&format!("made {}, {}, signs from {}", life.kid, life.algorithm.name(), moment(life.signs_from)));
    }
    Ok(())
}

async fn withdrawn<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    vault: &Vault,
    name: &str,
) -> anyhow::Result<()> {
    let unknown = || format!("there is no key {name:?}: see `idp keys list`");
    let kid = Kid::parse(name).ok().with_context(unknown)?;
    let holder = holder(bench, registry, vault).await?;
    let withdrawn = withdraw(registry, &holder, &kid, bench.random, &bench.clock).await?.with_context(unknown)?;
    bench.say(&format!("withdrew {kid}: every node leaves it within a second"));
    match withdrawn.follows {
        Some(next) => bench.say(&format!("{next} signs in its place")),
        None => bench.say("it did not sign: nothing takes its place"),
    }
    bench.say(
        "relying parties that keep the JWKS trust it until they read it anew: for ten minutes, or as long as they keep \
         it against what is stated",
    );
    match withdrawn.left_behind {
        None => Ok(()),
        Some(error) => bail!("its private half is still on the token, destroy it there: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a signature takes is measured, not decided upon")]
async fn check<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    vault: &Vault,
    count: u32,
) -> anyhow::Result<()> {
    let holder = holder(bench, registry, vault).await?;
    let ring = KeyRing::of(registry.keys().await?.into(), &holder, &bench.clock, bench.clock.now());
    let own = ring.own().context("there is no key yet: `idp keys rotate` or `idp serve` makes the first")?;
    for (algorithm, signer) in ring.signers() {
        let (began, name) = (Instant::now(), algorithm.name());
        let mut last = String::new();
        for number in 0..count {
            last = signer.sign("check", &json!({"number": number})).with_context(|| name)?;
        }
        let each = began.elapsed() / count;
        verify(&last, algorithm, own).with_context(|| format!("{name}: what was signed does not verify"))?;
        bench.say(&format!("{name:<6} signs and verifies, {} µs a signature", each.as_micros()));
    }
    Ok(())
}

async fn holder<W: Write>(bench: &Bench<'_, W>, registry: &Registry, vault: &Vault) -> anyhow::Result<Keyholder> {
    Keyholder::open(&bench.config.keys, vault, registry, &bench.clock).await.context("the keys cannot be opened")
}

fn line(key: &KeptKey, state: KeyState) -> String {
    let KeyLife { kid, algorithm, announced, signs_from } = &key.life;
    format!(
        "{kid:<18} {:<6} {:<10} {:<8} announced {} signs from {}",
        algorithm.name(),
        state.name(),
        held(key),
        moment(*announced),
        moment(*signs_from)
    )
}

fn document(key: &KeptKey, state: KeyState) -> Value {
    let KeyLife { kid, algorithm, announced, signs_from } = &key.life;
    json!({
        "kid": kid, "algorithm": algorithm, "state": state, "holder": held(key),
        "announced": moment(*announced), "signs_from": moment(*signs_from),
    })
}

/// What holds the private half, as the configuration names it.
const fn held(key: &KeptKey) -> &'static str {
    match key.key {
        HeldKey::Sealed(_) => "registry",
        HeldKey::OnToken(_) => "pkcs11",
    }
}
