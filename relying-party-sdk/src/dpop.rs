//! Tokens bound to a key of this site (RFC 9449): a stolen one is of no use without the key.
//!
//! Each call carries a proof, signed for this method and address, now. A server may ask for its own nonce in it:
//! the newest nonce of each server is remembered, and a call refused for want of one is sent once more.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use url::Url;

use crate::client_key::{assemble, p256_jwk, pkcs8, sign_es256, unusable};
use crate::error::Error;
use crate::random;

/// Servers whose nonce is remembered; a site calls a gateway and some data providers.
const MOST_SERVERS: usize = 64;
/// Bytes of an honest nonce.
const LONGEST_NONCE: usize = 512;

/// The P-256 key to which this site has its tokens bound.
#[derive(Clone)]
pub struct DpopKey(Arc<EcdsaKeyPair>);

impl DpopKey {
    /// A new key that lives as long as this process: tokens kept in sessions are of no use after a restart, nor to
    /// other processes of the site.
    pub fn generate() -> Self {
        Self(Arc::new(new_pair()))
    }

    /// A key that all processes of the site share, as PKCS#8 PEM.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is no P-256 key.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let der = pkcs8("dpop_key", pem)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der());
        pair.map(|pair| Self(Arc::new(pair))).map_err(|_| unusable("dpop_key"))
    }

    /// The thumbprint of the public half (RFC 7638), for `dpop_jkt`.
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = p256_jwk(self.0.public_key().as_ref());
        // RFC 7638 §3.3: the required members, in this order, without spaces
        let text = format!(r#"{{"crv":{},"kty":{},"x":{},"y":{}}}"#, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }

    /// A proof for one call (RFC 9449 §4.2).
    pub(crate) fn proof(&self, call: &Call<'_>) -> String {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": p256_jwk(self.0.public_key().as_ref())});
        let mut target = call.url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = json!({"jti": random::token(), "htm": call.method, "htu": target.as_str(), "iat": call.now});
        if let Some(nonce) = call.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(token) = call.access_token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        }
        assemble(&header, &claims, |message| sign_es256(&self.0, message))
    }
}

/// Shows nothing of the key.
impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey(…)")
    }
}

fn new_pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("aws-lc makes a key unless memory has run out")
}

/// The call that a proof is for.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// The newest nonce of the server, if it ever gave one.
    pub(crate) nonce: Option<&'a str>,
    /// The token that is shown, at a resource server.
    pub(crate) access_token: Option<&'a str>,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// The newest nonce of each server (RFC 9449 §8.2).
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<HashMap<String, String>>);

impl Nonces {
    pub(crate) fn of(&self, server: &Url) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&server.origin().ascii_serialization()).cloned()
    }

    /// Remembers what a `DPoP-Nonce` header says; what no server honestly sends is passed over.
    pub(crate) fn remember(&self, server: &Url, nonce: &str) {
        // RFC 9449 §8.1: NQCHAR
        let nqchar = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if nonce.is_empty() || nonce.len() > LONGEST_NONCE || !nonce.bytes().all(nqchar) {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = server.origin().ascii_serialization();
        // a nonce lost costs one call more
        if kept.len() >= MOST_SERVERS && !kept.contains_key(&origin) {
            kept.clear();
        }
        kept.insert(origin, nonce.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn the_thumbprint_is_that_of_the_published_key() {
        let key = DpopKey::generate();
        let jwk = p256_jwk(key.0.public_key().as_ref());
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).expect("a JWK");
        let reference = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).expect("a hash");
        assert_eq!(key.thumbprint(), reference);
    }

    #[test]
    fn the_newest_nonce_of_each_server_is_kept_apart_and_hostile_ones_are_passed_over() {
        let nonces = Nonces::default();
        nonces.remember(&url("https://gateway.example/token"), "one");
        nonces.remember(&url("https://gateway.example/par"), "two");
        nonces.remember(&url("https://data.example/"), "other");
        assert_eq!(nonces.of(&url("https://gateway.example/userinfo")).as_deref(), Some("two"));
        assert_eq!(nonces.of(&url("https://data.example/x")).as_deref(), Some("other"));
        assert_eq!(nonces.of(&url("https://data.example:444/x")), None);
        for hostile in ["", "a b", "a\"b", "a\\b", "é", &"n".repeat(LONGEST_NONCE + 1)] {
            nonces.remember(&url("https://gateway.example/"), hostile);
        }
        assert_eq!(nonces.of(&url("https://gateway.example/")).as_deref(), Some("two"));
        for server in 0..200 {
            nonces.remember(&url(&format!("https://s{server}.example/")), "n");
            assert!(nonces.0.lock().expect("kept").len() <= MOST_SERVERS);
        }
    }
}
