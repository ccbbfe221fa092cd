//! Every page in French and English, for keyboards and screen readers, in four sizes of window, under a strict policy.

use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::Page;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::upstream::ProviderId;

use crate::journey::{Journey, expect};

#[tokio::test]
async fn every_page_of_a_sign_in_is_accessible_in_four_sizes() {
    let axe = or_skip!(Axe::find());
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let journey = Journey::start().await;
    let scene = &journey.scene;
    browser.open(scene.commune.base()).await.unwrap();
    browser.inspect("commune-home", &axe).await.unwrap();
    browser.open(&journey.ask().url()).await.unwrap();
    browser.see("main[data-page=choose]").await.unwrap();
    browser.inspect("choose", &axe).await.unwrap();
    browser.press("form[data-step=choose] button[value=impots]").await.unwrap();
    browser.see("main[data-page=login]").await.unwrap();
    browser.inspect("provider-login", &axe).await.unwrap();
    browser.sign_in("nadia", PASSWORD).await.unwrap();
    browser.see("main[data-page=refused]").await.unwrap();
    browser.inspect("refused", &axe).await.unwrap();
    browser.open(&journey.ask().with("acr_values", "eidas3").url()).await.unwrap();
    browser.see("main[data-page=choose]").await.unwrap();
    browser.inspect("choose-eidas3", &axe).await.unwrap();
    browser.open(&journey.ask().and("ui_locales", "en").url()).await.unwrap();
    browser.press("form[data-step=choose] button[value=impots]").await.unwrap();
    browser.sign_in("angela", PASSWORD).await.unwrap();
    browser.see("main[data-page=inform]").await.unwrap();
    browser.inspect("inform-en", &axe).await.unwrap();
    browser.open(&journey.ask().with("client_id", "nobody").url()).await.unwrap();
    browser.see("main[data-page=problem]").await.unwrap();
    browser.inspect("problem", &axe).await.unwrap();
    browser.open(&journey.service.metadata.end_session_endpoint).await.unwrap();
    browser.see("main").await.unwrap();
    browser.inspect("logout", &axe).await.unwrap();
    browser.open(&scene.mailbox.url()).await.unwrap();
    browser.see("main").await.unwrap();
    browser.inspect("mailbox", &axe).await.unwrap();
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
