//! Tests of [`super`]: which proof counts for which client.

use super::*;
use crate::id::{HabilitationId, Kid};
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::oidc::certificate::Chain;
use crate::secret::SecretDigest;
use serde_json::{Value, json};

const ISSUER: &str = "https://issuer.example";
const NOW: Timestamp = Timestamp::from_epoch(1_000_000);

fn registered(method: &str, key: Option<&SigningKey>) -> Registered {
    let mut metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
        "token_endpoint_auth_method": method,
    });
    if let Some(key) = key {
        metadata["jwks"] = json!({"keys": [key.public_jwk()]});
    }
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    Registered::operated(client, Some(SecretDigest::of("s3cret")), HabilitationId::from_random([7; 16]), NOW)
}

fn form(pairs: &[(&str, &str)]) -> Parameters {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Parameters::parse(encoded.as_bytes()).expect("well formed")
}

fn header(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn by(authorization: Option<&str>, pairs: &[(&str, &str)], registered: &Registered) -> Result<(), TokenError> {
    Presented::read(authorization, &form(pairs), None)?.verify(Some(registered), None, ISSUER, NOW).map(|_| ())
}

#[test]
fn each_method_works_for_the_client_that_registered_it_alone() {
    let (basic, post) = (registered("client_secret_basic", None), registered("client_secret_post", None));
    let good = header("ville", "s3cret");
    let pairs = [("client_id", "ville"), ("client_secret", "s3cret")];
    assert_eq!(by(Some(&good), &[], &basic), Ok(()));
    assert_eq!(by(Some(&good), &[("client_id", "ville")], &basic), Ok(()));
    assert_eq!(by(None, &pairs, &post), Ok(()));
    assert_eq!(by(None, &pairs, &basic), Err(TokenError::InvalidClient));
    assert_eq!(by(Some(&good), &[], &post), Err(TokenError::InvalidClient));
}

#[test]
fn wrong_doubled_or_missing_credentials_are_refused() {
    let basic = registered("client_secret_basic", None);
    let good = header("ville", "s3cret");
    assert_eq!(by(Some(&header("ville", "wrong")), &[], &basic), Err(TokenError::InvalidClient));
    assert_eq!(by(Some(&good), &[("client_id", "other")], &basic), Err(TokenError::InvalidClient));
    assert_eq!(by(None, &[("client_id", "ville")], &basic), Err(TokenError::InvalidClient));
    assert_eq!(by(Some("Basic ???"), &[], &basic), Err(TokenError::InvalidClient));
    assert_eq!(by(Some("Bearer x"), &[], &basic), Err(TokenError::InvalidClient));
    assert!(matches!(by(Some(&good), &[("client_secret", "s3cret")], &basic), Err(TokenError::InvalidRequest(_))));
    let twice = [("client_secret", "a"), ("client_secret", "a")];
    assert!(matches!(by(None, &twice, &basic), Err(TokenError::InvalidRequest(_))));
    let disabled = Registered { state: ClientState::Disabled, ..registered("client_secret_basic", None) };
    assert_eq!(by(Some(&good), &[], &disabled), Err(TokenError::InvalidClient));
    let presented = Presented::read(Some(&good), &form(&[]), None).expect("readable");
    assert_eq!(presented.verify(None, None, ISSUER, NOW).err(), Some(TokenError::InvalidClient));
}

#[test]
fn basic_credentials_are_form_decoded() {
    let mut client = registered("client_secret_basic", None);
    client.secrets = SecretDigest::of("a+b:c%").into();
    assert_eq!(by(Some(&header("ville", "a%2Bb%3Ac%25")), &[], &client), Ok(()));
}

fn assertion(key: &SigningKey, change: &Value) -> String {
    let mut claims = json!({
        "iss": "ville", "sub": "ville", "aud": ISSUER, "jti": "one", "iat": NOW.epoch(), "exp": NOW.epoch() + 60,
    });
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    key.sign("JWT", &claims)
}

#[test]
fn an_assertion_is_good_for_its_own_client_issuer_and_time() {
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let client = registered("private_key_jwt", Some(&key));
    let verify = |change: &Value| {
        let token = assertion(&key, change);
        by(None, &[("client_assertion", &token), ("client_assertion_type", ASSERTION_TYPE)], &client)
    };
    assert_eq!(verify(&json!({})), Ok(()));
    assert_eq!(verify(&json!({"iat": NOW.epoch() + 8})), Ok(()));
    let now = NOW.epoch();
    for bad in [
        json!({"aud": "https://issuer.example/token"}),
        json!({"aud": [ISSUER]}),
        json!({"aud": "https://other.example"}),
        json!({"aud": null}),
        json!({"iss": "other"}),
        json!({"sub": "other"}),
        json!({"sub": null}),
        json!({"exp": null}),
        json!({"exp": now - 60}),
        json!({"exp": now + 31_536_000}),
        json!({"exp": "never"}),
        json!({"iat": now + 61}),
        json!({"nbf": now + 61}),
        json!({"nbf": "1"}),
        json!({"jti": null}),
        json!({"jti": ""}),
    ] {
        assert_eq!(verify(&bad), Err(TokenError::InvalidClient), "{bad}");
    }
}

#[test]
fn an_assertion_signed_by_rs256_is_refused_under_fapi() {
    let make = |algorithm: SigningAlgorithm| {
        SigningKey::generate(algorithm, Kid::parse(algorithm.name()).expect("plain")).expect("works")
    };
    let (good, weak) = (make(SigningAlgorithm::Es256), make(SigningAlgorithm::Rs256));
    let registered = |profile: &str| {
        let metadata = json!({
            "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
            "token_endpoint_auth_method": "private_key_jwt", "passerelle": {"profile": profile},
            "jwks": {"keys": [good.public_jwk(), weak.public_jwk()]},
        });
        let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
        Registered::operated(client, None, HabilitationId::from_random([7; 16]), NOW)
    };
    let verify = |key: &SigningKey, profile| {
        let token = assertion(key, &json!({}));
        by(None, &[("client_assertion", &token), ("client_assertion_type", ASSERTION_TYPE)], &registered(profile))
    };
    assert_eq!(verify(&good, "fapi2"), Ok(()));
    assert_eq!(verify(&weak, "fapi2"), Err(TokenError::InvalidClient));
    assert_eq!(verify(&weak, "standard"), Ok(()));
}

#[test]
fn an_assertion_of_another_key_or_type_is_refused() {
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let other = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let client = registered("private_key_jwt", Some(&key));
    let token = assertion(&other, &json!({}));
    let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", ASSERTION_TYPE)];
    assert_eq!(by(None, &pairs, &client), Err(TokenError::InvalidClient));
    let token = assertion(&key, &json!({}));
    let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", "other")];
    assert_eq!(by(None, &pairs, &client), Err(TokenError::InvalidClient));
}

#[test]
fn newer_keys_are_wanted_for_a_signature_alone() {
    let make = || SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let (key, other) = (make(), make());
    let client = registered("private_key_jwt", Some(&key)).client;
    let keys = client.keys.set(None).expect("inline");
    let wants = |token: &str| {
        let pairs = [("client_assertion", token), ("client_assertion_type", ASSERTION_TYPE)];
        Presented::read(None, &form(&pairs), None).expect("readable").wants_newer_keys(&client, keys, NOW)
    };
    assert!(wants(&assertion(&other, &json!({}))));
    assert!(!wants(&assertion(&key, &json!({"exp": 1}))));
    let stranger = SigningKey::generate(SigningAlgorithm::EdDsa, Kid::parse("k2").expect("plain")).expect("works");
    assert!(wants(&assertion(&stranger, &json!({}))));
}

#[test]
fn an_assertion_is_remembered_for_as_long_as_it_counts() {
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    let client = registered("private_key_jwt", Some(&key));
    let token = assertion(&key, &json!({}));
    let pairs = [("client_assertion", token.as_str()), ("client_assertion_type", ASSERTION_TYPE)];
    let presented = Presented::read(None, &form(&pairs), None).expect("readable");
    let client = presented.verify(Some(&client), None, ISSUER, NOW).expect("good");
    assert_eq!(client.assertion().expect("one").remember, Lifetime::seconds(191));
}

fn certificate(trust: Chain) -> (Arc<ClientCertificate>, String) {
    let mut params = rcgen::CertificateParams::new(vec!["ville.example".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(1970, 1, 1);
    let made = params.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate");
    let read = ClientCertificate::parse(made.der(), trust).expect("a certificate");
    (Arc::new(read), STANDARD.encode(made.der()))
}

/// A client of `tls_client_auth`, or with a certificate one of `self_signed_tls_client_auth`.
fn by_certificate(own: Option<&str>) -> Registered {
    let mut client = registered("client_secret_basic", None);
    let mut metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
        "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "ville.example",
    });
    if let Some(own) = own {
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        let mut jwk = key.public_jwk();
        jwk["x5c"] = json!([own]);
        let fields = metadata.as_object_mut().expect("an object");
        fields.remove("tls_client_auth_san_dns");
        fields.insert("token_endpoint_auth_method".into(), json!("self_signed_tls_client_auth"));
        fields.insert("jwks".into(), json!({"keys": [jwk]}));
    }
    client.client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    client
}

fn with(
    certificate: Option<&Arc<ClientCertificate>>,
    pairs: &[(&str, &str)],
    client: &Registered,
) -> Result<(), TokenError> {
    Presented::read(None, &form(pairs), certificate)?.verify(Some(client), None, ISSUER, NOW).map(|_| ())
}

#[test]
fn a_certificate_proves_the_client_that_registered_its_name_or_itself() {
    let ((trusted, _), (unknown, own), (other, _)) =
        (certificate(Chain::Trusted), certificate(Chain::Unknown), certificate(Chain::Unknown));
    let (named, itself) = (by_certificate(None), by_certificate(Some(&own)));
    let id = [("client_id", "ville")];
    assert_eq!(with(Some(&trusted), &id, &named), Ok(()), "it bears the name");
    assert_eq!(with(Some(&unknown), &id, &itself), Ok(()), "it is registered");
    for (certificate, pairs, client) in [
        (Some(&unknown), &id[..], &named),
        (Some(&other), &id, &itself),
        (Some(&trusted), &id, &itself),
        (Some(&trusted), &[], &named),
        (None, &id, &named),
        (None, &id, &itself),
        (Some(&trusted), &id, &registered("client_secret_basic", None)),
        (Some(&trusted), &[("client_id", "ville"), ("client_secret", "s3cret")], &named),
    ] {
        assert_eq!(with(certificate, pairs, client), Err(TokenError::InvalidClient), "{certificate:?} {pairs:?}");
    }
}

#[test]
fn a_certificate_beside_another_method_proves_nothing() {
    let (own, _) = certificate(Chain::Unknown);
    let post = registered("client_secret_post", None);
    let pairs = [("client_id", "ville"), ("client_secret", "s3cret")];
    assert_eq!(with(Some(&own), &pairs, &post), Ok(()), "by its secret");
    let wrong = [("client_id", "ville"), ("client_secret", "wrong")];
    assert_eq!(with(Some(&own), &wrong, &post), Err(TokenError::InvalidClient));
}
