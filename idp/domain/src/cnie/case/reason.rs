//! How a case ends, and why a desk refuses: kept with the case and in the journal, shown to no citizen.

use serde::{Deserialize, Serialize};

use crate::cnie::outcome::CaseOutcome;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Why a desk refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// The citizen is not the person of the photo.
    NotTheSamePerson = "not_the_same_person",
    /// The card itself looks tampered with.
    DoubtfulCard = "doubtful_card",
    /// The citizen seems to act under constraint.
    UnderConstraint = "under_constraint",
    /// The card cannot be read.
    CardUnreadable = "card_unreadable",
    /// The citizen left, or does not want to any more.
    CitizenLeft = "citizen_left",
    /// The case was opened by mistake.
    Mistake = "mistake",
    /// The finger is not the one of the card.
    FingerMismatch = "finger_mismatch",
    /// The card's authority does not let it be used.
    CardWithdrawn = "card_withdrawn",
    /// The card was tried too often.
    TriesSpent = "tries_spent",
    /// The identity was closed, or went on without the desk.
    IdentityGone = "identity_gone",
    /// The citizen is the agent.
    OwnIdentity = "own_identity",
}

/// A reason that an agent gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen(Reason);

impl Chosen {
    /// What an agent can choose from, in the order shown.
    pub const REASONS: [Reason; 6] = [
        Reason::NotTheSamePerson,
        Reason::DoubtfulCard,
        Reason::UnderConstraint,
        Reason::CardUnreadable,
        Reason::CitizenLeft,
        Reason::Mistake,
    ];

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::REASONS.into_iter().find(|reason| reason.name() == name).map(Self)
    }

    /// The reason.
    pub const fn reason(self) -> Reason {
        self.0
    }
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Approved: card and code are awaited.
    Approved,
    /// Refused.
    Refused(Reason),
    /// No finger could be captured: no certification, and nobody's fault.
    CaptureImpossible,
    /// A step took longer than an hour.
    Lapsed,
}

impl Outcome {
    /// How it stands in the registry and in the journal.
    pub const fn kept(self) -> CaseOutcome {
        match self {
            Self::Approved => CaseOutcome::Approved,
            Self::Refused(_) | Self::CaptureImpossible => CaseOutcome::Refused,
            Self::Lapsed => CaseOutcome::Lapsed,
        }
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused(_) => "refused",
            Self::CaptureImpossible => "capture_impossible",
            Self::Lapsed => "lapsed",
        }
    }

    /// The reason of a refusal.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Refused(reason) => Some(reason),
            Self::Approved | Self::CaptureImpossible | Self::Lapsed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_names_of_their_own_and_agents_choose_from_theirs_alone() {
        let names: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let chosen = Chosen::parse(reason.name()).map(Chosen::reason);
            assert_eq!(chosen, Chosen::REASONS.contains(reason).then_some(*reason));
        }
        assert_eq!(Chosen::parse(""), None);
        for machine in [Reason::FingerMismatch, Reason::CardWithdrawn, Reason::OwnIdentity] {
            assert_eq!(Chosen::parse(machine.name()), None, "no agent says what a machine found");
        }
    }
}
