//! What every handler shares: the configuration it needs, the clock, the stores, the way out. Built once, at the start.

use std::sync::Arc;

use domain::client::{Client, ClientState, Label, Registered};
use domain::habilitation::grant::{LiveHabilitation, NotLive};
use domain::id::{ClientId, ProviderId, SessionId};
use domain::identity::account::{Account, AccountKey, AccountSecret};
use domain::identity::subject::{Pseudonyms, Subject, SubjectSecret};
use domain::oidc::dpop::{NonceRule, NonceSecret};
use domain::oidc::resource::Resource;
use store::StoreError;
use store::ephemeral::Ephemeral;
use store::registry::Registry;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::bench::house::House;
use crate::clock::Clock;
use crate::cnie::Cnie;
use crate::config::{DataPass, Issuer, Lifetimes, Mtls};
use crate::cookies::Cookies;
use crate::credentials::SecretUses;
use crate::figures::Counter;
use crate::indicators::Published;
use crate::keys::{KeyRing, Keyholder, Unproven};
use crate::limits::Limits;
use crate::outbound::civil_registry::CivilRegistryClient;
use crate::outbound::client_keys::ClientKeySets;
use crate::pages::assets::Assets;
use crate::pages::brand::Brand;
use crate::partners::door::PartnersDoor;
use crate::people::door::DeskDoor;
use crate::random::Random;
use crate::upstream::Upstreams;
use crate::watch::Watched;

/// The gateway as its handlers see it.
pub(crate) struct App {
    /// The issuer: a configured constant.
    pub(crate) issuer: Issuer,
    /// Whether and how clients present certificates.
    pub(crate) mtls: Mtls,
    /// How long things live.
    pub(crate) lifetimes: Lifetimes,
    /// The clock.
    pub(crate) clock: Clock,
    /// Randomness.
    pub(crate) random: Random,
    /// How cookies are written.
    pub(crate) cookies: Cookies,
    /// Sign-ins, sessions, codes and tokens.
    pub(crate) ephemeral: Ephemeral,
    /// Clients, accounts, keys, journal, outbox.
    pub(crate) registry: Registry,
    /// The clients and keys, as last read.
    pub(crate) watched: Watched,
    /// What holds the gateway's own keys.
    pub(crate) keyholder: Keyholder,
    /// The turns of signatures that anybody can ask for.
    pub(crate) unproven: Unproven,
    /// The secret of account keys.
    pub(crate) account_secret: AccountSecret,
    /// The secret of pairwise subjects.
    pub(crate) subject_secret: SubjectSecret,
    /// How DPoP proofs are judged.
    pub(crate) dpop: Dpop,
    /// The identity providers.
    pub(crate) upstreams: Upstreams,
    /// The civil registry.
    pub(crate) civil_registry: CivilRegistryClient,
    /// The card provider, when there is one.
    pub(crate) cnie: Option<Cnie>,
    /// The keys of clients that keep them elsewhere.
    pub(crate) client_keys: ClientKeySets,
    /// When the secrets of clients were used last.
    pub(crate) secret_uses: SecretUses,
    /// How much one address, and one client, may ask for.
    pub(crate) limits: Limits,
    /// The brand on the pages.
    pub(crate) brand: Brand,
    /// Style, logo, icons.
    pub(crate) assets: Assets,
    /// The sign-ins and sessions that are being ended: done with before the gateway stops.
    pub(crate) endings: TaskTracker,
    /// The public figures.
    pub(crate) indicators: Published,
    /// What services are told of their sign-ins.
    pub(crate) figures: Counter,
    /// Wakes the mail worker.
    pub(crate) mail_waiting: Arc<Notify>,
    /// Wakes the courier of logouts.
    pub(crate) logouts_waiting: Arc<Notify>,
    /// Wakes the courier of webhooks.
    pub(crate) webhooks_waiting: Arc<Notify>,
    /// The runs of the homologation bench.
    pub(crate) bench: House,
    /// The door of the desks of communes, where there is one.
    pub(crate) desk: Option<DeskDoor>,
    /// The door of the partners' space, where there is one.
    pub(crate) partners: Option<PartnersDoor>,
    /// The platform of habilitations whose word is taken, where there is one.
    pub(crate) datapass: Option<DataPass>,
    /// What programs call that use the admin API, where there is one.
    pub(crate) admin: Option<Issuer>,
}

/// How DPoP proofs are judged (RFC 9449 §8).
#[derive(Debug)]
pub(crate) struct Dpop {
    /// Whether they must hold one of our nonces.
    pub(crate) rule: NonceRule,
    /// The secret behind the nonces.
    pub(crate) secret: NonceSecret,
}

/// The state of the router.
pub(crate) type Shared = Arc<App>;

impl App {
    /// The door of the desks. Asked for behind it alone: without one there are no such routes.
    pub(crate) fn desk(&self) -> &DeskDoor {
        self.desk.as_ref().expect("a route of the desk is made where a desk is configured")
    }

    /// The door of the partners' space. Asked for behind it alone: without one there are no such routes.
    pub(crate) fn partners(&self) -> &PartnersDoor {
        self.partners.as_ref().expect("a route of the partners' space is made where one is configured")
    }

    /// The card provider. Asked for behind its own routes alone: without one there are none.
    pub(crate) fn cnie(&self) -> &Cnie {
        self.cnie.as_ref().expect("a route of cards is made where a card provider is configured")
    }

    /// A client, as registered within the last second.
    pub(crate) fn client(&self, id: &ClientId) -> Option<Arc<Registered>> {
        self.watched.client(id)
    }

    /// A client that is served: registered, and not disabled.
    pub(crate) fn served(&self, id: &ClientId) -> Option<Arc<Registered>> {
        self.client(id).filter(|found| found.state == ClientState::Active)
    }

    /// The proof that a client has a habilitation that is in force, as registered within the last second.
    pub(crate) fn live<'a>(&self, registered: &'a Registered) -> Result<LiveHabilitation<'a>, NotLive> {
        registered.live(self.clock.now(), &self.watched.switches())
    }

    /// The data providers at a resource that are served.
    pub(crate) fn data_providers(&self, resource: &Resource) -> Vec<Arc<Registered>> {
        let mut found = self.watched.data_providers(resource);
        found.retain(|found| self.live(found).is_ok());
        found
    }

    /// A citizen's account, as it is now: for a sign-in.
    pub(crate) async fn account(&self, key: &AccountKey) -> Result<Option<Account>, StoreError> {
        self.registry.account(key, Instant::now().into_std()).await
    }

    /// A citizen's account, as it was within the last second: for what a relying party's server asks.
    pub(crate) async fn standing(&self, key: &AccountKey) -> Result<Option<Account>, StoreError> {
        self.registry.standing(key, Instant::now().into_std()).await
    }

    /// The signing keys.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        self.watched.keys()
    }

    /// The subject of a citizen at a client.
    pub(crate) fn subject(&self, account: &AccountKey, client: &Client) -> Subject {
        Subject::pairwise(account, &client.sector, &self.subject_secret)
    }

    /// What a client knows a citizen and a session of theirs by.
    pub(crate) fn pseudonyms(&self, account: &AccountKey, session: &SessionId, client: &Client) -> Pseudonyms {
        Pseudonyms::of(account, session, &client.sector, &self.subject_secret)
    }

    /// What citizens read for a provider; its bare name once it left the configuration.
    pub(crate) fn provider_title(&self, id: &ProviderId) -> Label {
        self.upstreams
            .find(id)
            .map_or_else(|| Label { fr: id.to_string(), en: id.to_string() }, |provider| provider.title.clone())
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({})", self.issuer.as_str())
    }
}
