//! Tokens of the admin API. A secret is kept nowhere: a token is found by a keyed hash of it, and lies sealed with that hash, so
//! that whoever writes the database cannot give a secret of theirs what another may do. Each call reads anew: what is revoked
//! here is refused with the next call, on every node.

use domain::id::AdminTokenId;
use domain::journal::{Act, AdminTokenChange};
use domain::partners::token::{AdminSecret, AdminToken};
use domain::secret::{Bearer, base64url, keyed_hash};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Registry, Updated, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const TABLE: &str = "admin_tokens";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };
/// Between two notes of a use, in seconds: a program that calls all the time writes once a minute.
const NOTED: i64 = 60;

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptToken {
    /// The token.
    pub token: AdminToken,
    /// When it was used last, to the minute.
    pub used: Option<Timestamp>,
}

impl KeptToken {
    /// Whether a use now is worth a note.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.used.is_none_or(|used| now.seconds_since(used) >= NOTED)
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    token: AdminToken,
    hash: String,
}

/// Id, hash, sealed record, last use.
type Row = (String, String, String, Option<i64>);

impl Registry {
    /// Keeps a new token under its secret; [`Put::Taken`] when there is one of that number or secret. Journals it.
    pub async fn insert_admin_token(
        &self,
        token: &AdminToken,
        secret: &Bearer<AdminSecret>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let hash = self.token_hash(secret);
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO admin_tokens (id, hash, sealed, made) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(token.id.as_str())
        .bind(&hash)
        .bind(self.seal_token(token, &hash)?)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let change = AdminTokenChange::Made(Box::new(token.clone()));
        let act = Act::AdminTokenChanged { token: token.id.clone(), change };
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Revokes a token, for good; [`Updated::Missing`] when there is none, or it was revoked before. Journals it.
    pub async fn revoke_admin_token(&self, id: &AdminTokenId, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        // An update is the lock that both engines know.
        sqlx::query("UPDATE admin_tokens SET made = made WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let row: Option<Row> = sqlx::query_as("SELECT id, hash, sealed, used FROM admin_tokens WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(Updated::Missing) };
        let hash = row.1.clone();
        let kept = self.open_token(row)?;
        if kept.token.revoked.is_some() {
            return Ok(Updated::Missing);
        }
        sqlx::query("UPDATE admin_tokens SET sealed = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(self.seal_token(&kept.token.revoke(now), &hash)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let act = Act::AdminTokenChanged { token: id.clone(), change: AdminTokenChange::Revoked };
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// The token of a secret: over or not.
    pub async fn admin_token_with(&self, secret: &Bearer<AdminSecret>) -> Result<Option<KeptToken>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT id, hash, sealed, used FROM admin_tokens WHERE hash = $1")
            .bind(self.token_hash(secret))
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.map(|row| self.open_token(row)).transpose()
    }

    /// One token: over or not.
    pub async fn admin_token(&self, id: &AdminTokenId) -> Result<Option<KeptToken>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT id, hash, sealed, used FROM admin_tokens WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.map(|row| self.open_token(row)).transpose()
    }

    /// Every token, those that are over among them, the newest first.
    pub async fn admin_tokens(&self) -> Result<Vec<KeptToken>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT id, hash, sealed, used FROM admin_tokens ORDER BY made DESC, id")
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.into_iter().map(|row| self.open_token(row)).collect()
    }

    /// Notes that a token was used.
    pub async fn note_admin_token_use(&self, id: &AdminTokenId, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE admin_tokens SET used = $2 WHERE id = $1 AND COALESCE(used, 0) < $2")
            .bind(id.as_str())
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    fn token_hash(&self, secret: &Bearer<AdminSecret>) -> String {
        let key = self.vault.derive("admin-token");
        base64url(&keyed_hash(&key, &[b"admin-token", &secret.expand(&[b"admin-token"])]))
    }

    fn seal_token(&self, token: &AdminToken, hash: &str) -> Result<String, StoreError> {
        let sealed = Sealed { token: token.clone(), hash: hash.to_owned() };
        let plain = Zeroizing::new(to_json(&sealed, TABLE)?);
        self.vault.seal(TABLE, token.id.as_str(), plain.as_bytes())
    }

    /// The token of a row. One that stands in another row than its own, or under another hash, is corrupt.
    fn open_token(&self, (id, hash, sealed, used): Row) -> Result<KeptToken, StoreError> {
        let plain = self.vault.open(TABLE, &id, &sealed)?;
        let Sealed { token, hash: own } = from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, TABLE)?;
        if token.id.as_str() != id || own != hash {
            return Err(CORRUPT);
        }
        Ok(KeptToken { token, used: used.map(Timestamp::from_epoch) })
    }
}
