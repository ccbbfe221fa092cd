use proptest::prelude::*;

use super::*;
use crate::modp::Modp;

fn randomness(octet: u8) -> Randomness {
    Randomness::new(std::array::from_fn(|index| octet.wrapping_mul(31).wrapping_add(u8::try_from(index).unwrap())))
}

/// The arithmetic of `curve`, which is another one and runs in variable time, gives the same points.
#[test]
fn secrets_and_agreements_are_those_of_the_other_arithmetic() {
    for curve in Curve::ALL {
        let ours = EphemeralSecret::new(curve, randomness(3)).unwrap();
        assert_eq!(Public::from(curve.public(&ours.scalar)), *ours.public(), "{}", curve.name());
        let theirs = EphemeralSecret::new(curve, randomness(4)).unwrap();
        let (our_public, their_public) = (ours.public().clone(), theirs.public().clone());
        assert_ne!(our_public, their_public);
        let (one, other) = (ours.agree(&their_public).unwrap(), theirs.agree(&our_public).unwrap());
        assert_eq!(one.octets, other.octets, "{}", curve.name());
        assert_eq!(one.secret().len(), curve.field_length());
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
        assert_eq!(*one.public(), Domain::from(curve).generator(), "{}: one more is one", curve.name());
    }
}

#[test]
fn a_point_of_another_curve_is_refused() {
    let secret = EphemeralSecret::new(Curve::P256, randomness(1)).unwrap();
    let fault = secret.agree(&Curve::BrainpoolP256r1.generator().into()).map(|_| ()).unwrap_err();
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

#[test]
fn over_integers_both_parties_share_a_number_as_long_as_p() {
    for group in Modp::ALL {
        let (ours, theirs) =
            (EphemeralSecret::new(group, randomness(3)).unwrap(), EphemeralSecret::new(group, randomness(4)).unwrap());
        let (our_public, their_public) = (ours.public().clone(), theirs.public().clone());
        assert_ne!(our_public, their_public);
        assert_eq!(Domain::from(group).public(our_public.octets()), Ok(our_public.clone()), "of the group again");
        let (one, other) = (ours.agree(&their_public).unwrap(), theirs.agree(&our_public).unwrap());
        assert_eq!(one.secret(), other.secret(), "{}", group.name());
        assert_eq!(one.secret().len(), group.length());
    }
}

#[test]
fn over_integers_the_secret_is_the_randomness_modulo_the_order() {
    for group in Modp::ALL {
        let mut octets = [0; RANDOMNESS];
        octets[RANDOMNESS - group.order().len()..].copy_from_slice(group.order());
        let refused = EphemeralSecret::new(group, Randomness::new(octets));
        assert_eq!(refused.unwrap_err(), Fault::Randomness, "{}: the order is nothing", group.name());
        octets[RANDOMNESS - 1] += 1;
        let one = EphemeralSecret::new(group, Randomness::new(octets)).unwrap();
        assert_eq!(*one.public(), Domain::from(group).generator(), "{}: one more is one", group.name());
    }
}

#[test]
fn a_number_of_another_group_and_a_point_are_refused() {
    for with in [Domain::Integers(Modp::M2048Q256), Domain::Curve(Curve::P256)] {
        let secret = EphemeralSecret::new(Modp::M2048Q224, randomness(1)).unwrap();
        assert_eq!(secret.agree(&with.generator()).map(|_| ()).unwrap_err(), Fault::OtherCurve);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_string_maps_onto_the_curve(string in proptest::collection::vec(any::<u8>(), 40..80), index in 0_usize..7) {
        let curve = Curve::ALL[index];
        prop_assert!(mapped(curve.into(), &string).is_ok());
    }
}
