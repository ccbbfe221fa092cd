//! The demo commune: the SDK's example, run as a process of its own.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::gateway::Imported;
use crate::process::{Process, Signals, tied};

/// How long the commune may take to be up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A commune's site that answers. Dropping it kills it.
#[derive(Debug)]
pub struct Commune {
    base: String,
    /// Its process.
    pub process: Process,
}

impl Commune {
    /// What the gateway registers for a commune at `base`.
    pub fn metadata(base: &str) -> Value {
        json!({
            "client_name": "Ville de Sainte-Aurore-des-Bois",
            "client_name#en": "Town of Sainte-Aurore-des-Bois",
            "client_uri": base,
            "redirect_uris": [format!("{base}/callback")],
            "post_logout_redirect_uris": [format!("{base}/logged-out")],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "openid profile birth email idp_id identite_pivot",
            "default_acr_values": ["eidas1"],
            "passerelle": { "kind": "public", "claims": ["amr"] },
        })
    }

    /// Starts it at `base` as the client that the gateway at `issuer` imported.
    pub async fn start(
        program: &Path,
        base: &str,
        issuer: &str,
        client: &Imported,
        signals: Signals,
    ) -> anyhow::Result<Self> {
        let mut command = tied(program);
        command
            .args(["--issuer", issuer, "--client-id", &client.client_id])
            .env("COMMUNE_CLIENT_SECRET", client.client_secret.as_deref().unwrap_or_default());
        Self::run(command, base, signals).await
    }

    /// Starts one that is registered in a special way: `command` says how, and at which gateway.
    pub async fn run(mut command: Command, base: &str, signals: Signals) -> anyhow::Result<Self> {
        let port = base.rsplit(':').next().unwrap_or_default();
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--public-url", base]);
        let mut process = Process::start("commune", command, signals)?;
        process.line("listening on", PATIENCE).await?;
        Ok(Self { base: base.to_owned(), process })
    }

    /// Its address, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }
}
