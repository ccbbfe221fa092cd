//! The private keys of this site that sign: client assertions and authorization requests.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::algorithm::SigningAlgorithm;
use crate::error::Error;

/// A private key of this site. Its kind says how it signs: P-256 as ES256, RSA as PS256, Ed25519 as EdDSA.
#[derive(Clone)]
pub struct ClientKey {
    kid: Arc<str>,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    Es256(Arc<EcdsaKeyPair>),
    Ps256(Arc<RsaKeyPair>),
    EdDsa(Arc<Ed25519KeyPair>),
}

impl ClientKey {
    /// Reads a PKCS#8 PEM: P-256, RSA of 2048 bits or more, or Ed25519; `kid` is the name under which its public
    /// half is registered at the gateway.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is anything else.
    pub fn from_pem(pem: &str, kid: &str) -> Result<Self, Error> {
        let der = pkcs8("private_key", pem)?;
        let der = der.secret_pkcs8_der();
        let pair = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            Pair::Es256(Arc::new(pair))
        } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            Pair::EdDsa(Arc::new(pair))
        } else {
            let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| unusable("private_key"))?;
            Pair::Ps256(Arc::new(pair))
        };
        Ok(Self { kid: kid.into(), pair })
    }

    /// How it signs.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Es256(_) => SigningAlgorithm::Es256,
            Pair::Ps256(_) => SigningAlgorithm::Ps256,
            Pair::EdDsa(_) => SigningAlgorithm::EdDsa,
        }
    }

    /// The public half as a JWK (RFC 7517 §4), for the key set that this site publishes.
    pub(crate) fn public_jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Es256(pair) => p256_jwk(pair.public_key().as_ref()),
            Pair::Ps256(pair) => rsa_jwk(pair),
            Pair::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key())})
            }
        };
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm().name());
        jwk["kid"] = json!(&*self.kid);
        jwk
    }

    /// These claims as a compact JWS of this `typ` that names the key.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        self.assemble(&json!({"alg": self.algorithm().name(), "typ": typ, "kid": &*self.kid}), claims)
    }

    fn assemble(&self, header: &Value, claims: &Value) -> String {
        assemble(header, claims, |message| match &self.pair {
            Pair::Es256(pair) => sign_es256(pair, message),
            Pair::Ps256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
                    .expect("a parsed RSA key signs into a buffer of its length");
                signature
            }
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

/// Shows nothing of the key.
impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKey({} {})", self.algorithm(), self.kid)
    }
}

/// The compact form of a signature over these claims (RFC 7515 §7.1).
pub(crate) fn assemble(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn sign_es256(pair: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    pair.sign(&SystemRandom::new(), message).expect("a parsed P-256 key signs").as_ref().to_vec()
}

/// An uncompressed point, 04 X Y (SEC 1 §2.3.3), as a JWK with its required members alone.
pub(crate) fn p256_jwk(point: &[u8]) -> Value {
    let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
    json!({"crv": "P-256", "kty": "EC", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
}

pub(crate) fn rsa_jwk(pair: &RsaKeyPair) -> Value {
    let public = pair.public_key();
    json!({
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })
}

/// The one private key of a PEM.
pub(crate) fn pkcs8(setting: &'static str, pem: &str) -> Result<PrivatePkcs8KeyDer<'static>, Error> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable(setting))
}

pub(crate) fn unusable(setting: &'static str) -> Error {
    Error::Setting {
        name: setting,
        seen: "(secret)".into(),
        wanted: "give a key as PKCS#8 PEM, `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::DecodingKey;

    use super::*;

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
    }

    fn pems() -> [(String, &'static str); 3] {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let ed = Ed25519KeyPair::generate().expect("a key");
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let rsa: Pkcs8V1Der<'_> = rsa.as_der().expect("DER");
        [
            (pem(ec.to_pkcs8v1().expect("DER").as_ref()), "ES256"),
            (pem(ed.to_pkcs8v1().expect("DER").as_ref()), "EdDSA"),
            (pem(rsa.as_ref()), "PS256"),
        ]
    }

    #[test]
    fn each_kind_of_key_signs_what_its_published_half_verifies() {
        for (pem, algorithm) in pems() {
            let key = ClientKey::from_pem(&pem, "k").expect("a usable key");
            assert_eq!(key.algorithm().name(), algorithm);
            let token = key.sign("JWT", &json!({"iss": "commune"}));
            let jwk = key.public_jwk();
            assert_eq!((&jwk["alg"], &jwk["use"], &jwk["kid"]), (&json!(algorithm), &json!("sig"), &json!("k")));
            assert!(["d", "p", "q", "k"].iter().all(|private| jwk.get(private).is_none()), "{jwk}");
            let public = DecodingKey::from_jwk(&serde_json::from_value(jwk).expect("a JWK")).expect("a key");
            let (message, signature) = token.rsplit_once('.').expect("three parts");
            let verified =
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), &public, key.algorithm().verified_as());
            assert!(matches!(verified, Ok(true)), "{algorithm}");
        }
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_without_being_shown() {
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"] {
            let error = ClientKey::from_pem(text, "k").expect_err("no key");
            assert!(matches!(error, Error::Setting { name: "private_key", .. }));
            assert!(!error.to_string().contains("c2VjcmV0"));
        }
        let (pem, _) = &pems()[0];
        assert_eq!(format!("{:?}", ClientKey::from_pem(pem, "k").expect("a key")), "ClientKey(ES256 k)");
    }
}
