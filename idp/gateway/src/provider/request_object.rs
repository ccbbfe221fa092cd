//! Request objects (RFC 9101): opened with the client's keys, wherever those are, and with our own.

use domain::client::{ClientState, Registered};
use domain::jose::KeySet;
use domain::jose::jwe::DecryptionKey;
use domain::oidc::request::Incoming;
use domain::oidc::request_object::{Opening, Unopened};
use serde_json::{Value, json};
use store::seal::Vault;

use crate::app::App;

/// The key that relying parties encrypt request objects to: derived from the master key, so every node has it and none
/// keeps it (`decisions/0013`).
#[derive(Debug)]
pub(crate) struct RequestKey {
    key: DecryptionKey,
    jwk: Value,
}

impl RequestKey {
    /// The key of a vault.
    pub(crate) fn derived(vault: &Vault) -> Self {
        // A derived number that is no scalar of the curve (one of 2^32) gives way to the next.
        let key = (0_u32..)
            .find_map(|turn| DecryptionKey::from_scalar(&vault.derive(&format!("request-object-encryption-{turn}"))))
            .expect("one of the first numbers is below the order of the curve");
        let jwk = key.public_jwk().expect("a P-256 key has a public half");
        Self { key, jwk }
    }

    /// The JWKS of the signing keys with this key beside them.
    pub(super) fn published_in(&self, jwks: &[u8]) -> Vec<u8> {
        let mut set: Value = serde_json::from_slice(jwks).unwrap_or_else(|_| json!({"keys": []}));
        if let Some(keys) = set["keys"].as_array_mut() {
            keys.push(self.jwk.clone());
        }
        set.to_string().into_bytes()
    }
}

/// The request inside the object, when it comes as one. A client that is not served is told so by the checks.
pub(super) async fn opened(app: &App, incoming: Incoming, found: Option<&Registered>) -> Result<Incoming, Unopened> {
    let served = found.filter(|found| found.state == ClientState::Active && incoming.is_object());
    let Some(found) = served else { return Ok(incoming) };
    let fetched = app.client_keys.of(&found.client).await;
    let open = |keys: Option<&KeySet>| {
        let now = app.clock.now();
        incoming.opened(found, &Opening { issuer: app.issuer.as_str(), own: &app.request_key.key, fetched: keys, now })
    };
    let mut verdict = open(fetched.as_deref());
    if let (Err(fault), Some(seen)) = (&verdict, &fetched)
        && fault.may_be_a_newer_key()
        && let Some(newer) = app.client_keys.newer(&found.client, seen).await
    {
        verdict = open(Some(&newer));
    }
    verdict.inspect_err(|fault| tracing::info!(client = %found.client.id, %fault, "a request object is refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_same_on_every_node_and_another_under_another_master_key() {
        let kid = |master: u8| RequestKey::derived(&Vault::new(&[master; 32])).jwk["kid"].clone();
        assert_eq!(kid(1), kid(1));
        assert_ne!(kid(1), kid(2));
    }

    #[test]
    fn the_published_set_holds_the_public_half_alone() {
        let key = RequestKey::derived(&Vault::new(&[1; 32]));
        let set: Value = serde_json::from_slice(&key.published_in(br#"{"keys":[{"kid":"s"}]}"#)).expect("JSON");
        assert_eq!(set["keys"][0]["kid"], "s");
        assert_eq!(set["keys"][1]["use"], "enc");
        assert!(set["keys"][1].get("d").is_none());
    }
}
