//! The public keys of a client: in its metadata, or where its metadata says.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Client;
use super::redirect::check_redirect_uri;
use crate::jose::KeySet;
use crate::time::Timestamp;

/// Where the public keys of a client are (RFC 7591 §2, `jwks` and `jwks_uri`: one or none).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// It has none.
    #[default]
    None,
    /// In its metadata.
    Inline(KeySet),
    /// At an address of its own, fetched and kept for a while.
    At(KeysUri),
}

impl ClientKeys {
    /// The key set: the one in the metadata, or the one that was fetched from where the metadata says.
    pub const fn set<'a>(&'a self, fetched: Option<&'a KeySet>) -> Option<&'a KeySet> {
        match self {
            Self::None => None,
            Self::Inline(set) => Some(set),
            Self::At(_) => fetched,
        }
    }
}

impl Client {
    /// The keys in its metadata by their thumbprints (RFC 7638), each with the last second of the certificate that stands with
    /// it (`x5c`), where one does.
    pub fn inline_keys(&self) -> Vec<(String, Option<Timestamp>)> {
        match &self.keys {
            ClientKeys::Inline(set) => set.keys(),
            ClientKeys::None | ClientKeys::At(_) => Vec::new(),
        }
    }
}

/// The address of a client's key set: https, or http on loopback, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeysUri(Url);

impl KeysUri {
    /// Reads an address by the rules for redirect URIs: nothing that parsing would rewrite.
    pub fn parse(text: &str) -> Result<Self, super::RedirectFault> {
        check_redirect_uri(text)?;
        Url::parse(text).map(Self).map_err(|_| super::RedirectFault::NotCanonical)
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }
}
