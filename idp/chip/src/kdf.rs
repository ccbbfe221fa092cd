//! From a shared secret to the keys of a channel (ICAO 9303-11 §9.7).

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::hash::Hash;

/// What a derived key is for (ICAO 9303-11 §9.7.3, §9.7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Encryption under secure messaging.
    Encryption,
    /// Authentication under secure messaging.
    Authentication,
    /// Decryption of the nonce of PACE under a password.
    Password,
}

impl Purpose {
    const fn counter(self) -> u32 {
        match self {
            Self::Encryption => 1,
            Self::Authentication => 2,
            Self::Password => 3,
        }
    }
}

/// A key: wiped when it goes.
pub(crate) type Key = Zeroizing<Vec<u8>>;

/// The key for a purpose from a secret (ICAO 9303-11 §9.7.1).
pub(crate) fn derive(cipher: Cipher, secret: &[u8], purpose: Purpose) -> Key {
    let hash = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => Hash::Sha1,
        Cipher::Aes192 | Cipher::Aes256 => Hash::Sha256,
    };
    let mut key = Zeroizing::new(hash.digest(&[secret, &purpose.counter().to_be_bytes()]));
    key.truncate(cipher.key());
    match cipher {
        // Each octet with an odd number of bits (§9.7.1.1).
        Cipher::TripleDes => key.iter_mut().for_each(|octet| *octet ^= u8::from(octet.count_ones().is_multiple_of(2))),
        Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {}
    }
    key
}

/// The two keys of a channel. They are made from an agreement of this process alone: nothing reads them from outside, and
/// nothing gives them out (reference: whoever knows them can write the chip's answers).
#[cfg_attr(fuzzing, derive(Clone))]
pub(crate) struct SessionKeys {
    pub(crate) cipher: Cipher,
    pub(crate) encryption: Key,
    pub(crate) authentication: Key,
}

impl SessionKeys {
    /// The keys from a shared secret.
    pub(crate) fn new(cipher: Cipher, secret: &[u8]) -> Self {
        Self {
            cipher,
            encryption: derive(cipher, secret, Purpose::Encryption),
            authentication: derive(cipher, secret, Purpose::Authentication),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::hex;

    /// ICAO 9303-11 appendix D.1: keys from a seed.
    #[test]
    fn triple_des_keys_are_those_of_appendix_d_1() {
        let keys = SessionKeys::new(Cipher::TripleDes, &hex("239AB9CB282DAF66231DC5A4DF6BFBAE"));
        assert_eq!(keys.encryption[..], hex("AB94FDECF2674FDFB9B391F85D7F76F2"));
        assert_eq!(keys.authentication[..], hex("7962D9ECE03D1ACD4C76089DCE131543"));
    }

    /// ICAO 9303-11 appendix D.3: session keys of basic access control.
    #[test]
    fn triple_des_session_keys_are_those_of_appendix_d_3() {
        let keys = SessionKeys::new(Cipher::TripleDes, &hex("0036D272F5C350ACAC50C3F572D23600"));
        assert_eq!(keys.encryption[..], hex("979EC13B1CBFE9DCD01AB0FED307EAE5"));
        assert_eq!(keys.authentication[..], hex("F1CB1F1FB5ADF208806B89DC579DC1F8"));
    }

    /// ICAO 9303-11 appendix G.1: the key of a password and the session keys.
    #[test]
    fn aes_keys_are_those_of_appendix_g_1() {
        let password = hex("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD");
        let key = derive(Cipher::Aes128, &password, Purpose::Password);
        assert_eq!(key[..], hex("89DED1B26624EC1E634C1989302849DD"));
        let secret = hex("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925");
        let keys = SessionKeys::new(Cipher::Aes128, &secret);
        assert_eq!(keys.encryption[..], hex("F5F0E35C0D7161EE6724EE513A0D9A7F"));
        assert_eq!(keys.authentication[..], hex("FE251C7858B356B24514B3BD5F4297D1"));
    }

    #[test]
    fn each_cipher_gets_keys_of_its_length_and_two_that_differ() {
        for cipher in Cipher::ALL {
            let keys = SessionKeys::new(cipher, b"secret");
            assert_eq!((keys.encryption.len(), keys.authentication.len()), (cipher.key(), cipher.key()));
            assert_ne!(keys.encryption, keys.authentication);
        }
    }
}
