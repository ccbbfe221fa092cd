//! The cases at the desks: a sealed record while they are worked on and for a month after, figures without any person
//! for good.
//!
//! A case and the identity it is about change together or not at all: the QR code that was scanned is spent in the act
//! that opens the case, and the decision is what approves the identity.

use domain::cnie::outcome::CaseOutcome;
use domain::id::{AgentId, CaseId, ReaderId};
use domain::people::commune::CommuneCode;
use domain::time::{Lifetime, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, Transaction};
use zeroize::Zeroizing;

use super::cards::{self, Changed, Told, Transition};
use super::{Registry, commit, failed, from_json, to_json};
use crate::StoreError;
use crate::seal::Vault;

const TABLE: &str = "desk_cases";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

/// How long the record of a case is kept after its end, for a complaint or an inquiry.
const AFTER_DECISION: Lifetime = Lifetime::seconds(30 * 86_400);

/// A case at a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<T> {
    /// Its identifier.
    pub id: CaseId,
    /// The commune.
    pub commune: CommuneCode,
    /// The agent at work.
    pub agent: AgentId,
    /// When the QR code was scanned.
    pub opened: Timestamp,
    /// When and how it ended; none while it is worked on.
    pub end: Option<CaseEnd>,
    /// The reader that waits for it, and for no other; none once it read what it was to read.
    pub reader: Option<ReaderId>,
    /// What is known of it. Personal data: kept sealed, and erased 30 days after the end.
    pub record: T,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseEnd {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: CaseOutcome,
}

/// A case as it was read: a change decided on it is kept if it still is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCase<T> {
    /// The case.
    pub case: Case<T>,
    /// Its version.
    pub version: i64,
}

/// Id, commune, agent, opened, decided, outcome, reader, version, sealed record.
type Row = (String, String, String, i64, Option<i64>, Option<String>, Option<String>, i64, Option<String>);

macro_rules! select_cases {
    ($which:literal) => {
        concat!("SELECT id, commune, agent, opened, decided, outcome, reader, version, sealed FROM desk_cases ", $which)
    };
}

/// What became of a new case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is open, and its reader waits for it alone.
    Done,
    /// The identity went on meanwhile: the code was scanned at another desk.
    Spent,
    /// The reader is at work for another case.
    ReaderBusy,
}

impl Registry {
    /// Opens a case, takes its reader and spends the request of the identity it is about: all or nothing.
    pub async fn make_case<T: Serialize + Sync>(
        &self,
        case: &Case<T>,
        identity: Transition<'_>,
        told: &Told<'_>,
    ) -> Result<Opened, StoreError> {
        let mut transaction = self.write().await?;
        if cards::change(&mut transaction, &self.vault, identity, told.at).await? == Changed::Lost {
            return Ok(Opened::Spent);
        }
        let taken = sqlx::query(
            "INSERT INTO desk_cases (id, commune, agent, opened, decided, outcome, version, sealed, reader) \
             VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8) ON CONFLICT (reader) WHERE reader IS NOT NULL DO NOTHING",
        )
        .bind(case.id.as_str())
        .bind(case.commune.as_str())
        .bind(case.agent.as_str())
        .bind(case.opened.epoch())
        .bind(case.end.map(|end| end.at.epoch()))
        .bind(case.end.map(|end| end.outcome.name()))
        .bind(seal(&self.vault, case, 1)?)
        .bind(case.reader.as_ref().map(ReaderId::as_str))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if taken.rows_affected() == 0 {
            return Ok(Opened::ReaderBusy);
        }
        self.tell(&mut transaction, &format!("{}.1", case.id), told).await?;
        commit(transaction).await?;
        Ok(Opened::Done)
    }

    /// Keeps what becomes of a case, if it is still as it was read; and what becomes of the identity with it, both or
    /// neither. A reader is let go of, and never taken, by it.
    pub async fn change_case<T: Serialize + Sync>(
        &self,
        from: &KeptCase<T>,
        to: &Case<T>,
        identity: Option<Transition<'_>>,
        told: &Told<'_>,
    ) -> Result<Changed, StoreError> {
        let (before, version) = (&from.case, from.version.saturating_add(1));
        if before.id != to.id || before.commune != to.commune || before.opened != to.opened {
            return Err(CORRUPT);
        }
        let mut transaction = self.write().await?;
        if let Some(identity) = identity
            && cards::change(&mut transaction, &self.vault, identity, told.at).await? == Changed::Lost
        {
            return Ok(Changed::Lost);
        }
        let changed = sqlx::query(
            "UPDATE desk_cases SET agent = $3, decided = $4, outcome = $5, version = $6, sealed = $7, \
             reader = CASE WHEN $8 = 1 THEN reader ELSE NULL END \
             WHERE id = $1 AND version = $2 AND sealed IS NOT NULL",
        )
        .bind(to.id.as_str())
        .bind(from.version)
        .bind(to.agent.as_str())
        .bind(to.end.map(|end| end.at.epoch()))
        .bind(to.end.map(|end| end.outcome.name()))
        .bind(version)
        .bind(seal(&self.vault, to, version)?)
        .bind(i64::from(to.reader.is_some()))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if changed.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        self.tell(&mut transaction, &format!("{}.{version}", to.id), told).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// The case; none once its record is erased.
    pub async fn case<T: DeserializeOwned>(&self, id: &CaseId) -> Result<Option<KeptCase<T>>, StoreError> {
        let row: Option<Row> = sqlx::query_as(select_cases!("WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        Ok(row.map(|row| open(&self.vault, row)).transpose()?.flatten())
    }

    /// The cases of a commune that are worked on, the oldest first. One that cannot be opened is logged and passed over.
    pub async fn open_cases<T: DeserializeOwned>(&self, commune: &CommuneCode) -> Result<Vec<KeptCase<T>>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(select_cases!("WHERE commune = $1 AND decided IS NULL ORDER BY opened, id"))
                .bind(commune.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_case_or_log(row)).collect())
    }

    /// At most `limit` cases of a commune that were opened from then on, the newest first, as far as their records are
    /// kept. One that cannot be opened is logged and passed over.
    pub async fn cases_since<T: DeserializeOwned>(
        &self,
        commune: &CommuneCode,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeptCase<T>>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(select_cases!("WHERE commune = $1 AND opened >= $2 ORDER BY opened DESC, id LIMIT $3"))
                .bind(commune.as_str())
                .bind(since.epoch())
                .bind(i64::from(limit))
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_case_or_log(row)).collect())
    }

    /// How many seconds each case of a commune took that was approved from then on, the shortest first.
    pub async fn case_seconds(&self, commune: &CommuneCode, since: Timestamp) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar(
            "SELECT decided - opened FROM desk_cases WHERE commune = $1 AND decided >= $2 AND outcome = 'approved' \
             ORDER BY decided - opened",
        )
        .bind(commune.as_str())
        .bind(since.epoch())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)
    }

    /// At most `limit` cases that were opened before then and never decided, the oldest first.
    pub async fn cases_left_open<T: DeserializeOwned>(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeptCase<T>>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(select_cases!("WHERE opened < $1 AND decided IS NULL ORDER BY opened, id LIMIT $2"))
                .bind(before.epoch())
                .bind(i64::from(limit))
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_case_or_log(row)).collect())
    }

    /// How many cases an agent opened from then on, for the alarm on one who is too fast.
    pub async fn cases_opened_by(&self, agent: &AgentId, since: Timestamp) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT COUNT(*) FROM desk_cases WHERE agent = $1 AND opened >= $2")
            .bind(agent.as_str())
            .bind(since.epoch())
            .fetch_one(&self.readers)
            .await
            .map_err(failed)
    }

    /// Erases the records of cases that ended a month ago. Their figures stay. For an hourly round.
    pub async fn erase_cases(&self, now: Timestamp) -> Result<u64, StoreError> {
        let erased = sqlx::query("UPDATE desk_cases SET sealed = NULL WHERE decided <= $1 AND sealed IS NOT NULL")
            .bind(now.epoch().saturating_sub(AFTER_DECISION.as_seconds().into()))
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(erased.rows_affected())
    }

    fn open_case_or_log<T: DeserializeOwned>(&self, row: Row) -> Option<KeptCase<T>> {
        let id = row.0.clone();
        match open(&self.vault, row) {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(id, %error, "a case cannot be opened");
                None
            }
        }
    }
}

/// Dates the activation that followed an approval, in the case. The identity's own row was locked before.
pub(super) async fn note_activation(
    transaction: &mut Transaction<'static, Any>,
    case: &CaseId,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE desk_cases SET activated = $2 WHERE id = $1")
        .bind(case.as_str())
        .bind(at.epoch())
        .execute(&mut **transaction)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// The row with all that stands beside the record: columns that were changed open nothing.
fn row_name<T>(case: &Case<T>, version: i64) -> String {
    let (decided, outcome) = case.end.map_or((0, ""), |end| (end.at.epoch(), end.outcome.name()));
    let Case { id, commune, agent, opened, end: _, reader: _, record: _ } = case;
    format!("{id}.{version}.{commune}.{agent}.{}.{decided}.{outcome}", opened.epoch())
}

fn seal<T: Serialize>(vault: &Vault, case: &Case<T>, version: i64) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(&case.record, TABLE)?);
    vault.seal(TABLE, &row_name(case, version), plain.as_bytes())
}

/// The case of a row, none when its record is erased.
fn open<T: DeserializeOwned>(vault: &Vault, row: Row) -> Result<Option<KeptCase<T>>, StoreError> {
    let (id, commune, agent, opened, decided, outcome, reader, version, sealed) = row;
    let Some(sealed) = sealed else { return Ok(None) };
    let end = match (decided, outcome) {
        (Some(at), Some(outcome)) => {
            let outcome = CaseOutcome::parse(&outcome).ok_or(CORRUPT)?;
            Some(CaseEnd { at: Timestamp::from_epoch(at), outcome })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(CORRUPT),
    };
    let id = CaseId::parse(&id).map_err(|_| CORRUPT)?;
    let commune = CommuneCode::parse(&commune).map_err(|_| CORRUPT)?;
    let agent = AgentId::parse(&agent).map_err(|_| CORRUPT)?;
    let reader = reader.map(|id| ReaderId::parse(&id)).transpose().map_err(|_| CORRUPT)?;
    let case = Case { id, commune, agent, opened: Timestamp::from_epoch(opened), end, reader, record: () };
    let plain = vault.open(TABLE, &row_name(&case, version), &sealed)?;
    let record = from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, TABLE)?;
    let Case { id, commune, agent, opened, end, reader, record: () } = case;
    Ok(Some(KeptCase { case: Case { id, commune, agent, opened, end, reader, record }, version }))
}
