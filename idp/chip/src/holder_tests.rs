use std::collections::BTreeSet;

use super::*;
use crate::certificate::Certificate;
use crate::curve::Curve;
use crate::hash::Hash;
use crate::signature::Algorithm;
use crate::testing::card::zone;
use crate::testing::pki::{AKI, Certified, PRINTABLE, Revoking, USAGE, UTF8, aki, authority, name, now, ski, usage};
use crate::testing::scene::other;
use crate::testing::{Form, Key, RSA_2048, integer, object, oid, sequence, set};
use crate::trust::{RevocationList, SIMULATOR};

const NUMBER: &str = "X4RTBPFW4";
const HOLDER: Key = Key::Ec(Curve::P256, 9, Form::Named);
const TO_SIGN: [u8; 32] = [0xa5; 32];
/// An extension that nobody knows.
const UNKNOWN: &str = "1.3.6.1.4.1.32473.9";

fn subject(country: &str, numbers: &[&str]) -> Vec<u8> {
    let part = |kind: &str, text: &str| set(&[&sequence(&[&oid(kind), &object(PRINTABLE, text.as_bytes())])]);
    let country = if country.is_empty() { Vec::new() } else { part("2.5.4.6", country) };
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| part("2.5.4.5", number)).collect();
    sequence(&[&country, &numbers])
}

/// A root, an authority below it, and a card of it; right unless a test says otherwise.
struct Scene {
    root: Certified,
    below: Vec<Certified>,
    leaf: Certified,
    lists: Vec<Revoking>,
    signing: Key,
    alter: fn(&mut Vec<u8>, &mut [u8; 32]),
    grace: u16,
    at: Moment,
}

impl Scene {
    fn new() -> Self {
        let (top, middle) = (name(UTF8, "FR", "SIM-eID"), name(UTF8, "FR", "SIM-eID sub"));
        let root = Certified { issuer: top.clone(), subject: top.clone(), ..Certified::root(other(1)) };
        let below = Certified { issuer: top.clone(), subject: middle.clone(), ..Certified::link(other(2), other(1)) };
        Self {
            root: root.set(authority(Some(1))),
            below: vec![below.set(authority(Some(0)))],
            leaf: Self::leaf(HOLDER, other(2), middle.clone()),
            lists: vec![
                Revoking { issuer: top, ..Revoking::nothing(other(1)) },
                Revoking { issuer: middle, ..Revoking::nothing(other(2)) },
            ],
            signing: HOLDER,
            alter: |_, _| {},
            grace: 0,
            at: now(),
        }
    }

    fn leaf(key: Key, issuing: Key, issuer: Vec<u8>) -> Certified {
        let mut leaf = Certified::root(key).signed_by(issuing);
        (leaf.serial, leaf.issuer, leaf.subject) = (5, issuer, subject("FR", &[NUMBER]));
        leaf.extensions = vec![ski(&key), aki(&issuing), usage(true, 7, 0x80)];
        leaf
    }

    fn leaf_of(&mut self, key: Key) {
        self.leaf = Self::leaf(key, other(2), self.leaf.issuer.clone());
        self.signing = key;
    }

    fn store(&self) -> TrustStore {
        let certificates = std::iter::once(&self.root).chain(&self.below);
        let certificates = certificates.map(|certificate| Certificate::read(&certificate.der()).unwrap());
        let pins = BTreeSet::from([Certificate::read(&self.root.der()).unwrap().fingerprint()]);
        let lists = self.lists.iter().map(|list| RevocationList::read(&list.der()).unwrap());
        TrustStore::new(&pins, certificates, lists).unwrap()
    }

    fn verify(&self) -> Result<HolderPresent, Fault> {
        let (certificate, store) = (self.leaf.der(), self.store());
        let mut signature = match self.signing {
            Key::Ec(curve, seed, _) => {
                let (r, s) = curve.sign(&curve.secret(&[seed; 32]), &[7; 32], &TO_SIGN);
                let padded = |number: Vec<u8>| [vec![0; curve.field_length() - number.len()], number].concat();
                [padded(r), padded(s)].concat()
            }
            Key::Rsa(_) => vec![1; 256],
        };
        let mut signed = TO_SIGN;
        (self.alter)(&mut signature, &mut signed);
        verify(
            Presented { certificate: &certificate, signature: &signature, signed: &signed },
            &store,
            self.grace,
            self.at,
        )
    }
}

#[test]
fn the_holder_of_a_card_is_there() {
    let scene = Scene::new();
    let present = scene.verify().unwrap();
    assert_eq!(present.document_number(), NUMBER);
    assert_eq!(present.signed(), &TO_SIGN);
    assert_eq!(present.key_thumbprint()[..], Hash::Sha256.digest(&[&HOLDER.spki()]));
    assert_eq!(present.signer().path().anchor().der(), scene.root.der());
    assert_eq!(present.signer().lists().len(), 2, "of the card and of the authority below the root");
    let zone = |number: &str| Mrz::read(zone("ID", "FRA", "900713", "320211").replace(NUMBER, number).as_bytes());
    assert!(present.is_of(&zone(NUMBER).unwrap()));
    assert!(!format!("{present:?}").contains(NUMBER));
}

#[test]
fn a_card_of_another_number_is_another() {
    let mut scene = Scene::new();
    scene.leaf.subject = subject("FR", &["X4RTBPFW5"]);
    let zone = Mrz::read(zone("ID", "FRA", "900713", "320211").as_bytes()).unwrap();
    assert!(!scene.verify().unwrap().is_of(&zone));
}

#[test]
fn every_curve_of_the_list_signs() {
    for curve in Curve::ALL {
        let mut scene = Scene::new();
        scene.leaf_of(Key::Ec(curve, 9, Form::Explicit));
        assert!(scene.verify().is_ok(), "{}", curve.name());
        scene.alter = |signature, _| signature[40] ^= 1;
        assert_eq!(scene.verify().unwrap_err(), Fault::Signature, "{}", curve.name());
    }
}

#[test]
fn what_a_simulator_issued_is_known_by_its_policy() {
    let policies = || {
        let policy = sequence(&[&sequence(&[&oid("1.3.6.1.4.1.32473.1.4.1")])]);
        ("2.5.29.32", false, policy)
    };
    assert!(!Scene::new().verify().unwrap().signer().has_policy(SIMULATOR));
    assert!(!Scene::new().store().has_policy(SIMULATOR));
    let (mut of_root, mut of_sub) = (Scene::new(), Scene::new());
    of_root.root = of_root.root.set(policies());
    of_sub.below[0] = of_sub.below[0].clone().set(policies());
    for scene in [of_root, of_sub] {
        let present = scene.verify().unwrap();
        assert!(present.signer().has_policy(SIMULATOR) && scene.store().has_policy(SIMULATOR));
        assert!(present.signer().path().has_policy(SIMULATOR));
    }
    let mut of_leaf = Scene::new();
    of_leaf.leaf = of_leaf.leaf.set(policies());
    assert!(of_leaf.verify().unwrap().signer().has_policy(SIMULATOR));
}

type Case = (&'static str, &'static str, fn(&mut Scene));

const CASES: &[Case] = &[
    ("HOLDER_MALFORMED", "no certificate", |it| it.leaf.subject = vec![5, 0]),
    ("HOLDER_VERSION", "version 1", |it| it.leaf.version = 0),
    ("HOLDER_CRITICAL_EXTENSION", "one that nobody knows", |it| {
        it.leaf = it.leaf.clone().set((UNKNOWN, true, vec![5, 0]));
    }),
    ("HOLDER_IS_AUTHORITY", "an authority", |it| it.leaf = it.leaf.clone().set(authority(None))),
    ("HOLDER_KEY_USAGE", "none", |it| it.leaf = it.leaf.clone().without(USAGE)),
    ("HOLDER_KEY_USAGE", "not critical", |it| it.leaf = it.leaf.clone().set(usage(false, 7, 0x80))),
    ("HOLDER_KEY_USAGE", "another besides", |it| it.leaf = it.leaf.clone().set(usage(true, 6, 0xc0))),
    ("HOLDER_NOT_VALID", "over", |it| it.leaf.validity.1 = "20261121"),
    ("HOLDER_NOT_VALID", "not begun", |it| it.leaf.validity.0 = "20261123"),
    ("HOLDER_DOCUMENT_NUMBER", "none", |it| it.leaf.subject = subject("FR", &[])),
    ("HOLDER_DOCUMENT_NUMBER", "two", |it| it.leaf.subject = subject("FR", &[NUMBER, "X4RTBPFW5"])),
    ("HOLDER_DOCUMENT_NUMBER", "with a filler", |it| it.leaf.subject = subject("FR", &["X4RTBPF<4"])),
    ("HOLDER_DOCUMENT_NUMBER", "empty", |it| it.leaf.subject = subject("FR", &[""])),
    ("HOLDER_COUNTRY", "none", |it| it.leaf.subject = subject("", &[NUMBER])),
    ("HOLDER_COUNTRY", "neither has one", |it| {
        (it.leaf.subject, it.leaf.issuer) = (subject("", &[NUMBER]), subject("", &["1"]));
    }),
    ("HOLDER_COUNTRY", "another than the authority's", |it| it.leaf.subject = subject("BE", &[NUMBER])),
    ("HOLDER_KEY", "RSA", |it| it.leaf_of(RSA_2048)),
    ("HOLDER_PATH_NO_AUTHORITY_KEY", "of the card", |it| it.leaf = it.leaf.clone().without(AKI)),
    ("HOLDER_PATH_UNKNOWN_ISSUER", "the authority is not in the store", |it| it.below.clear()),
    ("HOLDER_PATH_UNKNOWN_ISSUER", "the authority hangs on another root", |it| {
        it.below[0] = it.below[0].clone().signed_by(other(3)).set(aki(&other(3)));
    }),
    ("HOLDER_PATH_OTHER_NAME", "another issuer", |it| it.leaf.issuer = name(UTF8, "FR", "another")),
    ("HOLDER_PATH_NOT_AUTHORITY", "without a key usage", |it| it.below[0] = it.below[0].clone().without(USAGE)),
    ("HOLDER_PATH_ALGORITHM", "SHA-1", |it| it.leaf.algorithm = Algorithm::Ecdsa(Hash::Sha1)),
    ("HOLDER_PATH_SIGNATURE", "of the card by another key", |it| it.leaf.signer = other(3)),
    ("HOLDER_PATH_SIGNATURE", "of the authority by another key", |it| it.below[0].signer = other(3)),
    ("HOLDER_PATH_NOT_VALID", "the authority is over", |it| it.below[0].validity.1 = "20261121"),
    ("HOLDER_PATH_NOT_VALID", "the root is over", |it| it.root.validity.1 = "20261121"),
    ("HOLDER_PATH_LENGTH", "a root that admits none below", |it| it.root = it.root.clone().set(authority(Some(0)))),
    ("HOLDER_PATH_TOO_LONG", "seven authorities", |it| {
        let root = it.root.issuer.clone();
        it.root = it.root.clone().set(authority(None));
        let link = |seed: u8| Certified {
            issuer: root.clone(),
            subject: root.clone(),
            ..Certified::link(other(seed + 1), other(seed))
        };
        let links = (10..16).map(link).map(|link| link.set(authority(None)));
        let first = Certified { issuer: root.clone(), subject: root.clone(), ..Certified::link(other(10), other(1)) };
        it.below[0] = it.below[0].clone().signed_by(other(16)).set(aki(&other(16)));
        it.below.extend(links.chain([first.set(authority(None))]));
    }),
    ("HOLDER_PATH_BUDGET", "many authorities with the identifier of the key", |it| {
        let impostor = Certified { subject: it.leaf.issuer.clone(), ..Certified::root(other(3)) }.set(ski(&other(2)));
        it.below = (0..70).map(|serial| Certified { serial: 10 + serial, ..impostor.clone() }).collect();
    }),
    ("HOLDER_REVOKED", "the card", |it| it.lists[1].revoked = vec![(5, Vec::new())]),
    ("HOLDER_REVOKED", "the authority", |it| it.lists[0].revoked = vec![(2, Vec::new())]),
    ("HOLDER_CRL_MISSING", "of the authority", |it| drop(it.lists.pop())),
    ("HOLDER_CRL_MISSING", "of the root", |it| drop(it.lists.remove(0))),
    ("HOLDER_CRL_UNSIGNED", "by another key", |it| it.lists[1].key = other(3)),
    ("HOLDER_CRL_STALE", "over", |it| it.lists[1].updates.1 = Some("20261121")),
    ("HOLDER_CRL_NOT_YET", "of a later moment", |it| it.lists[1].updates.0 = "20261123"),
    ("HOLDER_NO_SUB_AUTHORITY", "the root itself issued it", |it| {
        it.leaf = Scene::leaf(HOLDER, other(1), it.root.subject.clone());
    }),
    ("HOLDER_NO_SUB_AUTHORITY", "a link to the root issued it", |it| {
        let top = it.root.subject.clone();
        it.below = vec![Certified { issuer: top.clone(), subject: top.clone(), ..Certified::link(other(4), other(1)) }];
        it.leaf = Scene::leaf(HOLDER, other(4), top);
    }),
    ("HOLDER_SIGNATURE_LENGTH", "an octet more", |it| it.alter = |signature, _| signature.push(0)),
    ("HOLDER_SIGNATURE_LENGTH", "an octet less", |it| it.alter = |signature, _| signature.truncate(63)),
    ("HOLDER_SIGNATURE_LENGTH", "in DER", |it| {
        it.alter = |signature, _| *signature = sequence(&[&integer(&signature[..32]), &integer(&signature[32..])]);
    }),
    ("HOLDER_SIGNATURE", "of something else", |it| it.alter = |_, signed| signed[31] ^= 1),
    ("HOLDER_SIGNATURE", "by another key", |it| it.signing = Key::Ec(Curve::P256, 8, Form::Named)),
    ("HOLDER_SIGNATURE", "r is none", |it| it.alter = |signature, _| signature[..32].fill(0)),
    ("HOLDER_SIGNATURE", "s is beyond the order", |it| it.alter = |signature, _| signature[32..].fill(0xff)),
];

#[test]
fn each_fault_has_its_code() {
    for (code, what, change) in CASES {
        let mut scene = Scene::new();
        change(&mut scene);
        let found = scene.verify().map(|_| ()).map_err(Fault::code);
        assert_eq!(found, Err(*code), "{what}");
    }
}

#[test]
fn within_the_grace_an_old_list_still_counts() {
    let mut scene = Scene::new();
    scene.lists[1].updates.1 = Some("20261121");
    scene.grace = 24;
    assert!(scene.verify().is_ok());
}

#[test]
fn no_octet_of_certificate_or_signature_can_be_another() {
    let scene = Scene::new();
    let (store, genuine) = (scene.store(), scene.leaf.der());
    let (r, s) = Curve::P256.sign(&Curve::P256.secret(&[9; 32]), &[7; 32], &TO_SIGN);
    let signature = [r, s].concat();
    let judge = |certificate: &[u8], signature: &[u8]| {
        verify(Presented { certificate, signature, signed: &TO_SIGN }, &store, 0, now()).is_ok()
    };
    assert!(judge(&genuine, &signature));
    for at in 0..genuine.len() {
        let mut altered = genuine.clone();
        altered[at] ^= 1;
        assert!(!judge(&altered, &signature), "octet {at} of the certificate");
    }
    for at in 0..signature.len() {
        let mut altered = signature.clone();
        altered[at] ^= 1;
        assert!(!judge(&genuine, &altered), "octet {at} of the signature");
    }
    assert!(!judge(&[], &[]) && !judge(&genuine, &[]));
}
