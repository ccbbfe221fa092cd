//! A request at any step: what the registry keeps, and what time alone asks for.

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::review::{About, Archived, ChangesRequested, Draft, Granted, Refused, Review, Revoked, Submitted};
use crate::time::{Lifetime, Timestamp};

const DAY: u32 = 86_400;
/// A draft that nobody touched for so long is remembered to its writers.
const FORGOTTEN: Lifetime = Lifetime::seconds(15 * DAY);
/// A request that was sent back and not touched for so long is about to be put away.
const STALE: Lifetime = Lifetime::seconds(182 * DAY);
/// It is put away so long after.
const GRACE: Lifetime = Lifetime::seconds(15 * DAY);

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $name:literal,)+) => {
        /// A request at any step.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AnyReview {
            $($(#[$doc])* $step(Review<$step>),)+
        }

        /// The name of a step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum State {
            $($(#[$doc])* $step,)+
        }

        impl State {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$step,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)+
                }
            }
        }

        impl AnyReview {
            /// What stays the same through all steps.
            pub const fn about(&self) -> &About {
                match self {
                    $(Self::$step(review) => review.about(),)+
                }
            }

            /// What was written.
            pub const fn form(&self) -> &Form {
                match self {
                    $(Self::$step(review) => review.form(),)+
                }
            }

            /// At which step it is.
            pub const fn state(&self) -> State {
                match self {
                    $(Self::$step(_) => State::$step,)+
                }
            }
        }

        $(impl From<Review<$step>> for AnyReview {
            fn from(review: Review<$step>) -> Self {
                Self::$step(review)
            }
        }

        impl TryFrom<AnyReview> for Review<$step> {
            type Error = AnyReview;

            fn try_from(any: AnyReview) -> Result<Self, AnyReview> {
                if let AnyReview::$step(review) = any { Ok(review) } else { Err(any) }
            }
        })+
    };
}

steps! {
    /// Being written.
    Draft = "draft",
    /// Before the reviewers.
    Submitted = "submitted",
    /// Sent back.
    ChangesRequested = "changes_requested",
    /// Granted.
    Granted = "granted",
    /// Refused.
    Refused = "refused",
    /// Taken back.
    Revoked = "revoked",
    /// Put away.
    Archived = "archived",
}

/// What time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Its writers are to be reminded of a draft.
    Remind,
    /// Its writers are to be told that it will be put away.
    Warn,
    /// It is to be put away.
    Archive,
}

impl Due {
    /// The step of the requests that it may be due for.
    pub const fn step(self) -> State {
        match self {
            Self::Remind => State::Draft,
            Self::Warn | Self::Archive => State::ChangesRequested,
        }
    }

    /// For how long nobody touched them.
    pub const fn untouched(self) -> Lifetime {
        match self {
            Self::Remind => FORGOTTEN,
            Self::Warn | Self::Archive => STALE,
        }
    }

    /// How long after the warning a request is put away.
    pub const fn grace() -> Lifetime {
        GRACE
    }
}

impl AnyReview {
    /// What time asks for at `now`, of a request that was warned of at `warned`. Each is due once: the store notes what was
    /// done. Nothing is put away of which its writers were not warned fifteen days before.
    pub fn due(&self, warned: Option<Timestamp>, now: Timestamp) -> Option<Due> {
        match self {
            Self::Draft(review) => review.step().touched.plus(FORGOTTEN).is_past(now).then_some(Due::Remind),
            Self::ChangesRequested(review) => {
                let stale = review.step().touched.plus(STALE).is_past(now);
                match warned {
                    None => stale.then_some(Due::Warn),
                    Some(warned) => (stale && warned.plus(GRACE).is_past(now)).then_some(Due::Archive),
                }
            }
            Self::Submitted(_) | Self::Granted(_) | Self::Refused(_) | Self::Revoked(_) | Self::Archived(_) => None,
        }
    }
}
