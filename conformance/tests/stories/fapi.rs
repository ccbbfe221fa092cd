//! A service under FAPI 2.0 (Security Profile, final): what it may register and ask, and what comes back. What the standard
//! profile lets pass is refused to it.

use conformance::citizen::{Citizen, Page};
use conformance::fapi::FapiParty;
use conformance::jose::{Algorithm, SigningKey};
use conformance::random;
use conformance::relying_party::Ask;
use http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::fapi::Secured;
use crate::journey::{Journey, expect};

/// A service that registers the profile and its key, and leaves the rest to the profile.
async fn by_profile_alone(journey: &Journey) -> Secured {
    Secured::registered(journey, |metadata| {
        let named = [
            "token_endpoint_auth_method",
            "dpop_bound_access_tokens",
            "require_pushed_authorization_requests",
            "id_token_signed_response_alg",
            "grant_types",
        ];
        metadata.as_object_mut().unwrap().retain(|name, _| !named.contains(&name.as_str()));
    })
    .await
}

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
async fn a_pushed_request_gives_tokens_that_are_bound_to_a_key() {
    let journey = Journey::start().await;
    let service = by_profile_alone(&journey).await;
    let metadata = &service.party.party.metadata;
    let ask = service.party.ask("openid profile");
    let url = service.party.pushed(&ask, None).await.unwrap();
    let back = service.back(&mut service.citizen(), &url).await;
    assert_eq!(back.parameter("iss").as_deref(), Some(metadata.issuer.as_str()), "SP 5.3.2.2-7");
    assert_eq!(back.parameter("state").as_deref(), Some(ask.state.as_str()));
    assert!(back.url.fragment().is_none());
    let code = back.parameter("code").unwrap();
    let tokens = service.party.redeem(&ask, &code, &service.holder).await.unwrap().tokens().unwrap();
    assert_eq!(tokens.token_type, "DPoP");
    let id_token = service.party.party.verify_jwt(&tokens.id_token).await.unwrap();
    assert_eq!(id_token["nonce"], ask.nonce.as_str());
    let header = jsonwebtoken::decode_header(&tokens.id_token).unwrap();
    assert_eq!(json!(header.alg), "ES256", "SP 5.4.1-1");

    let (token, userinfo) = (tokens.access_token.as_str(), metadata.userinfo_endpoint.as_str());
    assert_eq!(service.party.party.userinfo(token).await.unwrap().status(), 401, "D06: as Bearer");
    let proof = service.party.proof(&service.holder, &Method::GET, userinfo).with_token(token).signed(&service.holder);
    // The scheme in any case (RFC 9110 §11.1).
    let headers = [("authorization", format!("dPoP {token}")), ("dpop", proof)];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let claims = service.party.send(Method::GET, userinfo, &headers, &[]).await.unwrap().json();
    assert_eq!(claims["sub"], id_token["sub"], "{claims}");
}

#[tokio::test]
async fn a_token_is_given_to_a_holder_of_a_key_alone() {
    let journey = Journey::start().await;
    let service = by_profile_alone(&journey).await;
    let endpoint = service.party.party.metadata.token_endpoint.as_str();
    let alias = format!("{}/api/v2/token", service.party.party.metadata.issuer);
    for (case, at, htu, good) in [
        ("no proof (SP 5.3.2.1-4)", endpoint, None, false),
        ("a proof for another address", endpoint, Some("https://elsewhere.example/token"), false),
        ("a proof for the canonical address, at another name of it", &alias, Some(endpoint), false),
        ("a proof for the address that is called", &alias, Some(alias.as_str()), true),
    ] {
        let ask = service.party.ask("openid");
        let code = service.code(&ask).await;
        let call = async || {
            let proof = htu.map(|htu| service.party.proof(&service.holder, &Method::POST, htu).signed(&service.holder));
            let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
            service.party.post_with(at, &headers, &service.party.redemption(&ask, &code)).await.unwrap()
        };
        let mut answer = call().await;
        if answer.wants_nonce() {
            answer = call().await;
        }
        let expected = if good { (200, "") } else { (400, "invalid_dpop_proof") };
        let (status, error) = answer.error();
        assert_eq!((status, error.as_str()), expected, "{case}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_stands_beside_a_pushed_request_is_never_used() {
    let journey = Journey::start().await;
    let service = by_profile_alone(&journey).await;
    let beside = [
        ("state", "outer"),
        ("nonce", "outer"),
        ("redirect_uri", "https://evil.example/"),
        ("scope", "openid email"),
        ("response_mode", "form_post"),
        ("code_challenge", "outer"),
    ];
    let ask = || service.party.ask("openid profile");
    for (case, ask) in
        [("state inside", ask()), ("none inside (state-only-outside)", ask().without("state").without("nonce"))]
    {
        let mut url = Url::parse(&service.party.pushed(&ask, None).await.unwrap()).unwrap();
        url.query_pairs_mut().extend_pairs(beside);
        let back = service.back(&mut service.citizen(), url.as_str()).await;
        assert_eq!(back.parameter("state").as_deref(), ask.value("state"), "{case}: {}", back.brief());
        let code = back.parameter("code").unwrap_or_else(|| panic!("{case}: {}", back.brief()));
        let tokens = service.party.redeem(&ask, &code, &service.holder).await.unwrap().tokens().unwrap();
        assert_eq!(tokens.scope, "openid profile", "{case}");
        let id_token = service.party.party.verify_jwt(&tokens.id_token).await.unwrap();
        assert_eq!(id_token["nonce"].as_str(), ask.value("nonce"), "{case}");
    }
}

#[tokio::test]
async fn requests_that_fapi_forbids_are_refused_where_they_come() {
    let journey = Journey::start().await;
    let service = by_profile_alone(&journey).await;
    let ask = || service.party.ask("openid profile");
    let back = service.citizen().open(&ask().url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "B01: {}", back.brief());
    assert_eq!(back.parameter("code"), None);

    for (case, ask, error) in [
        ("A10 no redirect_uri (SP 5.3.2.2-6)", ask().without("redirect_uri"), "invalid_request"),
        ("not registered", ask().with("redirect_uri", "https://evil.example/"), "invalid_request"),
        ("code id_token (SP 5.3.2.2-1)", ask().with("response_type", "code id_token"), "unsupported_response_type"),
        ("token", ask().with("response_type", "token"), "unsupported_response_type"),
        ("no PKCE (SP 5.3.2.2-5)", ask().without("code_challenge").without("code_challenge_method"), "invalid_request"),
        ("plain PKCE", ask().with("code_challenge_method", "plain"), "invalid_request"),
        ("B06 request_uri", ask().and("request_uri", "urn:x"), "invalid_request"),
    ] {
        let answer = service.party.push(&ask, None).await.unwrap();
        assert_eq!(answer.error(), (400, error.to_owned()), "{case}: {}", answer.body);
    }
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
