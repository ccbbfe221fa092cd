use proptest::prelude::*;

use super::*;

/// The specimens of Utopia (ICAO 9303-5 appendix A, 9303-4 appendix A).
const TD1: &str =
    concat!("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",);
const TD3: &str =
    concat!("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10",);
/// A number of more than nine characters (ICAO 9303-11 appendix D.2).
const LONG: &str =
    concat!("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<",);

#[test]
fn the_specimen_card_is_read() {
    let mrz = Mrz::read(TD1.as_bytes()).unwrap();
    assert_eq!((&*mrz.document_code, &*mrz.issuing_state, &*mrz.nationality), ("I", "UTO", "UTO"));
    assert_eq!((&*mrz.document_number, mrz.sex), ("D23145890", 'F'));
    assert_eq!((&*mrz.surname, &*mrz.given_names, &*mrz.optional), ("ERIKSSON", "ANNA MARIA", ""));
    assert_eq!(mrz.expiry, Date::new(2012, 4, 15).unwrap());
    let today = Date::new(2026, 11, 22).unwrap();
    assert_eq!(mrz.birth.latest(today), Date::new(1974, 8, 12));
    assert_eq!(mrz.access_information(), "D23145890774081221204159");
    assert_eq!(format!("{mrz:?}"), "Mrz(Td1)", "nothing of the holder");
}

#[test]
fn the_specimen_passport_is_read() {
    let mrz = Mrz::read(TD3.as_bytes()).unwrap();
    assert_eq!((&*mrz.document_number, &*mrz.optional), ("L898902C3", "ZE184226B"));
    assert_eq!((&*mrz.surname, &*mrz.given_names), ("ERIKSSON", "ANNA MARIA"));
    assert_eq!(mrz.access_information(), "L898902C3674081221204159");
}

#[test]
fn a_long_number_goes_on_in_the_optional_field() {
    let mrz = Mrz::read(LONG.as_bytes()).unwrap();
    assert_eq!(mrz.document_number, "D23145890734");
    assert_eq!(mrz.optional, "");
    assert_eq!(mrz.access_information(), "D23145890734934071279507122");
}

#[test]
fn each_check_digit_counts() {
    for (zone, at, what) in [
        (TD1, 14, Checked::Composite),
        (TD1, 59, Checked::Composite),
        (TD3, 87, Checked::Composite),
        (TD3, 53, Checked::Composite),
    ] {
        let mut zone = zone.as_bytes().to_vec();
        zone[at] = if zone[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(Mrz::read(&zone), Err(Fault::CheckDigit(what)), "{at}");
    }
    // Each one alone wrong: the composite one is made right again.
    for (zone, at, composite, what) in [
        (TD1, 14, 59, Checked::DocumentNumber),
        (TD1, 36, 59, Checked::Birth),
        (TD1, 44, 59, Checked::Expiry),
        (LONG, 18, 59, Checked::DocumentNumber),
        (TD3, 53, 87, Checked::DocumentNumber),
        (TD3, 63, 87, Checked::Birth),
        (TD3, 71, 87, Checked::Expiry),
        (TD3, 86, 87, Checked::Optional),
    ] {
        let mut zone = zone.as_bytes().to_vec();
        zone[at] = if zone[at] == b'9' { b'0' } else { zone[at] + 1 };
        let found = (b'0'..=b'9').map(|digit| {
            zone[composite] = digit;
            Mrz::read(&zone)
        });
        let faults: Vec<_> = found.map(|read| read.unwrap_err()).collect();
        assert!(faults.contains(&Fault::CheckDigit(what)), "{at}: {faults:?}");
    }
}

#[test]
fn fields_admit_their_characters_alone() {
    assert_eq!(Mrz::read(&TD1.as_bytes()[..89]), Err(Fault::Length));
    assert_eq!(Mrz::read(TD1.to_lowercase().as_bytes()), Err(Fault::Character));
    assert_eq!(Mrz::read(&[0xc9; 90]), Err(Fault::Character));
    let with = |at: usize, letter| {
        let mut zone = TD1.as_bytes().to_vec();
        zone[at] = letter;
        Mrz::read(&zone)
    };
    assert_eq!(with(37, b'X'), Err(Fault::Character), "sex");
    assert_eq!(with(0, b'<'), Err(Fault::Character), "document code");
    assert_eq!(with(2, b'7'), Err(Fault::Character), "issuing state");
}

#[test]
fn nobody_is_taken_for_older_than_the_zone_proves() {
    let born = |year, month, day| PartialDate { year, month, day };
    let today = Date::new(2026, 11, 22).unwrap();
    assert_eq!(born(26, Some(11), Some(22)).latest(today), Date::new(2026, 11, 22));
    assert_eq!(born(26, Some(11), Some(23)).latest(today), Date::new(1926, 11, 23));
    assert_eq!(born(8, None, None).latest(today), Date::new(2008, 12, 31));
    assert_eq!(born(8, Some(2), None).latest(today), Date::new(2008, 2, 29));
    assert_eq!(born(9, Some(2), None).latest(today), Date::new(2009, 2, 28));
    assert!(born(85, Some(7), None).is(Date::new(1985, 7, 3).unwrap()));
    assert!(!born(85, Some(7), Some(4)).is(Date::new(1985, 7, 3).unwrap()));
}

proptest! {
    #[test]
    fn no_zone_makes_it_panic(zone in proptest::collection::vec(proptest::sample::select(b"AZ09<".to_vec()), 86..92)) {
        if let Ok(mrz) = Mrz::read(&zone) {
            let _ = mrz.access_information();
            let _ = mrz.birth.latest(Date::new(2026, 1, 1).unwrap());
        }
    }
}
