//! Any token and any key set: no panic, and no signature is good under a key whose private half nobody has.
#![no_main]

use std::sync::LazyLock;

use domain::id::Kid;
use domain::jose::jwe::{DecryptionKey, KeyAlgorithm};
use domain::jose::{KeySet, SigningAlgorithm, SigningKey, verify, verify_self_signed};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let keys: Vec<_> = SigningAlgorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let kid = Kid::parse(&algorithm.name().to_lowercase()).expect("a plain name");
            SigningKey::generate(algorithm, kid).expect("keys are made").public_jwk()
        })
        .collect();
    KeySet::parse(&json!({ "keys": keys })).expect("own keys are good")
});

static DECRYPTION: LazyLock<DecryptionKey> = LazyLock::new(|| {
    let kid = Kid::parse("k").expect("a plain name");
    let key = SigningKey::generate(SigningAlgorithm::Es256, kid).expect("keys are made");
    DecryptionKey::from_pkcs8(&key.to_pkcs8().expect("keys are written")).expect("a P-256 key decrypts")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = serde_json::from_slice(data) {
        let _ = KeySet::parse(&value);
    }
    let Ok(token) = std::str::from_utf8(data) else { return };
    for algorithm in SigningAlgorithm::ALL {
        assert!(verify(token, algorithm, &KEYS).is_err());
    }
    let _ = verify_self_signed(token, "dpop+jwt", SigningAlgorithm::ALL);
    for algorithm in [KeyAlgorithm::EcdhEs, KeyAlgorithm::EcdhEsA256kw, KeyAlgorithm::RsaOaep256] {
        let _ = DECRYPTION.decrypt(token, algorithm);
    }
});
