//! The arithmetic of agreement over any of the curves: numbers and points in constant time, by the crates that define them.

#![expect(clippy::arithmetic_side_effects, reason = "fields and groups are closed: nothing overflows")]

use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::sec1::{FromSec1Point, Sec1Point, ToSec1Point};
use elliptic_curve::subtle::{ConditionallySelectable, ConstantTimeEq};
use elliptic_curve::{FieldBytes, Scalar};
use primeorder::{AffinePoint, PrimeCurveParams, PrimeFieldExt, ProjectivePoint};
use zeroize::{Zeroize, Zeroizing};

fn number<F: PrimeField>(octets: &[u8]) -> F {
    // Horner's rule in words of 64 bits: 2⁶⁴ as the square of 2³².
    let word = F::from(1 << 32).square();
    octets.rchunks(8).rev().fold(F::ZERO, |sum, chunk| {
        let digit = chunk.iter().fold(0_u64, |digit, octet| digit << 8 | u64::from(*octet));
        sum * word + F::from(digit)
    })
}

/// The remainder modulo the order, as long as the order.
pub(super) fn reduced<C: PrimeCurveParams>(octets: &[u8]) -> Vec<u8> {
    let mut scalar: Scalar<C> = number(octets);
    let reduced = scalar.to_be_repr().to_vec();
    scalar.zeroize();
    reduced
}

/// point · number; none when the number is not below the order, or the result is neutral.
pub(super) fn product<C: PrimeCurveParams>(point: &[u8], number: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    FieldBytes<C>: Copy,
{
    let point = point_of::<C>(point)?;
    let mut scalar = scalar_of::<C>(number)?;
    let product = point * scalar;
    scalar.zeroize();
    octets_of(product)
}

/// nonce · G + shared (ICAO 9303-11 §4.4.3.3.1).
pub(super) fn generic<C: PrimeCurveParams>(shared: &[u8], nonce: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let shared = point_of::<C>(shared)?;
    let mut scalar: Scalar<C> = number(nonce);
    let product = ProjectivePoint::<C>::GENERATOR * scalar;
    scalar.zeroize();
    octets_of(product + shared)
}

/// ICAO 9303-11 appendix B.2, in affine coordinates; both candidates are computed and one is selected without a branch.
pub(super) fn integrated<C: PrimeCurveParams>(string: &[u8], p: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let one = C::FieldElement::ONE;
    let inverse = |element: C::FieldElement| Option::<C::FieldElement>::from(Field::invert(&element));
    let u: C::FieldElement = number(string);
    let alpha = -u.square();
    // Without an inverse u is 0, 1 or −1: as good as never, and no point then.
    let x2 = -C::EQUATION_B * inverse(C::EQUATION_A)? * (one + inverse(alpha + alpha.square())?);
    let x3 = alpha * x2;
    let h2 = x2.square() * x2 + C::EQUATION_A * x2 + C::EQUATION_B;
    // h2 to the power of p − 1 − (p + 1)/4, as the inverse of h2 to the power of (p + 1)/4: p is 3 modulo 4.
    let root = h2.pow(quarter(p)) * h2;
    let power = inverse(root)?;
    let is_square = (power.square() * h2).ct_eq(&one);
    let x = C::FieldElement::conditional_select(&x3, &x2, is_square);
    let y = C::FieldElement::conditional_select(&(power * u.square() * u * h2), &(power * h2), is_square);
    let mut octets = Zeroizing::new(vec![4]);
    octets.extend_from_slice(&x.to_be_repr());
    octets.extend_from_slice(&y.to_be_repr());
    Some(octets)
}

/// p / 4, rounded down, as words from the lowest on: (p + 1)/4 is one more.
fn quarter(p: &[u8]) -> Vec<u64> {
    let words: Vec<u64> =
        p.rchunks(8).map(|chunk| chunk.iter().fold(0, |word, octet| word << 8 | u64::from(*octet))).collect();
    let above = words.iter().skip(1).chain([&0]);
    words.iter().zip(above).map(|(word, above)| word >> 2 | above << 62).collect()
}

fn point_of<C: PrimeCurveParams>(octets: &[u8]) -> Option<ProjectivePoint<C>> {
    let encoded = Sec1Point::<C>::from_bytes(octets).ok()?;
    Option::<AffinePoint<C>>::from(AffinePoint::from_sec1_point(&encoded)).map(ProjectivePoint::from)
}

fn scalar_of<C: PrimeCurveParams>(octets: &[u8]) -> Option<Scalar<C>> {
    let mut repr = FieldBytes::<C>::default();
    let start = repr.len().checked_sub(octets.len())?;
    repr.get_mut(start..)?.copy_from_slice(octets);
    let scalar = Option::from(Scalar::<C>::from_repr(repr));
    repr.zeroize();
    scalar
}

fn octets_of<C: PrimeCurveParams>(point: ProjectivePoint<C>) -> Option<Zeroizing<Vec<u8>>> {
    let affine = point.to_affine();
    (!bool::from(affine.is_identity())).then(|| Zeroizing::new(affine.to_sec1_point(false).as_bytes().to_vec()))
}
