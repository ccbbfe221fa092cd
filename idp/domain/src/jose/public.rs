//! The public half of a signing key of the gateway, wherever the private half lies.

use serde_json::{Value, json};

use super::{BadKeySet, KeySet, SigningAlgorithm};
use crate::id::Kid;
use crate::secret::base64url;

/// A public key as the JWKS shows it (RFC 7517 §4): with `kid`, `alg` and `use`, and usable for that algorithm.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicJwk {
    kid: Kid,
    algorithm: SigningAlgorithm,
    document: Value,
}

/// Not a public key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of {}", .0.name())]
pub struct BadPublicKey(SigningAlgorithm);

impl PublicJwk {
    /// A P-256 key, from its uncompressed point: 04, X, Y (SEC 1 §2.3.3).
    pub fn p256(kid: Kid, point: &[u8]) -> Result<Self, BadPublicKey> {
        let [4, coordinates @ ..] = point else { return Err(BadPublicKey(SigningAlgorithm::Es256)) };
        let Some((x, y)) = coordinates.split_at_checked(32).filter(|(_, y)| y.len() == 32) else {
            return Err(BadPublicKey(SigningAlgorithm::Es256));
        };
        let numbers = json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)});
        Self::complete(SigningAlgorithm::Es256, kid, numbers)
    }

    /// An Ed25519 key, from its 32 bytes (RFC 8032 §5.1.5).
    pub fn ed25519(kid: Kid, bytes: &[u8]) -> Result<Self, BadPublicKey> {
        Self::complete(SigningAlgorithm::EdDsa, kid, json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(bytes)}))
    }

    /// An RSA key, from its modulus and exponent, big-endian, without leading zeros.
    pub fn rsa(algorithm: SigningAlgorithm, kid: Kid, modulus: &[u8], exponent: &[u8]) -> Result<Self, BadPublicKey> {
        Self::complete(algorithm, kid, json!({"kty": "RSA", "n": base64url(modulus), "e": base64url(exponent)}))
    }

    /// Reads a key that was kept: the document of this very key.
    pub fn read(algorithm: SigningAlgorithm, kid: Kid, document: Value) -> Result<Self, BadPublicKey> {
        let told = document["kid"] == kid.as_str() && document["alg"] == algorithm.name();
        if told { Self::complete(algorithm, kid, document) } else { Err(BadPublicKey(algorithm)) }
    }

    fn complete(algorithm: SigningAlgorithm, kid: Kid, mut document: Value) -> Result<Self, BadPublicKey> {
        document["kid"] = json!(kid);
        document["alg"] = json!(algorithm.name());
        document["use"] = json!("sig");
        let fits = document["kty"] == algorithm.key_type();
        if !fits || KeySet::parse(&json!({"keys": [document]})).is_err() {
            return Err(BadPublicKey(algorithm));
        }
        Ok(Self { kid, algorithm, document })
    }

    /// Its name.
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The algorithm that it verifies.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The JWK.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The set of this key alone.
    pub fn set(&self) -> Result<KeySet, BadKeySet> {
        KeySet::parse(&json!({"keys": [self.document]}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::SigningKey;

    #[test]
    fn a_public_key_is_read_as_what_it_was_kept_as_and_as_nothing_else() {
        let kid = Kid::parse("k").expect("plain");
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm, kid.clone()).expect("works").public().clone();
            let read = PublicJwk::read(algorithm, kid.clone(), key.document().clone());
            assert_eq!(read.as_ref(), Ok(&key));
            for other in SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(PublicJwk::read(other, kid.clone(), key.document().clone()).is_err());
                let mut told = key.document().clone();
                told["alg"] = json!(other.name());
                let same_kind = algorithm.key_type() == other.key_type();
                assert_eq!(PublicJwk::read(other, kid.clone(), told).is_ok(), same_kind);
            }
            let other = Kid::parse("other").expect("plain");
            assert!(PublicJwk::read(algorithm, other, key.document().clone()).is_err());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let kid = || Kid::parse("k").expect("plain");
        let compressed = [2; 33];
        for point in [&[][..], &[4; 64], &[4; 66], &compressed, &[4; 65]] {
            let on_the_curve = PublicJwk::p256(kid(), point);
            assert!(on_the_curve.is_err() || point.len() == 65, "{point:?}");
        }
        assert!(PublicJwk::ed25519(kid(), &[1; 31]).is_err());
        assert!(PublicJwk::rsa(SigningAlgorithm::Rs256, kid(), &[0xff; 128], &[1, 0, 1]).is_err(), "1024 bits");
    }
}
