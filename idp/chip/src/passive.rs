//! Passive authentication (ICAO 9303-11 §5.1): whether the files of a card are what a State signed.
//!
//! A verdict is a function of the files, the trust store and the moment. The checks run in one order and stop at the first
//! that fails, whose code is the refusal; what passed before it stays in the verdict, and so does everything on success.
//! It proves what the *State* wrote. That the *chip* is there, and not a copy of its files, is chip authentication.

mod refusal;
mod signer;

pub use refusal::{Check, Note, Refusal};

use std::collections::BTreeMap;

use der::asn1::ObjectIdentifier;

use crate::asn1::{self, Limits};
use crate::ber;
use crate::certificate::{Certificate, Fingerprint};
use crate::cms::{self, Signer, SignerFault};
use crate::lds::{self, DocumentDetails, Group, SecurityInfos, SecurityObject, SecurityObjectFault, ZoneFault};
use crate::moment::{Date, Moment};
use crate::mrz::{self, Layout, Mrz};
use crate::profile::Profile;
use crate::signature::{self, PublicKey};
use crate::tlv::{self, Tag};
use crate::trust::{KnownSigners, Rules, TrustStore, TrustedSigner};

/// Octets that a security object may have.
pub const SOD_LIMIT: usize = 64 << 10;

/// id-icao-mrtd-security-ldsSecurityObject.
const HASHES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
/// What early documents have in its place: two private arcs, and id-data.
const EARLY_HASHES: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.3.27.1.1.1"),
    ObjectIdentifier::new_unwrap("1.2.528.1.1006.1.20.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
];

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
pub struct Verdict {
    /// SHA-256 of the security object: what the verdict is about.
    pub evidence: Fingerprint,
    /// The rules it was judged by.
    pub profile: Profile,
    /// The moment it was judged at.
    pub at: Moment,
    /// The checks that passed, in their order, each with what should be known.
    pub passed: Vec<(Check, Vec<Note>)>,
    /// The proof, or the check that failed and why.
    pub outcome: Result<Box<Authentic>, (Check, Refusal)>,
}

/// Proof that a State signed these files: made by [`authenticate`] alone.
#[derive(Clone)]
pub struct Authentic {
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
    let mut judgement = Judgement { files, store, known, policy, at, passed: Vec::new(), check: Check::Files };
    let outcome = judgement.judge().map(Box::new).map_err(|refusal| (judgement.check, refusal));
    Verdict {
        evidence: Fingerprint::of(files.sod),
        profile: policy.rules.profile,
        at,
        passed: judgement.passed,
        outcome,
    }
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
    fn judge(&mut self) -> Result<Authentic, Refusal> {
        self.run(Check::Files, |it, _| it.files())?;
        let sod = self.run(Check::SecurityObject, Self::security_object)?;
        let data = self.run(Check::SecurityObject, |_, _| {
            cms::SignedData::read(&sod, Limits::CARD).map_err(|fault| match fault {
                cms::Fault::Form(_) => Refusal::SodNotDer,
                cms::Fault::OtherContent => Refusal::SodNotSignedData,
                cms::Fault::Malformed => Refusal::SodMalformed,
            })
        })?;
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
        let trusted = self.run(Check::Path, |it, notes| it.trusted(&certificate, notes));
        let trusted = trusted?;
        self.run(Check::Revocation, |it, notes| it.revocation(&trusted, notes))?;
        let zone = self.run(Check::Document, |it, notes| it.document(zone, notes))?;
        let (infos, active_key) = self.run(Check::ChipKeys, Self::chip_keys)?;
        let groups = self.files.groups.iter().map(|(group, file)| (*group, file.to_vec())).collect();
        let (profile, signing_time) = (self.policy.rules.profile, signer.signing_time);
        Ok(Authentic { profile, groups, hashes, zone, infos, active_key, signer: trusted, signing_time })
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

    fn files(&self) -> Result<(), Refusal> {
        if self.files.sod.len() > SOD_LIMIT {
            return Err(Refusal::SodTooLarge);
        }
        let mut seen: Vec<Group> = Vec::new();
        for (group, file) in self.files.groups {
            if seen.contains(group) {
                return Err(Refusal::GroupRepeated);
            }
            if file.len() > group.limit() {
                return Err(Refusal::GroupTooLarge);
            }
            group.contents(file).map_err(|_| Refusal::GroupMalformed)?;
            seen.push(*group);
        }
        let chip = seen.contains(&Group::DG14) || seen.contains(&Group::DG15);
        let demanded = match self.profile() {
            Profile::Cnie => chip,
            Profile::Icao => true,
        };
        if seen.contains(&Group::DG1) && demanded { Ok(()) } else { Err(Refusal::GroupMandatory) }
    }

    /// The contents of EF.SOD in DER.
    fn security_object(&mut self, notes: &mut Vec<Note>) -> Result<Vec<u8>, Refusal> {
        const SOD: Tag = Tag(0x77);
        let limits = Limits { objects: Limits::CARD.objects.saturating_add(1), depth: Limits::CARD.depth };
        let fault = match tlv::only(self.files.sod, SOD) {
            Ok(contents) if asn1::check(contents, Limits::CARD).is_ok() => return Ok(contents.to_vec()),
            Ok(_) | Err(tlv::Fault::LengthForm) => Refusal::SodNotDer,
            Err(tlv::Fault::Trailing) => Refusal::SodTrailing,
            Err(tlv::Fault::Truncated | tlv::Fault::TagForm | tlv::Fault::Unexpected) => Refusal::SodMalformed,
        };
        match (self.profile(), fault) {
            (Profile::Icao, Refusal::SodNotDer) => {
                notes.push(Note::Ber);
                let der = ber::to_der(self.files.sod, limits).map_err(|_| Refusal::SodNotDer)?;
                tlv::only(&der, SOD).map(<[u8]>::to_vec).map_err(|_| Refusal::SodMalformed)
            }
            _ => Err(fault),
        }
    }

    fn content_type(&self, found: ObjectIdentifier, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        match self.profile() {
            _ if found == HASHES => Ok(()),
            Profile::Icao if EARLY_HASHES.contains(&found) => {
                notes.push(Note::OldContentType);
                Ok(())
            }
            Profile::Cnie | Profile::Icao => Err(Refusal::ContentType),
        }
    }

    fn signature(&self, signer: &Signer<'_>, certificate: &Certificate, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        let algorithm = signer.algorithm.map_err(|_| Refusal::SignatureAlgorithm)?;
        self.accept(algorithm.hash(), notes).ok_or(Refusal::SignatureHash)?;
        let key = certificate.key().map_err(|_| Refusal::SignerKey)?;
        key.verify(algorithm, &signer.signed(), signer.signature).map_err(|fault| match fault {
            signature::Fault::Invalid => Refusal::SignatureInvalid,
            signature::Fault::Mismatch
            | signature::Fault::Algorithm
            | signature::Fault::Parameters
            | signature::Fault::Key
            | signature::Fault::KeySize
            | signature::Fault::Curve(_) => Refusal::SignatureAlgorithm,
        })
    }

    fn accept(&self, hash: crate::hash::Hash, notes: &mut Vec<Note>) -> Option<()> {
        if hash == crate::hash::Hash::Sha1 {
            notes.push(Note::Sha1);
        }
        self.profile().accepts(hash).then_some(())
    }

    fn hashes(&self, content: &[u8], notes: &mut Vec<Note>) -> Result<SecurityObject, Refusal> {
        let hashes = SecurityObject::read(content).map_err(|fault| match fault {
            SecurityObjectFault::Malformed => Refusal::HashesMalformed,
            SecurityObjectFault::Version => Refusal::HashesVersion,
            SecurityObjectFault::Hash => Refusal::HashesAlgorithm,
            SecurityObjectFault::Count => Refusal::HashesCount,
            SecurityObjectFault::Repeated => Refusal::HashesRepeated,
        })?;
        self.accept(hashes.hash, notes).ok_or(Refusal::HashesAlgorithm)?;
        Ok(hashes)
    }

    fn groups(&self, hashes: &SecurityObject, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        for (group, file) in self.files.groups {
            let listed = hashes.listed(*group).ok_or(Refusal::GroupUnlisted)?;
            // The whole stored file, tag and length included, as it came.
            if listed != hashes.hash.digest(&[file]) {
                return Err(Refusal::GroupHash);
            }
        }
        for group in hashes.groups() {
            let expected = !group.is_reserved() && !self.policy.unread.0.contains(&group);
            if !expected || self.group(group).is_some() {
                continue;
            }
            let key = [Group::DG14, Group::DG15].contains(&group);
            let readable = matches!(group.number(), 1 | 2 | 11..=15);
            match self.profile() {
                Profile::Cnie if readable => return Err(Refusal::GroupWithheld),
                Profile::Icao if key => return Err(Refusal::GroupWithheld),
                Profile::Cnie | Profile::Icao => notes.push(Note::NotDelivered),
            }
        }
        Ok(())
    }

    fn document(&self, zone: Result<Mrz, ZoneFault>, notes: &mut Vec<Note>) -> Result<Mrz, Refusal> {
        let zone = zone.map_err(|fault| match fault {
            ZoneFault::Zone(mrz::Fault::CheckDigit(_)) => Refusal::ZoneCheckDigit,
            ZoneFault::File | ZoneFault::Zone(mrz::Fault::Length | mrz::Fault::Character | mrz::Fault::Date) => {
                Refusal::ZoneMalformed
            }
        })?;
        let today = self.at.date().ok_or(Refusal::BirthDate)?;
        match self.profile() {
            Profile::Cnie => french_card(&zone, today)?,
            Profile::Icao if zone.expiry < today => notes.push(Note::Expired),
            Profile::Icao => {}
        }
        Ok(zone)
    }

    fn chip_keys(&mut self, notes: &mut Vec<Note>) -> Result<(Option<SecurityInfos>, Option<PublicKey>), Refusal> {
        let infos = self.group(Group::DG14).map(SecurityInfos::read).transpose();
        let key = self.group(Group::DG15).map(lds::active_authentication_key).transpose();
        match (infos, key) {
            (Ok(infos), Ok(key)) => Ok((infos, key)),
            (infos, key) => match self.profile() {
                Profile::Cnie => Err(Refusal::ChipKeysMalformed),
                Profile::Icao => {
                    notes.push(Note::ChipKeysUnreadable);
                    Ok((infos.ok().flatten(), key.ok().flatten()))
                }
            },
        }
    }

    /// When the document says it was issued, and whether that is only an estimate.
    fn issued(&self, zone: &Mrz) -> (Date, bool) {
        let details = self.group(Group::DG12).and_then(|file| DocumentDetails::read(file).ok());
        match details.and_then(|details| details.issued) {
            Some(date) => (date, false),
            None => (zone.expiry.years_before(10), true),
        }
    }
}

fn attributes_refusal(fault: SignerFault) -> Refusal {
    match fault {
        SignerFault::Count => Refusal::SignerCount,
        SignerFault::Malformed => Refusal::SignerMalformed,
        SignerFault::Hash => Refusal::SignatureHash,
        SignerFault::AttributesMissing => Refusal::AttributesMissing,
        SignerFault::AttributeRepeated => Refusal::AttributeRepeated,
        SignerFault::ContentType => Refusal::AttributeContentType,
        SignerFault::MessageDigest => Refusal::AttributeDigest,
    }
}

/// What the service asks of a card and its holder: the service is for adults.
fn french_card(zone: &Mrz, today: Date) -> Result<(), Refusal> {
    if zone.layout != Layout::Td1 {
        return Err(Refusal::ZoneLayout);
    }
    if zone.document_code != "ID" {
        return Err(Refusal::DocumentCode);
    }
    if zone.issuing_state != "FRA" {
        return Err(Refusal::IssuingState);
    }
    if zone.expiry < today {
        return Err(Refusal::DocumentExpired);
    }
    let born = zone.birth.latest(today).ok_or(Refusal::BirthDate)?;
    match born.age(today) {
        0..18 => Err(Refusal::HolderMinor),
        18.. => Ok(()),
    }
}

#[cfg(test)]
#[path = "passive_tests.rs"]
mod tests;
