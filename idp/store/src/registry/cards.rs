//! The identities on cards: one live one for each card and for each person, each change against the version it was decided on, together with
//! what is accounted for and who is told.
//!
//! The record lies sealed, and bound to its version: whoever writes the database without the master key can put an older
//! row back as a whole, and make up none.

use domain::cnie::card::{CardKey, PersonKey};
use domain::cnie::identity::AnyIdentity;
use domain::cnie::reminder::Reminder;
use domain::id::IdentityId;
use domain::journal::Act;
use domain::notice::Notice;
use domain::time::{Lifetime, Timestamp};
use sqlx::error::DatabaseError;
use sqlx::{Any, Transaction};
use zeroize::Zeroizing;

use super::{Registry, cases, commit, failed, from_json, outbox, to_json};
use crate::seal::Vault;
use crate::{StoreError, journal};

const TABLE: &str = "card_identities";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

/// How long the record of a closed identity is kept, for its citizen to read why it was closed.
const AFTER_CLOSURE: Lifetime = Lifetime::seconds(30 * 86_400);

/// An identity as it was read: a change decided on it is kept if it still is so. Whoever reads one asks
/// [`AnyIdentity::settle`] first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The identity.
    pub identity: AnyIdentity,
    /// Its version.
    pub version: i64,
}

/// From which identity to which.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// As it was read.
    pub from: &'a Kept,
    /// What it becomes.
    pub to: &'a AnyIdentity,
}

/// What is kept with a change, in its transaction.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What is accounted for.
    pub acts: &'a [Act],
    /// Who is told.
    pub notices: &'a [Notice],
    /// The moment of the change.
    pub at: Timestamp,
}

/// What became of a new identity.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is kept.
    Fresh,
    /// The card, or its holder, has a live identity: nothing was kept, journalled or told.
    Exists,
}

/// What became of a change.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// All of it is kept.
    Done,
    /// Someone else changed it meanwhile: nothing was kept, journalled or told.
    Lost,
}

/// An identity whose certification ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToRemind {
    /// The identity.
    pub kept: Kept,
    /// When its certification ends.
    pub until: Timestamp,
    /// The reminder that is due.
    pub reminder: Reminder,
}

/// Id, card, person, version, sealed record.
type Row = (String, Option<String>, Option<String>, i64, Option<String>);
/// The same, until when it is certified, and the last reminder that was given.
type ReminderRow = (String, Option<String>, Option<String>, i64, Option<String>, i64, Option<i64>);

impl Registry {
    /// The identity, live or closed; none once its record is erased.
    pub async fn identity(&self, id: &IdentityId) -> Result<Option<Kept>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, card, person, version, sealed FROM card_identities WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.readers)
                .await
                .map_err(failed)?;
        Ok(row.map(|row| open(&self.vault, row)).transpose()?.flatten())
    }

    /// The live identity of a card.
    pub async fn identity_of_card(&self, card: &CardKey) -> Result<Option<Kept>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, card, person, version, sealed FROM card_identities WHERE card = $1 AND state <> 'closed'",
        )
        .bind(card.text())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        row.map(|row| open(&self.vault, row)?.ok_or(CORRUPT)).transpose()
    }

    /// The live identity of a person, on whichever card.
    pub async fn identity_of_person(&self, person: &PersonKey) -> Result<Option<Kept>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, card, person, version, sealed FROM card_identities WHERE person = $1 AND state <> 'closed'",
        )
        .bind(person.text())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed)?;
        row.map(|row| open(&self.vault, row)?.ok_or(CORRUPT)).transpose()
    }

    /// Keeps a new identity, unless its card or its person has a live one.
    pub async fn make_identity(&self, identity: &AnyIdentity, told: &Told<'_>) -> Result<Made, StoreError> {
        self.make_within(self.write().await?, identity, told).await
    }

    /// Keeps a new identity in the place of another, which is closed with it: both or neither. Where the other is no more
    /// as it was read, somebody was faster, and the person is taken to have a live one.
    pub async fn replace_identity(
        &self,
        old: Transition<'_>,
        identity: &AnyIdentity,
        told: &Told<'_>,
    ) -> Result<Made, StoreError> {
        if !old.to.is_closed() {
            return Err(CORRUPT);
        }
        let mut transaction = self.write().await?;
        if change(&mut transaction, &self.vault, old, told.at).await? == Changed::Lost {
            return Ok(Made::Exists);
        }
        self.make_within(transaction, identity, told).await
    }

    async fn make_within(
        &self,
        mut transaction: Transaction<'static, Any>,
        identity: &AnyIdentity,
        told: &Told<'_>,
    ) -> Result<Made, StoreError> {
        let common = identity.common();
        let id = common.id().as_str();
        let columns = Columns::of(identity, told.at);
        let inserted = sqlx::query(
            "INSERT INTO card_identities (id, card, person, state, created, closed, next_change, certified_until, \
             reminded, remind_at, version, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11) \
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(common.card().text())
        .bind(common.person().map(|person| person.text()))
        .bind(identity.state())
        .bind(common.created().epoch())
        .bind(columns.closed)
        .bind(columns.next_change)
        .bind(columns.certified_until)
        .bind(columns.reminded)
        .bind(columns.remind_at)
        .bind(seal(&self.vault, identity, 1)?)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Made::Exists);
        }
        self.tell(&mut transaction, &format!("{id}.1"), told).await?;
        commit(transaction).await?;
        Ok(Made::Fresh)
    }

    /// Keeps what becomes of an identity, if it is still as it was read.
    pub async fn change_identity(&self, from: &Kept, to: &AnyIdentity, told: &Told<'_>) -> Result<Changed, StoreError> {
        let mut transaction = self.write().await?;
        if change(&mut transaction, &self.vault, Transition { from, to }, told.at).await? == Changed::Lost {
            return Ok(Changed::Lost);
        }
        let name = format!("{}.{}", to.common().id(), from.version.saturating_add(1));
        self.tell(&mut transaction, &name, told).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// At most `limit` identities that time changed, the longest overdue first. One that cannot be opened is logged and
    /// passed over.
    pub async fn identities_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, card, person, version, sealed FROM card_identities WHERE next_change <= $1 \
             ORDER BY next_change, id LIMIT $2",
        )
        .bind(now.epoch())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_or_log(row)).collect())
    }

    /// At most `limit` identities whose next reminder is due.
    pub async fn identities_to_remind(&self, now: Timestamp, limit: u32) -> Result<Vec<ToRemind>, StoreError> {
        let rows: Vec<ReminderRow> = sqlx::query_as(
            "SELECT id, card, person, version, sealed, certified_until, reminded FROM card_identities \
             WHERE remind_at <= $1 AND certified_until > $1 ORDER BY remind_at, id LIMIT $2",
        )
        .bind(now.epoch())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        let due = rows.into_iter().filter_map(|(id, card, person, version, sealed, until, reminded)| {
            let kept = self.open_or_log((id, card, person, version, sealed))?;
            let until = Timestamp::from_epoch(until);
            let reminder = Reminder::due(until, reminded.and_then(Reminder::of_days), now)?;
            Some(ToRemind { kept, until, reminder })
        });
        Ok(due.collect())
    }

    /// Keeps that a reminder was given, with the notice that gives it: once, from however many nodes. It is no change of
    /// the identity: who works on it goes on.
    pub async fn note_reminded(&self, given: &ToRemind, told: &Told<'_>) -> Result<Changed, StoreError> {
        let ToRemind { kept, until, reminder } = given;
        let id = kept.identity.common().id().as_str();
        let days = i64::from(reminder.days());
        let mut transaction = self.write().await?;
        let noted = sqlx::query(
            "UPDATE card_identities SET reminded = $3, remind_at = $4 \
             WHERE id = $1 AND certified_until = $2 AND (reminded IS NULL OR reminded > $3)",
        )
        .bind(id)
        .bind(until.epoch())
        .bind(days)
        .bind(Reminder::next(*until, Some(*reminder)).map(Timestamp::epoch))
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if noted.rows_affected() == 0 {
            return Ok(Changed::Lost);
        }
        self.tell(&mut transaction, &format!("{id}.{}.{days}", until.epoch()), told).await?;
        commit(transaction).await?;
        Ok(Changed::Done)
    }

    /// At most `limit` identities whose record is kept, in this state or in any, by id, from the one after `after` on. For an
    /// operator's list.
    pub async fn identities(
        &self,
        state: Option<&str>,
        after: Option<&IdentityId>,
        limit: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, card, person, version, sealed FROM card_identities \
             WHERE id > $1 AND ($2 = '' OR state = $2) AND sealed IS NOT NULL ORDER BY id LIMIT $3",
        )
        .bind(after.map_or("", IdentityId::as_str))
        .bind(state.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        Ok(rows.into_iter().filter_map(|row| self.open_or_log(row)).collect())
    }

    /// Keeps a notice about an identity that nothing became of: `name` is its own among those about this identity.
    pub async fn tell_holder(&self, identity: &IdentityId, name: &str, told: &Told<'_>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        self.tell(&mut transaction, &format!("{identity}.{name}"), told).await?;
        commit(transaction).await
    }

    /// Erases what is kept of identities that were closed a month ago: the hashes of card and person, the address, the
    /// history.
    /// The row stays, to be counted. For an hourly round.
    pub async fn erase_closed_identities(&self, now: Timestamp) -> Result<u64, StoreError> {
        let erased = sqlx::query(
            "UPDATE card_identities SET card = NULL, person = NULL, sealed = NULL \
             WHERE closed <= $1 AND sealed IS NOT NULL",
        )
        .bind(now.epoch().saturating_sub(AFTER_CLOSURE.as_seconds().into()))
        .execute(&self.writers)
        .await
        .map_err(failed)?;
        Ok(erased.rows_affected())
    }

    /// Keeps notices and acts in the transaction of the change that they tell of: the journal last.
    pub(super) async fn tell(
        &self,
        transaction: &mut Transaction<'static, Any>,
        name: &str,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        for (at, notice) in told.notices.iter().enumerate() {
            outbox::enqueue(transaction, &self.vault, &format!("{name}.{at}"), notice, told.at).await?;
        }
        journal::append(transaction, &self.journal_key, told.acts, told.at).await
    }

    fn open_or_log(&self, row: Row) -> Option<Kept> {
        let id = row.0.clone();
        match open(&self.vault, row) {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(id, %error, "an identity on a card cannot be opened");
                None
            }
        }
    }
}

/// The columns that repeat what is sealed, for finding and counting.
struct Columns {
    closed: Option<i64>,
    next_change: Option<i64>,
    certified_until: Option<i64>,
    reminded: Option<i64>,
    remind_at: Option<i64>,
}

impl Columns {
    fn of(identity: &AnyIdentity, at: Timestamp) -> Self {
        let until = identity.certified_until();
        // What was too near already when it was certified needs no reminder: the notice of it says the day.
        let reached = until.and_then(|until| Reminder::reached(until, at));
        Self {
            closed: identity.is_closed().then_some(at.epoch()),
            next_change: identity.next_change().map(Timestamp::epoch),
            certified_until: until.map(Timestamp::epoch),
            reminded: reached.map(|reminder| reminder.days().into()),
            remind_at: until.and_then(|until| Reminder::next(until, reached)).map(Timestamp::epoch),
        }
    }
}

/// The change of an identity within a transaction, and the date of its activation in the case that approved it.
pub(super) async fn change(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    Transition { from, to }: Transition<'_>,
    at: Timestamp,
) -> Result<Changed, StoreError> {
    let (before, after) = (from.identity.common(), to.common());
    // Whose it is can become known, and never change.
    let other_person = before.person().is_some() && before.person() != after.person();
    if before.id() != after.id() || before.card() != after.card() || other_person {
        return Err(CORRUPT);
    }
    let version = from.version.saturating_add(1);
    let columns = Columns::of(to, at);
    // The reminders of a certification that goes on, as after a suspension, are not given again.
    let changed = sqlx::query(
        "UPDATE card_identities SET state = $3, closed = $4, next_change = $5, \
         reminded = CASE WHEN certified_until = $6 THEN reminded ELSE $7 END, \
         remind_at = CASE WHEN certified_until = $6 THEN remind_at ELSE $8 END, \
         certified_until = $6, version = $9, sealed = $10, person = $11 \
         WHERE id = $1 AND version = $2 AND sealed IS NOT NULL",
    )
    .bind(after.id().as_str())
    .bind(from.version)
    .bind(to.state())
    .bind(columns.closed)
    .bind(columns.next_change)
    .bind(columns.certified_until)
    .bind(columns.reminded)
    .bind(columns.remind_at)
    .bind(version)
    .bind(seal(vault, to, version)?)
    .bind(after.person().map(|person| person.text()))
    .execute(&mut **transaction)
    .await;
    let changed = match changed {
        Ok(changed) => changed,
        // Another live identity of this person was made in the same moment.
        Err(error) if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) => {
            return Ok(Changed::Lost);
        }
        Err(error) => return Err(failed(error)),
    };
    if changed.rows_affected() == 0 {
        return Ok(Changed::Lost);
    }
    // An approval that lapsed leads back to the certification that it would have renewed, of another case.
    if let (AnyIdentity::Approved(approved), AnyIdentity::Certified(certified)) = (&from.identity, to)
        && approved.case() == certified.case()
    {
        cases::note_activation(transaction, certified.case(), at).await?;
    }
    Ok(Changed::Done)
}

fn row_name(id: &str, version: i64) -> String {
    format!("{id}.{version}")
}

fn seal(vault: &Vault, identity: &AnyIdentity, version: i64) -> Result<String, StoreError> {
    let plain = Zeroizing::new(to_json(identity, TABLE)?);
    vault.seal(TABLE, &row_name(identity.common().id().as_str(), version), plain.as_bytes())
}

/// The identity of a row, none when its record is erased. One that stands in a row that is not its own is corrupt.
fn open(vault: &Vault, (id, card, person, version, sealed): Row) -> Result<Option<Kept>, StoreError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = vault.open(TABLE, &row_name(&id, version), &sealed)?;
    let identity: AnyIdentity = from_json(std::str::from_utf8(&plain).map_err(|_| CORRUPT)?, TABLE)?;
    let common = identity.common();
    let theirs = common.person().map(|person| person.text());
    if common.id().as_str() != id || card != Some(common.card().text()) || person != theirs {
        return Err(CORRUPT);
    }
    Ok(Some(Kept { identity, version }))
}
