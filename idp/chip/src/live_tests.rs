use super::*;
use crate::authentication::StaticKey;
use crate::curve::Curve;
use crate::dialogue::tests::{Chip, begin, done};
use crate::dialogue::{Answers, Chunk, Plan, Turn, Wanted};
use crate::hash::Hash;
use crate::passive::Authentic;
use crate::testing::card::{dg1, zone};
use crate::testing::scene::Scene;
use crate::testing::{Form, Key, integer, object, oid, sequence, set};

const CURVE: Curve = Curve::BrainpoolP256r1;

fn dg14(seed: u8) -> Vec<u8> {
    let protocol = sequence(&[&oid("0.4.0.127.0.7.2.2.3.2.4"), &integer(&[1])]);
    object(0x6e, &set(&[&sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &info(seed)]), &protocol]))
}

fn info(seed: u8) -> Vec<u8> {
    Key::Ec(CURVE, seed, Form::Named).spki()
}

fn dg13() -> Vec<u8> {
    object(0x6d, b"\x9f\x07\x05Paris")
}

/// What the State signed of a card whose chip has the key of this seed.
fn authentic(seed: u8) -> Authentic {
    let mut scene = Scene::new();
    scene.file(13, &dg13());
    scene.file(14, &dg14(seed));
    *scene.judge().outcome.unwrap()
}

/// The chip of this seed, asked for files, which it has.
fn genuine(authentic: &Authentic, seed: u8, files: &[(Group, Vec<u8>)]) -> GenuineChip {
    let key = StaticKey::of(authentic).unwrap();
    let secret = CURVE.secret(&[seed; 32]);
    let stored = files.iter().map(|(group, file)| (group.file(), file.clone())).collect();
    let chip = Chip { key, secret, files: stored };
    let wanted = files.iter().map(|(group, file)| Wanted { group: *group, length: Some(file.len()) }).collect();
    let (round, dialogue, mut card) = begin(&chip, &Plan::new(wanted, Chunk::SHORT).unwrap());
    let reads: Vec<_> = files.iter().map(|(group, file)| (group.file(), 0, file.len())).collect();
    let relay = chip.answer(&mut card, &reads, 0xdf);
    let answers = Answers { opening: &done(round.opening.len()), relay: &relay };
    let Turn::Genuine(chip) = dialogue.answer(answers).unwrap() else { panic!("one round trip suffices") };
    chip
}

fn files() -> Vec<(Group, Vec<u8>)> {
    vec![(Group::DG1, dg1(&zone("ID", "FRA", "900713", "320211"))), (Group::DG13, dg13())]
}

#[test]
fn files_and_chip_of_one_card_are_a_live_card() {
    let authentic = authentic(0x55);
    let chip = genuine(&authentic, 0x55, &files());
    let (evidence, transcript) = (authentic.evidence(), chip.transcript());
    let card = LiveCard::of(authentic, chip).unwrap();
    assert_eq!(card.zone().document_number, "X4RTBPFW4");
    assert_eq!(card.file(Group::DG13), Some(&dg13()[..]));
    assert_eq!(card.file(Group::DG2).map(<[u8]>::len), Some(304), "delivered, and signed by the State");
    assert_eq!(card.file(Group::DG15), None);
    assert_eq!(card.chip_thumbprint()[..], Hash::Sha256.digest(&[&info(0x55)]));
    assert_eq!((card.evidence(), card.transcript()), (evidence, transcript));
    assert_eq!(card.signer().lists().len(), 1);
    assert!(!format!("{card:?}").contains("X4RTBPFW4"));
}

/// A group that was read from the chip and not delivered before: its hash is among those that were signed.
#[test]
fn a_file_that_only_the_chip_gave_is_the_states_too() {
    let mut scene = Scene::new();
    scene.file(14, &dg14(0x55));
    scene.card.listed.push((16, object(0x70, b"whom to tell")));
    let authentic = *scene.judge().outcome.unwrap();
    let sixteenth = Group::new(16).unwrap();
    let with = |file: &[u8]| [files().remove(0), (sixteenth, file.to_vec())];
    let chip = genuine(&authentic, 0x55, &with(&object(0x70, b"whom to tell")));
    assert!(LiveCard::of(authentic.clone(), chip).unwrap().file(sixteenth).is_some());
    let chip = genuine(&authentic, 0x55, &with(&object(0x70, b"someone else")));
    assert_eq!(LiveCard::of(authentic, chip).unwrap_err(), Fault::OtherFile(sixteenth));
}

/// A thief has the files of a victim, and a genuine card of his own: each proof is right, and they are of two cards.
#[test]
fn the_chip_of_another_genuine_card_proves_nothing_of_this_one() {
    let own = authentic(0x66);
    let chip = genuine(&own, 0x66, &files());
    let fault = LiveCard::of(authentic(0x55), chip).unwrap_err();
    assert_eq!((fault, fault.code()), (Fault::OtherKey, "LIVE_OTHER_KEY"));
}

#[test]
fn the_chip_itself_gives_the_groups_that_count() {
    for (given, missing) in [(vec![1], Group::DG1), (vec![0], Group::DG13)] {
        let authentic = authentic(0x55);
        let given: Vec<_> = given.into_iter().map(|at: usize| files()[at].clone()).collect();
        let chip = genuine(&authentic, 0x55, &given);
        let fault = LiveCard::of(authentic, chip).unwrap_err();
        assert_eq!((fault, fault.code()), (Fault::NotRead(missing), "LIVE_GROUP_NOT_READ"));
    }
}

#[test]
fn the_chip_gives_what_the_state_signed() {
    let other = [dg1(&zone("ID", "FRA", "900714", "320211")), object(0x6d, b"\x9f\x07\x05Nimes")];
    for (at, other) in other.into_iter().enumerate() {
        let authentic = authentic(0x55);
        let mut files = files();
        files[at].1 = other;
        let group = files[at].0;
        let chip = genuine(&authentic, 0x55, &files);
        let fault = LiveCard::of(authentic, chip).unwrap_err();
        assert_eq!((fault, fault.code()), (Fault::OtherFile(group), "LIVE_GROUP_OTHER"));
    }
    // One that nobody signed.
    let authentic = authentic(0x55);
    let files = [files(), vec![(Group::DG11, object(0x6b, b"\x5f\x0e\x01A"))]].concat();
    let chip = genuine(&authentic, 0x55, &files);
    assert_eq!(LiveCard::of(authentic, chip).unwrap_err(), Fault::OtherFile(Group::DG11));
}

/// The same point written otherwise is not the key that the State signed, though it has the same secret.
#[test]
fn the_key_is_the_one_of_the_group_to_the_octet() {
    let named = authentic(0x55);
    let mut scene = Scene::new();
    let explicit = Key::Ec(CURVE, 0x55, Form::Explicit).spki();
    scene.file(14, &object(0x6e, &set(&[&sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &explicit])])));
    let explicit = *scene.judge().outcome.unwrap();
    let chip = genuine(&named, 0x55, &files()[..1]);
    assert_eq!(LiveCard::of(explicit, chip).unwrap_err(), Fault::OtherKey);
}

#[test]
fn a_card_without_the_chips_key_has_no_live_twin() {
    let authentic = authentic(0x55);
    let chip = genuine(&authentic, 0x55, &files());
    let mut scene = Scene::new();
    scene.card.files.retain(|(group, _)| *group != 14);
    scene.card.listed.retain(|(group, _)| *group != 14);
    scene.file(15, &object(0x6f, &info(0x55)));
    let other = *scene.judge().outcome.unwrap();
    assert_eq!(StaticKey::of(&other).unwrap_err().code(), "CA_NO_KEY");
    assert_eq!(LiveCard::of(other, chip).unwrap_err(), Fault::OtherKey);
}
