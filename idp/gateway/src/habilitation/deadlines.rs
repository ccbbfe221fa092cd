//! What time asks for of requests that nobody goes on with: a draft is remembered to its writers, what was sent back and left
//! is put away, some days after a warning. Every node looks; of two that see the same, one keeps and tells it.

use domain::habilitation::acting::Author;
use domain::habilitation::any::Due;
use domain::notice::RequestTold;
use domain::time::{Lifetime, Timestamp};
use store::StoreError;
use store::registry::{Changed, KeptReview, Told};

use super::keep::{Letters, Office, Turn, change};
use crate::app::App;

/// Requests read at once. What is left comes in the next hour.
const BATCH: u32 = 100;

/// Does what is due; how many requests it was due for.
pub(crate) async fn settle(app: &App) -> Result<usize, StoreError> {
    // Where there is no space there is nobody to write to, and no page that a mail could lead to.
    if app.partners.is_none() {
        return Ok(0);
    }
    let now = app.clock.now();
    let mut done = 0;
    for due in [Due::Remind, Due::Warn] {
        let left = app.registry.requests_left(due.step(), due, before(now, due.untouched()), BATCH).await?;
        for kept in left.iter().filter(|kept| kept.review.due(None, now) == Some(due)) {
            done += usize::from(remind(app, kept, due, now).await? == Changed::Done);
        }
    }
    let (untouched, warned) = (before(now, Due::Archive.untouched()), before(now, Due::grace()));
    for (kept, warned) in app.registry.requests_warned(Due::Archive.step(), (untouched, warned), BATCH).await? {
        if kept.review.due(Some(warned), now) == Some(Due::Archive) {
            done += usize::from(put_away(app, &kept, now).await? == Changed::Done);
        }
    }
    Ok(done)
}

const fn before(now: Timestamp, life: Lifetime) -> Timestamp {
    Timestamp::from_epoch(now.epoch().saturating_sub(life.as_seconds() as i64))
}

async fn remind(app: &App, kept: &KeptReview, due: Due, now: Timestamp) -> Result<Changed, StoreError> {
    let mut letters = Letters::about(Office::of(app), &kept.review).await?;
    letters.tell_writers(&app.registry, &kept.review, &RequestTold::Due(due)).await?;
    let notices = letters.into_notices();
    let changed = app.registry.remind_of_request(kept, due, &Told { acts: &[], notices: &notices, at: now }).await?;
    if changed == Changed::Done {
        app.mail_waiting.notify_one();
    }
    Ok(changed)
}

async fn put_away(app: &App, kept: &KeptReview, now: Timestamp) -> Result<Changed, StoreError> {
    match kept.review.clone().archive(now) {
        Ok(done) => change(app, kept, &Turn { done, by: Author::Clock, reason: None }).await,
        Err(_) => Ok(Changed::Lost),
    }
}

#[cfg(test)]
#[path = "deadlines_tests.rs"]
mod tests;
