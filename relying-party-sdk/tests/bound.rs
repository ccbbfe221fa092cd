//! Tokens bound to a key of the client (RFC 9449; FAPI 2.0 Security Profile §5.3.3), and a data provider called
//! with them (RFC 9470).

use relying_party_sdk::{Client, DpopKey, Error, Level, Login, Rejection, ResourceAnswer, Session};
use serde_json::json;
use url::Url;

use crate::provider::{ACCESS_TOKEN, Binding, Endpoint, Provider, Script, rejection, set, usual_login};

async fn bound(binding: Binding) -> (Provider, Client) {
    let provider = Provider::start(Script { binding: Some(binding), ..Script::default() }).await;
    let registration = provider.registration().with_dpop(DpopKey::generate()).with_tokens_kept();
    let client = Client::discover(registration).await.unwrap();
    (provider, client)
}

#[tokio::test]
async fn code_and_token_are_bound_to_the_same_key_pushed_or_not() {
    let (provider, client) = bound(Binding::default()).await;
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    assert!(session.access_token().unwrap().is_bound());
    assert!(provider.in_browser().contains(&"dpop_jkt".to_owned()));

    let registration = provider.registration().with_dpop(DpopKey::generate()).with_pushed_requests();
    let client = Client::discover(registration).await.unwrap();
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!(provider.in_browser(), ["client_id", "request_uri"]);
}

#[tokio::test]
async fn a_nonce_of_the_server_is_met_once_and_the_newest_is_used_from_then_on() {
    let binding = Binding {
        nonce: Some("as".into()),
        nonce_of_par: None,
        nonce_of_userinfo: Some("rs".into()),
        never_content: None,
    };
    let provider = Provider::start(Script { binding: Some(binding), ..Script::default() }).await;
    let client = Client::discover(provider.registration().with_dpop(DpopKey::generate())).await.unwrap();
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!((provider.hits(Endpoint::Token), provider.hits(Endpoint::Userinfo)), (2, 2));
    // the test provider's endpoints are one server: let them agree on the nonce, new with each token answer
    provider.change(|script| {
        let binding = script.binding.as_mut().unwrap();
        (binding.nonce, binding.nonce_of_userinfo) = (Some("rs".into()), Some("rs+".into()));
    });
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!((provider.hits(Endpoint::Token), provider.hits(Endpoint::Userinfo)), (3, 3), "no call was refused");
}

#[tokio::test]
async fn a_nonce_is_met_when_a_request_is_pushed() {
    let binding = Binding { nonce_of_par: Some("par".into()), ..Binding::default() };
    let provider = Provider::start(Script { binding: Some(binding), ..Script::default() }).await;
    let registration = provider.registration().with_dpop(DpopKey::generate()).with_pushed_requests();
    let client = Client::discover(registration).await.unwrap();
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Par), 2);
}

#[tokio::test]
async fn a_server_that_is_never_content_is_called_twice_and_no_more() {
    for (endpoint, code) in [(Endpoint::Token, "token_refused"), (Endpoint::Userinfo, "status")] {
        let (provider, client) = bound(Binding { never_content: Some(endpoint), ..Binding::default() }).await;
        let error = provider.sign_in(&client, &usual_login()).await.expect_err("it is never content");
        assert_eq!((error.code(), provider.hits(endpoint)), (code, 2), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_comes_unbound_is_refused_and_the_case_of_its_type_does_not_matter() {
    let (provider, client) = bound(Binding::default()).await;
    provider.change(|script| script.token_answer = set(json!({"token_type": "Bearer"})));
    assert_eq!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::Unbound);
    assert_eq!(provider.hits(Endpoint::Userinfo), 0);
    provider.change(|script| script.token_answer = set(json!({"token_type": "dPOP", "expires_in": "(absent)"})));
    assert!(provider.sign_in(&client, &usual_login()).await.is_ok());
}

#[tokio::test]
async fn a_gateway_that_cannot_bind_tokens_is_refused() {
    for members in [
        json!({"dpop_signing_alg_values_supported": "(absent)"}),
        json!({"dpop_signing_alg_values_supported": ["RS256"]}),
    ] {
        let provider = Provider::start(Script { discovery: set(members), ..Script::default() }).await;
        let registration = provider.registration().with_dpop(DpopKey::generate());
        assert!(matches!(Client::discover(registration).await, Err(Error::Unsupported { .. })));
    }
}

async fn signed_in() -> (Provider, Client, Session) {
    let (provider, client) = bound(Binding::default()).await;
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    (provider, client, session)
}

#[tokio::test]
async fn a_data_provider_gets_the_token_with_a_new_proof_at_each_call() {
    let (_, client, session) = signed_in().await;
    let token = session.access_token().unwrap();
    let url = Url::parse("https://data.example/quotient?year=2026#x").unwrap();
    let mut proofs = Vec::new();
    for _ in 0..2 {
        let headers = client.resource_headers(token, "GET", &url).unwrap();
        assert_eq!(headers[0], ("authorization", format!("DPoP {ACCESS_TOKEN}")));
        assert_eq!(headers[1].0, "dpop");
        proofs.push(claims(&headers[1].1));
    }
    assert_ne!(proofs[0]["jti"], proofs[1]["jti"]);
    assert_eq!((&proofs[0]["htu"], &proofs[0]["htm"]), (&json!("https://data.example/quotient"), &json!("GET")));
    assert!(proofs[0].get("nonce").is_none());

    let refused = [("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#), ("DPoP-Nonce", "n-1")];
    assert_eq!(client.resource_answer(&url, 401, refused), ResourceAnswer::NonceWanted);
    let again = client.resource_headers(token, "POST", &url).unwrap();
    assert_eq!((&claims(&again[1].1)["nonce"], &claims(&again[1].1)["htm"]), (&json!("n-1"), &json!("POST")));
    assert_eq!(client.resource_answer(&url, 200, [("dpop-nonce", "n-2")]), ResourceAnswer::Taken);
    let again = client.resource_headers(token, "GET", &url).unwrap();
    assert_eq!(claims(&again[1].1)["nonce"], "n-2", "the newest, also of a good answer");

    let expired = [("www-authenticate", r#"DPoP error="invalid_token""#)];
    assert_eq!(client.resource_answer(&url, 401, expired), ResourceAnswer::TokenRefused);
    assert_eq!(client.resource_answer(&url, 401, []), ResourceAnswer::Taken);
    let without = [("www-authenticate", r#"DPoP error="use_dpop_nonce""#)];
    assert_eq!(client.resource_answer(&url, 401, without), ResourceAnswer::Taken, "no nonce came");
    let plain = Url::parse("http://data.example/").unwrap();
    assert!(matches!(client.resource_headers(token, "GET", &plain), Err(Error::Setting { name: "resource", .. })));
}

fn claims(token: &str) -> serde_json::Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_step_up_leads_back_through_a_login_that_is_held_to_it() {
    let (provider, client, _) = signed_in().await;
    let url = Url::parse("https://data.example/").unwrap();
    let asked = r#"DPoP error="insufficient_user_authentication", acr_values="eidas2", max_age="60""#;
    let ResourceAnswer::StepUp(step_up) = client.resource_answer(&url, 401, [("www-authenticate", asked)]) else {
        panic!("it asks for a step up");
    };
    assert_eq!(step_up.level(), Some(Level::Substantial));
    let login = Login::at_least(Level::Low).stepped_up(step_up);
    let session = provider.sign_in(&client, &login).await.unwrap();
    assert_eq!(session.identity().level(), Level::Substantial);

    provider.change(|script| script.claims = set(json!({"acr": "eidas1"})));
    let reason = rejection(provider.sign_in(&client, &login).await);
    assert_eq!(reason, Rejection::Level { asked: Level::Substantial, seen: Level::Low });
    provider.change(|script| script.claims = set(json!({"auth_time": crate::provider::now() - 500})));
    assert!(matches!(rejection(provider.sign_in(&client, &login).await), Rejection::Age { allowed: 60, .. }));
    provider.change(|script| script.claims = set(json!({"auth_time": "(absent)"})));
    assert_eq!(rejection(provider.sign_in(&client, &login).await), Rejection::Missing { claim: "auth_time" });
}

#[tokio::test]
async fn tokens_are_dropped_unless_they_are_to_be_kept() {
    let provider = Provider::start(Script::default()).await;
    let session = provider.sign_in(&provider.client().await, &usual_login()).await.unwrap();
    assert!(session.access_token().is_none());
    let client = Client::discover(provider.registration().with_tokens_kept()).await.unwrap();
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    let token = session.access_token().unwrap();
    assert!(!token.is_bound() && token.expires_at().is_some());
    let headers = client.resource_headers(token, "GET", &Url::parse("https://data.example/").unwrap()).unwrap();
    assert_eq!(headers, [("authorization", format!("Bearer {ACCESS_TOKEN}"))]);
    assert!(!format!("{session:?} {token:?}").contains(ACCESS_TOKEN));
}

#[tokio::test]
async fn a_refusal_that_brings_a_nonce_along_is_still_a_refusal() {
    let (provider, client) = bound(Binding { nonce: Some("as".into()), ..Binding::default() }).await;
    let departure = client.login(&usual_login()).await.unwrap();
    let query = provider.visit(&departure.url).await;
    let key = relying_party_sdk::CookieKey::generate();
    let kept = key.seal_login(&departure.pending);
    client.callback(departure.pending, &query).await.unwrap();
    let before = provider.hits(Endpoint::Token);
    let again = client.callback(key.open_login(&kept).unwrap(), &query).await;
    assert!(matches!(again, Err(Error::TokenRefused { .. })), "{again:?}");
    assert_eq!(provider.hits(Endpoint::Token), before + 1, "the code was sent once more for nothing");
}
