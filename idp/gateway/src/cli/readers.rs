//! `idp readers`: the desk readers of communes. Every change is journalled.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::id::ReaderId;
use domain::people::name::Name;
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Registry, Updated};

use super::{Bench, communes};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a reader of a commune
    Add {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// What the commune calls it
        #[arg(long)]
        name: String,
        /// Its public key, P-256, JWK
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the readers of a commune
    List {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Withdraw a reader, at once and for good
    Remove {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// The reader
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Add { commune, name, key, json } => match add(bench, &registry, &commune, &name, &key).await {
            Ok(reader) => {
                told(bench, &reader, json);
                Ok(())
            }
            Err(error) => Err(error),
        },
        Command::List { commune, json } => list(bench, &registry, &commune, json).await,
        Command::Remove { commune, id } => remove(bench, &registry, &commune, &id).await,
    };
    registry.close().await;
    outcome
}

async fn add<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    commune: &str,
    name: &str,
    key: &Path,
) -> anyhow::Result<Reader> {
    let place = || key.display().to_string();
    let jwk: Value = serde_json::from_slice(&std::fs::read(key).with_context(place)?).with_context(place)?;
    let reader = Reader {
        id: ReaderId::from_random(bench.random.bytes()),
        commune: communes::find(registry, commune).await?.code,
        name: Name::parse(name)?,
        key: ReaderKey::of(&jwk).with_context(place)?,
        state: ReaderState::Registered,
    };
    match registry.insert_reader(&reader, None, bench.clock.now()).await? {
        Put::Fresh => Ok(reader),
        Put::Taken => bail!("{}: this key is registered already, or was withdrawn: each reader has its own", place()),
    }
}

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    commune: &str,
    json: bool,
) -> anyhow::Result<()> {
    let readers = registry.readers(&communes::find(registry, commune).await?.code).await?;
    if json {
        bench.say_json(&readers.iter().map(summary).collect());
        return Ok(());
    }
    for reader in &readers {
        told(bench, reader, false);
    }
    Ok(())
}

async fn remove<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    commune: &str,
    id: &str,
) -> anyhow::Result<()> {
    let commune = communes::find(registry, commune).await?.code;
    let id = ReaderId::parse(id).ok().with_context(|| format!("there is no reader {id:?}"))?;
    match registry.withdraw_reader(&id, &commune, None, bench.clock.now()).await? {
        Updated::Done => bench.say(&format!("{id} is withdrawn")),
        Updated::Missing => bail!("{commune} has no reader {id}, or withdrew it"),
    }
    Ok(())
}

fn told<W: Write>(bench: &mut Bench<'_, W>, reader: &Reader, json: bool) {
    if json {
        bench.say_json(&summary(reader));
        return;
    }
    let (state, jkt) = (state_name(reader.state), reader.key.thumbprint().as_str());
    bench.say(&format!("{} {state:<10} {jkt} {}", reader.id, reader.name));
}

fn summary(reader: &Reader) -> Value {
    json!({
        "id": reader.id, "commune": reader.commune, "name": reader.name, "jkt": reader.key.thumbprint().as_str(),
        "state": state_name(reader.state),
    })
}

const fn state_name(state: ReaderState) -> &'static str {
    match state {
        ReaderState::Registered => "registered",
        ReaderState::Withdrawn => "withdrawn",
    }
}
