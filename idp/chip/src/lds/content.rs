//! Contents of the groups that say more of a person or of a document.

use crate::moment::Date;
use crate::tlv::{self, Object, Reader, Tag};

use super::Group;

/// What is used of data group 11 (ICAO 9303-10 §4.7.11). Each may be missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalDetails {
    /// Full name in national characters: surname, two fillers, given names.
    pub full_name: Option<String>,
    /// Full birth date.
    pub birth: Option<Date>,
    /// Birth place: its parts, as separated by fillers.
    pub birth_place: Option<String>,
    /// Address, likewise.
    pub address: Option<String>,
}

/// What is used of data group 12 (ICAO 9303-10 §4.7.12). Each may be missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DocumentDetails {
    /// Who issued the document.
    pub authority: Option<String>,
    /// When.
    pub issued: Option<Date>,
}

/// What French cards were seen to put into data group 13: observed in the field, published nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NationalContent {
    /// Height.
    pub height: Option<String>,
    /// Address, its parts separated by `<`.
    pub address: Option<String>,
    /// Complement of the address.
    pub complement: Option<String>,
    /// Birth place, with its accents.
    pub birth_place: Option<String>,
}

/// The parts of a text that fillers separate, without those that are empty: lines of an address, a place and its country.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').map(str::trim).filter(|part| !part.is_empty())
}

/// Nothing of a citizen is shown.
macro_rules! silent {
    ($($kind:ident),*) => {$(
        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($kind))
            }
        }
    )*};
}
silent!(PersonalDetails, DocumentDetails, NationalContent);

impl PersonalDetails {
    /// Reads the whole file of data group 11.
    pub fn read(file: &[u8]) -> Result<Self, tlv::Fault> {
        let mut details = Self::default();
        for object in objects(Group::DG11, file)? {
            match object.tag {
                Tag(0x5f0e) => details.full_name = utf8(&object),
                Tag(0x5f2b) => details.birth = Date::read(object.value),
                Tag(0x5f11) => details.birth_place = utf8(&object),
                Tag(0x5f42) => details.address = utf8(&object),
                _ => {}
            }
        }
        Ok(details)
    }

    /// Surname and given names, the latter separated by spaces: in national characters, where the full name has two parts.
    pub fn names(&self) -> Option<(String, String)> {
        let (surname, given) = self.full_name.as_deref()?.split_once("<<")?;
        let spaced = |text: &str| parts(text).collect::<Vec<_>>().join(" ");
        let names = (spaced(surname), spaced(given));
        (!names.0.is_empty() && !names.1.is_empty()).then_some(names)
    }
}

impl DocumentDetails {
    /// Reads the whole file of data group 12.
    pub fn read(file: &[u8]) -> Result<Self, tlv::Fault> {
        let mut details = Self::default();
        for object in objects(Group::DG12, file)? {
            match object.tag {
                Tag(0x5f19) => details.authority = utf8(&object),
                Tag(0x5f26) => details.issued = Date::read(object.value),
                _ => {}
            }
        }
        Ok(details)
    }
}

impl NationalContent {
    /// Reads the whole file of data group 13 of a French card.
    pub fn read(file: &[u8]) -> Result<Self, tlv::Fault> {
        let mut content = Self::default();
        for object in objects(Group::DG13, file)? {
            match object.tag {
                Tag(0x9f01) => content.height = latin1(&object),
                Tag(0x9f03) => content.address = latin1(&object),
                Tag(0x9f04) => content.complement = latin1(&object),
                Tag(0x9f07) => content.birth_place = latin1(&object),
                _ => {}
            }
        }
        Ok(content)
    }
}

/// The objects after the tag list `5C`, which says the same again and is not needed.
fn objects(group: Group, file: &[u8]) -> Result<Vec<Object<'_>>, tlv::Fault> {
    let mut objects = Vec::new();
    for object in Reader::new(group.contents(file)?) {
        let object = object?;
        if objects.iter().any(|other: &Object<'_>| other.tag == object.tag) {
            return Err(tlv::Fault::Unexpected);
        }
        objects.push(object);
        if objects.len() > 64 {
            return Err(tlv::Fault::Unexpected);
        }
    }
    Ok(objects)
}

fn utf8(object: &Object<'_>) -> Option<String> {
    std::str::from_utf8(object.value).ok().map(str::to_owned)
}

/// ISO 8859-1: every octet is the code point of its value. Control characters are none.
fn latin1(object: &Object<'_>) -> Option<String> {
    let text: String = object.value.iter().map(|octet| char::from(*octet)).collect();
    (!text.chars().any(char::is_control)).then_some(text)
}
