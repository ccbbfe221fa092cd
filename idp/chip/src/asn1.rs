//! DER of what is signed (ITU-T X.690 §10, §11): one strict pass over all objects before anything of them is read.
//!
//! [`check`] bounds depth and number of objects, so that readers after it may recurse and collect. They take the objects
//! apart with [`tlv::Reader`](crate::tlv::Reader), which keeps the octets as they came (signatures cover those), and read
//! leaves with the `der` crate.

use der::Decode;
use der::asn1::{BitStringRef, ObjectIdentifier};
use spki::AlgorithmIdentifierRef;
use thiserror::Error;

use crate::tlv::{self, Object, Reader, Tag};

pub(crate) const INTEGER: Tag = Tag(0x02);
pub(crate) const BIT_STRING: Tag = Tag(0x03);
pub(crate) const OCTET_STRING: Tag = Tag(0x04);
pub(crate) const OID: Tag = Tag(0x06);
pub(crate) const SEQUENCE: Tag = Tag(0x30);
pub(crate) const SET: Tag = Tag(0x31);

/// A constructed context-specific tag below 31.
pub(crate) const fn context(number: u8) -> Tag {
    Tag(0xa0 | (number & 0x1f) as u32)
}

/// How much may be nested and how many objects there may be: beyond, bytes are refused before they are read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Objects within objects.
    pub depth: u8,
    /// Objects in all.
    pub objects: u32,
}

impl Limits {
    /// For what a card gives: security objects, certificates, security infos.
    pub const CARD: Self = Self { depth: 24, objects: 4096 };
    /// For what an operator loads: revocation and master lists.
    pub const LIST: Self = Self { depth: 24, objects: 1_000_000 };
}

/// Why bytes are no DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// They are not well-formed, or an object has not its only permitted form.
    #[error("the bytes are not DER: {0}")]
    Form(#[from] tlv::Fault),
    /// A primitive value has another form than the one DER permits.
    #[error("a value has not the only form that DER permits")]
    Value,
    /// More objects, or deeper ones, than the limits admit.
    #[error("too many objects, or too deep")]
    Limit,
}

/// That all the bytes are one DER object within the limits.
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), Fault> {
    let mut left = limits.objects;
    let mut reader = Reader::new(bytes);
    let object = reader.next().ok_or(tlv::Fault::Truncated)??;
    reader.finish()?;
    check_object(&object, limits.depth, &mut left)
}

fn check_object(object: &Object<'_>, depth: u8, left: &mut u32) -> Result<(), Fault> {
    *left = left.checked_sub(1).ok_or(Fault::Limit)?;
    // No structure that is read here has a tag number above 30: what has one is not of it.
    match object.tag.0 {
        ..=0x3f => universal(object)?,
        0x40..=0xff => {}
        _ => return Err(tlv::Fault::TagForm.into()),
    }
    if object.tag.is_constructed() {
        let depth = depth.checked_sub(1).ok_or(Fault::Limit)?;
        for inner in Reader::new(object.value) {
            check_object(&inner?, depth, left)?;
        }
    }
    Ok(())
}

/// X.690 §8.3.2, §10.2, §11.1, §11.2.
fn universal(object: &Object<'_>) -> Result<(), Fault> {
    let valid = match (object.tag.0, object.value) {
        // SEQUENCE and SET are constructed, everything else is not.
        (0x30 | 0x31, _) => true,
        (tag, _) if tag & 0x20 != 0 => false,
        (0x10 | 0x11 | 0x00, _) | (0x03, []) => false,
        (0x01, value) => matches!(value, [0x00 | 0xff]),
        (0x02 | 0x0a, [first, second, ..]) => !matches!((first, second & 0x80), (0x00, 0) | (0xff, 0x80)),
        (0x02 | 0x0a | 0x06, value) => !value.is_empty(),
        (0x03, [unused, bits @ ..]) => {
            let padding = (1_u8 << (unused & 7)).wrapping_sub(1);
            *unused <= 7 && bits.last().map_or(*unused == 0, |last| last & padding == 0)
        }
        (0x05, value) => value.is_empty(),
        _ => true,
    };
    if valid { Ok(()) } else { Err(Fault::Value) }
}

/// An object identifier.
pub(crate) fn oid(reader: &mut Reader<'_>) -> Result<ObjectIdentifier, Malformed> {
    ObjectIdentifier::from_bytes(reader.expect(OID)?).map_err(|_| Malformed)
}

/// A small number that is not negative.
pub(crate) fn small(value: &[u8]) -> Result<u32, Malformed> {
    match value {
        [first, ..] if first & 0x80 == 0 && value.len() <= 4 => {
            Ok(value.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
        }
        _ => Err(Malformed),
    }
}

/// An algorithm with its parameters as they came.
pub(crate) fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<AlgorithmIdentifierRef<'a>, Malformed> {
    AlgorithmIdentifierRef::from_der(reader.object(SEQUENCE)?.whole).map_err(|_| Malformed)
}

/// The octets of a bit string without unused bits.
pub(crate) fn bits<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let object = reader.object(BIT_STRING)?;
    BitStringRef::from_der(object.whole).ok().and_then(|bits| bits.as_bytes()).ok_or(Malformed)
}

/// A structure that is not what its place demands. Where and which, the caller's refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the structure is not what its place demands")]
pub struct Malformed;

impl From<tlv::Fault> for Malformed {
    fn from(_: tlv::Fault) -> Self {
        Self
    }
}

impl From<Fault> for Malformed {
    fn from(_: Fault) -> Self {
        Self
    }
}

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_form_of_each_value_is_der() {
        for good in [
            &[0x30, 0][..],
            &[0x01, 1, 0xff],
            &[0x02, 1, 0],
            &[0x02, 2, 0, 0x80],
            &[0x03, 1, 0],
            &[0x03, 2, 3, 0xf8],
            &[0x05, 0],
            &[0x30, 3, 0x02, 1, 5],
            &[0xa0, 2, 0x05, 0],
        ] {
            assert_eq!(check(good, Limits::CARD), Ok(()), "{good:02x?}");
        }
        for bad in [
            &[][..],
            &[0x01, 1, 1],
            &[0x02, 0],
            &[0x02, 2, 0, 0x7f],
            &[0x02, 2, 0xff, 0x80],
            &[0x03, 0],
            &[0x03, 1, 3],
            &[0x03, 2, 8, 0],
            &[0x03, 2, 3, 0xff],
            &[0x05, 1, 0],
            &[0x06, 0],
            &[0x24, 2, 0x04, 0],
            &[0x10, 0],
            &[0x00, 0],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0, 0],
            &[0x9f, 0x01, 0],
            &[0x30, 0x81, 0],
        ] {
            assert!(check(bad, Limits::CARD).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let mut deep = vec![0x05, 0];
        for _ in 0..24 {
            let mut outer = Vec::new();
            tlv::write(&mut outer, SEQUENCE, &deep).unwrap();
            deep = outer;
        }
        assert_eq!(check(&deep, Limits::CARD), Ok(()));
        let mut deeper = Vec::new();
        tlv::write(&mut deeper, SEQUENCE, &deep).unwrap();
        assert_eq!(check(&deeper, Limits::CARD), Err(Fault::Limit));
        let mut wide = Vec::new();
        tlv::write(&mut wide, SEQUENCE, &[0x05, 0].repeat(4095)).unwrap();
        assert_eq!(check(&wide, Limits::CARD), Ok(()));
        let mut wider = Vec::new();
        tlv::write(&mut wider, SEQUENCE, &[0x05, 0].repeat(4096)).unwrap();
        assert_eq!(check(&wider, Limits::CARD), Err(Fault::Limit));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = check(&bytes, Limits::CARD);
        }
    }
}
