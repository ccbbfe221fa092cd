//! What a WebAuthn ceremony in the partners' space leads to. How many passkeys one has, and which may go, is decided as for
//! the agents of desks: [`crate::people::passkey`].

use serde::{Deserialize, Serialize};

use super::invitation::{PartnerInvitation, SignUp};
use crate::id::{PartnerId, RecoveryId};
use crate::secret::Bearer;

/// What a ceremony leads to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A partner signs in.
    SignIn,
    /// A partner who is in shows a passkey once more, for what is dangerous.
    Confirm {
        /// Who.
        partner: PartnerId,
    },
    /// A new account's first passkey.
    Begin {
        /// Under which identifier the account will be.
        partner: PartnerId,
        /// What confirmed the address.
        by: WayIn,
    },
    /// A partner adds a passkey.
    Add {
        /// Who.
        partner: PartnerId,
    },
    /// A partner who lost every passkey makes a new one, after a second person agreed.
    Recover {
        /// Who.
        partner: PartnerId,
        /// The recovery.
        recovery: RecoveryId,
    },
}

/// What confirmed the mail address of a new account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayIn {
    /// The link of a sign-up.
    SignUp(Bearer<SignUp>),
    /// An invitation.
    Invitation(Bearer<PartnerInvitation>),
}
