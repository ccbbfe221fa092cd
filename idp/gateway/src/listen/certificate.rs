//! The certificate of a client (RFC 8705 §2): asked for in the handshake, or handed on by a proxy; judged; given to
//! handlers.
//!
//! ```text
//!  handshake: any certificate whose key signs the handshake ──┐                 ┌── PeerCertificate, of a handler
//!                                                             ├──▶ Authorities ─┤
//!  header of a proxy that is believed, when there was none ───┘   chain trusted └── nothing, where there is none
//!                                                                  or unknown
//! ```
//!
//! The handshake takes self-signed certificates too (RFC 8705 §2.2), so that what a certificate proves is decided with
//! the registration of the client at hand, in `domain`.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::oidc::binding::Thumbprint;
use domain::oidc::certificate::{Chain, ClientCertificate};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::tls::{BadCertificate, provider};
use crate::clock::Clock;
use crate::config::{CertificateForm, Forwarded, ForwardedChain, TrustedProxies};

/// The certificate that the client of a request presented, when it presented one.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeerCertificate(pub(crate) Option<Arc<ClientCertificate>>);

impl PeerCertificate {
    /// What access tokens are bound to.
    pub(crate) fn thumbprint(&self) -> Option<Thumbprint> {
        self.0.as_ref().map(|certificate| certificate.thumbprint().clone())
    }
}

impl<S: Sync> FromRequestParts<S> for PeerCertificate {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The authorities that certificates of clients come from.
pub(super) struct Authorities {
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    clock: Clock,
}

impl Authorities {
    /// Those in a PEM file; none without one.
    pub(super) fn load(file: Option<&Path>, clock: Clock) -> Result<Self, BadCertificate> {
        let Some(path) = file else { return Ok(Self { verifier: None, clock }) };
        let path_text = || path.display().to_string();
        let pem = std::fs::read(path).map_err(|source| BadCertificate::Unreadable { path: path_text(), source })?;
        let malformed = |fault: &str| BadCertificate::Malformed { path: path_text(), fault: fault.to_owned() };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| malformed("is not a list of certificates in PEM form"))?;
            roots.add(certificate).map_err(|_| malformed("holds a certificate that cannot be an authority"))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider())).build();
        Ok(Self { verifier: Some(verifier.map_err(|_| malformed("holds no certificate"))?), clock })
    }

    /// What is known of the chain above a certificate.
    fn judge(&self, leaf: &CertificateDer<'_>, above: &[CertificateDer<'_>]) -> Chain {
        let since = Duration::from_secs(u64::try_from(self.clock.now().epoch()).unwrap_or_default());
        let trusted = self.verifier.as_ref().is_some_and(|verifier| {
            verifier.verify_client_cert(leaf, above, UnixTime::since_unix_epoch(since)).is_ok()
        });
        if trusted { Chain::Trusted } else { Chain::Unknown }
    }

    /// The certificate of a handshake. It is judged anew on each connection, resumed ones too.
    pub(super) fn shaken(&self, presented: Option<&[CertificateDer<'_>]>) -> PeerCertificate {
        let Some((leaf, above)) = presented.and_then(<[_]>::split_first) else { return PeerCertificate::default() };
        PeerCertificate(ClientCertificate::parse(leaf, self.judge(leaf, above)).ok().map(Arc::new))
    }

    /// The certificate that a proxy hands on. From anyone else the header is nothing, and one that cannot be read is
    /// none: what asks for a certificate then refuses.
    pub(super) fn forwarded(
        &self,
        forwarded: &Forwarded,
        trusted: &TrustedProxies,
        peer: IpAddr,
        headers: &HeaderMap,
    ) -> PeerCertificate {
        if !trusted.holds(peer) || !forwarded.believes(peer) || !headers.contains_key(&forwarded.header) {
            return PeerCertificate::default();
        }
        let Some((leaf, above)) = handed_on(forwarded, headers) else {
            tracing::warn!(header = %forwarded.header, "a proxy handed on a certificate that cannot be read");
            return PeerCertificate::default();
        };
        let chain = match forwarded.chain {
            ForwardedChain::Judged => self.judge(&leaf, &above),
            ForwardedChain::Verified => Chain::Trusted,
        };
        PeerCertificate(ClientCertificate::parse(&leaf, chain).ok().map(Arc::new))
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.verifier.is_some() { "Authorities(…)" } else { "Authorities(none)" })
    }
}

/// Checks that a file holds authorities.
pub(crate) fn check_authorities(file: &Path) -> Result<(), BadCertificate> {
    Authorities::load(Some(file), Clock::system()).map(drop)
}

/// The certificate in the header, and those above it.
fn handed_on(
    forwarded: &Forwarded,
    headers: &HeaderMap,
) -> Option<(CertificateDer<'static>, Vec<CertificateDer<'static>>)> {
    // Two lines are two certificates: which one the proxy wrote cannot be known.
    let mut lines = headers.get_all(&forwarded.header).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    match forwarded.form {
        CertificateForm::ByteSequence => Some((byte_sequence(line)?, chain_beside(&forwarded.header, headers)?)),
        CertificateForm::EscapedPem => {
            let pem: Vec<u8> = percent_decode(line.as_bytes()).collect();
            let mut found = CertificateDer::pem_slice_iter(&pem);
            match (found.next()?, found.next()) {
                (Ok(leaf), None) => Some((leaf, Vec::new())),
                (Ok(_) | Err(_), _) => None,
            }
        }
    }
}

/// `Client-Cert-Chain`: a list of byte sequences (RFC 9440 §2.3); empty where there is none.
fn chain_beside(header: &HeaderName, headers: &HeaderMap) -> Option<Vec<CertificateDer<'static>>> {
    let lines = headers.get_all(format!("{header}-chain")).iter();
    let mut above = Vec::new();
    for line in lines {
        for member in line.to_str().ok()?.split(',') {
            above.push(byte_sequence(&HeaderValue::from_str(member.trim()).ok()?)?);
        }
    }
    Some(above)
}

/// A byte sequence: base64 between colons (RFC 9651 §3.3.5), and nothing else.
fn byte_sequence(line: &HeaderValue) -> Option<CertificateDer<'static>> {
    let base64 = line.to_str().ok()?.trim().strip_prefix(':')?.strip_suffix(':')?;
    STANDARD.decode(base64).ok().map(CertificateDer::from)
}

/// Takes any certificate that can be read, or none, and always checks that its key signed the handshake.
#[derive(Debug)]
pub(super) struct AnyCertificate(pub(super) Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hint: clients would keep self-signed certificates to themselves.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        ClientCertificate::parse(end_entity, Chain::Unknown)
            .map(|_| ClientCertVerified::assertion())
            .map_err(|_| TlsError::InvalidCertificate(CertificateError::BadEncoding))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
