use std::fs;

use chip::lds::Group;
use domain::cnie::refusal::Refusal;

use super::*;
use crate::cnie::reading::{self, Files, Refused};
use crate::cnie::tests::{config, now, place, scene};

#[test]
fn folders_are_read_as_pinned() {
    let place = place();
    let trust = CardTrust::open(&config(&place)).expect("sound");
    assert_eq!((trust.files().store().anchors().len(), trust.files().store().lists().count()), (1, 1));
    assert_eq!(trust.codes().store().anchors().len(), 1);
}

#[test]
fn a_folder_without_a_root_is_refused() {
    let place = place();
    fs::remove_file(place.path().join("cnie/anchors/root.der")).expect("there");
    let fault = CardTrust::open(&config(&place)).expect_err("no root");
    assert!(matches!(fault, TrustFault::NoRoot(_)), "{fault}");
    fs::remove_dir_all(place.path().join("cnie")).expect("there");
    let fault = CardTrust::open(&config(&place)).expect_err("no folder");
    assert!(matches!(fault, TrustFault::Unreadable { .. }), "{fault}");
}

#[test]
fn a_simulators_root_is_refused_unless_simulators_are_taken() {
    for folder in ["cnie", "eid"] {
        let place = place();
        fs::write(place.path().join(folder).join("anchors/sim.der"), simulator_root()).expect("writable");
        let mut config = config(&place);
        let fault = CardTrust::open(&config).expect_err("a simulator's root");
        assert!(matches!(fault, TrustFault::Simulator(_)) && fault.to_string().contains(folder), "{fault}");
        config.cards = Cards::Simulated;
        assert!(CardTrust::open(&config).is_ok(), "{folder}");
    }
}

#[test]
fn what_is_wrong_at_a_change_leaves_what_was_trusted() {
    let place = place();
    let trust = CardTrust::open(&config(&place)).expect("sound");
    let before = trust.files().store().version();
    let (anchors, lists) = (place.path().join("cnie/anchors"), place.path().join("cnie/crls"));
    fs::write(anchors.join("sim.der"), simulator_root()).expect("writable");
    assert!(matches!(trust.files.renew(Cards::Real), Err(TrustFault::Simulator(_))));
    fs::write(anchors.join("sim.der"), b"0broken").expect("writable");
    assert!(matches!(trust.files.renew(Cards::Real), Err(TrustFault::Unreadable { .. })));
    assert_eq!(trust.files().store().version(), before);
    fs::remove_file(anchors.join("sim.der")).expect("there");
    fs::remove_file(lists.join("list.crl")).expect("there");
    trust.files.renew(Cards::Real).expect("a list may be taken away: then no card counts");
    assert_ne!(trust.files().store().version(), before);
}

#[test]
fn the_lists_of_an_issuer_never_go_back_even_where_one_was_taken_away() {
    let place = place();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let root = root_parameters().self_signed(&key).expect("a certificate").der().to_vec();
    let issuer = rcgen::Issuer::new(root_parameters(), key);
    let list = |number: u64| {
        let parameters = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 11, 1),
            next_update: rcgen::date_time_ymd(2027, 11, 1),
            crl_number: number.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        parameters.signed_by(&issuer).expect("a list").der().to_vec()
    };
    let (file, put) = (place.path().join("cnie/crls/other.crl"), fs::write::<&Path, Vec<u8>>);
    fs::write(place.path().join("cnie/anchors/other.der"), root).expect("writable");
    put(&file, list(7)).expect("writable");
    let trust = CardTrust::open(&config(&place)).expect("sound");
    assert_eq!(trust.files().store().lists().count(), 2);
    let renew = || trust.files.renew(Cards::Real);
    put(&file, list(9)).expect("writable");
    renew().expect("newer");
    put(&file, list(8)).expect("writable");
    assert!(matches!(renew(), Err(TrustFault::GoesBack(_))));
    fs::remove_file(&file).expect("there");
    renew().expect("a list may be taken away: then none of its cards counts");
    let without = trust.files().store().version();
    put(&file, list(8)).expect("writable");
    assert!(matches!(renew(), Err(TrustFault::GoesBack(_))), "it was missing, and is older than one before");
    assert_eq!(trust.files().store().version(), without, "what was trusted before stays");
    put(&file, list(9)).expect("writable");
    renew().expect("as it was");
    put(&file, list(10)).expect("writable");
    renew().expect("newer");
}

#[test]
fn a_list_that_is_due_is_told_before_cards_stop_counting() {
    let place = place();
    let trust = CardTrust::open(&config(&place)).expect("sound");
    let (_, next_update) = trust.files().store().lists().next().expect("one").updates();
    let before = |hours: u64| Moment(next_update.0 - hours * 3600);
    assert!(trust.files().due(before(u64::from(SOON) + 1)).is_empty());
    assert_eq!(trust.files().due(before(u64::from(SOON))).len(), 1);
    assert_eq!(trust.files().due(Moment(next_update.0 + 1)).len(), 1);
}

#[tokio::test]
async fn a_folder_is_read_again_once_it_looks_different() {
    let place = place();
    let trust = CardTrust::open(&config(&place)).expect("sound");
    let mut seen = folder::state(&trust.files.path);
    let before = trust.files().store();
    trust.look(&trust.files, &mut seen).await;
    assert!(Arc::ptr_eq(&before, &trust.files().store()), "nothing changed");
    fs::write(place.path().join("cnie/links/again.der"), scene("root.der")).expect("writable");
    trust.look(&trust.files, &mut seen).await;
    assert!(!Arc::ptr_eq(&before, &trust.files().store()));
}

fn root_parameters() -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    parameters
}

/// A root that says of itself that it is a simulator's.
fn simulator_root() -> Vec<u8> {
    let mut parameters = root_parameters();
    // SEQUENCE { SEQUENCE { 1.3.6.1.4.1.32473.1.4.1 } } (RFC 5280 §4.2.1.4).
    let policy = [0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 1, 4, 1];
    let mut content = vec![0x30, 15, 0x30, 13, 0x06, 11];
    content.extend_from_slice(&policy);
    parameters.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 32], content));
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    parameters.self_signed(&key).expect("a certificate").der().to_vec()
}

#[test]
fn a_simulators_card_is_refused_where_real_ones_are_due_whatever_the_folders_hold() {
    const SCENES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chip/testdata/scenes");
    let scene = |name: &str| fs::read(Path::new(SCENES).join(name)).expect("kept with the sources");
    let place = tempfile::TempDir::new().expect("a folder");
    for (to, from) in [
        ("cnie/anchors/root.der", "rsa/root.der"),
        ("cnie/crls/list.der", "rsa/list.der"),
        ("eid/anchors/root.der", "holder/root.der"),
        ("eid/links/below.der", "holder/below.der"),
        ("eid/crls/root.der", "holder/root-list.der"),
        ("eid/crls/below.der", "holder/below-list.der"),
    ] {
        let path = place.path().join(to);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("writable");
        fs::write(path, scene(from)).expect("writable");
    }
    let config = CnieConfig { cards: Cards::Simulated, ..config(&place) };
    let taking = CardTrust::open(&config).expect("sound");
    // As after the folders were read: what is judged is the signer itself.
    let refusing = CardTrust { cards: Cards::Real, ..taking.clone() };
    let groups = [(Group::DG1, "rsa/dg1"), (Group::DG13, "rsa/dg13"), (Group::DG14, "rsa/dg14")];
    let files = Files { sod: scene("rsa/sod"), groups: groups.map(|(group, name)| (group, scene(name))).to_vec() };
    let refused = Refused { refusal: Refusal::SimulatorCard, code: "SIMULATOR" };
    let judged = |trust| reading::authenticate(trust, &files, reading::Purpose::Remote, now()).map(|_| ());
    assert_eq!((judged(&taking), judged(&refusing)), (Ok(()), Err(refused)));
    let (certificate, signature) = (scene("holder/certificate.der"), scene("holder/signature"));
    let signed: [u8; 32] = scene("holder/signed").try_into().expect("32 octets");
    let held = |trust| reading::holder(trust, (&certificate, &signature), &signed, now()).map(|_| ());
    assert_eq!((held(&taking), held(&refusing)), (Ok(()), Err(refused)));
}
