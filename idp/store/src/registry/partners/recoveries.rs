//! Recovery codes, and the recoveries they lead to.

use domain::id::{PartnerId, RecoveryId};
use domain::journal::PartnerChange;
use domain::partners::recovery::{Decided, Recovery, RecoveryState};
use domain::people::name::MailAddress;
use domain::secret::{Bearer, base64url};
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};

use super::{Joined, Posting, Sealed, act, found, keep, lock_active, passkeys, post, read_sealed};
use crate::ephemeral::Put;
use crate::registry::passkeys::KeptPasskey;
use crate::registry::{Registry, Updated, commit, failed};
use crate::{StoreError, journal};

const CORRUPT: StoreError = StoreError::Corrupt { what: "partner_recoveries" };

type Row = (String, String, String, i64, i64);

impl Registry {
    /// Gives a partner the hash of a new recovery code; the one before counts no more. Journals it.
    pub async fn keep_recovery_code(
        &self,
        partner: &PartnerId,
        hash: &str,
        told: &Posting,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let Some(sealed) = lock_active(&mut transaction, &self.vault, partner).await? else {
            return Ok(Updated::Missing);
        };
        let sealed = Sealed { recovery: Some(hash.to_owned()), ..sealed };
        keep(&mut transaction, &self.vault, partner, &sealed, now).await?;
        post(&mut transaction, &self.vault, told, now).await?;
        let act = act(partner, Some(partner), PartnerChange::RecoveryCodeMade);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// The partner of an address, and the hash of their recovery code.
    pub async fn recovery_code(&self, mail: &MailAddress) -> Result<Option<(PartnerId, String)>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let Some(id) = found(&mut snapshot, &self.vault, mail).await? else { return Ok(None) };
        let sealed = read_sealed(&mut snapshot, &self.vault, &id).await?;
        Ok(sealed.and_then(|sealed| sealed.recovery).map(|hash| (id, hash)))
    }

    /// Keeps that a recovery is asked for, with the mails that tell of it; [`Put::Taken`] while another of the same partner is
    /// under way. Journals it.
    pub async fn ask_recovery(&self, recovery: &Recovery, told: &[Posting], now: Timestamp) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        if lock_active(&mut transaction, &self.vault, &recovery.partner).await?.is_none() {
            return Ok(Put::Taken);
        }
        sqlx::query(
            "DELETE FROM partner_recoveries WHERE partner = $1 AND (ends <= $2 OR state IN ('refused', 'done'))",
        )
        .bind(recovery.partner.as_str())
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        let inserted = sqlx::query(
            "INSERT INTO partner_recoveries (id, partner, state, asked, ends) VALUES ($1, $2, 'asked', $3, $4) \
             ON CONFLICT DO NOTHING",
        )
        .bind(recovery.id.as_str())
        .bind(recovery.partner.as_str())
        .bind(recovery.asked.epoch())
        .bind(recovery.until.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        for posting in told {
            post(&mut transaction, &self.vault, posting, now).await?;
        }
        let change = PartnerChange::RecoveryAsked(recovery.id.clone());
        let act = act(&recovery.partner, Some(&recovery.partner), change);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// The recoveries that wait for a second person at `now`, the oldest first.
    pub async fn recoveries(&self, now: Timestamp) -> Result<Vec<Recovery>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, partner, state, asked, ends FROM partner_recoveries WHERE state = 'asked' AND ends > $1 \
             ORDER BY asked, id",
        )
        .bind(now.epoch())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(read).collect()
    }

    /// One recovery.
    pub async fn recovery(&self, id: &RecoveryId) -> Result<Option<Recovery>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, partner, state, asked, ends FROM partner_recoveries WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        row.map(read).transpose()
    }

    /// Keeps that a second person agreed, with the secret of the link that the mail brings; [`Updated::Missing`] when it was
    /// decided on meanwhile. Journals it.
    pub async fn approve_recovery(
        &self,
        (recovery, decided): (&Recovery, &Decided),
        secret: &Bearer<Recovery>,
        told: &Posting,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let updated = sqlx::query(
            "UPDATE partner_recoveries SET state = 'approved', place = $2, ends = $3 \
             WHERE id = $1 AND state = 'asked' AND ends > $4",
        )
        .bind(decided.recovery().as_str())
        .bind(place(secret))
        .bind(now.plus(Recovery::LINK).epoch())
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        post(&mut transaction, &self.vault, told, now).await?;
        let change = PartnerChange::RecoveryApproved(decided.recovery().clone());
        let act = act(&recovery.partner, Some(decided.by()), change);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Keeps that a second person did not agree. Journals it.
    pub async fn refuse_recovery(
        &self,
        (recovery, decided): (&Recovery, &Decided),
        told: &Posting,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let updated = sqlx::query("UPDATE partner_recoveries SET state = 'refused' WHERE id = $1 AND state = 'asked'")
            .bind(decided.recovery().as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        post(&mut transaction, &self.vault, told, now).await?;
        let change = PartnerChange::RecoveryRefused(decided.recovery().clone());
        let act = act(&recovery.partner, Some(decided.by()), change);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// The recovery that a link opens at `now`.
    pub async fn recovering(&self, secret: &Bearer<Recovery>, now: Timestamp) -> Result<Option<Recovery>, StoreError> {
        opened(&mut *self.readers.acquire().await.map_err(failed)?, secret, now).await
    }

    /// Takes the link of a recovery, once: its partner has this passkey and no other, no session and no recovery code of
    /// before. Journals it.
    pub async fn recover(
        &self,
        secret: &Bearer<Recovery>,
        passkey: &KeptPasskey<PartnerId>,
        told: &Posting,
        now: Timestamp,
    ) -> Result<Joined, StoreError> {
        let partner = &passkey.owner;
        let mut transaction = self.write().await?;
        let Some(sealed) = lock_active(&mut transaction, &self.vault, partner).await? else { return Ok(Joined::Gone) };
        let recovery = opened(&mut transaction, secret, now).await?.filter(|recovery| recovery.partner == *partner);
        let Some(recovery) = recovery else { return Ok(Joined::Gone) };
        let before = passkeys::held(&mut transaction, partner).await?;
        forget(&mut transaction, partner).await?;
        sqlx::query("UPDATE partner_recoveries SET state = 'done', place = NULL WHERE id = $1")
            .bind(recovery.id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if passkeys::insert(&mut transaction, &self.vault, passkey).await? == Put::Taken {
            return Ok(Joined::Known);
        }
        keep(&mut transaction, &self.vault, partner, &Sealed { recovery: None, ..sealed }, now).await?;
        post(&mut transaction, &self.vault, told, now).await?;
        let gone = before.into_iter().map(PartnerChange::PasskeyWithdrawn);
        let new = [PartnerChange::PasskeyAdded(passkey.id.clone()), PartnerChange::Recovered(recovery.id)];
        let acts: Vec<_> = gone.chain(new).map(|change| act(partner, Some(partner), change)).collect();
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Joined::Done)
    }
}

/// Takes every way in from a partner.
async fn forget(transaction: &mut Transaction<'static, Any>, partner: &PartnerId) -> Result<(), StoreError> {
    for statement in
        ["DELETE FROM partner_passkeys WHERE partner = $1", "DELETE FROM partner_sessions WHERE partner = $1"]
    {
        sqlx::query(statement).bind(partner.as_str()).execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}

async fn opened(
    connection: &mut AnyConnection,
    secret: &Bearer<Recovery>,
    now: Timestamp,
) -> Result<Option<Recovery>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, partner, state, asked, ends FROM partner_recoveries \
         WHERE place = $1 AND state = 'approved' AND ends > $2",
    )
    .bind(place(secret))
    .bind(now.epoch())
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    row.map(read).transpose()
}

fn read((id, partner, state, asked, ends): Row) -> Result<Recovery, StoreError> {
    let state = match state.as_str() {
        "asked" => RecoveryState::Asked,
        "approved" => RecoveryState::Approved,
        "refused" => RecoveryState::Refused,
        "done" => RecoveryState::Done,
        _ => return Err(CORRUPT),
    };
    let id = RecoveryId::parse(&id).map_err(|_| CORRUPT)?;
    let partner = PartnerId::parse(&partner).map_err(|_| CORRUPT)?;
    let (asked, until) = (Timestamp::from_epoch(asked), Timestamp::from_epoch(ends));
    Ok(Recovery { id, partner, state, asked, until })
}

fn place(secret: &Bearer<Recovery>) -> String {
    base64url(&secret.expand(&[b"partner recovery"]))
}
