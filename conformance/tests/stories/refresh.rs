//! Access while the citizen is away (OIDC Core §11, §12; RFC 6749 §6): for a service that may have it, when the citizen
//! was asked.

use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, citizen_of};

const OFFLINE: &str = "openid profile offline_access";

async fn registered(journey: &Journey, name: &str) -> RelyingParty {
    let mut metadata = RelyingParty::ordinary(name);
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    journey.register(&metadata).await
}

/// A whole sign-in: the answer of the token endpoint.
async fn tokens(journey: &Journey, service: &RelyingParty, ask: &Ask) -> Value {
    let back = journey.to_return(&mut citizen_of(service), ask, ProviderId::Impots, "angela").await;
    let answer = service.redeem(ask, &back.parameter("code").unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn refreshed(service: &RelyingParty, token: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let answer = service.token_request(&[&form, more].concat()).await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_refreshed_sign_in_is_the_same_sign_in() {
    let journey = Journey::start().await;
    let service = registered(&journey, "Médiathèque").await;
    let other = registered(&journey, "Autre").await;
    let ask = service.ask(OFFLINE).and("prompt", "consent");
    let first = tokens(&journey, &service, &ask).await;
    let refresh = first["refresh_token"].as_str().unwrap();
    assert!(refresh.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "RFC 6749 A.17");
    let before = service.verify_jwt(first["id_token"].as_str().unwrap()).await.unwrap();

    let (status, told) = refreshed(&other, refresh, &[]).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")), "another client (RFC 6749 10.4): {told}");
    let (status, told) = refreshed(&service, refresh, &[("scope", "openid email")]).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_scope")), "more than was granted: {told}");

    let (status, second) = refreshed(&service, refresh, &[]).await;
    assert_eq!(status, 200, "{second}");
    let after = service.verify_jwt(second["id_token"].as_str().unwrap()).await.unwrap();
    for claim in ["iss", "sub", "aud", "auth_time", "acr", "sid"] {
        assert_eq!(after[claim], before[claim], "OIDC Core 12.2: {claim}");
    }
    assert!(after["iat"].as_i64() >= before["iat"].as_i64() && after.get("nonce").is_none(), "{after}");
    let userinfo = service.userinfo(second["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(userinfo.json::<Value>().await.unwrap()["family_name"], "DUBOIS");

    // Replaced, and the replaced one comes back: nobody knows who stole it (RFC 9700 §4.14.2).
    let next = second["refresh_token"].as_str().unwrap();
    assert_ne!(next, refresh);
    assert_eq!(refreshed(&service, refresh, &[]).await.1["error"], "invalid_grant");
    assert_eq!(refreshed(&service, next, &[]).await.1["error"], "invalid_grant", "the family is gone");
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(service.userinfo(access).await.unwrap().status(), 401, "and what it gave");
}

#[tokio::test]
async fn offline_access_is_nothing_without_the_right_or_the_question() {
    let journey = Journey::start().await;
    let service = registered(&journey, "Médiathèque").await;
    for (case, party, ask) in [
        ("not asked of the citizen (OIDC Core 11)", &service, service.ask(OFFLINE)),
        ("not asked for", &service, service.ask("openid profile").and("prompt", "consent")),
        ("not allowed", &journey.service, journey.service.ask(OFFLINE).and("prompt", "consent")),
    ] {
        let answer = tokens(&journey, party, &ask).await;
        assert_eq!(answer.get("refresh_token"), None, "{case}");
        assert_eq!(answer["scope"], "openid profile", "{case}");
    }
}
