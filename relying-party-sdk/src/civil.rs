//! What the civil registry says of a person, in types that cannot be wrong.

use std::fmt;

use time::{Date, Month};

/// A birth date of the civil registry. The day, or the month and the day, may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Birthdate {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl Birthdate {
    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12, if it is known.
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// The day of the month, from 1, if it is known.
    pub fn day(self) -> Option<u8> {
        self.day
    }

    /// Whether the day or the month is unknown (`00` on the wire).
    pub fn is_presumed(self) -> bool {
        self.day.is_none()
    }

    /// `YYYY-MM-DD`, with `00` for an unknown day or for an unknown month and day.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |length: usize| {
            let part = parts.next()?;
            let digits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse::<u16>().ok() } else { None }
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        if parts.next().is_some() || year == 0 {
            return None;
        }
        match (month, day) {
            (0, 0) => Some(Self { year, month: None, day: None }),
            (0, _) => None,
            (_, 0) => Month::try_from(month).ok().map(|_| Self { year, month: Some(month), day: None }),
            (_, _) => {
                Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
                Some(Self { year, month: Some(month), day: Some(day) })
            }
        }
    }
}

/// As on the wire: `1962-08-24`, `1985-03-00`, `1950-00-00`.
impl fmt::Display for Birthdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month.unwrap_or(0), self.day.unwrap_or(0))
    }
}

/// Gender in the civil registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gender {
    /// `female`.
    Female,
    /// `male`.
    Male,
    /// `unspecified`.
    Unspecified,
}

impl Gender {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "female" => Some(Self::Female),
            "male" => Some(Self::Male),
            "unspecified" => Some(Self::Unspecified),
            _ => None,
        }
    }
}

/// A place in the official geographic code (COG): `75107`, `2A004`, or `99217` for a country.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cog(String);

impl Cog {
    /// The five characters of the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, tail) = text.split_at_checked(2)?;
        let department = head.bytes().all(|byte| byte.is_ascii_digit()) || head == "2A" || head == "2B";
        let rest = tail.len() == 3 && tail.bytes().all(|byte| byte.is_ascii_digit());
        (department && rest).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Cog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_may_lack_its_day_or_its_month_and_day() {
        for text in ["1962-08-24", "1985-03-00", "1950-00-00", "2000-02-29"] {
            assert_eq!(Birthdate::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
        let presumed = Birthdate::parse("1985-03-00").expect("a presumed date");
        assert_eq!((presumed.year(), presumed.month(), presumed.day()), (1985, Some(3), None));
        assert!(presumed.is_presumed());
        for text in [
            "1950-00-24",
            "1962-13-01",
            "1900-02-29",
            "62-08-24",
            "1962-8-24",
            "1962-08-24-",
            "1962-08",
            "1962",
            "",
            "+962-08-24",
            "1962-08-2é",
            "0000-01-01",
        ] {
            assert_eq!(Birthdate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_is_five_characters_of_the_official_code() {
        for text in ["75107", "2A004", "2B033", "99100"] {
            assert!(Cog::parse(text).is_some(), "{text}");
        }
        for text in ["7510", "751077", "2C004", "2a004", "7510A", "é510", "PARIS", "75 07"] {
            assert!(Cog::parse(text).is_none(), "{text}");
        }
    }
}
