//! Whole cards and their stores as files of `testdata/scenes`: for fuzzing, for the bench, and for tests of other crates,
//! which get real proofs of them and need no way around the checks.

use std::collections::BTreeSet;

use super::card::{Card, dg1, dg2, dg13, zone};
use super::cost::forged_under;
use super::pki::{Certified, Extension, PRINTABLE, Revoking, UTF8, aki, authority, name, now, ski, usage};
use super::scene::Scene;
use super::{Form, Key, RSA_2048, RSA_4096, integer, object, oid, sequence, set};
use crate::authentication::StaticKey;
use crate::certificate::Certificate;
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::dialogue::tests::{Chip, begin};
use crate::dialogue::{Answers, Chunk, Dialogue, Plan, Turn, Wanted};
use crate::holder::{self, Presented};
use crate::lds::{Face, Group};
use crate::live::LiveCard;
use crate::passive::{Authentic, Files, Policy, Unread, authenticate, authenticate_infos};
use crate::profile::Profile;
use crate::trust::{KnownSigners, RevocationList, Rules, SIMULATOR, TrustStore};

/// A file of a scene, by its name.
type Named = (&'static str, Vec<u8>);

const CARDS: [(&str, Key, Key, Speaking); 4] = [
    ("rsa", RSA_4096, RSA_2048, Speaking(Curve::BrainpoolP256r1, Cipher::Aes256)),
    ("ecdsa", RSA_4096, Key::Ec(Curve::P256, 0x21, Form::Explicit), Speaking(Curve::BrainpoolP256r1, Cipher::Aes256)),
    (
        "brainpool",
        Key::Ec(Curve::BrainpoolP512r1, 0x22, Form::Explicit),
        Key::Ec(Curve::BrainpoolP512r1, 0x23, Form::Explicit),
        Speaking(Curve::BrainpoolP512r1, Cipher::Aes256),
    ),
    ("triple-des", RSA_4096, RSA_2048, Speaking(Curve::P256, Cipher::TripleDes)),
];

/// The curve of a chip, and the cipher of its channels. By the oldest one the face is read too, which is an eighth of the
/// longest then.
#[derive(Clone, Copy)]
struct Speaking(Curve, Cipher);

impl Speaking {
    /// The groups that its chip is read for.
    fn read(self) -> &'static [(&'static str, Group)] {
        match self.1 {
            Cipher::TripleDes => &[("dg1", Group::DG1), ("dg2", Group::DG2), ("dg13", Group::DG13)],
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => &[("dg1", Group::DG1), ("dg13", Group::DG13)],
        }
    }

    fn face(self) -> Vec<u8> {
        let mut image = include_bytes!("../../testdata/face.jpg").to_vec();
        if self.1 == Cipher::TripleDes {
            image.resize(Group::DG2.limit() / 8, 0);
        }
        dg2(&image)
    }
}

/// The seed of the chip's secret.
const CHIP: u8 = 0x24;
/// The private number of the holder.
const HOLDER: Key = Key::Ec(Curve::P256, 0x25, Form::Named);
const TO_SIGN: [u8; 32] = [0x5a; 32];

fn simulated() -> Extension {
    ("2.5.29.32", false, sequence(&[&sequence(&[&oid(&SIMULATOR.to_string())])]))
}

fn infos(Speaking(curve, cipher): Speaking) -> Vec<u8> {
    let key = Key::Ec(curve, CHIP, Form::Explicit).spki();
    let protocol = sequence(&[&oid(&format!("0.4.0.127.0.7.2.2.3.2.{}", cipher.arc())), &integer(&[1])]);
    set(&[&sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &key]), &protocol])
}

/// EF.CardSecurity by the signer of a card.
fn card_security(card: &Card, infos: Vec<u8>) -> Vec<u8> {
    Card { content_type: "0.4.0.127.0.7.3.2.1", hashes: Some(infos), ..card.clone() }.signed_data()
}

/// A card of a signer under an authority.
fn card((_, authority, signer, speaking): (&str, Key, Key, Speaking)) -> Vec<Named> {
    let zone = dg1(&zone("ID", "FRA", "900713", "320211"));
    let groups = [("dg1", 1, zone), ("dg2", 2, speaking.face()), ("dg13", 13, dg13())];
    let mut groups = groups.to_vec();
    groups.push(("dg14", 14, object(0x6e, &infos(speaking))));
    let mut card = Card::signed_by(&Certified::signer(signer, authority));
    card.files = groups.iter().map(|(_, number, file)| (*number, file.clone())).collect();
    card.listed = [card.files.clone(), vec![(3, object(0x63, b"fingerprints"))]].concat();
    let mut scene: Vec<Named> = vec![
        ("root.der", Certified::root(authority).set(simulated()).der()),
        ("list.der", Revoking::nothing(authority).der()),
        ("sod", card.sod()),
        ("card_security", card_security(&card, infos(speaking))),
    ];
    scene.extend(groups.into_iter().map(|(name, _, file)| (name, file)));
    let (key, plan) = (StaticKey::of(&authentic(&scene)).unwrap(), plan(&scene, speaking));
    let read = speaking.read().iter().map(|(name, group)| (group.file(), found(&scene, name).to_vec()));
    let chip = Chip { key, secret: speaking.0.secret(&[CHIP; 32]), files: read.collect() };
    let (_, _, mut channel) = begin(&chip, &plan);
    let lengths: Vec<_> = chip.files.iter().map(|(file, octets)| (*file, 0, octets.len())).collect();
    let answers = chip.answer(&mut channel, &lengths, 0xdf);
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

fn plan(scene: &[Named], speaking: Speaking) -> Plan {
    let wanted = speaking.read().iter();
    let wanted = wanted.map(|(name, group)| Wanted { group: *group, length: Some(found(scene, name).len()) });
    Plan::new(wanted.collect(), Chunk::SHORT).unwrap()
}

/// A card of a forger, as dear as one can make it: its certificate names a key that seven authorities have.
fn forged() -> Vec<Named> {
    let scene = forged_under(7);
    let framed = |der: Vec<u8>| [&u16::try_from(der.len()).unwrap().to_be_bytes()[..], &der].concat();
    let file = |group: u8| scene.card.files.iter().find(|(found, _)| *found == group).unwrap().1.clone();
    vec![
        ("root.der", scene.pinned[0].der()),
        ("authorities", scene.others.iter().flat_map(|authority| framed(authority.der())).collect()),
        ("list.der", scene.lists[0].der()),
        ("sod", scene.card.sod()),
        ("dg1", file(1)),
        ("dg2", file(2)),
        ("dg14", file(14)),
    ]
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
            Dialogue::begin(&StaticKey::of(&authentic).unwrap(), randomness, &plan(&scene, row.3)).unwrap();
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
        let rules = Rules { profile: Profile::Cnie, grace: 0 };
        let (store, file) = (store(&scene, &[], &["list.der"]), found(&scene, "card_security"));
        let signed = authenticate_infos(file, &store, &KnownSigners::default(), rules, now()).outcome.unwrap();
        assert_eq!(Some(signed.infos()), authentic.security_infos());
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

#[test]
fn the_card_of_the_forger_is_the_dearest_there_is() {
    held_against_files("forged", &forged());
}

/// The card of the fuzz targets and of the command line.
#[test]
fn the_security_infos_of_the_fuzzed_card_are_of_its_signer() {
    let scene = Scene::new();
    let infos = Group::DG14.contents(&super::card::dg14()).unwrap().to_vec();
    let file = card_security(&scene.card, infos);
    for path in ["fuzz/scene/card_security", "fuzz/seeds/card_security/genuine"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if !path.exists() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &file).unwrap();
            panic!("written anew: {}", path.display());
        }
        assert!(std::fs::read(&path).unwrap() == file, "{} is another", path.display());
    }
}
