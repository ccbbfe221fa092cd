//! The gateway's own signing keys: parsed once, used for every token.
//!
//! A key whose private half lies elsewhere (a hardware module) signs through the same two halves: [`Unsigned`] makes
//! the bytes, whoever holds the key signs them, [`Unsigned::signed`] makes the token.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair, RsaSignatureEncoding,
};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{PublicJwk, SigningAlgorithm};
use crate::id::Kid;
use crate::measure::{self, Operation};
use crate::secret::{base64url, from_base64url};

/// A private key with its name and algorithm. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey {
    pair: Pair,
    public: Arc<PublicJwk>,
}

#[derive(Clone)]
enum Pair {
    Es256(Arc<EcdsaKeyPair>),
    Ps256(Arc<RsaKeyPair>),
    EdDsa(Arc<Ed25519KeyPair>),
    Rs256(Arc<RsaKeyPair>),
}

impl Pair {
    const fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Es256(_) => SigningAlgorithm::Es256,
            Self::Ps256(_) => SigningAlgorithm::Ps256,
            Self::EdDsa(_) => SigningAlgorithm::EdDsa,
            Self::Rs256(_) => SigningAlgorithm::Rs256,
        }
    }
}

/// A private key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key could not be made or read")]
pub struct KeyError;

impl SigningKey {
    /// Makes a new key: P-256, or RSA of 2048 bits. Key generation takes its randomness from the crypto provider.
    pub fn generate(algorithm: SigningAlgorithm, kid: Kid) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                Pair::Es256(Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?))
            }
            SigningAlgorithm::EdDsa => Pair::EdDsa(Arc::new(Ed25519KeyPair::generate().map_err(|_| KeyError)?)),
            SigningAlgorithm::Ps256 => Pair::Ps256(Arc::new(rsa_pair()?)),
            SigningAlgorithm::Rs256 => Pair::Rs256(Arc::new(rsa_pair()?)),
        };
        Self::of(pair, kid)
    }

    /// Reads a key from PKCS#8 DER (RFC 5958).
    pub fn from_pkcs8(algorithm: SigningAlgorithm, kid: Kid, der: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => Pair::Es256(Arc::new(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| KeyError)?,
            )),
            SigningAlgorithm::EdDsa => Pair::EdDsa(Arc::new(Ed25519KeyPair::from_pkcs8(der).map_err(|_| KeyError)?)),
            SigningAlgorithm::Ps256 => Pair::Ps256(Arc::new(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError)?)),
            SigningAlgorithm::Rs256 => Pair::Rs256(Arc::new(RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError)?)),
        };
        Self::of(pair, kid)
    }

    fn of(pair: Pair, kid: Kid) -> Result<Self, KeyError> {
        let public = match &pair {
            Pair::Es256(pair) => PublicJwk::p256(kid, pair.public_key().as_ref()),
            Pair::EdDsa(pair) => PublicJwk::ed25519(kid, pair.public_key().as_ref()),
            Pair::Ps256(rsa) | Pair::Rs256(rsa) => {
                let public = rsa.public_key();
                PublicJwk::rsa(
                    pair.algorithm(),
                    kid,
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                )
            }
        };
        Ok(Self { pair, public: Arc::new(public.map_err(|_| KeyError)?) })
    }

    /// The key as PKCS#8 DER. For the sealed store alone.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match &self.pair {
            Pair::Es256(pair) => pair.to_pkcs8v1().map_err(|_| KeyError)?.as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.to_pkcs8v1().map_err(|_| KeyError)?.as_ref().to_vec(),
            Pair::Ps256(pair) | Pair::Rs256(pair) => {
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError)?;
                der.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(der))
    }

    /// The name of the key.
    pub fn kid(&self) -> &Kid {
        self.public.kid()
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.pair.algorithm()
    }

    /// The public key as a JWK (RFC 7517 §4), with `kid`, `alg` and `use`.
    pub fn public_jwk(&self) -> Value {
        self.public.document().clone()
    }

    /// The public half.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// Signs claims as a compact JWS of that `typ`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> String {
        self.complete(Unsigned::new(self.algorithm(), self.kid(), typ, claims))
    }

    /// Signs claims as a token that brings its own public key, as a DPoP proof does.
    #[cfg(any(test, fuzzing))]
    pub fn sign_self(&self, typ: &str, claims: &impl Serialize) -> String {
        let mut jwk = self.public_jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.retain(|name, _| !["kid", "alg", "use"].contains(&name.as_str()));
        }
        self.complete(Unsigned::of(&json!({"alg": self.algorithm().name(), "typ": typ, "jwk": jwk}), claims))
    }

    #[cfg(test)]
    pub(crate) fn sign_without_kid(&self, claims: &impl Serialize) -> String {
        self.complete(Unsigned::of(&json!({"alg": self.algorithm().name()}), claims))
    }

    fn complete(&self, unsigned: Unsigned) -> String {
        let (random, message) = (SystemRandom::new(), unsigned.message());
        measure::count(Operation::Signature);
        match &self.pair {
            Pair::Es256(pair) => {
                let signature = pair.sign(&random, message).expect("a parsed P-256 key signs");
                unsigned.signed(signature.as_ref())
            }
            Pair::EdDsa(pair) => {
                let signature = pair.sign(message);
                unsigned.signed(signature.as_ref())
            }
            Pair::Ps256(pair) | Pair::Rs256(pair) => {
                let padding: &'static RsaSignatureEncoding =
                    if matches!(self.pair, Pair::Ps256(_)) { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).expect("a parsed RSA key signs");
                unsigned.signed(&signature)
            }
        }
    }
}

/// A token before its signature (RFC 7515 §5.1): what remains is to sign [`Self::message`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned(String);

impl Unsigned {
    /// The token of these claims, to be signed by the key of that name.
    pub fn new(algorithm: SigningAlgorithm, kid: &Kid, typ: &str, claims: &impl Serialize) -> Self {
        Self::of(&json!({"alg": algorithm.name(), "typ": typ, "kid": kid}), claims)
    }

    fn of(header: &Value, claims: &impl Serialize) -> Self {
        let payload = serde_json::to_vec(claims).expect("claims are plain JSON");
        Self(format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(&payload)))
    }

    /// The bytes to sign.
    pub fn message(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The token, with the signature in the form of JOSE (RFC 7518 §3): for ECDSA both numbers, each of 32 bytes.
    pub fn signed(self, signature: &[u8]) -> String {
        format!("{}.{}", self.0, base64url(signature))
    }
}

fn rsa_pair() -> Result<RsaKeyPair, KeyError> {
    RsaKeyPair::generate(rsa::KeySize::Rsa2048).map_err(|_| KeyError)
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm().name(), self.kid())
    }
}

/// The left half of the SHA-256 of a token, for `at_hash` (OIDC Core §3.1.3.6).
pub fn half_hash(token: &str) -> String {
    base64url(&crate::secret::sha256(token.as_bytes())[..16])
}

/// Whether `hash` is the `at_hash` of a token, in constant time.
pub fn is_half_hash(hash: &str, token: &str) -> bool {
    from_base64url(hash)
        .is_some_and(|bytes| crate::secret::same(&bytes, &crate::secret::sha256(token.as_bytes())[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_pkcs8_form() {
        for algorithm in SigningAlgorithm::ALL {
            let kid = Kid::parse("k").expect("plain");
            let key = SigningKey::generate(algorithm, kid.clone()).expect("works");
            let read = SigningKey::from_pkcs8(algorithm, kid, &key.to_pkcs8().expect("works")).expect("its own form");
            assert_eq!(read.public_jwk(), key.public_jwk());
        }
    }

    #[test]
    fn at_hash_is_the_one_of_the_standard() {
        let hash = half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
        assert!(is_half_hash(&hash, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"));
        assert!(!is_half_hash(&hash, "other"));
    }
}
