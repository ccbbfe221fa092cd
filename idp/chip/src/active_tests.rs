use proptest::prelude::*;

use super::*;
use crate::signature::RsaUse;
use crate::vectors::{Case, cases, hex};

/// ICAO 9303-11 appendix F: the recovered message of the example, which gives no key.
#[test]
fn the_recovered_message_is_that_of_appendix_f() {
    let message =
        hex("6A9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5524CF23A5303CD6C
                       98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD
                       4E7292E2DCDA3024B47DA8C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127BC");
    let challenge = hex("F173589974BF40C6").try_into().unwrap();
    assert_eq!(recovered(&message, challenge), Ok(()));
    for at in 0..message.len() {
        let mut changed = message.clone();
        changed[at] ^= 1;
        assert!(recovered(&changed, challenge).is_err(), "octet {at}");
    }
    assert_eq!(recovered(&message, [0; 8]), Err(Fault::Signature));
}

fn vectors(kind: &str) -> Vec<Case> {
    cases(include_str!("../vectors/active.txt")).into_iter().filter(|case| case.text("kind") == kind).collect()
}

fn hash_of(case: &Case) -> Hash {
    let name = case.text("hash");
    Hash::ALL.into_iter().find(|hash| hash.name().replace('-', "").to_lowercase() == name).unwrap()
}

fn rsa_key(modulus: &[u8]) -> RsaPublicKey {
    let modulus = BoxedUint::from_be_slice(modulus, 2048).unwrap();
    RsaPublicKey::new(modulus, BoxedUint::from(65_537_u64)).unwrap()
}

fn key_of(case: &Case) -> Result<ActiveKey, Fault> {
    if case.text("kind") == "rsa" {
        return ActiveKey::new(PublicKey::Rsa(rsa_key(&case.octets("modulus")), RsaUse::Any), None);
    }
    let point = case.curve().point(&case.octets("public")).unwrap();
    ActiveKey::new(PublicKey::Ec(point), Some(hash_of(case)))
}

fn verify(case: &Case, key: &ActiveKey, signature: &[u8]) -> Result<(), Fault> {
    let challenge = Challenge::new(case.octets("challenge").try_into().unwrap());
    let answer = [signature, &[0x90, 0]].concat();
    challenge.answer(key, &answer).map(|_| ())
}

/// Against signatures of the other implementation, in Python: every trailer.
#[test]
fn every_trailer_of_the_message_recovery_is_read() {
    for case in vectors("rsa") {
        let key = key_of(&case).unwrap();
        let signature = case.octets("signature");
        assert_eq!(verify(&case, &key, &signature), Ok(()), "{}", case.text("hash"));
        assert_eq!(verify(&case, &key, &signature[1..]), Err(Fault::SignatureForm));
        assert_eq!(verify(&case, &key, &case.octets("modulus")), Err(Fault::SignatureForm), "not below the modulus");
        let mut changed = signature.clone();
        changed[100] ^= 1;
        assert_eq!(verify(&case, &key, &changed), Err(Fault::RecoveredForm));
        // The signature's complement recovers the message's complement: the smaller of both may be given.
        let modulus = rsa_key(&case.octets("modulus"));
        let number = BoxedUint::from_be_slice(&signature, 2048).unwrap();
        let complement = modulus.n().as_ref().wrapping_sub(&number).to_be_bytes();
        assert_eq!(verify(&case, &key, &complement), Ok(()));
        let other = Challenge::new([7; 8]);
        let answer = [&signature[..], &[0x90, 0]].concat();
        assert_eq!(other.answer(&key, &answer).unwrap_err(), Fault::Signature, "of another challenge");
        assert_eq!(other_challenge().command(&key).unwrap().expected(), 256);
    }
}

fn other_challenge() -> Challenge {
    Challenge::new([1; 8])
}

#[test]
fn ecdsa_is_read_plain_and_in_der() {
    for case in vectors("ec") {
        let Ok(key) = key_of(&case) else {
            assert_eq!(hash_of(&case), Hash::Sha1, "which must not be used");
            continue;
        };
        assert_eq!(verify(&case, &key, &case.octets("signature")), Ok(()), "{}", case.text("curve"));
        assert_eq!(verify(&case, &key, &case.octets("der")), Ok(()), "{}", case.text("curve"));
        let mut changed = case.octets("signature");
        changed[5] ^= 1;
        assert_eq!(verify(&case, &key, &changed), Err(Fault::Signature));
        assert_eq!(verify(&case, &key, &changed[1..]), Err(Fault::SignatureForm));
        let trailing = [&case.octets("der")[..], &[0]].concat();
        assert!(verify(&case, &key, &trailing).is_err());
    }
}

#[test]
fn what_reads_in_two_ways_is_refused() {
    // 64 octets that are a sequence of two integers, and two numbers of 32 octets.
    let mut octets = vec![0x30, 62, 0x02, 29];
    octets.extend([1; 29]);
    octets.extend([0x02, 29]);
    octets.extend([1; 29]);
    let case = vectors("ec").remove(0);
    assert_eq!((case.curve(), octets.len()), (Curve::P256, 64));
    assert_eq!(verify(&case, &key_of(&case).unwrap(), &octets).unwrap_err().code(), "AA_AMBIGUOUS");
}

#[test]
fn refusals_and_hashes_have_their_codes() {
    let case = vectors("ec").remove(0);
    let key = key_of(&case).unwrap();
    assert_eq!(other_challenge().answer(&key, &[0x69, 0x82]).unwrap_err().code(), "AA_REFUSED");
    assert_eq!(other_challenge().answer(&key, &[0x90]).unwrap_err().code(), "APDU_TRUNCATED");
    let point = case.curve().point(&case.octets("public")).unwrap();
    for announced in [None, Some(Hash::Sha1)] {
        assert_eq!(ActiveKey::new(PublicKey::Ec(point.clone()), announced).unwrap_err().code(), "AA_HASH");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_refused_without_a_panic(answer in proptest::collection::vec(any::<u8>(), 0..300), message in any::<Vec<u8>>()) {
        for case in [vectors("rsa").remove(0), vectors("ec").remove(0)] {
            prop_assert!(other_challenge().answer(&key_of(&case).unwrap(), &answer).is_err());
        }
        prop_assert!(recovered(&message, [0; 8]).is_err());
    }
}
