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
use crate::habilitation::town::Town;
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

/// An address whose set changes by hand.
struct Shelf {
    origin: Origin,
    set: Arc<Mutex<serde_json::Value>>,
}

impl Shelf {
    async fn with(keys: &[&SigningKey]) -> Self {
        let set = Arc::new(Mutex::new(serde_json::Value::Null));
        let read = Arc::clone(&set);
        let handler = move || async move { read.lock().expect("whole").to_string() };
        let shelf = Self { origin: Origin::serve(Router::new().route("/jwks", get(handler))).await, set };
        shelf.holds(keys);
        shelf
    }

    fn holds(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        *self.set.lock().expect("whole") = json!({ "keys": keys });
    }
}

fn signing_key(kid: &str) -> SigningKey {
    SigningKey::generate(SigningAlgorithm::EdDsa, Kid::parse(kid).expect("plain")).expect("works")
}

/// A gateway with a client whose keys are at an address, and two nodes that read them.
async fn pinned(uri: &str) -> (Town, Client, [ClientKeySets; 2]) {
    let town = Town::standing().await;
    let mut client = client(uri);
    client.contacts = vec![domain::people::name::MailAddress::parse("dsi@prestataire.fr").expect("an address")];
    let id = domain::id::HabilitationId::from_random([1; 16]);
    let kept = domain::client::Registered::operated(client.clone(), None, id, town.clock.now());
    let put = town.app.registry.insert_client(&kept, town.clock.now()).await.expect("writes");
    assert_eq!(put, store::ephemeral::Put::Fresh);
    let node = || {
        let pins = Pins {
            registry: town.app.registry.clone(),
            space: Some("http://localhost:18405".to_owned()),
            mail_waiting: Arc::clone(&town.app.mail_waiting),
        };
        ClientKeySets::new(sandbox_http(), town.clock.clone()).pinned(pins)
    };
    let nodes = [node(), node()];
    (town, client, nodes)
}

async fn thumbprints(node: &ClientKeySets, client: &Client) -> Option<Vec<String>> {
    let set = node.of(client).await?;
    Some(set.keys().into_iter().map(|(thumbprint, _)| thumbprint).collect())
}

fn named(keys: &[&SigningKey]) -> Vec<String> {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    let set = KeySet::parse(&json!({ "keys": keys })).expect("a set");
    set.keys().into_iter().map(|(thumbprint, _)| thumbprint).collect()
}

#[tokio::test]
async fn a_new_key_is_taken_beside_one_of_before() {
    let (old, new) = (signing_key("a"), signing_key("b"));
    let shelf = Shelf::with(&[&old]).await;
    let (town, client, [one, two]) = pinned(&shelf.origin.url("/jwks")).await;
    for keys in [&[&old][..], &[&old, &new], &[&new]] {
        shelf.holds(keys);
        town.clock.advance(FRESH);
        assert_eq!(thumbprints(&one, &client).await, Some(named(keys)));
        assert_eq!(thumbprints(&two, &client).await, Some(named(keys)));
    }
    assert_eq!(town.mails().await, []);
    let entries = town.app.registry.entries(0, 1000).await.expect("reads");
    let taken = entries.iter().filter(|entry| entry.kind == "client_keys_changed");
    assert_eq!(taken.count(), 3, "each change once, of two nodes");
}

#[tokio::test]
async fn a_set_with_none_of_the_keys_of_before_waits_for_a_person_and_the_old_one_serves_its_time() {
    let (old, new, other) = (signing_key("a"), signing_key("b"), signing_key("c"));
    let shelf = Shelf::with(&[&old]).await;
    let (town, client, [one, two]) = pinned(&shelf.origin.url("/jwks")).await;
    assert_eq!(thumbprints(&one, &client).await, Some(named(&[&old])));
    shelf.holds(&[&new]);
    town.clock.advance(FRESH);
    // The node that had it, and one that starts now.
    assert_eq!(thumbprints(&one, &client).await, Some(named(&[&old])));
    assert_eq!(thumbprints(&two, &client).await, Some(named(&[&old])));
    let mails = town.mails().await;
    let told: Vec<_> = mails.iter().map(|notice| (notice.to.as_str(), &notice.message)).collect();
    assert!(matches!(told[..], [("dsi@prestataire.fr", domain::notice::Message::Service(_))]), "once: {told:?}");
    town.clock.advance(Lifetime::seconds(STALE.as_seconds() - FRESH.as_seconds()));
    assert_eq!(thumbprints(&one, &client).await, None, "no longer than when nothing answers");
    assert_eq!(thumbprints(&two, &client).await, None);
    assert_eq!(town.mails().await, []);

    // Somebody accepts the set that they saw, and no other.
    let kept = town.app.registry.pinned_keys(&client.id).await.expect("reads").expect("pinned");
    let (refused, _) = kept.refused.expect("refused");
    shelf.holds(&[&other]);
    town.clock.advance(RETRY);
    assert_eq!(thumbprints(&one, &client).await, None);
    let deed = domain::habilitation::switches::Deed::OPERATOR;
    let late = town.app.registry.accept_keys(&client.id, &refused, &deed, town.clock.now()).await;
    assert_eq!(late.expect("answers"), store::registry::Updated::Missing, "another one is there by now");
    shelf.holds(&[&new]);
    town.clock.advance(RETRY);
    assert_eq!(thumbprints(&one, &client).await, None);
    let accepted = town.app.registry.accept_keys(&client.id, &refused, &deed, town.clock.now()).await;
    assert_eq!(accepted.expect("answers"), store::registry::Updated::Done);
    town.clock.advance(RETRY);
    assert_eq!(thumbprints(&one, &client).await, Some(named(&[&new])));
    assert_eq!(thumbprints(&two, &client).await, Some(named(&[&new])));
}

#[tokio::test]
async fn hostile_answers_are_never_kept() {
    let key = serde_json::to_value(signing_key("k").public_jwk()).expect("JSON");
    let with = |more: serde_json::Value| {
        let mut key = key.clone();
        key.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "keys": [key] }).to_string()
    };
    let many: Vec<_> = (0..65).map(|_| key.clone()).collect();
    let good = json!({ "keys": [key] }).to_string();
    let bodies = [
        ("a page", "<!doctype html><title>Connexion</title>".to_owned()),
        ("a private key", with(json!({"d": "AAAA"}))),
        ("a part of one", with(json!({"p": "AAAA"}))),
        ("a secret", with(json!({"kty": "oct", "k": "AAAA"}))),
        ("too many", json!({ "keys": many }).to_string()),
        ("too large", format!("{good}{}", " ".repeat(4 << 20))),
        ("two in one", format!("{good}{good}")),
    ];
    let (keys, _clock) = keys();
    for (case, body) in bodies {
        let origin = Origin::serve(Router::new().route("/jwks", get(move || async move { body }))).await;
        assert!(keys.of(&client(&origin.url("/jwks"))).await.is_none(), "{case}");
    }
    let served = good.clone();
    let target = Origin::serve(Router::new().route("/jwks", get(move || async move { served }))).await;
    assert!(keys.of(&client(&target.url("/jwks"))).await.is_some(), "this test can tell a good one");
    let there = target.url("/jwks");
    let redirect = Origin::serve(
        Router::new()
            .route("/jwks", get(move || async move { (http::StatusCode::FOUND, [(http::header::LOCATION, there)]) })),
    );
    let redirect = redirect.await;
    assert!(keys.of(&client(&redirect.url("/jwks"))).await.is_none(), "a redirect is not followed");
}
