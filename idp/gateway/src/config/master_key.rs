//! `[secrets]`: the key that everything the gateway keeps is sealed under, and those that took over its sealing.

use std::fmt;
use std::path::{Path, PathBuf};

use domain::secret::{base64url, from_base64url};
use zeroize::Zeroizing;

use super::passphrase::{self, is_protected};
use super::reader::{Read, Section};
use super::secret::{Environment, Secret, from_variable_or_file, read_file};
use crate::random::Random;

/// The keys of `[secrets]`, and where they came from.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    /// The master key.
    pub(crate) master_key: MasterKeySource,
    /// The file of the master key; `None` when it came by the environment.
    pub(crate) file: Option<PathBuf>,
    /// How the master key was kept.
    pub(crate) protection: Protection,
    /// What protected keys are under.
    pub(crate) passphrase: Option<Secret>,
    /// The keys that took over the sealing, each with its version.
    pub(crate) sealing_keys: Vec<(u8, MasterKey)>,
}

/// How a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// As it is, by the rights of its file alone.
    Plain,
    /// Under a passphrase.
    Passphrase,
}

/// The key that everything the gateway keeps is sealed under: 32 bytes, 43 base64url characters in its file.
#[derive(Clone)]
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The text of its file, when it is kept plain.
    pub(crate) fn text(&self) -> Secret {
        Secret::new(&Zeroizing::new(base64url(self.bytes())))
    }

    /// Reads a key, plain or protected.
    fn read(secret: &Secret, passphrase: Option<&Secret>) -> Result<(Self, Protection), String> {
        if !is_protected(secret.expose()) {
            return Self::parse(secret).map(|key| (key, Protection::Plain));
        }
        let passphrase = passphrase.ok_or(
            "is under a passphrase: give it by `master_key_passphrase_file` or PASSERELLE_MASTER_KEY_PASSPHRASE",
        )?;
        let bytes = passphrase::open(secret, passphrase).map_err(|fault| fault.to_string())?;
        Ok((Self(bytes), Protection::Passphrase))
    }

    fn parse(secret: &Secret) -> Result<Self, String> {
        from_base64url(secret.expose())
            .map(Zeroizing::new)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
            .map(|bytes| Self(Zeroizing::new(bytes)))
            .ok_or_else(|| "must be 32 random bytes in base64url without padding (43 characters)".to_owned())
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
        match write_new(path, &key.text()) {
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
fn write_new(path: &Path, text: &Secret) -> std::io::Result<()> {
    let partial = write_beside(path, text)?;
    let linked = std::fs::hard_link(&partial, path);
    std::fs::remove_file(&partial)?;
    linked
}

/// Puts another text in the place of a file that holds a secret, whole or not at all, also across a power cut.
pub(crate) fn replace(path: &Path, text: &Secret) -> std::io::Result<()> {
    let partial = write_beside(path, text)?;
    std::fs::rename(&partial, path)?;
    match path.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write_beside(path: &Path, text: &Secret) -> std::io::Result<PathBuf> {
    use std::io::Write as _;
    let partial = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(text.expose().as_bytes())?;
    file.sync_all()?;
    Ok(partial)
}

/// Reads `[secrets]`. The default file is made when missing on a loopback issuer only: a production key is made and
/// kept by the operator, for losing it loses everything that was sealed.
pub(super) fn read(section: &Section<'_>, environment: &Environment, data: &Path, loopback: bool) -> Read<Secrets> {
    const KEY: &str = "master_key_file";
    let configured = section.path(KEY);
    let passphrase =
        from_variable_or_file(section, environment, "PASSERELLE_MASTER_KEY_PASSPHRASE", "master_key_passphrase_file");
    let named = section.section("sealing_keys").entries();
    let (configured, passphrase, named) = (configured?, passphrase?, named?);
    let sealing_keys = sealing_keys(section, named, passphrase.as_ref())?;
    let path = configured.clone().unwrap_or_else(|| data.join("master.key"));
    section.holds_secrets(&path);
    let held = |secret: &Secret, file: Option<&PathBuf>, name: &str| {
        let (key, protection) = MasterKey::read(secret, passphrase.as_ref())
            .map_err(|fault| section.contradiction(KEY, &format!("{name} {fault}")))?;
        Ok((MasterKeySource::Held(key), file.cloned(), protection))
    };
    let (master_key, file, protection) = if let Some(secret) = environment.read("PASSERELLE_MASTER_KEY") {
        held(&secret, None, "PASSERELLE_MASTER_KEY")?
    } else if path.exists() {
        let secret = read_file(&path).map_err(|fault| section.contradiction(KEY, &fault))?;
        held(&secret, Some(&path), &path.display().to_string())?
    } else if loopback && configured.is_none() {
        (MasterKeySource::ToMake(path.clone()), Some(path), Protection::Plain)
    } else {
        return Err(section.contradiction(
            KEY,
            &format!(
                "there is no master key at {}: make one (`openssl rand 32 | basenc --base64url | tr -d =`), readable by \
                 the gateway alone, and keep a copy; or set PASSERELLE_MASTER_KEY",
                path.display()
            ),
        ));
    };
    Ok(Secrets { master_key, file, protection, passphrase, sealing_keys })
}

/// The keys that took over the sealing: the highest version seals, the others open what they sealed.
fn sealing_keys(
    section: &Section<'_>,
    named: Vec<(String, String)>,
    passphrase: Option<&Secret>,
) -> Read<Vec<(u8, MasterKey)>> {
    const KEY: &str = "sealing_keys";
    let read = |(version, path): (String, String)| {
        let told = |fault: String| section.contradiction(KEY, &fault);
        // Version 1 is the master key itself.
        let number = version.parse::<u8>().ok().filter(|number| *number >= 2 && number.to_string() == version);
        let number = number.ok_or_else(|| told(format!("`{version}` is not a version from 2 to 255")))?;
        let path = section.resolve(&path);
        section.holds_secrets(&path);
        let secret = read_file(&path).map_err(told)?;
        let (key, _) = MasterKey::read(&secret, passphrase)
            .map_err(|fault| section.contradiction(KEY, &format!("{} {fault}", path.display())))?;
        Ok((number, key))
    };
    // Every one is read, so that every problem is told.
    let keys: Vec<Read<(u8, MasterKey)>> = named.into_iter().map(read).collect();
    keys.into_iter().collect()
}
