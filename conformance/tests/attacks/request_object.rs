//! Group B: request objects and references (B06 to B11), and what a header may name (C16).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use conformance::clock;
use conformance::jose::{self, Algorithm, SigningKey};
use conformance::site::{Site, listen};
use serde_json::{Value, json};

use crate::journey::{citizen_of, expect};
use crate::stories::request_object::Signing;

/// A site that nobody may call.
async fn forbidden() -> (Site, Arc<AtomicUsize>) {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let router = Router::new().fallback(move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        "{}"
    });
    (Site::serve(listen(0).await.unwrap(), router), called)
}

/// Refused at the PAR endpoint with an error, and in the front channel without a sign-in.
async fn refused(signing: &Signing, case: &str, object: &str, errors: &[&str]) {
    let (status, answer, code) = signing.push_accounted(&[("request", object)]).await;
    assert_eq!(status, 400, "{case}: {answer}");
    assert_eq!(code, Some(format!("request.{}", answer["error"].as_str().unwrap_or_default())), "{case}");
    assert!(errors.contains(&answer["error"].as_str().unwrap_or_default()), "{case}: {answer}");
    let back = citizen_of(&signing.service).open(&signing.url(object, &[])).await.unwrap();
    let told = back.parameter("error");
    let page = back.name().as_deref() == Some("problem") && back.code().as_deref() == Some("P107");
    assert!(page || told.is_some_and(|error| errors.contains(&error.as_str())), "{case}: {}", back.brief());
    assert_eq!(back.parameter("code"), None, "{case}");
    let told = back.parameter("error").map_or_else(|| "page.P107".to_owned(), |error| format!("request.{error}"));
    assert_eq!(back.refusal(), told, "{case}");
}

const OBJECT: &[&str] = &["invalid_request_object"];

#[tokio::test]
async fn b07_an_object_that_the_client_did_not_sign_is_refused() {
    let signing = Signing::start(&json!({})).await;
    let ask = signing.service.ask("openid");
    let claims = signing.claims(&ask, &json!({}));
    let foreign = SigningKey::generate(Algorithm::Es256);
    let own = json!({"alg": "ES256", "kid": signing.key.kid()});
    for (case, object) in [
        ("none", jose::unsigned(&claims)),
        ("HS256 by the public key", jose::hmac_signed(signing.key.kid(), signing.key.public_pem().as_bytes(), &claims)),
        ("another key", foreign.sign("oauth-authz-req+jwt", &claims)),
        ("another key under the client's name", foreign.sign_under(&own, &claims)),
        ("an algorithm that the key is not of", SigningKey::generate(Algorithm::Rs256).sign("JWT", &claims)),
        ("a client assertion's type", signing.key.sign("client-authentication+jwt", &claims)),
        ("nothing", "x".to_owned()),
    ] {
        refused(&signing, case, &object, OBJECT).await;
    }
}

#[tokio::test]
async fn b08_an_object_out_of_its_time_or_for_others_is_refused() {
    let signing = Signing::start(&json!({})).await;
    let ask = signing.service.ask("openid");
    let now = clock::now();
    for (case, changes) in [
        ("expired", json!({"exp": now - 60, "nbf": now - 120})),
        ("no exp", json!({"exp": null})),
        ("two hours", json!({"exp": now + 7200})),
        ("nbf two hours ago", json!({"nbf": now - 7200})),
        ("nbf ahead", json!({"nbf": now + 90})),
        ("exp as text", json!({"exp": "never"})),
        ("aud of others", json!({"aud": "https://other.example"})),
        ("no aud", json!({"aud": null})),
        ("iss of others", json!({"iss": "someone"})),
        ("sub", json!({"sub": signing.service.client_id})),
        ("another client", json!({"client_id": "someone"})),
    ] {
        let object = signing.key.sign("oauth-authz-req+jwt", &signing.claims(&ask, &changes));
        refused(&signing, case, &object, OBJECT).await;
    }
    for changes in [json!({"nbf": now + 8}), json!({"aud": ["https://other.example", signing.issuer()]})] {
        let object = signing.key.sign("OAUTH-AUTHZ-REQ+JWT", &signing.claims(&ask, &changes));
        assert_eq!(signing.push(&[("request", &object)]).await.0, 201, "{changes}");
    }
    let untyped = json!({"alg": "ES256", "kid": signing.key.kid()});
    let object = signing.key.sign_under(&untyped, &signing.claims(&ask, &json!({})));
    assert_eq!(signing.push(&[("request", &object)]).await.0, 201, "RFC 9101 10.8: a type is no must");
}

#[tokio::test]
async fn b06_an_object_or_a_push_that_holds_a_reference_is_refused() {
    let signing = Signing::start(&json!({})).await;
    let ask = signing.service.ask("openid");
    for name in ["request", "request_uri"] {
        let claims = signing.claims(&ask, &json!({name: "urn:ietf:params:oauth:request_uri:x"}));
        refused(&signing, name, &signing.key.sign("JWT", &claims), &["invalid_request"]).await;
    }
    let object = signing.object(&ask);
    let (status, answer, code) = signing.push_accounted(&[("request", &object), ("request_uri", "urn:x")]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
    assert_eq!(code.as_deref(), Some("request.invalid_request"));
    let both = signing.url(&object, &[("request_uri", "urn:ietf:params:oauth:request_uri:x")]);
    let page = expect(citizen_of(&signing.service).open(&both).await.unwrap(), "problem");
    assert_eq!(page.code().as_deref(), Some("P107"), "{}", page.brief());
}

#[tokio::test]
async fn b09_only_what_is_inside_the_object_counts() {
    let signing = Signing::start(&json!({})).await;
    let ask = signing.service.ask("openid").and("prompt", "none");
    let uri = signing.service.redirect_uri.clone();
    let beside =
        [("state", "outside"), ("nonce", "outside"), ("prompt", "login"), ("redirect_uri", "https://evil.example/")];
    let back = citizen_of(&signing.service).open(&signing.url(&signing.object(&ask), &beside)).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("login_required"), "{}", back.brief());
    assert_eq!(back.refusal(), "request.login_required");
    assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()));
    // What is not inside is not there, though it stands outside.
    let claims = signing.claims(&ask, &json!({"state": null}));
    let url = signing.url(&signing.key.sign("JWT", &claims), &[("state", "outside")]);
    let back = citizen_of(&signing.service).open(&url).await.unwrap();
    assert_eq!((back.parameter("error").as_deref(), back.parameter("state")), (Some("login_required"), None));
    let claims = signing.claims(&ask, &json!({"redirect_uri": null}));
    let url = signing.url(&signing.key.sign("JWT", &claims), &[("redirect_uri", &uri)]);
    expect(citizen_of(&signing.service).open(&url).await.unwrap(), "problem");
    let claims = signing.claims(&ask, &json!({"redirect_uri": "https://evil.example/"}));
    let url = signing.url(&signing.key.sign("JWT", &claims), &[("redirect_uri", &uri)]);
    expect(citizen_of(&signing.service).open(&url).await.unwrap(), "problem");
}

#[tokio::test]
async fn b10_a_reference_to_elsewhere_is_never_fetched() {
    let signing = Signing::start(&json!({})).await;
    let (site, called) = forbidden().await;
    for reference in [
        format!("http://{}/object", site.address()),
        format!("http://localhost:{}/object", site.address().port()),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "data:application/jwt,x".to_owned(),
    ] {
        let ask = signing.service.ask("openid").and("request_uri", &reference);
        let back = citizen_of(&signing.service).open(&ask.url()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some("request_uri_not_supported"), "{reference}");
        assert_eq!(back.refusal(), "request.request_uri_not_supported", "{reference}");
        assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()));
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn b11_encrypted_objects_that_would_make_work_are_refused() {
    let signing = Signing::start(&json!({
        "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM",
    }))
    .await;
    let epk = json!({"kty": "EC", "crv": "P-256", "x": jose::encode([1; 32]), "y": jose::encode([2; 32])});
    for header in [
        json!({"alg": "dir", "enc": "A256GCM"}),
        json!({"alg": "none", "enc": "A256GCM"}),
        json!({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 1_000_000_000_u64, "p2s": "AAAA"}),
        json!({"alg": "RSA1_5", "enc": "A256GCM"}),
        json!({"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF", "epk": epk}),
        json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": epk}),
        json!({"alg": "ECDH-ES", "enc": "A128CBC-HS256", "epk": epk}),
    ] {
        let object =
            format!("{}..{}.AAAA.{}", jose::encode(header.to_string()), jose::encode([0; 12]), jose::encode([0; 16]));
        refused(&signing, &header.to_string(), &object, OBJECT).await;
    }
}

#[tokio::test]
async fn c16_a_header_that_names_keys_is_refused_and_nothing_is_fetched() {
    let signing = Signing::start(&json!({})).await;
    let (site, called) = forbidden().await;
    let claims: Value = signing.claims(&signing.service.ask("openid"), &json!({}));
    let foreign = SigningKey::generate(Algorithm::Es256);
    let place = format!("http://{}/keys", site.address());
    for more in [
        json!({"jku": place}),
        json!({"x5u": place}),
        json!({"jwk": foreign.public_jwk()}),
        json!({"kid": place}),
        json!({"kid": "../../../dev/null"}),
        json!({"kid": "' OR 1=1 --"}),
        json!({"kid": 7}),
        json!({"crit": ["exp"]}),
    ] {
        let mut header = json!({"alg": "ES256", "kid": signing.key.kid()});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for key in [&foreign, &signing.key] {
            refused(&signing, &more.to_string(), &key.sign_under(&header, &claims), OBJECT).await;
        }
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}
