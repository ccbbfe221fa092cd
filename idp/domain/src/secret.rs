//! Secrets that a browser or a relying party bears: cookies, codes, tokens.
//!
//! A [`Bearer`] is typed by the record it opens, so a code can never be looked up where a session is kept
//! (CVE-2026-4282 is that class). The store derives both the place and the key of a record from it: without the
//! bearer secret, neither can be found (architecture rule 7).

use std::marker::PhantomData;

use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::measure::{self, Operation};

/// Base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding; `None` for anything else.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// 256 secret bits that open one kind of record. Neither `Debug` nor `Display` shows them.
pub struct Bearer<R> {
    bytes: Zeroizing<[u8; 32]>,
    opens: PhantomData<fn() -> R>,
}

impl<R> Bearer<R> {
    /// Makes the secret from 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self { bytes: Zeroizing::new(bytes), opens: PhantomData }
    }

    /// Reads what a cookie, code or token carries; `None` unless it is exactly 43 base64url characters.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let written = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut()).ok()?;
        (written == 32).then_some(Self { bytes, opens: PhantomData })
    }

    /// The text to hand to whoever shall bear the secret.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url(self.bytes.as_ref()))
    }

    /// The secret of a record that belongs to this one, under `label`. Knowing the derived one does not give this one.
    pub fn derive<Q>(&self, label: &str) -> Bearer<Q> {
        Bearer::from_random(self.expand(&[b"derive", label.as_bytes()]))
    }

    /// 32 bytes for `purpose`, by HKDF-Expand (RFC 5869). The parts are told apart by their lengths.
    pub fn expand(&self, purpose: &[&[u8]]) -> [u8; 32] {
        expand(&self.bytes, purpose)
    }

    /// Twice 32 bytes for `purpose`, in one expansion.
    pub fn expand_twice(&self, purpose: &[&[u8]]) -> ([u8; 32], [u8; 32]) {
        expand_twice(&self.bytes, purpose)
    }
}

/// 32 bytes for `purpose` from a 32-byte key, by HKDF-Expand with SHA-256 (RFC 5869 §2.3); the parts are told apart by
/// their lengths. The extraction step is left out, as §3.3 allows: the key is uniformly random already.
pub fn expand(key: &[u8; 32], purpose: &[&[u8]]) -> [u8; 32] {
    let mut out = [0_u8; 32];
    fill(key, purpose, hkdf::HKDF_SHA256, &mut out);
    out
}

/// Twice 32 bytes for `purpose` from a 32-byte key, in one expansion.
pub fn expand_twice(key: &[u8; 32], purpose: &[&[u8]]) -> ([u8; 32], [u8; 32]) {
    let mut out = Zeroizing::new([0_u8; 64]);
    fill(key, purpose, TwoBlocks, out.as_mut());
    let (mut one, mut two) = ([0_u8; 32], [0_u8; 32]);
    one.copy_from_slice(&out[..32]);
    two.copy_from_slice(&out[32..]);
    (one, two)
}

struct TwoBlocks;

impl hkdf::KeyType for TwoBlocks {
    fn len(&self) -> usize {
        64
    }
}

fn fill(key: &[u8; 32], purpose: &[&[u8]], length: impl hkdf::KeyType, out: &mut [u8]) {
    let info = delimited(purpose);
    measure::count(Operation::Derivation);
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key)
        .expand(&[&info], length)
        .and_then(|okm| okm.fill(out))
        .expect("one or two blocks are far below the 255 of HKDF-SHA-256");
}

/// Joins fields so that no two lists of fields give the same bytes: each is preceded by its length (8 bytes, big endian).
pub fn delimited(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|field| field.len() + 8).sum());
    for field in fields {
        out.extend_from_slice(&(field.len() as u64).to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

/// HMAC-SHA-256 over delimited fields.
pub fn keyed_hash(key: &[u8; 32], fields: &[&[u8]]) -> [u8; 32] {
    measure::count(Operation::KeyedHash);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &delimited(fields));
    let mut out = [0_u8; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    measure::count(Operation::Hash);
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Compares in a time that depends on the lengths only.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

impl<R> Clone for Bearer<R> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), opens: PhantomData }
    }
}

impl<R> std::fmt::Debug for Bearer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(…)")
    }
}

// A record may hold the secret of another (a finished sign-in holds its code): records are always sealed.
impl<R> Serialize for Bearer<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.expose())
    }
}

impl<'de, R> Deserialize<'de> for Bearer<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a bearer secret"))
    }
}

/// The digest of a client secret. The gateway makes client secrets itself, with 256 random bits, so one SHA-256 is
/// enough: there is nothing to guess.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretDigest(#[serde(with = "digest_text")] [u8; 32]);

impl SecretDigest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret.as_bytes()))
    }

    /// What a secret that nobody has is compared with, so that the comparison takes as long.
    pub const NOBODYS: Self = Self([0; 32]);

    /// Whether `secret` is the one, in constant time.
    pub fn matches(&self, secret: &str) -> bool {
        self.is(&Self::of(secret))
    }

    /// Whether it is the digest of the same secret, in constant time.
    pub fn is(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

mod digest_text {
    use super::{Deserialize, Deserializer, Serializer, base64url, de, from_base64url};

    pub(super) fn serialize<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        from_base64url(&String::deserialize(deserializer)?)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| de::Error::custom("not a digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct A;
    struct B;

    #[test]
    fn a_bearer_secret_survives_its_text() {
        let secret = Bearer::<A>::from_random([7; 32]);
        let read = Bearer::<A>::parse(&secret.expose()).expect("its own text");
        assert_eq!(read.expand(&[b"x"]), secret.expand(&[b"x"]));
    }

    #[test]
    fn only_43_base64url_characters_are_read() {
        for bad in ["", "short", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43), &"é".repeat(22)] {
            assert!(Bearer::<A>::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn fields_are_told_apart_by_their_lengths() {
        assert_ne!(delimited(&[b"ab", b"c"]), delimited(&[b"a", b"bc"]));
        assert_ne!(delimited(&[b"ab"]), delimited(&[b"ab", b""]));
    }

    #[test]
    fn two_expansions_in_one_differ_from_each_other_and_by_purpose() {
        let (one, two) = expand_twice(&[7; 32], &[b"a"]);
        assert_ne!(one, two);
        assert_eq!(one, expand(&[7; 32], &[b"a"]), "the first block is the one of a single expansion");
        assert_ne!(expand_twice(&[7; 32], &[b"b"]).0, one);
    }

    #[test]
    fn derived_secrets_differ_by_label() {
        let secret = Bearer::<A>::from_random([7; 32]);
        let one: Bearer<B> = secret.derive("one");
        let two: Bearer<B> = secret.derive("two");
        assert_ne!(*one.expose(), *two.expose());
        assert_ne!(*one.expose(), *secret.expose());
    }

    #[test]
    fn neither_a_secret_nor_a_digest_shows_itself() {
        assert_eq!(format!("{:?}", Bearer::<A>::from_random([7; 32])), "Bearer(…)");
        assert_eq!(format!("{:?}", SecretDigest::of("secret")), "SecretDigest(…)");
    }

    #[test]
    fn a_client_secret_matches_its_digest_alone() {
        let digest = SecretDigest::of("right");
        assert!(digest.matches("right"));
        assert!(!digest.matches("wrong"));
    }
}
