//! Tokens that only this site can read (RFC 7516): decrypted with its private key, and then verified like any other.
//!
//! ```text
//! header . encrypted key . iv . ciphertext . tag
//!            │ ECDH-ES: agreement, Concat KDF          ─▶ content key
//!            │ ECDH-ES+A256KW: agreement, KDF, unwrap  ─▶ content key ─▶ A256GCM ─▶ signed token
//!            └ RSA-OAEP-256                            ─▶ content key
//! ```
//!
//! Whatever fails, the error is one and the same: who sends made-up tokens must not learn how far they got.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::client_key::{p256_jwk, pkcs8, rsa_jwk, unusable};
use crate::error::Error;
use crate::rejection::Rejection;

type ContentKey = Zeroizing<[u8; 32]>;

/// How the gateway encrypts the key of a token for this site (RFC 7518 §4.1); the token itself is always A256GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncryption {
    /// Agreement on P-256.
    EcdhEs,
    /// Agreement on P-256, then AES key wrap.
    EcdhEsA256kw,
    /// RSAES-OAEP with SHA-256.
    RsaOaep256,
}

impl KeyEncryption {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// A private key of this site to which the gateway encrypts tokens, and the one way it does.
#[derive(Clone)]
pub struct DecryptionKey(Arc<Inner>);

struct Inner {
    kid: String,
    private: Private,
    public_jwk: Value,
}

enum Private {
    Agreed(agreement::PrivateKey),
    AgreedAndWrapped(agreement::PrivateKey),
    Oaep(OaepPrivateDecryptingKey),
}

impl DecryptionKey {
    /// Reads a PKCS#8 PEM, P-256 or RSA of 2048 bits or more as `encryption` needs; `kid` is the name under which
    /// its public half is registered, and `encryption` what is registered as `…_encrypted_response_alg`.
    ///
    /// # Errors
    /// [`Error::Setting`] when the key is of another kind.
    pub fn from_pem(pem: &str, kid: &str, encryption: KeyEncryption) -> Result<Self, Error> {
        let setting = "decryption_key";
        let der = pkcs8(setting, pem)?;
        let der = der.secret_pkcs8_der();
        let p256 = || agreement::PrivateKey::from_private_key_der(&ECDH_P256, der).map_err(|_| unusable(setting));
        let private = match encryption {
            KeyEncryption::EcdhEs => Private::Agreed(p256()?),
            KeyEncryption::EcdhEsA256kw => Private::AgreedAndWrapped(p256()?),
            KeyEncryption::RsaOaep256 => {
                let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| unusable(setting))?;
                Private::Oaep(OaepPrivateDecryptingKey::new(key).map_err(|_| unusable(setting))?)
            }
        };
        let mut public_jwk = match &private {
            Private::Agreed(key) | Private::AgreedAndWrapped(key) => {
                p256_jwk(key.compute_public_key().map_err(|_| unusable(setting))?.as_ref())
            }
            // read as a signing key too, for its public numbers: 2048 bits or more
            Private::Oaep(_) => rsa_jwk(&RsaKeyPair::from_pkcs8(der).map_err(|_| unusable(setting))?),
        };
        public_jwk["use"] = json!("enc");
        public_jwk["alg"] = json!(encryption.name());
        public_jwk["kid"] = json!(kid);
        Ok(Self(Arc::new(Inner { kid: kid.to_owned(), private, public_jwk })))
    }

    /// How tokens are encrypted to it.
    pub fn encryption(&self) -> KeyEncryption {
        match self.0.private {
            Private::Agreed(_) => KeyEncryption::EcdhEs,
            Private::AgreedAndWrapped(_) => KeyEncryption::EcdhEsA256kw,
            Private::Oaep(_) => KeyEncryption::RsaOaep256,
        }
    }

    /// The public half as a JWK (RFC 7517 §4).
    pub(crate) fn public_jwk(&self) -> &Value {
        &self.0.public_jwk
    }

    fn content_key(&self, header: &Claims, encrypted: &[u8]) -> Option<ContentKey> {
        match &self.0.private {
            // RFC 7518 §4.6: with direct agreement there is no encrypted key
            Private::Agreed(key) => agree(key, header, "A256GCM").filter(|_| encrypted.is_empty()),
            Private::AgreedAndWrapped(key) => {
                let wrapping = agree(key, header, "ECDH-ES+A256KW")?;
                let mut content = ContentKey::default();
                let kek = AesKek::new(&AES_256, wrapping.as_ref()).ok()?;
                let length = kek.unwrap(encrypted, content.as_mut()).ok()?.len();
                (length == content.len()).then_some(content)
            }
            Private::Oaep(key) => {
                let mut plain = Zeroizing::new(vec![0; key.key_size_bytes()]);
                let plain = key.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut plain, None).ok()?;
                <[u8; 32]>::try_from(&*plain).ok().map(Zeroizing::new)
            }
        }
    }
}

/// Shows nothing of the key.
impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({} {})", self.encryption().name(), self.0.kid)
    }
}

/// The signed token inside an encrypted one (RFC 7519 §5.2), for one of these keys; with no key registered, the
/// token as it is.
pub(crate) fn signed_within(token: &str, keys: &[DecryptionKey]) -> Result<Zeroizing<String>, Rejection> {
    if keys.is_empty() {
        return Ok(Zeroizing::new(token.to_owned()));
    }
    // a token that was not even encrypted would have been read by everyone on the way
    if token.split('.').count() != 5 {
        return Err(Rejection::NotEncrypted);
    }
    decrypt(token, keys).ok_or(Rejection::Undecipherable)
}

fn decrypt(token: &str, keys: &[DecryptionKey]) -> Option<Zeroizing<String>> {
    let parts: Vec<&str> = token.split('.').collect();
    let [protected, encrypted_key, iv, ciphertext, tag] = parts.as_slice() else { return None };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let header = Claims::parse(&decode(protected)?).ok()?;
    let fields = header.as_map();
    // neither compressed, nor with members that must be understood, nor with a key from elsewhere
    let plain = !["zip", "crit", "jku", "jwk", "x5u", "x5c", "p2s", "p2c"].iter().any(|it| fields.contains_key(*it));
    let nested = header.text("cty").ok()?.is_none_or(|cty| cty.eq_ignore_ascii_case("JWT"));
    if !plain || !nested || header.required_text("enc").ok()? != "A256GCM" {
        return None;
    }
    let (alg, kid) = (header.required_text("alg").ok()?, header.text("kid").ok()?);
    let encrypted_key = decode(encrypted_key)?;
    let iv: [u8; 12] = decode(iv)?.try_into().ok()?;
    let sealed = [decode(ciphertext)?, decode(tag).filter(|tag| tag.len() == 16)?].concat();
    let fits = |key: &&DecryptionKey| key.encryption().name() == alg && kid.is_none_or(|kid| kid == key.0.kid);
    keys.iter().filter(fits).find_map(|key| {
        let content_key = key.content_key(&header, &encrypted_key)?;
        let content_key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key.as_ref()).ok()?);
        let mut sealed = Zeroizing::new(sealed.clone());
        let aad = Aad::from(protected.as_bytes());
        let plain = content_key.open_in_place(Nonce::assume_unique_for_key(iv), aad, &mut sealed).ok()?;
        std::str::from_utf8(plain).ok().map(|text| Zeroizing::new(text.to_owned()))
    })
}

/// The key agreed with the sender's ephemeral key, by the Concat KDF (RFC 7518 §4.6.2).
fn agree(private: &agreement::PrivateKey, header: &Claims, purpose: &str) -> Option<ContentKey> {
    let ephemeral = point(header.as_map().get("epk")?.as_object()?)?;
    let party = |name| header.text(name).ok()?.map_or(Some(Vec::new()), |text| URL_SAFE_NO_PAD.decode(text).ok());
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).ok().map(u32::to_be_bytes);
    let (apu, apv) = (party("apu")?, party("apv")?);
    let mut info = Vec::new();
    for field in [purpose.as_bytes(), &apu, &apv] {
        info.extend(length(field)?);
        info.extend(field);
    }
    // SuppPubInfo: the length of the key, in bits
    info.extend(256_u32.to_be_bytes());
    let mut agreed = ContentKey::default();
    let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    agreement::agree(private, UnparsedPublicKey::new(&ECDH_P256, ephemeral), Unspecified, |shared| {
        sskdf_digest(kdf, shared, &info, agreed.as_mut())
    })
    .ok()?;
    Some(agreed)
}

/// A P-256 public key as an uncompressed point; whether it lies on the curve is for the agreement to see.
fn point(jwk: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("kty")? != "EC" || text("crv")? != "P-256" || jwk.contains_key("d") {
        return None;
    }
    let coordinate = |name| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|bytes| bytes.len() == 32);
    Some([&[4_u8][..], &coordinate("x")?, &coordinate("y")?].concat())
}

#[cfg(test)]
#[path = "decryption_tests.rs"]
mod tests;
