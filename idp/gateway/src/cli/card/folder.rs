//! The folders of a trust store, as arguments.

use std::path::{Path, PathBuf};

use chip::trust::TrustStore;
use clap::Args;

use crate::cnie::folder;

pub(in crate::cli) use crate::cnie::folder::read;

#[derive(Debug, Args)]
pub(in crate::cli) struct Folder {
    /// The folder of the certificates, and of the file `pins` that names the roots by SHA-256
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    /// The folder of the revocation lists, beside those in `crls` of the first
    #[arg(long, value_name = "DIR")]
    crl: Option<PathBuf>,
}

impl Folder {
    /// Where the certificates are.
    pub(in crate::cli) fn path(&self) -> &Path {
        &self.trust
    }

    /// Reads all of it. What cannot be read is a failure: a store with a hole is another store.
    pub(in crate::cli) fn open(&self) -> anyhow::Result<TrustStore> {
        folder::open(&self.trust, self.crl.as_deref())
    }
}
