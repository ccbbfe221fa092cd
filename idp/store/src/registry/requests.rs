//! Requests for habilitations: each change against the version it was decided on, with what is accounted for and who is told.
//!
//! A request lies sealed and bound to its version, its state and its organisation: columns that were changed open nothing.

use domain::habilitation::acting::Author;
use domain::habilitation::acts::Done;
use domain::habilitation::any::{AnyReview, Due, State};
use domain::habilitation::form::Form;
use domain::habilitation::review::{Happened, Reason};
use domain::habilitation::templates::Template;
use domain::habilitation::thread::{Message, Side};
use domain::habilitation::webhook::Occurrence;
use domain::id::HabilitationRequestId;
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use domain::people::commune::Departement;
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{Any, Transaction};
use zeroize::Zeroizing;

use super::cards::{Changed, Told};
use super::partners::open_organisation;
use super::{Registry, commit, failed, from_json, habilitations, to_json};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::seal::Vault;

const REQUESTS: &str = "habilitation_requests";
const FORMS: &str = "habilitation_forms";
const EVENTS: &str = "habilitation_events";
const MESSAGES: &str = "habilitation_messages";
const CORRUPT: StoreError = StoreError::Corrupt { what: REQUESTS };

/// A request as it was read: a change decided on it is kept if it still is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReview {
    /// The request.
    pub review: AnyReview,
    /// Its version.
    pub version: i64,
}

/// Requests in a state from a place on, with their organisations.
macro_rules! waiting {
    ($of:literal) => {
        concat!(
            "SELECT r.id, r.organisation, r.state, r.version, r.sealed, r.since, o.sealed FROM habilitation_requests r \
             LEFT JOIN organisations o ON o.siret = r.organisation \
             WHERE r.state = $1 AND r.since >= $2 AND (r.since > $2 OR r.id > $3)",
            $of,
            " ORDER BY r.since, r.id LIMIT $4"
        )
    };
}

type WaitingRow = (String, String, String, i64, String, i64, Option<String>);

/// A request in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The request.
    pub kept: KeptReview,
    /// When it came to its state.
    pub since: Timestamp,
    /// What its organisation is called, where that is here.
    pub organisation: Option<String>,
}

impl Waiting {
    /// The place after it in the list.
    pub fn place(&self) -> After {
        After { since: self.since, id: self.kept.review.about().id.clone() }
    }
}

/// What became of a request, as its page tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub happened: Happened,
    /// By whom.
    pub by: Author,
    /// Why, where a reason is given.
    pub reason: Option<Reason>,
}

/// A form as it was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its number, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// The form.
    pub form: Form,
}

/// Where a page of a list begins: after this request. The first page begins after nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// When the last one shown came to its state.
    pub since: Timestamp,
    /// Its name.
    pub id: HabilitationRequestId,
}

/// Id, organisation, state, version, sealed record.
pub(super) type Row = (String, String, String, i64, String);

impl Registry {
    /// Keeps a new request; [`Put::Taken`] when there is one of that name.
    pub async fn make_request(
        &self,
        review: &AnyReview,
        departement: Option<&Departement>,
        event: &Event,
        told: &Told<'_>,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let put = self.make_request_in(&mut transaction, (review, departement), event, told).await?;
        if put == Put::Fresh {
            commit(transaction).await?;
        }
        Ok(put)
    }

    /// The same in a transaction that does more.
    pub(super) async fn make_request_in(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (review, departement): (&AnyReview, Option<&Departement>),
        event: &Event,
        told: &Told<'_>,
    ) -> Result<Put, StoreError> {
        let (about, now) = (review.about(), told.at);
        let made = sqlx::query(
            "INSERT INTO habilitation_requests (id, organisation, departement, state, since, touched, version, sealed) \
             VALUES ($1, $2, $3, $4, $5, $5, 1, $6) ON CONFLICT (id) DO NOTHING",
        )
        .bind(about.id.as_str())
        .bind(about.organisation.digits())
        .bind(departement.map(Departement::as_str))
        .bind(review.state().name())
        .bind(now.epoch())
        .bind(seal(&self.vault, review, 1)?)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
        if made.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        self.keep_version(transaction, (review, 1), event, now).await?;
        self.tell_webhooks(transaction, &occurrence((review, 1), event, now)).await?;
        self.tell(transaction, &format!("{}.1", about.id), told).await?;
        Ok(Put::Fresh)
    }

    /// Keeps what was done to a request, if it is still as it was read, and what that does to habilitations: both or neither.
    /// Lost too when a habilitation of it was stopped apart from its review.
    pub async fn change_request(
        &self,
        from: &KeptReview,
        done: &Done,
        event: &Event,
        told: &Told<'_>,
    ) -> Result<Changed, StoreError> {
        let mut transaction = self.write().await?;
        let changed = self.change_request_in(&mut transaction, (from, done), event, told).await?;
        if changed == Changed::Done {
            commit(transaction).await?;
        }
        Ok(changed)
    }

    /// The same in a transaction that does more.
    pub(super) async fn change_request_in(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (from, done): (&KeptReview, &Done),
        event: &Event,
        told: &Told<'_>,
    ) -> Result<Changed, StoreError> {
        if self.put_request(transaction, (from, &done.review), event, told.at).await? == Changed::Lost {
            return Ok(Changed::Lost);
        }
        let about = (&done.review.about().id, &done.effect);
        let Some(more) = habilitations::apply(transaction, about, &event.by, told.at).await? else {
            return Ok(Changed::Lost);
        };
        let version = from.version.saturating_add(1);
        self.tell_webhooks(transaction, &occurrence((&done.review, version), event, told.at)).await?;
        let acts: Vec<_> = told.acts.iter().cloned().chain(more).collect();
        let told = Told { acts: &acts, ..*told };
        self.tell(transaction, &format!("{}.{version}", done.review.about().id), &told).await?;
        Ok(Changed::Done)
    }

    async fn put_request(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (from, to): (&KeptReview, &AnyReview),
        event: &Event,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let (before, after) = (from.review.about(), to.about());
        if before.id != after.id || before.organisation != after.organisation {
            return Err(CORRUPT);
        }
        let version = from.version.saturating_add(1);
        let changed = sqlx::query(
            "UPDATE habilitation_requests SET since = CASE WHEN state = $3 THEN since ELSE $4 END, state = $3, \
             touched = $4, reminded = NULL, reminded_at = NULL, version = $5, sealed = $6 WHERE id = $1 AND version = $2",
        )
        .bind(after.id.as_str())
        .bind(from.version)
        .bind(to.state().name())
        .bind(now.epoch())
        .bind(version)
        .bind(seal(&self.vault, to, version)?)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
        if changed.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        self.keep_version(transaction, (to, version), event, now).await?;
        Ok(Changed::Done)
    }

    async fn keep_version(
        &self,
        transaction: &mut Transaction<'static, Any>,
        (review, version): (&AnyReview, i64),
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = &review.about().id;
        let name = row_name(id, version);
        let submission = (event.happened == Happened::Submitted).then(|| i64::from(review.about().submissions));
        sqlx::query(
            "INSERT INTO habilitation_forms (request, version, at, submission, sealed) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.as_str())
        .bind(version)
        .bind(now.epoch())
        .bind(submission)
        .bind(sealed(&self.vault, FORMS, &name, review.form())?)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
        sqlx::query("INSERT INTO habilitation_events (request, version, at, sealed) VALUES ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(version)
            .bind(now.epoch())
            .bind(sealed(&self.vault, EVENTS, &name, event)?)
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// A request.
    pub async fn request(&self, id: &HabilitationRequestId) -> Result<Option<KeptReview>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, organisation, state, version, sealed FROM habilitation_requests WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        row.map(|row| open(&self.vault, row)).transpose()
    }

    /// The form of a request as it was at a version.
    pub async fn request_form(&self, id: &HabilitationRequestId, version: i64) -> Result<Option<Form>, StoreError> {
        let sealed: Option<String> =
            sqlx::query_scalar("SELECT sealed FROM habilitation_forms WHERE request = $1 AND version = $2")
                .bind(id.as_str())
                .bind(version)
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        sealed.map(|sealed| opened(&self.vault, FORMS, &row_name(id, version), &sealed)).transpose()
    }

    /// What was submitted, the first one first.
    pub async fn submissions(&self, id: &HabilitationRequestId) -> Result<Vec<Submission>, StoreError> {
        let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
            "SELECT version, at, submission, sealed FROM habilitation_forms \
             WHERE request = $1 AND submission IS NOT NULL ORDER BY version",
        )
        .bind(id.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter()
            .map(|(version, at, number, sealed)| {
                let form = opened(&self.vault, FORMS, &row_name(id, version), &sealed)?;
                let number = u32::try_from(number).map_err(|_| CORRUPT)?;
                Ok(Submission { number, at: Timestamp::from_epoch(at), form })
            })
            .collect()
    }

    /// What became of a request, the first first.
    pub async fn request_events(&self, id: &HabilitationRequestId) -> Result<Vec<(Timestamp, Event)>, StoreError> {
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as("SELECT version, at, sealed FROM habilitation_events WHERE request = $1 ORDER BY version")
                .bind(id.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.into_iter()
            .map(|(version, at, sealed)| {
                let event = opened(&self.vault, EVENTS, &row_name(id, version), &sealed)?;
                Ok((Timestamp::from_epoch(at), event))
            })
            .collect()
    }

    /// At most `limit` requests of an organisation, the one touched last first.
    pub async fn requests_of(&self, organisation: Siret, limit: u32) -> Result<Vec<KeptReview>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, organisation, state, version, sealed FROM habilitation_requests \
             WHERE organisation = $1 ORDER BY touched DESC, id LIMIT $2",
        )
        .bind(organisation.digits())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_request_or_log(row)).collect())
    }

    /// At most `limit` requests in a state, those that have been in it longest first, from one on; of a département alone,
    /// when one is given.
    pub async fn requests_in(
        &self,
        state: State,
        departement: Option<&Departement>,
        after: Option<&After>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (since, id) = after.map_or((i64::MIN, ""), |after| (after.since.epoch(), after.id.as_str()));
        // Two questions: an engine that knows nothing of the département plans for the worst.
        let asked = match departement {
            None => sqlx::query_as(waiting!("")),
            Some(_) => sqlx::query_as(waiting!(" AND r.departement = $5")),
        };
        let asked = asked.bind(state.name()).bind(since).bind(id).bind(i64::from(limit));
        let asked = match departement {
            None => asked,
            Some(departement) => asked.bind(departement.as_str()),
        };
        let rows: Vec<WaitingRow> = asked.fetch_all(&self.readers).await.map_err(failed)?;
        let waiting = |(id, siret, state, version, sealed, since, name): WaitingRow| {
            let organisation = name.map(|sealed| open_organisation(&self.vault, &siret, &sealed)).transpose();
            let kept = self.open_request_or_log((id, siret, state, version, sealed))?;
            let named = |organisation: Option<Organisation>| Waiting {
                kept,
                since: Timestamp::from_epoch(since),
                organisation: organisation.map(|found| found.name.as_str().to_owned()),
            };
            Some(organisation.map(named))
        };
        rows.into_iter().filter_map(waiting).collect()
    }

    /// How many requests are in each state; of a département alone, when one is given.
    pub async fn request_counts(&self, departement: Option<&Departement>) -> Result<Vec<(State, i64)>, StoreError> {
        let asked = match departement {
            None => sqlx::query_as("SELECT state, COUNT(*) FROM habilitation_requests GROUP BY state"),
            Some(departement) => sqlx::query_as(
                "SELECT state, COUNT(*) FROM habilitation_requests WHERE departement = $1 GROUP BY state",
            )
            .bind(departement.as_str()),
        };
        let rows: Vec<(String, i64)> = asked.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(|(state, count)| Ok((state_of(state)?, *count))).collect()
    }

    /// Keeps a message about a request.
    pub async fn say(
        &self,
        id: &HabilitationRequestId,
        message: &Message,
        name: [u8; 16],
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        let name = format!("{id}.{}", domain::secret::base64url(&name));
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO habilitation_messages (id, request, at, sealed) VALUES ($1, $2, $3, $4)")
            .bind(&name)
            .bind(id.as_str())
            .bind(message.at.epoch())
            .bind(sealed(&self.vault, MESSAGES, &name, message)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        self.tell(&mut transaction, &name, told).await?;
        commit(transaction).await
    }

    /// What was written about a request, the first first.
    pub async fn messages(&self, id: &HabilitationRequestId) -> Result<Vec<Message>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, sealed FROM habilitation_messages WHERE request = $1 ORDER BY at, id")
                .bind(id.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.iter().map(|(name, sealed)| opened(&self.vault, MESSAGES, name, sealed)).collect()
    }

    /// Notes that a side has read what is there.
    pub async fn looked(&self, id: &HabilitationRequestId, side: Side, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO habilitation_looks (request, side, at) VALUES ($1, $2, $3) \
             ON CONFLICT (request, side) DO UPDATE SET at = excluded.at",
        )
        .bind(id.as_str())
        .bind(side_name(side))
        .bind(now.epoch())
        .execute(&self.writers)
        .await
        .map_err(failed)?;
        Ok(())
    }

    /// Up to when a side has read.
    pub async fn looked_at(&self, id: &HabilitationRequestId, side: Side) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT at FROM habilitation_looks WHERE request = $1 AND side = $2")
            .bind(id.as_str())
            .bind(side_name(side))
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        Ok(at.map(Timestamp::from_epoch))
    }

    /// The texts that reviewers write often, by answer and title, each with its name.
    pub async fn templates(&self) -> Result<Vec<(String, Template)>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, body FROM habilitation_templates ORDER BY answer, updated, id")
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.into_iter().map(|(id, body)| Ok((id, from_json(&body, "a template")?))).collect()
    }

    /// Adds a text.
    pub async fn put_template(&self, id: [u8; 16], template: &Template, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO habilitation_templates (id, answer, body, updated) VALUES ($1, $2, $3, $4)")
            .bind(domain::secret::base64url(&id))
            .bind(template.answer().name())
            .bind(to_json(template, "a template")?)
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Drops a text.
    pub async fn drop_template(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM habilitation_templates WHERE id = $1")
            .bind(id)
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// At most `limit` requests in a state that were not touched since then, and not reminded of this yet.
    pub async fn requests_left(
        &self,
        state: State,
        due: Due,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeptReview>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, organisation, state, version, sealed FROM habilitation_requests \
             WHERE state = $1 AND touched <= $2 AND COALESCE(reminded, '') <> $3 ORDER BY touched, id LIMIT $4",
        )
        .bind(state.name())
        .bind(before.epoch())
        .bind(due_name(due))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_request_or_log(row)).collect())
    }

    /// At most `limit` requests in a state that were not touched since then and of which their writers were warned before
    /// another moment, each with when.
    pub async fn requests_warned(
        &self,
        state: State,
        (untouched, warned): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<(KeptReview, Timestamp)>, StoreError> {
        let rows: Vec<(String, String, String, i64, String, i64)> = sqlx::query_as(
            "SELECT id, organisation, state, version, sealed, reminded_at FROM habilitation_requests \
             WHERE state = $1 AND touched <= $2 AND reminded = $3 AND reminded_at <= $4 ORDER BY touched, id LIMIT $5",
        )
        .bind(state.name())
        .bind(untouched.epoch())
        .bind(due_name(Due::Warn))
        .bind(warned.epoch())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let opened = |(id, organisation, state, version, sealed, at)| {
            let kept = self.open_request_or_log((id, organisation, state, version, sealed))?;
            Some((kept, Timestamp::from_epoch(at)))
        };
        Ok(rows.into_iter().filter_map(opened).collect())
    }

    /// Notes that time asked for something, and tells of it; lost when another node did, or the request went on.
    pub async fn remind_of_request(&self, kept: &KeptReview, due: Due, told: &Told<'_>) -> Result<Changed, StoreError> {
        let id = &kept.review.about().id;
        let mut transaction = self.write().await?;
        let noted = sqlx::query(
            "UPDATE habilitation_requests SET reminded = $3, reminded_at = $4 \
             WHERE id = $1 AND version = $2 AND COALESCE(reminded, '') <> $3",
        )
        .bind(id.as_str())
        .bind(kept.version)
        .bind(due_name(due))
        .bind(told.at.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if noted.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        self.tell(&mut transaction, &format!("{id}.{}.{}", kept.version, due_name(due)), told).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// The request of a row.
    pub(super) fn open_request(&self, row: Row) -> Result<KeptReview, StoreError> {
        open(&self.vault, row)
    }

    fn open_request_or_log(&self, row: Row) -> Option<KeptReview> {
        let id = row.0.clone();
        match open(&self.vault, row) {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::error!(id, %error, "a request for a habilitation cannot be opened");
                None
            }
        }
    }
}

fn occurrence<'a>((review, number): (&'a AnyReview, i64), event: &'a Event, at: Timestamp) -> Occurrence<'a> {
    Occurrence { review, number, happened: event.happened, by: &event.by, at, organisation: None }
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Applicant => "applicant",
        Side::Review => "review",
    }
}

const fn due_name(due: Due) -> &'static str {
    match due {
        Due::Remind => "remind",
        Due::Warn => "warn",
        Due::Archive => "archive",
    }
}

fn state_of(name: &str) -> Result<State, StoreError> {
    State::ALL.iter().find(|state| state.name() == name).copied().ok_or(CORRUPT)
}

fn row_name(id: &HabilitationRequestId, version: i64) -> String {
    format!("{id}.{version}")
}

fn seal(vault: &Vault, review: &AnyReview, version: i64) -> Result<String, StoreError> {
    sealed(vault, REQUESTS, &row_name(&review.about().id, version), review)
}

fn sealed<T: Serialize>(vault: &Vault, table: &'static str, name: &str, value: &T) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(value, table)?);
    vault.seal(table, name, plain.as_bytes())
}

fn opened<T: DeserializeOwned>(vault: &Vault, table: &'static str, name: &str, sealed: &str) -> Result<T, StoreError> {
    let plain = vault.open(table, name, sealed)?;
    from_json(std::str::from_utf8(&plain).map_err(|_| StoreError::Corrupt { what: table })?, table)
}

/// The request of a row. One that stands in a row that is not its own is corrupt.
fn open(vault: &Vault, (id, organisation, state, version, sealed): Row) -> Result<KeptReview, StoreError> {
    let id = HabilitationRequestId::parse(&id).map_err(|_| CORRUPT)?;
    let review: AnyReview = opened(vault, REQUESTS, &row_name(&id, version), &sealed)?;
    let about = review.about();
    if about.id != id || about.organisation.digits() != organisation || review.state().name() != state {
        return Err(CORRUPT);
    }
    Ok(KeptReview { review, version })
}
