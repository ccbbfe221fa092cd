//! Userinfo answers that must be refused (OpenID Connect Core 1.0 §5.3.2; the attack E10).

use relying_party_sdk::{Client, Document, Error, Rejection, Session, SigningAlgorithm};
use serde_json::{Value, json};

use crate::provider::{Provider, Script, outcome, rejection, set, usual_login};
use crate::signing::Signer;

async fn signed(signer: Signer, claims: Value, header: Value) -> Result<Session, Error> {
    let provider = Provider::start(Script {
        userinfo_signer: Some(signer),
        userinfo: set(claims),
        userinfo_header: set(header),
        ..Script::default()
    })
    .await;
    let registration = provider.registration().with_userinfo_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration).await.unwrap();
    provider.sign_in(&client, &usual_login()).await
}

#[tokio::test]
async fn claims_about_another_citizen_are_refused() {
    for sub in ["subject-2", "subject-1 ", "Subject-1"] {
        let (_, outcome) = outcome(Script { userinfo: set(json!({"sub": sub})), ..Script::default() }).await;
        let reason = rejection(outcome);
        assert!(matches!(reason, Rejection::Subject | Rejection::Value { claim: "sub", .. }), "{sub}: {reason:?}");
    }
    let (_, outcome) = outcome(Script { userinfo: set(json!({"sub": "(absent)"})), ..Script::default() }).await;
    assert_eq!(rejection(outcome), Rejection::Missing { claim: "sub" });
    let other = signed(Signer::Es256, json!({"sub": "subject-2"}), json!({})).await;
    assert_eq!(rejection(other), Rejection::Subject);
}

#[tokio::test]
async fn a_known_claim_of_the_wrong_type_or_form_stops_the_login() {
    let wrong = [
        ("family_name", json!(1)),
        ("family_name", json!(null)),
        ("given_name", json!(["Angela"])),
        ("given_name_array", json!("Angela")),
        ("given_name_array", json!([1])),
        ("birthdate", json!(19_620_824)),
        ("birthdate", json!("24/08/1962")),
        ("birthdate", json!("1962-00-24")),
        ("idp_birthdate", json!("1962-13-01")),
        ("gender", json!("x")),
        ("gender", json!(true)),
        ("birthplace", json!(75107)),
        ("birthplace", json!("Paris")),
        ("birthcountry", json!("FR")),
        ("email", json!({"value": "a@b"})),
        ("email", json!("a@b\r\nBcc: c")),
        ("preferred_username", json!(false)),
        ("idp_id", json!([])),
    ];
    for (name, value) in wrong {
        let (_, outcome) = outcome(Script { userinfo: set(json!({name: value})), ..Script::default() }).await;
        let reason = rejection(outcome);
        let named = matches!(reason, Rejection::Type { claim, .. } | Rejection::Value { claim, .. } if claim == name);
        assert!(named, "{name}={value}: {reason:?}");
    }
}

#[tokio::test]
async fn a_signed_answer_of_another_key_is_refused() {
    assert_eq!(rejection(signed(Signer::OtherEs256, json!({}), json!({})).await), Rejection::Signature);
    let none = signed(Signer::None, json!({}), json!({})).await;
    assert!(matches!(rejection(none), Rejection::Algorithm { .. }));
    let rs256 = signed(Signer::Rs256, json!({}), json!({})).await;
    assert!(matches!(rejection(rs256), Rejection::Algorithm { .. }));
}

#[tokio::test]
async fn a_signed_answer_for_another_client_or_of_another_issuer_is_refused() {
    let outcome = signed(Signer::Es256, json!({"aud": "other"}), json!({})).await;
    assert_eq!(rejection(outcome), Rejection::Audience);
    let outcome = signed(Signer::Es256, json!({"aud": ["commune:test%+", "other"]}), json!({})).await;
    assert_eq!(rejection(outcome), Rejection::ExtraAudience);
    let outcome = signed(Signer::Es256, json!({"iss": "https://evil.example"}), json!({})).await;
    assert!(matches!(rejection(outcome), Rejection::Issuer { .. }));
    for claim in ["iss", "aud"] {
        let outcome = signed(Signer::Es256, json!({claim: "(absent)"}), json!({})).await;
        assert_eq!(rejection(outcome), Rejection::Missing { claim });
    }
    assert!(signed(Signer::Es256, json!({}), json!({})).await.is_ok());
}

#[tokio::test]
async fn a_plain_answer_where_a_signed_one_is_registered_is_refused_and_the_other_way_round() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_userinfo_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration).await.unwrap();
    let reason = rejection(provider.sign_in(&client, &usual_login()).await);
    assert_eq!(reason, Rejection::Form { seen: "application/json".into(), registered: "application/jwt" });

    let (_, outcome) = outcome(Script { userinfo_signer: Some(Signer::Es256), ..Script::default() }).await;
    let reason = match outcome {
        Err(Error::Untrusted { document: Document::Userinfo, reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, Rejection::Form { seen: "application/jwt".into(), registered: "application/json" });
}
