//! TLS over the wire: what is spoken, what is refused, and certificates that change.

use std::fs;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::tests::{Certified, GENEROUS, Gateway, hello};
use super::*;

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

/// Offers one suite in a ClientHello of TLS up to 1.2 (RFC 5246 §7.4.1.2), with what a hello of today needs beside it,
/// and returns the first record of the answer: its type, and for an alert its level and description.
async fn offer(gateway: &Gateway, version: [u8; 2], suite: u16) -> (u8, u8, u8) {
    let length = |bytes: usize| u16::try_from(bytes).expect("short").to_be_bytes();
    // Groups x25519, P-256 and P-384; uncompressed points; RSA-PSS, RSA PKCS#1 and ECDSA with SHA-256; secret
    // renegotiation and the extended master secret.
    let extensions: &[u8] = &[
        0, 10, 0, 8, 0, 6, 0, 29, 0, 23, 0, 24, 0, 11, 0, 2, 1, 0, 0, 13, 0, 8, 0, 6, 8, 4, 4, 1, 4, 3, 0xff, 1, 0, 1,
        0, 0, 23, 0, 0,
    ];
    let mut hello = version.to_vec();
    hello.extend([7; 32]);
    hello.extend([0, 0, 2]);
    hello.extend(suite.to_be_bytes());
    hello.extend([1, 0]);
    hello.extend(length(extensions.len()));
    hello.extend(extensions);
    let mut record = vec![0x16, 0x03, 0x01];
    record.extend(length(hello.len() + 4));
    record.extend([1, 0]);
    record.extend(length(hello.len()));
    record.extend(hello);
    let mut stream = gateway.connect().await;
    stream.write_all(&record).await.expect("sent");
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.expect("answered");
    (answer[0], answer[5], answer[6])
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const FATAL: u8 = 2;

#[tokio::test]
async fn versions_before_tls_1_2_are_refused_with_an_alert() {
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    for version in [[3, 0], [3, 1], [3, 2]] {
        // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, which TLS 1.1 knew, and one of ours.
        for suite in [0xc009, 0xc02b] {
            let (kind, level, _) = offer(&gateway, version, suite).await;
            assert_eq!((kind, level), (ALERT, FATAL), "{version:?} {suite:04x}");
        }
    }
}

#[tokio::test]
async fn suites_of_tls_1_2_are_those_with_ephemeral_keys_and_authenticated_encryption() {
    let certified = Certified::new();
    let gateway = Gateway::start(hello(), GENEROUS, Some(certified.files())).await;
    // The key of this gateway is ECDSA: ECDHE-ECDSA with AES-128-GCM, AES-256-GCM and ChaCha20 are what it speaks.
    for suite in [0xc02b, 0xc02c, 0xcca9] {
        assert_eq!(offer(&gateway, [3, 3], suite).await.0, HANDSHAKE, "{suite:04x}: this test can offer a suite");
    }
    for (suite, why) in [
        (0xc009, "ECDHE-ECDSA, CBC with SHA-1"),
        (0xc00a, "ECDHE-ECDSA, CBC with SHA-1"),
        (0xc023, "ECDHE-ECDSA, CBC"),
        (0xc024, "ECDHE-ECDSA, CBC"),
        (0xc0ac, "ECDHE-ECDSA, CCM"),
        (0xc0ae, "ECDHE-ECDSA, CCM with a short tag"),
        (0xc007, "ECDHE-ECDSA, RC4"),
        (0xc006, "ECDHE-ECDSA, no encryption"),
        (0xc02d, "static ECDH"),
        (0xc013, "ECDHE-RSA, CBC"),
        (0x009c, "RSA key exchange"),
        (0x009e, "DHE"),
        (0x002f, "RSA key exchange, CBC"),
        (0x000a, "3DES"),
        (0xc018, "no authentication"),
        (0x00a8, "a shared key"),
    ] {
        let told = offer(&gateway, [3, 3], suite).await;
        assert_eq!(told, (ALERT, FATAL, 40), "{suite:04x} {why}");
    }
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
