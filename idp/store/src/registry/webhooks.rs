//! Webhooks: who is told of what becomes of requests. What they were told stands in `webhook_calls`.

use domain::habilitation::review::Happened;
use domain::habilitation::webhook::{HookEvent, HookState, Webhook};
use domain::id::WebhookId;
use domain::journal::Act;
use domain::time::Timestamp;
use sqlx::{Any, Transaction};
use zeroize::Zeroizing;

use super::cards::Changed;
use super::{Registry, Updated, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::seal::Vault;
use crate::{StoreError, journal};

const HOOKS: &str = "webhooks";
const CORRUPT: StoreError = StoreError::Corrupt { what: HOOKS };

/// A webhook as it was read: a change decided on it is kept if it still is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its version.
    pub version: i64,
}

impl Registry {
    /// Keeps a new webhook, and journals it.
    pub async fn insert_webhook(&self, webhook: &Webhook, act: &Act, now: Timestamp) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let made = sqlx::query(
            "INSERT INTO webhooks (id, state, version, sealed, created, updated) VALUES ($1, $2, 1, $3, $4, $4) \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(webhook.id.as_str())
        .bind(webhook.state().name())
        .bind(seal(&self.vault, webhook, 1)?)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if made.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        journal::append(&mut transaction, &self.journal_key, std::slice::from_ref(act), now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Keeps a changed webhook, if it is still as it was read, and journals it.
    pub async fn change_webhook(
        &self,
        from: &KeptWebhook,
        to: &Webhook,
        act: &Act,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let mut transaction = self.write().await?;
        if put(&mut transaction, &self.vault, (from, to), now).await? == Changed::Lost {
            return Ok(Changed::Lost);
        }
        journal::append(&mut transaction, &self.journal_key, std::slice::from_ref(act), now).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// Removes a webhook with its history, and journals it.
    pub async fn remove_webhook(&self, id: &WebhookId, act: &Act, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        for statement in ["DELETE FROM webhook_calls WHERE webhook = $1", "DELETE FROM webhooks WHERE id = $1"] {
            let gone = sqlx::query(statement).bind(id.as_str()).execute(&mut *transaction).await.map_err(failed)?;
            if statement.ends_with("WHERE id = $1") && gone.rows_affected() == 0 {
                return Ok(Updated::Missing);
            }
        }
        journal::append(&mut transaction, &self.journal_key, std::slice::from_ref(act), now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// A webhook.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<KeptWebhook>, StoreError> {
        let row: Option<(String, i64, String)> =
            sqlx::query_as("SELECT id, version, sealed FROM webhooks WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        row.map(|row| open(&self.vault, row)).transpose()
    }

    /// Every webhook, the oldest first.
    pub async fn webhooks(&self) -> Result<Vec<KeptWebhook>, StoreError> {
        let rows: Vec<(String, i64, String)> =
            sqlx::query_as("SELECT id, version, sealed FROM webhooks ORDER BY created, id")
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.into_iter().map(|row| open(&self.vault, row)).collect()
    }

    /// Turns a webhook off after calls in vain, where it is on.
    pub(super) async fn give_up_webhook(
        &self,
        transaction: &mut Transaction<'static, Any>,
        id: &WebhookId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row: Option<(String, i64, String)> =
            sqlx::query_as("SELECT id, version, sealed FROM webhooks WHERE id = $1 AND state = $2")
                .bind(id.as_str())
                .bind(HookState::On.name())
                .fetch_optional(&mut **transaction)
                .await
                .map_err(failed)?;
        let Some(row) = row else { return Ok(false) };
        let from = open(&self.vault, row)?;
        let to = from.webhook.clone().given_up();
        Ok(put(transaction, &self.vault, (&from, &to), now).await? == Changed::Done)
    }

    /// The webhooks that hear of something, and as what.
    pub(super) async fn hearing(
        &self,
        transaction: &mut Transaction<'static, Any>,
        happened: Happened,
    ) -> Result<Vec<(WebhookId, HookEvent)>, StoreError> {
        let rows: Vec<(String, i64, String)> =
            sqlx::query_as("SELECT id, version, sealed FROM webhooks WHERE state = $1 ORDER BY id")
                .bind(HookState::On.name())
                .fetch_all(&mut **transaction)
                .await
                .map_err(failed)?;
        let mut hearing = Vec::new();
        for row in rows {
            let webhook = open(&self.vault, row)?.webhook;
            hearing.extend(webhook.hears(happened).map(|event| (webhook.id.clone(), event)));
        }
        Ok(hearing)
    }
}

/// Puts a changed webhook in the place of the one that was read.
pub(super) async fn put(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    (from, to): (&KeptWebhook, &Webhook),
    now: Timestamp,
) -> Result<Changed, StoreError> {
    if from.webhook.id != to.id {
        return Err(CORRUPT);
    }
    let version = from.version.saturating_add(1);
    let changed = sqlx::query(
        "UPDATE webhooks SET state = $3, version = $4, sealed = $5, updated = $6 WHERE id = $1 AND version = $2",
    )
    .bind(to.id.as_str())
    .bind(from.version)
    .bind(to.state().name())
    .bind(version)
    .bind(seal(vault, to, version)?)
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(if changed.rows_affected() == 0 { Changed::Lost } else { Changed::Done })
}

fn row_name(id: &WebhookId, version: i64) -> String {
    format!("{id}.{version}")
}

fn seal(vault: &Vault, webhook: &Webhook, version: i64) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(webhook, HOOKS)?);
    vault.seal(HOOKS, &row_name(&webhook.id, version), plain.as_bytes())
}

/// The webhook of a row. One that stands in a row that is not its own is corrupt.
fn open(vault: &Vault, (id, version, sealed): (String, i64, String)) -> Result<KeptWebhook, StoreError> {
    let id = WebhookId::parse(&id).map_err(|_| CORRUPT)?;
    let plain = vault.open(HOOKS, &row_name(&id, version), &sealed)?;
    let webhook: Webhook = from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, HOOKS)?;
    if webhook.id == id { Ok(KeptWebhook { webhook, version }) } else { Err(CORRUPT) }
}
