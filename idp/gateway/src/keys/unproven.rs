//! Turns for signatures that anybody can ask for: error answers of the authorization endpoint, which are signed before
//! anybody has proved who they are (JARM §2.1).
//!
//! A token has a few sessions, and a hardware module makes a few hundred signatures a second. Without turns whoever sends
//! enough bad requests would have them all, and token endpoint, userinfo and logouts would be told that the token is busy
//! (decisions/0019). Keys in this process need none: a signature there costs less than the request that asks for it.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::config::TokenConfig;

/// What part of the token's sessions may be had without having proved anything: one in so many, and one at least.
const PART: u32 = 4;
/// How long such a signature waits for its turn. Nothing is held meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// The turns; none where nothing is scarce.
#[derive(Debug)]
pub(crate) struct Unproven {
    turns: Option<Semaphore>,
    patience: Duration,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(
    #[expect(dead_code, reason = "held for what its end gives back")] Option<SemaphorePermit<'a>>,
);

impl Unproven {
    /// The turns before a token, when there is one.
    pub(crate) fn beside(token: Option<&TokenConfig>) -> Self {
        let turns = token.map(|token| (token.sessions / PART).max(1));
        Self { turns: turns.map(|turns| Semaphore::new(usize::try_from(turns).unwrap_or(1))), patience: PATIENCE }
    }

    /// A turn, the first come first served; `None` when none came in time.
    pub(crate) async fn turn(&self) -> Option<Turn<'_>> {
        let Some(turns) = &self.turns else { return Some(Turn(None)) };
        timeout(self.patience, turns.acquire()).await.ok()?.ok().map(|permit| Turn(Some(permit)))
    }
}

#[cfg(test)]
impl Unproven {
    /// So many turns, for which nobody waits.
    pub(crate) fn of(turns: usize) -> Self {
        Self { turns: Some(Semaphore::new(turns)), patience: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TokenPlace;

    #[tokio::test]
    async fn a_part_of_the_sessions_has_turns_and_they_come_back() {
        for (sessions, expected) in [(1, 1), (3, 1), (8, 2), (256, 64)] {
            let token = TokenConfig {
                module: "module.so".into(),
                place: TokenPlace::Slot(0),
                pin: crate::config::Secret::new("1234"),
                sessions,
            };
            let unproven = Unproven { patience: Duration::ZERO, ..Unproven::beside(Some(&token)) };
            let mut held = Vec::new();
            while let Some(turn) = unproven.turn().await {
                held.push(turn);
            }
            assert_eq!(held.len(), expected, "{sessions} sessions");
            held.pop();
            assert!(unproven.turn().await.is_some());
        }
        let free = Unproven::beside(None);
        let (_one, other) = (free.turn().await, free.turn().await);
        assert!(other.is_some(), "keys in this process are not scarce");
    }
}
