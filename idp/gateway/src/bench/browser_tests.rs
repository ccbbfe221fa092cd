//! The browser against sites that would use it to reach others, or wear it out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use domain::bench::site::{Method, Site};
use domain::bench::trial::{Shown, Trouble};
use http::header::{CONTENT_ENCODING, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::browser::{Browser, Met};
use super::site::address;
use crate::config::{Egress, Loopback};
use crate::outbound::http::{BODY_LIMIT, Http};
use crate::outbound::tests::{Origin, sandbox_http};

const ISSUER: &str = "http://127.0.0.1:1/banc/0123";

fn site(at: &str) -> Site {
    let url = address(at).expect("an address");
    Site {
        start: url.clone(),
        page: url.clone(),
        shown: Shown::FamilyName,
        redirect_uris: vec![url],
        post_logout: None,
        logout: None,
        notices: None,
    }
}

async fn opened(http: &Http, at: &str) -> Met {
    let site = site(at);
    Browser::new(http, &site, ISSUER, Duration::from_secs(10)).open(&site.start).await
}

/// A client as on a public gateway, which trusts nobody's word on where it may go.
fn public_http() -> Http {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("authority.pem");
    std::fs::write(&pem, own.cert.pem()).expect("writable");
    Http::new(&Egress { authorities: Some(pem), loopback: Loopback::Refused, ..Egress::default() }).expect("a client")
}

#[tokio::test]
async fn nothing_is_asked_of_private_networks_whatever_the_address_says() {
    let http = public_http();
    for address in [
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://172.16.3.4/",
        "https://192.168.1.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://2852039166/",
        "https://0x7f.1/",
        "http://127.0.0.1:80/",
        // a name that resolves to this machine
        "https://localhost/",
    ] {
        assert_eq!(opened(&http, address).await, Met::Nowhere(Trouble::Refused), "{address}");
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere_but_to_the_site_and_the_provider() {
    let hits = Arc::new(AtomicUsize::new(0));
    let inside = Arc::clone(&hits);
    let other = Origin::serve(Router::new().route(
        "/",
        get(move || {
            inside.fetch_add(1, Ordering::SeqCst);
            std::future::ready("inside")
        }),
    ))
    .await;
    let to = other.url("/");
    let target = move |Path(name): Path<String>| {
        let to = match name.as_str() {
            "metadata" => "http://169.254.169.254/latest/meta-data".to_owned(),
            "neighbour" => to.clone(),
            "file" => "file:///etc/passwd".to_owned(),
            "nearly" => format!("{ISSUER}4/authorize"),
            "provider" => format!("{ISSUER}/authorize?a=b"),
            _ => "http://[".to_owned(),
        };
        std::future::ready((StatusCode::FOUND, [(LOCATION, to)]))
    };
    let origin = Origin::serve(Router::new().route("/{name}", get(target))).await;
    let http = sandbox_http();
    for name in ["metadata", "neighbour", "file", "nearly"] {
        assert_eq!(opened(&http, &origin.url(&format!("/{name}"))).await, Met::Nowhere(Trouble::Elsewhere), "{name}");
    }
    assert_eq!(opened(&http, &origin.url("/broken")).await, Met::Nowhere(Trouble::BadRedirect));
    let provider = Met::Provider { path: "authorize".to_owned(), query: "a=b".to_owned() };
    assert_eq!(opened(&http, &origin.url("/provider")).await, provider);
    assert_eq!(hits.load(Ordering::SeqCst), 0, "the neighbour was not asked");
}

#[tokio::test]
async fn endless_redirects_and_large_compressed_and_silent_answers_are_given_up() {
    let large = || async { vec![b'x'; 10 * BODY_LIMIT] };
    let endless = || async {
        let parts = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65_536]));
        axum::body::Body::from_stream(parts)
    };
    // A few bytes that unpack to many: nobody asked for them, and nobody unpacks them.
    let bomb = || async { ([(CONTENT_ENCODING, "gzip")], vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]).into_response() };
    let hops = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hops);
    let router = Router::new()
        .route(
            "/loop",
            get(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                std::future::ready(Redirect::to("/loop"))
            }),
        )
        .route("/large", get(large))
        .route("/endless", get(endless))
        .route("/bomb", get(bomb))
        .route("/silent", get(std::future::pending::<()>));
    let origin = Origin::serve(router).await;
    let http = sandbox_http();
    assert_eq!(opened(&http, &origin.url("/loop")).await, Met::Nowhere(Trouble::TooManyRedirects));
    assert_eq!(hops.load(Ordering::SeqCst), 11, "ten redirects are followed");
    assert_eq!(opened(&http, &origin.url("/large")).await, Met::Nowhere(Trouble::TooLarge));
    assert_eq!(opened(&http, &origin.url("/endless")).await, Met::Nowhere(Trouble::TooLarge));
    assert_eq!(opened(&http, &origin.url("/bomb")).await, Met::Nowhere(Trouble::Compressed));
    let silent = site(&origin.url("/silent"));
    let mut browser = Browser::new(&http, &silent, ISSUER, Duration::from_millis(100));
    assert_eq!(browser.open(&silent.start).await, Met::Nowhere(Trouble::TimedOut));
}

#[tokio::test]
async fn cookies_are_kept_for_their_path_and_end_when_told_and_no_value_is_shown() {
    let seen = |headers: HeaderMap| {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        std::future::ready(cookies.collect::<Vec<_>>().join("|"))
    };
    let set = || async {
        let mut headers = HeaderMap::new();
        for cookie in
            ["a=secret-of-a; Path=/; HttpOnly", "b=2; Path=/deep", "c=3; Max-Age=0", "d=4; Domain=evil.example"]
        {
            headers.append(SET_COOKIE, cookie.parse().expect("plain"));
        }
        (headers, Redirect::to("/seen"))
    };
    let router = Router::new()
        .route("/set", get(set))
        .route("/seen", get(seen).post(seen))
        .route("/deep/seen", get(seen))
        .route("/end", post(|| async { ([(SET_COOKIE, "a=; Path=/; Max-Age=0")], "") }));
    let origin = Origin::serve(router).await;
    let (http, site) = (sandbox_http(), site(&origin.url("/set")));
    let mut browser = Browser::new(&http, &site, ISSUER, Duration::from_secs(10));
    let page = |text: &str| Met::Page { status: 200, text: text.to_owned() };
    let at = |path: &str| origin.url(path).parse::<Url>().expect("an address");
    assert_eq!(browser.open(&site.start).await, page("a=secret-of-a"));
    let Met::Page { text, .. } = browser.open(&at("/deep/seen")).await else { panic!("a page") };
    assert!(text.contains("a=secret-of-a") && text.contains("b=2"), "{text}");
    assert_eq!(browser.go(Method::Post, &at("/end")).await, page(""));
    assert_eq!(browser.open(&at("/seen")).await, page(""));
    let shown = format!(
        "{:?}",
        browser
            .exchanges()
            .iter()
            .map(|kept| (&kept.request, kept.answer.lines().take(4).collect::<String>()))
            .collect::<Vec<_>>()
    );
    assert!(shown.contains("cookie: a=…") && shown.contains("set-cookie: a=…; Path=/; HttpOnly"), "{shown}");
    let other = Browser::new(&http, &site, ISSUER, Duration::from_secs(10)).open(&at("/seen")).await;
    assert_eq!(other, page(""), "another browser has none of them");
}
