//! The steps that most stories and attacks share: a scene with a service of ours, and a citizen on the way.

use std::time::Duration;

use conformance::citizen::{Citizen, Page};
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::scene::{Scene, Setting};
use conformance::tools::{Missing, Tool};
use conformance::upstream::ProviderId;
use serde_json::Value;
use url::Url;

/// How long something that must come may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A scene and a public service registered at its gateway.
pub(crate) struct Journey {
    pub(crate) scene: Scene,
    pub(crate) service: RelyingParty,
}

impl Journey {
    /// An ordinary scene and an ordinary service.
    pub(crate) async fn start() -> Self {
        Self::set(Setting::default()).await
    }

    /// A scene set in a special way, and an ordinary service.
    pub(crate) async fn set(setting: Setting) -> Self {
        Self::in_scene(Scene::set(setting).await).await
    }

    /// An ordinary service in a scene that stands already.
    pub(crate) async fn in_scene(scene: Scene) -> Self {
        let metadata = RelyingParty::ordinary("Ville d’essai");
        let service = RelyingParty::register(scene.gateway.installation(), &metadata).await.unwrap();
        Self { scene, service }
    }

    /// Another service at the same gateway.
    pub(crate) async fn register(&self, metadata: &Value) -> RelyingParty {
        RelyingParty::register(self.scene.gateway.installation(), metadata).await.unwrap()
    }

    /// A citizen who stops at the service's own address.
    pub(crate) fn citizen(&self) -> Citizen {
        citizen_of(&self.service)
    }

    /// An ordinary request of the service for everything it may have.
    pub(crate) fn ask(&self) -> Ask {
        self.service.ask("openid profile birth email")
    }

    /// From the request to the sandbox provider's login page.
    pub(crate) async fn to_login(&self, citizen: &mut Citizen, ask: &Ask, provider: ProviderId) -> Page {
        to_login(citizen, ask, provider).await
    }

    /// From the request to the page after the provider, whatever it is.
    pub(crate) async fn to_arrival(
        &self,
        citizen: &mut Citizen,
        ask: &Ask,
        provider: ProviderId,
        username: &str,
    ) -> Page {
        let login = to_login(citizen, ask, provider).await;
        citizen.sign_in(&login, username, PASSWORD).await.unwrap()
    }

    /// From the request to the page that says what will be sent.
    pub(crate) async fn to_inform(
        &self,
        citizen: &mut Citizen,
        ask: &Ask,
        provider: ProviderId,
        username: &str,
    ) -> Page {
        let page = self.to_arrival(citizen, ask, provider, username).await;
        expect(page, "inform")
    }

    /// From the request back to the service.
    pub(crate) async fn to_return(
        &self,
        citizen: &mut Citizen,
        ask: &Ask,
        provider: ProviderId,
        username: &str,
    ) -> Page {
        let inform = self.to_inform(citizen, ask, provider, username).await;
        accept(citizen, &inform).await
    }

    /// From the request to the honest answer of a provider, held back at the door of the gateway.
    pub(crate) async fn held(&self, citizen: &mut Citizen, ask: &Ask, provider: ProviderId, username: &str) -> Url {
        let login = to_login(citizen, ask, provider).await;
        self.answer(citizen, &login, username).await
    }

    /// From a login page to the honest answer of its provider, held back at the door of the gateway.
    pub(crate) async fn answer(&self, citizen: &Citizen, login: &Page, username: &str) -> Url {
        let door = format!("{}/callback", self.scene.gateway.issuer());
        let mut citizen = citizen.clone().stopping_at(&door);
        let held = citizen.sign_in(login, username, PASSWORD).await.unwrap();
        assert!(held.url.as_str().starts_with(&door) && held.parameter("code").is_some(), "{}", held.brief());
        held.url
    }

    /// Changes the registration of a service, and waits until a fresh choice of its citizens shows `sign`.
    pub(crate) async fn reimport(&self, service: &RelyingParty, metadata: &Value, sign: &str) {
        let mut metadata = metadata.clone();
        metadata["client_id"] = service.client_id.clone().into();
        self.scene.gateway.installation().import(&metadata).await.unwrap();
        eventually(sign, async || {
            let chooser = citizen_of(service).open(&service.ask("openid").url()).await.unwrap();
            chooser.has(sign).then_some(())
        })
        .await;
    }

    /// A fresh code for a service.
    pub(crate) async fn code(&self, service: &RelyingParty) -> (Ask, String) {
        let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(service));
        let back = self.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()));
        (ask, code)
    }

    /// Runs SQL on the registry beside the running gateway, as an intruder would, or for what no command does yet; what
    /// it prints.
    pub(crate) fn sql(&self, text: &str) -> Result<String, Missing> {
        let file = self.scene.gateway.installation().data().join("registry.sqlite");
        let mut command = std::process::Command::new(Tool::Sqlite.find()?);
        let output = command.args(["-batch", "-cmd", ".timeout 5000"]).arg(file).arg(text).output().unwrap();
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// A whole sign-in with a fresh browser: the tokens that the service receives.
    pub(crate) async fn tokens(&self, provider: ProviderId, username: &str) -> (Ask, Tokens) {
        let (ask, mut citizen) = (self.ask(), self.citizen());
        let back = self.to_return(&mut citizen, &ask, provider, username).await;
        let tokens = self.service.finish(&ask, &back).await.unwrap();
        (ask, tokens)
    }
}

/// A citizen who stops at the address of a service.
pub(crate) fn citizen_of(service: &RelyingParty) -> Citizen {
    Citizen::new().stopping_at(&service.redirect_uri)
}

/// Waits until `look` finds something.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// The same with a patience of its own.
pub(crate) async fn within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        loop {
            pace.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(patience, found).await.unwrap_or_else(|_| panic!("{what} did not come within {patience:?}"))
}

/// From a request to the login page of a provider, through the chooser.
pub(crate) async fn to_login(citizen: &mut Citizen, ask: &Ask, provider: ProviderId) -> Page {
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    choose(citizen, &chooser, provider).await
}

/// Presses a provider's button on the chooser; the provider's login page.
pub(crate) async fn choose(citizen: &mut Citizen, chooser: &Page, provider: ProviderId) -> Page {
    let button = format!("form[data-step=choose] button[name=provider][value={provider}]");
    expect(citizen.press(chooser, &button, &[]).await.unwrap(), "login")
}

/// Presses the button of the page that says what will be sent.
pub(crate) async fn accept(citizen: &mut Citizen, inform: &Page) -> Page {
    citizen.press(inform, "form[data-step=inform] button[type=submit]", &[]).await.unwrap()
}

/// The page, which must be the one named.
pub(crate) fn expect(page: Page, name: &str) -> Page {
    assert_eq!(page.name().as_deref(), Some(name), "{}\n{}", page.brief(), page.body);
    if name == "problem" {
        // Its code is the code of the event that accounts for it.
        assert_eq!(page.refusal(), format!("page.{}", page.code().unwrap()), "{}", page.brief());
    }
    page
}
