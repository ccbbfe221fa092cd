//! Communes and their agents. Each change is journalled in the transaction that makes it.
//!
//! An agent lies sealed: whoever writes the database without the master key can put an older state of one back, and make
//! up none. The row of the commune is the lock of all that concerns its people.

use domain::id::{AgentId, PasskeyId};
use domain::journal::{Act, AgentChange, CommuneChange};
use domain::notice::Notice;
use domain::people::agent::{Agent, AgentState};
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::invitation::Invitation;
use domain::people::name::{MailAddress, Name};
use domain::people::team::Team;
use domain::secret::{Bearer, base64url, keyed_hash};
use domain::time::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};
use zeroize::Zeroizing;

use super::{Registry, Updated, commit, failed, from_json, outbox, passkeys, to_json};
use crate::ephemeral::Put;
use crate::seal::Vault;
use crate::{StoreError, journal};

const AGENTS: &str = "agents";

/// The people of a commune as they were read: a change decided on them is kept if they still are so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamVersion(pub(super) i64);

/// An agent at their commune, with the passkeys they have.
#[derive(Debug, Clone)]
pub struct Post {
    /// The agent.
    pub agent: Agent,
    /// Their commune.
    pub commune: Commune,
    /// The names of their passkeys.
    pub passkeys: Vec<PasskeyId>,
}

/// What becomes of an agent.
#[derive(Debug, Clone, Copy)]
pub struct TeamChange<'a> {
    /// The agent from now on. One who is not active keeps neither passkeys nor invitations of before.
    pub agent: &'a Agent,
    /// What was done.
    pub act: &'a AgentChange,
    /// Who did it; the operator, for `None`.
    pub by: Option<&'a AgentId>,
    /// The secret of a new invitation, and the mail that brings it.
    pub invitation: Option<(&'a Bearer<Invitation>, &'a Notice)>,
}

pub(super) type CommuneRow = (String, String, String, Option<i64>);

impl Registry {
    /// Enrols a commune; [`Put::Taken`] when it is already. Journals it.
    pub async fn insert_commune(&self, commune: &Commune, now: Timestamp) -> Result<Put, StoreError> {
        let mut transaction = self.write().await?;
        let (state, from) = commune_state(commune.state);
        let inserted = sqlx::query(
            "INSERT INTO communes (code, name, state, certifies_from, team, created, updated) \
             VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (code) DO NOTHING",
        )
        .bind(commune.code.as_str())
        .bind(commune.name.as_str())
        .bind(state)
        .bind(from)
        .bind(now.epoch())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        let mut changes = vec![CommuneChange::Enrolled];
        if commune.state != CommuneState::Enrolled {
            changes.push(CommuneChange::Changed(commune.state));
        }
        let acts: Vec<Act> = changes.into_iter().map(|change| commune_act(commune, change)).collect();
        journal::append(&mut transaction, &self.journal_key, &acts, now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }

    /// Gives a commune another name or state. Journals it.
    pub async fn update_commune(&self, commune: &Commune, now: Timestamp) -> Result<Updated, StoreError> {
        let mut transaction = self.write().await?;
        let (state, from) = commune_state(commune.state);
        let updated =
            sqlx::query("UPDATE communes SET name = $2, state = $3, certifies_from = $4, updated = $5 WHERE code = $1")
                .bind(commune.code.as_str())
                .bind(commune.name.as_str())
                .bind(state)
                .bind(from)
                .bind(now.epoch())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Ok(Updated::Missing);
        }
        let act = commune_act(commune, CommuneChange::Changed(commune.state));
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Updated::Done)
    }

    /// One commune.
    pub async fn commune(&self, code: &CommuneCode) -> Result<Option<Commune>, StoreError> {
        read_commune(&mut *self.readers.acquire().await.map_err(failed)?, code).await
    }

    /// All communes, by code.
    pub async fn communes(&self) -> Result<Vec<Commune>, StoreError> {
        let rows: Vec<CommuneRow> =
            sqlx::query_as("SELECT code, name, state, certifies_from FROM communes ORDER BY code")
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        rows.into_iter().map(commune_of).collect()
    }

    /// A commune with all its agents, as they are at one moment.
    pub async fn team(&self, code: &CommuneCode) -> Result<Option<(Team, TeamVersion)>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let Some(commune) = read_commune(&mut snapshot, code).await? else { return Ok(None) };
        let version: i64 = sqlx::query_scalar("SELECT team FROM communes WHERE code = $1")
            .bind(code.as_str())
            .fetch_one(&mut *snapshot)
            .await
            .map_err(failed)?;
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, sealed FROM agents WHERE commune = $1 ORDER BY created, id")
                .bind(code.as_str())
                .fetch_all(&mut *snapshot)
                .await
                .map_err(failed)?;
        let agents = rows.iter().map(|(id, sealed)| open_agent(&self.vault, id, sealed)).collect::<Result<_, _>>()?;
        Ok(Some((Team { commune, agents }, TeamVersion(version))))
    }

    /// An agent at their post, as it is now: removed or not, authorised or not.
    pub async fn post(&self, id: &AgentId) -> Result<Option<Post>, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let Some(agent) = read_agent(&mut snapshot, &self.vault, id).await? else { return Ok(None) };
        let commune = read_commune(&mut snapshot, &agent.commune).await?;
        let commune = commune.ok_or(StoreError::Corrupt { what: AGENTS })?;
        let passkeys = passkeys::held(&mut snapshot, id).await?;
        Ok(Some(Post { agent, commune, passkeys }))
    }

    /// Keeps what becomes of an agent, decided on the team of that version; [`Put::Taken`] when the team changed since:
    /// read it and decide again. Journals it.
    pub async fn change_team(
        &self,
        change: &TeamChange<'_>,
        seen: TeamVersion,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let agent = change.agent;
        let mut transaction = self.write().await?;
        let locked = sqlx::query("UPDATE communes SET team = team + 1 WHERE code = $1 AND team = $2")
            .bind(agent.commune.as_str())
            .bind(seen.0)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if locked.rows_affected() == 0 {
            return Ok(Put::Taken);
        }
        keep_agent(&mut transaction, &self.vault, agent, now).await?;
        if agent.state != AgentState::Active {
            passkeys::forget_all(&mut transaction, &agent.id).await?;
        }
        if let Some((secret, notice)) = change.invitation {
            let place = passkeys::place(secret);
            let invitation = Invitation::new(agent.id.clone(), now);
            sqlx::query("INSERT INTO invitations (place, agent, ends) VALUES ($1, $2, $3)")
                .bind(&place)
                .bind(invitation.agent.as_str())
                .bind(invitation.until.epoch())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            outbox::enqueue(&mut transaction, &self.vault, &format!("invitation.{place}"), notice, now).await?;
        }
        let act = agent_act(agent, change.by, change.act.clone());
        journal::append(&mut transaction, &self.journal_key, &[act], now).await?;
        commit(transaction).await?;
        Ok(Put::Fresh)
    }
}

/// Waits for, and holds off, whatever else changes the people of a commune.
pub(super) async fn lock(transaction: &mut Transaction<'static, Any>, commune: &CommuneCode) -> Result<(), StoreError> {
    sqlx::query("UPDATE communes SET team = team + 1 WHERE code = $1")
        .bind(commune.as_str())
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(super) async fn keep_agent(
    transaction: &mut Transaction<'static, Any>,
    vault: &Vault,
    agent: &Agent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let plain = Zeroizing::new(to_json(agent, AGENTS)?);
    sqlx::query(
        "INSERT INTO agents (id, commune, mail_key, state, trained, sealed, created, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO UPDATE SET \
         state = excluded.state, trained = excluded.trained, sealed = excluded.sealed, updated = excluded.updated",
    )
    .bind(agent.id.as_str())
    .bind(agent.commune.as_str())
    .bind(mail_key(vault, &agent.mail))
    .bind(state_name(agent.state))
    .bind(agent.terms.trained.map(Timestamp::epoch))
    .bind(vault.seal(AGENTS, agent.id.as_str(), plain.as_bytes())?)
    .bind(now.epoch())
    .execute(&mut **transaction)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn read_agent(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: &AgentId,
) -> Result<Option<Agent>, StoreError> {
    let sealed: Option<String> = sqlx::query_scalar("SELECT sealed FROM agents WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    sealed.map(|sealed| open_agent(vault, id.as_str(), &sealed)).transpose()
}

async fn read_commune(connection: &mut AnyConnection, code: &CommuneCode) -> Result<Option<Commune>, StoreError> {
    let row: Option<CommuneRow> =
        sqlx::query_as("SELECT code, name, state, certifies_from FROM communes WHERE code = $1")
            .bind(code.as_str())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    row.map(commune_of).transpose()
}

pub(super) fn agent_act(agent: &Agent, by: Option<&AgentId>, change: AgentChange) -> Act {
    Act::AgentChanged { agent: agent.id.clone(), commune: agent.commune.clone(), by: by.cloned(), change }
}

fn open_agent(vault: &Vault, id: &str, sealed: &str) -> Result<Agent, StoreError> {
    let corrupt = StoreError::Corrupt { what: AGENTS };
    let plain = vault.open(AGENTS, id, sealed)?;
    let agent: Agent = from_json(std::str::from_utf8(&plain).map_err(|_| corrupt)?, AGENTS)?;
    if agent.id.as_str() == id { Ok(agent) } else { Err(StoreError::Corrupt { what: AGENTS }) }
}

fn mail_key(vault: &Vault, mail: &MailAddress) -> String {
    base64url(&keyed_hash(&vault.derive("agent-mail"), &[mail.folded().as_bytes()]))
}

fn commune_act(commune: &Commune, change: CommuneChange) -> Act {
    Act::CommuneChanged { commune: commune.code.clone(), change }
}

pub(super) fn commune_of((code, name, state, from): CommuneRow) -> Result<Commune, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "communes" };
    let state = match (state.as_str(), from) {
        ("enrolled", None) => CommuneState::Enrolled,
        ("certifying", Some(from)) => CommuneState::Certifying { from: Timestamp::from_epoch(from) },
        ("postponed", None) => CommuneState::Postponed,
        _ => return Err(corrupt()),
    };
    let code = CommuneCode::parse(&code).map_err(|_| corrupt())?;
    Ok(Commune { code, name: Name::parse(&name).map_err(|_| corrupt())?, state })
}

const fn commune_state(state: CommuneState) -> (&'static str, Option<i64>) {
    match state {
        CommuneState::Enrolled => ("enrolled", None),
        CommuneState::Certifying { from } => ("certifying", Some(from.epoch())),
        CommuneState::Postponed => ("postponed", None),
    }
}

const fn state_name(state: AgentState) -> &'static str {
    match state {
        AgentState::Invited => "invited",
        AgentState::Active => "active",
        AgentState::Removed => "removed",
    }
}
