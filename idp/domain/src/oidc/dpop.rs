//! DPoP (RFC 9449): proof that the caller holds a key, for one request, once.
//!
//! ```text
//!  DPoP: header { typ, alg, jwk } . claims { htm, htu, iat, jti, ath?, nonce? } . signature by that very jwk
//! ```
//!
//! What is proven is the thumbprint of the key: it binds codes (§10) and access tokens (§6), and stands in for nothing
//! else. The nonce is ours, without a record of its own: a moment, and a keyed hash over it.

use url::Url;

use super::binding::Thumbprint;
use super::error::TokenError;
use crate::jose::{self, BadToken, Claims, SKEW, SigningAlgorithm};
use crate::secret::{base64url, from_base64url, keyed_hash, same, sha256};
use crate::time::{Lifetime, Timestamp};

/// How old a proof may be, in seconds, beside [`SKEW`].
const PROOF_LIFE: i64 = 60;

/// How long a proof is remembered: through every second in which it counts, on nodes whose clocks are a minute apart either
/// way.
const REMEMBERED: Lifetime = Lifetime::seconds(60 + 2 * 10 + 1 + 2 * 60);

/// How long a nonce counts, in seconds.
const NONCE_LIFE: i64 = 300;

/// How far a nonce may lie ahead, in seconds: another node made it, whose clock is ahead.
const NONCE_AHEAD: i64 = 60;

/// The longest proof that is read, in bytes: an RSA key of 8192 bits and its signature fit.
const MAX_PROOF: usize = 8192;

/// The algorithms that a proof may be signed with (FAPI 2.0 §5.4.1-1), as discovery lists them.
pub fn algorithms() -> impl Iterator<Item = SigningAlgorithm> {
    SigningAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.suits_fapi())
}

/// The secret behind the nonces, the same on every node.
pub struct NonceSecret([u8; 32]);

/// Whether a proof must hold one of our nonces (RFC 9449 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceRule {
    /// It must: a proof that was made beforehand, or elsewhere, is of no use.
    Required,
    /// It need not; one that it holds must be ours and count all the same.
    Optional,
}

/// The request that a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its address, as clients know it: from the issuer, never from a header.
    pub url: &'a str,
    /// The access token that goes with it, at a resource.
    pub token: Option<&'a str>,
}

/// A proof that was good. It counts only when it was not seen before.
#[derive(Debug)]
pub struct Proven {
    /// The key.
    pub key: Thumbprint,
    /// What tells this proof from every other of its key (§11.1).
    pub jti: String,
    /// How long it has to be remembered.
    pub remember: Lifetime,
}

impl NonceSecret {
    /// The secret, from 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The nonce of a moment.
    pub fn nonce(&self, now: Timestamp) -> String {
        let moment = now.epoch().to_be_bytes();
        base64url(&[&moment[..], &self.mark(moment)[..16]].concat())
    }

    fn mark(&self, moment: [u8; 8]) -> [u8; 32] {
        keyed_hash(&self.0, &[b"dpop-nonce", &moment])
    }

    fn counts(&self, nonce: &str, now: Timestamp) -> bool {
        let Some(bytes) = from_base64url(nonce) else { return false };
        let Some((moment, mark)) = bytes.split_first_chunk::<8>() else { return false };
        let age = now.seconds_since(Timestamp::from_epoch(i64::from_be_bytes(*moment)));
        same(mark, &self.mark(*moment)[..16]) && (-NONCE_AHEAD..=NONCE_LIFE).contains(&age)
    }
}

impl std::fmt::Debug for NonceSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NonceSecret(…)")
    }
}

/// Checks a proof (RFC 9449 §4.3).
pub fn check(
    proof: &str,
    call: Call<'_>,
    (rule, secret): (NonceRule, &NonceSecret),
    now: Timestamp,
) -> Result<Proven, TokenError> {
    if proof.len() > MAX_PROOF {
        return Err(TokenError::InvalidDpopProof("the proof is longer than 8192 bytes"));
    }
    let signed = jose::verify_self_signed(proof, "dpop+jwt", algorithms()).map_err(|fault| refusal(&fault))?;
    let claims = signed.claims;
    let bad = TokenError::InvalidDpopProof;
    let text = |name, sentence| claims.text(name).map_err(|_| bad(sentence));
    let jti = text("jti", "jti is missing")?;
    if jti.is_empty() || jti.len() > 256 {
        return Err(bad("jti must be of 1 to 256 bytes"));
    }
    if text("htm", "htm is missing")? != call.method {
        return Err(bad("htm is not the method of this request"));
    }
    if !is_address(text("htu", "htu is missing")?, call.url) {
        return Err(bad("htu is not the address of this endpoint"));
    }
    let age = now.epoch().saturating_sub(claims.integer("iat").map_err(|_| bad("iat must be a whole number"))?);
    if !(-SKEW..=PROOF_LIFE + SKEW).contains(&age) {
        return Err(bad("iat is too far from now: is the clock right"));
    }
    if let Some(token) = call.token {
        let hash = text("ath", "ath is missing")?;
        if !same(hash.as_bytes(), base64url(&sha256(token.as_bytes())).as_bytes()) {
            return Err(bad("ath is not the hash of the access token"));
        }
    }
    check_nonce(&claims, rule, secret, now)?;
    Ok(Proven { jti: jti.to_owned(), key: signed.key, remember: REMEMBERED })
}

fn check_nonce(claims: &Claims, rule: NonceRule, secret: &NonceSecret, now: Timestamp) -> Result<(), TokenError> {
    let nonce = claims.optional_text("nonce");
    match (nonce.map_err(|_| TokenError::InvalidDpopProof("nonce must be a text"))?, rule) {
        (Some(nonce), _) if secret.counts(nonce, now) => Ok(()),
        (None, NonceRule::Optional) => Ok(()),
        (Some(_), _) | (None, NonceRule::Required) => Err(TokenError::UseDpopNonce),
    }
}

/// Whether two addresses are one, after normalisation and without query and fragment (§4.3 point 9).
fn is_address(claimed: &str, own: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    claimed == own || plain(claimed).is_some_and(|claimed| plain(own) == Some(claimed))
}

fn refusal(fault: &BadToken) -> TokenError {
    TokenError::InvalidDpopProof(match fault {
        BadToken::Malformed => "the proof is not a compact JWS",
        BadToken::Algorithm => "alg must be ES256, PS256 or EdDSA",
        BadToken::Header("typ") => "typ must be dpop+jwt",
        BadToken::Header("jwk") => "jwk must hold one public key of P-256, Ed25519 or RSA, and no private member",
        BadToken::Header(_) => "the header holds a parameter that a proof may not have",
        BadToken::UnknownKey | BadToken::Signature => "the signature does not verify by the key in the header",
        BadToken::Claim(_) => "a claim is missing or wrong",
    })
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
