//! The issuer: the one address everything is built from. A configured constant, never taken from a header.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// The gateway's issuer identifier (OIDC Discovery §3): scheme, host and port, without a path or trailing slash.
/// http is for loopback only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Parses an issuer.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "such as \"https://connexion.example.fr\"";
        let url = Url::parse(text).map_err(|error| format!("is not an address ({error}), {EXAMPLE}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(format!("must be an https address, {EXAMPLE}"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must have neither query nor fragment (OIDC Discovery §3)".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have neither user name nor password".to_owned());
        }
        if text.ends_with('/') {
            return Err("must not end with a slash".to_owned());
        }
        if url.path() != "/" {
            return Err("must have no path: the gateway serves from the root of its host".to_owned());
        }
        if url.as_str().trim_end_matches('/') != text {
            return Err(format!(
                "is not in its plain form: write \"{}\" (lower case, no default port)",
                url.as_str().trim_end_matches('/')
            ));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err("must be https: plain http is for loopback only".to_owned());
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The issuer identifier, byte for byte as configured.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The absolute address of a path of the gateway; `path` begins with a slash.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether browsers reach the gateway over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the issuer is on the loopback interface: a sandbox, with rules to match.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether the host of an address is this machine, by name or number.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_loopback_and_nothing_but_scheme_host_and_port() {
        for good in [
            "https://connexion.example.fr",
            "https://connexion.example.fr:8443",
            "http://127.0.0.1:8401",
            "http://localhost:1",
            "http://[::1]:2",
        ] {
            assert_eq!(Issuer::parse(good).expect(good).as_str(), good);
        }
        for bad in [
            "",
            "connexion.example.fr",
            "http://connexion.example.fr",
            "https://connexion.example.fr/",
            "https://a.example/x",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://u:p@a.example",
            "HTTPS://a.example",
            "https://A.example",
            "https://a.example:443",
            "ftp://a.example",
            "http://127.0.0.1.example",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }
}
