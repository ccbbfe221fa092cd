//! The key sets of clients that keep them at addresses of their own: the one that is pinned, and one that was refused.

use domain::client::pins::Thumbprints;
use domain::habilitation::acting::Author;
use domain::habilitation::switches::Deed;
use domain::id::ClientId;
use domain::journal::{Act, KeysDeed};
use domain::notice::Notice;
use domain::time::Timestamp;

use super::cards::Changed;
use super::{Registry, Updated, commit, failed, from_json, outbox, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

/// Address, keys, pinned, seen, refused, when.
type Row = (String, String, String, i64, Option<String>, Option<i64>);

const SETS: &str = "client_key_sets";

/// The key set of a client as it is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedKeys {
    /// Where it was.
    pub uri: String,
    /// The set, as it was read there last.
    pub keys: serde_json::Value,
    /// Its keys; or those that a person accepted since.
    pub pinned: Thumbprints,
    /// When it was there last.
    pub seen: Timestamp,
    /// A set that had nothing in common with it, and when it was seen first.
    pub refused: Option<(Thumbprints, Timestamp)>,
}

impl Registry {
    /// The key set of a client.
    pub async fn pinned_keys(&self, client: &ClientId) -> Result<Option<PinnedKeys>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT uri, keys, pinned, seen, refused, refused_at FROM client_key_sets WHERE client = $1",
        )
        .bind(client.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        let Some((uri, keys, pinned, seen, refused, at)) = row else { return Ok(None) };
        let refused = refused.map(|refused| from_json(&refused, SETS)).transpose()?;
        Ok(Some(PinnedKeys {
            uri,
            keys: from_json(&keys, SETS)?,
            pinned: from_json(&pinned, SETS)?,
            seen: Timestamp::from_epoch(seen),
            refused: refused.zip(at.map(Timestamp::from_epoch)),
        }))
    }

    /// Pins a key set, where the one before it is still as it was read; journals it, unless the keys are the same.
    pub async fn pin_keys(
        &self,
        client: &ClientId,
        (uri, keys, set): (&str, &serde_json::Value, &Thumbprints),
        before: Option<&PinnedKeys>,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let mut transaction = self.write().await?;
        let was = before.map(|before| to_json(&before.pinned, SETS)).transpose()?;
        let kept = sqlx::query(
            "INSERT INTO client_key_sets (client, uri, keys, pinned, seen) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (client) DO UPDATE SET uri = excluded.uri, keys = excluded.keys, pinned = excluded.pinned, \
             seen = excluded.seen, refused = NULL, refused_at = NULL WHERE client_key_sets.pinned = $6",
        )
        .bind(client.as_str())
        .bind(uri)
        .bind(to_json(keys, SETS)?)
        .bind(to_json(set, SETS)?)
        .bind(now.epoch())
        .bind(was)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if kept.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        if before.is_none_or(|before| before.pinned != *set) {
            for thumbprint in set.all() {
                sqlx::query(
                    "INSERT INTO client_keys (client, thumbprint, first) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                )
                .bind(client.as_str())
                .bind(thumbprint)
                .bind(now.epoch())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            }
            let deed = Deed { by: Author::Clock, why: None };
            let act = act(client, set, KeysDeed::Taken, &deed);
            journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        }
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// Notes that a set was refused, and tells of it once; [`Put::Taken`] when that was done.
    pub async fn refuse_keys(
        &self,
        client: &ClientId,
        set: &Thumbprints,
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let noted = sqlx::query(
            "UPDATE client_key_sets SET refused = $2, refused_at = $3 WHERE client = $1 AND COALESCE(refused, '') <> $2",
        )
        .bind(client.as_str())
        .bind(to_json(set, SETS)?)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if noted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        for (at, notice) in notices.iter().enumerate() {
            let name = format!("keys.{client}.{}.{}.{at}", set.digest(), now.epoch());
            outbox::enqueue(&mut transaction, &self.vault, &name, notice, now).await?;
        }
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Pins a set that was refused, by the word of a person who saw this one; [`Updated::Missing`] when it is not the one that
    /// is refused now. Journals it.
    pub async fn accept_keys(
        &self,
        client: &ClientId,
        set: &Thumbprints,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let pinned = "UPDATE client_key_sets SET pinned = $2, refused = NULL, refused_at = NULL \
                      WHERE client = $1 AND refused = $2";
        let pinned = sqlx::query(pinned)
            .bind(client.as_str())
            .bind(to_json(set, SETS)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if pinned.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let act = act(client, set, KeysDeed::Accepted, deed);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }
}

fn act(client: &ClientId, set: &Thumbprints, change: KeysDeed, deed: &Deed) -> Act {
    let thumbprints = set.all().map(str::to_owned).collect();
    Act::ClientKeysChanged { client: client.clone(), thumbprints, change, deed: deed.clone() }
}
