//! The people of an organisation, or of the operator, and what may be done to one of them. A decision is made on the whole
//! team, and is kept only if the team still is as it was: of two admins who remove each other at once, one stays.

use super::invitation::PartnerInvitation;
use super::lineage::Lineage;
use super::permission::{ChangeOperators, ChangePeople, Held};
use super::role::{Seat, TeamName};
use super::session::Fresh;
use crate::id::PartnerId;
use crate::people::name::{MailAddress, Name};
use crate::time::Timestamp;

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub partner: PartnerId,
    /// Their name.
    pub name: Name,
    /// Where they are written to.
    pub mail: MailAddress,
    /// Their place in it.
    pub seat: Seat,
    /// Since when.
    pub since: Timestamp,
    /// Who brought their account in.
    pub lineage: Lineage,
}

/// A team as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Which.
    pub name: TeamName,
    /// Who is in it.
    pub members: Vec<Member>,
    /// Who was invited, and has not come.
    pub invited: Vec<PartnerInvitation>,
}

/// Who changes a team. Both proofs are of one person, and asked for anew at each request.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// An admin of the organisation.
    Admin(&'a Held<ChangePeople>, &'a Fresh),
    /// An admin of the operator, for the operator's own team.
    Operator(&'a Held<ChangeOperators>, &'a Fresh),
    /// Whoever runs the gateway, at its command line.
    CommandLine,
}

impl By<'_> {
    /// The partner, when it is one.
    pub const fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Admin(held, _) => Some(held.partner()),
            Self::Operator(held, _) => Some(held.partner()),
            Self::CommandLine => None,
        }
    }

    /// Whether they look after this team.
    fn is_of(&self, team: &TeamName) -> bool {
        match (self, team) {
            (Self::Admin(held, fresh), TeamName::Organisation(siret)) => {
                held.organisation() == Some(*siret) && held.partner() == fresh.partner()
            }
            (Self::Operator(held, fresh), TeamName::Operators) => held.partner() == fresh.partner(),
            (Self::CommandLine, _) => true,
            (Self::Admin(..), TeamName::Operators) | (Self::Operator(..), TeamName::Organisation(_)) => false,
        }
    }
}

/// What is to be done to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// They have other roles.
    Seat(Seat),
    /// They leave the team.
    Remove,
}

/// Why a team stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// The team has no such member.
    #[error("the team has no such member")]
    Unknown,
    /// Whoever asks looks after another team, or the roles are those of another.
    #[error("it is about another team")]
    OtherTeam,
    /// Nobody decides on their own roles.
    #[error("nobody changes their own roles")]
    OwnRoles,
    /// Nobody would be left to look after it.
    #[error("the team would be left without an admin")]
    LastAdmin,
    /// Somebody with that address is in it, or invited.
    #[error("somebody with this address is in the team, or invited")]
    MailTaken,
    /// A place without any role is none.
    #[error("a member has one role at least")]
    NoRole,
}

impl NotChanged {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::OtherTeam, Self::OwnRoles, Self::LastAdmin, Self::MailTaken, Self::NoRole];
}

impl Team {
    /// A member.
    pub fn member(&self, partner: &PartnerId) -> Option<&Member> {
        self.members.iter().find(|member| member.partner == *partner)
    }

    /// Invites an address.
    pub fn invite(
        &self,
        by: By<'_>,
        mail: MailAddress,
        seat: Seat,
        now: Timestamp,
    ) -> Result<PartnerInvitation, NotChanged> {
        self.concerns(by, Some(&seat))?;
        let open = self.invited.iter().filter(|invitation| invitation.opens(now)).map(|invitation| &invitation.mail);
        let mut taken = self.members.iter().map(|member| &member.mail).chain(open);
        if taken.any(|other| other.folded() == mail.folded()) {
            return Err(NotChanged::MailTaken);
        }
        Ok(PartnerInvitation::new(mail, seat, by.partner().cloned(), now))
    }

    /// What becomes of a member: the seat they have then, none when they leave.
    pub fn change(&self, by: By<'_>, partner: &PartnerId, change: Change) -> Result<Option<Seat>, NotChanged> {
        let after = match change {
            Change::Seat(seat) => {
                self.concerns(by, Some(&seat))?;
                Some(seat)
            }
            Change::Remove => {
                self.concerns(by, None)?;
                None
            }
        };
        if self.member(partner).is_none() {
            return Err(NotChanged::Unknown);
        }
        // Whoever looks after a team may leave it. What they are there is for another to say.
        if after.is_some() && by.partner() == Some(partner) {
            return Err(NotChanged::OwnRoles);
        }
        let mut others = self.members.iter().filter(|member| member.partner != *partner);
        let left = after.as_ref().is_some_and(Seat::administers) || others.any(|member| member.seat.administers());
        match by {
            By::Admin(..) | By::Operator(..) if !left => Err(NotChanged::LastAdmin),
            // The command line can always invite another.
            By::Admin(..) | By::Operator(..) | By::CommandLine => Ok(after),
        }
    }

    /// Takes an invitation back.
    pub fn withdraw(&self, by: By<'_>, mail: &MailAddress) -> Result<PartnerInvitation, NotChanged> {
        self.concerns(by, None)?;
        let found = self.invited.iter().find(|invitation| invitation.mail.folded() == mail.folded());
        found.cloned().ok_or(NotChanged::Unknown)
    }

    fn concerns(&self, by: By<'_>, seat: Option<&Seat>) -> Result<(), NotChanged> {
        if !by.is_of(&self.name) || seat.is_some_and(|seat| seat.team() != self.name) {
            return Err(NotChanged::OtherTeam);
        }
        if seat.is_some_and(|seat| !seat.is_any()) { Err(NotChanged::NoRole) } else { Ok(()) }
    }
}

#[cfg(test)]
#[path = "team_tests.rs"]
pub(super) mod tests;
