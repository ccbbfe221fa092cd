//! The courier of logouts against relying parties that answer, refuse, fail, hang, and send elsewhere.

use axum::Router;
use axum::response::Redirect;
use axum::routing::post;
use domain::id::{ClientId, Sector, SessionId};
use domain::identity::account::AccountKey;
use domain::identity::subject::{Pseudonyms, SubjectSecret};
use domain::secret::base64url;
use http::{HeaderMap, StatusCode};
use store::registry::{Finished, Location};
use store::seal::Vault;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::*;
use crate::outbound::line::AT_ONCE;
use crate::outbound::tests::{Origin, sandbox_http};
use crate::random::Random;

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

/// A registry of this test.
struct Outbox {
    registry: Registry,
    clock: Clock,
    _folder: TempDir,
}

impl Outbox {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let vault = Arc::new(Vault::new(&Random::system().bytes()));
        let location = Location::Sqlite(folder.path().join("registry.sqlite"));
        let registry = Registry::migrate(&location, vault).await.expect("a registry");
        Self { registry, clock: Clock::manual(NOW), _folder: folder }
    }

    /// A session ends that these relying parties know.
    async fn add(&self, clients: &[&str]) {
        let session = SessionId::from_random(Random::system().bytes());
        let account = AccountKey::try_from(base64url(&[7; 32])).expect("32 bytes");
        let told: Vec<SessionEnded> = clients
            .iter()
            .map(|client| {
                let sector = Sector::parse(client).expect("plain");
                let Pseudonyms { subject, sid } =
                    Pseudonyms::of(&account, &session, &sector, &SubjectSecret::new([1; 32]));
                SessionEnded { client: ClientId::parse(client).expect("plain"), subject, sid }
            })
            .collect();
        let done = self.registry.end_session(&session, &[], &told, self.clock.now()).await.expect("kept");
        assert_eq!(done, Finished::Done);
    }

    /// A courier that finds each relying party where `to` says.
    fn courier<F: Fn(&str) -> Option<String>>(&self, to: F) -> LogoutCourier<impl Fn(&SessionEnded) -> Words + use<F>> {
        LogoutCourier {
            registry: self.registry.clone(),
            clock: self.clock.clone(),
            waiting: Arc::new(Notify::new()),
            words: move |ended: &SessionEnded| {
                let Some(to) = to(ended.client.as_str()) else { return Words::Moot };
                if to.is_empty() {
                    return Words::NotNow;
                }
                let to = to.parse().expect("an address");
                Words::Say(Word { to, token: format!("token.of.{}", ended.client) })
            },
            hosts: Hosts::new(sandbox_http()),
        }
    }

    async fn waiting(&self) -> i64 {
        self.registry.backlog::<SessionEnded>().await.expect("read").waiting
    }

    async fn journal(&self) -> Vec<String> {
        let entries = self.registry.entries(0, 100).await.expect("read");
        entries.into_iter().map(|entry| format!("{} {}", entry.kind, entry.details)).collect()
    }
}

/// Delivers what is due now, once.
async fn round<W: Fn(&SessionEnded) -> Words>(courier: &LogoutCourier<W>) -> usize {
    let taken = courier.line().take(100).await;
    let count = taken.len();
    for outgoing in taken {
        courier.deliver(outgoing).await;
    }
    count
}

#[tokio::test]
async fn a_relying_party_receives_a_form_that_holds_the_token_alone() {
    let (heard, mut hears) = mpsc::unbounded_channel();
    let listen = move |headers: HeaderMap, body: String| {
        let heard = heard.clone();
        async move {
            let kind = headers[CONTENT_TYPE].to_str().expect("text").to_owned();
            heard.send((kind, body)).expect("the test listens");
            StatusCode::NO_CONTENT
        }
    };
    let (origin, outbox) = (Origin::serve(Router::new().route("/logout", post(listen))).await, Outbox::new().await);
    outbox.add(&["ville"]).await;
    let courier = outbox.courier(|_| Some(origin.url("/logout?site=1")));
    assert_eq!(round(&courier).await, 1);
    let (kind, body) = hears.recv().await.expect("it was told");
    assert_eq!((kind.as_str(), body.as_str()), ("application/x-www-form-urlencoded", "logout_token=token.of.ville"));
    assert_eq!(outbox.waiting().await, 0);
    assert!(outbox.journal().await.is_empty());
}

#[tokio::test]
async fn a_refusal_is_final_and_accounted_for_and_any_other_failure_is_tried_again() {
    let outbox = Outbox::new().await;
    let elsewhere = Origin::serve(Router::new().route("/", post(|| async { "never reached" }))).await;
    let to = elsewhere.url("/");
    let router = Router::new()
        .route("/refuses", post(|| async { StatusCode::BAD_REQUEST }))
        .route("/fails", post(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/moved", post(|| async move { Redirect::temporary(&to) }));
    let origin = Origin::serve(router).await;
    outbox.add(&["refuses", "fails", "moved", "down", "private", "gone"]).await;
    let courier = outbox.courier(|client| match client {
        "down" => Some("http://127.0.0.1:1/".to_owned()),
        "private" => Some("https://10.0.0.1/logout".to_owned()),
        "gone" => None,
        other => Some(origin.url(&format!("/{other}"))),
    });
    assert_eq!(round(&courier).await, 6);
    assert_eq!(outbox.waiting().await, 4, "the one that refused and the one that left are not tried again");
    assert_eq!(outbox.journal().await, [r#"logout_not_delivered {"client":"refuses","code":"refused"}"#]);
    assert_eq!(round(&courier).await, 0, "the first wait is not over");
    outbox.clock.advance(Lifetime::seconds(1));
    assert_eq!(round(&courier).await, 4);
    outbox.clock.advance(Lifetime::seconds(1));
    assert_eq!(round(&courier).await, 0, "the second wait is longer");

    outbox.clock.advance(Lifetime::seconds(3600));
    assert_eq!(round(&courier).await, 4);
    assert_eq!(outbox.waiting().await, 0);
    let silent = outbox.journal().await.iter().filter(|entry| entry.contains(r#""code":"silent""#)).count();
    assert_eq!(silent, 4, "after an hour it is given up and accounted for");
}

#[tokio::test]
async fn one_that_hangs_delays_no_other_however_much_waits_for_it() {
    let outbox = Outbox::new().await;
    let hang = Origin::serve(Router::new().route("/", post(std::future::pending::<()>))).await;
    let (heard, mut hears) = mpsc::unbounded_channel();
    let listen = move |body: String| {
        let heard = heard.clone();
        async move { heard.send(body).expect("the test listens") }
    };
    let good = Origin::serve(Router::new().route("/", post(listen))).await;
    let names: Vec<String> = (0..AT_ONCE + 50).map(|at| format!("hangs{at}")).collect();
    outbox.add(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    outbox.clock.advance(Lifetime::seconds(1));
    outbox.add(&["good1", "good2", "good3"]).await;
    let (hang, good) = (hang.url("/"), good.url("/"));
    let mut courier =
        outbox.courier(move |client| Some(if client.starts_with("hangs") { &hang } else { &good }.clone()));
    // None of those that hang runs out of time while this test lasts.
    courier.hosts.time_limit = Duration::from_hours(1);
    let mut tasks = JoinSet::new();
    tasks.spawn(courier.run(CancellationToken::new()));
    let all = async {
        for _ in 0..3 {
            hears.recv().await.expect("it is told");
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("they wait for nobody");
    let hanging = i64::try_from(AT_ONCE + 50).expect("few");
    assert!(outbox.waiting().await >= hanging, "nothing is lost");
}

#[tokio::test]
async fn what_comes_later_is_told_at_once_and_what_failed_when_its_wait_is_over() {
    let outbox = Outbox::new().await;
    let (heard, mut hears) = mpsc::unbounded_channel();
    let listen = move || {
        let heard = heard.clone();
        async move {
            heard.send(()).expect("the test listens");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let origin = Origin::serve(Router::new().route("/", post(listen))).await;
    let url = origin.url("/");
    let courier = outbox.courier(move |_| Some(url.clone()));
    let (waiting, clock) = (Arc::clone(&courier.waiting), outbox.clock.clone());
    let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
    tasks.spawn(courier.run(stop.clone()));
    outbox.add(&["ville"]).await;
    waiting.notify_one();
    hears.recv().await.expect("it is told");
    // Time goes by; nobody calls.
    let mut seconds = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            _ = seconds.tick() => clock.advance(Lifetime::seconds(1)),
            again = hears.recv() => break again.expect("it is told again"),
        }
    }
    stop.cancel();
    tasks.join_next().await.expect("one runs").expect("it ends");
}

#[test]
fn a_host_that_stays_busy_is_looked_at_less_and_less() {
    let back = |waited| busy_for(waited).as_seconds();
    assert_eq!([back(-5), back(0), back(15), back(80), back(2400), back(9_000_000)], [2, 2, 2, 10, 300, 300]);
}

#[tokio::test]
async fn what_cannot_be_signed_now_is_told_later() {
    let outbox = Outbox::new().await;
    outbox.add(&["ville"]).await;
    assert_eq!(round(&outbox.courier(|_| Some(String::new()))).await, 1);
    assert_eq!(outbox.waiting().await, 1, "it stays in the outbox");
    assert!(outbox.journal().await.is_empty(), "nothing was given up");
}
