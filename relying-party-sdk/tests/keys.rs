//! The key set in service: rotation, key ids absent and unknown (OpenID Connect Core 1.0 §10.1; the attack E11).

use relying_party_sdk::Rejection;
use serde_json::json;

use crate::provider::{Breakage, Endpoint, Provider, Script, outcome, rejection, set, usual_login};
use crate::signing::Signer;

#[tokio::test]
async fn a_rotated_signing_key_is_found_by_reading_the_set_again() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Jwks), 1);
    provider.change(|script| {
        script.signer = Signer::OtherEs256;
        script.header = set(json!({"kid": "es-2027"}));
        script.jwks = Box::new(|set| {
            set["keys"].as_array_mut().unwrap().push(Signer::OtherEs256.jwk("es-2027"));
        });
    });
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Jwks), 2);
    provider.sign_in(&client, &usual_login()).await.unwrap();
    assert_eq!(provider.hits(Endpoint::Jwks), 2, "the new set is kept");
}

#[tokio::test]
async fn logins_at_the_moment_of_a_rotation_share_one_reading() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    provider.change(|script| {
        script.signer = Signer::OtherEs256;
        script.header = set(json!({"kid": "es-2027"}));
        script.jwks = Box::new(|set| set["keys"] = json!([Signer::OtherEs256.jwk("es-2027")]));
    });
    let logins: Vec<_> = (0..8)
        .map(|_| {
            let (provider, client) = (provider.clone(), client.clone());
            tokio::spawn(async move { provider.sign_in(&client, &usual_login()).await })
        })
        .collect();
    for login in logins {
        login.await.unwrap().unwrap();
    }
    assert_eq!(provider.hits(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_reads_the_set_once() {
    let provider = Provider::start(Script { header: set(json!({"kid": "made-up"})), ..Script::default() }).await;
    let client = provider.client().await;
    for _ in 0..5 {
        let reason = rejection(provider.sign_in(&client, &usual_login()).await);
        assert_eq!(reason, Rejection::UnknownKey { kid: "made-up".into() });
    }
    assert_eq!(provider.hits(Endpoint::Jwks), 2, "once at discovery, once for the unknown key");
}

#[tokio::test]
async fn a_bad_set_never_replaces_the_last_good_one() {
    let provider = Provider::start(Script::default()).await;
    let client = provider.client().await;
    provider.change(|script| {
        script.broken = Some((Endpoint::Jwks, Breakage::FiftyMegabytes));
        script.header = set(json!({"kid": "unknown"}));
    });
    assert!(provider.sign_in(&client, &usual_login()).await.is_err());
    assert_eq!(provider.hits(Endpoint::Jwks), 2);
    provider.change(|script| script.header = Box::new(|_| {}));
    provider.sign_in(&client, &usual_login()).await.unwrap();
}

#[tokio::test]
async fn a_token_without_a_key_id_needs_a_set_with_one_fitting_key() {
    let absent = || set(json!({"kid": "(absent)"}));
    let (_, one) = outcome(Script { header: absent(), ..Script::default() }).await;
    assert!(one.is_ok(), "one key of the algorithm, others of another: {one:?}");
    let two = Script {
        header: absent(),
        jwks: Box::new(|set| set["keys"].as_array_mut().unwrap().push(Signer::OtherEs256.jwk("es-2"))),
        ..Script::default()
    };
    let (_, two) = outcome(two).await;
    assert_eq!(rejection(two), Rejection::AmbiguousKey { candidates: 2 });
}

#[tokio::test]
async fn a_key_for_encryption_never_verifies_a_signature() {
    let script = Script {
        jwks: Box::new(|set| {
            set["keys"][0]["use"] = json!("enc");
        }),
        ..Script::default()
    };
    let (_, outcome) = outcome(script).await;
    assert_eq!(rejection(outcome), Rejection::UnknownKey { kid: "es".into() });
}

#[tokio::test]
async fn a_hostile_key_id_is_only_a_name() {
    for kid in ["../../etc/passwd", "' OR 1=1 --", "http://evil.example/key", "\u{1b}[31m"] {
        let (_, outcome) = outcome(Script { header: set(json!({"kid": kid})), ..Script::default() }).await;
        let reason = rejection(outcome);
        assert!(matches!(reason, Rejection::UnknownKey { .. } | Rejection::Value { .. }), "{kid}: {reason:?}");
        assert!(!reason.to_string().contains('\u{1b}'));
    }
}
