//! Whole cards and their stores as files of `testdata/scenes`: for fuzzing, for the bench, and for tests of other crates,
//! which get real proofs of them and need no way around the checks.

use std::collections::BTreeSet;

use super::card::{Card, dg1, dg2, dg13, zone};
use super::pki::{Certified, Extension, PRINTABLE, Revoking, UTF8, aki, authority, name, now, ski, usage};
use super::{Form, Key, RSA_2048, RSA_4096, integer, object, oid, sequence, set};
use crate::authentication::StaticKey;
use crate::certificate::Certificate;
use crate::curve::Curve;
use crate::dialogue::tests::{Chip, begin};
use crate::dialogue::{Answers, Chunk, Dialogue, Plan, Turn, Wanted};
use crate::holder::{self, Presented};
use crate::lds::{Face, Group};
use crate::live::LiveCard;
use crate::passive::{Authentic, Files, Policy, Unread, authenticate};
use crate::profile::Profile;
use crate::trust::{KnownSigners, RevocationList, Rules, SIMULATOR, TrustStore};

/// A file of a scene, by its name.
type Named = (&'static str, Vec<u8>);

const CARDS: [(&str, Key, Key, Curve); 3] = [
    ("rsa", RSA_4096, RSA_2048, Curve::BrainpoolP256r1),
    ("ecdsa", RSA_4096, Key::Ec(Curve::P256, 0x21, Form::Explicit), Curve::BrainpoolP256r1),
    (
        "brainpool",
        Key::Ec(Curve::BrainpoolP512r1, 0x22, Form::Explicit),
        Key::Ec(Curve::BrainpoolP512r1, 0x23, Form::Explicit),
        Curve::BrainpoolP512r1,
    ),
];

/// The seed of the chip's secret.
const CHIP: u8 = 0x24;
/// The private number of the holder.
const HOLDER: Key = Key::Ec(Curve::P256, 0x25, Form::Named);
const TO_SIGN: [u8; 32] = [0x5a; 32];

fn simulated() -> Extension {
    ("2.5.29.32", false, sequence(&[&sequence(&[&oid(&SIMULATOR.to_string())])]))
}

fn dg14(curve: Curve) -> Vec<u8> {
    let key = Key::Ec(curve, CHIP, Form::Explicit).spki();
    let protocol = sequence(&[&oid("0.4.0.127.0.7.2.2.3.2.4"), &integer(&[1])]);
    object(0x6e, &set(&[&sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &key]), &protocol]))
}

/// A card of a signer under an authority, whose chip has a key on a curve.
fn card((_, authority, signer, curve): (&str, Key, Key, Curve)) -> Vec<Named> {
    let zone = dg1(&zone("ID", "FRA", "900713", "320211"));
    let groups = [("dg1", 1, zone), ("dg2", 2, dg2(include_bytes!("../../testdata/face.jpg"))), ("dg13", 13, dg13())];
    let mut groups = groups.to_vec();
    groups.push(("dg14", 14, dg14(curve)));
    let mut card = Card::signed_by(&Certified::signer(signer, authority));
    card.files = groups.iter().map(|(_, number, file)| (*number, file.clone())).collect();
    card.listed = [card.files.clone(), vec![(3, object(0x63, b"fingerprints"))]].concat();
    let mut scene: Vec<Named> = vec![
        ("root.der", Certified::root(authority).set(simulated()).der()),
        ("list.der", Revoking::nothing(authority).der()),
        ("sod", card.sod()),
    ];
    scene.extend(groups.into_iter().map(|(name, _, file)| (name, file)));
    let (key, plan) = (StaticKey::of(&authentic(&scene)).unwrap(), plan(&scene));
    let files = ["dg1", "dg13"].map(|name| found(&scene, name).to_vec());
    let stored = [(0x0101, files[0].clone()), (0x010d, files[1].clone())].into();
    let chip = Chip { key, secret: curve.secret(&[CHIP; 32]), files: stored };
    let (_, _, mut channel) = begin(&chip, &plan);
    let answers = chip.answer(&mut channel, &[(0x0101, 0, files[0].len()), (0x010d, 0, files[1].len())], 0xdf);
    let framed = |answer: &Vec<u8>| [&u16::try_from(answer.len()).unwrap().to_be_bytes()[..], answer].concat();
    scene.push(("randomness", crate::dialogue::tests::RANDOM.to_vec()));
    scene.push(("answers", answers.iter().flat_map(framed).collect()));
    scene
}

fn holder() -> Vec<Named> {
    let (top, middle) = (name(UTF8, "FR", "SIM-eID"), name(UTF8, "FR", "SIM-eID sub"));
    let (root, below) = (RSA_4096, Key::Ec(Curve::P256, 0x26, Form::Named));
    let of_root = Certified { issuer: top.clone(), subject: top.clone(), ..Certified::root(root) };
    let of_below = Certified { issuer: top.clone(), subject: middle.clone(), ..Certified::link(below, root) };
    let text = |kind: &str, text: &[u8]| set(&[&sequence(&[&oid(kind), &object(PRINTABLE, text)])]);
    let mut leaf = Certified::root(HOLDER).signed_by(below);
    (leaf.serial, leaf.issuer) = (5, middle.clone());
    leaf.subject = sequence(&[&text("2.5.4.6", b"FR"), &text("2.5.4.5", b"X4RTBPFW4")]);
    leaf.extensions = vec![ski(&HOLDER), aki(&below), usage(true, 7, 0x80)];
    let secret = Curve::P256.secret(&[0x25; 32]);
    let (r, s) = Curve::P256.sign(&secret, &[0x27; 32], &TO_SIGN);
    vec![
        ("root.der", of_root.set(authority(Some(1))).set(simulated()).der()),
        ("below.der", of_below.der()),
        ("root-list.der", Revoking { issuer: top, ..Revoking::nothing(root) }.der()),
        ("below-list.der", Revoking { issuer: middle, ..Revoking::nothing(below) }.der()),
        ("certificate.der", leaf.der()),
        ("key", secret),
        ("signed", TO_SIGN.to_vec()),
        ("signature", [r, s].concat()),
    ]
}

fn found<'a>(scene: &'a [Named], name: &str) -> &'a [u8] {
    &scene.iter().find(|(found, _)| *found == name).unwrap().1
}

fn store(scene: &[Named], others: &[&str], lists: &[&str]) -> TrustStore {
    let read = |name: &str| Certificate::read(found(scene, name)).unwrap();
    let root = read("root.der");
    let pins = BTreeSet::from([root.fingerprint()]);
    let lists = lists.iter().map(|name| RevocationList::read(found(scene, name)).unwrap());
    TrustStore::new(&pins, std::iter::once(root).chain(others.iter().map(|name| read(name))), lists).unwrap()
}

fn authentic(scene: &[Named]) -> Authentic {
    let groups = [(Group::DG1, "dg1"), (Group::DG2, "dg2"), (Group::DG13, "dg13"), (Group::DG14, "dg14")];
    let groups = groups.map(|(group, name)| (group, found(scene, name)));
    let policy = Policy { rules: Rules { profile: Profile::Cnie, grace: 0 }, unread: Unread::default() };
    let files = Files { sod: found(scene, "sod"), groups: &groups };
    let store = store(scene, &[], &["list.der"]);
    *authenticate(files, &store, &KnownSigners::default(), &policy, now()).outcome.unwrap()
}

fn plan(scene: &[Named]) -> Plan {
    let wanted = |group, name| Wanted { group, length: Some(found(scene, name).len()) };
    Plan::new(vec![wanted(Group::DG1, "dg1"), wanted(Group::DG13, "dg13")], Chunk::SHORT).unwrap()
}

/// The files that are there are these. One that is gone is written anew, and the test fails that once.
fn held_against_files(folder: &str, scene: &[Named]) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scenes").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut missing = Vec::new();
    for (name, expected) in scene {
        let path = folder.join(name);
        let Ok(file) = std::fs::read(&path) else {
            std::fs::write(&path, expected).unwrap();
            missing.push(path);
            continue;
        };
        assert!(&file == expected, "{} is another", path.display());
    }
    assert!(missing.is_empty(), "written anew: {missing:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), scene.len());
}

#[test]
fn the_cards_of_the_scenes_are_live() {
    for row in CARDS {
        let scene = card(row);
        held_against_files(row.0, &scene);
        let authentic = authentic(&scene);
        assert!(authentic.signer().has_policy(SIMULATOR));
        let randomness = crate::agreement::Randomness::new(found(&scene, "randomness").try_into().unwrap());
        let (round, dialogue) =
            Dialogue::begin(&StaticKey::of(&authentic).unwrap(), randomness, &plan(&scene)).unwrap();
        let opening = vec![vec![0x90, 0]; round.opening.len()];
        let mut rest = found(&scene, "answers");
        let mut relay = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (answer, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            relay.push(answer.to_vec());
            rest = after;
        }
        let turn = dialogue.answer(Answers { opening: &opening, relay: &relay }).unwrap();
        let Turn::Genuine(chip) = turn else { panic!("one round trip suffices") };
        let card = LiveCard::of(authentic, chip).unwrap();
        assert!(Face::read(card.file(Group::DG2).unwrap()).unwrap().image.len() > 2000);
    }
}

#[test]
fn the_holder_of_the_scenes_is_there() {
    let scene = holder();
    held_against_files("holder", &scene);
    let signed: [u8; 32] = found(&scene, "signed").try_into().unwrap();
    let presented = Presented {
        certificate: found(&scene, "certificate.der"),
        signature: found(&scene, "signature"),
        signed: &signed,
    };
    let store = store(&scene, &["below.der"], &["root-list.der", "below-list.der"]);
    let present = holder::verify(presented, &store, 0, now()).unwrap();
    assert_eq!(present.document_number(), "X4RTBPFW4");
    assert!(store.has_policy(SIMULATOR));
}
