use der::asn1::{Any, BitString, Int, OctetString, Uint};
use der::{Encode, Sequence};
use proptest::prelude::*;

use super::*;

#[derive(Sequence)]
struct Field {
    kind: ObjectIdentifier,
    p: Uint,
}

#[derive(Sequence)]
struct Coefficients {
    a: OctetString,
    b: OctetString,
    #[asn1(optional = "true")]
    seed: Option<BitString>,
}

#[derive(Sequence)]
struct Specified {
    version: Int,
    field: Field,
    coefficients: Coefficients,
    base: OctetString,
    order: Uint,
    #[asn1(optional = "true")]
    cofactor: Option<Uint>,
    #[asn1(optional = "true")]
    hash: Option<ObjectIdentifier>,
}

fn specified(curve: Curve) -> Specified {
    let domain = curve.domain();
    Specified {
        version: Int::new(&[1]).unwrap(),
        field: Field { kind: PRIME_FIELD, p: Uint::new(domain.p).unwrap() },
        coefficients: Coefficients {
            a: OctetString::new(domain.a).unwrap(),
            b: OctetString::new(domain.b).unwrap(),
            seed: None,
        },
        base: OctetString::new([&[4], domain.x, domain.y].concat()).unwrap(),
        order: Uint::new(domain.n).unwrap(),
        cofactor: Some(Uint::new(&[1]).unwrap()),
        hash: None,
    }
}

fn read(specified: &Specified) -> Result<Curve, Fault> {
    let octets = specified.to_der().unwrap();
    Curve::of_parameters(AnyRef::from_der(&octets).unwrap())
}

#[test]
fn a_curve_is_known_by_its_name_and_by_its_numbers() {
    for curve in Curve::ALL {
        let named = Any::encode_from(&curve.oid()).unwrap().to_der().unwrap();
        assert_eq!(Curve::of_parameters(AnyRef::from_der(&named).unwrap()), Ok(curve));
        assert_eq!(read(&specified(curve)), Ok(curve), "{}", curve.name());
    }
    assert_eq!(Curve::named(ObjectIdentifier::new_unwrap("1.3.132.0.10")), None, "secp256k1");
}

#[test]
fn explicit_parameters_may_differ_in_form_alone() {
    for curve in Curve::ALL {
        let domain = curve.domain();
        let parity = domain.y.last().unwrap() & 1;
        let mut form = specified(curve);
        form.cofactor = None;
        form.coefficients.seed = Some(BitString::from_bytes(&[7; 20]).unwrap());
        form.base = OctetString::new([&[2 | parity], domain.x].concat()).unwrap();
        form.coefficients.b = OctetString::new(significant(domain.b)).unwrap();
        assert_eq!(read(&form), Ok(curve), "{}", curve.name());
        form.base = OctetString::new([&[2 | (parity ^ 1)], domain.x].concat()).unwrap();
        assert_eq!(read(&form), Err(Fault::Unlisted), "the opposite of the generator is another one");
    }
}

#[test]
fn no_number_of_explicit_parameters_may_be_another() {
    type Change = fn(&mut Specified);
    let changes: [(&str, Change); 12] = [
        ("p", |it| it.field.p = Uint::new(&flipped(it.field.p.as_bytes())).unwrap()),
        ("a", |it| it.coefficients.a = OctetString::new(flipped(it.coefficients.a.as_bytes())).unwrap()),
        ("b", |it| it.coefficients.b = OctetString::new(flipped(it.coefficients.b.as_bytes())).unwrap()),
        ("order", |it| it.order = Uint::new(&flipped(it.order.as_bytes())).unwrap()),
        ("generator", |it| it.base = OctetString::new(flipped(it.base.as_bytes())).unwrap()),
        ("generator of hybrid form", |it| {
            let mut base = it.base.as_bytes().to_vec();
            base[0] = 6 | base.last().unwrap() & 1;
            it.base = OctetString::new(base).unwrap();
        }),
        ("generator with more after it", |it| {
            it.base = OctetString::new([it.base.as_bytes(), &[0]].concat()).unwrap();
        }),
        ("cofactor", |it| it.cofactor = Some(Uint::new(&[2]).unwrap())),
        ("cofactor 0", |it| it.cofactor = Some(Uint::new(&[0]).unwrap())),
        ("field", |it| it.field.kind = ObjectIdentifier::new_unwrap("1.2.840.10045.1.2")),
        ("version", |it| it.version = Int::new(&[4]).unwrap()),
        ("hash", |it| it.hash = Some(PRIME_FIELD)),
    ];
    for curve in Curve::ALL {
        for (what, change) in &changes {
            let mut forged = specified(curve);
            change(&mut forged);
            assert!(read(&forged).is_err(), "{} with another {what}", curve.name());
        }
    }
}

fn flipped(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    *octets.last_mut().unwrap() ^= 2;
    octets
}

/// The forgery of CVE-2020-0601: the victim's public key as generator, so that the private key is 1.
#[test]
fn a_generator_of_the_forger_is_refused() {
    let victim = Curve::P256.public(&[7; 32]);
    let mut forged = specified(Curve::P256);
    forged.base = OctetString::new(victim.octets()).unwrap();
    assert_eq!(read(&forged), Err(Fault::Unlisted));
}

#[test]
fn the_generators_are_on_their_curves_and_their_neighbours_are_not() {
    for curve in Curve::ALL {
        let generator = curve.generator();
        assert_eq!(curve.point(generator.octets()), Ok(generator.clone()), "{}", curve.name());
        let off = flipped(generator.octets());
        assert_eq!(curve.point(&off), Err(Fault::NotOnCurve), "{}", curve.name());
        // x + p is the same number modulo p, written unreduced.
        let origin = [&[4][..], curve.domain().p, generator.y()].concat();
        assert_eq!(curve.point(&origin), Err(Fault::NotOnCurve));
        assert_eq!(curve.point(&[4]), Err(Fault::PointForm));
        assert_eq!(curve.point(&[0]), Err(Fault::PointForm), "the neutral element");
        assert_eq!(curve.point(&[&[2], generator.x()].concat()), Err(Fault::PointForm), "compressed");
        assert_eq!(curve.point(&[generator.octets(), &[0]].concat()), Err(Fault::PointForm));
    }
}

#[test]
fn a_point_of_another_curve_is_refused() {
    let point = Curve::BrainpoolP256r1.generator();
    assert_eq!(Curve::P256.point(point.octets()), Err(Fault::NotOnCurve));
}

/// What a signature by a crate's own curve is, as (public key, r, s).
macro_rules! signed {
    ($kind:ty, $secret:expr, $nonce:expr, $hash:expr) => {{
        let scalar = |seed: &[u8; 32]| {
            let mut octets = elliptic_curve::FieldBytes::<$kind>::default();
            let begin = octets.len() - 32;
            octets[begin..].copy_from_slice(seed);
            octets[begin] &= 0x7f;
            octets[begin + 31] |= 1;
            elliptic_curve::NonZeroScalar::<$kind>::from_repr(octets).unwrap()
        };
        let secret = scalar($secret);
        let (signature, _) = ecdsa::hazmat::sign_prehashed::<$kind>(&secret, &scalar($nonce), $hash).unwrap();
        let key = ecdsa::VerifyingKey::<$kind>::from(elliptic_curve::PublicKey::from_secret_scalar(&secret));
        let (r, s) = signature.split_bytes();
        (key.to_sec1_point(false).as_bytes().to_vec(), r.to_vec(), s.to_vec())
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Our arithmetic against that of the crates, over the curves that both have, with hashes of every length.
    #[test]
    fn a_signature_made_elsewhere_verifies_and_another_does_not(
        secret in any::<[u8; 32]>(), nonce in any::<[u8; 32]>(),
        hash in proptest::sample::select(vec![20, 28, 32, 48, 64]).prop_flat_map(|size| proptest::collection::vec(any::<u8>(), size)),
        index in 0_usize..5,
    ) {
        let (curve, (key, r, s)) = match index {
            0 => (Curve::P256, signed!(p256::NistP256, &secret, &nonce, &hash)),
            1 => (Curve::P384, signed!(p384::NistP384, &secret, &nonce, &hash)),
            2 => (Curve::P521, signed!(p521::NistP521, &secret, &nonce, &hash)),
            3 => (Curve::BrainpoolP256r1, signed!(bp256::BrainpoolP256r1, &secret, &nonce, &hash)),
            _ => (Curve::BrainpoolP384r1, signed!(bp384::BrainpoolP384r1, &secret, &nonce, &hash)),
        };
        let key = curve.point(&key).unwrap();
        prop_assert!(key.verifies(&hash, &r, &s));
        let mut other = hash.clone();
        other[0] ^= 1;
        prop_assert!(!key.verifies(&other, &r, &s));
        prop_assert!(!key.verifies(&hash, &flipped(&r), &s));
        prop_assert!(!key.verifies(&hash, &r, &flipped(&s)));
        prop_assert!(!curve.generator().verifies(&hash, &r, &s));
    }

    #[test]
    fn no_parameters_and_no_point_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(any) = AnyRef::from_der(&octets) {
            let _ = Curve::of_parameters(any);
        }
        for curve in Curve::ALL {
            let _ = curve.point(&octets);
            prop_assert!(!curve.generator().verifies(&octets, &octets, &octets));
        }
    }
}

#[test]
fn r_and_s_are_between_one_and_the_order() {
    for curve in Curve::ALL {
        let (key, order) = (curve.generator(), curve.order());
        for (r, s) in [(&[][..], &[1][..]), (&[1], &[]), (&[0], &[1]), (&[1], &[0]), (order, &[1]), (&[1], order)] {
            assert!(!key.verifies(&[7; 32], r, s), "{}", curve.name());
        }
    }
}

/// On the curves that no crate has, signatures are made here; OpenSSL confirms them in `signature_tests`.
#[test]
fn what_the_arithmetic_of_the_tests_signs_verifies() {
    for curve in Curve::ALL {
        let secret = curve.secret(&[0x5a; 32]);
        let key = curve.public(&secret);
        let (r, s) = curve.sign(&secret, &[0x33; 32], &[9; 64]);
        assert!(key.verifies(&[9; 64], &r, &s), "{}", curve.name());
        assert!(!key.verifies(&[8; 64], &r, &s), "{}", curve.name());
        // With the generator as the key, and with its opposite, the points that are added are the same, and opposite.
        let last = curve.order().last().unwrap() - 1;
        let opposite = [&curve.order()[..curve.field_length() - 1], &[last]].concat();
        for secret in [curve.secret(&[1]), opposite] {
            let (key, (r, s)) = (curve.public(&secret), curve.sign(&secret, &[0x33; 32], &[9; 64]));
            assert_eq!(key.x(), curve.generator().x());
            assert!(key.verifies(&[9; 64], &r, &s) && !key.verifies(&[8; 64], &r, &s), "{}", curve.name());
        }
        // Signing with the number 1 shows the generator; the group has the order that the table says.
        assert_eq!(curve.public(&curve.secret(&[1])), curve.generator());
    }
}

/// s + n is s for the arithmetic, and no signature (SEC 1 §4.1.4, step 1): it fits the octets of P-521.
#[test]
fn a_signature_is_not_written_in_a_second_way() {
    let curve = Curve::P521;
    let secret = curve.secret(&[0x5a; 32]);
    let (key, (r, s)) = (curve.public(&secret), curve.sign(&secret, &[0x33; 32], &[9; 64]));
    let mut carry = 0;
    let mut beyond: Vec<u8> = s
        .iter()
        .zip(curve.order())
        .rev()
        .map(|(one, other)| {
            let sum = u16::from(*one) + u16::from(*other) + carry;
            carry = sum >> 8;
            sum.to_be_bytes()[1]
        })
        .collect();
    beyond.reverse();
    assert!(key.verifies(&[9; 64], &r, &s));
    assert!(carry == 0 && !key.verifies(&[9; 64], &r, &beyond));
}
