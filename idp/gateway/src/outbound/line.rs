//! How a courier works through its queue of the outbox: it takes what is due, delivers side by side, and looks again when
//! somebody calls, when something comes up, and from time to time for what another node left behind.

use std::time::Duration;

use domain::time::Lifetime;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use store::registry::{Outgoing, Parcel, Registry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// Deliveries under way at once.
pub(crate) const AT_ONCE: usize = 128;
/// So much room is made before more is taken, where there was more than room.
const ROOM: usize = 8;
/// How long this node alone has what it took: longer than a delivery can take.
const LEASE: Lifetime = Lifetime::seconds(60);
/// Between two looks at the outbox when nobody calls and nothing is due: what another node left behind.
const LOOK: u32 = 15;

/// A queue of the outbox, as a courier stands before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The outbox.
    pub(crate) registry: &'a Registry,
    /// The clock.
    pub(crate) clock: &'a Clock,
    /// Wakes the courier: there is something in the outbox.
    pub(crate) waiting: &'a Notify,
    /// What it delivers, in a word.
    pub(crate) what: &'static str,
}

/// What is left of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing.
    Over,
    /// It is due again after a wait.
    ComesUpAgain,
}

impl Line<'_> {
    /// Delivers until `stop`; what was taken by then is still delivered.
    pub(crate) async fn run<P: Parcel, F: Future<Output = Outcome>>(
        self,
        deliver: impl Fn(Outgoing<P>) -> F,
        stop: CancellationToken,
    ) {
        let mut under_way = FuturesUnordered::new();
        let (mut look, mut more) = (true, false);
        let mut pause = Box::pin(tokio::time::sleep(Duration::ZERO));
        loop {
            let free = AT_ONCE - under_way.len();
            if look && free > 0 {
                let taken = self.take(free).await;
                more = taken.len() == free;
                under_way.extend(taken.into_iter().map(&deliver));
                pause = Box::pin(tokio::time::sleep(self.until_next::<P>().await));
                look = false;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                Some(outcome) = under_way.next() => {
                    // Where there was more than room, room is made.
                    look |= more && AT_ONCE - under_way.len() >= ROOM;
                    if outcome == Outcome::ComesUpAgain {
                        pause = Box::pin(tokio::time::sleep(self.until_next::<P>().await));
                    }
                }
                () = self.waiting.notified() => look = true,
                () = &mut pause, if free > 0 => look = true,
            }
        }
        while under_way.next().await.is_some() {}
    }

    /// Takes what is due, as much as there is room for.
    pub(crate) async fn take<P: Parcel>(self, free: usize) -> Vec<Outgoing<P>> {
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        self.registry.lease(limit, LEASE, self.clock.now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox of {} cannot be read", self.what);
            Vec::new()
        })
    }

    /// The time until something is due, as far as this node can tell: a second at least, [`LOOK`] at most.
    async fn until_next<P: Parcel>(self) -> Duration {
        let now = self.clock.now();
        let seconds = match self.registry.next_due::<P>().await {
            Ok(Some(due)) => due.left(now).map_or(1, Lifetime::as_seconds).min(LOOK),
            Ok(None) => LOOK,
            Err(error) => {
                tracing::error!(%error, "the outbox of {} cannot be read", self.what);
                LOOK
            }
        };
        Duration::from_secs(seconds.into())
    }
}
