//! The mails that tell a citizen what was done in their name. The closed set of them; their words are in the pages.

use serde::{Deserialize, Serialize};

use crate::client::Label;
use crate::cnie::indicators::CommuneReport;
use crate::language::Language;
use crate::level::Level;
use crate::time::{Lifetime, Timestamp};

mod card;
mod partner;
mod request;
mod service;

pub use card::{CardMessage, Remedy};
pub use partner::PartnerMessage;
pub use request::{RequestMessage, RequestReader, RequestTold};
pub use service::{ServiceMessage, ServiceTold};

/// The wait after the first failure, in seconds; it doubles with each one after.
const FIRST_WAIT: u32 = 30;
/// The longest wait, in seconds.
const LONGEST_WAIT: u32 = 3600;

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
    /// Something became of your identity on a card.
    Card(CardMessage),
    /// How the desk of your commune did over the last fortnight.
    CommuneReport {
        /// The figures.
        report: Box<CommuneReport>,
        /// The address of the page with everyone's.
        everyone: String,
    },
    /// Something became of a request for a habilitation.
    Request(Box<RequestMessage>),
    /// You were made an agent of a commune: here is the way in.
    AgentInvited {
        /// Who is invited.
        agent: String,
        /// The commune.
        commune: String,
        /// The address that opens once.
        link: String,
        /// Until when.
        until: Timestamp,
    },
    /// A passkey was added to your account at the desk.
    PasskeyAdded {
        /// Whose.
        agent: String,
        /// The commune.
        commune: String,
        /// What its owner called it.
        passkey: String,
        /// When.
        at: Timestamp,
    },
    /// Something happens to your account in the partners' space.
    Partner(PartnerMessage),
    /// Something of your service ends, or was refused.
    Service(Box<ServiceMessage>),
    /// A secret of your service ends soon.
    SecretEnds {
        /// The service.
        service: Label,
        /// The name of the secret.
        secret: String,
        /// When it ends.
        until: Timestamp,
    },
}

/// How long a notice waits after its `attempt`th failure to be sent, from 1.
pub fn wait_after(attempt: i64) -> Lifetime {
    let doublings = attempt.saturating_sub(1).clamp(0, 16);
    Lifetime::seconds((FIRST_WAIT << doublings).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let waits: Vec<u32> = [i64::MIN, 1, 2, 3, 7, 8, i64::MAX].map(|n| wait_after(n).as_seconds()).to_vec();
        assert_eq!(waits, [30, 30, 60, 120, 1920, 3600, 3600]);
    }
}
