//! The desk readers of communes. They lie sealed, so that whoever writes the database cannot put in a key of theirs.

use domain::id::AgentId;
use domain::journal::{Act, ReaderChange};
use domain::oidc::binding::Thumbprint;
use domain::people::commune::CommuneCode;
use domain::people::reader::{Reader, ReaderState};
use domain::time::Timestamp;
use zeroize::Zeroizing;

use super::people::lock;
use super::{Registry, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const TABLE: &str = "readers";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

impl Registry {
    /// Registers a reader, or keeps a proposal of one; [`Put::Taken`] when its key is registered already, anywhere. Journals it.
    pub async fn insert_reader(
        &self,
        reader: &Reader,
        by: Option<&AgentId>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        lock(&mut transaction, &reader.commune).await?;
        let inserted = sqlx::query(
            "INSERT INTO readers (id, commune, jkt, state, sealed, registered) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (jkt) DO NOTHING",
        )
        .bind(reader.id.as_str())
        .bind(reader.commune.as_str())
        .bind(reader.key.thumbprint().as_str())
        .bind(state_name(reader.state))
        .bind(self.seal_reader(reader)?)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let change = match reader.state {
            ReaderState::Proposed => ReaderChange::Proposed,
            ReaderState::Registered | ReaderState::Withdrawn => ReaderChange::Registered,
        };
        let act = act(reader, by, change(reader.key.thumbprint().clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Keeps what becomes of a reader, if it is still as it was read; [`Put::Taken`] when it is not. Journals it.
    pub async fn change_reader(
        &self,
        (from, to): (&Reader, &Reader),
        change: ReaderChange,
        by: Option<&AgentId>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        if (&from.id, &from.commune, &from.key) != (&to.id, &to.commune, &to.key) {
            return Err(CORRUPT);
        }
        let mut transaction = self.write().await?;
        lock(&mut transaction, &from.commune).await?;
        let sealed: Option<String> = sqlx::query_scalar("SELECT sealed FROM readers WHERE id = $1")
            .bind(from.id.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let kept = sealed.map(|sealed| self.open_reader(from.id.as_str(), &sealed)).transpose()?;
        if kept.as_ref() != Some(from) {
            return Ok(Put::Taken);
        }
        sqlx::query("UPDATE readers SET state = $2, sealed = $3 WHERE id = $1")
            .bind(to.id.as_str())
            .bind(state_name(to.state))
            .bind(self.seal_reader(to)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        journal::append(&mut transaction, &self.journal_key, &[act(to, by, change)], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// The readers that wait to be accepted, of all communes, the oldest first.
    pub async fn readers_proposed(&self) -> Result<Vec<Reader>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, sealed FROM readers WHERE state = $1 ORDER BY registered, id")
                .bind(state_name(ReaderState::Proposed))
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.iter().map(|(id, sealed)| self.open_reader(id, sealed)).collect()
    }

    /// The readers of a commune, withdrawn ones among them, the oldest first.
    pub async fn readers(&self, commune: &CommuneCode) -> Result<Vec<Reader>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, sealed FROM readers WHERE commune = $1 ORDER BY registered, id")
                .bind(commune.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.iter().map(|(id, sealed)| self.open_reader(id, sealed)).collect()
    }

    /// The reader with this key, as it is now: withdrawn or not.
    pub async fn reader_with(&self, key: &Thumbprint) -> Result<Option<Reader>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT id, sealed FROM readers WHERE jkt = $1")
            .bind(key.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        let Some((id, sealed)) = row else { return Ok(None) };
        let reader = self.open_reader(&id, &sealed)?;
        if reader.key.thumbprint().is(key) { Ok(Some(reader)) } else { Err(CORRUPT) }
    }

    fn seal_reader(&self, reader: &Reader) -> Result<String, StoreError> {
        let plain = Zeroizing::new(to_json(reader, TABLE)?);
        self.vault.seal(TABLE, reader.id.as_str(), plain.as_bytes())
    }

    fn open_reader(&self, id: &str, sealed: &str) -> Result<Reader, StoreError> {
        let plain = self.vault.open(TABLE, id, sealed)?;
        from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, TABLE)
    }
}

fn act(reader: &Reader, by: Option<&AgentId>, change: ReaderChange) -> Act {
    Act::ReaderChanged { reader: reader.id.clone(), commune: reader.commune.clone(), by: by.cloned(), change }
}

const fn state_name(state: ReaderState) -> &'static str {
    match state {
        ReaderState::Proposed => "proposed",
        ReaderState::Registered => "registered",
        ReaderState::Withdrawn => "withdrawn",
    }
}
