//! The face of data group 2 (ICAO 9303-10 §4.7.2): a facial record (ISO/IEC 19794-5:2005 §5) in a biometric data block.
//!
//! ```text
//!  75 ─ 7F61 ─┬─ 02  how many
//!             └─ 7F60 ─┬─ A1  whose format it is
//!                      └─ 5F2E, or 7F2E in which one stands: "FAC", versions, lengths, points of the face, image
//! ```
//!
//! The image is handed out as it is: its own format is for whoever shows it. Records of ISO/IEC 39794-5, which is another
//! standard, are refused by name.

use thiserror::Error;

use crate::tlv::{self, Reader, Tag};

use super::Group;

const GROUP_TEMPLATE: Tag = Tag(0x7f61);
const TEMPLATE: Tag = Tag(0x7f60);
const BLOCK: Tag = Tag(0x5f2e);
const CONSTRUCTED_BLOCK: Tag = Tag(0x7f2e);
/// ISO/IEC 39794-5 writes its block as one object of this tag.
const EXTENSIBLE: Tag = Tag(0xa1);

/// Objects that are looked at within a template.
const OBJECTS: usize = 16;

/// The first face of a document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Face<'a> {
    /// Format of the image.
    pub format: ImageFormat,
    /// The image, as it is.
    pub image: &'a [u8],
}

/// The format and the size alone.
impl std::fmt::Debug for Face<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Face({}, {} octets)", self.format.media_type(), self.image.len())
    }
}

/// Format of an image, as its own first octets say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// JPEG 2000 in its file format.
    Jpeg2000,
    /// JPEG 2000 without it: the codestream alone.
    Codestream,
}

impl ImageFormat {
    /// Its media type (RFC 2046 §4.2, RFC 3745 §4.1; `image/j2c` of ISO/IEC 15444-1).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Jpeg2000 => "image/jp2",
            Self::Codestream => "image/j2c",
        }
    }

    fn of(image: &[u8]) -> Option<Self> {
        const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
        const JPEG_2000: &[u8] = &[0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', 0x0d, 0x0a, 0x87, 0x0a];
        const CODESTREAM: &[u8] = &[0xff, 0x4f, 0xff, 0x51];
        [(JPEG, Self::Jpeg), (JPEG_2000, Self::Jpeg2000), (CODESTREAM, Self::Codestream)]
            .into_iter()
            .find_map(|(first, format)| image.starts_with(first).then_some(format))
    }
}

/// Why data group 2 gives no face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FaceFault {
    /// The file is not the templates that it must be.
    #[error("the file does not hold a biometric data block")]
    Template,
    /// A block of another standard than ISO/IEC 19794-5.
    #[error("the biometric data are of another standard")]
    Standard,
    /// The record ends early, or its lengths do not fit.
    #[error("the lengths of the facial record do not fit")]
    Record,
    /// The image is neither JPEG nor JPEG 2000.
    #[error("the image is of another format")]
    Image,
}

impl From<tlv::Fault> for FaceFault {
    fn from(_: tlv::Fault) -> Self {
        Self::Template
    }
}

impl<'a> Face<'a> {
    /// Reads the whole file of data group 2.
    pub fn read(file: &'a [u8]) -> Result<Self, FaceFault> {
        if file.len() > Group::DG2.limit() {
            return Err(FaceFault::Template);
        }
        let group = tlv::only(Group::DG2.contents(file)?, GROUP_TEMPLATE)?;
        let template = first(group, &[TEMPLATE])?;
        let (tag, block) = first(template.1, &[BLOCK, CONSTRUCTED_BLOCK])?;
        if tag == CONSTRUCTED_BLOCK && !block.starts_with(b"FAC\0") {
            return match first(block, &[BLOCK, EXTENSIBLE])? {
                (EXTENSIBLE, _) => Err(FaceFault::Standard),
                (_, inner) => Self::of_record(inner),
            };
        }
        Self::of_record(block)
    }

    fn of_record(record: &'a [u8]) -> Result<Self, FaceFault> {
        // §5.4: format, version, length of the record, number of faces.
        let mut header = Fields(record);
        if header.take(4) != Some(b"FAC\0") || header.take(4) != Some(b"010\0") {
            return Err(FaceFault::Standard);
        }
        let length = header.number(4)?;
        if length > record.len() || header.number(2)? == 0 {
            return Err(FaceFault::Record);
        }
        // §5.5: length of this face, its information included; number of points; what the person looks like, which is not
        // read.
        let length = Fields(header.0).number(4)?;
        let mut face = Fields(header.0.get(..length).ok_or(FaceFault::Record)?);
        face.take(4).ok_or(FaceFault::Record)?;
        let points = face.number(2)?;
        face.take(14).ok_or(FaceFault::Record)?;
        // §5.6: eight octets a point.
        face.take(points.saturating_mul(8)).ok_or(FaceFault::Record)?;
        // §5.7: kind of face and of image, size, colours, source and quality. What kind of image it is, its own octets say:
        // the field has records that say another.
        face.take(12).ok_or(FaceFault::Record)?;
        let image = face.0;
        ImageFormat::of(image).map(|format| Self { format, image }).ok_or(FaceFault::Image)
    }
}

/// The first object of one of these tags among a few.
fn first<'a>(template: &'a [u8], tags: &[Tag]) -> Result<(Tag, &'a [u8]), FaceFault> {
    for object in Reader::new(template).take(OBJECTS) {
        let object = object?;
        if tags.contains(&object.tag) {
            return Ok((object.tag, object.value));
        }
    }
    Err(FaceFault::Template)
}

/// What is left of a record of fields of fixed lengths.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of at most four octets, big-endian.
    fn number(&mut self, length: usize) -> Result<usize, FaceFault> {
        let octets = self.take(length).ok_or(FaceFault::Record)?;
        Ok(octets.iter().fold(0_usize, |number, octet| number << 8 | usize::from(*octet)))
    }
}

#[cfg(test)]
#[path = "face_tests.rs"]
mod tests;
