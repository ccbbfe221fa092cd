//! From a certificate to a pinned root.

use std::collections::BTreeMap;

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use super::{TrustStore, Unproven};
use crate::certificate::{Certificate, Fingerprint, KeyUsage};
use crate::moment::Moment;
use crate::profile::Profile;
use crate::signature;

/// Certificates in a path, the one it begins with included.
pub const PATH: usize = 8;
/// Authorities that are tried for one document at most.
pub const CHECKS: u32 = 64;
/// Signatures that are checked for one document at most. Those between authorities of the store were checked when it was
/// made: what a document costs is one signature for each authority whose key it names, and several share a key only where a
/// root and its links do.
pub const SIGNATURES: u32 = 8;
/// Authorities with the key that a link names of which the store finds out whether they signed it.
const SAME_KEY: usize = 16;

/// Who signed a certificate, and so on up to a pinned root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    issuers: Vec<Certificate>,
    anchor: Certificate,
}

impl Path {
    /// The pinned root.
    pub fn anchor(&self) -> &Certificate {
        &self.anchor
    }

    /// From the issuer to the pinned root.
    pub fn issuers(&self) -> impl Iterator<Item = &Certificate> {
        self.issuers.iter().chain(std::iter::once(&self.anchor))
    }

    /// Whoever signed the certificate that the path begins with.
    pub fn issuer(&self) -> &Certificate {
        self.issuers.first().unwrap_or(&self.anchor)
    }

    /// Whether one of its authorities was issued under a policy.
    pub fn has_policy(&self, policy: ObjectIdentifier) -> bool {
        self.issuers().any(|certificate| certificate.has_policy(policy))
    }

    /// Whether it begins with an authority of its own below the pinned root, and not with the root or a link to it.
    pub fn is_by_sub_authority(&self) -> bool {
        self.issuers.first().is_some_and(|issuer| !is_link(issuer))
    }

    pub(super) fn below_anchor(&self) -> impl Iterator<Item = &Certificate> {
        self.issuers.iter()
    }
}

/// Why a certificate is not trusted. Of several ways that fail, the one that came furthest is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Distrust {
    /// It does not say which key signed it.
    #[error("the certificate does not say which key signed it")]
    NoAuthorityKey,
    /// No authority of the store has the key that it names.
    #[error("no authority that is known has the key")]
    UnknownIssuer,
    /// The authority of the key has another name than the issuer.
    #[error("the authority of the key has another name")]
    OtherName,
    /// The certificate of the key is of no authority that may sign certificates, or has a critical extension that is
    /// not understood.
    #[error("the certificate of the key is of no authority that may sign")]
    NotAuthority,
    /// Signed with an algorithm or a hash that is not accepted.
    #[error("the certificate is signed with an algorithm that is not accepted")]
    Algorithm,
    /// The signature does not verify.
    #[error("the signature of the certificate does not verify")]
    Signature,
    /// The authority is expired, or not valid yet.
    #[error("the authority is not valid now")]
    NotValid,
    /// The authority admits fewer authorities below it.
    #[error("the authority admits fewer authorities below it")]
    PathLength,
    /// Too many certificates.
    #[error("the path has too many certificates")]
    TooLong,
    /// Too many signatures.
    #[error("too many signatures would have to be checked")]
    Budget,
    /// A certificate of the path is revoked.
    #[error("a certificate is revoked")]
    Revoked,
    /// No revocation list that counts says that it is not.
    #[error("{0}")]
    Unproven(Unproven),
}

impl Distrust {
    /// How far a way came that failed for this.
    const fn progress(self) -> u8 {
        match self {
            Self::NoAuthorityKey => 0,
            Self::UnknownIssuer => 1,
            Self::OtherName => 2,
            Self::NotAuthority => 3,
            Self::Algorithm => 4,
            Self::Signature => 5,
            Self::NotValid => 6,
            Self::PathLength => 7,
            Self::TooLong => 8,
            Self::Budget => 9,
            Self::Revoked => 10,
            Self::Unproven(_) => 11,
        }
    }
}

/// What may still be tried.
pub(super) struct Budget {
    authorities: u32,
    signatures: u32,
}

impl Budget {
    pub(super) const fn full() -> Self {
        Self { authorities: CHECKS, signatures: SIGNATURES }
    }

    fn spend(left: &mut u32) -> Result<(), Distrust> {
        *left = left.checked_sub(1).ok_or(Distrust::Budget)?;
        Ok(())
    }
}

/// Which authorities of a store signed which links of it: found out once, whatever the moment and the rules.
pub(super) type Signatures = BTreeMap<(Fingerprint, Fingerprint), Result<(), signature::Fault>>;

pub(super) fn signatures(authorities: &[&Certificate], links: &[Certificate]) -> Signatures {
    let mut found = Signatures::new();
    for link in links {
        let Some(key) = &link.extensions().authority_key else { continue };
        let issuers = authorities.iter().filter(|authority| authority.extensions().subject_key.as_ref() == Some(key));
        for issuer in issuers.filter(|issuer| **issuer != link).take(SAME_KEY) {
            let signed = issuer.key().and_then(|key| link.verify(key));
            found.insert((link.fingerprint(), issuer.fingerprint()), signed);
        }
    }
    found
}

/// Whether a certificate is of an authority that signs certificates (ICAO 9303-12 §7.1).
pub(super) fn is_authority(certificate: &Certificate) -> bool {
    let extensions = certificate.extensions();
    extensions.basic_constraints.is_some_and(|constraints| constraints.authority)
        && extensions.key_usage.is_none_or(KeyUsage::signs_certificates)
}

/// Whether it only hands on the trust in an authority to its next key or name: it is not counted as an authority of its own
/// (RFC 5280 §4.2.1.9 on self-issued certificates, ICAO 9303-12 §7.1.1.5).
fn is_link(certificate: &Certificate) -> bool {
    certificate.subject() == certificate.issuer() || certificate.extensions().name_change
}

impl TrustStore {
    /// The first path to a pinned root, roots tried before links.
    pub(super) fn climb(
        &self,
        from: &Certificate,
        profile: Profile,
        at: Moment,
        budget: &mut Budget,
    ) -> Result<Path, Distrust> {
        let mut climb = Climb { store: self, profile, at, budget, issuers: Vec::new(), furthest: None };
        match climb.from(from, 0) {
            Some(anchor) => Ok(Path { issuers: climb.issuers, anchor }),
            None => Err(climb.furthest.map_or(Distrust::UnknownIssuer, |(_, distrust)| distrust)),
        }
    }
}

struct Climb<'a> {
    store: &'a TrustStore,
    profile: Profile,
    at: Moment,
    budget: &'a mut Budget,
    issuers: Vec<Certificate>,
    furthest: Option<(usize, Distrust)>,
}

impl Climb<'_> {
    /// The anchor above a certificate below which `authorities` stand that are counted. It recurses at most [`PATH`] deep.
    fn from(&mut self, child: &Certificate, authorities: u32) -> Option<Certificate> {
        let Some(key) = &child.extensions().authority_key else {
            self.fails(Distrust::NoAuthorityKey);
            return None;
        };
        let has_key = |candidate: &&Certificate| candidate.extensions().subject_key.as_ref() == Some(key);
        let store = self.store;
        let anchors = store.anchors.iter().filter(has_key).map(|candidate| (candidate, true));
        let links = store.links.iter().filter(has_key).map(|candidate| (candidate, false));
        for (candidate, pinned) in anchors.chain(links) {
            if candidate == child || self.issuers.contains(candidate) {
                continue;
            }
            if let Err(distrust) = self.signs(candidate, child, authorities) {
                self.fails(distrust);
            } else if pinned {
                return Some(candidate.clone());
            } else if self.issuers.len().saturating_add(2) >= PATH {
                // The child that the path begins with and the anchor are two more.
                self.fails(Distrust::TooLong);
            } else {
                self.issuers.push(candidate.clone());
                let counted = u32::from(!is_link(candidate));
                if let Some(anchor) = self.from(candidate, authorities.saturating_add(counted)) {
                    return Some(anchor);
                }
                self.issuers.pop();
            }
            if self.budget.authorities == 0 || self.budget.signatures == 0 {
                self.furthest = Some((PATH, Distrust::Budget));
                return None;
            }
        }
        self.fails(Distrust::UnknownIssuer);
        None
    }

    fn signs(&mut self, authority: &Certificate, child: &Certificate, authorities: u32) -> Result<(), Distrust> {
        let extensions = authority.extensions();
        if authority.subject() != child.issuer() {
            return Err(Distrust::OtherName);
        }
        if !authority.is_v3() || extensions.key_usage.is_none() || extensions.unknown_critical {
            return Err(Distrust::NotAuthority);
        }
        let key = authority.key().map_err(|_| Distrust::Algorithm)?;
        let algorithm = child.algorithm().map_err(|_| Distrust::Algorithm)?;
        if !self.profile.accepts(algorithm.hash()) {
            return Err(Distrust::Algorithm);
        }
        Budget::spend(&mut self.budget.authorities)?;
        let signed = if self.store.links.binary_search_by_key(&child.fingerprint(), Certificate::fingerprint).is_ok() {
            let pair = (child.fingerprint(), authority.fingerprint());
            *self.store.signatures.get(&pair).ok_or(Distrust::Budget)?
        } else {
            Budget::spend(&mut self.budget.signatures)?;
            child.verify(key)
        };
        signed.map_err(|fault| match fault {
            signature::Fault::Invalid => Distrust::Signature,
            signature::Fault::Algorithm
            | signature::Fault::Parameters
            | signature::Fault::Key
            | signature::Fault::KeySize
            | signature::Fault::Curve(_)
            | signature::Fault::Mismatch => Distrust::Algorithm,
        })?;
        if !authority.is_valid(self.at) {
            return Err(Distrust::NotValid);
        }
        let admitted = extensions.basic_constraints.and_then(|constraints| constraints.path_length);
        if admitted.is_some_and(|admitted| admitted < authorities) {
            return Err(Distrust::PathLength);
        }
        Ok(())
    }

    /// Notes why a way failed.
    fn fails(&mut self, distrust: Distrust) {
        let rank = |(depth, distrust): (usize, Distrust)| (depth, distrust.progress());
        let found = (self.issuers.len(), distrust);
        if self.furthest.is_none_or(|furthest| rank(furthest) < rank(found)) {
            self.furthest = Some(found);
        }
    }
}
