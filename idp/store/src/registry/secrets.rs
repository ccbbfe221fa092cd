//! The secrets of relying parties: a second one beside the first, and the old one retired.

use domain::habilitation::credentials::{ClientSecret, SecretName, SecretRefused, Secrets};
use domain::habilitation::switches::Deed;
use domain::id::ClientId;
use domain::journal::{Act, SecretDeed};
use domain::notice::Notice;
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use super::clients::{self, changed};
use super::{Registry, commit, failed, outbox};
use crate::StoreError;
use crate::ephemeral::Put;

/// What became of a change of secrets.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUpdated {
    /// It was made.
    Done,
    /// There is no such client.
    Missing,
    /// The rules of secrets refuse it.
    Refused(SecretRefused),
}

/// What is known of the use of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// Its name.
    pub secret: SecretName,
    /// The day of its last use.
    pub last_day: Option<Timestamp>,
}

impl Registry {
    /// Adds a secret beside the one that a client has. Journals it.
    pub async fn add_secret(
        &self,
        client: &ClientId,
        secret: &ClientSecret,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<SecretUpdated, StoreError> {
        let mut transaction = self.write().await?;
        let Some(held) = held(&mut transaction, client).await? else { return Ok(SecretUpdated::Missing) };
        match held.add(secret.clone()) {
            Ok(next) => self.keep(transaction, client, &next, (secret.name(), SecretDeed::Added), (deed, now)).await,
            Err(refused) => Ok(SecretUpdated::Refused(refused)),
        }
    }

    /// Retires a secret of a client that has another one. Journals it.
    pub async fn retire_secret(
        &self,
        client: &ClientId,
        secret: &SecretName,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<SecretUpdated, StoreError> {
        let mut transaction = self.write().await?;
        let Some(held) = held(&mut transaction, client).await? else { return Ok(SecretUpdated::Missing) };
        match held.retire(secret) {
            Ok(next) => self.keep(transaction, client, &next, (secret.clone(), SecretDeed::Retired), (deed, now)).await,
            Err(refused) => Ok(SecretUpdated::Refused(refused)),
        }
    }

    async fn keep(
        &self,
        mut transaction: Transaction<'static, Any>,
        client: &ClientId,
        next: &Secrets,
        (secret, change): (SecretName, SecretDeed),
        (deed, now): (&Deed, Timestamp),
    ) -> Result<SecretUpdated, StoreError> {
        sqlx::query("UPDATE clients SET secrets = $2, secret_terms = $3, updated = $4, changed = -1 WHERE id = $1")
            .bind(client.as_str())
            .bind(clients::digests(next)?)
            .bind(clients::terms(next)?)
            .bind(now.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let act = Act::SecretChanged { client: client.clone(), secret, change, deed: deed.clone() };
        changed(transaction, &self.journal_key, &[act], now).await?;
        Ok(SecretUpdated::Done)
    }

    /// Notes that a secret was used on a day. One row a secret and day at most: nodes note it once.
    pub async fn note_secret_use(
        &self,
        client: &ClientId,
        secret: &SecretName,
        day: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO secret_uses (client, secret, last_day) VALUES ($1, $2, $3) \
             ON CONFLICT (client, secret) DO UPDATE SET last_day = excluded.last_day \
             WHERE secret_uses.last_day IS NULL OR secret_uses.last_day < excluded.last_day",
        )
        .bind(client.as_str())
        .bind(secret.as_str())
        .bind(day.epoch())
        .execute(&self.writers)
        .await
        .map(|_| ())
        .map_err(failed)
    }

    /// When the secrets of a client were used last.
    pub async fn secret_uses(&self, client: &ClientId) -> Result<Vec<SecretUse>, StoreError> {
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as("SELECT secret, last_day FROM secret_uses WHERE client = $1 ORDER BY secret")
                .bind(client.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.into_iter()
            .map(|(secret, day)| {
                let secret = SecretName::parse(&secret).map_err(|_| StoreError::Corrupt { what: "a secret" })?;
                Ok(SecretUse { secret, last_day: day.map(Timestamp::from_epoch) })
            })
            .collect()
    }

    /// Warns of the end of a secret, so many days before: once, whichever node comes first. [`Put::Taken`] when that was
    /// done.
    pub async fn warn_of_secret(
        &self,
        client: &ClientId,
        (secret, days): (&SecretName, i64),
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let taken = sqlx::query(
            "INSERT INTO secret_uses (client, secret, warned) VALUES ($1, $2, $3) \
             ON CONFLICT (client, secret) DO UPDATE SET warned = excluded.warned \
             WHERE secret_uses.warned IS NULL OR secret_uses.warned > excluded.warned",
        )
        .bind(client.as_str())
        .bind(secret.as_str())
        .bind(days)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if taken.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        for (at, notice) in notices.iter().enumerate() {
            let name = format!("secret.{client}.{secret}.{days}.{at}");
            outbox::enqueue(&mut transaction, &self.vault, &name, notice, now).await?;
        }
        commit(transaction).await?;
        Ok(Put::Fresh)
    }
}

/// The secrets of a client, for a change of them: on PostgreSQL its row is locked until then.
async fn held(transaction: &mut Transaction<'static, Any>, client: &ClientId) -> Result<Option<Secrets>, StoreError> {
    // An update is the lock that both engines know.
    sqlx::query("UPDATE clients SET updated = updated WHERE id = $1")
        .bind(client.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let row: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT secrets, secret_terms FROM clients WHERE id = $1")
            .bind(client.as_str())
            .fetch_optional(&mut **transaction)
            .await
            .map_err(failed)?;
    row.map(|(digests, terms)| clients::secrets(&digests, terms.as_deref())).transpose()
}
