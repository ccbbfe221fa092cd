//! Any bytes as files of a card: no panic, nothing read that is not there, and DER stays what it is when it is read as BER.
#![no_main]

use chip::asn1::{self, Limits};
use chip::lds::{self, DocumentDetails, Group, NationalContent, PersonalDetails, SecurityInfos, SecurityObject};
use chip::{ber, tlv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let read: usize = tlv::Reader::new(bytes).flatten().map(|object| object.whole.len()).sum();
    assert!(read <= bytes.len());
    let der = asn1::check(bytes, Limits::CARD);
    let read = ber::to_der(bytes, Limits::CARD);
    if der.is_ok() {
        assert_eq!(read.as_deref(), Ok(bytes));
    } else if let Ok(read) = read {
        assert_eq!(asn1::check(&read, Limits::CARD), Ok(()));
    }
    let _ = (PersonalDetails::read(bytes), DocumentDetails::read(bytes), NationalContent::read(bytes));
    let _ = (SecurityInfos::read(bytes), SecurityInfos::of_set(bytes), lds::active_authentication_key(bytes));
    let _ = (lds::zone(bytes), SecurityObject::read(bytes));
    for number in 1..=16 {
        let group = Group::new(number).expect("there are sixteen");
        let _ = group.contents(bytes);
    }
});
