//! Records in this process.
//!
//! The end of a record is judged by the clock that was given; moka's own timer only returns the room. Every act that
//! changes a place goes through moka's lock of that place (`and_compute_with`): its plain `remove` would slip between
//! the reading and the writing of a swap and bring a taken record back.
//!
//! ```text
//!  sign-ins              ── a room of their own: anybody can begin one, without an account or a client
//!  pushed requests       ── a room of their own: any client may push as often as its limit allows
//!  uses of cards         ── a room of their own: any phone can begin one, with proofs of a key that nobody knows
//!  everything else       ── the other room: a citizen signed in, or a client authenticated
//! ```

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::time::{Lifetime, Timestamp};
use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};
use moka::{Entry, Expiry};

use super::{Budget, Kind, Put, Swapped};
use crate::seal::{Blob, Place, Version, version_of};
use crate::{Clock, StoreError};

/// Bytes that a record takes beside its own: place, ends, and moka's nodes. Measured: 50 000 records make a process
/// grow by 477 to 556 bytes each more than they are long (with the allocator of the C library).
const OVERHEAD: usize = 512;

#[derive(Clone)]
pub(crate) struct Memory {
    rooms: Arc<Rooms>,
    clock: Clock,
}

struct Rooms {
    sign_ins: Room,
    pushed: Room,
    cards: Room,
    rest: Room,
}

/// Records that share a budget.
struct Room {
    held: Cache<Place, Held>,
    /// Bytes.
    budget: u64,
}

#[derive(Clone)]
struct Held {
    blob: Arc<Blob>,
    until: Timestamp,
    lifetime: Duration,
}

impl Memory {
    pub(super) fn new(clock: Clock, budget: Budget) -> Self {
        let Budget { sign_ins, pushed, cards, rest } = budget;
        let [sign_ins, pushed, cards, rest] = [sign_ins, pushed, cards, rest].map(Room::new);
        Self { rooms: Arc::new(Rooms { sign_ins, pushed, cards, rest }), clock }
    }

    /// Whether there is room for the codes, tokens and sessions of those who came through. A flood of new sign-ins does
    /// not count: what this node does for everyone else goes on.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.rooms.rest.has_room(self.rooms.rest.budget).await
    }

    fn held(&self, place: Place) -> &Cache<Place, Held> {
        &self.room(place).held
    }

    fn room(&self, place: Place) -> &Room {
        match place.kind {
            Kind::SignIn | Kind::Ceremony | Kind::PartnerCeremony | Kind::SignUp => &self.rooms.sign_ins,
            Kind::Pushed => &self.rooms.pushed,
            Kind::CardTransaction | Kind::Pairing | Kind::CardProof => &self.rooms.cards,
            Kind::Session
            | Kind::Code
            | Kind::AccessToken
            | Kind::Completion
            | Kind::Leaving
            | Kind::LoggedOut
            | Kind::ClientAssertion
            | Kind::RefreshToken
            | Kind::Family
            | Kind::DpopProof
            | Kind::AgentSession
            | Kind::Allowance
            | Kind::PartnerSession
            | Kind::DeskPapers => &self.rooms.rest,
        }
    }

    pub(super) async fn put(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        let room = self.room(place);
        room.has_room(room.budget).await?;
        self.keep(place, blob, lifetime).await
    }

    pub(super) async fn put_under_way(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        let room = self.room(place);
        room.has_room(room.budget.saturating_mul(2)).await?;
        self.keep(place, blob, lifetime).await
    }

    async fn keep(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        let now = (self.clock)();
        let new = Held::new(blob, now, lifetime);
        let outcome = self
            .held(place)
            .entry(place)
            .and_compute_with(|old| ready(if live(old, now).is_some() { Op::Nop } else { Op::Put(new) }))
            .await;
        Ok(match outcome {
            CompResult::Inserted(_) | CompResult::ReplacedWith(_) => Put::Fresh,
            CompResult::Unchanged(_) | CompResult::StillNone(_) | CompResult::Removed(_) => Put::Taken,
        })
    }

    pub(super) async fn look(&self, place: Place) -> Option<Blob> {
        let held = self.held(place).get(&place).await?;
        (!held.until.is_past((self.clock)())).then(|| held.blob.to_vec())
    }

    pub(super) async fn take(&self, place: Place) -> Option<Blob> {
        let now = (self.clock)();
        match self.held(place).entry(place).and_compute_with(|_| ready(Op::Remove)).await {
            CompResult::Removed(entry) => live(Some(entry), now).map(|held| held.blob.to_vec()),
            CompResult::StillNone(_)
            | CompResult::Unchanged(_)
            | CompResult::Inserted(_)
            | CompResult::ReplacedWith(_) => None,
        }
    }

    pub(super) async fn swap(&self, place: Place, held: Version, blob: Blob, lifetime: Lifetime) -> Swapped {
        let now = (self.clock)();
        let new = Held::new(blob, now, lifetime);
        let outcome = self
            .held(place)
            .entry(place)
            .and_compute_with(|old| {
                let stands = live(old, now).is_some_and(|old| version_of(&old.blob) == Some(held));
                ready(if stands { Op::Put(new) } else { Op::Nop })
            })
            .await;
        match outcome {
            CompResult::ReplacedWith(_) => Swapped::Yes,
            CompResult::Unchanged(_) | CompResult::StillNone(_) | CompResult::Inserted(_) | CompResult::Removed(_) => {
                Swapped::No
            }
        }
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn dump(&self) -> Vec<u8> {
        let Rooms { sign_ins, pushed, cards, rest } = &*self.rooms;
        let all = [sign_ins, pushed, cards, rest].into_iter().flat_map(|room| room.held.iter());
        all.flat_map(|(place, held)| [place.hash.as_slice(), &held.blob].concat()).collect()
    }
}

impl Room {
    fn new(budget: u64) -> Self {
        // No `max_capacity`: moka would evict the live record that was asked for least. `put` refuses instead.
        let held = Cache::builder().weigher(|_, held: &Held| held.weight()).expire_after(Ends).build();
        Self { held, budget }
    }

    /// Refuses when a budget is used up. Moka counts a few hundred writes late, so it may be passed by as many.
    async fn has_room(&self, budget: u64) -> Result<(), StoreError> {
        if self.held.weighted_size() >= budget {
            // What has ended meanwhile goes now.
            self.held.run_pending_tasks().await;
            if self.held.weighted_size() >= budget {
                return Err(StoreError::Full);
            }
        }
        Ok(())
    }
}

impl Held {
    fn new(blob: Blob, now: Timestamp, lifetime: Lifetime) -> Self {
        Self {
            blob: Arc::new(blob),
            until: now.plus(lifetime),
            lifetime: Duration::from_secs(lifetime.as_seconds().into()),
        }
    }

    /// Bytes.
    fn weight(&self) -> u32 {
        u32::try_from(self.blob.capacity().saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
    }
}

fn live(entry: Option<Entry<Place, Held>>, now: Timestamp) -> Option<Held> {
    entry.map(Entry::into_value).filter(|held| !held.until.is_past(now))
}

struct Ends;

impl Expiry<Place, Held> for Ends {
    fn expire_after_create(&self, _: &Place, held: &Held, _: Instant) -> Option<Duration> {
        Some(held.lifetime)
    }

    fn expire_after_update(&self, _: &Place, held: &Held, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(held.lifetime)
    }
}
