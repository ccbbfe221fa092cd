//! The files of the card (ICAO 9303-10 §4.7, cnie.md §2): contents, and their place.

use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::crypt::Cipher;
use super::curve::{Parameters, Secret};
use super::der;
use super::holder::{Holder, Portrait};

/// EF.CardAccess, in the master file.
pub const CARD_ACCESS: u16 = 0x011c;
/// EF.CardSecurity, in the master file; EF.SOD in the application of travel documents.
pub const CARD_SECURITY: u16 = 0x011d;
/// EF.SOD.
pub const SOD: u16 = 0x011d;
/// EF.COM.
pub const COM: u16 = 0x011e;

/// The file of a data group.
pub const fn group_file(group: u8) -> u16 {
    0x0100 | group as u16
}

/// The tag of a data group (ICAO 9303-10 table 35).
pub fn group_tag(group: u8) -> u32 {
    const TAGS: [u32; 16] =
        [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70];
    TAGS[usize::from(group - 1)]
}

/// A day as zones write it: `YYMMDD`.
///
/// # Panics
/// When the moment is in no year of four digits.
pub fn short_day(at: i64) -> String {
    let day = OffsetDateTime::from_unix_timestamp(at).expect("a year of four digits");
    day.format(format_description!("[year repr:last_two][month][day]")).expect("a day can be written")
}

/// Data group 1: the zone.
pub fn zone_group(zone: &str) -> Vec<u8> {
    der::object(group_tag(1), &der::object(0x5f1f, zone.as_bytes()))
}

/// How the face is written on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceFormat {
    /// JPEG.
    #[default]
    Jpeg,
    /// JPEG 2000, in its file format.
    #[serde(rename = "jpeg2000")]
    Jpeg2000,
    /// JPEG 2000, the codestream alone.
    Codestream,
}

impl FaceFormat {
    fn of(self, portrait: &Portrait) -> &'static [u8] {
        let box_of_codestream = portrait.jpeg_2000.windows(4).position(|name| name == b"jp2c");
        match self {
            Self::Jpeg => portrait.jpeg,
            Self::Jpeg2000 => portrait.jpeg_2000,
            // The last box of the file (ISO/IEC 15444-1 §I.5.4).
            Self::Codestream => &portrait.jpeg_2000[box_of_codestream.map_or(0, |name| name + 4)..],
        }
    }
}

/// Data group 2: one face in a record of ISO/IEC 19794-5:2005 (§5).
///
/// # Panics
/// Never with the portraits of this crate, which are small.
pub fn face_group(portrait: &Portrait, format: FaceFormat) -> Vec<u8> {
    let image_type = u8::from(format != FaceFormat::Jpeg);
    let portrait = format.of(portrait);
    let length = u32::try_from(portrait.len()).expect("a small portrait");
    // Facial information: length of the record, no feature points, nothing said of the person.
    let mut record = (20 + 12 + length).to_be_bytes().to_vec();
    record.extend([0; 16]);
    // Image information: full frontal, its format, 180 × 240 in sRGB, source and quality not said.
    record.extend([0x01, image_type, 0, 180, 0, 240, 0x01, 0x00, 0, 0, 0, 0]);
    record.extend(portrait);
    let total = u32::try_from(14 + record.len()).expect("a small portrait");
    let block = [b"FAC\x00010\x00".as_slice(), &total.to_be_bytes(), &[0, 1], &record].concat();
    let header = [
        der::object(0x80, &[0x01, 0x01]),
        der::object(0x81, &[0x02]),
        der::object(0x87, &[0x01, 0x01]),
        der::object(0x88, &[0x00, 0x08]),
    ];
    let template = [der::object(0xa1, &header.concat()), der::object(0x5f2e, &block)].concat();
    let group = [der::object(0x02, &[1]), der::object(0x7f60, &template)].concat();
    der::object(group_tag(2), &der::object(0x7f61, &group))
}

/// Data group 11: what the zone cannot write (ICAO 9303-10 §4.7.11).
pub fn details_group(holder: &Holder) -> Vec<u8> {
    let name = format!("{}<<{}", holder.person.family_name, holder.person.given_name.replace(' ', "<"));
    let contents = [
        der::object(0x5c, &[0x5f, 0x0e, 0x5f, 0x11]),
        der::object(0x5f0e, name.as_bytes()),
        der::object(0x5f11, holder.birth_town.as_bytes()),
    ];
    der::object(group_tag(11), &contents.concat())
}

/// Data group 12: when the document was issued (ICAO 9303-10 §4.7.12).
///
/// # Panics
/// When the moment is in no year of four digits.
pub fn document_group(issued: i64) -> Vec<u8> {
    let day = OffsetDateTime::from_unix_timestamp(issued).expect("a year of four digits");
    let day = day.format(format_description!("[year][month][day]")).expect("a day can be written");
    let contents = [der::object(0x5c, &[0x5f, 0x26]), der::object(0x5f26, day.as_bytes())];
    der::object(group_tag(12), &contents.concat())
}

/// Data group 13 as French cards were seen to have it: Latin-1, parts separated by `<` (cnie.md §8).
pub fn national_group(holder: &Holder) -> Vec<u8> {
    let height = format!("{}", holder.height);
    let contents = [
        der::object(0x5c, &[0x9f, 0x01, 0x9f, 0x03, 0x9f, 0x04, 0x9f, 0x07]),
        der::object(0x9f01, &latin1(&height)),
        der::object(0x9f03, &latin1(&holder.address.join("<"))),
        der::object(0x9f04, &[]),
        der::object(0x9f07, &latin1(holder.birth_town)),
    ];
    der::object(group_tag(13), &contents.concat())
}

/// Characters beyond ISO 8859-1 are none that the sandbox has.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// PACEInfo: generic mapping over brainpoolP256r1 (cnie.md §8).
fn pace_info(cipher: Cipher) -> Vec<u8> {
    let protocol = format!("0.4.0.127.0.7.2.2.4.2.{}", cipher.arc());
    der::sequence(&[der::oid(&protocol), der::number(2), der::number(13)])
}

/// Infos of chip authentication with one key.
fn chip_infos(cipher: Cipher, key: &Secret) -> Vec<Vec<u8>> {
    let protocol = format!("0.4.0.127.0.7.2.2.3.2.{}", cipher.arc());
    vec![
        der::sequence(&[der::oid(&protocol), der::number(1)]),
        der::sequence(&[der::oid("0.4.0.127.0.7.2.2.1.2"), key.public_info(Parameters::Explicit)]),
    ]
}

/// EF.CardAccess.
pub fn card_access(cipher: Cipher) -> Vec<u8> {
    der::set_of(vec![pace_info(cipher)])
}

/// What EF.CardSecurity signs.
pub fn security_infos(cipher: Cipher, key: &Secret) -> Vec<u8> {
    let mut infos = chip_infos(cipher, key);
    infos.push(pace_info(cipher));
    der::set_of(infos)
}

/// Data group 14: the key of chip authentication, or, where the chip has none, what PACE is done with.
pub fn chip_group(cipher: Cipher, key: Option<&Secret>) -> Vec<u8> {
    let infos = key.map_or_else(|| vec![pace_info(cipher)], |key| chip_infos(cipher, key));
    der::object(group_tag(14), &der::set_of(infos))
}

/// EF.COM, which nobody signs: versions, and the tags of the groups.
pub fn com(groups: &[u8]) -> Vec<u8> {
    let tags: Vec<u8> = groups.iter().filter_map(|group| u8::try_from(group_tag(*group)).ok()).collect();
    let contents = [der::object(0x5f01, b"0107"), der::object(0x5f36, b"040000"), der::object(0x5c, &tags)];
    der::object(0x60, &contents.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_record_says_how_long_it_is() {
        let holder = Holder::named("angela").unwrap();
        let file = face_group(&holder.portrait, FaceFormat::Jpeg);
        let group = der::find(der::find(&file, 0x75).unwrap(), 0x7f61).unwrap();
        let block = der::find(der::find(group, 0x7f60).unwrap(), 0x5f2e).unwrap();
        assert_eq!(&block[..8], b"FAC\x00010\x00");
        assert_eq!(u32::from_be_bytes(*block[8..].first_chunk().unwrap()) as usize, block.len());
        assert_eq!(u32::from_be_bytes(*block[14..].first_chunk().unwrap()) as usize, block.len() - 14);
        assert_eq!(&block[46..], holder.portrait.jpeg);
        assert_eq!(holder.portrait.jpeg[..2], [0xff, 0xd8], "a JPEG begins so");
    }

    #[test]
    fn a_face_in_jpeg_2000_is_a_file_or_its_codestream_alone() {
        for holder in Holder::all() {
            let [file, codestream] = [FaceFormat::Jpeg2000, FaceFormat::Codestream].map(|as_| as_.of(&holder.portrait));
            assert_eq!(&file[4..12], b"jP  \r\n\x87\n");
            assert_eq!(
                (&codestream[..4], &codestream[codestream.len() - 2..]),
                (&[0xff, 0x4f, 0xff, 0x51][..], &[0xff, 0xd9][..])
            );
        }
    }

    #[test]
    fn accents_are_one_octet_in_the_national_group() {
        let group = national_group(&Holder::named("pierre").unwrap());
        let address = der::find(der::find(&group, 0x6d).unwrap(), 0x9f03).unwrap();
        assert_eq!(address, b"3 cours Napol\xe9on<20000 AJACCIO");
    }
}
