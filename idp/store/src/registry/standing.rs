//! The accounts that were read within the last second, so that what a relying party asks in a row (a code, userinfo,
//! introspection) asks the engine once (decisions/0015).
//!
//! ```text
//!              one second, from before it was read
//!         ├───────────────────────────────────────────┤
//!  read ──┴─▶ held ──▶ held ──▶ held                    read anew, or refused when the engine does not answer
//!                       ╳ changed on this node: forgotten at once
//! ```
//!
//! An account counts for that second and no longer, so a freeze made on another node, or by hand, takes effect within it,
//! without that node's help.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::identity::account::{Account, AccountKey};

/// How long what was read counts.
pub(super) const LIFE: Duration = Duration::from_secs(1);
/// Accounts held at most: those of more sign-ins a second than one node finishes.
const MOST: usize = 10_000;

/// What is held of an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// As it was read within the last second; `None` when there is no such account.
    Held(Option<Account>),
    /// It has to be read.
    Unread,
}

/// A reading that is about to be made: what changes after it was begun is not overwritten by what it finds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    at: Instant,
    changes: u64,
}

/// The accounts held.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    accounts: HashMap<AccountKey, Found>,
    /// How many changes were made on this node.
    changes: u64,
}

#[derive(Debug)]
struct Found {
    account: Option<Account>,
    at: Instant,
}

impl Found {
    fn counts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < LIFE
    }
}

impl Standings {
    /// What is held of an account at `now`.
    pub(super) fn look(&self, key: &AccountKey, now: Instant) -> Standing {
        match self.shelf().accounts.get(key).filter(|found| found.counts(now)) {
            Some(found) => Standing::Held(found.account.clone()),
            None => Standing::Unread,
        }
    }

    /// Before an account is read.
    pub(super) fn begin(&self, now: Instant) -> Reading {
        Reading { at: now, changes: self.shelf().changes }
    }

    /// Holds what a reading found, unless something changed on this node meanwhile. That there is no account is held of
    /// nobody's key alone: any other may be made the next moment.
    pub(super) fn keep(&self, reading: Reading, key: &AccountKey, account: Option<&Account>) {
        let mut shelf = self.shelf();
        let newer = shelf.accounts.get(key).is_some_and(|found| found.at > reading.at);
        if shelf.changes != reading.changes || newer || (account.is_none() && *key != AccountKey::NOBODY) {
            return;
        }
        if shelf.accounts.len() >= MOST {
            shelf.accounts.retain(|_, found| found.counts(reading.at));
            if shelf.accounts.len() >= MOST {
                shelf.accounts.clear();
            }
        }
        shelf.accounts.insert(key.clone(), Found { account: account.cloned(), at: reading.at });
    }

    /// After an account was changed on this node.
    pub(super) fn changed(&self, key: &AccountKey) {
        let mut shelf = self.shelf();
        shelf.changes += 1;
        shelf.accounts.remove(key);
    }

    /// No act stops halfway under the lock, so a poisoned one still holds whole values.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::identity::account::AccountState;
    use domain::secret::base64url;
    use domain::time::Timestamp;

    use super::*;
    use crate::contract::moment;

    fn key(number: u32) -> AccountKey {
        let mut bytes = [1; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        AccountKey::try_from(base64url(&bytes)).expect("32 bytes")
    }

    fn account(key: AccountKey, state: AccountState) -> Account {
        let (created, last_used) = (Timestamp::from_epoch(1), Timestamp::from_epoch(1));
        Account { key, state, blocked_providers: BTreeSet::new(), created, last_used }
    }

    fn active(number: u32) -> Account {
        account(key(number), AccountState::Active)
    }

    #[test]
    fn what_was_read_counts_for_a_second_from_before_it_was_read() {
        let (standings, start) = (Standings::default(), moment());
        assert_eq!(standings.look(&key(1), start), Standing::Unread);
        standings.keep(standings.begin(start), &key(1), Some(&active(1)));
        for (millis, held) in [(0, true), (999, true), (1000, false), (5000, false)] {
            let later = start + Duration::from_millis(millis);
            let told = if held { Standing::Held(Some(active(1))) } else { Standing::Unread };
            assert_eq!(standings.look(&key(1), later), told, "{millis}");
        }
        assert_eq!(standings.look(&key(2), start), Standing::Unread, "another's");
    }

    #[test]
    fn a_change_on_this_node_is_neither_outlived_nor_overwritten() {
        let (standings, start) = (Standings::default(), moment());
        standings.keep(standings.begin(start), &key(1), Some(&active(1)));
        let reading = standings.begin(start);
        standings.changed(&key(1));
        assert_eq!(standings.look(&key(1), start), Standing::Unread);
        standings.keep(reading, &key(1), Some(&active(1)));
        assert_eq!(standings.look(&key(1), start), Standing::Unread, "it was read before the change");
    }

    #[test]
    fn an_older_reading_that_ends_later_changes_nothing() {
        let (standings, start) = (Standings::default(), moment());
        let (older, newer) = (standings.begin(start), standings.begin(start + Duration::from_millis(5)));
        let frozen = account(key(1), AccountState::Frozen);
        standings.keep(newer, &key(1), Some(&frozen));
        standings.keep(older, &key(1), Some(&active(1)));
        assert_eq!(standings.look(&key(1), start), Standing::Held(Some(frozen)));
    }

    #[test]
    fn that_there_is_no_account_is_held_of_nobody_alone() {
        let (standings, start) = (Standings::default(), moment());
        standings.keep(standings.begin(start), &key(1), None);
        standings.keep(standings.begin(start), &AccountKey::NOBODY, None);
        assert_eq!(standings.look(&key(1), start), Standing::Unread);
        assert_eq!(standings.look(&AccountKey::NOBODY, start), Standing::Held(None));
    }

    #[test]
    fn so_many_are_held_and_no_more() {
        let (standings, start) = (Standings::default(), moment());
        let held = || standings.shelf().accounts.len();
        let most = u32::try_from(MOST).expect("few");
        for number in 0..most {
            standings.keep(standings.begin(start), &key(number), Some(&active(number)));
        }
        assert_eq!(held(), MOST);
        standings.keep(standings.begin(start), &key(most), Some(&active(most)));
        assert_eq!(held(), 1, "all of the same second: begun anew");
        let later = start + LIFE;
        for number in 0..most {
            standings.keep(standings.begin(later), &key(number), Some(&active(number)));
        }
        assert!(held() <= MOST);
        assert_eq!(standings.look(&key(most - 1), later), Standing::Held(Some(active(most - 1))));
    }
}
