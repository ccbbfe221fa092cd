//! Signed requests (RFC 9101) and signed answers (JARM), as FAPI 2.0 Message Signing has them of a client.

use relying_party_sdk::{Client, ClientKey, Document, Error, Level, Login, Rejection, SigningAlgorithm};
use serde_json::{Value, json};
use std::time::Duration;

use crate::provider::{Endpoint, Provider, Script, now, set, usual_login};
use crate::signing::{Signer, client_key_pem};

fn request_key() -> ClientKey {
    ClientKey::from_pem(&client_key_pem(), "request-key").unwrap()
}

#[tokio::test]
async fn a_signed_request_says_what_was_asked_pushed_or_by_value() {
    let provider = Provider::start(Script::default()).await;
    let login = Login::at_least(Level::Substantial).with_max_age(Duration::from_mins(5)).with_methods();
    let registration = provider.registration().with_signed_requests(request_key());
    let client = Client::discover(registration.clone()).await.unwrap();
    let session = provider.sign_in(&client, &login).await.unwrap();
    assert_eq!(session.identity().level(), Level::Substantial);
    assert_eq!(provider.in_browser(), ["client_id", "request"]);
    assert_eq!(provider.hits(Endpoint::Par), 0);

    let client = Client::discover(registration.with_pushed_requests()).await.unwrap();
    let session = provider.sign_in(&client, &login).await.unwrap();
    assert_eq!(session.identity().level(), Level::Substantial);
    assert_eq!(provider.in_browser(), ["client_id", "request_uri"]);
    assert_eq!(provider.hits(Endpoint::Par), 1);
}

#[tokio::test]
async fn a_gateway_that_wants_signed_requests_and_one_that_cannot_read_them_are_told_at_the_start() {
    let required = Script { discovery: set(json!({"require_signed_request_object": true})), ..Script::default() };
    let provider = Provider::start(required).await;
    assert!(matches!(Client::discover(provider.registration()).await, Err(Error::Unsupported { .. })));
    assert!(Client::discover(provider.registration().with_signed_requests(request_key())).await.is_ok());
    provider.change(|script| script.discovery = set(json!({"request_object_signing_alg_values_supported": ["RS256"]})));
    let registration = provider.registration().with_signed_requests(request_key());
    assert!(matches!(Client::discover(registration).await, Err(Error::Unsupported { .. })));
    for members in [
        json!({"authorization_signing_alg_values_supported": ["RS256"]}),
        json!({"authorization_signing_alg_values_supported": "(absent)"}),
        json!({"response_modes_supported": ["query"]}),
    ] {
        provider.change(|script| script.discovery = set(members));
        let registration = provider.registration().with_answers_signed_by(SigningAlgorithm::Es256);
        assert!(matches!(Client::discover(registration).await, Err(Error::Unsupported { .. })));
    }
}

async fn answered(script: Script) -> Error {
    let provider = Provider::start(script).await;
    let registration = provider.registration().with_answers_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration).await.unwrap();
    let error = provider.sign_in(&client, &usual_login()).await.expect_err("it is not to be trusted");
    assert_eq!(provider.hits(Endpoint::Token), 0, "a code was spent on an answer that is not to be trusted");
    error
}

async fn rejected(script: Script) -> Rejection {
    let error = answered(script).await;
    let Error::Untrusted { document: Document::Answer, reason } = error else { panic!("not rejected: {error:?}") };
    reason
}

async fn rejected_claims(members: Value) -> Rejection {
    rejected(Script { answer_claims: set(members), ..Script::default() }).await
}

#[tokio::test]
async fn a_signed_answer_is_taken_whatever_the_mode_and_typ() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_answers_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration.clone()).await.unwrap();
    for typ in ["oauth-authz-resp+jwt", "JWT", "(absent)"] {
        provider.change(|script| script.answer_header = set(json!({"typ": typ})));
        provider.sign_in(&client, &usual_login()).await.unwrap();
    }
    let posted = Client::discover(registration.with_posted_answers()).await.unwrap();
    provider.sign_in(&posted, &usual_login()).await.unwrap();
}

#[tokio::test]
async fn a_signed_answer_by_or_for_someone_else_or_out_of_its_time_is_refused() {
    assert!(matches!(rejected_claims(json!({"iss": "https://evil.example"})).await, Rejection::Issuer { .. }));
    assert_eq!(rejected_claims(json!({"aud": "other"})).await, Rejection::Audience);
    assert_eq!(rejected_claims(json!({"aud": ["commune:test%+", "other"]})).await, Rejection::ExtraAudience);
    assert!(matches!(rejected_claims(json!({"exp": now() - 70})).await, Rejection::Expired { .. }));
    for claim in ["iss", "aud", "exp"] {
        assert_eq!(rejected_claims(json!({claim: "(absent)"})).await, Rejection::Missing { claim });
    }
}

#[tokio::test]
async fn an_answer_that_is_not_signed_as_registered_is_refused() {
    assert_eq!(rejected(Script { answer_signer: Signer::OtherEs256, ..Script::default() }).await, Rejection::Signature);
    for signer in [Signer::None, Signer::Rs256, Signer::Hs256OfThePublicKey] {
        let reason = rejected(Script { answer_signer: signer, ..Script::default() }).await;
        assert!(matches!(reason, Rejection::Algorithm { .. }), "{signer:?}: {reason:?}");
    }
    let unsigned = Script {
        answer_signer: Signer::None,
        answer_header: set(json!({"alg": "ES256", "kid": "es"})),
        ..Script::default()
    };
    assert_eq!(rejected(unsigned).await, Rejection::Signature);
    let of_identity = Script { answer_header: set(json!({"typ": "logout+jwt"})), ..Script::default() };
    assert!(matches!(rejected(of_identity).await, Rejection::Unreadable { .. }));
}

#[tokio::test]
async fn what_a_signed_answer_says_is_checked_like_a_plain_one() {
    let state = |value: &'static str| Script { answer_claims: set(json!({"state": value})), ..Script::default() };
    assert!(matches!(answered(state("another")).await, Error::StateDiffers));
    assert!(matches!(answered(state("(absent)")).await, Error::Answer { .. }));
    let denied = json!({"code": "(absent)", "error": "access_denied"});
    let denied = answered(Script { answer_claims: set(denied), ..Script::default() }).await;
    assert!(matches!(denied, Error::Denied { .. }), "{denied:?}");
    let typed = rejected_claims(json!({"code": ["c"]})).await;
    assert!(matches!(typed, Rejection::Type { claim: "code", .. }), "{typed:?}");
}

#[tokio::test]
async fn a_plain_answer_is_refused_where_a_signed_one_is_registered() {
    let provider = Provider::start(Script::default()).await;
    let registration = provider.registration().with_answers_signed_by(SigningAlgorithm::Es256);
    let client = Client::discover(registration).await.unwrap();
    let departure = client.login(&usual_login()).await.unwrap();
    let signed = provider.visit(&departure.url).await;
    let (_, state) = departure.url.query_pairs().find(|(name, _)| name == "state").unwrap();
    let key = relying_party_sdk::CookieKey::generate();
    let kept = key.seal_login(&departure.pending);
    for query in [
        format!("state={state}&code=code-0&iss={}", provider.issuer()),
        format!("{signed}&{signed}"),
        format!("{signed}&code=code-0"),
        format!("{signed}&state={state}"),
        String::new(),
    ] {
        let refused = client.callback(key.open_login(&kept).unwrap(), &query).await;
        assert!(matches!(refused, Err(Error::Answer { .. })), "{query}: {refused:?}");
    }
    assert_eq!(provider.hits(Endpoint::Token), 0);
    // and the other way round
    let refused = provider.client().await.callback(key.open_login(&kept).unwrap(), &signed).await;
    assert!(matches!(refused, Err(Error::Answer { .. })), "{refused:?}");
    client.callback(key.open_login(&kept).unwrap(), &signed).await.unwrap();
}
