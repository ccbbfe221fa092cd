//! Encrypting JSON tokens to a reader, the way a provider does (RFC 7516, RFC 7518 §4).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use serde_json::json;

use super::{encode, p256_jwk, pem};
use crate::random;

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
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::Value;

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
}
