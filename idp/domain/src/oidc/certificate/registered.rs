//! The certificates that a client of `self_signed_tls_client_auth` registered: the `x5c` of its JWK set (RFC 8705
//! §2.2.2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Chain, ClientCertificate, Thumbprint};

/// At most this many certificates are taken from one set.
const MAX: usize = 64;

/// The certificates of one client; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCertificates(Vec<Thumbprint>);

/// Why a JWK set holds no certificates to know a client by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRegisteredCertificate {
    /// Not a JSON object with a list `keys` of objects.
    #[error("not a JWK set")]
    Malformed,
    /// More than 64 keys.
    #[error("more than 64 keys")]
    TooMany,
    /// An `x5c` that holds no certificate in base64 (RFC 7517 §4.7).
    #[error("an x5c holds no certificate in base64")]
    Certificate,
    /// No key has an `x5c`.
    #[error("no key has a certificate (x5c)")]
    Empty,
}

impl RegisteredCertificates {
    /// Reads the certificates in a JWK set: the first of each `x5c`, which is the one of the key (RFC 7517 §4.7).
    /// Keys without one are passed over.
    pub fn parse(set: &Value) -> Result<Self, BadRegisteredCertificate> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(BadRegisteredCertificate::Malformed)?;
        if keys.len() > MAX {
            return Err(BadRegisteredCertificate::TooMany);
        }
        let mut held = Vec::new();
        for key in keys {
            let key = key.as_object().ok_or(BadRegisteredCertificate::Malformed)?;
            let Some(chain) = key.get("x5c") else { continue };
            let first = chain.get(0).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let first = first.ok_or(BadRegisteredCertificate::Certificate)?;
            let certificate = ClientCertificate::parse(&first, Chain::Unknown);
            held.push(certificate.map_err(|_| BadRegisteredCertificate::Certificate)?.thumbprint());
        }
        if held.is_empty() {
            return Err(BadRegisteredCertificate::Empty);
        }
        Ok(Self(held))
    }

    /// Whether a certificate is among them.
    pub(super) fn holds(&self, thumbprint: Thumbprint) -> bool {
        self.0.contains(&thumbprint)
    }
}
