//! The steps that stories and attacks with client certificates share.

use conformance::audit;
use conformance::mutual::Identity;
use conformance::relying_party::{Ask, RelyingParty};
use serde_json::{Value, json};

/// Metadata of a service whose tokens are bound to its certificate.
pub(crate) fn bound(method: &str, change: &Value) -> Value {
    let mut metadata = RelyingParty::ordinary("Ville certifiée");
    metadata["token_endpoint_auth_method"] = method.into();
    metadata["tls_client_certificate_bound_access_tokens"] = true.into();
    for (name, value) in change.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

/// Metadata of a service known by this very certificate.
pub(crate) fn self_signed(identity: &Identity) -> Value {
    bound("self_signed_tls_client_auth", &json!({"jwks": {"keys": [identity.jwk()]}}))
}

/// The form that redeems a code, with `client_id` and nothing else of the client.
pub(crate) fn redemption(service: &RelyingParty, ask: &Ask, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", service.redirect_uri.clone()),
        ("code_verifier", ask.verifier.clone()),
        ("client_id", service.client_id.clone()),
    ]
}

/// Status and JSON of an answer.
pub(crate) async fn told(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    if status == 401 {
        assert_eq!(audit::refusal(&answer), "client.unauthenticated");
    }
    (status, answer.json().await.unwrap_or(Value::Null))
}

/// What a token that is not the caller's is answered (RFC 6750 §3.1).
pub(crate) async fn assert_refused(case: &str, request: reqwest::RequestBuilder) {
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), audit::refusal(&answer).as_str()), (401, "token.refused"), "{case}");
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{case}: {challenge}");
    assert!(!answer.text().await.unwrap().contains("DUBOIS"), "{case}");
}
