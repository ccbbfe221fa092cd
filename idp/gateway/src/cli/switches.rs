//! `idp switches`: stop a service, a provider or a level on every node at once, and prove that it works.
//!
//! The drill is no simulation: the service is off, for real, until every node that was named refuses; then it is on again,
//! and the drill ends when every node serves it.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::habilitation::acting::Author;
use domain::habilitation::switches::{Deed, Off, Switch};
use domain::id::ClientId;
use http::Request;
use http::header::LOCATION;
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::Registry;
use tokio::time::Instant;

use super::Bench;
use super::habilitations::{by, deed};
use crate::outbound::http::Http;

/// What a node has to refuse within.
const LIMIT: Duration = Duration::from_secs(1);

/// When a drill is given up: long after the limit, so that the time that it took is told.
const GIVE_UP: Duration = Duration::from_secs(30);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what is switched off
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Switch a service, a provider or a level off
    Off {
        /// service:CLIENT_ID, provider:ID or level:ACR
        switch: Switch,
        /// Why: it stands in the journal; name no person
        #[arg(long)]
        why: String,
    },
    /// Switch it on again
    On {
        /// service:CLIENT_ID, provider:ID or level:ACR
        switch: Switch,
        /// Why: it stands in the journal; name no person
        #[arg(long)]
        why: String,
    },
    /// Switch a service off for real, measure until every node refuses it, and switch it on again
    Drill {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        client: String,
        /// Where a node is asked, once for each; at the issuer without
        #[arg(long = "node", value_name = "URL")]
        nodes: Vec<String>,
        /// Why: it stands in the journal; name no person
        #[arg(long)]
        why: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::List { json } => list(bench, &registry, json).await,
        Command::Off { switch, why } => off(bench, &registry, &switch, &why).await,
        Command::On { switch, why } => on(bench, &registry, &switch, &why).await,
        Command::Drill { client, nodes, why, json } => {
            let nodes = if nodes.is_empty() { vec![bench.config.issuer.as_str().to_owned()] } else { nodes };
            drill(bench, &registry, Plan { client, nodes, why }, json).await
        }
    };
    registry.close().await;
    outcome
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, json: bool) -> anyhow::Result<()> {
    let switches = registry.switches().await?;
    if json {
        let told = |(switch, off): (Switch, &Off)| json!({"switch": switch.to_string(), "by": off.by, "why": off.why, "since": off.since});
        bench.say_json(&switches.all().map(told).collect());
        return Ok(());
    }
    for (switch, off) in switches.all() {
        let since = super::moment(off.since);
        bench.say(&format!("{switch:<40} off since {since} by {}: {}", by(&off.by), off.why.as_str()));
    }
    Ok(())
}

/// What was mistyped stops nothing: a switch names what there is.
async fn known<W: Write>(bench: &Bench<'_, W>, registry: &Registry, switch: &Switch) -> anyhow::Result<()> {
    let there = match switch {
        Switch::Service(client) => registry.client(client).await?.is_some(),
        Switch::Provider(provider) => {
            let own = bench.config.cnie.as_ref().is_some_and(|cnie| cnie.id == *provider);
            own || bench.config.providers.iter().any(|known| known.id == *provider)
        }
        Switch::Level(_) => true,
    };
    if there { Ok(()) } else { bail!("{switch} names nothing that this gateway knows") }
}

async fn off<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    switch: &Switch,
    why: &str,
) -> anyhow::Result<()> {
    known(bench, registry, switch).await?;
    let Deed { by, why } = deed(why)?;
    let off = Off { by, why: why.context("a reason is due")?, since: bench.clock.now() };
    match registry.switch_off(switch, &off).await? {
        Put::Fresh => bench.say(&format!("{switch} is off")),
        Put::Taken => bail!("{switch} is off already"),
    }
    Ok(())
}

async fn on<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, switch: &Switch, why: &str) -> anyhow::Result<()> {
    if !registry.switch_on(switch, &deed(why)?, bench.clock.now()).await? {
        bail!("{switch} is not off");
    }
    bench.say(&format!("{switch} is on"));
    Ok(())
}

/// What is drilled, where it is asked, and why.
struct Plan {
    client: String,
    nodes: Vec<String>,
    why: String,
}

/// How long one node took.
struct Took {
    node: String,
    off: Duration,
    on: Duration,
}

async fn drill<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, plan: Plan, json: bool) -> anyhow::Result<()> {
    let id = ClientId::parse(&plan.client).map_err(|_| anyhow::anyhow!("there is no client {:?}", plan.client))?;
    let client = registry.client(&id).await?.with_context(|| format!("there is no client {id}"))?.client;
    let redirect = client.redirect_uris().first().context("the client has no redirect URI to ask with")?;
    let http = Http::new(&bench.config.egress)?;
    let probe = Probe { http: &http, client: &id, redirect };
    for node in &plan.nodes {
        if probe.refuses(node).await? {
            bail!("{node} refuses {id} already: a drill begins with a service that is served");
        }
    }
    let switch = Switch::Service(id.clone());
    let Deed { by, why } = deed(&plan.why)?;
    let off = Off { by, why: why.clone().context("a reason is due")?, since: bench.clock.now() };
    if registry.switch_off(&switch, &off).await? == Put::Taken {
        bail!("{switch} is off already");
    }
    let stopped = probe.all(&plan.nodes, true, Instant::now()).await;
    // Whatever was measured, the service is served again.
    registry.switch_on(&switch, &Deed { by: Author::Operator, why }, bench.clock.now()).await?;
    let served = probe.all(&plan.nodes, false, Instant::now()).await?;
    let took: Vec<Took> = plan
        .nodes
        .into_iter()
        .zip(stopped?.into_iter().zip(served))
        .map(|(node, (off, on))| Took { node, off, on })
        .collect();
    report(bench, &id, &took, json);
    let slowest = took.iter().flat_map(|took| [took.off, took.on]).max().unwrap_or_default();
    if slowest > LIMIT {
        bail!("the slowest node took {} ms: more than {} ms", slowest.as_millis(), LIMIT.as_millis());
    }
    Ok(())
}

fn report<W: Write>(bench: &mut Bench<'_, W>, client: &ClientId, took: &[Took], json: bool) {
    if json {
        let told =
            |took: &Took| json!({"node": took.node, "off_ms": milliseconds(took.off), "on_ms": milliseconds(took.on)});
        let nodes: Vec<Value> = took.iter().map(told).collect();
        bench.say_json(&json!({"client": client, "limit_ms": milliseconds(LIMIT), "nodes": nodes}));
        return;
    }
    for Took { node, off, on } in took {
        let (off, on) = (off.as_millis(), on.as_millis());
        bench.say(&format!("{node}: refuses after {off} ms, serves again after {on} ms"));
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How a node is asked whether it serves a client: with a request that lacks everything else, which is told to the client
/// for what it lacks when the client is served, and for that when it is not. Nothing is kept of it.
struct Probe<'a> {
    http: &'a Http,
    client: &'a ClientId,
    redirect: &'a str,
}

impl Probe<'_> {
    async fn refuses(&self, node: &str) -> anyhow::Result<bool> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", self.client.as_str())
            .append_pair("redirect_uri", self.redirect)
            .append_pair("response_mode", "query")
            .finish();
        let url = format!("{}/authorize?{query}", node.trim_end_matches('/'));
        let request = Request::get(url).body(Vec::new())?;
        let answer = self.http.send(request).await.with_context(|| node.to_owned())?;
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.and_then(|text| url::Url::parse(text).ok());
        let error = location.as_ref().and_then(|url| url.query_pairs().find(|(name, _)| name == "error"));
        match error.map(|(_, error)| error).as_deref() {
            Some("temporarily_unavailable") => Ok(true),
            Some("invalid_request") => Ok(false),
            _ => bail!("{node} answers {} and tells neither that it serves the client nor why not", answer.status()),
        }
    }

    /// How long after `since` each node came to refuse, or to serve again.
    async fn all(&self, nodes: &[String], refused: bool, since: Instant) -> anyhow::Result<Vec<Duration>> {
        futures_util::future::try_join_all(nodes.iter().map(|node| self.until(node, refused, since))).await
    }

    async fn until(&self, node: &str, refused: bool, since: Instant) -> anyhow::Result<Duration> {
        loop {
            let asked = since.elapsed();
            if self.refuses(node).await? == refused {
                // When it was asked: the answer was under way already.
                return Ok(asked);
            }
            if asked > GIVE_UP {
                bail!("{node} did not follow within {} s", GIVE_UP.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
