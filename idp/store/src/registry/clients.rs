//! The relying parties. Each change is journalled in the transaction that makes it.

use domain::client::{Client, ClientState, Registered};
use domain::habilitation::credentials::{ClientSecret, SecretName, Secrets};
use domain::habilitation::switches::Deed;
use domain::id::ClientId;
use domain::journal::{Act, ClientChange, JournalKey};
use domain::secret::SecretDigest;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::habilitations::{self, give};
use super::{Registry, commit, failed, from_json, to_json};
use crate::ephemeral::Put;
use crate::{StoreError, journal};

/// What happens to a client's secret when the client is changed.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It stays.
    Keep,
    /// It is replaced.
    Replace(SecretDigest),
    /// It goes: the client authenticates by keys.
    Drop,
}

/// What became of a change.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// It was made.
    Done,
    /// There is nothing of that name: nothing was changed.
    Missing,
}

const CORRUPT: StoreError = StoreError::Corrupt { what: "a client" };

/// How many clients are read at a time.
const PAGE: i64 = 500;

/// A client with what it was granted: its own columns under names that the habilitation has not.
macro_rules! clients {
    () => {
        "SELECT c.metadata, c.secrets, c.secret_terms, c.state AS client_state, h.id, h.environment, h.organisation, \
         h.request, h.scopes, h.level, h.starts, h.ends, h.state \
         FROM clients c LEFT JOIN habilitations h ON h.id = c.habilitation"
    };
}
pub(super) use clients;

impl Registry {
    /// Registers a client; [`Put::Taken`] when its identifier is in use. Journals [`ClientChange::Registered`].
    pub async fn insert_client(&self, registered: &Registered, now: Timestamp) -> Result<Put, StoreError> {
        let client = &registered.client;
        let habilitation = registered.habilitation.as_ref();
        let mut transaction = self.write().await?;
        if put(&mut transaction, registered, now).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        let mut acts = vec![Act::ClientChanged { client: client.id.clone(), change: ClientChange::Registered }];
        if let Some(habilitation) = habilitation {
            acts.push(give(&mut transaction, habilitation, &client.id, &Deed::OPERATOR, now).await?);
        }
        changed(transaction, &self.journal_key, &acts, now).await?;
        Ok(Put::Fresh)
    }

    /// Changes the metadata of a client. Journals [`ClientChange::Updated`], and [`ClientChange::SecretMade`] when
    /// the secret was replaced.
    pub async fn update_client(
        &self,
        client: &Client,
        secret: &SecretChange,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let (secrets, changes): (_, &[ClientChange]) = match secret {
            SecretChange::Keep => (None, &[ClientChange::Updated]),
            SecretChange::Replace(digest) => {
                let made = ClientSecret { digest: digest.clone(), made: Some(now), until: None };
                (Some(Secrets::kept(vec![made])), &[ClientChange::Updated, ClientChange::SecretMade])
            }
            SecretChange::Drop => (Some(Secrets::default()), &[ClientChange::Updated]),
        };
        let mut transaction = self.write().await?;
        let updated = sqlx::query(
            "UPDATE clients SET metadata = $2, secrets = COALESCE($3, secrets), \
             secret_terms = CASE WHEN $3 IS NULL THEN secret_terms ELSE $5 END, updated = $4, changed = -1 WHERE id = $1",
        )
        .bind(client.id.as_str())
        .bind(to_json(client, "a client")?)
        .bind(secrets.as_ref().map(digests).transpose()?)
        .bind(now.epoch())
        .bind(secrets.as_ref().map(terms).transpose()?)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let act = |change: &ClientChange| Act::ClientChanged { client: client.id.clone(), change: *change };
        changed(transaction, &self.journal_key, &changes.iter().map(act).collect::<Vec<_>>(), now).await?;
        Ok(Updated::Done)
    }

    /// Disables or enables a client. Journals it, unless it was so already.
    pub async fn set_client_state(
        &self,
        id: &ClientId,
        state: ClientState,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let updated =
            sqlx::query("UPDATE clients SET state = $2, updated = $3, changed = -1 WHERE id = $1 AND state <> $2")
                .bind(id.as_str())
                .bind(state_name(state))
                .bind(now.epoch())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        if updated.rows_affected() == 0 {
            transaction.rollback().await.map_err(failed)?;
            return Ok(if self.client(id).await?.is_some() { Updated::Done } else { Updated::Missing });
        }
        let change = match state {
            ClientState::Active => ClientChange::Enabled,
            ClientState::Disabled => ClientChange::Disabled,
        };
        let act = Act::ClientChanged { client: id.clone(), change };
        changed(transaction, &self.journal_key, &[act], now).await?;
        Ok(Updated::Done)
    }

    /// One client.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Registered>, StoreError> {
        let row = sqlx::query(concat!(clients!(), " WHERE c.id = $1"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(read).transpose()
    }

    /// All clients, by identifier.
    pub async fn clients(&self) -> Result<Vec<Registered>, StoreError> {
        let mut all = Vec::new();
        self.each_client(|registered| all.push(registered)).await?;
        Ok(all)
    }

    /// Takes every client, by identifier. They are read page by page: what is thrown away on the way is never much.
    pub async fn each_client(&self, mut take: impl FnMut(Registered)) -> Result<(), StoreError> {
        let mut snapshot = self.snapshot().await?;
        let mut after = String::new();
        loop {
            let rows = sqlx::query(concat!(clients!(), " WHERE c.id > $1 ORDER BY c.id LIMIT $2"))
                .bind(&after)
                .bind(PAGE)
                .fetch_all(&mut *snapshot)
                .await
                .map_err(failed)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                let registered = read(row)?;
                registered.client.id.as_str().clone_into(&mut after);
                take(registered);
            }
        }
    }

    /// The clients that changed, or whose habilitation did, since a count of [`Changes`](super::Changes).
    pub async fn clients_since(&self, count: i64) -> Result<Vec<Registered>, StoreError> {
        let rows = sqlx::query(concat!(clients!(), " WHERE c.changed > $1"))
            .bind(count)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

/// Keeps a new client, unless its identifier is in use.
pub(super) async fn put(
    transaction: &mut Transaction<'static, Any>,
    registered: &Registered,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO clients (id, metadata, secrets, state, habilitation, secret_terms, created, updated, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, -1) ON CONFLICT (id) DO NOTHING",
    )
    .bind(registered.client.id.as_str())
    .bind(to_json(&registered.client, "a client")?)
    .bind(digests(&registered.secrets)?)
    .bind(state_name(registered.state))
    .bind(registered.habilitation.as_ref().map(|held| held.id.as_str()))
    .bind(terms(&registered.secrets)?)
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(if inserted.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}

/// Counts a change of clients or of what they were granted, and journals it.
pub(super) async fn changed(
    mut transaction: Transaction<'static, Any>,
    key: &JournalKey,
    acts: &[Act],
    now: Timestamp,
) -> Result<(), StoreError> {
    count(&mut transaction).await?;
    journal::append(&mut transaction, key, acts, now).await?;
    commit(transaction).await
}

/// Counts a change. The rows that changed are marked with -1 until here, where the count is theirs alone: nobody else counts
/// before this transaction ends.
pub(super) async fn count(transaction: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    sqlx::query("UPDATE changes SET count = count + 1 WHERE topic = 'clients'")
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    let numbered = "UPDATE clients SET changed = (SELECT count FROM changes WHERE topic = 'clients') WHERE changed < 0";
    sqlx::query(numbered).execute(&mut **transaction).await.map(|_| ()).map_err(failed)
}

pub(super) fn read(row: &AnyRow) -> Result<Registered, StoreError> {
    let text = |name| row.try_get::<String, _>(name).map_err(failed);
    let state = match text("client_state")?.as_str() {
        "active" => ClientState::Active,
        "disabled" => ClientState::Disabled,
        _ => return Err(CORRUPT),
    };
    let terms: Option<String> = row.try_get("secret_terms").map_err(failed)?;
    let granted: Option<String> = row.try_get("id").map_err(failed)?;
    Ok(Registered {
        client: from_json(&text("metadata")?, "a client")?,
        secrets: secrets(&text("secrets")?, terms.as_deref())?,
        state,
        habilitation: granted.map(|_| habilitations::read(row)).transpose()?,
    })
}

/// When a secret was made and when it ends, beside its digest.
#[derive(Serialize, Deserialize)]
struct Term {
    name: SecretName,
    made: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// The digests alone: the form that every version reads.
pub(super) fn digests(secrets: &Secrets) -> Result<String, StoreError> {
    to_json(&secrets.all().iter().map(|secret| &secret.digest).collect::<Vec<_>>(), "a client")
}

/// What is known of each secret beside its digest.
pub(super) fn terms(secrets: &Secrets) -> Result<String, StoreError> {
    let term = |secret: &ClientSecret| Term { name: secret.name(), made: secret.made, until: secret.until };
    to_json(&secrets.all().iter().map(term).collect::<Vec<_>>(), "a client")
}

/// The secrets, each with its term; one that a node of before made has none.
pub(super) fn secrets(digests: &str, terms: Option<&str>) -> Result<Secrets, StoreError> {
    let digests: Vec<SecretDigest> = from_json(digests, "a client")?;
    let terms: Vec<Term> = terms.map_or(Ok(Vec::new()), |terms| from_json(terms, "a client"))?;
    let known = |digest: SecretDigest| {
        let name = SecretName::of(&digest);
        let term = terms.iter().find(|term| term.name == name);
        ClientSecret { digest, made: term.and_then(|term| term.made), until: term.and_then(|term| term.until) }
    };
    Ok(Secrets::kept(digests.into_iter().map(known).collect()))
}

const fn state_name(state: ClientState) -> &'static str {
    match state {
        ClientState::Active => "active",
        ClientState::Disabled => "disabled",
    }
}
