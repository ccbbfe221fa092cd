//! What stories and attacks on services under FAPI 2.0 share: a service, its citizen, and the nodes of a fleet.

use std::sync::Arc;

use conformance::citizen::{Citizen, Page};
use conformance::engines::{Postgres, Redis};
use conformance::fapi::{FapiParty, Tokens};
use conformance::gateway::{Ephemeral, Gateway, Lasting, Standing};
use conformance::jose::{Algorithm, SigningKey};
use conformance::people::PASSWORD;
use conformance::process::Signals;
use conformance::relying_party::Ask;
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::tools::Missing;
use conformance::upstream::ProviderId;
use serde_json::Value;

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// A service under FAPI 2.0 with the key of its proofs.
pub(crate) struct Secured {
    pub(crate) party: FapiParty,
    pub(crate) holder: Arc<SigningKey>,
}

impl Secured {
    /// An ordinary one.
    pub(crate) async fn register(journey: &Journey) -> Self {
        Self::registered(journey, |_| ()).await
    }

    /// One whose metadata was changed before.
    pub(crate) async fn registered(journey: &Journey, change: impl FnOnce(&mut Value)) -> Self {
        let key = SigningKey::generate(Algorithm::Es256);
        let mut metadata = FapiParty::ordinary("Préfecture", &key);
        change(&mut metadata);
        let party = FapiParty::register(journey.scene.gateway.installation(), &metadata, key).await.unwrap();
        Self { party, holder: Arc::new(SigningKey::generate(Algorithm::Es256)) }
    }

    /// The same service, reached by another node.
    pub(crate) fn by_way_of(&self, node: &Gateway) -> Self {
        Self { party: self.party.by_way_of(node.installation().base()), holder: Arc::clone(&self.holder) }
    }

    /// A citizen who stops at the service.
    pub(crate) fn citizen(&self) -> Citizen {
        citizen_of(&self.party.party)
    }

    /// A code for a request that is pushed without a proof: bound to no key yet.
    pub(crate) async fn code(&self, ask: &Ask) -> String {
        let url = self.party.pushed(ask, None).await.unwrap();
        self.code_at(&mut self.citizen(), &url).await
    }

    /// A code for a request that was pushed already.
    pub(crate) async fn code_at(&self, citizen: &mut Citizen, url: &str) -> String {
        let back = self.back(citizen, url).await;
        back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()))
    }

    /// A whole sign-in, from the address of a request to the return.
    pub(crate) async fn back(&self, citizen: &mut Citizen, url: &str) -> Page {
        let chooser = expect(citizen.open(url).await.unwrap(), "choose");
        let login = choose(citizen, &chooser, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        accept(citizen, &inform).await
    }

    /// The tokens of a whole sign-in.
    pub(crate) async fn tokens(&self, ask: &Ask) -> Tokens {
        let code = self.code(ask).await;
        self.party.redeem(ask, &code, &self.holder).await.unwrap().tokens().unwrap()
    }

    /// The tokens of a whole sign-in with a refresh token among them.
    pub(crate) async fn offline(&self) -> Tokens {
        let tokens = self.tokens(&self.party.ask_offline("openid profile")).await;
        assert!(tokens.refresh_token.is_some(), "{tokens:?}");
        tokens
    }

    /// The status of userinfo.
    pub(crate) async fn opens(&self, token: &str) -> u16 {
        self.party.userinfo(token, &self.holder).await.unwrap().status
    }
}

/// Two nodes on one Redis and one PostgreSQL.
pub(crate) struct Fleet {
    pub(crate) journey: Journey,
    pub(crate) second: Gateway,
    _engines: (Redis, Postgres),
}

impl Fleet {
    /// Starts one, where the engines are there.
    pub(crate) async fn start() -> Result<Self, Missing> {
        let engines = (Redis::start().await?, Postgres::start().await?);
        let setting = Setting {
            ephemeral: Ephemeral::Redis(engines.0.url()),
            lasting: Lasting::Postgres(engines.1.url()),
            ..Setting::default()
        };
        let journey = Journey::set(setting).await;
        let beside = journey.scene.gateway.installation().beside(free_port()).unwrap();
        let second = beside.serve(Signals::Shared).await.unwrap();
        Ok(Self { journey, second, _engines: engines })
    }

    /// A service that both nodes serve: as the first reaches it, and as the second does.
    pub(crate) async fn register(&self) -> [Secured; 2] {
        self.registered(|_| ()).await
    }

    /// The same with metadata that was changed before.
    pub(crate) async fn registered(&self, change: impl FnOnce(&mut Value)) -> [Secured; 2] {
        let service = Secured::registered(&self.journey, change).await;
        self.second.installation().until(&service.party.party.client_id, Standing::Served).await.unwrap();
        let other = service.by_way_of(&self.second);
        [service, other]
    }
}
