//! What opens a chip: printed on the document, known to whoever holds it (ICAO 9303-11 §9.7.3).

use std::fmt;

use zeroize::Zeroizing;

use super::Fault;
use crate::hash::Hash;

/// What is printed on the document and opens its chip: wiped when it goes.
pub struct Password {
    pub(super) reference: u8,
    pub(super) encoded: Zeroizing<Vec<u8>>,
}

/// No character of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    /// The six digits of the card access number.
    ///
    /// # Errors
    /// [`Fault::Password`] for anything else.
    pub fn can(digits: &str) -> Result<Self, Fault> {
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Fault::Password);
        }
        Ok(Self { reference: 2, encoded: Zeroizing::new(digits.into()) })
    }

    /// Of the machine readable zone, document number, date of birth and date of expiry (`YYMMDD`); the check digits are
    /// computed here. A number of more than nine characters is given whole (ICAO 9303-11 §9.7.3).
    ///
    /// # Errors
    /// [`Fault::Password`] for characters that the zone does not have, or other lengths.
    pub fn mrz(number: &str, birth: &str, expiry: &str) -> Result<Self, Fault> {
        let is_date = |date: &str| date.len() == 6 && date.bytes().all(|digit| digit.is_ascii_digit() || digit == b'<');
        if number.is_empty() || number.len() > 22 || !is_date(birth) || !is_date(expiry) {
            return Err(Fault::Password);
        }
        let number = Zeroizing::new(format!("{number:<<9}"));
        let mut text = Zeroizing::new(Vec::with_capacity(64));
        for field in [&number[..], birth, expiry] {
            text.extend_from_slice(field.as_bytes());
            text.push(check_digit(field).ok_or(Fault::Password)?);
        }
        Ok(Self { reference: 1, encoded: Zeroizing::new(Hash::Sha1.digest(&[&text])) })
    }
}

/// ICAO 9303-3 §4.9: weights 7, 3, 1.
fn check_digit(field: &str) -> Option<u8> {
    let values = field.bytes().map(|character| match character {
        b'<' => Some(0_u32),
        b'0'..=b'9' | b'A'..=b'Z' => char::from(character).to_digit(36),
        _ => None,
    });
    let sum = values
        .zip([7, 3, 1].into_iter().cycle())
        .try_fold(0_u32, |sum, (value, weight)| value.map(|value| sum.saturating_add(value.saturating_mul(weight))))?;
    u8::try_from(sum.checked_rem(10)?).ok().map(|digit| b'0'.saturating_add(digit))
}
