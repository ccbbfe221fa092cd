//! What a citizen is told of their identity on a card. No reason of a desk, no place, no name: none is kept.

use serde::{Deserialize, Serialize};

use crate::cnie::identity::{Closure, Ending};
use crate::time::Timestamp;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardMessage {
    /// It was made: the address has to be confirmed.
    ConfirmAddress {
        /// The address of the page that confirms it.
        link: String,
    },
    /// Certification was asked for.
    Requested {
        /// Until when the QR code can be shown at a desk.
        until: Timestamp,
    },
    /// The desk said yes.
    Approved {
        /// Until when card and code have to be shown.
        until: Timestamp,
    },
    /// The certification did not take place.
    Failed,
    /// It is certified.
    Certified {
        /// Until when.
        until: Timestamp,
    },
    /// The certification ends soon.
    EndsSoon {
        /// In how many days at most.
        days: u16,
        /// When.
        until: Timestamp,
    },
    /// The certification is over; the identity stays.
    Ended {
        /// Why.
        why: Ending,
    },
    /// It was suspended.
    Suspended,
    /// It was taken up again.
    Restored,
    /// It was closed.
    Closed {
        /// Why.
        why: Closure,
    },
}
