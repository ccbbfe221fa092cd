//! A trust store as files: what a person can look at, sign and carry.
//!
//! ```text
//!  DIR/pins            one SHA-256 of a root a line, `#` before a remark
//!  DIR/anchors/            roots that are pinned by being here
//!  DIR/*.der|cer|crt|pem   roots, links, intermediate authorities, document signers
//!  DIR/links/, signers/    the same, in order
//!  DIR/crls/*.crl|der|pem  revocation lists
//! ```

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use chip::certificate::{Certificate, Fingerprint};
use chip::trust::{RevocationList, TrustStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

/// Octets of a file that is read at most; what may be in it has its own limit.
const LIMIT: u64 = 32 << 20;

/// Subfolders of certificates, beside those at the top.
const CERTIFICATES: [&str; 3] = ["anchors", "links", "signers"];
/// The subfolder of revocation lists.
const LISTS: &str = "crls";

/// Reads a trust store, with the lists of a further folder. What cannot be read is a failure: a store with a hole is
/// another store.
pub(crate) fn open(folder: &Path, further: Option<&Path>) -> anyhow::Result<TrustStore> {
    let mut pins = pins(folder)?;
    let mut certificates = Vec::new();
    let below = CERTIFICATES.map(|name| folder.join(name));
    for place in std::iter::once(folder).chain(below.iter().map(PathBuf::as_path).filter(|place| place.is_dir())) {
        for path in listed(place, &["der", "cer", "crt", "pem"])? {
            for der in ders(&path, |pem| all(CertificateDer::pem_slice_iter(pem)))? {
                let certificate = Certificate::read(&der).with_context(|| path.display().to_string())?;
                if place.ends_with(CERTIFICATES[0]) {
                    pins.insert(certificate.fingerprint());
                }
                certificates.push(certificate);
            }
        }
    }
    let mut lists = Vec::new();
    let own = folder.join(LISTS);
    for place in further.into_iter().chain(own.is_dir().then_some(own.as_path())) {
        for path in listed(place, &["crl", "der", "pem"])? {
            for der in ders(&path, |pem| all(CertificateRevocationListDer::pem_slice_iter(pem)))? {
                lists.push(RevocationList::read(&der).with_context(|| path.display().to_string())?);
            }
        }
    }
    let held: BTreeSet<_> = certificates.iter().map(Certificate::fingerprint).collect();
    if let Some(missing) = pins.iter().find(|pin| !held.contains(pin)) {
        bail!("{}: the pinned root {missing} is not there", folder.display());
    }
    Ok(TrustStore::new(&pins, certificates, lists)?)
}

/// What tells one state of a folder from another without reading it: names, sizes and times of change.
pub(crate) fn state(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let mut found = Vec::new();
    let below = CERTIFICATES.iter().chain(&[LISTS]).map(|name| folder.join(name));
    for place in std::iter::once(folder.to_owned()).chain(below) {
        let Ok(entries) = std::fs::read_dir(&place) else { continue };
        found.extend(entries.filter_map(Result::ok).filter_map(|entry| {
            let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((entry.path(), about.len(), about.modified().ok()))
        }));
    }
    found.sort();
    found
}

/// The roots that the file `pins` names. Where the folder has `anchors`, what is in there is pinned, and the file may be
/// left out.
fn pins(folder: &Path) -> anyhow::Result<BTreeSet<Fingerprint>> {
    let path = folder.join("pins");
    if !path.exists() && folder.join(CERTIFICATES[0]).is_dir() {
        return Ok(BTreeSet::new());
    }
    let text = String::from_utf8(read(&path)?).with_context(|| path.display().to_string())?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| Fingerprint::from_hex(line).with_context(|| format!("{}: {line} is no SHA-256", path.display())))
        .collect()
}

/// A file, up to the limit.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
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
