//! Lost cards: one answer for all, and a link for the one it concerns.

use axum::body::Body;
use axum::http::{Request, header};
use tower::ServiceExt as _;

use super::*;
use crate::cnie::bench::{Gateway, MAIL, states};
use crate::listen::address::ClientAddress;
use domain::time::Lifetime;

const NUMBER: &str = "X4RTBPFW4";

async fn send(gateway: &Gateway, (number, mail): (&str, &str), csrf: &str) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", csrf), ("number", number), ("mail", mail)])
        .finish();
    let mut request = Request::builder()
        .method("POST")
        .uri(PATH)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request");
    request.extensions_mut().insert(ClientAddress([127, 0, 0, 1].into()));
    let Ok(response) = crate::router::routers(&gateway.app, None).public.oneshot(request).await;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("whole");
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

/// What was begun beside the answers is done.
async fn done(gateway: &Gateway) {
    gateway.app.endings.close();
    gateway.app.endings.wait().await;
    gateway.app.endings.reopen();
}

fn token(gateway: &Gateway) -> String {
    link::form(&gateway.cnie().link_secret, gateway.clock.now())
}

#[tokio::test]
async fn every_answer_is_the_same_and_the_link_goes_to_the_address_on_record_alone() {
    let gateway = Gateway::standing().await;
    gateway.keep(NUMBER, &states::active()).await;
    let csrf = token(&gateway);
    let mut answers = Vec::new();
    for sent in
        [(NUMBER, MAIL), ("x4rt-bpfw 4", "ANGELA@exemple.fr"), (NUMBER, "other@exemple.fr"), ("X4RTBPFW5", MAIL)]
    {
        answers.push(send(&gateway, sent, &csrf).await);
    }
    assert!(answers[0].1.contains("data-done=\"link-sent\""));
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    done(&gateway).await;
    let mails = gateway.mails().await;
    let [(to, CardMessage::CloseLink { link }), (_, CardMessage::CloseLink { .. })] = mails.as_slice() else {
        panic!("{mails:?}")
    };
    assert_eq!(to, MAIL);
    assert!(link.starts_with("http://127.0.0.1:8401/carte/fermer/"), "{link}");
}

#[tokio::test]
async fn nobody_fills_the_mailbox_of_another() {
    let gateway = Gateway::standing().await;
    gateway.keep(NUMBER, &states::active()).await;
    let csrf = token(&gateway);
    for _ in 0..8 {
        assert_eq!(send(&gateway, (NUMBER, MAIL), &csrf).await.0, StatusCode::OK);
    }
    done(&gateway).await;
    assert_eq!(gateway.mails().await.len(), 3);
}

#[tokio::test]
async fn a_closed_identity_is_sent_nothing() {
    let gateway = Gateway::standing().await;
    let until = gateway.after(60);
    gateway.keep(NUMBER, &states::created(until)).await;
    gateway.clock.advance(Lifetime::seconds(60));
    let (_, page) = send(&gateway, (NUMBER, MAIL), &token(&gateway)).await;
    assert!(page.contains("data-done=\"link-sent\""));
    done(&gateway).await;
    let mails = gateway.mails().await;
    assert!(!mails.iter().any(|(_, message)| matches!(message, CardMessage::CloseLink { .. })), "{mails:?}");
}

#[tokio::test]
async fn an_address_that_nobody_confirmed_is_sent_nothing() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep(NUMBER, &states::created(gateway.after(3600))).await;
    let (_, page) = send(&gateway, (NUMBER, MAIL), &token(&gateway)).await;
    assert!(page.contains("data-done=\"link-sent\""));
    done(&gateway).await;
    let acts = Acts::of(&gateway.app, gateway.cnie());
    for why in domain::cnie::identity::Closure::ALL {
        let id = gateway.keep(&format!("X4RT{:05}", why as usize), &states::created(gateway.after(3600))).await;
        let cause = crate::cnie::telling::Cause::Itself;
        acts.act(&id, cause, |identity| identity.close(why, acts.now)).await.expect("kept");
        assert!(gateway.identity(&id).await.is_closed());
    }
    assert_eq!(gateway.identity(&id).await.state(), "created");
    assert_eq!(gateway.mails().await, []);
}

#[tokio::test]
async fn what_cannot_be_a_number_or_an_address_is_asked_again_and_a_form_of_elsewhere_refused() {
    let gateway = Gateway::standing().await;
    let csrf = token(&gateway);
    for (sent, wrong) in [(("X4RT", MAIL), "number-error"), ((NUMBER, "angela"), "mail-error")] {
        let (status, page) = send(&gateway, sent, &csrf).await;
        assert!(status == StatusCode::OK && page.contains(wrong) && page.contains(sent.0), "{page}");
    }
    for csrf in ["", "x", &link::form(&link::LinkSecret::new([0; 32]), gateway.clock.now())] {
        let (status, page) = send(&gateway, (NUMBER, MAIL), csrf).await;
        assert!(status == StatusCode::FORBIDDEN && page.contains("data-code=\"P110\""), "{page}");
    }
}

#[test]
fn a_number_is_read_however_it_was_typed() {
    assert_eq!(document_number(" x4rt bpfw-4 ").as_deref(), Some("X4RTBPFW4"));
    for bad in ["", "X4RTBPFW", "X4RTBPFW44", "X4RTBPFW<", "X4RTBPFWé"] {
        assert_eq!(document_number(bad), None, "{bad}");
    }
}
