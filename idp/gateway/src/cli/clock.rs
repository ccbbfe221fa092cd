//! `idp clock`: the latest moment that any node has seen. Behind it nobody signs in by card; an operator who put a clock right
//! that had been ahead says so here.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::journal::Act;
use serde_json::json;
use store::registry::Registry;

use super::Bench;
use super::cards::said;
use super::moment;
use crate::serve;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell the latest moment that was seen, and what time it is here
    Show,
    /// Take now for the latest moment, where a clock had been ahead; running gateways follow within a minute
    SetBack {
        /// Why: kept in the journal
        #[arg(long)]
        word: String,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let vault = serve::vault(&bench.config, bench.random)?;
    let registry = serve::registry(&bench.config, vault, &bench.clock).await?;
    let outcome = match command {
        Command::Show => show(bench, &registry).await,
        Command::SetBack { word } => set_back(bench, &registry, &word).await,
    };
    registry.close().await;
    outcome
}

async fn show<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry) -> anyhow::Result<()> {
    let seen = registry.latest_time().await?;
    bench.say_json(&json!({"seen": seen.map(moment), "now": moment(bench.clock.now())}));
    Ok(())
}

async fn set_back<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, word: &str) -> anyhow::Result<()> {
    let (word, now) = (said(word)?, bench.clock.now());
    let seen = registry.latest_time().await?.context("no gateway has run yet")?;
    if seen <= now {
        bail!("the latest moment that was seen is {}: there is nothing to set back", moment(seen));
    }
    registry.set_time_back(now, &[Act::ClockSetBack { seen, word: word.to_owned() }]).await?;
    bench.say(&format!("set back from {} to {}", moment(seen), moment(now)));
    Ok(())
}
