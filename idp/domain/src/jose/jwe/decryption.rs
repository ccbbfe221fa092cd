//! Decryption of tokens that identity providers and relying parties send.
//!
//! Every failure is one error, and a content key that could not be had is replaced by a random one, so that the failure
//! comes where any other does (RFC 7516 §11.5): a decryption oracle learns nothing, from the answer or from its time.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::agreed::{Purpose, agree, point};
use super::encryption::public_jwk;
use super::{CONTENT_ENCRYPTION, KeyAlgorithm};
use crate::secret::{base64url, from_base64url, sha256};

/// A private key that tokens are decrypted with.
pub struct DecryptionKey(Private);

enum Private {
    P256(agreement::PrivateKey),
    Rsa { key: Box<OaepPrivateDecryptingKey>, modulus: Vec<u8>, exponent: Vec<u8> },
}

/// A token could not be decrypted, or a key could not be read. There is one error on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token cannot be decrypted")]
pub struct Undecipherable;

impl DecryptionKey {
    /// Reads a P-256 or RSA private key (2048 to 8192 bits) from PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Undecipherable> {
        if let Ok(key) = agreement::PrivateKey::from_private_key_der(&ECDH_P256, der) {
            return Ok(Self(Private::P256(key)));
        }
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Undecipherable)?;
        if !(256..=1024).contains(&key.key_size_bytes()) {
            return Err(Undecipherable);
        }
        let key = Box::new(OaepPrivateDecryptingKey::new(key).map_err(|_| Undecipherable)?);
        // The only type of the provider that shows the numbers of a public key.
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| Undecipherable)?;
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
        Ok(Self(Private::Rsa { key, modulus, exponent }))
    }

    /// Makes an RSA key of 3072 bits, as PKCS#8 DER.
    pub fn generate_rsa() -> Result<Zeroizing<Vec<u8>>, Undecipherable> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| Undecipherable)?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Undecipherable)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// Reads a P-256 private key from its scalar; `None` when the number is not one (0, or not below the group's order:
    /// one of 2^32 random ones).
    pub fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).ok().map(|key| Self(Private::P256(key)))
    }

    /// The public key as a JWK for encryption, named by its thumbprint (RFC 7638); `None` when the provider does not give
    /// the point of a P-256 key.
    pub fn public_jwk(&self) -> Option<Value> {
        // The members that the thumbprint is over, in the order of their names (RFC 7638 §3.2).
        let (mut jwk, members) = match &self.0 {
            Private::P256(key) => {
                let jwk = public_jwk(key)?;
                let members = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
                (jwk, members)
            }
            Private::Rsa { modulus, exponent, .. } => {
                let (n, e) = (base64url(modulus), base64url(exponent));
                let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
                (json!({"kty": "RSA", "alg": KeyAlgorithm::RsaOaep256.name(), "n": n, "e": e}), members)
            }
        };
        jwk["kid"] = json!(base64url(&sha256(members.as_bytes())));
        jwk["use"] = json!("enc");
        Some(jwk)
    }

    /// Decrypts a compact JWE of the registered algorithm with content encryption A256GCM.
    pub fn decrypt(&self, token: &str, algorithm: KeyAlgorithm) -> Result<Zeroizing<Vec<u8>>, Undecipherable> {
        self.try_decrypt(token, algorithm).ok_or(Undecipherable)
    }

    fn try_decrypt(&self, token: &str, algorithm: KeyAlgorithm) -> Option<Zeroizing<Vec<u8>>> {
        if token.len() > 262_144 {
            return None;
        }
        let mut parts = token.split('.');
        let mut part = || parts.next();
        let (header, key, iv, text, tag) = (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return None;
        }
        let fields: Map<String, Value> = serde_json::from_slice(&from_base64url(header)?).ok()?;
        let named = |name: &str| fields.get(name).and_then(Value::as_str);
        let forbidden = ["zip", "crit", "jku", "x5u", "jwk", "x5c", "p2c", "p2s"];
        if named("alg") != Some(algorithm.name())
            || named("enc") != Some(CONTENT_ENCRYPTION)
            || forbidden.iter().any(|name| fields.contains_key(*name))
        {
            return None;
        }
        let content_key = self.content_key(&fields, &from_base64url(key)?, algorithm)?;
        let iv: [u8; 12] = from_base64url(iv)?.try_into().ok()?;
        let mut sealed = Zeroizing::new(from_base64url(text)?);
        let tag: [u8; 16] = from_base64url(tag)?.try_into().ok()?;
        sealed.extend_from_slice(&tag);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key.as_ref()).ok()?);
        let length =
            key.open_in_place(Nonce::assume_unique_for_key(iv), Aad::from(header.as_bytes()), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }

    fn content_key(
        &self,
        header: &Map<String, Value>,
        wrapped: &[u8],
        algorithm: KeyAlgorithm,
    ) -> Option<Zeroizing<[u8; 32]>> {
        let mut content_key = Zeroizing::new([0_u8; 32]);
        rand::fill(content_key.as_mut()).ok()?;
        match (&self.0, algorithm) {
            (Private::P256(private), KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw) => {
                let agreed = agreed(private, header, algorithm)?;
                if algorithm == KeyAlgorithm::EcdhEs {
                    return wrapped.is_empty().then_some(agreed);
                }
                let kek = AesKek::new(&AES_256, agreed.as_ref()).ok()?;
                let mut unwrapped = Zeroizing::new([0_u8; 32]);
                if kek.unwrap(wrapped, unwrapped.as_mut()).is_ok_and(|key| key.len() == 32) {
                    content_key = unwrapped;
                }
                Some(content_key)
            }
            (Private::Rsa { key: private, .. }, KeyAlgorithm::RsaOaep256) => {
                let mut out = Zeroizing::new(vec![0; private.key_size_bytes()]);
                let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut out, None);
                if let Some(key) = key.ok().and_then(|key| <[u8; 32]>::try_from(&*key).ok()) {
                    *content_key = key;
                }
                Some(content_key)
            }
            (Private::P256(_), KeyAlgorithm::RsaOaep256)
            | (Private::Rsa { .. }, KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw) => None,
        }
    }
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecryptionKey(…)")
    }
}

/// Agreement with the sender's ephemeral key.
fn agreed(
    private: &agreement::PrivateKey,
    header: &Map<String, Value>,
    algorithm: KeyAlgorithm,
) -> Option<Zeroizing<[u8; 32]>> {
    let ephemeral = header.get("epk")?.as_object()?;
    let text = |name: &str| ephemeral.get(name).and_then(Value::as_str);
    if text("kty") != Some("EC") || text("crv") != Some("P-256") {
        return None;
    }
    let point = point(&from_base64url(text("x")?)?, &from_base64url(text("y")?)?)?;
    let party = |name: &str| match header.get(name) {
        None => Some(Vec::new()),
        Some(value) => from_base64url(value.as_str()?),
    };
    let purpose = Purpose { algorithm: algorithm.purpose(), apu: &party("apu")?, apv: &party("apv")? };
    agree(private, &point, &purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_key_that_cannot_be_had_is_replaced_by_a_random_one() {
        let rsa = DecryptionKey::from_pkcs8(&DecryptionKey::generate_rsa().expect("made")).expect("its own form");
        let p256 = DecryptionKey::from_scalar(&[7; 32]).expect("a scalar");
        let epk = DecryptionKey::from_scalar(&[8; 32]).and_then(|key| key.public_jwk()).expect("a scalar");
        let header = json!({ "epk": epk }).as_object().cloned().expect("an object");
        for (key, algorithm, length) in [(&rsa, KeyAlgorithm::RsaOaep256, 384), (&p256, KeyAlgorithm::EcdhEsA256kw, 40)]
        {
            for wrapped in [vec![1; length], vec![0; length], vec![1; 3], Vec::new()] {
                let had = || *key.content_key(&header, &wrapped, algorithm).expect("a key in any case");
                let (one, two) = (had(), had());
                assert!(one != two && one != [0; 32] && two != [0; 32], "{algorithm:?}, {} bytes", wrapped.len());
            }
        }
    }
}
