//! The real gateway: its configuration folder written, its command line run, its process started and stopped.
//!
//! [`Installation`] is a gateway on disk; [`Gateway`] is one that answers.

mod folder;
mod tls;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) use self::folder::merge;
pub use self::folder::{Ephemeral, Lasting, ProviderFile, RegistryForm, Surroundings};
pub use self::tls::Tls;
use crate::audit::{Ear, Ledger};
use crate::process::{Process, Signals, tied};
use crate::upstream::Providers;

/// How long a change by the command line may take until the running gateway follows it: the second that is promised,
/// and as much again for a loaded machine.
const IN_FORCE_PATIENCE: Duration = Duration::from_secs(2);
/// How long the gateway may take until its stores answer.
const READY_PATIENCE: Duration = Duration::from_secs(30);

/// A gateway on disk: a configuration folder, a data folder, and the program.
#[derive(Debug, Clone)]
pub struct Installation {
    program: PathBuf,
    folder: Arc<TempDir>,
    issuer: String,
    tls: Option<Tls>,
    environment: Vec<(&'static str, String)>,
    node: Node,
}

/// One of the processes that serve an installation: its configuration file, and where it is reached.
#[derive(Debug, Clone)]
struct Node {
    file: String,
    base: String,
}

/// What `idp clients import --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Imported {
    /// Id of the client.
    pub client_id: String,
    /// Its secret, shown this once; none for clients that use keys or were known before.
    pub client_secret: Option<String>,
}

impl Installation {
    /// Writes the configuration: the shipped provider files with the addresses and secrets of the sandbox.
    pub fn write(program: &Path, around: &Surroundings, providers: &Providers) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-")?;
        std::fs::create_dir_all(folder.path().join("data"))?;
        folder::write(&folder.path().join("config"), around, providers)?;
        Ok(Self {
            program: program.to_owned(),
            folder: Arc::new(folder),
            issuer: around.issuer(),
            tls: around.tls.clone(),
            environment: around.environment.clone(),
            node: Node { file: "idp.toml".into(), base: around.issuer() },
        })
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config").join(&self.node.file)
    }

    /// Where this node of it is reached: the issuer, but for a second node.
    pub fn base(&self) -> &str {
        &self.node.base
    }

    /// A second node of the same gateway on another port: the same issuer, stores and secrets.
    pub fn beside(&self, port: u16) -> anyhow::Result<Self> {
        let mut main: toml::Table = std::fs::read_to_string(self.config())?.parse()?;
        let listen = main.get_mut("listen").and_then(toml::Value::as_table_mut).context("[listen] was written")?;
        listen.insert("address".into(), format!("127.0.0.1:{port}").into());
        // A door of its own is the first node's; at this one desk and space are at the main door, and programs at none.
        main.remove("admin");
        for place in ["desk", "partners"] {
            if let Some(place) = main.get_mut(place).and_then(toml::Value::as_table_mut) {
                place.remove("listen");
            }
        }
        let node = Node { file: format!("node-{port}.toml"), base: format!("http://127.0.0.1:{port}") };
        let beside = Self { node, ..self.clone() };
        std::fs::write(beside.config(), toml::to_string(&main)?)?;
        Ok(beside)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A client that reaches it and trusts its certificate alone.
    pub fn client(&self) -> anyhow::Result<reqwest::Client> {
        let plain = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2));
        let client = match &self.tls {
            Some(tls) => plain.tls_certs_only([tls.authority()?]),
            None => plain,
        };
        Ok(client.build()?)
    }

    /// Puts another certificate in the place of the one it serves, as a renewal does.
    pub fn renew(&mut self, tls: Tls) -> std::io::Result<()> {
        tls.write(&self.folder.path().join("config"))?;
        self.tls = Some(tls);
        Ok(())
    }

    /// Edits the file of a provider, as an operator does before a restart.
    ///
    /// # Panics
    /// When the file is not there or no TOML any more.
    pub fn change_provider(&self, id: &str, change: impl FnOnce(&mut toml::Table)) {
        let path = self.folder.path().join(format!("config/providers/{id}.toml"));
        let text = std::fs::read_to_string(&path).expect("a provider of this installation");
        let mut file = text.parse().expect("written by this installation");
        change(&mut file);
        let text = toml::to_string(&file).expect("a table can be written");
        std::fs::write(path, text).expect("the folder of this installation can be written");
    }

    /// Runs `idp ARGUMENTS --config …` to its end.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.command(arguments).output().await.context("idp cannot be started")
    }

    /// Makes or updates the tables of its lasting store, as an operator does before the first start.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let output = self.run(&["migrate"]).await?;
        if !output.status.success() {
            bail!("idp migrate: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Imports a client from its metadata.
    pub async fn import(&self, metadata: &Value) -> anyhow::Result<Imported> {
        let file = tempfile::NamedTempFile::with_suffix(".json")?;
        std::fs::write(file.path(), metadata.to_string())?;
        let path = file.path().to_str().context("a temporary path in UTF-8")?;
        let output = self.run(&["clients", "import", path, "--json"]).await?;
        if !output.status.success() {
            bail!("idp clients import: {}", String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).context("idp clients import --json prints the credentials")
    }

    /// Waits until the running gateway treats a client as `standing` says: it reads what the command line changed
    /// within a second.
    pub async fn until(&self, client_id: &str, standing: Standing) -> anyhow::Result<()> {
        let client = self.client()?;
        let asked = format!("{}/authorize?client_id={client_id}", self.node.base);
        let deadline = tokio::time::Instant::now() + IN_FORCE_PATIENCE;
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            // Without a redirect URI the answer is a page that tells an unknown client from a known one.
            let page = client.get(&asked).send().await?;
            let unknown = page.text().await?.contains("data-code=\"P102\"");
            if unknown == (standing == Standing::Unknown) {
                return Ok(());
            }
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "a change of {client_id} is in force within a second"
            );
            pace.tick().await;
        }
    }

    /// Starts it and waits until its stores answer.
    pub async fn serve(&self, signals: Signals) -> anyhow::Result<Gateway> {
        let ledger = Arc::new(Ledger::default());
        let mut process = Process::start_heard("idp", self.command(&["serve"]), signals, Ear::of(&ledger))?;
        let client = self.client()?;
        let ready = format!("{}/readyz", self.node.base);
        let answers = async || {
            let answer = client.get(&ready).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        process.until(READY_PATIENCE, answers).await?;
        Ok(Gateway { installation: self.clone(), process, ledger })
    }

    /// The same, without a variable of its environment.
    #[must_use]
    pub fn without(&self, variable: &str) -> Self {
        let mut other = self.clone();
        other.environment.retain(|(name, _)| *name != variable);
        other
    }

    /// The `idp` it runs.
    pub fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tied(&self.program);
        // Before the rest: what stands after `--` are values.
        command.arg("--config").arg(self.config()).args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PASSERELLE_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Whether a gateway serves a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Served,
    /// It does not: never registered, or disabled.
    Unknown,
}

/// A gateway that answers. Dropping it kills it, and fails the test when its log is not as every log has to be.
#[derive(Debug)]
pub struct Gateway {
    installation: Installation,
    /// Its process.
    pub process: Process,
    /// What it logged.
    pub ledger: Arc<Ledger>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.process.kill();
        if !std::thread::panicking() {
            let complaints = self.ledger.at_the_end();
            assert!(complaints.is_empty(), "the log of the gateway:\n{}", complaints.join("\n"));
        }
    }
}

impl Gateway {
    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.installation.issuer
    }

    /// What it runs from: the same command line reaches the same stores.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Stops it as an operator does, and starts it again from the same folder.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let status = self.process.stop().await?;
        anyhow::ensure!(status.success(), "idp ends well when asked to stop: {status}");
        *self = self.installation.serve(Signals::Shared).await?;
        Ok(())
    }

    /// Kills it in the middle of whatever it does (SIGKILL).
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.process.signal("KILL").await?;
        self.process.end().await?;
        Ok(())
    }

    /// Starts one that was killed again, from the same folder.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        *self = self.installation.serve(Signals::Shared).await?;
        Ok(())
    }
}
