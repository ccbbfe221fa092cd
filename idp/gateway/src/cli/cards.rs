//! `idp cards`: what an operator does to identities on cards. Each act is journalled with the operator's word, told to the
//! holder by mail, and counts on every node at once: an identity is read anew each time it is used.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use domain::cnie::identity::{AnyIdentity, Closure};
use domain::cnie::link::LinkSecret;
use domain::id::IdentityId;
use serde_json::{Value, json};
use store::registry::{Kept, Registry};

use super::{Bench, moment};
use crate::cnie::acts::Acts;
use crate::cnie::links::Links;
use crate::cnie::telling::Cause;
use crate::serve;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List identities by id, state and dates; they name nobody
    List {
        /// In this state alone
        #[arg(long, value_name = "STATE", value_parser = STATES)]
        state: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one identity: its state, its dates, what happened to it
    Show {
        /// The identity, as `idp cards list` and the journal name it
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Suspend a certified identity, until its holder shows card and code again
    Suspend {
        /// The identity
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Why: kept in the journal, told to nobody
        #[arg(long)]
        word: String,
    },
    /// Close an identity for good
    Close {
        /// The identity
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// What was found
        #[arg(long)]
        why: Why,
        /// More about it: kept in the journal, told to nobody
        #[arg(long)]
        word: String,
    },
}

const STATES: [&str; 8] =
    ["created", "active", "requested", "at_desk", "awaiting_activation", "certified", "suspended", "closed"];

/// What an operator closes an identity for. All else its holder, time or the card authority does.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Why {
    /// Fraud
    Fraud,
    /// Its holder died
    HolderDeceased,
    /// The desk was wrong
    DeskError,
    /// The State revoked the key that signed the card
    SignerRevoked,
}

impl Why {
    const fn closure(self) -> Closure {
        match self {
            Self::Fraud => Closure::Fraud,
            Self::HolderDeceased => Closure::HolderDeceased,
            Self::DeskError => Closure::DeskError,
            Self::SignerRevoked => Closure::SignerRevoked,
        }
    }
}

/// The longest word of an operator.
const LONGEST_WORD: usize = 500;

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let vault = serve::vault(&bench.config, bench.random)?;
    let secret = LinkSecret::new(*vault.derive("card-link"));
    let registry = serve::registry(&bench.config, vault, &bench.clock).await?;
    let issuer = bench.config.issuer.clone();
    let links = Links::new(&issuer, &secret);
    let acts = Acts { registry: &registry, links, mail: None, now: bench.clock.now() };
    let outcome = match command {
        Command::List { state, json } => list(bench, &registry, (state.as_deref(), json)).await,
        Command::Show { id } => show(bench, acts, &id).await,
        Command::Suspend { id, word } => suspend(bench, acts, (&id, &word)).await,
        Command::Close { id, why, word } => close(bench, acts, (&id, why, &word)).await,
    };
    registry.close().await;
    outcome
}

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (state, as_json): (Option<&str>, bool),
) -> anyhow::Result<()> {
    let mut after = None;
    let mut all = Vec::new();
    loop {
        let found = registry.identities(state, after.as_ref(), 500).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.identity.common().id().clone());
        for kept in &found {
            if as_json {
                all.push(summary(&kept.identity));
            } else {
                bench.say(&line(&kept.identity));
            }
        }
    }
    if as_json {
        bench.say_json(&Value::from(all));
    }
    Ok(())
}

async fn show<W: Write>(bench: &mut Bench<'_, W>, acts: Acts<'_>, id: &str) -> anyhow::Result<()> {
    let kept = found(acts, &named(id)?).await?;
    let events = kept.identity.common().history();
    let events = events.iter().map(|event| json!({"at": moment(event.at), "what": event.happened.name()}));
    let mut value = summary(&kept.identity);
    value["events"] = events.collect();
    bench.say_json(&value);
    Ok(())
}

async fn suspend<W: Write>(bench: &mut Bench<'_, W>, acts: Acts<'_>, (id, word): (&str, &str)) -> anyhow::Result<()> {
    let (id, word) = (named(id)?, said(word)?);
    let before = found(acts, &id).await?;
    if !before.identity.is_certified() {
        bail!("the identity is {}: only a certified one is suspended", before.identity.state());
    }
    let act = |identity: AnyIdentity| identity.suspend(acts.now).map_or_else(|other| other, AnyIdentity::from);
    let after = acts.act(&id, Cause::Operator(word), act).await?.context("the identity is erased")?;
    if !matches!(after, AnyIdentity::Suspended(_)) {
        bail!("the identity became {} meanwhile: nothing was done", after.state());
    }
    bench.say(&format!("suspended {id}"));
    Ok(())
}

async fn close<W: Write>(
    bench: &mut Bench<'_, W>,
    acts: Acts<'_>,
    (id, why, word): (&str, Why, &str),
) -> anyhow::Result<()> {
    let (id, word) = (named(id)?, said(word)?);
    if found(acts, &id).await?.identity.is_closed() {
        bail!("the identity is closed already");
    }
    let act = |identity: AnyIdentity| identity.close(why.closure(), acts.now);
    acts.act(&id, Cause::Operator(word), act).await?.context("the identity is erased")?;
    bench.say(&format!("closed {id}"));
    Ok(())
}

fn named(id: &str) -> anyhow::Result<IdentityId> {
    IdentityId::parse(id).map_err(|fault| anyhow::anyhow!("{id} names no identity: {fault}"))
}

/// The operator's word: something, of one line, that fits into an entry of the journal.
pub(super) fn said(word: &str) -> anyhow::Result<&str> {
    let word = word.trim();
    if word.is_empty() || word.len() > LONGEST_WORD || word.chars().any(char::is_control) {
        bail!("--word must say why in one line of at most {LONGEST_WORD} octets");
    }
    Ok(word)
}

async fn found(acts: Acts<'_>, id: &IdentityId) -> anyhow::Result<Kept> {
    acts.find(id).await?.context("there is no such identity")
}

fn line(identity: &AnyIdentity) -> String {
    let common = identity.common();
    let certified = identity.certified_until().map_or_else(String::new, |until| format!(" until {}", moment(until)));
    format!("{} {:<19} created {}{certified}", common.id(), identity.state(), moment(common.created()))
}

/// Nothing of the citizen: neither address nor card.
fn summary(identity: &AnyIdentity) -> Value {
    let common = identity.common();
    json!({
        "id": common.id(), "state": identity.state(), "created": moment(common.created()),
        "certified_until": identity.certified_until().map(moment), "card_expires": moment(common.card_expires()),
        "leaves": common.leaves().map(moment), "case": identity.case(),
    })
}

#[cfg(test)]
#[path = "cards_tests.rs"]
mod tests;
