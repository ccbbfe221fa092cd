//! Arithmetic on short Weierstrass curves over public numbers: in variable time, and never for a secret.
//!
//! It serves the membership of points on every curve, and ECDSA on the curves that no crate has. Points are in Jacobian
//! coordinates: the affine point is (X/Z², Y/Z³), and Z = 0 is the neutral element.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{CheckedAdd, NonZero, Odd, Uint, Word};

use super::domain::Domain;

/// A curve whose numbers fill `L` words.
pub(super) struct Group<const L: usize> {
    modulo_p: FixedMontyParams<L>,
    modulo_n: FixedMontyParams<L>,
    a: FixedMontyForm<L>,
    b: FixedMontyForm<L>,
    generator: Point<L>,
}

/// A point in Jacobian coordinates.
#[derive(Clone, Copy)]
struct Point<const L: usize> {
    x: FixedMontyForm<L>,
    y: FixedMontyForm<L>,
    z: FixedMontyForm<L>,
}

impl<const L: usize> Group<L> {
    /// The group of the parameters; none when p or n is even, which no parameters of the table are.
    pub(super) fn new(domain: &Domain) -> Option<Self> {
        let modulo_p = FixedMontyParams::new_vartime(Odd::new(number(domain.p)).into_option()?);
        let modulo_n = FixedMontyParams::new_vartime(Odd::new(number(domain.n)).into_option()?);
        let form = |octets| FixedMontyForm::new(&number(octets), &modulo_p);
        let generator = Point { x: form(domain.x), y: form(domain.y), z: FixedMontyForm::one(&modulo_p) };
        Some(Self { a: form(domain.a), b: form(domain.b), generator, modulo_p, modulo_n })
    }

    /// Whether both are reduced coordinates of a point on the curve.
    pub(super) fn has(&self, x: &[u8], y: &[u8]) -> bool {
        self.point(x, y).is_some()
    }

    /// Whether (r, s) signs the hash with the public key (x, y) (SEC 1 §4.1.4). `hash` is already cut to the length of n.
    pub(super) fn verifies(&self, (x, y): (&[u8], &[u8]), hash: &[u8], (r, s): (&[u8], &[u8])) -> bool {
        self.check(self.point(x, y), hash, r, s).unwrap_or(false)
    }

    fn check(&self, key: Option<Point<L>>, hash: &[u8], r: &[u8], s: &[u8]) -> Option<bool> {
        let n = self.modulo_n.modulus();
        let scalar = |octets: &[u8]| {
            let scalar = number::<L>(octets);
            (scalar != Uint::ZERO && scalar < *n.as_ref()).then_some(scalar)
        };
        let (r, s) = (scalar(r)?, scalar(s)?);
        let inverse = FixedMontyForm::new(&s, &self.modulo_n).invert_vartime().into_option()?;
        let hash = number::<L>(hash).rem_vartime(&NonZero::new(*n.as_ref()).into_option()?);
        let u1 = FixedMontyForm::new(&hash, &self.modulo_n).mul(&inverse).retrieve();
        let u2 = FixedMontyForm::new(&r, &self.modulo_n).mul(&inverse).retrieve();
        let sum = self.both(&u1, &self.generator, &u2, &key?);
        if is_zero(&sum.z) {
            return Some(false);
        }
        // x = X/Z² is compared with r, and with r + n where that is below p: x was reduced modulo n by the signer.
        let square = sum.z.square();
        let is_x = |candidate: &Uint<L>| FixedMontyForm::new(candidate, &self.modulo_p).mul(&square) == sum.x;
        let beyond = r.checked_add(n.as_ref()).into_option().filter(|beyond| beyond < self.modulo_p.modulus().as_ref());
        Some(is_x(&r) || beyond.is_some_and(|beyond| is_x(&beyond)))
    }

    fn point(&self, x: &[u8], y: &[u8]) -> Option<Point<L>> {
        let coordinate = |octets| {
            let number = number::<L>(octets);
            (number < *self.modulo_p.modulus().as_ref()).then(|| FixedMontyForm::new(&number, &self.modulo_p))
        };
        let (x, y) = (coordinate(x)?, coordinate(y)?);
        let right = x.square().add(&self.a).mul(&x).add(&self.b);
        (y.square() == right).then(|| Point { x, y, z: FixedMontyForm::one(&self.modulo_p) })
    }

    /// u1·P + u2·Q: doublings that both share, and for each an addition where its signed digits are not zero, one place of six
    /// (Guide to Elliptic Curve Cryptography, algorithm 3.51).
    fn both(&self, u1: &Uint<L>, p: &Point<L>, u2: &Uint<L>, q: &Point<L>) -> Point<L> {
        let (of_p, of_q) = (self.odd_multiples(p), self.odd_multiples(q));
        let (u1, u2) = (digits(u1), digits(u2));
        let zero = FixedMontyForm::zero(&self.modulo_p);
        let mut sum = Point { x: zero, y: zero, z: zero };
        for place in (0..u1.len().max(u2.len())).rev() {
            sum = self.double(&sum);
            for (digits, multiples) in [(&u1, &of_p), (&u2, &of_q)] {
                let digit = digits.get(place).copied().unwrap_or_default();
                if let Some(multiple) = multiples.get(usize::from(digit.unsigned_abs() >> 1)).filter(|_| digit != 0) {
                    let negative = Point { y: multiple.y.neg(), ..*multiple };
                    sum = self.add(&sum, if digit < 0 { &negative } else { multiple });
                }
            }
        }
        sum
    }

    /// P, 3·P and so on up to 15·P.
    fn odd_multiples(&self, point: &Point<L>) -> [Point<L>; 8] {
        let twice = self.double(point);
        let mut last = *point;
        std::array::from_fn(|at| {
            if at > 0 {
                last = self.add(&last, &twice);
            }
            last
        })
    }

    /// With Z = 0 the result has Z = 0 again; so it does with Y = 0, whose double is the neutral element.
    fn double(&self, point: &Point<L>) -> Point<L> {
        let (xx, yy, zz) = (point.x.square(), point.y.square(), point.z.square());
        let yyyy = yy.square();
        let s = point.x.add(&yy).square().sub(&xx).sub(&yyyy).double();
        let m = xx.double().add(&xx).add(&self.a.mul(&zz.square()));
        let x = m.square().sub(&s.double());
        let y = m.mul(&s.sub(&x)).sub(&yyyy.double().double().double());
        Point { x, y, z: point.y.mul(&point.z).double() }
    }

    fn add(&self, left: &Point<L>, right: &Point<L>) -> Point<L> {
        if is_zero(&left.z) {
            return *right;
        }
        if is_zero(&right.z) {
            return *left;
        }
        let (left_zz, right_zz) = (left.z.square(), right.z.square());
        let (u1, u2) = (left.x.mul(&right_zz), right.x.mul(&left_zz));
        let s1 = left.y.mul(&right.z).mul(&right_zz);
        let s2 = right.y.mul(&left.z).mul(&left_zz);
        let (h, r) = (u2.sub(&u1), s2.sub(&s1));
        if is_zero(&h) && is_zero(&r) {
            return self.double(left);
        }
        // Opposite points have h = 0 alone, which gives Z = 0.
        let hh = h.square();
        let hhh = hh.mul(&h);
        let scaled = u1.mul(&hh);
        let x = r.square().sub(&hhh).sub(&scaled.double());
        let y = r.mul(&scaled.sub(&x)).sub(&s1.mul(&hhh));
        Point { x, y, z: left.z.mul(&right.z).mul(&h) }
    }
}

/// The digits of a number below 2^(64·L) − 15, the last first: odd ones between −15 and 15, and four zeros after each at least
/// (the same, algorithm 3.35). Every order of the table leaves that room.
fn digits<const L: usize>(number: &Uint<L>) -> Vec<i8> {
    let mut left = *number;
    let mut digits = Vec::new();
    while left != Uint::ZERO {
        let low = left.as_words().first().map_or(0, |word| word & 31);
        let digit = match (low & 1, i8::try_from(low).unwrap_or_default()) {
            (0, _) => 0,
            (_, low @ 16..) => low.wrapping_sub(32),
            (_, low) => low,
        };
        let amount = Uint::from_u8(digit.unsigned_abs());
        left = if digit < 0 { left.wrapping_add(&amount) } else { left.wrapping_sub(&amount) };
        left = left.shr_vartime(1);
        digits.push(digit);
    }
    digits
}

fn is_zero<const L: usize>(form: &FixedMontyForm<L>) -> bool {
    *form.as_montgomery() == Uint::ZERO
}

/// The number that big-endian octets write; what does not fit `L` words is none of ours, and callers bound the length.
fn number<const L: usize>(octets: &[u8]) -> Uint<L> {
    let mut words = [0; L];
    for (word, octets) in words.iter_mut().zip(octets.rchunks(size_of::<Word>())) {
        *word = octets.iter().fold(0, |word, octet| word << 8 | Word::from(*octet));
    }
    Uint::from_words(words)
}

/// What a holder of the secret computes: for the tests.
#[cfg(test)]
impl<const L: usize> Group<L> {
    pub(super) fn scalar(&self, seed: &[u8], length: usize) -> Vec<u8> {
        let seed: Uint<L> = number(seed.get(..length).unwrap_or(seed));
        octets(&seed.rem_vartime(&NonZero::new(*self.modulo_n.modulus().as_ref()).unwrap()), length)
    }

    pub(super) fn public(&self, secret: &[u8], length: usize) -> Vec<u8> {
        let (x, y) = self.affine(&number(secret));
        [vec![4], octets(&x, length), octets(&y, length)].concat()
    }

    pub(super) fn sign(&self, (secret, nonce): (&[u8], &[u8]), hash: &[u8], length: usize) -> (Vec<u8>, Vec<u8>) {
        let n = NonZero::new(*self.modulo_n.modulus().as_ref()).unwrap();
        let form = |number: Uint<L>| FixedMontyForm::new(&number.rem_vartime(&n), &self.modulo_n);
        let r = self.affine(&number(nonce)).0.rem_vartime(&n);
        let inverse = form(number(nonce)).invert_vartime().into_option().unwrap();
        let s = form(r).mul(&form(number(secret))).add(&form(number(hash))).mul(&inverse).retrieve();
        (octets(&r, length), octets(&s, length))
    }

    fn affine(&self, scalar: &Uint<L>) -> (Uint<L>, Uint<L>) {
        let point = self.both(scalar, &self.generator, &Uint::ZERO, &self.generator);
        let inverse = point.z.invert_vartime().into_option().unwrap();
        let square = inverse.square();
        (point.x.mul(&square).retrieve(), point.y.mul(&square).mul(&inverse).retrieve())
    }
}

#[cfg(test)]
fn octets<const L: usize>(number: &Uint<L>, length: usize) -> Vec<u8> {
    let all: Vec<u8> = number.as_words().iter().rev().flat_map(|word| word.to_be_bytes()).collect();
    all[all.len().saturating_sub(length)..].to_vec()
}
