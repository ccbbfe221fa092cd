//! Encrypted tokens (RFC 7516, compact): ECDH-ES on P-256, with or without AES key wrap, and RSA-OAEP-256, all with
//! A256GCM.
//!
//! [`DecryptionKey`] opens what identity providers and relying parties send; [`Recipient`] is the public key of a relying
//! party that tokens are encrypted to. A signed token is signed first and encrypted then (RFC 7519 §11.2).

mod agreed;
mod decryption;
mod encryption;

pub use decryption::{DecryptionKey, Undecipherable};
pub use encryption::{Content, NotEncrypted, Recipient};

use serde::{Deserialize, Serialize};

/// The one content encryption algorithm (RFC 7518 §5.3).
pub const CONTENT_ENCRYPTION: &str = "A256GCM";

/// A key encryption algorithm (RFC 7518 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// Direct agreement on P-256.
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    /// Agreement on P-256, then AES key wrap.
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256kw,
    /// RSA-OAEP with SHA-256.
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
}

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::EcdhEs, Self::EcdhEsA256kw, Self::RsaOaep256];

    /// Reads a JOSE `alg` name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The JOSE `alg` name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }

    /// What an agreed key is derived for: the content encryption itself, or the wrapping of its key (RFC 7518 §4.6.2).
    const fn purpose(self) -> &'static str {
        match self {
            Self::EcdhEs => CONTENT_ENCRYPTION,
            Self::EcdhEsA256kw | Self::RsaOaep256 => self.name(),
        }
    }
}

#[cfg(test)]
mod tests;
