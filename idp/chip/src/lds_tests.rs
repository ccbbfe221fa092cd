use proptest::prelude::*;

use super::*;
use crate::agreement::{Domain, Public};
use crate::curve::{self, Curve};
use crate::moment::Date;
use crate::signature::PublicKey;
use crate::testing::{Form, Key, RSA_2048, bit_string, hash_identifier, integer, object, oid, sequence, set};

fn security_object(version: u8, hashes: &[(u8, usize)], information: bool) -> Vec<u8> {
    let entries: Vec<_> =
        hashes.iter().map(|(group, size)| sequence(&[&integer(&[*group]), &object(4, &vec![*group; *size])])).collect();
    let entries: Vec<_> = entries.iter().map(Vec::as_slice).collect();
    let information =
        if information { sequence(&[&object(0x13, b"0107"), &object(0x13, b"040000")]) } else { Vec::new() };
    sequence(&[&integer(&[version]), &hash_identifier(Hash::Sha256), &sequence(&entries), &information])
}

#[test]
fn files_have_the_tags_of_their_groups() {
    let tags: Vec<_> = (1..=16).map(|number| Group::new(number).unwrap().tag().0).collect();
    assert_eq!(tags, [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70]);
    assert_eq!(Group::new(10).unwrap().file(), 0x010a);
    assert_eq!(Group::new(16).unwrap().file(), 0x0110);
    assert!(Group::new(0).is_none() && Group::new(17).is_none());
}

#[test]
fn the_list_of_hashes_is_read_whatever_its_order() {
    let read = SecurityObject::read(&security_object(0, &[(14, 32), (1, 32), (2, 32)], false)).unwrap();
    assert_eq!(read.listed(Group::DG1), Some(&[1; 32][..]));
    assert_eq!(read.listed(Group::DG15), None);
    assert_eq!(read.groups().map(Group::number).collect::<Vec<_>>(), [1, 2, 14]);
    assert!(SecurityObject::read(&security_object(1, &[(1, 32), (2, 32)], true)).is_ok());
}

#[test]
fn each_rule_of_the_list_has_its_fault() {
    use SecurityObjectFault as Fault;
    let many: Vec<_> = (1..=16).chain([1]).map(|group| (group, 32)).collect();
    for (content, fault) in [
        (security_object(1, &[(1, 32), (2, 32)], false), Fault::Version),
        (security_object(0, &[(1, 32), (2, 32)], true), Fault::Version),
        (security_object(2, &[(1, 32), (2, 32)], true), Fault::Version),
        (security_object(0, &[(1, 32)], false), Fault::Count),
        (security_object(0, &many, false), Fault::Count),
        (security_object(0, &[(1, 32), (1, 32)], false), Fault::Repeated),
        (security_object(0, &[(1, 32), (2, 31)], false), Fault::Malformed),
        (security_object(0, &[(0, 32), (2, 32)], false), Fault::Malformed),
        (security_object(0, &[(17, 32), (2, 32)], false), Fault::Malformed),
        ([security_object(0, &[(1, 32), (2, 32)], false), vec![0]].concat(), Fault::Malformed),
    ] {
        assert_eq!(SecurityObject::read(&content), Err(fault));
    }
    let md5 = sequence(&[
        &integer(&[0]),
        &sequence(&[&oid("1.2.840.113549.2.5")]),
        &sequence(&[
            &sequence(&[&integer(&[1]), &object(4, &[1; 16])]),
            &sequence(&[&integer(&[2]), &object(4, &[1; 16])]),
        ]),
    ]);
    assert_eq!(SecurityObject::read(&md5), Err(Fault::Hash));
}

#[test]
fn keys_and_protocols_of_the_chip_are_read() {
    let point = Key::Ec(Curve::BrainpoolP256r1, 7, Form::Explicit);
    let infos = set(&[
        &sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &point.spki(), &integer(&[3])]),
        &sequence(&[&oid("0.4.0.127.0.7.2.2.3.2.4"), &integer(&[1]), &integer(&[3])]),
        &sequence(&[&oid("0.4.0.127.0.7.2.2.4.2.4"), &integer(&[2]), &integer(&[13])]),
        &sequence(&[&oid("2.23.136.1.1.5"), &integer(&[1]), &oid("0.4.0.127.0.7.1.1.4.1.3")]),
        &sequence(&[&oid("0.4.0.127.0.7.2.2.2"), &integer(&[1])]),
    ]);
    let read = SecurityInfos::read(&object(0x6e, &infos)).unwrap();
    assert_eq!(read.chip_keys.len(), 1);
    let key = read.chip_keys[0].agreement.as_ref();
    assert_eq!(key, Ok(&Public::from(Curve::BrainpoolP256r1.public(&Curve::BrainpoolP256r1.secret(&[7; 32])))));
    assert_eq!(read.chip_keys[0].identifier.as_deref(), Some(&[3][..]));
    assert_eq!(read.chip_protocols[0].protocol.to_string(), "0.4.0.127.0.7.2.2.3.2.4");
    assert_eq!(read.active_authentication, Some(Hash::Sha256));
    assert_eq!(read.pace[0].parameters, Some(13));
    assert!(SecurityInfos::read(&object(0x6f, &infos)).is_err());
    assert!(SecurityInfos::read(&object(0x6e, &sequence(&[]))).is_err());
}

#[test]
fn a_chip_key_on_a_foreign_curve_is_none() {
    let mut info = Key::Ec(Curve::P256, 7, Form::Explicit).spki();
    let generator = Curve::P256.generator();
    let at = info.windows(65).position(|window| window == generator.octets()).unwrap();
    info[at + 64] ^= 2;
    let infos = set(&[&sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &info])]);
    let read = SecurityInfos::of_set(&infos).unwrap();
    assert_eq!(read.chip_keys[0].agreement, Err(curve::Fault::Unlisted.into()));
}

/// A key whose curve or group is told by its number alone.
#[test]
fn a_chip_key_of_standardized_parameters_is_read() {
    let infos = |arc: &str, identifier: u8, bits: &[u8]| {
        let algorithm = sequence(&[&oid("0.4.0.127.0.7.1.2"), &integer(&[identifier])]);
        let info = sequence(&[&algorithm, &bit_string(bits)]);
        SecurityInfos::of_set(&set(&[&sequence(&[&oid(&format!("0.4.0.127.0.7.2.2.1.{arc}")), &info])]))
    };
    for identifier in [0, 1, 2, 12, 13, 14, 15, 16, 17, 18] {
        let generator = Domain::standardized(identifier).unwrap().generator();
        let (arc, bits) = match &generator {
            Public::Point(point) => ("2", point.octets().to_vec()),
            Public::Number(number) => ("1", integer(number.octets())),
        };
        assert_eq!(infos(arc, identifier, &bits).unwrap().chip_keys[0].agreement, Ok(generator), "{identifier}");
        let other = if arc == "1" { "2" } else { "1" };
        assert!(infos(other, identifier, &bits).unwrap().chip_keys[0].agreement.is_err(), "{identifier}");
    }
    for (arc, identifier) in [("1", 3), ("2", 11), ("2", 19)] {
        assert!(infos(arc, identifier, &integer(&[4])).unwrap().chip_keys[0].agreement.is_err(), "{identifier}");
    }
    assert!(infos("3", 13, &[4]).is_err(), "no such agreement");
}

#[test]
fn more_chip_keys_than_any_chip_has_are_refused() {
    let key = Key::Ec(Curve::P256, 7, Form::Named).spki();
    let infos = |count: u8| {
        let keys: Vec<_> =
            (0..count).map(|at| sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &key, &integer(&[at])])).collect();
        SecurityInfos::of_set(&set(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    };
    assert_eq!(infos(8).unwrap().chip_keys.len(), 8);
    assert!(infos(9).is_err());
}

#[test]
fn the_key_of_active_authentication_is_read() {
    assert!(matches!(active_authentication_key(&object(0x6f, &RSA_2048.spki())), Ok(PublicKey::Rsa(..))));
    assert_eq!(active_authentication_key(&RSA_2048.spki()), Err(signature::Fault::Key));
}

#[test]
fn what_french_cards_add_is_read_in_latin1() {
    let file = object(0x6d, &[&[0x5c, 2, 0x9f, 0x07][..], &[0x9f, 0x07, 10], b"ORL\xc9ANS<45"].concat());
    let read = NationalContent::read(&file).unwrap();
    assert_eq!(read.birth_place.as_deref(), Some("ORLÉANS<45"));
    assert_eq!(format!("{read:?}"), "NationalContent");
    let twice = object(0x6d, &[0x9f, 0x07, 1, b'A', 0x9f, 0x07, 1, b'B']);
    assert!(NationalContent::read(&twice).is_err());
}

#[test]
fn all_that_french_cards_add_is_read_part_by_part() {
    let content: [(&[u8], &[u8]); 4] = [
        (&[0x9f, 0x01], b"1m72"),
        (&[0x9f, 0x03], b"12 RUE DE L'\xc9GLISE<<45000<ORL\xc9ANS<"),
        (&[0x9f, 0x04], b"B\xc2T. C"),
        (&[0x9f, 0x07], b"ORL\xc9ANS<45"),
    ];
    let list = [&[0x5c, 8][..], &content.map(|(tag, _)| tag).concat()].concat();
    let objects: Vec<u8> = content
        .iter()
        .flat_map(|(tag, value)| [tag, &[u8::try_from(value.len()).unwrap()][..], value].concat())
        .collect();
    let read = NationalContent::read(&object(0x6d, &[list, objects].concat())).unwrap();
    assert_eq!(read.height.as_deref(), Some("1m72"));
    let address: Vec<_> = parts(read.address.as_deref().unwrap()).collect();
    assert_eq!(address, ["12 RUE DE L'ÉGLISE", "45000", "ORLÉANS"]);
    assert_eq!(read.complement.as_deref(), Some("BÂT. C"));
    assert_eq!(parts(read.birth_place.as_deref().unwrap()).collect::<Vec<_>>(), ["ORLÉANS", "45"]);
    // What is not text is left out, and takes nothing else with it.
    let odd = NationalContent::read(&object(0x6d, b"\x9f\x01\x02\x01\x02\x9f\x07\x05Paris\x9f\x33\x00")).unwrap();
    assert_eq!((odd.height, odd.birth_place.as_deref()), (None, Some("Paris")));
}

#[test]
fn names_and_places_of_group_11_may_be_there() {
    let named = |name: &str| {
        let value = [&[0x5f, 0x0e, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        PersonalDetails::read(&object(0x6b, &[&value[..], b"\x5f\x11\x08NICE<FRA"].concat())).unwrap()
    };
    let read = named("LE GOÛTER<<MAËLIS<GAËLLE");
    assert_eq!(read.names(), Some(("LE GOÛTER".to_owned(), "MAËLIS GAËLLE".to_owned())));
    assert_eq!(parts(read.birth_place.as_deref().unwrap()).collect::<Vec<_>>(), ["NICE", "FRA"]);
    for none in ["", "MARTIN", "MARTIN<<", "<<GAELLE", "<"] {
        assert_eq!(named(none).names(), None, "{none}");
    }
    assert_eq!(PersonalDetails::default().names(), None);
}

#[test]
fn full_dates_of_birth_and_issue_are_read() {
    let dg11 = object(0x6b, &[&[0x5c, 2, 0x5f, 0x2b, 0x5f, 0x2b, 8][..], b"19740812"].concat());
    assert_eq!(PersonalDetails::read(&dg11).unwrap().birth, Date::new(1974, 8, 12));
    let dg12 = object(0x6c, &[0x5c, 2, 0x5f, 0x26, 0x5f, 0x26, 4, 0x20, 0x21, 0x08, 0x02]);
    assert_eq!(DocumentDetails::read(&dg12).unwrap().issued, Date::new(2021, 8, 2));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(contents in proptest::collection::vec(any::<u8>(), 0..120), number in 1_u8..=16) {
        let group = Group::new(number).unwrap();
        let mut file = Vec::new();
        tlv::write(&mut file, group.tag(), &contents).unwrap();
        for file in [&file, &contents] {
            let _ = (zone(file), PersonalDetails::read(file), DocumentDetails::read(file), NationalContent::read(file));
            let _ = (Face::read(file), SecurityInfos::read(file), SecurityInfos::of_set(file), active_authentication_key(file));
            let _ = SecurityObject::read(file);
        }
    }
}
