//! Distinguished names: as certificates hold them (RFC 5280 §4.1.2.4) and as people write them (RFC 4514).

use x509_parser::asn1_rs::{Any, FromDer as _, Tag};
use x509_parser::x509::X509Name;

/// A distinguished name, first relative name first as in the certificate. Two are equal when they have the same
/// attributes with the same values in the same order: letter case and spaces within a value count, which is stricter
/// than a directory compares (RFC 4517 §4.2.15) and never admits a name that only resembles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DistinguishedName(Vec<Relative>);

/// The attributes of one relative name, sorted: they are a set.
type Relative = Vec<(AttributeType, Value)>;

/// An object identifier in dotted form.
type AttributeType = String;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// Text, whatever string type carries it.
    Text(String),
    /// Anything else: its tag and its octets.
    Other(u32, Vec<u8>),
}

/// Why a text is no distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDistinguishedName {
    /// No attribute at all: it would fit every certificate without a subject.
    #[error("is empty")]
    Empty,
    /// An attribute without `=`.
    #[error("has a part that is not attribute=value")]
    Part,
    /// An attribute type that is neither known by name nor an object identifier.
    #[error("has an attribute type that is not known: write it as an object identifier, such as 2.5.4.97")]
    Type,
    /// A value that is not written as RFC 4514 says.
    #[error("has a value that is not escaped as RFC 4514 says")]
    Value,
}

/// The attribute types with names: those of RFC 4514 §3, and those that certificate tools print.
const NAMES: [(&str, &str); 22] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("SN", "2.5.4.4"),
    ("surname", "2.5.4.4"),
    ("GN", "2.5.4.42"),
    ("givenName", "2.5.4.42"),
    ("serialNumber", "2.5.4.5"),
    ("title", "2.5.4.12"),
    ("description", "2.5.4.13"),
    ("businessCategory", "2.5.4.15"),
    ("postalCode", "2.5.4.17"),
    ("pseudonym", "2.5.4.65"),
    ("dnQualifier", "2.5.4.46"),
    ("organizationIdentifier", "2.5.4.97"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
];

impl DistinguishedName {
    /// The name in a certificate.
    pub(super) fn of(name: &X509Name<'_>) -> Self {
        let relative = |attributes: Vec<(AttributeType, Value)>| {
            let mut attributes = attributes;
            attributes.sort();
            attributes
        };
        let names = name.iter_rdn().map(|rdn| {
            relative(rdn.iter().map(|one| (one.attr_type().to_id_string(), value_of(one.attr_value()))).collect())
        });
        Self(names.collect())
    }

    /// A name as RFC 4514 writes it: last relative name first. Spaces around `,`, `+` and `=` do not count.
    pub(super) fn parse(text: &str) -> Result<Self, BadDistinguishedName> {
        if text.trim().is_empty() {
            return Err(BadDistinguishedName::Empty);
        }
        let mut names = Vec::new();
        for relative in split(text, b',') {
            let attributes: Result<Relative, _> = split(relative, b'+').into_iter().map(attribute).collect();
            let mut attributes = attributes?;
            attributes.sort();
            names.push(attributes);
        }
        names.reverse();
        Ok(Self(names))
    }
}

/// Splits at a separator that no backslash stands before.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if byte == b'\\' {
            escaped = true;
        } else if byte == separator {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn attribute(text: &str) -> Result<(AttributeType, Value), BadDistinguishedName> {
    let (kind, value) = text.split_once('=').ok_or(BadDistinguishedName::Part)?;
    let kind = kind.trim_matches(' ');
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, oid)| (*oid).to_owned());
    let kind =
        named.or_else(|| is_object_identifier(kind).then(|| kind.to_owned())).ok_or(BadDistinguishedName::Type)?;
    Ok((kind, value_in(value)?))
}

fn is_object_identifier(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    let number = |arc: &&str| {
        !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (*arc == "0" || !arc.starts_with('0'))
    };
    arcs.len() >= 2 && arcs.iter().all(number)
}

/// RFC 4514 §2.4: a string with escapes, or `#` and the hexadecimal of a DER value.
fn value_in(text: &str) -> Result<Value, BadDistinguishedName> {
    let text = text.trim_start_matches(' ');
    if let Some(digits) = text.strip_prefix('#') {
        let der = hexadecimal(digits.trim_end_matches(' ')).ok_or(BadDistinguishedName::Value)?;
        return match Any::from_der(&der) {
            Ok((&[], any)) => Ok(value_of(&any)),
            Ok(_) | Err(_) => Err(BadDistinguishedName::Value),
        };
    }
    let mut octets: Vec<u8> = Vec::with_capacity(text.len());
    // Spaces at the end count only when escaped.
    let mut kept = 0;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                octets.push(unescaped(&mut bytes).ok_or(BadDistinguishedName::Value)?);
                kept = octets.len();
            }
            b'"' | b'+' | b',' | b';' | b'<' | b'>' | 0 => return Err(BadDistinguishedName::Value),
            b' ' => octets.push(b' '),
            other => {
                octets.push(other);
                kept = octets.len();
            }
        }
    }
    octets.truncate(kept);
    String::from_utf8(octets).map(Value::Text).map_err(|_| BadDistinguishedName::Value)
}

/// What follows a backslash: a special character, or an octet in hexadecimal.
fn unescaped(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    match bytes.next()? {
        special @ (b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\') => Some(special),
        first => Some(digit(first)? << 4 | digit(bytes.next()?)?),
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| <[u8; 2]>::try_from(pair).ok().and_then(|[a, b]| Some(digit(a)? << 4 | digit(b)?))).collect()
}

fn value_of(any: &Any<'_>) -> Value {
    let text = match any.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            std::str::from_utf8(any.data).ok().map(str::to_owned)
        }
        Tag::BmpString => {
            let units = any.data.chunks(2).map(|unit| <[u8; 2]>::try_from(unit).map(u16::from_be_bytes));
            units.collect::<Result<Vec<_>, _>>().ok().and_then(|units| String::from_utf16(&units).ok())
        }
        _ => None,
    };
    text.map_or_else(|| Value::Other(any.tag().0, any.data.to_vec()), Value::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    #[test]
    fn one_name_has_several_spellings() {
        for (one, other) in [
            ("CN=Ville,O=État,C=FR", "cn=Ville, o=\\C3\\89tat , 2.5.4.6=FR"),
            ("OU=a+CN=b", "CN=b+OU=a"),
            ("CN=a\\,b\\+c\\=d", "CN=a\\2cb\\2Bc=d"),
            ("CN=#0C0141", "CN=A"),
            ("CN=\\ a\\ ", "CN= \\20a\\20 "),
            ("CN=\\#a", "CN=\\23a"),
            ("CN=", "CN= "),
        ] {
            assert_eq!(read(one), read(other), "{one}  {other}");
        }
    }

    #[test]
    fn names_that_only_resemble_are_others() {
        for (one, other) in [
            ("CN=Ville", "CN=ville"),
            ("CN=Ville", "O=Ville"),
            ("CN=a,O=b", "O=b,CN=a"),
            ("CN=a,O=b", "CN=a+O=b"),
            ("CN=a", "CN=a,C=FR"),
            ("CN=a b", "CN=a  b"),
            ("CN=a", "CN=a\\ "),
            ("CN=a\\,O=b", "CN=a,O=b"),
            ("CN=A", "CN=#030141"),
        ] {
            assert_ne!(read(one), read(other), "{one}  {other}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, fault) in [
            ("", BadDistinguishedName::Empty),
            ("  ", BadDistinguishedName::Empty),
            ("Ville", BadDistinguishedName::Part),
            ("CN=a,", BadDistinguishedName::Part),
            ("CN=a++O=b", BadDistinguishedName::Part),
            ("XY=a", BadDistinguishedName::Type),
            ("2.5..4=a", BadDistinguishedName::Type),
            ("2.05.4=a", BadDistinguishedName::Type),
            ("=a", BadDistinguishedName::Type),
            ("CN=\"a\"", BadDistinguishedName::Value),
            ("CN=a;O=b", BadDistinguishedName::Value),
            ("CN=a\\", BadDistinguishedName::Value),
            ("CN=a\\x", BadDistinguishedName::Value),
            ("CN=\\C3", BadDistinguishedName::Value),
            ("CN=#", BadDistinguishedName::Value),
            ("CN=#0C014", BadDistinguishedName::Value),
            ("CN=#0C014100", BadDistinguishedName::Value),
        ] {
            assert_eq!(DistinguishedName::parse(text), Err(fault), "{text}");
        }
    }
}
