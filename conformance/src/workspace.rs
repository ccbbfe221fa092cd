//! The workspace that this crate belongs to: where it is, and its programs, built when first needed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::OnceCell;

/// The programs that the scene starts.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The gateway.
    pub idp: PathBuf,
    /// The demo commune made with the SDK.
    pub commune: PathBuf,
}

/// Root of the workspace.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Folder for what tests and their set-up leave behind between runs (client libraries, screenshots).
pub fn workshop() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("conformance")
}

/// The programs, built by cargo once in this process, or those that `PASSERELLE_TEST_IDP` and
/// `PASSERELLE_TEST_COMMUNE` name. A build that failed is not tried again: whoever asks later is told the same at once.
pub async fn programs() -> anyhow::Result<&'static Programs> {
    static PROGRAMS: OnceCell<Result<Programs, String>> = OnceCell::const_new();
    let built = PROGRAMS.get_or_init(async || {
        match (std::env::var_os("PASSERELLE_TEST_IDP"), std::env::var_os("PASSERELLE_TEST_COMMUNE")) {
            (Some(idp), Some(commune)) => Ok(Programs { idp: idp.into(), commune: commune.into() }),
            _ => build().await.map_err(|error| format!("{error:#}")),
        }
    });
    built.await.as_ref().map_err(|error| anyhow::Error::msg(error.clone()))
}

/// Builds both with the cargo that runs us; its progress goes to standard error.
///
/// The example belongs to the selection so that dependencies are resolved as `cargo test --workspace` resolves them,
/// and nothing is built twice.
async fn build() -> anyhow::Result<Programs> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .args(["build", "--workspace", "--bin", "idp", "--example", "commune"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cargo cannot be started")?;
    let stdout = child.stdout.take().context("cargo's output was asked for")?;
    let mut lines = BufReader::new(stdout).lines();
    let (mut idp, mut commune) = (None, None);
    while let Some(line) = lines.next_line().await? {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        let executable = message["executable"].as_str().map(PathBuf::from);
        match message["target"]["name"].as_str() {
            Some("idp") => idp = executable.or(idp),
            Some("commune") => commune = executable.or(commune),
            _ => {}
        }
    }
    if !child.wait().await?.success() {
        bail!("the gateway or the demo commune does not build: see cargo's messages above");
    }
    let missing = "cargo built it and did not say where";
    Ok(Programs { idp: idp.context(missing)?, commune: commune.context(missing)? })
}
