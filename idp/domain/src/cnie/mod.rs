//! The provider of the gateway itself: the national identity card, its chip and its code.
//!
//! ```text
//!  card + code ─ transaction ─▶ CardAndCode ─┬─▶ identity: created ▶ active ▶ requested ▶ at desk ▶ approved ▶ certified
//!   (chip proves)                            │                      ▲         QR, one month       24 hours      │
//!                                            │                      └──────── lapsed, refused, ended ◀──────────┤
//!  card authority ── status ─▶ CardInForce ──┤                                                      suspended ◀┘
//!                                            └─▶ InForce ─▶ CardLevel::high     (no other way to eIDAS high)
//! ```
//!
//! An identity is a card with its code, seen once and named by keyed hashes: no civil fact of a citizen is kept. Who they
//! are is read from the card each time it is shown.

pub mod assertion;
pub mod card;
pub mod case;
pub mod identity;
pub mod indicators;
pub mod link;
pub mod outcome;
pub mod pairing;
pub mod qr;
pub mod refusal;
pub mod reminder;
pub mod status;
pub mod transaction;

use serde::{Deserialize, Serialize};

use crate::secret::{base64url, from_base64url};
use crate::time::Lifetime;

/// How long a certification lasts at most: five years of 365.25 days (cnie.md's rule of the field; renewal is CIR (EU)
/// 2015/1502 §2.2.4).
pub const CERTIFICATION: Lifetime = Lifetime::seconds(5 * 31_557_600);
/// How long a request can be taken to a desk.
pub const REQUEST: Lifetime = Lifetime::seconds(30 * 86_400);
/// How long before its end a certification can be renewed: from its first reminder on (decisions/0030).
pub const RENEWAL: Lifetime = Lifetime::seconds(60 * 86_400);
/// How long an approved citizen has to show card and code.
pub const ACTIVATION: Lifetime = Lifetime::seconds(86_400);
/// How long a new identity waits for its address to be confirmed.
pub const CONFIRMATION: Lifetime = Lifetime::seconds(86_400);
/// How long a citizen who asked by mail alone to be deleted can take it back (CIR (EU) 2015/1502 §2.2.3: whoever asks is not
/// proved by a mailbox, so what cannot be undone waits).
pub const DELETION: Lifetime = Lifetime::seconds(48 * 3600);
/// How long until a deletion that was taken back can be asked for again.
pub const DELETION_AGAIN: Lifetime = Lifetime::seconds(24 * 3600);
/// How long a transaction lasts.
pub const TRANSACTION: Lifetime = Lifetime::seconds(300);
/// How long a handle can be claimed after it was shown.
pub const HANDLE: Lifetime = Lifetime::seconds(60);

/// The hash that names a key of a card: SHA-256 over its DER `SubjectPublicKeyInfo` (RFC 5280 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// Wraps the hash.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_base64url(&text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("not a thumbprint")
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        base64url(&thumbprint.0)
    }
}

/// The version of the terms and the advice on safety that a citizen accepted (CIR (EU) 2015/1502 §2.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TermsVersion(String);

impl TermsVersion {
    /// The version that is asked for today.
    pub const CURRENT: &str = "2026-11";

    /// A version that was accepted; none but today's counts.
    pub fn accepted(text: &str) -> Result<Self, refusal::Refusal> {
        if text == Self::CURRENT { Ok(Self(text.to_owned())) } else { Err(refusal::Refusal::TermsNotAccepted) }
    }

    /// The version.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
