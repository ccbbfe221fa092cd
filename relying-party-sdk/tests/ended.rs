//! What reaches a site from elsewhere than its own pages: back-channel logouts, logins begun by third parties, and
//! whoever reads its keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::get;
use relying_party_sdk::axum::SignIn;
use relying_party_sdk::{Client, ClientKey, CookieKey, Error, LocalPath, Registration};
use reqwest::Method;
use reqwest::header::CACHE_CONTROL;
use serde_json::{Value, json};
use url::Url;

use crate::backchannel::token;
use crate::provider::{Breakage, Endpoint, Provider, Rotation, Script, usual_login};
use crate::signing::{Signer, client_key_pem};
use crate::site::{Site, failed, location};

async fn told(site: &Site, body: String) -> u16 {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{}/told", site.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    response.status().as_u16()
}

fn with_logout(sign_in: SignIn) -> SignIn {
    sign_in.with_backchannel_logout("/told", |_| async { Ok(()) }).unwrap()
}

#[tokio::test]
async fn a_back_channel_logout_ends_the_session_in_the_browser_and_a_wrong_one_does_not() {
    let site = Site::start_with(Script::default(), with_logout).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    for wrong in [json!({"nonce": "n"}), json!({"aud": "other"}), json!({"events": {}}), json!({"sid": "session-2"})] {
        let status = if wrong.get("sid").is_some() { 200 } else { 400 };
        assert_eq!(told(&site, token(&site.provider, Signer::Es256, json!({}), wrong.clone())).await, status);
        assert_eq!(browser.get("/open").await.text().await.unwrap(), "known", "{wrong}");
    }
    assert_eq!(told(&site, token(&site.provider, Signer::None, json!({}), json!({}))).await, 400);
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "known");

    let good = token(&site.provider, Signer::Es256, json!({}), json!({}));
    assert_eq!(told(&site, good.clone()).await, 200);
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
    assert_eq!(told(&site, good).await, 400, "seen before");
}

#[tokio::test]
async fn tokens_that_were_kept_are_out_of_reach_once_their_session_is_ended() {
    let script = Script { refreshing: Some(Rotation::Kept), ..Script::default() };
    let site = Site::start_registered(script, Registration::with_tokens_kept, with_logout).await;
    let (mut browser, client) = (site.browser(), site.provider.client().await);
    browser.sign_in().await;
    let headers = browser.headers();
    let session = site.sign_in.session(&headers).unwrap();
    assert!(session.access_token().is_some());
    client.refresh(&session).await.unwrap();

    let body = token(&site.provider, Signer::Es256, json!({}), json!({}));
    assert_eq!(told(&site, body.clone()).await, 200);
    // OpenID Connect Back-Channel Logout 1.0 §2.7: the cookie is the only place that has them, and it opens nothing
    assert!(site.sign_in.session(&headers).is_none());
    // nor is a session left that was refreshed meanwhile: it is of the same sign-in
    let refreshed = client.refresh(&session).await.unwrap();
    assert!(client.backchannel_logout(&body).await.unwrap().ends(&refreshed));
}

#[tokio::test]
async fn a_logout_of_a_citizen_ends_what_was_open_and_not_what_is_opened_after() {
    let site = Site::start_with(Script::default(), with_logout).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    let all = json!({"sid": "(absent)"});
    assert_eq!(told(&site, token(&site.provider, Signer::Es256, json!({}), all)).await, 200);
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
    // the clock of the test is not moved: the next ID token is dated a moment later instead
    site.provider.change(|script| script.claims = crate::provider::set(json!({"iat": crate::provider::now() + 10})));
    browser.sign_in().await;
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "known");
}

#[tokio::test]
async fn a_logout_that_the_site_cannot_carry_out_is_told_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let site = Site::start_with(Script::default(), move |sign_in| {
        let told = move |_| {
            let first = seen.fetch_add(1, Ordering::Relaxed) == 0;
            async move { if first { Err("the database is away".into()) } else { Ok(()) } }
        };
        sign_in.with_backchannel_logout("/told", told).unwrap()
    })
    .await;
    let body = token(&site.provider, Signer::Es256, json!({}), json!({}));
    assert_eq!(told(&site, body.clone()).await, 503);
    assert_eq!(told(&site, body.clone()).await, 200);
    assert_eq!(told(&site, body).await, 400, "taken");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_logout_by_a_key_that_cannot_be_looked_for_is_told_again() {
    let site = Site::start_with(Script::default(), with_logout).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    // the gateway has rotated its key, and its key set is out of reach at this moment
    site.provider.change(|script| script.broken = Some((Endpoint::Jwks, Breakage::FiftyMegabytes)));
    let body = token(&site.provider, Signer::OtherEs256, json!({"kid": "es-2027"}), json!({}));
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{}/told", site.address));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"30".parse().unwrap()));
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "known");
    // what is wrong for good is still told so
    let wrong = token(&site.provider, Signer::Es256, json!({}), json!({"nonce": "n"}));
    assert_eq!(told(&site, wrong).await, 400);
}

#[tokio::test]
async fn another_process_of_the_site_ends_its_sessions_when_it_is_told() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    let body = token(&site.provider, Signer::Es256, json!({}), json!({}));
    let logout = site.provider.client().await.backchannel_logout(&body).await.unwrap();
    assert!(site.sign_in.end_sessions(&logout));
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
}

#[tokio::test]
async fn a_third_party_begins_a_login_with_the_known_gateway_and_for_a_page_on_the_list() {
    let site = Site::start_with(Script::default(), |sign_in| {
        sign_in.with_initiated_login("/begin", [LocalPath::parse("/mine").unwrap()]).unwrap()
    })
    .await;
    let (issuer, here) = (site.provider.issuer().to_owned(), site.address.clone());
    let mut browser = site.browser();
    for (query, page) in [
        (format!("iss={issuer}"), "/"),
        (format!("iss={issuer}&target_link_uri={here}/mine&login_hint=angela@exemple.fr"), "/mine"),
    ] {
        let back = browser.visit_provider(&format!("/begin?{query}")).await;
        assert_eq!(location(&browser.get(&back).await), page);
    }
    let away = browser.get(&format!("/begin?iss={issuer}&login_hint=angela@exemple.fr")).await;
    let away = Url::parse(&location(&away)).unwrap();
    assert!(away.query_pairs().any(|(name, value)| name == "login_hint" && value == "angela@exemple.fr"));
    for query in [
        String::new(),
        "iss=https://evil.example".into(),
        format!("iss={issuer}/"),
        format!("iss={issuer}&iss={issuer}"),
        format!("iss={issuer}&target_link_uri=https://evil.example/mine"),
        format!("iss={issuer}&target_link_uri={here}.evil.example/mine"),
        format!("iss={issuer}&target_link_uri={here}/other"),
        format!("iss={issuer}&target_link_uri=/mine"),
        format!("iss={issuer}&target_link_uri={here}//evil.example"),
    ] {
        failed(browser.get(&format!("/begin?{query}")).await, 400, "initiated_login").await;
    }
    // OpenID Connect Core 1.0 §4: a post too
    assert_eq!(browser.send(Method::POST, "/begin", &[]).await.status().as_u16(), 400);
}

#[tokio::test]
async fn the_keys_of_a_site_are_published_and_only_their_public_halves() {
    let site = Site::start_registered(
        Script::default(),
        |registration| {
            registration.with_signed_requests(ClientKey::from_pem(&client_key_pem(), "request-key").unwrap())
        },
        |sign_in| sign_in.with_published_keys("/jwks.json").unwrap(),
    )
    .await;
    let response = site.browser().get("/jwks.json").await;
    assert_eq!(response.headers()["content-type"], "application/jwk-set+json");
    let keys: Value = response.json().await.unwrap();
    assert_eq!(keys["keys"][0]["kid"], "request-key");
    assert_eq!(keys["keys"][0]["x"], Signer::OtherEs256.jwk("x")["x"]);
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn a_route_of_the_gateway_that_collides_is_refused_at_the_start() {
    let provider = Provider::start(Script::default()).await;
    let sign_in = || async {
        let client: Client = provider.client().await;
        SignIn::new(client, CookieKey::generate(), usual_login()).unwrap()
    };
    for path in ["/", "/login", "/callback", "told", "/{told}", "/told?x"] {
        let refused = [
            sign_in().await.with_backchannel_logout(path, |_| async { Ok(()) }).err(),
            sign_in().await.with_initiated_login(path, []).err(),
            sign_in().await.with_published_keys(path).err(),
        ];
        assert!(refused.iter().all(|it| matches!(it, Some(Error::Setting { .. }))), "{path}: {refused:?}");
    }
    // and a sign-in with all of them is a router
    let all = with_logout(sign_in().await).with_initiated_login("/begin", []).unwrap();
    let router = all.with_published_keys("/jwks.json").unwrap().router();
    let _: axum::Router = router.route("/mine", get(|| async { "mine" }));
}
