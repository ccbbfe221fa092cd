//! The provider's reading of DPoP proofs (RFC 9449 §4.3), as strict as a gateway's.

use std::collections::HashSet;
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::{Value, json};

use crate::provider::now;

/// What a proof must be for.
pub(crate) struct Wanted<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: String,
    pub(crate) nonce: Option<String>,
    pub(crate) access_token: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proved {
    /// By the key with this thumbprint.
    By(String),
    NonceWanted,
    Not(&'static str),
}

pub(crate) fn check(headers: &HeaderMap, wanted: &Wanted<'_>, seen: &Mutex<HashSet<String>>) -> Proved {
    match read(headers, wanted, seen) {
        Ok(thumbprint) => Proved::By(thumbprint),
        Err("nonce") => Proved::NonceWanted,
        Err(reason) => Proved::Not(reason),
    }
}

fn read(headers: &HeaderMap, wanted: &Wanted<'_>, seen: &Mutex<HashSet<String>>) -> Result<String, &'static str> {
    let mut proofs = headers.get_all("dpop").iter();
    let proof = proofs.next().and_then(|it| it.to_str().ok()).ok_or("no proof")?;
    if proofs.next().is_some() {
        return Err("two proofs");
    }
    let (message, signature) = proof.rsplit_once('.').ok_or("form")?;
    let (header, claims) = message.split_once('.').ok_or("form")?;
    let json = |part| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, claims) = (json(header), json(claims));
    if header["typ"] != "dpop+jwt" || header["alg"] != "ES256" || header["jwk"].get("d").is_some() {
        return Err("header");
    }
    let jwk: Jwk = serde_json::from_value(header["jwk"].clone()).map_err(|_| "jwk")?;
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).map_err(|_| "jwk")?;
    let algorithm = jsonwebtoken::Algorithm::ES256;
    if !matches!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm), Ok(true)) {
        return Err("signature");
    }
    if claims["htm"] != wanted.method || claims["htu"] != wanted.url {
        return Err("another call");
    }
    if (claims["iat"].as_i64().ok_or("iat")? - now()).abs() > 5 {
        return Err("iat");
    }
    if !seen.lock().unwrap().insert(claims["jti"].as_str().ok_or("jti")?.to_owned()) {
        return Err("seen before");
    }
    let ath = wanted.access_token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
    if claims["ath"].as_str() != ath.as_deref() {
        return Err("ath");
    }
    if claims["nonce"].as_str() != wanted.nonce.as_deref() && wanted.nonce.is_some() {
        return Err("nonce");
    }
    Ok(jwk.thumbprint(ThumbprintHash::SHA256).unwrap())
}

/// The refusal of a server that wants this nonce (RFC 9449 §8).
pub(crate) fn nonce_wanted(nonce: &str) -> Response {
    let error = Json(json!({"error": "use_dpop_nonce", "error_description": "nonce"}));
    (StatusCode::BAD_REQUEST, [("dpop-nonce", nonce.to_owned())], error).into_response()
}

/// The refusal of a resource that wants this nonce (RFC 9449 §9).
pub(crate) fn nonce_wanted_by_resource(nonce: &str) -> Response {
    let challenge = r#"dpop algs="ES256 PS256", error="use_dpop_nonce""#;
    let headers = [("dpop-nonce", nonce.to_owned()), ("www-authenticate", challenge.to_owned())];
    (StatusCode::UNAUTHORIZED, headers).into_response()
}
