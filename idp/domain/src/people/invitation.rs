//! An invitation: a secret that opens once, within seven days, and lets its bearer register a first passkey.

use crate::id::AgentId;
use crate::time::{Lifetime, Timestamp};

/// An invitation that was made and not taken yet. It is kept under a hash of its secret, `Bearer<Invitation>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub agent: AgentId,
    /// Until when it opens.
    pub until: Timestamp,
}

impl Invitation {
    /// How long one opens.
    pub const LIFE: Lifetime = Lifetime::seconds(7 * 86_400);

    /// The invitation of an agent, made at `now`.
    pub const fn new(agent: AgentId, now: Timestamp) -> Self {
        Self { agent, until: now.plus(Self::LIFE) }
    }

    /// Whether it opens at `now`.
    pub const fn opens(&self, now: Timestamp) -> bool {
        !self.until.is_past(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_opens_for_seven_days() {
        let invitation = Invitation::new(AgentId::from_random([1; 16]), Timestamp::from_epoch(1000));
        let day = 86_400;
        assert!(invitation.opens(Timestamp::from_epoch(1000 + 7 * day - 1)));
        assert!(!invitation.opens(Timestamp::from_epoch(1000 + 7 * day)));
    }
}
