//! The demo path as a person walks it: from the commune's button to the name and the claims, and out again.

use conformance::browser::{Browser, Scripts};
use conformance::citizen::Citizen;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::scene::{Scene, Setting};

#[tokio::test]
async fn a_person_signs_in_at_the_commune_in_chromium() {
    walk(or_skip!(Browser::start(Scripts::On).await)).await;
}

#[tokio::test]
async fn a_person_signs_in_at_the_commune_in_chromium_without_javascript() {
    walk(or_skip!(Browser::start(Scripts::Off).await)).await;
}

async fn walk(browser: Browser) {
    let scene = Scene::set(Setting::default()).await;
    browser.open(scene.commune.base()).await.unwrap();
    browser.press("a[href*='/login']").await.unwrap();
    browser.press("form[data-step=choose] button[name=provider][value=impots]").await.unwrap();
    browser.sign_in("angela", PASSWORD).await.unwrap();
    browser.see("main[data-page=inform] [data-claim=family_name]").await.unwrap();
    browser.press("form[data-step=inform] button[type=submit]").await.unwrap();
    browser.see("main[data-page=space][data-level=eidas1]").await.unwrap();
    assert!(browser.text("[data-name]").await.unwrap().contains("DUBOIS"));
    assert!(browser.text("tr[data-claim=birthdate]").await.unwrap().contains("1962-08-24"));
    assert!(browser.text("tr[data-claim=email]").await.unwrap().contains("angela@exemple.fr"));
    scene.mail_to("angela@exemple.fr", 0).await;

    browser.press("form[action='/logout'] button").await.unwrap();
    browser.see("main").await.unwrap();
    browser.open(&format!("{}/", scene.commune.base())).await.unwrap();
    browser.see("a[href*='/login']").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_person_without_javascript_or_styles_signs_in_at_the_commune_and_out_again() {
    let scene = Scene::set(Setting::default()).await;
    let mut citizen = Citizen::new();
    let home = citizen.open(&format!("{}/", scene.commune.base())).await.unwrap();
    let chooser = citizen.click(&home, "a[href*='/login']").await.unwrap();
    let button = "form[data-step=choose] button[name=provider][value=identite-numerique]";
    let login = citizen.press(&chooser, button, &[]).await.unwrap();
    let inform = citizen.sign_in(&login, "keiko", PASSWORD).await.unwrap();
    let space = citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await.unwrap();
    assert_eq!(space.name().as_deref(), Some("space"), "{}", space.brief());
    assert!(space.text("[data-name]").unwrap().contains("TANAKA"));
    assert!(space.text("tr[data-claim=birthcountry]").unwrap().contains("99217"));

    let out = citizen.press(&space, "form[action='/logout'] button", &[]).await.unwrap();
    assert!(out.status.is_success(), "{}", out.brief());
    let home = citizen.open(&format!("{}/", scene.commune.base())).await.unwrap();
    assert!(home.has("a[href*='/login']"), "signed out: the button is there again");
}

#[tokio::test]
async fn a_service_of_the_highest_level_asks_for_the_provider_that_has_it() {
    let scene = Scene::set(Setting::default()).await;
    let mut citizen = Citizen::new();
    let home = citizen.open(&format!("{}/", scene.commune.base())).await.unwrap();
    let chooser = citizen.click(&home, "a[href*='/login']").await.unwrap();
    let login = citizen.press(&chooser, "form[data-step=choose] button[value=impots]", &[]).await.unwrap();
    let inform = citizen.sign_in(&login, "angela", PASSWORD).await.unwrap();
    citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await.unwrap();

    let chooser = citizen.open(&format!("{}/demarches/procuration", scene.commune.base())).await.unwrap();
    assert_eq!(chooser.name().as_deref(), Some("choose"), "{}", chooser.brief());
    assert!(!chooser.has("button[name=provider][value=impots]:not([disabled])"), "low is not enough");
    let login = citizen.press(&chooser, "form[data-step=choose] button[value=identite-numerique]", &[]).await.unwrap();
    let inform = citizen.sign_in(&login, "angela", PASSWORD).await.unwrap();
    let page = citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await.unwrap();
    assert_eq!(page.name().as_deref(), Some("proxy"), "{}", page.brief());
    assert!(page.has("main[data-level=eidas3]"));
}
