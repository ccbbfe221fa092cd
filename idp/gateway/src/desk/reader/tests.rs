use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::body::Body;
use axum::http::Request;
use domain::id::ReaderId;
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::name::Name;
use domain::people::reader::ReaderKey;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::cnie::bench::Gateway;
use crate::listen::address::ClientAddress;
use crate::router::readers_of_desks;

const NEXT: &str = "/reader/v1/cases/next";

async fn desk() -> Gateway {
    Gateway::standing_with("[desk]\norigin = \"http://localhost:8401\"\n").await
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

fn jwk(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
}

/// A good proof for one call (RFC 9449 §4.2).
fn proof(app: &App, key: &EcdsaKeyPair) -> String {
    let now = app.clock.now();
    let claims = json!({
        "jti": base64url(&app.random.bytes::<16>()), "htm": "POST", "htu": app.desk().origin.at(NEXT),
        "iat": now.epoch(), "nonce": app.dpop.secret.nonce(now),
    });
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(key)})), part(&claims));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signs");
    format!("{signed}.{}", base64url(signature.as_ref()))
}

async fn call(app: &Shared, proof: &str, from: [u8; 4]) -> (StatusCode, String) {
    let mut request = Request::post(NEXT).header("dpop", proof).body(Body::from("{}")).expect("a request");
    request.extensions_mut().insert(ClientAddress(from.into()));
    let Ok(answer) = readers_of_desks(app).with_state(Arc::clone(app)).oneshot(request).await;
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("whole");
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, told["code"].as_str().unwrap_or_default().to_owned())
}

async fn register(app: &App, key: &EcdsaKeyPair) {
    let code = CommuneCode::parse("35238").expect("a code");
    let (name, state) = (Name::parse("Val-Fleuri").expect("a name"), CommuneState::Enrolled);
    let commune = Commune { code: code.clone(), name, state };
    assert_eq!(app.registry.insert_commune(&commune, app.clock.now()).await.expect("kept"), Put::Fresh);
    let reader = Reader {
        id: ReaderId::from_random(app.random.bytes()),
        commune: code,
        name: Name::parse("Guichet 1").expect("a name"),
        key: ReaderKey::of(&jwk(key)).expect("a key"),
        state: ReaderState::Registered,
        proved: None,
    };
    assert_eq!(app.registry.insert_reader(&reader, None, app.clock.now()).await.expect("kept"), Put::Fresh);
}

#[tokio::test]
async fn the_proofs_of_a_reader_count_once_and_those_of_strangers_are_not_remembered() {
    let gateway = desk().await;
    let app = &gateway.app;
    let stranger = proof(app, &new_key());
    for _ in 0..2 {
        let (status, code) = call(app, &stranger, [127, 0, 0, 1]).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::UNAUTHORIZED, "desk.reader_unknown"),
            "nothing was kept of it"
        );
    }
    let key = new_key();
    register(app, &key).await;
    let good = proof(app, &key);
    assert_eq!(call(app, &good, [127, 0, 0, 1]).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(app, &good, [127, 0, 0, 1]).await.1, "dpop.proof_reused");
}

#[tokio::test]
async fn an_address_that_calls_as_a_reader_without_end_is_asked_to_wait() {
    let gateway = desk().await;
    let mut calls = 0;
    while call(&gateway.app, "", [192, 0, 2, 1]).await.0 != StatusCode::TOO_MANY_REQUESTS {
        calls += 1;
        assert!(calls < 2000, "nobody is asked to wait");
    }
    assert!(calls >= 600, "ten readers asking once a second: {calls}");
    assert_eq!(call(&gateway.app, "", [192, 0, 2, 1]).await.1, "client.too_many_calls");
    assert_ne!(call(&gateway.app, "", [192, 0, 2, 2]).await.0, StatusCode::TOO_MANY_REQUESTS);
}
