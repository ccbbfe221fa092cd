//! Private keys from PEM files (PKCS#8): EC P-256, or RSA of at least 2048 bits.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::secret::{base64url, sha256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::provider::KeyDelivery;

/// The key that opens what a provider encrypts to the gateway.
#[derive(Clone)]
pub(crate) struct DecryptionKey {
    delivery: KeyDelivery,
    pkcs8: Arc<Zeroizing<Vec<u8>>>,
}

impl DecryptionKey {
    /// The key as PKCS#8 DER, known to parse for its algorithm.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DecryptionKey({})", self.delivery.name())
    }
}

/// Reads a signing key. Without a name of its own it is called by its thumbprint (RFC 7638).
pub(super) fn signing_key(path: &Path, name: &str) -> Result<SigningKey, String> {
    let der = read(path)?;
    let named = |kid: &str| Kid::parse(kid).map_err(|fault| format!("private_key_id: {fault}"));
    let first = if name.is_empty() { named("unnamed")? } else { named(name)? };
    let key = SigningAlgorithm::ALL
        .into_iter()
        .find_map(|algorithm| SigningKey::from_pkcs8(algorithm, first.clone(), &der).ok())
        .ok_or_else(|| unfit(path))?;
    if !name.is_empty() {
        return Ok(key);
    }
    let kid = named(&thumbprint(&key.public_jwk()))?;
    SigningKey::from_pkcs8(key.algorithm(), kid, &der).map_err(|_| unfit(path))
}

/// Reads a decryption key for an algorithm.
pub(super) fn decryption_key(path: &Path, delivery: KeyDelivery) -> Result<DecryptionKey, String> {
    let der = read(path)?;
    let fits = match delivery {
        KeyDelivery::EcdhEs => PrivateKey::from_private_key_der(&ECDH_P256, &der).is_ok(),
        KeyDelivery::RsaOaep256 => {
            PrivateDecryptingKey::from_pkcs8(&der).is_ok_and(|key| key.key_size_bits() >= KeySize::Rsa2048.len() * 8)
        }
    };
    if fits {
        Ok(DecryptionKey { delivery, pkcs8: Arc::new(der) })
    } else {
        Err(format!("{} does not hold a key for {}", path.display(), delivery.name()))
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let pem = std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("the key file {} cannot be read: {error}", path.display()))?;
    PrivatePkcs8KeyDer::from_pem_slice(&pem)
        .map(|key| Zeroizing::new(key.secret_pkcs8_der().to_vec()))
        .map_err(|_| unfit(path))
}

fn unfit(path: &Path) -> String {
    format!(
        "{} does not hold a private key in PEM form (`BEGIN PRIVATE KEY`): EC P-256, or RSA of 2048 bits and more",
        path.display()
    )
}

/// The thumbprint of a public key (RFC 7638 §3): its required members alone, in their alphabetical order.
fn thumbprint(jwk: &Value) -> String {
    let members = if jwk["kty"] == "EC" {
        json!({"crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"]})
    } else {
        json!({"e": jwk["e"], "kty": jwk["kty"], "n": jwk["n"]})
    };
    base64url(&sha256(members.to_string().as_bytes()))
}
