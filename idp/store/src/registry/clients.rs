//! The relying parties. Each change is journalled in the transaction that makes it.

use domain::client::{Client, ClientState, Registered};
use domain::id::ClientId;
use domain::journal::{Act, ClientChange, JournalKey};
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use super::{Registry, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

/// What happens to a client's secret when the client is changed.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It stays.
    Keep,
    /// It is replaced.
    Replace(SecretDigest),
    /// It goes: the client authenticates by keys.
    Drop,
}

/// What became of a change.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// It was made.
    Done,
    /// There is nothing of that name: nothing was changed.
    Missing,
}

type Row = (String, String, String);

impl Registry {
    /// Registers a client; [`Put::Taken`] when its identifier is in use. Journals [`ClientChange::Registered`].
    pub async fn insert_client(&self, registered: &Registered, now: Timestamp) -> Result<Put, StoreError> {
        let client = &registered.client;
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO clients (id, metadata, secrets, state, created, updated) VALUES ($1, $2, $3, $4, $5, $5) \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(client.id.as_str())
        .bind(to_json(client, "a client")?)
        .bind(to_json(&registered.secret.as_slice(), "a client")?)
        .bind(state_name(registered.state))
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        changed(transaction, &self.journal_key, &client.id, &[ClientChange::Registered], now).await?;
        Ok(Put::Fresh)
    }

    /// Changes the metadata of a client. Journals [`ClientChange::Updated`], and [`ClientChange::SecretMade`] when
    /// the secret was replaced.
    pub async fn update_client(
        &self,
        client: &Client,
        secret: &SecretChange,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let (secrets, changes): (_, &[ClientChange]) = match secret {
            SecretChange::Keep => (None, &[ClientChange::Updated]),
            SecretChange::Replace(digest) => {
                (Some(to_json(&[digest], "a client")?), &[ClientChange::Updated, ClientChange::SecretMade])
            }
            SecretChange::Drop => (Some("[]".to_owned()), &[ClientChange::Updated]),
        };
        let mut transaction = self.write().await?;
        let updated = sqlx::query(
            "UPDATE clients SET metadata = $2, secrets = COALESCE($3, secrets), updated = $4 WHERE id = $1",
        )
        .bind(client.id.as_str())
        .bind(to_json(client, "a client")?)
        .bind(secrets)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        changed(transaction, &self.journal_key, &client.id, changes, now).await?;
        Ok(Updated::Done)
    }

    /// Disables or enables a client. Journals it, unless it was so already.
    pub async fn set_client_state(
        &self,
        id: &ClientId,
        state: ClientState,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let updated = sqlx::query("UPDATE clients SET state = $2, updated = $3 WHERE id = $1 AND state <> $2")
            .bind(id.as_str())
            .bind(state_name(state))
            .bind(now.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if updated.rows_affected() == 0 {
            transaction.rollback().await.map_err(failed)?;
            return Ok(if self.client(id).await?.is_some() { Updated::Done } else { Updated::Missing });
        }
        let change = match state {
            ClientState::Active => ClientChange::Enabled,
            ClientState::Disabled => ClientChange::Disabled,
        };
        changed(transaction, &self.journal_key, id, &[change], now).await?;
        Ok(Updated::Done)
    }

    /// One client.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Registered>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT metadata, secrets, state FROM clients WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(read).transpose()
    }

    /// All clients, by identifier.
    pub async fn clients(&self) -> Result<Vec<Registered>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT metadata, secrets, state FROM clients ORDER BY id")
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

async fn changed(
    mut transaction: Transaction<'static, Any>,
    key: &JournalKey,
    client: &ClientId,
    changes: &[ClientChange],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'clients'")
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let acts: Vec<Act> =
        changes.iter().map(|change| Act::ClientChanged { client: client.clone(), change: *change }).collect();
    journal::append(&mut transaction, key, &acts, now).await?;
    commit(transaction).await
}

fn read((metadata, secrets, state): &Row) -> Result<Registered, StoreError> {
    let secrets: Vec<SecretDigest> = from_json(secrets, "a client")?;
    let state = match state.as_str() {
        "active" => ClientState::Active,
        "disabled" => ClientState::Disabled,
        _ => return Err(StoreError::Corrupt { what: "a client" }),
    };
    Ok(Registered { client: from_json(metadata, "a client")?, secret: secrets.into_iter().next_back(), state })
}

const fn state_name(state: ClientState) -> &'static str {
    match state {
        ClientState::Active => "active",
        ClientState::Disabled => "disabled",
    }
}
