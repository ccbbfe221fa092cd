//! The gateway under measure: `idp`, built with an optimised profile, or the one that `PASSERELLE_TEST_IDP` names.

use std::path::PathBuf;

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
