//! The security object and the groups that it lists.

use der::asn1::ObjectIdentifier;

use super::{Judgement, Note, Refusal, SOD_LIMIT};
use crate::asn1::{self, Limits};
use crate::ber;
use crate::certificate::Certificate;
use crate::cms::{Signer, SignerFault};
use crate::hash::Hash;
use crate::lds::{Group, SecurityObject, SecurityObjectFault};
use crate::profile::Profile;
use crate::signature;
use crate::tlv::{self, Tag};

/// id-icao-mrtd-security-ldsSecurityObject.
const HASHES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
/// What early documents have in its place: two private arcs, and id-data.
const EARLY_HASHES: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.3.27.1.1.1"),
    ObjectIdentifier::new_unwrap("1.2.528.1.1006.1.20.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
];

impl Judgement<'_> {
    pub(super) fn files(&self) -> Result<(), Refusal> {
        if self.files.sod.len() > SOD_LIMIT {
            return Err(Refusal::SodTooLarge);
        }
        let mut seen: Vec<Group> = Vec::new();
        for (group, file) in self.files.groups {
            if seen.contains(group) {
                return Err(Refusal::GroupRepeated);
            }
            // Nobody here may hold them, whoever signed them.
            if group.is_reserved() {
                return Err(Refusal::GroupReserved);
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
    pub(super) fn security_object(&mut self, notes: &mut Vec<Note>) -> Result<Vec<u8>, Refusal> {
        const SOD: Tag = Tag(0x77);
        let limits = Limits { objects: Limits::CARD.objects.saturating_add(1), depth: Limits::CARD.depth };
        self.der(tlv::only(self.files.sod, SOD), notes, |file| {
            let der = ber::to_der(file, limits).map_err(|_| Refusal::SodNotDer)?;
            tlv::only(&der, SOD).map(<[u8]>::to_vec).map_err(|_| Refusal::SodMalformed)
        })
    }

    /// EF.CardSecurity in DER: signed data without a tag of its own (ICAO 9303-11 §9.2.11).
    pub(super) fn card_security(&mut self, notes: &mut Vec<Note>) -> Result<Vec<u8>, Refusal> {
        let whole = tlv::only(self.files.sod, asn1::SEQUENCE).map(|_| self.files.sod);
        self.der(whole, notes, |file| ber::to_der(file, Limits::CARD).map_err(|_| Refusal::SodNotDer))
    }

    /// The contents of a file that are signed data; as BER where the profile takes that.
    fn der(
        &self,
        contents: Result<&[u8], tlv::Fault>,
        notes: &mut Vec<Note>,
        as_ber: impl FnOnce(&[u8]) -> Result<Vec<u8>, Refusal>,
    ) -> Result<Vec<u8>, Refusal> {
        let fault = match contents {
            Ok(contents) if asn1::check(contents, Limits::CARD).is_ok() => return Ok(contents.to_vec()),
            Ok(_) | Err(tlv::Fault::LengthForm) => Refusal::SodNotDer,
            Err(tlv::Fault::Trailing) => Refusal::SodTrailing,
            Err(tlv::Fault::Truncated | tlv::Fault::TagForm | tlv::Fault::Unexpected) => Refusal::SodMalformed,
        };
        match (self.profile(), fault) {
            (Profile::Icao, Refusal::SodNotDer) => {
                notes.push(Note::Ber);
                as_ber(self.files.sod)
            }
            _ => Err(fault),
        }
    }

    pub(super) fn content_type(&self, found: ObjectIdentifier, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        match self.profile() {
            _ if found == HASHES => Ok(()),
            Profile::Icao if EARLY_HASHES.contains(&found) => {
                notes.push(Note::OldContentType);
                Ok(())
            }
            Profile::Cnie | Profile::Icao => Err(Refusal::ContentType),
        }
    }

    pub(super) fn signature(
        &self,
        signer: &Signer<'_>,
        certificate: &Certificate,
        notes: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
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

    fn accept(&self, hash: Hash, notes: &mut Vec<Note>) -> Option<()> {
        if hash == Hash::Sha1 {
            notes.push(Note::Sha1);
        }
        self.profile().accepts(hash).then_some(())
    }

    pub(super) fn hashes(&self, content: &[u8], notes: &mut Vec<Note>) -> Result<SecurityObject, Refusal> {
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

    pub(super) fn groups(&self, hashes: &SecurityObject, notes: &mut Vec<Note>) -> Result<(), Refusal> {
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
}

pub(super) fn attributes_refusal(fault: SignerFault) -> Refusal {
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
