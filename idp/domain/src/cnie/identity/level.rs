//! What a card that is shown for a sign-in gives, and what showing it makes of the identity.

use super::{AnyIdentity, Ending};
use crate::cnie::assertion::{CardLevel, Uncertified};
use crate::cnie::card::CardAndCode;
use crate::cnie::refusal::Refusal;
use crate::cnie::status::CardInForce;
use crate::time::Timestamp;

impl AnyIdentity {
    /// High for an identity that is certified now; for any other what the policy gives, where its card is shown. A code
    /// that was changed ends the certification: what is given goes with the identity to be kept. It was settled before.
    pub fn level(
        self,
        policy: Uncertified,
        (shown, _): (&CardAndCode, &CardInForce),
        at: Timestamp,
    ) -> (Self, Result<CardLevel, Refusal>) {
        match self.in_force(shown, at) {
            Some(Ok(certified)) => return (self, Ok(CardLevel::high(shown, certified))),
            Some(Err(Refusal::CodeChanged)) => {
                let level = self.uncertified(policy, shown);
                // What ended it is told, where nothing is given.
                let told = |why| if why == Refusal::NotCertified { Refusal::CodeChanged } else { why };
                return (self.end(Ending::CodeChanged, at), level.map_err(told));
            }
            Some(Err(refusal)) => return (self, Err(refusal)),
            None => {}
        }
        let level = match &self {
            Self::Active(_) | Self::Requested(_) | Self::AtDesk(_) | Self::Approved(_) => {
                self.uncertified(policy, shown)
            }
            Self::Created(_) => Err(Refusal::AddressNotConfirmed),
            Self::Suspended(_) => Err(Refusal::Suspended),
            Self::Certified(_) => Err(Refusal::CertificationOver),
            Self::Closed(_) => Err(Refusal::NoIdentity),
        };
        (self, level)
    }

    fn uncertified(&self, policy: Uncertified, shown: &CardAndCode) -> Result<CardLevel, Refusal> {
        self.made_with(shown)?;
        CardLevel::uncertified(policy, shown)
    }

    /// Whether it is the card and the chip that the identity was made with.
    pub fn made_with(&self, shown: &CardAndCode) -> Result<(), Refusal> {
        let (own, card) = (self.common(), shown.card());
        if own.card() == card.key() && own.chip() == card.chip() { Ok(()) } else { Err(Refusal::OtherCard) }
    }
}
