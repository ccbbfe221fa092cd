//! The gateway under measure: `idp`, built with an optimised profile, or the one that `PASSERELLE_TEST_IDP` names.

use std::path::{Path, PathBuf};

use conformance::workspace::executables;

/// Builds it. The whole workspace is selected, so that dependencies are resolved as `cargo bench --workspace` resolves
/// them and nothing is built twice.
pub(crate) async fn built(profile: &str) -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("PASSERELLE_TEST_IDP") {
        return Ok(named.into());
    }
    let [idp] = executables(["idp"], &["--bin", "idp", "--profile", profile]).await?;
    Ok(idp)
}

/// The same, built to tell what it does (feature `measure`), in a folder of its own: the next build takes its place.
pub(crate) async fn counting(profile: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let [idp] = executables(["idp"], &["--bin", "idp", "--profile", profile, "--features", "gateway/measure"]).await?;
    let copy = folder.join("idp");
    std::fs::copy(idp, &copy)?;
    Ok(copy)
}
