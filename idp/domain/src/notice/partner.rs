//! The mails to partners: how they get in, and whatever is done to their account.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a partner is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerMessage {
    /// This address asked to sign up: here is the way on.
    SignUp {
        /// The address that opens once.
        link: String,
        /// Until when.
        until: Timestamp,
    },
    /// This address asked to sign up, and has an account already.
    SignUpKnown {
        /// Where to sign in.
        link: String,
    },
    /// You are invited into a team.
    Invited {
        /// Which: the name of the organisation, or of the operator.
        team: String,
        /// The address that opens once.
        link: String,
        /// Until when.
        until: Timestamp,
    },
    /// A passkey was added to your account.
    PasskeyAdded {
        /// Whose.
        name: String,
        /// What its owner called it.
        passkey: String,
        /// When.
        at: Timestamp,
    },
    /// A passkey was withdrawn from your account.
    PasskeyWithdrawn {
        /// Whose.
        name: String,
        /// What its owner called it.
        passkey: String,
        /// When.
        at: Timestamp,
    },
    /// A recovery code was made for your account.
    RecoveryCodeMade {
        /// Whose.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody showed your recovery code, and waits for a second person.
    RecoveryAsked {
        /// Whose.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// You are asked to be the second person of a recovery.
    RecoveryToApprove {
        /// Who asks.
        name: String,
        /// Their address.
        mail: String,
        /// Where to decide.
        link: String,
    },
    /// A second person agreed: here is the way to a new passkey.
    RecoveryApproved {
        /// Whose.
        name: String,
        /// The address that opens once.
        link: String,
        /// Until when.
        until: Timestamp,
    },
    /// A second person did not agree.
    RecoveryRefused {
        /// Whose.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// You have a new passkey, and those of before open nothing any more.
    Recovered {
        /// Whose.
        name: String,
        /// What its owner called it.
        passkey: String,
        /// When.
        at: Timestamp,
    },
    /// You have other roles in a team.
    RolesChanged {
        /// Whose.
        name: String,
        /// Which team.
        team: String,
        /// When.
        at: Timestamp,
    },
    /// You are not in a team any more.
    Left {
        /// Whose.
        name: String,
        /// Which team.
        team: String,
        /// When.
        at: Timestamp,
    },
    /// An operator accepted that your organisation's people belong to it.
    OrganisationAccepted {
        /// Whose.
        name: String,
        /// Which.
        team: String,
        /// When.
        at: Timestamp,
    },
}
