//! `idp secrets`: a second secret for a relying party, and the old one retired. Both are accepted meanwhile. Every change is
//! journalled.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::habilitation::credentials::{ClientSecret, SecretName, days};
use domain::id::ClientId;
use domain::secret::{SecretDigest, base64url};
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::registry::{Registry, SecretUpdated, SecretUse};
use zeroize::Zeroizing;

use super::habilitations::deed;
use super::{Bench, moment};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the secrets of a relying party: their names, when they were made, used last, and when they end
    List {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        client: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a second secret; it is shown this once
    Add {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        client: String,
        /// After how many days it ends by itself; never without
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: Option<u16>,
        /// Why: it stands in the journal; name no person
        #[arg(long)]
        why: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Retire a secret, at once; the last one stays
    Retire {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        client: String,
        /// The name of the secret
        #[arg(allow_hyphen_values = true)]
        name: String,
        /// Why: it stands in the journal; name no person
        #[arg(long)]
        why: String,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::List { client, json } => list(bench, &registry, &client, json).await,
        Command::Add { client, days, why, json } => add(bench, &registry, (&client, days, &why), json).await,
        Command::Retire { client, name, why } => retire(bench, &registry, (&client, &name, &why)).await,
    };
    registry.close().await;
    outcome
}

fn known(id: &str) -> anyhow::Result<ClientId> {
    ClientId::parse(id).map_err(|_| anyhow::anyhow!("there is no client {id:?}"))
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str, json: bool) -> anyhow::Result<()> {
    let id = known(id)?;
    let registered = registry.client(&id).await?.with_context(|| format!("there is no client {id}"))?;
    let uses = registry.secret_uses(&id).await?;
    let last = |secret: &ClientSecret| {
        let own = |used: &&SecretUse| used.secret == secret.name();
        uses.iter().find(own).and_then(|used| used.last_day)
    };
    if json {
        let told = |secret: &ClientSecret| json!({"secret": secret.name(), "made": secret.made, "last_day": last(secret), "until": secret.until});
        bench.say_json(&registered.secrets.all().iter().map(told).collect::<Vec<Value>>().into());
        return Ok(());
    }
    let shown = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), moment);
    for secret in registered.secrets.all() {
        let (made, last, until) = (shown(secret.made), shown(last(secret)), shown(secret.until));
        bench.say(&format!("{} made {made}, last used on the day of {last}, ends {until}", secret.name()));
    }
    Ok(())
}

async fn add<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (id, lasts, why): (&str, Option<u16>, &str),
    json: bool,
) -> anyhow::Result<()> {
    let (id, deed, now) = (known(id)?, deed(why)?, bench.clock.now());
    let registered = registry.client(&id).await?.with_context(|| format!("there is no client {id}"))?;
    if !registered.client.authentication.needs_secret() {
        bail!("{id} authenticates with keys: a secret would open nothing");
    }
    let shown = Zeroizing::new(base64url(&bench.random.bytes::<32>()));
    let until = lasts.map(|count| now.plus(days(count)));
    let secret = ClientSecret { digest: SecretDigest::of(&shown), made: Some(now), until };
    done(registry.add_secret(&id, &secret, &deed, now).await?, &id)?;
    let name = secret.name();
    if json {
        bench.say_json(&json!({"client_id": id, "secret": name, "client_secret": shown.as_str(), "until": until}));
    } else {
        // Only its digest is kept.
        bench.say(&format!("secret         {name}\nclient_secret  {}   (shown this once)", shown.as_str()));
    }
    Ok(())
}

async fn retire<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    (id, name, why): (&str, &str, &str),
) -> anyhow::Result<()> {
    let (id, name, deed) = (known(id)?, SecretName::parse(name)?, deed(why)?);
    done(registry.retire_secret(&id, &name, &deed, bench.clock.now()).await?, &id)?;
    bench.say(&format!("{name} is retired"));
    Ok(())
}

fn done(updated: SecretUpdated, id: &ClientId) -> anyhow::Result<()> {
    match updated {
        SecretUpdated::Done => Ok(()),
        SecretUpdated::Missing => bail!("there is no client {id}"),
        SecretUpdated::Refused(why) => bail!("{id}: {why}"),
    }
}
