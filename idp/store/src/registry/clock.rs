//! The latest moment that any node has seen (cnie.md §15, threat 17): it is only ever raised, but by an operator who says so.

use domain::journal::Act;
use domain::time::Timestamp;

use super::{Registry, commit, failed};
use crate::{StoreError, journal};

impl Registry {
    /// Keeps the moment where it is the latest, and gives the latest one: of many nodes that tell at once, the highest stays.
    pub async fn see_time(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let raised = sqlx::query(
            "INSERT INTO clock_floor (id, seen) VALUES (1, $1) \
             ON CONFLICT (id) DO UPDATE SET seen = $1 WHERE clock_floor.seen < $1",
        )
        .bind(now.epoch())
        .execute(&self.writers)
        .await
        .map_err(failed)?;
        // Written by this call, it is this call's; else somebody saw a later one.
        if raised.rows_affected() == 1 { Ok(now) } else { self.latest_time().await.map(|seen| seen.unwrap_or(now)) }
    }

    /// The latest moment that was seen; none before the first.
    pub async fn latest_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let seen: Option<i64> = sqlx::query_scalar("SELECT seen FROM clock_floor WHERE id = 1")
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        Ok(seen.map(Timestamp::from_epoch))
    }

    /// Takes a moment for the latest one though a later one was seen: an operator put a clock right that was ahead.
    pub async fn set_time_back(&self, to: Timestamp, acts: &[Act]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE clock_floor SET seen = $1 WHERE id = 1 AND seen > $1")
            .bind(to.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        journal::append(&mut transaction, &self.journal_key, acts, to).await?;
        commit(transaction).await
    }
}
