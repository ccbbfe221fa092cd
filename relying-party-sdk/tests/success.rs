//! What must work: the siblings of every refusal.

use std::time::Duration;

use relying_party_sdk::{Client, Credentials, Gender, Level, Login, Prompt, Scope, SigningAlgorithm};
use serde_json::json;

use crate::provider::{Endpoint, Provider, REDIRECT_URI, SECRET, Script, outcome, set, usual_login};
use crate::signing::{Signer, client_key_pem};

#[tokio::test]
async fn a_sign_in_ends_with_an_identity() {
    let (provider, outcome) = outcome(Script::default()).await;
    let session = outcome.unwrap();
    let citizen = session.identity();
    assert_eq!(citizen.subject().as_str(), "subject-1");
    assert_eq!(citizen.level(), Level::Low);
    assert_eq!(citizen.methods(), ["pwd"]);
    assert_eq!(citizen.family_name(), Some("DUBOIS"));
    assert_eq!(citizen.given_name(), Some("Angela Claire Louise"));
    assert_eq!(citizen.given_names(), ["Angela", "Claire", "Louise"]);
    assert_eq!(citizen.birthdate().unwrap().to_string(), "1962-08-24");
    assert_eq!(citizen.idp_birthdate().unwrap().day(), None, "a presumed day");
    assert_eq!(citizen.gender(), Some(Gender::Female));
    assert_eq!(citizen.birthplace().unwrap().as_str(), "75107");
    assert_eq!(citizen.birthcountry().unwrap().as_str(), "99100");
    assert_eq!(citizen.preferred_username(), None, "an empty text says that there is none");
    assert_eq!(citizen.email(), Some("angela@exemple.fr"));
    assert_eq!(citizen.idp_id(), Some("impots"));
    assert_eq!(citizen.claim("rep_scope"), Some(&json!({"a": 1})));
    assert_eq!(citizen.claims().count(), 13);
    assert_eq!(provider.authenticated_by(), "basic");
    assert_eq!(provider.hits(Endpoint::Jwks), 1);
}

#[tokio::test]
async fn each_client_authentication_is_accepted_by_a_provider_that_checks_it() {
    let provider = Provider::start(Script::default()).await;
    let keyed = Credentials::private_key_jwt(&client_key_pem(), "key-2026").unwrap();
    for (credentials, seen) in
        [(Credentials::secret_basic(SECRET), "basic"), (Credentials::secret_post(SECRET), "post"), (keyed, "key-2026")]
    {
        let client = Client::discover(provider.registration_with(credentials, REDIRECT_URI)).await.unwrap();
        provider.sign_in(&client, &usual_login()).await.unwrap();
        assert_eq!(provider.authenticated_by(), seen);
    }
}

#[tokio::test]
async fn both_signature_algorithms_work_for_id_tokens_and_for_userinfo() {
    for (signer, algorithm) in [(Signer::Es256, SigningAlgorithm::Es256), (Signer::Rs256, SigningAlgorithm::Rs256)] {
        let provider = Provider::start(Script { signer, userinfo_signer: Some(signer), ..Script::default() }).await;
        let registration =
            provider.registration().with_id_token_signed_by(algorithm).with_userinfo_signed_by(algorithm);
        let client = Client::discover(registration).await.unwrap();
        let session = provider.sign_in(&client, &usual_login()).await.unwrap();
        assert_eq!(session.identity().family_name(), Some("DUBOIS"), "{algorithm}");
    }
}

#[tokio::test]
async fn every_wish_of_a_login_reaches_the_provider_and_is_met() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    let login = Login::at_least(Level::High)
        .with_scopes([Scope::IDENTITE_PIVOT])
        .with_prompt(Prompt::Login)
        .with_max_age(Duration::ZERO)
        .with_methods();
    let session = provider.sign_in(&client, &login).await.unwrap();
    assert_eq!(session.identity().level(), Level::High);
    assert!(session.identity().auth_time().is_some());
}

#[tokio::test]
async fn what_the_protocol_leaves_open_is_accepted() {
    let harmless = [
        Script { claims: set(json!({"aud": ["commune:test%+"]})), ..Script::default() },
        Script { claims: set(json!({"azp": "commune:test%+"})), ..Script::default() },
        Script { claims: set(json!({"at_hash": "(absent)", "amr": "(absent)"})), ..Script::default() },
        Script { claims: set(json!({"acr": "eidas3"})), ..Script::default() },
        Script { claims: set(json!({"auth_time": "(absent)"})), ..Script::default() },
        Script { claims: set(json!({"unknown": [1, {"a": null}]})), ..Script::default() },
        Script { header: set(json!({"typ": "(absent)"})), ..Script::default() },
        Script { header: set(json!({"jku": "https://evil.example", "jwk": {"kty": "oct"}})), ..Script::default() },
        Script { token_answer: set(json!({"token_type": "bearer", "expires_in": "(absent)"})), ..Script::default() },
        Script { answer: Box::new(|back| back.push(("session_state".into(), "x".into()))), ..Script::default() },
    ];
    for (number, script) in harmless.into_iter().enumerate() {
        let (_, outcome) = outcome(script).await;
        assert!(outcome.is_ok(), "case {number}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_logout_shows_the_id_token_and_is_recognised_when_it_is_back() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_post_logout_redirect_uri("http://localhost:1/back").unwrap();
    let client = Client::discover(registration).await.unwrap();
    let session = provider.sign_in(&client, &usual_login()).await.unwrap();
    let departure = client.logout(&session).unwrap();
    let query: std::collections::HashMap<_, _> = departure.url.query_pairs().into_owned().collect();
    assert_eq!(departure.url.path(), "/end-session");
    assert_eq!(query["id_token_hint"].split('.').count(), 3);
    assert_eq!(query["post_logout_redirect_uri"], "http://localhost:1/back");
    departure.pending.unwrap().check(&format!("state={}", query["state"])).unwrap();

    let without_return = provider.client().await;
    let departure = without_return.logout(&session).unwrap();
    assert!(departure.pending.is_none() && !departure.url.query().unwrap().contains("state="));
}
