//! The sessions of partners, as far as the registry knows them: one counts for as long as its row stands, so that whoever
//! takes it away ends it on every node. What opens it lies among the ephemeral records.

use domain::id::{PartnerId, PartnerSessionId, PasskeyId};
use domain::journal::PartnerChange;
use domain::partners::partner::Partner;
use domain::partners::session::PartnerSession;
use domain::time::Timestamp;

use super::{act, lock_active, read_partner};
use crate::ephemeral::Put;
use crate::registry::{Registry, Updated, commit, failed};
use crate::{StoreError, journal};

const CORRUPT: StoreError = StoreError::Corrupt { what: "partner_sessions" };

/// A session in the list of its partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// Its name.
    pub id: PartnerSessionId,
    /// The passkey that opened it.
    pub passkey: PasskeyId,
    /// When it began.
    pub began: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
}

impl Registry {
    /// Notes a session that begins; [`Put::Taken`] when its partner is not active, or does not have the passkey, any more.
    pub async fn begin_partner_session(&self, session: &PartnerSession, now: Timestamp) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        if lock_active(&mut transaction, &self.vault, &session.partner).await?.is_none()
            || !super::passkeys::held(&mut transaction, &session.partner).await?.contains(&session.passkey)
        {
            return Ok(Put::Taken);
        }
        sqlx::query("INSERT INTO partner_sessions (id, partner, passkey, began, ends) VALUES ($1, $2, $3, $4, $5)")
            .bind(session.id.as_str())
            .bind(session.partner.as_str())
            .bind(session.passkey.as_str())
            .bind(now.epoch())
            .bind(session.ends().epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// The partner of a session, as they are now; `None` when the session was ended.
    pub async fn partner_in(&self, session: &PartnerSession) -> Result<Option<Partner>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let stands: Option<String> =
            sqlx::query_scalar("SELECT id FROM partner_sessions WHERE id = $1 AND partner = $2")
                .bind(session.id.as_str())
                .bind(session.partner.as_str())
                .fetch_optional(&mut *snapshot)
                .await
                .map_err(failed)?;
        if stands.is_none() {
            return Ok(None);
        }
        read_partner(&mut snapshot, &self.vault, &session.partner).await
    }

    /// The sessions of a partner that may still be open at `now`, the newest first.
    pub async fn partner_sessions(&self, partner: &PartnerId, now: Timestamp) -> Result<Vec<KeptSession>, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT id, passkey, began, ends FROM partner_sessions WHERE partner = $1 AND ends > $2 \
             ORDER BY began DESC, id",
        )
        .bind(partner.as_str())
        .bind(now.epoch())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let read = |(id, passkey, began, ends): (String, String, i64, i64)| {
            let id = PartnerSessionId::parse(&id).map_err(|_| CORRUPT)?;
            let passkey = PasskeyId::parse(&passkey).map_err(|_| CORRUPT)?;
            Ok(KeptSession { id, passkey, began: Timestamp::from_epoch(began), ends: Timestamp::from_epoch(ends) })
        };
        rows.into_iter().map(read).collect()
    }

    /// Ends one session of a partner.
    pub async fn end_partner_session(
        &self,
        partner: &PartnerId,
        session: &PartnerSessionId,
    ) -> Result<Updated, StoreError> {
        let gone = sqlx::query("DELETE FROM partner_sessions WHERE id = $1 AND partner = $2")
            .bind(session.as_str())
            .bind(partner.as_str())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(if gone.rows_affected() == 0 { Updated::Missing } else { Updated::Done })
    }

    /// Ends all sessions of a partner. Journals it.
    pub async fn end_partner_sessions(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let gone = sqlx::query("DELETE FROM partner_sessions WHERE partner = $1")
            .bind(partner.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let act = act(partner, Some(partner), PartnerChange::SignedOutEverywhere);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(gone.rows_affected())
    }

    /// Forgets sessions whose time is over. For an hourly round.
    pub async fn forget_partner_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM partner_sessions WHERE ends <= $1")
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(gone.rows_affected())
    }
}
