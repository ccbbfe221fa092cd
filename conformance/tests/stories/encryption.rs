//! What is encrypted to a service, read by libraries that have nothing to do with the gateway.

use conformance::library::JoseLibrary;
use conformance::or_skip;
use conformance::reader::Reader;
use conformance::relying_party::RelyingParty;
use conformance::tools::{Tool, node_file};
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, citizen_of, expect, to_login};

/// Metadata of a service to which everything is encrypted; its userinfo is signed or not.
fn metadata(reader: &Reader, algorithm: &str, userinfo: Option<&str>) -> Value {
    let mut key = reader.key.clone();
    key["use"] = json!("enc");
    key["kid"] = json!("lecture");
    let mut metadata = RelyingParty::ordinary("Ville discrète");
    metadata["jwks"] = json!({ "keys": [key] });
    for what in ["id_token", "userinfo", "authorization"] {
        metadata[format!("{what}_encrypted_response_alg")] = json!(algorithm);
        metadata[format!("{what}_encrypted_response_enc")] = json!("A256GCM");
    }
    if let Some(signed) = userinfo {
        metadata["userinfo_signed_response_alg"] = json!(signed);
    }
    metadata
}

/// The text inside a token that only the reader can read, and that says what it holds.
async fn read(reader: &mut Reader, token: &str, algorithm: &str, nested: bool) -> String {
    assert_eq!(token.split('.').count(), 5, "{token}");
    let (header, text) = reader.decrypt(token).await.unwrap();
    assert_eq!((&header["alg"], &header["enc"]), (&json!(algorithm), &json!("A256GCM")));
    assert_eq!(header["kid"], "lecture");
    assert_eq!(header["cty"] == "JWT", nested, "{header}");
    text
}

async fn everything_is_read_by(library: JoseLibrary) {
    let journey = Journey::start().await;
    for (algorithm, userinfo) in [("ECDH-ES", None), ("ECDH-ES+A256KW", Some("ES256")), ("RSA-OAEP-256", None)] {
        let mut reader = Reader::start(library, algorithm).await.unwrap();
        let service = journey.register(&metadata(&reader, algorithm, userinfo)).await;
        let (ask, mut citizen) = (service.ask("openid profile").and("response_mode", "jwt"), citizen_of(&service));
        let login = to_login(&mut citizen, &ask, ProviderId::Impots).await;
        let inform = expect(citizen.sign_in(&login, "angela", "passerelle").await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        assert_eq!(back.parameter("code"), None, "{}", back.brief());
        let response = read(&mut reader, &back.parameter("response").unwrap(), algorithm, true).await;
        let response = service.verify_jwt(&response).await.unwrap();

        let mut tokens = service.take(&ask, &response).await.unwrap();
        tokens.id_token = read(&mut reader, &tokens.id_token, algorithm, true).await;
        let claims = service.verify(&ask, &tokens).await.unwrap();

        let answer = service.userinfo(&tokens.access_token).await.unwrap().error_for_status().unwrap();
        assert_eq!(answer.headers()["content-type"], "application/jwt");
        let text = read(&mut reader, &answer.text().await.unwrap(), algorithm, userinfo.is_some()).await;
        let told = match userinfo {
            Some(_) => service.verify_jwt(&text).await.unwrap(),
            None => serde_json::from_str(&text).unwrap(),
        };
        assert_eq!((&told["sub"], &told["family_name"]), (&claims["sub"], &json!("DUBOIS")));
    }
}

#[tokio::test]
async fn what_is_encrypted_is_read_by_jose() {
    or_skip!(node_file("jose/package.json"));
    everything_is_read_by(JoseLibrary::Jose).await;
}

#[tokio::test]
async fn what_is_encrypted_is_read_by_joserfc() {
    or_skip!(Tool::Python.find());
    everything_is_read_by(JoseLibrary::Joserfc).await;
}

#[tokio::test]
async fn errors_are_encrypted_like_codes() {
    let journey = Journey::start().await;
    let mut reader = or_skip!(Reader::start(JoseLibrary::Jose, "ECDH-ES").await);
    let service = journey.register(&metadata(&reader, "ECDH-ES", None)).await;
    let ask = service.ask("openid").and("response_mode", "jwt").and("prompt", "none");
    let back = citizen_of(&service).open(&ask.url()).await.unwrap();
    assert_eq!((back.parameter("error"), back.parameter("state")), (None, None), "{}", back.brief());
    let told = read(&mut reader, &back.parameter("response").unwrap(), "ECDH-ES", true).await;
    assert_eq!(service.verify_jwt(&told).await.unwrap()["error"], "login_required");
}

#[tokio::test]
async fn discovery_says_what_can_be_encrypted() {
    let journey = Journey::start().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let issuer = journey.scene.gateway.issuer();
    let url = format!("{issuer}/.well-known/openid-configuration");
    let document: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    for what in ["id_token", "userinfo", "authorization"] {
        let all = json!(["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"]);
        assert_eq!(document[format!("{what}_encryption_alg_values_supported")], all);
        assert_eq!(document[format!("{what}_encryption_enc_values_supported")], json!(["A256GCM"]));
    }
    let keys: Value = http.get(format!("{issuer}/jwks")).send().await.unwrap().json().await.unwrap();
    let mut kids: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    let all = kids.len();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), all, "{keys}");
}
