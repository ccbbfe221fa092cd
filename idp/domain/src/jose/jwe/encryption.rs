//! Encryption to the public key of a relying party.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::agreed::{Purpose, agree, point};
use super::{CONTENT_ENCRYPTION, KeyAlgorithm};
use crate::secret::base64url;

/// A public key that tokens are encrypted to. Cheap to clone.
#[derive(Clone)]
pub struct Recipient {
    kid: Option<String>,
    declared: Option<KeyAlgorithm>,
    public: Public,
}

#[derive(Clone)]
enum Public {
    P256(Box<[u8; 65]>),
    Rsa(Arc<OaepPublicEncryptingKey>),
}

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A signed token: a nested JWT, told by `cty` (RFC 7519 §5.2).
    Jwt,
    /// Bare claims.
    Claims,
}

/// A token could not be encrypted: the key does not serve the algorithm, or the provider of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token cannot be encrypted to this key")]
pub struct NotEncrypted;

impl Recipient {
    /// The name and the one algorithm that the key declares, if it does.
    pub(in crate::jose) fn p256(
        kid: Option<String>,
        declared: Option<KeyAlgorithm>,
        x: &[u8],
        y: &[u8],
    ) -> Option<Self> {
        let point = point(x, y)?;
        // A point off the curve is found out now, not when a citizen signs in.
        agreement::ParsedPublicKey::try_from(agreement::UnparsedPublicKey::new(&ECDH_P256, point)).ok()?;
        Some(Self { kid, declared, public: Public::P256(Box::new(point)) })
    }

    /// An RSA key of 2048 to 8192 bits.
    pub(in crate::jose) fn rsa(
        kid: Option<String>,
        declared: Option<KeyAlgorithm>,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Option<Self> {
        let key: PublicEncryptingKey = PublicKeyComponents { n: modulus, e: exponent }.try_into().ok()?;
        if !(2048..=8192).contains(&key.key_size_bits()) {
            return None;
        }
        let key = OaepPublicEncryptingKey::new(key).ok()?;
        Some(Self { kid, declared, public: Public::Rsa(Arc::new(key)) })
    }

    pub(in crate::jose) fn serves(&self, algorithm: KeyAlgorithm) -> bool {
        let fits = match (&self.public, algorithm) {
            (Public::P256(_), KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw)
            | (Public::Rsa(_), KeyAlgorithm::RsaOaep256) => true,
            (Public::P256(_), KeyAlgorithm::RsaOaep256)
            | (Public::Rsa(_), KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw) => false,
        };
        fits && self.declared.is_none_or(|declared| declared == algorithm)
    }

    pub(in crate::jose) fn declares(&self, algorithm: KeyAlgorithm) -> bool {
        self.declared == Some(algorithm)
    }

    /// Encrypts as a compact JWE with A256GCM. Content key, nonce and ephemeral key come from the crypto provider, fresh
    /// for each token.
    pub fn encrypt(&self, plain: &[u8], algorithm: KeyAlgorithm, content: Content) -> Result<String, NotEncrypted> {
        self.try_encrypt(plain, algorithm, content).ok_or(NotEncrypted)
    }

    fn try_encrypt(&self, plain: &[u8], algorithm: KeyAlgorithm, content: Content) -> Option<String> {
        if !self.serves(algorithm) {
            return None;
        }
        let mut header = json!({"alg": algorithm.name(), "enc": CONTENT_ENCRYPTION});
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        match content {
            Content::Jwt => header["cty"] = json!("JWT"),
            Content::Claims => header["typ"] = json!("JWT"),
        }
        let (key, wrapped) = self.content_key(algorithm, &mut header)?;
        let header = base64url(header.to_string().as_bytes());
        let mut nonce = [0_u8; 12];
        rand::fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let tag = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).ok()?)
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(header.as_bytes()), &mut sealed)
            .ok()?;
        let parts = [&wrapped[..], &nonce, &sealed, tag.as_ref()].map(base64url);
        Some(format!("{header}.{}", parts.join(".")))
    }

    /// The content key, and the form in which it travels: not at all, wrapped, or encrypted.
    fn content_key(&self, algorithm: KeyAlgorithm, header: &mut Value) -> Option<(Zeroizing<[u8; 32]>, Vec<u8>)> {
        match &self.public {
            Public::P256(point) => {
                let ephemeral = agreement::PrivateKey::generate(&ECDH_P256).ok()?;
                header["epk"] = public_jwk(&ephemeral)?;
                let purpose = Purpose { algorithm: algorithm.purpose(), apu: b"", apv: b"" };
                let agreed = agree::<32>(&ephemeral, point, &purpose)?;
                if algorithm == KeyAlgorithm::EcdhEs {
                    return Some((agreed, Vec::new()));
                }
                let key = fresh_key()?;
                let mut wrapped = [0_u8; 40];
                let kek = AesKek::new(&AES_256, agreed.as_ref()).ok()?;
                let wrapped = kek.wrap(key.as_ref(), &mut wrapped).ok()?.to_vec();
                Some((key, wrapped))
            }
            Public::Rsa(public) => {
                let key = fresh_key()?;
                let mut wrapped = vec![0; public.ciphertext_size()];
                let wrapped = public.encrypt(&OAEP_SHA256_MGF1SHA256, key.as_ref(), &mut wrapped, None).ok()?.to_vec();
                Some((key, wrapped))
            }
        }
    }
}

fn fresh_key() -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0_u8; 32]);
    rand::fill(key.as_mut()).ok()?;
    Some(key)
}

/// The public half of a P-256 key as a bare JWK (RFC 7518 §6.2.1).
pub(super) fn public_jwk(key: &agreement::PrivateKey) -> Option<Value> {
    let public = key.compute_public_key().ok()?;
    let (x, y) = public.as_ref().get(1..)?.split_at_checked(32)?;
    Some(json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}))
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recipient({:?})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};

    #[test]
    fn every_token_has_a_content_key_of_its_own() {
        let made = agreement::PrivateKey::generate(&ECDH_P256).expect("works");
        let public = made.compute_public_key().expect("works");
        let (x, y) = public.as_ref().get(1..).expect("a point").split_at(32);
        let ec = Recipient::p256(None, None, x, y).expect("on the curve");
        let made = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("works");
        let (n, e) = (made.public_key().modulus(), made.public_key().exponent());
        let rsa = Recipient::rsa(None, None, n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
        let rsa = rsa.expect("2048 bits");
        for algorithm in KeyAlgorithm::ALL {
            let recipient = if ec.serves(algorithm) { &ec } else { &rsa };
            let key = || *recipient.content_key(algorithm, &mut json!({})).expect("made").0;
            let (one, two) = (key(), key());
            assert!(one != two && one != [0; 32] && two != [0; 32], "{algorithm:?}");
        }
    }
}
