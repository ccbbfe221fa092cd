//! The Config profile of an OpenID provider (OIDC Discovery §3, §4; RFC 8414 §2): the document as a stranger's schema
//! would check it, and the keys that it names.

use std::collections::BTreeSet;

use conformance::gateway::{Gateway, Installation, Surroundings, Tls};
use conformance::process::Signals;
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, Providers};
use conformance::workspace;
use serde_json::Value;
use url::Url;

/// The members that the registry of OAuth Authorization Server Metadata knows, as far as a provider could use them.
const REGISTERED: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "request_object_signing_alg_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "authorization_signing_alg_values_supported",
    "authorization_encryption_alg_values_supported",
    "authorization_encryption_enc_values_supported",
    "introspection_signing_alg_values_supported",
    "introspection_encryption_alg_values_supported",
    "introspection_encryption_enc_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "display_values_supported",
    "prompt_values_supported",
    "claim_types_supported",
    "claims_supported",
    "claims_locales_supported",
    "ui_locales_supported",
    "service_documentation",
    "op_policy_uri",
    "op_tos_uri",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "require_signed_request_object",
    "require_pushed_authorization_requests",
    "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported",
    "authorization_details_types_supported",
    "tls_client_certificate_bound_access_tokens",
    "mtls_endpoint_aliases",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
];

/// A gateway whose issuer is https, and what it needs to live.
async fn secure() -> (Gateway, Providers, reqwest::Client) {
    let programs = workspace::programs().await.unwrap();
    let tls = Some(Tls::generate());
    let around = Surroundings { port: free_port(), tls, smtp_url: "smtp://127.0.0.1:1".into(), ..Default::default() };
    let providers = Providers::start(listen(0).await.unwrap(), &around.issuer(), Control::Closed);
    let installation = Installation::write(&programs.idp, &around, &providers).unwrap();
    installation.migrate().await.unwrap();
    let gateway = installation.serve(Signals::Shared).await.unwrap();
    let http = installation.client().unwrap();
    (gateway, providers, http)
}

fn texts<'a>(document: &'a Value, member: &str) -> Vec<&'a str> {
    let list = document[member].as_array().unwrap_or_else(|| panic!("{member} is an array: {}", document[member]));
    assert!(!list.is_empty(), "{member} is left out rather than empty (RFC 8414 2)");
    list.iter().map(|value| value.as_str().unwrap_or_else(|| panic!("{member} holds {value}"))).collect()
}

/// A language tag in canonical case: `fr`, `fr-FR` (RFC 5646 §2.1.1).
fn is_canonical(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && lower(part));
    let region = parts.next().is_none_or(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_uppercase()));
    language && region && parts.next().is_none()
}

fn lower(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase())
}

#[tokio::test]
async fn the_document_is_what_a_stranger_expects_line_by_line() {
    let (gateway, _providers, http) = secure().await;
    let issuer = gateway.issuer();
    let answer = http.get(format!("{issuer}/.well-known/openid-configuration")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"), "OIDD 4.2");
    assert!(!answer.headers().contains_key("set-cookie"), "a document sets no cookie");
    assert!(answer.headers()["cache-control"].to_str().unwrap().contains("max-age"));
    let document: Value = answer.json().await.unwrap();

    assert_eq!(document["issuer"], issuer, "OIDD 4.3");
    let parsed = Url::parse(issuer).unwrap();
    assert!(parsed.scheme() == "https" && parsed.query().is_none() && parsed.fragment().is_none(), "OIDD 3");

    for (name, value) in document.as_object().unwrap() {
        assert!(REGISTERED.contains(&name.as_str()), "{name} stands in no registry (RFC 8414 7.1)");
        if name.ends_with("_supported") && value.is_array() {
            let list = texts(&document, name);
            assert_eq!(list.len(), list.iter().collect::<BTreeSet<_>>().len(), "{name} names each once: {list:?}");
            assert!(!list.contains(&"none") || name == "prompt_values_supported", "{name}: none is no algorithm");
        }
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let url = Url::parse(value.as_str().unwrap()).unwrap();
            assert!(url.scheme() == "https" && url.origin() == parsed.origin() && url.fragment().is_none(), "{url}");
        }
    }
    for required in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(document[required].is_string(), "{required} (OIDD 3)");
    }
    assert_eq!(texts(&document, "response_types_supported"), ["code"]);
    let subjects = texts(&document, "subject_types_supported");
    assert!(subjects.iter().all(|kind| ["pairwise", "public"].contains(kind)), "{subjects:?}");
    assert!(texts(&document, "id_token_signing_alg_values_supported").contains(&"RS256"), "OIDD 3");
    let usable = ["ES256", "PS256", "EdDSA"];
    for list in ["id_token", "userinfo", "token_endpoint_auth", "dpop", "request_object"] {
        let member = format!("{list}_signing_alg_values_supported");
        if document[&member].is_array() {
            let listed = texts(&document, &member);
            assert!(listed.iter().any(|name| usable.contains(name)), "{member} (FAPI 2.0 SP 5.4.1-1)");
            assert!(listed.iter().all(|name| usable.contains(name) || *name == "RS256"), "{member}: {listed:?}");
        }
    }
    if document["request_object_signing_alg_values_supported"].is_array() {
        assert!(texts(&document, "request_object_signing_alg_values_supported").contains(&"RS256"), "OIDD 3");
    }
    assert!(texts(&document, "claims_supported").contains(&"sub"));
    assert!(texts(&document, "grant_types_supported").contains(&"authorization_code"));
    let scopes = texts(&document, "scopes_supported");
    let legal = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(scopes.contains(&"openid") && scopes.iter().all(|scope| scope.bytes().all(legal)), "RFC 6749 3.3");
    assert!(!scopes.contains(&"address") && !scopes.contains(&"phone"), "what is not held is not offered");
    for member in ["ui_locales_supported", "claims_locales_supported"] {
        if document[member].is_array() {
            assert!(texts(&document, member).iter().all(|tag| is_canonical(tag)), "{member} (RFC 8414 2)");
        }
    }
    assert_eq!(texts(&document, "code_challenge_methods_supported"), ["S256"], "RFC 7636 4.3");
    assert!(document["require_pushed_authorization_requests"].is_boolean(), "RFC 9126 5");
    assert_eq!(document["authorization_response_iss_parameter_supported"], true, "RFC 9207 3");
    let methods = texts(&document, "token_endpoint_auth_methods_supported");
    assert!(["client_secret_basic", "client_secret_post", "private_key_jwt"].iter().all(|name| methods.contains(name)));
    let modes = texts(&document, "response_modes_supported");
    for mode in ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"] {
        assert!(modes.contains(&mode), "{mode} (JARM 4; FPM 3): {modes:?}");
    }
    assert!(!modes.iter().any(|mode| mode.starts_with("fragment")), "what is refused is not promised: {modes:?}");
    for endpoint in ["end_session", "pushed_authorization_request", "introspection", "revocation"] {
        assert!(document[format!("{endpoint}_endpoint")].is_string(), "{endpoint}");
    }
    for promise in
        ["backchannel_logout_supported", "backchannel_logout_session_supported", "request_parameter_supported"]
    {
        assert_eq!(document[promise], true, "{promise}");
    }
}

#[tokio::test]
async fn the_published_keys_are_public_named_and_usable() {
    let (gateway, _providers, http) = secure().await;
    let issuer = gateway.issuer();
    let document: Value =
        http.get(format!("{issuer}/.well-known/openid-configuration")).send().await.unwrap().json().await.unwrap();
    let set: Value = http.get(document["jwks_uri"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    let keys = set["keys"].as_array().unwrap();
    let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().expect("a kid (OIDCC 10.1)")).collect();
    assert_eq!(kids.len(), keys.len(), "kids are distinct");
    for key in keys {
        assert!(["RSA", "EC", "OKP"].contains(&key["kty"].as_str().unwrap()), "no secret key (OIDD 3): {key}");
        for member in ["d", "p", "q", "dp", "dq", "qi", "k", "x5u", "jku"] {
            assert!(key.get(member).is_none(), "{member} is published: {}", key["kid"]);
        }
        let parsed: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
        jsonwebtoken::DecodingKey::from_jwk(&parsed).unwrap_or_else(|error| panic!("{key}: {error}"));
    }
    let algorithms: BTreeSet<&str> = keys.iter().filter_map(|key| key["alg"].as_str()).collect();
    for name in texts(&document, "id_token_signing_alg_values_supported") {
        assert!(algorithms.contains(name), "{name} is promised and no key is published for it");
    }
}
