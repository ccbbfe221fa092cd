//! Extensions of the certificates of documents (RFC 5280 §4.2, ICAO 9303-12 §7.1.1).

use der::Decode;
use der::asn1::{BitStringRef, GeneralizedTime, ObjectIdentifier};

use crate::asn1::{self, Malformed, OCTET_STRING, SEQUENCE, SET};
use crate::moment::Moment;
use crate::tlv::{self, Reader, Tag};

const fn known(oid: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(oid)
}

const SUBJECT_KEY: ObjectIdentifier = known("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = known("2.5.29.15");
const USAGE_PERIOD: ObjectIdentifier = known("2.5.29.16");
const SUBJECT_NAMES: ObjectIdentifier = known("2.5.29.17");
const ISSUER_NAMES: ObjectIdentifier = known("2.5.29.18");
const BASIC_CONSTRAINTS: ObjectIdentifier = known("2.5.29.19");
const POLICIES: ObjectIdentifier = known("2.5.29.32");
const AUTHORITY_KEY: ObjectIdentifier = known("2.5.29.35");
const EXTENDED_USAGE: ObjectIdentifier = known("2.5.29.37");
/// id-icao-mrtd-security-extensions-nameChange (ICAO 9303-12 §7.1.1.5).
const NAME_CHANGE: ObjectIdentifier = known("2.23.136.1.1.6.1");
/// id-icao-mrtd-security-extensions-documentTypeList (ICAO 9303-12 §7.1.1.6).
const DOCUMENT_TYPES: ObjectIdentifier = known("2.23.136.1.1.6.2");

/// What the extensions of a certificate say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Identifier of its key.
    pub subject_key: Option<Vec<u8>>,
    /// Identifier of the key that signed it.
    pub authority_key: Option<Vec<u8>>,
    /// What its key may do.
    pub key_usage: Option<KeyUsage>,
    /// Whether it is an authority.
    pub basic_constraints: Option<BasicConstraints>,
    /// When its private key may be used.
    pub usage_period: Option<UsagePeriod>,
    /// Purposes of the key.
    pub extended_usage: Vec<ObjectIdentifier>,
    /// Policies it was issued under.
    pub policies: Vec<ObjectIdentifier>,
    /// Document codes it may sign, where it is restricted.
    pub document_types: Option<Vec<String>>,
    /// Whether it links two names of the same authority.
    pub name_change: bool,
    /// Whether a critical extension is among them that is not known here.
    pub unknown_critical: bool,
}

/// Bits of the key usage (RFC 5280 §4.2.1.3), the first as the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// Whether it is critical.
    pub critical: bool,
    bits: u16,
}

impl KeyUsage {
    /// `digitalSignature` and nothing else.
    pub const fn is_signature_alone(self) -> bool {
        self.bits == 1
    }

    /// `keyCertSign`.
    pub const fn signs_certificates(self) -> bool {
        self.bits & 1 << 5 != 0
    }

    /// `cRLSign`.
    pub const fn signs_lists(self) -> bool {
        self.bits & 1 << 6 != 0
    }
}

/// Basic constraints (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is an authority.
    pub authority: bool,
    /// How many authorities may stand between it and the last certificate.
    pub path_length: Option<u32>,
}

/// When a private key may be used; open ends are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsagePeriod {
    /// From when on.
    pub from: Option<Moment>,
    /// Until when.
    pub until: Option<Moment>,
}

impl UsagePeriod {
    /// Whether a moment is inside.
    pub fn has(&self, moment: Moment) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|until| moment <= until)
    }
}

/// The extensions of a sequence, each once.
pub(crate) fn each<'a>(
    extensions: &'a [u8],
    mut take: impl FnMut(ObjectIdentifier, bool, &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut seen = Vec::new();
    for extension in Reader::new(extensions) {
        let extension = extension?;
        let mut fields = Reader::new(extension.value);
        let kind = asn1::oid(&mut fields)?;
        // FALSE is the default, which DER leaves out; it is written in the field.
        let critical = fields.optional(Tag(0x01))?.is_some_and(|critical| critical.value == [0xff]);
        let value = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        if extension.tag != SEQUENCE || seen.contains(&kind) {
            return Err(Malformed);
        }
        seen.push(kind);
        take(kind, critical, value)?;
    }
    Ok(())
}

impl Extensions {
    pub(super) fn read(extensions: &[u8]) -> Result<Self, Malformed> {
        let mut read = Self::default();
        each(extensions, |kind, critical, value| read.take(kind, critical, value))?;
        Ok(read)
    }

    fn take(&mut self, kind: ObjectIdentifier, critical: bool, value: &[u8]) -> Result<(), Malformed> {
        asn1::check(value, asn1::Limits::CARD)?;
        match kind {
            SUBJECT_KEY => self.subject_key = Some(tlv::only(value, OCTET_STRING)?.to_vec()),
            AUTHORITY_KEY => self.authority_key = authority_key(value)?,
            KEY_USAGE => self.key_usage = Some(KeyUsage { critical, bits: flags(value)? }),
            BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            USAGE_PERIOD => self.usage_period = Some(usage_period(value)?),
            EXTENDED_USAGE => {
                for usage in Reader::new(tlv::only(value, SEQUENCE)?) {
                    self.extended_usage.push(asn1::oid(&mut Reader::new(usage?.whole))?);
                }
            }
            POLICIES => {
                for policy in Reader::new(tlv::only(value, SEQUENCE)?) {
                    self.policies.push(asn1::oid(&mut Reader::new(policy?.value))?);
                }
            }
            DOCUMENT_TYPES => self.document_types = Some(document_types(value)?),
            NAME_CHANGE => self.name_change = true,
            SUBJECT_NAMES | ISSUER_NAMES => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }
}

/// The key identifier alone: the issuer's issuer and number are not used (ICAO 9303-12 §7.1.1).
pub(crate) fn authority_key(value: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let key = Reader::new(tlv::only(value, SEQUENCE)?).optional(Tag(0x80))?;
    Ok(key.map(|key| key.value.to_vec()))
}

/// Named bits, the first as the lowest.
fn flags(value: &[u8]) -> Result<u16, Malformed> {
    let bits = BitStringRef::from_der(value)?;
    Ok(bits.bits().take(16).enumerate().fold(0, |flags, (index, set)| flags | u16::from(set) << (index & 15)))
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Malformed> {
    let mut fields = Reader::new(tlv::only(value, SEQUENCE)?);
    let authority = fields.optional(Tag(0x01))?.is_some_and(|authority| authority.value == [0xff]);
    let path_length = fields.optional(asn1::INTEGER)?.map(|length| asn1::small(length.value)).transpose()?;
    fields.finish()?;
    Ok(BasicConstraints { authority, path_length })
}

fn usage_period(value: &[u8]) -> Result<UsagePeriod, Malformed> {
    let mut fields = Reader::new(tlv::only(value, SEQUENCE)?);
    let mut bound = |tag| {
        let Some(object) = fields.optional(Tag(tag))? else { return Ok(None) };
        let mut time = Vec::new();
        tlv::write(&mut time, Tag(0x18), object.value)?;
        Ok::<_, Malformed>(Some(Moment::from(GeneralizedTime::from_der(&time)?.to_date_time())))
    };
    let period = UsagePeriod { from: bound(0x80)?, until: bound(0x81)? };
    fields.finish()?;
    Ok(period)
}

fn document_types(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut fields = Reader::new(tlv::only(value, SEQUENCE)?);
    asn1::small(fields.expect(asn1::INTEGER)?)?;
    let mut types = Vec::new();
    for object in Reader::new(fields.expect(SET)?) {
        let text = std::str::from_utf8(object?.value).map_err(|_| Malformed)?;
        types.push(text.trim_end_matches('<').to_owned());
    }
    fields.finish()?;
    Ok(types)
}
