//! The outbox: notices that are kept with the act they tell of, and sent after.
//!
//! A node that wants to send leases what is due: it moves `due` ahead in the act of reading it, so no other node sees
//! it meanwhile. A node that dies keeps nothing: its lease runs out. A notice may so be sent twice in a bad moment,
//! and is never lost.

use domain::notice::{Notice, wait_after};
use domain::time::{Lifetime, Timestamp};
use sqlx::{Any, Transaction};

use super::{Registry, failed, from_json, to_json};
use crate::StoreError;
use crate::seal::Vault;

const TABLE: &str = "outbox";

/// A notice that this node alone may send now.
#[derive(Debug, Clone)]
pub struct Outgoing {
    id: String,
    /// The notice.
    pub notice: Notice,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// When it was kept.
    pub created: Timestamp,
}

/// How an attempt to send ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was sent: forgotten.
    Sent,
    /// It was not: it comes up again after [`wait_after`].
    Failed,
    /// It was not and never will be: forgotten.
    GivenUp,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many notices.
    pub waiting: i64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

pub(super) async fn enqueue(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &str,
    notice: &Notice,
    now: Timestamp,
) -> Result<(), StoreError> {
    let plain = zeroize::Zeroizing::new(to_json(notice, TABLE)?);
    sqlx::query("INSERT INTO outbox (id, sealed, due, attempts, created) VALUES ($1, $2, $3, 0, $3)")
        .bind(id)
        .bind(vault.seal(TABLE, id, plain.as_bytes())?)
        .bind(now.epoch())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

impl Outgoing {
    /// The name of the notice: the same in every attempt, for a Message-ID that lets a mailbox see a repetition.
    pub fn key(&self) -> &str {
        &self.id
    }
}

impl Registry {
    /// Leases at most `limit` notices that are due, the most overdue first. Until the lease ends no other call gets
    /// them. One that cannot be opened is passed over, logged, and comes up again.
    pub async fn lease_notices(
        &self,
        limit: u32,
        lease: Lifetime,
        now: Timestamp,
    ) -> Result<Vec<Outgoing>, StoreError> {
        // The second `due <= $1` is what holds two nodes apart on PostgreSQL: it is checked anew on the row that the
        // first one moved, the subquery is not.
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "UPDATE outbox SET due = $2, attempts = attempts + 1 \
             WHERE id IN (SELECT id FROM outbox WHERE due <= $1 ORDER BY due, id LIMIT $3) AND due <= $1 \
             RETURNING id, sealed, attempts, created",
        )
        .bind(now.epoch())
        .bind(now.plus(lease).epoch())
        .bind(i64::from(limit))
        .fetch_all(&self.writers)
        .await
        .map_err(failed)?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, sealed, attempt, created)| {
                let opened = self.vault.open(TABLE, &id, &sealed).and_then(|plain| {
                    let text = std::str::from_utf8(&plain).map_err(|_| StoreError::Corrupt { what: TABLE })?;
                    from_json(text, TABLE)
                });
                match opened {
                    Ok(notice) => Some(Outgoing { id, notice, attempt, created: Timestamp::from_epoch(created) }),
                    Err(error) => {
                        tracing::error!(id, %error, "a notice cannot be opened");
                        None
                    }
                }
            })
            .collect())
    }

    /// Notes how an attempt ended. An attempt whose lease ran out, and that another node took over, changes nothing
    /// by failing.
    pub async fn settle_notice(
        &self,
        outgoing: &Outgoing,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match delivery {
            Delivery::Sent | Delivery::GivenUp => {
                sqlx::query("DELETE FROM outbox WHERE id = $1").bind(&outgoing.id).execute(&self.writers).await
            }
            Delivery::Failed => {
                sqlx::query("UPDATE outbox SET due = $3 WHERE id = $1 AND attempts = $2")
                    .bind(&outgoing.id)
                    .bind(outgoing.attempt)
                    .bind(now.plus(wait_after(outgoing.attempt)).epoch())
                    .execute(&self.writers)
                    .await
            }
        }
        .map(|_| ())
        .map_err(failed)
    }

    /// What waits, due or not.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let (waiting, oldest): (i64, Option<i64>) = sqlx::query_as("SELECT COUNT(*), MIN(created) FROM outbox")
            .fetch_one(&self.readers)
            .await
            .map_err(failed)?;
        Ok(Backlog { waiting, oldest: oldest.map(Timestamp::from_epoch) })
    }
}
