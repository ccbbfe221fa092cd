//! How this site proves who it is.

use std::fmt;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use zeroize::Zeroizing;

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
    PrivateKey { key: EncodingKey, kid: String },
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

    /// `private_key_jwt` with ES256 (OpenID Connect Core 1.0 §9): a P-256 key as PKCS#8 PEM, and the `kid` under
    /// which its public half is registered.
    ///
    /// # Errors
    /// [`Error::Setting`] when the key cannot sign ES256.
    pub fn private_key_jwt(pem: &str, kid: &str) -> Result<Self, Error> {
        let unusable = |_| Error::Setting {
            name: "private_key",
            seen: "(secret)".into(),
            wanted: "give a P-256 key as PKCS#8 PEM, `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
        };
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(unusable)?;
        jsonwebtoken::crypto::sign(b"self-test", &key, Algorithm::ES256).map_err(unusable)?;
        Ok(Self(Method::PrivateKey { key, kid: kid.to_owned() }))
    }

    /// The name of the method in the gateway's metadata.
    pub(crate) fn method(&self) -> &'static str {
        match &self.0 {
            Method::SecretBasic(_) => "client_secret_basic",
            Method::SecretPost(_) => "client_secret_post",
            Method::PrivateKey { .. } => "private_key_jwt",
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.method())
    }
}

/// A client assertion for the token endpoint; `aud` is the issuer alone, so that it is of no use at another
/// server (RFC 7523 §3, CVE-2025-27370).
pub(crate) fn client_assertion(
    key: &EncodingKey,
    kid: &str,
    client_id: &str,
    issuer: &Issuer,
    now: i64,
) -> Result<String, Error> {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(kid.to_owned());
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer.as_str(),
        "jti": random::token(),
        "iat": now,
        "exp": now.saturating_add(ASSERTION_LIFETIME),
    });
    jsonwebtoken::encode(&header, &claims, key).map_err(|_| Error::Setting {
        name: "private_key",
        seen: "(secret)".into(),
        wanted: "the key stopped signing: give it again",
    })
}
