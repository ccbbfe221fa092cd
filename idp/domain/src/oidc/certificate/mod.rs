//! The certificate of a client (RFC 8705): what a TLS handshake proved its holder has the key of.
//!
//! ```text
//!  handshake, or header of a trusted proxy ──▶ ClientCertificate ──┬── tls_client_auth: Chain::Trusted, a registered name
//!              (gateway)                        (parsed once)      ├── self_signed_tls_client_auth: a registered x5c
//!                                                                  └── bound tokens: x5t#S256
//! ```
//!
//! That the holder has the key is for whoever makes a [`ClientCertificate`] to know: nothing here checks a signature.

mod distinguished;
mod name;
mod registered;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::binding::Thumbprint;
use crate::time::Timestamp;
use distinguished::DistinguishedName;

pub use distinguished::BadDistinguishedName;
pub use name::{BadCertificateName, CertificateName};
pub use registered::{BadRegisteredCertificate, RegisteredCertificates};

/// The longest certificate that is looked at, in bytes: several times what authorities issue.
pub const MAX_CERTIFICATE: usize = 16_384;

/// What is known of the chain above a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// It leads to an authority that the configuration trusts for client certificates.
    Trusted,
    /// It leads nowhere that is trusted: self-signed, or of an authority we do not know.
    Unknown,
}

/// A certificate whose holder proved to have its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: Thumbprint,
    chain: Chain,
    /// The first and the last second of its life.
    validity: (Timestamp, Timestamp),
    subject: DistinguishedName,
    alternatives: Vec<Alternative>,
}

/// A subject alternative name of the kinds that clients can be known by (RFC 8705 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Alternative {
    Dns(String),
    Uri(String),
    Ip(IpAddr),
    Email(String),
}

/// Bytes that are no certificate, or one of more than 16 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate")]
pub struct BadCertificate;

impl ClientCertificate {
    /// Reads a certificate in DER form (RFC 5280 §4.1). Anything after it refuses it.
    pub fn parse(der: &[u8], chain: Chain) -> Result<Self, BadCertificate> {
        if der.len() > MAX_CERTIFICATE {
            return Err(BadCertificate);
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| BadCertificate)?;
        if !rest.is_empty() {
            return Err(BadCertificate);
        }
        let validity = parsed.validity();
        // An extension that stands twice or cannot be read refuses the certificate: which one counts is anyone's guess.
        let alternatives = parsed.subject_alternative_name().map_err(|_| BadCertificate)?;
        let alternatives = alternatives.map(|found| found.value.general_names.iter().filter_map(alternative).collect());
        Ok(Self {
            thumbprint: Thumbprint::of(der),
            chain,
            validity: (
                Timestamp::from_epoch(validity.not_before.timestamp()),
                Timestamp::from_epoch(validity.not_after.timestamp()),
            ),
            subject: DistinguishedName::of(parsed.subject()),
            alternatives: alternatives.unwrap_or_default(),
        })
    }

    /// What tokens are bound to (RFC 8705 §3.1, `x5t#S256`).
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The last second of its life.
    pub const fn ends(&self) -> Timestamp {
        self.validity.1
    }

    /// What is known of the chain above it.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// Whether `now` lies within its life, both ends included (RFC 5280 §4.1.2.5).
    fn is_valid_at(&self, now: Timestamp) -> bool {
        self.validity.0 <= now && now <= self.validity.1
    }

    /// Whether it proves a client of `tls_client_auth` that registered `name` (RFC 8705 §2.1).
    pub fn proves_name(&self, name: &CertificateName, now: Timestamp) -> bool {
        self.chain == Chain::Trusted && self.is_valid_at(now) && name.is_borne_by(self)
    }

    /// Whether it proves a client of `self_signed_tls_client_auth` that registered these (RFC 8705 §2.2). Whatever
    /// chain it has is not looked at.
    pub fn is_one_of(&self, registered: &RegisteredCertificates, now: Timestamp) -> bool {
        self.is_valid_at(now) && registered.holds(&self.thumbprint)
    }
}

fn alternative(name: &GeneralName<'_>) -> Option<Alternative> {
    match name {
        GeneralName::DNSName(name) => Some(Alternative::Dns((*name).to_owned())),
        GeneralName::URI(uri) => Some(Alternative::Uri((*uri).to_owned())),
        GeneralName::RFC822Name(address) => Some(Alternative::Email((*address).to_owned())),
        GeneralName::IPAddress(octets) => ip(octets).map(Alternative::Ip),
        GeneralName::OtherName(..)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

/// Four octets or sixteen (RFC 5280 §4.2.1.6).
fn ip(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(|four| IpAddr::V4(Ipv4Addr::from(four)));
    let sixteen = <[u8; 16]>::try_from(octets).map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen)));
    four.or(sixteen).ok()
}
