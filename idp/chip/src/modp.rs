//! The groups of integers that documents use, and the only ones: a closed list, as the curves are (RFC 5114 §2).
//!
//! Parameters of a key are compared with those known here, and name a group of the list or are refused; nothing is ever
//! computed on them. A modulus with small factors, or a generator of a small group, would give a forger the agreement.
//!
//! ```text
//!  SubjectPublicKeyInfo ── p, g, q (or p, g) ──▶ Modp ──▶ Number (in the group of order q, checked)
//! ```

mod arithmetic;
pub(crate) mod domain;

use crypto_bigint::{U1024, U2048};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use thiserror::Error;
use zeroize::Zeroizing;

use domain::Domain;

/// dhpublicnumber: p, g and q (RFC 3279 §2.3.3).
const WITH_ORDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// dhKeyAgreement: p and g (PKCS #3 §9).
const WITHOUT_ORDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");

/// Calls a generic function at the width of a group's numbers.
macro_rules! at_width {
    ($group:expr, $function:ident($($argument:expr),*)) => {
        match $group {
            Modp::M1024Q160 => arithmetic::$function::<{ U1024::LIMBS }>($group.domain(), $($argument),*),
            Modp::M2048Q224 | Modp::M2048Q256 => {
                arithmetic::$function::<{ U2048::LIMBS }>($group.domain(), $($argument),*)
            }
        }
    };
}

/// A group of the list: of prime order q, within the integers modulo p.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modp {
    /// 1024 bits, order of 160 bits (RFC 5114 §2.1).
    M1024Q160,
    /// 2048 bits, order of 224 bits (RFC 5114 §2.2).
    M2048Q224,
    /// 2048 bits, order of 256 bits (RFC 5114 §2.3).
    M2048Q256,
}

/// Why a key is in no group of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The parameters cannot be read, or are absent.
    #[error("the parameters of the group cannot be read")]
    Malformed,
    /// They name or describe another group than those of the list.
    #[error("the group is none of those that are accepted")]
    Unlisted,
    /// The public key is not written as a number, in the fewest octets.
    #[error("the public key is not a number in its fewest octets")]
    NumberForm,
    /// The public key is 0, 1, p − 1 or more, or of another order than q.
    #[error("the public key is not in the group")]
    NotInGroup,
}

impl Modp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::M1024Q160, Self::M2048Q224, Self::M2048Q256];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M1024Q160 => "MODP-1024-160",
            Self::M2048Q224 => "MODP-2048-224",
            Self::M2048Q256 => "MODP-2048-256",
        }
    }

    /// The group of a standardized domain parameter identifier (ICAO 9303-11 §9.5.1).
    pub const fn standardized(identifier: u8) -> Option<Self> {
        match identifier {
            0 => Some(Self::M1024Q160),
            1 => Some(Self::M2048Q224),
            2 => Some(Self::M2048Q256),
            _ => None,
        }
    }

    /// Length of p, and of what is agreed on, in octets.
    pub fn length(self) -> usize {
        self.domain().p.len()
    }

    /// The order q, big-endian.
    pub fn order(self) -> &'static [u8] {
        self.domain().q
    }

    /// The generator g.
    pub fn generator(self) -> Number {
        Number { group: self, octets: self.domain().g.to_vec().into() }
    }

    pub(crate) fn domain(self) -> &'static Domain {
        match self {
            Self::M1024Q160 => &domain::M1024Q160,
            Self::M2048Q224 => &domain::M2048Q224,
            Self::M2048Q256 => &domain::M2048Q256,
        }
    }

    /// The group that the algorithm and parameters of a key describe number by number.
    pub fn of_parameters(algorithm: ObjectIdentifier, parameters: AnyRef<'_>) -> Result<Self, Fault> {
        let has_order = match algorithm {
            WITH_ORDER => true,
            WITHOUT_ORDER => false,
            _ => return Err(Fault::Unlisted),
        };
        let explicit = Explicit::read(parameters, has_order).map_err(|_| Fault::Malformed)?;
        Self::ALL.into_iter().find(|group| explicit.is(*group)).ok_or(Fault::Unlisted)
    }

    /// The public key that octets write, big-endian and in the fewest (ICAO 9303-11 §9.4.4): in the group, checked
    /// (NIST SP 800-56A §5.6.2.3.1).
    pub fn number(self, octets: &[u8]) -> Result<Number, Fault> {
        if octets.len() > self.length() || octets.first().is_none_or(|first| *first == 0) {
            return Err(Fault::NumberForm);
        }
        if !at_width!(self, has(octets)) {
            return Err(Fault::NotInGroup);
        }
        let mut padded = Zeroizing::new(vec![0; self.length().saturating_sub(octets.len())]);
        padded.extend_from_slice(octets);
        Ok(Number { group: self, octets: padded })
    }

    /// The public key in the bits of a key.
    pub(crate) fn key(self, bits: BitStringRef<'_>) -> Result<Number, Fault> {
        let bits = bits.as_bytes().ok_or(Fault::NumberForm)?;
        self.number(UintRef::from_der(bits).map_err(|_| Fault::NumberForm)?.as_bytes())
    }

    /// A number of the group to a secret number modulo the order, in constant time and as long as p; none when it is 1.
    pub(crate) fn power(self, base: &Number, exponent: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        at_width!(self, power(&base.octets, exponent))
    }

    /// g to the nonce, times what is shared (ICAO 9303-11 §4.4.3.3.1).
    pub(crate) fn generic(self, shared: &[u8], nonce: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        at_width!(self, generic(shared, nonce))
    }

    /// A pseudo-random string to the cofactor (ICAO 9303-11 §4.4.3.3.2).
    pub(crate) fn integrated(self, string: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        at_width!(self, integrated(string))
    }

    /// What is left of octets modulo the order, in constant time and as long as the order.
    pub(crate) fn reduced(self, octets: &[u8]) -> Vec<u8> {
        arithmetic::reduced(self.domain(), octets)
    }
}

/// A number of a group of the list, other than 1: a public key, or a generator that was mapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    group: Modp,
    /// As long as p.
    octets: Zeroizing<Vec<u8>>,
}

impl Number {
    /// The public key of a key's algorithm, parameters and bits, which hold an INTEGER (RFC 3279 §2.3.3).
    pub fn of_key(
        algorithm: ObjectIdentifier,
        parameters: Option<AnyRef<'_>>,
        bits: BitStringRef<'_>,
    ) -> Result<Self, Fault> {
        Modp::of_parameters(algorithm, parameters.ok_or(Fault::Malformed)?)?.key(bits)
    }

    /// What the arithmetic of the group gave, which the group is closed under.
    pub(crate) const fn of_group(group: Modp, octets: Zeroizing<Vec<u8>>) -> Self {
        Self { group, octets }
    }

    /// Its group.
    pub const fn group(&self) -> Modp {
        self.group
    }

    /// Big-endian, in the fewest octets.
    pub fn octets(&self) -> &[u8] {
        let zeros = self.octets.iter().take_while(|octet| **octet == 0).count();
        self.octets.get(zeros..).unwrap_or_default()
    }
}

/// DomainParameters, or DHParameter, as received: for comparison alone.
struct Explicit<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: Option<UintRef<'a>>,
}

impl<'a> Explicit<'a> {
    fn read(parameters: AnyRef<'a>, has_order: bool) -> der::Result<Self> {
        parameters.sequence(|reader: &mut SliceReader<'a>| {
            let (p, g) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
            let q = has_order.then(|| UintRef::decode(reader)).transpose()?;
            // The cofactor follows from p and q; how long secrets should be is the matter of who makes them.
            Option::<UintRef<'_>>::decode(reader)?;
            // The seed says how a group was chosen, and nothing of which it is.
            if has_order && !reader.is_finished() && AnyRef::decode(reader)?.tag() != Tag::Sequence {
                return Err(Tag::Sequence.value_error().into());
            }
            if !reader.is_finished() {
                return Err(Tag::Integer.value_error().into());
            }
            Ok(Self { p, g, q })
        })
    }

    /// Whether every number is that of the group.
    fn is(&self, group: Modp) -> bool {
        let domain = group.domain();
        let is = |number: &UintRef<'_>, known: &[u8]| number.as_bytes() == significant(known);
        is(&self.p, domain.p) && is(&self.g, domain.g) && self.q.as_ref().is_none_or(|q| is(q, domain.q))
    }
}

fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
#[path = "modp_tests.rs"]
mod tests;
