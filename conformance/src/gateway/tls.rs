//! A certificate for a gateway that serves HTTPS itself.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::folder::write_secret;

/// A self-signed certificate for 127.0.0.1 and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    certificate: String,
    key: String,
}

impl Tls {
    /// A fresh one.
    ///
    /// # Panics
    /// When the cryptographic library cannot make one.
    pub fn generate() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
        Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// A fresh one with an RSA key, as many authorities still give.
    ///
    /// # Panics
    /// When the cryptographic library cannot make one.
    pub fn generate_rsa() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key can be made");
        let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate can be made");
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// One whose key belongs to another certificate: what a renewal that went wrong leaves.
    #[must_use]
    pub fn broken(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: Self::generate().key }
    }

    /// The certificate as an authority to trust.
    pub fn authority(&self) -> reqwest::Result<reqwest::Certificate> {
        reqwest::Certificate::from_pem(self.certificate.as_bytes())
    }

    /// The same for a client that speaks TLS itself, and offers this protocol (RFC 7301).
    ///
    /// # Panics
    /// When the certificate was not made here.
    pub fn client(&self, protocol: &[u8]) -> rustls::ClientConfig {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("made here");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config =
            builder.expect("versions that the provider has").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        config
    }

    /// Writes `tls.crt` and `tls.key` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::write(folder.join("tls.crt"), &self.certificate)?;
        write_secret(&folder.join("tls.key"), &self.key)
    }
}
