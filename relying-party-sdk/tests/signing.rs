//! Keys and signatures of the test provider, assembled by hand so that wrong ones can be made too.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair, RsaSignatureEncoding,
};
use aws_lc_rs::{encoding::AsDer, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// One of the keys of this test run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The provider's P-256 key.
    Es256,
    /// Another P-256 key.
    OtherEs256,
    /// The provider's RSA key.
    Rs256,
    /// The provider's RSA key with the other padding.
    Ps256,
    /// The provider's Ed25519 key.
    EdDsa,
    /// HMAC keyed with the provider's public RSA key, as in the oldest attack of all.
    Hs256OfThePublicKey,
    /// No signature.
    None,
}

static EC: LazyLock<EcdsaKeyPair> = LazyLock::new(ec);
static OTHER_EC: LazyLock<EcdsaKeyPair> = LazyLock::new(ec);
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());
static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

fn ec() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

impl Signer {
    pub(crate) fn alg(self) -> &'static str {
        match self {
            Self::Es256 | Self::OtherEs256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
            Self::Hs256OfThePublicKey => "HS256",
            Self::None => "none",
        }
    }

    /// The compact form of these claims under this header.
    pub(crate) fn sign(self, header: &Value, claims: &[u8]) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let message = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es256 => EC.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::OtherEs256 => OTHER_EC.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::EdDsa => ED.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Rs256 | Self::Ps256 => {
                let padding: &RsaSignatureEncoding =
                    if self == Self::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; RSA.public_modulus_len()];
                RSA.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::Hs256OfThePublicKey => {
                let public = RSA.public_key().as_der().unwrap();
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_ref()), message.as_bytes()).as_ref().to_vec()
            }
            Self::None => Vec::new(),
        };
        format!("{message}.{}", encode(&signature))
    }

    /// The public half, as published.
    pub(crate) fn jwk(self, kid: &str) -> Value {
        let point = |pair: &EcdsaKeyPair| {
            let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
            json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
            })
        };
        match self {
            Self::Es256 => point(&EC),
            Self::OtherEs256 => point(&OTHER_EC),
            Self::EdDsa => json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid,
                "x": URL_SAFE_NO_PAD.encode(ED.public_key()),
            }),
            Self::Rs256 | Self::Ps256 | Self::Hs256OfThePublicKey | Self::None => {
                let public: PublicKeyComponents<Vec<u8>> = RSA.public_key().into();
                json!({
                    "kty": "RSA", "alg": if self == Self::Ps256 { "PS256" } else { "RS256" }, "use": "sig", "kid": kid,
                    "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e),
                })
            }
        }
    }
}

/// The private key of the client, as PKCS#8 PEM.
pub(crate) fn client_key_pem() -> String {
    let pkcs8 = OTHER_EC.to_pkcs8v1().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8.as_ref()))
}

/// The verifier of assertions signed with [`client_key_pem`].
pub(crate) fn client_public_key() -> jsonwebtoken::DecodingKey {
    jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(Signer::OtherEs256.jwk("client")).unwrap()).unwrap()
}
