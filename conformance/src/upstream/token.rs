//! The token endpoint: client authentication, PKCE, and the ID token with whatever is wrong with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Authentication, CLIENT_ID, Code, Fault, House, Provider, ProviderId, Token, TokenForm, unpoisoned};
use crate::jose;
use crate::random;
use crate::relying_party::ASSERTION_TYPE;

/// Seconds an access token is good for.
const TOKEN_LIFETIME: i64 = 300;
/// Seconds an ID token is good for.
const ID_TOKEN_LIFETIME: i64 = 300;

/// An OAuth error: status, code, description (RFC 6749 §5.2).
struct Refusal(StatusCode, &'static str, &'static str);

/// `POST /{provider}/token` (OIDC Core §3.1.3).
pub(super) async fn redeem(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let provider = house.provider(id);
    provider.token_requests.fetch_add(1, Ordering::Relaxed);
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let answer = authenticate(provider, &headers, &form).and_then(|()| take_code(provider, &form));
    match answer {
        Ok(code) => {
            let body = issue(provider, &code);
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(Refusal(status, error, description)) => {
            (status, Json(json!({ "error": error, "error_description": description }))).into_response()
        }
    }
}

fn authenticate(provider: &Provider, headers: &HeaderMap, form: &HashMap<String, String>) -> Result<(), Refusal> {
    let refused = |why| Refusal(StatusCode::UNAUTHORIZED, "invalid_client", why);
    let expected = provider.credentials.secret.as_deref();
    let posted = form.get("client_id").map(String::as_str).zip(form.get("client_secret").map(String::as_str));
    match provider.profile.authentication {
        Authentication::SecretBasic => {
            let (name, secret) = basic(headers).ok_or(refused("client_secret_basic is registered"))?;
            if posted.is_some() || form.contains_key("client_assertion") {
                return Err(refused("two methods at once"));
            }
            let right = name == CLIENT_ID && Some(secret.as_str()) == expected;
            right.then_some(()).ok_or(refused("wrong client or secret"))
        }
        Authentication::SecretPost => {
            let (name, secret) = posted.ok_or(refused("client_secret_post is registered"))?;
            if headers.contains_key(header::AUTHORIZATION) {
                return Err(refused("two methods at once"));
            }
            let right = name == CLIENT_ID && Some(secret) == expected;
            right.then_some(()).ok_or(refused("wrong client or secret"))
        }
        Authentication::PrivateKey => {
            if headers.contains_key(header::AUTHORIZATION) || posted.is_some() {
                return Err(refused("two methods at once"));
            }
            assertion(provider, form).map_err(refused)
        }
    }
}

/// Name and secret of HTTP Basic, each form-decoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (name, secret) = pair.split_once(':')?;
    let decode = |text: &str| {
        let field = format!("v={text}");
        url::form_urlencoded::parse(field.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(name)?, decode(secret)?))
}

#[derive(Debug, Deserialize)]
struct Assertion {
    sub: String,
    jti: String,
}

/// A client assertion: signed by the registered key, for this provider, short-lived, used once (RFC 7523 §3).
fn assertion(provider: &Provider, form: &HashMap<String, String>) -> Result<(), &'static str> {
    let kind = form.get("client_assertion_type").map(String::as_str);
    if kind != Some(ASSERTION_TYPE) {
        return Err("private_key_jwt is registered");
    }
    let token = form.get("client_assertion").ok_or("client_assertion is missing")?;
    let jwk: Jwk = provider
        .assertion_jwk
        .clone()
        .and_then(|jwk| serde_json::from_value(jwk).ok())
        .ok_or("no key is registered")?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| "the registered key cannot be used")?;
    let mut strict = Validation::new(jsonwebtoken::Algorithm::ES256);
    strict.leeway = 10;
    strict.validate_nbf = true;
    strict.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    strict.set_issuer(&[CLIENT_ID]);
    strict.set_audience(&[provider.issuer.clone(), format!("{}/token", provider.issuer)]);
    let claims =
        jsonwebtoken::decode::<Assertion>(token, &key, &strict).map_err(|_| "the assertion is not valid")?.claims;
    if claims.sub != CLIENT_ID {
        return Err("sub is not the client");
    }
    let first = unpoisoned(&provider.assertions_seen).insert(claims.jti);
    first.then_some(()).ok_or("the assertion was used before")
}

fn take_code(provider: &Provider, form: &HashMap<String, String>) -> Result<Code, Refusal> {
    let refused = |why| Refusal(StatusCode::BAD_REQUEST, "invalid_grant", why);
    if form.get("grant_type").map(String::as_str) != Some("authorization_code") {
        return Err(Refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "only authorization_code"));
    }
    let taken = form.get("code").and_then(|code| unpoisoned(&provider.codes).remove(code));
    let code = taken.ok_or(refused("unknown or used code"))?;
    if code.expires_at <= provider.now() {
        return Err(refused("expired code"));
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) {
        return Err(refused("redirect_uri differs"));
    }
    let proof = form.get("code_verifier").map(jose::sha256);
    if proof.as_deref() != Some(code.challenge.as_str()) {
        return Err(refused("code_verifier does not match"));
    }
    Ok(code)
}

fn issue(provider: &Provider, code: &Code) -> Value {
    let access_token = random::token();
    let expires_at = provider.now() + TOKEN_LIFETIME;
    let token = Token { person: code.person, scope: code.scope.clone(), expires_at };
    unpoisoned(&provider.tokens).insert(access_token.clone(), token);
    let id_token = sign(provider, &claims(provider, code, &access_token));
    let id_token = match (provider.profile.id_token, &provider.recipient) {
        (TokenForm::SignedThenEncrypted(_), Some(recipient)) => recipient.encrypt(&id_token),
        (TokenForm::SignedThenEncrypted(_), None) | (TokenForm::Signed, _) => id_token,
    };
    json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME,
        "scope": code.scope,
        "id_token": id_token,
    })
}

/// The claims of the ID token (OIDC Core §2), with the fault of the hour.
fn claims(provider: &Provider, code: &Code, access_token: &str) -> Value {
    let now = provider.now();
    let mut claims = json!({
        "iss": provider.issuer,
        "sub": provider.subject(code.person),
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + ID_TOKEN_LIFETIME,
        "auth_time": code.signed_in_at,
        "acr": provider.profile.acr,
        "amr": provider.profile.amr,
        "at_hash": jose::half_hash(access_token),
    });
    if let Some(nonce) = &code.nonce {
        claims["nonce"] = json!(nonce);
    }
    let fault = provider.fault();
    if fault == Fault::WrongIss {
        claims["iss"] = json!("http://127.0.0.1:9/impostor");
    } else if fault == Fault::WrongAud {
        claims["aud"] = json!("somebody-else");
    } else if fault == Fault::WrongAzp {
        claims["aud"] = json!([CLIENT_ID, "somebody-else"]);
        claims["azp"] = json!("somebody-else");
    } else if fault == Fault::WrongNonce {
        claims["nonce"] = json!(random::token());
    } else if fault == Fault::Expired {
        claims["iat"] = json!(now - 900);
        claims["exp"] = json!(now - 600);
    } else if fault == Fault::AcrLower {
        claims["acr"] = json!(lower(provider.profile.acr));
    } else if fault == Fault::WrongTypeExp {
        claims["exp"] = json!("never");
    } else if fault == Fault::WrongAtHash {
        claims["at_hash"] = json!(jose::half_hash(&random::token()));
    } else if fault == Fault::OldAuthTime {
        claims["auth_time"] = json!(code.signed_in_at - 3600);
    } else if let (Some(claim), Some(object)) = (fault.left_out(), claims.as_object_mut()) {
        object.remove(claim);
    }
    claims
}

/// The level below, or a name below all levels.
fn lower(acr: &str) -> &'static str {
    match acr {
        "eidas3" => "eidas2",
        "eidas2" => "eidas1",
        _ => "eidas0",
    }
}

fn sign(provider: &Provider, claims: &Value) -> String {
    let key = provider.key();
    let fault = provider.fault();
    if fault == Fault::AlgNone {
        jose::unsigned(claims)
    } else if fault == Fault::Hs256PublicKey {
        jose::hmac_signed(key.kid(), key.public_pem().as_bytes(), claims)
    } else if [Fault::UnknownKid, Fault::NoKeys].contains(&fault) {
        let header = json!({ "alg": key.algorithm().name(), "kid": random::token(), "typ": "JWT" });
        key.sign_under(&header, claims)
    } else {
        key.sign("JWT", claims)
    }
}
