//! The real gateway: its configuration folder written, its command line run, its process started and stopped.
//!
//! [`Installation`] is a gateway on disk; [`Gateway`] is one that answers.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use toml::{Table, Value as Toml};

use crate::process::{Process, Signals};
use crate::upstream::{Authentication, CLIENT_ID, ProviderId, Providers, TokenForm, UserinfoForm};
use crate::workspace;

/// How long a change by the command line may take until the running gateway follows it: the second that is promised,
/// and as much again for a loaded machine.
const IN_FORCE_PATIENCE: Duration = Duration::from_secs(2);
/// How long the gateway may take until its stores answer.
const READY_PATIENCE: Duration = Duration::from_secs(30);

/// Where the gateway keeps what expires by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ephemeral {
    /// In its own process.
    #[default]
    Memory,
    /// In Redis, at this address.
    Redis(String),
}

/// Where the gateway keeps what lasts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Lasting {
    /// A SQLite file in its data folder.
    #[default]
    Sqlite,
    /// PostgreSQL, at this address.
    Postgres(String),
}

/// Which form of the civil registry's protocol the gateway speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryForm {
    /// JSON by POST.
    #[default]
    Json,
    /// XML by GET.
    Xml,
}

/// What a gateway is told about the world around it.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Address of the civil registry.
    pub registry_url: String,
    /// Form spoken to it.
    pub registry_form: RegistryForm,
    /// `smtp://…` of the mailbox.
    pub smtp_url: String,
    /// Ephemeral store.
    pub ephemeral: Ephemeral,
    /// Lasting store.
    pub lasting: Lasting,
    /// Keys of `idp.toml` that a test sets on top, table by table.
    pub overrides: Table,
    /// Keys of single provider files that a test sets on top.
    pub provider_overrides: Vec<(ProviderId, Table)>,
    /// Providers beside the six.
    pub more_providers: Vec<ProviderFile>,
}

/// The file of a provider beside the six, with its shared secret in a file of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderFile {
    /// Its id: the file's stem.
    pub id: String,
    /// Its keys, without those of the secret.
    pub table: Table,
    /// The secret that the gateway shares with it.
    pub secret: String,
}

impl Surroundings {
    /// The gateway's issuer.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A gateway on disk: a configuration folder, a data folder, and the program.
#[derive(Debug, Clone)]
pub struct Installation {
    program: PathBuf,
    folder: Arc<TempDir>,
    issuer: String,
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
        let config = folder.path().join("config");
        std::fs::create_dir_all(config.join("providers"))?;
        std::fs::create_dir_all(folder.path().join("data"))?;
        let main = main_table(around, &config)?;
        std::fs::write(config.join("idp.toml"), toml::to_string(&main)?)?;
        for id in ProviderId::ALL {
            let mut table = provider_table(id, providers, &config.join("providers"))?;
            for (_, extra) in around.provider_overrides.iter().filter(|(other, _)| *other == id) {
                merge(&mut table, extra);
            }
            std::fs::write(config.join(format!("providers/{id}.toml")), toml::to_string(&table)?)?;
        }
        for file in &around.more_providers {
            let name = format!("{}.secret", file.id);
            write_secret(&config.join("providers").join(&name), &file.secret)?;
            let mut table = file.table.clone();
            table.insert("client_secret_file".into(), name.into());
            std::fs::write(config.join(format!("providers/{}.toml", file.id)), toml::to_string(&table)?)?;
        }
        Ok(Self { program: program.to_owned(), folder: Arc::new(folder), issuer: around.issuer() })
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config/idp.toml")
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
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
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let asked = format!("{}/authorize?client_id={client_id}", self.issuer);
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
        let mut process = Process::start("idp", self.command(&["serve"]), signals)?;
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let ready = format!("{}/readyz", self.issuer);
        let answers = async || {
            let answer = client.get(&ready).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        process.until(READY_PATIENCE, answers).await?;
        Ok(Gateway { installation: self.clone(), process })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(self.config());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PASSERELLE_") {
                command.env_remove(name);
            }
        }
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

/// A gateway that answers. Dropping it kills it.
#[derive(Debug)]
pub struct Gateway {
    installation: Installation,
    /// Its process.
    pub process: Process,
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
}

fn table(pairs: impl IntoIterator<Item = (&'static str, Toml)>) -> Toml {
    Toml::Table(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn main_table(around: &Surroundings, config: &Path) -> anyhow::Result<Table> {
    let form = match around.registry_form {
        RegistryForm::Json => "json",
        RegistryForm::Xml => "xml",
    };
    let ephemeral = match &around.ephemeral {
        Ephemeral::Memory => table([("engine", "memory".into())]),
        Ephemeral::Redis(url) => {
            write_secret(&config.join("redis.url"), url)?;
            table([("engine", "redis".into()), ("url_file", "redis.url".into())])
        }
    };
    let lasting = match &around.lasting {
        Lasting::Sqlite => table([("engine", "sqlite".into())]),
        Lasting::Postgres(url) => {
            write_secret(&config.join("postgres.url"), url)?;
            table([("engine", "postgres".into()), ("url_file", "postgres.url".into())])
        }
    };
    let mut main = Table::new();
    main.insert("issuer".into(), around.issuer().into());
    main.insert("listen".into(), table([("address", format!("127.0.0.1:{}", around.port).into())]));
    main.insert("data".into(), table([("directory", "../data".into())]));
    main.insert("ephemeral".into(), ephemeral);
    main.insert("registry".into(), lasting);
    main.insert(
        "mail".into(),
        table([("smtp", around.smtp_url.clone().into()), ("from", "Passerelle <passerelle@exemple.fr>".into())]),
    );
    main.insert("civil_registry".into(), table([("url", around.registry_url.clone().into()), ("form", form.into())]));
    main.insert("egress".into(), table([("allow_private", vec!["127.0.0.1"].into())]));
    merge(&mut main, &around.overrides);
    Ok(main)
}

/// The shipped file of a provider with the sandbox's addresses and fresh secrets.
fn provider_table(id: ProviderId, providers: &Providers, folder: &Path) -> anyhow::Result<Table> {
    let shipped = workspace::root().join(format!("config/providers/{id}.toml"));
    let text = std::fs::read_to_string(&shipped).with_context(|| format!("{} is shipped", shipped.display()))?;
    let mut file: Table = text.parse().with_context(|| format!("{} is TOML", shipped.display()))?;
    for secret in ["client_secret_file", "client_secret_env", "private_key_file", "decryption_key_file"] {
        file.remove(secret);
    }
    let (profile, credentials) = (id.profile(), providers.credentials(id));
    let mut set = |key: &str, value: &str| file.insert(key.to_owned(), value.into());
    set("issuer", providers.issuer(id));
    set("client_id", CLIENT_ID);
    set("auth_method", profile.authentication.name());
    set("id_token_signed_response_alg", profile.signing.name());
    match profile.authentication {
        Authentication::SecretBasic | Authentication::SecretPost => {
            let name = format!("{id}.secret");
            write_secret(&folder.join(&name), credentials.secret.as_deref().unwrap_or_default())?;
            set("client_secret_file", &name);
        }
        Authentication::PrivateKey => {
            let name = format!("{id}.key");
            write_secret(&folder.join(&name), credentials.assertion_key.as_deref().unwrap_or_default())?;
            set("private_key_file", &name);
        }
    }
    if let Some(key) = &credentials.decryption_key {
        let name = format!("{id}.decryption.key");
        write_secret(&folder.join(&name), key)?;
        set("decryption_key_file", &name);
    }
    match profile.id_token {
        TokenForm::Signed => {}
        TokenForm::SignedThenEncrypted(delivery) => {
            set("id_token_encrypted_response_alg", delivery.name());
        }
    }
    match profile.userinfo {
        UserinfoForm::Json => {}
        UserinfoForm::Signed => {
            set("userinfo_signed_response_alg", profile.signing.name());
        }
        UserinfoForm::SignedThenEncrypted(delivery) => {
            set("userinfo_signed_response_alg", profile.signing.name());
            set("userinfo_encrypted_response_alg", delivery.name());
        }
    }
    Ok(file)
}

/// Sets the keys of `extra` in `table`, going into tables that both have.
fn merge(table: &mut Table, extra: &Table) {
    for (key, value) in extra {
        match (table.get_mut(key), value) {
            (Some(Toml::Table(inner)), Toml::Table(more)) => merge(inner, more),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_reach_into_tables_and_leave_the_rest() {
        let mut table: Table = "a = 1\n[b]\nx = 1\ny = 2".parse().unwrap();
        merge(&mut table, &"c = 3\n[b]\nx = 9".parse().unwrap());
        let expected: Table = "a = 1\nc = 3\n[b]\nx = 9\ny = 2".parse().unwrap();
        assert_eq!(table, expected);
    }
}
