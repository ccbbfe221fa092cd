//! What the State has and the tests need: keys that sign, and a writer of DER. It shares no code with the readers.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use crate::curve::Curve;
use crate::hash::Hash;
use crate::signature::{Algorithm, Pssed};

pub(crate) mod card;
mod cost;
pub(crate) mod pki;
pub(crate) mod scene;
mod scenes;

/// One DER object of a tag below 256.
pub(crate) fn object(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    let [_, third, second, first] = length.to_be_bytes();
    let mut written = vec![tag];
    match length {
        0..=0x7f => written.push(first),
        0x80..=0xff => written.extend([0x81, first]),
        0x100..=0xffff => written.extend([0x82, second, first]),
        _ => written.extend([0x83, third, second, first]),
    }
    written.extend_from_slice(value);
    written
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    object(0x30, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    object(0x31, &parts.concat())
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    object(6, der::asn1::ObjectIdentifier::new_unwrap(text).as_bytes())
}

/// A number that is not negative, from big-endian octets.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let mut value = octets[zeros..].to_vec();
    if value.first().is_none_or(|first| first & 0x80 != 0) {
        value.insert(0, 0);
    }
    object(2, &value)
}

pub(crate) fn bit_string(octets: &[u8]) -> Vec<u8> {
    object(3, &[&[0], octets].concat())
}

pub(crate) const NULL: [u8; 2] = [5, 0];

/// A private key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    /// An RSA key of `testdata`.
    Rsa(&'static [u8]),
    /// The key of a seed; its parameters named, or written number by number.
    Ec(Curve, u8, Form),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Named,
    Explicit,
}

pub(crate) const RSA_2048: Key = Key::Rsa(include_bytes!("../testdata/rsa-2048-65537.der"));
pub(crate) const RSA_2048_3: Key = Key::Rsa(include_bytes!("../testdata/rsa-2048-3.der"));
pub(crate) const RSA_3072: Key = Key::Rsa(include_bytes!("../testdata/rsa-3072-38129.der"));
pub(crate) const RSA_4096: Key = Key::Rsa(include_bytes!("../testdata/rsa-4096-65537.der"));
pub(crate) const RSA_6144: Key = Key::Rsa(include_bytes!("../testdata/rsa-6144-107903.der"));
pub(crate) const RSA_1024: Key = Key::Rsa(include_bytes!("../testdata/rsa-1024-65537.der"));

impl Key {
    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => {
                let [n, e, _] = self.rsa();
                let key = sequence(&[&integer(&n), &integer(&e)]);
                sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &NULL]), &bit_string(&key)])
            }
            Self::Ec(curve, seed, form) => {
                let point = curve.public(&curve.secret(&[*seed; 32]));
                let parameters = match form {
                    Form::Named => oid(&curve.oid().to_string()),
                    Form::Explicit => explicit(*curve),
                };
                let algorithm = sequence(&[&oid("1.2.840.10045.2.1"), &parameters]);
                sequence(&[&algorithm, &bit_string(point.octets())])
            }
        }
    }

    /// A key identifier: SHA-1 of the key info, as good as any.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        Hash::Sha1.digest(&[&self.spki()])
    }

    /// The algorithm that it signs with when nothing else is asked.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RsaPkcs1(Hash::Sha256),
            Self::Ec(..) => Algorithm::Ecdsa(Hash::Sha256),
        }
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let digest = algorithm.hash().digest(&[message]);
        match (self, algorithm) {
            (Self::Rsa(_), Algorithm::RsaPkcs1(hash)) => self.power(&pkcs1(hash, &digest, self.rsa()[0].len())),
            (Self::Rsa(_), Algorithm::RsaPss(parameters)) => self.power(&pss(parameters, &digest, self.rsa()[0].len())),
            (Self::Ec(curve, seed, _), _) => {
                let nonce = Hash::Sha256.digest(&[&[*seed], message]);
                let (r, s) = curve.sign(&curve.secret(&[*seed; 32]), &nonce, &digest);
                sequence(&[&integer(&r), &integer(&s)])
            }
            _ => panic!("an RSA key makes no ECDSA signature"),
        }
    }

    /// n, e and d.
    fn rsa(&self) -> [Vec<u8>; 3] {
        let Self::Rsa(der) = self else { panic!("no RSA key") };
        let inner = crate::tlv::only(der, crate::tlv::Tag(0x30)).unwrap();
        let numbers: Vec<_> = crate::tlv::Reader::new(inner).map(|object| object.unwrap().value.to_vec()).collect();
        [1, 2, 3].map(|index: usize| numbers[index].iter().copied().skip_while(|octet| *octet == 0).collect())
    }

    /// The octets as a number to the private exponent.
    pub(crate) fn power(&self, octets: &[u8]) -> Vec<u8> {
        let [n, _, d] = self.rsa();
        let params = BoxedMontyParams::new_vartime(Odd::new(BoxedUint::from_be_slice_vartime(&n)).unwrap());
        let base = BoxedUint::from_be_slice(octets, params.bits_precision()).unwrap();
        let power = BoxedMontyForm::new(base, &params).pow(&BoxedUint::from_be_slice_vartime(&d)).retrieve();
        let octets = power.to_be_bytes();
        octets[octets.len() - n.len()..].to_vec()
    }
}

/// RFC 8017 §9.2.
fn pkcs1(hash: Hash, digest: &[u8], length: usize) -> Vec<u8> {
    let info = sequence(&[&sequence(&[&oid(&hash.oid().to_string()), &NULL]), &object(4, digest)]);
    let padding = vec![0xff; length - info.len() - 3];
    [&[0, 1], &padding[..], &[0], &info].concat()
}

/// RFC 8017 §9.1.1, for moduli of whole octets.
fn pss(Pssed { hash, salt }: Pssed, digest: &[u8], length: usize) -> Vec<u8> {
    let salt = vec![0xa7; salt.into()];
    let h = hash.digest(&[&[0; 8], digest, &salt]);
    let mut db = vec![0; length - salt.len() - h.len() - 2];
    db.push(1);
    db.extend(&salt);
    let mask = (0_u32..).flat_map(|counter| hash.digest(&[&h, &counter.to_be_bytes()]));
    let mut masked: Vec<u8> = db.iter().zip(mask).map(|(octet, mask)| octet ^ mask).collect();
    masked[0] &= 0x7f;
    [&masked[..], &h, &[0xbc]].concat()
}

/// The AlgorithmIdentifier of a signature.
pub(crate) fn declared(algorithm: Algorithm) -> Vec<u8> {
    match algorithm {
        Algorithm::RsaPkcs1(hash) => {
            let last = match hash {
                Hash::Sha1 => 5,
                Hash::Sha224 => 14,
                Hash::Sha256 => 11,
                Hash::Sha384 => 12,
                Hash::Sha512 => 13,
            };
            sequence(&[&oid(&format!("1.2.840.113549.1.1.{last}")), &NULL])
        }
        Algorithm::RsaPss(Pssed { hash, salt }) => {
            let hash = hash_identifier(hash);
            let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &hash]);
            let salt = integer(&salt.to_be_bytes());
            let parameters = sequence(&[&object(0xa0, &hash), &object(0xa1, &mask), &object(0xa2, &salt)]);
            sequence(&[&oid("1.2.840.113549.1.1.10"), &parameters])
        }
        Algorithm::Ecdsa(hash) => {
            let name = match hash {
                Hash::Sha1 => "1.2.840.10045.4.1",
                Hash::Sha224 => "1.2.840.10045.4.3.1",
                Hash::Sha256 => "1.2.840.10045.4.3.2",
                Hash::Sha384 => "1.2.840.10045.4.3.3",
                Hash::Sha512 => "1.2.840.10045.4.3.4",
            };
            sequence(&[&oid(name)])
        }
    }
}

pub(crate) fn hash_identifier(hash: Hash) -> Vec<u8> {
    sequence(&[&oid(&hash.oid().to_string()), &NULL])
}

/// The parameters of a curve number by number (RFC 3279 §2.3.5).
pub(crate) fn explicit(curve: Curve) -> Vec<u8> {
    let domain = curve.domain();
    sequence(&[
        &integer(&[1]),
        &sequence(&[&oid("1.2.840.10045.1.1"), &integer(domain.p)]),
        &sequence(&[&object(4, domain.a), &object(4, domain.b)]),
        &object(4, curve.generator().octets()),
        &integer(domain.n),
        &integer(&[1]),
    ])
}
