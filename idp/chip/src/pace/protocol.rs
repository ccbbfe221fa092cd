//! How a chip speaks PACE: mapping, cipher, and curve or group.

use zeroize::Zeroizing;

use super::Fault;
use crate::agreement::Domain;
use crate::cipher::Cipher;
use crate::curve::Curve;
use crate::lds::PaceInfo;

/// 0.4.0.127.0.7.2.2.4, id-PACE, without the arcs of the mapping and the cipher (ICAO 9303-11 §9.2.3).
const PACE: [u8; 8] = [0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x04];

/// How both sides get from the nonce to a generator (ICAO 9303-11 §4.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// By an agreement.
    Generic,
    /// By a map onto the curve, or into the group.
    Integrated,
    /// By an agreement with which the chip also proves its static key.
    ChipAuthentication,
}

impl Mapping {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Generic, Self::Integrated, Self::ChipAuthentication];

    /// Its arc in the protocol identifier, which also says what is computed over; none where there is no such protocol
    /// (ICAO 9303-11 §9.2.3).
    pub const fn arc(self, domain: Domain) -> Option<u8> {
        match (self, domain) {
            (Self::Generic, Domain::Integers(_)) => Some(1),
            (Self::Generic, Domain::Curve(_)) => Some(2),
            (Self::Integrated, Domain::Integers(_)) => Some(3),
            (Self::Integrated, Domain::Curve(_)) => Some(4),
            (Self::ChipAuthentication, Domain::Integers(_)) => None,
            (Self::ChipAuthentication, Domain::Curve(_)) => Some(6),
        }
    }
}

/// How a chip speaks PACE: a PACEInfo of its EF.CardAccess (ICAO 9303-11 §9.2.3). The file is not signed: what stands in
/// it decides what is tried, and nothing of what is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    pub(super) mapping: Mapping,
    pub(super) cipher: Cipher,
    pub(super) domain: Domain,
    arc: u8,
    /// The standardized parameters, named in the command when the chip has several.
    pub(super) parameters: Option<u8>,
}

impl Protocol {
    /// A protocol over standardized parameters.
    ///
    /// # Errors
    /// [`Fault::Protocol`] for parameters that are no curve and no group of the lists, and for chip authentication mapping
    /// over integers or with triple DES, which do not exist (ICAO 9303-11 §4.4.3.2).
    pub fn new(mapping: Mapping, cipher: Cipher, parameters: u8) -> Result<Self, Fault> {
        let domain = Domain::standardized(parameters).ok_or(Fault::Protocol)?;
        let arc = mapping.arc(domain).ok_or(Fault::Protocol)?;
        if mapping == Mapping::ChipAuthentication && cipher == Cipher::TripleDes {
            return Err(Fault::Protocol);
        }
        Ok(Self { mapping, cipher, domain, arc, parameters: Some(parameters) })
    }

    /// The protocol of a PACEInfo.
    ///
    /// # Errors
    /// [`Fault::Protocol`] for one that is not spoken here.
    pub fn of(info: &PaceInfo) -> Result<Self, Fault> {
        let mut arcs = info.protocol.arcs().skip(PACE.len().saturating_add(1));
        let is_pace = info.protocol.as_bytes().starts_with(&PACE) && info.version == 2;
        let (Some(mapping), Some(cipher), None, true) = (arcs.next(), arcs.next(), arcs.next(), is_pace) else {
            return Err(Fault::Protocol);
        };
        let parameters = info.parameters.and_then(|parameters| u8::try_from(parameters).ok()).ok_or(Fault::Protocol)?;
        let cipher = Cipher::of_arc(cipher).ok_or(Fault::Protocol)?;
        let all = Mapping::ALL.into_iter().filter_map(|mapping| Self::new(mapping, cipher, parameters).ok());
        all.into_iter().find(|protocol| u32::from(protocol.arc) == mapping).ok_or(Fault::Protocol)
    }

    /// Without the parameters in the command: the chip has these alone.
    #[must_use]
    pub const fn unnamed(self) -> Self {
        Self { parameters: None, ..self }
    }

    /// The value of its object identifier.
    pub(super) fn oid(self) -> Vec<u8> {
        [&PACE[..], &[self.arc, self.cipher.arc()]].concat()
    }

    /// Length of both nonces of the integrated mapping: the whole blocks that hold a key (§4.4.3.3).
    pub(super) const fn nonce(self) -> usize {
        match self.cipher {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::Aes256 => 32,
        }
    }
}

/// The pseudo-random string of the integrated mapping (ICAO 9303-11 §4.4.3.3.2): 64 bits and more above the field, or above p.
pub(super) fn pseudo_random(protocol: Protocol, nonce: &[u8], ours: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const CONSTANTS_128: [[u8; 16]; 2] = [
        0xa668_892a_7c41_e3ca_739f_40b0_57d8_5904_u128.to_be_bytes(),
        0xa4e1_36ac_725f_738b_01c1_f602_17c1_88ad_u128.to_be_bytes(),
    ];
    const CONSTANTS_256: [[[u8; 16]; 2]; 2] = [
        [
            0xd463_d652_3412_4ef7_8970_5498_6dca_0a17_u128.to_be_bytes(),
            0x4e28_df75_8cba_a03f_2406_1641_4d5a_1676_u128.to_be_bytes(),
        ],
        [
            0x54bd_7255_f0aa_f831_bec3_423f_cf39_d69b_u128.to_be_bytes(),
            0x6cbf_0666_77d0_faae_5aad_d99d_f8e5_3517_u128.to_be_bytes(),
        ],
    ];
    let [first, second] = match protocol.cipher {
        Cipher::TripleDes | Cipher::Aes128 => CONSTANTS_128.map(|constant| constant.to_vec()),
        Cipher::Aes192 | Cipher::Aes256 => CONSTANTS_256.map(|halves| halves.concat()),
    };
    let cipher = protocol.cipher;
    let encrypted = |key: &[u8], data: &[u8]| -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut data = Zeroizing::new(data.to_vec());
        cipher.encrypt(key, &vec![0; cipher.block()], &mut data)?;
        Ok(data)
    };
    let needed = match protocol.domain {
        // 521 + 64 bits.
        Domain::Curve(Curve::P521) => 74,
        Domain::Curve(_) | Domain::Integers(_) => protocol.domain.field_length().saturating_add(8),
    };
    // Keys are the first octets of what comes out (the note of §4.4.3.3.2).
    let mut key = encrypted(ours, nonce)?;
    let mut string = Zeroizing::new(Vec::with_capacity(512));
    while string.len() < needed {
        key.truncate(cipher.key());
        string.extend_from_slice(&encrypted(&key, &second)?);
        key = encrypted(&key, &first)?;
    }
    Ok(string)
}
