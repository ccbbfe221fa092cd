//! RSA keys of the simulator. What aws-lc-rs signs, it signs; the paddings that it does not make, which cards in the field
//! have, are made here (RFC 8017 §8.1, §8.2).

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;

use crate::card::crypt::Hash;
use crate::card::der;
use crate::random;

/// A key of 4096 bits.
#[derive(Debug)]
pub struct Rsa {
    pair: KeyPair,
    modulus: BigUint,
    public: Vec<u8>,
    exponent: BigUint,
}

macro_rules! keys {
    ($($name:ident $file:literal $about:literal;)*) => {$(
        #[doc = $about]
        pub static $name: LazyLock<Rsa> = LazyLock::new(|| Rsa::read(include_str!(concat!("../keys/", $file))));
    )*};
}

keys! {
    CSCA_1 "csca-1.pem" "The first key of the authority of documents.";
    CSCA_2 "csca-2.pem" "Its second key, which signs today.";
    CSCA_3 "csca-3.pem" "Its third key, which nobody pinned yet.";
    CSCA_WRONG "csca-wrong.pem" "A key of somebody who takes the authority's name.";
    SIGNER "signer.pem" "The key of document signers.";
    EID_ROOT "eid-root.pem" "The root of the keys that sign for holders.";
    EID_SUB "eid-sub.pem" "The authority below it, which certifies the keys of cards.";
}

impl Rsa {
    fn read(pem: &str) -> Self {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).expect("the keys of this crate are PEM");
        Self::of(&der).expect("the keys of this crate are PKCS #8")
    }

    fn of(pkcs8: &[u8]) -> Option<Self> {
        let pair = KeyPair::from_pkcs8(pkcs8).ok()?;
        let info = der::find(pkcs8, der::SEQUENCE)?;
        let key = der::find(der::find(info, 0x04)?, der::SEQUENCE)?;
        let numbers = der::all(key)?;
        let public = der::sequence(&[numbers.get(1)?.whole, numbers.get(2)?.whole]);
        let number = |at: usize| numbers.get(at).map(|number| BigUint::from_bytes_be(number.value));
        Some(Self { pair, modulus: number(1)?, exponent: number(3)?, public })
    }

    /// SubjectPublicKeyInfo.
    pub fn public_info(&self) -> Vec<u8> {
        let algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]);
        der::sequence(&[algorithm, der::bits(&self.public)])
    }

    /// PKCS #1 v1.5.
    ///
    /// # Panics
    /// When the cryptographic library cannot sign.
    pub fn sign_pkcs1(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let padding: &'static dyn RsaEncoding = match hash {
            Hash::Sha1 => return self.power(&digest_info(hash, message, self.length())),
            Hash::Sha256 => &RSA_PKCS1_SHA256,
            Hash::Sha384 => &RSA_PKCS1_SHA384,
            Hash::Sha512 => &RSA_PKCS1_SHA512,
        };
        let mut signature = vec![0; self.length()];
        self.pair.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a key of this crate signs");
        signature
    }

    /// PSS with MGF1 of the same hash and a salt of any length (RFC 8017 §9.1.1).
    pub fn sign_pss(&self, hash: Hash, salt: usize, message: &[u8]) -> Vec<u8> {
        let salt = &random::bytes::<64>()[..salt];
        let digest = hash.of(&[&[0; 8], hash.of(message).as_slice(), salt].concat());
        let mut block = vec![0; self.length() - digest.len() - salt.len() - 2];
        block.push(1);
        block.extend(salt);
        let mask = (0_u32..).flat_map(|counter| hash.of(&[&digest[..], &counter.to_be_bytes()].concat()));
        block.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        // The encoded message has one bit less than the modulus.
        block[0] &= 0x7f;
        self.power(&[&block[..], &digest, &[0xbc]].concat())
    }

    fn length(&self) -> usize {
        self.pair.public_modulus_len()
    }

    fn power(&self, encoded: &[u8]) -> Vec<u8> {
        let signature = BigUint::from_bytes_be(encoded).modpow(&self.exponent, &self.modulus).to_bytes_be();
        [vec![0; self.length() - signature.len()], signature].concat()
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
fn digest_info(hash: Hash, message: &[u8], length: usize) -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid(hash.oid()), der::null()]);
    let info = der::sequence(&[algorithm, der::octets(&hash.of(message))]);
    [&[0, 1], vec![0xff; length - info.len() - 3].as_slice(), &[0], &info].concat()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        KeyPair as _, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    };

    use super::*;

    #[test]
    fn signatures_verify_with_another_implementation() {
        let made: [(Vec<u8>, &'static dyn VerificationAlgorithm); 3] = [
            (SIGNER.sign_pkcs1(Hash::Sha1, b"message"), &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
            (SIGNER.sign_pkcs1(Hash::Sha256, b"message"), &RSA_PKCS1_2048_8192_SHA256),
            (SIGNER.sign_pss(Hash::Sha256, 32, b"message"), &RSA_PSS_2048_8192_SHA256),
        ];
        for (signature, algorithm) in made {
            let key = UnparsedPublicKey::new(algorithm, SIGNER.pair.public_key().as_ref());
            assert!(key.verify(b"message", &signature).is_ok());
            assert!(key.verify(b"another", &signature).is_err());
        }
    }
}
