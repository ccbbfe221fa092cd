use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::asn1::Limits;
use crate::ber;
use crate::passive::tests::{Change, certificates, notes, paths, structure};
use crate::testing::pki::{Certified, Revoking, name};
use crate::testing::scene::{AUTHORITY, Scene};
use crate::testing::{hash_identifier, integer, object, oid, sequence, set};
use crate::trust::RevocationList;

const TYPE: &str = "0.4.0.127.0.7.3.2.1";

/// The infos of the group 14 of most tests.
fn infos() -> Vec<u8> {
    crate::lds::Group::DG14.contents(&crate::testing::card::dg14()).unwrap().to_vec()
}

/// A scene whose security object is an EF.CardSecurity.
fn scene(change: Change) -> Scene {
    let mut scene = Scene::new();
    change(&mut scene);
    scene.card.content_type = TYPE;
    scene.card.hashes = Some(infos());
    scene
}

fn judged(scene: &Scene, file: &[u8]) -> Verdict<AuthenticInfos> {
    authenticate_infos(file, &scene.store(), &KnownSigners::default(), scene.policy().rules, scene.at)
}

fn refused(scene: &Scene, file: &[u8]) -> Option<Refusal> {
    judged(scene, file).outcome.err().map(|(_, refusal)| refusal)
}

#[test]
fn what_a_state_signed_passes_every_check_and_gives_the_keys() {
    let scene = scene(|_| ());
    let file = scene.card.signed_data();
    let verdict = judged(&scene, &file);
    assert_eq!(verdict.passed.iter().map(|(check, _)| *check).collect::<Vec<_>>(), AuthenticInfos::CHECKS);
    assert_eq!(notes(&verdict), []);
    let authentic = verdict.outcome.unwrap();
    assert_eq!(authentic.infos(), &SecurityInfos::of_set(&infos()).unwrap());
    assert_eq!(authentic.evidence(), Fingerprint::of(&file));
    assert_eq!(authentic.signer().lists().len(), 1);
    assert_eq!(authentic.profile(), Profile::Cnie);
    assert!(authentic.signing_time().is_some());
}

/// What is wrong with a security object is wrong with this file, and has the same code.
#[test]
fn each_refusal_is_the_one_of_a_security_object() {
    let mut tried = 0;
    for (refusal, what, change) in structure().into_iter().chain(certificates()).chain(paths()) {
        let of_groups = matches!(
            refusal,
            Refusal::ContentType
                | Refusal::HashesMalformed
                | Refusal::HashesVersion
                | Refusal::HashesAlgorithm
                | Refusal::HashesCount
                | Refusal::HashesRepeated
                | Refusal::SignerIssueDate
                | Refusal::SignerDocumentType
        );
        if !of_groups {
            let scene = scene(change);
            assert_eq!(refused(&scene, &scene.card.signed_data()), Some(refusal), "{what}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried} were tried");
}

#[test]
fn another_form_or_content_is_refused() {
    let genuine = scene(|_| ());
    let file = genuine.card.signed_data();
    for (refusal, file) in [
        (Refusal::SodTooLarge, sequence(&[&vec![0; SOD_LIMIT]])),
        (Refusal::SodMalformed, Vec::new()),
        (Refusal::SodMalformed, file[..file.len() - 1].to_vec()),
        (Refusal::SodMalformed, object(0x77, &file)),
        (Refusal::SodTrailing, [&file[..], &[0]].concat()),
        (Refusal::SodNotDer, indefinite(&file)),
        (Refusal::SodMalformed, sequence(&[&oid("1.2.840.113549.1.7.2")])),
    ] {
        assert_eq!(refused(&genuine, &file), Some(refusal));
    }
    for content_type in ["2.23.136.1.1.1", "1.2.840.113549.1.7.1", "0.4.0.127.0.7.3.2"] {
        let mut scene = genuine.clone();
        scene.card.content_type = content_type;
        for profile in [Profile::Cnie, Profile::Icao] {
            scene.profile = profile;
            assert_eq!(refused(&scene, &scene.card.signed_data()), Some(Refusal::ContentType));
        }
    }
    let protocol = sequence(&[&oid("0.4.0.127.0.7.2.2.3.2.4"), &integer(&[1])]);
    for content in [sequence(&[]), set(&[]), set(&[&protocol]), set(&[&integer(&[1])])] {
        let mut scene = genuine.clone();
        scene.card.hashes = Some(content);
        assert_eq!(refused(&scene, &scene.card.signed_data()), Some(Refusal::ChipKeysMalformed));
    }
}

/// The security object of a card is no list of keys, and the reverse, though one signer signs both.
#[test]
fn neither_file_passes_for_the_other() {
    let card = Scene::new();
    let (store, file) = (card.store(), scene(|_| ()).card.signed_data());
    assert_eq!(refused(&card, &card.card.signed_data()), Some(Refusal::ContentType));
    let verdict = card.judge_sod(&store, &object(0x77, &file), &KnownSigners::default());
    assert_eq!(verdict.outcome.unwrap_err().1, Refusal::ContentType);
}

fn indefinite(file: &[u8]) -> Vec<u8> {
    [&[0x30, 0x80], crate::tlv::only(file, crate::asn1::SEQUENCE).unwrap(), &[0, 0]].concat()
}

#[test]
fn the_profile_of_all_states_takes_what_the_field_has_and_says_so() {
    let mut scene = scene(|it| it.lists.clear());
    let file = indefinite(&scene.card.signed_data());
    assert_eq!(ber::to_der(&file, Limits::CARD).unwrap(), scene.card.signed_data());
    scene.profile = Profile::Icao;
    let verdict = judged(&scene, &file);
    assert_eq!(notes(&verdict), [Note::Ber, Note::CrlAbsent]);
    assert!(verdict.outcome.is_ok());
    let belgian = |common| name(crate::testing::pki::PRINTABLE, "BE", common);
    scene.pinned[0] = Certified { issuer: belgian("CSCA"), subject: belgian("CSCA"), ..scene.pinned[0].clone() };
    scene.signer(|signer| Certified { issuer: belgian("CSCA"), subject: belgian("DS"), ..signer });
    scene.card.identifier = sequence(&[&belgian("CSCA"), &integer(&[3])]);
    (scene.card.content_type, scene.card.hashes) = (TYPE, Some(infos()));
    assert_eq!(refused(&scene, &scene.card.signed_data()), None);
    scene.profile = Profile::Cnie;
    scene.lists = vec![Revoking { issuer: belgian("CSCA"), ..Revoking::nothing(AUTHORITY) }];
    assert_eq!(refused(&scene, &scene.card.signed_data()), Some(Refusal::SignerCountry));
}

#[test]
fn a_signer_that_was_trusted_for_a_card_is_known_here_until_it_is_revoked() {
    let scene = scene(|_| ());
    let (store, file) = (scene.store(), scene.card.signed_data());
    let mut known = KnownSigners::default();
    let card = Scene::new();
    known.keep(card.judge_sod(&store, &card.card.sod(), &known).outcome.unwrap().signer().clone());
    let judge = |store: &TrustStore| authenticate_infos(&file, store, &known, scene.policy().rules, scene.at);
    assert_eq!(notes(&judge(&store)), [Note::KnownSigner]);
    let revoking = Revoking { revoked: vec![(3, Vec::new())], ..Revoking::nothing(AUTHORITY).numbered(8) };
    let newer = store.with_list(RevocationList::read(&revoking.der()).unwrap()).unwrap();
    assert_eq!(judge(&newer).outcome.unwrap_err().1, Refusal::Revoked);
}

#[test]
fn no_octet_of_the_file_can_be_another() {
    let scene = scene(|_| ());
    let (store, file) = (scene.store(), scene.card.signed_data());
    let at = |needle: &[u8], from: usize| {
        from + file[from..].windows(needle.len()).position(|window| window == needle).unwrap()
    };
    // What no signature covers, as in a security object.
    let version = at(&integer(&[3]), 0);
    let digests = at(&hash_identifier(crate::hash::Hash::Sha256), version);
    let identifier = at(&scene.card.identifier, at(&infos(), 0) + infos().len() + scene.card.certificates[0].len());
    let free = [
        version + 2..version + 3,
        digests..digests + hash_identifier(crate::hash::Hash::Sha256).len(),
        identifier - 1..identifier,
        identifier + 2..identifier + scene.card.identifier.len(),
    ];
    let rules = scene.policy().rules;
    for at in 0..file.len() {
        for mask in [0x01, 0x80] {
            let mut altered = file.clone();
            altered[at] ^= mask;
            let verdict = authenticate_infos(&altered, &store, &KnownSigners::default(), rules, scene.at);
            if let Ok(authentic) = verdict.outcome {
                assert!(free.iter().any(|free| free.contains(&at)), "octet {at} of {} is covered", file.len());
                assert_eq!(authentic.infos(), &SecurityInfos::of_set(&infos()).unwrap());
            }
        }
    }
}

/// Signed data that OpenSSL makes with the signer's key and certificate; none where it is not installed.
fn openssl(folder: &Path, content_type: &str, content: &[u8]) -> Option<Vec<u8>> {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(())
    };
    let scene = Scene::new();
    std::fs::write(folder.join("certificate.der"), &scene.card.certificates[0]).unwrap();
    std::fs::write(folder.join("content"), content).unwrap();
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rsa-2048-65537.der");
    std::fs::copy(key, folder.join("key.der")).unwrap();
    run(&["x509", "-inform", "DER", "-in", "certificate.der", "-out", "certificate.pem"])?;
    run(&["rsa", "-inform", "DER", "-in", "key.der", "-out", "key.pem"])?;
    let sign = ["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-outform", "DER"];
    let files = ["-in", "content", "-signer", "certificate.pem", "-inkey", "key.pem", "-out", "signed"];
    run(&[&sign[..], &files, &["-econtent_type", content_type]].concat())?;
    Some(std::fs::read(folder.join("signed")).unwrap())
}

#[test]
fn a_file_that_openssl_signed_is_judged_alike() {
    let folder = std::env::temp_dir().join(format!("chip-infos-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let scene = Scene::new();
    let made = openssl(&folder, TYPE, &infos());
    let other = openssl(&folder, "2.23.136.1.1.1", &infos());
    std::fs::remove_dir_all(&folder).unwrap();
    let (Some(made), Some(other)) = (made, other) else {
        eprintln!("skipped: no openssl on this machine to sign with");
        return;
    };
    let authentic = judged(&scene, &made).outcome.unwrap();
    assert_eq!(authentic.infos(), &SecurityInfos::of_set(&infos()).unwrap());
    assert_eq!(refused(&scene, &other), Some(Refusal::ContentType));
    let content = made.windows(infos().len()).position(|window| window == infos()).unwrap();
    for (at, expected) in [(content + 40, Refusal::AttributeDigest), (made.len() - 1, Refusal::SignatureInvalid)] {
        let mut altered = made.clone();
        altered[at] ^= 1;
        assert_eq!(refused(&scene, &altered), Some(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_file_makes_it_panic(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        cut in 0_usize..1200, at in 0_usize..1200, inserted in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        thread_local! {
            static READY: (Scene, Vec<u8>) = { let scene = scene(|_| ()); let file = scene.card.signed_data(); (scene, file) };
        }
        READY.with(|(scene, genuine)| {
            let mut altered = genuine.clone();
            altered.truncate(cut);
            let at = at.min(altered.len());
            altered.splice(at..at, inserted.iter().copied());
            for file in [&octets, &sequence(&[&octets]), &altered] {
                assert!(file == genuine || refused(scene, file).is_some());
            }
        });
    }
}
