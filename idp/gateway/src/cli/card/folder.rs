//! A trust store as files: what a person can look at, sign and carry.
//!
//! ```text
//!  DIR/pins            one SHA-256 of a root a line, `#` before a remark
//!  DIR/*.der|cer|crt|pem   roots, links, intermediate authorities, document signers
//!  CRL/*.crl|der|pem       revocation lists
//! ```

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chip::certificate::{Certificate, Fingerprint};
use chip::trust::{RevocationList, TrustStore};
use clap::Args;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

/// Octets of a file that is read at most; what may be in it has its own limit.
const LIMIT: u64 = 32 << 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct Folder {
    /// The folder of the certificates, and of the file `pins` that names the roots by SHA-256
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    /// The folder of the revocation lists
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
        let pins = self.pins()?;
        let mut certificates = Vec::new();
        for path in listed(&self.trust, &["der", "cer", "crt", "pem"])? {
            for der in ders(&path, |pem| all(CertificateDer::pem_slice_iter(pem)))? {
                certificates.push(Certificate::read(&der).with_context(|| path.display().to_string())?);
            }
        }
        let mut lists = Vec::new();
        let paths = self.crl.as_ref().map(|folder| listed(folder, &["crl", "der", "pem"])).transpose()?;
        for path in paths.unwrap_or_default() {
            for der in ders(&path, |pem| all(CertificateRevocationListDer::pem_slice_iter(pem)))? {
                lists.push(RevocationList::read(&der).with_context(|| path.display().to_string())?);
            }
        }
        let held: BTreeSet<_> = certificates.iter().map(Certificate::fingerprint).collect();
        if let Some(missing) = pins.iter().find(|pin| !held.contains(pin)) {
            bail!("{}: the pinned root {missing} is not there", self.trust.display());
        }
        Ok(TrustStore::new(&pins, certificates, lists)?)
    }

    fn pins(&self) -> anyhow::Result<BTreeSet<Fingerprint>> {
        let path = self.trust.join("pins");
        let text = String::from_utf8(read(&path)?).with_context(|| path.display().to_string())?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines
            .filter(|line| !line.is_empty())
            .map(|line| {
                Fingerprint::from_hex(line).with_context(|| format!("{}: {line} is no SHA-256", path.display()))
            })
            .collect()
    }
}

/// A file, up to the limit.
pub(in crate::cli) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    file.take(LIMIT.saturating_add(1)).read_to_end(&mut octets).with_context(|| path.display().to_string())?;
    if octets.len() as u64 > LIMIT {
        bail!("{}: larger than {LIMIT} octets", path.display());
    }
    Ok(octets)
}

fn listed(folder: &Path, extensions: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| extensions.contains(&found)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// DER as it is, or every object of a PEM file.
fn ders(path: &Path, pem: impl Fn(&[u8]) -> Option<Vec<Vec<u8>>>) -> anyhow::Result<Vec<Vec<u8>>> {
    let octets = read(path)?;
    if octets.first() == Some(&0x30) {
        return Ok(vec![octets]);
    }
    pem(&octets).filter(|ders| !ders.is_empty()).with_context(|| format!("{}: neither DER nor PEM", path.display()))
}

fn all<T: AsRef<[u8]>, E>(objects: impl Iterator<Item = Result<T, E>>) -> Option<Vec<Vec<u8>>> {
    objects.map(|object| object.ok().map(|object| object.as_ref().to_vec())).collect()
}
