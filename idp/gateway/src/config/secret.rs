//! Secrets and where they come from: a file or the environment, never the configuration itself.

#[cfg(test)]
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use domain::secret::{base64url, from_base64url};
use zeroize::Zeroizing;

use super::reader::{Read, Section};
use crate::random::Random;

/// A secret text. Neither `Debug` nor anything else shows it but [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text, to hand to whoever needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The environment variables of the process, or those a test gives.
#[derive(Debug, Clone)]
pub(crate) enum Environment {
    /// Those of the process.
    Process,
    /// These alone.
    #[cfg(test)]
    Given(BTreeMap<String, String>),
}

impl Environment {
    /// The variable, when it is set to something.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read(&self, name: &str) -> Option<Secret> {
        let text = match self {
            Self::Process => Zeroizing::new(std::env::var(name).ok()?),
            #[cfg(test)]
            Self::Given(variables) => Zeroizing::new(variables.get(name)?.clone()),
        };
        (!text.trim().is_empty()).then(|| Secret::new(text.trim()))
    }
}

/// Reads a secret from a file: its text without surrounding white space.
pub(super) fn read_file(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("the secret file {} cannot be read: {error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("the secret file {} is empty", path.display())),
        secret => Ok(Secret::new(secret)),
    }
}

/// A secret from the environment variable `variable`, else from the file that `key` names. `None` when there is
/// neither.
pub(super) fn from_variable_or_file(
    section: &Section<'_>,
    environment: &Environment,
    variable: &str,
    key: &'static str,
) -> Read<Option<Secret>> {
    let file = section.secret_path(key)?;
    match (environment.read(variable), file) {
        (Some(secret), _) => Ok(Some(secret)),
        (None, None) => Ok(None),
        (None, Some(path)) => read_file(&path).map(Some).map_err(|fault| section.contradiction(key, &fault)),
    }
}

/// The key that everything the gateway keeps is sealed under: 32 bytes, 43 base64url characters in its file.
#[derive(Clone)]
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn parse(secret: &Secret) -> Result<Self, String> {
        from_base64url(secret.expose())
            .map(Zeroizing::new)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
            .map(|bytes| Self(Zeroizing::new(bytes)))
            .ok_or_else(|| "a master key is 32 random bytes in base64url without padding (43 characters)".to_owned())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Where the master key is.
#[derive(Debug, Clone)]
pub(crate) enum MasterKeySource {
    /// It was read.
    Held(MasterKey),
    /// There is none yet, and the sandbox may make one: in this file.
    ToMake(PathBuf),
}

impl MasterKeySource {
    /// The key; makes and keeps it, readable by its owner alone, when there is none yet.
    pub(crate) fn obtain(&self, random: Random) -> std::io::Result<MasterKey> {
        let path = match self {
            Self::Held(key) => return Ok(key.clone()),
            Self::ToMake(path) => path,
        };
        if let Some(folder) = path.parent() {
            use std::os::unix::fs::DirBuilderExt as _;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let key = MasterKey(Zeroizing::new(random.bytes()));
        match write_new(path, &base64url(key.bytes())) {
            Ok(()) => Ok(key),
            // Another process of the same sandbox was faster: its key counts.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read_file(path)
                .and_then(|secret| MasterKey::parse(&secret))
                .map_err(|fault| std::io::Error::new(std::io::ErrorKind::InvalidData, fault)),
            Err(error) => Err(error),
        }
    }
}

/// Writes a file that only its owner can read and that does not exist yet. It appears whole or not at all.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let partial = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&partial, path);
    std::fs::remove_file(&partial)?;
    linked
}

/// Reads `[secrets]`. The default file is made when missing on a loopback issuer only: a production key is made and
/// kept by the operator, for losing it loses everything that was sealed.
pub(super) fn master_key(
    section: &Section<'_>,
    environment: &Environment,
    data: &Path,
    loopback: bool,
) -> Read<MasterKeySource> {
    const KEY: &str = "master_key_file";
    let configured = section.path(KEY)?;
    let path = configured.clone().unwrap_or_else(|| data.join("master.key"));
    section.holds_secrets(&path);
    if let Some(secret) = environment.read("PASSERELLE_MASTER_KEY") {
        return MasterKey::parse(&secret)
            .map(MasterKeySource::Held)
            .map_err(|fault| section.contradiction(KEY, &format!("PASSERELLE_MASTER_KEY: {fault}")));
    }
    if !path.exists() {
        if loopback && configured.is_none() {
            return Ok(MasterKeySource::ToMake(path));
        }
        return Err(section.contradiction(
            KEY,
            &format!(
                "there is no master key at {}: make one (`openssl rand 32 | basenc --base64url | tr -d =`), readable by \
                 the gateway alone, and keep a copy; or set PASSERELLE_MASTER_KEY",
                path.display()
            ),
        ));
    }
    read_file(&path)
        .and_then(|secret| MasterKey::parse(&secret))
        .map(MasterKeySource::Held)
        .map_err(|fault| section.contradiction(KEY, &format!("{}: {fault}", path.display())))
}
