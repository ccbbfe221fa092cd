//! `idp tokens`: programs that call the admin API. A token is shown once, when it is made; revoked, it is refused with the next
//! call on every node.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::id::{AdminTokenId, PartnerId};
use domain::organisation::siret::Siret;
use domain::partners::token::{
    AdminSecret, AdminToken, LONGEST_TERM, PREFIX, TokenOrder, TokenOver, TokenReach, TokenScope, USUAL_TERM,
};
use domain::people::commune::Departement;
use domain::people::name::Name;
use domain::secret::Bearer;
use domain::time::{Lifetime, Timestamp};
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{KeptToken, Registry, Updated};

use super::Bench;

const DAY: u32 = 86_400;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token, and show it this once
    Create(Box<Order>),
    /// List the tokens, those that are over among them, the newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token, for good: it is refused with its next call
    Revoke {
        /// Its number, as the list tells it
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

/// What a token is to be.
#[derive(Debug, clap::Args)]
pub(super) struct Order {
    /// What it is called: the program, and where it runs
    #[arg(long)]
    name: String,
    /// What it may be used for, once for each: requests:read, requests:write, requests:review, requests:approve,
    /// habilitations:read, habilitations:revoke, services:read, services:write, figures:read, switches:read
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<TokenScope>,
    /// For how many days: 1 to 366
    #[arg(long, value_name = "DAYS", default_value_t = USUAL_TERM.as_seconds() / DAY)]
    expires: u32,
    /// For one organisation alone: its SIRET
    #[arg(long, value_name = "SIRET", conflicts_with = "departement")]
    organisation: Option<String>,
    /// For the organisations of one département alone
    #[arg(long, value_name = "NN")]
    departement: Option<String>,
    /// The partner who answers for it: it does no more than they may. Needed for requests:approve
    #[arg(long, value_name = "PARTNER")]
    issuer: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn scope(text: &str) -> Result<TokenScope, String> {
    TokenScope::parse(text).ok_or_else(|| {
        let names: Vec<&str> = TokenScope::ALL.iter().map(|scope| scope.name()).collect();
        format!("there is no such scope: {}", names.join(", "))
    })
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Create(order) => create(bench, &registry, *order).await,
        Command::List { json } => list(bench, &registry, json).await,
        Command::Revoke { id } => revoke(bench, &registry, &id).await,
    };
    registry.close().await;
    outcome
}

async fn create<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, order: Order) -> anyhow::Result<()> {
    let json = order.json;
    let order = read(registry, order).await?;
    let (id, secret) = (AdminTokenId::from_random(bench.random.bytes()), Bearer::from_random(bench.random.bytes()));
    let now = bench.clock.now();
    let token = AdminToken::new(id, order, now)?;
    match registry.insert_admin_token(&token, &secret, now).await? {
        Put::Fresh => {}
        Put::Taken => bail!("the number is taken: try again"),
    }
    show(bench, &token, &secret, json);
    Ok(())
}

async fn read(registry: &Registry, order: Order) -> anyhow::Result<TokenOrder> {
    let reach = match (&order.organisation, &order.departement) {
        (Some(siret), _) => {
            let siret = Siret::parse(siret).with_context(|| siret.clone())?;
            registry
                .organisation(&siret)
                .await?
                .with_context(|| format!("nobody brought in the organisation {siret}"))?;
            TokenReach::Organisation(siret)
        }
        (None, Some(code)) => TokenReach::Departement(Departement::parse(code).with_context(|| code.clone())?),
        (None, None) => TokenReach::Everywhere,
    };
    let issuer = match &order.issuer {
        Some(id) => {
            let id = PartnerId::parse(id).with_context(|| id.clone())?;
            registry.partner(&id).await?.with_context(|| format!("there is no partner {id}"))?;
            Some(id)
        }
        None => None,
    };
    let most = LONGEST_TERM.as_seconds() / DAY;
    if !(1..=most).contains(&order.expires) {
        bail!("a token lives for 1 to {most} days");
    }
    Ok(TokenOrder {
        name: Name::parse(&order.name)?,
        scopes: order.scopes.into_iter().collect::<BTreeSet<_>>(),
        reach,
        issuer,
        term: Lifetime::seconds(order.expires * DAY),
    })
}

fn show<W: Write>(bench: &mut Bench<'_, W>, token: &AdminToken, secret: &Bearer<AdminSecret>, json: bool) {
    let text = format!("{PREFIX}{}", *secret.expose());
    if json {
        let mut told = summary(token, None, token.made);
        told["token"] = json!(text);
        bench.say_json(&told);
        return;
    }
    let until = super::moment(token.until);
    bench.say(&format!("{} counts until {until}; its secret is shown this once:", token.id));
    bench.say(&text);
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, json: bool) -> anyhow::Result<()> {
    let (tokens, now) = (registry.admin_tokens().await?, bench.clock.now());
    if json {
        let told = |kept: &KeptToken| summary(&kept.token, kept.used, now);
        bench.say_json(&tokens.iter().map(told).collect());
        return Ok(());
    }
    for KeptToken { token, used } in &tokens {
        let used = used.map_or_else(|| "never".to_owned(), super::moment);
        let (until, scopes) = (super::moment(token.until), scopes(token).join(" "));
        let (state, reach) = (state(token, now), reach(&token.reach));
        bench.say(&format!("{} {state:<8} until {until} used {used} {reach} {scopes}  {}", token.id, token.name));
    }
    Ok(())
}

fn scopes(token: &AdminToken) -> Vec<&'static str> {
    token.scopes.iter().map(|scope| scope.name()).collect()
}

fn reach(reach: &TokenReach) -> String {
    match reach {
        TokenReach::Everywhere => "everywhere".to_owned(),
        TokenReach::Departement(code) => format!("departement:{code}"),
        TokenReach::Organisation(siret) => format!("organisation:{}", siret.digits()),
    }
}

fn state(token: &AdminToken, now: Timestamp) -> &'static str {
    match token.standing(now) {
        Ok(_) => "live",
        Err(TokenOver::Expired) => "expired",
        Err(TokenOver::Revoked) => "revoked",
    }
}

fn summary(token: &AdminToken, used: Option<Timestamp>, now: Timestamp) -> Value {
    json!({
        "id": token.id, "name": token.name, "scopes": scopes(token), "reach": reach(&token.reach), "issuer": token.issuer,
        "state": state(token, now), "made": super::moment(token.made), "until": super::moment(token.until),
        "used": used.map(super::moment),
    })
}

async fn revoke<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str) -> anyhow::Result<()> {
    let id = AdminTokenId::parse(id).with_context(|| id.to_owned())?;
    match registry.revoke_admin_token(&id, bench.clock.now()).await? {
        Updated::Done => bench.say(&format!("{id} is revoked")),
        Updated::Missing => bail!("there is no such token, or it was revoked before"),
    }
    Ok(())
}
