//! What a commune is told of its own desk, every second Monday.

use serde::{Deserialize, Serialize};

use super::{Durations, Indicators};
use crate::people::commune::Commune;
use crate::time::{Lifetime, Timestamp};

/// A Monday: 5 January 1970, 00:00 UTC. Fortnights are counted from it.
const FIRST_MONDAY: i64 = 4 * 86_400;
const FORTNIGHT: i64 = 14 * 86_400;
/// After the end of a fortnight, reports go out on Monday morning and not at night.
const MORNING: Lifetime = Lifetime::seconds(6 * 3_600);

/// Two weeks, from a Monday to the Sunday of the week after, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fortnight(i64);

impl Fortnight {
    /// The last one whose report is due.
    pub const fn reported(now: Timestamp) -> Self {
        let counted = now.epoch().saturating_sub(FIRST_MONDAY + MORNING.as_seconds() as i64);
        Self(counted.div_euclid(FORTNIGHT) - 1)
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    pub const fn from(self) -> Timestamp {
        Timestamp::from_epoch(FIRST_MONDAY + self.0 * FORTNIGHT)
    }

    /// The first moment after it.
    pub const fn until(self) -> Timestamp {
        Timestamp::from_epoch(self.from().epoch() + FORTNIGHT)
    }
}

/// What was counted of one commune over a fortnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCount {
    /// The days on which something happened, in order.
    pub days: Vec<Day>,
    /// Certifications since the beginning.
    pub certifications: u64,
    /// How long the approved cases of the fortnight took.
    pub durations: Durations,
    /// Agents who are there.
    pub agents: u64,
    /// Those of them who were trained.
    pub trained: u64,
}

/// What happened at a desk on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Its first moment, in UTC.
    pub day: Timestamp,
    /// Identities certified: card and code were shown after the desk's yes.
    pub certified: u64,
    /// Cases refused.
    pub refused: u64,
    /// Cases that nobody finished.
    pub lapsed: u64,
}

/// The report to one commune: its own figures, and what they compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommuneReport {
    /// The commune.
    pub commune: Commune,
    /// The fortnight.
    pub fortnight: Fortnight,
    /// Whether its desk certifies.
    pub certifies: bool,
    /// The days on which something happened.
    pub days: Vec<Day>,
    /// Certifications since the beginning.
    pub certifications: u64,
    /// Seconds that half of its approved cases took at most, in the fortnight.
    pub median: Option<u32>,
    /// The same in its département, over three months.
    pub median_departement: Option<u32>,
    /// The same in the country.
    pub median_country: Option<u32>,
    /// Agents who are there.
    pub agents: u64,
    /// Those of them who were trained.
    pub trained: u64,
}

impl CommuneReport {
    /// The report.
    pub fn of(commune: Commune, fortnight: Fortnight, own: OwnCount, country: &Indicators) -> Self {
        Self {
            certifies: commune.certifies(country.at),
            median_departement: country.median_in(&commune.departement()),
            median_country: country.median,
            commune,
            fortnight,
            days: own.days,
            certifications: own.certifications,
            median: own.durations.median(),
            agents: own.agents,
            trained: own.trained,
        }
    }

    /// All days together.
    pub fn total(&self) -> Day {
        let none = Day { day: self.fortnight.from(), certified: 0, refused: 0, lapsed: 0 };
        self.days.iter().fold(none, |sum, day| Day {
            day: sum.day,
            certified: sum.certified.saturating_add(day.certified),
            refused: sum.refused.saturating_add(day.refused),
            lapsed: sum.lapsed.saturating_add(day.lapsed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn at(moment: time::OffsetDateTime) -> Timestamp {
        Timestamp::from_epoch(moment.unix_timestamp())
    }

    #[test]
    fn a_fortnight_goes_from_a_monday_to_a_sunday_and_is_reported_on_the_monday_after() {
        // 23 November 2026 is a Monday on which a fortnight ends.
        let morning = at(datetime!(2026-11-23 06:00 UTC));
        let fortnight = Fortnight::reported(morning);
        assert_eq!(fortnight.from(), at(datetime!(2026-11-09 00:00 UTC)));
        assert_eq!(fortnight.until(), at(datetime!(2026-11-23 00:00 UTC)));
        assert_eq!(datetime!(2026-11-09 00:00 UTC).weekday(), time::Weekday::Monday);
        let at_night = Fortnight::reported(at(datetime!(2026-11-23 05:59:59 UTC)));
        assert_eq!(at_night.number() + 1, fortnight.number());
        assert_eq!(Fortnight::reported(at(datetime!(2026-12-07 05:59:59 UTC))), fortnight);
        assert_eq!(Fortnight::reported(at(datetime!(2026-12-07 06:00 UTC))).number(), fortnight.number() + 1);
    }
}
