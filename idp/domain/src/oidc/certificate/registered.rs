//! The certificates that a client of `self_signed_tls_client_auth` registered: the `x5c` of its JWK set (RFC 8705
//! §2.2.2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Chain, ClientCertificate};
use crate::jose::KeySet;
use crate::oidc::binding::Thumbprint;

/// The certificates of one client; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCertificates(Vec<Thumbprint>);

/// Why a key set holds no certificates to know a client by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRegisteredCertificate {
    /// An `x5c` that holds no certificate in base64 (RFC 7517 §4.7).
    #[error("an x5c holds no certificate in base64")]
    Unreadable,
    /// No key has an `x5c`.
    #[error("no key has a certificate (x5c)")]
    Missing,
}

impl RegisteredCertificates {
    /// The certificates of a key set: the first of each `x5c`, which is the one of the key (RFC 7517 §4.7). Keys without
    /// one are passed over.
    pub fn of(keys: &KeySet) -> Result<Self, BadRegisteredCertificate> {
        let mut held = Vec::new();
        for chain in keys.members("x5c") {
            let first = chain.get(0).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let first = first.ok_or(BadRegisteredCertificate::Unreadable)?;
            let certificate = ClientCertificate::parse(&first, Chain::Unknown);
            held.push(certificate.map_err(|_| BadRegisteredCertificate::Unreadable)?.thumbprint().clone());
        }
        if held.is_empty() { Err(BadRegisteredCertificate::Missing) } else { Ok(Self(held)) }
    }

    /// Whether a certificate is among them.
    pub(super) fn holds(&self, thumbprint: &Thumbprint) -> bool {
        self.0.iter().any(|held| held.is(thumbprint))
    }
}
