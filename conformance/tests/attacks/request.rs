//! Group A: the authorization request and its redirect URI.

use conformance::audit;
use conformance::gateway::Standing;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::upstream::ProviderId;

use crate::journey::{Journey, citizen_of, expect};

/// What the citizen must see: a page with its code, which accounts for it, and nobody is told anything.
async fn ends_on_a_page(journey: &Journey, case: &str, ask: &Ask, code: &str) {
    let mut citizen = journey.citizen();
    let page = citizen.open(&ask.url()).await.unwrap();
    let page = expect(page, "problem");
    assert!(page.status.is_client_error(), "{case}: {}", page.brief());
    assert_eq!(page.code().as_deref(), Some(code), "{case}: {}", page.brief());
    let posted = citizen
        .post_from(&journey.service.redirect_uri, &journey.service.metadata.authorization_endpoint, &ask.body())
        .await
        .unwrap();
    assert_eq!(expect(posted, "problem").code().as_deref(), Some(code), "{case}, posted");
}

/// What the service must be told: an error with state and issuer, and no code; and the event that says the same.
async fn is_told_to_the_service(journey: &Journey, case: &str, ask: &Ask, errors: &[&str]) {
    let mut citizen = journey.citizen();
    let back = citizen.open(&ask.url()).await.unwrap();
    let error = back.parameter("error").unwrap_or_else(|| panic!("{case}: {}", back.brief()));
    assert!(errors.contains(&error.as_str()), "{case}: {error}");
    assert_eq!(back.refusal(), format!("request.{error}"), "{case}");
    assert_eq!(back.parameter("state").as_deref(), ask.value("state"), "{case}");
    assert_eq!(back.parameter("iss").as_deref(), Some(journey.scene.gateway.issuer()), "{case}");
    assert_eq!(back.parameter("code"), None, "{case}");
    for token in ["id_token", "access_token"] {
        assert_eq!(back.parameter(token), None, "{case}");
    }
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_the_registered_one_is_never_followed() {
    let journey = Journey::start().await;
    let uri = journey.service.redirect_uri.clone();
    let port = url::Url::parse(&uri).unwrap().port().unwrap();
    let cases = [
        ("A01 another", "http://localhost:1/callback".to_owned()),
        ("A02 a query more", format!("{uri}?extra=1")),
        ("A04 host case", uri.replace("localhost", "LOCALHOST")),
        ("A04 trailing dot", uri.replace("localhost", "localhost.")),
        ("A04 trailing slash", format!("{uri}/")),
        ("A05 dots", uri.replace("/callback", "/x/..;/callback")),
        ("A05 encoded dots", uri.replace("/callback", "/x/%2e%2e/callback")),
        ("A05 two slashes", uri.replace("/callback", "//callback")),
        ("A05 backslash", uri.replace("/callback", "\\callback")),
        ("A06 prefix", format!("http://localhost:{port}.evil.example/callback")),
        ("A06 user part", format!("http://localhost:{port}@evil.example/callback")),
        ("A07 fragment", format!("{uri}#x")),
        ("A08 script", "javascript:alert(1)//callback".to_owned()),
        ("A08 script, split", "java\nscript:alert(1)".to_owned()),
        ("A08 data", "data:text/html,<script>alert(1)</script>".to_owned()),
        ("A09 plain http", "http://service.example/callback".to_owned()),
        ("A14 line break", format!("{uri}\r\nX-Injected: 1")),
        ("empty", String::new()),
    ];
    for (case, target) in cases {
        let code = if target.is_empty() { "P103" } else { "P104" };
        ends_on_a_page(&journey, case, &journey.ask().with("redirect_uri", &target), code).await;
    }
    ends_on_a_page(&journey, "A10 missing", &journey.ask().without("redirect_uri"), "P103").await;
    ends_on_a_page(&journey, "A11 twice", &journey.ask().and("redirect_uri", &uri), "P103").await;
}

#[tokio::test]
async fn a_registered_query_is_kept_and_no_other_takes_its_place() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville à paramètre");
    let bare = metadata["redirect_uris"][0].as_str().unwrap().to_owned();
    metadata["redirect_uris"][0] = format!("{bare}?a=b").into();
    let service = journey.register(&metadata).await;
    for query in ["?a=c", "?a=b&a=b", "?a=b&c=d", "?A=b", "?a=%62", "?a=b&", "?", ""] {
        let ask = service.ask("openid").with("redirect_uri", &format!("{bare}{query}"));
        ends_on_a_page(&journey, &format!("A03 {query}"), &ask, "P104").await;
    }
    let ask = service.ask("openid profile");
    let back = journey.to_return(&mut citizen_of(&service), &ask, ProviderId::Impots, "angela").await;
    assert!(back.url.as_str().starts_with(&format!("{bare}?a=b&")), "{}", back.url);
    assert_eq!(back.url.query_pairs().filter(|(name, _)| name == "a").count(), 1, "{}", back.url);
    service.finish(&ask, &back).await.unwrap();
    let silent = service.ask("openid").with("prompt", "none");
    let back = citizen_of(&service).open(&silent.url()).await.unwrap();
    assert!(back.url.as_str().starts_with(&format!("{bare}?a=b&")), "{}", back.url);
    assert_eq!(back.parameter("error").as_deref(), Some("login_required"), "{}", back.url);
    assert_eq!(back.refusal(), "request.login_required");
}

#[tokio::test]
async fn an_unknown_or_disabled_client_gets_the_same_page() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let unknown = citizen.open(&journey.ask().with("client_id", "nobody").url()).await.unwrap();
    let unknown = expect(unknown, "problem");
    let disabled =
        journey.scene.gateway.installation().run(&["clients", "disable", &journey.service.client_id]).await.unwrap();
    assert!(disabled.status.success());
    journey.scene.gateway.installation().until(&journey.service.client_id, Standing::Unknown).await.unwrap();
    let disabled = expect(citizen.open(&journey.ask().url()).await.unwrap(), "problem");
    assert_eq!((unknown.code().as_deref(), disabled.code().as_deref()), (Some("P102"), Some("P102")), "A13");
    let clients = [&unknown, &disabled].map(|page| page.refusals().remove(0).client);
    assert_eq!(clients, [None, Some(journey.service.client_id.clone())], "the log alone tells them apart");
    assert_eq!(unknown.status, disabled.status);
    assert_eq!(unknown.texts("main p"), disabled.texts("main p"));
    ends_on_a_page(&journey, "missing", &journey.ask().without("client_id"), "P101").await;
    ends_on_a_page(&journey, "twice", &journey.ask().and("client_id", "x"), "P101").await;
}

#[tokio::test]
async fn a_request_that_is_not_right_is_told_to_the_service() {
    let journey = Journey::start().await;
    let ask = || journey.ask();
    let cases: [(&str, Ask, &[&str]); 17] = [
        ("A12 token", ask().with("response_type", "token"), &["unsupported_response_type"]),
        ("A12 id_token", ask().with("response_type", "id_token"), &["unsupported_response_type"]),
        ("A12 hybrid", ask().with("response_type", "code id_token"), &["unsupported_response_type"]),
        ("A12 missing", ask().without("response_type"), &["invalid_request"]),
        ("A11 nonce twice", ask().and("nonce", "x"), &["invalid_request"]),
        ("A11 scope twice", ask().and("scope", "openid"), &["invalid_request"]),
        ("A11 challenge twice", ask().and("code_challenge", "x"), &["invalid_request"]),
        ("A16 scope beyond", ask().with("scope", "openid dgfip_rfr"), &["invalid_scope"]),
        ("no openid", ask().with("scope", "profile"), &["invalid_scope", "invalid_request"]),
        ("no scope", ask().without("scope"), &["invalid_scope", "invalid_request"]),
        ("C09 plain", ask().with("code_challenge_method", "plain"), &["invalid_request"]),
        ("C09 lower case", ask().with("code_challenge_method", "s256"), &["invalid_request"]),
        ("C09 method missing", ask().without("code_challenge_method"), &["invalid_request"]),
        ("no PKCE", ask().without("code_challenge").without("code_challenge_method"), &["invalid_request"]),
        ("short challenge", ask().with("code_challenge", "abc"), &["invalid_request"]),
        ("A19 prompt=none", ask().with("prompt", "none"), &["login_required", "interaction_required"]),
        ("prompt none and login", ask().with("prompt", "none login"), &["invalid_request"]),
    ];
    for (case, ask, errors) in cases {
        is_told_to_the_service(&journey, case, &ask, errors).await;
    }
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let journey = Journey::start().await;
    let mut citizen = journey.citizen();
    let ask = journey.ask().and("schema", "openid").and("utm_source", "<script>").and("display", "page");
    expect(citizen.open(&ask.url()).await.unwrap(), "choose");
}

#[tokio::test]
async fn a_state_of_any_content_comes_back_exactly_or_not_at_all() {
    let journey = Journey::start().await;
    for state in ["é & = # % + ?", "\"><script>alert(1)</script>", "\u{202e}rtl", "a\tb"] {
        let mut citizen = journey.citizen();
        let ask = journey.ask().with("state", state).with("response_type", "token");
        let back = citizen.open(&ask.url()).await.unwrap();
        assert!(["request.unsupported_response_type", "page.P105"].contains(&back.refusal().as_str()), "{}", back.url);
        if back.name().as_deref() != Some("problem") {
            assert_eq!(back.parameter("state").as_deref(), Some(state), "{}", back.url);
        }
    }
    for hostile in ["a\r\nSet-Cookie: x=1".to_owned(), "a\0b".to_owned(), "x".repeat(8_192)] {
        let mut citizen = journey.citizen();
        let page = citizen.open(&journey.ask().with("state", &hostile).url()).await.unwrap();
        assert!(!page.status.is_server_error(), "{}", page.brief());
        // What is not taken is accounted for; what is, comes back as it was.
        assert!(page.refusals().iter().all(|event| event.code == "page.P105"), "{:?}", page.refusals());
        assert!(citizen.jar.value(&page.url, "x").is_none(), "no header was split");
        if let Some(state) = page.parameter("state") {
            assert_eq!(state, hostile, "never cut short");
        }
    }
}

/// How a request is spoilt, with a text that is too short.
type Change = fn(Ask, &str) -> Ask;

#[tokio::test]
async fn the_strict_profile_refuses_what_the_standard_profile_takes() {
    let journey = Journey::start().await;
    let mut metadata = RelyingParty::ordinary("Ville stricte");
    metadata["passerelle"]["profile"] = "franceconnect".into();
    metadata["passerelle"]["minimum_acr"] = "eidas2".into();
    metadata["token_endpoint_auth_method"] = "client_secret_post".into();
    let strict = journey.register(&metadata).await;
    let (short, http) = ("x".repeat(21), reqwest::Client::new());
    let cases: [(&str, Change, &str); 9] = [
        ("A15 state missing", |ask, _| ask.without("state"), "invalid_request"),
        ("A15 state short", |ask, short| ask.with("state", short), "invalid_request"),
        ("A15 nonce missing", |ask, _| ask.without("nonce"), "invalid_request"),
        ("A15 nonce short", |ask, short| ask.with("nonce", short), "invalid_request"),
        ("A17 acr missing", |ask, _| ask.without("acr_values"), "invalid_request"),
        ("A17 acr unknown", |ask, _| ask.with("acr_values", "gold"), "invalid_acr"),
        ("A17 acr unknown among others", |ask, _| ask.with("acr_values", "eidas2 gold"), "invalid_acr"),
        ("A16 scope unknown", |ask, _| ask.with("scope", "openid shoe_size"), "invalid_scope"),
        ("prompt select_account", |ask, _| ask.with("prompt", "select_account"), "invalid_request"),
    ];
    for (case, change, error) in cases {
        let ask = change(strict.ask("openid profile"), &short);
        let mut citizen = citizen_of(&strict);
        let endpoint = &strict.metadata.authorization_endpoint;
        let opened = citizen.open(&ask.url()).await.unwrap();
        let posted = citizen.post_from(&strict.redirect_uri, endpoint, &ask.body()).await.unwrap();
        for back in [opened, posted] {
            assert_eq!(back.parameter("error").as_deref(), Some(error), "{case}: {}", back.brief());
            assert_eq!(back.refusal(), format!("request.{error}"), "{case}");
            assert_eq!(back.parameter("state").as_deref(), ask.value("state"), "{case}");
            assert_eq!(back.parameter("code"), None, "{case}");
        }
        let secret = [("client_secret", strict.secret.as_deref().unwrap())];
        let body = url::form_urlencoded::Serializer::new(ask.body()).extend_pairs(secret).finish();
        let pushed = http.post(format!("{}/par", strict.metadata.issuer)).body(body);
        let pushed = pushed.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(pushed.status(), 400, "{case}, pushed");
        assert_eq!(audit::refusal(&pushed), format!("request.{error}"), "{case}, pushed");
        assert_eq!(pushed.json::<serde_json::Value>().await.unwrap()["error"], error, "{case}, pushed");

        let taken = change(journey.ask(), &short);
        expect(journey.citizen().open(&taken.url()).await.unwrap(), "choose");
    }
    let silent = strict.ask("openid profile").with("prompt", "none");
    let back = citizen_of(&strict).open(&silent.url()).await.unwrap();
    assert_eq!(back.parameter("error").as_deref(), Some("invalid_request"), "A19: {}", back.brief());
    assert_eq!(back.refusal(), "request.invalid_request", "A19");

    // A17: below the floor, many, twice the same: the floor always holds.
    for values in ["eidas1", "eidas1 eidas2 eidas3", "eidas1 eidas1", "eidas3 eidas1"] {
        let ask = strict.ask("openid profile").with("acr_values", values);
        let chooser = expect(citizen_of(&strict).open(&ask.url()).await.unwrap(), "choose");
        assert!(!chooser.has("button[name=provider][value=impots]:not([disabled])"), "A17 {values}: a low provider");
        assert!(chooser.has("button[name=provider][value=poste]:not([disabled])"), "A17 {values}");
    }
}
