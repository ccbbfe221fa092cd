//! How this site proves who it is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::client_key::ClientKey;
use crate::error::Error;
use crate::issuer::Issuer;
use crate::random;

/// Seconds a client assertion may be used.
const ASSERTION_LIFETIME: i64 = 60;

/// How this site proves to the token endpoint who it is.
#[derive(Clone)]
pub struct Credentials(pub(crate) Method);

#[derive(Clone)]
pub(crate) enum Method {
    SecretBasic(Zeroizing<String>),
    SecretPost(Zeroizing<String>),
    PrivateKey(ClientKey),
}

impl Credentials {
    /// `client_secret_basic`, the default of OpenID Connect (RFC 6749 §2.3.1).
    pub fn secret_basic(secret: impl Into<String>) -> Self {
        Self(Method::SecretBasic(Zeroizing::new(secret.into())))
    }

    /// `client_secret_post` (RFC 6749 §2.3.1).
    pub fn secret_post(secret: impl Into<String>) -> Self {
        Self(Method::SecretPost(Zeroizing::new(secret.into())))
    }

    /// `private_key_jwt` (OpenID Connect Core 1.0 §9) with a key as [`ClientKey::from_pem`] reads it: PKCS#8 PEM,
    /// P-256, RSA or Ed25519, and the `kid` under which its public half is registered.
    ///
    /// # Errors
    /// [`Error::Setting`] when the key cannot sign.
    pub fn private_key_jwt(pem: &str, kid: &str) -> Result<Self, Error> {
        ClientKey::from_pem(pem, kid).map(|key| Self(Method::PrivateKey(key)))
    }

    /// The name of the method in the gateway's metadata.
    pub(crate) fn method(&self) -> &'static str {
        match &self.0 {
            Method::SecretBasic(_) => "client_secret_basic",
            Method::SecretPost(_) => "client_secret_post",
            Method::PrivateKey(_) => "private_key_jwt",
        }
    }

    /// The key, for `private_key_jwt`.
    pub(crate) fn key(&self) -> Option<&ClientKey> {
        match &self.0 {
            Method::PrivateKey(key) => Some(key),
            Method::SecretBasic(_) | Method::SecretPost(_) => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.method())
    }
}

/// A client assertion; `aud` is the issuer alone and as one text, so that it is of no use at another server
/// (RFC 7523 §3, FAPI 2.0 Security Profile §5.3.3.1, CVE-2025-27370).
pub(crate) fn client_assertion(key: &ClientKey, client_id: &str, issuer: &Issuer, now: i64) -> String {
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer.as_str(),
        "jti": random::token(),
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add(ASSERTION_LIFETIME),
    });
    key.sign("JWT", &claims)
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
pub(crate) fn basic_authorization(client_id: &str, secret: &str) -> Zeroizing<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), *Zeroizing::new(encode(secret))));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}
