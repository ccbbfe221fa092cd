//! Signing and encrypting JSON tokens the way a provider does (RFC 7515, RFC 7516, RFC 7518).
//!
//! Headers are given by the caller, so a sandbox provider can also sign what no honest provider would.

mod encryption;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::encryption::{KeyDelivery, Recipient};
use crate::random;

/// base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What base64url without padding says, when it is that.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256 of `bytes`, base64url: a PKCE S256 challenge (RFC 7636 §4.2).
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    encode(digest(&SHA256, bytes.as_ref()))
}

/// The left half of SHA-256 of an access token: `at_hash` (OIDC Core §3.1.3.6).
pub fn half_hash(token: &str) -> String {
    let hash = digest(&SHA256, token.as_bytes());
    encode(hash.as_ref().split_at(16).0)
}

/// Wraps DER bytes as PEM.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256, 2048 bits.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA PSS with SHA-256, 2048 bits.
    #[serde(rename = "PS256")]
    Ps256,
    /// EdDSA on Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// The algorithms that FAPI 2.0 lets clients sign with (§5.4.1-1).
    pub const FAPI: [Self; 3] = [Self::Es256, Self::Ps256, Self::EdDsa];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A private signing key with its key id.
#[derive(Debug)]
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Es256(Box<EcdsaKeyPair>),
    Rs256(Box<RsaKeyPair>),
    Ps256(Box<RsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A fresh key under a random key id.
    ///
    /// # Panics
    /// When the cryptographic library cannot make a key.
    pub fn generate(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::Es256 => Pair::Es256(Box::new(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("P-256 keys can be made"),
            )),
            Algorithm::Rs256 => Pair::Rs256(Box::new(rsa_pair())),
            Algorithm::Ps256 => Pair::Ps256(Box::new(rsa_pair())),
            Algorithm::EdDsa => Pair::EdDsa(Box::new(Ed25519KeyPair::generate().expect("Ed25519 keys can be made"))),
        };
        Self { kid: encode(random::bytes::<9>()), pair }
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How this key signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Rs256(_) => Algorithm::Rs256,
            Pair::Ps256(_) => Algorithm::Ps256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The public half, as a member of a JWKS.
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.bare_jwk();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm().name());
        jwk
    }

    /// The public half with the members that make the key, and no other: what a DPoP proof holds (RFC 9449 §4.2).
    pub fn bare_jwk(&self) -> Value {
        match &self.pair {
            Pair::Es256(pair) => p256_jwk(pair.public_key().as_ref()),
            Pair::Rs256(pair) | Pair::Ps256(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::EdDsa(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) }),
        }
    }

    /// The thumbprint of the key (RFC 7638 §3): `jkt` and `dpop_jkt`.
    ///
    /// # Panics
    /// Never: four texts can be written as JSON.
    pub fn thumbprint(&self) -> String {
        let jwk = self.bare_jwk();
        // In the order of their names (§3.3).
        let members: BTreeMap<_, _> = jwk.as_object().into_iter().flatten().collect();
        sha256(serde_json::to_string(&members).expect("texts can be written"))
    }

    /// The public half as `PUBLIC KEY` PEM: what an algorithm-confusion attack uses as an HMAC secret.
    ///
    /// # Panics
    /// When the cryptographic library cannot write a key.
    pub fn public_pem(&self) -> String {
        match &self.pair {
            Pair::Es256(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a made key can be written");
                pem("PUBLIC KEY", der.as_ref())
            }
            Pair::Rs256(pair) | Pair::Ps256(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a made key can be written");
                pem("PUBLIC KEY", der.as_ref())
            }
            Pair::EdDsa(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a made key can be written");
                pem("PUBLIC KEY", der.as_ref())
            }
        }
    }

    /// The private half as `PRIVATE KEY` PEM (PKCS #8), for a configuration folder.
    ///
    /// # Panics
    /// When the cryptographic library cannot write a key.
    pub fn private_pem(&self) -> String {
        match &self.pair {
            Pair::Es256(pair) => pem("PRIVATE KEY", pair.to_pkcs8v1().expect("a made key can be written").as_ref()),
            Pair::Rs256(pair) | Pair::Ps256(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().expect("a made key can be written");
                pem("PRIVATE KEY", der.as_ref())
            }
            Pair::EdDsa(pair) => pem("PRIVATE KEY", pair.to_pkcs8v1().expect("a made key can be written").as_ref()),
        }
    }

    /// Signs `claims` under the key's own `alg` and `kid`.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": self.algorithm().name(), "kid": self.kid, "typ": typ }), claims)
    }

    /// Signs `claims` with this key under a header that the caller chose, true or not.
    ///
    /// # Panics
    /// When the cryptographic library cannot sign.
    pub fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(header, claims);
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let signature = match &self.pair {
            Pair::Es256(pair) => pair.sign(&rng, input.as_bytes()).expect("a made key signs").as_ref().to_vec(),
            Pair::Rs256(pair) => rsa_signature(pair, &RSA_PKCS1_SHA256, &input),
            Pair::Ps256(pair) => rsa_signature(pair, &RSA_PSS_SHA256, &input),
            Pair::EdDsa(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", encode(signature))
    }
}

fn rsa_pair() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be made")
}

fn rsa_signature(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, input: &str) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    let rng = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(padding, &rng, input.as_bytes(), &mut signature).expect("a made key signs");
    signature
}

fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
}

/// A token with `alg: none` and an empty signature: an attack (RFC 8725 §3.2).
pub fn unsigned(claims: &Value) -> String {
    format!("{}.", signing_input(&json!({ "alg": "none", "typ": "JWT" }), claims))
}

/// A token signed by HMAC-SHA-256 under `secret`.
pub fn hmac_signed(kid: &str, secret: &[u8], claims: &Value) -> String {
    let input = signing_input(&json!({ "alg": "HS256", "kid": kid, "typ": "JWT" }), claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", encode(tag))
}

/// A P-256 point in uncompressed form as a JWK.
fn p256_jwk(point: &[u8]) -> Value {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, jwk::Jwk};

    use super::*;

    #[test]
    fn what_is_signed_verifies_with_the_published_key() {
        for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm);
            let token = key.sign("JWT", &json!({ "sub": "x", "exp": 4_000_000_000_u64 }));
            let jwk: Jwk = serde_json::from_value(key.public_jwk()).unwrap();
            let expected = match algorithm {
                Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
                Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
                Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
                Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            };
            let claims = jsonwebtoken::decode::<Value>(
                &token,
                &DecodingKey::from_jwk(&jwk).unwrap(),
                &Validation::new(expected),
            );
            assert_eq!(claims.unwrap().claims["sub"], "x");
        }
    }

    #[test]
    fn a_thumbprint_is_that_of_another_implementation() {
        for algorithm in Algorithm::FAPI {
            let key = SigningKey::generate(algorithm);
            let jwk: Jwk = serde_json::from_value(key.public_jwk()).unwrap();
            let expected = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
            assert_eq!(key.thumbprint(), expected, "{algorithm:?}");
        }
    }

    #[test]
    fn another_key_does_not_verify() {
        let token = SigningKey::generate(Algorithm::Es256).sign("JWT", &json!({ "exp": 4_000_000_000_u64 }));
        let jwk: Jwk = serde_json::from_value(SigningKey::generate(Algorithm::Es256).public_jwk()).unwrap();
        let validation = Validation::new(jsonwebtoken::Algorithm::ES256);
        assert!(jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_err());
    }

    #[test]
    fn an_s256_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
