//! A service that keeps its keys at an address of its own, and changes them (OIDC Core §10.1.1).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use conformance::clock;
use conformance::jose::{Algorithm, SigningKey};
use conformance::library::JoseLibrary;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::reader::Reader;
use conformance::relying_party::{ASSERTION_TYPE, RelyingParty, assertion_claims};
use conformance::site::{Site, listen};
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, citizen_of, expect, to_login};

/// The address of a service's keys: what stands there, and how often it was asked.
struct Keys {
    site: Site,
    set: Arc<Mutex<Value>>,
    asked: Arc<Mutex<usize>>,
}

impl Keys {
    async fn serve(key: &SigningKey) -> Self {
        let (set, asked) = (Arc::new(Mutex::new(json!({"keys": [key.public_jwk()]}))), Arc::new(Mutex::new(0)));
        let handler = {
            let (set, asked) = (Arc::clone(&set), Arc::clone(&asked));
            move || async move {
                *asked.lock().unwrap() += 1;
                set.lock().unwrap().to_string()
            }
        };
        let router = Router::new().route("/jwks", get(handler));
        Self { site: Site::serve(listen(0).await.unwrap(), router), set, asked }
    }

    fn change_to(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk()).collect();
        *self.set.lock().unwrap() = json!({ "keys": keys });
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

/// Pushes a request with an assertion of this key; the status.
async fn push(journey: &Journey, service: &RelyingParty, key: &SigningKey) -> u16 {
    let issuer = journey.scene.gateway.issuer();
    let claims = assertion_claims(&service.client_id, issuer);
    let ask = service
        .ask("openid")
        .and("client_assertion_type", ASSERTION_TYPE)
        .and("client_assertion", &key.sign("JWT", &claims));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{issuer}/par")).header("content-type", "application/x-www-form-urlencoded");
    request.body(ask.body()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_service_changes_its_keys_and_the_old_one_opens_nothing() {
    let mut journey = Journey::start().await;
    let [first, second, third] = std::array::from_fn(|_| SigningKey::generate(Algorithm::Es256));
    let keys = Keys::serve(&first).await;
    let mut metadata = RelyingParty::ordinary("Ville aux clés");
    metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
    metadata["jwks_uri"] = json!(format!("http://{}/jwks", keys.site.address()));
    let service = journey.register(&metadata).await;
    assert_eq!(keys.asked(), 0, "nothing is fetched before it is needed");

    for _ in 0..3 {
        assert_eq!(push(&journey, &service, &first).await, 201);
    }
    assert_eq!(keys.asked(), 1);

    keys.change_to(&[&first, &second]);
    assert_eq!(push(&journey, &service, &second).await, 201, "an unknown key is looked for once");
    assert_eq!(keys.asked(), 2);

    // A flood of unknown keys asks no more than before: the cool-down is taken.
    for _ in 0..20 {
        assert_eq!(push(&journey, &service, &third).await, 401);
    }
    assert_eq!(keys.asked(), 2);
    assert_eq!(push(&journey, &service, &second).await, 201);

    // A gateway that starts anew reads at once.
    keys.change_to(&[&second]);
    journey.scene.gateway.restart().await.unwrap();
    assert_eq!(push(&journey, &service, &first).await, 401, "C15: a key that was withdrawn");
    assert_eq!(push(&journey, &service, &second).await, 201);
}

#[tokio::test]
async fn keys_that_have_nothing_of_before_are_taken_by_the_word_of_an_operator_alone() {
    let mut journey = Journey::start().await;
    let (own, thief) = (SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Es256));
    let keys = Keys::serve(&own).await;
    let mut metadata = RelyingParty::ordinary("Ville aux clés");
    metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
    metadata["jwks_uri"] = json!(format!("http://{}/jwks", keys.site.address()));
    let service = journey.register(&metadata).await;
    assert_eq!(push(&journey, &service, &own).await, 201);
    keys.change_to(&[&thief]);
    assert_eq!(push(&journey, &service, &thief).await, 401);
    assert_eq!(push(&journey, &service, &own).await, 201, "what was there before serves for a while");
    journey.scene.gateway.restart().await.unwrap();
    assert_eq!(push(&journey, &service, &thief).await, 401);
    assert_eq!(push(&journey, &service, &own).await, 201, "also at a node that starts meanwhile");

    let idp = async |words: &[&str]| journey.scene.gateway.installation().run(words).await.unwrap();
    let shown = idp(&["clients", "keys", "--", &service.client_id]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("pinned  ") && shown.contains("refused "), "{shown}");
    let accept = ["clients", "keys", "--accept", "--why", "Nouveau serveur", "--", &service.client_id];
    assert!(idp(&accept).await.status.success());
    assert_eq!(idp(&accept).await.status.code(), Some(1), "nothing is refused any more");
    journey.scene.gateway.restart().await.unwrap();
    assert_eq!(push(&journey, &service, &thief).await, 201);
    assert_eq!(push(&journey, &service, &own).await, 401);
}

#[tokio::test]
async fn keys_of_another_service_prove_nothing() {
    let journey = Journey::start().await;
    let (own, other) = (SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Es256));
    let keys = Keys::serve(&own).await;
    let mut metadata = RelyingParty::ordinary("Ville aux clés");
    metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
    metadata["jwks_uri"] = json!(format!("http://{}/jwks", keys.site.address()));
    let service = journey.register(&metadata).await;
    assert_eq!(push(&journey, &service, &other).await, 401);
    assert_eq!(push(&journey, &service, &own).await, 201);
}

#[tokio::test]
async fn without_a_key_to_encrypt_to_nothing_leaves_in_the_clear() {
    let mut reader = or_skip!(Reader::start(JoseLibrary::Jose, "ECDH-ES").await);
    let journey = Journey::start().await;
    let keys = Keys::serve(&SigningKey::generate(Algorithm::Es256)).await;
    let mut metadata = RelyingParty::ordinary("Ville sans clé");
    metadata["jwks_uri"] = json!(format!("http://{}/jwks", keys.site.address()));
    for what in ["id_token", "userinfo", "authorization"] {
        metadata[format!("{what}_encrypted_response_alg")] = json!("ECDH-ES");
        metadata[format!("{what}_encrypted_response_enc")] = json!("A256GCM");
    }
    let service = journey.register(&metadata).await;
    let signed = service.ask("openid").and("response_mode", "jwt").and("prompt", "none");
    let page = expect(citizen_of(&service).open(&signed.url()).await.unwrap(), "problem");
    assert_eq!(page.code().as_deref(), Some("P500"), "{}", page.brief());

    let (ask, mut citizen) = (service.ask("openid profile"), citizen_of(&service));
    let login = to_login(&mut citizen, &ask, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    let code = back.parameter("code").unwrap();
    let answer = service.redeem(&ask, &code).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "server_error");

    // The code is not spent on an answer that could not be given. The gateway looks again when its cool-down is over; a
    // gateway that starts anew looks at once.
    let mut key = reader.key.clone();
    key["use"] = json!("enc");
    // Beside the one that was there.
    let mut set = keys.set.lock().unwrap().clone();
    set["keys"].as_array_mut().unwrap().push(key);
    *keys.set.lock().unwrap() = set;
    assert_eq!(service.redeem(&ask, &code).await.unwrap().status(), 500, "within the cool-down");
    let mut journey = journey;
    journey.scene.gateway.restart().await.unwrap();
    let told = citizen_of(&service).open(&signed.url()).await.unwrap();
    let (header, jwt) = reader.decrypt(&told.parameter("response").unwrap()).await.unwrap();
    assert_eq!(header["alg"], "ECDH-ES");
    assert_eq!(service.verify_jwt(&jwt).await.unwrap()["error"], "login_required");
}

#[tokio::test]
async fn a_request_signed_by_a_new_key_is_opened_and_by_an_unknown_one_is_not() {
    let journey = Journey::start().await;
    let (first, second) = (SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Es256));
    let keys = Keys::serve(&first).await;
    let mut metadata = RelyingParty::ordinary("Ville qui signe");
    metadata["jwks_uri"] = json!(format!("http://{}/jwks", keys.site.address()));
    let service = journey.register(&metadata).await;
    let open = async |key: &SigningKey| {
        let ask = service.ask("openid");
        let body = ask.body();
        let mut claims: serde_json::Map<String, Value> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let now = clock::now();
        claims.insert("iss".into(), json!(service.client_id));
        claims.insert("aud".into(), json!(journey.scene.gateway.issuer()));
        claims.insert("exp".into(), json!(now + 60));
        let object = key.sign("oauth-authz-req+jwt", &Value::Object(claims));
        let mut url = url::Url::parse(&service.metadata.authorization_endpoint).unwrap();
        url.query_pairs_mut().append_pair("client_id", &service.client_id).append_pair("request", &object);
        let page = citizen_of(&service).open(url.as_str()).await.unwrap();
        (page.name().unwrap_or_default(), page.code().unwrap_or_default())
    };
    assert_eq!(open(&first).await.0, "choose");
    keys.change_to(&[&first, &second]);
    assert_eq!(open(&second).await.0, "choose");
    assert_eq!(keys.asked(), 2);
    let third = SigningKey::generate(Algorithm::Es256);
    assert_eq!(open(&third).await, ("problem".to_owned(), "P107".to_owned()));
}
