//! The RSA key that relying parties encrypt request objects to, sealed by the vault.

use domain::id::Kid;
use domain::jose::jwe::KeyAlgorithm;
use domain::journal::Act;
use domain::time::Timestamp;
use zeroize::Zeroizing;

use super::{Registry, commit, failed};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const TABLE: &str = "request_keys";
const ALGORITHM: KeyAlgorithm = KeyAlgorithm::RsaOaep256;

impl Registry {
    /// The key, as PKCS#8 DER; `None` before it was made.
    pub async fn request_key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT kid, sealed FROM request_keys WHERE algorithm = $1")
            .bind(ALGORITHM.name())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.map(|(kid, sealed)| self.vault.open(TABLE, &kid, &sealed)).transpose()
    }

    /// Keeps the key, and journals that. [`Put::Taken`] when another node made one first: read that one.
    pub async fn keep_request_key(&self, kid: &Kid, pkcs8: &[u8], now: Timestamp) -> Result<Put, StoreError> {
        let sealed = self.vault.seal(TABLE, kid.as_str(), pkcs8)?;
        let mut transaction = self.write().await?;
        let kept = sqlx::query(
            "INSERT INTO request_keys (algorithm, kid, made, sealed) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (algorithm) DO NOTHING",
        )
        .bind(ALGORITHM.name())
        .bind(kid.as_str())
        .bind(now.epoch())
        .bind(sealed)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if kept.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let made = Act::RequestKeyMade { kid: kid.clone() };
        journal::append(&mut transaction, &self.journal_key, &[made], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }
}
