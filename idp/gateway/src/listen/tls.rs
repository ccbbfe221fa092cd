//! The gateway's certificate: TLS 1.2 and 1.3 with named suites on the one cryptographic provider, and a certificate
//! that is read again when its files change.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::secret::sha256;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS13_AES_128_GCM_SHA256,
    TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedCipherSuite};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::certificate::AnyCertificate;
use crate::config::TlsFiles;

/// What is spoken, by name, so that an update of the library adds nothing unseen: the suites of TLS 1.3, and of TLS 1.2
/// those with ephemeral keys and authenticated encryption alone (RFC 9325 §4.2; FAPI 2.0 §5.2.2).
const SUITES: [SupportedCipherSuite; 9] = [
    TLS13_AES_256_GCM_SHA384,
    TLS13_AES_128_GCM_SHA256,
    TLS13_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The one cryptographic provider, held to these suites.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider { cipher_suites: SUITES.to_vec(), ..aws_lc_rs::default_provider() }
}

/// Whether peers are asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerIs {
    /// They are not: browsers come here.
    NotAsked,
    /// They are, and may have none.
    Asked,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadCertificate {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {fault}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        fault: String,
    },
    /// Certificate and key do not belong together, or TLS cannot be set up with them.
    #[error("certificate and key cannot be used together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The certificate now, and the files it came from.
pub(super) struct Certificates {
    files: TlsFiles,
    current: Arc<Current>,
    tried: [u8; 32],
}

/// What came of looking at the files.
#[derive(Debug)]
pub(super) enum Look {
    /// They are as they were.
    Unchanged,
    /// They changed, and the new certificate is served.
    Renewed,
    /// They changed to something that cannot be used: the old certificate stays.
    Refused(BadCertificate),
}

/// The certificate that new handshakes get.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(…)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Checks that the files hold a certificate that can be served.
pub(crate) fn check(files: &TlsFiles) -> Result<(), BadCertificate> {
    Bytes::read(files)?.parse(files).map(drop)
}

impl Certificates {
    /// Loads the certificate.
    pub(super) fn load(files: TlsFiles) -> Result<Self, BadCertificate> {
        let bytes = Bytes::read(&files)?;
        let first = bytes.parse(&files)?;
        Ok(Self { files, current: Arc::new(Current(RwLock::new(Arc::new(first)))), tried: bytes.digest() })
    }

    /// What accepts handshakes, always with the certificate of the moment. Each has sessions of its own, so that none
    /// is begun where nobody is asked and resumed where peers are.
    pub(super) fn acceptor(&self, peer: PeerIs) -> TlsAcceptor {
        let provider = Arc::new(provider());
        let verifier: Arc<dyn ClientCertVerifier> = match peer {
            PeerIs::NotAsked => Arc::new(NoClientAuth),
            PeerIs::Asked => Arc::new(AnyCertificate(Arc::clone(&provider))),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider has suites for both versions")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Looks at the files again.
    pub(super) fn look(&mut self) -> Look {
        let bytes = match Bytes::read(&self.files) {
            Ok(bytes) => bytes,
            // Files that are being replaced are missing for a moment.
            Err(error) => return self.refused([0; 32], error),
        };
        let digest = bytes.digest();
        if digest == self.tried {
            return Look::Unchanged;
        }
        match bytes.parse(&self.files) {
            Ok(key) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                self.tried = digest;
                Look::Renewed
            }
            Err(error) => self.refused(digest, error),
        }
    }

    /// Looks at the files every `period`, for ever. What is wrong is logged once.
    pub(super) async fn keep_fresh(mut self, period: Duration) {
        loop {
            sleep(period).await;
            match self.look() {
                Look::Unchanged => {}
                Look::Renewed => tracing::info!("the certificate changed; the new one is served"),
                Look::Refused(error) => {
                    tracing::error!(%error, "the new certificate cannot be used; the old one is served on");
                }
            }
        }
    }

    fn refused(&mut self, digest: [u8; 32], error: BadCertificate) -> Look {
        if std::mem::replace(&mut self.tried, digest) == digest { Look::Unchanged } else { Look::Refused(error) }
    }
}

/// What the two files hold at one moment.
struct Bytes {
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Bytes {
    fn read(files: &TlsFiles) -> Result<Self, BadCertificate> {
        let read = |path: &Path| {
            std::fs::read(path)
                .map_err(|source| BadCertificate::Unreadable { path: path.display().to_string(), source })
        };
        Ok(Self { chain: read(&files.certificate)?, key: Zeroizing::new(read(&files.key)?) })
    }

    fn digest(&self) -> [u8; 32] {
        sha256(&[sha256(&self.chain), sha256(&self.key)].concat())
    }

    fn parse(&self, files: &TlsFiles) -> Result<CertifiedKey, BadCertificate> {
        let malformed = |path: &Path, fault: &str| BadCertificate::Malformed {
            path: path.display().to_string(),
            fault: fault.to_owned(),
        };
        let chain = CertificateDer::pem_slice_iter(&self.chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| malformed(&files.certificate, "is not a certificate chain in PEM form"))?;
        if chain.is_empty() {
            return Err(malformed(&files.certificate, "holds no certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| malformed(&files.key, "holds no private key in PEM form"))?;
        Ok(CertifiedKey::from_der(chain, key, &provider())?)
    }
}
