//! Where a relying party wants to be told that a session has ended (OIDC Back-Channel Logout §2.2).

use serde::{Deserialize, Serialize};
use url::Url;

use super::fields::{Fields, MetadataError};
use super::redirect::{RedirectFault, check_redirect_uri};

/// How a relying party is told that a session of one of its citizens has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackchannelLogout {
    /// Where its logout tokens are sent.
    pub uri: LogoutUri,
    /// Whether it needs the session named.
    pub session: SessionRule,
}

/// Whether a logout token must name the session (`backchannel_logout_session_required`). Ours always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionRule {
    /// It must.
    Required,
    /// It may.
    Optional,
}

/// The address that logout tokens are sent to: https, or http on loopback, in canonical form, without a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogoutUri(Url);

impl LogoutUri {
    /// Reads an address by the rules for redirect URIs: nothing that parsing would rewrite.
    pub fn parse(text: &str) -> Result<Self, RedirectFault> {
        check_redirect_uri(text)?;
        Url::parse(text).map(Self).map_err(|_| RedirectFault::NotCanonical)
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

pub(super) const URI: &str = "backchannel_logout_uri";
pub(super) const SESSION_REQUIRED: &str = "backchannel_logout_session_required";

impl Fields<'_> {
    /// Reads how the relying party is told of a logout.
    pub(super) fn backchannel_logout(&self) -> Result<Option<BackchannelLogout>, MetadataError> {
        let session = match self.flag(SESSION_REQUIRED)? {
            Some(true) => SessionRule::Required,
            Some(false) | None => SessionRule::Optional,
        };
        let Some(text) = self.text(URI)? else {
            return match session {
                SessionRule::Required => Err(MetadataError::Missing(URI)),
                SessionRule::Optional => Ok(None),
            };
        };
        let uri = LogoutUri::parse(text).map_err(|fault| MetadataError::Redirect {
            field: URI.to_owned(),
            uri: text.to_owned(),
            fault,
        })?;
        Ok(Some(BackchannelLogout { uri, session }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::Client;
    use crate::id::ClientId;

    fn read(extra: &Value) -> Result<Client, MetadataError> {
        let mut metadata = json!({ "client_name": "Ville", "redirect_uris": ["https://ville.example/retour"] });
        for (key, value) in extra.as_object().expect("an object") {
            metadata[key] = value.clone();
        }
        Client::from_metadata(&metadata, || ClientId::parse("made").expect("plain"))
    }

    #[test]
    fn a_client_says_where_it_is_told_of_a_logout() {
        assert_eq!(read(&json!({})).expect("fine").backchannel_logout, None);
        for (required, session) in [(true, SessionRule::Required), (false, SessionRule::Optional)] {
            let client = read(&json!({
                "backchannel_logout_uri": "https://ville.example/logout?site=1",
                "backchannel_logout_session_required": required,
            }))
            .expect("fine");
            let told = client.backchannel_logout.expect("registered");
            assert_eq!(told.uri.url().as_str(), "https://ville.example/logout?site=1");
            assert_eq!(told.session, session);
        }
        assert!(read(&json!({ "backchannel_logout_uri": "http://localhost:8400/logout" })).is_ok());
    }

    #[test]
    fn an_address_that_cannot_be_told_is_not_registered() {
        for bad in [
            json!({ "backchannel_logout_uri": "http://ville.example/logout" }),
            json!({ "backchannel_logout_uri": "https://ville.example/logout#here" }),
            json!({ "backchannel_logout_uri": "https://ville.example/a/../logout" }),
            json!({ "backchannel_logout_uri": "https://user:pass@ville.example/logout" }),
            json!({ "backchannel_logout_uri": ["https://ville.example/logout"] }),
            json!({ "backchannel_logout_uri": "" }),
            json!({ "backchannel_logout_uri": "https://ville.example/logout", "backchannel_logout_session_required": "yes" }),
            json!({ "backchannel_logout_session_required": true }),
        ] {
            let fault = read(&bad).expect_err("refused").to_string();
            assert!(fault.contains("backchannel_logout_"), "{bad}: {fault}");
        }
    }

    #[test]
    fn a_client_kept_before_the_field_existed_is_told_of_no_logout() {
        let mut kept = serde_json::to_value(read(&json!({})).expect("fine")).expect("JSON");
        kept.as_object_mut().expect("an object").remove("backchannel_logout");
        let client: Client = serde_json::from_value(kept).expect("yesterday's record");
        assert_eq!(client.backchannel_logout, None);
    }
}
