//! How a case at a desk ends. Its reason is in the file alone.

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseOutcome {
    /// The desk said yes; card and code are awaited.
    Approved,
    /// The desk said no.
    Refused,
    /// Nobody finished it in time.
    Lapsed,
}

impl CaseOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approved, Self::Refused, Self::Lapsed];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }

    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}
