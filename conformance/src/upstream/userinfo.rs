//! The userinfo endpoint: JSON, signed, or signed and encrypted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{CLIENT_ID, Fault, House, Provider, ProviderId, Token, UserinfoForm, unpoisoned};
use crate::people::PEOPLE;
use crate::random;

/// `GET` or `POST /{provider}/userinfo` (OIDC Core §5.3).
pub(super) async fn answer(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    headers: HeaderMap,
) -> Response {
    let provider = house.provider(id);
    provider.userinfo_requests.fetch_add(1, Ordering::Relaxed);
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let Some(token) = bearer(provider, &headers) else {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let mut claims = claims(provider, &token);
    let unsigned = provider.fault() == Fault::UserinfoUnsigned;
    let form = if unsigned { UserinfoForm::Json } else { provider.profile.userinfo };
    match form {
        UserinfoForm::Json => return Json(claims).into_response(),
        UserinfoForm::Signed | UserinfoForm::SignedThenEncrypted(_) => {}
    }
    claims["iss"] = json!(provider.issuer);
    claims["aud"] = json!(CLIENT_ID);
    let signed = provider.key().sign("JWT", &claims);
    let body = match (form, &provider.recipient) {
        (UserinfoForm::SignedThenEncrypted(_), Some(recipient)) => recipient.encrypt(&signed),
        (UserinfoForm::SignedThenEncrypted(_), None) | (UserinfoForm::Json | UserinfoForm::Signed, _) => signed,
    };
    ([(header::CONTENT_TYPE, "application/jwt")], body).into_response()
}

/// The live token of the `Authorization` header (RFC 6750 §2.1).
fn bearer(provider: &Provider, headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, name) = value.split_once(' ')?;
    let token = unpoisoned(&provider.tokens).get(name).cloned()?;
    (scheme.eq_ignore_ascii_case("bearer") && token.expires_at > provider.now()).then_some(token)
}

/// What the granted scopes release, with the fault of the hour.
fn claims(provider: &Provider, token: &Token) -> Value {
    let person = token.person;
    let granted = |scope: &str| token.scope.split(' ').any(|word| word == scope || word == "identite_pivot");
    let mut claims = json!({ "sub": provider.subject(person) });
    if granted("profile") {
        claims["given_name"] = json!(person.given_name);
        claims["family_name"] = json!(person.family_name);
        claims["birthdate"] = json!(person.birthdate);
        claims["gender"] = json!(person.gender.claim());
        if let Some(name) = person.preferred_username {
            claims["preferred_username"] = json!(name);
        }
    }
    if granted("birth") {
        claims["birthcountry"] = json!(person.birthcountry);
        if let Some(place) = person.birthplace {
            claims["birthplace"] = json!(place);
        }
    }
    if token.scope.split(' ').any(|word| word == "email") {
        claims["email"] = json!(person.email);
    }
    let fault = provider.fault();
    if fault == Fault::SubMismatch {
        claims["sub"] = json!(random::token());
    } else if fault == Fault::AnothersAddress {
        claims["email"] = json!(PEOPLE[0].email);
    } else if fault == Fault::WrongTypeClaim {
        claims["family_name"] = json!(42);
    } else if fault == Fault::HugeClaim {
        claims["given_name"] = json!("é".repeat(10_000));
    } else if fault == Fault::MissingClaim
        && let Some(object) = claims.as_object_mut()
    {
        object.remove("birthdate");
    }
    claims
}
