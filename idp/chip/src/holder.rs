//! The holder is there: the second application of the card ("eID") signed what this transaction asked for, which it does
//! only after the holder's code.
//!
//! ```text
//!  certificate ─path─▶ sub-authority ─▶ pinned eID root          neither revoked, all valid now
//!       │ subject's serialNumber = number of the document
//!       └ key ──── verifies ────▶ r ‖ s over the 32 octets that were to be signed
//! ```
//!
//! The 32 octets are the hash itself: whoever asks made it of all that the signature must be bound to. Nothing here is known
//! of codes: the card counts and checks them (ICAO has no such application; its profile is the issuer's).

use thiserror::Error;

use crate::certificate::Certificate;
use crate::moment::Moment;
use crate::mrz::Mrz;
use crate::profile::Profile;
use crate::signature::PublicKey;
use crate::trust::{Distrust, Rules, TrustStore, TrustedSigner, Unproven};

/// What the card gave, and what it was asked to sign.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The certificate of the holder's key, in DER.
    pub certificate: &'a [u8],
    /// r and s at the length of the curve's order, one after the other (TR-03111 §5.2.1).
    pub signature: &'a [u8],
    /// The hash that was to be signed.
    pub signed: &'a [u8; 32],
}

/// Proof that the card's own key, unlocked by its holder, signed these octets: made by [`verify`] alone.
///
/// ```compile_fail,E0451
/// # use chip::{holder::HolderPresent, trust::TrustedSigner};
/// fn made_up(signer: TrustedSigner) -> HolderPresent {
///     HolderPresent { signer, document_number: String::new(), signed: [0; 32] }
/// }
/// ```
#[derive(Clone)]
pub struct HolderPresent {
    signer: TrustedSigner,
    document_number: String,
    signed: [u8; 32],
}

/// Nothing of the holder.
impl std::fmt::Debug for HolderPresent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HolderPresent(under {:?})", self.signer.path().anchor())
    }
}

/// Why nothing proves that the holder is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// Octets that are no certificate.
    #[error("the holder's certificate cannot be read")]
    Malformed,
    /// Another version than 3.
    #[error("the holder's certificate is not of version 3")]
    Version,
    /// A critical extension that is not known.
    #[error("the holder's certificate has a critical extension that is not known")]
    Extension,
    /// The certificate of an authority.
    #[error("the holder's certificate is one of an authority")]
    Authority,
    /// A key usage that is missing, not critical, or more than `digitalSignature`.
    #[error("the holder's certificate is not for signatures alone")]
    KeyUsage,
    /// Expired, or not valid yet.
    #[error("the holder's certificate is not valid now")]
    NotValid,
    /// No number of a document, several, or one that no document has.
    #[error("the holder's certificate names no document")]
    DocumentNumber,
    /// A subject of no country, or of another than its issuer's.
    #[error("the holder's certificate and its authority are of different countries")]
    Country,
    /// No key of an elliptic curve of the list.
    #[error("the holder's key is of no accepted kind")]
    Key,
    /// No path to a pinned root, or a revocation, or nothing that says there is none.
    #[error("the holder's certificate is not trusted: {0}")]
    Distrust(Distrust),
    /// Issued by the root itself, or by a link: no sub-authority stands between.
    #[error("no sub-authority issued the holder's certificate")]
    NoSubAuthority,
    /// Not r and s at the length of the order.
    #[error("the signature has not the length of the curve")]
    SignatureLength,
    /// It does not verify.
    #[error("the signature of the holder's key does not verify")]
    Signature,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "HOLDER_MALFORMED",
            Self::Version => "HOLDER_VERSION",
            Self::Extension => "HOLDER_CRITICAL_EXTENSION",
            Self::Authority => "HOLDER_IS_AUTHORITY",
            Self::KeyUsage => "HOLDER_KEY_USAGE",
            Self::NotValid => "HOLDER_NOT_VALID",
            Self::DocumentNumber => "HOLDER_DOCUMENT_NUMBER",
            Self::Country => "HOLDER_COUNTRY",
            Self::Key => "HOLDER_KEY",
            Self::Distrust(distrust) => match distrust {
                Distrust::NoAuthorityKey => "HOLDER_PATH_NO_AUTHORITY_KEY",
                Distrust::UnknownIssuer => "HOLDER_PATH_UNKNOWN_ISSUER",
                Distrust::OtherName => "HOLDER_PATH_OTHER_NAME",
                Distrust::NotAuthority => "HOLDER_PATH_NOT_AUTHORITY",
                Distrust::Algorithm => "HOLDER_PATH_ALGORITHM",
                Distrust::Signature => "HOLDER_PATH_SIGNATURE",
                Distrust::NotValid => "HOLDER_PATH_NOT_VALID",
                Distrust::PathLength => "HOLDER_PATH_LENGTH",
                Distrust::TooLong => "HOLDER_PATH_TOO_LONG",
                Distrust::Budget => "HOLDER_PATH_BUDGET",
                Distrust::Revoked => "HOLDER_REVOKED",
                Distrust::Unproven(Unproven::Missing) => "HOLDER_CRL_MISSING",
                Distrust::Unproven(Unproven::Unsigned) => "HOLDER_CRL_UNSIGNED",
                Distrust::Unproven(Unproven::Stale) => "HOLDER_CRL_STALE",
                Distrust::Unproven(Unproven::NotYet) => "HOLDER_CRL_NOT_YET",
            },
            Self::NoSubAuthority => "HOLDER_NO_SUB_AUTHORITY",
            Self::SignatureLength => "HOLDER_SIGNATURE_LENGTH",
            Self::Signature => "HOLDER_SIGNATURE",
        }
    }
}

/// Judges what the card gave, under a store of the eID roots alone. It is always as strict as [`Profile::Cnie`]: without a
/// fresh revocation list of every issuer on the path there is no proof. `grace` is in hours.
///
/// # Errors
/// [`Fault`], of the first check that fails.
pub fn verify(presented: Presented<'_>, store: &TrustStore, grace: u16, at: Moment) -> Result<HolderPresent, Fault> {
    let certificate = Certificate::read(presented.certificate).map_err(|_| Fault::Malformed)?;
    is_of_a_holder(&certificate, at)?;
    let document_number = document_number(&certificate)?;
    let Ok(key @ PublicKey::Ec(point)) = certificate.key() else { return Err(Fault::Key) };
    if presented.signature.len() != point.curve().field_length().saturating_mul(2) {
        return Err(Fault::SignatureLength);
    }
    let rules = Rules { profile: Profile::Cnie, grace };
    let signer = store.trust(&certificate, rules, at).map_err(Fault::Distrust)?;
    // Keys that sign documents hang on their root directly: none of them is a holder's, wherever it is pinned.
    if !signer.path().is_by_sub_authority() {
        return Err(Fault::NoSubAuthority);
    }
    key.verify_plain(presented.signed, presented.signature).map_err(|_| Fault::Signature)?;
    Ok(HolderPresent { signer, document_number, signed: *presented.signed })
}

fn is_of_a_holder(certificate: &Certificate, at: Moment) -> Result<(), Fault> {
    let extensions = certificate.extensions();
    if !certificate.is_v3() {
        return Err(Fault::Version);
    }
    if extensions.unknown_critical {
        return Err(Fault::Extension);
    }
    if extensions.basic_constraints.is_some_and(|constraints| constraints.authority) {
        return Err(Fault::Authority);
    }
    if !extensions.key_usage.is_some_and(|usage| usage.critical && usage.is_signature_alone()) {
        return Err(Fault::KeyUsage);
    }
    if !certificate.is_valid(at) {
        return Err(Fault::NotValid);
    }
    let country = certificate.subject().country();
    if country.is_none() || country != certificate.issuer().country() {
        return Err(Fault::Country);
    }
    Ok(())
}

/// As a zone writes it: capital letters and digits, nine of them or, in the optional field, more.
fn document_number(certificate: &Certificate) -> Result<String, Fault> {
    let number = certificate.subject().serial_number().ok_or(Fault::DocumentNumber)?;
    let is_one = (1..=22).contains(&number.len())
        && number.chars().all(|character| character.is_ascii_uppercase() || character.is_ascii_digit());
    if is_one { Ok(number) } else { Err(Fault::DocumentNumber) }
}

impl HolderPresent {
    /// SHA-256 of the SubjectPublicKeyInfo, in DER, of the key that signed: a card makes another key with another code.
    pub fn key_thumbprint(&self) -> [u8; 32] {
        self.signer.certificate().key_thumbprint()
    }

    /// Number of the document that the key belongs to.
    pub fn document_number(&self) -> &str {
        &self.document_number
    }

    /// Whether the zone is the one of that document.
    pub fn is_of(&self, zone: &Mrz) -> bool {
        self.document_number == zone.document_number
    }

    /// What was signed.
    pub fn signed(&self) -> &[u8; 32] {
        &self.signed
    }

    /// The certificate, its path, and the revocation lists that it is not on.
    pub fn signer(&self) -> &TrustedSigner {
        &self.signer
    }
}

#[cfg(test)]
#[path = "holder_tests.rs"]
mod tests;
