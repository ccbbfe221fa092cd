//! Certificates of clients, over the wire: whom the second door asks, what a handler learns, and whose header counts.

use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use domain::secret::{base64url, sha256};
use http::HeaderMap;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;

use super::certificate::{Authorities, PeerCertificate};
use super::tests::{Certified, GENEROUS, GET, Gateway, exchange};
use super::*;
use crate::config::{CertificateForm, ForwardedChain};

/// A certificate and the key that whoever presents it signs with.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    fn self_signed() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["client.example".to_owned()]).expect("a name");
        Self { chain: vec![params.self_signed(&key).expect("a certificate").der().clone()], key }
    }

    fn thumbprint(&self) -> String {
        base64url(&sha256(self.leaf()))
    }

    fn leaf(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }
}

/// An authority, and the file that names it.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(folder.path().join("authorities.pem"), certificate.pem()).expect("writable");
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn known(&self) -> Authorities {
        Authorities::load(Some(&self.folder.path().join("authorities.pem")), Clock::system()).expect("one")
    }

    fn issues(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["client.example".to_owned()]).expect("a name");
        change(&mut params);
        Identity { chain: vec![params.signed_by(&key, &self.issuer).expect("a certificate").der().clone()], key }
    }

    /// A certificate of an intermediate authority, which comes along.
    fn issues_through_another(&self) -> Identity {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.distinguished_name.push(rcgen::DnType::CommonName, "between");
        let key = KeyPair::generate().expect("a key");
        let between = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let below = Self { folder: TempDir::new().expect("a folder"), issuer: Issuer::new(params, key) };
        let mut identity = below.issues(|_| ());
        identity.chain.push(between);
        identity
    }
}

/// A client that presents what it is told to, whether its key fits or not.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A gateway with both doors; each handler tells the certificate it was given.
struct Doors {
    gateway: Gateway,
    mutual: SocketAddr,
    certified: Certified,
}

impl Doors {
    async fn open(authorities: Authorities) -> Self {
        let certified = Certified::new();
        let socket = async || Socket {
            listener: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
            certificates: Some(Certificates::load(certified.files()).expect("sound")),
        };
        let mutual = socket().await;
        let address = mutual.listener.local_addr().expect("bound");
        let server = Server {
            public: socket().await,
            mutual: Some(mutual),
            desk: None,
            partners: None,
            admin: None,
            word: Arc::new(Word { proxies: TrustedProxies::default(), forwarded: None, authorities }),
            loopback: LoopbackClients::Exempt,
            limits: GENEROUS,
        };
        let tell = |PeerCertificate(certificate): PeerCertificate| async move {
            certificate.map_or("none".to_owned(), |it| format!("{} {:?}", it.thumbprint().as_str(), it.chain()))
        };
        let tells = Router::new().route("/", get(tell));
        let none = Router::new;
        let routers = Routers { public: tells.clone(), mutual: tells, desk: none(), partners: none(), admin: none() };
        Self { gateway: Gateway::serving(server, routers), mutual: address, certified }
    }

    fn client(&self, identity: Option<&Identity>, version: &'static SupportedProtocolVersion) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certified.root.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .expect("known to the provider")
            .with_root_certificates(roots);
        let Some(identity) = identity else { return builder.with_no_client_auth() };
        let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
        let signs = provider.key_provider.load_private_key(key).expect("a key");
        let certified = CertifiedKey::new(identity.chain.clone(), signs);
        builder.with_client_cert_resolver(Arc::new(Presents(Arc::new(certified))))
    }

    /// What the handler behind this door tells, and how the handshake went.
    async fn ask(&self, door: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<(String, HandshakeKind)> {
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TcpStream::connect(door).await?;
        let mut stream = TlsConnector::from(Arc::clone(client)).connect(name, stream).await?;
        let kind = stream.get_ref().1.handshake_kind().expect("it is over");
        // In TLS 1.3 the server judges the certificate after the client is done: its alert comes as an error here.
        let answer = exchange(&mut stream, GET).await;
        match answer.split_once("\r\n\r\n") {
            Some((_, told)) => Ok((told.to_owned(), kind)),
            None => Err(io::Error::other(format!("no answer: {answer:?}"))),
        }
    }

    /// The same for a client that has not come before.
    async fn told(&self, identity: Option<&Identity>) -> String {
        let client = Arc::new(self.client(identity, &rustls::version::TLS13));
        self.ask(self.mutual, &client).await.expect("served").0
    }
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_handler_learns_the_certificate_that_its_client_presented_at_the_door_that_asks() {
    let authority = Authority::new();
    let doors = Doors::open(authority.known()).await;
    let (own, issued) = (Identity::self_signed(), authority.issues(|_| ()));
    for version in VERSIONS {
        for (identity, chain) in [(&own, "Unknown"), (&issued, "Trusted")] {
            let client = Arc::new(doors.client(Some(identity), version));
            let expected = format!("{} {chain}", identity.thumbprint());
            assert_eq!(doors.ask(doors.mutual, &client).await.expect("served").0, expected, "{version:?}");
            let public = doors.gateway.address;
            assert_eq!(doors.ask(public, &client).await.expect("served").0, "none", "browsers are not asked");
        }
        let bare = Arc::new(doors.client(None, version));
        assert_eq!(doors.ask(doors.mutual, &bare).await.expect("served").0, "none", "none need be presented");
    }
}

#[tokio::test]
async fn a_resumed_connection_keeps_the_certificate_of_the_one_it_resumes() {
    let authority = Authority::new();
    let doors = Doors::open(authority.known()).await;
    let identity = authority.issues(|_| ());
    let expected = format!("{} Trusted", identity.thumbprint());
    for version in VERSIONS {
        let mut client = doors.client(Some(&identity), version);
        client.resumption = Resumption::in_memory_sessions(8);
        let client = Arc::new(client);
        let (told, kind) = doors.ask(doors.mutual, &client).await.expect("served");
        assert_eq!((told, kind), (expected.clone(), HandshakeKind::Full), "{version:?}");
        let (told, kind) = doors.ask(doors.mutual, &client).await.expect("served");
        assert_eq!((told, kind), (expected.clone(), HandshakeKind::Resumed), "{version:?}");
        // What was begun at one door is not resumed at the other.
        let (told, kind) = doors.ask(doors.gateway.address, &client).await.expect("served");
        assert_eq!(told, "none", "{version:?}");
        assert_ne!(kind, HandshakeKind::Resumed, "{version:?}");
    }
}

#[tokio::test]
async fn whoever_has_the_certificate_without_its_key_is_refused() {
    let authority = Authority::new();
    let doors = Doors::open(authority.known()).await;
    for honest in [Identity::self_signed(), authority.issues(|_| ())] {
        let stolen = Identity { chain: honest.chain.clone(), key: KeyPair::generate().expect("a key") };
        for version in VERSIONS {
            let client = Arc::new(doors.client(Some(&stolen), version));
            let refused = doors.ask(doors.mutual, &client).await;
            assert!(refused.is_err(), "{version:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_chain_is_trusted_when_it_leads_to_a_configured_authority_and_is_for_clients() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let doors = Doors::open(authority.known()).await;
    let purpose = |purpose| {
        move |params: &mut CertificateParams| {
            params.extended_key_usages = vec![purpose];
        }
    };
    let late = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    for (case, identity, chain) in [
        ("plain", authority.issues(|_| ()), "Trusted"),
        ("for clients", authority.issues(purpose(ExtendedKeyUsagePurpose::ClientAuth)), "Trusted"),
        ("through another", authority.issues_through_another(), "Trusted"),
        ("for servers", authority.issues(purpose(ExtendedKeyUsagePurpose::ServerAuth)), "Unknown"),
        ("expired", authority.issues(late), "Unknown"),
        ("of a stranger", stranger.issues(|_| ()), "Unknown"),
        ("self-signed", Identity::self_signed(), "Unknown"),
    ] {
        assert_eq!(doors.told(Some(&identity)).await, format!("{} {chain}", identity.thumbprint()), "{case}");
    }
    let mut short = authority.issues_through_another();
    short.chain.truncate(1);
    assert!(doors.told(Some(&short)).await.ends_with("Unknown"), "without the authority between");
    let doors = Doors::open(Authorities::load(None, Clock::system()).expect("none")).await;
    assert!(doors.told(Some(&authority.issues(|_| ()))).await.ends_with("Unknown"), "where no authority is known");
}

#[test]
fn a_file_without_an_authority_is_told() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("authorities.pem");
    assert!(matches!(check_authorities(&file), Err(BadCertificate::Unreadable { .. })));
    for text in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(&file, text).expect("writable");
        assert!(matches!(check_authorities(&file), Err(BadCertificate::Malformed { .. })), "{text:?}");
    }
}

/// What a proxy sends on.
fn sent(lines: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().expect("a header"));
    }
    headers
}

fn byte_sequence(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(":{}:", STANDARD.encode(der))
}

/// PEM as nginx escapes it.
fn escaped(identity: &Identity) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(identity.leaf()));
    percent_encoding::utf8_percent_encode(&pem, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What is made of the headers of a peer, where 10.0.0.1 and 10.0.0.2 are trusted proxies and the first hands on
/// certificates.
fn believed(
    authorities: &Authorities,
    form: CertificateForm,
    chain: ForwardedChain,
    peer: &str,
    headers: &HeaderMap,
) -> String {
    let network = |text: &str| text.parse().expect("a network");
    let header = http::HeaderName::from_static("client-cert");
    let proxies = TrustedProxies::new(vec![network("10.0.0.1/32")]);
    let forwarded = Forwarded { header, form, proxies, chain };
    let trusted = TrustedProxies::new(vec![network("10.0.0.0/30")]);
    let peer = peer.parse().expect("an address");
    let PeerCertificate(found) = authorities.forwarded(&forwarded, &trusted, peer, headers);
    found.map_or("none".to_owned(), |it| format!("{} {:?}", it.thumbprint().as_str(), it.chain()))
}

#[test]
fn a_certificate_in_a_header_counts_from_its_own_proxy_alone() {
    use CertificateForm::{ByteSequence, EscapedPem};
    let (authority, own) = (Authority::new(), Identity::self_signed());
    let authorities = authority.known();
    for (form, value) in [(ByteSequence, byte_sequence(own.leaf())), (EscapedPem, escaped(&own))] {
        let headers = sent(&[("client-cert", value)]);
        for (peer, counts) in [
            ("10.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            // Another trusted proxy, which was not told to set or remove the header; a stranger; this machine.
            ("10.0.0.2", false),
            ("192.0.2.1", false),
            ("127.0.0.1", false),
        ] {
            let told = believed(&authorities, form, ForwardedChain::Judged, peer, &headers);
            let expected = if counts { format!("{} Unknown", own.thumbprint()) } else { "none".to_owned() };
            assert_eq!(told, expected, "D09 {peer} {form:?}");
        }
    }
}

#[test]
fn the_chain_of_a_certificate_in_a_header_is_judged_as_configured() {
    use ForwardedChain::{Judged, Verified};
    let authority = Authority::new();
    let authorities = authority.known();
    let (own, issued, between) =
        (Identity::self_signed(), authority.issues(|_| ()), authority.issues_through_another());
    let above = byte_sequence(&between.chain[1]);
    for (identity, chain_header, who, chain) in [
        (&own, None, Judged, "Unknown"),
        (&own, None, Verified, "Trusted"),
        (&issued, None, Judged, "Trusted"),
        (&between, None, Judged, "Unknown"),
        (&between, Some(above), Judged, "Trusted"),
    ] {
        let mut headers = sent(&[("client-cert", byte_sequence(identity.leaf()))]);
        if let Some(value) = chain_header {
            headers.append("client-cert-chain", value.parse().expect("a header"));
        }
        let told = believed(&authorities, CertificateForm::ByteSequence, who, "10.0.0.1", &headers);
        assert_eq!(told, format!("{} {chain}", identity.thumbprint()), "{who:?}");
    }
}

#[test]
fn a_header_that_is_not_one_certificate_is_none() {
    use CertificateForm::{ByteSequence, EscapedPem};
    let authorities = Authorities::load(None, Clock::system()).expect("none");
    let (own, other) = (Identity::self_signed(), Identity::self_signed());
    let (good, pem) = (byte_sequence(own.leaf()), escaped(&own));
    let one = |value: &str| sent(&[("client-cert", value.to_owned())]);
    let two = sent(&[("client-cert", byte_sequence(other.leaf())), ("client-cert", good.clone())]);
    for (form, headers) in [
        (ByteSequence, HeaderMap::new()),
        (ByteSequence, one("")),
        (ByteSequence, one("::")),
        (ByteSequence, one(":AAAA:")),
        (ByteSequence, one(good.trim_matches(':'))),
        (ByteSequence, one(&format!("{good};a=1"))),
        (ByteSequence, one(&format!("{good}, {good}"))),
        (ByteSequence, one(&pem)),
        (ByteSequence, two.clone()),
        (ByteSequence, sent(&[("client-cert", good.clone()), ("client-cert-chain", "nonsense".to_owned())])),
        (ByteSequence, sent(&[("x-client-cert", good.clone())])),
        (EscapedPem, one("")),
        (EscapedPem, one(&good)),
        (EscapedPem, one("%ZZ")),
        (EscapedPem, one(&format!("{pem}{}", escaped(&other)))),
        (EscapedPem, one(&pem[..pem.len() / 2])),
        (EscapedPem, two),
    ] {
        let told = believed(&authorities, form, ForwardedChain::Verified, "10.0.0.1", &headers);
        assert_eq!(told, "none", "{form:?} {headers:?}");
    }
}
