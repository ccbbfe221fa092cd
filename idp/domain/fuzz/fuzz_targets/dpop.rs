//! Any DPoP proof: no panic; and whatever the claims are, a proof that is signed well is for this very call.
#![no_main]

use std::sync::LazyLock;

use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::oidc::dpop::{Call, NonceRule, NonceSecret, check};
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("a plain name")).expect("keys are made")
});

const URL: &str = "https://i.example/token";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (call, secret) = (Call { method: "POST", url: URL, token: None }, NonceSecret::new([7; 32]));
    let now = Timestamp::from_epoch(1_000_000);
    let _ = check(text, call, (NonceRule::Optional, &secret), now);
    let Ok(claims @ Value::Object(_)) = serde_json::from_str::<Value>(text) else { return };
    if let Ok(proven) = check(&KEY.sign_self("dpop+jwt", &claims), call, (NonceRule::Optional, &secret), now) {
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["jti"], proven.jti.as_str());
        let age = 1_000_000 - claims["iat"].as_i64().expect("a number");
        assert!((-10..=70).contains(&age));
        let named = url::Url::parse(claims["htu"].as_str().expect("a text")).expect("an address");
        assert_eq!((named.host_str(), named.path()), (Some("i.example"), "/token"));
    }
});
