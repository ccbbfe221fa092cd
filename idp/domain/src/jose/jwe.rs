//! Decryption of JWE compact tokens (RFC 7516) that identity providers send: ECDH-ES and RSA-OAEP-256 with A256GCM.
//!
//! Every failure is one error: a decryption oracle learns nothing from it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::kdf;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::secret::{base64url, from_base64url};

/// A key encryption algorithm (RFC 7518 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Direct agreement on P-256.
    EcdhEs,
    /// Agreement on P-256, then AES key wrap.
    EcdhEsA256kw,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
}

impl KeyAlgorithm {
    /// Reads a JOSE `alg` name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::EcdhEs, Self::EcdhEsA256kw, Self::RsaOaep256].into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The JOSE `alg` name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// A private key that tokens are decrypted with.
pub struct DecryptionKey(Private);

enum Private {
    P256(agreement::PrivateKey),
    Rsa(Box<OaepPrivateDecryptingKey>),
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
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| Undecipherable)?;
        Ok(Self(Private::Rsa(Box::new(key))))
    }

    /// The public key as a JWK for encryption, for providers to fetch; `None` for RSA keys, whose providers are given
    /// the key at registration.
    pub fn public_jwk(&self, kid: &str) -> Option<Value> {
        match &self.0 {
            Private::P256(key) => {
                let public = key.compute_public_key().ok()?;
                let (x, y) = public.as_ref().get(1..)?.split_at_checked(32)?;
                Some(json!({
                    "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y),
                    "kid": kid, "use": "enc", "alg": "ECDH-ES",
                }))
            }
            Private::Rsa(_) => None,
        }
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
            || named("enc") != Some("A256GCM")
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
        match (&self.0, algorithm) {
            (Private::P256(private), KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw) => {
                let agreed = agree(private, header, algorithm)?;
                if algorithm == KeyAlgorithm::EcdhEs {
                    return wrapped.is_empty().then_some(agreed);
                }
                let kek = AesKek::new(&AES_256, agreed.as_ref()).ok()?;
                let written = kek.unwrap(wrapped, content_key.as_mut()).ok()?.len();
                (written == 32).then_some(content_key)
            }
            (Private::Rsa(private), KeyAlgorithm::RsaOaep256) => {
                let mut out = Zeroizing::new(vec![0; private.key_size_bytes()]);
                let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut out, None).ok()?;
                *content_key = (&*key).try_into().ok()?;
                Some(content_key)
            }
            (Private::P256(_), KeyAlgorithm::RsaOaep256)
            | (Private::Rsa(_), KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw) => None,
        }
    }
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecryptionKey(…)")
    }
}

/// Agreement with the sender's ephemeral key and the Concat KDF (RFC 7518 §4.6.2).
fn agree(
    private: &agreement::PrivateKey,
    header: &Map<String, Value>,
    algorithm: KeyAlgorithm,
) -> Option<Zeroizing<[u8; 32]>> {
    let ephemeral = header.get("epk")?.as_object()?;
    let text = |name: &str| ephemeral.get(name).and_then(Value::as_str);
    if text("kty") != Some("EC") || text("crv") != Some("P-256") {
        return None;
    }
    let (x, y) = (from_base64url(text("x")?)?, from_base64url(text("y")?)?);
    if x.len() != 32 || y.len() != 32 {
        return None;
    }
    let point = [&[4_u8][..], &x, &y].concat();
    let party = |name: &str| match header.get(name) {
        None => Some(Vec::new()),
        Some(value) => from_base64url(value.as_str()?),
    };
    // Direct agreement derives for the content encryption, agreement with key wrap for the wrapping (RFC 7518 §4.6.2).
    let purpose = match algorithm {
        KeyAlgorithm::EcdhEs => "A256GCM",
        KeyAlgorithm::EcdhEsA256kw | KeyAlgorithm::RsaOaep256 => algorithm.name(),
    };
    let mut info = Vec::new();
    for field in [purpose.as_bytes(), &party("apu")?, &party("apv")?] {
        info.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes());
        info.extend_from_slice(field);
    }
    info.extend_from_slice(&256_u32.to_be_bytes());
    let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, point);
    let mut key = Zeroizing::new([0_u8; 32]);
    agreement::agree(private, peer, Undecipherable, |shared| {
        let algorithm = kdf::get_sskdf_digest_algorithm(kdf::SskdfDigestAlgorithmId::Sha256).ok_or(Undecipherable)?;
        kdf::sskdf_digest(algorithm, shared, &info, key.as_mut()).map_err(|_| Undecipherable)
    })
    .ok()?;
    Some(key)
}
