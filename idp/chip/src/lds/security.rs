//! Security infos of data group 14 and the key of data group 15 (ICAO 9303-11 §9.2, TR-03110-3 appendix A.1).

use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;

use crate::agreement::{Public, Unfit};
use crate::asn1::{self, Limits, Malformed, SEQUENCE, SET};
use crate::certificate::Fingerprint;
use crate::hash::Hash;
use crate::signature::{self, PublicKey};
use crate::tlv::{self, Reader};

use super::Group;

const fn known(oid: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(oid)
}

/// id-PK: keys of chip authentication; 1 is DH, 2 is ECDH.
const CHIP_KEY: ObjectIdentifier = known("0.4.0.127.0.7.2.2.1");
/// id-CA: chip authentication; then agreement, then cipher.
pub const AUTHENTICATION_BY_CHIP: ObjectIdentifier = known("0.4.0.127.0.7.2.2.3");
/// id-PACE; then agreement with mapping, then cipher.
const PACE: ObjectIdentifier = known("0.4.0.127.0.7.2.2.4");
/// id-icao-mrtd-security-aaProtocolObject.
const ACTIVE_AUTHENTICATION: ObjectIdentifier = known("2.23.136.1.1.5");
/// ecdsa-plain-signatures (TR-03111 §5.2.1.1).
const PLAIN_ECDSA: ObjectIdentifier = known("0.4.0.127.0.7.1.1.4.1");

/// Keys of chip authentication that infos may have: each is checked to be of its group, and whoever made the card chose them.
const KEYS: usize = 8;

/// What the infos say that is used here; other protocols are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    /// Keys of chip authentication.
    pub chip_keys: Vec<ChipKey>,
    /// Protocols of chip authentication.
    pub chip_protocols: Vec<ChipProtocol>,
    /// Hash of an ECDSA active authentication.
    pub active_authentication: Option<Hash>,
    /// Protocols of PACE.
    pub pace: Vec<PaceInfo>,
}

/// ChipAuthenticationPublicKeyInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipKey {
    /// The key; or why it serves no agreement, as when it is of no curve and no group of the lists.
    pub agreement: Result<Public, Unfit>,
    /// SHA-256 of its SubjectPublicKeyInfo, as it is written.
    pub thumbprint: [u8; 32],
    /// Its identifier, where there are several.
    pub identifier: Option<Vec<u8>>,
}

/// ChipAuthenticationInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipProtocol {
    /// id-CA with agreement and cipher.
    pub protocol: ObjectIdentifier,
    /// 1; 2 needs terminal authentication.
    pub version: u32,
    /// Identifier of its key, where there are several.
    pub identifier: Option<Vec<u8>>,
}

/// PACEInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaceInfo {
    /// id-PACE with mapping and cipher.
    pub protocol: ObjectIdentifier,
    /// 2.
    pub version: u32,
    /// Standardized domain parameters.
    pub parameters: Option<u32>,
}

impl SecurityInfos {
    /// Reads the whole file of data group 14.
    pub fn read(file: &[u8]) -> Result<Self, Malformed> {
        Self::of_set(Group::DG14.contents(file)?)
    }

    /// Reads a set of infos, such as EF.CardAccess is.
    pub fn of_set(set: &[u8]) -> Result<Self, Malformed> {
        asn1::check(set, Limits::CARD)?;
        let mut infos = Self::default();
        for info in Reader::new(tlv::only(set, SET)?) {
            let info = info?;
            if info.tag != SEQUENCE {
                return Err(Malformed);
            }
            infos.take(Reader::new(info.value))?;
        }
        Ok(infos)
    }

    fn take(&mut self, mut fields: Reader<'_>) -> Result<(), Malformed> {
        let protocol = asn1::oid(&mut fields)?;
        let under = |arc: ObjectIdentifier| protocol != arc && protocol.starts_with(arc);
        if under(CHIP_KEY) {
            if self.chip_keys.len() == KEYS {
                return Err(Malformed);
            }
            let info = fields.object(SEQUENCE)?.whole;
            self.chip_keys.push(ChipKey {
                agreement: agreement(protocol, info)?,
                thumbprint: Fingerprint::of(info).0,
                identifier: identifier(&mut fields)?,
            });
        } else if under(AUTHENTICATION_BY_CHIP) {
            let version = asn1::small(fields.expect(asn1::INTEGER)?)?;
            self.chip_protocols.push(ChipProtocol { protocol, version, identifier: identifier(&mut fields)? });
        } else if under(PACE) {
            // PACEDomainParameterInfo has the same arc and a sequence here: parameters of one's own are not used.
            if let Some(version) = fields.optional(asn1::INTEGER)? {
                let parameters = fields.optional(asn1::INTEGER)?;
                let parameters = parameters.map(|object| asn1::small(object.value)).transpose()?;
                self.pace.push(PaceInfo { protocol, version: asn1::small(version.value)?, parameters });
            }
        } else if protocol == ACTIVE_AUTHENTICATION {
            let version = asn1::small(fields.expect(asn1::INTEGER)?)?;
            let algorithm = asn1::oid(&mut fields)?;
            let hash = Hash::ALL.into_iter().zip(1_u32..).find(|(_, arc)| PLAIN_ECDSA.push_arc(*arc) == Ok(algorithm));
            self.active_authentication = hash.filter(|_| version == 1).map(|(hash, _)| hash);
        }
        Ok(())
    }
}

fn agreement(protocol: ObjectIdentifier, key: &[u8]) -> Result<Result<Public, Unfit>, Malformed> {
    let info = SubjectPublicKeyInfoRef::from_der(key)?;
    let is = |arc| CHIP_KEY.push_arc(arc) == Ok(protocol);
    match (is(1), is(2)) {
        (true, _) => Ok(Public::over_integers(&info)),
        (_, true) => Ok(Public::over_curve(&info)),
        (false, false) => Err(Malformed),
    }
}

fn identifier(fields: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let identifier = fields.optional(asn1::INTEGER)?.map(|object| object.value.to_vec());
    fields.finish()?;
    Ok(identifier)
}

/// The key of active authentication: the whole file of data group 15.
pub fn active_authentication_key(file: &[u8]) -> Result<PublicKey, signature::Fault> {
    let info = Group::DG15.contents(file).map_err(|_| signature::Fault::Key)?;
    asn1::check(info, Limits::CARD).map_err(|_| signature::Fault::Key)?;
    PublicKey::from_der(info)
}
