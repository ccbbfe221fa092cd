//! What lives for years: clients, accounts, consents, signing keys, the outbox, the journal. One SQL text for SQLite
//! and PostgreSQL.
//!
//! A transaction takes its locks in one order (its own rows, `changes`, `journal_head` last), so that transactions
//! wait for one another and never deadlock, and hold the head of the journal, which all share, for the shortest time.
//! On SQLite writers queue for one connection, first come first served, instead of polling a busy file.
//!
//! What was committed survives a crash of the process on both engines. A power cut may cost SQLite its last moments
//! (WAL with `synchronous = NORMAL`), never its consistency; who cannot afford that runs PostgreSQL.

mod accounts;
mod admin_tokens;
mod bench;
mod cards;
mod cases;
mod clients;
mod clock;
mod consents;
mod deadlines;
mod figures;
mod habilitations;
mod indicators;
mod keys;
mod listing;
mod outbox;
mod partners;
mod passkeys;
mod people;
mod pins;
mod platform;
mod readers;
mod request_keys;
mod requests;
mod schema;
mod secrets;
mod services;
mod standing;
mod switches;
mod webhook_calls;
mod webhooks;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::journal::JournalKey;
use domain::secret::same;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor as _, Transaction};
use zeroize::Zeroizing;

pub use admin_tokens::KeptToken;
pub use bench::KeptReport;
pub use cards::{Changed, Kept, Made, ToRemind, Told, Transition};
pub use cases::{Case, CaseEnd, KeptCase, Opened};
pub use clients::{SecretChange, Updated};
pub use consents::{Consent, Finish, Finished};
pub use habilitations::{HabilitationMoved, KeptHabilitation};
pub use keys::{Follower, HeldKey, KeptKey};
pub use listing::Part;
pub use outbox::{Backlog, Delivery, Outgoing, Parcel, Queue};
pub use partners::{Joined, Joining, KeptSession, Posting, Released, Releasing, SeatChange};
pub use passkeys::{Accepted, KeptPasskey};
pub use people::{Post, TeamChange, TeamVersion};
pub use pins::PinnedKeys;
pub use platform::{Following, Mark, PlatformTaken};
pub use requests::{After, Event, KeptReview, Submission, Waiting};
pub use secrets::{SecretUpdated, SecretUse};
pub use services::ServiceMade;
use standing::Standings;
pub use webhook_calls::{CallState, KeptCall, Settled, Tried};
pub use webhooks::KeptWebhook;

use crate::seal::Vault;
use crate::{Outage, StoreError, journal};

/// Connections of one node that only read. They are apart from those that write: whoever looks up a client does not
/// stand behind sign-ins that wait for the head of the journal.
const SQLITE_READERS: u32 = 4;
const POSTGRES_READERS: u32 = 8;
/// Connections of one node that write. More would only wait for one another.
const SQLITE_WRITERS: u32 = 1;
const POSTGRES_WRITERS: u32 = 8;
/// How long a caller waits for a connection before the registry counts as unavailable.
const WAIT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is tried before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(10);

/// Where the registry is kept.
pub enum Location {
    /// In a file, for a gateway of one node. Made when missing, readable by its owner alone.
    Sqlite(PathBuf),
    /// At a `postgres://` URL.
    Postgres(Zeroizing<String>),
}

/// What the gateway remembers for years. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    engine: Engine,
    pub(crate) readers: AnyPool,
    pub(crate) writers: AnyPool,
    vault: Arc<Vault>,
    pub(crate) journal_key: Arc<JournalKey>,
    standings: Arc<Standings>,
}

#[derive(Debug, Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
}

/// How often something was written, since the registry was made. When a number differs from the one a node saw
/// before, the node reads that topic again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Writes to clients.
    pub clients: i64,
    /// Writes to signing keys.
    pub keys: i64,
    /// Turns of switches.
    pub switches: i64,
}

impl Registry {
    /// Opens a registry whose schema is the one of this program; any other is refused with [`StoreError::Schema`].
    pub async fn open(location: &Location, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let registry = Self::connect(location, vault).await?;
        schema::check(&registry).await?;
        registry.check_master_key().await?;
        Ok(registry)
    }

    /// Brings the schema up to this program's, then opens the registry. A newer schema is refused and left alone.
    pub async fn migrate(location: &Location, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let registry = Self::connect(location, vault).await?;
        schema::migrate(&registry).await?;
        schema::check(&registry).await?;
        registry.check_master_key().await?;
        Ok(registry)
    }

    /// Whether the engine answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.readers.execute("SELECT 1").await.map(|_| ()).map_err(failed)
    }

    /// The counts of writes: one read of a few rows, cheap enough for every second.
    pub async fn changes(&self) -> Result<Changes, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT topic, count FROM changes").fetch_all(&self.readers).await.map_err(failed)?;
        let count = |topic| rows.iter().find(|(name, _)| name == topic).map(|(_, count)| *count);
        let changes =
            || Some(Changes { clients: count("clients")?, keys: count("keys")?, switches: count("switches")? });
        changes().ok_or(StoreError::Corrupt { what: "changes" })
    }

    /// Ends all connections, after the acts that are under way.
    pub async fn close(&self) {
        self.writers.close().await;
        self.readers.close().await;
    }

    async fn connect(location: &Location, vault: Arc<Vault>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().acquire_timeout(WAIT).test_before_acquire(false);
        let (engine, pool, options, readers, writers) = match location {
            Location::Sqlite(path) => {
                create_private(path)?;
                // A relative path would be read as a host.
                let path = std::path::absolute(path).map_err(|error| Outage::new("SQLite", error.to_string()))?;
                let options = options(&sqlite_url(&path))?;
                let pool = pool.idle_timeout(None).max_lifetime(None).after_connect(|connection, _| {
                    Box::pin(async move {
                        connection.execute("PRAGMA busy_timeout = 5000").await?;
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = NORMAL").await?;
                        connection.execute("PRAGMA foreign_keys = ON").await?;
                        Ok(())
                    })
                });
                (Engine::Sqlite, pool, options, SQLITE_READERS, SQLITE_WRITERS)
            }
            Location::Postgres(url) => {
                let pool = pool
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            connection.execute("SET statement_timeout = '5s'").await?;
                            connection.execute("SET idle_in_transaction_session_timeout = '10s'").await?;
                            Ok(())
                        })
                    })
                    .before_acquire(|connection, meta| {
                        Box::pin(async move { Ok(meta.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok()) })
                    });
                let options = options(url)?;
                // The pool tries again and again, and then says only that time ran out; one connection says why.
                let first = AnyConnection::connect_with(&options).await.map_err(failed)?;
                first.close().await.map_err(failed)?;
                (Engine::Postgres, pool, options, POSTGRES_READERS, POSTGRES_WRITERS)
            }
        };
        let writers = pool.clone().max_connections(writers).connect_with(options.clone()).await.map_err(failed)?;
        let readers = pool.max_connections(readers).connect_with(options).await.map_err(failed)?;
        let journal_key = Arc::new(JournalKey::new(vault.derive("journal")));
        Ok(Self { engine, readers, writers, vault, journal_key, standings: Arc::default() })
    }

    /// A transaction that writes. Dropped without `commit`, it leaves nothing behind.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        self.writers.begin_with(begin).await.map_err(failed)
    }

    /// A transaction that reads one moment of the registry, whatever is written meanwhile.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        self.readers.begin_with(begin).await.map_err(failed)
    }

    /// Another master key would make other pseudonyms of the same citizens: refused before anything is written. A new
    /// registry takes this one, and begins its journal: never later, so that a head that was removed is missed.
    async fn check_master_key(&self) -> Result<(), StoreError> {
        let proof = self.vault.proof();
        let mut transaction = self.write().await?;
        let first = sqlx::query("INSERT INTO vault (id, proof) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
            .bind(&proof)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if first.rows_affected() == 1 {
            journal::begin(&mut transaction, &self.journal_key).await?;
        }
        commit(transaction).await?;
        let kept: String = sqlx::query_scalar("SELECT proof FROM vault WHERE id = 1")
            .fetch_one(&self.readers)
            .await
            .map_err(failed)?;
        if same(kept.as_bytes(), proof.as_bytes()) { Ok(()) } else { Err(StoreError::WrongMasterKey) }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({:?})", self.engine)
    }
}

pub(crate) async fn commit(transaction: Transaction<'static, Any>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(failed)
}

fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    // The parser's message would repeat the URL, and the URL may hold a password.
    url.parse().map_err(|_| Outage::new("registry", "its URL cannot be read").into())
}

/// A file that others may not read: made so before SQLite opens it; its WAL takes over the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(|error| Outage::new("sqlite", format!("{}: {error}", path.display())).into())
}

/// `sqlite://` and the path, percent-encoded: a `?` or `%` in a folder name is no part of the URL.
fn sqlite_url(path: &Path) -> String {
    let mut url = "sqlite://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            write!(url, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    url
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: what is not told apart is an outage")]
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
            // SQLITE_FULL; disk_full
            Some("13" | "53100") => StoreError::Full,
            Some(code) => Outage::new("registry", format!("{code}: {}", refusal.message())).into(),
            None => Outage::new("registry", refusal.message()).into(),
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt { what: "a row" },
        other => Outage::new("registry", other.to_string()).into(),
    }
}

pub(crate) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what })
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what })
}

/// An empty schema in the database of the tests.
#[cfg(test)]
pub(crate) async fn create_schema(url: &str, name: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.expect("the PostgreSQL of the tests answers");
    // The name travels as a setting: SQL text is never put together here, not even in tests.
    sqlx::query("SELECT set_config('case.schema', $1, false)").bind(name).execute(&mut connection).await.expect("sets");
    connection
        .execute("DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_setting('case.schema')); END $$")
        .await
        .expect("makes a schema");
    connection.close().await.expect("closes");
}
