//! `idp habilitations`: what relying parties were granted; suspend, resume, revoke and narrow it; and the requests that it was
//! granted for ([`super::requests`]). Every change is journalled, and counts on every node within a second, for what was issued before too.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use domain::claims::scopes::Scope;
use domain::habilitation::acting::{Acting, Author};
use domain::habilitation::grant::HabilitationState;
use domain::habilitation::review;
use domain::habilitation::switches::{Deed, Reason};
use domain::id::{ClientId, HabilitationId};
use domain::level::Level;
use domain::organisation::siret::Siret;
use serde_json::{Value, json};
use store::registry::{HabilitationMoved, KeptHabilitation, Registry};

use super::{Bench, requests};
use crate::habilitation::keep::Turn;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the habilitations, the newest first
    List {
        /// Those in this state alone
        #[arg(long)]
        state: Option<State>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one habilitation, or one request
    Show {
        /// Its number, the client_id of a client that has it, or the number of a request
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop what was granted, for a while
    Suspend(Change),
    /// Let a suspended habilitation go on
    Resume(Change),
    /// End what was granted, for good; of a request, all that was granted for it
    Revoke(Change),
    #[command(flatten)]
    Requests(requests::Command),
    /// Put another habilitation with less in its place
    Narrow {
        #[command(flatten)]
        change: Change,
        /// The scopes that stay, with blanks between; all without
        #[arg(long)]
        scopes: Option<String>,
        /// The highest level that may be asked for; as before without
        #[arg(long, value_name = "ACR")]
        level: Option<String>,
    },
}

/// Which habilitation, and why it changes.
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Its number, or the client_id of a client that has it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Why: it stands in the journal; name no person
    #[arg(long, visible_alias = "reason")]
    why: String,
}

/// The state of a habilitation, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    /// In force, within its term.
    Active,
    /// Replaced by another.
    Obsolete,
    /// Stopped for a while.
    Suspended,
    /// Over.
    Revoked,
}

impl State {
    const fn of(self) -> HabilitationState {
        match self {
            Self::Active => HabilitationState::Active,
            Self::Obsolete => HabilitationState::Obsolete,
            Self::Suspended => HabilitationState::Suspended,
            Self::Revoked => HabilitationState::Revoked,
        }
    }
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::List { state, json } => list(bench, &registry, state.map(State::of), json).await,
        Command::Show { id, json } => show(bench, &registry, &id, json).await,
        Command::Suspend(change) => set(bench, &registry, &change, HabilitationState::Suspended).await,
        Command::Resume(change) => set(bench, &registry, &change, HabilitationState::Active).await,
        Command::Revoke(change) => revoke(bench, &registry, &change).await,
        Command::Requests(command) => requests::run(command, bench, &registry).await,
        Command::Narrow { change, scopes, level } => {
            narrow(bench, &registry, &change, (scopes.as_deref(), level.as_deref())).await
        }
    };
    registry.close().await;
    outcome
}

/// The deed of an operator who says why.
pub(super) fn deed(why: &str) -> anyhow::Result<Deed> {
    Ok(Deed { by: Author::Operator, why: Some(Reason::parse(why)?) })
}

/// Who did something, in a word.
pub(super) fn by(author: &Author) -> String {
    match author {
        Author::Partner(partner) => format!("partner {partner}"),
        Author::Operator => "operator".to_owned(),
        Author::Platform => "platform".to_owned(),
        Author::Clock => "clock".to_owned(),
        Author::Token(machine) => format!("token {}", machine.token),
    }
}

/// A habilitation by its number, or by a client that has it.
async fn find(registry: &Registry, id: &str) -> anyhow::Result<KeptHabilitation> {
    let by_client = match ClientId::parse(id) {
        Ok(client) => registry.client(&client).await?.and_then(|found| found.habilitation),
        Err(_) => None,
    };
    let number = match by_client {
        Some(habilitation) => habilitation.id,
        None => HabilitationId::parse(id).map_err(|_| anyhow::anyhow!("there is no habilitation {id:?}"))?,
    };
    registry.habilitation(&number).await?.with_context(|| format!("there is no habilitation {number}"))
}

async fn list<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    state: Option<HabilitationState>,
    json: bool,
) -> anyhow::Result<()> {
    let mut all = registry.habilitations().await?;
    all.retain(|kept| state.is_none_or(|state| kept.habilitation.state == state));
    if json {
        bench.say_json(&all.iter().map(told).collect());
        return Ok(());
    }
    for kept in &all {
        let held = &kept.habilitation;
        let clients: Vec<&str> = kept.clients.iter().map(ClientId::as_str).collect();
        let (state, environment, level) = (held.state.name(), held.environment.name(), held.level.acr());
        bench.say(&format!("{} {state:<9} {environment:<10} {level} {}", held.id, clients.join(" ")));
    }
    Ok(())
}

async fn show<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str, json: bool) -> anyhow::Result<()> {
    if let Some(kept) = requests::find(registry, id).await? {
        requests::show(bench, &kept, json);
        return Ok(());
    }
    let kept = find(registry, id).await?;
    if json {
        bench.say_json(&told(&kept));
        return Ok(());
    }
    let held = &kept.habilitation;
    let none = || "-".to_owned();
    let scopes: Vec<&str> = held.scopes.iter().map(|scope| scope.name()).collect();
    let clients: Vec<&str> = kept.clients.iter().map(ClientId::as_str).collect();
    for (what, value) in [
        ("habilitation", held.id.to_string()),
        ("state", held.state.name().to_owned()),
        ("since", super::moment(kept.updated)),
        ("by", by(&kept.deed.by)),
        ("why", kept.deed.why.as_ref().map_or_else(none, |why| why.as_str().to_owned())),
        ("environment", held.environment.name().to_owned()),
        ("organisation", held.organisation.map_or_else(none, Siret::digits)),
        ("request", held.request.as_ref().map_or_else(none, ToString::to_string)),
        ("scopes", scopes.join(" ")),
        ("level", format!("up to {}", held.level.acr())),
        ("from", super::moment(held.from)),
        ("until", held.until.map_or_else(none, super::moment)),
        ("clients", clients.join(" ")),
    ] {
        bench.say(&format!("{what:<13} {value}"));
    }
    Ok(())
}

/// A request is taken back with all that was granted for it, by its review; anything else by itself.
async fn revoke<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, change: &Change) -> anyhow::Result<()> {
    let Some(kept) = requests::find(registry, &change.id).await? else {
        return set(bench, registry, change, HabilitationState::Revoked).await;
    };
    let (reason, now) = (review::Reason::parse(&change.why)?, bench.clock.now());
    let done = match kept.review.clone().revoke(&Acting::operator(), reason.clone(), now) {
        Ok(done) => done,
        Err(why) => bail!("{why}"),
    };
    requests::change(bench, registry, &kept, &Turn { done, by: Author::Operator, reason: Some(reason) }).await?;
    bench.say(&format!("{} is revoked", change.id));
    Ok(())
}

async fn set<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    change: &Change,
    to: HabilitationState,
) -> anyhow::Result<()> {
    let deed = deed(&change.why)?;
    let id = find(registry, &change.id).await?.habilitation.id;
    let moved = registry.move_habilitation(&id, to, &deed, bench.clock.now()).await?;
    done(moved, &id)?;
    bench.say(&format!("{id} is {}", to.name()));
    Ok(())
}

async fn narrow<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    change: &Change,
    (scopes, level): (Option<&str>, Option<&str>),
) -> anyhow::Result<()> {
    let deed = deed(&change.why)?;
    let held = find(registry, &change.id).await?.habilitation;
    let scopes = match scopes {
        None => held.scopes.clone(),
        Some(text) => read_scopes(text)?,
    };
    let level = match level {
        None => held.level,
        Some(text) => Level::from_acr(text).with_context(|| format!("{text:?} is no level: eidas1, eidas2, eidas3"))?,
    };
    let (id, now) = (HabilitationId::from_random(bench.random.bytes()), bench.clock.now());
    let Some(next) = held.narrowed(id, &scopes, level, now) else {
        bail!("nothing would change: a habilitation is narrowed to fewer scopes or to a lower level");
    };
    done(registry.replace_habilitation(&held.id, &next, &deed, now).await?, &held.id)?;
    bench.say(&format!("{} takes the place of {}", next.id, held.id));
    Ok(())
}

fn read_scopes(text: &str) -> anyhow::Result<BTreeSet<Scope>> {
    let scope = |word: &str| Scope::parse(word).with_context(|| format!("there is no scope {word:?}"));
    let scopes: BTreeSet<Scope> = text.split_ascii_whitespace().map(scope).collect::<anyhow::Result<_>>()?;
    if !scopes.contains(&Scope::OPENID) {
        bail!("openid stays: without it no citizen is signed in; revoke the habilitation for that");
    }
    Ok(scopes)
}

fn done(moved: HabilitationMoved, id: &HabilitationId) -> anyhow::Result<()> {
    match moved {
        HabilitationMoved::Done => Ok(()),
        HabilitationMoved::Missing => bail!("there is no habilitation {id}"),
        HabilitationMoved::Not(state) => bail!("{id} is {}: nothing leads there from this state", state.name()),
    }
}

fn told(kept: &KeptHabilitation) -> Value {
    let held = &kept.habilitation;
    json!({
        "habilitation": held.id, "state": held.state, "environment": held.environment,
        "organisation": held.organisation, "request": held.request, "scopes": held.scopes, "level": held.level,
        "from": held.from, "until": held.until, "clients": kept.clients, "by": kept.deed.by, "why": kept.deed.why,
        "updated": kept.updated,
    })
}
