//! Refresh tokens (OpenID Connect Core 1.0 §12.2; RFC 6749 §6; the refresh modules of the relying-party
//! certification).

use relying_party_sdk::{Client, CookieKey, Error, Level, Login, Rejection, Session};
use serde_json::{Value, json};
use std::time::Duration;

use crate::provider::{Provider, Rotation, Script, now, set, usual_login};
use crate::signing::Signer;

async fn signed_in(rotation: Rotation) -> (Provider, Client, Session) {
    let provider = Provider::start(Script { refreshing: Some(rotation), ..Script::default() }).await;
    let client = Client::discover(provider.registration().with_tokens_kept()).await.unwrap();
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    (provider, client, session)
}

async fn refused((provider, client, session): &(Provider, Client, Session), members: Value) -> Rejection {
    provider.change(|script| script.refreshed_claims = set(members));
    reason(client.refresh(session).await)
}

fn reason(outcome: Result<Session, Error>) -> Rejection {
    match outcome {
        Err(Error::Untrusted { reason, .. }) => reason,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

#[tokio::test]
async fn a_session_is_refreshed_twice_whether_the_server_rotates_or_not() {
    for rotation in [Rotation::Rotated, Rotation::Kept] {
        let (_, client, first) = signed_in(rotation).await;
        let key = CookieKey::generate();
        let second = client.refresh(&first).await.unwrap();
        let sealed = key.seal_session(&second, Duration::from_mins(1));
        let third = client.refresh(&key.open_session(&sealed).unwrap()).await.unwrap();
        assert_eq!(third.identity().family_name(), Some("DUBOIS"));
        assert_eq!(third.sid(), Some("session-1"));
        let spent = client.refresh(&first).await;
        match rotation {
            Rotation::Rotated => assert!(matches!(spent, Err(Error::TokenRefused { .. })), "{spent:?}"),
            Rotation::Kept => assert!(spent.is_ok(), "{spent:?}"),
        }
    }
}

#[tokio::test]
async fn a_session_without_a_refresh_token_is_not_refreshed() {
    let provider = Provider::start(Script { refreshing: Some(Rotation::Kept), ..Script::default() }).await;
    let dropped = provider.client().await;
    let session = provider.sign_in(&dropped, &usual_login()).await.unwrap();
    assert!(matches!(dropped.refresh(&session).await, Err(Error::NoRefreshToken)));
}

#[tokio::test]
async fn a_refreshed_id_token_about_another_sign_in_is_refused() {
    let scene = signed_in(Rotation::Kept).await;
    assert!(matches!(refused(&scene, json!({"iss": "https://evil.example"})).await, Rejection::Issuer { .. }));
    assert_eq!(refused(&scene, json!({"sub": "subject-2"})).await, Rejection::Subject);
    assert_eq!(refused(&scene, json!({"aud": "other"})).await, Rejection::Audience);
    assert_eq!(refused(&scene, json!({"aud": ["commune:test%+", "other"]})).await, Rejection::ExtraAudience);
    assert_eq!(refused(&scene, json!({"azp": "other"})).await, Rejection::AuthorizedParty);
    assert_eq!(refused(&scene, json!({"nonce": "another"})).await, Rejection::Nonce);
    assert_eq!(refused(&scene, json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})).await, Rejection::AccessTokenHash);
    assert!(matches!(
        refused(&scene, json!({"auth_time": now() - 100})).await,
        Rejection::Value { claim: "auth_time", .. }
    ));
    assert!(matches!(refused(&scene, json!({"sid": "session-2"})).await, Rejection::Value { claim: "sid", .. }));
    assert!(matches!(refused(&scene, json!({"acr": "eidas0"})).await, Rejection::Value { claim: "acr", .. }));
    assert!(matches!(refused(&scene, json!({"exp": now() - 70})).await, Rejection::Expired { .. }));
    assert!(matches!(refused(&scene, json!({"iat": now() + 70})).await, Rejection::Early { .. }));
    assert!(matches!(refused(&scene, json!({"iat": now() - 100})).await, Rejection::Stale { .. }));
    let (provider, client, _) = &scene;
    let surer = provider.sign_in(client, &Login::at_least(Level::Substantial)).await.unwrap();
    provider.change(|script| script.refreshed_claims = set(json!({"acr": "eidas1"})));
    let lower = reason(client.refresh(&surer).await);
    assert!(matches!(lower, Rejection::Value { claim: "acr", .. }), "{lower:?}");
    for claim in ["iss", "sub", "aud", "iat", "exp"] {
        assert_eq!(refused(&scene, json!({claim: "(absent)"})).await, Rejection::Missing { claim });
    }
}

#[tokio::test]
async fn a_refreshed_id_token_is_verified_like_the_first() {
    let (provider, client, session) = signed_in(Rotation::Kept).await;
    provider.change(|script| script.signer = Signer::OtherEs256);
    assert_eq!(reason(client.refresh(&session).await), Rejection::Signature);
    provider.change(|script| script.signer = Signer::None);
    assert!(matches!(reason(client.refresh(&session).await), Rejection::Algorithm { .. }));
}

#[tokio::test]
async fn a_refresh_may_come_without_an_id_token_or_repeat_what_the_sign_in_said() {
    let (provider, client, session) = signed_in(Rotation::Kept).await;
    provider.change(|script| script.refreshed_answer = set(json!({"id_token": "(absent)"})));
    let again = client.refresh(&session).await.unwrap();
    assert_eq!(again.sid(), session.sid());

    let (provider, client, session) = signed_in(Rotation::Kept).await;
    let auth_time = session.identity().auth_time().unwrap().unix_timestamp();
    provider.change(|script| script.refreshed_claims = set(json!({"auth_time": auth_time, "acr": "eidas2"})));
    assert!(client.refresh(&session).await.is_ok());
}
