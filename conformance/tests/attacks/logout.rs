//! Group F, logout: nothing is ended by a trick, nothing is left after it was.

use std::collections::BTreeSet;

use conformance::citizen::{Citizen, Page};
use conformance::jose;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;
use serde_json::json;
use url::Url;

use crate::journey::{Journey, accept, citizen_of, expect};

#[tokio::test]
async fn logout_without_a_hint_asks_first_and_with_a_bad_one_does_nothing() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    let endpoint = &journey.service.metadata.end_session_endpoint;
    let page = citizen.open(endpoint).await.unwrap();
    expect(page, "confirm-logout");
    still_signed_in(&journey, &mut citizen).await;

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
        assert_eq!(expect(page, "problem").code().as_deref(), Some("P120"), "F06 {case}");
        still_signed_in(&journey, &mut citizen).await;
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
        let page = citizen.open(url.as_str()).await.unwrap();
        assert_eq!(page.url.as_str().starts_with(&target), followed, "F07 {target}: {}", page.brief());
        if followed {
            assert_eq!(page.parameter("state").as_deref(), Some("s1"));
        } else {
            assert_eq!(page.code().as_deref(), Some("P120"), "F07 {target}");
            assert_eq!(page.refusal(), "page.P120", "F07 {target}");
        }
    }
}

/// The browser's session still answers silently.
async fn still_signed_in(journey: &Journey, citizen: &mut Citizen) {
    let silent = silently(journey, citizen).await;
    assert!(silent.parameter("code").is_some(), "{}", silent.brief());
}

async fn silently(journey: &Journey, citizen: &mut Citizen) -> Page {
    citizen.open(&journey.ask().with("prompt", "none").url()).await.unwrap()
}

/// Logs out as a citizen does who was asked.
async fn log_out(journey: &Journey, citizen: &mut Citizen) {
    let question = citizen.open(&journey.service.metadata.end_session_endpoint).await.unwrap();
    let question = expect(question, "confirm-logout");
    let page = citizen.press(&question, "form[data-step=confirm-logout] button[value=yes]", &[]).await.unwrap();
    expect(page, "logged-out");
}

#[tokio::test]
async fn a_page_that_waited_through_a_logout_gives_neither_code_nor_session() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let ask = journey.ask();
    let back = journey.to_return(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    journey.service.finish(&ask, &back).await.unwrap();
    let inform = expect(citizen.open(&journey.ask().url()).await.unwrap(), "inform");
    let before = citizen.clone();

    log_out(&journey, &mut citizen).await;
    for mut browser in [citizen.clone(), before] {
        let page = accept(&mut browser, &inform).await;
        assert_eq!(page.parameter("code"), None, "{}", page.brief());
        assert_ne!(page.name().as_deref(), Some("inform"), "{}", page.brief());
        assert!(!page.body.contains("DUBOIS"), "{}", page.brief());
        let silent = silently(&journey, &mut browser).await;
        assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
        assert_eq!(silent.refusal(), "request.login_required");
    }
    expect(citizen.open(&journey.ask().url()).await.unwrap(), "choose");
}

#[tokio::test]
async fn eight_clicks_at_once_leave_one_session() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let inform = journey.to_inform(&mut citizen, &ask, ProviderId::Impots, "angela").await;
    let mut browsers = vec![citizen; 8];
    let backs = futures_util::future::join_all(browsers.iter_mut().map(|browser| accept(browser, &inform))).await;
    let codes: BTreeSet<_> = backs.iter().filter_map(|back| back.parameter("code")).collect();
    assert_eq!(codes.len(), 1, "one code, however many clicks: {codes:?}");
    let issuer = Url::parse(journey.scene.gateway.issuer()).unwrap();
    let mut alive = BTreeSet::new();
    for browser in &mut browsers {
        let secret = browser.jar.value(&issuer, "passerelle-session").map(ToOwned::to_owned);
        if silently(&journey, browser).await.parameter("code").is_some() {
            alive.extend(secret);
        }
    }
    assert_eq!(alive.len(), 1, "one session, however many clicks");
}
