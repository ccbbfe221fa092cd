//! `[ephemeral]` and `[registry]`: which engines remember, and where they are.

use std::path::{Path, PathBuf};

use url::Url;

use super::issuer::is_loopback;
use super::reader::{Read, Section};
use super::secret::{Environment, Secret, from_variable_or_file};

/// What keeps sign-ins, sessions, codes and tokens.
#[derive(Debug, Clone)]
pub(crate) enum EphemeralEngine {
    /// This process: one gateway, nothing survives a restart.
    Memory,
    /// A Redis server, by its address (which may hold a password).
    Redis(Secret),
}

/// What keeps clients, accounts, keys, the journal and the outbox.
#[derive(Debug, Clone)]
pub(crate) enum RegistryEngine {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its address (which may hold a password).
    Postgres(Secret),
}

pub(super) fn ephemeral(section: &Section<'_>, environment: &Environment) -> Read<EphemeralEngine> {
    let engine = section.text("engine", "memory", |text| match text {
        "memory" | "redis" => Ok(text.to_owned()),
        _ => Err("must be \"memory\" or \"redis\"".to_owned()),
    });
    let url = from_variable_or_file(section, environment, "PASSERELLE_REDIS_URL", "url_file")?;
    match (engine?.as_str(), url) {
        ("memory", _) => Ok(EphemeralEngine::Memory),
        (_, Some(url)) => match redis_is_protected(url.expose()) {
            Ok(()) => Ok(EphemeralEngine::Redis(url)),
            Err(fault) => Err(section.contradiction("url_file", &format!("the Redis address {fault}"))),
        },
        (_, None) => Err(section.contradiction(
            "url_file",
            "engine \"redis\" needs the address of the server, in this file or in PASSERELLE_REDIS_URL",
        )),
    }
}

pub(super) fn registry(section: &Section<'_>, environment: &Environment, data: &Path) -> Read<RegistryEngine> {
    let engine = section.text("engine", "sqlite", |text| match text {
        "sqlite" | "postgres" => Ok(text.to_owned()),
        _ => Err("must be \"sqlite\" or \"postgres\"".to_owned()),
    });
    let path = section.path("path");
    let url = from_variable_or_file(section, environment, "PASSERELLE_POSTGRES_URL", "url_file")?;
    match (engine?.as_str(), url) {
        ("sqlite", _) => {
            let path = path?.unwrap_or_else(|| data.join("registry.sqlite"));
            section.holds_secrets(&path);
            Ok(RegistryEngine::Sqlite(path))
        }
        (_, Some(url)) => match postgres_is_protected(url.expose()) {
            Ok(()) => Ok(RegistryEngine::Postgres(url)),
            Err(fault) => Err(section.contradiction("url_file", &format!("the PostgreSQL address {fault}"))),
        },
        (_, None) => Err(section.contradiction(
            "url_file",
            "engine \"postgres\" needs the address of the database, in this file or in PASSERELLE_POSTGRES_URL",
        )),
    }
}

/// In the clear to this machine alone: what goes to Redis holds names, and decides who is signed in.
fn redis_is_protected(address: &str) -> Result<(), &'static str> {
    let url = Url::parse(address).map_err(|_| "cannot be read")?;
    match url.scheme() {
        "redis" if names_this_machine(url.host_str().unwrap_or_default()) => Ok(()),
        "redis" => Err("is in the clear, which is for loopback only: use rediss://"),
        // `#insecure` is how the address switches the check of the certificate off.
        "rediss" if url.fragment().is_some() => Err("must not end with a fragment"),
        "rediss" | "unix" | "redis+unix" => Ok(()),
        _ => Err("must begin with rediss://, on loopback redis://, or unix://"),
    }
}

/// Under a checked certificate everywhere but on this machine. Host and mode are read as the engine reads them: the
/// query has the last word.
fn postgres_is_protected(address: &str) -> Result<(), &'static str> {
    let url = Url::parse(address).map_err(|_| "cannot be read")?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("must begin with postgres://");
    }
    let last = |names: &[&str]| url.query_pairs().filter(|(name, _)| names.contains(&&**name)).last();
    let host = match last(&["host", "hostaddr"]) {
        Some((_, host)) => host.into_owned(),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let mode = last(&["sslmode", "ssl-mode"]).map(|(_, mode)| mode);
    let here = host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f") || names_this_machine(&host);
    match (host.as_str(), mode.as_deref()) {
        ("", _) => Err("must name its host: a server, or the folder of its socket by `?host=/run/postgresql`"),
        _ if here => Ok(()),
        (_, Some("verify-full")) => Ok(()),
        (_, Some(_) | None) => Err(
            "leads to another machine and must end with ?sslmode=verify-full (and sslrootcert=…, when the authority is \
                 your own): nothing less checks who answers",
        ),
    }
}

fn names_this_machine(host: &str) -> bool {
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url))
}
