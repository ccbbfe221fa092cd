//! Key agreement with a secret of this process: constant time, one use, wiped afterwards (ICAO 9303-11 §9.6, TR-03111 §4.3).
//!
//! Groups of numbers (DH) are not among them: no document of the field that this crate serves was seen with one, and they
//! are refused by name where a chip announces them.

mod brainpool;
mod group;

use std::fmt;

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::curve::{Curve, Point};
use group::{generic, integrated, product, reduced};

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
    /// The two points are not on one curve.
    #[error("the points are on different curves")]
    OtherCurve,
    /// The result is the neutral element, or no point: nothing may be derived from it.
    #[error("the agreement gives no point")]
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
    public: Point,
}

/// Its public key alone.
impl fmt::Debug for EphemeralSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EphemeralSecret({:?})", self.public.curve())
    }
}

/// A point that two parties share: wiped when it goes.
pub(crate) struct Shared {
    curve: Curve,
    octets: Zeroizing<Vec<u8>>,
}

impl EphemeralSecret {
    /// One on a curve, over its own generator.
    ///
    /// # Errors
    /// [`Fault::Randomness`], as good as never.
    pub fn new(curve: Curve, randomness: Randomness) -> Result<Self, Fault> {
        Self::over(&curve.generator(), randomness)
    }

    /// One over another generator (PACE).
    pub(crate) fn over(generator: &Point, randomness: Randomness) -> Result<Self, Fault> {
        let curve = generator.curve();
        let scalar = Zeroizing::new(on!(curve, reduced(&randomness.0)));
        drop(randomness);
        if scalar.iter().all(|octet| *octet == 0) {
            return Err(Fault::Randomness);
        }
        let public = multiply(generator, &scalar)?.into_point()?;
        Ok(Self { scalar, public })
    }

    /// The public key to send.
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// The point shared with whoever holds the secret of the other key.
    pub(crate) fn agree(self, with: &Point) -> Result<Shared, Fault> {
        if with.curve() != self.public.curve() {
            return Err(Fault::OtherCurve);
        }
        multiply(with, &self.scalar)
    }
}

/// Point · number, in constant time.
fn multiply(point: &Point, number: &[u8]) -> Result<Shared, Fault> {
    let curve = point.curve();
    let octets = on!(curve, product(point.octets(), number)).ok_or(Fault::Neutral)?;
    Ok(Shared { curve, octets })
}

impl Shared {
    /// Its x-coordinate, as long as the field: what keys are derived from (ICAO 9303-11 §9.7.1).
    pub(crate) fn x(&self) -> &[u8] {
        let coordinates = self.octets.get(1..).unwrap_or_default();
        coordinates.get(..self.curve.field_length()).unwrap_or_default()
    }

    /// As a point for further computation.
    fn into_point(self) -> Result<Point, Fault> {
        self.curve.point(&self.octets).map_err(|_| Fault::Neutral)
    }

    /// nonce · G + this: the generic mapping (ICAO 9303-11 §4.4.3.3.1).
    pub(crate) fn mapped(&self, nonce: &[u8]) -> Result<Point, Fault> {
        let octets = on!(self.curve, generic(&self.octets, nonce)).ok_or(Fault::Neutral)?;
        Self { curve: self.curve, octets }.into_point()
    }
}

/// The point of a pseudo-random string: the integrated mapping (ICAO 9303-11 §4.4.3.3.2 and appendix B).
pub(crate) fn mapped(curve: Curve, string: &[u8]) -> Result<Point, Fault> {
    let octets = on!(curve, integrated(string, curve.domain().p)).ok_or(Fault::Neutral)?;
    Shared { curve, octets }.into_point()
}

/// point · number, when the number is below the order: what chip authentication data claim (ICAO 9303-11 §4.4.3.5.2).
pub(crate) fn times(point: &Point, number: &[u8]) -> Option<Point> {
    multiply(point, number).ok()?.into_point().ok()
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
