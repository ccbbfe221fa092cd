//! What a request object may say, and who may say it.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::client::Client;
use crate::habilitation::grant::tests::habilitated;
use crate::id::{ClientId, HabilitationId, Kid};
use crate::jose::jwe::{Content, KeyAlgorithm};
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::oidc::request::{AuthorizationRequest, PageFault, Rejected};
use crate::secret::base64url;

const ISSUER: &str = "https://issuer.example";
const NOW: i64 = 1_000_000;
const MOMENT: Timestamp = Timestamp::from_epoch(NOW);
const REDIRECT: &str = "https://ville.example/retour";

fn own(scalar: u8) -> RequestKeys {
    let rsa = DecryptionKey::generate_rsa().expect("works");
    RequestKeys {
        agreement: DecryptionKey::from_scalar(&[scalar; 32]).expect("a scalar"),
        transport: DecryptionKey::from_pkcs8(&rsa).expect("its own form"),
    }
}

struct Case {
    key: SigningKey,
    own: RequestKeys,
    client: Registered,
}

impl Case {
    fn new(extra: &Value) -> Self {
        let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
        Self { client: registered(&key, extra), key, own: own(7) }
    }

    fn standard() -> Self {
        Self::new(&json!({}))
    }

    fn fapi() -> Self {
        Self::new(&json!({"passerelle": {"profile": "fapi2"}, "require_pushed_authorization_requests": true}))
    }

    fn opening(&self) -> Opening<'_> {
        Opening { issuer: ISSUER, own: &self.own, fetched: None, now: Timestamp::from_epoch(NOW) }
    }

    /// Sends this token as the object, beside some plain parameters.
    fn send(&self, token: &str, outside: &[(&str, &str)]) -> Result<AuthorizationRequest, Refusal> {
        let mut pairs = vec![("client_id", "ville"), ("request", token)];
        pairs.extend(outside);
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let parameters = Parameters::parse(encoded.as_bytes()).expect("well formed");
        let incoming = Incoming::read(parameters).map_err(|fault| Refusal::Checks(Rejected::Page(fault)))?;
        assert!(incoming.is_object());
        let opened = incoming.opened(&self.client, &self.opening()).map_err(Refusal::Unopened)?;
        opened.checked(&habilitated(&self.client.client)).map_err(Refusal::Checks)
    }

    fn object(&self, changes: &Value) -> String {
        self.key.sign("oauth-authz-req+jwt", &claims(changes))
    }

    fn sends(&self, changes: &Value) -> Result<AuthorizationRequest, Refusal> {
        self.send(&self.object(changes), &[])
    }

    fn told(&self, changes: &Value) -> AuthorizeError {
        match self.sends(changes) {
            Err(Refusal::Checks(Rejected::Answer { error, description, .. })) => {
                assert!(crate::oidc::error::is_legal_description(description), "{description}");
                error
            }
            other => panic!("{changes} gave {other:?}"),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Refusal {
    Unopened(Unopened),
    Checks(Rejected),
}

fn registered(key: &SigningKey, extra: &Value) -> Registered {
    let mut metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": [REDIRECT], "scope": "openid profile",
        "jwks": {"keys": [key.public_jwk()]},
    });
    for (name, value) in extra.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let client = Client::from_metadata(&metadata, || ClientId::parse("x").expect("plain")).expect("fine");
    Registered::operated(client, None, HabilitationId::from_random([7; 16]), Timestamp::from_epoch(0))
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "ville", "aud": ISSUER, "client_id": "ville", "iat": NOW, "nbf": NOW, "exp": NOW + 300,
        "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid profile", "state": "inside",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    });
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[test]
fn what_is_inside_counts_and_nothing_outside() {
    let case = Case::standard();
    let outside = [
        ("state", "outside"),
        ("nonce", "outside"),
        ("scope", "openid"),
        ("redirect_uri", "https://evil.example/"),
        ("response_type", "token"),
        ("prompt", "none"),
    ];
    let request = case.send(&case.object(&json!({})), &outside).expect("good inside");
    assert_eq!(request.redirect.as_str(), REDIRECT);
    assert_eq!((request.nonce, request.prompt), (None, crate::oidc::prompt::Prompt::Any));
    assert_eq!(request.asked.scopes.len(), 2);
    let answer = request.answer_to.code(ISSUER, "c").deliver();
    assert!(format!("{answer:?}").contains("state=inside"), "{answer:?}");
    // Neither does the redirect URI outside stand in for one that is not inside.
    let token = case.object(&json!({"redirect_uri": null}));
    let refused = case.send(&token, &[("redirect_uri", REDIRECT)]);
    assert_eq!(refused.err(), Some(Refusal::Checks(Rejected::Page(PageFault::RedirectMissing))));
}

#[test]
fn parameters_keep_their_meaning_in_json() {
    let case = Case::standard();
    let request = case
        .sends(&json!({
            "max_age": 60, "nonce": "n", "whatever": {"deep": [true]}, "acr_values": "eidas2",
            "claims": {"id_token": {"acr": {"essential": true, "values": ["eidas3"]}}},
        }))
        .expect("good");
    assert_eq!((request.max_age, request.nonce.as_deref()), (Some(60), Some("n")));
    assert_eq!(request.level, crate::level::Level::High);
    for bad in [
        json!({"prompt": ["login"]}),
        json!({"acr_values": ["eidas3"]}),
        json!({"scope": ["openid"]}),
        json!({"nonce": 3}),
        json!({"max_age": true}),
        json!({"claims": ["name"]}),
        json!({"authorization_details": {}}),
        json!({"resource": [1]}),
        json!({"state": {"a": "b"}, "nonce": false}),
    ] {
        assert_eq!(case.told(&bad), AuthorizeError::InvalidRequestObject, "{bad}");
    }
}

#[test]
fn the_checks_of_the_request_are_the_same_inside() {
    let case = Case::standard();
    for (bad, error) in [
        (json!({"response_type": "token"}), AuthorizeError::UnsupportedResponseType),
        (json!({"scope": "openid email"}), AuthorizeError::InvalidScope),
        (json!({"code_challenge": null, "code_challenge_method": null}), AuthorizeError::InvalidRequest),
        (json!({"code_challenge_method": "plain"}), AuthorizeError::InvalidRequest),
        (json!({"max_age": -1}), AuthorizeError::InvalidRequest),
    ] {
        assert_eq!(case.told(&bad), error, "{bad}");
    }
    let evil = case.sends(&json!({"redirect_uri": "https://evil.example/"}));
    assert_eq!(evil.err(), Some(Refusal::Checks(Rejected::Page(PageFault::RedirectUnknown))));
}

#[test]
fn an_object_is_for_this_issuer_by_this_client_and_for_an_hour() {
    for case in [Case::standard(), Case::fapi()] {
        for good in [
            json!({}),
            json!({"aud": [ISSUER]}),
            json!({"aud": ["https://other.example", ISSUER]}),
            json!({"nbf": NOW + 8, "iat": NOW + 8}),
            json!({"nbf": NOW - 3590, "exp": NOW + 10}),
            json!({"nbf": NOW, "exp": NOW + 3600}),
            json!({"jti": "one"}),
            json!({"sub": "a citizen"}),
        ] {
            assert!(case.sends(&good).is_ok(), "{good} {:?}", case.sends(&good));
        }
        for bad in [
            json!({"iss": null}),
            json!({"iss": "autre"}),
            json!({"client_id": "autre"}),
            json!({"client_id": null}),
            json!({"sub": "ville"}),
            json!({"aud": null}),
            json!({"aud": "https://other.example"}),
            json!({"aud": []}),
            json!({"aud": [ISSUER, 1]}),
            json!({"aud": format!("{ISSUER}/par")}),
            json!({"exp": null}),
            json!({"exp": "never"}),
            json!({"exp": NOW - 60}),
            json!({"nbf": "1"}),
            json!({"nbf": NOW + 61}),
            json!({"iat": NOW + 61}),
            json!({"nbf": NOW - 3700, "exp": NOW + 10}),
            json!({"nbf": NOW, "exp": NOW + 3601}),
            json!({"nbf": null, "exp": NOW + 31_536_000}),
        ] {
            assert_eq!(case.told(&bad), AuthorizeError::InvalidRequestObject, "{bad}");
        }
    }
    assert!(Case::standard().sends(&json!({"nbf": null})).is_ok());
    assert_eq!(Case::fapi().told(&json!({"nbf": null})), AuthorizeError::InvalidRequestObject);
}

#[test]
fn an_object_holds_no_other_object() {
    for name in ["request", "request_uri"] {
        assert_eq!(Case::standard().told(&json!({name: "urn:x"})), AuthorizeError::InvalidRequest);
    }
}

#[test]
fn only_a_key_of_the_client_and_an_algorithm_it_may_use_open_an_object() {
    let case = Case::standard();
    let make = |algorithm| SigningKey::generate(algorithm, Kid::parse("k").expect("plain")).expect("works");
    let refused = |token: &str| match case.send(token, &[]) {
        Err(Refusal::Unopened(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let foreign = make(SigningAlgorithm::Es256).sign("JWT", &claims(&json!({})));
    assert_eq!(refused(&foreign), Unopened::Signature(BadToken::Signature));
    assert!(refused(&foreign).may_be_a_newer_key());
    let payload = base64url(claims(&json!({})).to_string().as_bytes());
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"k"}"#, "{}"] {
        let header = base64url(header.as_bytes());
        for token in [format!("{header}.{payload}."), format!("{header}.{payload}.AAAA")] {
            assert_eq!(refused(&token), Unopened::Signature(BadToken::Algorithm));
        }
    }
    for header in ["jku", "x5u", "jwk", "x5c", "crit"] {
        let header = base64url(json!({"alg": "ES256", header: "https://evil.example/"}).to_string().as_bytes());
        let fault = refused(&format!("{header}.{payload}.AAAA"));
        assert!(matches!(fault, Unopened::Signature(BadToken::Header(_))) && !fault.may_be_a_newer_key());
    }
    for garbage in ["x", "x.y.z", "x.y.z.t.u", "{\"alg\":\"none\"}"] {
        assert!(!refused(garbage).may_be_a_newer_key(), "{garbage}");
    }
}

#[test]
fn the_algorithm_is_the_registered_one_or_one_of_the_profile() {
    let rsa = SigningKey::generate(SigningAlgorithm::Rs256, Kid::parse("k").expect("plain")).expect("works");
    let jwks = |key: &SigningKey| {
        let mut jwk = key.public_jwk();
        jwk.as_object_mut().expect("an object").remove("alg");
        json!({"keys": [jwk]})
    };
    let mut case = Case::standard();
    case.client = registered(&rsa, &json!({"jwks": jwks(&rsa)}));
    let token = rsa.sign("JWT", &claims(&json!({})));
    assert!(case.send(&token, &[]).is_ok());
    case.client = registered(&rsa, &json!({"jwks": jwks(&rsa), "request_object_signing_alg": "PS256"}));
    assert_eq!(case.send(&token, &[]).err(), Some(Refusal::Unopened(Unopened::Signature(BadToken::Algorithm))));
    case.client = registered(&rsa, &json!({"jwks": jwks(&rsa), "passerelle": {"profile": "fapi2"}}));
    assert_eq!(case.send(&token, &[]).err(), Some(Refusal::Unopened(Unopened::Signature(BadToken::Algorithm))));
}

#[test]
fn the_type_is_absent_or_of_a_request_in_any_case() {
    let case = Case::standard();
    for good in ["oauth-authz-req+jwt", "OAuth-AuthZ-Req+JWT", "application/oauth-authz-req+jwt", "JWT", "jwt"] {
        assert!(case.send(&case.key.sign(good, &claims(&json!({}))), &[]).is_ok(), "{good}");
    }
    // Neither a type nor a name of the key: the client has one key of this algorithm.
    assert!(case.send(&case.key.sign_without_kid(&claims(&json!({}))), &[]).is_ok());
    for bad in ["dpop+jwt", "client-authentication+jwt", "at+jwt", "logout+jwt", ""] {
        let refused = case.send(&case.key.sign(bad, &claims(&json!({}))), &[]);
        assert_eq!(refused.err(), Some(Refusal::Unopened(Unopened::Type)), "{bad}");
    }
}

#[test]
fn an_encrypted_object_is_opened_for_who_registered_that_alone() {
    let other = own(8);
    for algorithm in KeyAlgorithm::ALL {
        let registration =
            json!({"request_object_encryption_alg": algorithm.name(), "request_object_encryption_enc": "A256GCM"});
        let case = Case::new(&registration);
        let to = |keys: &RequestKeys, token: &str, algorithm| {
            let set = KeySet::parse(&json!({"keys": [keys.serving(algorithm).public_jwk()]})).expect("one key");
            let recipient = set.recipient(algorithm).expect("there").clone();
            recipient.encrypt(token.as_bytes(), algorithm, Content::Jwt).expect("encrypted")
        };
        let signed = case.object(&json!({}));
        let sealed = to(&case.own, &signed, algorithm);
        assert!(case.send(&sealed, &[]).is_ok(), "{algorithm:?}");
        assert!(case.send(&signed, &[]).is_ok(), "the registration says may");
        let mut plain = Case::standard();
        plain.client = registered(&case.key, &json!({}));
        let encryption = Some(Refusal::Unopened(Unopened::Encryption));
        assert_eq!(plain.send(&sealed, &[]).err(), encryption);
        assert_eq!(case.send(&to(&other, &signed, algorithm), &[]).err(), encryption);
        for another in KeyAlgorithm::ALL.into_iter().filter(|another| *another != algorithm) {
            assert_eq!(case.send(&to(&case.own, &signed, another), &[]).err(), encryption, "{another:?}");
        }
        // Encryption proves nothing: what is inside must be signed.
        let unsigned = to(&case.own, &claims(&json!({})).to_string(), algorithm);
        assert!(matches!(case.send(&unsigned, &[]), Err(Refusal::Unopened(Unopened::Signature(_)))));
        let twice = to(&case.own, &sealed, algorithm);
        assert!(matches!(case.send(&twice, &[]), Err(Refusal::Unopened(Unopened::Signature(_)))));
    }
}

#[test]
fn a_client_that_must_sign_is_refused_without_an_object() {
    let case = Case::new(&json!({"require_signed_request_object": true}));
    let plain: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            claims(&json!({}))
                .as_object()
                .expect("an object")
                .iter()
                .filter_map(|(name, value)| value.as_str().map(|text| (name.clone(), text.to_owned()))),
        )
        .finish();
    let read = |text: &str| Incoming::read(Parameters::parse(text.as_bytes()).expect("well formed"));
    let refused = read(&plain).expect("a client").check(Some(&case.client), MOMENT, &Arc::default()).map(|_| ());
    assert!(matches!(refused, Err(Rejected::Answer { error: AuthorizeError::InvalidRequest, .. })), "{refused:?}");
    assert!(read(&plain).expect("a client").check(Some(&Case::standard().client), MOMENT, &Arc::default()).is_ok());
    assert!(case.sends(&json!({})).is_ok());
}

#[test]
fn an_object_that_was_not_opened_is_never_passed_over() {
    let case = Case::standard();
    let token = case.object(&json!({}));
    let pairs = [("client_id", "ville"), ("redirect_uri", REDIRECT), ("request", token.as_str())];
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let incoming = Incoming::read(Parameters::parse(encoded.as_bytes()).expect("well formed")).expect("a client");
    let refused = incoming.check(Some(&case.client), MOMENT, &Arc::default()).map(|_| ());
    assert!(matches!(refused, Err(Rejected::Answer { error: AuthorizeError::RequestNotSupported, .. })));
    for doubled in ["client_id=ville&request=a&request=b", "client_id=ville&request="] {
        let incoming = Incoming::read(Parameters::parse(doubled.as_bytes()).expect("well formed")).expect("a client");
        assert_eq!(incoming.opened(&case.client, &case.opening()).err(), Some(Unopened::Missing));
    }
    let both = "client_id=ville&request=a.b.c&request_uri=urn:x";
    let both = Incoming::read(Parameters::parse(both.as_bytes()).expect("well formed"));
    assert_eq!(both.err(), Some(PageFault::ObjectUnusable));
}

#[test]
fn a_client_without_keys_has_no_objects() {
    let mut case = Case::standard();
    let token = case.object(&json!({}));
    let metadata = json!({"client_id": "ville", "client_name": "V", "redirect_uris": [REDIRECT]});
    case.client.client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    assert_eq!(case.send(&token, &[]).err(), Some(Refusal::Unopened(Unopened::NoKeys)));
}
