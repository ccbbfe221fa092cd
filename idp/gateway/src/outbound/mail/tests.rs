//! The mailer and the courier against a mail server that really speaks SMTP, in this process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use domain::client::Label;
use domain::id::SignInId;
use domain::language::Language;
use domain::level::Level;
use domain::notice::{Message as Told, Notice};
use domain::time::Lifetime;
use store::registry::{Finish, Finished, Location, Registry};
use store::seal::Vault;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::Clock;
use crate::config::Secret;
use crate::random::Random;

/// A mail server of this test.
struct Office {
    address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Semaphore>,
    said_to_recipient: Arc<Mutex<&'static str>>,
    authority: CertificateDer<'static>,
    _task: JoinSet<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Plain,
    StartTls,
    /// After STARTTLS: the conversation begins anew, without a greeting (RFC 3207 §4.2).
    StartedTls,
    Tls,
}

#[derive(Clone)]
struct Desk {
    received: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Semaphore>,
    said_to_recipient: Arc<Mutex<&'static str>>,
}

impl Office {
    async fn open(wire: Wire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("known")
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .expect("a pair");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let desk = Desk {
            received: Arc::default(),
            arrived: Arc::new(Semaphore::new(0)),
            said_to_recipient: Arc::new(Mutex::new("250 ok")),
        };
        let mut task = JoinSet::new();
        let (serving, at_desk) = (desk.clone(), acceptor);
        task.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (desk, acceptor) = (serving.clone(), at_desk.clone());
                conversations.spawn(async move {
                    match wire {
                        Wire::Plain | Wire::StartedTls => {
                            drop(converse(BufReader::new(stream), &desk, Wire::Plain).await);
                        }
                        Wire::Tls => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            drop(converse(BufReader::new(stream), &desk, Wire::Tls).await);
                        }
                        Wire::StartTls => {
                            let Some(stream) = converse(BufReader::new(stream), &desk, Wire::StartTls).await else {
                                return;
                            };
                            let Ok(stream) = acceptor.accept(stream.into_inner()).await else { return };
                            drop(converse(BufReader::new(stream), &desk, Wire::StartedTls).await);
                        }
                    }
                });
            }
        });
        let Desk { received, arrived, said_to_recipient } = desk;
        Self { address, received, arrived, said_to_recipient, authority: made.cert.der().clone(), _task: task }
    }

    fn config(&self, protection: MailProtection) -> Mail {
        Mail {
            host: if protection == MailProtection::Plain { "127.0.0.1".to_owned() } else { "localhost".to_owned() },
            port: self.address.port(),
            protection,
            from: "Passerelle <ne-pas-repondre@passerelle.example>".to_owned(),
            login: None,
        }
    }

    fn mailer(&self, protection: MailProtection) -> Mailer {
        Mailer::new(&self.config(protection), std::slice::from_ref(&self.authority)).expect("a mailer")
    }

    fn says_to_recipients(&self, reply: &'static str) {
        *self.said_to_recipient.lock().expect("whole") = reply;
    }

    fn letters(&self) -> Vec<String> {
        self.received.lock().expect("whole").clone()
    }

    async fn one_arrives(&self) {
        self.arrived.acquire().await.expect("open").forget();
    }
}

/// One conversation (RFC 5321). Gives the stream back when TLS is to begin on it.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    desk: &Desk,
    wire: Wire,
) -> Option<BufReader<S>> {
    if wire != Wire::StartedTls {
        stream.write_all(b"220 office ESMTP\r\n").await.ok()?;
    }
    let mut envelope = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let upper = line.to_ascii_uppercase();
        let reply = if upper.starts_with("EHLO") {
            if wire == Wire::StartTls { "250-office\r\n250 STARTTLS" } else { "250-office\r\n250 AUTH PLAIN LOGIN" }
        } else if upper.starts_with("STARTTLS") {
            stream.write_all(b"220 go\r\n").await.ok()?;
            return Some(stream);
        } else if upper.starts_with("AUTH") {
            envelope.push_str(&line);
            "235 ok"
        } else if upper.starts_with("RCPT") {
            envelope.push_str(&line);
            *desk.said_to_recipient.lock().expect("whole")
        } else if upper.starts_with("DATA") {
            stream.write_all(b"354 go\r\n").await.ok()?;
            let mut letter = envelope.clone();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.ok()?;
                if line == ".\r\n" {
                    break;
                }
                letter.push_str(&line);
            }
            desk.received.lock().expect("whole").push(letter);
            desk.arrived.add_permits(1);
            "250 kept"
        } else if upper.starts_with("QUIT") {
            "221 bye"
        } else {
            "250 ok"
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
}

fn letter() -> Letter {
    Letter {
        subject: "Connexion à Ville".to_owned(),
        body: "Bonjour Angela,\n\n.\n\nÀ bientôt.\n".to_owned(),
        attachment: None,
    }
}

const NOW: Timestamp = Timestamp::from_epoch(1_763_000_000);

#[tokio::test]
async fn a_letter_arrives_whole_with_the_same_name_each_time() {
    let office = Office::open(Wire::Plain).await;
    let mailer = office.mailer(MailProtection::Plain);
    for _ in 0..2 {
        mailer.send("angela@exemple.fr", &letter(), "key", NOW).await.expect("sent");
    }
    let [first, second]: [String; 2] = office.letters().try_into().expect("two");
    assert_eq!(first, second);
    for expected in [
        "RCPT TO:<angela@exemple.fr>",
        "From: Passerelle <ne-pas-repondre@passerelle.example>\r\n",
        "To: angela@exemple.fr\r\n",
        "Date: Thu, 13 Nov 2025 02:13:20 +0000\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "@passerelle.example>\r\n",
    ] {
        assert!(first.contains(expected), "{expected}\n--- in\n{first}");
    }
}

#[tokio::test]
async fn what_would_begin_another_header_or_command_is_never_sent() {
    let office = Office::open(Wire::Plain).await;
    let mailer = office.mailer(MailProtection::Plain);
    for (to, subject) in [
        ("angela@exemple.fr", "Bonjour\r\nBcc: all@exemple.fr"),
        ("angela@exemple.fr", "Bonjour\nBcc: all@exemple.fr"),
        ("angela@exemple.fr", "Bonjour\0"),
        ("angela@exemple.fr", ""),
        ("angela@exemple.fr>\r\nRCPT TO:<all@exemple.fr", "Bonjour"),
        ("angela@exemple.fr\r\nBcc: all@exemple.fr", "Bonjour"),
        ("angela@exemple.fr,all@exemple.fr", "Bonjour"),
        ("angela", "Bonjour"),
        ("", "Bonjour"),
    ] {
        let letter = Letter { subject: subject.to_owned(), body: "x".to_owned(), attachment: None };
        let failed = mailer.send(to, &letter, "key", NOW).await.expect_err(to);
        assert_eq!(failed, MailFailure::Unsendable, "{to:?} {subject:?}");
    }
    assert!(office.letters().is_empty());
}

#[tokio::test]
async fn tls_is_spoken_from_the_first_byte_or_after_starttls_and_is_verified() {
    for (wire, protection) in [(Wire::Tls, MailProtection::Tls), (Wire::StartTls, MailProtection::StartTls)] {
        let office = Office::open(wire).await;
        office.mailer(protection).send("angela@exemple.fr", &letter(), "key", NOW).await.expect("sent");
        assert_eq!(office.letters().len(), 1);

        let stranger = Mailer::new(&office.config(protection), &[]).expect("a mailer");
        let failed = stranger.send("angela@exemple.fr", &letter(), "key", NOW).await.expect_err("not trusted");
        assert!(matches!(failed, MailFailure::Unreachable(_)), "{failed:?}");
        assert_eq!(office.letters().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_when_it_is_required() {
    let office = Office::open(Wire::Plain).await;
    let failed = office.mailer(MailProtection::StartTls).send("angela@exemple.fr", &letter(), "key", NOW).await;
    assert!(matches!(failed, Err(MailFailure::Unreachable(_))), "{failed:?}");
    assert!(office.letters().is_empty());
}

#[tokio::test]
async fn the_login_is_given_where_one_is_configured() {
    let office = Office::open(Wire::Tls).await;
    let config =
        Mail { login: Some(("passerelle".to_owned(), Secret::new("geheim"))), ..office.config(MailProtection::Tls) };
    let mailer = Mailer::new(&config, std::slice::from_ref(&office.authority)).expect("a mailer");
    mailer.send("angela@exemple.fr", &letter(), "key", NOW).await.expect("sent");
    assert!(office.letters()[0].starts_with("AUTH PLAIN "), "{:?}", office.letters());
}

#[tokio::test]
async fn a_failure_is_told_by_its_number_and_never_repeats_the_address() {
    let office = Office::open(Wire::Plain).await;
    let mailer = office.mailer(MailProtection::Plain);
    for (reply, expected) in [
        ("550 <angela@exemple.fr> unknown", MailFailure::Refused(550)),
        ("451 <angela@exemple.fr> greylisted", MailFailure::Later(451)),
    ] {
        office.says_to_recipients(reply);
        let failed = mailer.send("angela@exemple.fr", &letter(), "key", NOW).await.expect_err(reply);
        assert_eq!(failed, expected);
        assert!(!failed.to_string().contains("angela"));
    }
    office.says_to_recipients("<angela@exemple.fr> what?");
    let failed = mailer.send("angela@exemple.fr", &letter(), "key", NOW).await.expect_err("no SMTP");
    assert!(!failed.to_string().contains("angela"), "{failed}");
    let nobody = Mail { port: 1, ..office.config(MailProtection::Plain) };
    let failed = Mailer::new(&nobody, &[]).expect("a mailer").send("angela@exemple.fr", &letter(), "key", NOW).await;
    assert!(matches!(failed, Err(MailFailure::Unreachable(_))), "{failed:?}");
}

/// A registry of this test, with notices in its outbox.
struct Outbox {
    registry: Registry,
    _folder: TempDir,
}

impl Outbox {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let vault = Arc::new(Vault::new(&Random::system().bytes()));
        let location = Location::Sqlite(folder.path().join("registry.sqlite"));
        Self { registry: Registry::migrate(&location, vault).await.expect("a registry"), _folder: folder }
    }

    async fn add(&self, count: usize, now: Timestamp) {
        for _ in 0..count {
            let notice = Notice {
                to: "angela@exemple.fr".to_owned(),
                language: Language::French,
                message: Told::SignedIn {
                    citizen: "Angela DUBOIS".to_owned(),
                    service: Label { fr: "Ville".to_owned(), en: "Town".to_owned() },
                    provider: Label { fr: "Impôts".to_owned(), en: "Tax".to_owned() },
                    level: Level::Low,
                    at: now,
                    reference: "0123-4567-89AB".to_owned(),
                },
            };
            let sign_in = SignInId::from_random(Random::system().bytes());
            let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[notice] };
            assert_eq!(self.registry.finish(&finish, now).await.expect("kept"), Finished::Done);
        }
    }

    async fn waiting(&self) -> i64 {
        self.registry.backlog::<Notice>().await.expect("read").waiting
    }

    fn courier(
        &self,
        office: &Office,
        clock: &Clock,
        waiting: &Arc<Notify>,
    ) -> Courier<impl Fn(&Notice) -> Letter + use<>> {
        Courier {
            registry: self.registry.clone(),
            mailer: office.mailer(MailProtection::Plain),
            clock: clock.clone(),
            waiting: Arc::clone(waiting),
            words: |notice: &Notice| Letter {
                subject: "Connexion".to_owned(),
                body: format!("{:?}", notice.language),
                attachment: None,
            },
        }
    }
}

#[tokio::test]
async fn the_courier_delivers_what_waits_and_then_what_comes_and_ends_when_told() {
    let (office, outbox) = (Office::open(Wire::Plain).await, Outbox::new().await);
    let (clock, waiting, stop) = (Clock::manual(NOW), Arc::new(Notify::new()), CancellationToken::new());
    outbox.add(20, NOW).await;
    let mut courier = JoinSet::new();
    courier.spawn(outbox.courier(&office, &clock, &waiting).run(stop.clone()));
    for _ in 0..20 {
        office.one_arrives().await;
    }
    outbox.add(1, NOW).await;
    waiting.notify_one();
    office.one_arrives().await;
    stop.cancel();
    courier.join_next().await.expect("one runs").expect("it ends");
    assert_eq!(outbox.waiting().await, 0);
}

#[tokio::test]
async fn a_notice_that_was_refused_comes_up_again_when_its_wait_is_over() {
    let (office, outbox) = (Office::open(Wire::Plain).await, Outbox::new().await);
    let (clock, waiting) = (Clock::manual(NOW), Arc::new(Notify::new()));
    let courier = outbox.courier(&office, &clock, &waiting);
    outbox.add(1, NOW).await;
    office.says_to_recipients("451 later");
    courier.round().await;
    assert_eq!(outbox.waiting().await, 1);

    office.says_to_recipients("250 ok");
    courier.round().await;
    assert!(office.letters().is_empty(), "its wait is not over");
    clock.advance(Lifetime::seconds(30));
    courier.round().await;
    assert_eq!(office.letters().len(), 1);
    assert_eq!(outbox.waiting().await, 0);
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_given_up_after_a_few_attempts() {
    let (office, outbox) = (Office::open(Wire::Plain).await, Outbox::new().await);
    let (clock, waiting) = (Clock::manual(NOW), Arc::new(Notify::new()));
    let courier = outbox.courier(&office, &clock, &waiting);
    outbox.add(1, NOW).await;
    office.says_to_recipients("550 unknown");
    for attempt in 1..=5 {
        assert_eq!(outbox.waiting().await, 1, "attempt {attempt}");
        courier.round().await;
        clock.advance(Lifetime::seconds(3600));
    }
    assert_eq!(outbox.waiting().await, 0);
}
