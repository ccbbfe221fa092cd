//! The whole scene on loopback: providers, registry, mailbox, the gateway, and a demo commune.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use toml::Table;

use crate::agent;
use crate::commune::Commune;
use crate::gateway::{Ephemeral, Gateway, Installation, Lasting, ProviderFile, RegistryForm, Surroundings, merge};
use crate::mailbox::{Mailbox, Message};
use crate::office::{DOORS, Office};
use crate::partner;
use crate::people::{PASSWORD, PEOPLE};
use crate::process::Signals;
use crate::registry::Registry;
use crate::site::{PortTaken, free_port, listen};
use crate::town::{Counter, Town};
use crate::upstream::{Control, Fault, ProviderId, Providers};
use crate::workspace::{self, Programs};

/// How long a test waits for a message that must come.
const MAIL_PATIENCE: Duration = Duration::from_secs(20);

/// The ten addresses of a scene, held open from now on.
#[derive(Debug)]
pub struct Places {
    commune: Place,
    gateway: Place,
    providers: TcpListener,
    registry: TcpListener,
    mailbox: TcpListener,
    smtp: TcpListener,
    desk: Place,
    authority: TcpListener,
    telephone: TcpListener,
    space: Place,
}

/// A port for a process that opens it itself: held until just before.
#[derive(Debug)]
struct Place {
    port: u16,
    held: Option<TcpListener>,
}

/// A port of the scene that is taken already.
#[derive(Debug, thiserror::Error)]
#[error("{taken} (wanted for {part})")]
pub struct NoPlace {
    /// The port.
    pub taken: PortTaken,
    /// The part of the scene that wanted it.
    pub part: &'static str,
}

impl Places {
    /// Ten ports in a row from `first`: commune, gateway, providers, registry, mailbox page, mailbox SMTP, desk, card
    /// authority, telephone, partners' space.
    pub async fn from(first: u16) -> Result<Self, NoPlace> {
        let hold = async |offset: u16, part| {
            let port = first.saturating_add(offset);
            listen(port).await.map_err(|taken| NoPlace { taken, part })
        };
        Ok(Self {
            commune: Place { port: first, held: Some(hold(0, "the commune").await?) },
            gateway: Place { port: first.saturating_add(1), held: Some(hold(1, "the gateway").await?) },
            providers: hold(2, "the identity providers").await?,
            registry: hold(3, "the civil registry").await?,
            mailbox: hold(4, "the mailbox page").await?,
            smtp: hold(5, "the mailbox").await?,
            desk: Place { port: first.saturating_add(6), held: Some(hold(6, "the desk").await?) },
            authority: hold(7, "the card authority").await?,
            telephone: hold(8, "the telephone").await?,
            space: Place { port: first.saturating_add(9), held: Some(hold(9, "the partners' space").await?) },
        })
    }

    /// The issuer that the gateway will have.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway.port)
    }

    /// Any free ports.
    pub async fn free() -> Result<Self, NoPlace> {
        let hold = async || listen(0).await.map_err(|taken| NoPlace { taken, part: "a test" });
        Ok(Self {
            commune: Place { port: free_port(), held: None },
            gateway: Place { port: free_port(), held: None },
            providers: hold().await?,
            registry: hold().await?,
            mailbox: hold().await?,
            smtp: hold().await?,
            desk: Place { port: free_port(), held: None },
            authority: hold().await?,
            telephone: hold().await?,
            space: Place { port: free_port(), held: None },
        })
    }
}

/// How a scene is set.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The gateway's ephemeral store.
    pub ephemeral: Ephemeral,
    /// The gateway's lasting store.
    pub lasting: Lasting,
    /// The form of the civil registry.
    pub registry_form: RegistryForm,
    /// Keys of `idp.toml` set on top.
    pub overrides: Table,
    /// Keys of provider files set on top.
    pub provider_overrides: Vec<(ProviderId, Table)>,
    /// Providers beside the six.
    pub more_providers: Vec<ProviderFile>,
    /// Variables of the gateway's environment.
    pub environment: Vec<(&'static str, String)>,
    /// Providers that misbehave before the gateway starts and meets them.
    pub faults: Vec<(ProviderId, Fault)>,
    /// Whether citizens have cards, and a town hall a desk.
    pub cards: Cards,
}

/// Whether citizens have cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cards {
    /// They do not.
    #[default]
    None,
    /// They do, and a town hall has a desk where nobody works yet.
    Issued,
    /// And somebody does; a telephone lies beside the browser, and its card on the desk's reader. There is a partners' space
    /// too, where a commune asks and the operator reviews.
    AtDesk,
}

/// Everything that runs. Dropping it ends it all.
#[derive(Debug)]
pub struct Scene {
    /// The demo commune.
    pub commune: Commune,
    /// The gateway.
    pub gateway: Gateway,
    /// The six providers.
    pub providers: Providers,
    /// The civil registry.
    pub registry: Registry,
    /// The mailbox.
    pub mailbox: Mailbox,
    /// The town hall and the makers of cards, where there are some.
    pub town: Option<Town>,
    /// Who works at the desk, where somebody does.
    pub counter: Option<Counter>,
}

impl Scene {
    /// A scene for a test: free ports, control open, the stores and forms of `setting`.
    ///
    /// # Panics
    /// When the gateway does not build or does not start: the message holds its last lines.
    pub async fn set(setting: Setting) -> Self {
        Self::set_in(Places::free().await.expect("loopback has free ports"), setting).await
    }

    /// The same in places chosen before, for a test that needs the gateway's address first.
    ///
    /// # Panics
    /// When the gateway does not build or does not start: the message holds its last lines.
    pub async fn set_in(places: Places, setting: Setting) -> Self {
        let programs = workspace::programs().await.expect("the gateway builds");
        let raised = Self::raise(programs, places, setting, Control::Open, Signals::Shared).await;
        raised.unwrap_or_else(|error| panic!("the scene does not start: {error:#}"))
    }

    /// Starts everything in its places.
    pub async fn raise(
        programs: &Programs,
        mut places: Places,
        setting: Setting,
        control: Control,
        signals: Signals,
    ) -> anyhow::Result<Self> {
        let issuer = places.issuer();
        let providers = Providers::start(places.providers, &issuer, control);
        for (id, fault) in &setting.faults {
            providers.set(*id, *fault);
        }
        let registry = Registry::start(places.registry, control);
        let mailbox = Mailbox::start(places.mailbox, places.smtp);
        let town = match setting.cards {
            Cards::None => None,
            Cards::Issued | Cards::AtDesk => Some(Town::found(places.authority, places.desk.port)?),
        };
        let mut overrides = town.as_ref().map(Town::overrides).unwrap_or_default();
        if setting.cards == Cards::AtDesk {
            merge(&mut overrides, &partner::overrides(places.space.port));
        }
        merge(&mut overrides, &setting.overrides);
        let around = Surroundings {
            port: places.gateway.port,
            tls: None,
            registry_url: registry.url(),
            registry_form: setting.registry_form,
            smtp_url: mailbox.smtp_url(),
            ephemeral: setting.ephemeral,
            lasting: setting.lasting,
            overrides,
            provider_overrides: setting.provider_overrides,
            more_providers: setting.more_providers,
            environment: setting.environment,
        };
        let installation = Installation::write(&programs.idp, &around, &providers)?;
        installation.migrate().await?;
        let base = format!("http://localhost:{}", places.commune.port);
        let client = installation.import(&Commune::metadata(&base)).await?;
        drop((places.gateway.held.take(), places.desk.held.take(), places.space.held.take()));
        let gateway = installation.serve(signals).await?;
        drop(places.commune.held.take());
        let commune = Commune::start(&programs.commune, &base, &issuer, &client, signals).await?;
        let counter = match &town {
            Some(town) if setting.cards == Cards::AtDesk => {
                let space = agent::origin(places.space.port);
                let office =
                    Box::pin(Office::staff(&space, &installation, &mailbox)).await.context("the partners' space")?;
                Some(Box::pin(Counter::staff(town, &installation, places.telephone, office)).await?)
            }
            Some(_) | None => None,
        };
        Ok(Self { commune, gateway, providers, registry, mailbox, town, counter })
    }

    /// The town hall.
    ///
    /// # Panics
    /// When the setting has no cards.
    pub fn town(&self) -> &Town {
        self.town.as_ref().expect("a setting with cards")
    }

    /// What scripts need to know: every address, process id and sandbox citizen.
    pub fn summary(&self) -> Value {
        let providers: serde_json::Map<_, _> =
            ProviderId::ALL.iter().map(|id| (id.to_string(), json!(self.providers.issuer(*id)))).collect();
        let citizens = PEOPLE.map(|person| {
            json!({
                "username": person.username,
                "password": PASSWORD,
                "family_name": person.family_name,
                "given_name": person.given_name,
                "email": person.email,
                "registry": person.outcome.word(),
                "signs_in": person.signs_in(),
            })
        });
        json!({
            "issuer": self.gateway.issuer(),
            "commune": self.commune.base(),
            "providers": providers,
            "registry": self.registry.url(),
            "mailbox": self.mailbox.url(),
            "telephone": self.counter.as_ref().map(|counter| counter.telephone.url()),
            "desk": self.counter.as_ref().map(Counter::way_in),
            "space": self.counter.as_ref().map(|counter| DOORS.map(|(at, _)| counter.door(at))),
            "smtp": self.mailbox.smtp_url(),
            "idp": self.gateway.installation().program(),
            "config": self.gateway.installation().config(),
            "pids": {
                "demo": std::process::id(),
                "gateway": self.gateway.process.id(),
                "commune": self.commune.process.id(),
            },
            "citizens": citizens,
        })
    }

    /// The first message to `address` after message `after`.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn mail_to(&self, address: &str, after: u64) -> Message {
        let messages = self.mailbox.messages_to(address, after, MAIL_PATIENCE).await;
        messages.into_iter().next().unwrap_or_else(|| panic!("no message to {address} within {MAIL_PATIENCE:?}"))
    }
}
