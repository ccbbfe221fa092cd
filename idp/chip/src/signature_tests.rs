use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::testing::{
    Form, Key, NULL, RSA_1024, RSA_2048, RSA_2048_3, RSA_3072, RSA_4096, RSA_6144, bit_string, declared, explicit,
    hash_identifier, integer, object, oid, sequence,
};

const MESSAGE: &[u8] = b"what the State signs";

/// Every algorithm of the field, with a key.
fn matrix() -> Vec<(Key, Algorithm)> {
    let mut all = Vec::new();
    for key in [RSA_2048, RSA_2048_3, RSA_3072, RSA_4096, RSA_6144] {
        for hash in [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            all.push((key, Algorithm::RsaPkcs1(hash)));
        }
    }
    for key in [RSA_2048, RSA_4096] {
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            for salt in [20, 32, 48, 64] {
                all.push((key, Algorithm::RsaPss(Pssed { hash, salt })));
            }
        }
    }
    for curve in Curve::ALL {
        for hash in Hash::ALL {
            for form in [Form::Named, Form::Explicit] {
                all.push((Key::Ec(curve, 0x42, form), Algorithm::Ecdsa(hash)));
            }
        }
    }
    all
}

fn read(der: &[u8]) -> Result<Algorithm, Fault> {
    Algorithm::read(&AlgorithmIdentifierRef::from_der(der).unwrap(), None)
}

fn verdict(key: &Key, algorithm: Algorithm, signature: &[u8]) -> Result<(), Fault> {
    PublicKey::from_der(&key.spki())?.verify(read(&declared(algorithm))?, &[MESSAGE], signature)
}

#[test]
fn every_algorithm_of_the_field_verifies_and_an_altered_signature_does_not() {
    for (key, algorithm) in matrix() {
        let signature = key.sign(algorithm, MESSAGE);
        assert_eq!(read(&declared(algorithm)), Ok(algorithm));
        assert_eq!(verdict(&key, algorithm, &signature), Ok(()), "{key:?} {algorithm:?}");
        let mut altered = signature.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(verdict(&key, algorithm, &altered), Err(Fault::Invalid), "{key:?} {algorithm:?}");
        let parts = [&MESSAGE[..4], &MESSAGE[5..]];
        let key = PublicKey::from_der(&key.spki()).unwrap();
        assert_eq!(key.verify(algorithm, &parts, &signature), Err(Fault::Invalid));
    }
}

/// What OpenSSL says of the same key, parameters and signature; none where it is not installed.
fn openssl(folder: &Path, key: &Key, algorithm: Algorithm, signature: &[u8]) -> Option<bool> {
    let file = |name: &str, octets: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, octets).unwrap();
        path
    };
    let hash = algorithm.hash().name().replace('-', "").to_lowercase();
    let mut command = Command::new("openssl");
    command.arg("dgst").arg(format!("-{hash}")).arg("-keyform").arg("DER");
    command.arg("-verify").arg(file("key.der", &key.spki()));
    if let Algorithm::RsaPss(parameters) = algorithm {
        command.args(["-sigopt", "rsa_padding_mode:pss", "-sigopt"]);
        command.arg(format!("rsa_pss_saltlen:{}", parameters.salt));
    }
    command.arg("-signature").arg(file("signature", signature)).arg(file("message", MESSAGE));
    command.output().ok().map(|output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Verified OK") || said.contains("erification"), "OpenSSL could not judge: {output:?}");
        output.status.success()
    })
}

#[test]
fn every_verdict_is_that_of_openssl() {
    let folder = std::env::temp_dir().join(format!("chip-signatures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut compared = 0;
    for (key, algorithm) in matrix() {
        let good = key.sign(algorithm, MESSAGE);
        let mut altered = good.clone();
        *altered.last_mut().unwrap() ^= 1;
        let other = match algorithm {
            Algorithm::RsaPss(Pssed { hash, salt }) => Algorithm::RsaPss(Pssed { hash, salt: salt + 1 }),
            Algorithm::RsaPkcs1(Hash::Sha256) => Algorithm::RsaPkcs1(Hash::Sha384),
            Algorithm::RsaPkcs1(_) => Algorithm::RsaPkcs1(Hash::Sha256),
            Algorithm::Ecdsa(Hash::Sha256) => Algorithm::Ecdsa(Hash::Sha384),
            Algorithm::Ecdsa(_) => Algorithm::Ecdsa(Hash::Sha256),
        };
        for (declared, signature) in [(algorithm, &good), (algorithm, &altered), (other, &good)] {
            let Some(theirs) = openssl(&folder, &key, declared, signature) else {
                eprintln!("skipped: no openssl on this machine to compare with");
                return;
            };
            let ours = verdict(&key, declared, signature).is_ok();
            assert_eq!(ours, theirs, "{key:?} {declared:?}, signed {algorithm:?}");
            compared += 1;
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(compared, matrix().len() * 3);
}

/// With e = 3 a cube that begins like a signature is easily found: what follows the digest must be refused.
#[test]
fn nothing_may_follow_the_digest_nor_the_padding_be_short() {
    let digest = Hash::Sha256.digest(&[MESSAGE]);
    let info = sequence(&[&hash_identifier(Hash::Sha256), &object(4, &digest)]);
    let without_null = sequence(&[&sequence(&[&oid("2.16.840.1.101.3.4.2.1")]), &object(4, &digest)]);
    let padded = |info: &[u8], ones: usize| {
        let mut message = [&[0, 1], &vec![0xff; ones][..], &[0], info].concat();
        message.resize(256, 0x5c);
        message
    };
    let forged = |message: &[u8]| verdict(&RSA_2048_3, Algorithm::RsaPkcs1(Hash::Sha256), &RSA_2048_3.power(message));
    assert_eq!(forged(&padded(&info, 256 - 3 - info.len())), Ok(()));
    assert_eq!(forged(&padded(&info, 8)), Err(Fault::Invalid), "octets after the digest");
    assert_eq!(forged(&padded(&without_null, 256 - 3 - without_null.len())), Err(Fault::Invalid));
    let inside = sequence(&[&hash_identifier(Hash::Sha256), &object(4, &digest), &object(4, &[7; 40])]);
    assert_eq!(forged(&padded(&inside, 256 - 3 - inside.len())), Err(Fault::Invalid), "octets inside DigestInfo");
}

#[test]
fn the_signature_has_the_length_of_the_modulus() {
    let algorithm = Algorithm::RsaPkcs1(Hash::Sha256);
    let signature = RSA_2048.sign(algorithm, MESSAGE);
    assert_eq!(verdict(&RSA_2048, algorithm, &[&[0], &signature[..]].concat()), Err(Fault::Invalid));
    assert_eq!(verdict(&RSA_2048, algorithm, &signature[1..]), Err(Fault::Invalid));
    assert_eq!(verdict(&RSA_2048, algorithm, &[0; 256]), Err(Fault::Invalid));
    assert_eq!(verdict(&RSA_2048, algorithm, &[0xff; 256]), Err(Fault::Invalid), "not below the modulus");
    assert_eq!(verdict(&RSA_2048, algorithm, &[]), Err(Fault::Invalid));
}

#[test]
fn rsa_keys_are_within_bounds() {
    let key = |n: &[u8], e: &[u8]| {
        let key = bit_string(&sequence(&[&integer(n), &integer(e)]));
        PublicKey::from_der(&sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &NULL]), &key])).map(|_| ())
    };
    let odd = |bits: usize| [&[0x80], &vec![0; bits / 8 - 2][..], &[1]].concat();
    assert_eq!(key(&odd(2048), &[3]), Ok(()));
    assert_eq!(key(&odd(8192), &[1, 0, 1]), Ok(()));
    assert_eq!(key(&odd(2048), &[1, 0xff, 0xff, 0xff, 0xff]), Ok(()));
    for (n, e) in [
        (odd(2040), &[3][..]),
        (odd(8200), &[3]),
        (odd(2048), &[1]),
        (odd(2048), &[0]),
        (odd(2048), &[4]),
        (odd(2048), &[3, 0, 0, 0, 1]),
        (vec![0x80; 256], &[3]),
    ] {
        assert_eq!(key(&n, e), Err(Fault::KeySize));
    }
    assert_eq!(PublicKey::from_der(&RSA_1024.spki()), Err(Fault::KeySize));
    let key = |key: &[u8]| {
        PublicKey::from_der(&sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &NULL]), &bit_string(key)]))
    };
    assert_eq!(key(&sequence(&[&integer(&odd(2048)), &[2, 1, 0xfd]])), Err(Fault::Key), "negative");
    assert_eq!(key(&[sequence(&[&integer(&odd(2048)), &integer(&[3])]), vec![0]].concat()), Err(Fault::Key));
}

fn pss_identifier(fields: &[&[u8]]) -> Vec<u8> {
    sequence(&[&oid("1.2.840.113549.1.1.10"), &sequence(fields)])
}

#[test]
fn parameters_of_pss_are_read_and_what_is_absent_is_sha1() {
    let sha256 = hash_identifier(Hash::Sha256);
    let mgf = |hash: &[u8]| object(0xa1, &sequence(&[&oid("1.2.840.113549.1.1.8"), hash]));
    let salt = object(0xa2, &integer(&[20]));
    let trailer = |number| object(0xa3, &integer(&[number]));
    let sha1 = Algorithm::RsaPss(Pssed { hash: Hash::Sha1, salt: 20 });
    assert_eq!(read(&pss_identifier(&[])), Ok(sha1));
    let full = [&object(0xa0, &sha256)[..], &mgf(&sha256), &salt, &trailer(1)];
    assert_eq!(read(&pss_identifier(&full)), Ok(Algorithm::RsaPss(Pssed { hash: Hash::Sha256, salt: 20 })));
    let refused: [&[&[u8]]; 6] = [
        &[&object(0xa0, &sha256), &mgf(&sha256), &salt, &trailer(2)],
        &[&object(0xa0, &sha256), &salt],
        &[&mgf(&sha256), &salt],
        &[&object(0xa0, &sha256), &mgf(&hash_identifier(Hash::Sha512)), &salt],
        &[&object(0xa0, &sha256), &object(0xa1, &sequence(&[&oid("1.2.840.113549.1.1.9"), &sha256])), &salt],
        &[&object(0xa0, &sequence(&[&oid("1.2.840.113549.2.5"), &NULL]))],
    ];
    for fields in refused {
        assert_eq!(read(&pss_identifier(fields)), Err(Fault::Parameters));
    }
    assert_eq!(read(&sequence(&[&oid("1.2.840.113549.1.1.10")])), Err(Fault::Parameters));
}

#[test]
fn a_key_made_for_pss_signs_nothing_else_and_nothing_weaker() {
    let restricted = |parameters: Option<Pssed>| {
        let Ok(PublicKey::Rsa(key, _)) = PublicKey::from_der(&RSA_2048.spki()) else { panic!("an RSA key") };
        PublicKey::Rsa(key, RsaUse::Pss(parameters))
    };
    let pkcs1 = Algorithm::RsaPkcs1(Hash::Sha256);
    let signature = RSA_2048.sign(pkcs1, MESSAGE);
    assert_eq!(restricted(None).verify(pkcs1, &[MESSAGE], &signature), Err(Fault::Mismatch));
    let pss = Algorithm::RsaPss(Pssed { hash: Hash::Sha256, salt: 32 });
    let signature = RSA_2048.sign(pss, MESSAGE);
    let least = |hash, salt| restricted(Some(Pssed { hash, salt })).verify(pss, &[MESSAGE], &signature);
    assert_eq!(restricted(None).verify(pss, &[MESSAGE], &signature), Ok(()));
    assert_eq!(least(Hash::Sha256, 20), Ok(()));
    assert_eq!(least(Hash::Sha256, 33), Err(Fault::Mismatch));
    assert_eq!(least(Hash::Sha512, 20), Err(Fault::Mismatch));
}

#[test]
fn unknown_algorithms_and_parameters_that_belong_nowhere_are_refused() {
    for name in ["1.2.840.113549.1.1.4", "1.2.840.10045.2.1", "1.2.840.113549.1.1.1", "1.3.101.112"] {
        assert_eq!(read(&sequence(&[&oid(name), &NULL])), Err(Fault::Algorithm), "{name}");
    }
    assert_eq!(read(&sequence(&[&oid("1.2.840.10045.4.3.2"), &integer(&[1])])), Err(Fault::Parameters));
    let plain = sequence(&[&oid("1.2.840.113549.1.1.1"), &NULL]);
    let plain = AlgorithmIdentifierRef::from_der(&plain).unwrap();
    assert_eq!(Algorithm::read(&plain, Some(Hash::Sha384)), Ok(Algorithm::RsaPkcs1(Hash::Sha384)));
    let other = declared(Algorithm::Ecdsa(Hash::Sha256));
    let other = AlgorithmIdentifierRef::from_der(&other).unwrap();
    assert_eq!(Algorithm::read(&other, Some(Hash::Sha512)), Err(Fault::Mismatch));
}

#[test]
fn a_key_of_another_kind_verifies_nothing() {
    let ec = Key::Ec(Curve::P256, 1, Form::Named);
    let algorithm = Algorithm::Ecdsa(Hash::Sha256);
    assert_eq!(verdict(&RSA_2048, algorithm, &ec.sign(algorithm, MESSAGE)), Err(Fault::Mismatch));
    let algorithm = Algorithm::RsaPkcs1(Hash::Sha256);
    assert_eq!(verdict(&ec, algorithm, &RSA_2048.sign(algorithm, MESSAGE)), Err(Fault::Mismatch));
}

#[test]
fn an_ecdsa_signature_has_one_form() {
    for curve in Curve::ALL {
        let key = Key::Ec(curve, 9, Form::Explicit);
        let algorithm = Algorithm::Ecdsa(Hash::Sha256);
        let (r, s) = curve.sign(&curve.secret(&[9; 32]), &[3; 32], &Hash::Sha256.digest(&[MESSAGE]));
        let (r, s) = (integer(&r), integer(&s));
        assert_eq!(verdict(&key, algorithm, &sequence(&[&r, &s])), Ok(()));
        for wrong in [
            [&sequence(&[&r, &s])[..], &[0]].concat(),
            sequence(&[&r, &s, &integer(&[0])]),
            sequence(&[&r]),
            sequence(&[&s, &r]),
            sequence(&[&r, &integer(&[0])]),
            sequence(&[&r, &integer(curve.order())]),
            sequence(&[&r, &integer(&[0x7f; 70])]),
        ] {
            assert_eq!(verdict(&key, algorithm, &wrong), Err(Fault::Invalid), "{}", curve.name());
        }
    }
}

#[test]
fn explicit_parameters_with_a_generator_of_the_forger_make_no_key() {
    let curve = Curve::P384;
    let forged = explicit(curve);
    let generator = curve.generator();
    let other = curve.public(&[5]);
    let at = forged.windows(generator.octets().len()).position(|window| window == generator.octets()).unwrap();
    let mut forged = forged;
    forged[at..at + other.octets().len()].copy_from_slice(other.octets());
    let algorithm = sequence(&[&oid("1.2.840.10045.2.1"), &forged]);
    let info = sequence(&[&algorithm, &bit_string(other.octets())]);
    assert_eq!(PublicKey::from_der(&info), Err(Fault::Curve(curve::Fault::Unlisted)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..300), index in 0_usize..127) {
        let _ = PublicKey::from_der(&octets);
        if let Ok(declared) = AlgorithmIdentifierRef::from_der(&octets) {
            let _ = Algorithm::read(&declared, None);
        }
        let (key, algorithm) = matrix()[index];
        prop_assert!(verdict(&key, algorithm, &octets).is_err());
    }
}
