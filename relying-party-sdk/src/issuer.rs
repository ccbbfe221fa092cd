//! The gateway's name, and which addresses may be used in its name.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::Error;
use crate::http::Reach;

/// The gateway's issuer, kept letter by letter: it is compared as text, never as a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |wanted| Error::Setting { name: "issuer", seen: text.to_owned(), wanted };
        let url = Url::parse(text).map_err(|_| wrong("give the absolute URL of the gateway"))?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("an issuer has no user, no query and no fragment (OpenID Connect Discovery 1.0 §3)"));
        }
        if !is_protected(&url) {
            return Err(wrong("use https; http is taken on loopback only"));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn reach(&self) -> Reach {
        if self.url.scheme() == "http" { Reach::Loopback } else { Reach::Internet }
    }

    /// Where its discovery document is (OpenID Connect Discovery 1.0 §4.1).
    pub(crate) fn discovery(&self) -> Result<Url, Error> {
        let text = format!("{}/.well-known/openid-configuration", self.text.trim_end_matches('/'));
        Url::parse(&text).map_err(|_| Error::Setting {
            name: "issuer",
            seen: self.text.clone(),
            wanted: "give the absolute URL of the gateway",
        })
    }

    /// Whether an endpoint of this gateway may be called or redirected to: `https`, or like the gateway itself
    /// on loopback, and without a fragment (RFC 6749 §3.1).
    pub(crate) fn may_use(&self, endpoint: &Url) -> bool {
        let protected = match self.reach() {
            Reach::Internet => endpoint.scheme() == "https",
            Reach::Loopback => is_protected(endpoint),
        };
        protected && endpoint.fragment().is_none()
    }
}

/// `https`, or `http` that cannot leave this machine.
pub(crate) fn is_protected(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_gateway_cannot_name_plain_http_endpoints() {
        let internet = Issuer::parse("https://gateway.example").expect("a good issuer");
        let loopback = Issuer::parse("http://127.0.0.1:8401").expect("a good issuer");
        let plain = Url::parse("http://127.0.0.1:8401/token").expect("a URL");
        let elsewhere = Url::parse("http://gateway.example/token").expect("a URL");
        assert!(!internet.may_use(&plain));
        assert!(loopback.may_use(&plain));
        assert!(!loopback.may_use(&elsewhere));
    }
}
