//! DER as the simulator writes it (ITU-T X.690 §10), and the little reading that files and commands need (ISO/IEC 7816-4
//! §5.2.2).

use time::OffsetDateTime;
use time::macros::format_description;

/// SEQUENCE.
pub const SEQUENCE: u32 = 0x30;
/// SET.
pub const SET: u32 = 0x31;

/// One object: tag (up to three octets, as they are written), length, contents.
pub fn object(tag: u32, contents: &[u8]) -> Vec<u8> {
    let mut written: Vec<u8> = tag.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    let length = contents.len();
    if length < 0x80 {
        written.push(u8::try_from(length).unwrap_or_default());
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        written.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
        written.extend(octets);
    }
    written.extend_from_slice(contents);
    written
}

/// SEQUENCE of these parts.
pub fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    object(SEQUENCE, &joined(parts))
}

/// SET OF, its members in the order that DER demands.
pub fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    object(SET, &joined(&parts))
}

/// An explicit context tag.
pub fn context<P: AsRef<[u8]>>(number: u32, parts: &[P]) -> Vec<u8> {
    object(0xa0 | number, &joined(parts))
}

fn joined<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect()
}

/// OBJECT IDENTIFIER, with its tag.
///
/// # Panics
/// When the text is none.
pub fn oid(dotted: &str) -> Vec<u8> {
    object(0x06, &oid_value(dotted))
}

/// The contents of an object identifier: what commands carry.
///
/// # Panics
/// When the text is none.
pub fn oid_value(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u32> = dotted.split('.').map(|arc| arc.parse().expect("arcs are numbers")).collect();
    let (first, rest) = arcs.split_at(2);
    let mut written = Vec::new();
    for arc in std::iter::once(first[0] * 40 + first[1]).chain(rest.iter().copied()) {
        let groups = (0..5).rev().map(|group| arc >> (7 * group)).skip_while(|high| *high == 0);
        let mut octets: Vec<u8> = groups.map(|group| u8::try_from(group & 0x7f).unwrap_or_default() | 0x80).collect();
        match octets.last_mut() {
            Some(last) => *last &= 0x7f,
            None => octets.push(0),
        }
        written.extend(octets);
    }
    written
}

/// INTEGER that is not negative, from its octets.
pub fn integer(octets: &[u8]) -> Vec<u8> {
    let mut value: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    if value.first().is_none_or(|first| first & 0x80 != 0) {
        value.insert(0, 0);
    }
    object(0x02, &value)
}

/// A small INTEGER.
pub fn number(value: u32) -> Vec<u8> {
    integer(&value.to_be_bytes())
}

/// OCTET STRING.
pub fn octets(value: &[u8]) -> Vec<u8> {
    object(0x04, value)
}

/// BIT STRING of whole octets.
pub fn bits(value: &[u8]) -> Vec<u8> {
    object(0x03, &[&[0], value].concat())
}

/// NULL.
pub fn null() -> Vec<u8> {
    object(0x05, &[])
}

/// BOOLEAN TRUE.
pub fn truth() -> Vec<u8> {
    object(0x01, &[0xff])
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    object(0x0c, text.as_bytes())
}

/// PrintableString.
pub fn printable(text: &str) -> Vec<u8> {
    object(0x13, text.as_bytes())
}

/// UTCTime, from 2050 on GeneralizedTime (RFC 5280 §4.1.2.5), of epoch seconds.
///
/// # Panics
/// When the moment is in no year of four digits.
pub fn moment(at: i64) -> Vec<u8> {
    let moment = OffsetDateTime::from_unix_timestamp(at).expect("a year of four digits");
    let full = moment.format(format_description!("[year][month][day][hour][minute][second]Z")).expect("a year of four");
    if moment.year() < 2050 { object(0x17, &full.as_bytes()[2..]) } else { object(0x18, full.as_bytes()) }
}

/// GeneralizedTime as the contents of an implicit tag (RFC 5280 §4.2.1.4 of RFC 3280, privateKeyUsagePeriod).
///
/// # Panics
/// When the moment is in no year of four digits.
pub fn general_moment(tag: u32, at: i64) -> Vec<u8> {
    let moment = OffsetDateTime::from_unix_timestamp(at).expect("a year of four digits");
    let full = moment.format(format_description!("[year][month][day][hour][minute][second]Z")).expect("a year of four");
    object(tag, full.as_bytes())
}

/// One object that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its tag, as it is written.
    pub tag: u32,
    /// Its contents.
    pub value: &'a [u8],
    /// All of it.
    pub whole: &'a [u8],
}

/// The first object, and what follows it.
pub fn first(bytes: &[u8]) -> Option<(Object<'_>, &[u8])> {
    let (tag, value, total) = head(bytes)?;
    let whole = bytes.get(..total)?;
    Some((Object { tag, value: whole.get(value..)?, whole }, bytes.get(total..)?))
}

/// All objects in a row; none when one is broken.
pub fn all(mut bytes: &[u8]) -> Option<Vec<Object<'_>>> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (object, rest) = first(bytes)?;
        objects.push(object);
        bytes = rest;
    }
    Some(objects)
}

/// The contents of the first object of this tag.
pub fn find(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    all(bytes)?.into_iter().find(|object| object.tag == tag).map(|object| object.value)
}

/// How long a file is, from its first octets.
pub fn announced(bytes: &[u8]) -> Option<usize> {
    head(bytes).map(|(_, _, total)| total)
}

/// Tag, where the contents begin, and the length of all.
fn head(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    let mut tag = u32::from(*bytes.first()?);
    let mut at = 1;
    if tag & 0x1f == 0x1f {
        loop {
            let next = *bytes.get(at)?;
            tag = tag.checked_mul(0x100)? | u32::from(next);
            at += 1;
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let length = usize::from(*bytes.get(at)?);
    at += 1;
    if length < 0x80 {
        return Some((tag, at, at + length));
    }
    let octets = bytes.get(at..at + (length & 0x7f))?;
    if octets.is_empty() || octets.len() > 3 {
        return None;
    }
    at += octets.len();
    let length = octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    Some((tag, at, at + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_tags_are_written_as_they_are_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            for tag in [0x30, 0x77, 0x7f49, 0x5f2e] {
                let contents = vec![7; length];
                let written = object(tag, &contents);
                let (read, rest) = first(&written).unwrap();
                assert_eq!((read.tag, read.value, rest), (tag, contents.as_slice(), [].as_slice()));
                assert_eq!(announced(&written[..written.len().min(6)]), Some(written.len()));
            }
        }
    }

    #[test]
    fn an_identifier_is_written_in_groups_of_seven_bits() {
        assert_eq!(oid("1.2.840.113549.1.7.2"), [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]);
        assert_eq!(oid_value("0.4.0.127.0.7.2.2.4.2.4"), [4, 0, 0x7f, 0, 7, 2, 2, 4, 2, 4]);
    }

    #[test]
    fn a_moment_is_short_until_2050() {
        assert_eq!(moment(0), [&[0x17, 13][..], b"700101000000Z"].concat());
        assert_eq!(moment(2_524_608_000), [&[0x18, 15][..], b"20500101000000Z"].concat());
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        let written = object(0x30, &[1; 200]);
        assert!((0..written.len()).all(|end| first(&written[..end]).is_none()));
    }
}
