//! Clients with certificates (RFC 8705): an authority, the identities it gives, self-signed ones, and what a gateway is
//! told so that it asks for them.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use toml::Table;

use crate::gateway::Tls;
use crate::jose;
use crate::site::free_port;

/// An authority that gives certificates to clients.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate, with its key.
#[derive(Debug)]
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    /// A fresh one.
    ///
    /// # Panics
    /// When the cryptographic library cannot make one.
    pub fn generate() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Autorité d’essai");
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.self_signed(&key).expect("a certificate can be made");
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// An identity of this name.
    ///
    /// # Panics
    /// When the cryptographic library cannot make one.
    pub fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = named(name).signed_by(&key, &self.issuer).expect("a certificate can be made");
        Identity { certificate, key }
    }
}

/// Host `name`, and the subject `CN=name,O=Ville d’essai,C=FR`.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "FR");
    params.distinguished_name.push(DnType::OrganizationName, "Ville d’essai");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Identity {
    /// One that no authority gave, of the same form.
    ///
    /// # Panics
    /// When the cryptographic library cannot make one.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = named(name).self_signed(&key).expect("a certificate can be made");
        Self { certificate, key }
    }

    /// What tokens are bound to: `x5t#S256`.
    pub fn thumbprint(&self) -> String {
        jose::sha256(self.certificate.der())
    }

    /// Its key as a JWK with the certificate in `x5c` (RFC 7517 §4.7).
    ///
    /// # Panics
    /// Never: the key is on P-256, whose points are 65 bytes.
    pub fn jwk(&self) -> Value {
        let point = self.key.public_key_raw();
        let (x, y) = point[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "x": jose::encode(x), "y": jose::encode(y), "use": "sig",
            "x5c": [STANDARD.encode(self.certificate.der())],
        })
    }

    /// As `Client-Cert` carries it (RFC 9440 §2.1).
    pub fn byte_sequence(&self) -> String {
        format!(":{}:", STANDARD.encode(self.certificate.der()))
    }

    /// As nginx hands it on: PEM, percent-encoded.
    pub fn escaped_pem(&self) -> String {
        let escape = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        self.certificate.pem().bytes().map(escape).collect()
    }

    fn presented(&self) -> reqwest::Identity {
        let pem = format!("{}{}", self.key.serialize_pem(), self.certificate.pem());
        reqwest::Identity::from_pem(pem.as_bytes()).expect("a certificate and its key")
    }
}

/// The door of a gateway that asks for certificates, with the authority whose certificates count there.
#[derive(Debug)]
pub struct Door {
    /// The authority.
    pub authority: Authority,
    port: u16,
    tls: Tls,
    folder: TempDir,
}

impl Default for Door {
    fn default() -> Self {
        Self::new()
    }
}

impl Door {
    /// A door on a free port.
    ///
    /// # Panics
    /// When its files cannot be written.
    pub fn new() -> Self {
        Self::showing(Tls::generate())
    }

    /// One at which the gateway shows this certificate.
    ///
    /// # Panics
    /// When its files cannot be written.
    pub fn showing(tls: Tls) -> Self {
        let authority = Authority::generate();
        let folder = TempDir::with_prefix("passerelle-").expect("a temporary folder");
        tls.write(folder.path()).expect("a folder of our own");
        std::fs::write(folder.path().join("authorities.pem"), &authority.pem).expect("a folder of our own");
        Self { authority, port: free_port(), tls, folder }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The keys of `idp.toml` that open it.
    pub fn overrides(&self) -> Table {
        let file = |name: &str| toml::Value::from(self.folder.path().join(name).display().to_string());
        let keys = [
            ("address", format!("127.0.0.1:{}", self.port).into()),
            ("public_url", self.url().into()),
            ("tls_certificate", file("tls.crt")),
            ("tls_key", file("tls.key")),
            ("authorities", file("authorities.pem")),
        ];
        let keys: Table = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Table::from_iter([("mtls".to_owned(), keys.into())])
    }

    /// A client that trusts the door alone, and presents this identity there.
    ///
    /// # Panics
    /// When the HTTP library cannot make one.
    pub fn client(&self, identity: Option<&Identity>) -> reqwest::Client {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let builder = builder.tls_certs_only([self.tls.authority().expect("a certificate")]);
        let builder = match identity {
            Some(identity) => builder.identity(identity.presented()),
            None => builder,
        };
        builder.build().expect("a client")
    }
}

/// A client whose connections come from another address of this machine.
///
/// # Panics
/// When the HTTP library cannot make one.
pub fn client_from(address: IpAddr) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.local_address(address).build().expect("a client")
}
