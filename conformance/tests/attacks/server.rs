//! Groups F and G: what stands around a request, whatever it asks: the host it names, and how its answer sends on.

use conformance::citizen::{Citizen, Page};
use conformance::people::PASSWORD;
use conformance::upstream::ProviderId;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::journey::{Journey, accept, choose, expect};

/// A citizen who stops at any address of the service, of the return from a logout too.
fn citizen(journey: &Journey) -> Citizen {
    Citizen::new().stopping_at(&journey.service.redirect_uri.replace("/callback", "/"))
}

/// Every answer of the gateway that a citizen meets: a silent request, a posted one that is accepted, and the logout.
async fn walk(journey: &Journey, citizen: &mut Citizen) -> Vec<Page> {
    let service = &journey.service;
    let silent = citizen.open(&journey.ask().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
    assert_eq!(silent.refusal(), "request.login_required");
    let ask = journey.ask();
    let endpoint = &service.metadata.authorization_endpoint;
    let chooser = expect(citizen.post_from(&service.redirect_uri, endpoint, &ask.body()).await.unwrap(), "choose");
    let login = choose(citizen, &chooser, ProviderId::Impots).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let back = accept(citizen, &inform).await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    let bye = service.redirect_uri.replace("/callback", "/bye");
    let mut logout = Url::parse(service.metadata.end_session_endpoint.as_str()).unwrap();
    logout
        .query_pairs_mut()
        .append_pair("id_token_hint", &tokens.id_token)
        .append_pair("post_logout_redirect_uri", &bye);
    let (endpoint, query) = (&service.metadata.end_session_endpoint, logout.query().unwrap());
    let gone = citizen.post_from(&service.redirect_uri, endpoint, query).await.unwrap();
    assert!(gone.url.as_str().starts_with(&bye), "{}", gone.brief());
    vec![silent, chooser, login, inform, back, gone]
}

#[tokio::test]
async fn every_redirect_is_a_303_that_nobody_keeps_and_that_tells_no_referrer() {
    let journey = Journey::start().await;
    let issuer = journey.scene.gateway.issuer();
    let pages = walk(&journey, &mut citizen(&journey)).await;
    let redirects = pages.iter().flat_map(|page| &page.redirects).filter(|it| it.from.as_str().starts_with(issuer));
    let mut paths = Vec::new();
    for redirect in redirects {
        let header = |name: &str| redirect.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        assert_eq!(redirect.status, StatusCode::SEE_OTHER, "F09: RFC 9700 4.12: {}", redirect.from);
        assert_eq!(header("referrer-policy"), "no-referrer", "F10: {}", redirect.from);
        assert_eq!(header("cache-control"), "no-store", "{}", redirect.from);
        paths.push(redirect.from.path().rsplit('/').next().unwrap().to_owned());
    }
    for met in ["authorize", "choose", "inform", "end-session"] {
        assert!(paths.iter().any(|path| path == met), "no redirect of {met} was met: {paths:?}");
    }
    let last = |page: &Page| page.redirects.last().unwrap().headers["location"].to_str().unwrap().to_owned();
    let [silent, _, _, _, back, _] = pages.as_slice() else { panic!("six pages") };
    assert!(last(silent).contains("error=login_required") && last(back).contains("code="), "errors and codes alike");
}

/// Sends these bytes and reads the status of what is answered; the connection ends then.
async fn said_to(host: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // Whoever is refused in the middle of a header may be cut off before it has written all.
    let _cut_off = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_no_request_is_accounted_for_though_it_has_no_number() {
    let journey = Journey::start().await;
    let host = journey.scene.gateway.issuer().strip_prefix("http://").unwrap();
    let token = "POST /token HTTP/1.1\r\nHost: a\r\n";
    for (case, request, status, code) in [
        ("G01 two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), "400", "wire.host"),
        ("G03 no HTTP", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), "400", "wire.unreadable"),
        (
            "G03 two lengths",
            format!("{token}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "400",
            "wire.unreadable",
        ),
        ("G04 a huge header", format!("{token}X: {}\r\n\r\n", "a".repeat(1 << 18)), "431", "wire.too_long"),
    ] {
        let before = journey.scene.gateway.ledger.count(code);
        assert_eq!(said_to(host, request.as_bytes()).await, status, "{case}");
        assert_eq!(journey.scene.gateway.ledger.after(code, before), before + 1, "{case}: one event");
    }
}

/// The header and the body of an answer in one text.
fn whole(headers: &HeaderMap, body: &str) -> String {
    format!("{headers:?}\n{body}")
}

#[tokio::test]
async fn a_host_that_a_request_names_is_not_believed() {
    let journey = Journey::start().await;
    let issuer = journey.scene.gateway.issuer();
    let evil = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "666"),
        ("forwarded", "for=192.0.2.1;host=evil.example;proto=https"),
    ];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let honest = http.get(format!("{issuer}/.well-known/openid-configuration")).send().await.unwrap();
    let honest: Value = honest.json().await.unwrap();
    // Each by itself, so that none is shadowed by another.
    for (name, value) in evil {
        let request = http.get(format!("{issuer}/.well-known/openid-configuration")).header(name, value);
        let answer = request.send().await.unwrap();
        assert!(!format!("{:?}", answer.headers()).contains("evil"), "G01 {name}");
        assert_eq!(answer.json::<Value>().await.unwrap(), honest, "G01 {name}");
    }
    // All together, through a whole sign-in and out of it again.
    let mut misled = citizen(&journey).telling(issuer, &evil);
    let pages = walk(&journey, &mut misled).await;
    for page in &pages {
        assert!(!whole(&page.headers, &page.body).contains("evil.example"), "G01 {}", page.brief());
        assert!(!page.url.as_str().contains("evil.example"), "G01 {}", page.url);
        for redirect in &page.redirects {
            assert!(!whole(&redirect.headers, "").contains("evil.example"), "G01 {}: {redirect:?}", redirect.from);
        }
    }
    let [silent, _, login, _, back, _] = pages.as_slice() else { panic!("six pages") };
    assert_eq!(silent.parameter("iss").as_deref(), Some(issuer), "the iss of an error");
    assert_eq!(back.parameter("iss").as_deref(), Some(issuer), "the iss of a code");
    let asked = login.trail.iter().find_map(|url| url.query_pairs().find(|(name, _)| name == "redirect_uri"));
    assert_eq!(asked.unwrap().1, format!("{issuer}/callback/impots"), "where the provider sends back to");
    let notice = journey.scene.mail_to("angela@exemple.fr", 0).await;
    assert!(!notice.source.contains("evil.example") && !notice.text.contains("evil.example"), "{}", notice.source);
    // The pages that no route leads to are no less careful.
    let lost = misled.open(&format!("{issuer}/nowhere")).await.unwrap();
    assert_eq!((lost.status, lost.refusal().as_str()), (StatusCode::NOT_FOUND, "page.P404"));
    assert!(!whole(&lost.headers, &lost.body).contains("evil.example"));
}
