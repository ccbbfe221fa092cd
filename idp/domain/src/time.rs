//! Time as a value: the clock is always an argument.

use serde::{Deserialize, Serialize};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A length of time, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lifetime(u32);

impl Timestamp {
    /// The moment `seconds` after the epoch.
    pub const fn from_epoch(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn epoch(self) -> i64 {
        self.0
    }

    /// This moment moved forward.
    #[must_use]
    pub const fn plus(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_add(lifetime.0 as i64))
    }

    /// Seconds since `earlier`; negative when `earlier` lies ahead.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// What is left at `now` of something that ends at this moment; `None` when it has ended.
    pub fn left(self, now: Self) -> Option<Lifetime> {
        u32::try_from(self.seconds_since(now)).ok().filter(|left| *left > 0).map(Lifetime)
    }

    /// Whether something that ends at this moment has ended at `now`.
    pub const fn is_past(self, now: Self) -> bool {
        self.0 <= now.0
    }
}

impl Lifetime {
    /// A lifetime of that many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    pub const fn as_seconds(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_past_from_its_own_second_on() {
        let end = Timestamp::from_epoch(100).plus(Lifetime::seconds(30));
        assert!(!end.is_past(Timestamp::from_epoch(129)));
        assert!(end.is_past(Timestamp::from_epoch(130)));
        assert_eq!(end.left(Timestamp::from_epoch(129)), Some(Lifetime::seconds(1)));
        assert_eq!(end.left(Timestamp::from_epoch(130)), None);
    }
}
