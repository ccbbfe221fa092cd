//! The way in, over the wire: real sockets, real handshakes, peers that misbehave.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Extension;
use axum::routing::{get, post};
use domain::oidc::parameters::MAX_ENCODED;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::address::ClientAddress;
use super::*;

pub(super) const GENEROUS: Limits = Limits {
    connections: 100,
    each: 100,
    patience: Duration::from_secs(30),
    handshake: Duration::from_secs(30),
    header: Duration::from_secs(30),
    body: Duration::from_secs(30),
    streams: 16,
    certificate_poll: Duration::from_millis(20),
    drain: Duration::from_secs(30),
};
const SHORT: Duration = Duration::from_millis(50);

/// A gateway of this test, stopped with it.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    stop: CancellationToken,
    served: JoinSet<()>,
}

impl Gateway {
    pub(super) async fn start(router: Router, limits: Limits, tls: Option<TlsFiles>) -> Self {
        let proxies = TrustedProxies::new(vec!["127.0.0.1/32".parse().expect("a network")]);
        Self::behind(proxies, LoopbackClients::Counted, router, limits, tls).await
    }

    async fn behind(
        proxies: TrustedProxies,
        loopback: LoopbackClients,
        router: Router,
        limits: Limits,
        tls: Option<TlsFiles>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let certificates = tls.map(|files| Certificates::load(files).expect("a sound certificate"));
        let authorities = Authorities::load(None, Clock::system()).expect("none");
        let word = Arc::new(Word { proxies, forwarded: None, authorities });
        let server = Server {
            public: Socket { listener, certificates },
            mutual: None,
            desk: None,
            partners: None,
            admin: None,
            word,
            loopback,
            limits,
        };
        Self::serving(
            server,
            Routers {
                public: router,
                mutual: Router::new(),
                desk: Router::new(),
                partners: Router::new(),
                admin: Router::new(),
            },
        )
    }

    pub(super) fn serving(server: Server, routers: Routers) -> Self {
        let address = server.public.listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let mut served = JoinSet::new();
        served.spawn(server.serve(routers, stop.clone()));
        Self { address, stop, served }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Waits for the end.
    async fn ended(mut self) {
        while self.served.join_next().await.is_some() {}
    }
}

pub(super) fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// Sends text and reads until the other side closes.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A peer that is cut off may see a reset: what came before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A certificate in files of its own.
pub(super) struct Certified {
    folder: TempDir,
    pub(super) root: CertificateDer<'static>,
}

impl Certified {
    pub(super) fn new() -> Self {
        let mut certified = Self { folder: TempDir::new().expect("a folder"), root: CertificateDer::from(Vec::new()) };
        certified.renew();
        certified
    }

    pub(super) fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.folder.path().join("chain.pem"), key: self.folder.path().join("key.pem") }
    }

    /// Puts a new certificate into the files.
    pub(super) fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        fs::write(self.files().certificate, made.cert.pem()).expect("writable");
        fs::write(self.files().key, made.signing_key.serialize_pem()).expect("writable");
        self.root = made.cert.der().clone();
    }

    /// A request over TLS that trusts this certificate alone.
    pub(super) async fn get(
        &self,
        gateway: &Gateway,
        version: &'static SupportedProtocolVersion,
    ) -> io::Result<(ProtocolVersion, String)> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .expect("known to the provider")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, gateway.connect().await).await?;
        let spoken = stream.get_ref().1.protocol_version().expect("the handshake is over");
        Ok((spoken, exchange(stream, GET).await))
    }
}

#[tokio::test]
async fn a_peer_that_dawdles_over_its_header_is_dropped() {
    let gateway = Gateway::start(hello(), Limits { header: SHORT, ..GENEROUS }, None).await;
    for slow in ["", "G", "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "] {
        let dropped = timeout(Duration::from_secs(20), exchange(gateway.connect().await, slow));
        let answer = dropped.await.expect("dropped");
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), Limits { handshake: SHORT, ..GENEROUS }, Some(certified.files())).await;
    let dropped = timeout(Duration::from_secs(20), exchange(gateway.connect().await, ""));
    assert_eq!(dropped.await.expect("dropped"), "");
}

/// A header that promises a body which never comes.
const NEVER_ENDING: &str = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nx";

/// A router whose `/` takes a body and says hello.
fn form() -> Router {
    Router::new().route("/", post(|_: String| async { "hello" }).get(|| async { "hello" }))
}

/// A router whose `/slow` is answered once `release` is told; `arrived` tells that it was asked.
fn slow(arrived: &Arc<Notify>, release: &Arc<Notify>) -> Router {
    let (tell, wait) = (Arc::clone(arrived), Arc::clone(release));
    let slow = move || async move {
        tell.notify_one();
        wait.notified().await;
        "finished"
    };
    form().route("/slow", get(slow))
}

const GET_SLOW: &str = "GET /slow HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_past_the_limit_waits_while_all_others_are_served() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let limits = Limits { connections: 1, patience: Duration::ZERO, ..GENEROUS };
    let gateway = Gateway::start(slow(&arrived, &release), limits, None).await;
    let mut exchanges = JoinSet::new();
    exchanges.spawn(exchange(gateway.connect().await, GET_SLOW));
    arrived.notified().await;
    exchanges.spawn(exchange(gateway.connect().await, GET));
    assert!(timeout(SHORT, exchanges.join_next()).await.is_err(), "there is no seat for the second");
    release.notify_one();
    let first = exchanges.join_next().await.expect("two run").expect("it ends");
    assert!(first.ends_with("finished"), "what is served is not sent away for another: {first}");
    let second = exchanges.join_next().await.expect("one runs").expect("it ends");
    assert!(second.ends_with("hello"), "{second}");
}

#[tokio::test]
async fn peers_that_keep_the_gateway_waiting_give_up_their_seats_to_others() {
    let certified = Certified::new();
    let limits = Limits { connections: 8, patience: SHORT, ..GENEROUS };
    let (plain, tls) =
        (Gateway::start(form(), limits, None).await, Gateway::start(form(), limits, Some(certified.files())).await);
    // Nothing at all, half a header, a whole header with a body that never ends: all seats, twice over.
    for quiet in ["", "GET / HTTP/1.1\r\nx-slow: ", NEVER_ENDING] {
        let mut quiet_ones = Vec::new();
        for _ in 0..16 {
            let mut stream = plain.connect().await;
            stream.write_all(quiet.as_bytes()).await.expect("sent");
            quiet_ones.push((stream, tls.connect().await));
        }
        let answer = timeout(Duration::from_secs(10), exchange(plain.connect().await, GET)).await.expect("served");
        assert!(answer.ends_with("hello"), "{quiet:?}: {answer}");
        // On the other gateway they do not even begin their handshake.
        let answer = timeout(Duration::from_secs(10), certified.get(&tls, &rustls::version::TLS13)).await;
        assert!(answer.expect("served").expect("a handshake").1.ends_with("hello"));
        drop(quiet_ones);
    }
}

#[tokio::test]
async fn one_address_has_its_share_of_the_connections_and_a_proxy_of_ours_all() {
    let limits = Limits { each: 2, ..GENEROUS };
    let proxy = TrustedProxies::new(vec!["127.0.0.1/32".parse().expect("a network")]);
    for (proxies, loopback, served) in [
        (TrustedProxies::default(), LoopbackClients::Counted, false),
        (TrustedProxies::default(), LoopbackClients::Exempt, true),
        (proxy, LoopbackClients::Counted, true),
    ] {
        let gateway = Gateway::behind(proxies, loopback, form(), limits, None).await;
        let _held = [gateway.connect().await, gateway.connect().await];
        let mut third = gateway.connect().await;
        let mut answer = Vec::new();
        // A connection that is closed may not even take the request.
        let _ = third.write_all(GET.as_bytes()).await;
        let _ = timeout(Duration::from_secs(20), third.read_to_end(&mut answer)).await.expect("answered or closed");
        assert_eq!(answer.ends_with(b"hello"), served, "{loopback:?}: {}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_is_cut_off_and_its_connection_ends() {
    let gateway = Gateway::start(form(), Limits { body: SHORT, ..GENEROUS }, None).await;
    let chunked = "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n";
    for begun in [NEVER_ENDING, chunked] {
        let cut = timeout(Duration::from_secs(20), exchange(gateway.connect().await, begun)).await.expect("it ends");
        assert!(cut.starts_with("HTTP/1.1 408 "), "{cut}");
    }
    // Bytes that keep coming do not buy more time.
    let mut stream = gateway.connect().await;
    stream.write_all(chunked.as_bytes()).await.expect("sent");
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let feed = async { while writing.write_all(b"1\r\nx\r\n").await.is_ok() {} };
    let told = async {
        let _ = reading.read_to_end(&mut answer).await;
    };
    let ended = async {
        tokio::select! {
            () = feed => (),
            () = told => (),
        }
    };
    timeout(Duration::from_secs(20), ended).await.expect("it ends");
}

#[tokio::test]
async fn a_body_longer_than_any_form_is_refused_before_it_is_kept() {
    let gateway = Gateway::start(form(), GENEROUS, None).await;
    let post = |body: &str| {
        let length = body.len();
        format!("POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let answer = exchange(gateway.connect().await, &post(&"a".repeat(MAX_ENCODED))).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let mut stream = gateway.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all("a".repeat(MAX_ENCODED + 1).as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("answered");
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_announces_much_and_sends_little_keeps_nobody_waiting() {
    let path = "/app/v1/transactions/card";
    let router = Router::new().route(path, post(|body: axum::body::Bytes| async move { body.len().to_string() }));
    let gateway = Gateway::start(router.layer(axum::extract::DefaultBodyLimit::max(1 << 20)), GENEROUS, None).await;
    let head = |length: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut trickling = Vec::new();
    // As many as there are turns for one address.
    for _ in 0..4 {
        let mut stream = gateway.connect().await;
        stream.write_all(format!("{}x", head(400_000)).as_bytes()).await.expect("sent");
        trickling.push(stream);
    }
    let large = 100_000;
    let answer = exchange(gateway.connect().await, &format!("{}{}", head(large), "x".repeat(large))).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("100000"), "{answer}");
    drop(trickling);
}

#[tokio::test]
async fn a_request_names_one_host() {
    let gateway = Gateway::start(form(), GENEROUS, None).await;
    for (version, hosts, status) in [
        ("1.1", "host: localhost\r\n", "200"),
        ("1.1", "host: [::1]:8401\r\n", "200"),
        ("1.1", "", "400"),
        ("1.1", "host: localhost\r\nhost: localhost\r\n", "400"),
        ("1.1", "host: a b\r\n", "400"),
        ("1.1", "host: me@localhost\r\n", "400"),
        ("1.1", "host:\r\n", "400"),
        ("1.0", "", "200"),
    ] {
        let request = format!("GET / HTTP/{version}\r\n{hosts}connection: close\r\n\r\n");
        let answer = exchange(gateway.connect().await, &request).await;
        assert!(answer.starts_with(&format!("HTTP/{version} {status} ")), "{hosts:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_framed_in_two_ways_smuggles_no_request() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let smuggled = move || async move { count.fetch_add(1, Ordering::SeqCst).to_string() };
    let gateway = Gateway::start(form().route("/smuggled", get(smuggled)), GENEROUS, None).await;
    let hidden = "GET /smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let length = hidden.len() + 5;
    for (framing, status) in [
        // RFC 9112 §6.3: chunked counts, and the connection ends, so that nothing is read after it.
        (format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"), "200"),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"), "200"),
        (format!("content-length: {length}\r\ncontent-length: 5\r\n"), "400"),
        (format!("content-length: {length}, 5\r\n"), "400"),
        ("content-length: +5\r\n".to_owned(), "400"),
        ("transfer-encoding: chunked, identity\r\n".to_owned(), "400"),
        ("transfer-encoding: xchunked\r\n".to_owned(), "400"),
        ("transfer-encoding : chunked\r\n".to_owned(), "400"),
        // A line that is folded into the one before (RFC 9112 §5.2): another server may read it as one of its own.
        ("x-a: b\r\n c: d\r\n".to_owned(), "400"),
        ("x-a: b\r\n\ttransfer-encoding: chunked\r\n".to_owned(), "400"),
    ] {
        let request = format!("POST / HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n0\r\n\r\n{hidden}");
        // The exchange ends by itself: the connection was closed although keep-alive was not declined.
        let answer = timeout(Duration::from_secs(20), exchange(gateway.connect().await, &request)).await;
        let answer = answer.expect("the connection ends");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{framing:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {answer}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_header_past_128_kilobytes_or_64_lines_is_refused() {
    let gateway = Gateway::start(form(), GENEROUS, None).await;
    let ask = |lines: &str| format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}\r\n");
    let long = |length: usize| format!("x-long: {}\r\n", "a".repeat(length));
    for (lines, status) in [
        (long(60_000), "200"),
        (long(131_072), "431"),
        (long(10_000).repeat(14), "431"),
        ("x: y\r\n".repeat(62), "200"),
        ("x: y\r\n".repeat(63), "431"),
    ] {
        let (mut stream, request) = (gateway.connect().await, ask(&lines));
        // What is refused is not read to its end, so that the rest may meet a closed connection.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("answered");
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{} bytes", request.len());
    }
}

#[tokio::test]
async fn a_stop_lets_the_running_request_end_and_takes_no_new_one() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gateway = Gateway::start(slow(&arrived, &release), GENEROUS, None).await;
    let mut running = JoinSet::new();
    running.spawn(exchange(gateway.connect().await, GET_SLOW));
    arrived.notified().await;
    gateway.stop.cancel();
    // The listener goes first; until it has, a connection may still be taken, but no request on it is answered.
    let gone = async { while TcpStream::connect(gateway.address).await.is_ok() {} };
    timeout(Duration::from_secs(20), gone).await.expect("it no longer listens");
    release.notify_one();
    let answer = running.join_next().await.expect("one runs").expect("it ends");
    assert!(answer.ends_with("finished"), "{answer}");
    gateway.ended().await;
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off_after_the_time_to_finish() {
    let arrived = Arc::new(Notify::new());
    let tell = Arc::clone(&arrived);
    let endless = move || {
        tell.notify_one();
        std::future::pending::<()>()
    };
    let router = Router::new().route("/", get(endless));
    let gateway = Gateway::start(router, Limits { drain: SHORT, ..GENEROUS }, None).await;
    let mut running = JoinSet::new();
    running.spawn(exchange(gateway.connect().await, GET));
    arrived.notified().await;
    gateway.stop.cancel();
    gateway.ended().await;
    assert_eq!(running.join_next().await.expect("one runs").expect("it ends"), "");
}

#[tokio::test]
async fn a_handler_learns_the_address_that_a_trusted_proxy_tells() {
    let tell = |Extension(ClientAddress(address)): Extension<ClientAddress>| async move { address.to_string() };
    let gateway = Gateway::start(Router::new().route("/", get(tell)), GENEROUS, None).await;
    let request = GET.replace("\r\n\r\n", "\r\nx-forwarded-for: 6.6.6.6, 203.0.113.9\r\n\r\n");
    let answer = exchange(gateway.connect().await, &request).await;
    assert!(answer.ends_with("203.0.113.9"), "{answer}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_plain_words() {
    let held = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = held.local_addr().expect("bound");
    let listen = Listen {
        address,
        tls: None,
        trusted_proxies: TrustedProxies::default(),
        max_connections: 1,
        max_connections_per_address: 1,
        loopback: LoopbackClients::Counted,
    };
    let mtls = Mtls::default();
    let Err(error) = Server::bind(&listen, &mtls, [None; 3], Clock::system()).await else {
        panic!("the port is taken")
    };
    assert!(matches!(error, BindError::Taken { .. }));
    assert!(error.to_string().starts_with(&format!("address {address} is already in use; ")), "{error}");
}
