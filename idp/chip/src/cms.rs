//! Signed data as security objects and master lists carry it (RFC 5652 §5): read with the octets that signatures cover.
//!
//! What is read here is not verified: [`SignedData::signer`] checks form and attributes, and its result says which octets
//! the signature must be over.

use der::asn1::ObjectIdentifier;
use thiserror::Error;

use crate::asn1::{self, Limits, Malformed, OCTET_STRING, SEQUENCE, SET, context};
use crate::certificate::{Name, time};
use crate::hash::Hash;
use crate::moment::Moment;
use crate::signature::{self, Algorithm};
use crate::tlv::{self, Reader};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// Certificates that a structure may carry.
pub const CERTIFICATES: usize = 16;

/// Signed data, borrowed from DER.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    /// Type of the content.
    pub content_type: ObjectIdentifier,
    /// The content's octets.
    pub content: &'a [u8],
    /// The certificates that came along, in DER: claims, nothing more.
    pub certificates: Vec<&'a [u8]>,
    signers: Vec<&'a [u8]>,
}

/// Why octets are no signed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not DER, or too much of it.
    #[error("{0}")]
    Form(#[from] asn1::Fault),
    /// Another content than signed data.
    #[error("the content is not signed data")]
    OtherContent,
    /// Not the structure, or no content in it.
    #[error("the signed data cannot be read")]
    Malformed,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<tlv::Fault> for Fault {
    fn from(_: tlv::Fault) -> Self {
        Self::Malformed
    }
}

impl<'a> SignedData<'a> {
    /// Reads a ContentInfo.
    pub fn read(der: &'a [u8], limits: Limits) -> Result<Self, Fault> {
        asn1::check(der, limits)?;
        let mut info = Reader::new(tlv::only(der, SEQUENCE)?);
        if asn1::oid(&mut info)? != SIGNED_DATA {
            return Err(Fault::OtherContent);
        }
        let data = tlv::only(info.expect(context(0))?, SEQUENCE)?;
        info.finish()?;
        let mut fields = Reader::new(data);
        // The version follows from the rest (RFC 5652 §5.1), and is written wrong in the field.
        asn1::small(fields.expect(asn1::INTEGER)?)?;
        fields.expect(SET)?;
        let mut content = Reader::new(fields.expect(SEQUENCE)?);
        let content_type = asn1::oid(&mut content)?;
        let octets = tlv::only(content.expect(context(0))?, OCTET_STRING)?;
        content.finish()?;
        let certificates = match fields.optional(context(0))? {
            Some(set) => members(set.value, CERTIFICATES)?,
            None => Vec::new(),
        };
        fields.optional(context(1))?;
        let signers = members(fields.expect(SET)?, 16)?;
        fields.finish()?;
        Ok(Self { content_type, content: octets, certificates, signers })
    }

    /// The one signer, with attributes that are of this content.
    pub fn signer(&self) -> Result<Signer<'a>, SignerFault> {
        let [signer] = self.signers.as_slice() else { return Err(SignerFault::Count) };
        let signer = Signer::read(signer)?;
        let attributes = Attributes::read(signer.attributes)?;
        if attributes.content_type != self.content_type {
            return Err(SignerFault::ContentType);
        }
        if attributes.digest != signer.hash.digest(&[self.content]) {
            return Err(SignerFault::MessageDigest);
        }
        Ok(Signer { signing_time: attributes.signing_time, ..signer })
    }
}

fn members(set: &[u8], limit: usize) -> Result<Vec<&[u8]>, Malformed> {
    let mut members = Vec::new();
    for member in Reader::new(set) {
        if members.len() == limit {
            return Err(Malformed);
        }
        members.push(member?.whole);
    }
    Ok(members)
}

/// SignerInfo.
#[derive(Debug, Clone)]
pub struct Signer<'a> {
    /// Who it says it is.
    pub identifier: SignerIdentifier<'a>,
    /// Hash of the content.
    pub hash: Hash,
    /// What the signature was made with.
    pub algorithm: Result<Algorithm, signature::Fault>,
    /// The signature.
    pub signature: &'a [u8],
    /// When it says it signed: authenticated by nobody's clock, recorded and never decided by.
    pub signing_time: Option<Moment>,
    attributes: &'a [u8],
}

/// How a signer names its certificate.
#[derive(Debug, Clone)]
pub enum SignerIdentifier<'a> {
    /// By who issued it, and its number.
    Issuer(Name, &'a [u8]),
    /// By its subject key identifier.
    Key(&'a [u8]),
}

/// Why a signer is refused before its signature is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignerFault {
    /// None, or several.
    #[error("there is not exactly one signer")]
    Count,
    /// Not the structure.
    #[error("the signer cannot be read")]
    Malformed,
    /// A hash function that is not accepted.
    #[error("the hash function of the signer is not accepted")]
    Hash,
    /// No signed attributes.
    #[error("there are no signed attributes")]
    AttributesMissing,
    /// An attribute twice, or with several values.
    #[error("a signed attribute is repeated")]
    AttributeRepeated,
    /// The attribute of the content type is missing or says another.
    #[error("the signed content type is another")]
    ContentType,
    /// The attribute of the digest is missing or says another.
    #[error("the signed digest is not of the content")]
    MessageDigest,
}

impl From<Malformed> for SignerFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<tlv::Fault> for SignerFault {
    fn from(_: tlv::Fault) -> Self {
        Self::Malformed
    }
}

impl<'a> Signer<'a> {
    fn read(info: &'a [u8]) -> Result<Self, SignerFault> {
        let mut fields = Reader::new(tlv::only(info, SEQUENCE)?);
        asn1::small(fields.expect(asn1::INTEGER)?)?;
        let identifier = if let Some(key) = fields.optional(tlv::Tag(0x80))? {
            SignerIdentifier::Key(key.value)
        } else {
            let mut issuer = Reader::new(fields.expect(SEQUENCE)?);
            let name = Name::read(issuer.object(SEQUENCE)?.whole)?;
            let serial = issuer.expect(asn1::INTEGER)?;
            issuer.finish()?;
            SignerIdentifier::Issuer(name, serial)
        };
        let hash = signature::hash_of(&asn1::algorithm(&mut fields)?).ok_or(SignerFault::Hash)?;
        let attributes = fields.optional(context(0))?.ok_or(SignerFault::AttributesMissing)?.whole;
        let algorithm = Algorithm::read(&asn1::algorithm(&mut fields)?, Some(hash));
        let signature = fields.expect(OCTET_STRING)?;
        fields.optional(context(1))?;
        fields.finish()?;
        Ok(Self { identifier, hash, algorithm, signature, signing_time: None, attributes })
    }

    /// The octets that the signature is over: the attributes as they came, under the tag of a set (RFC 5652 §5.4).
    /// They are never encoded again: a re-encoding that differs would be signed by nobody.
    pub fn signed(&self) -> [&'a [u8]; 2] {
        [&[0x31], self.attributes.get(1..).unwrap_or_default()]
    }
}

struct Attributes<'a> {
    content_type: ObjectIdentifier,
    digest: &'a [u8],
    signing_time: Option<Moment>,
}

impl<'a> Attributes<'a> {
    fn read(attributes: &'a [u8]) -> Result<Self, SignerFault> {
        let (mut content_type, mut digest, mut signing_time) = (None, None, None);
        let mut seen: Vec<ObjectIdentifier> = Vec::new();
        for attribute in Reader::new(tlv::only(attributes, context(0))?) {
            let attribute = attribute?;
            let mut fields = Reader::new(attribute.value);
            let kind = asn1::oid(&mut fields)?;
            let values = fields.expect(SET)?;
            fields.finish()?;
            if attribute.tag != SEQUENCE {
                return Err(SignerFault::Malformed);
            }
            if seen.contains(&kind) || Reader::new(values).count() != 1 {
                return Err(SignerFault::AttributeRepeated);
            }
            seen.push(kind);
            match kind {
                CONTENT_TYPE => content_type = Some(asn1::oid(&mut Reader::new(values))?),
                MESSAGE_DIGEST => digest = Some(tlv::only(values, OCTET_STRING)?),
                SIGNING_TIME => signing_time = time(values).ok(),
                _ => {}
            }
        }
        Ok(Self {
            content_type: content_type.ok_or(SignerFault::ContentType)?,
            digest: digest.ok_or(SignerFault::MessageDigest)?,
            signing_time,
        })
    }
}
