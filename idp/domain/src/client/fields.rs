//! Reads the fields of client metadata so that a wrong type is an error and never an absence.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Profile;
use super::redirect::{RedirectFault, check_redirect_uri};
use crate::id::{BadId, ProviderId};
use crate::jose::{BadKeySet, SigningAlgorithm};
use crate::oidc::certificate::{BadCertificateName, BadRegisteredCertificate};
use crate::oidc::resource::{BadResource, Resource, Resources};

/// Why client metadata was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A field that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field has the wrong JSON type.
    #[error("`{field}` must be {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A field that nobody knows.
    #[error("`{field}` is not a field of client metadata; known: {known}")]
    Field {
        /// The field.
        field: String,
        /// The known ones.
        known: String,
    },
    /// A value that is not among those supported.
    #[error("`{0}` holds a value that is not supported; supported: {1}")]
    Unknown(&'static str, &'static str),
    /// A scope that does not exist.
    #[error("scope: {0}")]
    Scope(String),
    /// A redirect URI that cannot be registered.
    #[error("`{uri}` in `{field}`: {fault}")]
    Redirect {
        /// The field.
        field: String,
        /// The URI.
        uri: String,
        /// What is wrong with it.
        fault: RedirectFault,
    },
    /// An identifier of the wrong form.
    #[error("`{0}`: {1}")]
    Id(&'static str, BadId),
    /// A key set that cannot be used.
    #[error("jwks: {0}")]
    Keys(BadKeySet),
    /// An encryption without `enc`, whose default is not supported.
    #[error("`{0}` must be A256GCM: the default of the standard, A128CBC-HS256, is not supported")]
    DefaultEncryption(&'static str),
    /// The keys in the metadata do not serve what it asks for.
    #[error("jwks: no key of the set serves {needs}, as `{field}` asks")]
    NoKey {
        /// The field.
        field: &'static str,
        /// What is to be done with a key.
        needs: &'static str,
    },
    /// Two fields that go one without the other.
    #[error("`{0}` and `{1}` go one without the other")]
    Both(&'static str, &'static str),
    /// A name that a certificate cannot bear, or not one name.
    #[error(transparent)]
    CertificateName(#[from] BadCertificateName),
    /// A key set without the certificates that the client is known by.
    #[error("jwks: {0}")]
    Certificates(BadRegisteredCertificate),
    /// The list of the sector was not fetched from where this metadata says.
    #[error("`sector_identifier_uri`: the list of the sector must be read first")]
    SectorUnread,
    /// A redirect URI that the list of the sector does not hold.
    #[error("`sector_identifier_uri`: {0} does not stand in the list of the sector")]
    NotInSector(String),
    /// A resource that is none.
    #[error("`{0}`: {1}")]
    Resource(&'static str, BadResource),
    /// A field that the profile does not allow as it is.
    #[error("`{field}` must be {must} under the profile {}", profile.name())]
    Profile {
        /// The profile.
        profile: Profile,
        /// The field.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
}

/// Reads JSON fields so that a wrong type is an error and never an absence.
pub(super) struct Fields<'a> {
    pub(super) map: &'a Map<String, Value>,
    path: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(value: &'a Value, path: &'static str, known: &[&str]) -> Result<Self, MetadataError> {
        let map = value.as_object().ok_or_else(|| MetadataError::Type {
            field: if path.is_empty() { "client metadata".to_owned() } else { path.trim_end_matches('.').to_owned() },
            expected: "a JSON object",
        })?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(field) => Err(MetadataError::Field { field: format!("{path}{field}"), known: known.join(", ") }),
            None => Ok(Self { map, path }),
        }
    }

    pub(super) fn wrong(&self, field: &str, expected: &'static str) -> MetadataError {
        MetadataError::Type { field: format!("{}{field}", self.path), expected }
    }

    pub(super) fn text(&self, field: &'static str) -> Result<Option<&'a str>, MetadataError> {
        match self.map.get(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a text that is not empty")),
        }
    }

    pub(super) fn texts(&self, field: &'static str) -> Result<Vec<String>, MetadataError> {
        match self.map.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(field, "a list of texts")))
                .collect(),
            Some(_) => Err(self.wrong(field, "a list of texts")),
        }
    }

    pub(super) fn uris(&self, field: &'static str) -> Result<Vec<String>, MetadataError> {
        let uris = self.texts(field)?;
        for uri in &uris {
            check_redirect_uri(uri).map_err(|fault| MetadataError::Redirect {
                field: field.to_owned(),
                uri: uri.clone(),
                fault,
            })?;
        }
        Ok(uris)
    }

    pub(super) fn uris_or_text(&self, field: &'static str) -> Result<Option<String>, MetadataError> {
        let Some(uri) = self.text(field)? else { return Ok(None) };
        check_redirect_uri(uri).map_err(|fault| MetadataError::Redirect {
            field: field.to_owned(),
            uri: uri.to_owned(),
            fault,
        })?;
        Ok(Some(uri.to_owned()))
    }

    pub(super) fn algorithm(&self, field: &'static str) -> Result<Option<SigningAlgorithm>, MetadataError> {
        self.text(field)?
            .map(|name| {
                SigningAlgorithm::parse(name).ok_or(MetadataError::Unknown(field, "ES256, PS256, EdDSA, RS256"))
            })
            .transpose()
    }

    pub(super) fn providers(&self, field: &'static str) -> Result<BTreeSet<ProviderId>, MetadataError> {
        self.texts(field)?
            .iter()
            .map(|id| ProviderId::parse(id).map_err(|cause| MetadataError::Id(field, cause)))
            .collect()
    }

    /// A field that is true or false.
    pub(super) fn flag(&self, field: &'static str) -> Result<Option<bool>, MetadataError> {
        match self.map.get(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }

    pub(super) fn resource(&self, field: &'static str) -> Result<Option<Resource>, MetadataError> {
        self.text(field)?
            .map(|text| Resource::parse(text).map_err(|cause| MetadataError::Resource(field, cause)))
            .transpose()
    }

    pub(super) fn resources(&self, field: &'static str) -> Result<Resources, MetadataError> {
        self.texts(field)?
            .iter()
            .map(|text| Resource::parse(text).map_err(|cause| MetadataError::Resource(field, cause)))
            .collect()
    }
}
