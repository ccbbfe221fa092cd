//! Group F, cookies: what an attacker planted, saw or shares opens nothing.

use conformance::citizen::{Citizen, Page};
use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;
use url::Url;

use crate::journey::{Journey, accept, choose, expect};

/// Whoever holds `thief`'s cookies and knows the address of a sign-in gets nothing out of it, and each try is accounted for.
async fn gets_nothing(case: &str, thief: &Citizen, inform: &Page, code: &str) {
    let nothing = |page: Page, what: &str| {
        assert!(!page.body.contains("DUBOIS"), "F01 {case}, {what}: {}", page.brief());
        assert_eq!(page.parameter("code"), None, "F01 {case}, {what}: {}", page.brief());
        assert_ne!(page.name().as_deref(), Some("inform"), "F01 {case}, {what}: {}", page.brief());
        assert_eq!(page.refusal(), code, "F01 {case}, {what}");
    };
    for step in ["inform", "finish", "choose", "ended", "arriving"] {
        nothing(thief.clone().open(inform.url.join(step).unwrap().as_str()).await.unwrap(), step);
    }
    nothing(thief.clone().open(inform.url.join(".").unwrap().as_str().trim_end_matches('/')).await.unwrap(), "resume");
    // Even with the secret of the form.
    nothing(accept(&mut thief.clone(), inform).await, "accept");
    let change = thief.clone().press(inform, "form[data-step=change] button", &[]).await.unwrap();
    nothing(change, "change");
}

#[tokio::test]
async fn a_cookie_that_was_planted_opens_nothing_after_the_arrival() {
    let journey = Journey::start().await;
    // The attacker's browser begins a sign-in and hands its cookie to the victim's.
    let mut thief = journey.citizen();
    expect(thief.open(&journey.ask().url()).await.unwrap(), "choose");
    let issuer = Url::parse(journey.scene.gateway.issuer()).unwrap();
    let planted = thief.jar.value(&issuer, "passerelle-browser").unwrap().to_owned();
    let mut victim = thief.clone();

    let ask = journey.ask();
    let inform = journey.to_inform(&mut victim, &ask, ProviderId::Impots, "angela").await;
    assert_eq!(victim.jar.value(&issuer, "passerelle-browser"), Some(planted.as_str()), "still the planted one");
    gets_nothing("fresh", &thief, &inform, "signin.cookie_lost").await;
    let back = accept(&mut victim, &inform).await;
    gets_nothing("finished", &thief, &inform, "signin.cookie_lost").await;
    journey.service.finish(&ask, &back).await.unwrap();

    let again = journey.ask();
    let inform = expect(victim.open(&again.url()).await.unwrap(), "inform");
    // A sign-in that knew its citizen from the start never had a place under the planted secret.
    gets_nothing("session reused", &thief, &inform, "signin.expired").await;
    let silent = thief.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    assert_eq!(silent.refusal(), "request.login_required", "F01");
    let back = accept(&mut victim, &inform).await;
    journey.service.finish(&again, &back).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_belongs_to_the_browser_that_began_it() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    gets_nothing("no cookie", &Citizen::new(), &inform, "signin.cookie_lost").await;
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn every_sign_in_gives_the_session_a_new_secret_and_the_old_one_opens_nothing() {
    let journey = Journey::start().await;
    let issuer = Url::parse(journey.scene.gateway.issuer()).unwrap();
    let mut citizen = journey.citizen();
    let silent = async |browser: &mut Citizen| {
        let page = browser.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
        page.parameter("code").is_some()
    };
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let earlier = citizen.clone();
        let ask = journey.ask().with("prompt", "login");
        let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        for cookie in back.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        }
        let secret = citizen.jar.value(&issuer, "passerelle-session").unwrap().to_owned();
        assert!(seen.insert(secret), "F01: a new secret each time");
        assert!(!silent(&mut earlier.clone()).await, "F01: the old one opens nothing");
        assert!(silent(&mut citizen).await);
    }
}

#[tokio::test]
async fn the_next_person_on_the_same_device_is_not_the_first() {
    let journey = Journey::start().await;
    let other = journey.register(&RelyingParty::ordinary("Médiathèque")).await;
    let mut browser = journey.citizen();
    let first = journey.ask();
    let back = journey.to_return(&mut browser, &first, ProviderId::Impots, "angela").await;
    let angela = journey.service.verify(&first, &journey.service.finish(&first, &back).await.unwrap()).await.unwrap();
    // A page of the first person that stays open.
    let left_open = expect(browser.open(&journey.ask().url()).await.unwrap(), "inform");

    // The second person is shown whose session it is before anything is sent, and says that it is not them.
    let mut browser = browser.stopping_at(&other.redirect_uri);
    let second = other.ask("openid profile");
    let inform = expect(browser.open(&second.url()).await.unwrap(), "inform");
    assert!(inform.body.contains("DUBOIS"));
    let chooser = browser.press(&inform, "form[data-step=change] button", &[]).await.unwrap();
    let login = choose(&mut browser, &expect(chooser, "choose"), ProviderId::Poste).await;
    let inform = expect(browser.sign_in(&login, "keiko", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut browser, &inform).await;
    let tokens = other.finish(&second, &back).await.unwrap();
    assert_eq!(other.claims(&tokens).await.unwrap()["family_name"], "TANAKA", "F02");

    // From now on the device is the second person's, everywhere.
    let mut browser = browser.stopping_at(&journey.service.redirect_uri);
    let page = accept(&mut browser, &left_open).await;
    assert_eq!(page.parameter("code"), None, "F02: the first person's page: {}", page.brief());
    let silent = browser.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("interaction_required"), "F02: {}", silent.brief());
    assert_eq!(silent.refusal(), "request.interaction_required", "F02");
    let third = journey.ask();
    let inform = expect(browser.open(&third.url()).await.unwrap(), "inform");
    assert!(inform.body.contains("TANAKA") && !inform.body.contains("DUBOIS"), "F02");
    let back = accept(&mut browser, &inform).await;
    let keiko = journey.service.verify(&third, &journey.service.finish(&third, &back).await.unwrap()).await.unwrap();
    assert_ne!(keiko["sub"], angela["sub"]);
    assert_ne!(keiko["sid"], angela["sid"]);
}
