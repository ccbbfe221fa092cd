//! The mails that tell a citizen what was done in their name. The closed set of them; their words are in the pages.

use serde::{Deserialize, Serialize};

use crate::client::Label;
use crate::language::Language;
use crate::level::Level;
use crate::time::Timestamp;

/// A mail to be sent. It holds personal data and is only ever kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Where to.
    pub to: String,
    /// The reader's language.
    pub language: Language,
    /// What it tells.
    pub message: Message,
}

/// What a notice tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// You were signed in.
    SignedIn {
        /// First given name and family name.
        citizen: String,
        /// The service.
        service: Label,
        /// Who vouched.
        provider: Label,
        /// The level.
        level: Level,
        /// When.
        at: Timestamp,
        /// The code to quote when it was not you.
        reference: String,
    },
}
