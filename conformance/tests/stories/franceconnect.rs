//! A service made for FranceConnect comes to the gateway unchanged: its parameters, its paths, what it expects back.

use conformance::jose;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, choose, citizen_of, expect};

/// Where software of each version calls, under the host alone.
const FIRST: &str = "/api/v1";
const SECOND: &str = "/api/v2";

/// A shipped example, at an address of this test.
fn example(name: &str) -> Value {
    let path = conformance::workspace::root().join(format!("config/clients/{name}.json"));
    let mut metadata: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (field, value) in RelyingParty::ordinary(name).as_object().unwrap() {
        if field.ends_with("_uris") || field == "client_uri" {
            metadata[field] = value.clone();
        }
    }
    metadata
}

/// A service of an example that calls the paths of a version.
async fn registered(journey: &Journey, name: &str, version: &str) -> RelyingParty {
    let mut service = journey.register(&example(name)).await;
    let issuer = service.metadata.issuer.clone();
    service.metadata.authorization_endpoint = format!("{issuer}{version}/authorize");
    service.metadata.token_endpoint = format!("{issuer}{version}/token");
    service.metadata.userinfo_endpoint = format!("{issuer}{version}/userinfo");
    service
}

/// What such software sends: no PKCE, and little else.
fn plain(service: &RelyingParty, scope: &str) -> Ask {
    service.ask(scope).without("code_challenge").without("code_challenge_method")
}

/// A whole sign-in: the code.
async fn code(service: &RelyingParty, ask: &Ask) -> String {
    let mut citizen = citizen_of(service);
    let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(&mut citizen, &inform).await;
    assert_eq!(back.parameter("state").as_deref(), ask.value("state"));
    back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()))
}

/// The form of the token endpoint, as this software fills it.
fn form<'a>(service: &'a RelyingParty, code: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("redirect_uri", &service.redirect_uri),
        ("client_id", &service.client_id),
        ("client_secret", service.secret.as_deref().unwrap()),
        ("code", code),
    ]
}

#[tokio::test]
async fn a_service_of_the_second_version_signs_a_citizen_in_and_out() {
    let journey = Journey::start().await;
    let service = registered(&journey, "franceconnect", SECOND).await;
    let (http, issuer) = (reqwest::Client::new(), service.metadata.issuer.clone());
    // `prompt` and retired scopes stand in software for good.
    let ask = plain(&service, "openid given_name family_name birthdate email address phone").and("prompt", "login");
    let code = code(&service, &ask).await;
    let answer = http.post(&service.metadata.token_endpoint).form(&form(&service, &code)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let tokens: Tokens = answer.json().await.unwrap();
    assert_eq!(tokens.expires_in, 60);
    let id_token = service.verify(&ask, &tokens).await.unwrap();
    assert_eq!(id_token["exp"].as_i64().unwrap() - id_token["iat"].as_i64().unwrap(), 60);
    assert_eq!((&id_token["acr"], &id_token["given_name"]), (&json!("eidas1"), &Value::Null));

    // A JWT here, JSON on the paths of the first version; `schema` means nothing.
    let answer = service.userinfo(&tokens.access_token).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jwt");
    let claims = service.verify_jwt(&answer.text().await.unwrap()).await.unwrap();
    assert_eq!((&claims["sub"], &claims["family_name"]), (&id_token["sub"], &json!("DUBOIS")));
    let first = format!("{issuer}{FIRST}/userinfo?schema=openid");
    let answer = http.get(&first).bearer_auth(&tokens.access_token).send().await.unwrap();
    let plain: Value = answer.json().await.unwrap();
    assert_eq!((&plain["sub"], &plain["family_name"]), (&id_token["sub"], &json!("DUBOIS")));
    let in_query = http.get(format!("{issuer}{SECOND}/userinfo?access_token={}", tokens.access_token));
    assert_eq!(in_query.send().await.unwrap().status(), 401, "D01");

    let (id, secret) = (service.client_id.as_str(), service.secret.as_deref().unwrap());
    let given_back = [("token", tokens.access_token.as_str()), ("client_id", id), ("client_secret", secret)];
    let revoked = http.post(format!("{issuer}{SECOND}/token/revocation")).form(&given_back).send().await.unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_citizen_leaves_by_the_paths_of_both_versions() {
    let journey = Journey::start().await;
    let service = registered(&journey, "franceconnect", SECOND).await;
    let bye = service.redirect_uri.replace("/callback", "/bye");
    for path in ["/api/v1/logout", "/api/v2/session/end"] {
        let ask = plain(&service, "openid given_name");
        let mut citizen = citizen_of(&service);
        let login = journey.to_login(&mut citizen, &ask, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
        let code = accept(&mut citizen, &inform).await.parameter("code").unwrap();
        let answer = reqwest::Client::new().post(&service.metadata.token_endpoint).form(&form(&service, &code));
        let tokens: Tokens = answer.send().await.unwrap().json().await.unwrap();
        expect(citizen.open(&plain(&service, "openid given_name").url()).await.unwrap(), "inform");

        let mut address = url::Url::parse(&format!("{}{path}", service.metadata.issuer)).unwrap();
        let asked =
            [("id_token_hint", tokens.id_token.as_str()), ("post_logout_redirect_uri", &bye), ("state", "see you")];
        address.query_pairs_mut().extend_pairs(asked);
        let mut leaving = citizen.clone().stopping_at(&bye);
        let left = leaving.open(address.as_str()).await.unwrap();
        assert_eq!(left.url.as_str(), format!("{bye}?state=see+you"), "{path}: {}", left.brief());
        let mut again = leaving.stopping_at(&service.redirect_uri);
        expect(again.open(&plain(&service, "openid given_name").url()).await.unwrap(), "choose");
    }
}

#[tokio::test]
async fn a_service_of_the_first_version_is_served_under_the_standard_profile() {
    let journey = Journey::start().await;
    let service = registered(&journey, "franceconnect-v1", FIRST).await;
    // Short nonces, no level, no PKCE, its secret in the address: as it was made.
    let secret = service.secret.clone().unwrap();
    let ask = plain(&service, "openid profile email address phone")
        .without("acr_values")
        .with("nonce", "65f1c2d3e4a5b")
        .and("client_secret", &secret);
    for sent_as_json in [false, true] {
        let code = code(&service, &ask).await;
        let request = reqwest::Client::new().post(&service.metadata.token_endpoint);
        let form = form(&service, &code);
        let members: Value = form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let request = if sent_as_json { request.json(&members) } else { request.form(&form) };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "as JSON: {sent_as_json}: {}", answer.text().await.unwrap());
        let tokens: Tokens = answer.json().await.unwrap();
        let id_token = service.verify_jwt(&tokens.id_token).await.unwrap();
        assert_eq!(id_token["nonce"], "65f1c2d3e4a5b");
        assert_eq!(id_token["at_hash"], jose::half_hash(&tokens.access_token));
        let http = reqwest::Client::new();
        let address = format!("{}?schema=openid", service.metadata.userinfo_endpoint);
        let userinfo: Value =
            http.get(address).bearer_auth(&tokens.access_token).send().await.unwrap().json().await.unwrap();
        assert_eq!(userinfo["family_name"], "DUBOIS");
    }
    let log = journey.scene.gateway.process.last_lines(2_000).join("\n");
    assert!(!log.contains(&secret), "a secret in an address is not logged");
    let canonical = format!("{}/token", service.metadata.issuer);
    let refused = reqwest::Client::new().post(canonical).json(&json!({ "grant_type": "authorization_code" }));
    assert_eq!(refused.send().await.unwrap().status(), 400, "JSON is read on French paths alone");
}

#[tokio::test]
async fn the_documents_on_the_french_paths_are_the_canonical_ones() {
    let journey = Journey::start().await;
    let issuer = journey.scene.gateway.issuer();
    let http = reqwest::Client::new();
    let read = async |path: &str| {
        let answer = http.get(format!("{issuer}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.headers().contains_key("set-cookie"), "{path}");
        answer.json::<Value>().await.unwrap()
    };
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        assert_eq!(read(path).await, read(&format!("{SECOND}{path}")).await, "{path}");
    }
    assert_eq!(http.get(format!("{issuer}/api/v2/nothing")).send().await.unwrap().status(), 404);
    assert_eq!(http.get(format!("{issuer}/api/v2/token")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn other_services_may_call_the_french_paths_and_live_under_their_own_rules() {
    let journey = Journey::start().await;
    let mut service = journey.service.clone();
    service.metadata.authorization_endpoint = format!("{}{SECOND}/authorize", service.metadata.issuer);
    service.metadata.userinfo_endpoint = format!("{}{SECOND}/userinfo", service.metadata.issuer);
    let ask = service.ask("openid profile").without("acr_values").with("nonce", "short").with("state", "s");
    let code = code(&service, &ask).await;
    let tokens: Tokens = service.redeem(&ask, &code).await.unwrap().json().await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS", "JSON, as it registered");

    let bare = plain(&service, "openid profile");
    let back = citizen_of(&service).open(&bare.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "PKCE is its own rule: {}", back.brief());
}

#[tokio::test]
async fn every_shipped_example_can_be_imported() {
    let journey = Journey::start().await;
    let folder = conformance::workspace::root().join("config/clients");
    let mut profiles = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let imported = journey.scene.gateway.installation().import(&metadata).await;
        assert!(imported.is_ok(), "{}: {imported:?}", path.display());
        profiles.push(metadata["passerelle"]["profile"].as_str().unwrap().to_owned());
    }
    profiles.sort();
    profiles.dedup();
    assert_eq!(profiles, ["fapi2", "franceconnect", "standard"], "one of each");
}
