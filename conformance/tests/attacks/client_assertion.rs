//! Group C: client assertions (RFC 7523), over nodes, keys and the header of the token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use conformance::fapi::{Answer, FapiParty};
use conformance::jose::{self, Algorithm, SigningKey};
use conformance::relying_party::ASSERTION_TYPE;
use conformance::site::{Site, listen};
use conformance::{clock, or_skip, random};
use http::Method;
use serde_json::{Value, json};

use crate::fapi::{Fleet, Secured};
use crate::journey::{Journey, eventually};

/// Pushes an honest request with an assertion, the cheapest thing that an assertion opens.
async fn push(party: &FapiParty, assertion: &str) -> Answer {
    push_with(party, &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]).await
}

async fn push_with(party: &FapiParty, fields: &[(&str, &str)]) -> Answer {
    let (ask, url) = (party.ask("openid"), &party.party.metadata.pushed_authorization_request_endpoint);
    party.send(Method::POST, url, &[], &[&ask.form(), fields].concat()).await.unwrap()
}

fn refused() -> (u16, String, String) {
    (401, "invalid_client".into(), "client.unauthenticated".into())
}

/// An assertion that was good, a second time: told alike, and accounted for as what it is.
fn reused() -> (u16, String, String) {
    (401, "invalid_client".into(), "client.assertion_reused".into())
}

/// The claims of an honest assertion with one of them changed, or taken away where it is null.
fn changed(party: &FapiParty, name: &str, value: Value) -> Value {
    let mut claims = party.assertion_claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

#[tokio::test]
async fn an_assertion_is_not_spent_on_a_proof_that_has_to_be_made_anew() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let party = &service.party;
    let (ask, url) = (party.ask("openid"), party.party.metadata.pushed_authorization_request_endpoint.clone());
    let assertion = party.assertion();
    let own = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    let form = [&ask.form(), own.as_slice()].concat();
    let push = async || {
        let proof = party.proof(&service.holder, &Method::POST, &url).signed(&service.holder);
        party.send(Method::POST, &url, &[("dpop", &proof)], &form).await.unwrap()
    };
    let first = push().await;
    assert!(first.wants_nonce(), "{}", first.body);
    assert_eq!(push().await.status, 201, "the same assertion, with the nonce");
    assert_eq!(push().await.refusal(), reused(), "and no third time");
}

#[tokio::test]
async fn an_assertion_opens_one_call_on_all_nodes_and_endpoints() {
    let fleet = or_skip!(Fleet::start().await);
    let [first, second] = fleet.register().await.map(|service| service.party);
    for (one, other) in [(&first, &second), (&second, &first), (&first, &first)] {
        let assertion = one.assertion();
        assert_eq!(push(one, &assertion).await.status, 201);
        assert_eq!(push(other, &assertion).await.refusal(), reused(), "C12");
        // The same jti in another assertion is the same assertion.
        let claims = changed(one, "jti", json!(random::token()));
        assert_eq!(push(one, &one.key.sign("JWT", &claims)).await.status, 201);
        let mut again = claims.clone();
        again["exp"] = json!(clock::now() + 50);
        assert_eq!(push(other, &one.key.sign("JWT", &again)).await.refusal(), reused(), "C12");
    }
    let assertion = first.assertion();
    let fields = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str()), ("token", "x")];
    let url = &first.party.metadata.revocation_endpoint;
    assert_eq!(first.send(Method::POST, url, &[], &fields).await.unwrap().status, 200);
    assert_eq!(push(&second, &assertion).await.refusal(), reused(), "C12 at another endpoint");
}

#[tokio::test]
async fn an_assertion_is_for_this_issuer_from_this_client_and_now() {
    let journey = Journey::start().await;
    let party = Secured::register(&journey).await.party;
    let (now, issuer) = (clock::now(), party.party.metadata.issuer.clone());
    let metadata = &party.party.metadata;
    for (case, name, value) in [
        ("C13 the token endpoint", "aud", json!(metadata.token_endpoint)),
        ("C13 the PAR endpoint", "aud", json!(metadata.pushed_authorization_request_endpoint)),
        ("C13 an array", "aud", json!([issuer])),
        ("C13 an array with more", "aud", json!([issuer, metadata.token_endpoint])),
        ("C13 another issuer", "aud", json!("https://autre.example")),
        ("C13 a slash more", "aud", json!(format!("{issuer}/"))),
        ("C13 none", "aud", Value::Null),
        ("C14 no sub", "sub", Value::Null),
        ("C14 another sub", "sub", json!("other")),
        ("C14 no iss", "iss", Value::Null),
        ("C14 another iss", "iss", json!("other")),
        ("C14 no exp", "exp", Value::Null),
        ("C14 exp five minutes ago", "exp", json!(now - 300)),
        ("C14 exp in a year", "exp", json!(now + 31_536_000)),
        ("C14 iat 61 s ahead", "iat", json!(now + 61)),
        ("C14 nbf 61 s ahead", "nbf", json!(now + 61)),
        ("no jti", "jti", Value::Null),
    ] {
        let assertion = party.key.sign("JWT", &changed(&party, name, value));
        assert_eq!(push(&party, &assertion).await.refusal(), refused(), "{case}");
    }
    for (case, name, value) in [
        ("iat 8 s ahead", "iat", json!(now + 8)),
        ("nbf 8 s ahead", "nbf", json!(now + 8)),
        ("no iat", "iat", Value::Null),
        ("more claims", "more", json!({ "a": 1 })),
    ] {
        let assertion = party.key.sign("JWT", &changed(&party, name, value));
        assert_eq!(push(&party, &assertion).await.status, 201, "{case}");
    }
    let assertion = party.assertion();
    let twice = ("client_assertion", assertion.as_str());
    for (case, fields) in [
        ("no assertion", vec![]),
        ("no type", vec![twice]),
        ("another type", vec![("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2"), twice]),
        ("two", vec![("client_assertion_type", ASSERTION_TYPE), twice, twice]),
        ("with a secret", vec![("client_assertion_type", ASSERTION_TYPE), twice, ("client_secret", "x")]),
    ] {
        let (status, error, code) = push_with(&party, &fields).await.refusal();
        let expected = match case {
            "two" | "with a secret" => (400, "invalid_request", "request.invalid_request"),
            _ => (401, "invalid_client", "client.unauthenticated"),
        };
        assert_eq!((status, error.as_str(), code.as_str()), expected, "C11 {case}");
    }
    assert_eq!(push(&party, &assertion).await.status, 201, "none of this used it up");
}

#[tokio::test]
async fn an_assertion_counts_by_a_current_key_of_its_own_client() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    let (party, other) = (Secured::register(&journey).await.party, Secured::register(&journey).await.party);
    let foreign = other.key.sign("JWT", &party.assertion_claims());
    assert_eq!(push(&party, &foreign).await.refusal(), refused(), "C15 the key of another client");
    let header = json!({ "alg": "ES256", "kid": party.key.kid(), "typ": "JWT" });
    let foreign = other.key.sign_under(&header, &party.assertion_claims());
    assert_eq!(push(&party, &foreign).await.refusal(), refused(), "C15 under the kid of this one");

    let rsa = SigningKey::generate(Algorithm::Rs256);
    let mut metadata = FapiParty::ordinary("Préfecture", &rsa);
    metadata["client_id"] = json!(party.party.client_id);
    metadata["redirect_uris"] = json!([party.party.redirect_uri]);
    let keys: Vec<_> = Algorithm::FAPI.into_iter().map(SigningKey::generate).collect();
    let jwks: Vec<_> = keys.iter().chain([&rsa]).map(SigningKey::public_jwk).collect();
    metadata["jwks"] = json!({ "keys": jwks });
    installation.import(&metadata).await.unwrap();
    eventually("C15 the retired key to be refused", async || {
        let answer = push(&party, &party.assertion()).await;
        (answer.status != 201 && answer.refusal() == refused()).then_some(())
    })
    .await;
    for key in &keys {
        let assertion = key.sign("JWT", &party.assertion_claims());
        assert_eq!(push(&party, &assertion).await.status, 201, "{:?}", key.algorithm());
    }
    let weak = rsa.sign("JWT", &party.assertion_claims());
    assert_eq!(
        push(&party, &weak).await.refusal(),
        refused(),
        "RS256 is no algorithm of the profile, registered or not"
    );
}

#[tokio::test]
async fn a_header_leads_to_no_other_key_file_or_address() {
    let journey = Journey::start().await;
    let party = Secured::register(&journey).await.party;
    let stranger = SigningKey::generate(Algorithm::Es256);
    let visits = Arc::<AtomicUsize>::default();
    let (listener, seen) = (listen(0).await.unwrap(), Arc::clone(&visits));
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let keys = json!({ "keys": [stranger.public_jwk()] }).to_string();
    let _site = Site::serve(
        listener,
        Router::new().fallback(move || {
            seen.fetch_add(1, Ordering::SeqCst);
            std::future::ready(keys.clone())
        }),
    );
    let answer = reqwest::get(&base).await.unwrap();
    assert!(answer.status().is_success() && visits.swap(0, Ordering::SeqCst) == 1, "the trap is open");

    let folder = journey.scene.gateway.installation().data();
    let of_stranger = stranger.kid();
    let headers = [
        json!({ "kid": "../../../../../../dev/null" }),
        json!({ "kid": folder.join("master.key") }),
        json!({ "kid": "x' UNION SELECT 'AA" }),
        json!({ "kid": "'; DROP TABLE clients; --" }),
        json!({ "kid": format!("{base}/jwks") }),
        json!({ "kid": "" }),
        json!({ "kid": ["x"] }),
        json!({ "kid": null }),
        json!({ "kid": "k".repeat(10_000) }),
        json!({ "kid": of_stranger, "jku": format!("{base}/jwks") }),
        json!({ "kid": of_stranger, "x5u": format!("{base}/x5u") }),
        json!({ "kid": of_stranger, "jwk": stranger.bare_jwk() }),
        json!({ "jwk": stranger.public_jwk() }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "b64": false, "crit": ["b64"] }),
    ];
    for own in headers {
        let mut header = json!({ "alg": "ES256", "typ": "JWT" });
        for (name, value) in own.as_object().unwrap() {
            header[name] = value.clone();
        }
        let assertion = stranger.sign_under(&header, &party.assertion_claims());
        assert_eq!(push(&party, &assertion).await.refusal(), refused(), "C16 {own}");
        let named = own.get("kid");
        if named.is_none_or(|kid| !kid.is_string()) || own.as_object().unwrap().len() > 1 {
            // Even of the client itself: a header that brings or fetches keys, or extends the format, is refused, and a name
            // of another type is not none.
            if named.is_some_and(|kid| *kid == of_stranger) {
                header["kid"] = party.key.kid().into();
            }
            let assertion = party.key.sign_under(&header, &party.assertion_claims());
            assert_eq!(push(&party, &assertion).await.refusal(), refused(), "C16 signed by the client: {own}");
        }
    }
    for (case, token) in [
        ("alg none", jose::unsigned(&party.assertion_claims())),
        ("HMAC by the public key", {
            let pem = party.key.public_pem();
            jose::hmac_signed(party.key.kid(), pem.as_bytes(), &party.assertion_claims())
        }),
    ] {
        assert_eq!(push(&party, &token).await.refusal(), refused(), "C16 {case}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "C16: nothing was fetched");
    assert_eq!(push(&party, &party.assertion()).await.status, 201, "the gateway is well");
}
