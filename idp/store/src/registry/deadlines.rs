//! What of relying parties ends by itself: who was warned of it, and when each of their public keys was seen first.

use std::collections::BTreeMap;

use domain::id::ClientId;
use domain::notice::Notice;
use domain::time::Timestamp;

use super::{Registry, commit, failed, outbox};
use crate::StoreError;
use crate::ephemeral::Put;

impl Registry {
    /// Warns of something that ends, so many days before: once, whichever node comes first. [`Put::Taken`] when that was
    /// done.
    pub async fn warn_of_deadline(
        &self,
        client: &ClientId,
        (what, ends, days): (&str, Timestamp, i64),
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let taken = sqlx::query(
            "INSERT INTO deadline_warnings (client, what, ends, warned) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (client, what, ends) DO UPDATE SET warned = excluded.warned \
             WHERE deadline_warnings.warned > excluded.warned",
        )
        .bind(client.as_str())
        .bind(what)
        .bind(ends.epoch())
        .bind(days)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if taken.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        for (at, notice) in notices.iter().enumerate() {
            let name = format!("deadline.{client}.{what}.{}.{days}.{at}", ends.epoch());
            outbox::enqueue(&mut transaction, &self.vault, &name, notice, now).await?;
        }
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Notes that these keys of a client are there, by their thumbprints.
    pub async fn note_client_keys(
        &self,
        client: &ClientId,
        thumbprints: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.client_keys(client).await?;
        for thumbprint in thumbprints.iter().filter(|thumbprint| !known.contains_key(*thumbprint)) {
            sqlx::query(
                "INSERT INTO client_keys (client, thumbprint, first) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(client.as_str())
            .bind(thumbprint)
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        }
        Ok(())
    }

    /// When each key of a client was seen first, by its thumbprint.
    pub async fn client_keys(&self, client: &ClientId) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT thumbprint, first FROM client_keys WHERE client = $1")
            .bind(client.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|(thumbprint, first)| (thumbprint, Timestamp::from_epoch(first))).collect())
    }
}
