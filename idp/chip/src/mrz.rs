//! The machine readable zone as data group 1 holds it: TD1 (cards, ICAO 9303-5 §4.2.2) and TD3 (passports, 9303-4 §4.2.2).
//!
//! Names stay as the zone writes them: transliterated, perhaps cut. What a person is called comes from elsewhere.

use thiserror::Error;

use crate::moment::Date;

/// A zone whose check digits are right.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Its layout.
    pub layout: Layout,
    /// One or two letters, without fillers.
    pub document_code: String,
    /// One to three letters, without fillers.
    pub issuing_state: String,
    /// Number of the document.
    pub document_number: String,
    /// One to three letters, without fillers.
    pub nationality: String,
    /// Birth date.
    pub birth: PartialDate,
    /// The letter of the zone: `F`, `M`, or `<` where none is said.
    pub sex: char,
    /// Last day of the document, in this century.
    pub expiry: Date,
    /// Surname, as transliterated.
    pub surname: String,
    /// Given names, as transliterated; empty if the zone has none.
    pub given_names: String,
    /// What the State put into the optional fields, without fillers at their end.
    pub optional: String,
    text: String,
}

/// The layout alone: the rest is of a citizen.
impl std::fmt::Debug for Mrz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mrz({:?})", self.layout)
    }
}

/// Layout of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Three lines of thirty characters.
    Td1,
    /// Two lines of forty-four characters.
    Td3,
}

/// A birth date of which month or day may be unknown (ICAO 9303-3 §4.8).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    /// Two digits.
    year: u8,
    month: Option<u8>,
    day: Option<u8>,
}

impl std::fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PartialDate")
    }
}

impl PartialDate {
    /// The latest day it may be that is not after `today`: nobody is taken for older than that.
    pub fn latest(self, today: Date) -> Option<Date> {
        let century = today.year().saturating_sub(today.year() % 100);
        let year = century.saturating_add(self.year.into());
        self.in_year(year)
            .filter(|date| *date <= today)
            .or_else(|| self.in_year(year.saturating_sub(100)).filter(|date| *date <= today))
    }

    /// The month, if it is known.
    pub const fn month(self) -> Option<u8> {
        self.month
    }

    /// The day, if it is known.
    pub const fn day(self) -> Option<u8> {
        self.day
    }

    fn in_year(self, year: u16) -> Option<Date> {
        let month = self.month.unwrap_or(12);
        match self.day {
            Some(day) => Date::new(year, month, day),
            None => (28..=31).rev().find_map(|day| Date::new(year, month, day)),
        }
    }

    /// Whether a full date is this one, as far as it is known.
    pub fn is(self, date: Date) -> bool {
        date.year() % 100 == u16::from(self.year)
            && self.month.is_none_or(|month| month == date.month())
            && self.day.is_none_or(|day| day == date.day())
    }
}

/// Why characters are no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// Neither 90 nor 88 characters.
    #[error("the zone has not the length of a layout that is known")]
    Length,
    /// A character that is no capital letter, digit or filler, or stands in a field that does not admit it.
    #[error("a field has a character that it does not admit")]
    Character,
    /// A check digit is wrong.
    #[error("the check digit of {0:?} is wrong")]
    CheckDigit(Checked),
    /// A day that does not exist.
    #[error("a date does not exist")]
    Date,
}

/// What a check digit is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The document number.
    DocumentNumber,
    /// The birth date.
    Birth,
    /// The expiry date.
    Expiry,
    /// The optional data of a passport.
    Optional,
    /// All together.
    Composite,
}

impl Mrz {
    /// Reads a zone, without line ends.
    pub fn read(zone: &[u8]) -> Result<Self, Fault> {
        if !zone.iter().all(|octet| matches!(octet, b'A'..=b'Z' | b'0'..=b'9' | b'<')) {
            return Err(Fault::Character);
        }
        let text = std::str::from_utf8(zone).map_err(|_| Fault::Character)?;
        match text.len() {
            90 => Self::td1(text),
            88 => Self::td3(text),
            _ => Err(Fault::Length),
        }
    }

    /// The characters of the zone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number, birth and expiry with their check digits: what passwords of access protocols are derived from
    /// (ICAO 9303-11 §4.3.2).
    pub fn access_information(&self) -> String {
        let at = |from, to| field(&self.text, from, to);
        match self.layout {
            Layout::Td1 if at(14, 15) == "<" && at(15, 16) != "<" => {
                let (rest, digit) = long_number(at(15, 30));
                format!("{}{rest}{digit}{}{}", at(5, 14), at(30, 37), at(38, 45))
            }
            Layout::Td1 => format!("{}{}{}", at(5, 15), at(30, 37), at(38, 45)),
            Layout::Td3 => format!("{}{}{}", at(44, 54), at(57, 64), at(65, 72)),
        }
    }

    fn td1(text: &str) -> Result<Self, Fault> {
        let at = |from, to| field(text, from, to);
        let composite = [at(5, 30), at(30, 37), at(38, 45), at(48, 59)].concat();
        checked(&composite, at(59, 60), Checked::Composite)?;
        // A number longer than its field goes on in the optional data (ICAO 9303-5 §4.2.2.1, note j).
        let (document_number, optional) = if at(14, 15) == "<" && at(15, 16) != "<" {
            let (rest, digit) = long_number(at(15, 30));
            let number = [at(5, 14), rest].concat();
            checked(&number, digit, Checked::DocumentNumber)?;
            (number, at(15, 30).get(rest.len().saturating_add(2)..).unwrap_or_default())
        } else {
            checked(at(5, 14), at(14, 15), Checked::DocumentNumber)?;
            (at(5, 14).to_owned(), at(15, 30))
        };
        let optional = [optional, at(48, 59)].concat();
        let (surname, given_names) = names(at(60, 90));
        Ok(Self {
            layout: Layout::Td1,
            document_code: letters(at(0, 2))?,
            issuing_state: letters(at(2, 5))?,
            document_number: document_number.trim_end_matches('<').to_owned(),
            nationality: letters(at(45, 48))?,
            birth: birth(at(30, 36), at(36, 37))?,
            sex: sex(at(37, 38))?,
            expiry: expiry(at(38, 44), at(44, 45))?,
            surname,
            given_names,
            optional: optional.trim_end_matches('<').to_owned(),
            text: text.to_owned(),
        })
    }

    fn td3(text: &str) -> Result<Self, Fault> {
        let at = |from, to| field(text, from, to);
        let composite = [at(44, 54), at(57, 64), at(65, 87)].concat();
        checked(&composite, at(87, 88), Checked::Composite)?;
        checked(at(44, 53), at(53, 54), Checked::DocumentNumber)?;
        let optional = at(72, 86);
        if at(86, 87) != "<" || optional.bytes().any(|octet| octet != b'<') {
            checked(optional, at(86, 87), Checked::Optional)?;
        }
        let (surname, given_names) = names(at(5, 44));
        Ok(Self {
            layout: Layout::Td3,
            document_code: letters(at(0, 2))?,
            issuing_state: letters(at(2, 5))?,
            document_number: at(44, 53).trim_end_matches('<').to_owned(),
            nationality: letters(at(54, 57))?,
            birth: birth(at(57, 63), at(63, 64))?,
            sex: sex(at(64, 65))?,
            expiry: expiry(at(65, 71), at(71, 72))?,
            surname,
            given_names,
            optional: optional.trim_end_matches('<').to_owned(),
            text: text.to_owned(),
        })
    }
}

fn field(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The rest of a long document number and its check digit, before the first filler.
fn long_number(optional: &str) -> (&str, &str) {
    let written = optional.split('<').next().unwrap_or_default();
    written.split_at_checked(written.len().saturating_sub(1)).unwrap_or_default()
}

/// Letters, then fillers.
fn letters(field: &str) -> Result<String, Fault> {
    let letters = field.trim_end_matches('<');
    let all = !letters.is_empty() && letters.bytes().all(|octet| octet.is_ascii_uppercase());
    if all { Ok(letters.to_owned()) } else { Err(Fault::Character) }
}

fn names(field: &str) -> (String, String) {
    let spaced = |name: &str| name.trim_matches('<').replace('<', " ");
    let (surname, given) = field.split_once("<<").unwrap_or((field, ""));
    (spaced(surname), spaced(given))
}

fn sex(field: &str) -> Result<char, Fault> {
    match field {
        "F" => Ok('F'),
        "M" => Ok('M'),
        "<" => Ok('<'),
        _ => Err(Fault::Character),
    }
}

fn birth(field: &str, digit: &str) -> Result<PartialDate, Fault> {
    checked(field, digit, Checked::Birth)?;
    let part = |from, to| match self::field(field, from, to) {
        "<<" => Ok(None),
        digits => two_digits(digits).map(Some),
    };
    let date = PartialDate { year: part(0, 2)?.ok_or(Fault::Date)?, month: part(2, 4)?, day: part(4, 6)? };
    // 2000 was a leap year: a day that exists in some year exists in it.
    date.in_year(2000).map(|_| date).ok_or(Fault::Date)
}

fn expiry(field: &str, digit: &str) -> Result<Date, Fault> {
    checked(field, digit, Checked::Expiry)?;
    let part = |from, to| two_digits(self::field(field, from, to));
    let year = u16::from(part(0, 2)?).saturating_add(2000);
    Date::new(year, part(2, 4)?, part(4, 6)?).ok_or(Fault::Date)
}

fn two_digits(field: &str) -> Result<u8, Fault> {
    match field.as_bytes() {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => Ok((tens & 0xf).saturating_mul(10).saturating_add(units & 0xf)),
        _ => Err(Fault::Character),
    }
}

/// Weights 7, 3, 1 (ICAO 9303-3 §4.9): 0 to 9.
pub(crate) fn check_digit(field: &str) -> u32 {
    let sum = field.bytes().zip([7_u32, 3, 1].into_iter().cycle()).fold(0_u32, |sum, (octet, weight)| {
        let value = match octet {
            b'0'..=b'9' => octet.wrapping_sub(b'0'),
            b'A'..=b'Z' => octet.wrapping_sub(b'A').wrapping_add(10),
            _ => 0,
        };
        sum.wrapping_add(u32::from(value).wrapping_mul(weight))
    });
    sum % 10
}

fn checked(field: &str, digit: &str, what: Checked) -> Result<(), Fault> {
    match digit.as_bytes() {
        [octet @ b'0'..=b'9'] if u32::from(octet & 0xf) == check_digit(field) => Ok(()),
        _ => Err(Fault::CheckDigit(what)),
    }
}

#[cfg(test)]
#[path = "mrz_tests.rs"]
mod tests;
