//! The clock, as a value: everything that needs the time is given one (architecture rule 10).

use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(test)]
use domain::time::Lifetime;
use domain::time::Timestamp;

/// Tells the time. Cheap to clone; clones of a manual clock move together.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    #[cfg(test)]
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub(crate) const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until a test moves it.
    #[cfg(test)]
    pub(crate) fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.epoch()))))
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub(crate) fn now(&self) -> Timestamp {
        match &self.0 {
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
        match &self.0 {
            Source::System => {}
            Source::Manual(now) => {
                now.fetch_add(i64::from(by.as_seconds()), Ordering::SeqCst);
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
    fn the_system_clock_is_past_the_day_this_was_written() {
        assert!(Clock::system().now().epoch() > 1_763_000_000);
    }
}
