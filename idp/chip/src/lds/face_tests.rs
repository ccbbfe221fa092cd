use proptest::prelude::*;

use super::*;
use crate::testing::card::{dg2, facial_record};
use crate::testing::{integer, object};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face \xff\xd9";

/// Tags of two octets with a long length.
fn template(tag: u16, value: &[u8]) -> Vec<u8> {
    let [high, low] = tag.to_be_bytes();
    [&[high], &object(low, value)[..]].concat()
}

fn file(block: &[u8]) -> Vec<u8> {
    let header = object(0xa1, &[0x87, 2, 1, 1, 0x88, 2, 0, 8]);
    let one = template(0x7f60, &[&header, block].concat());
    object(0x75, &template(0x7f61, &[integer(&[1]), one].concat()))
}

fn read(block: &[u8]) -> Result<(&'static str, Vec<u8>), FaceFault> {
    Face::read(&file(block)).map(|face| (face.format.media_type(), face.image.to_vec()))
}

#[test]
fn the_image_is_handed_out_as_it_is() {
    let jp2 = [&b"\0\0\0\x0cjP  \r\n\x87\n"[..], &[7; 60]].concat();
    let codestream = [&[0xff, 0x4f, 0xff, 0x51][..], &[7; 60]].concat();
    for (image, media) in [(JPEG, "image/jpeg"), (&jp2, "image/jp2"), (&codestream, "image/j2c")] {
        for points in [0, 3] {
            let record = facial_record(image, points);
            let expected = Ok((media, image.to_vec()));
            assert_eq!(read(&template(0x5f2e, &record)), expected);
            assert_eq!(read(&template(0x7f2e, &record)), expected, "in the constructed tag");
            assert_eq!(read(&template(0x7f2e, &template(0x5f2e, &record))), expected, "within it");
        }
    }
    let file = dg2(JPEG);
    let face = Face::read(&file).unwrap();
    assert_eq!((face.format, face.image), (ImageFormat::Jpeg, JPEG));
    assert_eq!(format!("{face:?}"), "Face(image/jpeg, 14 octets)");
}

#[test]
fn the_first_of_several_faces_is_taken() {
    let mut record = facial_record(JPEG, 1);
    record[13] = 2;
    let second = facial_record(&[0xff, 0xd8, 0xff, 1], 0)[14..].to_vec();
    record.extend(second);
    assert_eq!(read(&template(0x5f2e, &record)).unwrap().1, JPEG);
}

#[test]
fn each_fault_is_told() {
    let with = |change: fn(&mut Vec<u8>)| {
        let mut record = facial_record(JPEG, 2);
        change(&mut record);
        read(&template(0x5f2e, &record)).unwrap_err()
    };
    assert_eq!(with(|record| record[0] = b'f'), FaceFault::Standard);
    assert_eq!(with(|record| record[5] = b'2'), FaceFault::Standard, "another version");
    assert_eq!(with(|record| record[11] += 1), FaceFault::Record, "longer than the block");
    assert_eq!(with(|record| record[13] = 0), FaceFault::Record, "no face");
    assert_eq!(with(|record| record[17] += 1), FaceFault::Record, "a face longer than its record");
    assert_eq!(with(|record| record[14..18].fill(0xff)), FaceFault::Record);
    assert_eq!(with(|record| record[14..18].copy_from_slice(&[0, 0, 0, 21])), FaceFault::Record);
    assert_eq!(with(|record| record[19] = 9), FaceFault::Record, "more points than octets");
    assert_eq!(with(|record| record[18] = 2), FaceFault::Record, "more points than a face has");
    assert_eq!(with(|record| record.truncate(13)), FaceFault::Record);
    assert_eq!(with(|record| record[62] = 0), FaceFault::Image);
    let of = |file: &[u8]| Face::read(file).unwrap_err();
    assert_eq!(of(&object(0x75, &[0xfa; 300])), FaceFault::Template);
    assert_eq!(of(&object(0x75, &template(0x7f61, &integer(&[1])))), FaceFault::Template, "no face");
    assert_eq!(read(&object(0xa2, b"no block")).unwrap_err(), FaceFault::Template);
    assert_eq!(read(&template(0x7f2e, &object(0xa1, b"39794"))).unwrap_err(), FaceFault::Standard);
    assert_eq!(of(&dg2(&[JPEG, &vec![0; Group::DG2.limit()]].concat())), FaceFault::Template, "too long");
}

proptest! {
    #[test]
    fn no_block_makes_it_panic(block in proptest::collection::vec(any::<u8>(), 0..80), cut in 0_usize..90) {
        let genuine = facial_record(JPEG, 3);
        let cut = &genuine[..cut.min(genuine.len() - 1)];
        prop_assert!(read(&template(0x5f2e, cut)).is_err());
        let _ = (read(&block), read(&template(0x5f2e, &[&genuine[..8], &block].concat())), Face::read(&block));
    }
}
