//! Any bytes as the key of a chip, over a curve or over integers: no panic, and only parameters of the lists give a key.
#![no_main]

use chip::agreement::{Domain, Public};
use chip::lds::SecurityInfos;
use chip::tlv::{self, Tag};
use libfuzzer_sys::fuzz_target;

/// id-PK, without the arc of the agreement: 1 over integers, 2 over a curve.
const CHIP_KEY: [u8; 10] = [0x06, 9, 0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x01];
/// standardizedDomainParameters.
const STANDARDIZED: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x01, 0x02];

fn object(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut object = Vec::new();
    let _ = tlv::write(&mut object, Tag(tag), value);
    object
}

fuzz_target!(|key: &[u8]| {
    let has = |octets: &[u8]| key.windows(octets.len()).any(|window| window == octets);
    for agreement in [1, 2] {
        let info = [&CHIP_KEY[..], &[agreement], key].concat();
        let Ok(infos) = SecurityInfos::of_set(&object(0x31, &object(0x30, &info))) else { continue };
        for public in infos.chip_keys.into_iter().filter_map(|key| key.agreement.ok()) {
            assert!(has(public.octets()), "the key is the one that was read");
            let is_named = match (public.domain(), agreement) {
                (Domain::Integers(group), 1) => has(group.generator().octets()),
                (Domain::Curve(curve), 2) => has(curve.order()) || has(curve.oid().as_bytes()),
                _ => panic!("a key of the other kind"),
            };
            assert!(is_named || has(STANDARDIZED), "its curve or group is the one that was read");
            if let Public::Point(point) = &public {
                assert_eq!(point.curve().point(point.octets()).as_ref(), Ok(point));
            }
        }
    }
});
