//! Proof Key for Code Exchange (RFC 7636), by S256 alone.

use serde::{Deserialize, Serialize};

use crate::secret::{base64url, from_base64url, same, sha256};

/// A PKCE challenge of method S256 (RFC 7636 §4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(String);

impl Challenge {
    /// Reads a challenge: 43 base64url characters.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 43 && from_base64url(text).is_some_and(|bytes| bytes.len() == 32)).then(|| Self(text.to_owned()))
    }

    /// Whether a verifier (43 to 128 unreserved characters) answers the challenge.
    pub fn is_answered_by(&self, verifier: &str) -> bool {
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
            && same(base64url(&sha256(verifier.as_bytes())).as_bytes(), self.0.as_bytes())
    }
}
