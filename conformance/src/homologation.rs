//! The homologation bench on the command line: `idp bench run`, spoken to as an integrator's script would.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::audit;
use crate::gateway::Installation;
use crate::process::tied;
use crate::script::Dialogue;

/// What a site is set up with for a run.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The issuer of the run.
    pub issuer: String,
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
}

/// A run that waits for its site.
#[derive(Debug)]
pub struct Run {
    program: Dialogue,
    /// What the site is to be set up with.
    pub credentials: Credentials,
}

/// The report of a run.
#[derive(Debug, Clone)]
pub struct Report(pub Value);

impl Run {
    /// Opens a run with these arguments.
    pub async fn open(idp: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = tied(idp);
        command.args(["bench", "run", "--json", "--listen", "127.0.0.1:0"]).args(arguments);
        Self::begin(command).await
    }

    /// Opens a run at a gateway, for a service that is registered there.
    pub async fn at(gateway: &Installation, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::begin(gateway.command(&[&["homologate", "--json"], arguments].concat())).await
    }

    async fn begin(command: Command) -> anyhow::Result<Self> {
        let mut program = Dialogue::start(command)?;
        let line = program.hears("{").await?;
        let credentials: Credentials = serde_json::from_str(&format!("{{{line}"))?;
        audit::secret(&credentials.client_secret);
        Ok(Self { program, credentials })
    }

    /// Says that the site is set up, and waits for the report.
    pub async fn report(mut self) -> anyhow::Result<Report> {
        self.program.says("").await?;
        let line = self.program.hears("{").await?;
        Ok(Report(serde_json::from_str(&format!("{{{line}"))?))
    }
}

impl Report {
    fn lines(&self) -> impl Iterator<Item = &Value> {
        self.0["lines"].as_array().into_iter().flatten()
    }

    /// The checks that came out so.
    pub fn checks(&self, outcome: &str) -> BTreeSet<&str> {
        self.lines().filter(|line| line["outcome"] == outcome).filter_map(|line| line["check"].as_str()).collect()
    }

    /// The line of a check.
    pub fn line(&self, check: &str) -> Option<&Value> {
        self.lines().find(|line| line["check"] == check)
    }

    /// What is told of the lines that are not green, for a test that fails.
    pub fn told(&self) -> String {
        let told = |line: &Value| {
            let seen: Vec<_> = line["seen"].as_array().into_iter().flatten().map(|seen| &seen["en"]).collect();
            format!("{} {}: {seen:?}\n{}", line["outcome"], line["check"], exchanged(line))
        };
        self.lines().filter(|line| line["outcome"] == "failed").map(told).collect::<Vec<_>>().join("\n")
    }
}

fn exchanged(line: &Value) -> String {
    let shown = |exchange: &Value| {
        format!("  {}\n  -> {}", exchange["request"].as_str().unwrap_or(""), exchange["answer"].as_str().unwrap_or(""))
    };
    line["exchanges"].as_array().into_iter().flatten().map(shown).collect::<Vec<_>>().join("\n")
}
