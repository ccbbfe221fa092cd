//! Distinguished names, compared by value: documents and their certificates write the same name with different string types,
//! in other cases and with other spaces (RFC 5280 §7.1).

use std::fmt;

use der::asn1::ObjectIdentifier;

use crate::asn1::{self, Malformed, SEQUENCE, SET};
use crate::tlv::{self, Object, Reader};

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A name whose parts are folded for comparison.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Vec<Vec<(Vec<u8>, Value)>>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Value {
    Text(String),
    /// Of no string type that is known: tag and octets.
    Other(u32, Vec<u8>),
}

impl Name {
    /// Reads a name in DER.
    pub fn read(der: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Vec::new();
        for part in Reader::new(tlv::only(der, SEQUENCE)?) {
            let part = part?;
            let mut attributes = Vec::new();
            for attribute in Reader::new(part.value) {
                let attribute = attribute?;
                let mut fields = Reader::new(attribute.value);
                let kind = asn1::oid(&mut fields)?;
                let value = fields.next().ok_or(Malformed)??;
                fields.finish()?;
                if attribute.tag != SEQUENCE {
                    return Err(Malformed);
                }
                attributes.push((kind.as_bytes().to_vec(), Value::of(&value)));
            }
            if part.tag != SET || attributes.is_empty() {
                return Err(Malformed);
            }
            attributes.sort_unstable();
            parts.push(attributes);
        }
        Ok(Self(parts))
    }

    /// Its country, in capital letters, if it has exactly one.
    pub fn country(&self) -> Option<String> {
        self.only(COUNTRY)
    }

    /// Its serial number, in capital letters, if it has exactly one: that of the subject, not of the certificate
    /// (X.520 §6.2.9).
    pub fn serial_number(&self) -> Option<String> {
        self.only(SERIAL_NUMBER)
    }

    fn only(&self, kind: ObjectIdentifier) -> Option<String> {
        let mut texts = self.texts(kind);
        let text = texts.next()?.to_uppercase();
        texts.next().is_none().then_some(text)
    }

    fn texts(&self, kind: ObjectIdentifier) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().filter_map(move |(found, value)| match value {
            Value::Text(text) if found == kind.as_bytes() => Some(text.as_str()),
            Value::Text(_) | Value::Other(..) => None,
        })
    }
}

/// Common name and country, folded: for reports, not for comparison.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.texts(COMMON_NAME).next().unwrap_or("?");
        write!(f, "CN={name}")?;
        self.country().map_or(Ok(()), |country| write!(f, ", C={country}"))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Value {
    fn of(object: &Object<'_>) -> Self {
        Self::text(object).map_or_else(|| Self::Other(object.tag.0, object.value.to_vec()), Self::Text)
    }

    /// Case and runs of white space do not count.
    fn text(object: &Object<'_>) -> Option<String> {
        let octets = object.value;
        let text: String = match object.tag.0 {
            // UTF8String, NumericString, PrintableString, IA5String, VisibleString
            0x0c | 0x12 | 0x13 | 0x16 | 0x1a => std::str::from_utf8(octets).ok()?.to_owned(),
            // TeletexString, read as everybody does: ISO 8859-1
            0x14 => octets.iter().map(|octet| char::from(*octet)).collect(),
            // BMPString
            0x1e => {
                let (pairs, rest) = octets.as_chunks::<2>();
                let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
                String::from_utf16(&units).ok().filter(|_| rest.is_empty())?
            }
            _ => return None,
        };
        Some(text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
    }
}
