//! The passkeys of partners.

use domain::id::{PartnerId, PasskeyId};
use domain::journal::PartnerChange;
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};

use super::{Posting, act, lock_active, post};
use crate::ephemeral::Put;
use crate::registry::passkeys::{KeptPasskey, Row, read, seal};
use crate::registry::{Registry, Updated, commit, failed};
use crate::seal::Vault;
use crate::{StoreError, journal};

const TABLE: &str = "partner_passkeys";

impl Registry {
    /// The passkeys of a partner, the oldest first.
    pub async fn partner_passkeys(&self, partner: &PartnerId) -> Result<Vec<KeptPasskey<PartnerId>>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, partner, sealed, added, last_used FROM partner_passkeys WHERE partner = $1 ORDER BY added, id",
        )
        .bind(partner.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(|row| read(&self.vault, TABLE, row)).collect()
    }

    /// One passkey, whichever partner has it.
    pub async fn partner_passkey(&self, id: &PasskeyId) -> Result<Option<KeptPasskey<PartnerId>>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, partner, sealed, added, last_used FROM partner_passkeys WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        row.map(|row| read(&self.vault, TABLE, row)).transpose()
    }

    /// Adds a passkey to a partner who has those that are `known`; [`Put::Taken`] when they have others by now, are not
    /// active any more, or the passkey is registered already. Journals it.
    pub async fn add_partner_passkey(
        &self,
        passkey: &KeptPasskey<PartnerId>,
        known: &[PasskeyId],
        told: &Posting,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        if !self.has_still(&mut transaction, &passkey.owner, known).await? {
            return Ok(Put::Taken);
        }
        if insert(&mut transaction, &self.vault, passkey).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        post(&mut transaction, &self.vault, told, now).await?;
        let act = act(&passkey.owner, Some(&passkey.owner), PartnerChange::PasskeyAdded(passkey.id.clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Withdraws a passkey of a partner who has those that are `known`, with the sessions it opened; [`Put::Taken`] when they
    /// have others by now. Journals it.
    pub async fn withdraw_partner_passkey(
        &self,
        passkey: &KeptPasskey<PartnerId>,
        known: &[PasskeyId],
        told: &Posting,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let (partner, id) = (&passkey.owner, &passkey.id);
        let mut transaction = self.write().await?;
        if !self.has_still(&mut transaction, partner, known).await? {
            return Ok(Put::Taken);
        }
        for statement in [
            "DELETE FROM partner_passkeys WHERE id = $1 AND partner = $2",
            "DELETE FROM partner_sessions WHERE passkey = $1 AND partner = $2",
        ] {
            let query = sqlx::query(statement).bind(id.as_str()).bind(partner.as_str());
            query.execute(&mut *transaction).await.map_err(failed)?;
        }
        post(&mut transaction, &self.vault, told, now).await?;
        let act = act(partner, Some(partner), PartnerChange::PasskeyWithdrawn(id.clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Notes that a passkey was used, with what its counter says now. [`Updated::Missing`] when it was withdrawn.
    pub async fn partner_passkey_used(
        &self,
        passkey: &KeptPasskey<PartnerId>,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let updated =
            sqlx::query("UPDATE partner_passkeys SET sealed = $3, last_used = $4 WHERE id = $1 AND partner = $2")
                .bind(passkey.id.as_str())
                .bind(passkey.owner.as_str())
                .bind(seal(&self.vault, TABLE, passkey)?)
                .bind(now.epoch())
                .execute(&self.writers)
                .await
                .map_err(failed)?;
        Ok(if updated.rows_affected() == 0 { Updated::Missing } else { Updated::Done })
    }

    /// Whether the partner, locked, is active and has these passkeys still.
    async fn has_still(
        &self,
        transaction: &mut Transaction<'static, Any>,
        partner: &PartnerId,
        known: &[PasskeyId],
    ) -> Result<bool, StoreError> {
        if lock_active(transaction, &self.vault, partner).await?.is_none() {
            return Ok(false);
        }
        let (mut held, mut known) = (held(transaction, partner).await?, known.to_vec());
        held.sort();
        known.sort();
        Ok(held == known)
    }
}

/// The names of the passkeys of a partner.
pub(super) async fn held(connection: &mut AnyConnection, partner: &PartnerId) -> Result<Vec<PasskeyId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM partner_passkeys WHERE partner = $1 ORDER BY added, id")
        .bind(partner.as_str())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    ids.iter().map(|id| PasskeyId::parse(id).map_err(|_| StoreError::Corrupt { what: TABLE })).collect()
}

pub(super) async fn insert(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    passkey: &KeptPasskey<PartnerId>,
) -> Result<Put, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO partner_passkeys (id, partner, sealed, added, last_used) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(passkey.id.as_str())
    .bind(passkey.owner.as_str())
    .bind(seal(vault, TABLE, passkey)?)
    .bind(passkey.added.epoch())
    .bind(passkey.last_used.map(Timestamp::epoch))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(if inserted.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}
