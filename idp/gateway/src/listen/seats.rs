//! Who may be connected at once, and who gives up the place when there is none left.
//!
//! ```text
//!            handshake, header, body              handler
//!   take ──▶ waiting for the peer ──▶ serve ──▶ being served ──▶ waiting for the peer ──▶ …
//!                     │
//!                     └── after a moment of patience: given up, longest wait first, when another needs the seat
//! ```
//!
//! Peers that connect and say nothing, or let a body trickle in, cannot shut others out (slow request attacks): while
//! there is room they are left in peace, after that they go first. A request that is being answered keeps its seat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::address::Subscriber;

/// The seats of one listener.
#[derive(Debug)]
pub(super) struct Seats {
    room: Room,
    table: Mutex<Table>,
    left: Notify,
}

/// How many seats there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// In all.
    pub(super) connections: usize,
    /// For one subscriber.
    pub(super) each: usize,
    /// How long a seat is safe while nothing comes from the peer.
    pub(super) patience: Duration,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, Taken>,
    counts: HashMap<Subscriber, usize>,
}

#[derive(Debug)]
struct Taken {
    by: Option<Subscriber>,
    requests: usize,
    waiting_since: Instant,
    leave: CancellationToken,
}

/// A seat; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat(Place);

/// Where a connection sits.
#[derive(Debug, Clone)]
pub(super) struct Place {
    seats: Arc<Seats>,
    number: u64,
}

/// While this is held, a request of the connection is being answered.
#[derive(Debug)]
pub(super) struct Serving(Place);

enum Offer {
    Seat(u64),
    /// The subscriber has all the seats that one may have.
    Refused,
    /// Nobody has waited long enough to be sent away.
    Later,
}

impl Seats {
    pub(super) fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, table: Mutex::default(), left: Notify::new() })
    }

    /// Takes a seat, as soon as there is one; `None` when this subscriber has too many. Whoever has to give up their
    /// seat finds `leave` cancelled. Without a subscriber only the number of all seats counts.
    pub(super) async fn take(self: &Arc<Self>, by: Option<Subscriber>, leave: &CancellationToken) -> Option<Seat> {
        loop {
            match self.offer(by, leave) {
                Offer::Seat(number) => return Some(Seat(Place { seats: Arc::clone(self), number })),
                Offer::Refused => return None,
                // Woken by whoever leaves; after a while, because others may have lost patience's protection.
                Offer::Later => drop(timeout(self.room.patience, self.left.notified()).await),
            }
        }
    }

    fn offer(&self, by: Option<Subscriber>, leave: &CancellationToken) -> Offer {
        let mut table = self.table();
        let own = by.and_then(|by| table.counts.get(&by)).copied().unwrap_or(0);
        if own >= self.room.each && !table.give_up(self.room.patience, |taken| taken.by == by) {
            return Offer::Refused;
        }
        if table.taken.len() >= self.room.connections && !table.give_up(self.room.patience, |_| true) {
            return Offer::Later;
        }
        Offer::Seat(table.add(by, leave.clone()))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, by: Option<Subscriber>, leave: CancellationToken) -> u64 {
        let number = self.next;
        self.next += 1;
        if let Some(by) = by {
            *self.counts.entry(by).or_default() += 1;
        }
        self.taken.insert(number, Taken { by, requests: 0, waiting_since: Instant::now(), leave });
        number
    }

    fn remove(&mut self, number: u64) -> Option<Taken> {
        let taken = self.taken.remove(&number)?;
        if let Some(by) = taken.by
            && let Some(count) = self.counts.get_mut(&by)
        {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&by);
            }
        }
        Some(taken)
    }

    /// Sends away whoever has kept us waiting longest, of those that `choose` names.
    fn give_up(&mut self, patience: Duration, choose: impl Fn(&Taken) -> bool) -> bool {
        let longest = self
            .taken
            .iter()
            .filter(|(_, taken)| taken.requests == 0 && taken.waiting_since.elapsed() >= patience && choose(taken))
            .min_by_key(|(_, taken)| taken.waiting_since)
            .map(|(number, _)| *number);
        match longest.and_then(|number| self.remove(number)) {
            Some(taken) => {
                taken.leave.cancel();
                true
            }
            None => false,
        }
    }
}

impl Seat {
    /// Where it is.
    pub(super) fn place(&self) -> Place {
        self.0.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Whoever was sent away is no longer at the table.
        let _ = self.0.seats.table().remove(self.0.number);
        self.0.seats.left.notify_one();
    }
}

impl Place {
    /// A request has come whole and is being answered until the result is dropped.
    pub(super) fn serve(&self) -> Serving {
        if let Some(taken) = self.seats.table().taken.get_mut(&self.number) {
            taken.requests += 1;
        }
        Serving(self.clone())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(taken) = self.0.seats.table().taken.get_mut(&self.0.number) {
            taken.requests -= 1;
            taken.waiting_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(address: &str) -> Subscriber {
        Subscriber::of(address.parse().expect("an address"))
    }

    fn seats(connections: usize, each: usize, patience: Duration) -> Arc<Seats> {
        Seats::new(Room { connections, each, patience })
    }

    /// Takes a seat, and fails where it would wait for ever.
    async fn take(seats: &Arc<Seats>, by: impl Into<Option<Subscriber>>, leave: &CancellationToken) -> Option<Seat> {
        timeout(Duration::from_secs(20), seats.take(by.into(), leave)).await.expect("an answer")
    }

    const AT_ONCE: Duration = Duration::ZERO;
    const NEVER: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn the_longest_wait_ends_first_when_another_needs_the_seat() {
        let (seats, tokens) = (seats(2, 2, AT_ONCE), [(); 3].map(|()| CancellationToken::new()));
        let one = take(&seats, subscriber("192.0.2.1"), &tokens[0]).await.expect("free");
        let _two = take(&seats, subscriber("192.0.2.2"), &tokens[1]).await.expect("free");
        // A request that came and went: from here on the second has waited longer.
        drop(one.place().serve());
        let _three = take(&seats, subscriber("192.0.2.3"), &tokens[2]).await.expect("given up for it");
        assert_eq!(tokens.map(|token| token.is_cancelled()), [false, true, false]);
    }

    #[tokio::test]
    async fn a_connection_that_is_served_keeps_its_seat_and_the_next_one_waits() {
        let (seats, token) = (seats(1, 1, AT_ONCE), CancellationToken::new());
        let seat = take(&seats, subscriber("192.0.2.1"), &token).await.expect("free");
        let serving = seat.place().serve();
        let other = CancellationToken::new();
        assert!(matches!(seats.offer(Some(subscriber("192.0.2.2")), &other), Offer::Later));
        assert!(!token.is_cancelled());
        drop(serving);
        assert!(take(&seats, subscriber("192.0.2.2"), &other).await.is_some());
        assert!(token.is_cancelled());
    }

    #[tokio::test]
    async fn one_subscriber_has_a_share_of_the_seats_and_the_gateway_s_proxies_have_all() {
        let (seats, token) = (seats(4, 2, NEVER), CancellationToken::new());
        let network = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
        let first = take(&seats, subscriber(network[0]), &token).await.expect("free");
        let _second = take(&seats, subscriber(network[1]), &token).await.expect("free");
        assert!(take(&seats, subscriber(network[2]), &token).await.is_none(), "its share is used up");
        assert!(take(&seats, subscriber("2001:db8:0:1::1"), &token).await.is_some(), "another network");
        drop(first);
        let _third = take(&seats, subscriber(network[2]), &token).await.expect("free again");
        let _proxies =
            [take(&seats, None, &token).await.expect("free"), take(&seats, None, &token).await.expect("free")];
        assert!(matches!(seats.offer(None, &token), Offer::Later), "the number of all seats holds for proxies too");
    }

    #[tokio::test]
    async fn who_was_sent_away_frees_nothing_twice() {
        let (seats, token) = (seats(1, 1, AT_ONCE), CancellationToken::new());
        let first = take(&seats, subscriber("192.0.2.1"), &token).await.expect("free");
        let second = take(&seats, subscriber("192.0.2.1"), &token).await.expect("its own longest wait ends");
        drop((first.place().serve(), first));
        let table = seats.table();
        assert_eq!((table.taken.len(), table.counts.values().sum::<usize>()), (1, 1));
        drop(table);
        drop(second);
        assert!(seats.table().taken.is_empty() && seats.table().counts.is_empty());
    }
}
