//! A service that keeps its keys at an address of its own, and changes them (OIDC Core §10.1.1).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use conformance::clock;
use conformance::jose::{Algorithm, SigningKey};
use conformance::random;
use conformance::relying_party::RelyingParty;
use conformance::site::{Site, listen};
use serde_json::{Value, json};

use crate::journey::Journey;

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

    fn change_to(&self, key: &SigningKey) {
        *self.set.lock().unwrap() = json!({"keys": [key.public_jwk()]});
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

/// Pushes a request with an assertion of this key; the status.
async fn push(journey: &Journey, service: &RelyingParty, key: &SigningKey) -> u16 {
    let issuer = journey.scene.gateway.issuer();
    let now = clock::now();
    let claims = json!({
        "iss": service.client_id, "sub": service.client_id, "aud": issuer, "jti": random::token(),
        "iat": now, "exp": now + 60,
    });
    let ask = service
        .ask("openid")
        .and("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .and("client_assertion", &key.sign("JWT", &claims));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{issuer}/par")).header("content-type", "application/x-www-form-urlencoded");
    request.body(ask.body()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_service_changes_its_keys_and_the_old_one_opens_nothing() {
    let journey = Journey::start().await;
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

    keys.change_to(&second);
    assert_eq!(push(&journey, &service, &second).await, 201, "an unknown key is looked for once");
    assert_eq!(keys.asked(), 2);
    assert_eq!(push(&journey, &service, &first).await, 401, "C15: a key that was withdrawn");

    // A flood of unknown keys asks no more than before: the cool-down is taken.
    for _ in 0..20 {
        assert_eq!(push(&journey, &service, &third).await, 401);
    }
    assert_eq!(keys.asked(), 2);
    assert_eq!(push(&journey, &service, &second).await, 201);
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
