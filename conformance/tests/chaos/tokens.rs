//! A service at the token endpoints: what counts once counts once, what was taken back stays taken back.

use conformance::or_skip;
use conformance::relying_party::RelyingParty;
use conformance::upstream::ProviderId;
use serde_json::Value;

use super::{Place, Round, Ruin, everywhere};
use crate::journey::citizen_of;

/// What a request with a code or a refresh token came to.
async fn answer(sent: anyhow::Result<reqwest::Response>) -> anyhow::Result<(u16, Value)> {
    let answer = sent?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

async fn redeem(service: &RelyingParty, form: &[(&str, &str)]) -> anyhow::Result<(u16, Value)> {
    answer(service.token_request(form).await).await
}

async fn opens(service: &RelyingParty, tokens: &Value) -> u16 {
    service.userinfo(tokens["access_token"].as_str().unwrap()).await.unwrap().status().as_u16()
}

/// The tokens of a citizen who agreed to access while they are away.
async fn offline(ruin: &Ruin) -> Value {
    let service = &ruin.journey.service;
    let ask = service.ask("openid profile offline_access").and("prompt", "consent");
    let back = ruin.journey.to_return(&mut citizen_of(service), &ask, ProviderId::Impots, "angela").await;
    service.redeem(&ask, &back.parameter("code").unwrap()).await.unwrap().json().await.unwrap()
}

/// A request that counts once, killed at a place and sent again: of the two, at most one brought tokens.
async fn once(ruin: &mut Ruin, place: Place, form: &[(&str, &str)]) -> (Round, Option<Value>) {
    let service = ruin.journey.service.clone();
    let (round, (status, body)) = match ruin.killed(place, redeem(&service, form)).await {
        Some(first) => (Round::Whole, first),
        None => (Round::Killed, redeem(&service, form).await.unwrap()),
    };
    let tokens = match (status, body["error"].as_str()) {
        (200, None) => Some(body),
        (400, Some("invalid_grant")) => None,
        (status, _) => panic!("{place:?}: {status} {body}"),
    };
    if let Some(tokens) = &tokens {
        assert_eq!(opens(&service, tokens).await, 200, "{place:?}");
    }
    (round, tokens)
}

async fn a_code(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let (ask, code) = ruin.journey.code(&service).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &service.redirect_uri),
        ("code_verifier", &ask.verifier),
    ];
    let (round, tokens) = once(ruin, place, &form).await;
    let (status, body) = redeem(&service, &form).await.unwrap();
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "{place:?}: spent");
    if let Some(tokens) = tokens {
        assert_eq!(opens(&service, &tokens).await, 401, "{place:?}: the replay takes back what the code gave");
    }
    round
}

async fn a_refresh_token(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let first = offline(ruin).await;
    let used = first["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", used)];
    let (round, tokens) = once(ruin, place, &form).await;
    let next = tokens.as_ref().map(|tokens| tokens["refresh_token"].as_str().unwrap().to_owned());
    assert_ne!(next.as_deref(), Some(used), "{place:?}: rotated");
    // Whoever shows the old one again is one hand too many: nothing of the family goes on.
    let (status, _) = redeem(&service, &form).await.unwrap();
    assert_eq!(status, 400, "{place:?}: spent");
    if let Some(next) = next {
        let form = [("grant_type", "refresh_token"), ("refresh_token", next.as_str())];
        assert_eq!(redeem(&service, &form).await.unwrap().0, 400, "{place:?}: the family ended");
    }
    round
}

async fn a_token_given_back(ruin: &mut Ruin, place: Place) -> Round {
    let service = ruin.journey.service.clone();
    let tokens = offline(ruin).await;
    let endpoint = service.metadata.revocation_endpoint.clone();
    let mut round = Round::Whole;
    for name in ["access_token", "refresh_token"] {
        let form = [("token", tokens[name].as_str().unwrap())];
        let back = async || anyhow::Ok(service.post(&endpoint, &form).await?.status().as_u16());
        let status = if let Some(status) = ruin.killed(place, back()).await {
            status
        } else {
            round = Round::Killed;
            back().await.unwrap()
        };
        assert_eq!(status, 200, "{place:?}: {name}");
    }
    ruin.crash().await;
    assert_eq!(opens(&service, &tokens).await, 401, "{place:?}: taken back for good");
    let form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(redeem(&service, &form).await.unwrap().0, 400, "{place:?}: taken back for good");
    round
}

#[tokio::test]
async fn a_code_brings_tokens_once_though_the_gateway_is_killed_while_it_is_redeemed() {
    let mut ruin = or_skip!(Ruin::set().await);
    // The access token, and the code that is spent.
    assert!(everywhere(&mut ruin, a_code).await >= 2);
    ruin.journal_is_whole().await;
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once_and_one_given_back_stays_so_though_the_gateway_is_killed() {
    let mut ruin = or_skip!(Ruin::set().await);
    // The next refresh token, the access token, and the old one rotated away.
    assert!(everywhere(&mut ruin, a_refresh_token).await >= 3);
    assert!(everywhere(&mut ruin, a_token_given_back).await >= 1);
}
