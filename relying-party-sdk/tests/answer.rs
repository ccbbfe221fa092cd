//! Answers in the browser and at the token endpoint that must be refused (RFC 9207, RFC 9700 §4.4 and §4.7; the
//! attacks E01, E02, E04, E13).

use relying_party_sdk::{Client, Credentials, Error, Fault, LocalPath, Session};
use serde_json::json;

use crate::provider::{Breakage, Endpoint, Provider, REDIRECT_URI, Script, outcome, set, usual_login};

async fn answered(change: impl Fn(&mut Vec<(String, String)>) + Send + 'static) -> Error {
    let (provider, outcome) = outcome(Script { answer: Box::new(change), ..Script::default() }).await;
    assert_eq!(provider.hits(Endpoint::Token), 0, "a code was spent on an answer that is not to be trusted");
    refusal(outcome)
}

fn refusal(outcome: Result<Session, Error>) -> Error {
    match outcome {
        Err(error) => error,
        Ok(session) => panic!("expected a refusal, got {session:?}"),
    }
}

fn without(name: &'static str) -> impl Fn(&mut Vec<(String, String)>) + Send {
    move |back| back.retain(|(seen, _)| seen != name)
}

fn with(name: &'static str, value: &'static str) -> impl Fn(&mut Vec<(String, String)>) + Send {
    move |back| {
        back.retain(|(seen, _)| seen != name);
        back.push((name.into(), value.into()));
    }
}

#[tokio::test]
async fn an_answer_without_the_state_of_this_login_is_refused() {
    assert!(matches!(answered(without("state")).await, Error::Answer { .. }));
    assert!(matches!(answered(with("state", "another")).await, Error::StateDiffers));
    assert!(matches!(answered(with("state", "")).await, Error::StateDiffers));
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_of_none_is_refused() {
    assert!(matches!(answered(without("iss")).await, Error::AnswerIssuer { seen, .. } if seen.is_empty()));
    let error = answered(with("iss", "https://evil.example")).await;
    assert!(matches!(&error, Error::AnswerIssuer { seen, .. } if seen == "https://evil.example"), "{error:?}");
    assert_eq!(error.fault(), Fault::Forged);
}

#[tokio::test]
async fn an_answer_with_a_parameter_twice_is_refused() {
    for name in ["state", "iss", "code", "error"] {
        let error = answered(move |back| {
            let value = back.iter().find(|(seen, _)| seen == name).map_or("x".into(), |(_, value)| value.clone());
            back.extend([(name.to_owned(), value.clone()), (name.to_owned(), value)]);
        });
        assert!(matches!(error.await, Error::Answer { .. }), "{name}");
    }
}

#[tokio::test]
async fn an_answer_with_no_code_or_with_an_error_beside_it_is_refused() {
    assert!(matches!(answered(without("code")).await, Error::Answer { .. }));
    assert!(matches!(answered(with("code", "")).await, Error::Answer { .. }));
    assert!(matches!(answered(with("error", "access_denied")).await, Error::Answer { .. }));
}

#[tokio::test]
async fn an_error_answer_is_told_apart_and_made_harmless() {
    let error = answered(|back| {
        back.retain(|(name, _)| name != "code");
        back.push(("error".into(), "access_denied".into()));
        back.push(("error_description".into(), "<script>\u{1b}[2J\r\nX: y".into()));
    });
    let error = error.await;
    let Error::Denied { refusal } = &error else { panic!("{error:?}") };
    assert!(refusal.is_access_denied());
    assert_eq!(refusal.description(), "<script>?[2J??X: y");
    assert_eq!(error.fault(), Fault::Citizen);
    // an error of another issuer is no error of ours
    let error = answered(|back| {
        back.retain(|(name, _)| name == "state");
        back.push(("error".into(), "access_denied".into()));
    });
    assert!(matches!(error.await, Error::AnswerIssuer { .. }));
}

#[tokio::test]
async fn an_answer_to_another_client_of_the_same_site_is_refused() {
    let provider = Provider::start(Script::default()).await;
    let other = Provider::start(Script::default()).await;
    let (client, other_client) = (provider.client().await, other.client().await);
    let departure = client.login(&usual_login()).await.unwrap();
    let query = provider.visit(&departure.url).await;
    let outcome = other_client.callback(departure.pending, &query).await;
    assert!(matches!(refusal(outcome), Error::StateDiffers));
    assert_eq!(other.hits(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_code_is_taken_once() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    let key = relying_party_sdk::CookieKey::generate();
    let departure = client.login(&usual_login()).await.unwrap();
    let kept = key.seal_login(&departure.pending);
    let query = provider.visit(&departure.url).await;
    assert!(client.callback(departure.pending, &query).await.is_ok());
    let again = client.callback(key.open_login(&kept).unwrap(), &query).await;
    assert!(matches!(refusal(again), Error::TokenRefused { refusal } if refusal.error() == "invalid_grant"));
}

#[tokio::test]
async fn a_login_keeps_the_page_to_return_to_through_its_seal() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    let key = relying_party_sdk::CookieKey::generate();
    let page = LocalPath::parse("/dossiers?tri=date").unwrap();
    let pending = client.login(&usual_login()).await.unwrap().pending.returning_to(page.clone());
    assert_eq!(key.open_login(&key.seal_login(&pending)).unwrap().return_to(), &page);
}

#[tokio::test]
async fn a_refused_client_and_a_broken_token_endpoint_are_told_apart() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration_with(Credentials::secret_basic("wrong"), REDIRECT_URI);
    let client = Client::discover(registration).await.unwrap();
    let error = refusal(provider.sign_in(&client, &usual_login()).await);
    assert!(matches!(&error, Error::TokenRefused { refusal } if refusal.error() == "invalid_client"), "{error:?}");
    assert!(!error.to_string().contains("wrong"), "the secret is in the error: {error}");

    let client = provider.client().await;
    for (how, code) in [
        (Breakage::Redirect, "redirected"),
        (Breakage::FiftyMegabytes, "too_large"),
        (Breakage::ServerError, "status"),
        (Breakage::NotJson, "malformed"),
    ] {
        for endpoint in [Endpoint::Token, Endpoint::Userinfo] {
            provider.change(|script| script.broken = Some((endpoint, how)));
            let error = refusal(provider.sign_in(&client, &usual_login()).await);
            let unreadable = error.code() == "untrusted" && how == Breakage::NotJson && endpoint == Endpoint::Userinfo;
            assert!(error.code() == code || unreadable, "{endpoint:?} {how:?}: {error}");
            assert_eq!(error.fault(), Fault::Gateway);
        }
    }
}

#[tokio::test]
async fn a_token_answer_with_a_member_missing_or_of_the_wrong_type_is_refused() {
    for members in [
        json!({"access_token": "(absent)"}),
        json!({"access_token": 7}),
        json!({"access_token": ""}),
        json!({"access_token": "a\r\nb"}),
        json!({"id_token": "(absent)"}),
        json!({"id_token": null}),
        json!({"token_type": "(absent)"}),
        json!({"token_type": "DPoP"}),
    ] {
        let (provider, outcome) = outcome(Script { token_answer: set(members.clone()), ..Script::default() }).await;
        assert!(matches!(refusal(outcome), Error::Malformed { .. }), "{members}");
        assert_eq!(provider.hits(Endpoint::Userinfo), 0);
    }
}
