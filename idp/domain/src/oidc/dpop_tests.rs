//! What a proof must be, one fault at a time.

use std::cell::RefCell;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::id::Kid;
use crate::jose::SigningKey;

const NOW: Timestamp = Timestamp::from_epoch(1_000_000);
const URL: &str = "https://issuer.example/token";
const CALL: Call<'static> = Call { method: "POST", url: URL, token: None };

fn key(algorithm: SigningAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm, Kid::parse("k").expect("plain")).expect("works")
}

fn secret() -> NonceSecret {
    NonceSecret::new([7; 32])
}

fn claims(change: &Value) -> Value {
    let mut claims = json!({"jti": "one", "htm": "POST", "htu": URL, "iat": NOW.epoch()});
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn checked(change: &Value, call: Call<'_>, rule: NonceRule) -> Result<Proven, TokenError> {
    let proof = key(SigningAlgorithm::Es256).sign_self("dpop+jwt", &claims(change));
    check(&proof, call, (rule, &secret()), NOW)
}

fn is_bad(result: &Result<Proven, TokenError>) -> bool {
    matches!(result, Err(TokenError::InvalidDpopProof(_)))
}

#[test]
fn a_proof_of_each_algorithm_proves_its_own_key() {
    for algorithm in algorithms() {
        let key = key(algorithm);
        let proof = |jti: &str| key.sign_self("dpop+jwt", &claims(&json!({"jti": jti})));
        let prove = |jti| check(&proof(jti), CALL, (NonceRule::Optional, &secret()), NOW).expect("good");
        let (one, two) = (prove("one"), prove("two"));
        assert!(one.key.is(&two.key));
        assert_ne!(one.jti, two.jti);
    }
}

#[test]
fn a_proof_may_call_its_algorithm_by_the_name_of_its_curve() {
    // RFC 9864 §2.2: what current browsers and libraries write for Ed25519.
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().expect("a key");
    let x = base64url(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref());
    let header = |alg: &str| json!({"typ": "dpop+jwt", "alg": alg, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}});
    let proof = |alg: &str| {
        let parts = [header(alg), claims(&json!({}))].map(|part| base64url(part.to_string().as_bytes()));
        let message = parts.join(".");
        format!("{message}.{}", base64url(pair.sign(message.as_bytes()).as_ref()))
    };
    for name in ["Ed25519", "EdDSA"] {
        assert!(check(&proof(name), CALL, (NonceRule::Optional, &secret()), NOW).is_ok(), "{name}");
    }
    assert!(is_bad(&check(&proof("Ed448"), CALL, (NonceRule::Optional, &secret()), NOW)));
}

#[test]
fn a_thumbprint_is_the_one_of_the_standard() {
    // RFC 7638 §3.1.
    let jwk = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    });
    let (_, thumbprint) = jose::own_key(&jwk).expect("a good key");
    assert_eq!(thumbprint.as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_proof_is_for_one_method_address_and_time() {
    let good = [
        json!({}),
        json!({"htu": "https://issuer.example/token?x=1#y"}),
        json!({"htu": "HTTPS://ISSUER.example:443/token"}),
        json!({"iat": NOW.epoch() + 10}),
        json!({"iat": NOW.epoch() - 10}),
        json!({"nbf": NOW.epoch() + 9999, "exp": 1, "more": {"a": []}}),
    ];
    for change in good {
        assert!(checked(&change, CALL, NonceRule::Optional).is_ok(), "{change}");
    }
    for change in [
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": "x".repeat(257)}),
        json!({"jti": 1}),
        json!({"htm": null}),
        json!({"htm": "GET"}),
        json!({"htm": "post"}),
        json!({"htu": null}),
        json!({"htu": "https://issuer.example/userinfo"}),
        json!({"htu": "http://issuer.example/token"}),
        json!({"htu": "https://issuer.example:444/token"}),
        json!({"htu": "/token"}),
        json!({"iat": null}),
        json!({"iat": "1000000"}),
        json!({"iat": NOW.epoch() + 3600}),
        json!({"iat": NOW.epoch() - 3600}),
        json!({"iat": NOW.epoch() + 61}),
    ] {
        assert!(is_bad(&checked(&change, CALL, NonceRule::Optional)), "{change}");
    }
}

#[test]
fn a_proof_is_remembered_for_longer_than_it_counts_on_any_node() {
    let early = claims(&json!({"iat": NOW.epoch() + SKEW}));
    let proof = key(SigningAlgorithm::Es256).sign_self("dpop+jwt", &early);
    let at = |seconds| check(&proof, CALL, (NonceRule::Optional, &secret()), NOW.plus(Lifetime::seconds(seconds)));
    let counts = (0..400).filter(|second| at(*second).is_ok()).max().expect("now, at least");
    let remember = at(0).expect("good").remember.as_seconds();
    assert!(remember > counts + 2 * 60, "{remember} > {counts}, and two minutes between clocks");
}

#[test]
fn at_a_resource_a_proof_is_for_one_token() {
    let call = Call { token: Some("token"), ..CALL };
    let hash = |text: &str| base64url(&sha256(text.as_bytes()));
    assert!(checked(&json!({"ath": hash("token")}), call, NonceRule::Optional).is_ok());
    for change in [json!({}), json!({"ath": hash("other")}), json!({"ath": "token"}), json!({"ath": 1})] {
        assert!(is_bad(&checked(&change, call, NonceRule::Optional)), "{change}");
    }
}

#[test]
fn a_nonce_is_ours_and_recent_or_asked_for_anew() {
    let nonce = |at: i64| json!({"nonce": secret().nonce(Timestamp::from_epoch(at))});
    assert!(checked(&nonce(NOW.epoch()), CALL, NonceRule::Required).is_ok());
    assert!(checked(&nonce(NOW.epoch() - 299), CALL, NonceRule::Required).is_ok());
    assert!(checked(&nonce(NOW.epoch() + 5), CALL, NonceRule::Required).is_ok());
    assert!(checked(&json!({}), CALL, NonceRule::Optional).is_ok());
    for change in [
        nonce(NOW.epoch() - 301),
        nonce(NOW.epoch() + 61),
        json!({"nonce": "x"}),
        json!({"nonce": NonceSecret::new([8; 32]).nonce(NOW)}),
    ] {
        for rule in [NonceRule::Required, NonceRule::Optional] {
            assert_eq!(checked(&change, CALL, rule).err(), Some(TokenError::UseDpopNonce), "{change}");
        }
    }
    assert_eq!(checked(&json!({}), CALL, NonceRule::Required).err(), Some(TokenError::UseDpopNonce));
    assert!(is_bad(&checked(&json!({"nonce": 1}), CALL, NonceRule::Optional)));
}

/// A proof whose header was changed after it was signed: what is refused is refused before the signature counts.
fn with_header(change: &Value) -> String {
    let proof = key(SigningAlgorithm::Es256).sign_self("dpop+jwt", &claims(&json!({})));
    let (header, rest) = proof.split_once('.').expect("three parts");
    let mut header: Value = serde_json::from_slice(&from_base64url(header).expect("text")).expect("JSON");
    for (name, value) in change.as_object().expect("an object") {
        header[name] = value.clone();
    }
    format!("{}.{rest}", base64url(header.to_string().as_bytes()))
}

#[test]
fn a_header_says_what_it_must_and_holds_no_secret() {
    let rsa = key(SigningAlgorithm::Rs256);
    let good_jwk = key(SigningAlgorithm::Es256).public_jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = good_jwk.clone();
        jwk[name] = value;
        json!({"jwk": jwk})
    };
    for change in [
        json!({"typ": "JWT"}),
        json!({"typ": null}),
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS256"}),
        json!({"jwk": null}),
        json!({"jwk": {"kty": "oct", "k": "AAAA"}}),
        json!({"jwk": good_jwk}),
        with("d", json!("AAAA")),
        with("k", json!("AAAA")),
        with("crv", json!("P-384")),
        with("x", json!("AAAA")),
        json!({"jku": "https://evil.example/"}),
        json!({"x5u": "https://evil.example/"}),
        json!({"crit": ["x"]}),
    ] {
        assert!(is_bad(&check(&with_header(&change), CALL, (NonceRule::Optional, &secret()), NOW)), "{change}");
    }
    let signed_by_rsa = rsa.sign_self("dpop+jwt", &claims(&json!({})));
    assert!(is_bad(&check(&signed_by_rsa, CALL, (NonceRule::Optional, &secret()), NOW)));
    let any_case = key(SigningAlgorithm::Es256).sign_self("DPoP+JWT", &claims(&json!({})));
    assert!(check(&any_case, CALL, (NonceRule::Optional, &secret()), NOW).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_the_check_panic_or_pass(text in "[ -~é]{0,200}", header in "[ -~]{0,80}") {
        for proof in [text.clone(), format!("{}.{}.{}", base64url(header.as_bytes()), base64url(text.as_bytes()), text)] {
            prop_assert!(check(&proof, CALL, (NonceRule::Optional, &secret()), NOW).is_err());
        }
    }

    #[test]
    fn a_changed_byte_breaks_a_proof(at in 0_usize..400, bit in 0_u8..7) {
        thread_local!(static PROOF: RefCell<Option<String>> = const { RefCell::new(None) });
        let proof = PROOF.with_borrow_mut(|held| {
            let make = || key(SigningAlgorithm::Es256).sign_self("dpop+jwt", &claims(&json!({})));
            held.get_or_insert_with(make).clone()
        });
        let mut bytes = proof.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(check(&changed, CALL, (NonceRule::Optional, &secret()), NOW).is_err());
        }
    }
}
