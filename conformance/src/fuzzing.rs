//! A short run of every fuzz target of `idp/domain/fuzz` and `idp/chip/fuzz`, built as cargo-fuzz builds them, without asking
//! for it.
//!
//! The instrumentation is what stable rustc offers; a long run with sanitizers is for `cargo fuzz` itself.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::process::Command;

use crate::process::tied;
use crate::tools::{Missing, Tool};
use crate::workspace::{root, workshop};

/// The folders that have targets, and the targets as their `Cargo.toml` names them: no name twice.
const FOLDERS: [(&str, &[&str]); 2] = [
    (
        "idp/domain/fuzz",
        &["authorization_request", "token_request", "jose", "dpop", "redirect", "client_metadata", "certificate"],
    ),
    (
        "idp/chip/fuzz",
        &[
            "tlv",
            "sod",
            "mrz",
            "document_signer",
            "revocation_list",
            "master_list",
            "answers",
            "face",
            "holder",
            "domain_parameters",
            "card_security",
        ],
    ),
];

/// How many inputs each target is given.
const RUNS: u32 = 300_000;

/// What cargo-fuzz tells rustc when no sanitizer is asked for.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1";

/// How the run of one target ended.
#[derive(Debug)]
pub struct Fuzzed {
    /// The target.
    pub target: &'static str,
    /// What was found: the last lines it said; `Ok` when nothing was.
    pub verdict: Result<(), String>,
}

/// Builds the targets and runs each over its seeds and what it makes of them.
pub async fn run() -> Result<anyhow::Result<Vec<Fuzzed>>, Missing> {
    Tool::Cplusplus.find()?;
    Ok(build_and_run().await)
}

async fn build_and_run() -> anyhow::Result<Vec<Fuzzed>> {
    let host = host().await?;
    let folder = workshop().join("fuzz");
    let mut found = Vec::new();
    for (place, targets) in FOLDERS {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "--release", "--locked", "--target", &host, "--manifest-path"])
            .arg(root().join(place).join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &folder)
            .env("RUSTFLAGS", FLAGS);
        let status = build.stdin(Stdio::null()).status().await.context("cargo cannot be started")?;
        anyhow::ensure!(status.success(), "the fuzz targets of {place} do not build: {status}");
        for target in targets {
            let program = folder.join(&host).join("release").join(target);
            let seeds = root().join(place).join("seeds").join(target);
            found.push(Fuzzed { target, verdict: fuzz(target, program, seeds).await? });
        }
    }
    Ok(found)
}

/// libFuzzer writes what it found beside the seeds it was given first, which is a folder of its own here.
async fn fuzz(target: &str, program: PathBuf, seeds: PathBuf) -> anyhow::Result<Result<(), String>> {
    let corpus = tempfile::tempdir()?;
    let artifacts = workshop().join("fuzz/artifacts/");
    std::fs::create_dir_all(&artifacts)?;
    let mut command = tied(program);
    command
        .arg(format!("-runs={RUNS}"))
        // The same inputs each time: what fails here fails again.
        .args(["-seed=1", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"])
        .arg(format!("-artifact_prefix={}{target}-", artifacts.display()))
        .arg(corpus.path())
        .arg(seeds);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    Ok(Err(lines.iter().skip(lines.len().saturating_sub(40)).copied().collect::<Vec<_>>().join("\n")))
}

/// The machine's own target triple: named, so that build scripts are built without instruments.
async fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").stdin(Stdio::null()).output().await.context("rustc")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    Ok(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_run_and_has_seeds() {
        let mut names: Vec<&str> = Vec::new();
        for (place, targets) in FOLDERS {
            let manifest = std::fs::read_to_string(root().join(place).join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let named: Vec<_> =
                manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
            assert_eq!(named, targets);
            for target in targets {
                assert!(std::fs::read_dir(root().join(place).join("seeds").join(target)).unwrap().count() > 0);
            }
            names.extend(targets);
        }
        // They are built into one folder.
        let count = names.len();
        assert_eq!(names.into_iter().collect::<std::collections::BTreeSet<_>>().len(), count);
    }
}
