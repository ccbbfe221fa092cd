//! Gateways that must not be used (OpenID Connect Discovery 1.0 §4.3; the attacks E03 and E12).

use relying_party_sdk::{Client, Credentials, Document, Error, Fault, Registration, SigningAlgorithm};
use serde_json::{Value, json};

use crate::provider::{Breakage, Endpoint, Provider, REDIRECT_URI, Script, set};
use crate::signing::{Signer, client_key_pem};

async fn discovered(script: Script) -> Error {
    let provider = Provider::start(script).await;
    Client::discover(provider.registration()).await.expect_err("the provider is not to be used")
}

async fn with_metadata(members: Value) -> Error {
    discovered(Script { discovery: set(members), ..Script::default() }).await
}

#[tokio::test]
async fn a_gateway_that_names_another_issuer_is_refused() {
    let error = with_metadata(json!({"issuer": "https://evil.example"})).await;
    assert!(matches!(error, Error::DiscoveryIssuer { seen, .. } if seen == "https://evil.example"));
    // the issuer is compared letter by letter: a slash more is another one
    let provider = Provider::start(Script::default()).await;
    let slashed = format!("{}/", provider.issuer());
    let registration = Registration::new(&slashed, "commune", Credentials::secret_basic("s"), REDIRECT_URI).unwrap();
    assert!(matches!(Client::discover(registration).await, Err(Error::DiscoveryIssuer { .. })));
}

#[tokio::test]
async fn a_gateway_without_what_this_client_needs_is_refused() {
    for members in [
        json!({"code_challenge_methods_supported": ["plain"]}),
        json!({"code_challenge_methods_supported": "(absent)"}),
        json!({"authorization_response_iss_parameter_supported": false}),
        json!({"authorization_response_iss_parameter_supported": "(absent)"}),
        json!({"response_types_supported": ["id_token"]}),
        json!({"id_token_signing_alg_values_supported": ["RS256"]}),
        json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
    ] {
        let error = with_metadata(members.clone()).await;
        assert!(matches!(error, Error::Unsupported { .. }), "{members}: {error}");
        assert_eq!(error.fault(), Fault::Site);
    }
    let provider = Provider::start(Script {
        discovery: set(json!({
            "userinfo_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        })),
        ..Script::default()
    })
    .await;
    let signed = provider.registration().with_userinfo_signed_by(SigningAlgorithm::Es256);
    assert!(matches!(Client::discover(signed).await, Err(Error::Unsupported { .. })));
    let credentials = Credentials::private_key_jwt(&client_key_pem(), "k").unwrap();
    let keyed = provider.registration_with(credentials, REDIRECT_URI);
    assert!(matches!(Client::discover(keyed).await, Err(Error::Unsupported { .. })));
}

#[tokio::test]
async fn a_document_with_a_member_missing_or_of_the_wrong_type_is_refused() {
    for members in [
        json!({"token_endpoint": "(absent)"}),
        json!({"userinfo_endpoint": "(absent)"}),
        json!({"jwks_uri": 7}),
        json!({"authorization_endpoint": "/authorize"}),
        json!({"authorization_response_iss_parameter_supported": "true"}),
        json!({"code_challenge_methods_supported": "S256"}),
        json!({"end_session_endpoint": ["x"]}),
    ] {
        let error = with_metadata(members.clone()).await;
        assert!(matches!(error, Error::Malformed { document: Document::Discovery, .. }), "{members}: {error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_protected_is_refused() {
    for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"] {
        for address in ["http://gateway.example/x", "https://gateway.example/x#y", "javascript:alert(1)"] {
            let error = with_metadata(json!({name: address})).await;
            assert!(matches!(error, Error::Malformed { document: Document::Discovery, .. }), "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn a_broken_discovery_is_told_by_its_cause_and_a_redirect_is_never_followed() {
    for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
        for (how, code) in [
            (Breakage::Redirect, "redirected"),
            (Breakage::FiftyMegabytes, "too_large"),
            (Breakage::ServerError, "status"),
            (Breakage::NotJson, "malformed"),
        ] {
            let error = discovered(Script { broken: Some((endpoint, how)), ..Script::default() }).await;
            assert_eq!(error.code(), code, "{endpoint:?} {how:?}: {error}");
        }
    }
    let nobody = Registration::new("http://127.0.0.1:1", "c", Credentials::secret_basic("s"), REDIRECT_URI).unwrap();
    let error = Client::discover(nobody).await.expect_err("nobody listens there");
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Network);
}

#[tokio::test]
async fn a_key_set_that_cannot_be_trusted_is_refused() {
    let sets = [
        json!({"keys": []}),
        json!({"keys": {}}),
        json!({"keys": "(absent)"}),
        json!({"keys": [Signer::Es256.jwk("a"), Signer::OtherEs256.jwk("a")]}),
        json!({"keys": [Signer::Es256.jwk("a"), {"kty": "oct", "k": "AAAA"}]}),
        json!({"keys": (0..65).map(|kid| Signer::Es256.jwk(&kid.to_string())).collect::<Vec<_>>()}),
        json!({"keys": vec![Signer::Es256.jwk("a"); 10_000]}),
    ];
    for keys in sets {
        let error = discovered(Script { jwks: set(keys), ..Script::default() }).await;
        assert!(
            matches!(error, Error::Malformed { document: Document::KeySet, .. } | Error::TooLarge { .. }),
            "{error}"
        );
    }
}
