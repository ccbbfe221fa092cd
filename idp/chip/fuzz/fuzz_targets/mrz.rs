//! Any bytes as a machine readable zone: no panic, and what is read keeps the characters.
#![no_main]

use chip::moment::Date;
use chip::mrz::Mrz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|zone: &[u8]| {
    let Ok(mrz) = Mrz::read(zone) else { return };
    assert_eq!(mrz.text().as_bytes(), zone);
    assert!(mrz.access_information().len() <= 40);
    let today = Date::new(2026, 11, 22).expect("a day");
    if let Some(born) = mrz.birth.latest(today) {
        assert!(born <= today && mrz.birth.is(born));
        assert!(born.age(today) <= 200);
    }
});
