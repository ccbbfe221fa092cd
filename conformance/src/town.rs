//! A town hall whose desk certifies, and the cards of its citizens: what the scene needs before the gateway starts, and who
//! works there after.
//!
//! ```text
//!  Pki ─ writes ─▶ trust folders ─▶ [cnie] of idp.toml        Authority: what became of a card
//!   └─ issues ───▶ cards ─▶ Telephone (a page) ─▶ DeskReader (the card that lies on it)
//!  [desk] ──▶ http://localhost:PORT/guichet ◀── Agent with a passkey
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tempfile::TempDir;
use tokio::net::TcpListener;
use toml::Table;

use crate::agent::{self, Agent, COMMUNE, Invited};
use crate::authority::Authority;
use crate::card::{Card, Holder, Pki, Profile};
use crate::clock;
use crate::desk_reader::{DeskReader, Following};
use crate::gateway::Installation;
use crate::office::Office;
use crate::phone::Phone;
use crate::phone::page::{Carried, Slot, Telephone};

/// What the commune of the desk is called.
pub const NAME: &str = "Paris";
/// The profiles of cards that the demo shows beside the genuine ones.
const SHOWN_BAD: [&str; 3] = ["clone", "expired", "revoked_signer"];
/// How often the reader of the demo asks for a case.
const PACE: Duration = Duration::from_millis(700);

/// The makers of cards, their authority, and where the desk will be.
#[derive(Debug)]
pub struct Town {
    /// What became of each card.
    pub authority: Authority,
    /// Who makes the cards.
    pub pki: Arc<Pki>,
    trust: TempDir,
    port: u16,
}

impl Town {
    /// Makes the roots, writes the trust folders, and lets the authority answer. The desk will listen on `port`.
    pub fn found(authority: TcpListener, port: u16) -> anyhow::Result<Self> {
        let (pki, trust) = (Arc::new(Pki::new(clock::now())), TempDir::with_prefix("passerelle-trust-")?);
        pki.write(trust.path()).context("the trust folders")?;
        Ok(Self { authority: Authority::start(authority), pki, trust, port })
    }

    /// The keys of `idp.toml` that open the card provider and the desk.
    pub fn overrides(&self) -> Table {
        let mut table = agent::overrides(self.port);
        let path = |name| self.trust.path().join(name).display().to_string();
        let mut cnie = Table::new();
        cnie.insert("trust".into(), path("cnie").into());
        cnie.insert("eid_trust".into(), path("eid").into());
        cnie.insert("status_url".into(), self.authority.url().into());
        cnie.insert("simulator".into(), true.into());
        table.insert("cnie".into(), cnie.into());
        table
    }

    /// Where browsers find the desk.
    pub fn desk(&self) -> String {
        agent::origin(self.port)
    }

    /// The folder of the trust folders `cnie` and `eid`.
    pub fn trust(&self) -> &std::path::Path {
        self.trust.path()
    }

    /// The genuine card of a sandbox citizen, on a telephone.
    ///
    /// # Panics
    /// When nobody is called so.
    pub fn phone(&self, issuer: &str, username: &str) -> Phone {
        self.phone_with(issuer, username, Profile::genuine())
    }

    /// A card that is something else than it should be, on a telephone.
    ///
    /// # Panics
    /// When nobody is called so.
    pub fn phone_with(&self, issuer: &str, username: &str, profile: &Profile) -> Phone {
        let holder = Holder::named(username).expect("a sandbox citizen");
        Phone::new(Card::issue(&self.pki, &holder, profile), issuer).of(&holder)
    }

    /// A genuine card of each citizen, and of the first one some that are not what they should be.
    pub fn wallet(&self) -> Vec<Carried> {
        let carried = |holder: Holder, profile: &Profile, about: &str| {
            let card = Card::issue(&self.pki, &holder, profile).shared();
            Carried { holder, card, about: about.to_owned() }
        };
        let holders = Holder::all();
        let genuine = holders.iter().map(|holder| carried(*holder, Profile::genuine(), ""));
        let bad = SHOWN_BAD.iter().filter_map(|name| Some((holders.first()?, Profile::named(name)?)));
        genuine.chain(bad.map(|(holder, profile)| carried(*holder, profile, &profile.about))).collect()
    }

    /// Enrols the commune, registers a reader and invites an agent who certifies and one who administers.
    pub async fn staff(&self, installation: &Installation) -> anyhow::Result<Staff> {
        agent::enrol(installation, COMMUNE, NAME).await?;
        let reader = DeskReader::new(&self.desk());
        let file = self.trust.path().join("reader.jwk");
        std::fs::write(&file, reader.public_key().to_string())?;
        let key = file.display().to_string();
        agent::run(installation, &["readers", "add", "--commune", COMMUNE, "--name", "Guichet 1", "--key", &key])
            .await?;
        let agent = agent::invite(installation, COMMUNE, "Camille", &["--agent"]).await?;
        let admin = agent::invite(installation, COMMUNE, "Sacha", &["--admin"]).await?;
        Ok(Staff { reader, agent, admin })
    }
}

/// Who and what works at the desk.
#[derive(Debug)]
pub struct Staff {
    /// The reader of cards and fingers.
    pub reader: DeskReader,
    /// Who certifies.
    pub agent: Invited,
    /// Who administers.
    pub admin: Invited,
}

/// The desk of the demo: an agent who is let in, a telephone beside the browser, and its card on the desk's reader too.
#[derive(Debug)]
pub struct Counter {
    /// The telephone's page, and the way into the desk.
    pub telephone: Telephone,
    _following: Following,
}

/// What lets a browser in as the agent: the agent signs in with a passkey in software, and the browser takes the session.
struct Doorway {
    agent: tokio::sync::Mutex<Agent>,
}

impl Counter {
    /// Staffs the desk, and shows the telephone at `listener`; the doors of the partners' space are beside it.
    pub async fn staff(
        town: &Town,
        installation: &Installation,
        listener: TcpListener,
        office: Office,
    ) -> anyhow::Result<Self> {
        let staff = town.staff(installation).await?;
        let issuer = installation.issuer();
        let mut agent = Agent::at(&town.desk());
        agent.come(&staff.agent.link).await.context("the agent takes the invitation")?;
        agent.declare("Martin").await.context("the agent declares who they are")?;
        let doorway = Arc::new(Doorway { agent: tokio::sync::Mutex::new(agent) });
        let way = Router::new().route("/guichet", get(enter)).with_state(doorway);
        let telephone = Telephone::start(listener, issuer, town.wallet(), way.merge(office.doors()));
        let slot: Slot = telephone.slot();
        Ok(Self { telephone, _following: staff.reader.follow(slot, PACE) })
    }

    /// The address that opens the desk as the agent. Cookies know no port: what is set here counts at the desk.
    pub fn way_in(&self) -> String {
        self.door("/guichet")
    }

    /// The address of a door, there or in the partners' space.
    pub fn door(&self, at: &str) -> String {
        format!("http://localhost:{}{at}", self.telephone.port())
    }
}

/// `GET /guichet`, at `localhost`.
async fn enter(State(doorway): State<Arc<Doorway>>) -> Response {
    let mut agent = doorway.agent.lock().await;
    if let Err(error) = agent.sign_in().await {
        return (StatusCode::BAD_GATEWAY, format!("the agent is not let in: {error:#}")).into_response();
    }
    agent.hand_over("/guichet")
}
