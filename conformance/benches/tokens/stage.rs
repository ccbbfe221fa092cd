//! The stage: a gateway with both kinds of client and a data provider of each, and a citizen with a session.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use conformance::citizen::{Citizen, Page};
use conformance::data_provider::DataProvider;
use conformance::fapi::FapiParty;
use conformance::gateway::{Gateway, Installation, Standing, Surroundings};
use conformance::jose::{Algorithm, SigningKey};
use conformance::mailbox::Mailbox;
use conformance::people::PASSWORD;
use conformance::process::Signals;
use conformance::registry::Registry;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, ProviderId, Providers};
use serde_json::{Value, json};

use crate::gauge;
use crate::parties::{Client, Fapi, Secret};

/// What a service asks for: a data provider may be asked with the token, too.
const SCOPE: &str = "openid profile birth email dgfip_rfr";
/// How long work put off may take to be done.
const QUIET_PATIENCE: Duration = Duration::from_mins(2);

/// Everything that runs around the measured gateway. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The gateway.
    pub(crate) gateway: Gateway,
    /// Both kinds of client.
    pub(crate) clients: [Client; 2],
    _around: (Providers, Registry, Mailbox, DataProvider),
}

/// A code, with what its redemption needs.
#[derive(Debug)]
pub(crate) struct Redeemable {
    /// The request.
    pub(crate) ask: Ask,
    /// The code.
    pub(crate) code: String,
}

impl Stage {
    /// Sets it with the gateway `idp`.
    pub(crate) async fn set(idp: &Path) -> anyhow::Result<Self> {
        let (registry, mailbox) =
            (Registry::start(listen(0).await?, Control::Closed), Mailbox::start(listen(0).await?, listen(0).await?));
        let around = Surroundings {
            port: free_port(),
            registry_url: registry.url(),
            smtp_url: mailbox.smtp_url(),
            // One client does all the work here.
            overrides: "lifetimes.code = 60\ndpop.require_nonce = false\n\
                        limits.calls_per_client_per_minute = 0\nlimits.pushes_per_client_per_minute = 0"
                .parse()?,
            ..Surroundings::default()
        };
        let providers = Providers::start(listen(0).await?, &around.issuer(), Control::Closed);
        let installation = Installation::write(idp, &around, &providers)?;
        installation.migrate().await?;
        let gateway = installation.serve(Signals::Shared).await?;
        let (secret, data_provider) = with_secret(&installation).await?;
        let clients = [Client::Secret(secret), Client::Fapi(under_fapi(&installation).await?)];
        Ok(Self { gateway, clients, _around: (providers, registry, mailbox, data_provider) })
    }

    /// Waits until the gateway has done what it put off, such as notices.
    pub(crate) async fn quiet(&self) -> anyhow::Result<()> {
        let id = self.gateway.process.id();
        let settled = async {
            let mut pace = tokio::time::interval(Duration::from_millis(500));
            pace.tick().await;
            let mut last = gauge::cpu(id)?;
            loop {
                pace.tick().await;
                let now = gauge::cpu(id)?;
                // A tick may fall to what it does every second anyway.
                if now.saturating_sub(last) <= Duration::from_millis(10) {
                    return anyhow::Ok(());
                }
                last = now;
            }
        };
        tokio::time::timeout(QUIET_PATIENCE, settled).await.context("the gateway does not come to rest")?
    }
}

impl Client {
    /// A citizen who signed in at this service before.
    pub(crate) async fn known_citizen(&self) -> anyhow::Result<Citizen> {
        let mut citizen = Citizen::new().stopping_at(&self.party().redirect_uri);
        let ask = self.ask();
        let chooser = citizen.open(&self.address(&ask).await?).await?;
        let button = format!("form[data-step=choose] button[name=provider][value={}]", ProviderId::Impots);
        let login = citizen.press(&chooser, &button, &[]).await?;
        let inform = citizen.sign_in(&login, "angela", PASSWORD).await?;
        let back = citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await?;
        code_of(&back)?;
        Ok(citizen)
    }

    /// Codes out of the citizen's session.
    pub(crate) async fn codes(&self, citizen: &mut Citizen, count: u32) -> anyhow::Result<Vec<Redeemable>> {
        let mut codes = Vec::new();
        for _ in 0..count {
            let ask = self.ask().with("prompt", "none");
            let back = citizen.open(&self.address(&ask).await?).await?;
            let code = code_of(&back)?;
            codes.push(Redeemable { ask, code });
        }
        Ok(codes)
    }

    /// An honest request.
    pub(crate) fn ask(&self) -> Ask {
        self.party().ask(SCOPE).and("resource", self.resource())
    }

    /// Where the citizen's browser is sent.
    async fn address(&self, ask: &Ask) -> anyhow::Result<String> {
        match self {
            Self::Secret(_) => Ok(ask.url()),
            Self::Fapi(client) => client.service.pushed(ask, Some(&client.proofs)).await,
        }
    }
}

fn code_of(back: &Page) -> anyhow::Result<String> {
    let code = back.parameter("code");
    code.with_context(|| format!("no code but {} {:?}", back.brief(), back.parameter("error_description")))
}

async fn with_secret(installation: &Installation) -> anyhow::Result<(Secret, DataProvider)> {
    let data_provider = DataProvider::open(installation, "API du banc", "openid dgfip_rfr", &json!({})).await?;
    let mut metadata = RelyingParty::ordinary("Ville du banc d’essai");
    metadata["id_token_signed_response_alg"] = json!("ES256");
    asks(&mut metadata, data_provider.resource());
    let party = RelyingParty::register(installation, &metadata).await?;
    let secret = Secret {
        party,
        resource: data_provider.resource().to_owned(),
        asker: (data_provider.client_id().to_owned(), data_provider.secret().to_owned()),
    };
    Ok((secret, data_provider))
}

/// Its data provider proves itself by an assertion of the same key.
async fn under_fapi(installation: &Installation) -> anyhow::Result<Fapi> {
    let key = SigningKey::generate(Algorithm::Es256);
    let resource = format!("http://127.0.0.1:{}/api", free_port());
    let asker = json!({
        "client_name": "API à clé du banc",
        "client_name#en": "API à clé du banc",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [key.public_jwk()] },
        "scope": "openid dgfip_rfr",
        "passerelle": { "data_provider": resource },
    });
    let asker = installation.import(&asker).await?.client_id;
    installation.until(&asker, Standing::Served).await?;
    let mut metadata = FapiParty::ordinary("Service FAPI du banc", &key);
    asks(&mut metadata, &resource);
    // Without refresh tokens, as the other: a family of them is one record more.
    metadata["grant_types"] = json!(["authorization_code"]);
    let service = FapiParty::register(installation, &metadata, key).await?;
    ensure!(service.party.secret.is_none(), "a client with a key has no secret");
    Ok(Fapi { service, proofs: SigningKey::generate(Algorithm::Es256), resource, asker })
}

fn asks(metadata: &mut Value, resource: &str) {
    metadata["scope"] = json!(SCOPE);
    metadata["passerelle"]["resources"] = json!([resource]);
}
