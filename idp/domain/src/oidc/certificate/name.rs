//! The one name by which a client of `tls_client_auth` is known (RFC 8705 §2.1.2).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::distinguished::{BadDistinguishedName, DistinguishedName};
use super::{Alternative, ClientCertificate};

/// The name that the certificate of a client bears: its subject, or one of its alternative names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct CertificateName {
    written: Written,
    expected: Expected,
}

/// As it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    field: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Subject(DistinguishedName),
    Alternative(Alternative),
}

/// Why a client cannot be known by what was registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificateName {
    /// None of the fields is there.
    #[error("tls_client_auth needs one of {}", CertificateName::FIELDS.join(", "))]
    Missing,
    /// Two of them, or more.
    #[error("tls_client_auth takes one name: give one of `{0}` and `{1}`")]
    Several(&'static str, &'static str),
    /// One of them is not text.
    #[error("`{0}` must be a text")]
    Type(&'static str),
    /// The subject is not written as RFC 4514 says.
    #[error("`tls_client_auth_subject_dn` {0}")]
    Subject(#[from] BadDistinguishedName),
    /// An alternative name that no certificate bears.
    #[error("`{0}` must be {1}")]
    Alternative(&'static str, &'static str),
    /// A field that is none of these.
    #[error("not a field of tls_client_auth")]
    Field,
}

impl CertificateName {
    /// The fields of client metadata that hold such a name.
    pub const FIELDS: [&str; 5] = [
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ];

    /// Reads the one name in client metadata: exactly one of the fields.
    pub fn from_metadata(metadata: &Map<String, Value>) -> Result<Self, BadCertificateName> {
        let mut given = Self::FIELDS.into_iter().filter_map(|field| Some((field, metadata.get(field)?)));
        let (field, value) = given.next().ok_or(BadCertificateName::Missing)?;
        if let Some((other, _)) = given.next() {
            return Err(BadCertificateName::Several(field, other));
        }
        Self::parse(field, value.as_str().ok_or(BadCertificateName::Type(field))?)
    }

    /// Reads what stands in one field.
    pub fn parse(field: &str, value: &str) -> Result<Self, BadCertificateName> {
        let alternative = |fits: bool, rule, made: Alternative, field| {
            if fits { Ok(Expected::Alternative(made)) } else { Err(BadCertificateName::Alternative(field, rule)) }
        };
        let [subject, dns, uri, ip, email] = Self::FIELDS;
        let text = value.to_owned();
        let expected = if field == subject {
            Expected::Subject(DistinguishedName::parse(value)?)
        } else if field == dns {
            // One host: an asterisk would stand for many.
            alternative(is_host(value), "the name of a host", Alternative::Dns(text), dns)?
        } else if field == uri {
            alternative(url::Url::parse(value).is_ok(), "an absolute URI", Alternative::Uri(text), uri)?
        } else if field == ip {
            let address: IpAddr =
                value.parse().map_err(|_| BadCertificateName::Alternative(ip, "an IPv4 or IPv6 address"))?;
            Expected::Alternative(Alternative::Ip(address))
        } else if field == email {
            let fits = value.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_host(domain));
            alternative(fits, "an e-mail address", Alternative::Email(text), email)?
        } else {
            return Err(BadCertificateName::Field);
        };
        Ok(Self { written: Written { field: field.to_owned(), value: value.to_owned() }, expected })
    }

    /// The field it stands in.
    pub fn field(&self) -> &str {
        &self.written.field
    }

    /// The name as registered.
    pub fn value(&self) -> &str {
        &self.written.value
    }

    /// Whether the certificate bears this name; that it is trusted is another question.
    pub(super) fn is_borne_by(&self, certificate: &ClientCertificate) -> bool {
        match &self.expected {
            Expected::Subject(subject) => certificate.subject == *subject,
            Expected::Alternative(expected) => certificate.alternatives.iter().any(|borne| same_name(expected, borne)),
        }
    }
}

/// Hosts are compared without case (RFC 5280 §7.2, §7.5), all else as it is.
fn same_name(expected: &Alternative, borne: &Alternative) -> bool {
    match (expected, borne) {
        (Alternative::Dns(expected), Alternative::Dns(borne)) => expected.eq_ignore_ascii_case(borne),
        (Alternative::Email(expected), Alternative::Email(borne)) => {
            let parts = (expected.rsplit_once('@'), borne.rsplit_once('@'));
            let (Some((local, domain)), Some((other_local, other_domain))) = parts else { return false };
            local == other_local && domain.eq_ignore_ascii_case(other_domain)
        }
        (Alternative::Uri(expected), Alternative::Uri(borne)) => expected == borne,
        (Alternative::Ip(expected), Alternative::Ip(borne)) => expected == borne,
        (Alternative::Dns(_) | Alternative::Uri(_) | Alternative::Ip(_) | Alternative::Email(_), _) => false,
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

impl TryFrom<Written> for CertificateName {
    type Error = BadCertificateName;

    fn try_from(written: Written) -> Result<Self, BadCertificateName> {
        Self::parse(&written.field, &written.value)
    }
}

impl From<CertificateName> for Written {
    fn from(name: CertificateName) -> Self {
        name.written
    }
}
