//! The courier: takes notices from the outbox and sends them, until the gateway stops.

use std::sync::Arc;
use std::time::Duration;

use domain::notice::Notice;
use domain::time::{Lifetime, Timestamp};
use futures_util::{StreamExt as _, stream};
use store::registry::{Delivery, Outgoing, Registry};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Letter, MailFailure, Mailer};
use crate::clock::Clock;

/// Notices taken at once.
const BATCH: u32 = 16;
/// Notices on their way at once.
const AT_ONCE: usize = 16;
/// How long this node alone has the notices it took: longer than a batch can take.
const LEASE: Lifetime = Lifetime::seconds(180);
/// Between two looks at the outbox when nobody calls: notices whose wait is over, or that another node left behind.
const LOOK: Duration = Duration::from_secs(15);
/// After a refusal for good a notice is tried again this often: a server that is set up wrong is repaired within
/// minutes, an address that does not exist never.
const PATIENCE: i64 = 5;
/// A notice that could not be delivered for so long says nothing any more.
const STALE: Lifetime = Lifetime::seconds(3 * 86_400);

/// Delivers what is in the outbox.
pub(crate) struct Courier<W> {
    /// The outbox.
    pub(crate) registry: Registry,
    /// The way out.
    pub(crate) mailer: Mailer,
    /// The clock.
    pub(crate) clock: Clock,
    /// Wakes the courier: there is something in the outbox.
    pub(crate) waiting: Arc<Notify>,
    /// Finds the words of a notice.
    pub(crate) words: W,
}

impl<W: Fn(&Notice) -> Letter> Courier<W> {
    /// Delivers until `stop`; what was taken by then is still sent.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = self.round().await;
            if more == Round::Full {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                _ = timeout(LOOK, self.waiting.notified()) => {}
            }
        }
    }

    /// Sends what is due, as much as one batch.
    pub(super) async fn round(&self) -> Round {
        let taken = match self.registry.lease::<Notice>(BATCH, LEASE, self.clock.now()).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                return Round::Over;
            }
        };
        let round = if taken.len() == BATCH as usize { Round::Full } else { Round::Over };
        stream::iter(taken).for_each_concurrent(AT_ONCE, |outgoing| self.deliver(outgoing)).await;
        round
    }

    async fn deliver(&self, outgoing: Outgoing<Notice>) {
        let letter = (self.words)(&outgoing.parcel);
        let sent = self.mailer.send(&outgoing.parcel.to, &letter, outgoing.key(), self.clock.now()).await;
        let now = self.clock.now();
        let delivery = match &sent {
            Ok(()) => Delivery::Sent,
            Err(failure) => after(failure, outgoing.attempt, outgoing.created, now),
        };
        match (&sent, delivery) {
            (Err(error), Delivery::GivenUp) => {
                tracing::error!(notice = outgoing.key(), attempt = outgoing.attempt, %error, "a notice is given up");
            }
            (Err(error), _) => {
                tracing::warn!(notice = outgoing.key(), attempt = outgoing.attempt, %error, "a notice waits");
            }
            (Ok(()), _) => tracing::debug!(notice = outgoing.key(), "a notice was sent"),
        }
        if let Err(error) = self.registry.settle(&outgoing, delivery, now).await {
            tracing::error!(notice = outgoing.key(), %error, "what became of a notice cannot be kept");
        }
    }
}

/// What a round leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// There may be more.
    Full,
    /// All that was due was taken.
    Over,
}

/// What becomes of a notice after a failure.
fn after(failure: &MailFailure, attempt: i64, created: Timestamp, now: Timestamp) -> Delivery {
    let stale = now.seconds_since(created) > i64::from(STALE.as_seconds());
    match failure {
        MailFailure::Unsendable => Delivery::GivenUp,
        MailFailure::Refused(_) if attempt >= PATIENCE => Delivery::GivenUp,
        MailFailure::Refused(_) | MailFailure::Later(_) | MailFailure::TimedOut | MailFailure::Unreachable(_) => {
            if stale {
                Delivery::GivenUp
            } else {
                Delivery::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_given_up_when_it_cannot_arrive_any_more() {
        let start = Timestamp::from_epoch(0);
        let late = start.plus(STALE).plus(Lifetime::seconds(1));
        for (failure, attempt, now, expected) in [
            (MailFailure::Unsendable, 1, start, Delivery::GivenUp),
            (MailFailure::Refused(550), 1, start, Delivery::Failed),
            (MailFailure::Refused(550), PATIENCE, start, Delivery::GivenUp),
            (MailFailure::Later(451), 50, start, Delivery::Failed),
            (MailFailure::Later(451), 50, late, Delivery::GivenUp),
            (MailFailure::TimedOut, 50, start, Delivery::Failed),
            (MailFailure::Unreachable(String::new()), 50, late, Delivery::GivenUp),
        ] {
            assert_eq!(after(&failure, attempt, start, now), expected, "{failure:?} {attempt}");
        }
    }
}
