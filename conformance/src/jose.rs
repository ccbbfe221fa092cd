//! Signing and encrypting JSON tokens the way a provider does (RFC 7515, RFC 7516, RFC 7518).
//!
//! Headers are given by the caller, so a sandbox provider can also sign what no honest provider would.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;

/// base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
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

/// How the content key of an encrypted token reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDelivery {
    /// Direct agreement on P-256 (RFC 7518 §4.6).
    EcdhEs,
    /// RSA-OAEP with SHA-256 (RFC 7518 §4.3).
    RsaOaep256,
}

impl KeyDelivery {
    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// The public half of a reader's key: what a provider encrypts to.
#[derive(Debug, Clone)]
pub struct Recipient {
    kid: String,
    public: RecipientKey,
}

#[derive(Debug, Clone)]
enum RecipientKey {
    P256(Vec<u8>),
    Rsa(Vec<u8>),
}

impl Recipient {
    /// A fresh pair: the public half, and the private half as `PRIVATE KEY` PEM for the reader.
    ///
    /// # Panics
    /// When the cryptographic library cannot make a key.
    pub fn generate(delivery: KeyDelivery) -> (Self, String) {
        let kid = encode(random::bytes::<9>());
        match delivery {
            KeyDelivery::EcdhEs => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("P-256 keys can be made");
                let private = pem("PRIVATE KEY", pair.to_pkcs8v1().expect("a made key can be written").as_ref());
                let public = RecipientKey::P256(pair.public_key().as_ref().to_vec());
                (Self { kid, public }, private)
            }
            KeyDelivery::RsaOaep256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be made");
                let der: Pkcs8V1Der<'_> = pair.as_der().expect("a made key can be written");
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a made key can be written");
                (Self { kid, public: RecipientKey::Rsa(public.as_ref().to_vec()) }, pem("PRIVATE KEY", der.as_ref()))
            }
        }
    }

    /// How the content key is delivered to this reader.
    pub fn delivery(&self) -> KeyDelivery {
        match self.public {
            RecipientKey::P256(_) => KeyDelivery::EcdhEs,
            RecipientKey::Rsa(_) => KeyDelivery::RsaOaep256,
        }
    }

    /// A nested token, encrypted to this reader with A256GCM (RFC 7516 §3.1).
    ///
    /// # Panics
    /// When the cryptographic library cannot encrypt.
    pub fn encrypt(&self, token: &str) -> String {
        let mut header = json!({ "alg": self.delivery().name(), "enc": "A256GCM", "cty": "JWT", "kid": self.kid });
        let (content_key, wrapped) = match &self.public {
            RecipientKey::P256(point) => {
                let ephemeral = agreement::PrivateKey::generate(&ECDH_P256).expect("P-256 keys can be made");
                let public = ephemeral.compute_public_key().expect("a made key has a public half");
                header["epk"] = p256_jwk(public.as_ref());
                let peer = UnparsedPublicKey::new(&ECDH_P256, point);
                let key =
                    agreement::agree(&ephemeral, peer, (), |secret| Ok(concat_kdf::<32>(secret, "A256GCM", b"", b"")));
                (key.expect("two P-256 keys agree"), Vec::new())
            }
            RecipientKey::Rsa(der) => {
                let key = random::bytes::<32>();
                let public = PublicEncryptingKey::from_der(der).expect("written by this module");
                let oaep = OaepPublicEncryptingKey::new(public).expect("an RSA key of 2048 bits");
                let mut wrapped = vec![0; oaep.ciphertext_size()];
                let wrapped = oaep
                    .encrypt(&OAEP_SHA256_MGF1SHA256, &key, &mut wrapped, None)
                    .expect("32 bytes fit in 2048 bits")
                    .to_vec();
                (key, wrapped)
            }
        };
        let protected = encode(header.to_string());
        let nonce = random::bytes::<12>();
        let mut content = token.as_bytes().to_vec();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).expect("a key of 32 bytes"));
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(protected.as_bytes()),
                &mut content,
            )
            .expect("a short text can be sealed");
        format!("{protected}.{}.{}.{}.{}", encode(wrapped), encode(nonce), encode(content), encode(tag.as_ref()))
    }
}

/// A P-256 point in uncompressed form as a JWK.
fn p256_jwk(point: &[u8]) -> Value {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
}

/// The Concat KDF of direct key agreement (RFC 7518 §4.6.2), for `N` bytes of key.
fn concat_kdf<const N: usize>(secret: &[u8], algorithm: &str, apu: &[u8], apv: &[u8]) -> [u8; N] {
    let mut info = Vec::new();
    for part in [algorithm.as_bytes(), apu, apv] {
        info.extend_from_slice(&u32::try_from(part.len()).expect("a short name").to_be_bytes());
        info.extend_from_slice(part);
    }
    info.extend_from_slice(&u32::try_from(N * 8).expect("a short key").to_be_bytes());
    let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).expect("SHA-256 is built in");
    let mut key = [0; N];
    sskdf_digest(sha256, secret, &info, &mut key).expect("short lengths");
    key
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
    use jsonwebtoken::{DecodingKey, Validation, jwk::Jwk};

    use super::*;

    fn unpem(pem: &str) -> Vec<u8> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(body).unwrap()
    }

    fn decode(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn open(token: &str, private_pem: &str) -> String {
        let parts: Vec<_> = token.split('.').collect();
        let [protected, wrapped, nonce, content, tag] = parts[..] else { panic!("five parts") };
        let header: Value = serde_json::from_slice(&decode(protected)).unwrap();
        let der = unpem(private_pem);
        let content_key: [u8; 32] = if header["alg"] == "ECDH-ES" {
            assert!(wrapped.is_empty());
            let private = agreement::PrivateKey::from_private_key_der(&ECDH_P256, &der).unwrap();
            let mut point = vec![4];
            point.extend(decode(header["epk"]["x"].as_str().unwrap()));
            point.extend(decode(header["epk"]["y"].as_str().unwrap()));
            agreement::agree(&private, UnparsedPublicKey::new(&ECDH_P256, point), (), |secret| {
                Ok(concat_kdf::<32>(secret, "A256GCM", b"", b""))
            })
            .unwrap()
        } else {
            let oaep = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&der).unwrap()).unwrap();
            let mut out = vec![0; oaep.min_output_size()];
            oaep.decrypt(&OAEP_SHA256_MGF1SHA256, &decode(wrapped), &mut out, None).unwrap().try_into().unwrap()
        };
        let mut sealed = decode(content);
        sealed.extend(decode(tag));
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&decode(nonce)).unwrap();
        let plain = key.open_in_place(nonce, Aad::from(protected.as_bytes()), &mut sealed).unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    }

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
    fn the_concat_kdf_gives_the_key_of_rfc_7518_appendix_c() {
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = concat_kdf::<16>(&secret, "A128GCM", b"Alice", b"Bob");
        assert_eq!(encode(key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn what_is_encrypted_is_read_by_its_recipient_alone() {
        for delivery in [KeyDelivery::EcdhEs, KeyDelivery::RsaOaep256] {
            let (recipient, private) = Recipient::generate(delivery);
            let token = recipient.encrypt("a.b.c");
            assert_eq!(open(&token, &private), "a.b.c");
            let (_, other) = Recipient::generate(delivery);
            assert!(std::panic::catch_unwind(|| open(&token, &other)).is_err());
        }
    }

    #[test]
    fn an_s256_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
