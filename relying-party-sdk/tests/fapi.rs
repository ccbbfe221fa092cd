//! The whole of FAPI 2.0, Security Profile and Message Signing, at once (the happy paths of the relying-party
//! certification; what must be refused is told apart in the other files, and again here under the profile).

use std::time::Duration;

use relying_party_sdk::{
    Client, ClientKey, CookieKey, Credentials, DpopKey, Error, Level, Login, Registration, Rejection, Scope,
    SigningAlgorithm,
};
use serde_json::json;

use crate::provider::{Binding, Endpoint, Provider, REDIRECT_URI, Rotation, Script, rejection, set};
use crate::signing::{Signer, client_key_pem};

fn script() -> Script {
    Script {
        discovery: set(json!({"require_pushed_authorization_requests": true})),
        binding: Some(Binding { nonce_of_par: Some("n".into()), ..Binding::default() }),
        refreshing: Some(Rotation::Kept),
        ..Script::default()
    }
}

fn registration(provider: &Provider) -> Registration {
    let credentials = Credentials::private_key_jwt(&client_key_pem(), "request-key").unwrap();
    provider.registration_with(credentials, REDIRECT_URI).with_dpop(DpopKey::generate()).with_fapi2().with_tokens_kept()
}

fn login() -> Login {
    Login::at_least(Level::Substantial).with_scopes([Scope::IDENTITE_PIVOT]).with_max_age(Duration::from_mins(5))
}

#[tokio::test]
async fn a_citizen_signs_in_under_the_security_profile_and_the_session_is_refreshed() {
    let provider = Provider::start(script()).await;
    let client = Client::discover(registration(&provider)).await.unwrap();
    let key = CookieKey::generate();
    let session = provider.sign_in(&client, &login()).await.unwrap();
    assert_eq!(provider.in_browser(), ["client_id", "request_uri"]);
    assert_eq!((provider.hits(Endpoint::Par), provider.hits(Endpoint::Token)), (2, 1));
    assert!(session.access_token().unwrap().is_bound());
    let session = key.open_session(&key.seal_session(&session, Duration::from_mins(1))).unwrap();
    let session = client.refresh(&client.refresh(&session).await.unwrap()).await.unwrap();
    assert!(session.access_token().unwrap().is_bound());
}

#[tokio::test]
async fn message_signing_signs_both_ways() {
    let provider = Provider::start(script()).await;
    let registration = registration(&provider)
        .with_signed_requests(ClientKey::from_pem(&client_key_pem(), "request-key").unwrap())
        .with_answers_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration).await.unwrap();
    let session = provider.sign_in(&client, &login()).await.unwrap();
    assert_eq!(session.identity().level(), Level::Substantial);
    assert_eq!(provider.in_browser(), ["client_id", "request_uri"]);
    provider.change(|script| script.answer_signer = Signer::OtherEs256);
    assert_eq!(rejection(provider.sign_in(&client, &login()).await), Rejection::Signature);
}

#[tokio::test]
async fn an_id_token_is_signed_by_any_algorithm_of_the_profile() {
    let signers = [
        (Signer::Es256, SigningAlgorithm::Es256),
        (Signer::Ps256, SigningAlgorithm::Ps256),
        (Signer::EdDsa, SigningAlgorithm::EdDsa),
    ];
    for (signer, algorithm) in signers {
        let provider = Provider::start(Script { signer, ..script() }).await;
        let names = json!({"id_token_signing_alg_values_supported": ["ES256", "PS256", "EdDSA"]});
        provider.change(|script| {
            script.discovery = set(names);
            script.jwks = Box::new(move |set| {
                set["keys"] = json!([Signer::Es256.jwk("es"), Signer::Ps256.jwk("ps"), Signer::EdDsa.jwk("ed")]);
            });
        });
        let client = Client::discover(registration(&provider).with_id_token_signed_by(algorithm)).await.unwrap();
        let outcome = provider.sign_in(&client, &login()).await;
        assert!(outcome.is_ok(), "{algorithm}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_rsa_key_that_names_no_algorithm_verifies_the_registered_padding_and_no_other() {
    let jwks = || -> Box<dyn Fn(&mut serde_json::Value) + Send> {
        Box::new(|set| {
            let mut key = Signer::Rs256.jwk("rs");
            key.as_object_mut().unwrap().remove("alg");
            set["keys"] = json!([key]);
        })
    };
    let names = || set(json!({"id_token_signing_alg_values_supported": ["RS256", "PS256"]}));
    let header = || set(json!({"kid": "rs"}));
    for (signer, registered, taken) in [
        (Signer::Rs256, SigningAlgorithm::Rs256, true),
        (Signer::Ps256, SigningAlgorithm::Ps256, true),
        (Signer::Rs256, SigningAlgorithm::Ps256, false),
        (Signer::Ps256, SigningAlgorithm::Rs256, false),
    ] {
        let script = Script { signer, jwks: jwks(), discovery: names(), header: header(), ..Script::default() };
        let provider = Provider::start(script).await;
        let client = Client::discover(provider.registration().with_id_token_signed_by(registered)).await.unwrap();
        let outcome = provider.sign_in(&client, &crate::provider::usual_login()).await;
        assert_eq!(outcome.is_ok(), taken, "{signer:?} {registered}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_id_token_without_a_hash_of_its_access_token_is_refused_when_one_is_due() {
    let provider = Provider::start(script()).await;
    provider.change(|script| script.claims = set(json!({"at_hash": "(absent)"})));
    let client = Client::discover(registration(&provider)).await.unwrap();
    assert_eq!(rejection(provider.sign_in(&client, &login()).await), Rejection::Missing { claim: "at_hash" });
    assert_eq!(provider.hits(Endpoint::Userinfo), 0);

    let provider = Provider::start(Script { claims: set(json!({"at_hash": "(absent)"})), ..Script::default() }).await;
    let demanded = Client::discover(provider.registration().with_at_hash_required()).await.unwrap();
    let reason = rejection(provider.sign_in(&demanded, &login()).await);
    assert_eq!(reason, Rejection::Missing { claim: "at_hash" });
}

#[tokio::test]
async fn clocks_ten_seconds_apart_do_no_harm_and_a_minute_and_a_second_do() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    for (iat, taken) in [(10, true), (-10, true), (75, false)] {
        provider.change(|script| script.claims = set(json!({"iat": crate::provider::now() + iat})));
        let outcome = provider.sign_in(&client, &login()).await;
        assert_eq!(outcome.is_ok(), taken, "{iat}: {outcome:?}");
    }
    provider.change(|script| script.claims = set(json!({"exp": crate::provider::now() - 75})));
    assert!(matches!(rejection(provider.sign_in(&client, &login()).await), Rejection::Expired { .. }));
}

#[tokio::test]
async fn a_gateway_whose_document_names_another_is_left_under_the_profile_too() {
    let provider = Provider::start(script()).await;
    provider.change(|script| script.discovery = set(json!({"issuer": "https://evil.example"})));
    assert!(matches!(Client::discover(registration(&provider)).await, Err(Error::DiscoveryIssuer { .. })));
    assert_eq!(provider.hits(Endpoint::Jwks), 0);
}
