//! Passive authentication (ICAO 9303-11 §5.1): whether the files of a card are what a State signed.
//!
//! A verdict is a function of the files, the trust store and the moment. The checks run in one order and stop at the first
//! that fails, whose code is the refusal; what passed before it stays in the verdict, and so does everything on success.
//! It proves what the *State* wrote. That the *chip* is there, and not a copy of its files, is chip authentication.

mod document;
mod infos;
mod object;
mod refusal;
mod signer;
mod states;

pub use infos::{AuthenticInfos, authenticate_infos};
pub use refusal::{Check, Note, Refusal};

use std::collections::BTreeMap;

use crate::asn1::Limits;
use crate::certificate::Fingerprint;
use crate::cms;
use crate::lds::{self, Group, SecurityInfos, SecurityObject};
use crate::moment::Moment;
use crate::mrz::Mrz;
use crate::profile::Profile;
use crate::signature::PublicKey;
use crate::trust::{KnownSigners, Rules, TrustStore, TrustedSigner};

use object::attributes_refusal;

/// Octets that a security object may have.
pub const SOD_LIMIT: usize = 64 << 10;

/// The files of a document, whole and as they were read.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// EF.SOD.
    pub sod: &'a [u8],
    /// The data groups.
    pub groups: &'a [(Group, &'a [u8])],
}

/// Data groups that a transaction declares it does not read, to know no more than it must.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread(Vec<Group>);

impl Unread {
    /// The groups; none if one of 1, 14 and 15 is among them, which nobody may leave out: without the key of the chip a
    /// copy of the files passes.
    pub fn new(groups: &[Group]) -> Option<Self> {
        let never = [Group::DG1, Group::DG14, Group::DG15];
        (!groups.iter().any(|group| never.contains(group))).then(|| Self(groups.to_vec()))
    }
}

/// How documents are judged.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How strictly.
    pub rules: Rules,
    /// What is not read.
    pub unread: Unread,
}

/// What was found, check by check.
#[derive(Debug, Clone)]
pub struct Verdict<Proof = Authentic> {
    /// SHA-256 of the security object, or of EF.CardSecurity: what the verdict is about.
    pub evidence: Fingerprint,
    /// The rules it was judged by.
    pub profile: Profile,
    /// The moment it was judged at.
    pub at: Moment,
    /// The checks that passed, in their order, each with what should be known.
    pub passed: Vec<(Check, Vec<Note>)>,
    /// The proof, or the check that failed and why.
    pub outcome: Result<Box<Proof>, (Check, Refusal)>,
}

/// Proof that a State signed these files: made by [`authenticate`] alone.
#[derive(Clone)]
pub struct Authentic {
    evidence: Fingerprint,
    profile: Profile,
    groups: BTreeMap<Group, Vec<u8>>,
    hashes: SecurityObject,
    zone: Mrz,
    infos: Option<SecurityInfos>,
    active_key: Option<PublicKey>,
    signer: TrustedSigner,
    signing_time: Option<Moment>,
}

/// Which groups, and who signed: nothing of the holder.
impl std::fmt::Debug for Authentic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authentic({:?}, signed by {:?})", self.groups.keys(), self.signer.certificate())
    }
}

impl Authentic {
    /// SHA-256 of the security object.
    pub fn evidence(&self) -> Fingerprint {
        self.evidence
    }

    /// The rules it was judged by.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The machine readable zone.
    pub fn zone(&self) -> &Mrz {
        &self.zone
    }

    /// The whole file of a group that was delivered.
    pub fn group(&self, group: Group) -> Option<&[u8]> {
        self.groups.get(&group).map(Vec::as_slice)
    }

    /// The hashes that the State signed.
    pub fn hashes(&self) -> &SecurityObject {
        &self.hashes
    }

    /// Whether a file is the one that the State signed: for what is read again over a channel to the chip.
    pub fn is(&self, group: Group, file: &[u8]) -> bool {
        self.hashes.listed(group) == Some(&*self.hashes.hash.digest(&[file]))
    }

    /// Keys and protocols of the chip (data group 14).
    pub fn security_infos(&self) -> Option<&SecurityInfos> {
        self.infos.as_ref()
    }

    /// The key of active authentication (data group 15).
    pub fn active_authentication_key(&self) -> Option<&PublicKey> {
        self.active_key.as_ref()
    }

    /// Who signed, and what that trust rests on.
    pub fn signer(&self) -> &TrustedSigner {
        &self.signer
    }

    /// When the signer says it signed: recorded, never decided by.
    pub fn signing_time(&self) -> Option<Moment> {
        self.signing_time
    }
}

/// Judges the files of a document.
pub fn authenticate(
    files: Files<'_>,
    store: &TrustStore,
    known: &KnownSigners,
    policy: &Policy,
    at: Moment,
) -> Verdict {
    Judgement { files, store, known, policy, at, passed: Vec::new(), check: Check::Files }.verdict(Judgement::judge)
}

struct Judgement<'a> {
    files: Files<'a>,
    store: &'a TrustStore,
    known: &'a KnownSigners,
    policy: &'a Policy,
    at: Moment,
    passed: Vec<(Check, Vec<Note>)>,
    check: Check,
}

impl<'a> Judgement<'a> {
    fn verdict<Proof>(mut self, judge: impl FnOnce(&mut Self) -> Result<Proof, Refusal>) -> Verdict<Proof> {
        let outcome = judge(&mut self).map(Box::new).map_err(|refusal| (self.check, refusal));
        let evidence = Fingerprint::of(self.files.sod);
        Verdict { evidence, profile: self.profile(), at: self.at, passed: self.passed, outcome }
    }

    fn judge(&mut self) -> Result<Authentic, Refusal> {
        self.run(Check::Files, |it, _| it.files())?;
        let sod = self.run(Check::SecurityObject, Self::security_object)?;
        let data = self.run(Check::SecurityObject, |_, _| signed_data(&sod))?;
        self.run(Check::ContentType, |it, notes| it.content_type(data.content_type, notes))?;
        let signer = self.run(Check::Attributes, |_, _| data.signer().map_err(attributes_refusal))?;
        let certificate = self.run(Check::Signer, |it, notes| it.signer(&data.certificates, &signer, notes))?;
        self.run(Check::Signature, |it, notes| it.signature(&signer, &certificate, notes))?;
        let hashes = self.run(Check::Hashes, |it, notes| it.hashes(data.content, notes))?;
        self.run(Check::Groups, |it, notes| it.groups(&hashes, notes))?;
        // The zone is read here and judged at its place: a State signed these characters.
        let zone = lds::zone(self.group(Group::DG1).unwrap_or_default());
        let document = zone.as_ref().ok();
        self.run(Check::SignerCertificate, |it, notes| it.signer_certificate(&certificate, document, notes))?;
        let trusted = self.run(Check::Path, |it, notes| it.trusted(&certificate, notes))?;
        self.run(Check::Revocation, |it, notes| it.revocation(&trusted, notes))?;
        let zone = self.run(Check::Document, |it, notes| it.document(zone, notes))?;
        let (infos, active_key) = self.run(Check::ChipKeys, Self::chip_keys)?;
        let groups = self.files.groups.iter().map(|(group, file)| (*group, file.to_vec())).collect();
        let (profile, signing_time) = (self.policy.rules.profile, signer.signing_time);
        let evidence = Fingerprint::of(self.files.sod);
        Ok(Authentic { evidence, profile, groups, hashes, zone, infos, active_key, signer: trusted, signing_time })
    }

    fn run<T>(
        &mut self,
        check: Check,
        judge: impl FnOnce(&mut Self, &mut Vec<Note>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.check = check;
        let mut notes = Vec::new();
        let found = judge(self, &mut notes)?;
        // A check in two steps is one check.
        match self.passed.last_mut() {
            Some((last, known)) if *last == check => known.append(&mut notes),
            _ => self.passed.push((check, notes)),
        }
        Ok(found)
    }

    fn profile(&self) -> Profile {
        self.policy.rules.profile
    }

    fn group(&self, group: Group) -> Option<&'a [u8]> {
        self.files.groups.iter().find(|(found, _)| *found == group).map(|(_, file)| *file)
    }
}

fn signed_data(der: &[u8]) -> Result<cms::SignedData<'_>, Refusal> {
    cms::SignedData::read(der, Limits::CARD).map_err(|fault| match fault {
        cms::Fault::Form(_) => Refusal::SodNotDer,
        cms::Fault::OtherContent => Refusal::SodNotSignedData,
        cms::Fault::Malformed => Refusal::SodMalformed,
    })
}

#[cfg(test)]
#[path = "passive_tests.rs"]
mod tests;
