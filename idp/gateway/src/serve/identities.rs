//! What time does to identities on cards, beside the requests: terms that are reached, requests that lapse, deletions whose
//! two days are over, reminders of an end that nears. Every node looks; of two that see the same, one keeps and tells it.

use std::time::Duration;

use domain::cnie::reminder::Reminder;
use domain::notice::{CardMessage, Remedy};
use store::StoreError;
use store::registry::{Changed, ToRemind, Told};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Shared};
use crate::cnie::Cnie;
use crate::cnie::acts::Acts;
use crate::cnie::telling::notice;

/// Between two looks. Whoever uses an identity settles it first: nothing waits for this but the mail.
const LOOK: Duration = Duration::from_mins(1);
/// Identities read at once.
const BATCH: u32 = 50;

/// Looks after identities until `stop`.
pub(super) async fn look_after(app: Shared, stop: CancellationToken) {
    let Some(cnie) = &app.cnie else { return };
    let mut look = interval(LOOK);
    while stop.run_until_cancelled(look.tick()).await.is_some() {
        if let Err(error) = round(&app, cnie, &stop).await {
            tracing::warn!(%error, "identities on cards could not be looked after");
        }
    }
}

/// All that is due, in batches.
pub(super) async fn round(app: &App, cnie: &Cnie, stop: &CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() && settle(app, cnie).await? == Batch::Full {}
    while !stop.is_cancelled() && remind(app, cnie).await? == Batch::Full {}
    app.registry.erase_closed_identities(app.clock.now()).await.map(|_| ())
}

/// What a batch leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// There may be more.
    Full,
    /// It was the last.
    Last,
}

impl Batch {
    /// A batch none of which came further is the last of its round, or nobody would ever leave it.
    const fn of(found: usize, done: usize) -> Self {
        if found == BATCH as usize && done > 0 { Self::Full } else { Self::Last }
    }
}

async fn settle(app: &App, cnie: &Cnie) -> Result<Batch, StoreError> {
    let due = app.registry.identities_due(app.clock.now(), BATCH).await?;
    let (found, mut done) = (due.len(), 0);
    for kept in due {
        let same = Acts::of(app, cnie).settle(kept).await?;
        done += usize::from(same.is_none());
    }
    Ok(Batch::of(found, done))
}

async fn remind(app: &App, cnie: &Cnie) -> Result<Batch, StoreError> {
    let due = app.registry.identities_to_remind(app.clock.now(), BATCH).await?;
    let (found, mut done) = (due.len(), 0);
    for given in due {
        done += usize::from(give(app, cnie, &given).await? == Changed::Done);
    }
    Ok(Batch::of(found, done))
}

async fn give(app: &App, cnie: &Cnie, given: &ToRemind) -> Result<Changed, StoreError> {
    let acts = Acts::of(app, cnie);
    let days = Reminder::days_left(given.until, acts.now);
    let identity = &given.kept.identity;
    let soon = CardMessage::EndsSoon { days, until: given.until, remedy: Remedy::of(identity) };
    let notices = [notice(identity, soon)];
    let told = Told { acts: &[], notices: &notices, at: acts.now };
    let changed = app.registry.note_reminded(given, &told).await?;
    if changed == Changed::Done {
        app.mail_waiting.notify_one();
    }
    Ok(changed)
}

#[cfg(test)]
#[path = "identities_tests.rs"]
mod tests;
