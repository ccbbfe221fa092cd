//! A breaker: after a run of failures a destination is left alone for a moment, and callers learn so at once instead
//! of each waiting for a time-out.
//!
//! ```text
//!  closed ──FAILURES in a row──▶ resting ──REST──▶ one call tries ──success──▶ closed
//!                                   ▲                    │
//!                                   └──────failure───────┘
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::{Lifetime, Timestamp};

use crate::clock::Clock;

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// How long a destination rests.
const REST: Lifetime = Lifetime::seconds(5);

/// The breaker of one destination. Clones share its state.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Resting { since: Timestamp },
    Trying,
}

/// The right to make one call. Dropped without a word (the caller went away), it counts neither way.
#[derive(Debug)]
pub(crate) struct Turn {
    breaker: Breaker,
    settled: Settled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Not,
    Done,
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Arc::new(Mutex::new(State::Closed { failures: 0 })) }
    }

    /// Asks to make a call; `None` while the destination rests.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let now = self.clock.now();
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => {}
            State::Trying => return None,
            State::Resting { since } => {
                // A clock that was set back ends the rest too.
                let rested = now.seconds_since(since);
                if (0..i64::from(REST.as_seconds())).contains(&rested) {
                    return None;
                }
                *state = State::Trying;
            }
        }
        Some(Turn { breaker: self.clone(), settled: Settled::Not })
    }

    /// Whether the destination is being left alone, or one call is trying it.
    pub(crate) fn is_resting(&self) -> bool {
        match *self.lock() {
            State::Closed { .. } => false,
            State::Resting { .. } | State::Trying => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The destination answered.
    pub(crate) fn succeeded(mut self) {
        self.settled = Settled::Done;
        *self.breaker.lock() = State::Closed { failures: 0 };
    }

    /// The destination failed.
    pub(crate) fn failed(mut self) {
        self.settled = Settled::Done;
        let now = self.breaker.clock.now();
        let mut state = self.breaker.lock();
        *state = match *state {
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            State::Closed { .. } | State::Trying => State::Resting { since: now },
            // A call from before the rest does not make it longer.
            State::Resting { since } => State::Resting { since },
        };
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.settled == Settled::Done {
            return;
        }
        let mut state = self.breaker.lock();
        if *state == State::Trying {
            // Nobody learned anything: the next caller tries.
            *state = State::Resting { since: Timestamp::from_epoch(i64::MIN) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Clock, Breaker) {
        let clock = Clock::manual(Timestamp::from_epoch(1000));
        let breaker = Breaker::new(clock.clone());
        for _ in 0..FAILURES {
            breaker.turn().expect("closed").failed();
        }
        (clock, breaker)
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::new(Clock::manual(Timestamp::from_epoch(0)));
        for _ in 0..3 {
            for _ in 1..FAILURES {
                breaker.turn().expect("closed").failed();
            }
            breaker.turn().expect("closed").succeeded();
        }
        assert!(breaker.turn().is_some());
        assert!(opened().1.turn().is_none());
    }

    #[test]
    fn after_the_rest_one_call_tries_and_decides_for_all() {
        let (clock, breaker) = opened();
        clock.advance(REST);
        let trying = breaker.turn().expect("rested");
        assert!(breaker.turn().is_none(), "one at a time");
        trying.failed();
        assert!(breaker.turn().is_none(), "it rests again");
        clock.advance(REST);
        breaker.turn().expect("rested").succeeded();
        assert!(breaker.turn().is_some());
    }

    #[test]
    fn a_caller_who_goes_away_leaves_the_turn_to_the_next() {
        let (clock, breaker) = opened();
        clock.advance(REST);
        drop(breaker.turn().expect("rested"));
        assert!(breaker.turn().is_some());
    }

    #[test]
    fn a_late_failure_does_not_make_the_rest_longer() {
        let clock = Clock::manual(Timestamp::from_epoch(1000));
        let breaker = Breaker::new(clock.clone());
        let late = breaker.turn().expect("closed");
        for _ in 0..FAILURES {
            breaker.turn().expect("closed").failed();
        }
        clock.advance(Lifetime::seconds(4));
        late.failed();
        clock.advance(Lifetime::seconds(1));
        assert!(breaker.turn().is_some());
    }
}
