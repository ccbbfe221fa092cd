//! G04 over HTTP/2: requests that are taken back as soon as they are made (CVE-2023-44487).

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::gateway::{Gateway, Installation, Surroundings, Tls};
use conformance::process::Signals;
use conformance::site::{free_port, listen};
use conformance::upstream::{Control, Providers};
use conformance::workspace;
use h2::Reason;
use http::Request;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Requests that are made and taken back.
const RESETS: usize = 10_000;
/// What the flood may cost, in KiB, above what the gateway had before.
const ROOM: u64 = 8 * 1024;
/// The longest that anybody else may wait meanwhile, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most memory that a process ever had, in KiB.
fn peak(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// One connection of the attacker; how many requests it made until the gateway had enough of it.
async fn flood(port: u16, tls: &Tls, left: usize) -> usize {
    let connector = TlsConnector::from(Arc::new(tls.client(b"h2")));
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else { return 0 };
    let stream = connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut made = 0;
    let url = format!("https://127.0.0.1:{port}/authorize?client_id=nobody&response_type=code");
    while made < left {
        let Ok(ready) = client.ready().await else { break };
        client = ready;
        let Ok((_, mut stream)) = client.send_request(Request::get(&url).body(()).unwrap(), true) else { break };
        stream.send_reset(Reason::CANCEL);
        made += 1;
        // Frames leave when the connection has its turn.
        tokio::task::yield_now().await;
    }
    connection.abort();
    made
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_hold_up_nobody_and_fill_no_memory() {
    let programs = workspace::programs().await.unwrap();
    let tls = Tls::generate();
    let around = Surroundings {
        port: free_port(),
        tls: Some(tls.clone()),
        smtp_url: "smtp://127.0.0.1:1".into(),
        ..Surroundings::default()
    };
    let providers = Providers::start(listen(0).await.unwrap(), &around.issuer(), Control::Closed);
    let installation = Installation::write(&programs.idp, &around, &providers).unwrap();
    installation.migrate().await.unwrap();
    let mut gateway = installation.serve(Signals::Shared).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([tls.authority().unwrap()]).build().unwrap();
    let asked = format!("{}/.well-known/openid-configuration", around.issuer());
    for _ in 0..50 {
        assert_eq!(http.get(&asked).send().await.unwrap().status(), 200);
    }
    let before = peak(&gateway);

    let attack = async {
        let (mut made, mut connections) = (0, 0);
        while made < RESETS {
            made += flood(around.port, &tls, RESETS - made).await;
            connections += 1;
            assert!(connections < RESETS, "every connection is refused");
        }
        connections
    };
    let mut attack = Box::pin(attack);
    let (mut served, mut longest) = (0, Duration::ZERO);
    let connections = loop {
        let since = Instant::now();
        let other = http.get(&asked).timeout(PATIENCE).send();
        tokio::select! {
            connections = &mut attack => break connections,
            answer = other => {
                assert_eq!(answer.unwrap().status(), 200);
                served += 1;
                longest = longest.max(since.elapsed());
            }
        }
    };
    let grown = peak(&gateway).saturating_sub(before);
    println!("{connections} connections; others: {served} served, {longest:?} at most; {grown} KiB more than {before}");
    assert!(connections > 5, "a connection that takes back all it asks is given up: {connections}");
    assert!(served > 0, "others are served meanwhile");
    assert!(grown < ROOM, "{grown} KiB more than the {before} before");
    assert!(gateway.process.runs());
    assert_eq!(http.get(&asked).send().await.unwrap().status(), 200);
}
