//! Active authentication (ICAO 9303-11 §6.1): the chip signs a challenge with the key of data group 15. Unlike chip
//! authentication it convinces whoever sees it, and a relayed chip answers it just as well.

use std::fmt;

use der::Decode;
use der::asn1::UintRef;
use rsa::BoxedUint;
use rsa::RsaPublicKey;
use rsa::hazmat::rsa_encrypt;
use rsa::traits::PublicKeyParts;
use thiserror::Error;

use crate::apdu::{Command, Response, Status};
use crate::asn1::SEQUENCE;
use crate::curve::{Curve, Point};
use crate::hash::Hash;
use crate::signature::PublicKey;
use crate::tlv::{self, Reader, Tag};

const INTEGER: Tag = Tag(0x02);

/// Why a chip is not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The answer is none.
    #[error("what came is no answer: {0}")]
    Answer(#[from] crate::apdu::Fault),
    /// The chip refused.
    #[error("the chip answered {0}")]
    Refused(Status),
    /// Data group 14 does not say which hash an ECDSA key goes with, or says SHA-1, which it must not (§6.1.2.3).
    #[error("the hash of the signature is not announced, or must not be used")]
    Hash,
    /// The signature has not the length of the key, or a number in it that no signature has.
    #[error("the signature has another length or form")]
    SignatureForm,
    /// The signature reads as both encodings of ECDSA.
    #[error("the signature can be read in two ways")]
    Ambiguous,
    /// What the signature recovers is no message of ISO/IEC 9796-2 scheme 1.
    #[error("the recovered message has another form")]
    RecoveredForm,
    /// The signature is not over this challenge, or not of this key.
    #[error("the signature is not over this challenge")]
    Signature,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answer(fault) => fault.code(),
            Self::Refused(_) => "AA_REFUSED",
            Self::Hash => "AA_HASH",
            Self::SignatureForm => "AA_SIGNATURE_FORM",
            Self::Ambiguous => "AA_AMBIGUOUS",
            Self::RecoveredForm => "AA_RECOVERED_FORM",
            Self::Signature => "AA_SIGNATURE",
        }
    }
}

/// The key of an authentic data group 15, and for ECDSA the hash that data group 14 announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rsa(RsaPublicKey),
    Ecdsa(Point, Hash),
}

impl ActiveKey {
    /// Of the key of data group 15 and the hash of the ActiveAuthenticationInfo of data group 14, both authentic.
    ///
    /// # Errors
    /// [`Fault::Hash`] for an ECDSA key without a hash, or with SHA-1.
    pub fn new(key: PublicKey, announced: Option<Hash>) -> Result<Self, Fault> {
        match (key, announced) {
            (PublicKey::Rsa(key, _), _) => Ok(Self(Kind::Rsa(key))),
            (PublicKey::Ec(point), Some(hash)) if hash != Hash::Sha1 => Ok(Self(Kind::Ecdsa(point, hash))),
            (PublicKey::Ec(_), _) => Err(Fault::Hash),
        }
    }

    /// How long a signature may be.
    fn longest(&self) -> usize {
        match &self.0 {
            Kind::Rsa(key) => key.size(),
            // Two integers of one octet more than the order at most, in DER.
            Kind::Ecdsa(point, _) => point.curve().field_length().saturating_mul(2).saturating_add(16),
        }
    }
}

/// Eight octets that nobody foresaw, for one signature.
pub struct Challenge([u8; 8]);

/// None of them.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

/// Proof that the chip holds the secret of the key: it signed the challenge.
#[cfg_attr(fuzzing, derive(Clone))]
#[derive(Debug)]
pub struct ActivelyAuthenticated {
    key: ActiveKey,
}

impl Challenge {
    /// These octets, which nothing else may have used.
    pub const fn new(octets: [u8; 8]) -> Self {
        Self(octets)
    }

    /// INTERNAL AUTHENTICATE, to be sent within secure messaging (§6.1.1).
    ///
    /// # Errors
    /// None that a key of this crate gives.
    pub fn command(&self, key: &ActiveKey) -> Result<Command, crate::apdu::Fault> {
        Command::internal_authenticate(self.0, key.longest())
    }

    /// Takes the chip's answer as a phone unwrapped it: a signature needs no channel to be believed.
    ///
    /// # Errors
    /// [`Fault`] when it is not the key's signature over this challenge.
    pub fn answer(self, key: &ActiveKey, answer: &[u8]) -> Result<ActivelyAuthenticated, Fault> {
        let response = Response::read(answer)?;
        if response.status != Status::DONE {
            return Err(Fault::Refused(response.status));
        }
        self.verify(key, response.data)
    }

    /// Holds the signature against the key and this challenge.
    ///
    /// # Errors
    /// [`Fault`] when it is not the key's over this challenge.
    pub fn verify(self, key: &ActiveKey, signature: &[u8]) -> Result<ActivelyAuthenticated, Fault> {
        match &key.0 {
            Kind::Rsa(rsa) => recovered(&recover(rsa, signature)?, self.0)?,
            Kind::Ecdsa(point, hash) => ecdsa(point, *hash, self.0, signature)?,
        }
        Ok(ActivelyAuthenticated { key: key.clone() })
    }
}

impl ActivelyAuthenticated {
    /// The key.
    pub const fn key(&self) -> &ActiveKey {
        &self.key
    }
}

/// The signature to the power of the public exponent, as long as the modulus (ISO/IEC 9796-2 appendix B.7). Where that
/// does not end as every message does, its complement is the message: signatures of appendix B.5 are the smaller of two.
fn recover(key: &RsaPublicKey, signature: &[u8]) -> Result<Vec<u8>, Fault> {
    let modulus = key.n();
    let size = key.size();
    if signature.len() != size {
        return Err(Fault::SignatureForm);
    }
    let number = BoxedUint::from_be_slice(signature, modulus.bits_precision()).map_err(|_| Fault::SignatureForm)?;
    if number >= **modulus {
        return Err(Fault::SignatureForm);
    }
    let power = rsa_encrypt(key, &number).map_err(|_| Fault::SignatureForm)?;
    let octets = |number: &BoxedUint| {
        let octets = number.to_be_bytes();
        octets.get(octets.len().saturating_sub(size)..).unwrap_or_default().to_vec()
    };
    let direct = octets(&power);
    if direct.last().is_some_and(|last| last & 0x0f == 0x0c) {
        return Ok(direct);
    }
    Ok(octets(&modulus.as_ref().wrapping_sub(&power)))
}

/// That the recovered message is `6A`, M1, H(M1 ‖ challenge) and a trailer (ISO/IEC 9796-2 scheme 1, ICAO 9303-11
/// §6.1.2.2).
fn recovered(message: &[u8], challenge: [u8; 8]) -> Result<(), Fault> {
    let (body, hash) = match message {
        [0x6a, body @ .., 0xbc] => (body, Hash::Sha1),
        [0x6a, body @ .., trailer, 0xcc] => {
            let hash = match trailer {
                0x33 => Hash::Sha1,
                0x34 => Hash::Sha256,
                0x35 => Hash::Sha512,
                0x36 => Hash::Sha384,
                0x38 => Hash::Sha224,
                _ => return Err(Fault::RecoveredForm),
            };
            (body, hash)
        }
        _ => return Err(Fault::RecoveredForm),
    };
    let at = body.len().checked_sub(hash.length()).ok_or(Fault::RecoveredForm)?;
    let (first, digest) = body.split_at_checked(at).ok_or(Fault::RecoveredForm)?;
    if hash.digest(&[first, &challenge]) == digest { Ok(()) } else { Err(Fault::Signature) }
}

/// r and s at the length of the order one after the other (TR-03111 §5.2.1). Cards that answer in DER are met: that is
/// taken when the octets cannot be the plain form.
fn ecdsa(point: &Point, hash: Hash, challenge: [u8; 8], signature: &[u8]) -> Result<(), Fault> {
    let plain = plain(point.curve(), signature);
    let (r, s) = match (plain, der(signature)) {
        (Some(_), Some(_)) => return Err(Fault::Ambiguous),
        (Some(plain), None) => plain,
        (None, Some(der)) => der,
        (None, None) => return Err(Fault::SignatureForm),
    };
    if point.verifies(&hash.digest(&[&challenge]), r, s) { Ok(()) } else { Err(Fault::Signature) }
}

fn plain(curve: Curve, signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = curve.field_length();
    let (r, s) = signature.split_at_checked(length)?;
    (s.len() == length).then_some((r, s))
}

fn der(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut integers = Reader::new(tlv::only(signature, SEQUENCE).ok()?);
    let mut next = || {
        let object = integers.next()?.ok().filter(|object| object.tag == INTEGER)?;
        UintRef::from_der(object.whole).ok().map(|integer| integer.as_bytes())
    };
    let numbers = (next()?, next()?);
    integers.finish().ok()?;
    Some(numbers)
}

#[cfg(test)]
#[path = "active_tests.rs"]
mod tests;
