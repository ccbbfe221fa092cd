//! Verification of signatures with the algorithm and the parameters that are declared, and no other.
//!
//! | Declared | Verified as |
//! |---|---|
//! | RSA PKCS#1 v1.5 | the one encoding that the hash has, compared whole (RFC 8017 §8.2.2): nothing follows it, so that a low exponent forges nothing |
//! | RSA-PSS | its hash, the same one in MGF1, its salt length, trailer field 1 (RFC 4055 §3.1) |
//! | ECDSA | any hash with any curve: the leftmost bits of the hash count (SEC 1 §4.1.4) |

use der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier, UintRef};
use der::{Decode, Reader as _, SliceReader};
use ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::traits::{PublicKeyParts, SignatureScheme};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use thiserror::Error;

use crate::curve::{self, Curve, Point};
use crate::hash::Hash;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// Bits of a modulus that is accepted.
pub const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// A signature algorithm with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS.
    RsaPss(Pssed),
    /// ECDSA.
    Ecdsa(Hash),
}

/// Parameters of RSASSA-PSS: MGF1 has the same hash and the trailer field is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pssed {
    /// Hash of the message and of MGF1.
    pub hash: Hash,
    /// Length of the salt, in octets.
    pub salt: u16,
}

/// A public key of a kind and size that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// An RSA key, and what it may sign with.
    Rsa(RsaPublicKey, RsaUse),
    /// A point of a curve of the list.
    Ec(Point),
}

/// What the identifier of an RSA key restricts it to (RFC 4055 §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaUse {
    /// `rsaEncryption`: any scheme.
    Any,
    /// `id-RSASSA-PSS`: that scheme, with the hash of the parameters and a salt that is not shorter, if there are any.
    Pss(Option<Pssed>),
}

/// Why a signature, a key or an algorithm is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// An algorithm that is none of those accepted.
    #[error("the signature algorithm is none of those that are accepted")]
    Algorithm,
    /// Parameters of the algorithm that are missing, unreadable or not accepted.
    #[error("the parameters of the signature algorithm are not accepted")]
    Parameters,
    /// A key that cannot be read, or of no accepted kind.
    #[error("the public key is of no accepted kind")]
    Key,
    /// An RSA modulus or exponent out of bounds.
    #[error("the RSA key is out of bounds")]
    KeySize,
    /// A key on no accepted curve.
    #[error("{0}")]
    Curve(#[from] curve::Fault),
    /// The key is of another kind than the algorithm, or is restricted to another.
    #[error("the key does not go with the signature algorithm")]
    Mismatch,
    /// It does not verify.
    #[error("the signature does not verify")]
    Invalid,
}

impl Algorithm {
    /// The algorithm that an identifier declares. `digest` is the hash declared beside it, where there is one
    /// (RFC 5652 §5.3): it serves `rsaEncryption`, and must be the same as the one of any other.
    pub fn read(declared: &AlgorithmIdentifierRef<'_>, digest: Option<Hash>) -> Result<Self, Fault> {
        let algorithm = match declared.oid {
            RSA_ENCRYPTION => Self::RsaPkcs1(digest.ok_or(Fault::Algorithm)?),
            RSASSA_PSS => return Self::pss(declared).and_then(|algorithm| algorithm.beside(digest)),
            oid => Self::simple(oid).ok_or(Fault::Algorithm)?,
        };
        if declared.parameters.is_some_and(|parameters| !parameters.is_null()) {
            return Err(Fault::Parameters);
        }
        algorithm.beside(digest)
    }

    /// Its hash.
    pub const fn hash(self) -> Hash {
        match self {
            Self::RsaPkcs1(hash) | Self::Ecdsa(hash) => hash,
            Self::RsaPss(parameters) => parameters.hash,
        }
    }

    fn beside(self, digest: Option<Hash>) -> Result<Self, Fault> {
        if digest.is_none_or(|digest| digest == self.hash()) { Ok(self) } else { Err(Fault::Mismatch) }
    }

    fn simple(oid: ObjectIdentifier) -> Option<Self> {
        const fn known(oid: &str) -> ObjectIdentifier {
            ObjectIdentifier::new_unwrap(oid)
        }
        const ALL: [(ObjectIdentifier, Algorithm); 10] = [
            (known("1.2.840.113549.1.1.5"), Algorithm::RsaPkcs1(Hash::Sha1)),
            (known("1.2.840.113549.1.1.14"), Algorithm::RsaPkcs1(Hash::Sha224)),
            (known("1.2.840.113549.1.1.11"), Algorithm::RsaPkcs1(Hash::Sha256)),
            (known("1.2.840.113549.1.1.12"), Algorithm::RsaPkcs1(Hash::Sha384)),
            (known("1.2.840.113549.1.1.13"), Algorithm::RsaPkcs1(Hash::Sha512)),
            (known("1.2.840.10045.4.1"), Algorithm::Ecdsa(Hash::Sha1)),
            (known("1.2.840.10045.4.3.1"), Algorithm::Ecdsa(Hash::Sha224)),
            (known("1.2.840.10045.4.3.2"), Algorithm::Ecdsa(Hash::Sha256)),
            (known("1.2.840.10045.4.3.3"), Algorithm::Ecdsa(Hash::Sha384)),
            (known("1.2.840.10045.4.3.4"), Algorithm::Ecdsa(Hash::Sha512)),
        ];
        ALL.into_iter().find(|(known, _)| *known == oid).map(|(_, algorithm)| algorithm)
    }

    fn pss(declared: &AlgorithmIdentifierRef<'_>) -> Result<Self, Fault> {
        // RFC 4055 §3.1: in a signature the parameters must be there, though each of them may be left out.
        let parameters = declared.parameters.ok_or(Fault::Parameters)?;
        Pssed::read(parameters).map(Self::RsaPss)
    }
}

impl Pssed {
    fn read(parameters: AnyRef<'_>) -> Result<Self, Fault> {
        let (hash, mask, salt, trailer) = parameters
            .sequence(|reader: &mut SliceReader<'_>| {
                let hash = ContextSpecific::<AlgorithmIdentifierRef<'_>>::decode_explicit(reader, TAGS.0)?;
                let mask = ContextSpecific::<AlgorithmIdentifierRef<'_>>::decode_explicit(reader, TAGS.1)?;
                let salt = ContextSpecific::<u16>::decode_explicit(reader, TAGS.2)?;
                let trailer = ContextSpecific::<u8>::decode_explicit(reader, TAGS.3)?;
                Ok::<_, der::Error>((hash, mask, salt, trailer))
            })
            .map_err(|_| Fault::Parameters)?;
        let hash = hash.map_or(Some(Hash::Sha1), |hash| hash_of(&hash.value)).ok_or(Fault::Parameters)?;
        let mask = match mask {
            None => Hash::Sha1,
            Some(mask) if mask.value.oid == MGF1 => {
                let inner = mask.value.parameters.ok_or(Fault::Parameters)?;
                let inner = inner.decode_as::<AlgorithmIdentifierRef<'_>>().map_err(|_| Fault::Parameters)?;
                hash_of(&inner).ok_or(Fault::Parameters)?
            }
            Some(_) => return Err(Fault::Parameters),
        };
        if mask != hash || trailer.is_some_and(|trailer| trailer.value != 1) {
            return Err(Fault::Parameters);
        }
        Ok(Self { hash, salt: salt.map_or(20, |salt| salt.value) })
    }
}

const TAGS: (der::TagNumber, der::TagNumber, der::TagNumber, der::TagNumber) =
    (der::TagNumber(0), der::TagNumber(1), der::TagNumber(2), der::TagNumber(3));

/// The hash of an identifier whose parameters are NULL or left out (RFC 5754 §2).
pub(crate) fn hash_of(declared: &AlgorithmIdentifierRef<'_>) -> Option<Hash> {
    declared.parameters.is_none_or(AnyRef::is_null).then(|| Hash::of(declared.oid))?
}

impl PublicKey {
    /// The key of its SubjectPublicKeyInfo.
    pub fn read(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, Fault> {
        let parameters = info.algorithm.parameters;
        match info.algorithm.oid {
            curve::EC_PUBLIC_KEY => Ok(Self::Ec(Point::of_key(parameters, info.subject_public_key)?)),
            RSA_ENCRYPTION if parameters.is_none_or(AnyRef::is_null) => {
                rsa_key(info).map(|key| Self::Rsa(key, RsaUse::Any))
            }
            RSASSA_PSS => {
                let restricted = parameters.map(Pssed::read).transpose()?;
                rsa_key(info).map(|key| Self::Rsa(key, RsaUse::Pss(restricted)))
            }
            _ => Err(Fault::Key),
        }
    }

    /// The key of a SubjectPublicKeyInfo in DER.
    pub fn from_der(info: &[u8]) -> Result<Self, Fault> {
        Self::read(&SubjectPublicKeyInfoRef::from_der(info).map_err(|_| Fault::Key)?)
    }

    /// Its kind and size in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Rsa(key, _) => format!("RSA {}", key.n().bits_vartime()),
            Self::Ec(point) => point.curve().name().to_owned(),
        }
    }

    /// That the signature is over the parts, one after the other.
    pub fn verify(&self, algorithm: Algorithm, parts: &[&[u8]], signature: &[u8]) -> Result<(), Fault> {
        let digest = algorithm.hash().digest(parts);
        match (self, algorithm) {
            (Self::Rsa(key, RsaUse::Any), Algorithm::RsaPkcs1(hash)) => pkcs1(key, hash, &digest, signature),
            (Self::Rsa(key, restriction), Algorithm::RsaPss(parameters)) => {
                let admitted = match restriction {
                    RsaUse::Any | RsaUse::Pss(None) => true,
                    RsaUse::Pss(Some(least)) => least.hash == parameters.hash && least.salt <= parameters.salt,
                };
                if !admitted {
                    return Err(Fault::Mismatch);
                }
                pss(key, parameters, &digest, signature)
            }
            (Self::Ec(point), Algorithm::Ecdsa(_)) => ecdsa(point, &digest, signature),
            (Self::Rsa(_, RsaUse::Pss(_)), Algorithm::RsaPkcs1(_))
            | (Self::Rsa(..), Algorithm::Ecdsa(_))
            | (Self::Ec(_), Algorithm::RsaPkcs1(_) | Algorithm::RsaPss(_)) => Err(Fault::Mismatch),
        }
    }
}

impl PublicKey {
    /// That r and s, at the length of the curve's order and one after the other (TR-03111 §5.2.1), sign what has this hash:
    /// keys of elliptic curves alone.
    pub fn verify_plain(&self, hash: &[u8], signature: &[u8]) -> Result<(), Fault> {
        let Self::Ec(point) = self else { return Err(Fault::Mismatch) };
        let (r, s) = signature.split_at_checked(point.curve().field_length()).ok_or(Fault::Invalid)?;
        if r.len() == s.len() && numbers_sign(point, hash, r, s) { Ok(()) } else { Err(Fault::Invalid) }
    }
}

fn rsa_key(info: &SubjectPublicKeyInfoRef<'_>) -> Result<RsaPublicKey, Fault> {
    let octets = info.subject_public_key.as_bytes().ok_or(Fault::Key)?;
    let (n, e) = two_numbers(octets).ok_or(Fault::Key)?;
    let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
    if !RSA_BITS.contains(&n.bits_vartime()) || e.bits_vartime() < 2 {
        return Err(Fault::KeySize);
    }
    // Refuses even numbers and exponents above 33 bits, which would only make verification slow.
    RsaPublicKey::new(n, e).map_err(|_| Fault::KeySize)
}

/// SEQUENCE of two numbers that are not negative.
fn two_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der).ok()?;
    let two = reader
        .sequence(|reader| {
            Ok::<_, der::Error>((UintRef::decode(reader)?.as_bytes(), UintRef::decode(reader)?.as_bytes()))
        })
        .ok()?;
    reader.is_finished().then_some(two)
}

fn pkcs1(key: &RsaPublicKey, hash: Hash, digest: &[u8], signature: &[u8]) -> Result<(), Fault> {
    let scheme = match hash {
        Hash::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
        Hash::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
        Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    };
    rsa(key, scheme, digest, signature)
}

fn pss(key: &RsaPublicKey, parameters: Pssed, digest: &[u8], signature: &[u8]) -> Result<(), Fault> {
    // The encoded message must have the length of the modulus, less one bit (RFC 8017 §9.1.1): a modulus with one bit in
    // its first octet has a shorter one. No document has such a key.
    let bits = key.n().bits_vartime();
    let room = key.size().saturating_sub(digest.len().saturating_add(2));
    if bits & 7 == 1 || usize::from(parameters.salt) > room {
        return Err(Fault::Parameters);
    }
    let salt = parameters.salt.into();
    match parameters.hash {
        Hash::Sha1 => rsa(key, Pss::<Sha1>::new_with_salt(salt), digest, signature),
        Hash::Sha224 => rsa(key, Pss::<Sha224>::new_with_salt(salt), digest, signature),
        Hash::Sha256 => rsa(key, Pss::<Sha256>::new_with_salt(salt), digest, signature),
        Hash::Sha384 => rsa(key, Pss::<Sha384>::new_with_salt(salt), digest, signature),
        Hash::Sha512 => rsa(key, Pss::<Sha512>::new_with_salt(salt), digest, signature),
    }
}

fn rsa(key: &RsaPublicKey, scheme: impl SignatureScheme, digest: &[u8], signature: &[u8]) -> Result<(), Fault> {
    if signature.len() != key.size() {
        return Err(Fault::Invalid);
    }
    key.verify(scheme, digest, signature).map_err(|_| Fault::Invalid)
}

fn ecdsa(point: &Point, digest: &[u8], signature: &[u8]) -> Result<(), Fault> {
    let (r, s) = two_numbers(signature).ok_or(Fault::Invalid)?;
    let length = point.curve().field_length();
    let padded = |number: &[u8]| {
        let missing = length.checked_sub(number.len())?;
        Some([&vec![0; missing], number].concat())
    };
    let (r, s) = padded(r).zip(padded(s)).ok_or(Fault::Invalid)?;
    if numbers_sign(point, digest, &r, &s) { Ok(()) } else { Err(Fault::Invalid) }
}

/// By the crates of the named curves where they exist, and by the arithmetic of [`curve`] for the two that have none. Both
/// numbers have the length of the order.
fn numbers_sign(point: &Point, digest: &[u8], r: &[u8], s: &[u8]) -> bool {
    macro_rules! by_crate {
        ($kind:ty) => {
            ecdsa::VerifyingKey::<$kind>::from_sec1_bytes(point.octets())
                .and_then(|key| key.verify_prehash(digest, &ecdsa::Signature::<$kind>::from_slice(&[r, s].concat())?))
                .is_ok()
        };
    }
    match point.curve() {
        Curve::P256 => by_crate!(p256::NistP256),
        Curve::P384 => by_crate!(p384::NistP384),
        Curve::P521 => by_crate!(p521::NistP521),
        Curve::BrainpoolP256r1 => by_crate!(bp256::BrainpoolP256r1),
        Curve::BrainpoolP384r1 => by_crate!(bp384::BrainpoolP384r1),
        Curve::BrainpoolP320r1 | Curve::BrainpoolP512r1 => point.verifies(digest, r, s),
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
