//! Moments and calendar dates, as arguments: nothing here reads a clock.

use std::time::Duration;

use der::DateTime;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment so many hours later; the last one there is when there is none.
    #[must_use]
    pub const fn plus_hours(self, hours: u16) -> Self {
        Self(self.0.saturating_add((hours as u64).saturating_mul(3600)))
    }

    /// The day of it in UTC; none after the year 9999.
    pub fn date(self) -> Option<Date> {
        let civil = DateTime::from_unix_duration(Duration::from_secs(self.0)).ok()?;
        Some(Date { year: civil.year(), month: civil.month(), day: civil.day() })
    }
}

impl From<DateTime> for Moment {
    fn from(civil: DateTime) -> Self {
        Self(civil.unix_duration().as_secs())
    }
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day that exists.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if day >= 1 && day <= days { Some(Self { year, month, day }) } else { None }
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The same day so many years earlier; the 28th for a 29 February that is missing.
    #[must_use]
    pub const fn years_before(self, years: u16) -> Self {
        let year = self.year.saturating_sub(years);
        match Self::new(year, self.month, self.day) {
            Some(date) => date,
            None => Self { year, month: self.month, day: 28 },
        }
    }

    /// Its first second in UTC; none before 1970.
    pub fn begin(self) -> Option<Moment> {
        DateTime::new(self.year, self.month, self.day, 0, 0, 0).ok().map(Moment::from)
    }

    /// Whole years lived by `today` by who was born on this day; zero before.
    pub fn age(self, today: Self) -> u16 {
        let years = today.year.saturating_sub(self.year);
        if (today.month, today.day) < (self.month, self.day) { years.saturating_sub(1) } else { years }
    }

    /// From eight digits, `YYYYMMDD`, or from the four octets that pack them (ICAO 9303-10 §4.7.11).
    pub fn read(octets: &[u8]) -> Option<Self> {
        let digits: Vec<u8> = match octets.len() {
            8 => octets.iter().map(|octet| octet.wrapping_sub(b'0')).collect(),
            4 => octets.iter().flat_map(|octet| [octet >> 4, octet & 0xf]).collect(),
            _ => return None,
        };
        let (year, rest) = digits.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        Self::new(number(year)?, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?)
    }
}

/// The number that decimal digits write.
fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |number, digit| {
        (*digit <= 9).then_some(number)?.checked_mul(10)?.checked_add(u16::from(*digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        assert!(Date::new(2024, 2, 29).is_some() && Date::new(2000, 2, 29).is_some());
        for (year, month, day) in
            [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 13, 1), (2024, 0, 1), (2024, 1, 0)]
        {
            assert_eq!(Date::new(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn eighteen_begins_on_the_birthday() {
        let born = Date::new(2008, 11, 22).unwrap();
        assert_eq!(born.age(Date::new(2026, 11, 21).unwrap()), 17);
        assert_eq!(born.age(Date::new(2026, 11, 22).unwrap()), 18);
        assert_eq!(Date::new(2024, 2, 29).unwrap().years_before(10), Date::new(2014, 2, 28).unwrap());
    }

    #[test]
    fn dates_are_read_as_digits_or_packed() {
        let date = Date::new(1985, 7, 14);
        assert_eq!(Date::read(b"19850714"), date);
        assert_eq!(Date::read(&[0x19, 0x85, 0x07, 0x14]), date);
        for wrong in [&b"1985071"[..], b"1985071<", b"19851314", &[0x19, 0x85, 0x0a, 0x14]] {
            assert_eq!(Date::read(wrong), None);
        }
        assert_eq!(Moment(0).date(), Date::new(1970, 1, 1));
        assert_eq!(Date::new(1970, 1, 2).unwrap().begin(), Some(Moment(86_400)));
        assert_eq!(Date::new(1969, 12, 31).unwrap().begin(), None);
        assert_eq!(Moment(u64::MAX).date(), None);
    }
}
