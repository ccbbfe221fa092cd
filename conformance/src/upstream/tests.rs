use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::citizen::{Citizen, Page};
use crate::people::{PASSWORD, PEOPLE};
use crate::relying_party::{ASSERTION_TYPE, assertion_claims};
use crate::site::listen;

/// Where the gateway would be; nothing listens there.
const GATEWAY: &str = "http://127.0.0.1:1";

async fn providers() -> Providers {
    Providers::start(listen(0).await.unwrap(), GATEWAY, Control::Open)
}

/// One attempt at a provider, as a client that keeps its secrets.
struct Attempt {
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
}

impl Attempt {
    fn new(providers: &Providers, id: ProviderId) -> Self {
        Self {
            issuer: providers.issuer(id).to_owned(),
            state: random::token(),
            nonce: random::token(),
            verifier: random::token(),
        }
    }

    fn redirect_uri(id: ProviderId) -> String {
        format!("{GATEWAY}/callback/{id}")
    }

    fn address(&self, id: ProviderId) -> Url {
        let mut url = Url::parse(&format!("{}/authorize", self.issuer)).unwrap();
        url.query_pairs_mut()
            .append_pair("client_id", CLIENT_ID)
            .append_pair("redirect_uri", &Self::redirect_uri(id))
            .append_pair("response_type", "code")
            .append_pair("scope", "openid profile email birth")
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &crate::jose::sha256(&self.verifier))
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "login");
        url
    }

    async fn sign_in(&self, id: ProviderId, username: &str) -> Page {
        let mut citizen = Citizen::new().stopping_at(&Self::redirect_uri(id));
        let login = citizen.open(self.address(id).as_str()).await.unwrap();
        citizen.sign_in(&login, username, PASSWORD).await.unwrap()
    }

    async fn redeem(&self, providers: &Providers, id: ProviderId, code: &str) -> reqwest::Response {
        let redirect_uri = Self::redirect_uri(id);
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", self.verifier.clone()),
        ];
        let mut request = reqwest::Client::new().post(format!("{}/token", self.issuer));
        let credentials = providers.credentials(id);
        match id.profile().authentication {
            Authentication::SecretBasic => {
                request = request.basic_auth(CLIENT_ID, credentials.secret.as_deref());
            }
            Authentication::SecretPost => {
                form.push(("client_id", CLIENT_ID.to_owned()));
                form.push(("client_secret", credentials.secret.clone().unwrap()));
            }
            Authentication::PrivateKey => {
                let pem = credentials.assertion_key.clone().unwrap();
                form.push(("client_assertion_type", ASSERTION_TYPE.into()));
                form.push(("client_assertion", assertion(&pem, &self.issuer)));
            }
        }
        request.form(&form).send().await.unwrap()
    }
}

fn assertion(pem: &str, audience: &str) -> String {
    let key = jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(
        &jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256),
        &assertion_claims(CLIENT_ID, audience),
        &key,
    )
    .unwrap()
}

async fn verified(issuer: &str, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let keys: JwkSet = reqwest::get(format!("{issuer}/jwks")).await.unwrap().json().await.unwrap();
    let header = jsonwebtoken::decode_header(token)?;
    let key = keys.find(header.kid.as_deref().unwrap_or_default());
    let key = key.ok_or(jsonwebtoken::errors::ErrorKind::InvalidToken)?;
    let mut strict = Validation::new(header.alg);
    strict.set_audience(&[CLIENT_ID]);
    strict.set_issuer(&[issuer]);
    strict.leeway = 30;
    strict.set_required_spec_claims(&["iss", "aud"]);
    Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key)?, &strict)?.claims)
}

#[tokio::test]
async fn every_provider_signs_every_citizen_in() {
    let providers = providers().await;
    for id in ProviderId::ALL {
        let attempt = Attempt::new(&providers, id);
        let back = attempt.sign_in(id, "angela").await;
        assert_eq!(back.parameter("state"), Some(attempt.state.clone()));
        assert_eq!(back.parameter("iss"), Some(attempt.issuer.clone()));
        let code = back.parameter("code").unwrap();
        let answer: Value = attempt.redeem(&providers, id, &code).await.json().await.unwrap();
        let id_token = answer["id_token"].as_str().unwrap();
        let parts = id_token.split('.').count();
        match id.profile().id_token {
            TokenForm::Signed => {
                let claims = verified(&attempt.issuer, id_token).await.unwrap();
                assert_eq!(claims["nonce"], attempt.nonce);
                assert_eq!(claims["acr"], id.profile().acr);
            }
            TokenForm::SignedThenEncrypted(_) => assert_eq!(parts, 5),
        }
        let again = attempt.redeem(&providers, id, &code).await;
        assert_eq!(again.status(), 400, "a code is spent once");

        let userinfo = reqwest::Client::new()
            .get(format!("{}/userinfo", attempt.issuer))
            .bearer_auth(answer["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(userinfo.status(), 200);
        let kind = userinfo.headers()["content-type"].to_str().unwrap().to_owned();
        let body = userinfo.text().await.unwrap();
        match id.profile().userinfo {
            UserinfoForm::Json => {
                let claims: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(claims["family_name"], "DUBOIS");
                assert_eq!(claims["email"], "angela@exemple.fr");
            }
            UserinfoForm::Signed => {
                assert_eq!(kind, "application/jwt");
                let claims = verified(&attempt.issuer, &body).await;
                assert_eq!(claims.unwrap()["family_name"], "DUBOIS");
            }
            UserinfoForm::SignedThenEncrypted(_) => assert_eq!(body.split('.').count(), 5),
        }
    }
}

#[tokio::test]
async fn each_citizen_is_known_at_each_provider_under_another_sub() {
    let providers = providers().await;
    let mut seen = HashSet::new();
    for id in ProviderId::ALL {
        for person in &PEOPLE {
            assert!(seen.insert(providers.house.provider(id).subject(person)));
        }
    }
}

#[tokio::test]
async fn a_wrong_password_shows_the_page_again_and_gives_no_code() {
    let providers = providers().await;
    let attempt = Attempt::new(&providers, ProviderId::Impots);
    let mut citizen = Citizen::new().stopping_at(GATEWAY);
    let login = citizen.open(attempt.address(ProviderId::Impots).as_str()).await.unwrap();
    for (username, password) in [("angela", "wrong"), ("nobody", PASSWORD), ("", "")] {
        let page = citizen.sign_in(&login, username, password).await.unwrap();
        assert_eq!((page.status.as_u16(), page.name().as_deref()), (401, Some("login")));
        assert!(page.has("[role=alert]"));
        let back = citizen.sign_in(&page, "angela", PASSWORD).await.unwrap();
        assert!(back.parameter("code").is_some(), "the page shown again still works");
    }
}

#[tokio::test]
async fn going_back_says_access_denied() {
    let providers = providers().await;
    let attempt = Attempt::new(&providers, ProviderId::Poste);
    let mut citizen = Citizen::new().stopping_at(GATEWAY);
    let login = citizen.open(attempt.address(ProviderId::Poste).as_str()).await.unwrap();
    let back = citizen.press(&login, "button[value=cancel]", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(back.parameter("state"), Some(attempt.state));
    assert_eq!(back.parameter("code"), None);
}

#[tokio::test]
async fn requests_that_are_not_right_are_refused() {
    let providers = providers().await;
    let id = ProviderId::Impots;
    let good = Attempt::new(&providers, id).address(id);
    let with = |name: &str, value: &str| {
        let mut url = good.clone();
        let pairs: Vec<_> = good.query_pairs().filter(|(key, _)| key != name).collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
        url
    };
    let mut citizen = Citizen::new().stopping_at(&format!("{GATEWAY}/callback"));
    for (name, value) in [("client_id", "x"), ("redirect_uri", "http://evil.example/")] {
        let page = citizen.open(with(name, value).as_str()).await.unwrap();
        assert_eq!((page.status.as_u16(), page.name().as_deref()), (400, Some("problem")), "{name}");
    }
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("prompt", "none", "login_required"),
    ] {
        let back = citizen.open(with(name, value).as_str()).await.unwrap();
        assert_eq!(back.parameter("error").as_deref(), Some(error), "{name}");
    }
}

#[tokio::test]
async fn the_token_endpoint_wants_the_right_client_and_the_right_verifier() {
    let providers = providers().await;
    for id in [ProviderId::Impots, ProviderId::AssuranceMaladie, ProviderId::Mobile] {
        let attempt = Attempt::new(&providers, id);
        let code = attempt.sign_in(id, "angela").await.parameter("code").unwrap();
        let unproven = reqwest::Client::new()
            .post(format!("{}/token", attempt.issuer))
            .form(&[("grant_type", "authorization_code"), ("code", &code), ("client_id", CLIENT_ID)])
            .send()
            .await
            .unwrap();
        assert_eq!(unproven.status(), 401, "{id}");
        let thief = Attempt { verifier: random::token(), ..Attempt::new(&providers, id) };
        assert_eq!(thief.redeem(&providers, id, &code).await.status(), 400, "{id}");
    }
}

#[tokio::test]
async fn a_client_assertion_is_used_once() {
    let providers = providers().await;
    let id = ProviderId::Mobile;
    let pem = providers.credentials(id).assertion_key.clone().unwrap();
    let one = assertion(&pem, providers.issuer(id));
    let form = |assertion: &str| {
        vec![
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion.to_owned()),
            ("grant_type", "authorization_code".to_owned()),
        ]
    };
    let send = async |form: &[(&str, String)]| {
        let answer = reqwest::Client::new().post(format!("{}/token", providers.issuer(id))).form(form).send().await;
        answer.unwrap().json::<Value>().await.unwrap()["error"].clone()
    };
    assert_eq!(send(&form(&one)).await, "invalid_grant", "authenticated, no code");
    assert_eq!(send(&form(&one)).await, "invalid_client");
    assert_eq!(send(&form(&assertion(&pem, "http://127.0.0.1:9/other"))).await, "invalid_client");
}

async fn id_token(providers: &Providers, id: ProviderId) -> (Attempt, String) {
    let attempt = Attempt::new(providers, id);
    let code = attempt.sign_in(id, "angela").await.parameter("code").unwrap();
    let answer: Value = attempt.redeem(providers, id, &code).await.json().await.unwrap();
    (attempt, answer["id_token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_strict_client_notices_each_fault_of_the_id_token() {
    let providers = providers().await;
    let id = ProviderId::Impots;
    for fault in [
        Fault::WrongIss,
        Fault::WrongAud,
        Fault::Expired,
        Fault::AlgNone,
        Fault::Hs256PublicKey,
        Fault::WrongTypeExp,
        Fault::UnknownKid,
        Fault::NoKeys,
    ] {
        providers.set(id, fault);
        let (attempt, token) = id_token(&providers, id).await;
        assert!(verified(&attempt.issuer, &token).await.is_err(), "{fault:?}");
    }
    for fault in [Fault::Ok, Fault::RotateKeys, Fault::ManyKeys, Fault::ClockSkew10, Fault::WrongNonce] {
        providers.set(id, fault);
        let (attempt, token) = id_token(&providers, id).await;
        let claims = verified(&attempt.issuer, &token).await.unwrap();
        assert_eq!(claims["nonce"] == attempt.nonce, fault != Fault::WrongNonce, "{fault:?}");
    }
    providers.set(id, Fault::ClockSkew61);
    let (attempt, token) = id_token(&providers, id).await;
    let claims = verified(&attempt.issuer, &token).await.unwrap();
    assert!(claims["iat"].as_i64().unwrap() > crate::clock::now() + 55);
    assert!(providers.jwks_fetches(id) > 5);
}

#[tokio::test]
async fn the_back_channel_misbehaves_when_told_and_the_other_providers_do_not() {
    let providers = providers().await;
    let client = reqwest::Client::new();
    let control = format!("{}/control", providers.base());
    let told = client.post(&control).json(&json!({ "provider": "poste", "mode": "error500" })).send().await.unwrap();
    assert_eq!(told.status(), 204);
    let discovery = |id| format!("{}/.well-known/openid-configuration", providers.issuer(id));
    assert_eq!(reqwest::get(discovery(ProviderId::Poste)).await.unwrap().status(), 500);
    assert_eq!(reqwest::get(discovery(ProviderId::Impots)).await.unwrap().status(), 200);
    providers.set(ProviderId::Poste, Fault::Garbage);
    assert!(reqwest::get(discovery(ProviderId::Poste)).await.unwrap().json::<Value>().await.is_err());
    providers.set(ProviderId::Poste, Fault::Hang);
    let hung = client.get(discovery(ProviderId::Poste)).timeout(std::time::Duration::from_millis(200)).send().await;
    assert!(hung.unwrap_err().is_timeout());
    let told = client.post(&control).json(&json!({ "provider": "poste", "mode": "explode" })).send().await.unwrap();
    assert_eq!(told.status(), 422, "the list of faults is closed");
}

#[tokio::test]
async fn the_demo_has_no_control_address() {
    let providers = Providers::start(listen(0).await.unwrap(), GATEWAY, Control::Closed);
    let body = json!({ "provider": "poste", "mode": "hang" });
    let told = reqwest::Client::new().post(format!("{}/control", providers.base())).json(&body).send().await.unwrap();
    assert_eq!(told.status(), 404);
}

#[tokio::test]
async fn a_hostile_error_comes_back_whole() {
    let providers = providers().await;
    let id = ProviderId::Msa;
    providers.set(id, Fault::HtmlInError);
    let attempt = Attempt::new(&providers, id);
    let mut citizen = Citizen::new().stopping_at(GATEWAY);
    let back = citizen.open(attempt.address(id).as_str()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("server_error"));
    assert!(back.parameter("error_description").unwrap().contains("<script>"));
}
