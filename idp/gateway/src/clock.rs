//! The clock, as a value: everything that needs the time is given one (architecture rule 10).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(test)]
use domain::time::Lifetime;
use domain::time::Timestamp;

/// How far a clock may be behind the latest moment that was seen, in seconds: the clocks of two nodes are not the same to the
/// second, and a clock that is put right goes back a little.
const TOLERANCE: i64 = 120;

/// Tells the time. Cheap to clone; clones of a manual clock move together, and all know the latest moment that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    source: Source,
    floor: Arc<AtomicI64>,
}

/// The clock is behind a moment that was seen before: whatever is judged by it could be long over (cnie.md §15, threat 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock is {seconds} seconds behind a moment that was seen before")]
pub(crate) struct WentBack {
    seconds: i64,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    #[cfg(test)]
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub(crate) fn system() -> Self {
        Self::of(Source::System)
    }

    fn of(source: Source) -> Self {
        Self { source, floor: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// Takes note of a moment that some node has seen.
    pub(crate) fn seen(&self, moment: Timestamp) {
        self.floor.fetch_max(moment.epoch(), Ordering::Relaxed);
    }

    /// Forgets what was seen, for what an operator takes for the latest moment.
    pub(crate) fn take_back(&self, moment: Timestamp) {
        self.floor.store(moment.epoch(), Ordering::Relaxed);
    }

    /// Whether it can be believed: what proves something at this moment asks first.
    pub(crate) fn check(&self) -> Result<(), WentBack> {
        let seconds = self.floor.load(Ordering::Relaxed).saturating_sub(self.now().epoch());
        if seconds > TOLERANCE { Err(WentBack { seconds }) } else { Ok(()) }
    }

    /// A clock that stands at `start` until a test moves it.
    #[cfg(test)]
    pub(crate) fn manual(start: Timestamp) -> Self {
        Self::of(Source::Manual(Arc::new(AtomicI64::new(start.epoch()))))
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub(crate) fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_epoch(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
            }
            #[cfg(test)]
            Source::Manual(now) => Timestamp::from_epoch(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the machine's clock stays as it is.
    #[cfg(test)]
    pub(crate) fn advance(&self, by: Lifetime) {
        match &self.source {
            Source::System => {}
            Source::Manual(now) => {
                now.fetch_add(i64::from(by.as_seconds()), Ordering::SeqCst);
            }
        }
    }

    /// Moves a manual clock back.
    #[cfg(test)]
    pub(crate) fn set_back(&self, by: Lifetime) {
        match &self.source {
            Source::System => {}
            Source::Manual(now) => {
                now.fetch_sub(i64::from(by.as_seconds()), Ordering::SeqCst);
            }
        }
    }

    /// The same clock in the form the store takes.
    pub(crate) fn for_store(&self) -> store::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_with_its_clones() {
        let clock = Clock::manual(Timestamp::from_epoch(100));
        let other = clock.clone();
        clock.advance(Lifetime::seconds(30));
        assert_eq!(other.now().epoch(), 130);
    }

    #[test]
    fn a_clock_that_went_back_is_not_believed_until_it_is_near_what_was_seen() {
        let clock = Clock::manual(Timestamp::from_epoch(1000));
        assert_eq!(clock.check(), Ok(()), "nothing was seen yet");
        clock.clone().seen(Timestamp::from_epoch(1120));
        clock.seen(Timestamp::from_epoch(900));
        assert_eq!(clock.check(), Ok(()), "as far as two nodes may differ");
        clock.set_back(Lifetime::seconds(1));
        assert_eq!(clock.check(), Err(WentBack { seconds: 121 }));
        clock.advance(Lifetime::seconds(1));
        assert_eq!(clock.check(), Ok(()));
    }

    #[test]
    fn the_system_clock_is_past_the_day_this_was_written() {
        assert!(Clock::system().now().epoch() > 1_763_000_000);
    }
}
