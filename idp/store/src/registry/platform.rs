//! What another platform of habilitations told: taken once, in the order in which it was decided there, with what follows
//! from it here.

use domain::habilitation::acts::Done;
use domain::habilitation::any::AnyReview;
use domain::id::HabilitationRequestId;
use domain::people::commune::Departement;
use domain::secret::base64url;
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use super::cards::{Changed, Told};
use super::requests::{Event, KeptReview};
use super::{Registry, commit, failed};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

/// A message, as it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// Its digest: the same bytes count once.
    pub digest: &'a [u8; 32],
    /// Until when a repetition of it could come.
    pub until: Timestamp,
    /// What it calls its request, when it was decided there, and how much it weighs among those of one second; none for a
    /// message that nothing follows from.
    pub of: Option<(&'a str, Timestamp, i64)>,
}

/// What follows from a message.
#[derive(Debug, Clone, Copy)]
pub struct Following<'a> {
    /// The request that begins with it, where there is none yet: with where it lies, and how its page tells it.
    pub begun: Option<(&'a AnyReview, Option<&'a Departement>, &'a Event)>,
    /// The request as it was read, or as it begins.
    pub from: &'a KeptReview,
    /// What was done to it.
    pub done: &'a Done,
    /// How its page tells it.
    pub event: &'a Event,
}

/// What became of a message.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformTaken {
    /// It was taken.
    Done,
    /// It was taken before: nothing was done or journalled.
    Repeated,
    /// Something newer was taken before: nothing was done or journalled.
    Older,
    /// The request is not as it was read, or what was granted was stopped apart from it: nothing was done or journalled.
    Lost,
}

impl Registry {
    /// The request here of one that another platform knows by this name: always the same.
    pub fn platform_request(&self, model: &str) -> HabilitationRequestId {
        let secret = self.vault.derive(&format!("datapass request {model}"));
        let mut name = [0; 16];
        name.copy_from_slice(&secret[..16]);
        HabilitationRequestId::from_random(name)
    }

    /// Takes a message with what follows from it, all or nothing.
    pub async fn take_platform(
        &self,
        mark: &Mark<'_>,
        following: Option<&Following<'_>>,
        told: &Told<'_>,
    ) -> Result<PlatformTaken, StoreError> {
        let mut transaction = self.write().await?;
        if !first(&mut transaction, mark).await? {
            return Ok(PlatformTaken::Repeated);
        }
        if !newest(&mut transaction, mark).await? {
            return Ok(PlatformTaken::Older);
        }
        let Some(Following { begun, from, done, event }) = following else {
            journal::append(&mut transaction, &self.journal_key, told.acts, told.at).await?;
            commit(transaction).await?;
            return Ok(PlatformTaken::Done);
        };
        if let Some((review, departement, event)) = begun {
            let silent = Told { acts: &[], notices: &[], at: told.at };
            let begun = self.make_request_in(&mut transaction, (review, *departement), event, &silent).await?;
            if begun == Put::Taken {
                return Ok(PlatformTaken::Lost);
            }
        }
        if self.change_request_in(&mut transaction, (from, done), event, told).await? == Changed::Lost {
            return Ok(PlatformTaken::Lost);
        }
        commit(transaction).await?;
        Ok(PlatformTaken::Done)
    }

    /// Forgets the messages that cannot come again. For an hourly round.
    pub async fn forget_platform_messages(&self, now: Timestamp) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM datapass_messages WHERE until < $1")
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map(|gone| gone.rows_affected())
            .map_err(failed)
    }
}

/// Whether a message comes for the first time.
async fn first(transaction: &mut Transaction<'static, Any>, mark: &Mark<'_>) -> Result<bool, StoreError> {
    sqlx::query("INSERT INTO datapass_messages (digest, until) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
        .bind(base64url(mark.digest))
        .bind(mark.until.epoch())
        .execute(&mut **transaction)
        .await
        .map(|put| put.rows_affected() > 0)
        .map_err(failed)
}

/// Whether nothing newer was taken about the same request; from now on this is the newest.
async fn newest(transaction: &mut Transaction<'static, Any>, mark: &Mark<'_>) -> Result<bool, StoreError> {
    let Some((model, fired, weight)) = mark.of else { return Ok(true) };
    sqlx::query(
        "INSERT INTO datapass_requests (id, fired, weight) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE \
         SET fired = excluded.fired, weight = excluded.weight WHERE datapass_requests.fired < excluded.fired \
         OR (datapass_requests.fired = excluded.fired AND datapass_requests.weight <= excluded.weight)",
    )
    .bind(model)
    .bind(fired.epoch())
    .bind(weight)
    .execute(&mut **transaction)
    .await
    .map(|put| put.rows_affected() > 0)
    .map_err(failed)
}
