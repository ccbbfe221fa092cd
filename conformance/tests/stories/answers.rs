//! The authorization response on every way there is: query or form, plain or signed.

use conformance::browser::{Browser, Scripts};
use conformance::citizen::Page;
use conformance::or_skip;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::{FRAGMENT, Fault, ProviderId};
use serde_json::{Map, Value, json};

use crate::desk::{Desk, Reply};
use crate::journey::{Journey, accept, citizen_of, expect};

fn pairs(text: Option<&str>) -> Value {
    let parsed = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned();
    Value::Object(parsed.map(|(name, value)| (name, value.into())).collect())
}

/// What came in the query; nothing came in the fragment.
fn response(back: &Page) -> Value {
    assert!(back.url.query().is_some() && back.url.fragment().is_none(), "{}", back.url);
    pairs(back.url.query())
}

/// The content of a signed response: alone, signed by the issuer for this service, short-lived.
async fn opened(service: &RelyingParty, response: &Value) -> Value {
    let members: Vec<_> = response.as_object().unwrap().keys().collect();
    assert_eq!(members, ["response"], "nothing stands beside it");
    let token = response["response"].as_str().unwrap();
    let claims = service.verify_jwt(token).await.unwrap();
    let left = claims["exp"].as_i64().unwrap() - conformance::clock::now();
    assert!((1..=600).contains(&left), "{claims}");
    claims
}

#[tokio::test]
async fn a_response_comes_in_the_place_that_was_asked_alone() {
    let journey = Journey::start().await;
    for (mode, signed) in [("query", false), ("jwt", true), ("query.jwt", true)] {
        let ask = journey.ask().and("response_mode", mode);
        let back = journey.to_return(&mut journey.citizen(), &ask, ProviderId::Impots, "angela").await;
        let mut given = response(&back);
        if signed {
            given = opened(&journey.service, &given).await;
        }
        journey.service.take(&ask, &given).await.unwrap();

        let ask = journey.ask().and("response_mode", mode).and("prompt", "none");
        let back = journey.citizen().open(&ask.url()).await.unwrap();
        let mut told = response(&back);
        if signed {
            told = opened(&journey.service, &told).await;
        }
        assert_eq!(told["error"], "login_required", "{mode}");
        assert_eq!((&told["state"], &told["iss"]), (&json!(ask.state), &json!(journey.scene.gateway.issuer())));
    }
    // A fragment is for tokens, which are not given that way.
    for mode in ["fragment", "fragment.jwt", "web_message", "QUERY"] {
        let back = journey.citizen().open(&journey.ask().and("response_mode", mode).url()).await.unwrap();
        assert_eq!(response(&back)["error"], "invalid_request", "{mode}");
    }
    let back = journey.citizen().open(&journey.ask().with("response_type", "id_token").url()).await.unwrap();
    assert!(back.url.query().is_none(), "the errors of front-channel types go where those would have: {}", back.url);
    assert_eq!(pairs(back.url.fragment())["error"], "unsupported_response_type");
}

#[tokio::test]
async fn a_signed_response_is_signed_as_the_service_registered() {
    let journey = Journey::start().await;
    for algorithm in ["RS256", "ES256", "PS256", "EdDSA"] {
        let mut metadata = RelyingParty::ordinary("Ville");
        metadata["authorization_signed_response_alg"] = algorithm.into();
        let service = journey.register(&metadata).await;
        let ask = service.ask("openid").and("response_mode", "jwt").and("prompt", "none");
        let back = citizen_of(&service).open(&ask.url()).await.unwrap();
        let told = response(&back);
        let header = jsonwebtoken::decode_header(told["response"].as_str().unwrap()).unwrap();
        assert_eq!(json!(header.alg), algorithm);
        assert_eq!(opened(&service, &told).await["error"], "login_required");
    }
}

/// A form that posts itself, pressed by a citizen whose browser runs no scripts.
async fn posted_by_hand(journey: &Journey, desk: &Desk, ask: &Ask) -> Value {
    let mut citizen = journey.citizen();
    let inform = journey.to_inform(&mut citizen, ask, ProviderId::Impots, "angela").await;
    let form = expect(accept(&mut citizen, &inform).await, "form-post");
    assert_eq!(form.headers["cache-control"], "no-store");
    assert_eq!(form.headers["referrer-policy"], "no-referrer");
    let policy = form.headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.split(';').any(|directive| directive.trim() == part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(form.url.as_str().starts_with(journey.scene.gateway.issuer()) && form.parameter("code").is_none());
    let received = citizen.press(&form, "form[data-step=form-post] button", &[]).await.unwrap();
    expect(received, "received");
    desk.last().unwrap()
}

#[tokio::test]
async fn a_posted_response_arrives_without_scripts_plain_and_signed_and_for_errors_too() {
    let journey = Journey::start().await;
    let desk = Desk::open(&journey, Reply::Page, &json!({})).await;
    let ask = desk.service.ask("openid profile").and("response_mode", "form_post");
    let given = posted_by_hand(&journey, &desk, &ask).await;
    assert_eq!(given.as_object().unwrap().len(), 3, "code, state, iss: {given}");
    desk.service.take(&ask, &given).await.unwrap();

    let ask = desk.service.ask("openid profile").and("response_mode", "form_post.jwt");
    let given = opened(&desk.service, &posted_by_hand(&journey, &desk, &ask).await).await;
    desk.service.take(&ask, &given).await.unwrap();

    for mode in ["form_post", "form_post.jwt"] {
        let ask = desk.service.ask("openid").and("response_mode", mode).and("prompt", "none").with("state", "\"><b>&é");
        let mut citizen = journey.citizen();
        let form = expect(citizen.open(&ask.url()).await.unwrap(), "form-post");
        citizen.press(&form, "form[data-step=form-post] button", &[]).await.unwrap();
        let mut told = desk.last().unwrap();
        if mode == "form_post.jwt" {
            told = opened(&desk.service, &told).await;
        }
        assert_eq!((&told["error"], &told["state"]), (&json!("login_required"), &json!("\"><b>&é")), "{mode}");
    }
}

/// The same in a real browser: the policy of the page lets its form leave, and its script run.
async fn posted_in_chromium(browser: Browser, scripts: Scripts) {
    let journey = Journey::start().await;
    let desk = Desk::open(&journey, Reply::Page, &json!({})).await;
    let ask = desk.service.ask("openid profile").and("response_mode", "form_post");
    browser.open(&ask.url()).await.unwrap();
    browser.press("form[data-step=choose] button[value=impots]").await.unwrap();
    browser.sign_in("angela", PASSWORD).await.unwrap();
    browser.press("form[data-step=inform] button[type=submit]").await.unwrap();
    if scripts == Scripts::Off {
        browser.press("form[data-step=form-post] button").await.unwrap();
    }
    browser.see("main[data-page=received]").await.unwrap_or_else(|error| panic!("{error:#}: {:?}", desk.last()));
    desk.service.take(&ask, &desk.last().unwrap()).await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_posted_response_goes_by_itself_in_chromium() {
    posted_in_chromium(or_skip!(Browser::start(Scripts::On).await), Scripts::On).await;
}

#[tokio::test]
async fn a_posted_response_goes_by_a_button_in_chromium_without_javascript() {
    posted_in_chromium(or_skip!(Browser::start(Scripts::Off).await), Scripts::Off).await;
}

#[tokio::test]
async fn a_fragment_from_the_provider_reaches_no_service_in_chromium() {
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let journey = Journey::start().await;
    journey.scene.providers.set(ProviderId::Impots, Fault::Fragment);
    let desk = Desk::open(&journey, Reply::Page, &json!({})).await;
    let ask = desk.service.ask("openid profile");
    browser.open(&ask.url()).await.unwrap();
    browser.press("form[data-step=choose] button[value=impots]").await.unwrap();
    browser.sign_in("angela", PASSWORD).await.unwrap();
    browser.see("form[data-step=inform]").await.unwrap();
    let clean = async |place: &str| {
        let address = browser.address().await.unwrap();
        assert!(!address.as_str().contains(FRAGMENT), "{place}: {address}");
        address
    };
    clean("the page after the provider").await;
    browser.press("form[data-step=inform] button[type=submit]").await.unwrap();
    browser.see("main[data-page=received]").await.unwrap();
    let address = clean("the service").await;
    let given: Map<String, Value> =
        address.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
    let tokens = desk.service.take(&ask, &Value::Object(given)).await.unwrap();

    // The one way from a provider straight to a service: back from the logout there.
    let bye = desk.service.redirect_uri.replace("/callback", "/bye");
    let parameters = [("id_token_hint", tokens.id_token.as_str()), ("post_logout_redirect_uri", &bye)];
    let logout = url::Url::parse_with_params(&desk.service.metadata.end_session_endpoint, parameters).unwrap();
    browser.open(logout.as_str()).await.unwrap();
    browser.see("main[data-page=received]").await.unwrap();
    let address = clean("the service after the logout").await;
    assert_eq!(address.path(), "/bye");
    assert_eq!(journey.scene.providers.sessions(ProviderId::Impots), 0, "the way went by the provider");
    browser.close().await.unwrap();
}
