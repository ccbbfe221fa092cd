use proptest::prelude::*;

use super::*;
use crate::certificate::Certificate;
use crate::curve::Curve;
use crate::hash::Hash;
use crate::moment::Date;
use crate::signature::{Algorithm, Pssed};
use crate::testing::card::{Card, SIGNER, dg1, zone};
use crate::testing::pki::{
    AKI, Certified, PERIOD, PRINTABLE, Revoking, TYPES, USAGE, authority, name, now, ski, usage,
};
use crate::testing::scene::{AUTHORITY, Scene, other};
use crate::testing::{
    Form, Key, RSA_1024, RSA_2048_3, RSA_4096, RSA_6144, hash_identifier, integer, object, oid, sequence,
};
use crate::tlv::{self, Tag};
use crate::trust::RevocationList;

fn refused(scene: &Scene) -> Option<&'static str> {
    scene.judge().outcome.err().map(|(_, refusal)| refusal.code())
}

pub(super) fn notes<Proof>(verdict: &Verdict<Proof>) -> Vec<Note> {
    verdict.passed.iter().flat_map(|(_, notes)| notes.iter().copied()).collect()
}

#[test]
fn a_genuine_card_passes_every_check() {
    let verdict = Scene::new().judge();
    let authentic = verdict.outcome.as_ref().unwrap();
    assert_eq!(verdict.passed.iter().map(|(check, _)| *check).collect::<Vec<_>>(), Check::ALL);
    assert_eq!(notes(&verdict), [Note::IssueDateEstimated]);
    assert_eq!(authentic.zone().surname, "MARTIN");
    assert_eq!(authentic.security_infos().unwrap().chip_keys.len(), 1);
    assert_eq!(authentic.signer().path().anchor(), &Certificate::read(&Certified::root(AUTHORITY).der()).unwrap());
    assert_eq!(authentic.signer().lists()[0].number.to_string(), "0x07");
    assert!(authentic.signing_time().is_some() && authentic.active_authentication_key().is_none());
    let dg1 = authentic.group(Group::DG1).unwrap();
    assert!(authentic.is(Group::DG1, dg1) && !authentic.is(Group::DG1, &dg1[1..]) && !authentic.is(Group::DG2, dg1));
    assert!(authentic.is(Group::DG3, &object(0x63, b"fingerprints")), "listed, though never read");
    assert!(!format!("{verdict:?}").contains("MARTIN"), "nothing of the holder in what may be logged");
}

pub(super) type Change = fn(&mut Scene);

/// For each refusal the changes that lead to it.
fn refusals() -> Vec<(Refusal, &'static str, Change)> {
    let mut all = files();
    all.extend(structure());
    all.extend(certificates());
    all.extend(paths());
    all.extend(documents());
    all
}

fn files() -> Vec<(Refusal, &'static str, Change)> {
    vec![
        (Refusal::SodTooLarge, "64 KiB and more", |it| it.alter = |_| object(0x77, &[0; SOD_LIMIT])),
        (Refusal::GroupTooLarge, "a face of 256 KiB and more", |it| it.file(2, &object(0x75, &[0; 256 << 10]))),
        (Refusal::GroupRepeated, "the same group twice", |it| it.card.files.push(it.card.files[0].clone())),
        (Refusal::GroupReserved, "fingerprints", |it| it.file(3, &object(0x63, b"fingerprints"))),
        (Refusal::GroupMalformed, "another tag", |it| it.file(2, &object(0x74, b"face"))),
        (Refusal::GroupMalformed, "an octet after the file", |it| it.file(2, &[0x75, 0, 0])),
        (Refusal::GroupMandatory, "no zone", |it| it.card.files.retain(|(group, _)| *group != 1)),
        (Refusal::GroupMandatory, "no key of the chip", |it| it.card.files.retain(|(group, _)| *group != 14)),
        (Refusal::SodMalformed, "another tag", |it| it.alter = |sod| [&[0x78], &sod[1..]].concat()),
        (Refusal::SodMalformed, "nothing", |it| it.alter = |_| Vec::new()),
        (Refusal::SodMalformed, "cut", |it| it.alter = |sod| sod[..sod.len() - 1].to_vec()),
        (Refusal::SodNotDer, "indefinite lengths", |it| it.alter = indefinite),
        (Refusal::SodNotDer, "a length too long", |it| it.alter = |sod| [&[0x77, 0x83, 0], &sod[2..]].concat()),
        (Refusal::SodTrailing, "an octet after it", |it| it.alter = |sod| [&sod[..], &[0]].concat()),
        (Refusal::SodNotSignedData, "enveloped data", |it| it.card.outer = "1.2.840.113549.1.7.3"),
        (Refusal::GroupUnlisted, "a key of a forger's chip", |it| it.card.listed.retain(|(group, _)| *group != 14)),
        (Refusal::GroupUnlisted, "a key of a forger for active authentication", |it| {
            it.card.files.push((15, object(0x6f, &SIGNER.spki())));
        }),
        (Refusal::GroupHash, "another name", |it| {
            let at = it.card.files[0].1.len() - 1;
            it.card.files[0].1[at] = b'X';
        }),
        (Refusal::GroupWithheld, "the face", |it| it.card.files.retain(|(group, _)| *group != 2)),
        (Refusal::GroupWithheld, "the key of chip authentication beside the one of active authentication", |it| {
            it.file(15, &object(0x6f, &SIGNER.spki()));
            it.card.files.retain(|(group, _)| *group != 14);
        }),
    ]
}

/// The outermost objects with indefinite lengths, as some encoders write them.
#[expect(clippy::needless_pass_by_value, reason = "it is one of the alterations, which take what they alter")]
fn indefinite(sod: Vec<u8>) -> Vec<u8> {
    let inner = tlv::only(&sod, Tag(0x77)).unwrap();
    let inner = tlv::only(inner, Tag(0x30)).unwrap();
    object(0x77, &[&[0x30, 0x80], inner, &[0, 0]].concat())
}

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const DIGEST: &str = "1.2.840.113549.1.9.4";

fn list(version: u8, algorithm: &[u8], information: &[u8]) -> Vec<u8> {
    let entries: Vec<_> = Scene::new()
        .card
        .listed
        .iter()
        .map(|(group, file)| sequence(&[&integer(&[*group]), &object(4, &Hash::Sha256.digest(&[file]))]))
        .collect();
    let entries = sequence(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
    sequence(&[&integer(&[version]), algorithm, &entries, information])
}

pub(super) fn structure() -> Vec<(Refusal, &'static str, Change)> {
    vec![
        (Refusal::ContentType, "of early documents", |it| it.card.content_type = "1.3.27.1.1.1"),
        (Refusal::SignerCount, "none", |it| it.card.signers = 0),
        (Refusal::SignerCount, "two", |it| it.card.signers = 2),
        (Refusal::SignerMalformed, "named by a number", |it| it.card.identifier = integer(&[1])),
        (Refusal::AttributesMissing, "none", |it| it.card.with_attributes = false),
        (Refusal::AttributeRepeated, "twice", |it| it.card.attributes.push((DIGEST, Vec::new()))),
        (Refusal::AttributeRepeated, "two values", |it| {
            it.card.attributes.push((CONTENT_TYPE, vec![oid("2.23.136.1.1.1"), oid("2.23.136.1.1.2")]));
        }),
        (Refusal::AttributeContentType, "another", |it| {
            it.card.attributes.push((CONTENT_TYPE, vec![oid("2.23.136.1.1.2")]));
        }),
        (Refusal::AttributeContentType, "missing", |it| it.card.attributes.push((CONTENT_TYPE, vec![Vec::new()]))),
        (Refusal::AttributeDigest, "another", |it| it.card.attributes.push((DIGEST, vec![object(4, &[7; 32])]))),
        (Refusal::AttributeDigest, "missing", |it| it.card.attributes.push((DIGEST, vec![Vec::new()]))),
        (Refusal::SignerUnknown, "no certificate", |it| it.card.certificates.clear()),
        (Refusal::SignerUnknown, "two others", |it| {
            let certificate = it.card.certificates[0].clone();
            it.card.certificates.push(certificate);
            it.card.identifier = sequence(&[&name(PRINTABLE, "FR", "another"), &integer(&[3])]);
        }),
        (Refusal::SignatureAlgorithm, "another digest than the one of the signature", |it| {
            it.card.digest = Some(Hash::Sha512);
        }),
        (Refusal::SignatureHash, "SHA-1", |it| it.card.algorithm = Algorithm::RsaPkcs1(Hash::Sha1)),
        (Refusal::SignerKey, "1024 bits", |it| {
            it.signer(|signer| Certified { key: RSA_1024, ..signer });
        }),
        (Refusal::SignerKey, "a generator of the forger", |it| {
            it.card.certificates[0] =
                forged_curve(&Certified { key: other(3), ..Certified::signer(SIGNER, AUTHORITY) });
        }),
        (Refusal::SignatureInvalid, "by another key", |it| it.card.key = RSA_2048_3),
        (Refusal::HashesMalformed, "empty", |it| it.card.hashes = Some(sequence(&[]))),
        (Refusal::HashesMalformed, "no DER", |it| it.card.hashes = Some(vec![0x30, 0x80, 0, 0])),
        (Refusal::HashesVersion, "version 1 without information", |it| {
            it.card.hashes = Some(list(1, &hash_identifier(Hash::Sha256), &[]));
        }),
        (Refusal::HashesVersion, "version 0 with information", |it| {
            it.card.hashes = Some(list(0, &hash_identifier(Hash::Sha256), &sequence(&[])));
        }),
        (Refusal::HashesAlgorithm, "MD5", |it| {
            it.card.hashes = Some(list(0, &sequence(&[&oid("1.2.840.113549.2.5")]), &[]));
        }),
        (Refusal::HashesAlgorithm, "SHA-1", |it| it.card.hash = Hash::Sha1),
        (Refusal::HashesCount, "one", |it| it.card.listed.truncate(1)),
        (Refusal::HashesRepeated, "a group twice", |it| it.card.listed.push(it.card.listed[0].clone())),
    ]
}

/// With another generator than the one of the curve.
fn forged_curve(certificate: &Certified) -> Vec<u8> {
    let mut der = certificate.der();
    let generator = Curve::P256.generator();
    let at = der.windows(65).position(|window| window == generator.octets()).unwrap();
    der[at + 64] ^= 2;
    der
}

pub(super) fn certificates() -> Vec<(Refusal, &'static str, Change)> {
    vec![
        (Refusal::SignerVersion, "version 1", |it| it.signer(|signer| Certified { version: 0, ..signer })),
        (Refusal::SignerExtension, "unknown", |it| {
            it.signer(|signer| signer.set(("1.2.3.4", true, integer(&[1]))));
        }),
        (Refusal::SignerKeyUsage, "none", |it| it.signer(|signer| signer.without(USAGE))),
        (Refusal::SignerKeyUsage, "more than signatures", |it| it.signer(|signer| signer.set(usage(true, 6, 0xc0)))),
        (Refusal::SignerKeyUsage, "not critical", |it| it.signer(|signer| signer.set(usage(false, 7, 0x80)))),
        (Refusal::SignerIsAuthority, "an authority", |it| it.signer(|signer| signer.set(authority(None)))),
        (Refusal::SignerExpired, "over", |it| {
            it.signer(|signer| Certified { validity: ("20210101", "20261121"), ..signer });
        }),
        (Refusal::SignerExpired, "not begun", |it| {
            it.signer(|signer| Certified { validity: ("20261123", "20310401"), ..signer });
        }),
        (Refusal::SignerIssueDate, "issued before", |it| {
            it.file(12, &object(0x6c, &[&[0x5f, 0x26, 8][..], b"20201231"].concat()));
        }),
        (Refusal::SignerDocumentType, "for passports", |it| {
            it.signer(|signer| {
                let types = object(0x31, &object(PRINTABLE, b"P"));
                signer.set((TYPES, false, sequence(&[&integer(&[0]), &types])))
            });
        }),
        (Refusal::SignerCountry, "the signer's", |it| {
            it.signer(|signer| Certified { subject: name(PRINTABLE, "BE", "SIM-DS"), ..signer });
        }),
        (Refusal::SignerCountry, "both of another country", |it| {
            it.signer(|signer| {
                let (issuer, subject) = (name(PRINTABLE, "BE", "SIM-CSCA"), name(PRINTABLE, "BE", "SIM-DS"));
                Certified { issuer, subject, ..signer }
            });
        }),
    ]
}

pub(super) fn paths() -> Vec<(Refusal, &'static str, Change)> {
    vec![
        (Refusal::PathNoKey, "none", |it| it.signer(|signer| signer.without(AKI))),
        (Refusal::PathUnknown, "a root that is not pinned", |it| it.others.append(&mut it.pinned)),
        (Refusal::PathUnknown, "an authority that came with the document", |it| {
            it.card.certificates.push(it.pinned[0].der());
            it.pinned = vec![Certified::root(other(1))];
        }),
        (Refusal::PathName, "another issuer", |it| {
            it.signer(|signer| Certified { issuer: name(PRINTABLE, "FR", "another"), ..signer });
        }),
        (Refusal::PathNotAuthority, "no key usage", |it| it.pinned[0] = it.pinned[0].clone().without(USAGE)),
        (Refusal::PathNotAuthority, "a critical extension that is not known", |it| {
            it.pinned[0] = it.pinned[0].clone().set(("1.2.3.4", true, integer(&[1])));
        }),
        (Refusal::PathAlgorithm, "SHA-1", |it| {
            it.signer(|signer| Certified { algorithm: Algorithm::RsaPkcs1(Hash::Sha1), ..signer });
        }),
        (Refusal::PathAlgorithm, "an algorithm of another kind of key", |it| {
            it.signer(|signer| Certified { signer: other(1), algorithm: other(1).algorithm(), ..signer });
        }),
        (Refusal::PathSignature, "by another key", |it| {
            it.signer(|signer| Certified { signer: RSA_2048_3, ..signer });
        }),
        (Refusal::PathNotValid, "a root that is over", |it| it.pinned[0].validity.1 = "20261121"),
        (Refusal::PathNotValid, "a root that has not begun", |it| it.pinned[0].validity.0 = "20261123"),
        (Refusal::PathNotValid, "a link that is over", |it| {
            it.pinned = vec![Certified::root(other(1))];
            let validity = ("20200101", "20261121");
            it.others = vec![Certified { validity, ..Certified::link(AUTHORITY, other(1)) }];
        }),
        (Refusal::PathLength, "an authority below one that admits none", |it| {
            it.pinned = vec![Certified { subject: name(PRINTABLE, "FR", "root"), ..Certified::root(other(1)) }];
            let issuer = name(PRINTABLE, "FR", "root");
            it.others = vec![Certified { issuer, ..Certified::link(AUTHORITY, other(1)) }];
        }),
        (Refusal::PathTooLong, "seven links", |it| {
            it.pinned = vec![Certified::root(other(1))];
            it.others = (1..7).map(|seed| Certified::link(other(seed + 1), other(seed))).collect();
            it.others.push(Certified::link(AUTHORITY, other(7)));
        }),
        (Refusal::PathBudget, "many authorities with the identifier of the key", |it| {
            let impostor = Certified::root(other(1)).set(ski(&AUTHORITY));
            it.others = (0..70).map(|serial| Certified { serial: 10 + serial, ..impostor.clone() }).collect();
            it.pinned = vec![Certified::root(other(2))];
            it.signer(|signer| Certified { signer: other(3), algorithm: other(3).algorithm(), ..signer });
        }),
        (Refusal::Revoked, "the signer", |it| it.lists[0].revoked = vec![(3, Vec::new())]),
        (Refusal::Revoked, "the signer, by a list that is too old", |it| {
            it.lists[0].revoked = vec![(3, Vec::new())];
            it.lists[0].updates.1 = Some("20261102");
        }),
        (Refusal::Revoked, "a link", |it| {
            it.pinned = vec![Certified::root(other(1))];
            it.others = vec![Certified::link(AUTHORITY, other(1))];
            it.lists[0].revoked = vec![(2, Vec::new())];
        }),
        (Refusal::CrlMissing, "none", |it| it.lists.clear()),
        (Refusal::CrlMissing, "one of another issuer", |it| it.lists[0].issuer = name(PRINTABLE, "FR", "another")),
        (Refusal::CrlUnsigned, "by another key", |it| it.lists[0].key = RSA_2048_3),
        (Refusal::CrlUnsigned, "by an authority that is not pinned", |it| {
            it.others = vec![Certified::root(other(1))];
            it.lists = vec![Revoking::nothing(other(1))];
        }),
        (Refusal::CrlUnsigned, "with SHA-1", |it| it.lists[0].algorithm = Algorithm::RsaPkcs1(Hash::Sha1)),
        (Refusal::CrlStale, "over", |it| it.lists[0].updates.1 = Some("20261121")),
        (Refusal::CrlNotYet, "of tomorrow", |it| it.lists[0].updates.0 = "20261123"),
    ]
}

fn documents() -> Vec<(Refusal, &'static str, Change)> {
    vec![
        (Refusal::ZoneMalformed, "cut", |it| it.file(1, &dg1(&zone("ID", "FRA", "900713", "320211")[..80]))),
        (Refusal::ZoneMalformed, "a day that is not", |it| it.file(1, &dg1(&zone("ID", "FRA", "900732", "320211")))),
        (Refusal::ZoneMalformed, "no zone in it", |it| it.file(1, &object(0x61, &[0x5f, 0x1e, 0]))),
        (Refusal::ZoneCheckDigit, "another letter", |it| {
            it.file(1, &dg1(&zone("ID", "FRA", "900713", "320211").replace("X4RT", "X4RU")));
        }),
        (Refusal::ZoneLayout, "a passport", |it| {
            it.signer(|signer| signer.without(TYPES));
            let lines = "P<FRAERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36FRA7408122F3204153ZE184226B<<<<<1";
            it.file(1, &dg1(&format!("{lines}{}", 2)));
            let zones = (0..10).map(|digit| format!("{lines}{digit}"));
            let valid = zones.into_iter().find(|zone| Mrz::read(zone.as_bytes()).is_ok()).unwrap();
            it.file(1, &dg1(&valid));
        }),
        (Refusal::DocumentCode, "a residence permit", |it| {
            it.signer(|signer| signer.without(TYPES));
            it.file(1, &dg1(&zone("AR", "FRA", "900713", "320211")));
        }),
        (Refusal::IssuingState, "Belgium", |it| it.file(1, &dg1(&zone("ID", "BEL", "900713", "320211")))),
        (Refusal::DocumentExpired, "yesterday", |it| {
            it.signer(|signer| Certified { validity: ("20150101", "20310401"), ..signer });
            it.file(1, &dg1(&zone("ID", "FRA", "900713", "261121")));
        }),
        (Refusal::BirthDate, "a day that no year of the last hundred had", |it| {
            it.file(1, &dg1(&zone("ID", "FRA", "990229", "320211")));
        }),
        (Refusal::HolderMinor, "eighteen tomorrow", |it| it.file(1, &dg1(&zone("ID", "FRA", "081123", "320211")))),
        (Refusal::HolderMinor, "eighteen this year, on a day that is not known", |it| {
            it.file(1, &dg1(&zone("ID", "FRA", "08<<<<", "320211")));
        }),
        (Refusal::ChipKeysMalformed, "no set of infos", |it| it.file(14, &object(0x6e, &sequence(&[])))),
        (Refusal::ChipKeysMalformed, "no key of active authentication", |it| {
            it.file(15, &object(0x6f, &sequence(&[])));
        }),
    ]
}

#[test]
fn each_refusal_has_its_code_and_something_that_leads_to_it() {
    let mut seen = Vec::new();
    for (refusal, what, change) in refusals() {
        let mut scene = Scene::new();
        change(&mut scene);
        assert_eq!(refused(&scene), Some(refusal.code()), "{refusal}: {what}");
        seen.push(refusal);
    }
    for refusal in Refusal::ALL {
        assert!(seen.contains(refusal), "nothing leads to {}", refusal.code());
    }
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
}

#[test]
fn a_refusal_comes_after_the_checks_before_it() {
    for (refusal, what, change) in refusals() {
        let mut scene = Scene::new();
        change(&mut scene);
        let verdict = scene.judge();
        let (check, _) = verdict.outcome.unwrap_err();
        let before: Vec<_> = Check::ALL.into_iter().take_while(|before| *before != check).collect();
        let passed: Vec<_> = verdict.passed.iter().map(|(check, _)| *check).filter(|passed| *passed != check).collect();
        assert_eq!(passed, before, "{refusal}: {what}");
    }
}

#[test]
fn every_algorithm_of_the_field_signs_documents() {
    let salts = [(Hash::Sha256, 32), (Hash::Sha256, 20), (Hash::Sha512, 64), (Hash::Sha512, 20), (Hash::Sha384, 48)];
    let mut signers: Vec<(Key, Algorithm)> =
        vec![(RSA_2048_3, Algorithm::RsaPkcs1(Hash::Sha512)), (RSA_6144, Algorithm::RsaPkcs1(Hash::Sha256))];
    signers.extend(salts.map(|(hash, salt)| (RSA_4096, Algorithm::RsaPss(Pssed { hash, salt }))));
    for curve in Curve::ALL {
        signers.push((Key::Ec(curve, 5, Form::Explicit), Algorithm::Ecdsa(Hash::Sha256)));
        signers.push((Key::Ec(curve, 5, Form::Named), Algorithm::Ecdsa(Hash::Sha512)));
    }
    for (key, algorithm) in signers {
        let mut scene = Scene::new();
        scene.signer(|signer| Certified { key, ..signer });
        scene.card.algorithm = algorithm;
        assert_eq!(refused(&scene), None, "{key:?} {algorithm:?}");
    }
    for curve in [Curve::P521, Curve::BrainpoolP512r1, Curve::BrainpoolP320r1] {
        let authority = Key::Ec(curve, 6, Form::Explicit);
        let mut scene = Scene::new();
        scene.pinned = vec![Certified::root(authority)];
        scene.lists = vec![Revoking::nothing(authority)];
        scene.card = Card::signed_by(&Certified::signer(SIGNER, authority));
        assert_eq!(refused(&scene), None, "an authority on {}", curve.name());
    }
}

#[test]
fn the_signer_is_found_whatever_the_string_types_of_its_name() {
    for (kind, text) in
        [(PRINTABLE, "SIM-CSCA"), (0x0c, "sim-csca"), (0x14, " SIM-CSCA "), (0x1e, "\0S\0I\0M\0-\0C\0S\0C\0A")]
    {
        let mut scene = Scene::new();
        scene.card.identifier = sequence(&[&name(kind, "FR", text), &integer(&[3])]);
        let verdict = scene.judge();
        assert!(verdict.outcome.is_ok(), "{text}");
        assert_eq!(notes(&verdict), [Note::IssueDateEstimated], "{text}");
    }
    let mut scene = Scene::new();
    scene.card.identifier = object(0x80, &SIGNER.identifier());
    assert_eq!(notes(&scene.judge()), [Note::IssueDateEstimated]);
    scene.card.identifier = sequence(&[&name(PRINTABLE, "FR", "another"), &integer(&[9])]);
    assert_eq!(notes(&scene.judge()), [Note::OtherSigner, Note::IssueDateEstimated]);
}

#[test]
fn a_signer_of_the_store_serves_documents_without_one() {
    let mut scene = Scene::new();
    scene.card.certificates.clear();
    scene.others = vec![Certified::signer(SIGNER, AUTHORITY)];
    let verdict = scene.judge();
    assert!(verdict.outcome.is_ok());
    assert_eq!(notes(&verdict), [Note::StoredSigner, Note::IssueDateEstimated]);
}

#[test]
fn what_is_not_read_may_stay_away_and_the_keys_of_the_chip_may_not() {
    let mut scene = Scene::new();
    scene.unread = Unread::new(&[Group::DG2]).unwrap();
    scene.card.files.retain(|(group, _)| *group != 2);
    let verdict = scene.judge();
    assert!(verdict.outcome.unwrap().group(Group::DG2).is_none());
    for never in [Group::DG1, Group::DG14, Group::DG15] {
        assert_eq!(Unread::new(&[Group::DG2, never]), None);
    }
}

#[test]
fn the_age_is_counted_to_the_day() {
    let mut scene = Scene::new();
    scene.file(1, &dg1(&zone("ID", "FRA", "081122", "320211")));
    assert_eq!(refused(&scene), None, "eighteen today");
    scene.at = Moment(scene.at.0 - 1);
    assert_eq!(refused(&scene), Some("HOLDER_MINOR"), "a second before");
}

#[test]
fn a_card_is_good_on_its_last_day() {
    let mut scene = Scene::new();
    scene.signer(|signer| Certified { validity: ("20150101", "20310401"), ..signer });
    scene.file(1, &dg1(&zone("ID", "FRA", "900713", "261122")));
    scene.at = Moment(scene.at.0 + 86_399);
    assert_eq!(refused(&scene), None);
    scene.at = Moment(scene.at.0 + 1);
    assert_eq!(refused(&scene), Some("DOCUMENT_EXPIRED"));
}

#[test]
fn the_issue_date_is_said_when_it_is_not_where_it_should_be() {
    let mut scene = Scene::new();
    scene.signer(|signer| {
        let bounds = [object(0x80, b"20210101000000Z"), object(0x81, b"20210401000000Z")];
        signer.set((PERIOD, false, sequence(&[&bounds[0], &bounds[1]])))
    });
    assert_eq!(notes(&scene.judge()), [Note::IssueDateEstimated, Note::UsagePeriodOutside]);
    let mut scene = Scene::new();
    scene.file(12, &object(0x6c, &[&[0x5f, 0x26, 8][..], b"20220211"].concat()));
    assert_eq!(notes(&scene.judge()), []);
    let mut scene = Scene::new();
    scene.file(1, &dg1(&zone("ID", "FRA", "900713", "301231")));
    assert_eq!(notes(&scene.judge()), [Note::IssueDateEstimated, Note::IssueDateOutside], "an estimate refuses nobody");
}

#[test]
fn the_profile_of_all_states_accepts_what_the_field_has_and_says_so() {
    let cases: [(&[Note], Change); 9] = [
        (&[Note::Ber, Note::IssueDateEstimated], |it| it.alter = indefinite),
        (&[Note::OldContentType, Note::IssueDateEstimated], |it| it.card.content_type = "1.3.27.1.1.1"),
        (&[Note::Sha1, Note::IssueDateEstimated], |it| it.card.algorithm = Algorithm::RsaPkcs1(Hash::Sha1)),
        (&[Note::Sha1, Note::IssueDateEstimated], |it| it.card.hash = Hash::Sha1),
        (&[Note::NotDelivered, Note::IssueDateEstimated], |it| it.card.files.retain(|(group, _)| *group != 2)),
        (&[Note::IssueDateEstimated, Note::CrlAbsent], |it| it.lists.clear()),
        (&[Note::IssueDateEstimated, Note::ChipKeysUnreadable], |it| it.file(14, &object(0x6e, &sequence(&[])))),
        (&[Note::IssueDateEstimated, Note::IssueDateOutside, Note::Expired], |it| {
            it.file(1, &dg1(&zone("ID", "FRA", "900713", "261121")));
        }),
        (&[Note::CountryUnknown, Note::IssueDateEstimated], |it| {
            let of = |common| name(PRINTABLE, "ZZ", common);
            it.pinned[0] = Certified { issuer: of("CSCA"), subject: of("CSCA"), ..it.pinned[0].clone() };
            it.lists[0].issuer = of("CSCA");
            it.signer(|signer| Certified { issuer: of("CSCA"), subject: of("DS"), ..signer });
            it.card.identifier = sequence(&[&of("CSCA"), &integer(&[3])]);
        }),
    ];
    for (expected, change) in cases {
        let mut scene = Scene::new();
        change(&mut scene);
        scene.profile = Profile::Icao;
        let verdict = scene.judge();
        assert!(verdict.outcome.is_ok(), "{expected:?}: {:?}", verdict.outcome);
        assert_eq!(notes(&verdict), expected);
    }
    for (change, code) in [
        ((|it| it.card.files.retain(|(group, _)| *group != 14)) as Change, "GROUP_WITHHELD"),
        (|it| it.file(1, &dg1(&zone("ID", "BEL", "900713", "320211"))), "DS_COUNTRY"),
        (|it| it.lists[0].revoked = vec![(3, Vec::new())], "REVOKED"),
        (|it| it.others.append(&mut it.pinned), "PATH_UNKNOWN_ISSUER"),
        (|it| it.alter = |sod| [&sod[..], &[0]].concat(), "SOD_TRAILING"),
    ] {
        let mut scene = Scene::new();
        change(&mut scene);
        scene.profile = Profile::Icao;
        assert_eq!(refused(&scene), Some(code));
    }
}

#[test]
fn a_signer_that_was_trusted_stands_until_something_changes() {
    let mut scene = Scene::new();
    let (store, sod) = (scene.store(), scene.card.sod());
    let first = scene.judge_sod(&store, &sod, &KnownSigners::default());
    let mut known = KnownSigners::default();
    known.keep(first.outcome.unwrap().signer().clone());
    let again = |scene: &Scene, store: &TrustStore| notes(&scene.judge_sod(store, &sod, &known));
    let kept = [Note::IssueDateEstimated, Note::KnownSigner];
    assert_eq!(again(&scene, &store), kept);
    // The same files against a store that knows of a revocation.
    let revoking = Revoking { revoked: vec![(3, Vec::new())], ..Revoking::nothing(AUTHORITY).numbered(8) };
    let newer = store.with_list(RevocationList::read(&revoking.der()).unwrap()).unwrap();
    assert_eq!(scene.judge_sod(&newer, &sod, &known).outcome.unwrap_err().1, Refusal::Revoked);
    scene.grace = 1;
    assert_eq!(again(&scene, &store), [Note::IssueDateEstimated], "other rules");
    scene.grace = 0;
    scene.at = Moment(now().0 - 1);
    assert_eq!(again(&scene, &store), [Note::IssueDateEstimated], "an earlier moment");
    scene.at = Date::new(2027, 1, 30).unwrap().begin().unwrap();
    assert_eq!(again(&scene, &store), kept, "the last second of the list");
    scene.at = Moment(scene.at.0 + 1);
    assert_eq!(scene.judge_sod(&store, &sod, &known).outcome.unwrap_err().1, Refusal::CrlStale);
}

/// What OpenSSL says of the signature of signed data with the certificate inside; none where it is not installed.
fn openssl(folder: &std::path::Path, signed_data: &[u8]) -> Option<bool> {
    let path = folder.join("signed-data");
    std::fs::write(&path, signed_data).unwrap();
    let mut command = std::process::Command::new("openssl");
    command.args(["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-out", "/dev/null", "-in"]).arg(path);
    command.output().ok().map(|output| output.status.success())
}

#[test]
fn signatures_of_security_objects_are_judged_as_openssl_does() {
    let folder = std::env::temp_dir().join(format!("chip-objects-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut signers: Vec<(Key, Algorithm)> =
        [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| (RSA_4096, Algorithm::RsaPkcs1(hash))).to_vec();
    for (hash, salt) in
        [(Hash::Sha256, 20), (Hash::Sha256, 32), (Hash::Sha384, 48), (Hash::Sha512, 20), (Hash::Sha512, 64)]
    {
        signers.push((RSA_2048_3, Algorithm::RsaPss(Pssed { hash, salt })));
    }
    for curve in Curve::ALL {
        for hash in [Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            signers.push((Key::Ec(curve, 5, Form::Explicit), Algorithm::Ecdsa(hash)));
        }
    }
    let store = Scene::new().store();
    for (key, algorithm) in signers {
        let mut scene = Scene::new();
        scene.signer(|signer| Certified { key, ..signer });
        scene.card.algorithm = algorithm;
        let genuine = scene.card.sod();
        let mut by_another = scene.clone();
        by_another.card.key = match key {
            Key::Rsa(_) => SIGNER,
            Key::Ec(curve, _, form) => Key::Ec(curve, 6, form),
        };
        let mut other_digest = scene.clone();
        other_digest.card.attributes.push((DIGEST, vec![object(4, &vec![7; algorithm.hash().length()])]));
        for sod in [genuine, by_another.card.sod(), other_digest.card.sod()] {
            let Some(theirs) = openssl(&folder, tlv::only(&sod, Tag(0x77)).unwrap()) else {
                eprintln!("skipped: no openssl on this machine to compare with");
                return;
            };
            let ours = scene.judge_sod(&store, &sod, &KnownSigners::default()).outcome.is_ok();
            assert_eq!(ours, theirs, "{key:?} {algorithm:?}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_files_of_another_card_do_not_go_with_a_security_object() {
    let mut scene = Scene::new();
    let sod = scene.card.sod();
    scene.file(1, &dg1(&zone("ID", "FRA", "910713", "320211")));
    let verdict = scene.judge_sod(&scene.store(), &sod, &KnownSigners::default());
    assert_eq!(verdict.outcome.unwrap_err().1, Refusal::GroupHash);
}

/// Octets that no signature covers: what the structure repeats of what is signed, and the identifier of the signer, beside
/// which the signature decides. Everything else counts.
fn uncovered(sod: &[u8], card: &Card) -> Vec<std::ops::Range<usize>> {
    let at = |needle: &[u8], from: usize| {
        from + sod[from..].windows(needle.len()).position(|window| window == needle).unwrap()
    };
    let content = at(&card.content(), 0);
    // From the version of SignedData to its digest algorithms, which the signer repeats.
    let version = at(&integer(&[3]), 0);
    let digests = at(&hash_identifier(Hash::Sha256), version);
    assert!(digests < content);
    let identifier = at(&card.identifier, content + card.content().len() + card.certificates[0].len());
    vec![
        version + 2..version + 3,
        digests..digests + hash_identifier(Hash::Sha256).len(),
        identifier - 1..identifier,
        identifier + 2..identifier + card.identifier.len(),
    ]
}

#[test]
fn no_octet_of_the_files_can_be_another() {
    let scene = Scene::new();
    let (store, sod) = (scene.store(), scene.card.sod());
    let free = uncovered(&sod, &scene.card);
    let genuine = scene.judge_sod(&store, &sod, &KnownSigners::default()).outcome.unwrap();
    for at in 0..sod.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut altered = sod.clone();
            altered[at] ^= mask;
            match scene.judge_sod(&store, &altered, &KnownSigners::default()).outcome {
                Err(_) => {}
                Ok(authentic) => {
                    assert!(free.iter().any(|free| free.contains(&at)), "octet {at} of {} is covered", sod.len());
                    assert_eq!(authentic.zone(), genuine.zone());
                    assert_eq!(authentic.hashes(), genuine.hashes());
                    assert_eq!(authentic.signer().certificate(), genuine.signer().certificate());
                }
            }
        }
    }
    let mut known = KnownSigners::default();
    known.keep(genuine.signer().clone());
    for (index, (_, file)) in scene.card.files.iter().enumerate() {
        for at in 0..file.len() {
            let mut scene = scene.clone();
            scene.card.files[index].1[at] ^= 1;
            let verdict = scene.judge_sod(&store, &sod, &known);
            let (_, refusal) = verdict.outcome.unwrap_err();
            assert!(matches!(refusal, Refusal::GroupHash | Refusal::GroupMalformed), "{refusal}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_files_make_it_panic(
        sod in proptest::collection::vec(any::<u8>(), 0..200),
        cut in 0_usize..1500, at in 0_usize..1500, inserted in proptest::collection::vec(any::<u8>(), 0..8),
        file in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        thread_local! {
            static READY: (Scene, TrustStore, Vec<u8>) = { let scene = Scene::new(); (scene.clone(), scene.store(), scene.card.sod()) };
        }
        READY.with(|(scene, store, genuine)| {
            let mut scene = scene.clone();
            for profile in [Profile::Cnie, Profile::Icao] {
                scene.profile = profile;
                let mut altered = genuine.clone();
                altered.truncate(cut);
                let at = at.min(altered.len());
                altered.splice(at..at, inserted.iter().copied());
                for sod in [&sod, &object(0x77, &sod), &altered] {
                    assert!(sod == genuine || scene.judge_sod(store, sod, &KnownSigners::default()).outcome.is_err());
                }
            }
            scene.card.files.push((16, file.clone()));
            let _ = scene.judge_sod(store, genuine, &KnownSigners::default());
        });
    }
}
