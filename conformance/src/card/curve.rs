//! Elliptic curves as a textbook has them (SEC 1 §2.2, §3.2; TR-03111 §4): affine points, variable time. The keys are the
//! simulator's own and protect nothing.

use std::sync::LazyLock;

use num_bigint::BigUint;

use crate::card::crypt::Hash;
use crate::card::der;
use crate::random;

/// A curve over a prime field, of cofactor 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Curve {
    /// Its object identifier.
    pub oid: &'static str,
    p: BigUint,
    a: BigUint,
    b: BigUint,
    n: BigUint,
    generator: Point,
    /// Octets of a coordinate.
    pub size: usize,
}

/// A point, which may be the one at infinity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point(Option<(BigUint, BigUint)>);

#[expect(clippy::many_single_char_names, reason = "as the standards name them")]
fn curve(oid: &'static str, [p, a, b, x, y, n]: [&str; 6]) -> Curve {
    let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal digits");
    let generator = Point(Some((number(x), number(y))));
    Curve { oid, p: number(p), a: number(a), b: number(b), n: number(n), generator, size: p.len() / 2 }
}

/// NIST P-256 (SP 800-186 §3.2.1.3).
pub static P256: LazyLock<Curve> = LazyLock::new(|| {
    let numbers = [
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ];
    curve("1.2.840.10045.3.1.7", numbers)
});

/// NIST P-384 (SP 800-186 §3.2.1.4).
pub static P384: LazyLock<Curve> = LazyLock::new(|| {
    let numbers = [
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ];
    curve("1.3.132.0.34", numbers)
});

/// brainpoolP256r1 (RFC 5639 §3.4).
pub static BRAINPOOL_P256: LazyLock<Curve> = LazyLock::new(|| {
    let numbers = [
        "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
        "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
        "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
    ];
    curve("1.3.36.3.3.2.8.1.1.7", numbers)
});

impl Curve {
    /// The base point.
    pub fn generator(&self) -> &Point {
        &self.generator
    }

    fn has(&self, x: &BigUint, y: &BigUint) -> bool {
        x < &self.p && y < &self.p && (y * y) % &self.p == (x * x * x + &self.a * x + &self.b) % &self.p
    }

    fn difference(&self, left: &BigUint, right: &BigUint) -> BigUint {
        (left + &self.p - right % &self.p) % &self.p
    }

    /// The sum of two points.
    ///
    /// # Panics
    /// Never: the field is one of a prime.
    pub fn add(&self, left: &Point, right: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (&left.0, &right.0) else {
            return if left.0.is_none() { right.clone() } else { left.clone() };
        };
        let (rise, run) = if x1 != x2 {
            (self.difference(y2, y1), self.difference(x2, x1))
        } else if y1 == y2 && *y1 != BigUint::ZERO {
            (x1 * x1 * 3_u32 + &self.a, y1 * 2_u32)
        } else {
            return Point(None);
        };
        let run = run.modinv(&self.p).expect("what is not zero has an inverse modulo a prime");
        let slope = rise * run % &self.p;
        let x = self.difference(&self.difference(&(&slope * &slope % &self.p), x1), x2);
        let y = self.difference(&(slope * self.difference(x1, &x) % &self.p), y1);
        Point(Some((x, y)))
    }

    /// A multiple of a point.
    pub fn multiply(&self, scalar: &BigUint, point: &Point) -> Point {
        let mut product = Point(None);
        for bit in (0..scalar.bits()).rev() {
            product = self.add(&product, &product);
            if scalar.bit(bit) {
                product = self.add(&product, point);
            }
        }
        product
    }

    /// A point in uncompressed form (SEC 1 §2.3.3).
    ///
    /// # Panics
    /// For the point at infinity, which nothing here sends.
    pub fn encode(&self, point: &Point) -> Vec<u8> {
        let (x, y) = point.0.as_ref().expect("not the point at infinity");
        [&[4], self.padded(x).as_slice(), self.padded(y).as_slice()].concat()
    }

    /// Reads a point in uncompressed form, when it is one of the curve.
    pub fn decode(&self, octets: &[u8]) -> Option<Point> {
        let (form, coordinates) = octets.split_first()?;
        let (x, y) = coordinates.split_at_checked(self.size)?;
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        (*form == 4 && coordinates.len() == 2 * self.size && self.has(&x, &y)).then_some(Point(Some((x, y))))
    }

    /// The first coordinate, as long as the field: what two sides of an agreement share (TR-03111 §4.3.1).
    pub fn first_coordinate(&self, point: &Point) -> Option<Vec<u8>> {
        point.0.as_ref().map(|(x, _)| self.padded(x))
    }

    fn padded(&self, number: &BigUint) -> Vec<u8> {
        let octets = number.to_bytes_be();
        [vec![0; self.size - octets.len()], octets].concat()
    }

    /// A random scalar between one and the order.
    fn scalar(&self) -> BigUint {
        BigUint::from_bytes_be(&random::bytes::<64>()) % (&self.n - 1_u32) + 1_u32
    }

    /// The curve in numbers (RFC 3279 §2.3.5): what the field writes where the name would do.
    pub fn explicit(&self) -> Vec<u8> {
        let field = der::sequence(&[der::oid("1.2.840.10045.1.1"), der::integer(&self.p.to_bytes_be())]);
        let coefficients = der::sequence(&[der::octets(&self.padded(&self.a)), der::octets(&self.padded(&self.b))]);
        der::sequence(&[
            der::number(1),
            field,
            coefficients,
            der::octets(&self.encode(&self.generator)),
            der::integer(&self.n.to_bytes_be()),
            der::number(1),
        ])
    }
}

/// A secret key.
#[derive(Clone)]
pub struct Secret {
    curve: &'static Curve,
    scalar: BigUint,
    public: Point,
}

/// Without the secret: it may be that of a card somebody holds.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.curve.oid)
    }
}

impl Secret {
    /// A fresh one.
    pub fn generate(curve: &'static Curve) -> Self {
        Self::on(curve, curve.generator())
    }

    /// A fresh one whose public half is a multiple of another base point (PACE).
    pub fn on(curve: &'static Curve, base: &Point) -> Self {
        let scalar = curve.scalar();
        let public = curve.multiply(&scalar, base);
        Self { curve, scalar, public }
    }

    /// The one of these octets.
    pub fn of(curve: &'static Curve, octets: &[u8]) -> Self {
        let scalar = BigUint::from_bytes_be(octets);
        let public = curve.multiply(&scalar, curve.generator());
        Self { curve, scalar, public }
    }

    /// Its curve.
    pub fn curve(&self) -> &'static Curve {
        self.curve
    }

    /// The public half.
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// The public half in uncompressed form.
    pub fn encoded(&self) -> Vec<u8> {
        self.curve.encode(&self.public)
    }

    /// The point that both sides of an agreement compute.
    pub fn agree(&self, theirs: &Point) -> Point {
        self.curve.multiply(&self.scalar, theirs)
    }

    /// What both sides share: the first coordinate.
    pub fn shared(&self, theirs: &Point) -> Option<Vec<u8>> {
        self.curve.first_coordinate(&self.agree(theirs))
    }

    /// SubjectPublicKeyInfo, with the curve by name or in numbers.
    pub fn public_info(&self, parameters: Parameters) -> Vec<u8> {
        let parameters = match parameters {
            Parameters::Named => der::oid(self.curve.oid),
            Parameters::Explicit => self.curve.explicit(),
        };
        let algorithm = der::sequence(&[der::oid("1.2.840.10045.2.1"), parameters]);
        der::sequence(&[algorithm, der::bits(&self.encoded())])
    }

    /// ECDSA over octets that are a hash already (SEC 1 §4.1.3): `r` and `s`, each as long as the order.
    ///
    /// # Panics
    /// Never: the order is prime.
    pub fn sign_hash(&self, hash: &[u8]) -> Vec<u8> {
        let order = &self.curve.n;
        let excess = (hash.len() as u64 * 8).saturating_sub(order.bits());
        let digest = BigUint::from_bytes_be(hash) >> excess;
        loop {
            let nonce = self.curve.scalar();
            let Point(Some((x, _))) = self.curve.multiply(&nonce, &self.curve.generator) else { continue };
            let r = x % order;
            let inverse = nonce.modinv(order).expect("the order is prime");
            let s = inverse * (&digest + &r * &self.scalar) % order;
            if r != BigUint::ZERO && s != BigUint::ZERO {
                return [self.curve.padded(&r), self.curve.padded(&s)].concat();
            }
        }
    }

    /// ECDSA over a message, as certificates carry it: a sequence of two integers.
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let signature = self.sign_hash(&hash.of(message));
        let (r, s) = signature.split_at(self.curve.size);
        der::sequence(&[der::integer(r), der::integer(s)])
    }
}

/// How a key says which curve it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parameters {
    /// By name.
    #[default]
    Named,
    /// In numbers.
    Explicit,
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA384_ASN1, UnparsedPublicKey,
        VerificationAlgorithm,
    };

    use super::*;

    #[test]
    fn base_points_are_on_their_curves_and_of_their_order() {
        for curve in [&*P256, &*P384, &*BRAINPOOL_P256] {
            let encoded = curve.encode(curve.generator());
            assert_eq!(curve.decode(&encoded).as_ref(), Some(curve.generator()));
            assert_eq!(curve.multiply(&curve.n, curve.generator()), Point(None), "{}", curve.oid);
            let mut off = encoded;
            *off.last_mut().unwrap() ^= 1;
            assert_eq!(curve.decode(&off), None);
        }
    }

    #[test]
    fn signatures_verify_with_another_implementation() {
        let cases: [(&'static Curve, Hash, &'static dyn VerificationAlgorithm); 3] = [
            (&P256, Hash::Sha256, &ECDSA_P256_SHA256_ASN1),
            (&P256, Hash::Sha384, &ECDSA_P256_SHA384_ASN1),
            (&P384, Hash::Sha384, &ECDSA_P384_SHA384_ASN1),
        ];
        for (curve, hash, algorithm) in cases {
            let secret = Secret::generate(curve);
            let signature = secret.sign(hash, b"message");
            let key = UnparsedPublicKey::new(algorithm, secret.encoded());
            assert!(key.verify(b"message", &signature).is_ok());
            assert!(key.verify(b"another", &signature).is_err());
        }
    }

    #[test]
    fn an_agreement_is_that_of_the_worked_example() {
        // ICAO 9303-11 appendix G.1: the mapping of PACE over brainpoolP256r1.
        let hex = |text: &str| BigUint::parse_bytes(text.as_bytes(), 16).unwrap().to_bytes_be();
        let terminal =
            Secret::of(&BRAINPOOL_P256, &hex("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"));
        let chip =
            Secret::of(&BRAINPOOL_P256, &hex("498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560"));
        assert_eq!(chip.agree(terminal.public()), terminal.agree(chip.public()));
        let public = "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E\
                      544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D";
        assert_eq!(terminal.encoded(), [vec![4], hex(&public[2..])].concat());
    }
}
