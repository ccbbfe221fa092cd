//! Resource indicators (RFC 8707): for which data provider an access token is meant.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

/// The identifier of a resource server (RFC 8707 §2): an absolute https URI without a fragment, compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource(String);

/// A text is no resource identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a resource is an https URI without fragment and of at most 512 bytes; http on loopback")]
pub struct BadResource;

impl Resource {
    /// Reads a resource identifier.
    pub fn parse(text: &str) -> Result<Self, BadResource> {
        let url = Url::parse(text).map_err(|_| BadResource)?;
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let scheme = url.scheme() == "https" || url.scheme() == "http" && loopback;
        if text.len() > 512 || !text.is_ascii() || !scheme || url.fragment().is_some() || !url.username().is_empty() {
            return Err(BadResource);
        }
        Ok(Self(text.to_owned()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Resource {
    type Error = BadResource;

    fn try_from(text: String) -> Result<Self, BadResource> {
        Self::parse(&text)
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.0
    }
}

/// A set of resource servers.
pub type Resources = BTreeSet<Resource>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_https_uri_without_fragment() {
        for good in ["https://api.example", "https://api.example/v1?x=1", "http://127.0.0.1:9/api"] {
            assert!(Resource::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "api", "http://api.example", "https://api.example/#x", "https://u@api.example", "urn:x:y"] {
            assert!(Resource::parse(bad).is_err(), "{bad}");
        }
    }
}
