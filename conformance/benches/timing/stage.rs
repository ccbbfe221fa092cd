//! The stage: a gateway, the parties whose requests are timed, and the requests, written out beforehand.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::citizen::Citizen;
use conformance::data_provider::DataProvider;
use conformance::gateway::{Gateway, Standing, Surroundings};
use conformance::mailbox::Mailbox;
use conformance::people::PASSWORD;
use conformance::process::Signals;
use conformance::registry::Registry;
use conformance::relying_party::RelyingParty;
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, ProviderId, Providers};
use conformance::{random, random::token};
use serde_json::json;

use crate::program;

/// Requests of each kind that take turns: one alone would always be in the processor's cache.
const POOL: usize = 64;

/// Two kinds of request that must take the same time.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) kinds: [Vec<Vec<u8>>; 2],
}

/// Everything that runs around the gateway. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Stage {
    _gateway: Gateway,
    port: u16,
    service: RelyingParty,
    disabled: RelyingParty,
    asker: DataProvider,
    /// Good tokens that are for other data providers.
    foreign: Vec<String>,
    /// Tokens that were given back.
    ended: Vec<String>,
    _around: (Providers, Registry, Mailbox, DataProvider),
}

impl Stage {
    /// Sets it.
    pub(crate) async fn set(profile: &str) -> anyhow::Result<Self> {
        let idp = program::built(profile).await?;
        let (registry, mailbox) =
            (Registry::start(listen(0).await?, Control::Closed), Mailbox::start(listen(0).await?, listen(0).await?));
        let around = Surroundings {
            port: free_port(),
            registry_url: registry.url(),
            smtp_url: mailbox.smtp_url(),
            // Tokens outlive the run, and no answer is 429.
            overrides: "lifetimes.access_token = 3600\nlimits.authorize_per_minute = 0".parse()?,
            ..Surroundings::default()
        };
        let providers = Providers::start(listen(0).await?, &around.issuer(), Control::Closed);
        let installation = conformance::gateway::Installation::write(&idp, &around, &providers)?;
        installation.migrate().await?;
        let gateway = installation.serve(Signals::Shared).await?;
        let asker = DataProvider::open(&installation, "API qui demande", "openid dgfip_rfr", &json!({})).await?;
        let other = DataProvider::open(&installation, "API d’à côté", "openid dgfip_rfr", &json!({})).await?;
        let mut metadata = RelyingParty::ordinary("Ville chronométrée");
        metadata["scope"] = json!("openid profile dgfip_rfr");
        metadata["passerelle"]["resources"] = json!([asker.resource(), other.resource()]);
        let service = RelyingParty::register(&installation, &metadata).await?;
        let disabled = RelyingParty::register(&installation, &RelyingParty::ordinary("Ville fermée")).await?;
        let elsewhere = other.resource().to_owned();
        let output = installation.run(&["clients", "disable", &disabled.client_id]).await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        installation.until(&disabled.client_id, Standing::Unknown).await?;
        let mut stage = Self {
            _gateway: gateway,
            port: around.port,
            service,
            disabled,
            asker,
            foreign: Vec::new(),
            ended: Vec::new(),
            _around: (providers, registry, mailbox, other),
        };
        stage.foreign = stage.tokens(&elsewhere).await?;
        stage.ended = stage.tokens(&elsewhere).await?;
        for token in &stage.ended {
            let answer = stage.service.post(&stage.service.metadata.revocation_endpoint, &[("token", token)]).await?;
            ensure!(answer.status().is_success(), "a token is given back");
        }
        Ok(stage)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Access tokens for a data provider, out of one citizen's session.
    async fn tokens(&self, resource: &str) -> anyhow::Result<Vec<String>> {
        let mut citizen = Citizen::new().stopping_at(&self.service.redirect_uri);
        let ask = || self.service.ask("openid profile dgfip_rfr").and("resource", resource);
        let chooser = citizen.open(&ask().url()).await?;
        let button = format!("form[data-step=choose] button[name=provider][value={}]", ProviderId::Impots);
        let login = citizen.press(&chooser, &button, &[]).await?;
        let inform = citizen.sign_in(&login, "angela", PASSWORD).await?;
        citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await?;
        let mut tokens = Vec::new();
        for _ in 0..POOL {
            let ask = ask().and("prompt", "none");
            let back = citizen.open(&ask.url()).await?;
            tokens.push(self.service.finish(&ask, &back).await.with_context(|| back.brief())?.access_token);
        }
        Ok(tokens)
    }

    /// What is compared.
    pub(crate) fn comparisons(&self) -> Vec<Comparison> {
        let secret = self.service.secret.as_deref().unwrap_or_default();
        let unknown = || self.fill(|| hex(self.service.client_id.len()));
        let disabled = self.disabled.client_id.as_str();
        let right = |share: usize| self.fill(|| close(secret, share));
        let with = |id: &str, secrets: Vec<String>| secrets.iter().map(|secret| self.token(id, secret)).collect();
        let nobody = || unknown().iter().map(|id| self.token(id, &close(secret, 0))).collect();
        let page = |ids: Vec<String>| ids.iter().map(|id| self.authorize(id)).collect();
        let (own, none) = (self.service.client_id.as_str(), || self.fill(token));
        let about = |tokens: Vec<String>| tokens.iter().map(|token| self.introspect(token)).collect();
        vec![
            Comparison {
                name: "C10 secret all wrong / right but for its last character",
                status: 401,
                kinds: [with(own, right(0)), with(own, right(secret.len() - 1))],
            },
            Comparison {
                name: "C10 secret all wrong / right in its first half",
                status: 401,
                kinds: [with(own, right(0)), with(own, right(secret.len() / 2))],
            },
            Comparison {
                name: "A13 at /token: client unknown / known, secret wrong",
                status: 401,
                kinds: [nobody(), with(own, right(0))],
            },
            Comparison {
                name: "A13 at /token: client unknown / disabled",
                status: 401,
                kinds: [nobody(), with(disabled, right(0))],
            },
            Comparison {
                name: "A13 at /authorize: client unknown / disabled",
                status: 400,
                kinds: [page(unknown()), page(self.fill(|| disabled.to_owned()))],
            },
            Comparison {
                name: "D03 token unknown / given back",
                status: 200,
                kinds: [about(none()), about(self.ended.clone())],
            },
            Comparison {
                name: "D03 token unknown / of another data provider",
                status: 200,
                kinds: [about(none()), about(self.foreign.clone())],
            },
        ]
    }

    #[expect(clippy::unused_self, reason = "read as a part of the stage")]
    fn fill(&self, make: impl FnMut() -> String) -> Vec<String> {
        std::iter::repeat_with(make).take(POOL).collect()
    }

    fn token(&self, id: &str, secret: &str) -> Vec<u8> {
        let body = format!(
            "grant_type=authorization_code&code={}&redirect_uri=http%3A%2F%2Flocalhost&code_verifier={}",
            "c".repeat(43),
            "v".repeat(43)
        );
        self.post("/token", id, secret, &body)
    }

    fn introspect(&self, token: &str) -> Vec<u8> {
        self.post("/introspect", self.asker.client_id(), self.asker.secret(), &format!("token={token}"))
    }

    fn post(&self, path: &str, id: &str, secret: &str, body: &str) -> Vec<u8> {
        let host = self.port;
        let (credentials, length) = (STANDARD.encode(format!("{id}:{secret}")), body.len());
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{host}\r\nauthorization: Basic {credentials}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn authorize(&self, id: &str) -> Vec<u8> {
        let host = self.port;
        format!(
            "GET /authorize?client_id={id}&response_type=code&scope=openid HTTP/1.1\r\nhost: 127.0.0.1:{host}\r\n\r\n"
        )
        .into_bytes()
    }
}

/// A secret of the right form and length that is right in its first `share` characters and wrong in all others.
fn close(secret: &str, share: usize) -> String {
    let drawn = token();
    let drawn = drawn.chars().cycle();
    secret
        .chars()
        .zip(drawn)
        .enumerate()
        .map(|(at, (right, drawn))| match (at < share, right == drawn, drawn) {
            (true, _, _) => right,
            (false, false, drawn) => drawn,
            (false, true, 'A') => 'B',
            (false, true, _) => 'A',
        })
        .collect()
}

/// A name of the form and length that client ids have.
fn hex(length: usize) -> String {
    let bytes: [u8; 64] = random::bytes();
    bytes.iter().filter_map(|byte| char::from_digit(u32::from(byte % 16), 16)).cycle().take(length).collect()
}
