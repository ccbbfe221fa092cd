//! What a supervisor should look at: cases that end faster than a person can look, and agents who decide too many. Nothing
//! is refused for it.

use super::{Case, Decided, Outcome};
use crate::time::Lifetime;

/// No one reads a card, takes a finger and looks at a face in less: a case takes three minutes as a rule.
pub const FAST: Lifetime = Lifetime::seconds(60);
/// More decisions than this within [`WINDOW`] leave less than three minutes for each.
pub const MANY: u32 = 20;
/// The time that they are counted over.
pub const WINDOW: Lifetime = Lifetime::seconds(3600);

/// What should be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// A case was approved faster than a person can look.
    FastCase,
    /// An agent decided more cases within an hour than can be.
    ManyCases,
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::FastCase, Self::ManyCases];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FastCase => "desk.alarm_fast_case",
            Self::ManyCases => "desk.alarm_many_cases",
        }
    }
}

/// What a case that was decided gives cause for; `within` is how many its agent decided within [`WINDOW`], it included.
pub fn alarms(case: &Case<Decided>, within: u32) -> Vec<Alarm> {
    let fast = case.outcome() == Outcome::Approved && case.seconds() < FAST.as_seconds();
    let many = within > MANY;
    [(fast, Alarm::FastCase), (many, Alarm::ManyCases)]
        .into_iter()
        .filter_map(|(rings, alarm)| rings.then_some(alarm))
        .collect()
}

/// The middle of these times, the shortest first: half of the cases took no longer.
pub fn median(sorted: &[i64]) -> Option<u32> {
    sorted.get(sorted.len().checked_sub(1)? / 2).and_then(|seconds| u32::try_from(*seconds).ok())
}
