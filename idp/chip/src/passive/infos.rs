//! EF.CardSecurity (ICAO 9303-11 §9.2.11): security infos that a State signed, for a chip that proves its key while PACE runs
//! and is believed by nothing else. The checks are those of a security object, with their codes.

use der::asn1::ObjectIdentifier;

use super::object::attributes_refusal;
use super::{Check, Files, Judgement, Note, Policy, Refusal, SOD_LIMIT, Unread, Verdict, signed_data};
use crate::certificate::{Certificate, Fingerprint};
use crate::lds::SecurityInfos;
use crate::moment::Moment;
use crate::profile::Profile;
use crate::trust::{KnownSigners, Rules, TrustStore, TrustedSigner};

/// id-SecurityObject (TR-03110-3 §A.1.2.5).
const INFOS: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

/// Proof that a State signed these security infos: made by [`authenticate_infos`] alone.
#[derive(Debug, Clone)]
pub struct AuthenticInfos {
    evidence: Fingerprint,
    profile: Profile,
    infos: SecurityInfos,
    signer: TrustedSigner,
    signing_time: Option<Moment>,
}

impl AuthenticInfos {
    /// The checks of such a file, in their order.
    pub const CHECKS: [Check; 10] = [
        Check::Files,
        Check::SecurityObject,
        Check::ContentType,
        Check::Attributes,
        Check::Signer,
        Check::Signature,
        Check::SignerCertificate,
        Check::Path,
        Check::Revocation,
        Check::ChipKeys,
    ];

    /// SHA-256 of the file.
    pub fn evidence(&self) -> Fingerprint {
        self.evidence
    }

    /// The rules it was judged by.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Keys and protocols of the chip.
    pub fn infos(&self) -> &SecurityInfos {
        &self.infos
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

/// Judges an EF.CardSecurity.
pub fn authenticate_infos(
    file: &[u8],
    store: &TrustStore,
    known: &KnownSigners,
    rules: Rules,
    at: Moment,
) -> Verdict<AuthenticInfos> {
    let policy = Policy { rules, unread: Unread::default() };
    let files = Files { sod: file, groups: &[] };
    let judgement = Judgement { files, store, known, policy: &policy, at, passed: Vec::new(), check: Check::Files };
    judgement.verdict(Judgement::judge_infos)
}

impl Judgement<'_> {
    fn judge_infos(&mut self) -> Result<AuthenticInfos, Refusal> {
        let length = self.files.sod.len();
        self.run(Check::Files, |_, _| if length > SOD_LIMIT { Err(Refusal::SodTooLarge) } else { Ok(()) })?;
        let der = self.run(Check::SecurityObject, Self::card_security)?;
        let data = self.run(Check::SecurityObject, |_, _| signed_data(&der))?;
        let is_infos = data.content_type == INFOS;
        self.run(Check::ContentType, |_, _| if is_infos { Ok(()) } else { Err(Refusal::ContentType) })?;
        let signer = self.run(Check::Attributes, |_, _| data.signer().map_err(attributes_refusal))?;
        let certificate = self.run(Check::Signer, |it, notes| it.signer(&data.certificates, &signer, notes))?;
        self.run(Check::Signature, |it, notes| it.signature(&signer, &certificate, notes))?;
        self.run(Check::SignerCertificate, |it, notes| it.signs_infos(&certificate, notes))?;
        let trusted = self.run(Check::Path, |it, notes| it.trusted(&certificate, notes))?;
        self.run(Check::Revocation, |it, notes| it.revocation(&trusted, notes))?;
        let infos = self.run(Check::ChipKeys, |_, _| {
            let infos = SecurityInfos::of_set(data.content).map_err(|_| Refusal::ChipKeysMalformed)?;
            // A file without a key proves no chip.
            if infos.chip_keys.is_empty() { Err(Refusal::ChipKeysMalformed) } else { Ok(infos) }
        })?;
        let (profile, signing_time) = (self.profile(), signer.signing_time);
        let evidence = Fingerprint::of(self.files.sod);
        Ok(AuthenticInfos { evidence, profile, infos, signer: trusted, signing_time })
    }

    /// As for a security object, but for what the zone says: the file stands alone, before any group is read.
    fn signs_infos(&self, certificate: &Certificate, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        self.signer_certificate(certificate, None, notes)?;
        let country = certificate.subject().country().ok_or(Refusal::SignerCountry)?;
        let of_state = match self.profile() {
            Profile::Cnie => country == "FR",
            Profile::Icao => true,
        };
        if of_state && certificate.issuer().country() == Some(country) { Ok(()) } else { Err(Refusal::SignerCountry) }
    }
}

#[cfg(test)]
#[path = "infos_tests.rs"]
mod tests;
