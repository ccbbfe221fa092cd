//! Public keys of an agreement, and what they are of: a curve or a group of integers.

use der::asn1::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;
use thiserror::Error;

use crate::curve::{self, Curve, Point};
use crate::modp::{self, Modp, Number};

/// standardizedDomainParameters: a number stands for the curve or the group (ICAO 9303-11 §9.5.1).
const STANDARDIZED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");

/// What an agreement computes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// An elliptic curve (ECDH).
    Curve(Curve),
    /// A group of integers (DH).
    Integers(Modp),
}

/// A public key of an agreement, checked to be of its curve or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Public {
    /// Of a curve.
    Point(Point),
    /// Of a group of integers.
    Number(Number),
}

/// Why a key serves no agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It is on no curve of the list.
    #[error("{0}")]
    Curve(#[from] curve::Fault),
    /// It is in no group of integers of the list.
    #[error("{0}")]
    Integers(#[from] modp::Fault),
}

impl Domain {
    /// What a standardized identifier stands for (ICAO 9303-11 §9.5.1).
    pub fn standardized(identifier: u8) -> Option<Self> {
        let group = Modp::standardized(identifier).map(Self::Integers);
        group.or_else(|| Curve::standardized(identifier).map(Self::Curve))
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curve(curve) => curve.name(),
            Self::Integers(group) => group.name(),
        }
    }

    /// Its generator.
    pub fn generator(self) -> Public {
        match self {
            Self::Curve(curve) => Public::Point(curve.generator()),
            Self::Integers(group) => Public::Number(group.generator()),
        }
    }

    /// The public key that a party sent.
    ///
    /// # Errors
    /// [`Unfit`] when it is none of this curve or group.
    pub fn public(self, octets: &[u8]) -> Result<Public, Unfit> {
        match self {
            Self::Curve(curve) => Ok(Public::Point(curve.point(octets)?)),
            Self::Integers(group) => Ok(Public::Number(group.number(octets)?)),
        }
    }

    /// Length of a coordinate, or of p, in octets.
    pub(crate) fn field_length(self) -> usize {
        match self {
            Self::Curve(curve) => curve.field_length(),
            Self::Integers(group) => group.length(),
        }
    }
}

impl From<Curve> for Domain {
    fn from(curve: Curve) -> Self {
        Self::Curve(curve)
    }
}

impl From<Modp> for Domain {
    fn from(group: Modp) -> Self {
        Self::Integers(group)
    }
}

impl Public {
    /// What it is of.
    pub const fn domain(&self) -> Domain {
        match self {
            Self::Point(point) => Domain::Curve(point.curve()),
            Self::Number(number) => Domain::Integers(number.group()),
        }
    }

    /// As it is sent: a point uncompressed, a number in its fewest octets (ICAO 9303-11 §9.4.4, §9.4.5).
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Point(point) => point.octets(),
            Self::Number(number) => number.octets(),
        }
    }

    /// The key of a SubjectPublicKeyInfo over a curve.
    pub(crate) fn over_curve(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, Unfit> {
        if info.algorithm.oid != STANDARDIZED {
            return Ok(Self::Point(Point::of_key(info.algorithm.parameters, info.subject_public_key)?));
        }
        let curve = standardized(info).and_then(Curve::standardized).ok_or(curve::Fault::Unlisted)?;
        let bits = info.subject_public_key.as_bytes().ok_or(curve::Fault::PointForm)?;
        Ok(Self::Point(curve.point(bits)?))
    }

    /// The key of a SubjectPublicKeyInfo over integers.
    pub(crate) fn over_integers(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, Unfit> {
        let (algorithm, bits) = (info.algorithm, info.subject_public_key);
        if algorithm.oid != STANDARDIZED {
            return Ok(Self::Number(Number::of_key(algorithm.oid, algorithm.parameters, bits)?));
        }
        let group = standardized(info).and_then(Modp::standardized).ok_or(modp::Fault::Unlisted)?;
        Ok(Self::Number(group.key(bits)?))
    }
}

/// The identifier in the parameters.
fn standardized(info: &SubjectPublicKeyInfoRef<'_>) -> Option<u8> {
    info.algorithm.parameters.and_then(|parameters| parameters.decode_as().ok())
}

impl From<Point> for Public {
    fn from(point: Point) -> Self {
        Self::Point(point)
    }
}

impl From<Number> for Public {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}
