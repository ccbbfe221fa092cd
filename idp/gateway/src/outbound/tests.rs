//! The client and its bulkheads against servers that misbehave: small real ones, in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bulkhead::{Bulkhead, CallError};
use super::egress::Refused;
use super::http::{BODY_LIMIT, Http, HttpError, Request};
use crate::config::{Egress, Loopback};

/// A server of this test; it ends with it.
pub(crate) struct Origin {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _task: JoinSet<()>,
}

impl Origin {
    /// Serves a router.
    pub(crate) async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { address, _task: task }
    }

    /// Answers every connection with these bytes, whatever was asked, then closes it.
    pub(crate) async fn raw(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, _task: task }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// The client of a sandbox.
pub(crate) fn sandbox_http() -> Http {
    Http::new(&Egress { loopback: Loopback::Allowed, ..Egress::default() }).expect("a sandbox needs no authorities")
}

fn ask(url: &str) -> Request {
    ::http::Request::get(url).body(Vec::new()).expect("a URL")
}

#[tokio::test]
async fn redirects_come_back_as_answers_and_are_not_followed() {
    let origin =
        Origin::serve(Router::new().route("/", get(|| async { Redirect::to("http://169.254.169.254/") }))).await;
    let answer = sandbox_http().send(ask(&origin.url("/"))).await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 303);
}

#[tokio::test]
async fn a_body_past_the_limit_is_given_up_whether_announced_or_not() {
    let announced = || async { vec![b'x'; BODY_LIMIT + 1] };
    let endless = || async {
        let parts = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65_536]));
        Body::from_stream(parts)
    };
    let full = || async { vec![b'x'; BODY_LIMIT] };
    let router =
        Router::new().route("/announced", get(announced)).route("/endless", get(endless)).route("/full", get(full));
    let origin = Origin::serve(router).await;
    let http = sandbox_http();
    for path in ["/announced", "/endless"] {
        let refused = http.send(ask(&origin.url(path))).await.expect_err(path);
        assert!(matches!(refused, HttpError::TooLarge), "{path}: {refused}");
    }
    assert_eq!(http.send(ask(&origin.url("/full"))).await.expect("just fits").body().len(), BODY_LIMIT);
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_resolved() {
    let origin = Origin::serve(Router::new().route("/", get(|| async { "inside" }))).await;
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("authority.pem");
    std::fs::write(&pem, own.cert.pem()).expect("writable");
    let closed = Http::new(&Egress { authorities: Some(pem), ..Egress::default() }).expect("an authority");
    let url = format!("http://localhost:{}/", origin.address.port());
    let refused = closed.send(ask(&url)).await.expect_err("private");
    assert!(matches!(refused, HttpError::Refused(Refused::Private)), "{refused:?}");
    assert!(sandbox_http().send(ask(&url)).await.is_ok());
}

#[tokio::test]
async fn what_is_not_http_or_breaks_off_is_unreachable() {
    let http = sandbox_http();
    for bytes in [
        b"SSH-2.0-OpenSSH_9.2\r\n".as_slice(),
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let origin = Origin::raw(bytes).await;
        let failed = http.send(ask(&origin.url("/?nom=DUBOIS"))).await.expect_err("broken");
        assert!(matches!(failed, HttpError::Unreachable { .. }), "{failed:?}");
        assert!(!failed.to_string().contains("DUBOIS"), "{failed}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    let failed = http.send(ask(&format!("http://{gone}/"))).await.expect_err("nobody listens");
    assert!(matches!(failed, HttpError::Unreachable { .. }), "{failed:?}");
}

/// A server that tells when a request has arrived and never answers it.
async fn hanging() -> (Origin, Arc<Semaphore>) {
    let arrived = Arc::new(Semaphore::new(0));
    let tell = Arc::clone(&arrived);
    let hang = move || {
        tell.add_permits(1);
        std::future::pending::<()>()
    };
    (Origin::serve(Router::new().route("/", get(hang))).await, arrived)
}

#[tokio::test]
async fn a_destination_that_hangs_fills_its_own_bulkhead_and_no_other() {
    let (hangs, arrived) = hanging().await;
    let answers = Origin::serve(Router::new().route("/", get(|| async { "here" }))).await;
    let http = sandbox_http();
    let full = Bulkhead::new(http.clone(), 2, Duration::from_secs(30));
    let other = Bulkhead::new(http, 2, Duration::from_secs(30));
    let mut waiting = JoinSet::new();
    for _ in 0..2 {
        let (full, url) = (full.clone(), hangs.url("/"));
        waiting.spawn(async move { full.send(ask(&url)).await });
    }
    let _both = arrived.acquire_many(2).await.expect("open");

    let refused = full.send(ask(&hangs.url("/"))).await.expect_err("full");
    assert!(matches!(refused, CallError::Busy), "{refused:?}");
    assert_eq!(other.send(ask(&answers.url("/"))).await.expect("its own bulkhead").body(), b"here");

    // Once those under way are given up, there is room again.
    waiting.shutdown().await;
    assert!(full.send(ask(&answers.url("/"))).await.is_ok());
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_up_even_in_the_middle_of_the_body() {
    let stalls = || async {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>("half")]);
        Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
    };
    let origin = Origin::serve(Router::new().route("/", get(stalls))).await;
    let bulkhead = Bulkhead::new(sandbox_http(), 1, Duration::from_millis(100));
    let refused = bulkhead.send(ask(&origin.url("/"))).await.expect_err("stalled");
    assert!(matches!(refused, CallError::TimedOut), "{refused:?}");
}

#[tokio::test]
async fn a_status_that_is_no_success_is_an_error_only_where_success_is_asked() {
    let router = Router::new().route("/", get(|| async { ::http::StatusCode::BAD_GATEWAY }));
    let origin = Origin::serve(router).await;
    let bulkhead = Bulkhead::new(sandbox_http(), 1, Duration::from_secs(5));
    assert_eq!(bulkhead.send(ask(&origin.url("/"))).await.expect("an answer").status().as_u16(), 502);
    assert!(matches!(bulkhead.fetch(ask(&origin.url("/"))).await, Err(CallError::Status(502))));
}
