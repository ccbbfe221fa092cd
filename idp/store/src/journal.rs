//! The journal as it is kept: one chain for all nodes, appended to inside the transaction that does the act.
//!
//! The head (number and hash of the last entry, under a seal) is one row that every append updates first. That update
//! is the lock that puts the appends of all nodes in one order, on both engines: a row lock on PostgreSQL, the write
//! lock on SQLite. It is taken last in a transaction, so it is held for the shortest time.
//!
//! A head whose seal is not ours is never appended to: the new head would be sealed, and the forged one with it.

use domain::journal::{Act, Broken, ChainHash, Entry, Head, JournalKey, Walk};
use domain::secret::{base64url, from_base64url};
use domain::time::Timestamp;
use sqlx::{Any, Transaction};

use crate::StoreError;
use crate::registry::{Registry, commit, failed};

/// How many entries are read at a time when the chain is walked.
const PAGE: i64 = 1000;

/// What a walk over the whole chain found.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry follows from the one before, up to the head.
    Whole {
        /// How many there are.
        entries: i64,
    },
    /// The chain was tampered with, first at this place.
    Broken(Broken),
}

const HEAD: StoreError = StoreError::Corrupt { what: "the head of the journal" };

type Row = (i64, i64, String, String, String);
/// Number, hash and seal.
type HeadRow = (i64, String, String);

impl Registry {
    /// Appends acts that no other transaction carries: a refusal, a logout.
    pub async fn append(&self, acts: &[Act], now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        append(&mut transaction, &self.journal_key, acts, now).await?;
        commit(transaction).await
    }

    /// Where the journal ends now, for whoever keeps it where the database cannot be written; [`StoreError::Corrupt`]
    /// when it is not what was written last.
    pub async fn journal_head(&self) -> Result<Head, StoreError> {
        let kept = head(&mut *self.readers.acquire().await.map_err(failed)?).await?;
        read_head(&self.journal_key, kept).map_err(|_| HEAD)
    }

    /// At most `limit` entries after the one numbered `after`, in order; 0 starts at the beginning.
    pub async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = page(&mut *self.readers.acquire().await.map_err(failed)?, after, limit.into()).await?;
        rows.into_iter().map(|row| read(row).ok_or(StoreError::Corrupt { what: "a journal entry" })).collect()
    }

    /// Walks the whole chain, as it stands at one moment, and names the first place where it was tampered with.
    pub async fn verify_journal(&self) -> Result<Verdict, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let kept = head(&mut snapshot).await?;
        let mut walk = Walk::new(&self.journal_key);
        let mut after = i64::MIN;
        loop {
            let rows = page(&mut snapshot, after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.0;
            for row in rows {
                let number = row.0;
                // A hash that cannot even be read was changed.
                let stepped = read(row).ok_or(Broken::Changed { number }).and_then(|entry| walk.step(&entry));
                if let Err(broken) = stepped {
                    return Ok(Verdict::Broken(broken));
                }
            }
        }
        let finished = read_head(&self.journal_key, kept).and_then(|head| walk.finish(head).map(|()| head));
        Ok(match finished {
            Ok(head) => Verdict::Whole { entries: head.number() },
            Err(broken) => Verdict::Broken(broken),
        })
    }
}

/// Appends acts within a transaction, which has to be committed soon: all other appends wait for it.
pub(crate) async fn append(
    transaction: &mut Transaction<'static, Any>,
    key: &JournalKey,
    acts: &[Act],
    now: Timestamp,
) -> Result<(), StoreError> {
    if acts.is_empty() {
        return Ok(());
    }
    // Changes nothing, and locks: what is read is what the next append sees after us.
    let kept: Option<HeadRow> =
        sqlx::query_as("UPDATE journal_head SET number = number WHERE id = 1 RETURNING number, hash, seal")
            .fetch_optional(&mut **transaction)
            .await
            .map_err(failed)?;
    let mut head = read_head(key, kept).map_err(|_| HEAD)?;
    for act in acts {
        let entry = Entry::append(key, &mut head, now, act);
        sqlx::query("INSERT INTO journal (number, at, kind, details, hash) VALUES ($1, $2, $3, $4, $5)")
            .bind(entry.number)
            .bind(entry.at.epoch())
            .bind(entry.kind)
            .bind(entry.details)
            .bind(base64url(entry.hash.as_bytes()))
            .execute(&mut **transaction)
            .await
            .map_err(failed)?;
    }
    sqlx::query("UPDATE journal_head SET number = $1, hash = $2, seal = $3 WHERE id = 1")
        .bind(head.number())
        .bind(base64url(head.hash().as_bytes()))
        .bind(base64url(&head.seal(key)))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Begins the journal of a registry that was just made.
pub(crate) async fn begin(transaction: &mut Transaction<'static, Any>, key: &JournalKey) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO journal_head (id, number, hash, seal) VALUES (1, $1, $2, $3)")
        .bind(Head::START.number())
        .bind(base64url(Head::START.hash().as_bytes()))
        .bind(base64url(&Head::START.seal(key)))
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn head(connection: &mut sqlx::AnyConnection) -> Result<Option<HeadRow>, StoreError> {
    sqlx::query_as("SELECT number, hash, seal FROM journal_head WHERE id = 1")
        .fetch_optional(connection)
        .await
        .map_err(failed)
}

/// A head that is gone, or cannot even be read, was changed.
fn read_head(key: &JournalKey, kept: Option<HeadRow>) -> Result<Head, Broken> {
    let (number, hash, seal) = kept.ok_or(Broken::Head)?;
    let (hash, seal) = read_hash(&hash).zip(from_base64url(&seal)).ok_or(Broken::Head)?;
    Head::read(key, number, hash, &seal)
}

async fn page(connection: &mut sqlx::AnyConnection, after: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
    sqlx::query_as("SELECT number, at, kind, details, hash FROM journal WHERE number > $1 ORDER BY number LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

fn read((number, at, kind, details, hash): Row) -> Option<Entry> {
    Some(Entry { number, at: Timestamp::from_epoch(at), kind, details, hash: read_hash(&hash)? })
}

fn read_hash(text: &str) -> Option<ChainHash> {
    from_base64url(text)?.try_into().ok().map(ChainHash::from_bytes)
}
