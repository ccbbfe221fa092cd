//! What happened to an identity, for its citizen to read: no reason of a desk, no place, no name.

use std::mem::discriminant;

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

impl Event {
    /// Whether anybody with the mailbox alone can make it happen, again and again.
    const fn is_by_mail(&self) -> bool {
        matches!(self.happened, Happened::DeletionAsked { .. } | Happened::DeletionTakenBack)
    }
}

/// When its holder asked last that it be closed.
pub(super) fn deletion_asked(history: &[Event]) -> Option<Timestamp> {
    let asked = |event: &&Event| matches!(event.happened, Happened::DeletionAsked { .. });
    history.iter().rfind(asked).map(|event| event.at)
}

/// Adds an event; of too many the oldest goes. What a mailbox alone brings about takes the place of its like, and of
/// nothing else.
pub(super) fn note(history: &mut Vec<Event>, event: Event) {
    if event.is_by_mail() {
        let kind = discriminant(&event.happened);
        history.retain(|earlier| discriminant(&earlier.happened) != kind);
    } else if history.iter().filter(|event| !event.is_by_mail()).count() >= KEPT
        && let Some(oldest) = history.iter().position(|event| !event.is_by_mail())
    {
        history.remove(oldest);
    }
    history.push(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mailbox_brings_about_pushes_nothing_else_out() {
        let (mut history, at) = (Vec::new(), Timestamp::from_epoch);
        for second in 0..50 {
            note(&mut history, Event { at: at(second), happened: Happened::Suspended });
        }
        let own = history.clone();
        assert_eq!((own.len(), own[0].at), (KEPT, at(10)), "the oldest go");
        for second in (50..100).step_by(2) {
            note(&mut history, Event { at: at(second), happened: Happened::DeletionAsked { until: at(1000) } });
            note(&mut history, Event { at: at(second + 1), happened: Happened::DeletionTakenBack });
            assert_eq!(deletion_asked(&history), Some(at(second)));
        }
        assert_eq!(&history[..KEPT], own);
        let last: Vec<_> = history[KEPT..].iter().map(|event| (event.at, event.happened.name())).collect();
        assert_eq!(last, [(at(98), "deletion_asked"), (at(99), "deletion_taken_back")]);
    }
}
