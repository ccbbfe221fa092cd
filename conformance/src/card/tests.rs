//! The card alone, and as a phone reads it.

use super::*;
use crate::card::curve::{BRAINPOOL_P256, P256, Parameters, Secret};
use crate::card::pace::Password;
use crate::clock;
use crate::phone::reading::{Fault, Reader};

fn pki() -> Arc<Pki> {
    Arc::new(Pki::new(clock::now()))
}

fn holder() -> Holder {
    Holder::named("angela").unwrap()
}

fn can() -> Password {
    Password::Can(holder().can.to_owned())
}

fn status(answer: &[u8]) -> Status {
    Answer::parse(answer).unwrap().status
}

#[test]
fn everything_is_read_with_either_password() {
    let mut card = Card::genuine(&pki(), &holder());
    let zone = Password::Zone(holder::access_information(card.zone()));
    for password in [can(), zone] {
        let mut reader = Reader::open(&mut card, &password).unwrap();
        let document = reader.document(&[1, 2, 11, 12, 13, 14, 15]).unwrap();
        let read: Vec<_> = document.groups.iter().map(|(group, file)| (*group, file.as_slice())).collect();
        assert_eq!(document.sod, card.security_object());
        assert_eq!(read, card.groups().collect::<Vec<_>>());
    }
}

#[test]
fn a_wrong_access_number_opens_nothing() {
    let mut card = Card::genuine(&pki(), &holder());
    assert_eq!(Reader::open(&mut card, &Password::Can("000000".into())).unwrap_err(), Fault::Password);
    let select = Command::select_application(travel::APPLICATION).to_bytes();
    assert_eq!(status(&card.transmit(&select)), Status::SECURITY);
    assert!(Reader::open(&mut card, &can()).is_ok(), "the right one opens it afterwards");
}

#[test]
fn what_the_card_signs_of_its_protocols_verifies_with_another_implementation() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ["genuine", "pss_20", "longer_hash"] {
        let mut card = Card::issue(&pki(), &holder(), Profile::named(profile).unwrap());
        let mut reader = Reader::open(&mut card, &can()).unwrap();
        let signed = reader.file(files::CARD_SECURITY).unwrap();
        std::fs::write(folder.path().join("signed"), signed).unwrap();
        let mut command = std::process::Command::new("openssl");
        command.args(["cms", "-verify", "-noverify", "-inform", "DER", "-in", "signed", "-out", "infos"]);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{profile}: {}", String::from_utf8_lossy(&output.stderr));
        let infos = std::fs::read(folder.path().join("infos")).unwrap();
        assert!(infos.windows(10).any(|window| window == pace::protocol(CIPHER)));
    }
    // In clear it is not given.
    let mut card = Card::genuine(&pki(), &holder());
    assert_eq!(status(&card.transmit(&Command::select_file(files::CARD_SECURITY).to_bytes())), Status::SECURITY);
}

#[test]
fn fingerprints_are_there_and_nobody_reads_them() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_travel().unwrap();
    let answer = reader.send(&Command::select_file(files::group_file(3))).unwrap();
    assert_eq!(answer.status, Status::SECURITY);
    assert_eq!(reader.send(&Command::select_file(files::group_file(16))).unwrap().status, Status::NO_FILE);
    // Which groups there are is no secret.
    assert!(reader.file(files::COM).unwrap().contains(&0x63));
}

#[test]
fn a_file_is_read_by_short_identifier_and_by_the_odd_instruction() {
    let mut card = Card::genuine(&pki(), &holder());
    let zone = card.groups().next().unwrap().1.to_vec();
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_travel().unwrap();
    let short = reader.send(&Command::new(0xb0, [0x81, 2]).expecting(8)).unwrap();
    assert_eq!(short.data, zone[2..10]);
    let far = Command::new(0xb1, [0, 0]).carrying(vec![0x54, 2, 0, 5]).expecting(12);
    assert_eq!(reader.send(&far).unwrap().data, [&[0x53, 10][..], &zone[5..15]].concat());
    let beyond = Command::new(0xb0, [0x7f, 0xff]).expecting(1);
    assert_eq!(reader.send(&beyond).unwrap().status, Status::OFFSET);
    let past = reader.send(&Command::read(zone.len() - 3, 10)).unwrap();
    assert_eq!((past.data.len(), past.status), (3, Status::END_OF_FILE));
}

#[test]
fn a_message_that_was_touched_ends_the_channel() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_travel().unwrap();
    let select = Command { class: 0x0c, ..Command::select_file(0x0101) };
    let answer = card.transmit(&select.carrying(vec![0x8e, 8, 0, 0, 0, 0, 0, 0, 0, 0]).to_bytes());
    assert_eq!(status(&answer), Status::MESSAGING);
    let again = Command { class: 0x0c, ..Command::select_file(0x0101) };
    assert_eq!(status(&card.transmit(&again.to_bytes())), Status::CONDITIONS);
}

#[test]
fn a_command_in_clear_ends_the_channel() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_travel().unwrap();
    let read = Command::read(0, 16).to_bytes();
    assert_eq!(status(&card.transmit(&read)), Status(0x6986));
    assert!(card.session.channel.is_none());
}

#[test]
fn after_chip_authentication_the_channel_is_the_terminals_alone() {
    let lists_its_key = |profile: &&Profile| !profile.withheld.contains(&14);
    for profile in Profile::all().iter().filter(lists_its_key) {
        let mut card = Card::issue(&pki(), &holder(), profile);
        let zone = card.groups().next().unwrap().1.to_vec();
        let file = card.groups().find(|(group, _)| *group == 14).unwrap().1.to_vec();
        let infos = der::all(der::find(der::find(&file, 0x6e).unwrap(), der::SET).unwrap()).unwrap();
        // The longer one holds the key, whose point ends the info.
        let info = infos.iter().map(|info| info.whole).max_by_key(|info| info.len()).unwrap();
        // A card without such a key has nothing to agree on.
        let Some(point) = info.len().checked_sub(65) else { continue };
        let chip = BRAINPOOL_P256.decode(&info[point..]).unwrap();
        let mut reader = Reader::open(&mut card, &can()).unwrap();
        reader.enter_travel().unwrap();
        let server = Secret::generate(&BRAINPOOL_P256);
        let protocol = der::object(0x80, &der::oid_value("0.4.0.127.0.7.2.2.3.2.4"));
        let set = Command::new(0x22, [0x41, 0xa4]).carrying(protocol).to_bytes();
        assert_eq!(reader.hand_over(&set).unwrap(), [0x90, 0]);
        let key = der::object(pace::DYNAMIC, &der::object(0x80, &server.encoded()));
        let agree = Command::new(0x86, [0, 0]).carrying(key).expecting(0x100).to_bytes();
        assert_eq!(reader.hand_over(&agree).unwrap(), [0x7c, 0, 0x90, 0]);
        let mut channel = Channel::new(CIPHER, &server.shared(&chip).unwrap());
        let mut relay = |command: Command| {
            let answer = card.transmit(&channel.wrap(&command).to_bytes());
            channel.unwrap(command.is_odd(), &Answer::parse(&answer).unwrap())
        };
        let selected = relay(Command::select_file(0x0101));
        if !profile.live {
            assert_eq!(selected, Err(Broken::Unprotected(Status::MESSAGING)));
            continue;
        }
        assert_eq!(selected.unwrap().status, Status::DONE);
        assert_eq!(relay(Command::read(0, zone.len())).unwrap().data, zone);
    }
}

#[test]
fn agreement_is_refused_without_its_protocol_and_with_a_point_off_the_curve() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_travel().unwrap();
    let agree = |point: &[u8]| {
        let key = der::object(pace::DYNAMIC, &der::object(0x80, point));
        Command::new(0x86, [0, 0]).carrying(key).expecting(0x100)
    };
    let point = Secret::generate(&BRAINPOOL_P256).encoded();
    assert_eq!(reader.send(&agree(&point)).unwrap().status, Status::CONDITIONS);
    let protocol = der::object(0x80, &der::oid_value("0.4.0.127.0.7.2.2.3.2.4"));
    let set = Command::new(0x22, [0x41, 0xa4]).carrying(protocol);
    assert_eq!(reader.send(&set).unwrap().status, Status::DONE);
    assert_eq!(reader.send(&agree(&Secret::generate(&P256).encoded())).unwrap().status, Status::DATA);
}

#[test]
fn three_wrong_codes_block_and_one_right_one_signs_once() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_eid().unwrap();
    assert!(matches!(reader.sign(&[7; 32]), Err(Fault::Refused { status: Status::SECURITY, .. })));
    assert_eq!(reader.verify("000000"), Err(Fault::Code(2)));
    reader.verify(holder().code).unwrap();
    let signature = reader.sign(&[7; 32]).unwrap();
    assert_eq!(signature.len(), 64);
    assert!(matches!(reader.sign(&[7; 32]), Err(Fault::Refused { status: Status::SECURITY, .. })));
    assert_eq!([2, 1, 0].map(|left| reader.verify("000000") == Err(Fault::Code(left))), [true; 3]);
    assert_eq!(reader.verify(holder().code), Err(Fault::Blocked));
}

#[test]
fn another_application_forgets_that_the_code_was_shown() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_eid().unwrap();
    reader.verify(holder().code).unwrap();
    reader.enter_travel().unwrap();
    reader.enter_eid().unwrap();
    assert!(matches!(reader.sign(&[7; 32]), Err(Fault::Refused { status: Status::SECURITY, .. })));
}

#[test]
fn a_new_code_makes_a_new_key() {
    let mut card = Card::genuine(&pki(), &holder());
    let before = (card.applet().key_thumbprint(), card.applet().serial());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_eid().unwrap();
    assert_eq!(reader.change("000000", "111111"), Err(Fault::Code(2)));
    reader.change(holder().code, "111111").unwrap();
    let certificate = reader.certificate().unwrap();
    assert_eq!(reader.verify(holder().code), Err(Fault::Code(2)));
    reader.verify("111111").unwrap();
    assert_eq!(certificate, card.applet().certificate());
    assert_ne!(before.0, card.applet().key_thumbprint());
    assert_ne!(before.1, card.applet().serial());
}

#[test]
fn the_key_of_the_certificate_verifies_what_the_card_signs() {
    let mut card = Card::genuine(&pki(), &holder());
    let mut reader = Reader::open(&mut card, &can()).unwrap();
    reader.enter_eid().unwrap();
    let certificate = reader.certificate().unwrap();
    let hash: [u8; 32] = crypt::Hash::Sha256.of(b"what is signed").try_into().unwrap();
    reader.verify(holder().code).unwrap();
    let signature = reader.sign(&hash).unwrap();
    // The hash goes in as it is: a verifier that hashes the message comes to the same.
    let marker = Secret::generate(&P256).public_info(Parameters::Named);
    let head = &marker[..marker.len() - 65];
    let at = certificate.windows(head.len()).position(|window| window == head).unwrap() + head.len();
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
        &certificate[at..at + 65],
    );
    assert!(key.verify(b"what is signed", &signature).is_ok());
    assert!(!certificate.windows(6).any(|window| window == b"DUBOIS"), "nothing personal");
}
