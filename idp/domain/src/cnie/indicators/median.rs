//! The median time of a case.

use std::collections::BTreeMap;

use super::SMALLEST;

/// How many cases took how long: seconds, in steps of ten, to cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations(BTreeMap<u32, u64>);

impl Durations {
    /// Adds cases that took so long.
    pub fn add(&mut self, seconds: u32, cases: u64) {
        let held = self.0.entry(seconds).or_default();
        *held = held.saturating_add(cases);
    }

    /// The time that half of the cases took at most (the lower median); none without a case.
    pub fn median(&self) -> Option<u32> {
        let cases = self.cases();
        let mut seen = 0_u64;
        self.0.iter().find_map(|(seconds, many)| {
            seen = seen.saturating_add(*many);
            (seen.saturating_mul(2) >= cases).then_some(*seconds)
        })
    }

    fn cases(&self) -> u64 {
        self.0.values().fold(0, |sum, many| sum.saturating_add(*many))
    }
}

/// The median over several places; none where there were fewer cases than may be told of.
pub fn median<'a>(places: impl IntoIterator<Item = &'a Durations>) -> Option<u32> {
    let mut all = Durations::default();
    for (seconds, many) in places.into_iter().flat_map(|durations| &durations.0) {
        all.add(*seconds, *many);
    }
    if all.cases() < SMALLEST { None } else { all.median() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(of: &[(u32, u64)]) -> Durations {
        let mut durations = Durations::default();
        for (seconds, many) in of {
            durations.add(*seconds, *many);
        }
        durations
    }

    #[test]
    fn half_of_the_cases_took_the_median_at_most() {
        assert_eq!(durations(&[]).median(), None);
        assert_eq!(durations(&[(90, 1)]).median(), Some(90));
        assert_eq!(durations(&[(90, 1), (200, 1), (300, 1)]).median(), Some(200));
        assert_eq!(durations(&[(90, 1), (200, 1)]).median(), Some(90), "the lower one of an even number");
        assert_eq!(durations(&[(90, 2), (200, 1), (3_600, 2)]).median(), Some(200), "one slow case moves it little");
        assert_eq!(durations(&[(10, 1), (180, 1_000_000)]).median(), Some(180));
        assert_eq!(durations(&[(300, 1), (90, 1), (200, 1)]).median(), Some(200), "in whatever order they came");
    }

    #[test]
    fn a_median_of_few_cases_is_not_told() {
        let (one, other) = (durations(&[(100, 2)]), durations(&[(200, 3)]));
        assert_eq!(median([&one]), None);
        assert_eq!(median([&one, &one]), None);
        assert_eq!(median([&one, &other]), Some(200));
    }
}
