//! A relying party that calls without end: it is asked to wait, and nobody else is.

use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use reqwest::Response;
use serde_json::Value;

use crate::journey::Journey;

/// Calls until the answer is 429, for at most ten times; what that answer says.
async fn until_refused(name: &str, call: impl AsyncFn() -> Response) {
    for _ in 0..10 {
        let answer = call().await;
        if answer.status() == 429 {
            let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{name}: {wait}");
            assert_eq!(answer.headers()["cache-control"], "no-store", "{name}");
            let told: Value = answer.json().await.unwrap();
            assert_eq!(told["error"], "temporarily_unavailable", "{name}: {told}");
            return;
        }
    }
    panic!("{name}: never refused");
}

#[tokio::test]
async fn g05_a_client_that_calls_too_often_is_asked_to_wait_and_no_other_is() {
    let overrides = "limits.calls_per_client_per_minute = 3".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let other = journey.register(&RelyingParty::ordinary("Port")).await;
    let service = &journey.service;
    let tokens = journey.tokens(ProviderId::Impots, "angela").await.1;
    let metadata = &service.metadata;
    let mut nobody = other.clone();
    nobody.secret = Some("of-nobody".to_owned());
    for _ in 0..20 {
        let answer = nobody.post(&metadata.revocation_endpoint, &[("token", "x")]).await.unwrap();
        assert_eq!(answer.status(), 401, "who does not prove to be a client takes nothing from it");
    }
    until_refused("userinfo", async || service.userinfo(&tokens.access_token).await.unwrap()).await;
    until_refused("token", async || service.token_request(&[("grant_type", "refresh_token")]).await.unwrap()).await;
    for endpoint in [
        &metadata.revocation_endpoint,
        &metadata.introspection_endpoint,
        &metadata.pushed_authorization_request_endpoint,
    ] {
        until_refused(endpoint, async || service.post(endpoint, &[("token", "x")]).await.unwrap()).await;
    }
    let answer = other.post(&metadata.revocation_endpoint, &[("token", "x")]).await.unwrap();
    assert_eq!(answer.status(), 200, "it has a bucket of its own");
}

#[tokio::test]
async fn g05_a_client_that_pushes_too_often_may_still_call() {
    let overrides = "limits.pushes_per_client_per_minute = 3".parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let (service, ask) = (&journey.service, journey.ask());
    let push =
        async || service.post(&service.metadata.pushed_authorization_request_endpoint, &ask.form()).await.unwrap();
    assert_eq!(push().await.status(), 201);
    until_refused("par", push).await;
    journey.tokens(ProviderId::Impots, "angela").await;
}
