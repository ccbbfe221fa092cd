//! Every page in French and English, for keyboards and screen readers, in four sizes of window, under a strict policy.

use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::Page;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::scene::{Scene, Setting};
use conformance::tools::Missing;
use conformance::upstream::{Fault, ProviderId};
use serde_json::json;
use url::Url;

use crate::desk::{Desk, Reply};
use crate::journey::{Journey, eventually, expect};

/// One look at every page, in one language, walked to as a citizen does.
struct Tour {
    journey: Journey,
    browser: Browser,
    axe: Axe,
    language: &'static str,
}

impl Tour {
    async fn begin(language: &'static str) -> Result<Self, Missing> {
        let axe = Axe::find()?;
        let browser = Browser::start_in(language, Scripts::On).await?;
        Ok(Self { journey: Journey::start().await, browser, axe, language })
    }

    /// Waits for a page of the gateway in the state that `sign` shows, and looks at it in four sizes.
    async fn look(&self, name: &str, sign: &str) {
        self.browser.see(sign).await.unwrap();
        let shown = self.browser.see("html").await.unwrap().attr("lang").await.unwrap();
        assert_eq!(shown.as_deref(), Some(self.language), "{name}");
        self.browser.inspect(&format!("{name}-{}", self.language), &self.axe).await.unwrap();
    }

    async fn open(&self, ask: &Ask) {
        self.browser.open(&ask.url()).await.unwrap();
    }

    async fn press(&self, selector: &str) {
        self.browser.press(selector).await.unwrap();
    }

    async fn sign_in(&self, ask: &Ask, username: &str) {
        self.open(ask).await;
        self.press("form[data-step=choose] button[value=impots]").await;
        self.browser.sign_in(username, PASSWORD).await.unwrap();
    }

    async fn choices_and_refusals(&self) {
        let journey = &self.journey;
        self.open(&journey.ask()).await;
        self.look("choose", "main[data-page=choose]").await;
        self.press("form[data-step=choose] button[value=impots]").await;
        self.press("button[value=cancel]").await;
        self.look("choose-banner", "main[data-page=choose] [data-banner]").await;
        self.open(&journey.ask().with("acr_values", "eidas3")).await;
        self.look("choose-eidas3", "main[data-page=choose] [data-why=level]").await;
        self.sign_in(&journey.ask(), "nadia").await;
        self.look("refused", "main[data-page=refused]").await;
        self.browser.open(&journey.ask().with("client_id", "nobody").url()).await.unwrap();
        self.look("problem", "main[data-page=problem]").await;
        self.browser.open(journey.scene.gateway.issuer()).await.unwrap();
        self.look("front", "main[data-page=front]").await;
    }

    async fn information_and_consent(&self) {
        let journey = &self.journey;
        let mut metadata = RelyingParty::ordinary("Assureur");
        metadata["passerelle"]["kind"] = "private".into();
        let insurer = journey.register(&metadata).await;
        self.sign_in(&insurer.ask("openid profile email"), "angela").await;
        self.look("inform-consent", "main[data-page=inform] input[name=consent]").await;
        self.press("form[data-step=inform] button[type=submit]").await;
        self.look("inform-consent-missing", "main[data-page=inform] [role=alert]").await;
        self.sign_in(&journey.service.ask("openid"), "angela").await;
        self.look("inform-anonymous", "main[data-page=inform] [data-anonymous]").await;
        self.sign_in(&journey.ask(), "angela").await;
        self.look("inform", "main[data-page=inform] [data-claim=family_name]").await;
        let desk = Desk::open(journey, Reply::Nothing, &json!({})).await;
        self.sign_in(&desk.service.ask("openid profile").and("response_mode", "form_post"), "angela").await;
        self.press("form[data-step=inform] button[type=submit]").await;
        self.look("form-post", "main[data-page=form-post]").await;
        assert!(desk.last().is_some(), "it went by itself, and the page stayed to be looked at");
    }

    async fn endings(&self) {
        let journey = &self.journey;
        let desk = Desk::open(journey, Reply::Nothing, &json!({})).await;
        self.open(&desk.service.ask("openid").and("response_mode", "form_post")).await;
        self.browser.see("main[data-page=inform]").await.unwrap();
        let inform = self.browser.address().await.unwrap();
        self.press("form[data-step=inform] button[type=submit]").await;
        self.browser.see("main[data-page=form-post]").await.unwrap();
        self.browser.open(inform.as_str()).await.unwrap();
        self.look("ended-finished", "main[data-page=ended][data-code=sign_in_finished]").await;

        self.browser.open(&journey.service.metadata.end_session_endpoint).await.unwrap();
        self.look("confirm-logout", "main[data-page=confirm-logout]").await;
        self.press("button[value=yes]").await;
        self.look("logged-out", "main[data-page=logged-out]").await;

        self.open(&journey.ask()).await;
        self.browser.see("main[data-page=choose]").await.unwrap();
        let chooser = self.browser.address().await.unwrap();
        self.browser.driver().delete_all_cookies().await.unwrap();
        self.browser.open(chooser.as_str()).await.unwrap();
        self.look("ended-cookie-lost", "main[data-page=ended][data-code=cookie_lost]").await;
    }

    /// The page of checks that are under way: the provider hangs, and the citizen looks again in a second tab.
    async fn wait(&self) {
        let (journey, driver) = (&self.journey, self.browser.driver());
        self.open(&journey.ask()).await;
        self.press("form[data-step=choose] button[value=mobile]").await;
        let script = "return document.querySelector('input[name=state]').value";
        let state = driver.execute(script, Vec::new()).await.unwrap().convert::<String>().unwrap();
        let (issuer, provider) = (journey.scene.gateway.issuer(), journey.scene.providers.issuer(ProviderId::Mobile));
        let mut answer = Url::parse(&format!("{issuer}/callback/mobile")).unwrap();
        answer.query_pairs_mut().extend_pairs([("code", "any"), ("state", &state), ("iss", provider)]);
        let page = format!("{issuer}/signin/{}", state.split_once('.').unwrap().0);
        self.browser.open(&page).await.unwrap();
        let cookies = driver.get_all_cookies().await.unwrap();
        let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();

        journey.scene.providers.set(ProviderId::Mobile, Fault::Hang);
        let before = journey.scene.providers.token_requests(ProviderId::Mobile);
        let tab = reqwest::Client::builder().no_proxy().build().unwrap().get(answer);
        let first_tab = tokio::spawn(tab.header("cookie", cookies.join("; ")).send());
        eventually("the call to the provider", async || {
            (journey.scene.providers.token_requests(ProviderId::Mobile) > before).then_some(())
        })
        .await;
        self.browser.open(&page).await.unwrap();
        self.look("wait", "main[data-page=wait]").await;
        first_tab.abort();
    }
}

async fn every_page_is_accessible(language: &'static str) {
    let tour = or_skip!(Tour::begin(language).await);
    tour.choices_and_refusals().await;
    tour.information_and_consent().await;
    tour.endings().await;
    tour.wait().await;
    tour.browser.close().await.unwrap();
}

#[tokio::test]
async fn every_page_is_accessible_in_four_sizes_in_french() {
    every_page_is_accessible("fr").await;
}

#[tokio::test]
async fn every_page_is_accessible_in_four_sizes_in_english() {
    every_page_is_accessible("en").await;
}

#[tokio::test]
async fn the_pages_around_the_gateway_are_accessible_too() {
    let axe = or_skip!(Axe::find());
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let scene = Scene::set(Setting::default()).await;
    for (name, url) in [("commune-home", scene.commune.base().to_owned()), ("mailbox", scene.mailbox.url())] {
        browser.open(&url).await.unwrap();
        browser.see("main").await.unwrap();
        browser.inspect(name, &axe).await.unwrap();
    }
    browser.close().await.unwrap();
}

#[tokio::test]
async fn pages_speak_the_language_that_the_citizen_or_the_service_asked() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let language = |page: &Page| page.attribute("html", "lang").unwrap();
    let page = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert_eq!(language(&page), "fr");
    citizen.language = "en-GB,en;q=0.9";
    let page = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert_eq!(language(&page), "en");
    let page = expect(citizen.open(&journey.ask().and("ui_locales", "fr").url()).await.unwrap(), "choose");
    assert_eq!(language(&page), "fr", "what the service asks wins");
    citizen.language = "de";
    let page = expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
    assert_eq!(language(&page), "fr");
}

#[tokio::test]
async fn every_page_has_a_strict_policy_and_is_not_kept() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let inform = journey.to_inform(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    let problem = expect(citizen.open(&ask.with("client_id", "x").url()).await.unwrap(), "problem");
    for page in [chooser, inform, problem] {
        let header = |name: &str| page.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "F04: {policy}");
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
        assert!(header("cache-control").contains("no-store"), "{}", page.brief());
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(!page.body.contains("http://cdn") && !page.body.contains("https://cdn"));
    }
}
