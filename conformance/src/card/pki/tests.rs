//! The certificates as OpenSSL reads them.

use std::process::Command;

use super::*;
use crate::clock;

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn trust_folders_have_what_a_gateway_reads() {
    let folder = tempfile::tempdir().unwrap();
    Pki::new(clock::now()).write(folder.path()).unwrap();
    for (kind, files) in [
        ("cnie", &["csca-1.der", "csca-2.der", "csca-2-link.der", "csca-3-link.der", "crls/csca.crl"][..]),
        ("eid", &["eid-root.der", "eid-sub.der", "crls/eid-root.crl", "crls/eid-sub.crl"]),
    ] {
        let folder = folder.path().join(kind);
        assert!(files.iter().all(|file| folder.join(file).is_file()), "{kind}");
        let pins = std::fs::read_to_string(folder.join("pins")).unwrap();
        for pin in pins.lines().filter(|line| !line.starts_with('#')) {
            let (hash, name) = pin.split_once("  # ").unwrap();
            let told = openssl(&["dgst", "-sha256", folder.join(format!("{name}.der")).to_str().unwrap()]);
            assert!(told.trim_end().ends_with(hash), "{told}");
        }
    }
}

#[test]
fn every_authority_says_that_it_is_the_simulators_but_the_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::new(clock::now());
    let authorities = [
        (pki.root(Csca::First), true),
        (pki.root(Csca::Second), true),
        (pki.link(Csca::Third, Csca::Second), true),
        (pki.eid_root(), true),
        (pki.eid_sub(), true),
        (pki.root(Csca::Wrong), false),
    ];
    for (der, labelled) in authorities {
        let path = folder.path().join("one.der");
        std::fs::write(&path, der).unwrap();
        let text = openssl(&["x509", "-inform", "DER", "-in", path.to_str().unwrap(), "-noout", "-text"]);
        assert_eq!(text.contains(SIMULATOR), labelled, "{text}");
        assert!(text.contains("CA:TRUE, pathlen:") && text.contains("Certificate Sign, CRL Sign"), "{text}");
    }
}

const SIMULATOR: &str = certificate::SIMULATOR_POLICY;

#[test]
fn another_implementation_builds_the_path_of_a_card_and_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::new(clock::now());
    pki.write(folder.path()).unwrap();
    let key = Secret::generate(&crate::card::curve::P256);
    let card = pki.certify_card(77, "SIM0A1NG7", &key, pki.today() + YEAR);
    std::fs::write(folder.path().join("card.der"), card).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["eid/eid-root", "eid/eid-sub", "card"] {
        openssl(&[
            "x509",
            "-inform",
            "DER",
            "-in",
            &path(&format!("{name}.der")),
            "-out",
            &path(&format!("{name}.pem")),
        ]);
    }
    for name in ["eid-root", "eid-sub"] {
        let list = path(&format!("eid/crls/{name}.crl"));
        openssl(&["crl", "-inform", "DER", "-in", &list, "-out", &path(&format!("{name}.crl.pem"))]);
    }
    let verify = ["verify", "-crl_check_all", "-x509_strict", "-CAfile"];
    let (root, sub, card) = (path("eid/eid-root.pem"), path("eid/eid-sub.pem"), path("card.pem"));
    let (list, second) = (path("eid-root.crl.pem"), path("eid-sub.crl.pem"));
    let told =
        openssl(&[&verify[..], &[&root, "-untrusted", &sub, "-CRLfile", &list, "-CRLfile", &second, &card]].concat());
    assert!(told.trim_end().ends_with("OK"), "{told}");
}
