//! The making of invitations and the changing of teams, by a page or at the operator's command line.

use domain::id::PartnerId;
use domain::language::Language;
use domain::notice::{Message, Notice, PartnerMessage};
use domain::partners::invitation::PartnerInvitation;
use domain::partners::role::Seat;
use domain::partners::team::{By, Change, NotChanged, Team};
use domain::people::name::MailAddress;
use domain::secret::{Bearer, base64url};
use domain::time::Timestamp;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::{Posting, Registry, SeatChange, TeamVersion};

use super::door::invitation_link;
use crate::config::Issuer;
use crate::random::Random;

/// Where people are invited to, and with what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office<'a> {
    /// Who remembers them.
    pub(crate) registry: &'a Registry,
    /// The origin of the space.
    pub(crate) origin: &'a Issuer,
    /// Randomness.
    pub(crate) random: Random,
    /// The time.
    pub(crate) now: Timestamp,
}

/// Why nobody was invited, or nothing changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] NotChanged),
    /// Somebody else changed the team at the same time.
    #[error("the team was changed at the same time: try again")]
    Meanwhile,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office<'_> {
    /// Invites an address into a team that is called `name` in the mail: the address that opens once.
    pub(crate) async fn invite(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        (mail, seat): (MailAddress, Seat),
        name: &str,
    ) -> Result<String, NotDone> {
        let invitation = team.invite(by, mail, seat, self.now)?;
        let secret: Bearer<PartnerInvitation> = Bearer::from_random(self.random.bytes());
        let link = invitation_link(self.origin, &secret);
        let (name, until) = (name.to_owned(), invitation.until);
        let told = self.posting(&invitation.mail, PartnerMessage::Invited { team: name, link: link.clone(), until });
        kept(self.registry.invite_partner((&invitation, &secret), *seen, &told, self.now).await?)?;
        Ok(link)
    }

    /// Gives a member another seat, or takes them out; their mailbox is told.
    pub(crate) async fn change(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        (partner, change): (&PartnerId, Change),
        called: &str,
    ) -> Result<(), NotDone> {
        let after = team.change(by, partner, change)?;
        let Some(member) = team.member(partner) else { return Err(NotChanged::Unknown.into()) };
        let (name, called, at) = (member.name.as_str().to_owned(), called.to_owned(), self.now);
        let message = match &after {
            Some(_) => PartnerMessage::RolesChanged { name, team: called, at },
            None => PartnerMessage::Left { name, team: called, at },
        };
        let told = self.posting(&member.mail, message);
        let change = SeatChange { team: &team.name, partner, seat: after.as_ref(), by: by.partner() };
        kept(self.registry.change_seat(&change, *seen, &told, self.now).await?)
    }

    /// Takes an invitation back.
    pub(crate) async fn withdraw(
        &self,
        (team, seen): &(Team, TeamVersion),
        by: By<'_>,
        mail: &MailAddress,
    ) -> Result<(), NotDone> {
        let invitation = team.withdraw(by, mail)?;
        kept(self.registry.withdraw_partner_invitation(&invitation, by.partner(), *seen, self.now).await?)
    }

    /// A mail to a partner.
    pub(crate) fn posting(&self, to: &MailAddress, message: PartnerMessage) -> Posting {
        let id = format!("partner.{}", base64url(&self.random.bytes::<16>()));
        let (to, message) = (to.as_str().to_owned(), Message::Partner(message));
        Posting { id, notice: Notice { to, language: Language::French, message } }
    }
}

fn kept(put: Put) -> Result<(), NotDone> {
    match put {
        Put::Fresh => Ok(()),
        Put::Taken => Err(NotDone::Meanwhile),
    }
}
