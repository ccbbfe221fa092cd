//! `idp webhooks`: programs that are told what becomes of requests for habilitations. Every change is journalled.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::habilitation::acting::Author;
use domain::habilitation::webhook::{HookEvent, SharedSecret, Webhook, WebhookUri, test_body};
use domain::id::{WebhookCallId, WebhookId};
use domain::journal::{Act, WebhookChange};
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Changed, KeptCall, KeptWebhook, Registry, Tried, Updated};

use super::{Bench, moment};
use crate::outbound::egress;
use crate::outbound::http::Http;
use crate::outbound::webhooks::Caller;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a webhook; its secret is shown this once, and nothing is told before a test was passed
    Add {
        /// Where it is called: https, or http on loopback
        url: String,
        #[command(flatten)]
        events: Events,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the webhooks
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a call that tells of nothing, which has to be answered 200, 201 or 204
    Test {
        /// The webhook
        id: String,
    },
    /// Call it from now on; a test has to be passed first
    Enable {
        /// The webhook
        id: String,
    },
    /// Call it no more
    Disable {
        /// The webhook
        id: String,
    },
    /// Make another secret, shown this once; it is off until a test is passed
    Rotate {
        /// The webhook
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Call it elsewhere, where it is off until a test is passed; or tell it of something else
    Change {
        /// The webhook
        id: String,
        /// The new address
        #[arg(long)]
        url: Option<String>,
        #[command(flatten)]
        events: Events,
    },
    /// Remove a webhook and its history
    Remove {
        /// The webhook
        id: String,
    },
    /// List the calls of a webhook, the last first
    Deliveries {
        /// The webhook
        id: String,
        /// As many at most
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Print JSON, with the body and what was answered
        #[arg(long)]
        json: bool,
    },
    /// Make a call again, whatever became of it
    Replay {
        /// The call
        call: String,
    },
}

/// What a webhook is told of.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// An event, once for each; all of them without
    #[arg(long = "event", value_name = "EVENT", value_parser = event)]
    events: Vec<HookEvent>,
}

fn event(name: &str) -> Result<HookEvent, String> {
    let known = || HookEvent::ALL.iter().map(|event| event.name()).collect::<Vec<_>>().join(", ");
    HookEvent::parse(name).ok_or_else(|| format!("is none of {}", known()))
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Add { url, events, json } => add(bench, &registry, &url, events, json).await,
        Command::List { json } => list(bench, &registry, json).await,
        Command::Test { id } => test(bench, &registry, &id).await,
        Command::Enable { id } => enable(bench, &registry, &id).await,
        Command::Disable { id } => {
            let found = find(&registry, &id).await?;
            let off = found.webhook.clone().disabled();
            change(bench, &registry, (&found, &off), WebhookChange::Disabled, "is not called any more").await
        }
        Command::Rotate { id, json } => rotate(bench, &registry, &id, json).await,
        Command::Change { id, url, events } => elsewhere(bench, &registry, &id, (url.as_deref(), events)).await,
        Command::Remove { id } => remove(bench, &registry, &id).await,
        Command::Deliveries { id, limit, json } => deliveries(bench, &registry, &id, (limit, json)).await,
        Command::Replay { call } => replay(bench, &registry, &call).await,
    };
    registry.close().await;
    outcome
}

async fn find(registry: &Registry, id: &str) -> anyhow::Result<KeptWebhook> {
    let none = || format!("there is no webhook {id:?}");
    let id = WebhookId::parse(id).ok().with_context(none)?;
    registry.webhook(&id).await?.with_context(none)
}

fn act(webhook: &Webhook, change: WebhookChange) -> Act {
    Act::WebhookChanged { webhook: webhook.id.clone(), change, by: Author::Operator }
}

fn host(webhook: &Webhook) -> String {
    webhook.uri.url().host_str().unwrap_or_default().to_owned()
}

/// An address that may be called: what the egress rule refuses by its number is told at once.
fn address<W: Write>(bench: &Bench<'_, W>, text: &str) -> anyhow::Result<WebhookUri> {
    let uri = WebhookUri::parse(text).with_context(|| format!("{text} cannot be called"))?;
    egress::check(&bench.config.egress, uri.url()).with_context(|| format!("{text} cannot be called"))?;
    Ok(uri)
}

fn selected(events: Events) -> BTreeSet<HookEvent> {
    if events.events.is_empty() {
        HookEvent::ALL.iter().copied().collect()
    } else {
        events.events.into_iter().collect()
    }
}

async fn add<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    url: &str,
    events: Events,
    json: bool,
) -> anyhow::Result<()> {
    let (uri, secret) = (address(bench, url)?, SharedSecret::from_random(&bench.random.bytes()));
    let webhook = Webhook::new(WebhookId::from_random(bench.random.bytes()), uri, selected(events), secret);
    match registry
        .insert_webhook(&webhook, &act(&webhook, WebhookChange::Added(host(&webhook))), bench.clock.now())
        .await?
    {
        Put::Fresh => told_secret(bench, &webhook, json),
        Put::Taken => bail!("the name of the new webhook is taken: try again"),
    }
    Ok(())
}

fn told_secret<W: Write>(bench: &mut Bench<'_, W>, webhook: &Webhook, json: bool) {
    if json {
        bench.say_json(&json!({"id": webhook.id, "secret": webhook.secret.expose()}));
        return;
    }
    bench.say(&format!("webhook {}", webhook.id));
    bench.say(&format!("secret  {}  (shown this once)", webhook.secret.expose()));
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, json: bool) -> anyhow::Result<()> {
    let all = registry.webhooks().await?;
    if json {
        let told = |kept: &KeptWebhook| {
            let webhook = &kept.webhook;
            json!({"id": webhook.id, "url": webhook.uri, "events": webhook.events, "state": webhook.state().name()})
        };
        bench.say_json(&all.iter().map(told).collect());
        return Ok(());
    }
    for KeptWebhook { webhook, .. } in &all {
        let events: Vec<_> = webhook.events.iter().map(|event| event.name()).collect();
        let (state, url) = (webhook.state().name(), webhook.uri.url());
        bench.say(&format!("{}  {state:<9} {url}  {}", webhook.id, events.join(" ")));
    }
    Ok(())
}

async fn test<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    let caller = Caller::new(Http::new(&bench.config.egress)?, &bench.config.issuer);
    let call = WebhookCallId::from_random(bench.random.bytes());
    let body = test_body(&call, bench.clock.now());
    let tried = caller.call(&found.webhook, &body).await.context("too many calls are under way")?;
    let tested = act(&found.webhook, WebhookChange::Tested);
    match registry.keep_webhook_test(&found, (&call, &body, &tried), &tested, bench.clock.now()).await? {
        Changed::Done => {}
        Changed::Lost => bail!("{id} was changed meanwhile: test it again"),
    }
    match tried {
        Tried::Answered { status, .. } if domain::habilitation::webhook::is_taken(status) => {
            bench.say(&format!("{id} passed the test: answered with status {status}"));
            Ok(())
        }
        Tried::Answered { status, .. } => bail!("{id} did not pass the test: answered with status {status}"),
        Tried::Silent { why } => bail!("{id} did not pass the test: {why}"),
        Tried::Left => bail!("{id} was not called"),
    }
}

async fn enable<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    let on = found.webhook.clone().enabled()?;
    change(bench, registry, (&found, &on), WebhookChange::Enabled, "is called from now on").await
}

async fn rotate<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str, json: bool) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    let next = found.webhook.clone().with_secret(SharedSecret::from_random(&bench.random.bytes()));
    keep(bench, registry, (&found, &next), WebhookChange::Rotated).await?;
    told_secret(bench, &next, json);
    Ok(())
}

async fn elsewhere<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    id: &str,
    (url, events): (Option<&str>, Events),
) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    if url.is_none() && events.events.is_empty() {
        bail!("nothing is asked for: --url or --event");
    }
    let mut next = found.webhook.clone();
    if let Some(url) = url {
        next = next.at(address(bench, url)?);
    }
    if !events.events.is_empty() {
        next.events = selected(events);
    }
    let changed = WebhookChange::Changed(host(&next));
    let state = next.state().name();
    change(bench, registry, (&found, &next), changed, &format!("is changed: {state}")).await
}

async fn change<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (found, next): (&KeptWebhook, &Webhook),
    change: WebhookChange,
    said: &str,
) -> anyhow::Result<()> {
    keep(bench, registry, (found, next), change).await?;
    bench.say(&format!("{} {said}", next.id));
    Ok(())
}

async fn keep<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    (found, next): (&KeptWebhook, &Webhook),
    change: WebhookChange,
) -> anyhow::Result<()> {
    match registry.change_webhook(found, next, &act(next, change), bench.clock.now()).await? {
        Changed::Done => Ok(()),
        Changed::Lost => bail!("{} was changed meanwhile: look again", next.id),
    }
}

async fn remove<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    let removed = act(&found.webhook, WebhookChange::Removed);
    match registry.remove_webhook(&found.webhook.id, &removed, bench.clock.now()).await? {
        Updated::Done => bench.say(&format!("{id} is removed")),
        Updated::Missing => bail!("{id} was removed before"),
    }
    Ok(())
}

async fn deliveries<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    id: &str,
    (limit, json): (u32, bool),
) -> anyhow::Result<()> {
    let found = find(registry, id).await?;
    let calls = registry.webhook_calls(&found.webhook.id, limit).await?;
    if json {
        bench.say_json(&calls.iter().map(summary).collect());
        return Ok(());
    }
    for call in &calls {
        let status = call.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let of = call.request.as_ref().zip(call.number).map(|(request, number)| format!("{request}.{number}"));
        let (at, state, event) = (moment(call.created), call.state.name(), &call.event);
        let of = of.unwrap_or_default();
        bench.say(&format!("{}  {at}  {event:<16} {state:<8} {:>2}x {status:>3}  {of}", call.id, call.attempts));
    }
    Ok(())
}

fn summary(call: &KeptCall) -> Value {
    json!({
        "id": call.id, "event": call.event, "request": call.request, "number": call.number,
        "state": call.state.name(), "attempts": call.attempts, "status": call.status,
        "tried": call.tried, "created": call.created, "body": call.body, "answer": call.answer,
    })
}

async fn replay<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let none = || format!("there is no call {id:?} that tells of something");
    let call = WebhookCallId::parse(id).ok().with_context(none)?;
    match registry.replay_webhook_call(&call, bench.clock.now()).await? {
        Updated::Done => bench.say(&format!("{id} is made again")),
        Updated::Missing => bail!(none()),
    }
    Ok(())
}
