//! A throw-away token for signing keys: SoftHSM, spoken to through PKCS#11 as a hardware module is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use toml::Table;

use crate::random;
use crate::tools::{Missing, Tool};

/// Whether a token can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It can.
    Here,
    /// It cannot.
    Away,
}

/// A fresh token, gone with its keys when dropped.
#[derive(Debug)]
pub struct Token {
    module: PathBuf,
    folder: TempDir,
    pin: String,
}

impl Token {
    /// Its label.
    pub const LABEL: &str = "passerelle";

    /// Makes one.
    ///
    /// # Panics
    /// When SoftHSM is installed and does not make it.
    pub fn make() -> Result<Self, Missing> {
        let (program, module) = (Tool::SofthsmUtil.find()?, Tool::SofthsmModule.find()?);
        Ok(Self::initialise(&program, module).expect("an installed SoftHSM makes a token"))
    }

    fn initialise(program: &Path, module: PathBuf) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-token-")?;
        std::fs::create_dir(folder.path().join("tokens"))?;
        let tokens = folder.path().join("tokens").display().to_string();
        let text = format!("directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        std::fs::write(folder.path().join("softhsm2.conf"), text)?;
        let token = Self { module, folder, pin: random::token() };
        let (name, value) = token.environment();
        let mut command = std::process::Command::new(program);
        command.args(["--init-token", "--free", "--label", Self::LABEL, "--so-pin", &random::token()]);
        let made = command.args(["--pin", &token.pin]).env(name, value).output().context("softhsm2-util")?;
        ensure!(made.status.success(), "softhsm2-util: {}", String::from_utf8_lossy(&made.stderr));
        Ok(token)
    }

    /// The variable by which the library finds it.
    pub fn environment(&self) -> (&'static str, String) {
        ("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf").display().to_string())
    }

    /// The variable by which the gateway unlocks it.
    pub fn pin(&self) -> (&'static str, String) {
        ("PASSERELLE_PKCS11_PIN", self.pin.clone())
    }

    /// The keys of `idp.toml` by which new signing keys are made on it.
    pub fn configuration(&self) -> Table {
        let pkcs11 = [("module", self.module.display().to_string()), ("token_label", Self::LABEL.to_owned())];
        let pkcs11: Table = pkcs11.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let keys = Table::from_iter([("holder".to_owned(), "pkcs11".into()), ("pkcs11".to_owned(), pkcs11.into())]);
        Table::from_iter([("keys".to_owned(), keys.into())])
    }

    /// Takes it away while it is in use, or brings it back.
    ///
    /// # Panics
    /// When it is there already, or away.
    pub fn set(&self, presence: Presence) {
        let (here, away) = (self.folder.path().join("tokens"), self.folder.path().join("away"));
        let moved = match presence {
            Presence::Here => std::fs::rename(away, here),
            Presence::Away => std::fs::rename(here, away),
        };
        moved.expect("the folder of this token can be moved");
    }

    /// How many objects it holds: two for each key pair.
    ///
    /// # Panics
    /// When its folder cannot be read.
    pub fn objects(&self) -> usize {
        let tokens = std::fs::read_dir(self.folder.path().join("tokens")).expect("made with the token");
        let files = tokens.flatten().flat_map(|token| std::fs::read_dir(token.path()).into_iter().flatten().flatten());
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".object") && name != "token.object").count()
    }
}
