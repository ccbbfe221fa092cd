//! Master lists: what a State says are the authorities of all States (ICAO 9303-12 §9).
//!
//! A signature that verifies with the certificate found inside the file proves nothing: the signer must climb to a root that
//! is pinned already. Even so nothing of a list is ever trusted by itself. It is shown as a difference, and two people
//! approve what comes in.

use std::collections::{BTreeMap, BTreeSet};

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use crate::asn1::{self, Limits, Malformed, SEQUENCE, SET};
use crate::certificate::{Certificate, Fingerprint, KeyUsage};
use crate::cms::{self, SignedData, SignerFault, SignerIdentifier};
use crate::moment::Moment;
use crate::profile::Profile;
use crate::signature;
use crate::tlv::{self, Reader};
use crate::trust::{Distrust, Rules, StoreVersion, TrustStore};

/// id-icao-cscaMasterList.
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");
/// id-icao-cscaMasterListSigningKey.
const SIGNING_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

/// Octets that a list may have.
pub const LIMIT: usize = 8 << 20;
/// Certificates that a list may have.
const CERTIFICATES: usize = 4096;

/// A list whose signer climbs to a pinned root.
#[derive(Debug, Clone)]
pub struct MasterList {
    certificates: BTreeMap<Fingerprint, Certificate>,
    unreadable: usize,
    signer: Certificate,
    fingerprint: Fingerprint,
}

/// Why a list is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Too large.
    #[error("the list is too large")]
    TooLarge,
    /// Not signed data.
    #[error("the list is no signed data: {0}")]
    SignedData(cms::Fault),
    /// Signed data of another content.
    #[error("the signed data is no master list")]
    ContentType,
    /// The signer's information is wrong.
    #[error("{0}")]
    Signer(SignerFault),
    /// The signer's certificate is not there.
    #[error("the certificate of the signer is not there")]
    SignerUnknown,
    /// The signer's certificate is for other purposes.
    #[error("the certificate of the signer is not for master lists")]
    SignerPurpose,
    /// The signer's certificate is expired, or not valid yet.
    #[error("the certificate of the signer is not valid now")]
    SignerExpired,
    /// The signer, or an authority above it, is of another country than the root.
    #[error("the signer and its root are of different countries")]
    SignerCountry,
    /// The signature is of no accepted kind, or does not verify.
    #[error("{0}")]
    Signature(signature::Fault),
    /// The signer does not climb to a pinned root.
    #[error("{0}")]
    Distrust(Distrust),
    /// The content is not a list of certificates.
    #[error("the content is not a list of certificates")]
    Content,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Content
    }
}

impl From<tlv::Fault> for Refusal {
    fn from(_: tlv::Fault) -> Self {
        Self::Content
    }
}

impl MasterList {
    /// Reads a list and verifies its signer against the pinned roots.
    pub fn read(der: &[u8], store: &TrustStore, at: Moment) -> Result<Self, Refusal> {
        if der.len() > LIMIT {
            return Err(Refusal::TooLarge);
        }
        let data = SignedData::read(der, Limits::LIST).map_err(Refusal::SignedData)?;
        if data.content_type != CONTENT_TYPE {
            return Err(Refusal::ContentType);
        }
        let signer = data.signer().map_err(Refusal::Signer)?;
        let carried = data.certificates.iter().flat_map(|der| Certificate::read(der));
        let certificate = carried
            .into_iter()
            .find(|certificate| match &signer.identifier {
                SignerIdentifier::Issuer(issuer, serial) => {
                    certificate.issuer() == issuer && certificate.serial() == *serial
                }
                SignerIdentifier::Key(key) => certificate.extensions().subject_key.as_deref() == Some(key),
            })
            .ok_or(Refusal::SignerUnknown)?;
        let algorithm = signer.algorithm.map_err(Refusal::Signature)?;
        if !Profile::Cnie.accepts(algorithm.hash()) {
            return Err(Refusal::Signature(signature::Fault::Algorithm));
        }
        let key = certificate.key().map_err(Refusal::Signature)?;
        key.verify(algorithm, &signer.signed(), signer.signature).map_err(Refusal::Signature)?;
        entitled(&certificate, store, at)?;
        let (certificates, unreadable) = certificates_of(data.content)?;
        Ok(Self { certificates, unreadable, signer: certificate, fingerprint: Fingerprint::of(der) })
    }

    /// Its certificates.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    /// How many of its certificates cannot be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Who signed it.
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// What it would change for the authorities of a country in a store; for those of all when there is none.
    pub fn compare(&self, store: &TrustStore, country: Option<&str>) -> Proposal {
        let of_country = |certificate: &&Certificate| {
            country.is_none_or(|country| certificate.subject().country().as_deref() == Some(country))
        };
        let held: BTreeMap<_, _> = store
            .anchors()
            .iter()
            .chain(store.links())
            .filter(of_country)
            .map(|certificate| (certificate.fingerprint(), certificate))
            .collect();
        let listed = || self.certificates.iter().filter(|(_, certificate)| of_country(certificate));
        let added =
            listed().filter(|(fingerprint, _)| !held.contains_key(fingerprint)).map(|(_, it)| it.clone()).collect();
        let absent = held
            .iter()
            .filter(|(fingerprint, _)| !self.certificates.contains_key(fingerprint))
            .map(|(_, it)| (*it).clone())
            .collect();
        Proposal { added, absent, list: self.fingerprint, store: store.version() }
    }
}

/// Purpose, validity, and a path to a root of the same country.
fn entitled(signer: &Certificate, store: &TrustStore, at: Moment) -> Result<(), Refusal> {
    let extensions = signer.extensions();
    let usage = extensions.key_usage.is_some_and(KeyUsage::is_signature_alone);
    let authority = extensions.basic_constraints.is_some_and(|constraints| constraints.authority);
    if !extensions.extended_usage.contains(&SIGNING_KEY) || !usage || authority {
        return Err(Refusal::SignerPurpose);
    }
    if !signer.is_valid(at) {
        return Err(Refusal::SignerExpired);
    }
    let trusted = store.trust(signer, Rules { profile: Profile::Cnie, grace: 0 }, at).map_err(Refusal::Distrust)?;
    let country = signer.subject().country();
    if country.is_none() || trusted.path().anchor().subject().country() != country {
        return Err(Refusal::SignerCountry);
    }
    Ok(())
}

/// CscaMasterList: version 0 and a set of certificates. One that cannot be read is left out and counted.
fn certificates_of(content: &[u8]) -> Result<(BTreeMap<Fingerprint, Certificate>, usize), Refusal> {
    asn1::check(content, Limits::LIST).map_err(|_| Refusal::Content)?;
    let mut fields = Reader::new(tlv::only(content, SEQUENCE)?);
    if asn1::small(fields.expect(asn1::INTEGER)?)? != 0 {
        return Err(Refusal::Content);
    }
    let set = fields.expect(SET)?;
    fields.finish()?;
    let (mut certificates, mut unreadable) = (BTreeMap::new(), 0_usize);
    for (number, object) in Reader::new(set).enumerate() {
        if number >= CERTIFICATES {
            return Err(Refusal::TooLarge);
        }
        match Certificate::read(object?.whole) {
            Ok(certificate) => {
                certificates.insert(certificate.fingerprint(), certificate);
            }
            Err(Malformed) => unreadable = unreadable.saturating_add(1),
        }
    }
    Ok((certificates, unreadable))
}

/// What a list would change in a store: nothing, until two people approve it.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// In the list and not in the store.
    pub added: Vec<Certificate>,
    /// In the store and not in the list: kept, and worth a look.
    pub absent: Vec<Certificate>,
    list: Fingerprint,
    store: StoreVersion,
}

/// An approval of one person, for one list and one store as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who approves.
    pub approver: String,
    /// The list that was shown.
    pub list: Fingerprint,
    /// The store that it was compared with.
    pub store: StoreVersion,
    /// The certificates that become roots; the other new ones come in as links.
    pub roots: BTreeSet<Fingerprint>,
}

/// Why approvals do not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotApproved {
    /// Both are of the same person.
    #[error("both approvals are of the same person")]
    SamePerson,
    /// One is of another list, of another store, or of other roots.
    #[error("the approvals are not of the same change")]
    OtherChange,
    /// A root that is not among the new certificates.
    #[error("a root is not among the new certificates")]
    UnknownRoot,
}

impl Proposal {
    /// SHA-256 of the list.
    pub fn list(&self) -> Fingerprint {
        self.list
    }

    /// The store that it was compared with.
    pub fn store(&self) -> StoreVersion {
        self.store
    }

    /// The certificates to add, and which of them to pin, once two people have approved the same.
    pub fn approved(
        &self,
        first: &Approval,
        second: &Approval,
    ) -> Result<(&[Certificate], BTreeSet<Fingerprint>), NotApproved> {
        if first.approver == second.approver {
            return Err(NotApproved::SamePerson);
        }
        let of_this = |approval: &Approval| approval.list == self.list && approval.store == self.store;
        if !of_this(first) || !of_this(second) || first.roots != second.roots {
            return Err(NotApproved::OtherChange);
        }
        let known = |root: &Fingerprint| self.added.iter().any(|added| added.fingerprint() == *root);
        if !first.roots.iter().all(known) {
            return Err(NotApproved::UnknownRoot);
        }
        Ok((&self.added, first.roots.clone()))
    }
}

#[cfg(test)]
#[path = "master_list_tests.rs"]
mod tests;
