//! What a citizen is told of their identity on a card. No reason of a desk, no place, no name: none is kept.

use serde::{Deserialize, Serialize};

use crate::cnie::identity::{AnyIdentity, Closure, Ending};
use crate::time::Timestamp;

/// What the holder of a certification that ends soon can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Ask for the next one, in the app.
    #[default]
    Ask,
    /// Go on with the request that was made.
    GoOn,
    /// Show card and code first: it is suspended.
    Restore,
    /// Have a new card made: the certification ends with this one.
    NewCard,
}

impl Remedy {
    /// What helps this identity.
    pub fn of(identity: &AnyIdentity) -> Self {
        if identity.is_renewing() {
            return Self::GoOn;
        }
        match identity.certified_until() {
            Some(until) if until >= identity.common().card_expires() => Self::NewCard,
            Some(_) | None if matches!(identity, AnyIdentity::Suspended(_)) => Self::Restore,
            Some(_) | None => Self::Ask,
        }
    }
}

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
    /// A request or an approval was not used in time.
    Lapsed,
    /// It is certified.
    Certified {
        /// Until when.
        until: Timestamp,
    },
    /// The certification ends soon.
    EndsSoon {
        /// In how many days, counted up.
        days: u16,
        /// When.
        until: Timestamp,
        /// What its holder can do about it.
        #[serde(default)]
        remedy: Remedy,
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
    /// Somebody who knows card and address asks to close it: here is the link that does.
    CloseLink {
        /// The address of the page that closes it.
        link: String,
    },
    /// It will be closed, as was asked by such a link.
    Leaves {
        /// When.
        until: Timestamp,
        /// The address of the page that keeps it.
        link: String,
    },
    /// It will not: that was taken back.
    Stays,
    /// It was closed.
    Closed {
        /// Why.
        why: Closure,
    },
}
