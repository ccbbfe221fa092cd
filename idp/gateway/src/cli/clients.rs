//! `idp clients`: register, list, show, disable and enable relying parties. Every change is journalled.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::client::{Client, ClientState, IntrospectionFormat, Kind, Registered, SectorUri, UserinfoFormat};
use domain::habilitation::grant::{Environment, Habilitation, HabilitationState};
use domain::habilitation::sandbox;
use domain::habilitation::switches::Deed;
use domain::id::{ClientId, HabilitationId};
use domain::secret::{SecretDigest, base64url};
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::ephemeral::Put;
use store::registry::{Registry, SecretChange, Updated};
use zeroize::Zeroizing;

use super::Bench;
use crate::config::Holder;
use crate::outbound::http::Http;
use crate::outbound::sector;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a relying party from its metadata, or change one that is registered
    Import {
        /// Client metadata, JSON with the names of RFC 7591 and our own
        file: PathBuf,
        /// Give a registered client a new secret; the old one ends at once
        #[arg(long)]
        new_secret: bool,
        /// Register it for the sandbox: test hosts and made-up citizens alone
        #[arg(long)]
        sandbox: bool,
        /// Print {"client_id":…,"client_secret":…|null}
        #[arg(long)]
        json: bool,
    },
    /// List the relying parties
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one relying party
    Show {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell the keys at the address of a relying party (jwks_uri), and accept those that were refused
    Keys {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Accept the set that was refused
        #[arg(long, requires = "why")]
        accept: bool,
        /// Why: it stands in the journal; name no person
        #[arg(long, requires = "accept")]
        why: Option<String>,
    },
    /// Refuse a relying party from now on: its requests, codes and tokens
    Disable {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Serve a disabled relying party again
    Enable {
        /// Its client_id
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let outcome = match command {
        Command::Import { file, new_secret, sandbox, json } => {
            let renewal = if new_secret { Renewal::Asked } else { Renewal::WhenNeeded };
            let environment = if sandbox { Environment::Sandbox } else { Environment::Production };
            import(bench, &registry, &file, (renewal, environment)).await.map(|imported| {
                if json {
                    bench.say_json(&imported.json());
                } else {
                    bench.say(&imported.text());
                }
            })
        }
        Command::List { json } => list(bench, &registry, Form::of(json)).await,
        Command::Show { id, json } => show(bench, &registry, &id, Form::of(json)).await,
        Command::Keys { id, accept, why } => {
            let why = why.as_deref().filter(|_| accept);
            keys(bench, &registry, &id, why).await
        }
        Command::Disable { id } => set(bench, &registry, &id, ClientState::Disabled).await,
        Command::Enable { id } => set(bench, &registry, &id, ClientState::Active).await,
    };
    registry.close().await;
    outcome
}

/// The keys at an address: those that are pinned, and those that were refused, which are accepted for a reason.
async fn keys<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    id: &str,
    why: Option<&str>,
) -> anyhow::Result<()> {
    let id = ClientId::parse(id).map_err(|_| anyhow::anyhow!("there is no client {id:?}"))?;
    let kept = registry.pinned_keys(&id).await?;
    let kept = kept.with_context(|| format!("{id} keeps no keys at an address, or they were never read"))?;
    if let Some(why) = why {
        let (set, _) = kept.refused.context("no set is refused")?;
        let deed = super::habilitations::deed(why)?;
        match registry.accept_keys(&id, &set, &deed, bench.clock.now()).await? {
            Updated::Done => bench.say("accepted: it counts at the next call of the address"),
            Updated::Missing => bail!("another set is there by now"),
        }
        return Ok(());
    }
    bench.say(&format!("address {}", kept.uri));
    for thumbprint in kept.pinned.all() {
        bench.say(&format!("pinned  {thumbprint}"));
    }
    for thumbprint in kept.refused.iter().flat_map(|(set, _)| set.all()) {
        bench.say(&format!("refused {thumbprint}"));
    }
    Ok(())
}

/// For whom something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

impl Form {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// When a registered client gets a new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    /// When it authenticates by secret and has none.
    WhenNeeded,
    /// In any case.
    Asked,
}

/// What an import did.
struct Imported {
    id: ClientId,
    done: &'static str,
    secret: Option<Zeroizing<String>>,
}

impl Imported {
    fn json(&self) -> Value {
        json!({"client_id": self.id, "client_secret": self.secret.as_deref()})
    }

    fn text(&self) -> String {
        let mut text = format!("{}\nclient_id      {}", self.done, self.id);
        if let Some(secret) = &self.secret {
            // Only its digest is kept.
            let _ = write!(text, "\nclient_secret  {}   (shown this once)", secret.as_str());
        }
        text
    }
}

async fn import<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    file: &Path,
    (renewal, environment): (Renewal, Environment),
) -> anyhow::Result<Imported> {
    let place = || file.display().to_string();
    let text = std::fs::read(file).with_context(place)?;
    let metadata: Value = serde_json::from_slice(&text).context("not JSON").with_context(place)?;
    let made = hexadecimal(&bench.random.bytes::<16>());
    let list = match SectorUri::of(&metadata).with_context(place)? {
        Some(uri) => Some(sector::list(&Http::new(&bench.config.egress)?, uri).await.with_context(place)?),
        None => None,
    };
    let id = || ClientId::parse(&made).expect("hexadecimal digits are plain");
    let client = Client::in_sector(&metadata, list.as_ref(), id).with_context(place)?;
    if let Some(other) = registry.clients().await?.iter().find(|other| client.clashes_with(&other.client)) {
        bail!(
            "{}: the sector {} is that of a host by its list for one of this client and {}, and the mere client_id of \
             the other: give that one another client_id, or its place in the list (sector_identifier_uri)",
            place(),
            client.sector,
            other.client.id
        );
    }
    can_be_signed(bench, registry, &metadata, &client).await.with_context(place)?;
    let (id, now) = (client.id.clone(), bench.clock.now());
    let new_secret = || Zeroizing::new(base64url(&bench.random.bytes::<32>()));

    if registry.client(&id).await?.is_none() {
        let secret = client.authentication.needs_secret().then(new_secret);
        let digest = secret.as_ref().map(|secret| SecretDigest::of(secret));
        let habilitation = HabilitationId::from_random(bench.random.bytes());
        let registered = match environment {
            Environment::Production => Registered::operated(client.clone(), digest, habilitation, now),
            Environment::Sandbox => Registered::sandboxed(client.clone(), digest, None, (habilitation, now))?,
        };
        match registry.insert_client(&registered, now).await? {
            Put::Fresh => return Ok(Imported { id, done: "registered", secret }),
            // Another import of the same client was faster: then this one changes it.
            Put::Taken => {}
        }
    }
    let held = registry.client(&id).await?.context("the client went away while it was imported")?;
    let stays = held.habilitation.as_ref().map_or(environment, |habilitation| habilitation.environment);
    if environment == Environment::Sandbox && stays != environment {
        bail!("{id} is of the production: a client of the sandbox is another one, with an id of its own");
    }
    if stays == Environment::Sandbox {
        sandbox::fits(&client)?;
    }
    let (change, secret) = if !client.authentication.needs_secret() {
        if renewal == Renewal::Asked {
            bail!("{id} authenticates with keys and has no secret: `--new-secret` means nothing for it");
        }
        (SecretChange::Drop, None)
    } else if renewal == Renewal::Asked || held.secrets.is_empty() {
        let secret = new_secret();
        (SecretChange::Replace(SecretDigest::of(&secret)), Some(secret))
    } else {
        (SecretChange::Keep, None)
    };
    if registry.update_client(&client, &change, now).await? == Updated::Missing {
        bail!("{id} went away while it was imported");
    }
    if let Some(next) = regranted(&held, &client, HabilitationId::from_random(bench.random.bytes()), now)
        && registry.grant_habilitation(&id, &next, &Deed::OPERATOR, now).await? == Updated::Missing
    {
        bail!("{id} went away while it was imported");
    }
    Ok(Imported { id, done: "updated", secret })
}

/// The next habilitation of a client whose metadata changed, where it is the operator's own to give: what the metadata
/// adds is granted, what it takes away goes, what was narrowed stays narrowed. One that is suspended or over stays what it
/// is, and so does one that was granted for a request.
fn regranted(held: &Registered, client: &Client, id: HabilitationId, now: Timestamp) -> Option<Habilitation> {
    let Some(habilitation) = &held.habilitation else { return Some(Habilitation::of_operator(client, id, now)) };
    if habilitation.request.is_some() || habilitation.state != HabilitationState::Active {
        return None;
    }
    let added = client.scopes.difference(&held.client.scopes);
    let scopes = habilitation.scopes.intersection(&client.scopes).chain(added).copied().collect();
    (scopes != habilitation.scopes).then(|| Habilitation { id, scopes, from: now, ..habilitation.clone() })
}

/// Refuses a client whose answers nothing signs: keys are made on a token, and it made none of the algorithm. Before the
/// first keys are made nobody knows; keys that the registry holds are made of every algorithm.
async fn can_be_signed<W: Write>(
    bench: &Bench<'_, W>,
    registry: &Registry,
    metadata: &Value,
    client: &Client,
) -> anyhow::Result<()> {
    let kept = registry.keys().await?;
    if bench.config.keys.holder == Holder::Registry || kept.is_empty() {
        return Ok(());
    }
    // The algorithm of signed authorization responses counts where it was named: most clients never ask for one.
    let responses = metadata.get("authorization_signed_response_alg").map(|_| client.authorization_algorithm);
    let id_token = (!client.redirect_uris().is_empty()).then_some(client.id_token_algorithm);
    let userinfo = match client.userinfo {
        UserinfoFormat::Signed(algorithm) => Some(algorithm),
        UserinfoFormat::Json => None,
    };
    let introspection = match client.introspection {
        IntrospectionFormat::Signed(algorithm) => Some(algorithm),
        IntrospectionFormat::OnRequest(_) => None,
    };
    for (field, algorithm) in [
        ("id_token_signed_response_alg", id_token),
        ("authorization_signed_response_alg", responses),
        ("userinfo_signed_response_alg", userinfo),
        ("introspection_signed_response_alg", introspection),
    ] {
        let Some(algorithm) = algorithm else { continue };
        if !kept.iter().any(|key| key.life.algorithm == algorithm) {
            let name = algorithm.name();
            bail!(
                "{field}: there is no {name} key, and the token makes none by itself: register another algorithm, \
                   or see what `idp keys rotate --algorithm {name}` says"
            );
        }
    }
    Ok(())
}

async fn list<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, form: Form) -> anyhow::Result<()> {
    let clients = registry.clients().await?;
    match form {
        Form::Json => bench.say_json(&clients.iter().map(summary).collect()),
        Form::Text => {
            for registered in &clients {
                let client = &registered.client;
                let line = format!(
                    "{:<36} {:<8} {:<7} {:<19} {}",
                    client.id,
                    state_name(registered.state),
                    kind_name(client.kind),
                    client.authentication.name(),
                    client.name.fr
                );
                bench.say(&line);
            }
        }
    }
    Ok(())
}

async fn show<W: Write>(bench: &mut Bench<'_, W>, registry: &Registry, id: &str, form: Form) -> anyhow::Result<()> {
    let id = known(id)?;
    let registered = registry.client(&id).await?.with_context(|| format!("there is no client {id}"))?;
    match form {
        Form::Json => {
            let mut shown = summary(&registered);
            shown["metadata"] = serde_json::to_value(&registered.client)?;
            bench.say_json(&shown);
        }
        Form::Text => {
            let client = &registered.client;
            let scopes: Vec<&str> = client.scopes.iter().map(|scope| scope.name()).collect();
            for (what, value) in [
                ("client_id", client.id.to_string()),
                ("name", format!("{} / {}", client.name.fr, client.name.en)),
                ("state", state_name(registered.state).to_owned()),
                ("kind", kind_name(client.kind).to_owned()),
                ("sector", client.sector.to_string()),
                ("authentication", client.authentication.name().to_owned()),
                ("scopes", scopes.join(" ")),
                ("level", format!("{} (at least {})", client.default_level.acr(), client.minimum_level.acr())),
                ("redirect URIs", client.redirect_uris().join(" ")),
                ("after logout", client.post_logout_redirect_uris().join(" ")),
            ] {
                bench.say(&format!("{what:<15} {value}"));
            }
        }
    }
    Ok(())
}

async fn set<W: Write>(
    bench: &mut Bench<'_, W>,
    registry: &Registry,
    id: &str,
    state: ClientState,
) -> anyhow::Result<()> {
    let id = known(id)?;
    match registry.set_client_state(&id, state, bench.clock.now()).await? {
        Updated::Done => bench.say(&format!("{id} is {}", state_name(state))),
        Updated::Missing => bail!("there is no client {id}"),
    }
    Ok(())
}

fn known(id: &str) -> anyhow::Result<ClientId> {
    ClientId::parse(id).map_err(|_| anyhow::anyhow!("there is no client {id:?}"))
}

fn summary(registered: &Registered) -> Value {
    let client = &registered.client;
    json!({
        "client_id": client.id, "client_name": client.name.fr, "state": state_name(registered.state),
        "kind": kind_name(client.kind), "token_endpoint_auth_method": client.authentication.name(),
    })
}

const fn state_name(state: ClientState) -> &'static str {
    match state {
        ClientState::Active => "active",
        ClientState::Disabled => "disabled",
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "public",
        Kind::Private => "private",
    }
}

/// Lower-case hexadecimal: unlike base64url it never begins with a hyphen, which a command line takes for an option.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
