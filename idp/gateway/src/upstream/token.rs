//! The token request to a provider (OIDC Core §3.1.3.1), and its answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::secret::{base64url, keyed_hash};
use domain::time::{Lifetime, Timestamp};
use domain::upstream::Attempt;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::ArrivalError;
use crate::config::{ProviderConfig, UpstreamAuthentication};
use crate::outbound::http::Request;

/// How long our own assertion lives.
const ASSERTION_LIFE: Lifetime = Lifetime::seconds(60);

/// What a provider gave for a code.
pub(super) struct Tokens {
    /// Opens userinfo.
    pub(super) access_token: Zeroizing<String>,
    /// Says who the citizen is.
    pub(super) id_token: Zeroizing<String>,
}

/// The request that redeems a code, authenticated as registered.
pub(super) fn request(
    config: &ProviderConfig,
    endpoint: &str,
    redirect_uri: &str,
    attempt: &Attempt,
    code: &str,
    now: Timestamp,
) -> Request {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", attempt.verifier());
    let mut authorization = None;
    match &config.authentication {
        UpstreamAuthentication::ClientSecretBasic(secret) => {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Zeroizing::new(format!("{}:{}", encode(&config.client_id), encode(secret.expose())));
            authorization = Some(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        }
        UpstreamAuthentication::ClientSecretPost(secret) => {
            form.append_pair("client_id", &config.client_id).append_pair("client_secret", secret.expose());
        }
        UpstreamAuthentication::PrivateKeyJwt(key) => {
            // Unique for the attempt, which is used once: a repeated assertion could only repeat a spent code.
            let jti = keyed_hash(&[0; 32], &[b"jti", attempt.verifier().as_bytes()]);
            let claims = json!({
                "iss": config.client_id, "sub": config.client_id, "aud": config.issuer,
                "jti": base64url(&jti), "iat": now, "exp": now.plus(ASSERTION_LIFE),
            });
            form.append_pair("client_id", &config.client_id)
                .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                .append_pair("client_assertion", &key.sign("JWT", &claims));
        }
    }
    let mut request = Request::new(form.finish().into_bytes());
    *request.method_mut() = http::Method::POST;
    // The endpoint was read as a URL, so it is a URI.
    *request.uri_mut() = endpoint.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, http::HeaderValue::from_static("application/json"));
    if let Some(Ok(mut value)) = authorization.map(http::HeaderValue::try_from) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    request
}

/// Reads the answer of the token endpoint (OIDC Core §3.1.3.3).
pub(super) fn read(body: &[u8]) -> Result<Tokens, ArrivalError> {
    let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
        return Err(ArrivalError::Untrusted("the token answer is not a JSON object"));
    };
    let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(ArrivalError::Untrusted("token_type is not Bearer"));
    }
    match (text("access_token"), text("id_token")) {
        (Some(access), Some(id)) if access.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(Tokens { access_token: Zeroizing::new(access.to_owned()), id_token: Zeroizing::new(id.to_owned()) })
        }
        _ => Err(ArrivalError::Untrusted("the token answer lacks access_token or id_token")),
    }
}
