//! The axum routes in front of a real site, driven by a browser that keeps cookies (the attacks E04, E05, F01, F09,
//! F10 and the citizen's own missteps: back button, two tabs, refused cookies).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use relying_party_sdk::axum::{Citizen, SignIn};
use relying_party_sdk::{Client, CookieKey, Credentials, Level, Login, Registration};
use reqwest::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use reqwest::{Method, Response};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::provider::{CLIENT_ID, Endpoint, Provider, SECRET, Script, set, usual_login};

pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) provider: Provider,
    pub(crate) sign_in: SignIn,
}

impl Site {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_with(script, |sign_in| sign_in).await
    }

    pub(crate) async fn start_with(script: Script, change: impl FnOnce(SignIn) -> SignIn) -> Self {
        Self::start_registered(script, |registration| registration, change).await
    }

    pub(crate) async fn start_registered(
        script: Script,
        register: impl FnOnce(Registration) -> Registration,
        change: impl FnOnce(SignIn) -> SignIn,
    ) -> Self {
        let provider = Provider::start(script).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let registration = provider
            .registration_with(Credentials::secret_basic(SECRET), &format!("{address}/callback"))
            .with_post_logout_redirect_uri(&format!("{address}/logged-out"))
            .unwrap();
        let client = Client::discover(register(registration)).await.unwrap();
        let sign_in = change(SignIn::new(client, CookieKey::generate(), usual_login()).unwrap());
        let router = Router::new()
            .route("/", get(|| async { "front page" }))
            .route(
                "/mine",
                get(|Citizen(citizen): Citizen| async move { citizen.given_name().unwrap_or_default().to_owned() }),
            )
            .nest("/town", Router::new().route("/hall", get(|_: Citizen| async { "hall" })))
            .route("/mine", post(|_: Citizen| async { "done" }))
            .route(
                "/open",
                get(|citizen: Option<Citizen>| async move { if citizen.is_some() { "known" } else { "unknown" } }),
            )
            .with_state(sign_in.clone())
            .merge(sign_in.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, provider, sign_in }
    }

    pub(crate) fn browser(&self) -> Browser {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        Browser { site: self.address.clone(), client: client.unwrap(), cookies: BTreeMap::new() }
    }
}

/// A browser that follows nothing by itself.
pub(crate) struct Browser {
    site: String,
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) async fn send(&mut self, method: Method, to: &str, headers: &[(&'static str, &str)]) -> Response {
        let url = if to.starts_with('/') { format!("{}{to}", self.site) } else { to.to_owned() };
        let ours = url.starts_with(&self.site);
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if ours && !self.cookies.is_empty() {
            request = request.header(COOKIE, self.shown());
        }
        let response = request.send().await.unwrap();
        self.keep(&response);
        response
    }

    /// What it shows the site: all its cookies.
    fn shown(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// The headers of a request to the site.
    pub(crate) fn headers(&self) -> HeaderMap {
        [(COOKIE, HeaderValue::from_str(&self.shown()).unwrap())].into_iter().collect()
    }

    fn keep(&mut self, response: &Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let crosses = cookie.starts_with("rp-login-") && cookie.contains("SameSite=None; Secure");
            assert!(cookie.contains("HttpOnly") && (crosses || cookie.contains("SameSite=Lax")), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Posts the form that a page of the provider would, from that other site: `Lax` cookies stay at home.
    async fn post_from_provider(&mut self, form: String) -> Response {
        let logins = self.cookies.iter().filter(|(name, _)| name.starts_with("rp-login-"));
        let cookies: Vec<String> = logins.map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.post(format!("{}/callback", self.site)).header("cookie", cookies.join("; "));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let response = request.send().await.unwrap();
        self.keep(&response);
        response
    }

    pub(crate) async fn get(&mut self, to: &str) -> Response {
        self.send(Method::GET, to, &[]).await
    }

    fn logins(&self) -> usize {
        self.cookies.keys().filter(|name| name.starts_with("rp-login-")).count()
    }

    /// Leaves for the provider from this page of the site and returns the address it sends back to.
    pub(crate) async fn visit_provider(&mut self, from: &str) -> String {
        let away = location(&self.get(from).await);
        location(&self.get(&away).await)
    }

    pub(crate) async fn sign_in(&mut self) {
        let back = self.visit_provider("/login").await;
        assert_eq!(location(&self.get(&back).await), "/");
    }
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status().as_u16(), 303, "{response:?}");
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

pub(crate) async fn failed(response: Response, status: u16, code: &str) {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let page = response.text().await.unwrap();
    assert!(page.contains(&format!(r#"data-code="{code}""#)), "{page}");
    assert!(page.contains(r#"href="/login""#), "no way on: {page}");
}

#[tokio::test]
async fn a_visitor_signs_in_reads_their_page_and_signs_out() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");

    // a page for citizens sends to the login, and comes back to itself
    assert_eq!(location(&browser.get("/town/hall").await), "/login?return_to=%2Ftown%2Fhall");
    let login = location(&browser.get("/mine?tri=date").await);
    assert_eq!(login, "/login?return_to=%2Fmine%3Ftri%3Ddate");
    let back = browser.visit_provider(&login).await;
    let signed_in = browser.get(&back).await;
    assert_eq!(location(&signed_in), "/mine?tri=date");
    assert_eq!(signed_in.headers()[REFERRER_POLICY], "no-referrer");
    assert_eq!(signed_in.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(browser.get("/mine?tri=date").await.text().await.unwrap(), "Angela Claire Louise");
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "known");
    assert_eq!(browser.logins(), 0, "the login is spent");

    let away = Url::parse(&location(&browser.send(Method::POST, "/logout", &[]).await)).unwrap();
    assert_eq!(away.path(), "/end-session");
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
    let (_, state) = away.query_pairs().find(|(name, _)| name == "state").unwrap();
    assert_eq!(location(&browser.get(&format!("/logged-out?state={state}")).await), "/");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
}

#[tokio::test]
async fn answers_posted_from_the_gateway_are_taken_and_so_are_its_errors() {
    let start =
        async || Site::start_registered(Script::default(), Registration::with_posted_answers, |sign_in| sign_in).await;
    let site = start().await;
    let mut browser = site.browser();
    let away = Url::parse(&location(&browser.get("/login?return_to=/mine").await)).unwrap();
    let form = site.provider.visit(&away).await;
    assert_eq!(browser.get(&format!("/callback?{form}")).await.status().as_u16(), 405, "never in an address");
    assert_eq!(location(&browser.post_from_provider(form.clone()).await), "/mine");
    assert_eq!(browser.get("/mine").await.text().await.unwrap(), "Angela Claire Louise");
    failed(browser.post_from_provider(form).await, 400, "no_login").await;

    let site = start().await;
    site.provider.change(|script| {
        script.answer = Box::new(|back| {
            back.retain(|(name, _)| name != "code");
            back.push(("error".into(), "access_denied".into()));
        });
    });
    let mut browser = site.browser();
    let away = Url::parse(&location(&browser.get("/login").await)).unwrap();
    let form = site.provider.visit(&away).await;
    failed(browser.post_from_provider(form).await, 403, "denied").await;
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn no_cookie_shows_anything_of_the_citizen() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    for (name, value) in &browser.cookies {
        let bytes = URL_SAFE_NO_PAD.decode(value.trim_start_matches("1.")).unwrap();
        for secret in ["Angela", "DUBOIS", "1962", "exemple", "subject-1", "eyJ"] {
            let seen = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!seen && !value.contains(secret), "{name} shows {secret}");
        }
    }
}

#[tokio::test]
async fn an_answer_in_a_browser_that_began_no_login_is_refused() {
    let site = Site::start(Script::default()).await;
    let (mut attacker, mut victim) = (site.browser(), site.browser());
    let back = attacker.visit_provider("/login").await;
    failed(victim.get(&back).await, 400, "no_login").await;
    assert_eq!(site.provider.hits(Endpoint::Token), 0);
    // nor in a browser that began another one
    victim.visit_provider("/login").await;
    failed(victim.get(&back).await, 400, "no_login").await;
    assert_eq!(site.provider.hits(Endpoint::Token), 0);
    // nor under a cookie renamed to fit
    let stolen = attacker.cookies.keys().next().unwrap().clone();
    let own = victim.cookies.values().next().unwrap().clone();
    victim.cookies.insert(stolen, own);
    failed(victim.get(&back).await, 400, "state_differs").await;
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    let first = browser.visit_provider("/login?return_to=/mine").await;
    let second = browser.visit_provider("/login?return_to=/open").await;
    assert_eq!(location(&browser.get(&first).await), "/mine");
    assert_eq!(location(&browser.get(&second).await), "/open");
}

#[tokio::test]
async fn a_reload_of_the_way_back_ends_on_the_front_page_when_signed_in() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    let back = browser.visit_provider("/login?return_to=/mine").await;
    browser.get(&back).await;
    assert_eq!(location(&browser.get(&back).await), "/");
    assert_eq!(site.provider.hits(Endpoint::Token), 1, "the code is not sent twice");
}

#[tokio::test]
async fn forgotten_logins_do_not_pile_up_in_a_browser() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    for _ in 0..12 {
        browser.get("/login").await;
    }
    assert_eq!(browser.logins(), 5);
    browser.sign_in().await;
}

#[tokio::test]
async fn a_login_leads_back_to_this_site_only() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    for evil in ["https://evil.example", "//evil.example", "/%5Cevil.example", "%2F%2Fevil.example"] {
        let back = browser.visit_provider(&format!("/login?return_to={evil}")).await;
        assert_eq!(location(&browser.get(&back).await), "/", "{evil}");
    }
}

#[tokio::test]
async fn the_language_of_a_login_is_passed_on() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    for (query, expected) in [("", None), ("?lang=fr", Some("fr")), ("?lang=en", Some("en")), ("?lang=xx", None)] {
        let away = Url::parse(&location(&browser.get(&format!("/login{query}")).await)).unwrap();
        let asked = away.query_pairs().find(|(name, _)| name == "ui_locales").map(|(_, value)| value.into_owned());
        assert_eq!(asked.as_deref(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_failed_login_ends_on_a_page_with_a_way_on_and_keeps_no_session() {
    let denied = Script {
        answer: Box::new(|back| {
            back.retain(|(name, _)| name != "code");
            back.push(("error".into(), "access_denied".into()));
            back.push(("error_description".into(), "<script>alert(1)</script>".into()));
        }),
        ..Script::default()
    };
    let site = Site::start(denied).await;
    let mut browser = site.browser();
    let back = browser.visit_provider("/login").await;
    let page = browser.send(Method::GET, &back, &[("accept-language", "en-GB,fr;q=0.5")]).await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert_eq!(page.status().as_u16(), 403);
    let text = page.text().await.unwrap();
    assert!(text.contains("You are not signed in") && !text.contains("script"), "{text}");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);

    let site = Site::start(Script { claims: set(json!({"nonce": "x"})), ..Script::default() }).await;
    let mut browser = site.browser();
    let back = browser.visit_provider("/login").await;
    failed(browser.get(&back).await, 502, "untrusted").await;
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
    failed(browser.get("/callback").await, 400, "answer").await;
}

#[tokio::test]
async fn a_site_may_show_failures_on_a_page_of_its_own() {
    let site = Site::start_with(Script::default(), |sign_in| {
        sign_in.with_failure_page(|error, _| axum::response::IntoResponse::into_response(error.code()))
    })
    .await;
    assert_eq!(site.browser().get("/callback").await.text().await.unwrap(), "answer");
}

#[tokio::test]
async fn who_is_not_signed_in_cannot_post() {
    let site = Site::start(Script::default()).await;
    assert_eq!(site.browser().send(Method::POST, "/mine", &[]).await.status().as_u16(), 401);
}

#[tokio::test]
async fn a_logout_needs_a_post_from_this_very_site() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    assert_eq!(browser.get("/logout").await.status().as_u16(), 405);
    for from in ["cross-site", "same-site"] {
        let response = browser.send(Method::POST, "/logout", &[("sec-fetch-site", from)]).await;
        assert_eq!(response.status().as_u16(), 403, "{from}");
    }
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "known");
    let response = browser.send(Method::POST, "/logout", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(response.status().as_u16(), 303);
}

#[tokio::test]
async fn a_return_from_another_logout_is_told() {
    let site = Site::start(Script::default()).await;
    let mut browser = site.browser();
    browser.sign_in().await;
    browser.send(Method::POST, "/logout", &[]).await;
    failed(browser.get("/logged-out?state=other").await, 400, "state_differs").await;
    assert_eq!(location(&browser.get("/logged-out?state=other").await), "/", "nothing is under way any more");
    browser.sign_in().await;
    browser.send(Method::POST, "/logout", &[]).await;
    failed(browser.get("/logged-out").await, 400, "answer").await;
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let site = Site::start_with(Script::default(), |sign_in| sign_in.with_session_lifetime(Duration::ZERO)).await;
    let mut browser = site.browser();
    let back = browser.visit_provider("/login").await;
    let response = browser.get(&back).await;
    // the cookie is kept although the browser was told to drop it
    for cookie in response.headers().get_all(SET_COOKIE) {
        let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
        if !value.is_empty() {
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
    assert!(browser.cookies.keys().any(|name| name.starts_with("rp-session-")));
    assert_eq!(browser.get("/open").await.text().await.unwrap(), "unknown");
}

#[tokio::test]
async fn a_page_may_ask_for_a_higher_level() {
    let site = Site::start(Script::default()).await;
    let login = Login::at_least(Level::High).with_max_age(Duration::ZERO);
    let page = relying_party_sdk::LocalPath::parse("/mine").unwrap();
    let away = site.sign_in.depart(&login, page, &HeaderMap::new()).await;
    let away = Url::parse(away.headers()[LOCATION].to_str().unwrap()).unwrap();
    let asked: BTreeMap<_, _> = away.query_pairs().into_owned().collect();
    assert_eq!((asked["acr_values"].as_str(), asked["max_age"].as_str()), ("eidas3", "0"));
}

#[tokio::test]
async fn the_style_of_the_button_is_served() {
    let site = Site::start(Script::default()).await;
    let style = site.browser().get("/sign-in-button.css").await;
    assert_eq!(style.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(style.text().await.unwrap().contains(".rp-sign-in"));
}

#[tokio::test]
async fn routes_that_would_collide_are_refused_at_the_start() {
    let provider = Provider::start(Script::default()).await;
    for path in ["", "login", "logout", "*all", "a/:b"] {
        let callback = &format!("http://localhost:1/{path}");
        let registration = Registration::new(provider.issuer(), CLIENT_ID, Credentials::secret_basic(SECRET), callback);
        let client = Client::discover(registration.unwrap()).await.unwrap();
        assert!(SignIn::new(client, CookieKey::generate(), usual_login()).is_err(), "{callback}");
    }
    let sign_in = SignIn::new(provider.client().await, CookieKey::generate(), usual_login()).unwrap();
    assert!(sign_in.clone().with_paths("/connexion", "/deconnexion").is_ok());
    for (login, logout) in [("/", "/b"), ("/a", "/a"), ("/{a}", "/b"), ("a", "/b"), ("/a?b", "/b"), ("/callback", "/b")]
    {
        assert!(sign_in.clone().with_paths(login, logout).is_err(), "{login} {logout}");
    }
}
