//! The data objects of secure messaging (ICAO 9303-11 §9.8.4, ISO/IEC 7816-4 §10).

use super::Fault;
use crate::apdu::Status;
use crate::cipher::CODE;
use crate::tlv::{self, Tag};

/// Encrypted data, after an octet that names the padding.
pub(super) const ENCRYPTED: Tag = Tag(0x87);
/// Encrypted data of an odd instruction.
pub(super) const ENCRYPTED_ODD: Tag = Tag(0x85);
/// How much is expected.
pub(super) const EXPECTED: Tag = Tag(0x97);
/// The status of the command.
pub(super) const STATUS: Tag = Tag(0x99);
/// The authentication code.
pub(super) const CHECKSUM: Tag = Tag(0x8e);

/// The data objects of an answer, in the only order they have (§9.8.4).
pub(super) struct Objects<'a> {
    pub(super) encrypted: &'a [u8],
    pub(super) status: Status,
    pub(super) code: &'a [u8],
    /// All objects before the code, as they came.
    pub(super) authenticated: &'a [u8],
}

impl<'a> Objects<'a> {
    /// Reads them for an even or an odd instruction.
    pub(super) fn read(bytes: &'a [u8], is_odd: bool) -> Result<Self, Fault> {
        let mut objects = tlv::Reader::new(bytes).peekable();
        let mut length = 0_usize;
        let mut next = |tag| match objects.next_if(|object| object.is_ok_and(|object| object.tag == tag)) {
            Some(Ok(object)) => {
                length = length.saturating_add(object.whole.len());
                Some(object.value)
            }
            Some(Err(_)) | None => None,
        };
        let encrypted = match next(if is_odd { ENCRYPTED_ODD } else { ENCRYPTED }) {
            None => &[][..],
            // The first octet says that padding method 2 was used, and stands in the even object alone (§9.8.4).
            Some(value) if is_odd => Some(value).filter(|value| !value.is_empty()).ok_or(Fault::Form)?,
            Some(value) => match value.split_first() {
                Some((0x01, encrypted)) if !encrypted.is_empty() => encrypted,
                _ => return Err(Fault::Form),
            },
        };
        let status = next(STATUS);
        // `next` counted up to here: what the code covers.
        let authenticated = bytes.get(..length).ok_or(Fault::Form)?;
        match (status, objects.next(), objects.next()) {
            (None, Some(Ok(object)), None) if object.tag == CHECKSUM => Err(Fault::NoStatus),
            (_, None, None) => Err(Fault::NoCode),
            (Some(status), Some(Ok(object)), None) if object.tag == CHECKSUM => {
                let status = status.try_into().map(u16::from_be_bytes).map_err(|_| Fault::Form)?;
                if object.value.len() != CODE {
                    return Err(Fault::CodeLength);
                }
                Ok(Self { encrypted, status: Status(status), code: object.value, authenticated })
            }
            _ => Err(Fault::Form),
        }
    }
}
