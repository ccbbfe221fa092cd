//! Requests pushed behind the scenes (RFC 9126), and tokens given back (RFC 7009).

use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, choose, eventually, expect};

/// Posts a form as a service, authenticated with its secret.
async fn post(service: &RelyingParty, issuer: &str, path: &str, body: String) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{issuer}{path}")).basic_auth(&service.client_id, service.secret.as_deref());
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// Pushes a request; the URL that the browser is sent to.
async fn push(journey: &Journey, service: &RelyingParty, ask: &Ask) -> String {
    let (url, expires_in) = pushed(journey, service, ask).await;
    assert!((1..600).contains(&expires_in), "{expires_in}");
    url
}

/// The same, and for how many seconds the reference is good.
async fn pushed(journey: &Journey, service: &RelyingParty, ask: &Ask) -> (String, u64) {
    let issuer = journey.scene.gateway.issuer();
    let (status, answer) = post(service, issuer, "/par", ask.body()).await;
    assert_eq!(status, 201, "{answer}");
    let expires_in = answer["expires_in"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    (reference(issuer, &service.client_id, answer["request_uri"].as_str().unwrap()), expires_in)
}

fn reference(issuer: &str, client: &str, request_uri: &str) -> String {
    let mut url = reqwest::Url::parse(&format!("{issuer}/authorize")).unwrap();
    url.query_pairs_mut().append_pair("client_id", client).append_pair("request_uri", request_uri);
    url.into()
}

#[tokio::test]
async fn a_pushed_request_is_reloaded_at_will_and_completed_once() {
    let journey = Journey::start().await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let url = push(&journey, &journey.service, &ask).await;
    let first = expect(citizen.open(&url).await.unwrap(), "choose");
    let second = expect(citizen.open(&url).await.unwrap(), "choose");

    let login = choose(&mut citizen, &second, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", "passerelle").await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    let tokens = journey.service.finish(&ask, &back).await.unwrap();
    assert_eq!(journey.service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");

    let spent = citizen.open(&url).await.unwrap();
    assert_eq!(spent.code().as_deref(), Some("P106"), "{}", spent.brief());

    // The other tab of the same reference goes to its end, and gets no code.
    let login = choose(&mut citizen, &first, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", "passerelle").await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    assert_eq!(back.parameter("code"), None, "{}", back.brief());
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "{}", back.brief());
}

#[tokio::test]
async fn a_reference_serves_its_own_client_and_says_nothing_to_others() {
    let journey = Journey::start().await;
    let other = journey.register(&RelyingParty::ordinary("Autre ville")).await;
    let issuer = journey.scene.gateway.issuer();
    let url = push(&journey, &journey.service, &journey.ask()).await;
    let foreign = url.replace(&journey.service.client_id, &other.client_id);
    let page = journey.citizen().open(&foreign).await.unwrap();
    assert_eq!(page.code().as_deref(), Some("P106"), "{}", page.brief());

    for (case, body, status) in [
        ("redirect URI of nobody", journey.ask().with("redirect_uri", "https://evil.example/").body(), 400),
        ("request_uri inside", journey.ask().and("request_uri", "urn:x").body(), 400),
        ("plain PKCE", journey.ask().with("code_challenge_method", "plain").body(), 400),
        ("another client", journey.ask().with("client_id", &other.client_id).body(), 401),
    ] {
        assert_eq!(post(&journey.service, issuer, "/par", body).await.0, status, "{case}");
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let got = http.get(format!("{issuer}/par")).send().await.unwrap();
    assert_eq!(got.status(), 405);
}

#[tokio::test]
async fn a_client_that_must_push_is_told_so_in_the_front_channel() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville prudente");
    metadata["require_pushed_authorization_requests"] = json!(true);
    let careful = journey.register(&metadata).await;
    let ask = careful.ask("openid profile");
    let mut citizen = crate::journey::citizen_of(&careful);
    let back = citizen.open(&ask.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "{}", back.brief());
    let url = push(&journey, &careful, &ask).await;
    expect(citizen.open(&url).await.unwrap(), "choose");
}

#[tokio::test]
async fn a_token_given_back_opens_nothing_and_another_client_cannot_give_it_back() {
    let journey = Journey::start().await;
    let other = journey.register(&RelyingParty::ordinary("Autre ville")).await;
    let issuer = journey.scene.gateway.issuer();
    let (_, tokens) = journey.tokens(ProviderId::Impots, "angela").await;
    let body = || format!("token={}", tokens.access_token);
    let userinfo = || async { journey.service.userinfo(&tokens.access_token).await.unwrap().status().as_u16() };
    assert_eq!(post(&other, issuer, "/revoke", body()).await.0, 200, "answered like any other token (RFC 7009 2.2)");
    assert_eq!(userinfo().await, 200);
    assert_eq!(post(&journey.service, issuer, "/revoke", "token=unknown".to_owned()).await.0, 200);
    assert_eq!(post(&journey.service, issuer, "/revoke", String::new()).await.0, 400);
    assert_eq!(post(&journey.service, issuer, "/revoke", body()).await.0, 200);
    assert_eq!(userinfo().await, 401);
}

#[tokio::test]
async fn a_reference_that_expired_opens_nothing_and_a_sign_in_that_began_in_time_goes_on() {
    let overrides = "lifetimes.pushed_request = 2".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let (ask, mut citizen) = (journey.ask(), journey.citizen());
    let (url, expires_in) = pushed(&journey, &journey.service, &ask).await;
    assert_eq!(expires_in, 2);
    let chooser = expect(citizen.open(&url).await.unwrap(), "choose");
    let other = eventually("the end of the reference", async || {
        let page = journey.citizen().open(&url).await.unwrap();
        (page.name().as_deref() == Some("problem")).then_some(page)
    })
    .await;
    assert_eq!((other.code().as_deref(), other.status.as_u16()), (Some("P106"), 400), "{}", other.brief());
    assert!(other.url.as_str().starts_with(journey.scene.gateway.issuer()), "no redirect: {}", other.url);

    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    journey.service.finish(&ask, &back).await.unwrap();
}
