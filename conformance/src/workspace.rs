//! The workspace that this crate belongs to: where it is, and its programs, built when first needed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;
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

async fn build() -> anyhow::Result<Programs> {
    // The example belongs to the selection so that dependencies are resolved as `cargo test --workspace` resolves them,
    // and nothing is built twice.
    let [idp, commune] = executables(["idp", "commune"], &["--bin", "idp", "--example", "commune"]).await?;
    Ok(Programs { idp, commune })
}

/// Where the named programs are once the cargo that runs us has built `selection` out of the whole workspace; its
/// progress goes to standard error.
///
/// # Errors
/// When cargo cannot be started, a program does not build, or `selection` does not hold one of `names`.
pub async fn executables<const N: usize>(names: [&str; N], selection: &[&str]) -> anyhow::Result<[PathBuf; N]> {
    let messages = built("build", selection).await.with_context(|| names.join(" or "))?;
    let mut built: HashMap<&str, PathBuf> = HashMap::new();
    for message in &messages {
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            built.insert(name, path.into());
        }
    }
    let found: Option<Vec<_>> = names.iter().map(|name| built.remove(*name)).collect();
    let found = found.and_then(|found| <[PathBuf; N]>::try_from(found).ok());
    found.context("cargo built it and did not say where")
}

/// What cargo says of all that it built out of the whole workspace, as `command` selects it; its progress goes to standard
/// error.
pub(crate) async fn built(command: &str, selection: &[&str]) -> anyhow::Result<Vec<Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let child = Command::new(cargo)
        .args([command, "--workspace", "--message-format=json-render-diagnostics"])
        .args(selection)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cargo cannot be started")?;
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!("it does not build: see cargo's messages above");
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
