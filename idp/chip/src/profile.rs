//! Which documents are verified, and how strictly.

use crate::hash::Hash;

/// A set of rules: what one State issues today, or what all States ever issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The French identity card, as a proof at level high: nothing is accepted that these cards do not need.
    Cnie,
    /// Documents of all States, for an auditor: what the field has is accepted, and said.
    Icao,
}

impl Profile {
    /// Its name in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cnie => "cnie",
            Self::Icao => "icao",
        }
    }

    /// Whether a signature over this hash counts.
    pub const fn accepts(self, hash: Hash) -> bool {
        match (self, hash) {
            (Self::Cnie, Hash::Sha1) => false,
            (Self::Icao, Hash::Sha1) | (_, Hash::Sha224 | Hash::Sha256 | Hash::Sha384 | Hash::Sha512) => true,
        }
    }

    /// Whether a signer without a fresh revocation list is refused.
    pub const fn demands_revocation(self) -> bool {
        match self {
            Self::Cnie => true,
            Self::Icao => false,
        }
    }
}
