//! All the agents of a commune, and what may be done to one of them. A decision is made on the whole team, and is kept
//! only if the team still is as it was: of two admins who remove each other at once, one stays.

use super::agent::{Administer, Agent, AgentState, OnDuty, Role, Terms};
use super::commune::{Commune, CommuneCode};
use super::name::{MailAddress, Name};
use crate::cnie::case::{Declared, PersonMark};
use crate::id::AgentId;
use crate::time::Timestamp;

/// A commune with its agents, the removed among them.
#[derive(Debug, Clone)]
pub struct Team {
    /// The commune.
    pub commune: Commune,
    /// Its agents.
    pub agents: Vec<Agent>,
}

/// Who changes a team.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// An admin of the commune.
    Admin(&'a OnDuty<Administer>),
    /// Whoever runs the gateway, at its command line.
    Operator,
}

impl By<'_> {
    /// The agent, when it is one.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Admin(duty) => Some(duty.agent()),
            Self::Operator => None,
        }
    }

    const fn commune(&self) -> Option<&CommuneCode> {
        match self {
            Self::Admin(duty) => Some(duty.commune()),
            Self::Operator => None,
        }
    }
}

/// Someone who is to become an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Their name.
    pub name: Name,
    /// Where they are invited.
    pub mail: MailAddress,
    /// On what terms.
    pub terms: Terms,
}

/// What is to be done to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// They work on other terms.
    Terms(Terms),
    /// Their passkeys are withdrawn, and they are invited anew.
    Renew,
    /// They go.
    Remove,
}

/// Why a team stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// The commune has no such agent, or has none any more.
    #[error("the commune has no such agent")]
    Unknown,
    /// The admin is one of another commune.
    #[error("the admin is one of another commune")]
    OtherCommune,
    /// Nobody decides on their own authorisation.
    #[error("an agent does not change their own authorisation")]
    OwnTerms,
    /// Nobody would be left to administer the commune.
    #[error("the commune would be left without an admin")]
    LastAdmin,
    /// Another agent of the commune has that address: one person, one account.
    #[error("another agent of the commune has this address")]
    MailTaken,
    /// Who an agent is was declared: what passes is not tried.
    #[error("the agent has declared who they are")]
    Declared,
    /// Nobody confirms what they say of themselves.
    #[error("an agent does not confirm their own declaration")]
    OwnDeclaration,
    /// The agent asks for no correction.
    #[error("the agent asks for no correction of what they declared")]
    NothingAsked,
    /// The admin, who saw a paper of the agent's, typed something else than the agent.
    #[error("the admin and the agent say different things of who the agent is")]
    Differs,
}

impl NotChanged {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::OtherCommune,
        Self::OwnTerms,
        Self::LastAdmin,
        Self::MailTaken,
        Self::Declared,
        Self::OwnDeclaration,
        Self::NothingAsked,
        Self::Differs,
    ];
}

impl Team {
    /// An agent who was not removed.
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.id == *id && agent.state != AgentState::Removed)
    }

    /// Those who were not removed.
    pub fn present(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(|agent| agent.state != AgentState::Removed)
    }

    /// Takes in someone, under a new `id`.
    pub fn invite(&self, by: By<'_>, newcomer: Newcomer, id: AgentId) -> Result<Agent, NotChanged> {
        self.is_of(by)?;
        if self.present().any(|agent| agent.mail.folded() == newcomer.mail.folded()) {
            return Err(NotChanged::MailTaken);
        }
        let Newcomer { name, mail, terms } = newcomer;
        let (commune, declared) = (self.commune.code.clone(), Declared::default());
        Ok(Agent { id, commune, name, mail, terms, state: AgentState::Invited, declared })
    }

    /// The agent after a change.
    pub fn change(&self, by: By<'_>, id: &AgentId, change: Change, now: Timestamp) -> Result<Agent, NotChanged> {
        self.is_of(by)?;
        let before = self.agent(id).ok_or(NotChanged::Unknown)?;
        let after = match change {
            Change::Terms(_) if by.agent() == Some(id) => return Err(NotChanged::OwnTerms),
            Change::Terms(terms) => Agent { terms, ..before.clone() },
            Change::Renew => Agent { state: AgentState::Invited, ..before.clone() },
            Change::Remove => Agent { state: AgentState::Removed, ..before.clone() },
        };
        let others = || self.present().filter(|agent| agent.id != *id);
        let left = administers(&after, now) || others().any(|agent| administers(agent, now));
        match by {
            By::Admin(_) if !left => Err(NotChanged::LastAdmin),
            // The operator can always invite another.
            By::Admin(_) | By::Operator => Ok(after),
        }
    }

    /// The agent after they declared who they are: once, by themselves, for as long as they are an agent here.
    pub fn declare(&self, id: &AgentId, person: PersonMark) -> Result<Agent, NotChanged> {
        let before = self.agent(id).filter(|agent| agent.state == AgentState::Active).ok_or(NotChanged::Unknown)?;
        if before.declared.is_made() {
            return Err(NotChanged::Declared);
        }
        let declared = Declared { person: Some(person), ..before.declared.clone() };
        Ok(Agent { declared, ..before.clone() })
    }

    /// The agent after they asked for a correction of what they declared. What they declared counts on.
    pub fn ask_correction(&self, id: &AgentId, person: PersonMark) -> Result<Agent, NotChanged> {
        let before = self.agent(id).filter(|agent| agent.state == AgentState::Active).ok_or(NotChanged::Unknown)?;
        if !before.declared.is_made() {
            return Err(NotChanged::NothingAsked);
        }
        let declared = Declared { asked: Some(person), ..before.declared.clone() };
        Ok(Agent { declared, ..before.clone() })
    }

    /// The agent after what they declared was put right: by another admin of the commune, who says the same as the agent
    /// without having read it, or by the operator.
    pub fn correct(&self, by: By<'_>, id: &AgentId, person: PersonMark) -> Result<Agent, NotChanged> {
        self.is_of(by)?;
        let before = self.agent(id).ok_or(NotChanged::Unknown)?;
        match (by, before.declared.asked) {
            (By::Admin(duty), _) if duty.agent() == id => return Err(NotChanged::OwnDeclaration),
            (By::Admin(_), None) => return Err(NotChanged::NothingAsked),
            (By::Admin(_), Some(asked)) if asked != person => return Err(NotChanged::Differs),
            (By::Admin(_), Some(_)) | (By::Operator, _) => {}
        }
        Ok(Agent { declared: before.declared.corrected(person), ..before.clone() })
    }

    fn is_of(&self, by: By<'_>) -> Result<(), NotChanged> {
        match by.commune() {
            Some(commune) if *commune != self.commune.code => Err(NotChanged::OtherCommune),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether an agent can administer the commune, now or from a later day on.
fn administers(agent: &Agent, now: Timestamp) -> bool {
    agent.state == AgentState::Active
        && agent.terms.roles.has(Role::CommuneAdmin)
        && agent.terms.authorised.is_some_and(|period| !period.is_over(now))
}

#[cfg(test)]
#[path = "team_tests.rs"]
mod tests;
