//! The secrets that mails bring: an invitation into a team, and the confirmation of an address at sign-up.

use serde::{Deserialize, Serialize};

use super::role::Seat;
use crate::id::PartnerId;
use crate::people::invitation::Invitation;
use crate::people::name::MailAddress;
use crate::time::{Lifetime, Timestamp};

/// An invitation that was made and not taken yet: kept under a hash of its secret, `Bearer<PartnerInvitation>`. It opens
/// once, within seven days, for whoever reads the mailbox it was sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerInvitation {
    /// Where it was sent.
    pub mail: MailAddress,
    /// What it gives.
    pub seat: Seat,
    /// Who sent it; the command line, for `None`.
    pub by: Option<PartnerId>,
    /// Until when it opens.
    pub until: Timestamp,
}

impl PartnerInvitation {
    /// How long one opens.
    pub const LIFE: Lifetime = Invitation::LIFE;

    /// An invitation made at `now`.
    pub const fn new(mail: MailAddress, seat: Seat, by: Option<PartnerId>, now: Timestamp) -> Self {
        Self { mail, seat, by, until: now.plus(Self::LIFE) }
    }

    /// Whether it still is an invitation of the team: whoever sent it looks after it now, by this seat in it. One of the
    /// command line is.
    pub fn stands_by(&self, sender: Option<&Seat>) -> bool {
        let looks_after = |seat: &Seat| seat.administers() && seat.team() == self.seat.team();
        self.by.is_none() || sender.is_some_and(looks_after)
    }

    /// Whether it ends when somebody, who is written to at this address, has this seat in its team from now on, none for
    /// `None`: what they sent ends with their looking after the team, and what was sent to them with their leaving it.
    pub fn ends_with(&self, (partner, mail): (&PartnerId, &MailAddress), seat: Option<&Seat>) -> bool {
        let sent = self.by.as_ref() == Some(partner) && !seat.is_some_and(Seat::administers);
        let received = seat.is_none() && self.mail.folded() == mail.folded();
        sent || received
    }

    /// Whether it opens at `now`.
    pub const fn opens(&self, now: Timestamp) -> bool {
        !self.until.is_past(now)
    }
}

/// An address that asked to sign up, until its mailbox answers: kept under the secret of the link that was sent there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    /// The address.
    pub mail: MailAddress,
}

impl SignUp {
    /// How long the link opens.
    pub const LIFE: Lifetime = Lifetime::seconds(3600);
}

#[cfg(test)]
mod tests {
    use super::super::partner::tests::{LYON, siret};
    use super::super::role::OrganisationRole;
    use super::*;

    #[test]
    fn an_invitation_opens_for_seven_days() {
        let mail = MailAddress::parse("a@exemple.fr").expect("an address");
        let seat = Seat::Organisation(siret(LYON), OrganisationRole::Reader);
        let invitation = PartnerInvitation::new(mail, seat, None, Timestamp::from_epoch(1000));
        let day = 86_400;
        assert!(invitation.opens(Timestamp::from_epoch(1000 + 7 * day - 1)));
        assert!(!invitation.opens(Timestamp::from_epoch(1000 + 7 * day)));
    }

    #[test]
    fn an_invitation_stands_while_whoever_sent_it_looks_after_the_team() {
        use super::super::role::OperatorRole;
        use OrganisationRole::{Admin, Editor, Reader};
        let address = |text| MailAddress::parse(text).expect("an address");
        let (sender, mail) = (PartnerId::from_random([1; 16]), address("a@exemple.fr"));
        let seat = |role| Seat::Organisation(siret(LYON), role);
        let sent = |by| PartnerInvitation::new(mail.clone(), seat(Reader), by, Timestamp::from_epoch(1000));
        let (own, ours) = (sent(Some(sender.clone())), sent(None));
        let elsewhere = Seat::Operator([OperatorRole::Admin].into());
        assert!(own.stands_by(Some(&seat(Admin))));
        for gone in [None, Some(&seat(Editor)), Some(&elsewhere)] {
            assert!(!own.stands_by(gone) && ours.stands_by(gone), "{gone:?}");
        }
        let (who, other) = ((&sender, &address("b@exemple.fr")), PartnerId::from_random([2; 16]));
        assert!(own.ends_with(who, None) && own.ends_with(who, Some(&seat(Editor))));
        assert!(!own.ends_with(who, Some(&seat(Admin))) && !ours.ends_with(who, None));
        // What was sent to whoever leaves is none for when they left.
        assert!(ours.ends_with((&other, &address("A@exemple.fr")), None));
        assert!(!ours.ends_with((&other, &address("A@exemple.fr")), Some(&seat(Reader))));
    }
}
