//! The way in, over the wire: real sockets, real handshakes, peers that misbehave.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Extension;
use axum::routing::get;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::address::ClientAddress;
use super::*;
use crate::config::TlsFiles;

const GENEROUS: Limits = Limits {
    connections: 100,
    handshake: Duration::from_secs(30),
    header: Duration::from_secs(30),
    streams: 16,
    certificate_poll: Duration::from_millis(20),
    drain: Duration::from_secs(30),
};
const SHORT: Duration = Duration::from_millis(50);

/// A gateway of this test, stopped with it.
struct Gateway {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinSet<()>,
}

impl Gateway {
    async fn start(router: Router, limits: Limits, tls: Option<TlsFiles>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let certificates = tls.map(|files| Certificates::load(files).expect("a sound certificate"));
        let proxies = Arc::new(TrustedProxies::new(vec!["127.0.0.1/32".parse().expect("a network")]));
        let stop = CancellationToken::new();
        let mut served = JoinSet::new();
        served.spawn(Server { listener, certificates, proxies, limits }.serve(router, stop.clone()));
        Self { address, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Waits for the end.
    async fn ended(mut self) {
        while self.served.join_next().await.is_some() {}
    }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// Sends text and reads until the other side closes.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A peer that is cut off may see a reset: what came before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A certificate in files of its own.
struct Certified {
    folder: TempDir,
    root: CertificateDer<'static>,
}

impl Certified {
    fn new() -> Self {
        let mut certified = Self { folder: TempDir::new().expect("a folder"), root: CertificateDer::from(Vec::new()) };
        certified.renew();
        certified
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.folder.path().join("chain.pem"), key: self.folder.path().join("key.pem") }
    }

    /// Puts a new certificate into the files.
    fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        fs::write(self.files().certificate, made.cert.pem()).expect("writable");
        fs::write(self.files().key, made.signing_key.serialize_pem()).expect("writable");
        self.root = made.cert.der().clone();
    }

    /// A request over TLS that trusts this certificate alone.
    async fn get(
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
async fn tls_1_2_and_1_3_are_spoken() {
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (spoken, answer) = certified.get(&gateway, version).await.expect("served");
        assert_eq!(spoken, version.version);
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    }
}

#[tokio::test]
async fn http_2_is_chosen_in_the_handshake() {
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    let egress = crate::config::Egress {
        loopback: crate::config::Loopback::Allowed,
        authorities: Some(certified.files().certificate),
        ..Default::default()
    };
    let http = crate::outbound::http::Http::new(&egress).expect("an authority");
    let url = format!("https://localhost:{}/", gateway.address.port());
    let answer = http.send(http::Request::get(&url).body(Vec::new()).expect("a URL")).await.expect("served");
    assert_eq!(answer.body(), b"hello");
    assert_eq!(answer.version(), http::Version::HTTP_2);
}

#[tokio::test]
async fn tls_1_1_is_refused_with_an_alert() {
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    // ClientHello of TLS 1.1 (RFC 4346 §7.4.1.2): version, 32 bytes, no session, one suite, no compression.
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let mut record = vec![0x16, 0x03, 0x01, 0, u8::try_from(hello.len() + 4).expect("short"), 1, 0, 0];
    record.push(u8::try_from(hello.len()).expect("short"));
    record.extend(hello);
    let mut stream = gateway.connect().await;
    stream.write_all(&record).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("closed");
    // Alert, fatal; never a ServerHello.
    assert_eq!(answer.first(), Some(&21));
    assert_eq!(answer.get(5), Some(&2));
}

#[tokio::test]
async fn a_changed_certificate_is_served_without_a_restart() {
    let mut certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    assert!(certified.get(&gateway, &rustls::version::TLS13).await.is_ok());
    certified.renew();
    // The gateway looks every few milliseconds here; handshakes are tried until it has.
    let renewed = async { while certified.get(&gateway, &rustls::version::TLS13).await.is_err() {} };
    timeout(Duration::from_secs(20), renewed).await.expect("the new certificate is served");
}

#[test]
fn a_new_certificate_that_cannot_be_used_leaves_the_old_one_in_place() {
    let mut certified = Certified::new();
    let files = certified.files();
    let mut certificates = Certificates::load(files.clone()).expect("sound");
    assert!(matches!(certificates.look(), tls::Look::Unchanged));

    let old_key = fs::read(&files.key).expect("there");
    certified.renew();
    let new_key = fs::read(&files.key).expect("there");
    // The chain was replaced, the key not yet.
    fs::write(&files.key, old_key).expect("writable");
    assert!(matches!(certificates.look(), tls::Look::Refused(BadCertificate::Unusable(_))));
    assert!(matches!(certificates.look(), tls::Look::Unchanged), "told once");
    fs::remove_file(&files.key).expect("there");
    assert!(matches!(certificates.look(), tls::Look::Refused(BadCertificate::Unreadable { .. })));
    fs::write(&files.key, "nonsense").expect("writable");
    assert!(matches!(certificates.look(), tls::Look::Refused(BadCertificate::Malformed { .. })));
    fs::write(&files.key, new_key).expect("writable");
    assert!(matches!(certificates.look(), tls::Look::Renewed));
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

#[tokio::test]
async fn connections_past_the_limit_wait_their_turn() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let router = Router::new().route("/", get(move || async move { count.fetch_add(1, Ordering::SeqCst).to_string() }));
    let gateway = Gateway::start(router, Limits { connections: 1, ..GENEROUS }, None).await;
    let mut first = gateway.connect().await;
    let mut answer = [0; 512];
    first.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    assert!(first.read(&mut answer).await.expect("answered") > 0);

    let second = gateway.connect().await;
    let mut waiting = JoinSet::new();
    waiting.spawn(exchange(second, GET));
    first.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    assert!(first.read(&mut answer).await.expect("answered") > 0);
    assert_eq!(asked.load(Ordering::SeqCst), 2, "the second connection was not served yet");
    drop(first);
    let answer = waiting.join_next().await.expect("one waits").expect("it ends");
    assert!(answer.ends_with('2'), "{answer}");
}

#[tokio::test]
async fn a_stop_lets_the_running_request_end_and_takes_no_new_one() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&arrived), Arc::clone(&release));
    let slow = move || async move {
        tell.notify_one();
        wait.notified().await;
        "finished"
    };
    let gateway = Gateway::start(Router::new().route("/", get(slow)), GENEROUS, None).await;
    let mut running = JoinSet::new();
    running.spawn(exchange(gateway.connect().await, GET));
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
    let listen = Listen { address, tls: None, trusted_proxies: TrustedProxies::default(), max_connections: 1 };
    let Err(error) = Server::bind(&listen).await else { panic!("the port is taken") };
    assert!(matches!(error, BindError::Taken(_)));
    assert!(error.to_string().starts_with(&format!("address {address} is already in use; ")), "{error}");
}
