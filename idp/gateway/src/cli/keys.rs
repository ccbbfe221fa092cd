//! `idp keys`: list the signing keys, and make new ones.

use std::io::Write;

use clap::{Subcommand, ValueEnum};
use domain::jose::SigningAlgorithm;
use domain::keys::{KeyLife, KeyState, states};
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::registry::Registry;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Bench;

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
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Algorithm {
    /// ECDSA on P-256 with SHA-256
    #[value(name = "ES256")]
    Es256,
    /// RSA with SHA-256
    #[value(name = "RS256")]
    Rs256,
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::List { json: true } => rows(bench, &registry).await.map(|rows| {
            let rows: Value = rows.iter().map(|(life, state)| document(life, *state)).collect();
            bench.say_json(&rows);
        }),
        Command::List { json: false } => rows(bench, &registry).await.map(|rows| {
            for (life, state) in rows {
                bench.say(&line(&life, state));
            }
        }),
        Command::Rotate { algorithm } => rotate(bench, &registry, algorithm).await,
    };
    registry.close().await;
    outcome
}

async fn rows<W: Write>(bench: &Bench<'_, W>, registry: &Registry) -> anyhow::Result<Vec<(KeyLife, KeyState)>> {
    let lives: Vec<KeyLife> = registry.keys().await?.into_iter().map(|kept| kept.life).collect();
    let states = states(&lives, bench.clock.now());
    Ok(lives.into_iter().zip(states).collect())
}

async fn rotate<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    algorithm: Option<Algorithm>,
) -> anyhow::Result<()> {
    let algorithms = match algorithm {
        None => SigningAlgorithm::ALL.to_vec(),
        Some(Algorithm::Es256) => vec![SigningAlgorithm::Es256],
        Some(Algorithm::Rs256) => vec![SigningAlgorithm::Rs256],
    };
    for algorithm in algorithms {
        let life = crate::keys::make(registry, algorithm, bench.random, bench.clock.now()).await?;
        bench.say(&format!("made {}, {}, signs from {}", life.kid, algorithm.name(), moment(life.signs_from)));
    }
    Ok(())
}

fn line(life: &KeyLife, state: KeyState) -> String {
    format!(
        "{:<18} {:<6} {:<10} announced {} signs from {}",
        life.kid,
        life.algorithm.name(),
        name(state),
        moment(life.announced),
        moment(life.signs_from)
    )
}

fn document(life: &KeyLife, state: KeyState) -> Value {
    json!({
        "kid": life.kid, "algorithm": life.algorithm, "state": state,
        "announced": moment(life.announced), "signs_from": moment(life.signs_from),
    })
}

const fn name(state: KeyState) -> &'static str {
    match state {
        KeyState::Announced => "announced",
        KeyState::Signing => "signing",
        KeyState::Verifying => "verifying",
        KeyState::Retired => "retired",
    }
}

/// RFC 3339, in UTC.
fn moment(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.epoch())
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.epoch().to_string())
}
