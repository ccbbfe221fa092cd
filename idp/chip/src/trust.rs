//! Whom the verdicts trust: pinned roots, and what climbs to them.
//!
//! ```text
//!  document signer ──AKI = SKI──▶ pinned root                            (the normal way)
//!                  ──AKI = SKI──▶ new key, by a link ──▶ older pinned root
//! ```
//!
//! Roots are pinned by SHA-256 of the whole certificate. Links, intermediate authorities and stored document signers are
//! claims: they count once a path of signatures reaches a root. Issuers are found by key identifier, because all
//! certificates of a national authority bear the same name, links included, and then by trying signatures.

mod path;
mod published;
mod revocation;

pub use path::{CHECKS, Distrust, PATH, Path, SIGNATURES};
pub use published::{FRENCH, Family, Published};
pub use revocation::{ListFault, Number, RevocationList, Standing, Unproven};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use crate::certificate::{Certificate, Fingerprint};
use crate::moment::Moment;
use crate::profile::Profile;

use path::{Budget, Signatures};

/// The policy of simulators (an arc for examples, RFC 5612): their roots are issued under it, and a service for the public
/// starts with none of them.
pub const SIMULATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.4.1");

/// Certificates, and lists, that a store may hold: some five hundred authorities exist.
const LIMIT: usize = 4096;

/// What is trusted, as a value: two stores of the same contents are the same store.
#[derive(Clone)]
pub struct TrustStore {
    anchors: Vec<Certificate>,
    /// In the order of their fingerprints.
    links: Vec<Certificate>,
    signers: Vec<Certificate>,
    signatures: Arc<Signatures>,
    lists: Vec<Listed>,
    version: StoreVersion,
}

/// A revocation list and the authorities whose key signed it, by time or path undecided.
#[derive(Clone)]
struct Listed {
    list: RevocationList,
    issuers: Vec<Certificate>,
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustStore")
            .field("anchors", &self.anchors)
            .field("links", &self.links.len())
            .field("lists", &self.lists.len())
            .finish_non_exhaustive()
    }
}

/// SHA-256 of all that a store holds, revocation lists included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreVersion(pub Fingerprint);

/// Why a store cannot be made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StoreFault {
    /// More than it may hold.
    #[error("more certificates or lists than a store may hold")]
    TooMany,
    /// A pinned certificate that is no authority.
    #[error("a pinned certificate is no authority")]
    NotAuthority,
    /// A revocation list that no authority of the store signed.
    #[error("no authority of the store signed the revocation list")]
    Unsigned,
    /// A revocation list with a lower number than the one that is held, or another with the same number.
    #[error("the revocation list is older than the one that is held")]
    GoesBack,
}

impl TrustStore {
    /// A store of certificates and lists in any order; those that are pinned are its anchors.
    pub fn new(
        pins: &BTreeSet<Fingerprint>,
        certificates: impl IntoIterator<Item = Certificate>,
        lists: impl IntoIterator<Item = RevocationList>,
    ) -> Result<Self, StoreFault> {
        let unique: BTreeMap<_, _> =
            certificates.into_iter().map(|certificate| (certificate.fingerprint(), certificate)).collect();
        let lists: Vec<_> = lists.into_iter().collect();
        if unique.len() > LIMIT || lists.len() > LIMIT {
            return Err(StoreFault::TooMany);
        }
        let (mut anchors, mut links, mut signers) = (Vec::new(), Vec::new(), Vec::new());
        for (fingerprint, certificate) in unique {
            match (pins.contains(&fingerprint), path::is_authority(&certificate)) {
                (true, true) => anchors.push(certificate),
                (true, false) => return Err(StoreFault::NotAuthority),
                (false, true) => links.push(certificate),
                (false, false) => signers.push(certificate),
            }
        }
        let authorities: Vec<_> = anchors.iter().chain(&links).collect();
        let signatures = Arc::new(path::signatures(&authorities, &links));
        let version = StoreVersion(Fingerprint([0; 32]));
        let mut store = Self { anchors, links, signers, signatures, lists: Vec::new(), version };
        store.lists = lists.into_iter().map(|list| store.listed(list)).collect();
        store.version = store.digest();
        Ok(store)
    }

    /// The same store with a newer revocation list in the place of the one of the same issuer. Numbers never go back
    /// (RFC 5280 §5.2.3), or an old list would hide a revocation.
    pub fn with_list(&self, list: RevocationList) -> Result<Self, StoreFault> {
        let listed = self.listed(list);
        if listed.issuers.is_empty() {
            return Err(StoreFault::Unsigned);
        }
        let same = |held: &&Listed| held.list.issuer() == listed.list.issuer() && !held.issuers.is_empty();
        let goes_back = self.lists.iter().filter(same).any(|held| {
            let same_number = held.list.number() == listed.list.number();
            held.list.number() > listed.list.number()
                || same_number && held.list.fingerprint() != listed.list.fingerprint()
        });
        if goes_back {
            return Err(StoreFault::GoesBack);
        }
        let mut store = self.clone();
        store.lists.retain(|held| held.list.issuer() != listed.list.issuer());
        if store.lists.len() >= LIMIT {
            return Err(StoreFault::TooMany);
        }
        store.lists.push(listed);
        store.version = store.digest();
        Ok(store)
    }

    /// The pinned roots.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// Links and intermediate authorities.
    pub fn links(&self) -> &[Certificate] {
        &self.links
    }

    /// Document signers that are kept for documents that do not carry theirs.
    pub fn signers(&self) -> &[Certificate] {
        &self.signers
    }

    /// The revocation lists that an authority of the store signed.
    pub fn lists(&self) -> impl Iterator<Item = &RevocationList> {
        self.lists.iter().filter(|listed| !listed.issuers.is_empty()).map(|listed| &listed.list)
    }

    /// What it holds, in one value.
    pub fn version(&self) -> StoreVersion {
        self.version
    }

    /// Whether anything in it was issued under a policy: [`SIMULATOR`], for one.
    pub fn has_policy(&self, policy: ObjectIdentifier) -> bool {
        self.authorities().chain(&self.signers).any(|certificate| certificate.has_policy(policy))
    }

    /// Whether a document signer may be trusted now: its path, and the standing of every certificate on it.
    pub fn trust(&self, signer: &Certificate, rules: Rules, at: Moment) -> Result<TrustedSigner, Distrust> {
        let mut budget = Budget::full();
        let path = self.climb(signer, rules.profile, at, &mut budget)?;
        let (mut lists, mut unproven) = (Vec::new(), Vec::new());
        // The anchor is trusted because it is pinned: whoever could revoke it signs with it.
        for certificate in std::iter::once(signer).chain(path.below_anchor()) {
            match self.standing(certificate, rules, at, &mut budget)? {
                Ok(standing) => lists.push(standing),
                Err(missing) if rules.profile.demands_revocation() => return Err(Distrust::Unproven(missing)),
                Err(missing) => unproven.push(missing),
            }
        }
        let validity = std::iter::once(signer).chain(path.issuers()).map(Certificate::validity);
        let (from, until) = validity.fold((at, Moment(u64::MAX)), |(from, until), (_, end)| (from, until.min(end)));
        let until = lists.iter().map(|standing| standing.until).fold(until, Moment::min);
        Ok(TrustedSigner { signer: signer.clone(), path, lists, unproven, rules, store: self.version, from, until })
    }

    fn listed(&self, list: RevocationList) -> Listed {
        let issuers = self.authorities().filter(|authority| list.is_signed_by(authority)).cloned().collect();
        Listed { list, issuers }
    }

    fn authorities(&self) -> impl Iterator<Item = &Certificate> {
        self.anchors.iter().chain(&self.links)
    }

    fn digest(&self) -> StoreVersion {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (kind, certificates) in [(b'A', &self.anchors), (b'L', &self.links), (b'S', &self.signers)] {
            for certificate in certificates {
                parts.push([&[kind][..], &certificate.fingerprint().0].concat());
            }
        }
        parts.extend(self.lists.iter().map(|listed| [&[b'R'][..], &listed.list.fingerprint().0].concat()));
        parts.sort_unstable();
        StoreVersion(Fingerprint::of(&parts.concat()))
    }
}

/// How strictly signers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Which documents.
    pub profile: Profile,
    /// Hours for which a revocation list still counts after its successor was due.
    pub grace: u16,
}

/// A document signer that was trusted, with all that decided it: only [`TrustStore::trust`] makes one.
///
/// It may be kept: it says itself for which store, which rules and how long it stands.
#[derive(Debug, Clone)]
pub struct TrustedSigner {
    signer: Certificate,
    path: Path,
    lists: Vec<Standing>,
    unproven: Vec<Unproven>,
    rules: Rules,
    store: StoreVersion,
    from: Moment,
    until: Moment,
}

impl TrustedSigner {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.signer
    }

    /// Who signed it, up to the pinned root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The revocation lists that it is not on.
    pub fn lists(&self) -> &[Standing] {
        &self.lists
    }

    /// Whether it, or an authority above it, was issued under a policy: [`SIMULATOR`], for one.
    pub fn has_policy(&self, policy: ObjectIdentifier) -> bool {
        self.signer.has_policy(policy) || self.path.has_policy(policy)
    }

    /// What no revocation list says: only where the profile admits that.
    pub fn unproven(&self) -> &[Unproven] {
        &self.unproven
    }

    /// Whether it still stands: the same store, lists included, the same rules, and a moment between its trust and the
    /// first end of what it rests on.
    pub fn stands(&self, store: &TrustStore, rules: Rules, at: Moment) -> bool {
        self.store == store.version && self.rules == rules && self.from <= at && at <= self.until
    }
}

/// Signers that were trusted before, to spare their paths: a value that the caller keeps.
#[derive(Debug, Clone, Default)]
pub struct KnownSigners(BTreeMap<Fingerprint, TrustedSigner>);

impl KnownSigners {
    /// Keeps a signer. Those of other stores and the expired are dropped when there are many.
    pub fn keep(&mut self, signer: TrustedSigner) {
        if self.0.len() >= LIMIT {
            self.0.retain(|_, known| known.store == signer.store && known.until > signer.from);
        }
        if self.0.len() < LIMIT {
            self.0.insert(signer.signer.fingerprint(), signer);
        }
    }

    /// The signer of a certificate, if it still stands.
    pub fn find(&self, signer: &Certificate, store: &TrustStore, rules: Rules, at: Moment) -> Option<&TrustedSigner> {
        self.0.get(&signer.fingerprint()).filter(|known| known.stands(store, rules, at))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
