//! What opens a chip: printed on the document, known to whoever holds it (ICAO 9303-11 §9.7.3).

use std::fmt;

use zeroize::Zeroizing;

use super::Fault;
use crate::hash::Hash;
use crate::mrz::{Mrz, check_digit};

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
        let is_number = number.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'Z' | b'<'));
        let is_date = |date: &str| date.len() == 6 && date.bytes().all(|digit| digit.is_ascii_digit() || digit == b'<');
        if !(1..=22).contains(&number.len()) || !is_number || !is_date(birth) || !is_date(expiry) {
            return Err(Fault::Password);
        }
        let number = Zeroizing::new(format!("{number:<<9}"));
        let mut text = Zeroizing::new(String::with_capacity(64));
        for field in [&number[..], birth, expiry] {
            text.push_str(field);
            text.extend(char::from_digit(check_digit(field), 10));
        }
        Ok(Self::of_access_information(&text))
    }

    /// Of a machine readable zone that was read and whose check digits are right.
    pub fn of(zone: &Mrz) -> Self {
        Self::of_access_information(&Zeroizing::new(zone.access_information()))
    }

    fn of_access_information(text: &str) -> Self {
        Self { reference: 1, encoded: Zeroizing::new(Hash::Sha1.digest(&[text.as_bytes()])) }
    }
}
