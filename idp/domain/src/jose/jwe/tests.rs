//! Encryption against decryption, the example of the standard, and what must not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use serde_json::{Value, json};

use super::agreed::{Purpose, agree, point};
use super::*;
use crate::jose::KeySet;
use crate::secret::{base64url, from_base64url};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    from_base64url(text).expect("base64url").try_into().expect("the length")
}

/// A private key and the set that publishes its public half.
fn pair(algorithm: KeyAlgorithm) -> (DecryptionKey, KeySet) {
    let (key, mut jwk) = match algorithm {
        KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA256kw => {
            let made = agreement::PrivateKey::generate(&ECDH_P256).expect("works");
            let scalar: EcPrivateKeyBin<'_> = made.as_be_bytes().expect("works");
            let key = DecryptionKey::from_scalar(scalar.as_ref().try_into().expect("32 bytes")).expect("a scalar");
            let jwk = key.public_jwk().expect("of a P-256 key");
            (key, jwk)
        }
        KeyAlgorithm::RsaOaep256 => {
            let made = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("works");
            let der: Pkcs8V1Der<'_> = made.as_der().expect("works");
            let public = RsaKeyPair::from_pkcs8(der.as_ref()).expect("the same key");
            let (n, e) = (public.public_key().modulus(), public.public_key().exponent());
            let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
            let jwk = json!({"kty": "RSA", "use": "enc", "n": base64url(n), "e": base64url(e)});
            (DecryptionKey::from_pkcs8(der.as_ref()).expect("its own form"), jwk)
        }
    };
    jwk["kid"] = json!("k");
    (key, KeySet::parse(&json!({"keys": [jwk]})).expect("a good set"))
}

fn encrypt(set: &KeySet, algorithm: KeyAlgorithm, content: Content) -> String {
    set.recipient(algorithm).expect("there").encrypt(b"a.b.c", algorithm, content).expect("encrypted")
}

fn header(token: &str) -> Value {
    let part = token.split('.').next().expect("a part");
    serde_json::from_slice(&from_base64url(part).expect("base64url")).expect("JSON")
}

#[test]
fn what_is_encrypted_is_opened_by_its_own_key_and_algorithm_alone() {
    for algorithm in KeyAlgorithm::ALL {
        let ((key, set), (other, _)) = (pair(algorithm), pair(algorithm));
        let token = encrypt(&set, algorithm, Content::Jwt);
        assert_eq!(key.decrypt(&token, algorithm).expect("its own").as_slice(), b"a.b.c");
        assert!(other.decrypt(&token, algorithm).is_err());
        for wrong in KeyAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(key.decrypt(&token, wrong).is_err(), "{wrong:?}");
        }
    }
}

#[test]
fn the_header_names_key_algorithms_and_what_is_inside() {
    for algorithm in KeyAlgorithm::ALL {
        let (_, set) = pair(algorithm);
        let nested = header(&encrypt(&set, algorithm, Content::Jwt));
        assert_eq!((&nested["alg"], &nested["enc"]), (&json!(algorithm.name()), &json!("A256GCM")));
        assert_eq!((&nested["kid"], &nested["cty"]), (&json!("k"), &json!("JWT")));
        assert!(header(&encrypt(&set, algorithm, Content::Claims)).get("cty").is_none());
        let epk = &nested["epk"];
        assert!(epk.get("d").is_none() && (algorithm == KeyAlgorithm::RsaOaep256) == epk.is_null());
    }
}

#[test]
fn two_tokens_share_neither_key_nor_nonce() {
    for algorithm in KeyAlgorithm::ALL {
        let (_, set) = pair(algorithm);
        let (one, two) = (encrypt(&set, algorithm, Content::Jwt), encrypt(&set, algorithm, Content::Jwt));
        let parts = one.split('.').zip(two.split('.')).enumerate();
        for (at, (one, two)) in parts.filter(|(_, (one, _))| !one.is_empty()) {
            let same_header = algorithm == KeyAlgorithm::RsaOaep256 && at == 0;
            assert_eq!(one == two, same_header, "part {at} of {algorithm:?}");
        }
    }
}

#[test]
fn a_changed_byte_anywhere_opens_nothing() {
    for algorithm in KeyAlgorithm::ALL {
        let (key, set) = pair(algorithm);
        let token = encrypt(&set, algorithm, Content::Jwt);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(key.decrypt(&changed, algorithm).is_err(), "byte {at} of {algorithm:?}");
        }
    }
}

#[test]
fn the_agreed_key_is_the_one_of_rfc_7518_appendix_c() {
    let alice = bytes("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
    let alice = agreement::PrivateKey::from_private_key(&ECDH_P256, &alice as &[u8; 32]).expect("a key");
    let (x, y) = ("weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck");
    let bob = point(&bytes::<32>(x), &bytes::<32>(y)).expect("a point");
    let purpose = Purpose { algorithm: "A128GCM", apu: b"Alice", apv: b"Bob" };
    let agreed = agree::<16>(&alice, &bob, &purpose).expect("agreed");
    assert_eq!(base64url(agreed.as_ref()), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn headers_that_would_make_work_are_refused() {
    let (key, set) = pair(KeyAlgorithm::EcdhEs);
    let token = encrypt(&set, KeyAlgorithm::EcdhEs, Content::Jwt);
    let (_, rest) = token.split_once('.').expect("five parts");
    let honest = header(&token);
    for (name, value) in [
        ("alg", json!("dir")),
        ("alg", json!("none")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("alg", json!("RSA1_5")),
        ("enc", json!("A128CBC-HS256")),
        ("enc", Value::Null),
        ("zip", json!("DEF")),
        ("p2c", json!(1_000_000_000)),
        ("crit", json!(["exp"])),
        ("jku", json!("https://evil.example/")),
        ("epk", json!({"kty": "EC", "crv": "P-256", "x": base64url(&[1; 32]), "y": base64url(&[2; 32])})),
        ("epk", json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"})),
        ("epk", Value::Null),
    ] {
        let mut bad = honest.clone();
        bad[name] = value;
        let bad = format!("{}.{rest}", base64url(bad.to_string().as_bytes()));
        assert!(KeyAlgorithm::ALL.into_iter().all(|algorithm| key.decrypt(&bad, algorithm).is_err()), "{name}");
    }
    for garbage in ["", "....", "a.b.c", "a.b.c.d.e.f", &"A".repeat(300_000)] {
        assert!(key.decrypt(garbage, KeyAlgorithm::EcdhEs).is_err());
    }
}

#[test]
fn a_header_that_an_honest_sender_sealed_is_refused_for_what_it_holds_alone() {
    let made = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("works");
    let der: Pkcs8V1Der<'_> = made.as_der().expect("works");
    let key = DecryptionKey::from_pkcs8(der.as_ref()).expect("its own form");
    let public = OaepPublicEncryptingKey::new(made.public_key()).expect("works");
    let opens = |name: &str, value: Value| {
        let mut header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM"});
        header[name] = value;
        let protected = base64url(header.to_string().as_bytes());
        let mut wrapped = vec![0; public.ciphertext_size()];
        public.encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 32], &mut wrapped, None).expect("works");
        let content = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
        let (mut text, aad) = (b"a.b.c".to_vec(), Aad::from(protected.as_bytes()));
        let tag = content.seal_in_place_separate_tag(Nonce::assume_unique_for_key([9; 12]), aad, &mut text);
        let [wrapped, text, tag] = [&wrapped, &text, tag.expect("works").as_ref()].map(base64url);
        let token = format!("{protected}.{wrapped}.{}.{text}.{tag}", base64url(&[9; 12]));
        key.decrypt(&token, KeyAlgorithm::RsaOaep256).is_ok()
    };
    assert!(opens("cty", json!("JWT")) && opens("kid", json!("k")), "the sender here is one that is understood");
    for (name, value) in [
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("dir")),
        ("enc", json!("A128GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("zip", json!("DEF")),
        ("crit", json!([])),
        ("jku", json!("https://evil.example/")),
        ("x5u", json!("https://evil.example/")),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
        ("x5c", json!([])),
        ("p2c", json!(1_000_000_000)),
        ("p2s", json!("AA")),
    ] {
        assert!(!opens(name, value.clone()), "{name}: {value}");
    }
}

#[test]
fn a_scalar_is_read_unless_it_is_none() {
    let bob = bytes("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
    let jwk = DecryptionKey::from_scalar(&bob).expect("a scalar").public_jwk().expect("P-256");
    assert_eq!(jwk["x"], "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ");
    assert_eq!(jwk["use"], "enc");
    assert_eq!(jwk["kid"].as_str().map(str::len), Some(43));
    assert!(DecryptionKey::from_scalar(&[0; 32]).is_none());
    assert!(DecryptionKey::from_scalar(&[255; 32]).is_none());
}
