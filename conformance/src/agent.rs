//! An agent of a commune: a browser, and a passkey in software that signs what the pages of the desk ask.
//!
//! [`Agent::come`] takes an invitation from its link to the first page of the desk. [`overrides`], [`enrol`] and
//! [`invite`] do what an operator does before.

use std::future::Future;
use std::pin::Pin;

use anyhow::{Context as _, bail};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::aws_lc_rs::AwsLcRsBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde::Deserialize;
use serde_json::Value;
use toml::Table;
use url::Url;

use crate::audit;
use crate::citizen::{Citizen, Page};
use crate::gateway::Installation;

/// The INSEE code of the commune of most tests.
pub const COMMUNE: &str = "75056";

/// The day on which every agent here was born.
pub const BORN: &str = "1980-01-01";

/// Someone with a browser at a desk, and maybe a passkey.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Their browser.
    pub browser: Citizen,
    /// The origin that their browser tells the passkey.
    pub origin: Url,
    /// Their passkey.
    pub passkey: Option<Passkey>,
    /// What their authenticator checks, whatever it is asked.
    pub finger: Finger,
    /// Whether their authenticator counts its signatures.
    pub counts: Counts,
}

/// What an authenticator checks of who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finger {
    /// It verifies them.
    Verified,
    /// It does not, as when the page did not ask for it.
    Untouched,
}

/// Whether an authenticator counts its signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// It does, as a security key.
    Yes,
    /// It does not, as a passkey that is synchronised.
    No,
}

impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    fn check_user<'a, 'life0, 'async_trait>(
        &'life0 self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<UserCheck, Ctap2Error>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let verification = *self == Self::Verified;
        Box::pin(async move { Ok(UserCheck { presence, verification }) })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

impl Agent {
    /// Someone with an empty browser at the desk of this origin.
    ///
    /// # Panics
    /// When the origin is none.
    pub fn at(origin: &str) -> Self {
        Self {
            browser: Citizen::new(),
            origin: Url::parse(origin).expect("an origin"),
            passkey: None,
            finger: Finger::Verified,
            counts: Counts::No,
        }
    }

    /// Takes an invitation and signs in: the first page of the desk.
    pub async fn come(&mut self, link: &str) -> anyhow::Result<Page> {
        let ready = self.accept(link).await?;
        if ready.name().as_deref() != Some("desk-sign-in") {
            bail!("no sign-in after the invitation: {}", ready.brief());
        }
        self.enter(&ready).await
    }

    /// Takes an invitation: the page after.
    pub async fn accept(&mut self, link: &str) -> anyhow::Result<Page> {
        let page = self.browser.open(link).await?;
        self.add(&page, "Poste d’essai").await
    }

    /// Makes a passkey on a page that asks for one, and sends it: the page after.
    pub async fn add(&mut self, page: &Page, name: &str) -> anyhow::Result<Page> {
        let credential = self.make(page).await?;
        let button = "form[data-step=register] button";
        self.browser.press(page, button, &[("credential", &credential), ("name", name)]).await
    }

    /// Signs in from the page of the sign-in: the page after.
    pub async fn sign_in(&mut self) -> anyhow::Result<Page> {
        let page = self.open("/guichet/connexion").await?;
        self.enter(&page).await
    }

    /// Signs what a page of the sign-in asks, and sends it: the page after.
    pub async fn enter(&mut self, page: &Page) -> anyhow::Result<Page> {
        let credential = self.sign(page).await?;
        self.browser.press(page, "form[data-step=sign-in] button", &[("credential", &credential)]).await
    }

    /// Declares on their own page who they are, so that they certify alone: someone of this birth name, whom no test's card
    /// is of.
    pub async fn declare(&mut self, surname: &str) -> anyhow::Result<Page> {
        let page = self.open("/guichet/compte").await?;
        let fields = [("name", surname), ("birthdate", BORN)];
        self.browser.press(&page, "form[data-step=declare] button", &fields).await
    }

    /// Sends whoever asked to a page behind the sign-in, with the cookies of this agent: they are the agent from now on.
    pub fn hand_over(&self, path: &str) -> Response {
        let Ok(url) = self.origin.join(path) else { return StatusCode::NOT_FOUND.into_response() };
        let mut response = Redirect::to(url.as_str()).into_response();
        let jar = &self.browser.jar;
        for name in jar.names(&self.origin) {
            let Some(value) = jar.value(&self.origin, name) else { continue };
            let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }

    /// Opens a path of the desk.
    pub async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        let url = self.origin.join(path)?;
        self.browser.open(url.as_str()).await
    }

    /// What the authenticator says to a page that asks for a new passkey.
    pub async fn make(&mut self, page: &Page) -> anyhow::Result<String> {
        let asked = serde_json::from_value(self.asked(page)?)?;
        // It replaces the one that is held, as another device would have none.
        let mut client = Client::new(self.authenticator(None)).allows_insecure_localhost(true);
        let made = client.register(&self.origin, asked, DefaultClientData).await;
        let made = made.map_err(|error| anyhow::anyhow!("no passkey is made: {error:?}"))?;
        self.passkey.clone_from(client.authenticator().store());
        Ok(serde_json::to_string(&made)?)
    }

    /// What the authenticator says to a page that asks for a signature.
    pub async fn sign(&mut self, page: &Page) -> anyhow::Result<String> {
        let asked = serde_json::from_value(self.asked(page)?)?;
        let mut client = Client::new(self.authenticator(self.passkey.clone())).allows_insecure_localhost(true);
        let signed = client.authenticate(&self.origin, asked, DefaultClientData).await;
        let signed = signed.map_err(|error| anyhow::anyhow!("nothing is signed: {error:?}"))?;
        self.passkey.clone_from(client.authenticator().store());
        Ok(serde_json::to_string(&signed)?)
    }

    fn authenticator(&self, held: Option<Passkey>) -> Authenticator<Option<Passkey>, Finger, AwsLcRsBackend> {
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), held, self.finger, AwsLcRsBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts == Counts::Yes);
        authenticator
    }

    /// What a page asks, as a browser reads it: an empty list is none.
    fn asked(&self, page: &Page) -> anyhow::Result<Value> {
        let options = page.attribute("form[data-passkey]", "data-options")?;
        let mut asked: Value = serde_json::from_str(&options).context("the options are JSON")?;
        let options = asked["publicKey"].as_object_mut().context("the options have a publicKey")?;
        for list in ["allowCredentials", "excludeCredentials"] {
            if options.get(list).is_some_and(|held| held.as_array().is_some_and(Vec::is_empty)) {
                options.remove(list);
            }
        }
        if self.finger == Finger::Untouched {
            // A browser whose page was rewritten on the way: the server has to see that nobody was verified.
            options.insert("userVerification".to_owned(), "discouraged".into());
        }
        Ok(asked)
    }
}

/// The keys of `idp.toml` that open a desk at this port.
///
/// # Panics
/// Never: what is written here is TOML.
pub fn overrides(port: u16) -> Table {
    let text = format!("[desk]\norigin = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n");
    text.parse().expect("TOML")
}

/// The origin of that desk.
pub fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Enrols a commune whose desk certifies.
pub async fn enrol(installation: &Installation, code: &str, name: &str) -> anyhow::Result<()> {
    let add = ["communes", "add", code, "--name", name, "--certifies-from", "2020-01-01"];
    run(installation, &add).await.map(|_| ())
}

/// Someone who was invited.
#[derive(Debug, Clone, Deserialize)]
pub struct Invited {
    /// Their id.
    pub id: String,
    /// The address that opens once.
    pub link: String,
}

/// Invites an agent who is trained and authorised for as long as any test runs. `roles`: `--admin`, `--agent`.
pub async fn invite(installation: &Installation, commune: &str, name: &str, roles: &[&str]) -> anyhow::Result<Invited> {
    let mail = format!("{}@mairie.exemple.fr", name.to_lowercase());
    let who = ["agents", "invite", "--commune", commune, "--name", name, "--mail", &mail];
    let dates = ["--trained", "2020-01-01", "--from", "2020-01-01", "--until", "2199-12-31", "--json"];
    let printed = run(installation, &[&who, roles, &dates].concat()).await?;
    let invited: Invited = serde_json::from_str(&printed).context("idp agents invite --json prints the link")?;
    if let Some((_, secret)) = invited.link.rsplit_once('/') {
        audit::secret(secret);
    }
    Ok(invited)
}

/// Runs a command that must succeed; what it printed.
pub async fn run(installation: &Installation, arguments: &[&str]) -> anyhow::Result<String> {
    let output = installation.run(arguments).await?;
    if !output.status.success() {
        bail!("idp {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
