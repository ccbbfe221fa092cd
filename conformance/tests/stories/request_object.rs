//! Requests that a service signs (RFC 9101), in the front channel and pushed.

use conformance::clock;
use conformance::jose::{Algorithm, SigningKey};
use conformance::library::JoseLibrary;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::reader::Reader;
use conformance::relying_party::{ASSERTION_TYPE, Ask, RelyingParty, assertion_claims};
use conformance::upstream::ProviderId;
use serde_json::{Map, Value, json};

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// A service with a key, and the scene around it.
pub(crate) struct Signing {
    pub(crate) journey: Journey,
    pub(crate) service: RelyingParty,
    pub(crate) key: SigningKey,
}

impl Signing {
    pub(crate) async fn start(extra: &Value) -> Self {
        let journey = Journey::start().await;
        let key = SigningKey::generate(Algorithm::Es256);
        let mut metadata = RelyingParty::ordinary("Ville qui signe");
        metadata["jwks"] = json!({"keys": [key.public_jwk()]});
        for (name, value) in extra.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        let service = journey.register(&metadata).await;
        Self { journey, service, key }
    }

    pub(crate) fn issuer(&self) -> &str {
        self.journey.scene.gateway.issuer()
    }

    /// The claims of an honest object for a request, with changes.
    pub(crate) fn claims(&self, ask: &Ask, changes: &Value) -> Value {
        let body = ask.body();
        let parameters = url::form_urlencoded::parse(body.as_bytes()).into_owned();
        let mut claims: Map<String, Value> = parameters.map(|(name, value)| (name, value.into())).collect();
        let now = clock::now();
        for (name, value) in [("iss", json!(self.service.client_id)), ("aud", json!(self.issuer()))] {
            claims.insert(name.to_owned(), value);
        }
        for (name, value) in [("iat", now), ("nbf", now), ("exp", now + 300)] {
            claims.insert(name.to_owned(), json!(value));
        }
        claims.extend(changes.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }

    /// An honest object.
    pub(crate) fn object(&self, ask: &Ask) -> String {
        self.key.sign("oauth-authz-req+jwt", &self.claims(ask, &json!({})))
    }

    /// The address that carries an object in the front channel, with more parameters beside it.
    pub(crate) fn url(&self, object: &str, beside: &[(&str, &str)]) -> String {
        let mut url = url::Url::parse(&self.service.metadata.authorization_endpoint).unwrap();
        url.query_pairs_mut()
            .append_pair("client_id", &self.service.client_id)
            .append_pair("request", object)
            .extend_pairs(beside);
        url.into()
    }

    /// Pushes a form; the status and the answer.
    pub(crate) async fn push(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{}/par", self.issuer())).form(form);
        let request = request.basic_auth(&self.service.client_id, self.service.secret.as_deref());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A whole sign-in from an address that asks what `ask` asks.
    async fn signs_in(&self, url: &str, ask: &Ask) {
        let mut citizen = citizen_of(&self.service);
        let chooser = expect(citizen.open(url).await.unwrap(), "choose");
        let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        let tokens = self.service.finish(ask, &back).await.unwrap();
        self.service.verify(ask, &tokens).await.unwrap();
    }

    /// The address of what was pushed.
    fn pushed(&self, answer: &Value) -> String {
        let mut url = url::Url::parse(&self.service.metadata.authorization_endpoint).unwrap();
        let reference = answer["request_uri"].as_str().unwrap();
        url.query_pairs_mut().append_pair("client_id", &self.service.client_id).append_pair("request_uri", reference);
        url.into()
    }
}

#[tokio::test]
async fn a_signed_request_signs_a_citizen_in_from_the_front_channel_and_pushed() {
    let signing = Signing::start(&json!({})).await;
    let ask = signing.service.ask("openid profile");
    signing.signs_in(&signing.url(&signing.object(&ask), &[("state", "outside"), ("nonce", "outside")]), &ask).await;

    let ask = signing.service.ask("openid profile");
    let (status, answer) = signing.push(&[("request", &signing.object(&ask)), ("scope", "openid email")]).await;
    assert_eq!(status, 201, "{answer}");
    signing.signs_in(&signing.pushed(&answer), &ask).await;
}

#[tokio::test]
async fn a_request_encrypted_by_an_unrelated_library_is_read() {
    for (library, algorithm, kind) in [
        (JoseLibrary::Jose, "ECDH-ES", "EC"),
        (JoseLibrary::Joserfc, "ECDH-ES+A256KW", "EC"),
        (JoseLibrary::Jose, "RSA-OAEP-256", "RSA"),
    ] {
        let mut reader = or_skip!(Reader::start(library, "ECDH-ES").await);
        let signing = Signing::start(&json!({
            "request_object_encryption_alg": algorithm, "request_object_encryption_enc": "A256GCM",
        }))
        .await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let keys: Value = http.get(&signing.service.metadata.jwks_uri).send().await.unwrap().json().await.unwrap();
        let to = keys["keys"].as_array().unwrap().iter().find(|key| key["use"] == "enc" && key["kty"] == kind).unwrap();
        let ask = signing.service.ask("openid profile");
        let sealed = reader.encrypt(&signing.object(&ask), to, algorithm).await.unwrap();
        assert_eq!(sealed.split('.').count(), 5);
        signing.signs_in(&signing.url(&sealed, &[]), &ask).await;
        let ask = signing.service.ask("openid profile");
        let sealed = reader.encrypt(&signing.object(&ask), to, algorithm).await.unwrap();
        let (status, answer) = signing.push(&[("request", &sealed)]).await;
        assert_eq!(status, 201, "{answer}");
    }
}

#[tokio::test]
async fn a_service_that_must_sign_is_refused_plain_requests() {
    let signing = Signing::start(&json!({"require_signed_request_object": true})).await;
    let ask = signing.service.ask("openid profile");
    let back = citizen_of(&signing.service).open(&ask.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "{}", back.brief());
    let body = ask.body();
    let plain: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let plain: Vec<(&str, &str)> = plain.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (status, answer) = signing.push(&plain).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
    let (status, answer) = signing.push(&[("request", &signing.object(&ask))]).await;
    assert_eq!(status, 201, "{answer}");
    signing.signs_in(&signing.pushed(&answer), &ask).await;
}

#[tokio::test]
async fn a_service_under_fapi_message_signing_pushes_signed_requests_alone() {
    let signing = Signing::start(&json!({
        "token_endpoint_auth_method": "private_key_jwt", "require_signed_request_object": true,
        "passerelle": {"kind": "public", "profile": "fapi2"},
    }))
    .await;
    let issuer = signing.issuer();
    let id = signing.service.client_id.as_str();
    let push = async |form: &[(&str, &str)]| {
        let assertion = signing.key.sign("JWT", &assertion_claims(id, issuer));
        let own = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(format!("{issuer}/par")).form(&[form, &own].concat()).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let ask = signing.service.ask("openid profile");
    let (status, answer) = push(&[("request", &signing.object(&ask))]).await;
    assert_eq!(status, 201, "{answer}");
    let chooser = citizen_of(&signing.service).open(&signing.pushed(&answer)).await.unwrap();
    expect(chooser, "choose");

    let (status, answer) = push(&[("client_id", id), ("response_type", "code")]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")), "unsigned: {answer}");
    for changes in [json!({"nbf": null}), json!({"exp": null}), json!({"code_challenge_method": "plain"})] {
        let object = signing.key.sign("oauth-authz-req+jwt", &signing.claims(&ask, &changes));
        let (status, answer) = push(&[("request", &object)]).await;
        assert_eq!(status, 400, "{changes}: {answer}");
    }
    // In the front channel even a signed one is refused: this profile pushes (FAPI 2.0 5.3.2.2-3).
    let back = citizen_of(&signing.service).open(&signing.url(&signing.object(&ask), &[])).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "{}", back.brief());
}
