//! Hash functions, AES and what is derived from shared secrets (ICAO 9303-11 §9.7).

use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{cmac, digest};
use serde::Deserialize;

/// Octets of a block of AES.
pub const BLOCK: usize = 16;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The hash of a message.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// Its object identifier.
    pub fn oid(self) -> &'static str {
        match self {
            Self::Sha1 => "1.3.14.3.2.26",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        }
    }
}

/// Which AES a protocol uses, and with it everything else (the last arc of its identifier).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128, derived with SHA-1.
    Aes128,
    /// AES-256, derived with SHA-256.
    Aes256,
}

impl Cipher {
    /// The last arc of the identifiers of protocols.
    pub fn arc(self) -> u8 {
        match self {
            Self::Aes128 => 2,
            Self::Aes256 => 4,
        }
    }

    /// The one of an arc.
    pub fn of_arc(arc: u8) -> Option<Self> {
        [Self::Aes128, Self::Aes256].into_iter().find(|cipher| cipher.arc() == arc)
    }

    /// A key from a shared secret; `counter` is 1 to encrypt, 2 for codes, 3 for passwords (ICAO 9303-11 §9.7.1).
    pub fn derive(self, secret: &[u8], counter: u32) -> Vec<u8> {
        let input = [secret, &counter.to_be_bytes()].concat();
        match self {
            Self::Aes128 => Hash::Sha1.of(&input)[..16].to_vec(),
            Self::Aes256 => Hash::Sha256.of(&input),
        }
    }

    fn key(self, key: &[u8]) -> UnboundCipherKey {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes256 => &AES_256,
        };
        UnboundCipherKey::new(algorithm, key).expect("a derived key is as long as it has to be")
    }

    /// CBC without padding; the data are whole blocks.
    ///
    /// # Panics
    /// When they are not.
    pub fn encrypt(self, key: &[u8], vector: [u8; BLOCK], data: &[u8]) -> Vec<u8> {
        let mut blocks = data.to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(vector));
        let key = EncryptingKey::cbc(self.key(key)).expect("AES chains");
        key.less_safe_encrypt(&mut blocks, context).expect("whole blocks");
        blocks
    }

    /// The other way; none when the data are no whole blocks.
    pub fn decrypt(self, key: &[u8], vector: [u8; BLOCK], data: &[u8]) -> Option<Vec<u8>> {
        let mut blocks = data.to_vec();
        let key = DecryptingKey::cbc(self.key(key)).ok()?;
        let opened = key.decrypt(&mut blocks, DecryptionContext::Iv128(FixedLength::from(vector))).ok()?;
        Some(opened.to_vec())
    }

    /// The first eight octets of the CMAC.
    ///
    /// # Panics
    /// Never with a derived key.
    pub fn code(self, key: &[u8], message: &[u8]) -> [u8; 8] {
        let algorithm = match self {
            Self::Aes128 => cmac::AES_128,
            Self::Aes256 => cmac::AES_256,
        };
        let key = cmac::Key::new(algorithm, key).expect("a derived key is as long as it has to be");
        let tag = cmac::sign(&key, message).expect("a message has a code");
        tag.as_ref().first_chunk().copied().expect("a tag has sixteen octets")
    }
}

/// Padding of method 2 (ISO/IEC 9797-1): a bit, then zeros to the end of a block.
pub fn pad(data: &[u8]) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(BLOCK), 0);
    padded
}

/// The other way.
pub fn unpad(data: &[u8]) -> Option<&[u8]> {
    let end = data.iter().rposition(|octet| *octet != 0)?;
    (data[end] == 0x80 && data.len() - end <= BLOCK).then(|| &data[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_as_it_went_on() {
        for length in 0..40 {
            let data = vec![0x80; length];
            let padded = pad(&data);
            assert!(padded.len() > length && padded.len().is_multiple_of(BLOCK));
            assert_eq!(unpad(&padded), Some(data.as_slice()));
        }
        assert_eq!(unpad(&[0; 16]), None);
        assert_eq!(unpad(&[[0x80].as_slice(), &[0; 16]].concat()), None);
    }

    #[test]
    fn a_password_makes_the_key_of_the_worked_example() {
        // ICAO 9303-11 appendix G.1: the zone T22000129364081251010318 makes 89DED1B2 6624EC1E 634C1989 302849DD.
        let secret = Hash::Sha1.of(b"T22000129364081251010318");
        let key = Cipher::Aes128.derive(&secret, 3);
        assert_eq!(
            key,
            [0x89, 0xde, 0xd1, 0xb2, 0x66, 0x24, 0xec, 0x1e, 0x63, 0x4c, 0x19, 0x89, 0x30, 0x28, 0x49, 0xdd]
        );
        // And of its nonce z = 95A3A016 522EE98D 01E76CB6 B98B42C3 it reads s = 3F00C4D3 9D153F2B 2A214A07 8D899B22.
        let sealed = 0x95a3_a016_522e_e98d_01e7_6cb6_b98b_42c3_u128.to_be_bytes();
        let nonce = 0x3f00_c4d3_9d15_3f2b_2a21_4a07_8d89_9b22_u128.to_be_bytes();
        assert_eq!(Cipher::Aes128.decrypt(&key, [0; BLOCK], &sealed).unwrap(), nonce);
        assert_eq!(Cipher::Aes128.encrypt(&key, [0; BLOCK], &nonce), sealed);
    }

    #[test]
    fn a_code_is_that_of_rfc_4493() {
        let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
        assert_eq!(Cipher::Aes128.code(&key, &[]), [0xbb, 0x1d, 0x69, 0x29, 0xe9, 0x59, 0x37, 0x28]);
    }
}
