//! What is fetched from elsewhere and kept: one call at a time, no more often than its pause, the last good one stays.
//!
//! A pause is claimed before the call, so that a failure, or a caller that goes away, uses it up too: whoever makes
//! others fail cannot make the gateway call more often.

use std::sync::{Arc, Mutex, PoisonError};

use domain::time::{Lifetime, Timestamp};

use crate::clock::Clock;

/// One thing that is fetched and kept.
#[derive(Debug)]
pub(crate) struct Fetched<T> {
    clock: Clock,
    held: Mutex<Option<Arc<T>>>,
    turn: tokio::sync::Mutex<()>,
}

/// How soon a call of one kind may be made again.
#[derive(Debug)]
pub(crate) struct Pause {
    length: Lifetime,
    claimed: Mutex<Option<Timestamp>>,
}

/// Why there is nothing newer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotNewer<E> {
    /// It was asked for just now.
    Paused,
    /// The call failed.
    Failed(E),
}

impl Pause {
    /// A pause of this length, not begun.
    pub(crate) const fn new(length: Lifetime) -> Self {
        Self { length, claimed: Mutex::new(None) }
    }

    /// Begins the pause; `false` while an earlier one lasts. A clock that was set back ends it too.
    fn claim(&self, now: Timestamp) -> bool {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let lasts = |since| (0..i64::from(self.length.as_seconds())).contains(&now.seconds_since(since));
        if claimed.is_some_and(lasts) {
            return false;
        }
        *claimed = Some(now);
        true
    }
}

impl<T> Fetched<T> {
    /// Nothing is held yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, held: Mutex::new(None), turn: tokio::sync::Mutex::new(()) }
    }

    /// What is held, without asking.
    pub(crate) fn current(&self) -> Option<Arc<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something newer than what was `seen`. Callers come one after the other: the second finds what the first fetched,
    /// and shares its failure.
    pub(crate) async fn newer<E>(
        &self,
        seen: Option<&Arc<T>>,
        pause: &Pause,
        fetch: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, NotNewer<E>> {
        let _turn = self.turn.lock().await;
        if let Some(current) = self.current()
            && seen.is_none_or(|seen| !Arc::ptr_eq(&current, seen))
        {
            return Ok(current);
        }
        if !pause.claim(self.clock.now()) {
            return Err(NotNewer::Paused);
        }
        let fresh = Arc::new(fetch.await.map_err(NotNewer::Failed)?);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_uses_the_pause_up_and_leaves_the_last_good_one() {
        let clock = Clock::manual(Timestamp::from_epoch(1000));
        let (fetched, pause) = (Fetched::new(clock.clone()), Pause::new(Lifetime::seconds(30)));
        let first = fetched.newer(None, &pause, async { Ok::<_, ()>(1) }).await.expect("good");
        assert_eq!(fetched.newer(Some(&first), &pause, async { Ok::<_, ()>(2) }).await, Err(NotNewer::Paused));
        clock.advance(Lifetime::seconds(30));
        assert_eq!(fetched.newer(Some(&first), &pause, async { Err("down") }).await, Err(NotNewer::Failed("down")));
        assert_eq!(fetched.newer(Some(&first), &pause, async { Ok::<_, ()>(3) }).await, Err(NotNewer::Paused));
        assert_eq!(fetched.current().as_deref(), Some(&1));
        // Who saw nothing is given what there is.
        assert_eq!(fetched.newer(None, &pause, async { Ok::<_, ()>(4) }).await.as_deref(), Ok(&1));
    }

    #[tokio::test]
    async fn of_two_callers_who_saw_the_same_one_calls() {
        let (fetched, pause) = (Fetched::new(Clock::system()), Pause::new(Lifetime::seconds(0)));
        let first = fetched.newer(None, &pause, async { Ok::<_, ()>(1) }).await.expect("good");
        let slow = fetched.newer(Some(&first), &pause, async {
            tokio::task::yield_now().await;
            Ok::<_, ()>(2)
        });
        let second = fetched.newer(Some(&first), &pause, async { Ok::<_, ()>(3) });
        let (slow, second) = tokio::join!(slow, second);
        assert_eq!((slow.as_deref(), second.as_deref()), (Ok(&2), Ok(&2)));
    }
}
