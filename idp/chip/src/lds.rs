//! Files of the logical data structure (ICAO 9303-10): data groups, the security object's list of their hashes, and what of
//! their contents is used. EF.COM is signed by nobody and is not read.

mod content;
mod face;
mod security;

pub use content::{DocumentDetails, NationalContent, PersonalDetails, parts};
pub use face::{Face, FaceFault, ImageFormat};
pub use security::{AUTHENTICATION_BY_CHIP, ChipKey, ChipProtocol, PaceInfo, SecurityInfos, active_authentication_key};

use std::collections::BTreeMap;

use thiserror::Error;

use crate::asn1::{self, Limits, Malformed, OCTET_STRING, SEQUENCE};
use crate::hash::Hash;
use crate::mrz::{self, Mrz};
use crate::signature;
use crate::tlv::{self, Reader, Tag};

/// Number of a data group, 1 to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(u8);

impl Group {
    /// The machine readable zone.
    pub const DG1: Self = Self(1);
    /// The face.
    pub const DG2: Self = Self(2);
    /// Fingerprints, which are never read here.
    pub const DG3: Self = Self(3);
    /// Irises, which are never read here.
    pub const DG4: Self = Self(4);
    /// More personal data.
    pub const DG11: Self = Self(11);
    /// More data of the document.
    pub const DG12: Self = Self(12);
    /// What the State adds.
    pub const DG13: Self = Self(13);
    /// Security infos: keys of the chip.
    pub const DG14: Self = Self(14);
    /// The key of active authentication.
    pub const DG15: Self = Self(15);

    /// A group that exists.
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=16) { Some(Self(number)) } else { None }
    }

    /// 1 to 16.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Tag of its file (ICAO 9303-10 §4.7, table 34).
    pub const fn tag(self) -> Tag {
        Tag(match self.0 {
            1 => 0x61,
            2 => 0x75,
            3 => 0x63,
            4 => 0x76,
            number @ 5..=15 => 0x60 | number as u32,
            _ => 0x70,
        })
    }

    /// Identifier of its file.
    pub const fn file(self) -> u16 {
        0x0100 | self.0 as u16
    }

    /// Whether it opens only to terminals of a State (extended access control), and is therefore never delivered here.
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 3 | 4)
    }

    /// Octets that its file may have.
    pub const fn limit(self) -> usize {
        if self.0 == 2 { 256 << 10 } else { 64 << 10 }
    }

    /// The contents of its whole file.
    pub fn contents(self, file: &[u8]) -> Result<&[u8], tlv::Fault> {
        tlv::only(file, self.tag())
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DG{}", self.0)
    }
}

/// The zone of the whole file of data group 1.
pub fn zone(file: &[u8]) -> Result<Mrz, ZoneFault> {
    let contents = Group::DG1.contents(file).map_err(|_| ZoneFault::File)?;
    let zone = tlv::only(contents, Tag(0x5f1f)).map_err(|_| ZoneFault::File)?;
    Ok(Mrz::read(zone)?)
}

/// Why data group 1 holds no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ZoneFault {
    /// The file is not one object that holds one zone.
    #[error("the file holds no machine readable zone")]
    File,
    /// The zone is wrong.
    #[error("{0}")]
    Zone(#[from] mrz::Fault),
}

/// LDSSecurityObject: the hashes of the groups, as the State signed them (ICAO 9303-10 §4.6.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityObject {
    /// 0 or 1.
    pub version: u8,
    /// Hash of the groups.
    pub hash: Hash,
    hashes: BTreeMap<Group, Vec<u8>>,
}

/// Why octets are no LDSSecurityObject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SecurityObjectFault {
    /// Not the structure.
    #[error("the list of hashes cannot be read")]
    Malformed,
    /// Another version than 0 and 1, or version information in 0 or none in 1.
    #[error("the version and the version information do not go together")]
    Version,
    /// A hash function that is not accepted.
    #[error("the hash function of the groups is not accepted")]
    Hash,
    /// Fewer than 2 or more than 16 hashes.
    #[error("the list has not 2 to 16 hashes")]
    Count,
    /// The same group twice.
    #[error("a group is listed twice")]
    Repeated,
}

impl SecurityObject {
    /// Reads it.
    pub fn read(content: &[u8]) -> Result<Self, SecurityObjectFault> {
        Self::structure(content)?.validated()
    }

    /// The hash of a group's whole file, if it is listed.
    pub fn listed(&self, group: Group) -> Option<&[u8]> {
        self.hashes.get(&group).map(Vec::as_slice)
    }

    /// The groups that are listed.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.hashes.keys().copied()
    }

    fn structure(content: &[u8]) -> Result<Structure, Malformed> {
        asn1::check(content, Limits::CARD)?;
        let mut reader = Reader::new(tlv::only(content, SEQUENCE)?);
        let version = asn1::small(reader.expect(asn1::INTEGER)?)?;
        let hash = signature::hash_of(&asn1::algorithm(&mut reader)?);
        let mut hashes = Vec::new();
        for entry in Reader::new(reader.expect(SEQUENCE)?) {
            let entry = entry?;
            let mut fields = Reader::new(entry.value);
            let number = asn1::small(fields.expect(asn1::INTEGER)?)?;
            let hash = fields.expect(OCTET_STRING)?.to_vec();
            fields.finish()?;
            let group = u8::try_from(number).ok().and_then(Group::new).ok_or(Malformed)?;
            if entry.tag != SEQUENCE {
                return Err(Malformed);
            }
            hashes.push((group, hash));
        }
        let information = reader.optional(SEQUENCE)?.is_some();
        reader.finish()?;
        Ok(Structure { version, hash, hashes, information })
    }
}

struct Structure {
    version: u32,
    hash: Option<Hash>,
    hashes: Vec<(Group, Vec<u8>)>,
    information: bool,
}

impl Structure {
    fn validated(self) -> Result<SecurityObject, SecurityObjectFault> {
        let version = match (self.version, self.information) {
            (0, false) => 0,
            (1, true) => 1,
            _ => return Err(SecurityObjectFault::Version),
        };
        let hash = self.hash.ok_or(SecurityObjectFault::Hash)?;
        if !(2..=16).contains(&self.hashes.len()) {
            return Err(SecurityObjectFault::Count);
        }
        let count = self.hashes.len();
        if self.hashes.iter().any(|(_, digest)| digest.len() != hash.length()) {
            return Err(SecurityObjectFault::Malformed);
        }
        let hashes: BTreeMap<_, _> = self.hashes.into_iter().collect();
        if hashes.len() != count {
            return Err(SecurityObjectFault::Repeated);
        }
        Ok(SecurityObject { version, hash, hashes })
    }
}

impl From<Malformed> for SecurityObjectFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
#[path = "lds_tests.rs"]
mod tests;
