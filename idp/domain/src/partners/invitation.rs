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
}
