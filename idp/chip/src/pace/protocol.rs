//! How a chip speaks PACE: mapping, cipher and curve.

use zeroize::Zeroizing;

use super::Fault;
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
    /// By a map onto the curve.
    Integrated,
    /// By an agreement with which the chip also proves its static key.
    ChipAuthentication,
}

impl Mapping {
    /// The mapping of an arc of the protocol identifier, over elliptic curves. Those over numbers have none here.
    pub const fn of_arc(arc: u32) -> Option<Self> {
        match arc {
            2 => Some(Self::Generic),
            4 => Some(Self::Integrated),
            6 => Some(Self::ChipAuthentication),
            _ => None,
        }
    }

    const fn arc(self) -> u8 {
        match self {
            Self::Generic => 2,
            Self::Integrated => 4,
            Self::ChipAuthentication => 6,
        }
    }
}

/// How a chip speaks PACE: a PACEInfo of its EF.CardAccess (ICAO 9303-11 §9.2.3). The file is not signed: what stands in
/// it decides what is tried, and nothing of what is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    pub(super) mapping: Mapping,
    pub(super) cipher: Cipher,
    pub(super) curve: Curve,
    /// The standardized parameters, named in the command when the chip has several.
    pub(super) parameters: Option<u8>,
}

impl Protocol {
    /// A protocol over standardized parameters.
    ///
    /// # Errors
    /// [`Fault::Protocol`] for parameters that are no curve of the list, and for chip authentication mapping with triple
    /// DES, which does not exist (ICAO 9303-11 §4.4.3.2).
    pub fn new(mapping: Mapping, cipher: Cipher, parameters: u8) -> Result<Self, Fault> {
        let curve = Curve::standardized(parameters).ok_or(Fault::Protocol)?;
        if mapping == Mapping::ChipAuthentication && cipher == Cipher::TripleDes {
            return Err(Fault::Protocol);
        }
        Ok(Self { mapping, cipher, curve, parameters: Some(parameters) })
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
        let mapping = Mapping::of_arc(mapping).ok_or(Fault::Protocol)?;
        Self::new(mapping, Cipher::of_arc(cipher).ok_or(Fault::Protocol)?, parameters)
    }

    /// Without the parameters in the command: the chip has these alone.
    #[must_use]
    pub const fn unnamed(self) -> Self {
        Self { parameters: None, ..self }
    }

    /// The value of its object identifier.
    pub(super) fn oid(self) -> Vec<u8> {
        [&PACE[..], &[self.mapping.arc(), self.cipher.arc()]].concat()
    }

    /// Length of both nonces of the integrated mapping: the whole blocks that hold a key (§4.4.3.3).
    pub(super) const fn nonce(self) -> usize {
        match self.cipher {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::Aes256 => 32,
        }
    }
}

/// The pseudo-random string of the integrated mapping (ICAO 9303-11 §4.4.3.3.2): 64 bits and more above the field.
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
    let needed = match protocol.curve {
        // 521 + 64 bits.
        Curve::P521 => 74,
        Curve::P256
        | Curve::P384
        | Curve::BrainpoolP256r1
        | Curve::BrainpoolP320r1
        | Curve::BrainpoolP384r1
        | Curve::BrainpoolP512r1 => protocol.curve.field_length().saturating_add(8),
    };
    // Keys are the first octets of what comes out (the note of §4.4.3.3.2).
    let mut key = encrypted(ours, nonce)?;
    let mut string = Zeroizing::new(Vec::with_capacity(128));
    while string.len() < needed {
        key.truncate(cipher.key());
        string.extend_from_slice(&encrypted(&key, &second)?);
        key = encrypted(&key, &first)?;
    }
    Ok(string)
}
