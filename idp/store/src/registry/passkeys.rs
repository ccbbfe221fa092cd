//! The passkeys of agents, and the invitations that let the first one in. Each change is journalled in the transaction
//! that makes it; what a passkey is to the gateway's WebAuthn library lies sealed, bound to its agent.

use std::fmt::Display;

use domain::id::{AgentId, PasskeyId};
use domain::journal::AgentChange;
use domain::notice::Notice;
use domain::people::agent::{Agent, AgentState};
use domain::people::invitation::Invitation;
use domain::people::name::Name;
use domain::secret::{Bearer, base64url};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{Any, AnyConnection, Transaction};
use zeroize::Zeroizing;

use super::people::{agent_act, keep_agent, lock, read_agent};
use super::{Registry, Updated, commit, failed, from_json, outbox, to_json};
use crate::ephemeral::Put;
use crate::seal::Vault;
use crate::{StoreError, journal};

const TABLE: &str = "passkeys";
const CORRUPT: StoreError = StoreError::Corrupt { what: TABLE };

/// A passkey: of an agent, or of whom `O` names.
#[derive(Debug, Clone)]
pub struct KeptPasskey<O = AgentId> {
    /// Its name here.
    pub id: PasskeyId,
    /// Whose it is.
    pub owner: O,
    /// What its owner calls it.
    pub name: Name,
    /// The credential as the gateway's WebAuthn library writes it, JSON.
    pub credential: String,
    /// When it was added.
    pub added: Timestamp,
    /// When its owner last signed in with it.
    pub last_used: Option<Timestamp>,
}

/// What is sealed of it.
#[derive(Serialize, Deserialize)]
struct Sealed<O> {
    // What was kept when agents alone had passkeys.
    #[serde(rename = "agent")]
    owner: O,
    name: Name,
    credential: String,
}

/// What became of an invitation.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was taken: the agent is active.
    Done,
    /// There is none any more: taken, over, or withdrawn.
    Gone,
    /// The passkey is registered already.
    Known,
}

pub(super) type Row = (String, String, String, i64, Option<i64>);

impl Registry {
    /// Who is invited by this secret; `None` when it does not open anything at `now`.
    pub async fn invited(&self, secret: &Bearer<Invitation>, now: Timestamp) -> Result<Option<Agent>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let Some(id) = invitation(&mut snapshot, secret, now).await? else { return Ok(None) };
        let agent = read_agent(&mut snapshot, &self.vault, &id).await?;
        Ok(agent.filter(|agent| agent.state == AgentState::Invited))
    }

    /// Takes an invitation, once: its agent is active from now on, with this passkey. Journals both.
    pub async fn accept_invitation(
        &self,
        secret: &Bearer<Invitation>,
        passkey: &KeptPasskey,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let mut transaction = self.write().await?;
        let Some(found) = invitation(&mut transaction, secret, now).await? else { return Ok(Accepted::Gone) };
        let Some(agent) = read_agent(&mut transaction, &self.vault, &found).await? else { return Ok(Accepted::Gone) };
        lock(&mut transaction, &agent.commune).await?;
        let taken = sqlx::query("DELETE FROM invitations WHERE place = $1")
            .bind(place(secret))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        // Read again behind the lock: they may have been removed meanwhile.
        let agent = read_agent(&mut transaction, &self.vault, &found).await?;
        let agent = agent.filter(|agent| agent.state == AgentState::Invited && agent.id == passkey.owner);
        let (1, Some(agent)) = (taken.rows_affected(), agent) else { return Ok(Accepted::Gone) };
        let agent = Agent { state: AgentState::Active, ..agent };
        keep_agent(&mut transaction, &self.vault, &agent, now).await?;
        if insert(&mut transaction, &self.vault, passkey).await? == Put::Taken {
            return Ok(Accepted::Known);
        }
        self.told_of(&mut transaction, passkey, notice, now).await?;
        let acts = [AgentChange::Activated, AgentChange::PasskeyAdded(passkey.id.clone())];
        let acts = acts.map(|change| agent_act(&agent, Some(&agent.id), change));
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Accepted::Done)
    }

    /// The passkeys of an agent, the oldest first.
    pub async fn passkeys(&self, agent: &AgentId) -> Result<Vec<KeptPasskey>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, agent, sealed, added, last_used FROM passkeys WHERE agent = $1 ORDER BY added, id",
        )
        .bind(agent.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.into_iter().map(|row| read(&self.vault, TABLE, row)).collect()
    }

    /// One passkey, whoever has it.
    pub async fn passkey(&self, id: &PasskeyId) -> Result<Option<KeptPasskey>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT id, agent, sealed, added, last_used FROM passkeys WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.map(|row| read(&self.vault, TABLE, row)).transpose()
    }

    /// Adds a passkey to an agent who has those that are `known`; [`Put::Taken`] when they have others by now, are not
    /// active any more, or the passkey is registered already. Journals it.
    pub async fn add_passkey(
        &self,
        passkey: &KeptPasskey,
        known: &[PasskeyId],
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let Some(agent) = self.still(&mut transaction, &passkey.owner, known).await? else { return Ok(Put::Taken) };
        if insert(&mut transaction, &self.vault, passkey).await? == Put::Taken {
            return Ok(Put::Taken);
        }
        self.told_of(&mut transaction, passkey, notice, now).await?;
        let act = agent_act(&agent, Some(&agent.id), AgentChange::PasskeyAdded(passkey.id.clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Withdraws a passkey of an agent who has those that are `known`; [`Put::Taken`] when they have others by now.
    /// Journals it.
    pub async fn withdraw_passkey(
        &self,
        agent: &AgentId,
        passkey: &PasskeyId,
        known: &[PasskeyId],
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let Some(agent) = self.still(&mut transaction, agent, known).await? else { return Ok(Put::Taken) };
        let gone = sqlx::query("DELETE FROM passkeys WHERE id = $1 AND agent = $2")
            .bind(passkey.as_str())
            .bind(agent.id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if gone.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let act = agent_act(&agent, Some(&agent.id), AgentChange::PasskeyWithdrawn(passkey.clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Notes that an agent signed in with a passkey, and what its counter says now. [`Updated::Missing`] when it was
    /// withdrawn. Journals it.
    pub async fn agent_signed_in(
        &self,
        agent: &Agent,
        passkey: &KeptPasskey,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        if agent.id != passkey.owner {
            return Err(CORRUPT);
        }
        let mut transaction = self.write().await?;
        let updated = sqlx::query("UPDATE passkeys SET sealed = $3, last_used = $4 WHERE id = $1 AND agent = $2")
            .bind(passkey.id.as_str())
            .bind(passkey.owner.as_str())
            .bind(seal(&self.vault, TABLE, passkey)?)
            .bind(now.epoch())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let act = agent_act(agent, Some(&agent.id), AgentChange::SignedIn(passkey.id.clone()));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// Journals that an agent signed out.
    pub async fn agent_signed_out(&self, agent: &Agent, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let act = agent_act(agent, Some(&agent.id), AgentChange::SignedOut);
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await
    }

    /// Forgets invitations that nobody took in time. For an hourly round.
    pub async fn forget_invitations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM invitations WHERE ends <= $1")
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map_err(failed)?;
        Ok(gone.rows_affected())
    }

    /// The agent, locked, if active and with these passkeys still.
    async fn still(
        &self,
        transaction: &mut Transaction<'static, Any>,
        id: &AgentId,
        known: &[PasskeyId],
    ) -> Result<Option<Agent>, StoreError> {
        let Some(agent) = read_agent(transaction, &self.vault, id).await? else { return Ok(None) };
        lock(transaction, &agent.commune).await?;
        let agent = read_agent(transaction, &self.vault, id).await?;
        let (mut held, mut known) = (held(transaction, id).await?, known.to_vec());
        held.sort();
        known.sort();
        Ok(agent.filter(|agent| agent.state == AgentState::Active && held == known))
    }

    async fn told_of(
        &self,
        transaction: &mut Transaction<'static, Any>,
        passkey: &KeptPasskey,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        outbox::enqueue(transaction, &self.vault, &format!("passkey.{}.{}", passkey.id, now.epoch()), notice, now).await
    }
}

/// The names of the passkeys of an agent.
pub(super) async fn held(connection: &mut AnyConnection, agent: &AgentId) -> Result<Vec<PasskeyId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM passkeys WHERE agent = $1 ORDER BY added, id")
        .bind(agent.as_str())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    ids.iter().map(|id| PasskeyId::parse(id).map_err(|_| CORRUPT)).collect()
}

/// Takes every way in from an agent.
pub(super) async fn forget_all(transaction: &mut Transaction<'static, Any>, agent: &AgentId) -> Result<(), StoreError> {
    for statement in ["DELETE FROM passkeys WHERE agent = $1", "DELETE FROM invitations WHERE agent = $1"] {
        sqlx::query(statement).bind(agent.as_str()).execute(&mut **transaction).await.map_err(failed)?;
    }
    Ok(())
}

/// Where an invitation lies: nobody finds the secret from it.
pub(super) fn place(secret: &Bearer<Invitation>) -> String {
    base64url(&secret.expand(&[b"invitation"]))
}

async fn invitation(
    connection: &mut AnyConnection,
    secret: &Bearer<Invitation>,
    now: Timestamp,
) -> Result<Option<AgentId>, StoreError> {
    let row: Option<(String, i64)> = sqlx::query_as("SELECT agent, ends FROM invitations WHERE place = $1")
        .bind(place(secret))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let Some((agent, ends)) = row else { return Ok(None) };
    let agent = AgentId::parse(&agent).map_err(|_| StoreError::Corrupt { what: "invitations" })?;
    let invitation = Invitation { agent, until: Timestamp::from_epoch(ends) };
    Ok(invitation.opens(now).then_some(invitation.agent))
}

async fn insert(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    passkey: &KeptPasskey,
) -> Result<Put, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO passkeys (id, agent, sealed, added, last_used) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(passkey.id.as_str())
    .bind(passkey.owner.as_str())
    .bind(seal(vault, TABLE, passkey)?)
    .bind(passkey.added.epoch())
    .bind(passkey.last_used.map(Timestamp::epoch))
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(if inserted.rows_affected() == 0 { Put::Taken } else { Put::Fresh })
}

pub(super) fn seal<O: Serialize + Clone>(
    vault: &Vault,
    table: &'static str,
    passkey: &KeptPasskey<O>,
) -> Result<String, StoreError> {
    let KeptPasskey { id, owner, name, credential, .. } = passkey;
    let sealed = Sealed { owner: owner.clone(), name: name.clone(), credential: credential.clone() };
    let plain = Zeroizing::new(to_json(&sealed, table)?);
    vault.seal(table, id.as_str(), plain.as_bytes())
}

/// A row that was moved to another owner opens nothing.
pub(super) fn read<O: DeserializeOwned + Display>(
    vault: &Vault,
    table: &'static str,
    (id, owner, sealed, added, last_used): Row,
) -> Result<KeptPasskey<O>, StoreError> {
    let corrupt = || StoreError::Corrupt { what: table };
    let plain = vault.open(table, &id, &sealed)?;
    let sealed: Sealed<O> = from_json(std::str::from_utf8(&plain).map_err(|_| corrupt())?, table)?;
    if sealed.owner.to_string() != owner {
        return Err(corrupt());
    }
    let (added, last_used) = (Timestamp::from_epoch(added), last_used.map(Timestamp::from_epoch));
    let id = PasskeyId::parse(&id).map_err(|_| corrupt())?;
    Ok(KeptPasskey { id, owner: sealed.owner, name: sealed.name, credential: sealed.credential, added, last_used })
}
