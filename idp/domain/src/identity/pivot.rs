//! The pivot identity: the civil facts that make a person unique, parsed strictly from what a provider returned.
//!
//! Names are held in Unicode NFC, without control, format, bidirectional or non-Latin characters: two persons never
//! collide by look-alike letters, and nothing invisible travels (UTS #39). Places are INSEE codes (code officiel
//! géographique).

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// The code of France as a country of birth.
pub const FRANCE: &str = "99100";

/// The pivot identity of a citizen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pivot {
    /// Family name at birth.
    pub family_name: Name,
    /// Given names, in the order of the civil status.
    pub given_names: Vec<Name>,
    /// Date of birth, whose day or month may be unknown.
    pub birthdate: Birthdate,
    /// Gender of the civil status.
    pub gender: Gender,
    /// INSEE code of the commune of birth, for those born in France.
    pub birthplace: Option<Place>,
    /// INSEE code of the country of birth. `None` when the civil registry knows neither country nor place.
    pub birthcountry: Option<Place>,
}

/// Why a pivot was refused. The identity provider, or the civil registry, is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{claim}` {fault}")]
pub struct BadPivot {
    /// The claim at fault.
    pub claim: &'static str,
    /// What is wrong with it; never its value.
    pub fault: &'static str,
}

/// One name: 1 to 256 characters of Latin script with spaces, hyphens, apostrophes and full stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Parses a name: normalises it to NFC and folds its white space.
    pub fn parse(claim: &'static str, text: &str) -> Result<Self, BadPivot> {
        if text.len() > 2048 {
            return Err(BadPivot { claim, fault: "is too long" });
        }
        let folded =
            text.nfc().collect::<String>().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if folded.is_empty() {
            return Err(BadPivot { claim, fault: "is empty" });
        }
        if folded.chars().count() > 256 {
            return Err(BadPivot { claim, fault: "is too long" });
        }
        if !folded.chars().all(is_name_character) || !folded.chars().any(char::is_alphabetic) {
            return Err(BadPivot { claim, fault: "holds a character that no civil name holds" });
        }
        Ok(Self(folded))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name_character(c: char) -> bool {
    match c {
        '×' | '÷' => false,
        // Latin-1 Supplement and Latin Extended-A/-B letters, and Latin Extended Additional (Vietnamese).
        'a'..='z' | 'A'..='Z' | ' ' | '-' | '\'' | '’' | '.' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => true,
        _ => false,
    }
}

/// A date of birth: complete, or with the day, or the day and month, unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Birthdate {
    year: u16,
    month: u8,
    day: u8,
}

impl Birthdate {
    /// Parses `YYYY-MM-DD`, `YYYY-MM-00` or `YYYY-00-00`.
    pub fn parse(text: &str) -> Result<Self, BadPivot> {
        let bad = |fault| BadPivot { claim: "birthdate", fault };
        let digits = |from: usize, to: usize| -> Option<u16> {
            let part = text.get(from..to)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        let dashes = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
        let (Some(year), Some(month), Some(day), true) = (digits(0, 4), digits(5, 7), digits(8, 10), dashes) else {
            return Err(bad("is not a date of the form YYYY-MM-DD"));
        };
        let (month, day) = (u8::try_from(month).unwrap_or(u8::MAX), u8::try_from(day).unwrap_or(u8::MAX));
        let known = match (month, day) {
            (0..=12, 0) => true,
            (0, _) => return Err(bad("has a day but no month")),
            (1..=12, day) => time::Month::try_from(month)
                .ok()
                .is_some_and(|month| time::Date::from_calendar_date(i32::from(year), month, day).is_ok()),
            _ => false,
        };
        if !known || !(1850..=2200).contains(&year) {
            return Err(bad("is not a day of the calendar"));
        }
        Ok(Self { year, month, day })
    }

    /// The date with unknown parts as the first: what the gateway releases, since a claim must be a date
    /// (OIDC Core §5.1).
    #[must_use]
    pub fn completed(self) -> Self {
        Self { month: self.month.max(1), day: self.day.max(1), ..self }
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }
}

impl std::fmt::Display for Birthdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Birthdate {
    type Error = BadPivot;

    fn try_from(text: String) -> Result<Self, BadPivot> {
        Self::parse(&text)
    }
}

impl From<Birthdate> for String {
    fn from(date: Birthdate) -> Self {
        date.to_string()
    }
}

/// Gender of the civil status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not determined.
    Unspecified,
}

impl Gender {
    /// Reads the claim.
    pub fn parse(text: &str) -> Result<Self, BadPivot> {
        match text {
            "female" => Ok(Self::Female),
            "male" => Ok(Self::Male),
            "unspecified" => Ok(Self::Unspecified),
            _ => Err(BadPivot { claim: "gender", fault: "is none of female, male, unspecified" }),
        }
    }

    /// The claim's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Unspecified => "unspecified",
        }
    }
}

/// An INSEE code of a commune or country: two digits, or 2A or 2B, then three digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(String);

impl Place {
    /// Parses a code.
    pub fn parse(claim: &'static str, text: &str) -> Result<Self, BadPivot> {
        let ok = match text.as_bytes() {
            [b'2', b'A' | b'B', rest @ ..] => rest.len() == 3 && rest.iter().all(u8::is_ascii_digit),
            all => all.len() == 5 && all.iter().all(u8::is_ascii_digit),
        };
        if ok { Ok(Self(text.to_owned())) } else { Err(BadPivot { claim, fault: "is not an INSEE code" }) }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The parts of a pivot as they stand in claims or in the civil registry's answer, not yet trusted.
#[derive(Debug, Clone, Default)]
pub struct RawPivot<'a> {
    /// `family_name`.
    pub family_name: Option<&'a str>,
    /// `given_name`, several separated by spaces.
    pub given_name: Option<&'a str>,
    /// `birthdate`.
    pub birthdate: Option<&'a str>,
    /// `gender`.
    pub gender: Option<&'a str>,
    /// `birthplace`.
    pub birthplace: Option<&'a str>,
    /// `birthcountry`.
    pub birthcountry: Option<&'a str>,
}

impl Pivot {
    /// Parses what an identity provider returned. The place of birth is required, and must be a code, for those born
    /// in France; it is dropped for those born abroad.
    pub fn parse(raw: &RawPivot<'_>) -> Result<Self, BadPivot> {
        let missing = |claim: &'static str| BadPivot { claim, fault: "is missing" };
        let family_name = Name::parse("family_name", raw.family_name.ok_or(missing("family_name"))?)?;
        let given = raw.given_name.ok_or(missing("given_name"))?;
        let given_names = given
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| Name::parse("given_name", word))
            .collect::<Result<Vec<_>, _>>()?;
        if given_names.is_empty() || given.chars().count() > 256 {
            return Err(BadPivot { claim: "given_name", fault: "is empty or too long" });
        }
        let birthdate = Birthdate::parse(raw.birthdate.ok_or(missing("birthdate"))?)?;
        let gender = Gender::parse(raw.gender.ok_or(missing("gender"))?)?;
        let birthcountry = Place::parse("birthcountry", raw.birthcountry.ok_or(missing("birthcountry"))?)?;
        let birthplace = if birthcountry.as_str() == FRANCE {
            Some(Place::parse("birthplace", raw.birthplace.ok_or(missing("birthplace"))?)?)
        } else {
            None
        };
        Ok(Self { family_name, given_names, birthdate, gender, birthplace, birthcountry: Some(birthcountry) })
    }

    /// The given names in one text.
    pub fn given_name(&self) -> String {
        self.given_names.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw() -> RawPivot<'static> {
        RawPivot {
            family_name: Some("DUBOIS"),
            given_name: Some("Angela Claire"),
            birthdate: Some("1962-08-24"),
            gender: Some("female"),
            birthplace: Some("75107"),
            birthcountry: Some("99100"),
        }
    }

    #[test]
    fn a_complete_pivot_is_read() {
        let pivot = Pivot::parse(&raw()).expect("complete");
        assert_eq!(pivot.given_names.len(), 2);
        assert_eq!(pivot.birthplace.expect("born in France").as_str(), "75107");
    }

    #[test]
    fn each_missing_claim_is_named() {
        let cases: [(RawPivot<'_>, &str); 6] = [
            (RawPivot { family_name: None, ..raw() }, "family_name"),
            (RawPivot { given_name: None, ..raw() }, "given_name"),
            (RawPivot { birthdate: None, ..raw() }, "birthdate"),
            (RawPivot { gender: None, ..raw() }, "gender"),
            (RawPivot { birthplace: None, ..raw() }, "birthplace"),
            (RawPivot { birthcountry: None, ..raw() }, "birthcountry"),
        ];
        for (raw, claim) in cases {
            assert_eq!(Pivot::parse(&raw).expect_err(claim).claim, claim);
        }
    }

    #[test]
    fn a_place_abroad_is_dropped_and_not_required() {
        let abroad = RawPivot { birthcountry: Some("99217"), birthplace: Some("Tokyo"), ..raw() };
        assert_eq!(Pivot::parse(&abroad).expect("complete").birthplace, None);
    }

    #[test]
    fn presumed_dates_are_read_and_completed_and_impossible_ones_refused() {
        for (text, completed) in [
            ("1962-08-24", "1962-08-24"),
            ("1962-08-00", "1962-08-01"),
            ("1962-00-00", "1962-01-01"),
            ("2000-02-29", "2000-02-29"),
        ] {
            let date = Birthdate::parse(text).expect(text);
            assert_eq!(date.to_string(), text);
            assert_eq!(date.completed().to_string(), completed);
        }
        for bad in [
            "1962-00-24",
            "1962-13-01",
            "1962-02-30",
            "1900-02-29",
            "62-08-24",
            "1962/08/24",
            "1962-8-24",
            "0000-00-00",
            "+962-08-24",
            "1962-08-2é",
        ] {
            assert!(Birthdate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_with_look_alikes_or_invisible_characters_are_refused() {
        for bad in [
            "DUB\u{43E}IS",
            "DUBOIS\u{200B}",
            "\u{202E}SIOBUD",
            "DUBOIS\n",
            "<b>",
            "\u{0391}",
            "",
            " ",
            "-",
            "D\u{0}",
            "DUBOIS1",
        ] {
            assert!(Name::parse("family_name", bad).is_err(), "{bad:?}");
        }
        assert!(Name::parse("family_name", &"A".repeat(257)).is_err());
        for good in ["LEFÈVRE", "D’ARC", "O'Neill", "Saint-Just", "Nguyễn", "Łukasz", "Ÿ", "van der Berg"] {
            assert!(Name::parse("family_name", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_two_unicode_forms_of_a_name_are_one_name() {
        assert_eq!(Name::parse("family_name", "LEFE\u{300}VRE"), Name::parse("family_name", "LEFÈVRE"));
    }

    #[test]
    fn corsica_has_letters_in_its_codes() {
        for (code, ok) in
            [("2A004", true), ("2B033", true), ("2C001", false), ("99100", true), ("9910", false), ("A2004", false)]
        {
            assert_eq!(Place::parse("birthplace", code).is_ok(), ok, "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,40}") {
            let _ = Birthdate::parse(&text);
            let _ = Name::parse("family_name", &text);
            let _ = Place::parse("birthplace", &text);
        }

        #[test]
        fn a_parsed_name_parses_to_itself(text in "[A-Za-zÀ-ÿ '’.-]{1,60}") {
            if let Ok(name) = Name::parse("family_name", &text) {
                prop_assert_eq!(Name::parse("family_name", name.as_str()), Ok(name.clone()));
            }
        }
    }
}
