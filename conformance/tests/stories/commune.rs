//! The SDK's commune at the real gateway, registered in each way that both ends know.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance::citizen::Citizen;
use conformance::commune::Commune;
use conformance::gateway::Standing;
use conformance::people::PASSWORD;
use conformance::process::{Signals, tied};
use conformance::scene::{Scene, Setting};
use conformance::site::free_port;
use conformance::workspace;
use serde_json::{Value, json};

/// A citizen signs in at a commune with this metadata besides the usual, started with these arguments.
async fn signed_in(scene: &Scene, metadata: &Value, arguments: &[&str]) {
    let base = format!("http://localhost:{}", free_port());
    let mut all = Commune::metadata(&base);
    for (name, value) in metadata.as_object().unwrap() {
        all[name] = value.clone();
    }
    let client = scene.gateway.installation().import(&all).await.unwrap();
    scene.gateway.installation().until(&client.client_id, Standing::Served).await.unwrap();
    let mut command = tied(&workspace::programs().await.unwrap().commune);
    command.args(["--issuer", scene.gateway.issuer(), "--client-id", &client.client_id]).args(arguments);
    if let Some(secret) = &client.client_secret {
        command.env("COMMUNE_CLIENT_SECRET", secret);
    }
    let commune = Commune::run(command, &base, Signals::Shared).await.unwrap();

    let mut citizen = Citizen::new();
    let home = citizen.open(&format!("{}/", commune.base())).await.unwrap();
    let chooser = citizen.click(&home, "a[href*='/login']").await.unwrap();
    let button = "form[data-step=choose] button[name=provider][value=impots]";
    let login = citizen.press(&chooser, button, &[]).await.unwrap();
    let inform = citizen.sign_in(&login, "angela", PASSWORD).await.unwrap();
    let space = citizen.press(&inform, "form[data-step=inform] button[type=submit]", &[]).await.unwrap();
    assert_eq!(space.name().as_deref(), Some("space"), "{arguments:?}: {}", space.brief());
    assert!(space.text("[data-name]").unwrap().contains("DUBOIS"));
}

#[tokio::test]
async fn a_commune_under_fapi_2_signs_a_citizen_in() {
    let scene = Scene::set(Setting::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = STANDARD.encode(pair.to_pkcs8v1().unwrap());
    std::fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k-1", "x": x, "y": y}]},
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
        "userinfo_signed_response_alg": "ES256",
        "passerelle": {"kind": "public", "profile": "fapi2", "claims": ["amr"]},
    });
    let key = ["--private-key", file.to_str().unwrap(), "--key-id", "k-1", "--fapi2"];
    let algorithms = ["--id-token-alg", "ES256", "--userinfo-alg", "ES256"];
    signed_in(&scene, &metadata, &[&key[..], &algorithms].concat()).await;
    // and with answers signed by the gateway (JARM)
    signed_in(&scene, &metadata, &[&key[..], &algorithms, &["--answer-alg", "ES256"]].concat()).await;
}

#[tokio::test]
async fn a_commune_takes_answers_signed_with_each_algorithm_of_the_gateway() {
    let scene = Scene::set(Setting::default()).await;
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
        let metadata = json!({
            "id_token_signed_response_alg": algorithm, "authorization_signed_response_alg": algorithm,
            "userinfo_signed_response_alg": algorithm,
        });
        let arguments = ["--id-token-alg", algorithm, "--userinfo-alg", algorithm, "--answer-alg", algorithm];
        signed_in(&scene, &metadata, &arguments).await;
    }
}
