//! The elliptic curves that documents use, and the only ones: a closed list.
//!
//! Keys of documents mostly carry *explicit* curve parameters. Nothing is ever computed on those: they are compared with the
//! parameters known here, name a curve of the list or are refused (the class of CVE-2020-0601, where a forged generator
//! made any public key verify).
//!
//! ```text
//!  SubjectPublicKeyInfo ── named OID ──────────┐
//!                       └─ p, a, b, n, G, h ───┴─▶ Curve ──▶ Point (on the curve, checked)
//! ```

pub(crate) mod domain;
mod weierstrass;

use crypto_bigint::{U256, U320, U384, U512, U576};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use thiserror::Error;

use domain::Domain;
use weierstrass::Group;

/// Calls a generic function at the width of a curve's numbers.
macro_rules! at_width {
    ($curve:expr, $function:ident($($argument:expr),*)) => {
        match $curve {
            Curve::P256 | Curve::BrainpoolP256r1 => $function::<{ U256::LIMBS }>($($argument),*),
            Curve::BrainpoolP320r1 => $function::<{ U320::LIMBS }>($($argument),*),
            Curve::P384 | Curve::BrainpoolP384r1 => $function::<{ U384::LIMBS }>($($argument),*),
            Curve::BrainpoolP512r1 => $function::<{ U512::LIMBS }>($($argument),*),
            Curve::P521 => $function::<{ U576::LIMBS }>($($argument),*),
        }
    };
}

/// id-ecPublicKey (RFC 5480 §2.1.1).
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// prime-field (RFC 3279 §2.3.5).
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

/// A curve of the list. All have a prime order: a point on the curve is a point of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-256 (secp256r1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// NIST P-521 (secp521r1).
    P521,
    /// brainpoolP256r1 (RFC 5639 §3.4).
    BrainpoolP256r1,
    /// brainpoolP320r1 (RFC 5639 §3.5).
    BrainpoolP320r1,
    /// brainpoolP384r1 (RFC 5639 §3.6).
    BrainpoolP384r1,
    /// brainpoolP512r1 (RFC 5639 §3.7).
    BrainpoolP512r1,
}

/// Why a key is on no curve of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The parameters cannot be read, or are absent.
    #[error("the curve parameters cannot be read")]
    Malformed,
    /// They name or describe another curve than those of the list.
    #[error("the curve is none of those that are accepted")]
    Unlisted,
    /// The point is not written uncompressed, at the length of the field.
    #[error("the point is not an uncompressed point of this curve's length")]
    PointForm,
    /// The point is not on the curve, or is its neutral element.
    #[error("the point is not on the curve")]
    NotOnCurve,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::BrainpoolP256r1,
        Self::BrainpoolP320r1,
        Self::BrainpoolP384r1,
        Self::BrainpoolP512r1,
    ];

    /// Its object identifier (RFC 5480 §2.1.1.1, RFC 5639 §4.1).
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            Self::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            Self::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
            Self::BrainpoolP256r1 => ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"),
            Self::BrainpoolP320r1 => ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.9"),
            Self::BrainpoolP384r1 => ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"),
            Self::BrainpoolP512r1 => ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"),
        }
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP320r1 => "brainpoolP320r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
            Self::BrainpoolP512r1 => "brainpoolP512r1",
        }
    }

    /// The curve of an object identifier.
    pub fn named(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.oid() == oid)
    }

    /// The curve of a standardized domain parameter identifier (ICAO 9303-11 §9.5.1).
    pub const fn standardized(identifier: u8) -> Option<Self> {
        match identifier {
            12 => Some(Self::P256),
            13 => Some(Self::BrainpoolP256r1),
            14 => Some(Self::BrainpoolP320r1),
            15 => Some(Self::P384),
            16 => Some(Self::BrainpoolP384r1),
            17 => Some(Self::BrainpoolP512r1),
            18 => Some(Self::P521),
            _ => None,
        }
    }

    /// Length of a coordinate, in octets; that of the order is the same on every curve of the list.
    pub fn field_length(self) -> usize {
        self.domain().p.len()
    }

    /// The curve that the parameters of a key name, or describe number by number.
    pub fn of_parameters(parameters: AnyRef<'_>) -> Result<Self, Fault> {
        if parameters.tag() == Tag::ObjectIdentifier {
            let oid = parameters.decode_as::<ObjectIdentifier>().map_err(|_| Fault::Malformed)?;
            return Self::named(oid).ok_or(Fault::Unlisted);
        }
        let explicit = Explicit::read(parameters).map_err(|_| Fault::Malformed)?;
        Self::ALL.into_iter().find(|curve| explicit.is(curve.domain())).ok_or(Fault::Unlisted)
    }

    /// The point that octets write uncompressed: `04`, x, y (SEC 1 §2.3.3; ICAO 9303-11 §9.4.5 knows no other form).
    pub fn point(self, octets: &[u8]) -> Result<Point, Fault> {
        let (form, coordinates) = octets.split_first().ok_or(Fault::PointForm)?;
        let (x, y) = coordinates.split_at_checked(self.field_length()).ok_or(Fault::PointForm)?;
        if *form != 4 || y.len() != x.len() {
            return Err(Fault::PointForm);
        }
        if !self.has(x, y) {
            return Err(Fault::NotOnCurve);
        }
        Ok(Point { curve: self, octets: octets.to_vec() })
    }

    /// The generator.
    pub fn generator(self) -> Point {
        let domain = self.domain();
        Point { curve: self, octets: [&[4], domain.x, domain.y].concat() }
    }

    /// The order of the generator, big-endian.
    pub fn order(self) -> &'static [u8] {
        self.domain().n
    }

    pub(crate) fn domain(self) -> &'static Domain {
        match self {
            Self::P256 => &domain::P256,
            Self::P384 => &domain::P384,
            Self::P521 => &domain::P521,
            Self::BrainpoolP256r1 => &domain::BP256,
            Self::BrainpoolP320r1 => &domain::BP320,
            Self::BrainpoolP384r1 => &domain::BP384,
            Self::BrainpoolP512r1 => &domain::BP512,
        }
    }

    fn has(self, x: &[u8], y: &[u8]) -> bool {
        fn has<const L: usize>(domain: &Domain, x: &[u8], y: &[u8]) -> bool {
            Group::<L>::new(domain).is_some_and(|group| group.has(x, y))
        }
        at_width!(self, has(self.domain(), x, y))
    }
}

/// A point on a curve of the list, not its neutral element: a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    curve: Curve,
    octets: Vec<u8>,
}

impl Point {
    /// The point of a key's algorithm parameters and bits (RFC 5480 §2.2).
    pub fn of_key(parameters: Option<AnyRef<'_>>, bits: BitStringRef<'_>) -> Result<Self, Fault> {
        let curve = Curve::of_parameters(parameters.ok_or(Fault::Malformed)?)?;
        curve.point(bits.as_bytes().ok_or(Fault::PointForm)?)
    }

    /// Its curve.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// `04`, x, y.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Its x-coordinate, at the length of the field.
    pub fn x(&self) -> &[u8] {
        self.coordinates().0
    }

    /// Its y-coordinate, at the length of the field.
    pub fn y(&self) -> &[u8] {
        self.coordinates().1
    }

    /// Whether (r, s) signs the hash, whatever its length: its leftmost bits count (SEC 1 §4.1.4, step 3).
    pub fn verifies(&self, hash: &[u8], r: &[u8], s: &[u8]) -> bool {
        fn verifies<const L: usize>(point: &Point, hash: &[u8], r: &[u8], s: &[u8]) -> bool {
            Group::<L>::new(point.curve.domain()).is_some_and(|group| group.verifies(point.coordinates(), hash, (r, s)))
        }
        let (r, s) = (significant(r), significant(s));
        let length = self.curve.field_length();
        if r.len() > length || s.len() > length {
            return false;
        }
        // The orders are whole octets long, but for P-521, which no hash reaches: cutting octets is cutting bits.
        let hash = hash.get(..length).unwrap_or(hash);
        at_width!(self.curve, verifies(self, hash, r, s))
    }

    fn coordinates(&self) -> (&[u8], &[u8]) {
        let (_, coordinates) = self.octets.split_first().unwrap_or((&0, &[]));
        coordinates.split_at_checked(self.curve.field_length()).unwrap_or((&[], &[]))
    }
}

/// SpecifiedECDomain as received (SEC 1 appendix C.2): for comparison alone.
struct Explicit<'a> {
    p: UintRef<'a>,
    a: &'a [u8],
    b: &'a [u8],
    base: &'a [u8],
    order: UintRef<'a>,
}

impl<'a> Explicit<'a> {
    fn read(parameters: AnyRef<'a>) -> der::Result<Self> {
        parameters.sequence(|reader: &mut SliceReader<'a>| {
            if !(1..=3).contains(&u8::decode(reader)?) {
                return Err(Tag::Integer.value_error().into());
            }
            let p = AnyRef::decode(reader)?.sequence(|field: &mut SliceReader<'a>| {
                if ObjectIdentifier::decode(field)? != PRIME_FIELD {
                    return Err(der::Error::from(Tag::ObjectIdentifier.value_error()));
                }
                UintRef::decode(field)
            })?;
            let (a, b) = AnyRef::decode(reader)?.sequence(|curve: &mut SliceReader<'a>| {
                let coefficients = (<&OctetStringRef>::decode(curve)?, <&OctetStringRef>::decode(curve)?);
                // The seed says how a curve was chosen, and nothing of which it is.
                Option::<BitStringRef<'_>>::decode(curve)?;
                Ok::<_, der::Error>(coefficients)
            })?;
            let base = <&OctetStringRef>::decode(reader)?;
            let order = UintRef::decode(reader)?;
            let cofactor = Option::<UintRef<'_>>::decode(reader)?;
            if cofactor.is_some_and(|cofactor| cofactor.as_bytes() != [1]) || !reader.is_finished() {
                return Err(Tag::Integer.value_error().into());
            }
            Ok(Self { p, a: a.as_bytes(), b: b.as_bytes(), base: base.as_bytes(), order })
        })
    }

    /// Whether every number is that of the curve. Field elements may have lost zeros on the left (an old encoder's habit).
    fn is(&self, domain: &Domain) -> bool {
        let element =
            |octets: &[u8], known: &[u8]| octets.len() <= known.len() && significant(octets) == significant(known);
        self.p.as_bytes() == significant(domain.p)
            && self.order.as_bytes() == significant(domain.n)
            && element(self.a, domain.a)
            && element(self.b, domain.b)
            && self.is_generator(domain)
    }

    fn is_generator(&self, domain: &Domain) -> bool {
        match self.base.split_first() {
            Some((4, coordinates)) => coordinates.split_at_checked(domain.x.len()) == Some((domain.x, domain.y)),
            Some((form @ (2 | 3), x)) => x == domain.x && domain.y.last().is_some_and(|last| last & 1 == form & 1),
            _ => false,
        }
    }
}

fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// Signing, for the tests alone: in variable time.
#[cfg(test)]
impl Curve {
    /// A secret number of the curve from any octets.
    pub(crate) fn secret(self, seed: &[u8]) -> Vec<u8> {
        fn scalar<const L: usize>(curve: Curve, seed: &[u8]) -> Vec<u8> {
            Group::<L>::new(curve.domain()).unwrap().scalar(seed, curve.field_length())
        }
        at_width!(self, scalar(self, seed))
    }

    /// The public key of a secret number.
    pub(crate) fn public(self, secret: &[u8]) -> Point {
        fn public<const L: usize>(curve: Curve, secret: &[u8]) -> Vec<u8> {
            Group::<L>::new(curve.domain()).unwrap().public(secret, curve.field_length())
        }
        self.point(&at_width!(self, public(self, secret))).unwrap()
    }

    /// (r, s) over the hash.
    pub(crate) fn sign(self, secret: &[u8], nonce: &[u8], hash: &[u8]) -> (Vec<u8>, Vec<u8>) {
        fn sign<const L: usize>(curve: Curve, secret: &[u8], nonce: &[u8], hash: &[u8]) -> (Vec<u8>, Vec<u8>) {
            let length = curve.field_length();
            let hash = hash.get(..length).unwrap_or(hash);
            Group::<L>::new(curve.domain()).unwrap().sign((secret, nonce), hash, length)
        }
        at_width!(self, sign(self, secret, nonce, hash))
    }
}

#[cfg(test)]
#[path = "curve_tests.rs"]
mod tests;
