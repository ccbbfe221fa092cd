//! SIREN and SIRET: the numbers of a body and of one of its establishments, as INSEE gives them.
//!
//! ```text
//!  216901231 00011
//!  └ SIREN ┘ └NIC┘   the last digit of each part is a key: Luhn over 9 digits, and over all 14
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no SIREN or SIRET. The texts repeat nothing of what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// Nothing but spaces.
    #[error("the number is empty")]
    Empty,
    /// Fourteen characters that begin with letters: what payroll declarations of Monaco carry in the place of a SIRET.
    #[error("this is a number of Monaco, which is no SIRET")]
    Monaco,
    /// Something else than digits, spaces and dots.
    #[error("the number has other characters than digits")]
    NotDigits,
    /// Too few or too many digits.
    #[error("the number has {seen} digits, and should have {wanted}{}", hint(*seen, *wanted))]
    Length {
        /// How many there are.
        seen: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// Only zeros, or a SIREN of zeros: the key of nothing is right, and it is nobody's number.
    #[error("the number is made of zeros")]
    Zeros,
    /// The key does not go with the digits before it: one of them is mistyped.
    #[error("the key of the number is wrong: one of its digits is mistyped")]
    Key,
}

const fn hint(seen: usize, wanted: usize) -> &'static str {
    match (seen, wanted) {
        (9, 14) => ": this is a SIREN, the SIRET has five digits more",
        (14, 9) => ": this is a SIRET, the SIREN is its first nine digits",
        _ => "",
    }
}

/// The SIREN of a body: eight digits and their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Siren(u32);

/// The SIRET of an establishment: the SIREN of its body and five digits more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Siret {
    siren: Siren,
    establishment: u32,
}

/// La Poste, whose branches outnumber the keys of Luhn (INSEE).
const LA_POSTE: u32 = 356_000_000;

impl Siren {
    /// Reads a SIREN; spaces and dots between its digits are left out.
    pub fn parse(text: &str) -> Result<Self, NumberFault> {
        Self::of(&digits(text, 9)?)
    }

    fn of(digits: &[u32]) -> Result<Self, NumberFault> {
        match value(digits) {
            0 => Err(NumberFault::Zeros),
            _ if luhn(digits) != 0 => Err(NumberFault::Key),
            siren => Ok(Self(siren)),
        }
    }

    /// The nine digits as a number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl Siret {
    /// Reads a SIRET; spaces and dots between its digits are left out. That it is valid does not say that it exists.
    pub fn parse(text: &str) -> Result<Self, NumberFault> {
        let digits = digits(text, 14)?;
        let (body, establishment) = digits.split_at_checked(9).ok_or(NumberFault::Empty)?;
        let siren = Siren::of(body)?;
        // A branch of La Poste has either key, and never neither (of 100 000 numbers, 28 000).
        let by_sum = siren.0 == LA_POSTE && digits.iter().sum::<u32>() % 5 == 0;
        if luhn(&digits) == 0 || by_sum {
            Ok(Self { siren, establishment: value(establishment) })
        } else {
            Err(NumberFault::Key)
        }
    }

    /// The SIREN of the body that the establishment belongs to.
    pub const fn siren(self) -> Siren {
        self.siren
    }

    /// The fourteen digits without spaces, as they are stored and sent.
    pub fn digits(self) -> String {
        format!("{:09}{:05}", self.siren.0, self.establishment)
    }
}

/// The digits of a number of so many, without what people and programs put between them.
fn digits(text: &str, wanted: usize) -> Result<Vec<u32>, NumberFault> {
    // Spaces of every width, with and without break; the mark at the beginning of a file; dots as on letterheads.
    let between = |c: char| c.is_whitespace() || matches!(c, '.' | '\u{200B}' | '\u{FEFF}');
    let kept = || text.chars().filter(|c| !between(*c));
    if kept().next().is_none() {
        return Err(NumberFault::Empty);
    }
    let mut digits = Vec::with_capacity(14);
    for c in kept() {
        // Digits of other scripts are none: what is stored is what was read.
        match c.to_digit(10) {
            Some(digit) => digits.push(digit),
            None if is_of_monaco(kept()) => return Err(NumberFault::Monaco),
            None => return Err(NumberFault::NotDigits),
        }
    }
    match digits.len() {
        seen if seen != wanted => Err(NumberFault::Length { seen, wanted }),
        _ => Ok(digits),
    }
}

/// `MONACOCONFO001` and its like.
fn is_of_monaco(kept: impl Iterator<Item = char> + Clone) -> bool {
    let begins = kept.clone().zip("MONACO".chars()).all(|(seen, letter)| seen.eq_ignore_ascii_case(&letter));
    begins && kept.count() == 14
}

fn value(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + digit)
}

/// The rest that the key of Luhn leaves: none for a right one.
fn luhn(digits: &[u32]) -> u32 {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let from_right = digits.iter().rev().enumerate();
    from_right.map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit }).sum::<u32>() % 10
}

impl fmt::Display for Siren {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millions, thousands, ones) = (self.0 / 1_000_000, self.0 / 1_000 % 1_000, self.0 % 1_000);
        write!(f, "{millions:03} {thousands:03} {ones:03}")
    }
}

impl fmt::Display for Siret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:05}", self.siren, self.establishment)
    }
}

impl TryFrom<String> for Siren {
    type Error = NumberFault;

    fn try_from(text: String) -> Result<Self, NumberFault> {
        Self::parse(&text)
    }
}

impl From<Siren> for String {
    fn from(siren: Siren) -> Self {
        format!("{:09}", siren.0)
    }
}

impl TryFrom<String> for Siret {
    type Error = NumberFault;

    fn try_from(text: String) -> Result<Self, NumberFault> {
        Self::parse(&text)
    }
}

impl From<Siret> for String {
    fn from(siret: Siret) -> Self {
        siret.digits()
    }
}

#[cfg(test)]
#[path = "siret_tests.rs"]
mod tests;
