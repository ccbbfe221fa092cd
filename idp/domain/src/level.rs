//! eIDAS levels of assurance (CIR (EU) 2015/1502), and the proof that one was met.

use serde::{Deserialize, Serialize};

/// A level of assurance. They are ordered: `Low < Substantial < High`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// eIDAS low, `eidas1`.
    #[serde(rename = "eidas1")]
    Low,
    /// eIDAS substantial, `eidas2`.
    #[serde(rename = "eidas2")]
    Substantial,
    /// eIDAS high, `eidas3`.
    #[serde(rename = "eidas3")]
    High,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Substantial, Self::High];

    /// Reads an `acr` value; `None` when it names no level.
    pub fn from_acr(acr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.acr() == acr)
    }

    /// The `acr` value of the level.
    pub const fn acr(self) -> &'static str {
        match self {
            Self::Low => "eidas1",
            Self::Substantial => "eidas2",
            Self::High => "eidas3",
        }
    }

    /// The highest level that an earlier sign-in may be reused for. A reused high sign-in counts as substantial:
    /// high needs the citizen there and then.
    #[must_use]
    pub const fn reusable(self) -> Self {
        match self {
            Self::Low => Self::Low,
            Self::Substantial | Self::High => Self::Substantial,
        }
    }
}

/// What an identity provider may vouch for: the levels from its floor to its ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRange {
    floor: Level,
    ceiling: Level,
}

impl LevelRange {
    /// A range; `None` when the floor lies above the ceiling.
    pub fn new(floor: Level, ceiling: Level) -> Option<Self> {
        (floor <= ceiling).then_some(Self { floor, ceiling })
    }

    /// The highest level the provider may assert.
    pub const fn ceiling(self) -> Level {
        self.ceiling
    }

    /// Whether the provider can meet `asked`.
    pub fn can_meet(self, asked: Level) -> bool {
        self.ceiling >= asked
    }

    /// What to ask the provider for so that `asked` is met: never below its own floor.
    pub fn to_ask(self, asked: Level) -> Level {
        asked.max(self.floor)
    }
}

/// Proof that the level asked for was met by a provider that may assert it. Its only way is through the
/// sign-in that asked, [`SignIn::meets`](crate::signin::SignIn::meets).
///
/// ```
/// use domain::{client::Client, level::{LevelMet, LevelRefused}, signin::{Arriving, SignIn}};
/// use domain::upstream::{Assertion, Provider};
/// fn check(at: &SignIn<Arriving>, said: &Assertion, by: &Provider, to: &Client) -> Result<LevelMet, LevelRefused> {
///     at.meets(said, by, to)
/// }
/// ```
///
/// ```compile_fail,E0624
/// use domain::level::{Level, LevelMet, LevelRange};
/// fn forge(range: LevelRange) { let _ = LevelMet::check(Level::Low, Level::High, range); }
/// ```
///
/// ```compile_fail,E0451
/// use domain::level::{Level, LevelMet};
/// let met = LevelMet { level: Level::High };
/// ```
#[derive(Debug)]
pub struct LevelMet {
    level: Level,
}

/// Why a level does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LevelRefused {
    /// The provider returned less than the relying party asked for. The provider is at fault when it was asked for more.
    #[error("asked {}, got {}", asked.acr(), got.acr())]
    TooLow {
        /// What was asked.
        asked: Level,
        /// What came.
        got: Level,
    },
    /// The provider returned a level that it may not assert.
    #[error("got {}, above the provider's ceiling {}", got.acr(), ceiling.acr())]
    AboveCeiling {
        /// What came.
        got: Level,
        /// What the provider may assert at most.
        ceiling: Level,
    },
}

impl LevelMet {
    /// Checks the level an identity provider returned.
    pub(crate) fn check(asked: Level, got: Level, range: LevelRange) -> Result<Self, LevelRefused> {
        if got > range.ceiling {
            return Err(LevelRefused::AboveCeiling { got, ceiling: range.ceiling });
        }
        if got < asked {
            return Err(LevelRefused::TooLow { asked, got });
        }
        Ok(Self { level: got })
    }

    pub(crate) fn into_level(self) -> Level {
        self.level
    }

    /// The level that was met.
    pub const fn level(&self) -> Level {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_counts_between_what_was_asked_and_the_ceiling() {
        for asked in Level::ALL {
            for got in Level::ALL {
                for ceiling in Level::ALL {
                    let range = LevelRange::new(Level::Low, ceiling).expect("low is the lowest");
                    let outcome = LevelMet::check(asked, got, range);
                    assert_eq!(outcome.is_ok(), got >= asked && got <= ceiling, "{asked:?} {got:?} {ceiling:?}");
                }
            }
        }
    }

    #[test]
    fn a_reused_high_sign_in_counts_as_substantial() {
        assert_eq!(Level::High.reusable(), Level::Substantial);
        assert_eq!(Level::Low.reusable(), Level::Low);
    }

    #[test]
    fn acr_values_name_levels_and_nothing_else_does() {
        assert_eq!(Level::from_acr("eidas2"), Some(Level::Substantial));
        for bad in ["", "eidas0", "EIDAS1", "eidas1 "] {
            assert_eq!(Level::from_acr(bad), None);
        }
    }
}
