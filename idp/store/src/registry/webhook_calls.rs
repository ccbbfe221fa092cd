//! The calls of webhooks: kept with the change that they tell of, made by a courier, and what was answered.
//!
//! ```text
//!  a change of a request ──one transaction──▶ history (body) + outbox ──lease──▶ called ──settle_call──▶ history (answer)
//!                                                    ▲                                                       │
//!                                                    └──────────────── later, or by hand ────────────────────┘
//! ```

use domain::habilitation::acting::Author;
use domain::habilitation::webhook::{self, ATTEMPTS, Call, Occurrence, TakenBack};
use domain::id::{HabilitationRequestId, WebhookCallId, WebhookId};
use domain::journal::{Act, WebhookChange};
use domain::secret::{delimited, sha256};
use domain::time::{Lifetime, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::cards::Changed;
use super::outbox::{Outgoing, Parcel, Queue, enqueue, queue};
use super::webhooks::{KeptWebhook, put};
use super::{Registry, Updated, commit, failed, partners};
use crate::seal::Vault;
use crate::{StoreError, journal};

const CALLS: &str = "webhook_calls";
const ANSWERS: &str = "webhook_answers";
const CORRUPT: StoreError = StoreError::Corrupt { what: CALLS };

impl Parcel for Call {
    const QUEUE: Queue = queue!("webhook_outbox");

    fn wait_after(attempt: i64) -> Lifetime {
        webhook::wait_after(attempt)
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// It waits to be made, or made again.
    Waiting,
    /// It was taken.
    Taken,
    /// It was made in vain, and is not made again by itself.
    GivenUp,
    /// It was not made: the webhook was off.
    Left,
}

impl CallState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Taken, Self::GivenUp, Self::Left];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::GivenUp => "given_up",
            Self::Left => "left",
        }
    }
}

/// A call of a webhook, as the history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCall {
    /// The call.
    pub id: WebhookCallId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The name of its event; `test` for a test.
    pub event: String,
    /// The request that it tells of.
    pub request: Option<HabilitationRequestId>,
    /// The number of its change.
    pub number: Option<i64>,
    /// What became of it.
    pub state: CallState,
    /// How often it was made.
    pub attempts: i64,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// When it was made last.
    pub tried: Option<Timestamp>,
    /// When it was kept.
    pub created: Timestamp,
    /// The bytes that are sent.
    pub body: String,
    /// What was answered last, or why nothing was.
    pub answer: Option<String>,
}

/// What came of making a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was answered.
    Answered {
        /// The status.
        status: u16,
        /// The beginning of the body.
        answer: String,
    },
    /// It was not.
    Silent {
        /// How it failed.
        why: String,
    },
    /// It was not made: the webhook is off, or gone.
    Left,
}

impl Tried {
    fn is_taken(&self) -> bool {
        match self {
            Self::Answered { status, .. } => webhook::is_taken(*status),
            Self::Silent { .. } | Self::Left => false,
        }
    }
}

/// What is left of a call after it was made.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Nothing.
    Over,
    /// It comes up again.
    Waits,
    /// It was the last attempt: the webhook is off.
    GivenUp,
}

impl Registry {
    /// At most `limit` calls of a webhook, the last first.
    pub async fn webhook_calls(&self, id: &WebhookId, limit: u32) -> Result<Vec<KeptCall>, StoreError> {
        let rows = sqlx::query("SELECT * FROM webhook_calls WHERE webhook = $1 ORDER BY created DESC, id LIMIT $2")
            .bind(id.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(|row| read_call(&self.vault, row)).collect()
    }

    /// One call.
    pub async fn webhook_call(&self, id: &WebhookCallId) -> Result<Option<KeptCall>, StoreError> {
        let row = sqlx::query("SELECT * FROM webhook_calls WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(|row| read_call(&self.vault, row)).transpose()
    }

    /// Makes a call again: at once, with all its attempts; the same bytes under today's secret. One that waits already
    /// waits on.
    pub async fn replay_webhook_call(&self, id: &WebhookCallId, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let again = sqlx::query("UPDATE webhook_calls SET state = 'waiting' WHERE id = $1 AND event <> 'test'")
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if again.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let webhook: String = sqlx::query_scalar("SELECT webhook FROM webhook_calls WHERE id = $1")
            .bind(id.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        let waits: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM webhook_outbox WHERE id = $1")
            .bind(id.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        if waits == 0 {
            let call = Call { call: id.clone(), webhook: WebhookId::parse(&webhook).map_err(|_| CORRUPT)? };
            enqueue(&mut transaction, &self.vault, id.as_str(), &call, now).await?;
        }
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Keeps a test and what came of it; where it was passed, the webhook as it is then, with the act.
    pub async fn keep_webhook_test(
        &self,
        from: &KeptWebhook,
        (call, body, tried): (&WebhookCallId, &str, &Tried),
        act: &Act,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let mut transaction = self.write().await?;
        let state = if tried.is_taken() { CallState::Taken } else { CallState::GivenUp };
        insert_call(&mut transaction, &self.vault, (call, &from.webhook.id), ("test", body), (None, state, now))
            .await?;
        note(&mut transaction, &self.vault, (call, tried, state), now).await?;
        if tried.is_taken() {
            let to = from.webhook.clone().tested();
            if put(&mut transaction, &self.vault, (from, &to), now).await? == Changed::Lost {
                return Ok(Changed::Lost);
            }
            journal::append(&mut transaction, &self.journal_key, std::slice::from_ref(act), now).await?;
        }
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// Keeps what came of an attempt. After the last one in vain the webhook is off, which is journalled.
    pub async fn settle_call(
        &self,
        outgoing: &Outgoing<Call>,
        tried: &Tried,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        let Call { call, webhook } = &outgoing.parcel;
        let (state, settled) = match tried {
            Tried::Left => (CallState::Left, Settled::Over),
            Tried::Answered { .. } | Tried::Silent { .. } if tried.is_taken() => (CallState::Taken, Settled::Over),
            Tried::Answered { .. } | Tried::Silent { .. } if outgoing.attempt < ATTEMPTS => {
                (CallState::Waiting, Settled::Waits)
            }
            Tried::Answered { .. } | Tried::Silent { .. } => (CallState::GivenUp, Settled::GivenUp),
        };
        let mut transaction = self.write().await?;
        let ours = match settled {
            Settled::Waits => sqlx::query("UPDATE webhook_outbox SET due = $3 WHERE id = $1 AND attempts = $2")
                .bind(outgoing.key())
                .bind(outgoing.attempt)
                .bind(now.plus(Call::wait_after(outgoing.attempt)).epoch()),
            Settled::Over | Settled::GivenUp => {
                sqlx::query("DELETE FROM webhook_outbox WHERE id = $1").bind(outgoing.key())
            }
        };
        let ours = ours.execute(&mut *transaction).await.map_err(failed)?;
        if ours.rows_affected() == 0 {
            // The lease ran out, and another node took it over.
            return Ok(Settled::Over);
        }
        note(&mut transaction, &self.vault, (call, tried, state), now).await?;
        if settled == Settled::GivenUp && self.give_up_webhook(&mut transaction, webhook, now).await? {
            let act =
                Act::WebhookChanged { webhook: webhook.clone(), change: WebhookChange::GivenUp, by: Author::Clock };
            journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        }
        commit(transaction).await?;
        Ok(settled)
    }

    /// Forgets the calls of before that moment that do not wait. For an hourly round.
    pub async fn erase_webhook_calls(&self, before: Timestamp) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM webhook_calls WHERE created < $1 AND state <> 'waiting'")
            .bind(before.epoch())
            .execute(&self.writers)
            .await
            .map(|gone| gone.rows_affected())
            .map_err(failed)
    }

    /// Puts a call for each webhook that hears of a change of a request into the transaction of that change.
    pub(super) async fn tell_webhooks(
        &self,
        transaction: &mut Transaction<'static, Any>,
        change: &Occurrence<'_>,
    ) -> Result<(), StoreError> {
        let hearing = self.hearing(transaction, change.happened).await?;
        if hearing.is_empty() {
            return Ok(());
        }
        let about = change.review.about();
        let organisation = partners::organisation_in(transaction, &self.vault, &about.organisation).await?;
        let name = organisation.as_ref().map(|organisation| organisation.name.as_str());
        let change = Occurrence { organisation: name, ..*change };
        for (webhook, event) in hearing {
            let id = call_id(&webhook, about.id.as_str(), change.number);
            let call = Call { call: id.clone(), webhook };
            let told = (event.name(), change.body(event, &id));
            self.put_call(transaction, &call, (told.0, &told.1), (Some((&about.id, change.number)), change.at)).await?;
        }
        Ok(())
    }

    /// The same for a habilitation that is taken back apart from its request.
    pub(super) async fn tell_webhooks_of_end(
        &self,
        transaction: &mut Transaction<'static, Any>,
        end: &TakenBack<'_>,
    ) -> Result<(), StoreError> {
        for (webhook, event) in self.hearing(transaction, TakenBack::HAPPENED).await? {
            let id = call_id(&webhook, end.habilitation.id.as_str(), TakenBack::NUMBER);
            let call = Call { call: id.clone(), webhook };
            let told = (event.name(), end.body(event, &id));
            self.put_call(transaction, &call, (told.0, &told.1), (None, end.at)).await?;
        }
        Ok(())
    }

    async fn put_call(
        &self,
        transaction: &mut Transaction<'static, Any>,
        call: &Call,
        told: (&str, &str),
        (of, at): (Option<(&HabilitationRequestId, i64)>, Timestamp),
    ) -> Result<(), StoreError> {
        let names = (&call.call, &call.webhook);
        insert_call(transaction, &self.vault, names, told, (of, CallState::Waiting, at)).await?;
        enqueue(transaction, &self.vault, call.call.as_str(), call, at).await
    }
}

/// One name for each change and webhook.
fn call_id(webhook: &WebhookId, about: &str, number: i64) -> WebhookCallId {
    let digest = sha256(&delimited(&[webhook.as_str().as_bytes(), about.as_bytes(), &number.to_be_bytes()]));
    let mut name = [0; 16];
    name.copy_from_slice(&digest[..16]);
    WebhookCallId::from_random(name)
}

async fn insert_call(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    (id, webhook): (&WebhookCallId, &WebhookId),
    (event, body): (&str, &str),
    (of, state, now): (Option<(&HabilitationRequestId, i64)>, CallState, Timestamp),
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO webhook_calls (id, webhook, event, request, number, state, attempts, created, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
    )
    .bind(id.as_str())
    .bind(webhook.as_str())
    .bind(event)
    .bind(of.map(|(request, _)| request.as_str()))
    .bind(of.map(|(_, number)| number))
    .bind(state.name())
    .bind(now.epoch())
    .bind(vault.seal(CALLS, id.as_str(), body.as_bytes())?)
    .execute(&mut **transaction)
    .await
    .map(|_| ())
    .map_err(failed)
}

/// Notes what came of an attempt.
async fn note(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    (id, tried, state): (&WebhookCallId, &Tried, CallState),
    now: Timestamp,
) -> Result<(), StoreError> {
    let (status, answer) = match tried {
        Tried::Answered { status, answer } => (Some(i64::from(*status)), answer),
        Tried::Silent { why } => (None, why),
        Tried::Left => {
            return sqlx::query("UPDATE webhook_calls SET state = $2 WHERE id = $1")
                .bind(id.as_str())
                .bind(state.name())
                .execute(&mut **transaction)
                .await
                .map(|_| ())
                .map_err(failed);
        }
    };
    sqlx::query(
        "UPDATE webhook_calls SET state = $2, attempts = attempts + 1, status = $3, tried = $4, answer = $5 WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(state.name())
    .bind(status)
    .bind(now.epoch())
    .bind(vault.seal(ANSWERS, id.as_str(), answer.as_bytes())?)
    .execute(&mut **transaction)
    .await
    .map(|_| ())
    .map_err(failed)
}

fn read_call(vault: &Vault, row: &AnyRow) -> Result<KeptCall, StoreError> {
    let text = |name| row.try_get::<String, _>(name).map_err(failed);
    let perhaps = |name| row.try_get::<Option<String>, _>(name).map_err(failed);
    let number = |name| row.try_get::<Option<i64>, _>(name).map_err(failed);
    let opened = |table, name: &str, sealed: &str| {
        let plain = vault.open(table, name, sealed)?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| CORRUPT)
    };
    let (id, state) = (text("id")?, text("state")?);
    Ok(KeptCall {
        webhook: WebhookId::parse(&text("webhook")?).map_err(|_| CORRUPT)?,
        event: text("event")?,
        request: perhaps("request")?.map(|id| HabilitationRequestId::parse(&id)).transpose().map_err(|_| CORRUPT)?,
        number: number("number")?,
        state: CallState::ALL.into_iter().find(|known| known.name() == state).ok_or(CORRUPT)?,
        attempts: row.try_get("attempts").map_err(failed)?,
        status: number("status")?.and_then(|status| u16::try_from(status).ok()),
        tried: number("tried")?.map(Timestamp::from_epoch),
        created: Timestamp::from_epoch(row.try_get("created").map_err(failed)?),
        body: opened(CALLS, &id, &text("sealed")?)?,
        answer: perhaps("answer")?.map(|sealed| opened(ANSWERS, &id, &sealed)).transpose()?,
        id: WebhookCallId::parse(&id).map_err(|_| CORRUPT)?,
    })
}
