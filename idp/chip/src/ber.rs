//! BER to DER, for security objects of other countries: some were written with indefinite lengths.
//!
//! It serves the `icao` profile alone. Lengths become definite and shortest, and octet strings in pieces become one; no value
//! is touched, and what is not DER after that is refused like any other. Certificates inside keep their octets exactly when
//! they were DER, as their signatures demand.

use crate::asn1::{Fault, Limits};
use crate::tlv::{self, Tag};

const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// The same objects in DER, or why not. The work is linear in the bytes times the depth.
pub fn to_der(bytes: &[u8], limits: Limits) -> Result<Vec<u8>, Fault> {
    let mut left = limits.objects;
    let mut der = Vec::with_capacity(bytes.len());
    let rest = object(bytes, &mut der, limits.depth, &mut left)?;
    if !rest.is_empty() {
        return Err(tlv::Fault::Trailing.into());
    }
    crate::asn1::check(&der, limits)?;
    Ok(der)
}

/// Writes the first object and gives what stands after it.
fn object<'a>(bytes: &'a [u8], der: &mut Vec<u8>, depth: u8, left: &mut u32) -> Result<&'a [u8], Fault> {
    *left = left.checked_sub(1).ok_or(Fault::Limit)?;
    let (tag, rest) = tlv::tag(bytes)?;
    let (length, rest) = length(rest)?;
    let (contents, rest) = match length {
        Some(length) => {
            let (contents, rest) = rest.split_at_checked(length).ok_or(tlv::Fault::Truncated)?;
            (contents, Some(rest))
        }
        None if tag.is_constructed() => (rest, None),
        None => return Err(tlv::Fault::LengthForm.into()),
    };
    if !tag.is_constructed() {
        tlv::write(der, tag, contents)?;
        return rest.ok_or(Fault::Value);
    }
    let depth = depth.checked_sub(1).ok_or(Fault::Limit)?;
    let mut inner = Vec::new();
    let mut contents = contents;
    let rest = loop {
        match rest {
            Some(rest) if contents.is_empty() => break rest,
            None if contents.starts_with(&END_OF_CONTENTS) => break contents.get(2..).unwrap_or_default(),
            _ => contents = object(contents, &mut inner, depth, left)?,
        }
    };
    if tag == Tag(0x24) {
        tlv::write(der, Tag(0x04), &joined(&inner)?)?;
    } else {
        tlv::write(der, tag, &inner)?;
    }
    Ok(rest)
}

/// The octets of the pieces, which are octet strings in DER by now.
fn joined(pieces: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::with_capacity(pieces.len());
    for piece in tlv::Reader::new(pieces) {
        let piece = piece?;
        if piece.tag != Tag(0x04) {
            return Err(Fault::Value);
        }
        whole.extend_from_slice(piece.value);
    }
    Ok(whole)
}

/// A length in any definite form of at most four octets, or none for an indefinite one.
fn length(bytes: &[u8]) -> Result<(Option<usize>, &[u8]), Fault> {
    let (&first, rest) = bytes.split_first().ok_or(tlv::Fault::Truncated)?;
    match first {
        0..=0x7f => Ok((Some(first.into()), rest)),
        0x80 => Ok((None, rest)),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked((first & 0x7f).into()).ok_or(tlv::Fault::Truncated)?;
            Ok((Some(octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))), rest))
        }
        _ => Err(tlv::Fault::LengthForm.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_become_definite_and_pieces_one() {
        for (ber, der) in [
            (&[0x30, 0x80, 0x02, 1, 5, 0, 0][..], &[0x30, 3, 0x02, 1, 5][..]),
            (&[0x30, 0x82, 0, 3, 0x02, 0x81, 1, 5], &[]),
            (&[0x30, 0x82, 0, 4, 0x02, 0x81, 1, 5], &[0x30, 3, 0x02, 1, 5]),
            (&[0x24, 0x80, 0x04, 1, 7, 0x24, 3, 0x04, 1, 8, 0, 0], &[0x04, 2, 7, 8]),
            (&[0x77, 0x80, 0x30, 0x80, 0, 0, 0, 0], &[0x77, 2, 0x30, 0]),
        ] {
            match to_der(ber, Limits::CARD) {
                Ok(written) => assert_eq!(written, der, "{ber:02x?}"),
                Err(fault) => assert!(der.is_empty(), "{ber:02x?}: {fault}"),
            }
        }
    }

    #[test]
    fn what_has_no_end_or_is_in_other_pieces_is_refused() {
        for bad in [
            &[0x30, 0x80][..],
            &[0x30, 0x80, 0],
            &[0x30, 0x80, 0, 0, 0],
            &[0x02, 0x80, 0, 0],
            &[0x24, 0x80, 0x02, 1, 7, 0, 0],
            &[0x23, 0x80, 0x03, 1, 0, 0, 0],
            &[0x30, 2, 0, 0],
        ] {
            assert!(to_der(bad, Limits::CARD).is_err(), "{bad:02x?}");
        }
        assert!(to_der(&[0x30, 0x80].repeat(60), Limits::CARD).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_der_stays_as_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let written = to_der(&bytes, Limits::CARD);
            if crate::asn1::check(&bytes, Limits::CARD).is_ok() {
                prop_assert_eq!(written.unwrap(), bytes);
            }
        }
    }
}
