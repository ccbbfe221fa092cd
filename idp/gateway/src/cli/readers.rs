//! `idp readers`: the desk readers of communes. Every change is journalled.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::id::ReaderId;
use domain::journal::ReaderChange;
use domain::people::name::Name;
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::Registry;

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
    /// List the readers of a commune; without one, those of all that wait to be accepted
    List {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Accept a reader that a commune proposed and that proved its key: it is heard from now on
    Accept {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE")]
        commune: String,
        /// The reader
        #[arg(allow_hyphen_values = true)]
        id: String,
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
        Command::List { commune, json } => list(bench, &registry, commune.as_deref(), json).await,
        Command::Accept { commune, id } => accept(bench, &registry, &commune, &id).await,
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
        proved: None,
    };
    match registry.insert_reader(&reader, None, bench.clock.now()).await? {
        Put::Fresh => Ok(reader),
        Put::Taken => bail!("{}: this key is registered already, or was withdrawn: each reader has its own", place()),
    }
}

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    commune: Option<&str>,
    json: bool,
) -> anyhow::Result<()> {
    let readers = match commune {
        Some(commune) => registry.readers(&communes::find(registry, commune).await?.code).await?,
        None => registry.readers_proposed().await?,
    };
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
    let reader = find(registry, commune, id).await?;
    let withdrawn = reader.withdrawn().with_context(|| format!("{id} was withdrawn before"))?;
    keep(bench, registry, (&reader, &withdrawn), ReaderChange::Withdrawn).await?;
    bench.say(&format!("{id} is withdrawn"));
    Ok(())
}

async fn accept<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    commune: &str,
    id: &str,
) -> anyhow::Result<()> {
    let reader = find(registry, commune, id).await?;
    let accepted = reader.accepted()?;
    keep(bench, registry, (&reader, &accepted), ReaderChange::Accepted).await?;
    bench.say(&format!("{id} is accepted"));
    Ok(())
}

async fn find(registry: &Registry, commune: &str, id: &str) -> anyhow::Result<Reader> {
    let commune = communes::find(registry, commune).await?.code;
    let mut readers = registry.readers(&commune).await?.into_iter();
    readers.find(|reader| reader.id.as_str() == id).with_context(|| format!("{commune} has no reader {id:?}"))
}

async fn keep<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    readers: (&Reader, &Reader),
    change: ReaderChange,
) -> anyhow::Result<()> {
    match registry.change_reader(readers, change, None, bench.clock.now()).await? {
        Put::Fresh => Ok(()),
        Put::Taken => bail!("the reader was changed at the same time: look again"),
    }
}

fn told<W: Write>(bench: &mut Bench<'_, W>, reader: &Reader, json: bool) {
    if json {
        bench.say_json(&summary(reader));
        return;
    }
    let (state, jkt) = (state_of(reader), reader.key.thumbprint().as_str());
    bench.say(&format!("{} {} {state:<10} {jkt} {}", reader.id, reader.commune, reader.name));
}

fn summary(reader: &Reader) -> Value {
    json!({
        "id": reader.id, "commune": reader.commune, "name": reader.name, "jkt": reader.key.thumbprint().as_str(),
        "state": state_of(reader),
    })
}

/// A proposal that proved its key waits for this command line alone.
const fn state_of(reader: &Reader) -> &'static str {
    match (reader.state, reader.proved) {
        (ReaderState::Proposed, None) => "proposed",
        (ReaderState::Proposed, Some(_)) => "proved",
        (ReaderState::Registered, _) => "registered",
        (ReaderState::Withdrawn, _) => "withdrawn",
    }
}
