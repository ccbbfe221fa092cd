//! ID tokens that must be refused, and before userinfo is called (OpenID Connect Core 1.0 §3.1.3.7; the attacks
//! E06, E07, E08, E09 and the modules of the basic relying-party certification).

use std::time::Duration;

use relying_party_sdk::{Client, Error, Level, Login, Rejection, SigningAlgorithm};
use serde_json::{Value, json};

use crate::provider::{Endpoint, Provider, Script, now, outcome, rejection, set, usual_login};
use crate::signing::Signer;

async fn rejected(script: Script) -> Rejection {
    let (provider, outcome) = outcome(script).await;
    assert_eq!(provider.hits(Endpoint::Userinfo), 0, "userinfo was called with an unverified ID token");
    rejection(outcome)
}

async fn rejected_claims(members: Value) -> Rejection {
    rejected(Script { claims: set(members), ..Script::default() }).await
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    for iss in ["https://evil.example", "", "HTTP://127.0.0.1"] {
        let reason = rejected_claims(json!({"iss": iss})).await;
        assert!(matches!(reason, Rejection::Issuer { .. } | Rejection::Value { claim: "iss", .. }), "{reason:?}");
    }
    // a slash more is another issuer
    let provider = Provider::start(Script::default()).await;
    let slashed = format!("{}/", provider.issuer());
    provider.change(|script| script.claims = set(json!({"iss": slashed})));
    let client = provider.client().await;
    let reason = rejection(provider.sign_in(&client, &usual_login()).await);
    assert!(matches!(reason, Rejection::Issuer { .. }), "{reason:?}");
}

#[tokio::test]
async fn a_token_for_other_clients_is_refused() {
    assert_eq!(rejected_claims(json!({"aud": "other"})).await, Rejection::Audience);
    assert_eq!(rejected_claims(json!({"aud": ["other"]})).await, Rejection::Audience);
    assert_eq!(rejected_claims(json!({"aud": ["commune:test%+", "other"]})).await, Rejection::ExtraAudience);
    assert_eq!(
        rejected_claims(json!({"aud": ["commune:test%+", "other"], "azp": "commune:test%+"})).await,
        Rejection::ExtraAudience
    );
    assert_eq!(rejected_claims(json!({"azp": "other"})).await, Rejection::AuthorizedParty);
}

#[tokio::test]
async fn a_token_of_another_login_is_refused() {
    assert_eq!(rejected_claims(json!({"nonce": "another"})).await, Rejection::Nonce);
    assert_eq!(rejected_claims(json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})).await, Rejection::AccessTokenHash);
    assert_eq!(rejected_claims(json!({"at_hash": ""})).await, Rejection::AccessTokenHash);
}

#[tokio::test]
async fn a_token_without_a_needed_claim_is_refused() {
    for claim in ["iss", "aud", "sub", "exp", "iat", "nonce", "acr"] {
        let reason = rejected_claims(json!({claim: "(absent)"})).await;
        assert_eq!(reason, Rejection::Missing { claim }, "{claim}");
    }
}

#[tokio::test]
async fn a_token_out_of_its_time_is_refused() {
    let reason = rejected_claims(json!({"exp": now() - 70})).await;
    assert!(matches!(reason, Rejection::Expired { .. }), "{reason:?}");
    let reason = rejected_claims(json!({"iat": now() + 70})).await;
    assert!(matches!(reason, Rejection::Early { .. }), "{reason:?}");
    let reason = rejected_claims(json!({"nbf": now() + 70})).await;
    assert!(matches!(reason, Rejection::Early { .. }), "{reason:?}");
    let reason = rejected_claims(json!({"iat": now() - 3600})).await;
    assert!(matches!(reason, Rejection::Stale { .. }), "{reason:?}");
}

#[tokio::test]
async fn a_claim_of_the_wrong_type_is_refused_and_never_read_as_absent() {
    let wrong = [
        ("exp", json!("never")),
        ("exp", json!(null)),
        ("exp", json!(4_102_444_800.5)),
        ("iat", json!("now")),
        ("iat", json!(1.5)),
        ("nbf", json!("0")),
        ("nbf", json!(null)),
        ("aud", json!(7)),
        ("aud", json!([])),
        ("aud", json!(["commune:test%+", 7])),
        ("iss", json!(["x"])),
        ("sub", json!(12)),
        ("nonce", json!(true)),
        ("acr", json!(1)),
        ("azp", json!(null)),
        ("azp", json!({})),
        ("at_hash", json!(null)),
        ("at_hash", json!(0)),
        ("auth_time", json!("yesterday")),
        ("amr", json!("pwd")),
        ("amr", json!([1])),
    ];
    for (name, value) in wrong {
        let reason = rejected_claims(json!({name: value})).await;
        assert!(matches!(reason, Rejection::Type { claim, .. } if claim == name), "{name}={value}: {reason:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_json_or_says_a_thing_twice_is_refused() {
    for text in [
        "not json",
        "[]",
        "{}garbage",
        r#"{"exp":1e400}"#,
        r#"{"exp":NaN}"#,
        r#"{"sub":"a","sub":"b","nonce":"NONCE"}"#,
    ] {
        let reason = rejected(Script { claims_text: Some(text.to_owned()), ..Script::default() }).await;
        assert!(matches!(reason, Rejection::Unreadable { .. }), "{text}: {reason:?}");
    }
}

#[tokio::test]
async fn an_impossible_subject_is_refused() {
    for sub in [json!(""), json!("x".repeat(256)), json!("é"), json!("a b"), json!("a\u{0}b")] {
        let reason = rejected_claims(json!({"sub": sub})).await;
        assert!(matches!(reason, Rejection::Value { claim: "sub", .. }), "{sub}: {reason:?}");
    }
}

#[tokio::test]
async fn an_unsigned_token_is_refused_whatever_its_spelling() {
    for alg in ["none", "None", "nOnE", ""] {
        let reason =
            rejected(Script { signer: Signer::None, header: set(json!({"alg": alg})), ..Script::default() }).await;
        let refused = matches!(reason, Rejection::Algorithm { .. } | Rejection::Value { claim: "alg", .. });
        assert!(refused, "{alg}: {reason:?}");
    }
    // the algorithm is right, the signature is empty
    let reason = rejected(Script {
        signer: Signer::None,
        header: set(json!({"alg": "ES256", "kid": "es"})),
        ..Script::default()
    });
    assert_eq!(reason.await, Rejection::Signature);
    for alg in [json!(null), json!(["ES256"]), json!(7), json!("(absent)")] {
        let reason = rejected(Script { header: set(json!({"alg": alg})), ..Script::default() }).await;
        let refused = matches!(reason, Rejection::Type { claim: "alg", .. } | Rejection::Missing { claim: "alg" });
        assert!(refused, "{alg}: {reason:?}");
    }
}

#[tokio::test]
async fn a_token_keyed_with_the_public_key_is_refused() {
    let provider = Provider::start(Script { signer: Signer::Hs256OfThePublicKey, ..Script::default() }).await;
    let registration = provider.registration().with_id_token_signed_by(SigningAlgorithm::Rs256);
    let client = Client::discover(registration).await.unwrap();
    let reason = rejection(provider.sign_in(&client, &usual_login()).await);
    assert_eq!(reason, Rejection::Algorithm { seen: "HS256".into(), registered: SigningAlgorithm::Rs256 });
    // and under a header that lies about it
    provider.change(|script| script.header = set(json!({"alg": "RS256"})));
    assert_eq!(rejection(provider.sign_in(&client, &usual_login()).await), Rejection::Signature);
}

#[tokio::test]
async fn a_good_signature_with_another_algorithm_than_registered_is_refused() {
    let reason = rejected(Script { signer: Signer::Rs256, ..Script::default() }).await;
    assert_eq!(reason, Rejection::Algorithm { seen: "RS256".into(), registered: SigningAlgorithm::Es256 });
    // an RSA key behind an ES256 header
    let reason = rejected(Script { signer: Signer::Rs256, header: set(json!({"alg": "ES256"})), ..Script::default() });
    assert!(matches!(reason.await, Rejection::UnknownKey { .. }));
}

#[tokio::test]
async fn a_signature_of_another_key_is_refused() {
    assert_eq!(rejected(Script { signer: Signer::OtherEs256, ..Script::default() }).await, Rejection::Signature);
}

#[tokio::test]
async fn a_key_brought_along_in_the_header_is_never_used() {
    let reason = rejected(Script {
        signer: Signer::OtherEs256,
        header: Box::new(|header| header["jwk"] = Signer::OtherEs256.jwk("es")),
        ..Script::default()
    });
    assert_eq!(reason.await, Rejection::Signature);
}

#[tokio::test]
async fn another_kind_of_token_is_refused() {
    for header in [json!({"typ": "at+jwt"}), json!({"typ": "logout+jwt"}), json!({"crit": ["b64"], "b64": false})] {
        let reason = rejected(Script { header: set(header.clone()), ..Script::default() }).await;
        assert!(matches!(reason, Rejection::Unreadable { .. }), "{header}: {reason:?}");
    }
    for token in ["", "a.b", "a.b.c.d", "....", "é.é.é"] {
        let script = Script { token_answer: set(json!({"id_token": token})), ..Script::default() };
        let (provider, outcome) = outcome(script).await;
        assert_eq!(provider.hits(Endpoint::Userinfo), 0);
        assert!(matches!(outcome, Err(Error::Untrusted { .. } | Error::Malformed { .. })), "{token}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_level_below_the_one_asked_is_refused() {
    let provider = Provider::start(Script { claims: set(json!({"acr": "eidas1"})), ..Script::default() }).await;
    let client = provider.client().await;
    let reason = rejection(provider.sign_in(&client, &Login::at_least(Level::Substantial)).await);
    assert_eq!(reason, Rejection::Level { asked: Level::Substantial, seen: Level::Low });
    assert!(provider.sign_in(&client, &Login::at_least(Level::Low)).await.is_ok());
    let reason = rejected_claims(json!({"acr": "eidas9"})).await;
    assert!(matches!(reason, Rejection::Value { claim: "acr", .. }), "{reason:?}");
}

#[tokio::test]
async fn a_sign_in_older_than_asked_is_refused() {
    let provider =
        Provider::start(Script { claims: set(json!({"auth_time": now() - 500})), ..Script::default() }).await;
    let client = provider.client().await;
    let fresh = Login::at_least(Level::Low).with_max_age(Duration::from_mins(5));
    let reason = rejection(provider.sign_in(&client, &fresh).await);
    assert!(matches!(reason, Rejection::Age { allowed: 300, .. }), "{reason:?}");
    assert!(provider.sign_in(&client, &usual_login()).await.is_ok(), "not asked, not checked");
    provider.change(|script| script.claims = set(json!({"auth_time": "(absent)"})));
    let reason = rejection(provider.sign_in(&client, &fresh).await);
    assert_eq!(reason, Rejection::Missing { claim: "auth_time" });
}
