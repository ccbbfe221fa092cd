//! The signing keys of the gateway, their private part sealed by the vault.

use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::journal::Act;
use domain::keys::KeyLife;
use domain::time::Timestamp;

use super::{Registry, Updated, commit, failed};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const TABLE: &str = "signing_keys";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

/// A signing key with its dates.
#[derive(Clone)]
pub struct KeptKey {
    /// Its dates.
    pub life: KeyLife,
    /// The key.
    pub key: SigningKey,
}

impl Registry {
    /// All signing keys, the oldest first.
    pub async fn keys(&self) -> Result<Vec<KeptKey>, StoreError> {
        let rows: Vec<(String, String, i64, i64, String)> = sqlx::query_as(
            "SELECT kid, algorithm, announced, signs_from, sealed FROM signing_keys ORDER BY announced, kid",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter()
            .map(|(kid, algorithm, announced, signs_from, sealed)| {
                let algorithm = SigningAlgorithm::parse(&algorithm).ok_or(CORRUPT)?;
                let pkcs8 = self.vault.open(TABLE, &kid, &sealed)?;
                let kid = Kid::parse(&kid).map_err(|_| CORRUPT)?;
                Ok(KeptKey {
                    key: SigningKey::from_pkcs8(algorithm, kid.clone(), &pkcs8).map_err(|_| CORRUPT)?,
                    life: KeyLife {
                        kid,
                        algorithm,
                        announced: Timestamp::from_epoch(announced),
                        signs_from: Timestamp::from_epoch(signs_from),
                    },
                })
            })
            .collect()
    }

    /// Keeps a new key whose dates were decided on `known`, the keys as they were listed. [`Put::Taken`] when another
    /// node changed them meanwhile: list and decide again. Journals [`Act::KeyMade`].
    pub async fn insert_key(&self, new: &KeptKey, known: &[KeyLife], now: Timestamp) -> Result<Put, StoreError> {
        let life = &new.life;
        let pkcs8 = new.key.to_pkcs8().map_err(|_| CORRUPT)?;
        let sealed = self.vault.seal(TABLE, life.kid.as_str(), &pkcs8)?;
        let mut transaction = self.write().await?;
        // The first statement locks: two nodes that decided on the same list come one after the other.
        sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'keys'")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let mut held: Vec<String> =
            sqlx::query_scalar("SELECT kid FROM signing_keys").fetch_all(&mut *transaction).await.map_err(failed)?;
        let mut expected: Vec<&str> = known.iter().map(|life| life.kid.as_str()).collect();
        held.sort_unstable();
        expected.sort_unstable();
        if held != expected {
            return Ok(Put::Taken);
        }
        sqlx::query(
            "INSERT INTO signing_keys (kid, algorithm, announced, signs_from, sealed) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(life.kid.as_str())
        .bind(life.algorithm.name())
        .bind(life.announced.epoch())
        .bind(life.signs_from.epoch())
        .bind(sealed)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        let made = Act::KeyMade { kid: life.kid.clone() };
        journal::append(&mut transaction, &self.journal_key, &[made], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Erases a key that was retired: what no longer exists cannot be stolen.
    pub async fn erase_key(&self, kid: &Kid) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'keys'")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let gone = sqlx::query("DELETE FROM signing_keys WHERE kid = $1")
            .bind(kid.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if gone.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        commit(transaction).await?;
        Ok(Updated::Done)
    }
}
