//! The links of mails, followed and acted on.

use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use domain::notice::CardMessage;
use tower::ServiceExt as _;

use super::*;
use crate::cnie::bench::{Gateway, MAIL, states};
use crate::cnie::links::Links;
use crate::listen::address::ClientAddress;
use domain::time::Lifetime;

const TWO_DAYS: u32 = 2 * 86_400;

async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("whole");
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

async fn follow(gateway: &Gateway, link: &str) -> (StatusCode, String) {
    let path = link.strip_prefix("http://127.0.0.1:8401").expect("ours");
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let Ok(response) = crate::router::routers(&gateway.app, None).public.oneshot(request).await;
    read(response).await
}

async fn press(gateway: &Gateway, link: &str, answer: &str) -> (StatusCode, String) {
    press_from(gateway, link, answer, [127, 0, 0, 1]).await
}

async fn press_from(gateway: &Gateway, link: &str, answer: &str, from: [u8; 4]) -> (StatusCode, String) {
    let (path, token) =
        link.strip_prefix("http://127.0.0.1:8401").and_then(|path| path.rsplit_once('/')).expect("ours");
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf={token}&answer={answer}")))
        .expect("a request");
    request.extensions_mut().insert(ClientAddress(from.into()));
    let Ok(response) = crate::router::routers(&gateway.app, None).public.oneshot(request).await;
    read(response).await
}

fn links(gateway: &Gateway) -> Links<'_> {
    Links::of(&gateway.app, gateway.cnie())
}

#[tokio::test]
async fn an_address_is_confirmed_by_the_button_and_not_by_the_link() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::created(gateway.after(3600))).await;
    let link = links(&gateway).confirm(&gateway.identity(&id).await, gateway.clock.now());
    for _ in 0..2 {
        let (status, page) = follow(&gateway, &link).await;
        assert!(status == StatusCode::OK && page.contains("data-question=\"confirm\""), "{page}");
    }
    assert_eq!(gateway.identity(&id).await.state(), "created", "a program that follows links confirms nothing");
    let (status, page) = press(&gateway, &link, "yes").await;
    assert!(status == StatusCode::OK && page.contains("data-done=\"confirmed\""), "{page}");
    assert_eq!(gateway.identity(&id).await.state(), "active");
    assert_eq!(gateway.journal().await[0]["change"], "address_confirmed");
    for page in [follow(&gateway, &link).await.1, press(&gateway, &link, "yes").await.1] {
        assert!(page.contains("data-done=\"confirmed\""), "a second click: {page}");
    }
    assert_eq!(gateway.journal().await.len(), 1, "once");
}

#[tokio::test]
async fn an_address_that_is_confirmed_too_late_confirms_nothing() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::created(gateway.after(60))).await;
    let link = links(&gateway).confirm(&gateway.identity(&id).await, gateway.clock.now());
    gateway.clock.advance(Lifetime::seconds(60));
    let (_, page) = press(&gateway, &link, "yes").await;
    assert!(page.contains("data-done=\"over\""), "{page}");
    assert_eq!(gateway.identity(&id).await.state(), "closed");
    gateway.clock.advance(Lifetime::seconds(86_400));
    let (status, page) = follow(&gateway, &link).await;
    assert!(status == StatusCode::GONE && page.contains("data-code=\"P131\""), "{page}");
}

#[tokio::test]
async fn a_lost_card_closes_its_identity_at_once_with_a_mail_and_an_entry() {
    let gateway = Gateway::standing().await;
    let until = gateway.after(86_400 * 300);
    let id = gateway.keep("X4RTBPFW4", &states::certified(gateway.clock.now(), until)).await;
    let link = links(&gateway).close(&gateway.identity(&id).await, gateway.clock.now());
    assert!(follow(&gateway, &link).await.1.contains("data-question=\"leave\""));
    assert_eq!(gateway.identity(&id).await.state(), "certified");
    let (_, page) = press(&gateway, &link, "lost").await;
    assert!(page.contains("data-done=\"closed\""), "{page}");
    // Read anew at each use: it counts from this moment on, not a minute later.
    assert_eq!(gateway.identity(&id).await.state(), "closed");
    let closed = CardMessage::Closed { why: Closure::CardLost };
    assert_eq!(gateway.mails().await, [(MAIL.to_owned(), closed)]);
    let journal = gateway.journal().await;
    assert_eq!((&journal[0]["change"], &journal[0]["why"]), (&"closed".into(), &"card_lost".into()));
    assert!(press(&gateway, &link, "delete").await.1.contains("data-done=\"over\""));
    assert!(gateway.mails().await.is_empty() && gateway.journal().await.len() == 1, "once");
}

#[tokio::test]
async fn a_deletion_waits_two_days_and_is_taken_back_by_its_own_link() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::active()).await;
    let link = links(&gateway).close(&gateway.identity(&id).await, gateway.clock.now());
    let due = gateway.after(TWO_DAYS);
    assert!(press(&gateway, &link, "delete").await.1.contains("data-done=\"leaves\""));
    let mails = gateway.mails().await;
    let [(_, CardMessage::Leaves { until, link: stay })] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(*until, due);
    assert!(follow(&gateway, stay).await.1.contains("data-question=\"stay\""));
    gateway.clock.advance(Lifetime::seconds(TWO_DAYS - 1));
    assert!(press(&gateway, stay, "yes").await.1.contains("data-done=\"stays\""));
    assert_eq!(gateway.mails().await, [(MAIL.to_owned(), CardMessage::Stays)]);
    gateway.clock.advance(Lifetime::seconds(10));
    assert_eq!(gateway.identity(&id).await.settle(gateway.clock.now()).into_inner().state(), "active");
    let changes: Vec<_> = gateway.journal().await.iter().map(|entry| entry["change"].clone()).collect();
    assert_eq!(changes, ["leaves", "stays"]);
}

#[tokio::test]
async fn links_that_delete_and_keep_in_turn_come_to_an_end() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::active()).await;
    let link = links(&gateway).close(&gateway.identity(&id).await, gateway.clock.now());
    press(&gateway, &link, "delete").await;
    let mails = gateway.mails().await;
    let [(_, CardMessage::Leaves { link: stay, .. })] = mails.as_slice() else { panic!("{mails:?}") };
    press(&gateway, stay, "yes").await;
    assert_eq!(gateway.mails().await.len(), 1);
    let (status, page) = press(&gateway, &link, "delete").await;
    assert!(status == StatusCode::TOO_MANY_REQUESTS && page.contains("data-code=\"P429\""), "{page}");
    assert!(press(&gateway, stay, "yes").await.1.contains("data-done=\"stays\""));
    assert!(gateway.mails().await.is_empty() && gateway.journal().await.len() == 2, "once");
    // A day later, with a new link: the one that kept it then keeps it no more.
    gateway.clock.advance(Lifetime::seconds(86_400));
    let link = links(&gateway).close(&gateway.identity(&id).await, gateway.clock.now());
    assert!(press(&gateway, &link, "delete").await.1.contains("data-done=\"leaves\""));
    for (status, page) in [follow(&gateway, stay).await, press(&gateway, stay, "yes").await] {
        assert!(status == StatusCode::GONE && page.contains("data-code=\"P131\""), "{page}");
    }
    assert!(gateway.identity(&id).await.common().leaves().is_some());
}

#[tokio::test]
async fn what_links_do_is_counted_for_each_address() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::active()).await;
    let link = links(&gateway).close(&gateway.identity(&id).await, gateway.clock.now());
    for _ in 0..10 {
        assert_eq!(press_from(&gateway, &link, "delete", [198, 51, 100, 7]).await.0, StatusCode::OK);
    }
    for path in ["fermer", "garder", "confirmer"] {
        let link = link.replace("/carte/fermer/", &format!("/carte/{path}/"));
        assert_eq!(press_from(&gateway, &link, "yes", [198, 51, 100, 7]).await.0, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(press_from(&gateway, &link, "delete", [198, 51, 100, 8]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_link_serves_its_own_page_alone() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::created(gateway.after(3600))).await;
    let identity = gateway.identity(&id).await;
    let confirm = links(&gateway).confirm(&identity, gateway.clock.now());
    let elsewhere = confirm.replace("/carte/confirmer/", "/carte/fermer/");
    for (status, page) in [follow(&gateway, &elsewhere).await, press(&gateway, &elsewhere, "lost").await] {
        assert!(status == StatusCode::NOT_FOUND && page.contains("data-code=\"P130\""), "{page}");
    }
    let (status, page) = press(&gateway, &confirm, "lost").await;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("data-code=\"P111\""), "{page}");
    assert_eq!(gateway.identity(&id).await, identity, "nothing was done");
}
