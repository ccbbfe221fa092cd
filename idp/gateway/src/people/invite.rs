//! The making of an invitation, by an admin's page or the operator's command line.

use domain::cnie::case::PersonMark;
use domain::id::AgentId;
use domain::journal::AgentChange;
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::agent::Agent;
use domain::people::commune::Commune;
use domain::people::invitation::Invitation;
use domain::people::team::{By, Change, Newcomer, NotChanged, Team};
use domain::secret::Bearer;
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::{Registry, TeamChange, TeamVersion};

use super::door::invitation_link;
use crate::config::Issuer;
use crate::random::Random;

/// Where people are invited to, and with what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// Who remembers them.
    pub(crate) registry: &'a Registry,
    /// The origin of the desk.
    pub(crate) origin: &'a Issuer,
    /// Randomness.
    pub(crate) random: Random,
    /// The time.
    pub(crate) now: Timestamp,
}

/// Someone who was invited.
#[derive(Debug)]
pub(crate) struct Invited {
    /// Who.
    pub(crate) agent: Agent,
    /// The address that opens once.
    pub(crate) link: String,
}

/// Why nobody was invited, or nothing changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] NotChanged),
    /// Somebody else changed the team at the same time.
    #[error("the agents of the commune were changed at the same time: try again")]
    Meanwhile,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office<'_> {
    /// Invites someone.
    pub(crate) async fn invite(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        newcomer: Newcomer,
    ) -> Result<Invited, NotDone> {
        let agent = team.invite(by, newcomer, AgentId::from_random(self.random.bytes()))?;
        let act = AgentChange::Invited(agent.terms.clone());
        self.with_link(&team.commune, *seen, by, agent, &act).await
    }

    /// Takes an agent's passkeys, and invites them anew.
    pub(crate) async fn renew(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        id: &AgentId,
    ) -> Result<Invited, NotDone> {
        let agent = team.change(by, id, Change::Renew, self.now)?;
        self.with_link(&team.commune, *seen, by, agent, &AgentChange::Renewed).await
    }

    async fn with_link(
        &self,
        commune: &Commune,
        seen: TeamVersion,
        by: By<'_>,
        agent: Agent,
        act: &AgentChange,
    ) -> Result<Invited, NotDone> {
        let secret: Bearer<Invitation> = Bearer::from_random(self.random.bytes());
        let link = invitation_link(self.origin, &secret);
        let message = Message::AgentInvited {
            agent: agent.name.as_str().to_owned(),
            commune: commune.name.as_str().to_owned(),
            link: link.clone(),
            until: self.now.plus(Invitation::LIFE),
        };
        let notice = Notice { to: agent.mail.as_str().to_owned(), language: Language::French, message };
        let change = TeamChange { agent: &agent, act, by: by.agent(), invitation: Some((&secret, &notice)) };
        kept(self.registry.change_team(&change, seen, self.now).await?)?;
        Ok(Invited { agent, link })
    }

    /// Puts right what an agent declared of who they are.
    pub(crate) async fn correct(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        id: &AgentId,
        person: PersonMark,
    ) -> Result<Agent, NotDone> {
        let agent = team.correct(by, id, person)?;
        let change = TeamChange { agent: &agent, act: &AgentChange::Corrected, by: by.agent(), invitation: None };
        kept(self.registry.change_team(&change, *seen, self.now).await?)?;
        Ok(agent)
    }

    /// Changes the terms of an agent, or removes them.
    pub(crate) async fn change(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        id: &AgentId,
        change: Change,
    ) -> Result<Agent, NotDone> {
        let act = match &change {
            Change::Terms(terms) => AgentChange::Changed(terms.clone()),
            Change::Renew => AgentChange::Renewed,
            Change::Remove => AgentChange::Removed,
        };
        let agent = team.change(by, id, change, self.now)?;
        let change = TeamChange { agent: &agent, act: &act, by: by.agent(), invitation: None };
        kept(self.registry.change_team(&change, *seen, self.now).await?)?;
        Ok(agent)
    }
}

fn kept(put: Put) -> Result<(), NotDone> {
    match put {
        Put::Fresh => Ok(()),
        Put::Taken => Err(NotDone::Meanwhile),
    }
}
