use std::fs;
use std::path::Path;

use clap::Parser;
use tempfile::TempDir;

use super::*;

/// The scene of the fuzz targets of `chip`: a card, its root, a list of revocations and a master list.
const SCENE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chip/fuzz/scene");
pub(in crate::cli) const AT: &str = "2026-11-22T00:00:00Z";

/// A store of the scene's root.
pub(in crate::cli) fn store() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("crl")).unwrap();
    let root = scene("root.der");
    let pin = chip::certificate::Fingerprint::of(&root);
    fs::write(folder.path().join("root.der"), root).unwrap();
    fs::write(folder.path().join("pins"), format!("# roots of the scene\n{pin} # the only one\n")).unwrap();
    fs::write(folder.path().join("crl/list.crl"), scene("list.der")).unwrap();
    folder
}

pub(in crate::cli) fn scene(name: &str) -> Vec<u8> {
    fs::read(Path::new(SCENE).join(name)).unwrap()
}

/// The options of a store.
pub(in crate::cli) fn trusting(folder: &TempDir) -> Vec<String> {
    let path = folder.path().display().to_string();
    vec!["--trust".to_owned(), path.clone(), "--crl".to_owned(), format!("{path}/crl")]
}

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn verified(folder: &TempDir, options: &[&str]) -> Result<(String, Result<(), String>), String> {
    let at = ["--at", AT].map(str::to_owned);
    let line = ["card", "verify"].map(str::to_owned).into_iter().chain(trusting(folder)).chain(at);
    let line = line.chain(options.iter().map(|option| (*option).to_owned()));
    let line = Line::try_parse_from(line).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let ended = run(line.command, &mut out).map_err(|failure| failure.to_string());
    Ok((String::from_utf8(out).unwrap(), ended))
}

fn options(dg1: &str) -> Vec<String> {
    let file = |name: &str| format!("{SCENE}/{name}");
    let groups = [("1", dg1.to_owned()), ("2", file("dg2")), ("14", file("dg14"))];
    let groups = groups.into_iter().flat_map(|(number, path)| ["--dg".to_owned(), format!("{number}={path}")]);
    ["--sod".to_owned(), file("sod")].into_iter().chain(groups).collect()
}

fn judged(folder: &TempDir, dg1: &str, more: &[&str]) -> (String, Result<(), String>) {
    let options = options(dg1);
    let options: Vec<&str> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
    verified(folder, &options).unwrap()
}

#[test]
fn a_genuine_card_is_told_check_by_check() {
    let (told, ended) = judged(&store(), &format!("{SCENE}/dg1"), &["--json"]);
    assert_eq!(ended, Ok(()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["genuine"], true);
    assert_eq!(told["checks"].as_array().unwrap().len(), Check::ALL.len());
    assert!(told["checks"].as_array().unwrap().iter().all(|check| check["outcome"] == "passed"));
    assert_eq!(told["proof"]["groups"], json!([1, 2, 14]));
    assert_eq!(told["proof"]["revocation_lists"][0]["number"], "0x07");
    let (words, _) = judged(&store(), &format!("{SCENE}/dg1"), &[]);
    assert!(words.contains("genuine: signed under CN=sim-csca, C=FR"), "{words}");
    for told in [told.to_string(), words] {
        assert!(!told.contains("MARTIN"), "nothing of the holder is told");
    }
}

#[test]
fn a_refusal_is_told_with_its_code_and_fails() {
    let folder = store();
    let mut altered = scene("dg1");
    *altered.last_mut().unwrap() = b'X';
    let path = folder.path().join("altered");
    fs::write(&path, altered).unwrap();
    let path = path.display().to_string();
    let (told, ended) = judged(&folder, &path, &["--json"]);
    assert_eq!(ended, Err("refused: GROUP_HASH".to_owned()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["genuine"], &told["code"], &told["proof"]), (&json!(false), &json!("GROUP_HASH"), &Value::Null));
    let outcomes: Vec<_> = told["checks"].as_array().unwrap().iter().map(|check| check["outcome"].as_str()).collect();
    assert_eq!(outcomes[7], Some("refused"));
    assert!(outcomes[8..].iter().all(|outcome| *outcome == Some("not reached")));
    let (words, _) = judged(&folder, &path, &[]);
    assert!(words.contains("REFUSED  data-groups\n         GROUP_HASH: "), "{words}");
}

#[test]
fn the_keys_of_the_chip_are_always_read() {
    let (_, ended) = judged(&store(), &format!("{SCENE}/dg1"), &["--unread", "14"]);
    assert_eq!(ended, Err("data groups 1, 14 and 15 are always read".to_owned()));
}

#[test]
fn a_pinned_root_that_is_not_there_is_a_failure() {
    let folder = store();
    fs::remove_file(folder.path().join("root.der")).unwrap();
    let (told, ended) = judged(&folder, &format!("{SCENE}/dg1"), &[]);
    assert!(told.is_empty() && ended.unwrap_err().contains("is not there"));
}

#[test]
fn without_a_list_of_revocations_the_card_is_refused_and_for_an_auditor_noted() {
    let folder = store();
    fs::remove_file(folder.path().join("crl/list.crl")).unwrap();
    let dg1 = format!("{SCENE}/dg1");
    assert_eq!(judged(&folder, &dg1, &[]).1, Err("refused: CRL_MISSING".to_owned()));
    let (words, ended) = judged(&folder, &dg1, &["--profile", "icao"]);
    assert_eq!(ended, Ok(()));
    assert!(words.contains("note CRL_ABSENT"), "{words}");
}

#[test]
fn the_signed_keys_of_the_chip_are_judged_beside_the_card() {
    let folder = store();
    let dg1 = format!("{SCENE}/dg1");
    let genuine = format!("{SCENE}/card_security");
    let (told, ended) = judged(&folder, &dg1, &["--card-security", &genuine, "--json"]);
    assert_eq!(ended, Ok(()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["genuine"], &told["card_security"]["genuine"]), (&json!(true), &json!(true)));
    assert_eq!(told["card_security"]["proof"]["chip_keys"], json!(["brainpoolP256r1"]));
    assert_eq!(told["card_security"]["checks"].as_array().unwrap().len(), 10);
    let (words, _) = judged(&folder, &dg1, &["--card-security", &genuine]);
    let (card, security) = words.split_once("\nEF.CardSecurity\n").unwrap();
    assert!(card.contains("passed   data-groups") && !security.contains("data-groups"), "{words}");
    assert!(security.ends_with('\n') && security.contains("genuine: signed under CN=sim-csca, C=FR"), "{words}");
    // The card is genuine, and this file is not.
    let mut altered = scene("card_security");
    *altered.last_mut().unwrap() ^= 1;
    let path = folder.path().join("altered");
    fs::write(&path, altered).unwrap();
    let path = path.display().to_string();
    let (told, ended) = judged(&folder, &dg1, &["--card-security", &path, "--json"]);
    assert_eq!(ended, Err("refused: SIGNATURE_INVALID".to_owned()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["genuine"], &told["card_security"]["code"]), (&json!(true), &json!("SIGNATURE_INVALID")));
    let (words, _) = judged(&folder, &dg1, &["--card-security", &path]);
    assert!(words.contains("REFUSED  signature\n         SIGNATURE_INVALID: "), "{words}");
}

#[test]
fn what_cannot_be_meant_is_usage() {
    for wrong in [["--dg", "1"], ["--dg", "17=x"], ["--at", "tomorrow"], ["--profile", "other"], ["--grace", "73"]] {
        assert!(verified(&store(), &wrong).is_err(), "{wrong:?}");
    }
}
