//! Group F: sessions, consent, logout, and what other sites can make a browser do.

use conformance::citizen::Citizen;
use conformance::jose;
use conformance::people::PASSWORD;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;
use serde_json::json;
use url::Url;

use crate::journey::{Journey, accept, citizen_of, expect, to_login};

#[tokio::test]
async fn another_site_cannot_press_our_buttons() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let action = inform.attribute("form[data-step=inform]", "action").unwrap();
    let url = inform.url.join(&action).unwrap();
    let csrf = inform.attribute("form[data-step=inform] input[name=csrf]", "value").unwrap();
    let own = url.origin().ascii_serialization();
    let with = |token: &str| format!("csrf={token}&consent=yes");
    for (case, origin, body) in [
        ("F03 no token", own.as_str(), "consent=yes".to_owned()),
        ("F03 empty token", own.as_str(), with("")),
        ("F03 wrong token", own.as_str(), with("wrong")),
        ("F03 foreign origin", "http://evil.example", with(&csrf)),
        ("F03 foreign origin, same host", "http://127.0.0.1:1", with(&csrf)),
    ] {
        let mut browser = citizen.clone();
        let page = browser.post_from(origin, url.as_str(), &body).await.unwrap();
        assert_eq!(page.parameter("code"), None, "{case}: {}", page.brief());
    }
    let inform = expect(citizen.open(inform.url.as_str()).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_belongs_to_the_browser_that_began_it() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let mut thief = Citizen::new();
    let page = thief.open(inform.url.as_str()).await.unwrap();
    assert!(!page.body.contains("DUBOIS"), "{}", page.brief());
    assert_ne!(page.name().as_deref(), Some("inform"));
    let page = accept(&mut thief, &inform).await;
    assert_eq!(page.parameter("code"), None, "{}", page.brief());
}

#[tokio::test]
async fn cookies_change_with_every_change_of_privilege_and_are_well_kept() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let issuer = Url::parse(journey.scene.gateway.issuer()).unwrap();
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let values = |citizen: &Citizen| {
        let names: Vec<_> = citizen.jar.names(&issuer).into_iter().map(ToOwned::to_owned).collect();
        names
            .into_iter()
            .filter_map(|name| Some((citizen.jar.value(&issuer, &name)?.to_owned(), name)))
            .collect::<Vec<_>>()
    };
    let before = values(&citizen);
    assert!(!before.is_empty(), "{}", chooser.brief());
    let inform = journey.to_inform(&mut citizen, &journey.ask(), ProviderId::Impots, "angela").await;
    let after = values(&citizen);
    assert!(after.iter().any(|pair| !before.contains(pair)), "F01: {before:?} {after:?}");
    for answer in [&chooser, &inform] {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite="), "{cookie}");
        }
    }
}

#[tokio::test]
async fn logout_without_a_hint_asks_first_and_with_a_bad_one_does_nothing() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    let endpoint = &journey.service.metadata.end_session_endpoint;
    let page = citizen.open(endpoint).await.unwrap();
    assert!(["confirm-logout", "logged-out"].contains(&page.name().as_deref().unwrap()), "F05: {}", page.brief());

    let (head, rest) = tokens.id_token.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    let none = jose::unsigned(&json!({ "iss": journey.scene.gateway.issuer(), "aud": journey.service.client_id }));
    for (case, hint) in
        [("modified", format!("{head}.{payload}.AAAA")), ("alg none", none), ("no token", "x".to_owned())]
    {
        let mut url = Url::parse(endpoint).unwrap();
        url.query_pairs_mut()
            .append_pair("id_token_hint", &hint)
            .append_pair("post_logout_redirect_uri", "http://localhost:1/bye");
        let page = citizen.open(url.as_str()).await.unwrap();
        assert!(page.url.as_str().starts_with(journey.scene.gateway.issuer()), "F06 {case}: {}", page.brief());
    }
}

#[tokio::test]
async fn after_logout_only_a_registered_address_is_followed() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Bibliothèque");
    let bye = "http://localhost:1/bye";
    metadata["post_logout_redirect_uris"] = json!([bye]);
    let service = journey.register(&metadata).await;
    for (target, followed) in
        [(bye.to_owned(), true), (format!("{bye}?x=1"), false), ("http://evil.example/".to_owned(), false)]
    {
        let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
        let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
        let tokens = service.finish(&ask, &back).await.unwrap();
        let mut url = Url::parse(&service.metadata.end_session_endpoint).unwrap();
        url.query_pairs_mut()
            .append_pair("id_token_hint", &tokens.id_token)
            .append_pair("post_logout_redirect_uri", &target)
            .append_pair("state", "s1");
        let mut citizen = citizen.stopping_at(&target);
        let mut page = citizen.open(url.as_str()).await.unwrap();
        if page.name().as_deref() == Some("confirm-logout") {
            page = citizen.press(&page, "main form button[type=submit]", &[]).await.unwrap();
        }
        assert_eq!(page.url.as_str().starts_with(&target), followed, "F07 {target}: {}", page.brief());
        if followed {
            assert_eq!(page.parameter("state").as_deref(), Some("s1"));
        }
    }
}

#[tokio::test]
async fn a_private_service_gets_nothing_without_consent() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Assureur");
    metadata["passerelle"]["kind"] = json!("private");
    let insurer = journey.register(&metadata).await;
    let (ask, mut citizen) = (insurer.ask("openid profile"), citizen_of(&insurer));
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let unticked = accept(&mut citizen, &inform).await;
    assert_eq!(unticked.parameter("code"), None, "the tick is checked on the server: {}", unticked.brief());
    let inform = expect(citizen.open(inform.url.as_str()).await.unwrap(), "inform");
    let button = "form[data-step=inform] button[type=submit]";
    let back = citizen.press(&inform, button, &[("consent", "yes")]).await.unwrap();
    insurer.finish(&ask, &back).await.unwrap();
}

#[tokio::test]
async fn the_next_person_on_the_same_device_is_not_the_first() {
    let journey = Journey::start().await;
    let mut browser = journey.citizen();
    let first = journey.ask().with("acr_values", "eidas3").with("prompt", "login");
    let login = to_login(&mut browser, &first, ProviderId::IdentiteNumerique).await;
    let inform = expect(browser.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut browser, &inform).await;
    journey.service.finish(&first, &back).await.unwrap();

    let second = journey.ask().with("prompt", "login");
    let login = to_login(&mut browser, &second, ProviderId::Impots).await;
    let inform = expect(browser.sign_in(&login, "keiko", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut browser, &inform).await;
    let tokens = journey.service.finish(&second, &back).await.unwrap();
    assert_eq!(journey.service.claims(&tokens).await.unwrap()["family_name"], "TANAKA", "F02");
}
