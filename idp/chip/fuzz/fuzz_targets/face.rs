//! Any bytes as data group 2, or as its facial record: no panic, and what is read as an image stands in them.
#![no_main]

use chip::lds::Face;
use chip::tlv::{self, Tag};
use libfuzzer_sys::fuzz_target;

fn within(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut object = Vec::new();
    tlv::write(&mut object, Tag(tag), value).expect("a short object");
    object
}

fuzz_target!(|bytes: &[u8]| {
    let file = within(0x75, &within(0x7f61, &within(0x7f60, &within(0x5f2e, bytes))));
    for file in [bytes, &file] {
        if let Ok(face) = Face::read(file) {
            // What stands before the image: four templates, and 46 octets of record.
            assert!(face.image.len() + 46 + 10 <= file.len());
            assert!(file.windows(face.image.len()).any(|window| window == face.image));
        }
    }
});
