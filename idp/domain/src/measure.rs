//! How often each cryptographic operation was done, counted only with the feature `measure`: what the figures tell.
//! Without it, as everything is shipped, [`count`] is nothing. What it counts decides nothing.

/// A cryptographic operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A token signed by a key of ours.
    Signature,
    /// A signature of somebody's checked, its key parsed with it.
    Verification,
    /// SHA-256.
    Hash,
    /// HMAC-SHA-256.
    KeyedHash,
    /// HKDF-Expand, of one or two blocks.
    Derivation,
    /// AES-256-GCM, to keep a record.
    Sealing,
    /// AES-256-GCM, to read a record.
    Opening,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 7] = [
        Self::Signature,
        Self::Verification,
        Self::Hash,
        Self::KeyedHash,
        Self::Derivation,
        Self::Sealing,
        Self::Opening,
    ];

    /// Its name in the figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Verification => "verification",
            Self::Hash => "hash",
            Self::KeyedHash => "keyed_hash",
            Self::Derivation => "derivation",
            Self::Sealing => "sealing",
            Self::Opening => "opening",
        }
    }
}

#[cfg(feature = "measure")]
mod counters {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Operation;

    static DONE: [AtomicU64; Operation::ALL.len()] = [const { AtomicU64::new(0) }; Operation::ALL.len()];

    pub(super) fn count(operation: Operation) {
        DONE[operation as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often an operation was done since the process started.
    pub fn done(operation: Operation) -> u64 {
        DONE[operation as usize].load(Ordering::Relaxed)
    }
}

#[cfg(feature = "measure")]
pub use counters::done;

/// Counts an operation.
#[inline]
pub fn count(operation: Operation) {
    #[cfg(feature = "measure")]
    counters::count(operation);
    #[cfg(not(feature = "measure"))]
    let _ = operation;
}
