//! `[ephemeral]` and `[registry]`: which engines remember, and where they are.

use std::path::{Path, PathBuf};

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
        (_, Some(url)) if has_scheme(&url, &["redis", "rediss"]) => Ok(EphemeralEngine::Redis(url)),
        (_, Some(_)) => {
            Err(section.contradiction("url_file", "the Redis address must begin with redis:// or rediss://"))
        }
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
        ("sqlite", _) => Ok(RegistryEngine::Sqlite(path?.unwrap_or_else(|| data.join("registry.sqlite")))),
        (_, Some(url)) if has_scheme(&url, &["postgres", "postgresql"]) => Ok(RegistryEngine::Postgres(url)),
        (_, Some(_)) => Err(section.contradiction("url_file", "the PostgreSQL address must begin with postgres://")),
        (_, None) => Err(section.contradiction(
            "url_file",
            "engine \"postgres\" needs the address of the database, in this file or in PASSERELLE_POSTGRES_URL",
        )),
    }
}

fn has_scheme(url: &Secret, schemes: &[&str]) -> bool {
    url::Url::parse(url.expose()).is_ok_and(|url| schemes.contains(&url.scheme()))
}
