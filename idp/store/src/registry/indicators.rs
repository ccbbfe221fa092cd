//! What is counted, and the reports that were sent. It reads the columns beside the sealed records, and opens none.

use std::collections::BTreeMap;

use domain::cnie::indicators::{CommuneCount, Count, Day, Durations, Fortnight, Month, OwnCount, TIMED};
use domain::cnie::outcome::CaseOutcome;
use domain::notice::Notice;
use domain::people::commune::{Commune, CommuneCode};
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use super::people::{self, CommuneRow};
use super::{Registry, commit, failed, outbox};
use crate::StoreError;
use crate::ephemeral::Put;

const CORRUPT: StoreError = StoreError::Corrupt { what: "a count" };
/// A day of UTC, in seconds.
const DAY: i64 = 86_400;
/// Certifications are counted by month over so many days back: a year and a month.
const MONTHS: i64 = 397 * DAY;

impl Registry {
    /// Counts what the indicators are made of, as it is at one moment. It reads every case and every identity: for a
    /// page that keeps what it was told, not for each request.
    pub async fn count_indicators(&self, now: Timestamp) -> Result<Count, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let communes = communes(&mut snapshot, now).await?;
        let (created, certified): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN certified_until > $1 THEN 1 END) \
             FROM card_identities",
        )
        .bind(now.epoch())
        .fetch_one(&mut *snapshot)
        .await
        .map_err(failed)?;
        let days: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT activated / 86400, COUNT(*) FROM desk_cases WHERE activated >= $1 GROUP BY activated / 86400",
        )
        .bind(now.epoch().saturating_sub(MONTHS))
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let mut by_month = BTreeMap::new();
        for (day, many) in days {
            let month = Month::of(Timestamp::from_epoch(day.saturating_mul(DAY))).ok_or(CORRUPT)?;
            let held: &mut u64 = by_month.entry(month).or_default();
            *held = held.saturating_add(number(many)?);
        }
        let durations: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT commune, (decided - opened) / 10 * 10, COUNT(*) FROM desk_cases \
             WHERE decided >= $1 AND outcome = $2 GROUP BY commune, (decided - opened) / 10 * 10",
        )
        .bind(now.epoch().saturating_sub(TIMED.as_seconds().into()))
        .bind(CaseOutcome::Approved.name())
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let mut by_commune: BTreeMap<CommuneCode, Durations> = BTreeMap::new();
        for (commune, seconds, cases) in durations {
            let commune = CommuneCode::parse(&commune).map_err(|_| CORRUPT)?;
            by_commune.entry(commune).or_default().add(length(seconds), number(cases)?);
        }
        Ok(Count {
            at: now,
            communes,
            created: number(created)?,
            certified: number(certified)?,
            by_month,
            durations: by_commune,
        })
    }

    /// Counts what a commune is told of its own desk.
    pub async fn count_commune(
        &self,
        commune: &CommuneCode,
        fortnight: Fortnight,
        now: Timestamp,
    ) -> Result<OwnCount, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let (from, until) = (fortnight.from().epoch(), fortnight.until().epoch());
        let (certifications, agents, trained): (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM desk_cases WHERE commune = $1 AND activated < $2), \
             (SELECT COUNT(*) FROM agents WHERE commune = $1 AND state <> 'removed'), \
             (SELECT COUNT(*) FROM agents WHERE commune = $1 AND state <> 'removed' AND trained <= $3)",
        )
        .bind(commune.as_str())
        .bind(until)
        .bind(now.epoch())
        .fetch_one(&mut *snapshot)
        .await
        .map_err(failed)?;
        let certified: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT activated / 86400, COUNT(*) FROM desk_cases \
             WHERE commune = $1 AND activated >= $2 AND activated < $3 GROUP BY activated / 86400",
        )
        .bind(commune.as_str())
        .bind(from)
        .bind(until)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let decided: Vec<(i64, String, i64, i64)> = sqlx::query_as(
            "SELECT decided / 86400, outcome, (decided - opened) / 10 * 10, COUNT(*) FROM desk_cases \
             WHERE commune = $1 AND decided >= $2 AND decided < $3 \
             GROUP BY decided / 86400, outcome, (decided - opened) / 10 * 10",
        )
        .bind(commune.as_str())
        .bind(from)
        .bind(until)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed)?;
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        let day = |number: i64| Timestamp::from_epoch(number.saturating_mul(DAY));
        let none = |number: i64| Day { day: day(number), certified: 0, refused: 0, lapsed: 0 };
        for (at, many) in certified {
            days.entry(at).or_insert_with(|| none(at)).certified = number(many)?;
        }
        let mut durations = Durations::default();
        for (at, outcome, seconds, many) in decided {
            let many = number(many)?;
            match CaseOutcome::parse(&outcome).ok_or(CORRUPT)? {
                CaseOutcome::Approved => durations.add(length(seconds), many),
                CaseOutcome::Refused => days.entry(at).or_insert_with(|| none(at)).refused += many,
                CaseOutcome::Lapsed => days.entry(at).or_insert_with(|| none(at)).lapsed += many,
            }
        }
        Ok(OwnCount {
            days: days.into_values().collect(),
            certifications: number(certifications)?,
            durations,
            agents: number(agents)?,
            trained: number(trained)?,
        })
    }

    /// The communes that take part since before the end of a fortnight, and have no report on it.
    pub async fn communes_to_report(&self, fortnight: Fortnight) -> Result<Vec<Commune>, StoreError> {
        let rows: Vec<CommuneRow> = sqlx::query_as(
            "SELECT code, name, state, certifies_from FROM communes WHERE created < $1 AND state <> 'postponed' \
             AND NOT EXISTS (SELECT 1 FROM commune_reports WHERE commune = code AND fortnight = $2) ORDER BY code",
        )
        .bind(fortnight.until().epoch())
        .bind(fortnight.number())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(people::commune_of).collect()
    }

    /// Keeps that a commune was sent its report, with the mails that bring it: once for each fortnight, from however many
    /// nodes.
    pub async fn send_report(
        &self,
        commune: &CommuneCode,
        fortnight: Fortnight,
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let first = sqlx::query(
            "INSERT INTO commune_reports (commune, fortnight, sent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(commune.as_str())
        .bind(fortnight.number())
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if first.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        for (at, notice) in notices.iter().enumerate() {
            let name = format!("report.{commune}.{}.{at}", fortnight.number());
            outbox::enqueue(&mut transaction, &self.vault, &name, notice, now).await?;
        }
        commit(transaction).await?;
        Ok(Put::Fresh)
    }
}

async fn communes(snapshot: &mut Transaction<'static, Any>, now: Timestamp) -> Result<Vec<CommuneCount>, StoreError> {
    let rows: Vec<(String, String, String, Option<i64>, i64, i64)> = sqlx::query_as(
        "SELECT c.code, c.name, c.state, c.certifies_from, \
         (SELECT COUNT(*) FROM agents WHERE commune = c.code AND state <> 'removed' AND trained <= $1), \
         (SELECT COUNT(*) FROM desk_cases WHERE commune = c.code AND activated IS NOT NULL) \
         FROM communes c ORDER BY c.code",
    )
    .bind(now.epoch())
    .fetch_all(&mut **snapshot)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|(code, name, state, from, trained, certifications)| {
            Ok(CommuneCount {
                commune: people::commune_of((code, name, state, from))?,
                trained: number(trained)?,
                certifications: number(certifications)?,
            })
        })
        .collect()
}

fn number(counted: i64) -> Result<u64, StoreError> {
    u64::try_from(counted).map_err(|_| CORRUPT)
}

/// The time of a case; one whose clocks went backwards took none.
fn length(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}
