//! What the Passerelle gateway remembers. It holds no rule: it keeps what the domain decided, and gives it back.
//!
//! ```text
//!               ┌── ephemeral ── memory │ Redis         sign-ins, sessions, codes, tokens: minutes, sealed by the bearer
//!  gateway ─────┤
//!               └── registry ─── SQLite │ PostgreSQL    clients, accounts, consents, people, keys, outbox, journal:
//!                                                       years, citizens by keyed hash, the rest sealed by the vault
//! ```
//!
//! Nothing personal ever reaches an engine in the clear (architecture rule 7): [`seal`] stands before both. Every
//! engine passes one contract suite, in `contract.rs`.

pub mod ephemeral;
pub mod journal;
pub mod registry;
pub mod seal;

#[cfg(test)]
mod contract;

use std::sync::Arc;

use domain::time::Timestamp;

/// Tells the time. Always an argument (architecture rule 10).
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the store could not do what was asked. No message holds anything of a citizen.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine did not answer, or refused. Whether a write took place is unknown.
    #[error("the store is unavailable")]
    Unavailable {
        /// What the engine said.
        #[from]
        source: Outage,
    },
    /// A kept value cannot be read: it was altered, moved to another place, or sealed under another key.
    #[error("a kept value cannot be read: {what}")]
    Corrupt {
        /// What kind of value.
        what: &'static str,
    },
    /// There is no room for another record.
    #[error("the store is full")]
    Full,
    /// A record was to live for no time at all.
    #[error("a record must live for at least one second")]
    NoLifetime,
    /// The schema of the registry is not the one this program was built for.
    #[error("the registry has schema {found}, this program needs {expected}: {}", advice(*.found, *.expected))]
    Schema {
        /// The last migration that the registry went through; 0 for an empty one.
        found: i64,
        /// The last migration this program knows.
        expected: i64,
    },
    /// The registry was sealed under another master key than the one given.
    #[error("the master key is not the one this registry was sealed with")]
    WrongMasterKey,
}

fn advice(found: i64, expected: i64) -> &'static str {
    if found < expected { "run `idp migrate`" } else { "run a newer program" }
}

/// What an engine said when it failed: its own code and words, never the values it was given.
#[derive(Debug, thiserror::Error)]
#[error("{engine}: {detail}")]
pub struct Outage {
    engine: &'static str,
    detail: String,
}

impl Outage {
    pub(crate) fn new(engine: &'static str, detail: impl Into<String>) -> Self {
        Self { engine, detail: detail.into() }
    }
}
