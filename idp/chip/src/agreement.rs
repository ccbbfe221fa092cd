//! Key agreement with a secret of this process: constant time, one use, wiped afterwards (ICAO 9303-11 §9.6, TR-03111 §4.3).
//!
//! Over a curve (ECDH) or over integers (DH), each of a closed list: the one protocol above does not tell them apart.

mod brainpool;
mod group;
mod public;

use std::fmt;

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::curve::{Curve, Point};
use crate::modp::Number;
use group::{generic, integrated, product, reduced};
pub use public::{Domain, Public, Unfit};

/// How many octets of randomness make a secret: 64 bits and more above the longest order, so that the remainder modulo the
/// order shows no bias (FIPS 186-5 §A.2.1).
pub const RANDOMNESS: usize = 80;

/// Calls a function of the curve's own type.
macro_rules! on {
    ($curve:expr, $function:ident($($argument:expr),*)) => {
        match $curve {
            Curve::P256 => $function::<p256::NistP256>($($argument),*),
            Curve::P384 => $function::<p384::NistP384>($($argument),*),
            Curve::P521 => $function::<p521::NistP521>($($argument),*),
            Curve::BrainpoolP256r1 => $function::<bp256::BrainpoolP256r1>($($argument),*),
            Curve::BrainpoolP320r1 => $function::<brainpool::p320::Curve>($($argument),*),
            Curve::BrainpoolP384r1 => $function::<bp384::BrainpoolP384r1>($($argument),*),
            Curve::BrainpoolP512r1 => $function::<brainpool::p512::Curve>($($argument),*),
        }
    };
}

/// Why no agreement was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The randomness gives no secret: it is a multiple of the order, as no generator of random numbers gives.
    #[error("the randomness gives no secret")]
    Randomness,
    /// The two keys are not of one curve, or of one group of integers.
    #[error("the keys are on different curves, or of different groups")]
    OtherCurve,
    /// The result is the neutral element, or none: nothing may be derived from it.
    #[error("the agreement gives nothing that keys may be derived from")]
    Neutral,
}

impl Fault {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Randomness => "AGREEMENT_RANDOMNESS",
            Self::OtherCurve => "AGREEMENT_OTHER_CURVE",
            Self::Neutral => "AGREEMENT_NEUTRAL",
        }
    }
}

/// Octets from a generator of random numbers for one secret: wiped when they go, and used up by what takes them.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Randomness([u8; RANDOMNESS]);

impl Randomness {
    /// These octets, which nothing else may have used.
    pub const fn new(octets: [u8; RANDOMNESS]) -> Self {
        Self(octets)
    }

    /// The octets, for a nonce that is sent in clear.
    pub(crate) const fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// No octet of them.
impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness")
    }
}

/// A secret number and its public key, for one agreement: taking part consumes it, and nothing gives it out.
pub struct EphemeralSecret {
    scalar: Zeroizing<Vec<u8>>,
    public: Public,
}

/// Its public key alone.
impl fmt::Debug for EphemeralSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EphemeralSecret({:?})", self.public.domain())
    }
}

/// What two parties share: wiped when it goes.
pub(crate) struct Shared {
    domain: Domain,
    octets: Zeroizing<Vec<u8>>,
}

impl EphemeralSecret {
    /// One of a curve or a group, over its own generator.
    ///
    /// # Errors
    /// [`Fault::Randomness`], as good as never.
    pub fn new(domain: impl Into<Domain>, randomness: Randomness) -> Result<Self, Fault> {
        Self::over(&domain.into().generator(), randomness)
    }

    /// One over another generator (PACE).
    pub(crate) fn over(generator: &Public, randomness: Randomness) -> Result<Self, Fault> {
        let scalar = Zeroizing::new(match generator.domain() {
            Domain::Curve(curve) => on!(curve, reduced(&randomness.0)),
            Domain::Integers(group) => group.reduced(&randomness.0),
        });
        drop(randomness);
        if scalar.iter().all(|octet| *octet == 0) {
            return Err(Fault::Randomness);
        }
        let public = multiply(generator, &scalar)?.into_public()?;
        Ok(Self { scalar, public })
    }

    /// The public key to send.
    pub const fn public(&self) -> &Public {
        &self.public
    }

    /// What is shared with whoever holds the secret of the other key.
    pub(crate) fn agree(self, with: &Public) -> Result<Shared, Fault> {
        if with.domain() != self.public.domain() {
            return Err(Fault::OtherCurve);
        }
        multiply(with, &self.scalar)
    }
}

/// Point · number, or number to a number, in constant time.
fn multiply(base: &Public, number: &[u8]) -> Result<Shared, Fault> {
    let octets = match base {
        Public::Point(point) => on!(point.curve(), product(point.octets(), number)),
        Public::Number(base) => base.group().power(base, number),
    };
    Ok(Shared { domain: base.domain(), octets: octets.ok_or(Fault::Neutral)? })
}

impl Shared {
    /// What keys are derived from: the x-coordinate, as long as the field, or the number, as long as p
    /// (ICAO 9303-11 §9.7.1, TR-03111 §4.3.1, RFC 2631 §2.1.2).
    pub(crate) fn secret(&self) -> &[u8] {
        match self.domain {
            Domain::Curve(curve) => {
                let coordinates = self.octets.get(1..).unwrap_or_default();
                coordinates.get(..curve.field_length()).unwrap_or_default()
            }
            Domain::Integers(_) => &self.octets,
        }
    }

    /// For further computation.
    fn into_public(self) -> Result<Public, Fault> {
        match self.domain {
            Domain::Curve(curve) => curve.point(&self.octets).map(Public::Point).map_err(|_| Fault::Neutral),
            Domain::Integers(group) => Ok(Public::Number(Number::of_group(group, self.octets))),
        }
    }

    /// The generator that the nonce and this give: the generic mapping (ICAO 9303-11 §4.4.3.3.1).
    pub(crate) fn mapped(&self, nonce: &[u8]) -> Result<Public, Fault> {
        let octets = match self.domain {
            Domain::Curve(curve) => on!(curve, generic(&self.octets, nonce)),
            Domain::Integers(group) => group.generic(&self.octets, nonce),
        };
        Self { domain: self.domain, octets: octets.ok_or(Fault::Neutral)? }.into_public()
    }
}

/// What a pseudo-random string maps to: the integrated mapping (ICAO 9303-11 §4.4.3.3.2 and appendix B).
pub(crate) fn mapped(domain: Domain, string: &[u8]) -> Result<Public, Fault> {
    let octets = match domain {
        Domain::Curve(curve) => on!(curve, integrated(string, curve.domain().p)),
        Domain::Integers(group) => group.integrated(string),
    };
    Shared { domain, octets: octets.ok_or(Fault::Neutral)? }.into_public()
}

/// point · number, when the number is below the order: what chip authentication data claim (ICAO 9303-11 §4.4.3.5.2).
pub(crate) fn times(point: &Point, number: &[u8]) -> Option<Point> {
    let curve = point.curve();
    curve.point(&on!(curve, product(point.octets(), number))?).ok()
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
