//! Who may bring a large body, the files of a card, and how many at once.
//!
//! ```text
//!  up to 32 KiB came ──▶ no turn            more of it ──▶ a turn of its address (4) ──▶ a turn of its door (64) ──▶ all
//! ```
//!
//! Each door has its own turns, so that phones never keep desks waiting; and no address has more than a few of them, so that
//! nobody has all. Whoever only announces much and lets it trickle in holds none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::address::Subscriber;

/// Large bodies that come at once at one door: 32 MiB in all.
const AT_A_DOOR: usize = 64;

/// The same from one address.
const FROM_AN_ADDRESS: usize = 4;

/// The turns of one door.
#[derive(Debug)]
pub(super) struct Turns {
    door: Arc<Semaphore>,
    addresses: Mutex<HashMap<Subscriber, Arc<Semaphore>>>,
}

/// A turn; free again when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _address: OwnedSemaphorePermit,
    _door: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { door: Arc::new(Semaphore::new(AT_A_DOOR)), addresses: Mutex::default() })
    }

    /// Waits for a turn: first of its address, so that who waits for that holds none of the door.
    pub(super) async fn take(&self, by: Subscriber) -> Turn {
        let address = self.of(by).acquire_owned().await.expect("never closed");
        let door = Arc::clone(&self.door).acquire_owned().await.expect("never closed");
        Turn { _address: address, _door: door }
    }

    fn of(&self, by: Subscriber) -> Arc<Semaphore> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else holds or waits for those.
        addresses.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(addresses.entry(by).or_insert_with(|| Arc::new(Semaphore::new(FROM_AN_ADDRESS))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::timeout;

    use super::*;

    fn subscriber(address: [u8; 4]) -> Subscriber {
        Subscriber::of(address.into())
    }

    #[tokio::test]
    async fn one_address_has_a_few_turns_and_others_have_theirs() {
        let turns = Turns::new();
        let (one, other) = (subscriber([192, 0, 2, 1]), subscriber([192, 0, 2, 2]));
        let mut held = Vec::new();
        while let Some(turn) = turns.take(one).now_or_never() {
            held.push(turn);
            assert!(held.len() < 1000, "it has them all");
        }
        assert_eq!(held.len(), FROM_AN_ADDRESS);
        let other = turns.take(other).now_or_never();
        assert!(other.is_some());
        held.pop();
        assert!(turns.take(one).now_or_never().is_some(), "given back");
        drop((held, other));
        let third = turns.take(subscriber([192, 0, 2, 3])).await;
        assert_eq!(turns.addresses.lock().expect("whole").len(), 1, "who holds none is forgotten");
        drop(third);
    }

    #[tokio::test]
    async fn the_turns_of_a_door_end_and_another_door_has_its_own() {
        let (public, desk) = (Turns::new(), Turns::new());
        let mut held = Vec::new();
        for host in 0..=255 {
            held.extend(public.take(subscriber([192, 0, 2, host])).now_or_never());
            // A task that never waits is made to, by and by.
            tokio::task::yield_now().await;
        }
        assert_eq!(held.len(), AT_A_DOOR);
        assert!(desk.take(subscriber([192, 0, 2, 255])).now_or_never().is_some());
        let waits = public.take(subscriber([192, 0, 2, 255]));
        held.pop();
        assert!(timeout(Duration::from_secs(20), waits).await.is_ok());
    }
}
