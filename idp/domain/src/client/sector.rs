//! The sector that a client shares with others by a list that stands on the sector's own host (OIDC Core §8.1, OIDC
//! Registration §5).
//!
//! Whoever controls the host says which redirect URIs belong to it. A client that names a host without standing in its
//! list would be told the subjects of other services, so metadata that names one is read together with the list alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::Client;
use super::fields::MetadataError;
use super::redirect::check_redirect_uri;
use crate::id::Sector;

pub(super) const FIELD: &str = "sector_identifier_uri";

/// The most entries that a list may have.
const MAX_ENTRIES: usize = 1000;

/// Where the list of a sector stands: https, or http on loopback, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectorUri(Url);

/// The list of a sector, as it was fetched.
#[derive(Debug, Clone)]
pub struct SectorList {
    uri: SectorUri,
    redirect_uris: Vec<String>,
}

/// Where a client has its sector from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SectorSource {
    /// From the operator, or from its own id.
    #[default]
    Given,
    /// From the list on the host that the sector is named after.
    Listed,
}

/// What came is no list of redirect URIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON list of texts, or one of more than 1000 entries")]
pub struct NotAList;

impl SectorUri {
    /// The address that metadata names, to be fetched before the metadata can be read.
    pub fn of(metadata: &Value) -> Result<Option<Self>, MetadataError> {
        let Some(value) = metadata.get(FIELD) else { return Ok(None) };
        let text =
            value.as_str().ok_or_else(|| MetadataError::Type { field: FIELD.to_owned(), expected: "an address" })?;
        let refused =
            |fault| MetadataError::Redirect { field: FIELD.to_owned(), uri: text.chars().take(200).collect(), fault };
        check_redirect_uri(text).map_err(refused)?;
        Url::parse(text).map(|url| Some(Self(url))).map_err(|_| refused(super::RedirectFault::NotCanonical))
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    fn sector(&self) -> Result<Sector, MetadataError> {
        Sector::parse(self.0.host_str().unwrap_or_default()).map_err(|cause| MetadataError::Id(FIELD, cause))
    }
}

impl SectorList {
    /// Reads what stood at the address.
    pub fn read(uri: SectorUri, document: &Value) -> Result<Self, NotAList> {
        let entries = document.as_array().filter(|entries| entries.len() <= MAX_ENTRIES).ok_or(NotAList)?;
        let texts: Option<Vec<String>> = entries.iter().map(|entry| entry.as_str().map(str::to_owned)).collect();
        Ok(Self { uri, redirect_uris: texts.ok_or(NotAList)? })
    }
}

impl Client {
    /// Whether one of both has the sector by the list on its host, and the other by being called like that host: a name
    /// that whoever registers may choose gives no part in what a host vouches for.
    pub fn clashes_with(&self, other: &Self) -> bool {
        let takes = |listed: &Self, named: &Self| {
            listed.sector_source == SectorSource::Listed
                && named.sector_source == SectorSource::Given
                && named.sector.as_str() == named.id.as_str()
        };
        self.id != other.id && self.sector == other.sector && (takes(self, other) || takes(other, self))
    }
}

/// The sector that the fetched list gives a client with these redirect URIs: the host of the address, when every one of
/// them stands in the list, byte for byte.
pub(super) fn listed(
    metadata: &Value,
    list: Option<&SectorList>,
    redirect_uris: &[String],
) -> Result<Option<Sector>, MetadataError> {
    match (SectorUri::of(metadata)?, list) {
        (None, _) => Ok(None),
        (Some(uri), Some(list)) if list.uri == uri => {
            match redirect_uris.iter().find(|uri| !list.redirect_uris.contains(uri)) {
                None => uri.sector().map(Some),
                Some(missing) => Err(MetadataError::NotInSector(missing.clone())),
            }
        }
        (Some(_), Some(_) | None) => Err(MetadataError::SectorUnread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;
    use serde_json::json;

    const PLACE: &str = "https://secteur.example/liste.json";

    fn metadata() -> Value {
        json!({
            "client_name": "V", "sector_identifier_uri": PLACE,
            "redirect_uris": ["https://a.example/r", "https://b.example/r"],
        })
    }

    fn read(metadata: &Value, list: &Value) -> Result<Client, MetadataError> {
        let uri = SectorUri::of(metadata).expect("an address").expect("there");
        let list = SectorList::read(uri, list).expect("a list");
        Client::in_sector(metadata, Some(&list), || ClientId::parse("v").expect("plain"))
    }

    #[test]
    fn the_sector_is_the_host_when_every_redirect_uri_is_listed() {
        let full = json!(["https://c.example/r", "https://b.example/r", "https://a.example/r"]);
        assert_eq!(read(&metadata(), &full).expect("listed").sector.as_str(), "secteur.example");
        for partial in
            [json!([]), json!(["https://a.example/r"]), json!(["https://a.example/r", "https://b.example/R"])]
        {
            let refused = read(&metadata(), &partial).map(|client| client.sector);
            assert_eq!(
                refused,
                Err(MetadataError::NotInSector(
                    if partial.as_array().is_some_and(Vec::is_empty) {
                        "https://a.example/r"
                    } else {
                        "https://b.example/r"
                    }
                    .to_owned()
                ))
            );
        }
    }

    #[test]
    fn a_client_called_like_a_listed_host_has_no_part_in_its_sector() {
        let listed = read(&metadata(), &json!(["https://a.example/r", "https://b.example/r"])).expect("listed");
        let other = |change: Value| {
            let mut metadata = json!({"client_name": "V", "redirect_uris": ["https://c.example/r"]});
            for (name, value) in change.as_object().expect("an object") {
                metadata[name] = value.clone();
            }
            Client::from_metadata(&metadata, || ClientId::parse("other").expect("plain")).expect("fine")
        };
        let named = other(json!({"client_id": "secteur.example"}));
        assert!(named.clashes_with(&listed) && listed.clashes_with(&named));
        let given = other(json!({"passerelle": {"sector": "secteur.example"}}));
        assert!(!given.clashes_with(&listed), "the operator's word");
        assert!(!listed.clashes_with(&listed.clone()) && !other(json!({})).clashes_with(&listed));
        let mut kept = serde_json::to_value(&named).expect("plain data");
        kept.as_object_mut().expect("an object").remove("sector_source");
        let kept: Client = serde_json::from_value(kept).expect("yesterday's form");
        assert_eq!(kept.sector_source, SectorSource::Given);
    }

    #[test]
    fn a_sector_is_never_taken_without_its_own_list() {
        let named = metadata();
        let id = || ClientId::parse("v").expect("plain");
        assert_eq!(Client::from_metadata(&named, id).map(|client| client.sector), Err(MetadataError::SectorUnread));
        let mut other = metadata();
        other["sector_identifier_uri"] = json!("https://autre.example/liste.json");
        let uri = SectorUri::of(&other).expect("an address").expect("there");
        let list = SectorList::read(uri, &json!(["https://a.example/r", "https://b.example/r"])).expect("a list");
        let refused = Client::in_sector(&named, Some(&list), id).map(|client| client.sector);
        assert_eq!(refused, Err(MetadataError::SectorUnread));
        let mut both = metadata();
        both["passerelle"] = json!({"sector": "ailleurs"});
        let full = json!(["https://b.example/r", "https://a.example/r"]);
        assert!(matches!(read(&both, &full), Err(MetadataError::Both(_, _))));
    }

    #[test]
    fn what_is_no_list_and_no_address_is_refused() {
        let uri = || SectorUri::of(&metadata()).expect("an address").expect("there");
        for bad in [json!({}), json!("x"), json!(null), json!(["https://a.example/r", 1]), json!([["x"]])] {
            assert!(SectorList::read(uri(), &bad).is_err(), "{bad}");
        }
        assert!(SectorList::read(uri(), &json!(vec!["x"; 1001])).is_err());
        for bad in [json!(1), json!("http://secteur.example/"), json!("https://x.example/#y"), json!("file:///etc")] {
            let mut metadata = metadata();
            metadata["sector_identifier_uri"] = bad.clone();
            assert!(SectorUri::of(&metadata).is_err(), "{bad}");
        }
    }
}
