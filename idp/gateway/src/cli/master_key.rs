//! `idp master-key`: how the file of the master key is protected. The key itself stays the same.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;

use super::Bench;
use crate::config::passphrase::{open, protect};
use crate::config::{MasterKeySource, Protection, Secret, read_file, replace};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put the plain file under the passphrase of the configuration
    Protect,
    /// Take the file out from under its passphrase
    Unprotect,
    /// Put the file under another passphrase; then give that one to the configuration of every node
    Rewrap {
        /// The file of the new passphrase
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
    },
}

pub(super) fn run<W: Write>(command: &Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let secrets = &bench.config.secrets;
    let path = secrets.file.clone().context("the master key comes by PASSERELLE_MASTER_KEY: there is no file")?;
    let MasterKeySource::Held(key) = &secrets.master_key else {
        bail!("there is no master key yet: the first start makes it");
    };
    let done = match (command, secrets.protection) {
        (Command::Protect, Protection::Plain) => {
            let passphrase = secrets.passphrase.as_ref().context(
                "there is no passphrase: give it by `secrets.master_key_passphrase_file` or \
                 PASSERELLE_MASTER_KEY_PASSPHRASE",
            )?;
            wrap(bench, &path, key.bytes(), passphrase)?;
            "under the passphrase"
        }
        (Command::Rewrap { passphrase_file }, Protection::Passphrase) => {
            let passphrase = read_file(passphrase_file).map_err(|fault| anyhow!(fault))?;
            wrap(bench, &path, key.bytes(), &passphrase)?;
            "under the new passphrase"
        }
        (Command::Unprotect, Protection::Passphrase) => {
            replace(&path, &key.text()).with_context(|| path.display().to_string())?;
            "under no passphrase any more"
        }
        (Command::Protect, Protection::Passphrase) => bail!("the master key is under a passphrase already: see rewrap"),
        (Command::Rewrap { .. } | Command::Unprotect, Protection::Plain) => {
            bail!("the master key is under no passphrase")
        }
    };
    bench.say(&format!("{} is {done}; keep a copy of both apart", path.display()));
    Ok(())
}

/// The file is replaced only by what opens again.
fn wrap<W: Write>(bench: &Bench<'_, W>, path: &Path, key: &[u8; 32], passphrase: &Secret) -> anyhow::Result<()> {
    let text = protect(key, passphrase, bench.random).map_err(|fault| anyhow!("the master key {fault}"))?;
    let again = open(&text, passphrase).map_err(|fault| anyhow!("what was protected {fault}"))?;
    if *again != *key {
        bail!("what was protected is another key");
    }
    replace(path, &text).with_context(|| path.display().to_string())
}
