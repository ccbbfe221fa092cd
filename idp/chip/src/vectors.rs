//! Reads the vectors that `vectors/generate.py` printed: cases between empty lines, each line a word and a value.

use crate::agreement::{Domain, Public, RANDOMNESS, Randomness};
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::modp::Modp;

/// Octets from the hexadecimal digits of a worked example; anything else in the text is skipped.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// One case.
pub(crate) struct Case(Vec<(&'static str, &'static str)>);

/// All cases of a file.
pub(crate) fn cases(text: &'static str) -> Vec<Case> {
    let cases: Vec<_> = text.split("\n\n").map(case).filter(|case| !case.0.is_empty()).collect();
    assert!(cases.len() > 5, "the vectors are there");
    cases
}

fn case(text: &'static str) -> Case {
    Case(text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect())
}

impl Case {
    pub(crate) fn text(&self, key: &str) -> &'static str {
        self.0.iter().find(|(known, _)| *known == key).unwrap_or_else(|| panic!("{key} is there")).1
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == key)
    }

    pub(crate) fn octets(&self, key: &str) -> Vec<u8> {
        hex(self.text(key))
    }

    pub(crate) fn all(&self, key: &str) -> Vec<Vec<u8>> {
        self.0.iter().filter(|(known, _)| *known == key).map(|(_, value)| hex(value)).collect()
    }

    pub(crate) fn curve(&self) -> Curve {
        Curve::ALL.into_iter().find(|curve| curve.name() == self.text("curve")).unwrap()
    }

    /// The curve or the group.
    pub(crate) fn domain(&self) -> Domain {
        let group = Modp::ALL.into_iter().find(|group| group.name() == self.text("curve"));
        group.map_or_else(|| self.curve().into(), Domain::from)
    }

    pub(crate) fn public(&self, key: &str) -> Public {
        self.domain().public(&self.octets(key)).unwrap()
    }

    pub(crate) fn cipher(&self) -> Cipher {
        Cipher::of_arc(self.text("cipher").parse().unwrap()).unwrap()
    }

    pub(crate) fn randomness(&self, key: &str) -> Randomness {
        let octets: [u8; RANDOMNESS] = self.octets(key).try_into().unwrap();
        Randomness::new(octets)
    }
}
