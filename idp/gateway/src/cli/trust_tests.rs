use std::fs;

use clap::Parser;
use tempfile::TempDir;

use super::super::card::tests::{AT, scene, store, trusting};
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn ran(folder: &TempDir, command: &str, options: &[&str]) -> Result<String, String> {
    let line = ["trust", command].map(str::to_owned).into_iter().chain(trusting(folder));
    let line = line.chain(options.iter().map(|option| (*option).to_owned()));
    let line = Line::try_parse_from(line).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    run(line.command, &mut out).map_err(|failure| failure.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

/// A folder with the scene's store and master list.
fn with_list() -> (TempDir, String) {
    let folder = store();
    let list = folder.path().join("list.ml");
    fs::write(&list, scene("master_list")).unwrap();
    (folder, list.display().to_string())
}

fn added(folder: &TempDir, list: &str) -> String {
    let told = ran(folder, "diff", &["--list", list, "--at", AT, "--json"]).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["absent"].as_array().unwrap().len(), 1);
    told["added"][0]["sha256"].as_str().unwrap().to_owned()
}

fn approve(folder: &TempDir, list: &str, name: &str, file: &str, root: &str) -> Result<String, String> {
    let file = folder.path().join(file).display().to_string();
    let options = ["--list", list, "--at", AT, "--approve", name, "--approval", &file, "--pin", root];
    ran(folder, "diff", &options).map(|_| file)
}

#[test]
fn a_store_is_shown() {
    let folder = store();
    let words = ran(&folder, "show", &[]).unwrap();
    assert!(words.starts_with("root ") && words.contains("list    CN=sim-csca, C=FR 0x07"), "{words}");
    let told: Value = serde_json::from_str(&ran(&folder, "show", &["--json"]).unwrap()).unwrap();
    assert_eq!(told["roots"][0]["key"], "RSA 3072");
    assert_eq!(told["revocation_lists"][0]["revoked"], 1);
}

#[test]
fn a_root_of_a_simulator_is_shown_as_one() {
    let simulated = Certificate::read(include_bytes!("../../../chip/testdata/scenes/rsa/root.der")).unwrap();
    let other = Certificate::read(&scene("root.der")).unwrap();
    for (certificate, is_simulated) in [(&simulated, true), (&other, false)] {
        let told = described(certificate);
        assert_eq!((&told["simulator"], &told["published_as"]), (&json!(is_simulated), &Value::Null));
        assert_eq!(line(certificate).ends_with("SIMULATOR, not certified"), is_simulated);
        assert!(!line(certificate).contains("published as"));
    }
}

#[test]
fn what_two_people_approved_is_taken_in() {
    let (folder, list) = with_list();
    let root = added(&folder, &list);
    let first = approve(&folder, &list, "Claire", "one", &root).unwrap();
    let second = approve(&folder, &list, "Denis", "two", &root).unwrap();
    let options = ["--list", &list, "--at", AT, "--approval", &first, "--approval", &second];
    assert_eq!(ran(&folder, "import", &options).unwrap(), "1 certificates are taken in, 1 of them as roots\n");
    let told: Value = serde_json::from_str(&ran(&folder, "show", &["--json"]).unwrap()).unwrap();
    let roots: Vec<_> = told["roots"].as_array().unwrap().iter().map(|root| root["sha256"].as_str()).collect();
    assert!(roots.len() == 2 && roots.contains(&Some(&root)));
    // The store is another one now: the approvals were for the store that it was.
    assert!(ran(&folder, "import", &options).unwrap_err().contains("not of the same change"));
}

#[test]
fn one_person_approves_once() {
    let (folder, list) = with_list();
    let root = added(&folder, &list);
    let first = approve(&folder, &list, "Claire", "one", &root).unwrap();
    let again = approve(&folder, &list, " Claire ", "two", &root).unwrap();
    let import = |approvals: &[&str]| {
        let approvals = approvals.iter().flat_map(|file| ["--approval", file]);
        let options: Vec<_> = ["--list", &list, "--at", AT].into_iter().chain(approvals).collect();
        ran(&folder, "import", &options)
    };
    assert!(import(&[&first, &again]).unwrap_err().contains("of the same person"));
    assert!(import(&[&first]).unwrap_err().contains("two approvals are needed"));
    assert!(approve(&folder, &list, "Denis", "one", &root).is_err(), "an approval is not written over");
}

#[test]
fn an_approver_writes_no_pin_of_his_own() {
    let (folder, list) = with_list();
    let root = added(&folder, &list);
    let first = approve(&folder, &list, "Claire", "one", &root).unwrap();
    let name = format!("Denis\n{}", "ab".repeat(32));
    let second = approve(&folder, &list, &name, "two", &root).unwrap();
    let options = ["--list", &list, "--at", AT, "--approval", &first, "--approval", &second];
    assert!(ran(&folder, "import", &options).unwrap_err().contains("no approval"));
}

#[test]
fn only_what_the_list_adds_can_be_pinned() {
    let (folder, list) = with_list();
    let failure = approve(&folder, &list, "Claire", "one", &"ab".repeat(32)).unwrap_err();
    assert!(failure.contains("not among the certificates"), "{failure}");
}

#[test]
fn a_list_that_nobody_pinned_signed_is_refused() {
    let (folder, list) = with_list();
    fs::write(folder.path().join("pins"), "").unwrap();
    assert!(ran(&folder, "diff", &["--list", &list, "--at", AT]).is_err());
}
