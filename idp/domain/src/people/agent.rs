//! An agent of a commune, and what they may do: the one place where a duty is taken up.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::commune::{Commune, CommuneCode};
use super::name::{MailAddress, Name};
use crate::cnie::case::Declared;
use crate::id::AgentId;
use crate::time::Timestamp;

/// What an agent is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Certifies citizens at the desk.
    Agent,
    /// Looks after the agents and readers of the commune.
    CommuneAdmin,
}

/// One role, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Role>", into = "BTreeSet<Role>")]
pub struct Roles(BTreeSet<Role>);

/// An agent without any role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an agent has one role at least")]
pub struct NoRole;

impl Roles {
    /// These roles.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Result<Self, NoRole> {
        Self::try_from(roles.into_iter().collect::<BTreeSet<_>>())
    }

    /// Whether the role is among them.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl TryFrom<BTreeSet<Role>> for Roles {
    type Error = NoRole;

    fn try_from(roles: BTreeSet<Role>) -> Result<Self, NoRole> {
        if roles.is_empty() { Err(NoRole) } else { Ok(Self(roles)) }
    }
}

impl From<Roles> for BTreeSet<Role> {
    fn from(roles: Roles) -> Self {
        roles.0
    }
}

/// From a moment on, up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(Timestamp, Timestamp)", into = "(Timestamp, Timestamp)")]
pub struct Period {
    from: Timestamp,
    until: Timestamp,
}

/// A period that ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period begins before it ends")]
pub struct BadPeriod;

impl Period {
    /// The period from `from` up to, and without, `until`.
    pub fn new(from: Timestamp, until: Timestamp) -> Result<Self, BadPeriod> {
        if from < until { Ok(Self { from, until }) } else { Err(BadPeriod) }
    }

    /// Its first moment.
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// The first moment after it.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether it has ended at `now`.
    pub const fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_past(now)
    }

    /// Whether `now` lies in it.
    pub const fn holds(&self, now: Timestamp) -> bool {
        self.from.is_past(now) && !self.is_over(now)
    }
}

impl TryFrom<(Timestamp, Timestamp)> for Period {
    type Error = BadPeriod;

    fn try_from((from, until): (Timestamp, Timestamp)) -> Result<Self, BadPeriod> {
        Self::new(from, until)
    }
}

impl From<Period> for (Timestamp, Timestamp) {
    fn from(period: Period) -> Self {
        (period.from, period.until)
    }
}

/// On what terms an agent works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What they are there for.
    pub roles: Roles,
    /// When they were trained.
    pub trained: Option<Timestamp>,
    /// When they may act; never, for `None`.
    pub authorised: Option<Period>,
}

/// How far an agent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// They have no passkey yet.
    Invited,
    /// They have one.
    Active,
    /// They are gone, for good.
    Removed,
}

/// An agent of a commune.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub id: AgentId,
    /// Where.
    pub commune: CommuneCode,
    /// Their name, as colleagues know it.
    pub name: Name,
    /// Where they are written to.
    pub mail: MailAddress,
    /// On what terms they work.
    pub terms: Terms,
    /// How far they have come.
    pub state: AgentState,
    /// What they declared of themselves, so that they never certify themselves: marks, nothing that can be read.
    #[serde(default)]
    pub declared: Declared,
}

/// Why an agent may not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOnDuty {
    /// They were removed, or have not come yet.
    #[error("the agent is not active")]
    NotActive,
    /// They belong to another commune.
    #[error("the agent belongs to another commune")]
    OtherCommune,
    /// They have no authorisation that holds now.
    #[error("the agent is not authorised at this date")]
    NotAuthorised,
    /// Their role does not cover it.
    #[error("the agent does not have the role")]
    Role,
    /// They were not trained.
    #[error("the agent was not trained")]
    Untrained,
    /// The desk of the commune does not certify.
    #[error("the commune does not certify yet")]
    CommuneNotCertifying,
}

impl NotOnDuty {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NotActive,
        Self::OtherCommune,
        Self::NotAuthorised,
        Self::Role,
        Self::Untrained,
        Self::CommuneNotCertifying,
    ];
}

mod closed {
    pub trait Closed {}
}

/// What an agent can be on duty for. The closed list: [`Certify`], [`Administer`].
pub trait Duty: closed::Closed + Copy + Default {
    /// Whether an agent who may enter their commune's desk may take it up.
    #[doc(hidden)]
    fn admit(self, agent: &Agent, commune: &Commune, now: Timestamp) -> Result<(), NotOnDuty>;
}

/// The duty of certifying citizens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Certify;

/// The duty of looking after the agents and readers of a commune.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Administer;

impl closed::Closed for Certify {}
impl closed::Closed for Administer {}

impl Duty for Certify {
    fn admit(self, agent: &Agent, commune: &Commune, now: Timestamp) -> Result<(), NotOnDuty> {
        if !agent.terms.roles.has(Role::Agent) {
            return Err(NotOnDuty::Role);
        }
        if !agent.is_trained(now) {
            return Err(NotOnDuty::Untrained);
        }
        if commune.certifies(now) { Ok(()) } else { Err(NotOnDuty::CommuneNotCertifying) }
    }
}

impl Duty for Administer {
    fn admit(self, agent: &Agent, _: &Commune, _: Timestamp) -> Result<(), NotOnDuty> {
        if agent.terms.roles.has(Role::CommuneAdmin) { Ok(()) } else { Err(NotOnDuty::Role) }
    }
}

/// Proof that an agent may act for a commune, at the moment it was asked. It is made by [`Agent::may`] alone, is not kept
/// and not copied: each request asks anew.
///
/// ```
/// use domain::people::agent::{Agent, Certify, NotOnDuty, OnDuty};
/// # fn at_the_desk(agent: &Agent, commune: &domain::people::commune::Commune, now: domain::time::Timestamp)
/// #     -> Result<OnDuty<Certify>, NotOnDuty> {
/// agent.may(Certify, commune, now)
/// # }
/// ```
///
/// ```compile_fail
/// use domain::people::agent::{Agent, Certify, NotOnDuty, OnDuty};
/// # fn at_the_desk(agent: &Agent, commune: &domain::people::commune::Commune, now: domain::time::Timestamp)
/// #     -> Result<OnDuty<Certify>, NotOnDuty> {
/// Ok(OnDuty { agent: agent.id.clone(), commune: commune.code.clone(), duty: std::marker::PhantomData })
/// # }
/// ```
///
/// Who administers does not certify by that:
///
/// ```compile_fail
/// use domain::people::agent::{Administer, Agent, Certify, NotOnDuty, OnDuty};
/// # fn at_the_desk(agent: &Agent, commune: &domain::people::commune::Commune, now: domain::time::Timestamp)
/// #     -> Result<OnDuty<Certify>, NotOnDuty> {
/// agent.may(Administer, commune, now)
/// # }
/// ```
#[derive(Debug)]
pub struct OnDuty<D = Certify> {
    agent: AgentId,
    commune: CommuneCode,
    duty: PhantomData<fn() -> D>,
}

impl<D> OnDuty<D> {
    /// Who.
    pub const fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// For which commune.
    pub const fn commune(&self) -> &CommuneCode {
        &self.commune
    }
}

impl Agent {
    /// Whether they were trained by `now`.
    pub fn is_trained(&self, now: Timestamp) -> bool {
        self.terms.trained.is_some_and(|trained| trained.is_past(now))
    }

    /// Whether they may be at the desk of a commune at all: active, theirs, and authorised at `now`.
    pub fn may_enter(&self, commune: &Commune, now: Timestamp) -> Result<(), NotOnDuty> {
        match self.state {
            AgentState::Active => {}
            AgentState::Invited | AgentState::Removed => return Err(NotOnDuty::NotActive),
        }
        if self.commune != commune.code {
            return Err(NotOnDuty::OtherCommune);
        }
        if self.terms.authorised.is_some_and(|period| period.holds(now)) {
            Ok(())
        } else {
            Err(NotOnDuty::NotAuthorised)
        }
    }

    /// Takes up a duty for a commune at `now`.
    pub fn may<D: Duty>(&self, duty: D, commune: &Commune, now: Timestamp) -> Result<OnDuty<D>, NotOnDuty> {
        self.may_enter(commune, now)?;
        duty.admit(self, commune, now)?;
        Ok(OnDuty { agent: self.id.clone(), commune: self.commune.clone(), duty: PhantomData })
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
