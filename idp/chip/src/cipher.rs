//! The block ciphers of secure messaging and PACE, each with the message authentication code that goes with it
//! (ICAO 9303-11 §9.8.6, §9.8.7): triple DES with the retail MAC, AES with CMAC. A card chooses; nothing is negotiated.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InvalidLength, KeyInit,
    KeyIvInit,
};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};

/// Length of every authentication code, in octets (§9.8.6.2, §9.8.7.2).
pub(crate) const CODE: usize = 8;

/// A block cipher with its key size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// Triple DES with two keys: old documents.
    TripleDes,
    /// AES with keys of 128 bits.
    Aes128,
    /// AES with keys of 192 bits.
    Aes192,
    /// AES with keys of 256 bits.
    Aes256,
}

/// A key or a vector of another length than the cipher has. The key derivation of this crate makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongLength;

impl From<InvalidLength> for WrongLength {
    fn from(_: InvalidLength) -> Self {
        Self
    }
}

impl Cipher {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// The cipher that the last arc of a protocol identifier names (ICAO 9303-11 §9.2.3, §9.2.5).
    pub const fn of_arc(arc: u32) -> Option<Self> {
        match arc {
            1 => Some(Self::TripleDes),
            2 => Some(Self::Aes128),
            3 => Some(Self::Aes192),
            4 => Some(Self::Aes256),
            _ => None,
        }
    }

    /// The last arc of its protocol identifiers.
    pub const fn arc(self) -> u8 {
        match self {
            Self::TripleDes => 1,
            Self::Aes128 => 2,
            Self::Aes192 => 3,
            Self::Aes256 => 4,
        }
    }

    /// Length of its blocks, in octets.
    pub const fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// Length of its keys, in octets.
    pub const fn key(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Encrypts whole blocks in place, chained from this vector.
    pub(crate) fn encrypt(self, key: &[u8], vector: &[u8], data: &mut [u8]) -> Result<(), WrongLength> {
        match self {
            Self::TripleDes => encrypt::<TdesEde2>(key, vector, data),
            Self::Aes128 => encrypt::<Aes128>(key, vector, data),
            Self::Aes192 => encrypt::<Aes192>(key, vector, data),
            Self::Aes256 => encrypt::<Aes256>(key, vector, data),
        }
    }

    /// Decrypts whole blocks in place, chained from this vector.
    pub(crate) fn decrypt(self, key: &[u8], vector: &[u8], data: &mut [u8]) -> Result<(), WrongLength> {
        match self {
            Self::TripleDes => decrypt::<TdesEde2>(key, vector, data),
            Self::Aes128 => decrypt::<Aes128>(key, vector, data),
            Self::Aes192 => decrypt::<Aes192>(key, vector, data),
            Self::Aes256 => decrypt::<Aes256>(key, vector, data),
        }
    }

    /// The authentication code over these octets. Triple DES pads them itself (§9.8.6.2); CMAC needs no padding, and
    /// where the caller padded already, whole blocks come in (§9.8.1).
    pub(crate) fn code(self, key: &[u8], data: &[u8]) -> Result<[u8; CODE], WrongLength> {
        match self {
            Self::TripleDes => retail(key, data),
            Self::Aes128 => cmac::<Cmac<Aes128>>(key, data),
            Self::Aes192 => cmac::<Cmac<Aes192>>(key, data),
            Self::Aes256 => cmac::<Cmac<Aes256>>(key, data),
        }
    }
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], vector: &[u8], data: &mut [u8]) -> Result<(), WrongLength> {
    let (blocks, []) = Array::slice_as_chunks_mut(data) else { return Err(WrongLength) };
    cbc::Encryptor::<C>::new_from_slices(key, vector)?.encrypt_blocks(blocks);
    Ok(())
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(key: &[u8], vector: &[u8], data: &mut [u8]) -> Result<(), WrongLength> {
    let (blocks, []) = Array::slice_as_chunks_mut(data) else { return Err(WrongLength) };
    cbc::Decryptor::<C>::new_from_slices(key, vector)?.decrypt_blocks(blocks);
    Ok(())
}

fn cmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Result<[u8; CODE], WrongLength> {
    let mut code = <M as KeyInit>::new_from_slice(key)?;
    Mac::update(&mut code, data);
    code.finalize().into_bytes().first_chunk().copied().ok_or(WrongLength)
}

/// MAC algorithm 3 of ISO/IEC 9797-1: DES in chain under the first key, the last block once through both. Always pads, by
/// method 2.
fn retail(key: &[u8], data: &[u8]) -> Result<[u8; CODE], WrongLength> {
    let (first, second) = key.split_at_checked(8).ok_or(WrongLength)?;
    let (first, second) = (Des::new_from_slice(first)?, Des::new_from_slice(second)?);
    let mut state = Array::from([0_u8; 8]);
    for block in pad(data, 8).chunks(8) {
        state.iter_mut().zip(block).for_each(|(octet, with)| *octet ^= with);
        first.encrypt_block(&mut state);
    }
    second.decrypt_block(&mut state);
    first.encrypt_block(&mut state);
    Ok(state.into())
}

/// Padding method 2 of ISO/IEC 9797-1: one bit, then zeros to the end of the block. Always adds something.
pub(crate) fn pad(data: &[u8], block: usize) -> Vec<u8> {
    let whole = data.len().saturating_add(1).next_multiple_of(block.max(1));
    let mut padded = Vec::with_capacity(whole);
    padded.extend_from_slice(data);
    padded.push(0x80);
    padded.resize(whole, 0);
    padded
}

/// How much of these octets stands before their padding, when they end in one that [`pad`] would have made.
pub(crate) fn unpadded(data: &[u8], block: usize) -> Option<usize> {
    let end = data.iter().rposition(|octet| *octet != 0)?;
    (data.get(end) == Some(&0x80) && data.len().saturating_sub(end) <= block).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::hex;

    /// RFC 4493 §4, examples 1 and 2: all of the code, of which the first eight octets count.
    #[test]
    fn cmac_gives_what_rfc_4493_gives() {
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
        assert_eq!(Cipher::Aes128.code(&key, &[]).unwrap()[..], hex("bb1d6929e9593728"));
        let block = hex("6bc1bee22e409f96e93d7e117393172a");
        assert_eq!(Cipher::Aes128.code(&key, &block).unwrap()[..], hex("070a16b46b4d4144"));
    }

    /// ICAO 9303-11 appendix D.3: E_IFD and M_IFD of the worked example.
    #[test]
    fn triple_des_and_the_retail_code_give_what_the_worked_example_gives() {
        let mut data = hex("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B");
        Cipher::TripleDes.encrypt(&hex("AB94FDECF2674FDFB9B391F85D7F76F2"), &[0; 8], &mut data).unwrap();
        assert_eq!(data, hex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"));
        let code = Cipher::TripleDes.code(&hex("7962D9ECE03D1ACD4C76089DCE131543"), &data).unwrap();
        assert_eq!(code[..], hex("5F1448EEA8AD90A7"));
    }

    #[test]
    fn other_lengths_are_refused_without_a_panic() {
        for cipher in Cipher::ALL {
            let (key, vector) = (vec![1; cipher.key()], vec![2; cipher.block()]);
            let mut whole = vec![0; cipher.block()];
            assert_eq!(cipher.encrypt(&key, &vector, &mut whole), Ok(()));
            assert_eq!(cipher.encrypt(&key[1..], &vector, &mut whole), Err(WrongLength));
            assert_eq!(cipher.encrypt(&key, &vector[1..], &mut whole), Err(WrongLength));
            assert_eq!(cipher.decrypt(&key, &vector, &mut whole[1..]), Err(WrongLength));
            assert_eq!(cipher.code(&key[1..], &whole), Err(WrongLength));
            assert_eq!(Cipher::of_arc(cipher.arc().into()), Some(cipher));
        }
    }

    #[test]
    fn only_a_whole_padding_is_taken_off() {
        assert_eq!(unpadded(&[1, 2, 0x80, 0], 8), Some(2));
        assert_eq!(unpadded(&[0x80, 0, 0, 0, 0, 0, 0, 0], 8), Some(0));
        assert_eq!(unpadded(&[1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0], 8), None, "more than a block");
        assert_eq!(unpadded(&[1, 2, 3], 8), None);
        assert_eq!(unpadded(&[0, 0], 8), None);
        assert_eq!(unpadded(&[], 8), None);
    }

    proptest! {
        #[test]
        fn what_is_padded_and_encrypted_comes_back(data in proptest::collection::vec(any::<u8>(), 0..80), kind in 0_usize..4) {
            let cipher = Cipher::ALL[kind];
            let (key, vector) = (vec![7; cipher.key()], vec![3; cipher.block()]);
            let mut octets = pad(&data, cipher.block());
            cipher.encrypt(&key, &vector, &mut octets).unwrap();
            cipher.decrypt(&key, &vector, &mut octets).unwrap();
            prop_assert_eq!(unpadded(&octets, cipher.block()), Some(data.len()));
            prop_assert_eq!(&octets[..data.len()], &data[..]);
        }
    }
}
