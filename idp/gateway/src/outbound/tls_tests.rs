//! TLS of the one HTTP client, byte by byte: what it offers, and servers that want less (BCP 195, FAPI 2.0 §5.2.2).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::http::{Http, HttpError, Request};
use crate::config::{Egress, Loopback};

/// AEAD suites with ephemeral keys, of TLS 1.3 and 1.2; and the signal that renegotiation is secure, which is none.
const SUITES: [u16; 10] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x00ff];

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;

/// A ClientHello (RFC 8446 §4.1.2), as far as it is looked at.
struct Hello {
    suites: Vec<u16>,
    versions: Vec<u16>,
}

/// Takes `count` bytes off the front.
fn cut<'a>(from: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = from.split_at_checked(count).expect("long enough");
    *from = rest;
    front
}

fn number(from: &mut &[u8], bytes: usize) -> usize {
    cut(from, bytes).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn pairs(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

impl Hello {
    fn read(mut body: &[u8]) -> Self {
        let body = &mut body;
        assert_eq!(number(body, 1), 1, "a ClientHello");
        number(body, 3);
        cut(body, 2 + 32);
        let length = number(body, 1);
        cut(body, length);
        let length = number(body, 2);
        let suites = pairs(cut(body, length));
        let length = number(body, 1);
        assert_eq!(cut(body, length), [0], "no compression");
        number(body, 2);
        let mut versions = Vec::new();
        while !body.is_empty() {
            let (kind, length) = (number(body, 2), number(body, 2));
            let extension = cut(body, length);
            if kind == 43 {
                versions = pairs(&extension[1..]);
            }
        }
        Self { suites, versions }
    }
}

/// A server that reads the first record, answers with a ServerHello of this version and suite, and reads on: the hello,
/// and the kind of record that came back, if any did.
async fn server(version: [u8; 2], suite: u16) -> (SocketAddr, JoinHandle<(Hello, Option<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    #[expect(clippy::disallowed_methods, reason = "a server of this test, awaited by it")]
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("called");
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.expect("a record");
        assert_eq!(head[0], HANDSHAKE);
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut record).await.expect("a whole record");
        let hello = Hello::read(&record);
        let mut body = version.to_vec();
        body.extend([9; 32]);
        // No session: an echo of the one that the client made up would be an answer of TLS 1.3.
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(0);
        let length = |bytes: usize| u16::try_from(bytes).expect("short").to_be_bytes();
        let mut answer = vec![HANDSHAKE, version[0], version[1]];
        answer.extend(length(body.len() + 4));
        answer.extend([2, 0]);
        answer.extend(length(body.len()));
        answer.extend(body);
        stream.write_all(&answer).await.expect("sent");
        stream.shutdown().await.expect("nothing more comes");
        let kind = stream.read_exact(&mut head).await.ok().map(|_| head[0]);
        (hello, kind)
    });
    (address, served)
}

/// Calls a server of this version and suite: what was offered, what came back, and what became of the call.
async fn call(version: [u8; 2], suite: u16) -> (Hello, Option<u8>, HttpError) {
    let http = Http::new(&Egress { loopback: Loopback::Allowed, ..Egress::default() }).expect("a client");
    let (address, served) = server(version, suite).await;
    let url = format!("https://localhost:{}/", address.port());
    let request: Request = ::http::Request::get(url).body(Vec::new()).expect("a URL");
    let error = http.send(request).await.expect_err("no such server is spoken to");
    let (hello, kind) = served.await.expect("served");
    (hello, kind, error)
}

#[tokio::test]
async fn the_client_offers_tls_1_2_and_1_3_and_suites_of_authenticated_encryption_alone() {
    let (hello, ..) = call([3, 3], 0xc009).await;
    assert_eq!(hello.versions, [0x0304, 0x0303]);
    for suite in &hello.suites {
        assert!(SUITES.contains(suite), "{suite:04x}");
    }
    assert!(hello.suites.iter().any(|suite| suite >> 8 == 0x13) && hello.suites.contains(&0xc02f), "of both versions");
}

#[tokio::test]
async fn a_server_that_speaks_an_old_version_or_suite_is_refused() {
    let (_, kind, _) = call([3, 3], 0xc02f).await;
    assert_eq!(kind, None, "a suite of ours is not refused: this server can be spoken to");
    for (version, suite, why) in [
        ([3, 3], 0xc009, "ECDHE-ECDSA, CBC with SHA-1"),
        ([3, 3], 0xc013, "ECDHE-RSA, CBC with SHA-1"),
        ([3, 3], 0xc027, "ECDHE-RSA, CBC"),
        ([3, 3], 0x009c, "RSA key exchange"),
        ([3, 3], 0x002f, "RSA key exchange, CBC"),
        ([3, 3], 0x000a, "3DES"),
        ([3, 2], 0xc013, "TLS 1.1"),
        ([3, 1], 0xc013, "TLS 1.0"),
        ([3, 2], 0xc02f, "TLS 1.1 with a suite of ours"),
        ([3, 0], 0x0005, "SSL 3"),
    ] {
        let (_, kind, error) = call(version, suite).await;
        assert_eq!(kind, Some(ALERT), "{why}: {error}");
        assert!(matches!(error, HttpError::Unreachable { .. }), "{why}: {error:?}");
    }
}
