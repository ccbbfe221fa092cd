//! A certificate for a gateway that serves HTTPS itself.

use std::path::Path;

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

    /// Writes `tls.crt` and `tls.key` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::write(folder.join("tls.crt"), &self.certificate)?;
        write_secret(&folder.join("tls.key"), &self.key)
    }
}
