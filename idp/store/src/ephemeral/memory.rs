//! Records in this process.
//!
//! The end of a record is judged by the clock that was given; moka's own timer only returns the room. Every act that
//! changes a place goes through moka's lock of that place (`and_compute_with`): its plain `remove` would slip between
//! the reading and the writing of a swap and bring a taken record back.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::time::{Lifetime, Timestamp};
use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};
use moka::{Entry, Expiry};

use super::{Put, Swapped};
use crate::seal::{Blob, Place, Version, version_of};
use crate::{Clock, StoreError};

#[derive(Clone)]
pub(crate) struct Memory {
    held: Cache<Place, Held>,
    capacity: u64,
    clock: Clock,
}

#[derive(Clone)]
struct Held {
    blob: Arc<Blob>,
    until: Timestamp,
    lifetime: Duration,
}

impl Memory {
    pub(super) fn new(clock: Clock, capacity: u64) -> Self {
        // No `max_capacity`: moka would evict the live record that was asked for least. `put` refuses instead.
        Self { held: Cache::builder().expire_after(Ends).build(), capacity, clock }
    }

    pub(super) async fn put(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        if self.held.entry_count() >= self.capacity {
            self.held.run_pending_tasks().await;
            if self.held.entry_count() >= self.capacity {
                return Err(StoreError::Full);
            }
        }
        let now = (self.clock)();
        let new = Held::new(blob, now, lifetime);
        let outcome = self
            .held
            .entry(place)
            .and_compute_with(|old| ready(if live(old, now).is_some() { Op::Nop } else { Op::Put(new) }))
            .await;
        Ok(match outcome {
            CompResult::Inserted(_) | CompResult::ReplacedWith(_) => Put::Fresh,
            CompResult::Unchanged(_) | CompResult::StillNone(_) | CompResult::Removed(_) => Put::Taken,
        })
    }

    pub(super) async fn look(&self, place: Place) -> Option<Blob> {
        let held = self.held.get(&place).await?;
        (!held.until.is_past((self.clock)())).then(|| held.blob.to_vec())
    }

    pub(super) async fn take(&self, place: Place) -> Option<Blob> {
        let now = (self.clock)();
        match self.held.entry(place).and_compute_with(|_| ready(Op::Remove)).await {
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
            .held
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
        self.held.iter().flat_map(|(place, held)| [place.hash.as_slice(), &held.blob].concat()).collect()
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
