//! The gateway under measure: `idp`, built with an optimised profile, or the one that `PASSERELLE_TEST_IDP` names.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use conformance::workspace::root;
use serde_json::Value;
use tokio::process::Command;

/// Builds it with the cargo that runs us. The whole workspace is selected, so that dependencies are resolved as
/// `cargo bench --workspace` resolves them and nothing is built twice.
pub(crate) async fn built(profile: &str) -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("PASSERELLE_TEST_IDP") {
        return Ok(named.into());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let child = Command::new(cargo)
        .args(["build", "--workspace", "--bin", "idp", "--profile", profile])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cargo cannot be started")?;
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!("the gateway does not build: see cargo's messages above");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "idp").then(|| message["executable"].as_str().map(PathBuf::from))?
    };
    messages.lines().find_map(executable).context("cargo built it and did not say where")
}
