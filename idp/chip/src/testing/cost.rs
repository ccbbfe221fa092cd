//! What one card may cost, whatever it contains: the dearest inputs that are known, each judged within 50 ms of processor time
//! when it is optimised (`cargo test --release -p chip --lib cost -- --nocapture` tells the figures). In the build of the tests
//! the hash functions alone are ten times slower.

use std::time::Duration;

use super::card::Card;
use super::pki::{Certified, Revoking, aki, ski};
use super::scene::{Scene, other};
use super::{Form, Key, bit_string, declared, integer, object, oid, sequence, set};
use crate::agreement::{RANDOMNESS, Randomness};
use crate::authentication::{ChipAuthentication, StaticKey};
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::dialogue::tests::{Chip, begin, done};
use crate::dialogue::{Answers, Chunk, Plan, Turn, Wanted};
use crate::hash::Hash;
use crate::lds::{Face, Group, SecurityInfos};
use crate::modp::Modp;
use crate::passive::Refusal;
use crate::profile::Profile;
use crate::signature::Algorithm;
use crate::trust::KnownSigners;

const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 50 });

const DEAREST: Key = Key::Ec(Curve::BrainpoolP512r1, 0x31, Form::Explicit);

/// Processor time of this thread: what others do at the same time does not count.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn costs<T>(what: &str, mut judge: impl FnMut() -> T) -> T {
    // The kernel counts in slices of some milliseconds: many times, and the mean of them.
    let (begun, mut times) = (spent(), 0);
    loop {
        let judged = judge();
        times += 1;
        let one = spent().saturating_sub(begun) / times;
        if times >= 3 && one * times > Duration::from_millis(60) {
            println!("{what}: {:.2} ms", one.as_secs_f64() * 1000.0);
            assert!(one < MOST, "{what} costs {one:?}");
            return judged;
        }
    }
}

fn refusal(what: &str, scene: &Scene, sod: &[u8]) -> Refusal {
    let store = scene.store();
    costs(what, || scene.judge_sod(&store, sod, &KnownSigners::default()).outcome.unwrap_err().1)
}

/// A key that nobody has the secret of: 8192 bits, and an exponent as long as is taken.
fn longest_rsa(last: u8) -> Vec<u8> {
    let mut n: Vec<u8> = (0..1024_u32).map(|at| u8::try_from(at.wrapping_mul(31) & 0xff).unwrap()).collect();
    (n[0], n[1022], n[1023]) = (0xff, last, 0xff);
    let key = sequence(&[&integer(&n), &integer(&[1, 0xff, 0xff, 0xff, 0xff])]);
    sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &super::NULL]), &bit_string(&key)])
}

/// A certificate with another key in it: what signs it does not matter.
fn with_key(certificate: &Certified, info: &[u8]) -> Vec<u8> {
    let der = certificate.der();
    let own = certificate.key.spki();
    let at = der.windows(own.len()).position(|window| window == own).unwrap();
    let outer = crate::certificate::Signed::read(&der).unwrap();
    let body = crate::tlv::only(outer.body, crate::tlv::Tag(0x30)).unwrap();
    let at = at - (body.as_ptr().addr() - der.as_ptr().addr());
    let body = sequence(&[&body[..at], info, &body[at + own.len()..]]);
    sequence(&[&body, &declared(certificate.algorithm), &bit_string(outer.signature)])
}

/// A security object full of certificates, of which none is named by the signer.
fn full_of(certificate: &[u8]) -> Vec<u8> {
    let scene = Scene::new();
    let identifier = sequence(&[&super::pki::csca_name(), &integer(&[99])]);
    let mut card = Card { certificates: Vec::new(), identifier, ..scene.card };
    let room = crate::passive::SOD_LIMIT - card.sod().len() - 64;
    card.certificates = vec![certificate.to_vec(); (room / certificate.len()).min(crate::cms::CERTIFICATES)];
    card.sod()
}

#[test]
fn a_security_object_full_of_certificates_is_cheap() {
    let small = Certified { extensions: Vec::new(), version: 0, ..Certified::root(other(9)) };
    for (what, info) in [
        ("RSA certificates", longest_rsa(1)),
        ("certificates of a named curve", Key::Ec(Curve::BrainpoolP512r1, 9, Form::Named).spki()),
        ("certificates of a described curve", DEAREST.spki()),
    ] {
        let sod = full_of(&with_key(&small, &info));
        assert_eq!(refusal(what, &Scene::new(), &sod), Refusal::SignerUnknown);
    }
}

#[test]
fn the_longest_key_is_cheap() {
    let scene = Scene::new();
    for algorithm in [Algorithm::RsaPkcs1(Hash::Sha256), Algorithm::RsaPkcs1(Hash::Sha512)] {
        let signer = with_key(&Certified::signer(super::RSA_2048, super::scene::AUTHORITY), &longest_rsa(1));
        let mut card = scene.card.clone();
        card.certificates = vec![signer];
        card.algorithm = algorithm;
        let mut sod = card.sod();
        let old = sod.len() - 256;
        // The signature is as long as the modulus, and below it.
        let longer = [sod[..old].to_vec(), vec![0x55; 1024]].concat();
        sod = relengthened(&longer, 1024 - 256);
        assert_eq!(refusal("a signature of 8192 bits", &scene, &sod), Refusal::SignatureInvalid);
    }
}

/// Every object that reaches to the end grows: all of them have lengths of two octets.
fn relengthened(octets: &[u8], by: usize) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let end = octets.len();
    let mut at = 0;
    while at + 4 <= end {
        if octets[at + 1] == 0x82 {
            let length = usize::from(u16::from_be_bytes([octets[at + 2], octets[at + 3]]));
            if at + 4 + length + by == end {
                let longer = u16::try_from(length + by).unwrap().to_be_bytes();
                octets[at + 2..at + 4].copy_from_slice(&longer);
            }
        }
        at += 1;
    }
    octets
}

/// Each curve, once for the security object and once for the path, which a stranger's certificate does not have.
#[test]
fn a_signature_on_any_curve_is_cheap() {
    for curve in Curve::ALL {
        let mut scene = Scene::new();
        scene.pinned = vec![Certified::root(Key::Ec(curve, 0x33, Form::Named))];
        scene.lists = vec![Revoking::nothing(Key::Ec(curve, 0x33, Form::Named))];
        let stranger = Certified::signer(Key::Ec(curve, 0x34, Form::Explicit), Key::Ec(curve, 0x33, Form::Named));
        let forged = Certified { signer: Key::Ec(curve, 0x35, Form::Named), ..stranger };
        let (files, listed) = (scene.card.files.clone(), scene.card.listed.clone());
        scene.card = Card { files, listed, ..Card::signed_by(&forged) };
        assert_eq!(refusal(curve.name(), &scene, &scene.card.sod()), Refusal::PathSignature);
    }
}

/// A card that a forger signed, under a number of authorities of the identifier that it names.
pub(super) fn forged_under(count: u8) -> Scene {
    let mut scene = Scene::new();
    let impostor = |seed: u8| {
        let seed = seed + 0x40;
        let key = Key::Ec(Curve::BrainpoolP512r1, seed, Form::Named);
        Certified { serial: 10 + seed, ..Certified::root(key) }.set(ski(&DEAREST)).set(aki(&DEAREST))
    };
    scene.pinned = vec![Certified::root(other(2))];
    scene.others = (0..count).map(impostor).collect();
    scene.lists = vec![Revoking::nothing(other(2))];
    let signer = Key::Ec(Curve::BrainpoolP512r1, 0x32, Form::Explicit);
    let forged = Certified::signer(signer, DEAREST);
    let files = scene.card.files.clone();
    let listed = scene.card.listed.clone();
    scene.card = Card { files, listed, ..Card::signed_by(&forged) };
    scene
}

/// Whoever signs a card of his own makes the path be tried against every authority that the certificate names.
#[test]
fn many_authorities_of_one_identifier_are_cheap() {
    for (what, count, expected) in [
        ("one authority", 1, Refusal::PathSignature),
        ("seven authorities", 7, Refusal::PathSignature),
        ("nine authorities", 9, Refusal::PathBudget),
        ("seventy authorities", 70, Refusal::PathBudget),
    ] {
        let scene = forged_under(count);
        assert_eq!(refusal(what, &scene, &scene.card.sod()), expected, "{what}");
    }
}

#[test]
fn the_largest_groups_are_cheap() {
    let mut scene = Scene::new();
    scene.card.hash = Hash::Sha512;
    scene.file(2, &object(0x75, &vec![0xfa; Group::DG2.limit() - 5]));
    for number in [5, 6, 7, 8, 9, 10, 11, 12, 13, 16] {
        let group = Group::new(number).unwrap();
        let tag = u8::try_from(group.tag().0).unwrap();
        scene.file(number, &object(tag, &vec![0; group.limit() - 5]));
    }
    let (store, sod) = (scene.store(), scene.card.sod());
    costs("groups as long as they may be", || {
        assert!(scene.judge_sod(&store, &sod, &KnownSigners::default()).outcome.is_ok());
    });
    let file = object(0x75, &[0x7f, 0x61, 0x82, 0xff, 0xff].repeat(50_000));
    costs("a face that is none", || assert!(Face::read(&file).is_err()));
}

#[test]
fn a_group_full_of_chip_keys_is_cheap() {
    for form in [Form::Named, Form::Explicit] {
        let key = Key::Ec(Curve::BrainpoolP512r1, 7, form).spki();
        let info = sequence(&[&oid("0.4.0.127.0.7.2.2.1.2"), &key]);
        let file = object(0x6e, &set(&vec![&info[..]; 65_000 / info.len()]));
        costs("chip keys", || drop(SecurityInfos::read(&file)));
    }
    for group in Modp::ALL {
        let algorithm = sequence(&[&oid("0.4.0.127.0.7.1.2"), &integer(&[group as u8])]);
        let key = sequence(&[&algorithm, &bit_string(&integer(group.generator().octets()))]);
        let info = sequence(&[&oid("0.4.0.127.0.7.2.2.1.1"), &key]);
        let file = object(0x6e, &set(&vec![&info[..]; 65_000 / info.len()]));
        costs(group.name(), || drop(SecurityInfos::read(&file)));
    }
}

#[test]
fn agreement_with_any_chip_is_cheap() {
    for group in Modp::ALL {
        let key = StaticKey::for_test(Cipher::Aes256, group.generator(), None);
        costs(group.name(), || ChipAuthentication::begin(&key, Randomness::new([9; RANDOMNESS])).unwrap());
    }
    for curve in Curve::ALL {
        let key = StaticKey::for_test(Cipher::Aes256, curve.public(&curve.secret(&[7; 80])), None);
        costs(curve.name(), || ChipAuthentication::begin(&key, Randomness::new([9; RANDOMNESS])).unwrap());
    }
}

/// A genuine chip with the slowest cipher and the longest face, read in a few long portions.
#[test]
fn the_longest_face_by_the_oldest_cipher_is_cheap() {
    let mut chip = Chip::new(Cipher::TripleDes, Curve::P256);
    let face = object(0x75, &vec![0x11; Group::DG2.limit() - 5]);
    let length = face.len();
    chip.files.insert(0x0102, face);
    let wanted = vec![Wanted { group: Group::DG2, length: Some(length) }];
    let plan = Plan::new(wanted, Chunk::new(0x4000).unwrap()).unwrap();
    let (round, _, mut card) = begin(&chip, &plan);
    let relay = chip.answer(&mut card, &[(0x0102, 0, length)], 0x4000);
    let opening = done(round.opening.len());
    costs("a face of 256 KiB by triple DES, and the agreement", || {
        let (_, dialogue, _) = begin(&chip, &plan);
        assert!(matches!(dialogue.answer(Answers { opening: &opening, relay: &relay }), Ok(Turn::Genuine(_))));
    });
}

/// Read as BER, which the French profile refuses.
#[test]
fn a_security_object_in_pieces_is_cheap() {
    let mut scene = Scene::new();
    scene.profile = Profile::Icao;
    let pieces = [4, 1, 0].repeat((crate::passive::SOD_LIMIT - 100) / 3);
    let sod = [&[0x77, 0x80, 0x24, 0x80][..], &pieces, &[0, 0, 0, 0]].concat();
    assert_eq!(refusal("pieces", &scene, &sod), Refusal::SodNotDer);
    let deep = [&[0x77, 0x80][..], &[0x30, 0x80].repeat(32_000)].concat();
    assert_eq!(refusal("depth", &scene, &deep), Refusal::SodNotDer);
}
