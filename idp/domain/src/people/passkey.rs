//! The passkeys of an agent, as far as they are ours to decide on: how many, and which may go. What a signature by one is
//! worth, the gateway's WebAuthn library says.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, PasskeyId};
use crate::secret::Bearer;

use super::invitation::Invitation;

/// As many passkeys an agent may have.
pub const MOST: usize = 8;

/// Why a passkey is not added or withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// There are [`MOST`] already.
    #[error("the agent has as many passkeys as one may have")]
    TooMany,
    /// It is the last one: without it its owner is locked out.
    #[error("it is the last passkey of the agent")]
    Last,
    /// The agent has no such passkey.
    #[error("the agent has no such passkey")]
    Unknown,
}

/// Whether an agent who has these may add one.
pub fn may_add(held: &[PasskeyId]) -> Result<(), NotChanged> {
    if held.len() < MOST { Ok(()) } else { Err(NotChanged::TooMany) }
}

/// Whether an agent who has these may withdraw one of them.
pub fn may_withdraw(held: &[PasskeyId], passkey: &PasskeyId) -> Result<(), NotChanged> {
    match (held.contains(passkey), held.len()) {
        (false, _) => Err(NotChanged::Unknown),
        (true, 0 | 1) => Err(NotChanged::Last),
        (true, _) => Ok(()),
    }
}

/// A WebAuthn ceremony that was begun in a browser: taken once, or the signature of one could serve again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ceremony<P = Purpose> {
    /// What it leads to.
    pub purpose: P,
    /// The state of the gateway's WebAuthn library, JSON.
    pub state: String,
}

/// What a ceremony leads to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An agent signs in.
    SignIn,
    /// Someone who was invited registers a first passkey.
    Accept {
        /// The invitation.
        invitation: Bearer<Invitation>,
        /// Who is invited.
        agent: AgentId,
    },
    /// An agent adds a passkey.
    Add {
        /// Who.
        agent: AgentId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: u8) -> Vec<PasskeyId> {
        (0..count).map(|at| PasskeyId::of(&[at])).collect()
    }

    #[test]
    fn an_agent_keeps_one_passkey_and_has_eight_at_most() {
        assert_eq!(may_withdraw(&keys(1), &PasskeyId::of(&[0])), Err(NotChanged::Last));
        assert_eq!(may_withdraw(&keys(2), &PasskeyId::of(&[1])), Ok(()));
        assert_eq!(may_withdraw(&keys(2), &PasskeyId::of(&[2])), Err(NotChanged::Unknown));
        assert_eq!(may_add(&keys(7)), Ok(()));
        assert_eq!(may_add(&keys(8)), Err(NotChanged::TooMany));
    }
}
