//! Key sets of clients, from servers that change, fail and hang.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use serde_json::json;
use tokio::sync::Semaphore;

use super::*;
use crate::config::Egress;
use crate::outbound::tests::{Origin, sandbox_http};

/// A client's server: how often it was asked, and the status it answers with.
struct Server {
    origin: Origin,
    asked: Arc<AtomicUsize>,
    status: Arc<AtomicU16>,
}

impl Server {
    async fn start() -> Self {
        let (asked, status) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU16::new(200)));
        let handler = {
            let (asked, status) = (Arc::clone(&asked), Arc::clone(&status));
            move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let kid = Kid::parse("k").expect("plain");
                let key = SigningKey::generate(SigningAlgorithm::EdDsa, kid).expect("works");
                let status = http::StatusCode::from_u16(status.load(Ordering::SeqCst)).expect("a status");
                (status, json!({"keys": [key.public_jwk()]}).to_string())
            }
        };
        Self { origin: Origin::serve(Router::new().route("/jwks", get(handler))).await, asked, status }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

fn client(uri: &str) -> Client {
    let metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri,
    });
    Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine")
}

fn keys() -> (ClientKeySets, Clock) {
    let clock = Clock::manual(Timestamp::from_epoch(1_000_000));
    (ClientKeySets::new(sandbox_http(), clock.clone()), clock)
}

#[tokio::test]
async fn a_set_is_fetched_once_while_it_is_fresh() {
    let (server, (keys, clock)) = (Server::start().await, keys());
    let client = client(&server.origin.url("/jwks"));
    let first = keys.of(&client).await.expect("served");
    clock.advance(Lifetime::seconds(599));
    assert!(Arc::ptr_eq(&first, &keys.of(&client).await.expect("held")));
    assert_eq!(server.asked(), 1);
    clock.advance(Lifetime::seconds(1));
    assert!(!Arc::ptr_eq(&first, &keys.of(&client).await.expect("served")));
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn the_last_good_set_outlives_an_outage_and_not_for_ever() {
    let (server, (keys, clock)) = (Server::start().await, keys());
    let client = client(&server.origin.url("/jwks"));
    let first = keys.of(&client).await.expect("served");
    server.answers(503);
    clock.advance(FRESH);
    assert!(Arc::ptr_eq(&first, &keys.of(&client).await.expect("stale")));
    assert!(keys.of(&client).await.is_some());
    assert_eq!(server.asked(), 2, "an address that failed is left alone for a moment");
    clock.advance(RETRY);
    assert!(keys.of(&client).await.is_some());
    assert_eq!(server.asked(), 3);
    clock.advance(Lifetime::seconds(STALE.as_seconds() - FRESH.as_seconds() - RETRY.as_seconds()));
    assert!(keys.of(&client).await.is_none(), "four hours old");
    server.answers(200);
    clock.advance(RETRY);
    assert!(keys.of(&client).await.is_some());
}

#[tokio::test]
async fn what_is_no_success_or_no_key_set_is_never_kept() {
    let (server, (keys, clock)) = (Server::start().await, keys());
    server.answers(404);
    let client = client(&server.origin.url("/jwks"));
    assert!(keys.of(&client).await.is_none());
    assert!(keys.of(&client).await.is_none());
    assert_eq!(server.asked(), 1, "nothing is cached, and it is not asked again at once");
    server.answers(200);
    clock.advance(RETRY);
    assert!(keys.of(&client).await.is_some());
    for body in ["", "[]", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"] {
        let origin = Origin::serve(Router::new().route("/jwks", get(move || async move { body }))).await;
        assert!(keys.of(&self::client(&origin.url("/jwks"))).await.is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_fetches_twice_a_minute() {
    let (server, (keys, clock)) = (Server::start().await, keys());
    let client = client(&server.origin.url("/jwks"));
    let mut seen = keys.of(&client).await.expect("served");
    assert_eq!(server.asked(), 1);
    for _ in 0..60 {
        for _ in 0..5 {
            if let Some(newer) = keys.newer(&client, &seen).await {
                seen = newer;
            }
        }
        clock.advance(Lifetime::seconds(1));
    }
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn who_saw_an_older_set_is_given_the_newer_without_a_call() {
    let (server, (keys, _clock)) = (Server::start().await, keys());
    let client = client(&server.origin.url("/jwks"));
    let old = keys.of(&client).await.expect("served");
    let newer = keys.newer(&client, &old).await.expect("fetched");
    assert!(Arc::ptr_eq(&newer, &keys.newer(&client, &old).await.expect("held")));
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_the_call_it_began() {
    let (arrived, answers) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handler = {
        let (arrived, answers) = (Arc::clone(&arrived), Arc::clone(&answers));
        move || async move {
            arrived.add_permits(1);
            answers.acquire().await.expect("open").forget();
            let kid = Kid::parse("k").expect("plain");
            let key = SigningKey::generate(SigningAlgorithm::EdDsa, kid).expect("works");
            json!({"keys": [key.public_jwk()]}).to_string()
        }
    };
    let origin = Origin::serve(Router::new().route("/jwks", get(handler))).await;
    let (keys, _clock) = keys();
    let client = client(&origin.url("/jwks"));
    tokio::select! {
        _ = keys.of(&client) => panic!("nothing is answered yet"),
        permit = arrived.acquire() => permit.expect("open").forget(),
    }
    answers.add_permits(1);
    assert!(keys.of(&client).await.is_some(), "the second finds what the first asked for");
    assert_eq!(arrived.available_permits(), 0, "one call");
}

#[tokio::test]
async fn a_client_that_moves_its_keys_is_asked_at_its_new_address() {
    let (one, two, (keys, _clock)) = (Server::start().await, Server::start().await, keys());
    assert!(keys.of(&client(&one.origin.url("/jwks"))).await.is_some());
    assert!(keys.of(&client(&two.origin.url("/jwks"))).await.is_some());
    assert_eq!((one.asked(), two.asked()), (1, 1));
}

#[tokio::test]
async fn private_addresses_are_never_called() {
    let server = Server::start().await;
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("authority.pem");
    std::fs::write(&pem, own.cert.pem()).expect("writable");
    let closed = Http::new(&Egress { authorities: Some(pem), ..Egress::default() }).expect("an authority");
    let keys = ClientKeySets::new(closed, Clock::system());
    let port = server.origin.address.port();
    for uri in [
        server.origin.url("/jwks"),
        format!("http://localhost:{port}/jwks"),
        "https://169.254.169.254/jwks".to_owned(),
        "https://10.0.0.1/jwks".to_owned(),
        format!("http://[::1]:{port}/jwks"),
    ] {
        assert!(keys.of(&client(&uri)).await.is_none(), "{uri}");
    }
    assert_eq!(server.asked(), 0);
}
