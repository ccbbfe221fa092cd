//! The configuration folder that a gateway of the scene runs from.

use std::path::Path;

use anyhow::Context as _;
use toml::{Table, Value as Toml};

use super::tls::Tls;
use crate::upstream::{Authentication, CLIENT_ID, ProviderId, Providers, TokenForm, UserinfoForm};
use crate::workspace;

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
    /// The certificate it serves, when it serves HTTPS itself.
    pub tls: Option<Tls>,
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
    /// Variables of its environment.
    pub environment: Vec<(&'static str, String)>,
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
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }
}

/// Writes the whole folder: the shipped provider files with the addresses and secrets of the sandbox.
pub(super) fn write(config: &Path, around: &Surroundings, providers: &Providers) -> anyhow::Result<()> {
    std::fs::create_dir_all(config.join("providers"))?;
    let main = main_table(around, config)?;
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
    Ok(())
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
    let mut listen = Table::new();
    listen.insert("address".into(), format!("127.0.0.1:{}", around.port).into());
    if let Some(tls) = &around.tls {
        tls.write(config)?;
        listen.insert("tls_certificate".into(), "tls.crt".into());
        listen.insert("tls_key".into(), "tls.key".into());
    }
    main.insert("listen".into(), listen.into());
    main.insert("data".into(), table([("directory", "../data".into())]));
    main.insert("ephemeral".into(), ephemeral);
    main.insert("registry".into(), lasting);
    main.insert(
        "mail".into(),
        table([("smtp", around.smtp_url.clone().into()), ("from", "Passerelle <passerelle@exemple.fr>".into())]),
    );
    main.insert("civil_registry".into(), table([("url", around.registry_url.clone().into()), ("form", form.into())]));
    main.insert("egress".into(), table([("allow_private", vec!["127.0.0.1"].into())]));
    // For machines: what the log says of each request is read line by line.
    main.insert("log".into(), table([("format", "json".into())]));
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
pub(crate) fn merge(table: &mut Table, extra: &Table) {
    for (key, value) in extra {
        match (table.get_mut(key), value) {
            (Some(Toml::Table(inner)), Toml::Table(more)) => merge(inner, more),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

pub(super) fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
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
