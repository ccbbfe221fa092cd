//! What happened to an identity, for its citizen to read: no reason of a desk, no place, no name.

use serde::{Deserialize, Serialize};

use super::{Closure, Ending};
use crate::time::Timestamp;

/// The most events that are kept with an identity; the journal has them all.
const KEPT: usize = 40;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// The identity was made.
    Created,
    /// Its address was confirmed.
    AddressConfirmed,
    /// Certification was asked for.
    Requested {
        /// Until when the QR code can be shown.
        until: Timestamp,
    },
    /// The QR code was scanned at a desk.
    AtDesk,
    /// The desk said yes.
    Approved {
        /// Until when card and code have to be shown.
        until: Timestamp,
    },
    /// The certification failed at the desk.
    Failed,
    /// A request or an approval was not used in time.
    Lapsed,
    /// The identity is certified.
    Certified {
        /// Until when.
        until: Timestamp,
    },
    /// The certification ended.
    Ended {
        /// Why.
        why: Ending,
    },
    /// The identity was suspended.
    Suspended,
    /// It was taken up again.
    Restored,
    /// Its holder asked by mail that it be closed.
    DeletionAsked {
        /// When it will be.
        until: Timestamp,
    },
    /// They took that back.
    DeletionTakenBack,
    /// It was closed.
    Closed {
        /// Why.
        why: Closure,
    },
}

impl Happened {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AddressConfirmed => "address_confirmed",
            Self::Requested { .. } => "requested",
            Self::AtDesk => "at_desk",
            Self::Approved { .. } => "approved",
            Self::Failed => "failed",
            Self::Lapsed => "lapsed",
            Self::Certified { .. } => "certified",
            Self::Ended { .. } => "ended",
            Self::Suspended => "suspended",
            Self::Restored => "restored",
            Self::DeletionAsked { .. } => "deletion_asked",
            Self::DeletionTakenBack => "deletion_taken_back",
            Self::Closed { .. } => "closed",
        }
    }
}

/// Adds an event; of too many the oldest goes.
pub(super) fn note(history: &mut Vec<Event>, event: Event) {
    if history.len() >= KEPT {
        history.remove(0);
    }
    history.push(event);
}
