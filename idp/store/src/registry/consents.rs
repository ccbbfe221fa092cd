//! The end of a sign-in: what was done, what was consented to, and whom to tell, in one transaction or not at all.

use domain::id::{ClientId, SignInId};
use domain::identity::account::AccountKey;
use domain::journal::Act;
use domain::notice::Notice;
use domain::time::{Lifetime, Timestamp};

use sqlx::{Any, Transaction};

use super::{Registry, commit, failed, from_json, outbox, to_json};
use crate::{StoreError, journal};

/// How long a repetition of a finished sign-in is recognised: well past the longest life of a sign-in.
const REMEMBERED: Lifetime = Lifetime::seconds(86_400);

/// What a citizen consented to send to a relying party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The citizen.
    pub account: AccountKey,
    /// The relying party.
    pub client: ClientId,
    /// The names of the claims.
    pub claims: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// What remains of a sign-in that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    /// The sign-in, which finishes once.
    pub sign_in: &'a SignInId,
    /// What is accounted for.
    pub acts: &'a [Act],
    /// The consent, where the citizen consents and is not just informed.
    pub consent: Option<&'a Consent>,
    /// Whom to tell.
    pub notices: &'a [Notice],
}

/// What became of a finish.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// All of it is kept.
    Done,
    /// It was kept before: nothing was added.
    AlreadyDone,
}

/// Whether a transaction is the first to finish what has this name. It is its first act: a second node with the same
/// name waits here until the first has committed.
pub(super) async fn first(
    transaction: &mut Transaction<'static, Any>,
    name: &str,
    now: Timestamp,
) -> Result<Finished, StoreError> {
    let first = sqlx::query("INSERT INTO finished (sign_in, at) VALUES ($1, $2) ON CONFLICT (sign_in) DO NOTHING")
        .bind(name)
        .bind(now.epoch())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(if first.rows_affected() == 0 { Finished::AlreadyDone } else { Finished::Done })
}

impl Registry {
    /// Keeps the end of a sign-in: journal, consent and notices, all or nothing, once for each sign-in however often
    /// and from however many nodes it is called.
    pub async fn finish(&self, finish: &Finish<'_>, now: Timestamp) -> Result<Finished, StoreError> {
        let mut transaction = self.write().await?;
        if first(&mut transaction, finish.sign_in.as_str(), now).await? == Finished::AlreadyDone {
            return Ok(Finished::AlreadyDone);
        }
        if let Some(consent) = finish.consent {
            sqlx::query("INSERT INTO consents (sign_in, account, client, claims, at) VALUES ($1, $2, $3, $4, $5)")
                .bind(finish.sign_in.as_str())
                .bind(String::from(consent.account.clone()))
                .bind(consent.client.as_str())
                .bind(to_json(&consent.claims, "a consent")?)
                .bind(consent.at.epoch())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        for (at, notice) in finish.notices.iter().enumerate() {
            let id = format!("{}.{at}", finish.sign_in);
            outbox::enqueue(&mut transaction, &self.vault, &id, notice, now).await?;
        }
        journal::append(&mut transaction, &self.journal_key, finish.acts, now).await?;
        commit(transaction).await?;
        Ok(Finished::Done)
    }

    /// The consents a citizen gave to a relying party, the last first.
    pub async fn consents(&self, account: &AccountKey, client: &ClientId) -> Result<Vec<Consent>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT claims, at FROM consents WHERE account = $1 AND client = $2 ORDER BY at DESC, sign_in",
        )
        .bind(String::from(account.clone()))
        .bind(client.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter()
            .map(|(claims, at)| {
                Ok(Consent {
                    account: account.clone(),
                    client: client.clone(),
                    claims: from_json(&claims, "a consent")?,
                    at: Timestamp::from_epoch(at),
                })
            })
            .collect()
    }

    /// Forgets which sign-ins were finished, once no repetition can come any more. For an hourly round.
    pub async fn forget_finished(&self, now: Timestamp) -> Result<u64, StoreError> {
        let before = now.epoch().saturating_sub(REMEMBERED.as_seconds().into());
        let gone = sqlx::query("DELETE FROM finished WHERE at < $1")
            .bind(before)
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(gone.rows_affected())
    }
}
