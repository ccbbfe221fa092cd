//! The journal: every accountable act, in one chain that cannot be rewritten without showing.
//!
//! ```text
//!  hash(n) = SHA-256( "journal/1", hash(n-1), n, at, kind, details )
//! ```
//!
//! An entry names pseudonyms only. It says what was done, for which relying party, through which provider, at which
//! level; never who the person is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{ClientId, Kid, ProviderId};
use crate::identity::account::AccountKey;
use crate::identity::civil::Consultation;
use crate::level::Level;
use crate::secret::{delimited, sha256};
use crate::signin::Reuse;
use crate::time::Timestamp;

/// An act that is accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A citizen was signed in at a relying party.
    SignedIn {
        /// The account.
        account: AccountKey,
        /// The relying party.
        client: ClientId,
        /// Who vouched.
        provider: ProviderId,
        /// The level that was met.
        level: Level,
        /// The scopes that were granted.
        scopes: Vec<String>,
        /// How the civil registry was asked.
        consultation: Consultation,
        /// Whether an earlier sign-in was reused.
        reuse: Reuse,
        /// The claims consented to; `None` where the citizen is informed and does not consent.
        consented: Option<Vec<String>>,
        /// The reference in the notice.
        reference: String,
    },
    /// A sign-in was refused after a provider vouched.
    SignInRefused {
        /// The relying party.
        client: ClientId,
        /// Who vouched.
        provider: ProviderId,
        /// The stable code of the refusal.
        code: String,
    },
    /// A session was ended by its citizen.
    LoggedOut {
        /// The account.
        account: AccountKey,
        /// Through which relying party.
        client: Option<ClientId>,
    },
    /// A relying party was registered or changed.
    ClientChanged {
        /// The relying party.
        client: ClientId,
        /// What was done.
        change: ClientChange,
    },
    /// A signing key was made.
    KeyMade {
        /// The key.
        kid: Kid,
    },
}

/// What was done to a relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    /// It was registered.
    Registered,
    /// Its metadata changed.
    Updated,
    /// Its secret was made anew.
    SecretMade,
    /// It was disabled.
    Disabled,
    /// It was enabled again.
    Enabled,
}

impl Act {
    /// The stable name of the act.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } => "signed_in",
            Self::SignInRefused { .. } => "sign_in_refused",
            Self::LoggedOut { .. } => "logged_out",
            Self::ClientChanged { .. } => "client_changed",
            Self::KeyMade { .. } => "key_made",
        }
    }

    /// The details as JSON: the bytes that are hashed and kept.
    pub fn details(&self) -> String {
        let value: Value = match self {
            Self::SignedIn { account, client, provider, level, scopes, consultation, reuse, consented, reference } => {
                json!({
                    "account": account, "client": client, "provider": provider, "level": level, "scopes": scopes,
                    "consultation": consultation, "reuse": reuse, "consented": consented, "reference": reference,
                })
            }
            Self::SignInRefused { client, provider, code } => {
                json!({"client": client, "provider": provider, "code": code})
            }
            Self::LoggedOut { account, client } => json!({"account": account, "client": client}),
            Self::ClientChanged { client, change } => json!({"client": client, "change": change}),
            Self::KeyMade { kid } => json!({"kid": kid}),
        };
        value.to_string()
    }
}

/// The hash of an entry, which binds all entries before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash before the first entry.
    pub const START: Self = Self([0; 32]);

    /// Wraps bytes read from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// The name of the act.
    pub kind: String,
    /// The details of the act, JSON.
    pub details: String,
    /// Its hash.
    pub hash: ChainHash,
}

impl Entry {
    /// Writes an act behind `previous`.
    pub fn append(previous: ChainHash, number: i64, at: Timestamp, act: &Act) -> Self {
        let (kind, details) = (act.kind().to_owned(), act.details());
        let hash = hash(previous, number, at, &kind, &details);
        Self { number, at, kind, details, hash }
    }
}

fn hash(previous: ChainHash, number: i64, at: Timestamp, kind: &str, details: &str) -> ChainHash {
    ChainHash(sha256(&delimited(&[
        b"journal/1",
        &previous.0,
        &number.to_be_bytes(),
        &at.epoch().to_be_bytes(),
        kind.as_bytes(),
        details.as_bytes(),
    ])))
}

/// Where a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing: removed, or out of order.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Missing {
        /// The number that should come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// An entry does not follow from the one before: it, or the one before, was edited.
    #[error("entry {number} was changed")]
    Changed {
        /// The entry.
        number: i64,
    },
    /// The last entries are gone.
    #[error("the journal ends at entry {found}, it was written up to {expected}")]
    CutShort {
        /// The last number written.
        expected: i64,
        /// The last number found.
        found: i64,
    },
}

/// Walks a chain entry by entry.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    last: i64,
    hash: ChainHash,
}

impl Default for Walk {
    fn default() -> Self {
        Self { last: 0, hash: ChainHash::START }
    }
}

impl Walk {
    /// Checks the next entry.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.last + 1;
        if entry.number != expected {
            return Err(Broken::Missing { expected, found: entry.number });
        }
        if hash(self.hash, entry.number, entry.at, &entry.kind, &entry.details) != entry.hash {
            return Err(Broken::Changed { number: entry.number });
        }
        self.last = entry.number;
        self.hash = entry.hash;
        Ok(())
    }

    /// Checks the end against the head that was kept apart.
    pub fn finish(self, head_number: i64, head_hash: ChainHash) -> Result<(), Broken> {
        if self.last != head_number {
            return Err(Broken::CutShort { expected: head_number, found: self.last });
        }
        if self.hash != head_hash {
            return Err(Broken::Changed { number: head_number });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: i64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=length {
            let previous = entries.last().map_or(ChainHash::START, |entry| entry.hash);
            let act = Act::KeyMade { kid: Kid::parse(&format!("k{number}")).expect("plain") };
            entries.push(Entry::append(previous, number, Timestamp::from_epoch(number), &act));
        }
        entries
    }

    fn verify(entries: &[Entry], head: &Entry) -> Result<(), Broken> {
        let mut walk = Walk::default();
        for entry in entries {
            walk.step(entry)?;
        }
        walk.finish(head.number, head.hash)
    }

    #[test]
    fn an_untouched_chain_verifies() {
        let entries = chain(5);
        assert_eq!(verify(&entries, &entries[4]), Ok(()));
    }

    #[test]
    fn every_kind_of_tampering_is_named_with_its_place() {
        let entries = chain(5);
        let head = entries[4].clone();

        let mut removed = entries.clone();
        removed.remove(2);
        assert_eq!(verify(&removed, &head), Err(Broken::Missing { expected: 3, found: 4 }));

        let mut swapped = entries.clone();
        swapped.swap(1, 2);
        assert_eq!(verify(&swapped, &head), Err(Broken::Missing { expected: 2, found: 3 }));

        assert_eq!(verify(&entries[..3], &head), Err(Broken::CutShort { expected: 5, found: 3 }));

        for at in 0..5 {
            let mut edited = entries.clone();
            edited[at].details.push(' ');
            assert_eq!(verify(&edited, &head), Err(Broken::Changed { number: edited[at].number }));
            let mut moved = entries.clone();
            moved[at].at = Timestamp::from_epoch(99);
            assert_eq!(verify(&moved, &head), Err(Broken::Changed { number: moved[at].number }));
        }
    }

    #[test]
    fn a_rewritten_tail_is_seen_at_the_head() {
        let entries = chain(3);
        let mut forged = chain(2);
        let act = Act::KeyMade { kid: Kid::parse("other").expect("plain") };
        forged.push(Entry::append(forged[1].hash, 3, Timestamp::from_epoch(3), &act));
        assert_eq!(verify(&forged, &entries[2]), Err(Broken::Changed { number: 3 }));
    }
}
