//! Letters of a host: which a production host may have, whose the others are, and which of the former look alike.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::HostFault;

/// A script that is not Latin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Cyrillic, whose small a, c, e, o, p, x, y look as the Latin ones.
    Cyrillic,
    /// Greek and Coptic, whose small omicron, nu and alpha do.
    Greek,
    /// Any other.
    Other,
}

impl Script {
    /// The script of a letter that is not Latin.
    const fn of(letter: char) -> Option<Self> {
        match letter {
            // Latin with its extensions, phonetic signs, marks, and forms of width.
            '\0'..='\u{36F}'
            | '\u{1D00}'..='\u{1DBF}'
            | '\u{1E00}'..='\u{1EFF}'
            | '\u{2C60}'..='\u{2C7F}'
            | '\u{A720}'..='\u{A7FF}'
            | '\u{AB30}'..='\u{AB6F}' => None,
            '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' | '\u{2C80}'..='\u{2CFF}' => Some(Self::Greek),
            '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' | '\u{2DE0}'..='\u{2DFF}' | '\u{A640}'..='\u{A69F}' => {
                Some(Self::Cyrillic)
            }
            _ => Some(Self::Other),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cyrillic => "Cyrillic",
            Self::Greek => "Greek",
            Self::Other => "foreign",
        })
    }
}

/// The letters beyond ASCII that a name under `.fr` may have (AFNIC, registration rules).
const FRENCH: &str = "àáâãäåæçèéêëìíîïñòóôõöœùúûüýÿß";

const fn is_ascii_name(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '-')
}

/// Judges a label, mapped and as it is shown.
pub(super) fn judge(label: &str) -> Result<(), HostFault> {
    let allowed = |c: char| is_ascii_name(c) || FRENCH.contains(c);
    let Some(letter) = label.chars().find(|c| !allowed(*c)) else { return Ok(()) };
    // A letter of another script says more than one beside it that is merely not French.
    let foreign = label.chars().find_map(|letter| Some((letter, Script::of(letter)?)));
    let Some((letter, script)) = foreign else { return Err(HostFault::Letter { letter }) };
    if label.chars().any(|c| c.is_alphabetic() && Script::of(c).is_none()) {
        Err(HostFault::MixedScripts { letter, script })
    } else {
        Err(HostFault::ForeignScript { letter, script })
    }
}

/// What is left of a name when everything is made one that can be taken for another: accents, hyphens and dots go, zero is
/// o, one and i are l, two letters that look as one are that one.
pub(super) fn skeleton(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            '.' | '-' => {}
            '0' => plain.push('o'),
            '1' | 'i' => plain.push('l'),
            'œ' => plain.push_str("oe"),
            'æ' => plain.push_str("ae"),
            'ß' => plain.push_str("ss"),
            _ => plain.push(c),
        }
    }
    plain.replace("rn", "m").replace("vv", "w")
}
