//! `idp serve`: from the configuration to a gateway that answers, and back down.
//!
//! ```text
//!  bind ──▶ stores ──▶ keys ──▶ clients ──▶ providers ──▶ pages ──▶ App ──▶ background ──▶ serve ──▶ stop
//! ```

pub(crate) mod housekeeping;
mod identities;

use std::sync::Arc;

use anyhow::Context as _;
use domain::identity::account::AccountSecret;
use domain::identity::subject::SubjectSecret;
use domain::notice::Notice;
use domain::oidc::backchannel::{self, SessionEnded};
use domain::oidc::dpop::NonceSecret;
use store::ephemeral::{Budget, Ephemeral};
use store::registry::{Location, Registry};
use store::seal::Vault;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::app::{App, Dpop, Shared};
use crate::bench::house::House;
use crate::clock::Clock;
use crate::cnie::Cnie;
use crate::config::{Config, EphemeralEngine, Protection, RegistryEngine};
use crate::cookies::Cookies;
use crate::credentials::SecretUses;
use crate::figures::Counter;
use crate::indicators::{PLACE, Published};
use crate::keys::rotation::{Occasion, make};
use crate::keys::{Keyholder, Unproven};
use crate::limits::Limits;
use crate::listen::Server;
use crate::outbound::backchannel::{Hosts, LogoutCourier, Word, Words};
use crate::outbound::civil_registry::CivilRegistryClient;
use crate::outbound::client_keys::ClientKeySets;
use crate::outbound::http::{Http, authorities};
use crate::outbound::mail::{Courier, Mailer};
use crate::outbound::webhooks::{Caller, WebhookCourier};
use crate::pages::assets::{Assets, Look};
use crate::pages::brand::Brand;
use crate::pages::mail;
use crate::partners::door::PartnersDoor;
use crate::people::door::DeskDoor;
use crate::random::Random;
use crate::router::routers;
use crate::services::pins::Pins;
use crate::upstream::cnie::CardProvider;
use crate::upstream::{self, Upstreams};
use crate::watch::Watched;

/// Opens the vault of the configured master key.
pub(crate) fn vault(config: &Config, random: Random) -> anyhow::Result<Arc<Vault>> {
    let master = config.secrets.master_key.obtain(random).context("the master key cannot be read or made")?;
    let keys = config.secrets.sealing_keys.iter();
    Ok(Arc::new(
        keys.fold(Vault::new(master.bytes()), |vault, (version, key)| vault.with_sealing_key(*version, key.bytes())),
    ))
}

/// Where the configured registry is.
pub(crate) fn location(config: &Config) -> Location {
    match &config.registry {
        RegistryEngine::Sqlite(path) => Location::Sqlite(path.clone()),
        RegistryEngine::Postgres(url) => Location::Postgres(Zeroizing::new(url.expose().to_owned())),
    }
}

/// Opens the configured registry. A file of our own is brought up to date at once; a shared database is migrated by
/// whoever runs it.
pub(crate) async fn registry(config: &Config, vault: Arc<Vault>, clock: &Clock) -> anyhow::Result<Registry> {
    let registry = match &config.registry {
        RegistryEngine::Sqlite(_) => Registry::migrate(&location(config), vault).await,
        RegistryEngine::Postgres(_) => Registry::open(&location(config), vault).await,
    }
    .context("the registry cannot be opened")?;
    registry.habilitate_clients_of_before(clock.now()).await.context("clients of before cannot be habilitated")?;
    Ok(registry)
}

/// Serves until `stop`.
pub(crate) async fn serve(config: Config, server: Server, stop: CancellationToken) -> anyhow::Result<()> {
    let (clock, random) = (Clock::system(), Random::system());
    for path in &config.exposed {
        tracing::warn!(path = %path.display(), "others than its owner may read this file (chmod 600)");
    }
    if config.secrets.passphrase.is_some() && config.secrets.protection == Protection::Plain {
        tracing::warn!("the master key is not under the passphrase that is configured: `idp master-key protect`");
    }
    let url = server.url().context("the address cannot be read")?;
    let app = build(&config, &clock, random).await?;
    if let Some(desk) = &config.desk {
        tracing::info!(origin = desk.origin.as_str(), "the desks of communes are open");
    }
    if let Some(partners) = &config.partners {
        tracing::info!(origin = partners.origin.as_str(), "the partners' space is open");
    }
    if let Some(admin) = &config.admin {
        tracing::info!(origin = admin.origin.as_str(), "the admin API is open");
    }
    let background = background(&config, &app, &stop)?;
    tracing::info!(issuer = app.issuer.as_str(), "listening on {url}");
    server.serve(routers(&app, config.desk.as_ref()), stop).await;
    app.endings.close();
    app.endings.wait().await;
    background.close();
    background.wait().await;
    // After the last sign-in has ended.
    if let Err(error) = app.figures.bring(&app.registry).await {
        tracing::warn!(%error, "the last figures of services are lost");
    }
    app.registry.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// A gateway with this `idp.toml`, and the folder it lives in.
#[cfg(test)]
pub(crate) async fn standing(text: &str) -> (Shared, tempfile::TempDir) {
    standing_at(text, &Clock::system()).await
}

/// The same by another clock.
#[cfg(test)]
pub(crate) async fn standing_at(text: &str, clock: &Clock) -> (Shared, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let config = folder.path().join("config");
    std::fs::create_dir_all(config.join("providers")).expect("writable");
    std::fs::write(config.join("idp.toml"), text).expect("writable");
    let none = crate::config::Environment::Given(std::collections::BTreeMap::new());
    let config = Config::load(&config.join("idp.toml"), &none).unwrap_or_else(|problems| panic!("{problems}"));
    std::fs::create_dir_all(&config.data).expect("writable");
    let app = build(&config, clock, Random::system()).await.expect("it stands");
    (app, folder)
}

/// Puts the gateway together.
pub(crate) async fn build(config: &Config, clock: &Clock, random: Random) -> anyhow::Result<Shared> {
    let vault = vault(config, random)?;
    let registry = registry(config, Arc::clone(&vault), clock).await?;
    clock.seen(registry.see_time(clock.now()).await.context("the latest moment that was seen cannot be kept")?);
    let ephemeral = match &config.ephemeral {
        EphemeralEngine::Memory => Ephemeral::memory(clock.for_store(), Budget::default(), &vault),
        EphemeralEngine::Redis(url) => {
            Ephemeral::redis(url.expose(), &vault).await.context("Redis cannot be reached")?
        }
    };
    let holder = Keyholder::open(&config.keys, &vault, &registry, clock).await.context("the keys cannot be opened")?;
    make(&registry, &holder, &Occasion::FirstUse, random, clock).await.context("the signing keys cannot be made")?;
    let watched = Watched::read(&registry, &holder, clock).await.context("clients and keys cannot be read")?;
    let http = Http::new(&config.egress)?;
    let (mut assets, brand) = Assets::load(look(config)).context("the brand's files cannot be used")?;
    let providers = config
        .providers
        .iter()
        .map(|provider| {
            let logo = provider.logo.as_ref().map(|file| assets.add_logo(&provider.id, file)).transpose()?;
            Ok((provider.clone(), logo))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let cnie = config.cnie.as_ref().map(|cnie| Cnie::open(cnie, &vault, &http, clock)).transpose();
    let desk = config.desk.as_ref().map(|desk| DeskDoor::open(&desk.origin, &brand)).transpose()?;
    let cnie = cnie.context("the card provider cannot be opened")?;
    let partners = config.partners.as_ref().map(|place| PartnersDoor::open(place, &brand)).transpose()?;
    let card = config.cnie.as_ref().zip(cnie.as_ref()).map(|(config, cnie)| {
        let (ephemeral, authority) = (ephemeral.clone(), cnie.authority.clone());
        let provider = CardProvider::new(config, authority, ephemeral, (clock.clone(), random));
        (provider, upstream::cnie::seen_by_the_domain(config))
    });
    let bench = House::of(&registry, config, (clock, random))?;
    let mail_waiting = Arc::new(Notify::new());
    let space = config.partners.as_ref().map(|place| place.origin.as_str().to_owned());
    let pins = Pins { registry: registry.clone(), space, mail_waiting: Arc::clone(&mail_waiting) };
    Ok(Arc::new(App {
        cnie,
        bench,
        desk,
        partners,
        admin: config.admin.as_ref().map(|place| place.origin.clone()),
        mtls: config.mtls.clone(),
        lifetimes: config.lifetimes,
        clock: clock.clone(),
        random,
        cookies: Cookies::of(&config.issuer),
        ephemeral,
        registry,
        watched,
        keyholder: holder,
        unproven: Unproven::beside(config.keys.token.as_ref()),
        account_secret: AccountSecret::new(*vault.derive("account")),
        subject_secret: SubjectSecret::new(*vault.derive("subject")),
        dpop: Dpop { rule: config.dpop, secret: NonceSecret::new(*vault.derive("dpop-nonce")) },
        upstreams: Upstreams::new(providers, card, &config.issuer, (&http, clock)),
        civil_registry: CivilRegistryClient::new(&config.civil_registry, &http, clock),
        client_keys: ClientKeySets::new(http, clock.clone()).pinned(pins),
        secret_uses: SecretUses::default(),
        limits: Limits::new(&config.limits, &config.listen),
        brand,
        assets,
        endings: TaskTracker::new(),
        indicators: Published::new(config.targets),
        figures: Counter::default(),
        mail_waiting,
        logouts_waiting: Arc::new(Notify::new()),
        webhooks_waiting: Arc::new(Notify::new()),
        datapass: config.datapass.clone(),
        issuer: config.issuer.clone(),
    }))
}

/// How the pages and mails look.
pub(crate) fn look(config: &Config) -> Look<'_> {
    let brand = &config.brand;
    Look {
        name: brand.name.clone(),
        support: Some(brand.support.clone()),
        site: config.issuer.as_str(),
        colour: brand.colour,
        accent: brand.accent,
        logo: brand.logo.as_deref(),
        theme: brand.theme.as_deref(),
    }
}

/// What a relying party is told of a logout: a token made now, at the address and by the algorithm that it registered.
fn logout_words(app: Shared) -> impl Fn(&SessionEnded) -> Words {
    move |ended| {
        let Some(registered) = app.served(&ended.client) else { return Words::Moot };
        let Some(backchannel_logout) = registered.client.backchannel_logout.as_ref() else { return Words::Moot };
        let claims = ended.claims(app.issuer.as_str(), &app.random.bytes(), app.clock.now());
        match app.keys().sign(registered.client.id_token_algorithm, backchannel::TYP, &claims) {
            Some(token) => Words::Say(Word { to: backchannel_logout.uri.url().clone(), token }),
            None => Words::NotNow,
        }
    }
}

/// What goes on beside the requests: following changes, looking after providers, delivering notices
/// and logouts, keeping house.
fn background(config: &Config, app: &Shared, stop: &CancellationToken) -> anyhow::Result<TaskTracker> {
    let tasks = TaskTracker::new();
    let (registry, clock) = (app.registry.clone(), app.clock.clone());
    let holder = app.keyholder.clone();
    tasks.spawn(app.watched.clone().follow(registry, holder.clone(), clock.clone(), stop.clone()));
    tasks.spawn({
        let (app, stop) = (Arc::clone(app), stop.clone());
        async move { app.upstreams.look_after(&stop).await }
    });
    tasks.spawn({
        let (limits, stop) = (app.limits.clone(), stop.clone());
        async move { limits.look_after(&stop).await }
    });
    tasks.spawn(identities::look_after(Arc::clone(app), stop.clone()));
    if let Some(cnie) = &app.cnie {
        let (trust, clock, stop) = (cnie.trust.clone(), app.clock.clone(), stop.clone());
        tasks.spawn(async move { trust.follow(&clock, &stop).await });
    }
    let brand: Brand = app.brand.clone();
    let courier = Courier {
        registry: app.registry.clone(),
        mailer: Mailer::new(&config.mail, &authorities(&config.egress)?)?,
        clock: app.clock.clone(),
        waiting: Arc::clone(&app.mail_waiting),
        words: move |notice: &Notice| mail::write(notice, &brand),
    };
    tasks.spawn(courier.run(stop.clone()));
    let logouts = LogoutCourier {
        registry: app.registry.clone(),
        clock: app.clock.clone(),
        waiting: Arc::clone(&app.logouts_waiting),
        words: logout_words(Arc::clone(app)),
        hosts: Hosts::new(Http::new(&config.egress)?),
    };
    tasks.spawn(logouts.run(stop.clone()));
    let webhooks = WebhookCourier {
        registry: app.registry.clone(),
        clock: app.clock.clone(),
        waiting: Arc::clone(&app.webhooks_waiting),
        caller: Caller::new(Http::new(&config.egress)?, &config.issuer),
    };
    tasks.spawn(webhooks.run(stop.clone()));
    let everyone = format!("{}{PLACE}", app.issuer.as_str());
    let house = housekeeping::House {
        registry: app.registry.clone(),
        holder,
        random: app.random,
        clock,
        everyone,
        app: Arc::clone(app),
    };
    tasks.spawn(house.keep(stop.clone()));
    tasks.close();
    Ok(tasks)
}
