//! The outbox: what is kept with the act it tells of, and delivered after. Three queues: the notices that citizens
//! receive by mail, the relying parties that have to hear of the end of a session, and the calls of webhooks.
//!
//! A node that wants to deliver leases what is due: it moves `due` ahead in the act of reading it, so no other node sees
//! it meanwhile. A node that dies keeps nothing: its lease runs out. Something may so be delivered twice in a bad
//! moment, and is never lost.

use domain::id::SessionId;
use domain::journal::Act;
use domain::notice::Notice;
use domain::oidc::backchannel::{self, SessionEnded};
use domain::time::{Lifetime, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, Transaction};

use super::{Finished, Registry, commit, consents, failed, from_json, to_json};
use crate::seal::Vault;
use crate::{StoreError, journal};

/// One queue of the outbox: its table, and what is said to it.
#[derive(Debug)]
pub struct Queue {
    pub(super) table: &'static str,
    pub(super) enqueue: &'static str,
    pub(super) lease: &'static str,
    pub(super) forget: &'static str,
    pub(super) postpone: &'static str,
    pub(super) put_back: &'static str,
    pub(super) backlog: &'static str,
    pub(super) next: &'static str,
}

/// The statements of a queue. All queues have the same columns.
macro_rules! queue {
    ($table:literal) => {
        Queue {
            table: $table,
            enqueue: concat!(
                "INSERT INTO ",
                $table,
                " (id, sealed, due, attempts, created) VALUES ($1, $2, $3, 0, $3)"
            ),
            // The second `due <= $1` is what holds two nodes apart on PostgreSQL: it is checked anew on the row that
            // the first one moved, the subquery is not.
            lease: concat!(
                "UPDATE ",
                $table,
                " SET due = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM ",
                $table,
                " WHERE due <= $1 ORDER BY due, id LIMIT $3) AND due <= $1 RETURNING id, sealed, attempts, created"
            ),
            forget: concat!("DELETE FROM ", $table, " WHERE id = $1"),
            postpone: concat!("UPDATE ", $table, " SET due = $3 WHERE id = $1 AND attempts = $2"),
            put_back: concat!(
                "UPDATE ",
                $table,
                " SET due = $3, attempts = attempts - 1 WHERE id = $1 AND attempts = $2"
            ),
            backlog: concat!("SELECT COUNT(*), MIN(created) FROM ", $table),
            next: concat!("SELECT MIN(due) FROM ", $table),
        }
    };
}

pub(super) use queue;

/// What the outbox delivers. The closed list: [`Notice`] by mail, [`SessionEnded`] to relying parties, and a
/// [`Call`](domain::habilitation::webhook::Call) to a webhook.
pub trait Parcel: Serialize + DeserializeOwned {
    /// Its queue.
    const QUEUE: Queue;

    /// How long it waits after its `attempt`th failure, from 1.
    fn wait_after(attempt: i64) -> Lifetime;
}

impl Parcel for Notice {
    const QUEUE: Queue = queue!("outbox");

    fn wait_after(attempt: i64) -> Lifetime {
        domain::notice::wait_after(attempt)
    }
}

impl Parcel for SessionEnded {
    const QUEUE: Queue = queue!("logouts");

    fn wait_after(attempt: i64) -> Lifetime {
        backchannel::wait_after(attempt)
    }
}

/// Something that this node alone may deliver now.
#[derive(Debug, Clone)]
pub struct Outgoing<P> {
    id: String,
    /// What is to be delivered.
    pub parcel: P,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// When it was kept.
    pub created: Timestamp,
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was delivered: forgotten.
    Sent,
    /// It was not: it comes up again after [`Parcel::wait_after`].
    Failed,
    /// It was not even tried: it comes up again after this time, and the attempt does not count.
    PutBack(Lifetime),
    /// It was not and never will be: forgotten.
    GivenUp,
}

/// What waits in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub waiting: i64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

pub(super) async fn enqueue<P: Parcel>(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    id: &str,
    parcel: &P,
    now: Timestamp,
) -> Result<(), StoreError> {
    let table = P::QUEUE.table;
    let plain = zeroize::Zeroizing::new(to_json(parcel, table)?);
    sqlx::query(P::QUEUE.enqueue)
        .bind(id)
        .bind(vault.seal(table, id, plain.as_bytes())?)
        .bind(now.epoch())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

impl<P> Outgoing<P> {
    /// Its name: the same in every attempt, for a Message-ID that lets a mailbox see a repetition.
    pub fn key(&self) -> &str {
        &self.id
    }
}

impl Registry {
    /// Keeps the end of a session: the acts, and whom to tell, all or nothing, once for each session however often and
    /// from however many nodes it is called.
    pub async fn end_session(
        &self,
        session: &SessionId,
        acts: &[Act],
        told: &[SessionEnded],
        now: Timestamp,
    ) -> Result<Finished, StoreError> {
        let mut transaction = self.write().await?;
        if consents::first(&mut transaction, &format!("session {session}"), now).await? == Finished::AlreadyDone {
            return Ok(Finished::AlreadyDone);
        }
        for (at, ended) in told.iter().enumerate() {
            enqueue(&mut transaction, &self.vault, &format!("{session}.{at}"), ended, now).await?;
        }
        journal::append(&mut transaction, &self.journal_key, acts, now).await?;
        commit(transaction).await?;
        Ok(Finished::Done)
    }

    /// Leases at most `limit` parcels that are due, the most overdue first. Until the lease ends no other call gets
    /// them. One that cannot be opened is passed over, logged, and comes up again.
    pub async fn lease<P: Parcel>(
        &self,
        limit: u32,
        lease: Lifetime,
        now: Timestamp,
    ) -> Result<Vec<Outgoing<P>>, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(P::QUEUE.lease)
            .bind(now.epoch())
            .bind(now.plus(lease).epoch())
            .bind(i64::from(limit))
            .fetch_all(&self.writers)
            .await
            .map_err(failed)?;
        let table = P::QUEUE.table;
        Ok(rows
            .into_iter()
            .filter_map(|(id, sealed, attempt, created)| {
                let opened = self.vault.open(table, &id, &sealed).and_then(|plain| {
                    let text = std::str::from_utf8(&plain).map_err(|_| StoreError::Corrupt { what: table })?;
                    from_json(text, table)
                });
                match opened {
                    Ok(parcel) => Some(Outgoing { id, parcel, attempt, created: Timestamp::from_epoch(created) }),
                    Err(error) => {
                        tracing::error!(id, %error, "something in the outbox cannot be opened");
                        None
                    }
                }
            })
            .collect())
    }

    /// Notes how an attempt ended. An attempt whose lease ran out, and that another node took over, changes nothing
    /// by failing.
    pub async fn settle<P: Parcel>(
        &self,
        outgoing: &Outgoing<P>,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (statement, wait) = match delivery {
            Delivery::Sent | Delivery::GivenUp => {
                let forgotten = sqlx::query(P::QUEUE.forget).bind(&outgoing.id).execute(&self.writers).await;
                return forgotten.map(|_| ()).map_err(failed);
            }
            Delivery::Failed => (P::QUEUE.postpone, P::wait_after(outgoing.attempt)),
            Delivery::PutBack(wait) => (P::QUEUE.put_back, wait),
        };
        sqlx::query(statement)
            .bind(&outgoing.id)
            .bind(outgoing.attempt)
            .bind(now.plus(wait).epoch())
            .execute(&self.writers)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    /// Gives up what can never be delivered, and accounts for it, once.
    pub async fn give_up<P: Parcel>(
        &self,
        outgoing: &Outgoing<P>,
        act: &Act,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let gone = sqlx::query(P::QUEUE.forget).bind(&outgoing.id).execute(&mut *transaction).await.map_err(failed)?;
        if gone.rows_affected() == 0 {
            return Ok(());
        }
        journal::append(&mut transaction, &self.journal_key, std::slice::from_ref(act), now).await?;
        commit(transaction).await
    }

    /// What waits in a queue, due or not.
    pub async fn backlog<P: Parcel>(&self) -> Result<Backlog, StoreError> {
        let (waiting, oldest): (i64, Option<i64>) =
            sqlx::query_as(P::QUEUE.backlog).fetch_one(&self.readers).await.map_err(failed)?;
        Ok(Backlog { waiting, oldest: oldest.map(Timestamp::from_epoch) })
    }

    /// When the next of a queue comes up; `None` when it is empty.
    pub async fn next_due<P: Parcel>(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(P::QUEUE.next).fetch_one(&self.readers).await.map_err(failed)?;
        Ok(due.map(Timestamp::from_epoch))
    }
}
