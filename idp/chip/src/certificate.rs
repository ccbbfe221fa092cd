//! What is read of an X.509 certificate (RFC 5280 §4.1) under the profile of documents (ICAO 9303-12 §7).
//!
//! Reading decides nothing: whether a certificate may sign, and for whom, is the business of [`crate::trust`].

mod extensions;
mod name;

pub use extensions::{BasicConstraints, Extensions, KeyUsage, UsagePeriod};
pub(crate) use extensions::{authority_key, each};
pub use name::Name;

use std::sync::Arc;

use der::Decode;
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

use crate::asn1::{self, Limits, Malformed, SEQUENCE, context};
use crate::hash::Hash;
use crate::moment::Moment;
use crate::signature::{self, Algorithm, PublicKey};
use crate::tlv::{self, Reader, Tag};

/// SHA-256 of a whole certificate, or of another file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of the octets of a certificate.
    pub fn of(der: &[u8]) -> Self {
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(Hash::Sha256.digest(&[der])).for_each(|(octet, digest)| *octet = digest);
        Self(fingerprint)
    }

    /// From sixty-four hexadecimal digits, with colons or without.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|character| *character != ':')
            .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
        let octets: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        if !rest.is_empty() {
            return None;
        }
        octets.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A certificate, as it was read.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fingerprint: Fingerprint,
    version: u32,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: Moment,
    not_after: Moment,
    key: Result<PublicKey, signature::Fault>,
    key_info: Fingerprint,
    algorithm: Result<Algorithm, signature::Fault>,
    extensions: Extensions,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, {})", self.0.subject, self.0.fingerprint)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Octets that a certificate may have.
    pub const LIMIT: usize = 16 << 10;

    /// Reads a certificate in DER.
    pub fn read(der: &[u8]) -> Result<Self, Malformed> {
        if der.len() > Self::LIMIT {
            return Err(Malformed);
        }
        asn1::check(der, Limits::CARD)?;
        let outer = Signed::read(der)?;
        let mut fields = Reader::new(tlv::only(outer.body, SEQUENCE)?);
        let version = match fields.optional(context(0))? {
            Some(version) => asn1::small(tlv::only(version.value, asn1::INTEGER)?)?,
            None => 0,
        };
        let serial = fields.expect(asn1::INTEGER)?.to_vec();
        if serial.len() > 64 || fields.object(SEQUENCE)?.whole != outer.declared {
            return Err(Malformed);
        }
        let issuer = Name::read(fields.object(SEQUENCE)?.whole)?;
        let mut validity = Reader::new(fields.expect(SEQUENCE)?);
        let (not_before, not_after) = (next_time(&mut validity)?, next_time(&mut validity)?);
        validity.finish()?;
        let subject = Name::read(fields.object(SEQUENCE)?.whole)?;
        let key_info = fields.object(SEQUENCE)?.whole;
        let key = PublicKey::from_der(key_info);
        fields.optional(Tag(0x81))?;
        fields.optional(Tag(0x82))?;
        let extensions = match fields.optional(context(3))? {
            Some(extensions) => Extensions::read(tlv::only(extensions.value, SEQUENCE)?)?,
            None => Extensions::default(),
        };
        fields.finish()?;
        let algorithm = outer.algorithm()?;
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            fingerprint: Fingerprint::of(der),
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            key_info: Fingerprint::of(key_info),
            algorithm,
            extensions,
        })))
    }

    /// As it came.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// Whether it is of version 3.
    pub fn is_v3(&self) -> bool {
        self.0.version == 2
    }

    /// Octets of its serial number.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whose it is.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// First and last second of its validity.
    pub fn validity(&self) -> (Moment, Moment) {
        (self.0.not_before, self.0.not_after)
    }

    /// Whether it is valid at a moment.
    pub fn is_valid(&self, at: Moment) -> bool {
        self.0.not_before <= at && at <= self.0.not_after
    }

    /// Its key, if it is of an accepted kind.
    pub fn key(&self) -> Result<&PublicKey, signature::Fault> {
        self.0.key.as_ref().map_err(|fault| *fault)
    }

    /// SHA-256 of its SubjectPublicKeyInfo, as it is written.
    pub fn key_thumbprint(&self) -> [u8; 32] {
        self.0.key_info.0
    }

    /// What it is signed with.
    pub fn algorithm(&self) -> Result<Algorithm, signature::Fault> {
        self.0.algorithm
    }

    /// Its extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Whether it was issued under a policy.
    pub fn has_policy(&self, policy: ObjectIdentifier) -> bool {
        self.0.extensions.policies.contains(&policy)
    }

    /// That this key signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), signature::Fault> {
        let outer = Signed::read(&self.0.der).map_err(|_| signature::Fault::Invalid)?;
        key.verify(self.0.algorithm?, &[outer.body], outer.signature)
    }
}

/// What is signed, with what and by which octets: certificates and revocation lists alike (RFC 5280 §4.1.1, §5.1.1).
pub(crate) struct Signed<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) declared: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(tlv::only(der, SEQUENCE)?);
        let body = fields.object(SEQUENCE)?.whole;
        let declared = fields.object(SEQUENCE)?.whole;
        let signature = asn1::bits(&mut fields)?;
        fields.finish()?;
        Ok(Self { body, declared, signature })
    }

    pub(crate) fn algorithm(&self) -> Result<Result<Algorithm, signature::Fault>, Malformed> {
        let declared = asn1::algorithm(&mut Reader::new(self.declared))?;
        Ok(Algorithm::read(&declared, None))
    }
}

/// A UTCTime or a GeneralizedTime.
pub(crate) fn time(der: &[u8]) -> Result<Moment, Malformed> {
    let moment = match der.first() {
        Some(0x17) => UtcTime::from_der(der)?.to_date_time(),
        Some(0x18) => GeneralizedTime::from_der(der)?.to_date_time(),
        _ => return Err(Malformed),
    };
    Ok(moment.into())
}

pub(crate) fn next_time(reader: &mut Reader<'_>) -> Result<Moment, Malformed> {
    time(reader.next().ok_or(Malformed)??.whole)
}
