//! A service under FAPI 2.0, more: what it may register, and what comes back of what it pushes (FAPI 2.0 §5.3.2).

use conformance::citizen::{Citizen, Page};
use conformance::fapi::FapiParty;
use conformance::jose::{Algorithm, SigningKey};
use conformance::random;
use conformance::relying_party::Ask;
use serde_json::{Value, json};

use crate::fapi::Secured;
use crate::journey::{Journey, expect};

/// A browser in which angela signed in to the service before.
async fn signed_in(service: &Secured) -> Citizen {
    let mut citizen = service.citizen();
    let url = service.party.pushed(&service.party.ask("openid profile"), None).await.unwrap();
    service.code_at(&mut citizen, &url).await;
    citizen
}

/// Where a request leads a citizen who is signed in, and the claims of the ID token that comes of it.
async fn silently(service: &Secured, citizen: &Citizen, ask: Ask) -> (Page, Value) {
    let ask = ask.and("prompt", "none");
    let url = service.party.pushed(&ask, None).await.unwrap();
    let back = citizen.clone().open(&url).await.unwrap();
    let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()));
    assert!(back.url.fragment().is_none(), "nothing in the fragment: {}", back.url);
    assert_eq!(back.parameter("iss").as_deref(), Some(service.party.party.metadata.issuer.as_str()));
    let tokens = service.party.redeem(&ask, &code, &service.holder).await.unwrap().tokens().unwrap();
    let claims = service.party.party.verify_jwt(&tokens.id_token).await.unwrap();
    (back, claims)
}

#[tokio::test]
async fn state_and_nonce_are_optional_and_come_back_whole() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let (citizen, ask) = (signed_in(&service).await, || service.party.ask("openid profile"));
    let (back, claims) = silently(&service, &citizen, ask().without("state").without("nonce")).await;
    assert!(back.parameter("state").is_none() && claims["nonce"].is_null(), "{}: {claims}", back.brief());
    for length in [64, 384] {
        let long = "n".repeat(length);
        let (back, claims) = silently(&service, &citizen, ask().with("nonce", &long).with("state", &long)).await;
        assert_eq!(back.parameter("state").as_deref(), Some(long.as_str()), "{length}");
        assert_eq!(claims["nonce"], long.as_str(), "{length}");
    }
    let (_, claims) = silently(&service, &citizen, ask().with("scope", "profile openid")).await;
    assert_eq!(claims["aud"], service.party.party.client_id.as_str(), "scopes have no order");
    for unasked in ["family_name", "given_name", "birthdate", "email"] {
        assert!(claims[unasked].is_null(), "userinfo is the place of {unasked}: {claims}");
    }
}

#[tokio::test]
async fn a_reference_of_nobody_leads_nowhere() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let answer = service.party.push(&service.party.ask("openid"), None).await.unwrap();
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store".into()));
    assert!(answer.json()["expires_in"].as_u64().is_some_and(|seconds| (1..600).contains(&seconds)), "{}", answer.body);
    let stranger = format!("urn:ietf:params:oauth:request_uri:{}", random::token());
    for reference in [stranger.as_str(), "urn:x", "https://evil.example/request", ""] {
        let page = service.citizen().open(&service.party.reference(reference).unwrap()).await.unwrap();
        assert!(page.parameter("code").is_none() && !page.has("[data-step=choose]"), "{reference}: {}", page.brief());
    }
}

#[tokio::test]
async fn a_citizen_who_turns_back_is_told_to_the_service_with_its_state() {
    let journey = Journey::start().await;
    let service = Secured::register(&journey).await;
    let ask = service.party.ask("openid profile");
    let mut citizen = service.citizen();
    let url = service.party.pushed(&ask, Some(&*service.holder)).await.unwrap();
    let chooser = expect(citizen.open(&url).await.unwrap(), "choose");
    let back = citizen.press(&chooser, "form[action$='/cancel'] button", &[]).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{}", back.brief());
    assert_eq!(back.parameter("state"), Some(ask.state));
    assert_eq!(back.parameter("iss").as_deref(), Some(service.party.party.metadata.issuer.as_str()));
    assert!(back.parameter("code").is_none() && back.url.fragment().is_none(), "{}", back.url);
}

#[tokio::test]
async fn metadata_that_the_profile_does_not_allow_is_not_registered() {
    let journey = Journey::start().await;
    let installation = journey.scene.gateway.installation();
    let key = SigningKey::generate(Algorithm::Es256);
    let weaker: [(&str, &str, Value); 7] = [
        ("a shared secret", "/token_endpoint_auth_method", json!("client_secret_basic")),
        ("tokens for whoever bears them", "/dpop_bound_access_tokens", json!(false)),
        ("requests in the front", "/require_pushed_authorization_requests", json!(false)),
        ("no PKCE", "/passerelle/require_pkce", json!(false)),
        ("ID tokens by RS256", "/id_token_signed_response_alg", json!("RS256")),
        ("responses by RS256", "/authorization_signed_response_alg", json!("RS256")),
        ("userinfo by RS256", "/userinfo_signed_response_alg", json!("RS256")),
    ];
    for (case, place, value) in weaker {
        let mut metadata = FapiParty::ordinary("Préfecture", &key);
        let (object, name) = place.rsplit_once('/').unwrap();
        metadata.pointer_mut(object).unwrap()[name] = value;
        let refused = installation.import(&metadata).await.unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains("fapi2"), "{case}: {refused}");
    }
    installation.import(&FapiParty::ordinary("Préfecture", &key)).await.unwrap();
}
