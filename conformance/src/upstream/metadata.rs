//! Discovery, keys, and the page that lists the providers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Fault, House, ProviderId, TokenForm, UserinfoForm};
use crate::jose::encode;

/// `GET /{provider}/.well-known/openid-configuration` (OIDC Discovery §4).
pub(super) async fn discovery(State(house): State<Arc<House>>, Path(id): Path<ProviderId>) -> Response {
    let provider = house.provider(id);
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let issuer = &provider.issuer;
    let profile = provider.profile;
    let named = if provider.fault() == Fault::WrongDiscoveryIssuer { "http://127.0.0.1:9/impostor" } else { issuer };
    let mut document = json!({
        "issuer": named,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/end-session"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid", "profile", "birth", "email"],
        "claims_supported": ["sub", "given_name", "family_name", "preferred_username", "birthdate", "gender",
            "birthplace", "birthcountry", "email", "acr", "amr", "auth_time"],
        "acr_values_supported": [profile.acr],
        "id_token_signing_alg_values_supported": [profile.signing.name()],
        "token_endpoint_auth_methods_supported": [profile.authentication.name()],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    match profile.userinfo {
        UserinfoForm::Json => {}
        UserinfoForm::Signed => {
            document["userinfo_signing_alg_values_supported"] = json!([profile.signing.name()]);
        }
        UserinfoForm::SignedThenEncrypted(delivery) => {
            document["userinfo_signing_alg_values_supported"] = json!([profile.signing.name()]);
            document["userinfo_encryption_alg_values_supported"] = json!([delivery.name()]);
            document["userinfo_encryption_enc_values_supported"] = json!(["A256GCM"]);
        }
    }
    match profile.id_token {
        TokenForm::Signed => {}
        TokenForm::SignedThenEncrypted(delivery) => {
            document["id_token_encryption_alg_values_supported"] = json!([delivery.name()]);
            document["id_token_encryption_enc_values_supported"] = json!(["A256GCM"]);
        }
    }
    Json(document).into_response()
}

/// `GET /{provider}/jwks` (RFC 7517 §5).
pub(super) async fn jwks(State(house): State<Arc<House>>, Path(id): Path<ProviderId>) -> Response {
    let provider = house.provider(id);
    provider.jwks_fetches.fetch_add(1, Ordering::Relaxed);
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let own = provider.key().public_jwk();
    let fault = provider.fault();
    let keys: Vec<Value> = if fault == Fault::NoKeys {
        Vec::new()
    } else if fault == Fault::ManyKeys {
        let decoy = |number: u32| {
            let mut key = own.clone();
            key["kid"] = json!(encode(number.to_be_bytes()));
            key
        };
        (0..10_000).map(decoy).chain([own.clone()]).collect()
    } else {
        vec![own]
    };
    Json(json!({ "keys": keys })).into_response()
}

#[derive(Template)]
#[template(path = "provider_index.html")]
struct Index<'a> {
    providers: Vec<(&'static str, &'static str, &'a str)>,
}

/// `GET /`: the list for a person who wonders what runs here.
pub(super) async fn index(State(house): State<Arc<House>>) -> Response {
    let providers = ProviderId::ALL.map(|id| {
        let provider = house.provider(id);
        (id.title(), provider.profile.acr, provider.issuer.as_str())
    });
    crate::pages::page(StatusCode::OK, &Index { providers: providers.to_vec() })
}
