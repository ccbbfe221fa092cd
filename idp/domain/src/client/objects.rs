//! How a client sends its authorization requests as objects (RFC 9101 §10.5, OIDC Registration §2).

use serde::{Deserialize, Serialize};

use super::fields::{Fields, MetadataError};
use super::{Client, ClientKeys};
use crate::jose::SigningAlgorithm;
use crate::jose::jwe::KeyAlgorithm;

/// What a client registered about its request objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestObjects {
    /// Whether it must send one.
    pub rule: ObjectRule,
    /// The one algorithm they are signed with; without one, any that the profile allows.
    pub signing: Option<SigningAlgorithm>,
    /// How their key is encrypted, for a client that may encrypt them.
    pub encryption: Option<KeyAlgorithm>,
}

/// Whether requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectRule {
    /// They may.
    #[default]
    Optional,
    /// They must (RFC 9101 §10.5, `require_signed_request_object`).
    Signed,
}

impl Client {
    /// The algorithms that its request objects may be signed with.
    pub fn request_object_algorithms(&self) -> impl Iterator<Item = SigningAlgorithm> {
        let registered = self.request_objects.signing;
        self.profile.algorithms().filter(move |algorithm| registered.is_none_or(|one| one == *algorithm))
    }
}

impl Fields<'_> {
    /// What the metadata says of request objects.
    pub(super) fn request_objects(&self) -> Result<RequestObjects, MetadataError> {
        let encryption = self.encrypted("request_object_encryption_alg", "request_object_encryption_enc")?;
        let rule = match self.flag("require_signed_request_object")? {
            Some(true) => ObjectRule::Signed,
            Some(false) | None => ObjectRule::Optional,
        };
        Ok(RequestObjects { rule, signing: self.algorithm("request_object_signing_alg")?, encryption })
    }
}

/// Refuses a client whose own keys verify no request object, though it registered that it sends some.
pub(super) fn check_keys(client: &Client) -> Result<(), MetadataError> {
    let RequestObjects { rule, signing, encryption } = client.request_objects;
    if rule == ObjectRule::Optional && signing.is_none() && encryption.is_none() {
        return Ok(());
    }
    match &client.keys {
        ClientKeys::None => Err(MetadataError::Missing("jwks or jwks_uri")),
        ClientKeys::Inline(keys) if !client.request_object_algorithms().any(|algorithm| keys.verifies(algorithm)) => {
            Err(MetadataError::NoKey { field: "request_object_signing_alg", needs: "signatures of request objects" })
        }
        ClientKeys::Inline(_) | ClientKeys::At(_) => Ok(()),
    }
}
