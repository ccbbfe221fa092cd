//! The virtual cards, judged by the real `idp card verify` as an auditor would: two implementations that share nothing.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use conformance::card::{Card, Holder, Pki, Profile};
use conformance::people::PEOPLE;
use conformance::{clock, workspace};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;

/// Authorities, and a folder for what they sign.
struct Bench {
    pki: Arc<Pki>,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench =
            Self { pki: Arc::new(Pki::new(clock::now())), folder: TempDir::with_prefix("passerelle-").unwrap() };
        bench.pki.write(&bench.folder.path().join("trust")).unwrap();
        bench
    }

    async fn judge(&self, card: &Card, trust: &str) -> Output {
        let files = self.folder.path().join("card");
        let _absent = std::fs::remove_dir_all(&files);
        card.dump(&files).unwrap();
        let trust = self.folder.path().join("trust").join(trust);
        let now = OffsetDateTime::from_unix_timestamp(clock::now()).unwrap().format(&Rfc3339).unwrap();
        let mut command = Command::new(&workspace::programs().await.unwrap().idp);
        command.args(["card", "verify", "--json", "--at", &now]);
        command.arg("--sod").arg(files.join("sod.bin")).arg("--trust").arg(&trust).arg("--crl").arg(trust.join("crls"));
        for (group, _) in card.groups() {
            command.arg("--dg").arg(format!("{group}={}", at(&files, group)));
        }
        command.output().await.unwrap()
    }
}

fn at(files: &Path, group: u8) -> String {
    files.join(format!("dg{group}.bin")).display().to_string()
}

fn verdict(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no verdict: {said}"))
}

#[tokio::test]
async fn every_kind_of_card_is_accepted_or_refused_with_its_own_code() {
    let bench = Bench::new();
    let holder = Holder::named("angela").unwrap();
    for profile in Profile::all() {
        let output = bench.judge(&Card::issue(&bench.pki, &holder, profile), "cnie").await;
        let verdict = verdict(&output);
        assert_eq!(verdict["code"].as_str(), profile.refused.as_deref(), "{}: {verdict:#}", profile.name);
        assert_eq!(output.status.success(), profile.refused.is_none(), "{}", profile.name);
    }
}

#[tokio::test]
async fn the_genuine_card_of_every_citizen_is_accepted() {
    let bench = Bench::new();
    for person in &PEOPLE {
        let holder = Holder::named(person.username).unwrap();
        let output = bench.judge(&Card::genuine(&bench.pki, &holder), "cnie").await;
        assert_eq!(verdict(&output)["genuine"], true, "{}: {:#}", person.username, verdict(&output));
    }
}

#[tokio::test]
async fn a_card_of_the_simulator_is_nothing_under_other_roots() {
    let bench = Bench::new();
    let output = bench.judge(&Card::genuine(&bench.pki, &Holder::named("angela").unwrap()), "eid").await;
    assert_eq!(verdict(&output)["code"], "PATH_UNKNOWN_ISSUER");
}
