use std::path::{Path, PathBuf};
use std::process::Command;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use spki::SubjectPublicKeyInfoRef;

use super::*;
use crate::agreement::{EphemeralSecret, Public, RANDOMNESS, Randomness};
use crate::testing::{bit_string, integer, object, oid, sequence};
use crate::tlv;

/// Keys that OpenSSL made.
const KEYS: [(Modp, &str); 3] =
    [(Modp::M1024Q160, "dh-1024-160"), (Modp::M2048Q224, "dh-2048-224"), (Modp::M2048Q256, "dh-2048-256")];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn read(key: &[u8]) -> Result<Number, Fault> {
    let info = SubjectPublicKeyInfoRef::from_der(key).map_err(|_| Fault::Malformed)?;
    Number::of_key(info.algorithm.oid, info.algorithm.parameters, info.subject_public_key)
}

/// A key whose parameters are these.
fn key(algorithm: &str, parameters: &[&[u8]], y: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[&oid(algorithm), &sequence(parameters)]);
    sequence(&[&algorithm, &bit_string(&integer(y))])
}

const X942: &str = "1.2.840.10046.2.1";
const PKCS3: &str = "1.2.840.113549.1.3.1";

#[test]
fn each_generator_is_of_a_prime_order_modulo_a_prime() {
    for group in Modp::ALL {
        let Domain { p, g, q } = group.domain();
        // Fermat's test to the base of 3: the numbers are of a table, nobody chose them against it.
        for number in [p, q] {
            let params = BoxedMontyParams::new_vartime(Odd::new(BoxedUint::from_be_slice_vartime(number)).unwrap());
            let base = BoxedUint::from_be_slice(&[3], params.bits_precision()).unwrap();
            let mut less = number.to_vec();
            *less.last_mut().unwrap() -= 1;
            let power = BoxedMontyForm::new(base, &params).pow(&BoxedUint::from_be_slice_vartime(&less));
            assert_eq!(power, BoxedMontyForm::one(&params), "{}", group.name());
        }
        assert_eq!(group.number(significant(g)), Ok(group.generator()), "{}", group.name());
        assert_eq!(group.length(), p.len());
    }
}

#[test]
fn keys_of_another_implementation_are_read() {
    for (group, name) in KEYS {
        let read = read(&file(&format!("{name}.der"))).unwrap();
        assert_eq!(read.group(), group);
        // The secret that OpenSSL keeps is the one of this public key.
        let private = file(&format!("{name}-private.der"));
        let mut fields = tlv::Reader::new(tlv::only(&private, tlv::Tag(0x30)).unwrap());
        let secret = fields.by_ref().last().unwrap().unwrap().value;
        let secret = tlv::only(secret, tlv::Tag(2)).unwrap();
        let mut randomness = [0; RANDOMNESS];
        randomness[RANDOMNESS - secret.len()..].copy_from_slice(secret);
        let own = EphemeralSecret::new(group, Randomness::new(randomness)).unwrap();
        assert_eq!(*own.public(), Public::from(read), "{name}");
    }
}

/// What OpenSSL derives with its secret and our public key; none where it is not installed.
fn openssl(name: &str, ours: &Path) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-derive", "-keyform", "DER", "-peerform", "DER", "-inkey"]);
    let output = command.arg(path(&format!("{name}-private.der"))).arg("-peerkey").arg(ours).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
fn what_is_agreed_on_is_what_openssl_derives() {
    for (group, name) in KEYS {
        let ours = EphemeralSecret::new(group, Randomness::new([0x5c; RANDOMNESS])).unwrap();
        let Domain { p, g, q } = group.domain();
        let written = key(X942, &[&integer(p), &integer(g), &integer(q)], ours.public().octets());
        let at = std::env::temp_dir().join(format!("passerelle-{}-{name}.der", std::process::id()));
        std::fs::write(&at, written).unwrap();
        let theirs = openssl(name, &at);
        std::fs::remove_file(&at).unwrap();
        let Some(theirs) = theirs else {
            eprintln!("skipped: no openssl on this machine to compare with");
            return;
        };
        let public = Public::from(read(&file(&format!("{name}.der"))).unwrap());
        assert_eq!(ours.agree(&public).unwrap().secret(), theirs, "{name}");
    }
}

#[test]
fn parameters_of_every_form_name_their_group() {
    for group in Modp::ALL {
        let Domain { p, g, q } = group.domain();
        let (p, g, q) = (integer(p), integer(g), integer(q));
        let (cofactor, seed) = (integer(&[9]), sequence(&[&bit_string(&[1, 2]), &integer(&[3])]));
        let y = group.generator();
        let y = y.octets();
        for good in [
            key(X942, &[&p, &g, &q], y),
            key(X942, &[&p, &g, &q, &cofactor], y),
            key(X942, &[&p, &g, &q, &cofactor, &seed], y),
            key(X942, &[&p, &g, &q, &seed], y),
            key(PKCS3, &[&p, &g], y),
            key(PKCS3, &[&p, &g, &integer(&[160])], y),
        ] {
            assert_eq!(read(&good), Ok(group.generator()), "{}", group.name());
        }
        for (bad, fault) in [
            (key(X942, &[&p, &g], y), Fault::Malformed),
            (key(X942, &[&p, &g, &q, &cofactor, &cofactor], y), Fault::Malformed),
            (key(X942, &[&p, &g, &q, &seed, &seed], y), Fault::Malformed),
            (key(PKCS3, &[&p, &g, &q, &seed], y), Fault::Malformed),
            (key(PKCS3, &[&p], y), Fault::Malformed),
            (key(X942, &[&p, &p, &q], y), Fault::Unlisted),
            (key(X942, &[&p, &g, &g], y), Fault::Unlisted),
            (key(X942, &[&q, &g, &q], y), Fault::Unlisted),
            (key(PKCS3, &[&p, &integer(&[2])], y), Fault::Unlisted),
            (key("1.2.840.113549.1.1.1", &[&p, &g, &q], y), Fault::Unlisted),
        ] {
            assert_eq!(read(&bad), Err(fault), "{}", group.name());
        }
        let bare = sequence(&[&sequence(&[&oid(X942)]), &bit_string(&integer(y))]);
        assert_eq!(read(&bare), Err(Fault::Malformed), "no parameters");
    }
}

/// The generator of a group with the modulus of another, as who forges parameters would mix them.
#[test]
fn the_numbers_of_two_groups_are_none() {
    let (one, other) = (Modp::M2048Q224.domain(), Modp::M2048Q256.domain());
    for [p, g, q] in [[one.p, other.g, one.q], [one.p, one.g, other.q], [other.p, one.g, one.q]] {
        assert_eq!(read(&key(X942, &[&integer(p), &integer(g), &integer(q)], g)), Err(Fault::Unlisted));
    }
}

#[test]
fn a_public_key_outside_the_group_is_refused() {
    for group in Modp::ALL {
        let p = group.domain().p;
        let near = |step: i16| {
            let mut number = p.to_vec();
            let last = number.last_mut().unwrap();
            *last = u8::try_from(i16::from(*last) + step).unwrap();
            number
        };
        for (y, fault) in [
            (vec![1], Fault::NotInGroup),
            (vec![2], Fault::NotInGroup),
            (near(-1), Fault::NotInGroup),
            (near(-2), Fault::NotInGroup),
            (p.to_vec(), Fault::NotInGroup),
            (vec![0xff; p.len()], Fault::NotInGroup),
            (Vec::new(), Fault::NumberForm),
            (vec![0], Fault::NumberForm),
            ([&[0], group.generator().octets()].concat(), Fault::NumberForm),
            ([group.generator().octets(), &[1]].concat(), Fault::NumberForm),
        ] {
            let fault = if y.len() > p.len() { Fault::NumberForm } else { fault };
            assert_eq!(group.number(&y), Err(fault), "{} {:02x?}", group.name(), &y.get(..2));
        }
        // 1 and p − 1 are of the right and of the wrong order: the range alone refuses the first.
        assert!(group.power(&group.generator(), &[0]).is_none(), "to nothing, it is 1");
    }
}

#[test]
fn bits_that_hold_no_whole_number_are_refused() {
    let Domain { p, g, q } = Modp::M1024Q160.domain();
    let algorithm = sequence(&[&oid(X942), &sequence(&[&integer(p), &integer(g), &integer(q)])]);
    let y = integer(g);
    let negative = object(2, g);
    for bits in [&g[..], &[], &[&y[..], &[0]].concat(), &object(4, g), &negative] {
        assert_eq!(read(&sequence(&[&algorithm, &bit_string(bits)])), Err(Fault::NumberForm));
    }
    let odd = object(3, &[&[3], &y[..]].concat());
    assert!(read(&sequence(&[&algorithm, &odd])).is_err(), "bits that are no octets");
}

#[test]
fn no_changed_octet_of_a_key_gives_a_key() {
    let genuine = file("dh-1024-160.der");
    for at in 0..genuine.len() {
        for bit in [0x01, 0x80] {
            let mut changed = genuine.clone();
            changed[at] ^= bit;
            assert!(read(&changed).is_err(), "octet {at}");
        }
    }
}
