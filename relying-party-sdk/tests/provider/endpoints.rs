//! The endpoints of the provider: what a gateway checks, then the answer that the script makes of the right one.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{ACCESS_TOKEN, CLIENT_ID, Endpoint, Grant, Provider, Rotation, SECRET, Script, now};
use crate::signing::{self, Signer};

pub(super) async fn discovery(State(provider): State<Provider>, uri: axum::http::Uri) -> Response {
    if uri.path() != "/elsewhere"
        && let Some(broken) = provider.broken(Endpoint::Discovery)
    {
        return broken;
    }
    let issuer = provider.issuer();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "pushed_authorization_request_endpoint": format!("{issuer}/par"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/end-session"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "userinfo_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "response_modes_supported": ["query", "form_post", "jwt", "form_post.jwt"],
        "authorization_signing_alg_values_supported": ["RS256", "ES256"],
        "request_object_signing_alg_values_supported": ["ES256"],
        "id_token_encryption_alg_values_supported": ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"],
        "id_token_encryption_enc_values_supported": ["A256GCM"],
        "userinfo_encryption_alg_values_supported": ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"],
        "userinfo_encryption_enc_values_supported": ["A256GCM"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    (provider.0.script.lock().unwrap().discovery)(&mut document);
    Json(document).into_response()
}

pub(super) async fn jwks(State(provider): State<Provider>) -> Response {
    if let Some(broken) = provider.broken(Endpoint::Jwks) {
        return broken;
    }
    let mut set = json!({"keys": [Signer::Es256.jwk("es"), Signer::Rs256.jwk("rs")]});
    (provider.0.script.lock().unwrap().jwks)(&mut set);
    Json(set).into_response()
}

pub(super) async fn par(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(mut sent): Form<HashMap<String, String>>,
) -> Response {
    if let Some(broken) = provider.broken(Endpoint::Par) {
        return broken;
    }
    let Some(method) = authenticate(&provider, &headers, &sent) else {
        let error = json!({"error": "invalid_client", "error_description": "refused"});
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    };
    *provider.0.authenticated_by.lock().unwrap() = method;
    match provider.proved(Endpoint::Par, &headers, None) {
        Ok(Some(thumbprint)) => drop(sent.insert("dpop_jkt".into(), thumbprint)),
        Ok(None) => {}
        Err(refusal) => return refusal,
    }
    sent.retain(|name, _| !name.starts_with("client_"));
    sent.insert("client_id".into(), CLIENT_ID.into());
    if sent.contains_key("request") {
        let bound_to = sent.remove("dpop_jkt");
        assert_eq!(sent.len(), 2, "beside a signed request there is nothing: {sent:?}");
        sent = unsigned(&provider, &sent["request"]);
        sent.extend(bound_to.map(|it| ("dpop_jkt".to_owned(), it)));
    }
    let handle = format!("urn:ietf:params:oauth:request_uri:{}", provider.0.codes.fetch_add(1, Ordering::Relaxed));
    provider.0.pushed.lock().unwrap().insert(handle.clone(), sent);
    let mut answer = json!({"request_uri": handle, "expires_in": 60});
    (provider.0.script.lock().unwrap().pushed_answer)(&mut answer);
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// The parameters of a signed request, read as FAPI 2.0 Message Signing §5.3.1 has a server read them.
fn unsigned(provider: &Provider, object: &str) -> HashMap<String, String> {
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&[provider.issuer()]);
    rules.set_issuer(&[CLIENT_ID]);
    rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss"]);
    let read = jsonwebtoken::decode::<Value>(object, &signing::client_public_key(), &rules).unwrap();
    assert_eq!(read.header.typ.as_deref(), Some("oauth-authz-req+jwt"));
    assert_eq!(read.header.kid.as_deref(), Some("request-key"));
    let claims = read.claims.as_object().unwrap();
    assert!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap() <= 3600);
    assert!(claims["aud"].is_string() && !claims.contains_key("sub"));
    assert!(claims.get("max_age").is_none_or(Value::is_number) && claims.get("claims").is_none_or(Value::is_object));
    assert!(provider.0.seen.lock().unwrap().insert(claims["jti"].as_str().unwrap().to_owned()));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The request that a browser brings, by value or by the handle of a pushed one, which is spent by it.
fn asked_for(provider: &Provider, brought: HashMap<String, String>) -> HashMap<String, String> {
    let mut names: Vec<String> = brought.keys().cloned().collect();
    names.sort();
    *provider.0.in_browser.lock().unwrap() = names;
    if let Some(object) = brought.get("request") {
        return unsigned(provider, object);
    }
    let Some(handle) = brought.get("request_uri") else { return brought };
    assert_eq!(brought["client_id"], CLIENT_ID);
    provider.0.pushed.lock().unwrap().remove(handle).expect("a request that was pushed and not yet spent")
}

pub(super) async fn authorize(
    State(provider): State<Provider>,
    Query(brought): Query<HashMap<String, String>>,
) -> Response {
    let asked = asked_for(&provider, brought);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
    let code = format!("code-{}", provider.0.codes.fetch_add(1, Ordering::Relaxed));
    let grant = Grant {
        redirect_uri: asked["redirect_uri"].clone(),
        nonce: asked["nonce"].clone(),
        challenge: asked["code_challenge"].clone(),
        acr: asked["acr_values"].clone(),
        jkt: asked.get("dpop_jkt").cloned(),
    };
    let mut back = vec![
        ("code".to_owned(), code.clone()),
        ("state".to_owned(), asked["state"].clone()),
        ("iss".to_owned(), provider.issuer().to_owned()),
    ];
    let script = provider.0.script.lock().unwrap();
    (script.answer)(&mut back);
    let mode = asked.get("response_mode").map_or("query", String::as_str);
    if mode.ends_with("jwt") {
        let mut claims = json!({"iss": provider.issuer(), "aud": CLIENT_ID, "exp": now() + 300});
        claims.as_object_mut().unwrap().extend(back.into_iter().map(|(name, value)| (name, json!(value))));
        (script.answer_claims)(&mut claims);
        let signer = script.answer_signer;
        let mut header = json!({"alg": signer.alg(), "kid": kid_of(signer), "typ": "oauth-authz-resp+jwt"});
        (script.answer_header)(&mut header);
        back = vec![("response".to_owned(), signer.sign(&header, claims.to_string().as_bytes()))];
    }
    let answer: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(back).finish();
    let location = format!("{}?{answer}", grant.redirect_uri);
    provider.0.grants.lock().unwrap().insert(code, grant);
    if mode.starts_with("form_post") { answer.into_response() } else { Redirect::to(&location).into_response() }
}

pub(super) async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    if let Some(broken) = provider.broken(Endpoint::Token) {
        return broken;
    }
    let refuse =
        |status, error| (status, Json(json!({"error": error, "error_description": "refused"}))).into_response();
    let Some(method) = authenticate(&provider, &headers, &sent) else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    };
    *provider.0.authenticated_by.lock().unwrap() = method;
    let bound_to = match provider.proved(Endpoint::Token, &headers, None) {
        Ok(bound_to) => bound_to,
        Err(refusal) => return refusal,
    };
    if sent["grant_type"] == "refresh_token" {
        return refreshed(&provider, &sent, bound_to);
    }
    let Some(grant) = provider.0.grants.lock().unwrap().remove(&sent["code"]) else {
        let mut refusal = refuse(StatusCode::BAD_REQUEST, "invalid_grant");
        // a nonce may come with any answer
        let binding = provider.0.script.lock().unwrap().binding.clone();
        if let Some(nonce) = binding.and_then(|binding| binding.nonce) {
            refusal.headers_mut().insert("dpop-nonce", nonce.parse().unwrap());
        }
        return refusal;
    };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, sent["code_verifier"].as_bytes()));
    if sent["grant_type"] != "authorization_code"
        || sent["redirect_uri"] != grant.redirect_uri
        || challenge != grant.challenge
        || grant.jkt != bound_to
    {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let script = provider.0.script.lock().unwrap();
    let mut claims = usual_claims(&provider, &grant.nonce);
    claims["acr"] = json!(grant.acr);
    (script.claims)(&mut claims);
    let mut answer = token_answer(&script, &claims, &grant.nonce, bound_to.is_some());
    if script.refreshing.is_some() {
        answer["refresh_token"] = json!(provider.new_refresh_token(&grant.nonce));
    }
    (script.token_answer)(&mut answer);
    drop(script);
    provider.answer_bound(bound_to, answer)
}

/// The claims of an ID token as they should be.
fn usual_claims(provider: &Provider, nonce: &str) -> Value {
    let hash = URL_SAFE_NO_PAD.encode(&digest(&SHA256, ACCESS_TOKEN.as_bytes()).as_ref()[..16]);
    json!({
        "iss": provider.issuer(), "aud": CLIENT_ID, "sub": "subject-1", "nonce": nonce, "acr": "eidas1",
        "iat": now(), "exp": now() + 300, "auth_time": now(), "at_hash": hash, "amr": ["pwd"], "sid": "session-1",
    })
}

fn token_answer(script: &Script, claims: &Value, nonce: &str, bound: bool) -> Value {
    let mut header = json!({"alg": script.signer.alg(), "kid": kid_of(script.signer), "typ": "JWT"});
    (script.header)(&mut header);
    let text = script.claims_text.as_ref().map_or_else(|| claims.to_string(), |text| text.replace("NONCE", nonce));
    let id_token = encrypted(script, &script.signer.sign(&header, text.as_bytes()));
    json!({
        "access_token": ACCESS_TOKEN, "token_type": if bound { "DPoP" } else { "Bearer" }, "expires_in": 300,
        "id_token": id_token,
    })
}

fn encrypted(script: &Script, token: &str) -> String {
    script.encrypt.as_ref().map_or_else(|| token.to_owned(), |encrypt| encrypt(token))
}

/// RFC 6749 §6, OpenID Connect Core 1.0 §12.2.
fn refreshed(provider: &Provider, sent: &HashMap<String, String>, bound_to: Option<String>) -> Response {
    let rotation = provider.0.script.lock().unwrap().refreshing;
    let token = &sent["refresh_token"];
    let nonce = match rotation {
        Some(Rotation::Rotated) => provider.0.refresh_tokens.lock().unwrap().remove(token),
        Some(Rotation::Kept) => provider.0.refresh_tokens.lock().unwrap().get(token).cloned(),
        None => None,
    };
    let Some(nonce) = nonce else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let script = provider.0.script.lock().unwrap();
    let mut claims = usual_claims(provider, &nonce);
    claims.as_object_mut().unwrap().remove("nonce");
    claims.as_object_mut().unwrap().remove("auth_time");
    claims.as_object_mut().unwrap().remove("acr");
    (script.refreshed_claims)(&mut claims);
    let mut answer = token_answer(&script, &claims, &nonce, bound_to.is_some());
    if rotation == Some(Rotation::Rotated) {
        answer["refresh_token"] = json!(provider.new_refresh_token(&nonce));
    }
    (script.refreshed_answer)(&mut answer);
    drop(script);
    provider.answer_bound(bound_to, answer)
}

impl Provider {
    fn new_refresh_token(&self, nonce: &str) -> String {
        let token = format!("refresh-{}", self.0.codes.fetch_add(1, Ordering::Relaxed));
        self.0.refresh_tokens.lock().unwrap().insert(token.clone(), nonce.to_owned());
        token
    }

    /// The token answer, with the nonce to use from now on if nonces are wanted.
    fn answer_bound(&self, bound_to: Option<String>, answer: Value) -> Response {
        *self.0.bound_to.lock().unwrap() = bound_to;
        let mut response = Json(answer).into_response();
        if let Some(binding) = &mut self.0.script.lock().unwrap().binding
            && let Some(nonce) = &mut binding.nonce
        {
            nonce.push('+');
            response.headers_mut().insert("dpop-nonce", nonce.parse().unwrap());
        }
        response
    }
}

fn kid_of(signer: Signer) -> &'static str {
    match signer {
        Signer::Es256 | Signer::OtherEs256 => "es",
        Signer::Rs256 | Signer::Hs256OfThePublicKey | Signer::None => "rs",
        Signer::Ps256 => "ps",
        Signer::EdDsa => "ed",
    }
}

/// How the client proved who it is, if it did.
fn authenticate(provider: &Provider, headers: &HeaderMap, sent: &HashMap<String, String>) -> Option<String> {
    if let Some(basic) = headers.get(header::AUTHORIZATION) {
        let pair = STANDARD.decode(basic.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
        let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
        let decode = |text: &str| {
            form_urlencoded::parse(format!("v={text}").as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let right = decode(id)? == CLIENT_ID && decode(secret)? == SECRET && !sent.contains_key("client_secret");
        return right.then(|| "basic".to_owned());
    }
    if sent.get("client_id")? != CLIENT_ID {
        return None;
    }
    if let Some(assertion) = sent.get("client_assertion") {
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        rules.set_audience(&[provider.issuer()]);
        rules.set_issuer(&[CLIENT_ID]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let read = jsonwebtoken::decode::<Value>(assertion, &signing::client_public_key(), &rules).ok()?;
        let claims = &read.claims;
        let brief = claims["exp"].as_i64()? - claims["iat"].as_i64()? <= 60 && claims["nbf"] == claims["iat"];
        let whole = brief && claims["sub"] == CLIENT_ID && claims["aud"].is_string();
        let fresh = provider.0.seen.lock().unwrap().insert(claims["jti"].as_str()?.to_owned());
        return if whole && fresh { read.header.kid } else { None };
    }
    (sent.get("client_secret")? == SECRET).then(|| "post".to_owned())
}

pub(super) async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    if let Some(broken) = provider.broken(Endpoint::Userinfo) {
        return broken;
    }
    let shown_by = match provider.proved(Endpoint::Userinfo, &headers, Some(ACCESS_TOKEN)) {
        Ok(shown_by) => shown_by,
        Err(refusal) => return refusal,
    };
    let scheme = if shown_by.is_some() { "DPoP" } else { "Bearer" };
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != &format!("{scheme} {ACCESS_TOKEN}"))
        || shown_by != *provider.0.bound_to.lock().unwrap()
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let script = provider.0.script.lock().unwrap();
    let mut claims = json!({
        "sub": "subject-1", "family_name": "DUBOIS", "given_name": "Angela Claire Louise",
        "given_name_array": ["Angela", "Claire", "Louise"], "birthdate": "1962-08-24", "gender": "female",
        "birthplace": "75107", "birthcountry": "99100", "preferred_username": "", "email": "angela@exemple.fr",
        "idp_birthdate": "1962-08-00", "idp_id": "impots", "rep_scope": {"a": 1},
    });
    let Some(signer) = script.userinfo_signer else {
        (script.userinfo)(&mut claims);
        return Json(claims).into_response();
    };
    claims["iss"] = json!(provider.issuer());
    claims["aud"] = json!(CLIENT_ID);
    (script.userinfo)(&mut claims);
    let mut header = json!({"alg": signer.alg(), "kid": kid_of(signer)});
    (script.userinfo_header)(&mut header);
    let token = encrypted(&script, &signer.sign(&header, claims.to_string().as_bytes()));
    ([(header::CONTENT_TYPE, "application/jwt")], token).into_response()
}
