//! The request as a page, an image and a sheet; and when there is none any more.

use axum::body::Body;
use axum::http::Request;
use domain::cnie::qr;
use domain::id::IdentityId;
use tower::ServiceExt as _;

use super::*;
use crate::cnie::bench::{Gateway, code as code_key, request as request_id, states};
use domain::time::Lifetime;

async fn ask(gateway: &Gateway, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let Ok(response) = crate::router::routers(&gateway.app, None).public.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("whole");
    (parts.status, parts.headers, body.to_vec())
}

fn token(gateway: &Gateway, id: &IdentityId, until: Timestamp) -> String {
    qr::write((id, code_key()), &request_id(), until, &gateway.cnie().qr_secret).expect("identifiers of 16 octets")
}

#[tokio::test]
async fn a_request_is_shown_as_a_page_an_image_and_a_sheet_of_the_same_code() {
    let gateway = Gateway::standing().await;
    let until = gateway.after(30 * 86_400);
    let id = gateway.keep("X4RTBPFW4", &states::requested(until)).await;
    let token = token(&gateway, &id, until);
    let (status, headers, page) = ask(&gateway, &format!("/carte/demande/{token}")).await;
    let page = String::from_utf8(page).expect("UTF-8");
    assert_eq!((status, &headers[header::CACHE_CONTROL]), (StatusCode::OK, &HeaderValue::from_static("no-store")));
    assert!(
        page.contains(&format!("/carte/demande/{token}.svg")) && page.contains(&format!("/carte/demande/{token}.pdf"))
    );
    let expected = QrCode::new(format!("http://127.0.0.1:8401/guichet/q/{token}")).expect("short");
    let (status, headers, svg) = ask(&gateway, &format!("/carte/demande/{token}.svg")).await;
    assert_eq!((status, &headers[header::CONTENT_TYPE]), (StatusCode::OK, &HeaderValue::from_static("image/svg+xml")));
    assert_eq!(String::from_utf8(svg).expect("UTF-8"), image(&expected));
    let (status, headers, pdf) = ask(&gateway, &format!("/carte/demande/{token}.pdf?lang=en")).await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &HeaderValue::from_static("application/pdf"))
    );
    let french = ask(&gateway, &format!("/carte/demande/{token}.pdf")).await.2;
    assert!(pdf.starts_with(b"%PDF-") && pdf != french);
}

#[tokio::test]
async fn a_code_that_was_used_is_over_or_forged_is_told_in_the_same_words() {
    let gateway = Gateway::standing().await;
    let until = gateway.after(3600);
    let mut pages = Vec::new();
    let now = gateway.clock.now();
    let gone = [states::active(), states::at_desk(now), states::approved(until), states::certified(now, until)];
    for (at, state) in gone.iter().enumerate() {
        let id = gateway.keep(&format!("X4RTBPF{at:02}"), state).await;
        pages.push(token(&gateway, &id, until));
    }
    let id = gateway.keep("X4RTBPFW4", &states::requested(until)).await;
    let other = qr::write((&id, code_key()), &request_id(), until, &qr::QrSecret::new([0; 32])).expect("written");
    let unknown = token(&gateway, &IdentityId::from_random([9; 16]), until);
    pages.extend([other, unknown, "x".to_owned(), format!("{}.exe", token(&gateway, &id, until))]);
    let late = token(&gateway, &id, until);
    assert_eq!(ask(&gateway, &format!("/carte/demande/{late}")).await.0, StatusCode::OK);
    for token in &pages {
        for form in ["", ".svg", ".pdf"] {
            let (status, _, page) = ask(&gateway, &format!("/carte/demande/{token}{form}")).await;
            let page = String::from_utf8(page).expect("UTF-8");
            assert!(status == StatusCode::GONE && page.contains("data-code=\"P132\""), "{token}{form}: {page}");
        }
    }
    gateway.clock.advance(Lifetime::seconds(3600));
    assert_eq!(ask(&gateway, &format!("/carte/demande/{late}")).await.0, StatusCode::GONE);
    assert!(matches!(gateway.identity(&id).await, AnyIdentity::Active(_)), "it lapsed, and that is kept");
}

#[tokio::test]
async fn what_is_made_with_a_simulator_says_so_on_the_page_and_on_the_sheet() {
    for (tables, simulated) in [("", false), ("simulator = true\n", true)] {
        let gateway = Gateway::standing_with(tables).await;
        let until = gateway.after(3600);
        let id = gateway.keep("X4RTBPFW4", &states::requested(until)).await;
        let token = token(&gateway, &id, until);
        let page = String::from_utf8(ask(&gateway, &format!("/carte/demande/{token}")).await.2).expect("UTF-8");
        assert_eq!(page.contains("simulateur – non certifié"), simulated, "{page}");
        assert!(page.contains("href=\"/carte\""), "{page}");
        let sheet = ask(&gateway, &format!("/carte/demande/{token}.pdf")).await.2;
        // A line with letters beyond ASCII stands in the file in hexadecimal (ISO 32000-2 §7.3.4.3).
        let hexadecimal = String::from_utf8_lossy(&sheet).to_ascii_uppercase();
        assert_eq!(hexadecimal.contains("73696D756C6174657572"), simulated);
    }
}

#[tokio::test]
async fn the_address_of_the_gateway_says_what_this_is_and_leads_on_to_what_there_is() {
    let cards = Gateway::standing().await;
    let (status, _, page) = ask(&cards, "/").await;
    let page = String::from_utf8(page).expect("UTF-8");
    assert!(status == StatusCode::OK && page.contains("data-page=\"front\""), "{page}");
    assert!(page.contains("href=\"/carte\"") && !page.contains("/guichet"), "{page}");
    let desk = "[desk]\norigin = \"http://localhost:8401\"\n";
    let desks = Gateway::standing_with(desk).await;
    let page = String::from_utf8(ask(&desks, "/?lang=en").await.2).expect("UTF-8");
    for way in ["href=\"/carte\"", "href=\"/indicateurs\"", "href=\"http://localhost:8401/guichet\"", "lang=\"en\""] {
        assert!(page.contains(way), "{way}: {page}");
    }
    let (bare, _folder) = crate::serve::standing("issuer = \"http://127.0.0.1:8401\"\n").await;
    let request = Request::builder().uri("/").body(Body::empty()).expect("a request");
    let Ok(response) = crate::router::routers(&bare, None).public.oneshot(request).await;
    let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("whole");
    let page = String::from_utf8(page.to_vec()).expect("UTF-8");
    assert!(page.contains("data-page=\"front\"") && !page.contains("href=\"/carte\""), "{page}");
}
