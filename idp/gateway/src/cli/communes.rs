//! `idp communes`: enrol communes, and say how far they have come. Every change is journalled.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::Name;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Registry, Updated};

use super::Bench;
use crate::pages::paris;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Enrol a commune
    Add {
        /// Its INSEE code
        code: String,
        /// Its name
        #[arg(long)]
        name: String,
        /// From which day on its desk certifies, YYYY-MM-DD; later without
        #[arg(long, value_name = "DAY")]
        certifies_from: Option<String>,
    },
    /// List the communes
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the name or the state of a commune
    Set {
        /// Its INSEE code
        code: String,
        /// Its name
        #[arg(long)]
        name: Option<String>,
        /// How far it has come
        #[arg(long)]
        state: Option<State>,
        /// For `certifying`: the first day, YYYY-MM-DD; today without
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
    },
}

/// The state of a commune, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    /// It takes part; its desk does not certify yet.
    Enrolled,
    /// Its desk certifies.
    Certifying,
    /// It put off taking part.
    Postponed,
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Add { code, name, certifies_from } => add(bench, &registry, &code, &name, certifies_from).await,
        Command::List { json } => list(bench, &registry, json).await,
        Command::Set { code, name, state, from } => {
            let change = Change { name, state, from };
            set(bench, &registry, &code, change).await
        }
    };
    registry.close().await;
    outcome
}

async fn add<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    code: &str,
    name: &str,
    certifies_from: Option<String>,
) -> anyhow::Result<()> {
    let state = match certifies_from {
        Some(day) => CommuneState::Certifying { from: first_day(&day)? },
        None => CommuneState::Enrolled,
    };
    let commune = Commune { code: read_code(code)?, name: Name::parse(name)?, state };
    match registry.insert_commune(&commune, bench.clock.now()).await? {
        Put::Fresh => bench.say(&told(&commune)),
        Put::Taken => bail!("{code} is enrolled already: change it by `idp communes set`"),
    }
    Ok(())
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, json: bool) -> anyhow::Result<()> {
    let communes = registry.communes().await?;
    if json {
        bench.say_json(&communes.iter().map(summary).collect());
        return Ok(());
    }
    for commune in &communes {
        bench.say(&told(commune));
    }
    Ok(())
}

struct Change {
    name: Option<String>,
    state: Option<State>,
    from: Option<String>,
}

async fn set<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    code: &str,
    change: Change,
) -> anyhow::Result<()> {
    let mut commune = find(registry, code).await?;
    if let Some(name) = change.name {
        commune.name = Name::parse(&name)?;
    }
    commune.state = match (change.state, change.from) {
        (None, None) => commune.state,
        (Some(State::Enrolled), None) => CommuneState::Enrolled,
        (Some(State::Postponed), None) => CommuneState::Postponed,
        (Some(State::Certifying), None) => CommuneState::Certifying { from: bench.clock.now() },
        (Some(State::Certifying), Some(day)) => CommuneState::Certifying { from: first_day(&day)? },
        (None | Some(State::Enrolled | State::Postponed), Some(_)) => bail!("--from goes with --state certifying"),
    };
    match registry.update_commune(&commune, bench.clock.now()).await? {
        Updated::Done => bench.say(&told(&commune)),
        Updated::Missing => bail!("{code} went away meanwhile"),
    }
    Ok(())
}

/// A commune that is enrolled.
pub(super) async fn find(registry: &Registry, code: &str) -> anyhow::Result<Commune> {
    let found = registry.commune(&read_code(code)?).await?;
    found.with_context(|| format!("{code} is not enrolled: `idp communes add {code} --name …`"))
}

fn read_code(code: &str) -> anyhow::Result<CommuneCode> {
    CommuneCode::parse(code).with_context(|| code.to_owned())
}

/// The beginning of a day in Paris.
pub(super) fn first_day(day: &str) -> anyhow::Result<Timestamp> {
    paris::beginning_of(day).with_context(|| format!("{day:?} is not a day such as 2026-09-01"))
}

fn told(commune: &Commune) -> String {
    let state = match commune.state {
        CommuneState::Enrolled => "enrolled".to_owned(),
        CommuneState::Certifying { from } => format!("certifying from {}", paris::written(from)),
        CommuneState::Postponed => "postponed".to_owned(),
    };
    format!("{:<5} {:<26} {}", commune.code, state, commune.name)
}

fn summary(commune: &Commune) -> Value {
    let (state, from) = match commune.state {
        CommuneState::Enrolled => ("enrolled", None),
        CommuneState::Certifying { from } => ("certifying", Some(paris::written(from))),
        CommuneState::Postponed => ("postponed", None),
    };
    json!({
        "code": commune.code, "name": commune.name, "departement": commune.departement(), "state": state, "from": from,
    })
}
