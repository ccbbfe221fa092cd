//! The client against authorities that answer, and authorities that do not: small real ones, in this process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use domain::time::{Lifetime, Timestamp};
use serde_json::Value;

use super::*;
use crate::outbound::tests::{Origin, sandbox_http};

fn authority(origin: &Origin, timeout: Duration, clock: &Clock) -> CardAuthority {
    CardAuthority {
        url: origin.url("/cards").parse().expect("a URL"),
        bulkhead: Bulkhead::new(sandbox_http(), CONCURRENCY, timeout),
        breaker: Breaker::new(clock.clone()),
    }
}

async fn told(status: u16, body: &'static str) -> Result<Answer, Refusal> {
    let answer = move || async move { (StatusCode::from_u16(status).expect("a status"), body) };
    let origin = Origin::serve(Router::new().route("/cards", post(answer))).await;
    let clock = Clock::manual(Timestamp::from_epoch(0));
    authority(&origin, Duration::from_secs(20), &clock).ask("FRA", "X4RTBPFW4").await
}

#[tokio::test]
async fn the_authority_is_asked_for_one_card_and_its_word_is_taken() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let answer = move |body: String| async move {
        kept.lock().expect("whole").push(serde_json::from_str::<Value>(&body).expect("JSON"));
        r#"{"status":"valid","birthplace":"75107","birthcountry":"99100","id":"a-1"}"#
    };
    let origin = Origin::serve(Router::new().route("/cards", post(answer))).await;
    let clock = Clock::manual(Timestamp::from_epoch(0));
    let answer = authority(&origin, Duration::from_secs(20), &clock).ask("FRA", "X4RTBPFW4").await.expect("an answer");
    assert_eq!(*asked.lock().expect("whole"), [json!({ "issuing_state": "FRA", "document_number": "X4RTBPFW4" })]);
    assert_eq!((answer.standing, answer.reference.as_str()), (Standing::Valid, "a-1"));
    assert_eq!(answer.birthplace.as_ref().map(Place::as_str), Some("75107"));
    assert_eq!(answer.birthcountry.as_ref().map(Place::as_str), Some("99100"));
}

#[tokio::test]
async fn each_word_of_the_authority_is_understood_and_no_other() {
    for (body, standing) in [
        (r#"{"status":"valid","birthplace":null,"birthcountry":"99134","id":"1"}"#, Standing::Valid),
        (r#"{"status":"lost","id":"1"}"#, Standing::Lost),
        (r#"{"status":"stolen","id":"1"}"#, Standing::Stolen),
        (r#"{"status":"revoked","id":"1"}"#, Standing::Revoked),
        (r#"{"status":"expired","id":"1"}"#, Standing::Expired),
        (r#"{"status":"unknown","id":"1"}"#, Standing::Unknown),
        (r#"{"status":"holder_deceased","id":"1"}"#, Standing::HolderDeceased),
    ] {
        assert_eq!(told(200, body).await.map(|answer| answer.standing), Ok(standing), "{body}");
    }
    for body in [
        r#"{"status":"fine","id":"1"}"#,
        r#"{"status":"valid"}"#,
        r#"{"status":"valid","id":""}"#,
        r#"{"status":"valid","id":"a b"}"#,
        r#"{"status":"valid","birthplace":"Paris","id":"1"}"#,
        "valid",
        "",
    ] {
        assert_eq!(told(200, body).await, Err(Refusal::AuthoritySilent), "{body}");
    }
    for status in [201, 204, 400, 404, 500, 503] {
        let answer = told(status, r#"{"status":"valid","id":"1"}"#).await;
        assert_eq!(answer, Err(Refusal::AuthoritySilent), "{status}");
    }
}

#[tokio::test]
async fn an_authority_that_hangs_costs_its_time_limit_and_is_then_left_alone() {
    let origin = Origin::serve(Router::new().route("/cards", post(std::future::pending::<String>))).await;
    let clock = Clock::manual(Timestamp::from_epoch(0));
    let authority = authority(&origin, Duration::from_millis(5), &clock);
    for _ in 0..5 {
        assert_eq!(authority.ask("FRA", "X4RTBPFW4").await, Err(Refusal::AuthoritySilent));
    }
    assert!(authority.breaker.is_resting(), "the next citizen waits for nobody");
    clock.advance(Lifetime::seconds(6));
    assert!(authority.breaker.turn().is_some());
}
