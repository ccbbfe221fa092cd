use proptest::prelude::*;

use super::*;

fn randomness(octet: u8) -> Randomness {
    Randomness::new(std::array::from_fn(|index| octet.wrapping_mul(31).wrapping_add(u8::try_from(index).unwrap())))
}

/// The arithmetic of `curve`, which is another one and runs in variable time, gives the same points.
#[test]
fn secrets_and_agreements_are_those_of_the_other_arithmetic() {
    for curve in Curve::ALL {
        let ours = EphemeralSecret::new(curve, randomness(3)).unwrap();
        assert_eq!(curve.public(&ours.scalar), *ours.public(), "{}", curve.name());
        let theirs = EphemeralSecret::new(curve, randomness(4)).unwrap();
        let (our_public, their_public) = (ours.public().clone(), theirs.public().clone());
        assert_ne!(our_public, their_public);
        let (one, other) = (ours.agree(&their_public).unwrap(), theirs.agree(&our_public).unwrap());
        assert_eq!(one.octets, other.octets, "{}", curve.name());
        assert_eq!(one.x().len(), curve.field_length());
    }
}

#[test]
fn the_secret_is_the_randomness_modulo_the_order() {
    for curve in Curve::ALL {
        let mut octets = [0; RANDOMNESS];
        let at = RANDOMNESS - curve.field_length();
        octets[at..].copy_from_slice(curve.order());
        let refused = EphemeralSecret::new(curve, Randomness::new(octets));
        assert_eq!(refused.unwrap_err(), Fault::Randomness, "{}: the order is nothing", curve.name());
        octets[RANDOMNESS - 1] += 1;
        let one = EphemeralSecret::new(curve, Randomness::new(octets)).unwrap();
        assert_eq!(*one.public(), curve.generator(), "{}: one more is one", curve.name());
    }
}

#[test]
fn a_point_of_another_curve_is_refused() {
    let secret = EphemeralSecret::new(Curve::P256, randomness(1)).unwrap();
    let fault = secret.agree(&Curve::BrainpoolP256r1.generator()).map(|_| ()).unwrap_err();
    assert_eq!(fault, Fault::OtherCurve);
}

#[test]
fn a_number_at_or_above_the_order_is_no_scalar() {
    for curve in Curve::ALL {
        assert!(times(&curve.generator(), curve.order()).is_none());
        assert!(times(&curve.generator(), &[0]).is_none());
        assert!(times(&curve.generator(), &[1; 200]).is_none());
        assert_eq!(times(&curve.generator(), &[1]), Some(curve.generator()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_string_maps_onto_the_curve(string in proptest::collection::vec(any::<u8>(), 40..80), index in 0_usize..7) {
        let curve = Curve::ALL[index];
        prop_assert!(mapped(curve, &string).is_ok());
    }
}
