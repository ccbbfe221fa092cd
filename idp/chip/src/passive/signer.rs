//! The document signer: which certificate it is, whether it is one for this document, and whether it is trusted.

use super::states::{self, Issued};
use super::{Judgement, Note, Refusal};
use crate::certificate::Certificate;
use crate::cms::{Signer, SignerIdentifier};
use crate::hash::Hash;
use crate::mrz::Mrz;
use crate::profile::Profile;
use crate::trust::{Distrust, TrustedSigner, Unproven};

impl Judgement<'_> {
    /// The certificate that the signer names. Those of the security object are candidates for the signer alone, never an
    /// anchor nor an intermediate.
    pub(super) fn signer(
        &self,
        carried: &[&[u8]],
        signer: &Signer<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Certificate, Refusal> {
        let carried: Vec<_> = carried.iter().map(|der| Certificate::read(der)).collect();
        if let Some(found) = carried.iter().flatten().find(|certificate| is_named(certificate, &signer.identifier)) {
            return Ok(found.clone());
        }
        match carried.as_slice() {
            // In the field the identifier does not always match: the signature decides.
            [Ok(only)] => {
                notes.push(Note::OtherSigner);
                Ok(only.clone())
            }
            [] => {
                notes.push(Note::StoredSigner);
                let mut stored = self.store.signers().iter();
                stored.find(|stored| is_named(stored, &signer.identifier)).cloned().ok_or(Refusal::SignerUnknown)
            }
            _ => Err(Refusal::SignerUnknown),
        }
    }

    /// ICAO 9303-12 §7.1, and what the certificate says of documents.
    pub(super) fn signer_certificate(
        &self,
        certificate: &Certificate,
        zone: Option<&Mrz>,
        notes: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
        let extensions = certificate.extensions();
        if !certificate.is_v3() {
            return Err(Refusal::SignerVersion);
        }
        if extensions.unknown_critical {
            return Err(Refusal::SignerExtension);
        }
        if extensions.basic_constraints.is_some_and(|constraints| constraints.authority) {
            return Err(Refusal::SignerIsAuthority);
        }
        let usage = extensions.key_usage.ok_or(Refusal::SignerKeyUsage)?;
        let critical = usage.critical || self.profile() == Profile::Icao;
        if !usage.is_signature_alone() || !critical {
            return Err(Refusal::SignerKeyUsage);
        }
        if !certificate.is_valid(self.at) {
            return Err(Refusal::SignerExpired);
        }
        // A zone that cannot be read is refused for that, by its own check.
        zone.map_or(Ok(()), |zone| self.signs_document(certificate, zone, notes))
    }

    fn signs_document(&self, certificate: &Certificate, zone: &Mrz, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        let extensions = certificate.extensions();
        if let Some(types) = &extensions.document_types
            && !types.contains(&zone.document_code)
        {
            return Err(Refusal::SignerDocumentType);
        }
        let country = certificate.subject().country().ok_or(Refusal::SignerCountry)?;
        let of_state = match (self.profile(), states::issued_by(&country, &zone.issuing_state)) {
            (Profile::Cnie, _) => country == "FR",
            (Profile::Icao, Issued::ByAnother) => false,
            (Profile::Icao, Issued::Unknown) => {
                notes.push(Note::CountryUnknown);
                true
            }
            (Profile::Icao, Issued::ByIt) => true,
        };
        if !of_state || certificate.issuer().country() != Some(country) {
            return Err(Refusal::SignerCountry);
        }
        let (issued, estimated) = self.issued(zone);
        if estimated {
            notes.push(Note::IssueDateEstimated);
        }
        // Days have no hour: the day of the first and of the last second belong to the validity.
        let (from, until) = certificate.validity();
        let inside =
            from.date().is_some_and(|from| from <= issued) && until.date().is_some_and(|until| issued <= until);
        match (inside, estimated, self.profile()) {
            (true, _, _) => {}
            (false, false, Profile::Cnie) => return Err(Refusal::SignerIssueDate),
            (false, _, _) => notes.push(Note::IssueDateOutside),
        }
        let period = extensions.usage_period;
        if period.is_some_and(|period| !issued.begin().is_some_and(|issued| period.has(issued))) {
            notes.push(Note::UsagePeriodOutside);
        }
        Ok(())
    }

    pub(super) fn trusted(
        &mut self,
        certificate: &Certificate,
        notes: &mut Vec<Note>,
    ) -> Result<TrustedSigner, Refusal> {
        let rules = self.policy.rules;
        let trusted = if let Some(known) = self.known.find(certificate, self.store, rules, self.at) {
            notes.push(Note::KnownSigner);
            known.clone()
        } else {
            self.store.trust(certificate, rules, self.at).map_err(|distrust| self.distrust(distrust))?
        };
        if trusted.path().issuers().count() > 1 {
            notes.push(Note::ByLink);
        }
        let signed = std::iter::once(certificate).chain(trusted.path().issuers());
        let old = signed.filter(|certificate| *certificate != trusted.path().anchor());
        if old.filter_map(|certificate| certificate.algorithm().ok()).any(|algorithm| algorithm.hash() == Hash::Sha1) {
            notes.push(Note::Sha1);
        }
        Ok(trusted)
    }

    pub(super) fn revocation(&self, trusted: &TrustedSigner, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        // A signer that was kept may have come into the time of grace since.
        if trusted.lists().iter().any(|standing| standing.next_update < self.at) {
            notes.push(Note::CrlGrace);
        }
        if let Some(unproven) = trusted.unproven().first() {
            notes.push(Note::CrlAbsent);
            if self.profile().demands_revocation() {
                return Err(unproven_refusal(*unproven));
            }
        }
        Ok(())
    }

    /// Path and revocation are decided together, and told apart.
    fn distrust(&mut self, distrust: Distrust) -> Refusal {
        match distrust {
            Distrust::NoAuthorityKey => Refusal::PathNoKey,
            Distrust::UnknownIssuer => Refusal::PathUnknown,
            Distrust::OtherName => Refusal::PathName,
            Distrust::NotAuthority => Refusal::PathNotAuthority,
            Distrust::Algorithm => Refusal::PathAlgorithm,
            Distrust::Signature => Refusal::PathSignature,
            Distrust::NotValid => Refusal::PathNotValid,
            Distrust::PathLength => Refusal::PathLength,
            Distrust::TooLong => Refusal::PathTooLong,
            Distrust::Budget => Refusal::PathBudget,
            Distrust::Revoked => self.of_revocation(Refusal::Revoked),
            Distrust::Unproven(unproven) => self.of_revocation(unproven_refusal(unproven)),
        }
    }

    /// The path was found by then: its check passed, and the next one is refused.
    fn of_revocation(&mut self, refusal: Refusal) -> Refusal {
        self.passed.push((super::Check::Path, Vec::new()));
        self.check = super::Check::Revocation;
        refusal
    }
}

fn unproven_refusal(unproven: Unproven) -> Refusal {
    match unproven {
        Unproven::Missing => Refusal::CrlMissing,
        Unproven::Unsigned => Refusal::CrlUnsigned,
        Unproven::Stale => Refusal::CrlStale,
        Unproven::NotYet => Refusal::CrlNotYet,
    }
}

/// Names by value: documents write the issuer with other string types than the certificate (RFC 5280 §7.1).
fn is_named(certificate: &Certificate, identifier: &SignerIdentifier<'_>) -> bool {
    match identifier {
        SignerIdentifier::Issuer(issuer, serial) => certificate.issuer() == issuer && certificate.serial() == *serial,
        SignerIdentifier::Key(key) => certificate.extensions().subject_key.as_deref() == Some(key),
    }
}
