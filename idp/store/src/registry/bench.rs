//! Runs of the homologation bench: what they work with while they last, their lines, their reports.
//!
//! The name of a run is the way to its issuer, where wrong tokens are given out: the table holds a keyed hash of it and
//! the name itself sealed, so that whoever reads the database finds no issuer to point a site at.

use domain::bench::report::{Line, Outcome, Report};
use domain::bench::run::{Run, Stage, Subject, Working};
use domain::habilitation::homologation::Summary;
use domain::id::{BenchRunId, ClientId, HabilitationRequestId};
use domain::journal::Act;
use domain::organisation::siret::Siret;
use domain::secret::{base64url, keyed_hash};
use domain::time::{Lifetime, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Changed, Registry, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

const RUNS: &str = "bench_runs";
const NAMES: &str = "bench_names";
const LINES: &str = "bench_lines";
const REPORTS: &str = "bench_reports";
const CORRUPT: StoreError = StoreError::Corrupt { what: RUNS };

/// The most runs at once: each holds keys, and a site to drive. How many one organisation opens in an hour is counted before,
/// at less than a tenth of it.
const MOST_RUNS: i64 = 128;
/// How long a run without a report is kept, and one with.
const UNREPORTED: Lifetime = Lifetime::seconds(24 * 3600);
const REPORTED: Lifetime = Lifetime::seconds(400 * 24 * 3600);

/// Place, service, request, stage, opened, ends, name, outcome, hash.
type Row = (String, String, Option<String>, String, i64, i64, String, Option<String>, Option<String>);

/// The columns of a [`Row`].
macro_rules! runs {
    () => {
        "SELECT place, service, request, stage, opened, ends, name, outcome, hash FROM bench_runs"
    };
}

/// A report as a request refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReport {
    /// Its run.
    pub run: BenchRunId,
    /// Whose site was driven.
    pub subject: Subject,
    /// What it came to.
    pub summary: Summary,
}

/// The columns by which a run is known to be of its subject: that of a request has no service.
fn columns(subject: &Subject) -> (&str, &str) {
    match subject {
        Subject::Service(service) => (service.as_str(), ""),
        Subject::Request(request) => ("", request.as_str()),
    }
}

fn subject(service: &str, request: Option<&str>) -> Result<Subject, StoreError> {
    match request {
        Some(request) => HabilitationRequestId::parse(request).map(Subject::Request).map_err(|_| CORRUPT),
        None => ClientId::parse(service).map(Subject::Service).map_err(|_| CORRUPT),
    }
}

impl Registry {
    /// Opens a run for a service or a request, whose earlier one that was not reported ends; [`Put::Taken`] when there are
    /// too many.
    pub async fn open_bench_run(
        &self,
        id: &BenchRunId,
        (subject, organisation): (&Subject, Option<Siret>),
        working: &Working,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let place = self.bench_place(id);
        let (service, request) = columns(subject);
        let mut transaction = self.write().await?;
        let end = "UPDATE bench_runs SET ends = $2, working = NULL \
                   WHERE service = $1 AND ends > $2 AND COALESCE(request, '') = $3";
        sqlx::query(end)
            .bind(service)
            .bind(now.epoch())
            .bind(request)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let live: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM bench_runs WHERE ends > $1 AND working IS NOT NULL")
            .bind(now.epoch())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        if live >= MOST_RUNS {
            return Ok(Put::Taken);
        }
        sqlx::query(
            "INSERT INTO bench_runs (place, service, stage, opened, ends, version, name, working, request, organisation) \
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)",
        )
        .bind(&place)
        .bind(service)
        .bind(Stage::Open.name())
        .bind(now.epoch())
        .bind(working.provider.ends().epoch())
        .bind(self.vault.seal(NAMES, &place, id.as_str().as_bytes())?)
        .bind(self.seal_bench(RUNS, &place, working)?)
        .bind(Some(request).filter(|request| !request.is_empty()))
        .bind(organisation.map(Siret::digits))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// What a run works with, and its version; nothing once it is over.
    pub async fn bench_working(&self, id: &BenchRunId, now: Timestamp) -> Result<Option<(Working, i64)>, StoreError> {
        let place = self.bench_place(id);
        let row: Option<(String, i64)> = sqlx::query_as(
            "SELECT working, version FROM bench_runs WHERE place = $1 AND ends > $2 AND working IS NOT NULL",
        )
        .bind(&place)
        .bind(now.epoch())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        row.map(|(sealed, version)| Ok((self.open_bench(RUNS, &place, &sealed)?, version))).transpose()
    }

    /// Keeps what a run works with, if nobody did meanwhile and the run is not over.
    pub async fn keep_bench_working(
        &self,
        id: &BenchRunId,
        (working, version): (&Working, i64),
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let place = self.bench_place(id);
        let kept = sqlx::query(
            "UPDATE bench_runs SET working = $3, version = version + 1 \
             WHERE place = $1 AND version = $2 AND ends > $4 AND working IS NOT NULL",
        )
        .bind(&place)
        .bind(version)
        .bind(self.seal_bench(RUNS, &place, working)?)
        .bind(now.epoch())
        .execute(&self.writers)
        .await
        .map_err(failed)?;
        Ok(if kept.rows_affected() == 1 { Changed::Done } else { Changed::Lost })
    }

    /// Takes an open run under way: of two who ask, one does it.
    pub async fn begin_bench_run(&self, id: &BenchRunId, now: Timestamp) -> Result<Changed, StoreError> {
        let begun = sqlx::query("UPDATE bench_runs SET stage = $2 WHERE place = $1 AND stage = $3 AND ends > $4")
            .bind(self.bench_place(id))
            .bind(Stage::UnderWay.name())
            .bind(Stage::Open.name())
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(if begun.rows_affected() == 1 { Changed::Done } else { Changed::Lost })
    }

    /// Keeps a line of a run.
    pub async fn keep_bench_line(&self, id: &BenchRunId, number: i64, line: &Line) -> Result<(), StoreError> {
        let place = self.bench_place(id);
        sqlx::query("INSERT INTO bench_lines (place, number, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(&place)
            .bind(number)
            .bind(self.seal_bench(LINES, &format!("{place}.{number}"), line)?)
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Ends a run with its report: what it worked with is gone. Journals it.
    pub async fn report_bench_run(
        &self,
        id: &BenchRunId,
        subject: &Subject,
        report: &Report,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let (place, sealed) = (self.bench_place(id), report.sealed());
        let summary = Summary::of(report, sealed.hash.clone());
        let (service, request) = columns(subject);
        let mut transaction = self.write().await?;
        let kept = sqlx::query(
            "UPDATE bench_runs SET stage = $3, working = NULL, outcome = $4, hash = $5, report = $6, summary = $8 \
             WHERE place = $1 AND service = $2 AND stage = $7 AND COALESCE(request, '') = $9",
        )
        .bind(&place)
        .bind(service)
        .bind(Stage::Reported.name())
        .bind(report.outcome().name())
        .bind(&sealed.hash)
        .bind(self.vault.seal(REPORTS, &place, sealed.text.as_bytes())?)
        .bind(Stage::UnderWay.name())
        .bind(to_json(&summary, REPORTS)?)
        .bind(request)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if kept.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        let (outcome, report) = (report.outcome(), sealed.hash);
        let act = match subject {
            Subject::Service(client) => Act::BenchReported { client: client.clone(), outcome, report },
            Subject::Request(request) => Act::RequestBenchReported { request: request.clone(), outcome, report },
        };
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// A run of a service or a request, with its lines.
    pub async fn bench_run(&self, id: &BenchRunId, subject: &Subject) -> Result<Option<Run>, StoreError> {
        let place = self.bench_place(id);
        let (service, request) = columns(subject);
        let row: Option<Row> =
            sqlx::query_as(concat!(runs!(), " WHERE place = $1 AND service = $2 AND COALESCE(request, '') = $3"))
                .bind(&place)
                .bind(service)
                .bind(request)
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        self.with_bench_lines(&place, row).await
    }

    /// A run that left a report on a site of an organisation, with its lines.
    pub async fn reported_run(&self, id: &BenchRunId, organisation: Siret) -> Result<Option<Run>, StoreError> {
        let place = self.bench_place(id);
        let row: Option<Row> =
            sqlx::query_as(concat!(runs!(), " WHERE place = $1 AND organisation = $2 AND report IS NOT NULL"))
                .bind(&place)
                .bind(organisation.digits())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        self.with_bench_lines(&place, row).await
    }

    async fn with_bench_lines(&self, place: &str, row: Option<Row>) -> Result<Option<Run>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut run = self.read_bench_run(row)?;
        let lines: Vec<(i64, String)> =
            sqlx::query_as("SELECT number, sealed FROM bench_lines WHERE place = $1 ORDER BY number")
                .bind(place)
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        let open = |(number, sealed): &(i64, String)| self.open_bench(LINES, &format!("{place}.{number}"), sealed);
        run.lines = lines.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Some(run))
    }

    /// The runs of a service or a request, the newest first, without their lines.
    pub async fn bench_runs(&self, subject: &Subject) -> Result<Vec<Run>, StoreError> {
        let (service, request) = columns(subject);
        let rows: Vec<Row> = sqlx::query_as(concat!(
            runs!(),
            " WHERE service = $1 AND COALESCE(request, '') = $2 ORDER BY opened DESC, place LIMIT 20"
        ))
        .bind(service)
        .bind(request)
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(|row| self.read_bench_run(row)).collect()
    }

    /// The newest reports on sites of an organisation, the newest first.
    pub async fn bench_reports_of(&self, organisation: Siret, limit: u32) -> Result<Vec<KeptReport>, StoreError> {
        let rows: Vec<(String, String, Option<String>, String, String)> = sqlx::query_as(
            "SELECT place, service, request, name, summary FROM bench_runs \
             WHERE organisation = $1 AND summary IS NOT NULL ORDER BY opened DESC, place LIMIT $2",
        )
        .bind(organisation.digits())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter()
            .map(|(place, service, request, name, summary)| {
                let (run, subject) = (self.bench_name(&place, &name)?, subject(&service, request.as_deref())?);
                Ok(KeptReport { run, subject, summary: from_json(&summary, REPORTS)? })
            })
            .collect()
    }

    /// The report of a run of a service or a request, as it was hashed.
    pub async fn bench_report(&self, id: &BenchRunId, subject: &Subject) -> Result<Option<String>, StoreError> {
        let place = self.bench_place(id);
        let (service, request) = columns(subject);
        let sealed: Option<Option<String>> = sqlx::query_scalar(
            "SELECT report FROM bench_runs WHERE place = $1 AND service = $2 AND COALESCE(request, '') = $3",
        )
        .bind(&place)
        .bind(service)
        .bind(request)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        let open = |sealed: String| {
            let plain = self.vault.open(REPORTS, &place, &sealed)?;
            String::from_utf8(plain.to_vec()).map_err(|_| CORRUPT)
        };
        sealed.flatten().map(open).transpose()
    }

    /// Forgets what runs that are over worked with, and what was kept of them for long enough.
    pub async fn erase_bench_runs(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = |life: Lifetime| now.epoch() - i64::from(life.as_seconds());
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE bench_runs SET working = NULL WHERE ends <= $1 AND working IS NOT NULL")
            .bind(now.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        for erase in [
            "DELETE FROM bench_lines WHERE place IN (SELECT place FROM bench_runs \
             WHERE (report IS NULL AND ends < $1) OR (habilitation IS NULL AND ends < $2))",
            "DELETE FROM bench_runs WHERE (report IS NULL AND ends < $1) OR (habilitation IS NULL AND ends < $2)",
        ] {
            sqlx::query(erase)
                .bind(before(UNREPORTED))
                .bind(before(REPORTED))
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        commit(transaction).await
    }

    /// Where a run is kept.
    fn bench_place(&self, id: &BenchRunId) -> String {
        base64url(&keyed_hash(&self.vault.derive("bench"), &[id.as_str().as_bytes()]))
    }

    fn read_bench_run(&self, row: Row) -> Result<Run, StoreError> {
        let (place, service, request, stage, opened, ends, name, outcome, hash) = row;
        let outcome = outcome.map(|outcome| Outcome::parse(&outcome).ok_or(CORRUPT)).transpose()?;
        Ok(Run {
            id: self.bench_name(&place, &name)?,
            subject: subject(&service, request.as_deref())?,
            stage: Stage::parse(&stage).ok_or(CORRUPT)?,
            opened: Timestamp::from_epoch(opened),
            ends: Timestamp::from_epoch(ends),
            reported: outcome.zip(hash),
            lines: Vec::new(),
        })
    }

    fn bench_name(&self, place: &str, sealed: &str) -> Result<BenchRunId, StoreError> {
        let name = self.vault.open(NAMES, place, sealed)?;
        let name = std::str::from_utf8(&name).map_err(|_| CORRUPT)?;
        BenchRunId::parse(name).map_err(|_| CORRUPT)
    }

    fn seal_bench<T: Serialize>(&self, table: &'static str, row: &str, value: &T) -> Result<String, StoreError> {
        let plain = Zeroizing::new(to_json(value, table)?);
        self.vault.seal(table, row, plain.as_bytes())
    }

    fn open_bench<T: DeserializeOwned>(&self, table: &'static str, row: &str, text: &str) -> Result<T, StoreError> {
        let plain = self.vault.open(table, row, text)?;
        from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, table)
    }
}
