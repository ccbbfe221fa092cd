//! The keys that relying parties encrypt request objects to (`decisions/0013`).

use domain::id::Kid;
use domain::jose::jwe::{DecryptionKey, Undecipherable};
use domain::oidc::request_object::RequestKeys;
use serde_json::Value;
use store::StoreError;
use store::registry::Registry;
use store::seal::Vault;

use crate::clock::Clock;

/// The keys that relying parties encrypt request objects to: one derived from the master key, so every node has it and
/// none keeps it, and one of RSA, which the registry keeps.
#[derive(Debug)]
pub(crate) struct PublishedKeys {
    keys: RequestKeys,
    jwks: [Value; 2],
}

/// The keys of request objects cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRequestKeys {
    /// The registry does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it keeps is no key, or none could be made.
    #[error("the RSA key of request objects cannot be made or read")]
    Unusable,
}

impl PublishedKeys {
    /// The keys of a gateway; the RSA key is made when the registry has none.
    pub(super) async fn obtain(registry: &Registry, vault: &Vault, clock: &Clock) -> Result<Self, NoRequestKeys> {
        let keys = RequestKeys { agreement: derived(vault), transport: kept(registry, clock).await? };
        let jwk = |key: &DecryptionKey| key.public_jwk().ok_or(NoRequestKeys::Unusable);
        let jwks = [jwk(&keys.agreement)?, jwk(&keys.transport)?];
        Ok(Self { keys, jwks })
    }

    /// The private halves.
    pub(crate) fn private(&self) -> &RequestKeys {
        &self.keys
    }

    /// The public halves, as the JWKS shows them.
    pub(super) fn public(&self) -> &[Value] {
        &self.jwks
    }
}

fn derived(vault: &Vault) -> DecryptionKey {
    // A derived number that is no scalar of the curve (one of 2^32) gives way to the next.
    (0_u32..)
        .find_map(|turn| DecryptionKey::from_scalar(&vault.derive(&format!("request-object-encryption-{turn}"))))
        .expect("one of the first numbers is below the order of the curve")
}

/// The one that is kept: this node's, or of the node that was first.
async fn kept(registry: &Registry, clock: &Clock) -> Result<DecryptionKey, NoRequestKeys> {
    if registry.request_key().await?.is_none() {
        let der =
            tokio::task::spawn_blocking(DecryptionKey::generate_rsa).await.map_err(|_| NoRequestKeys::Unusable)??;
        let kid = DecryptionKey::from_pkcs8(&der)?.public_jwk();
        let kid = kid.and_then(|jwk| Kid::parse(jwk["kid"].as_str()?).ok()).ok_or(NoRequestKeys::Unusable)?;
        let _put = registry.keep_request_key(&kid, &der, clock.now()).await?;
    }
    let der = registry.request_key().await?.ok_or(NoRequestKeys::Unusable)?;
    Ok(DecryptionKey::from_pkcs8(&der)?)
}

impl From<Undecipherable> for NoRequestKeys {
    fn from(Undecipherable: Undecipherable) -> Self {
        Self::Unusable
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::time::Timestamp;
    use store::registry::Location;

    use super::*;

    #[tokio::test]
    async fn the_keys_are_the_same_on_every_node_and_others_under_another_master_key() {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::manual(Timestamp::from_epoch(1)));
        let kids = |master: u8| {
            let location = Location::Sqlite(folder.path().join(format!("{master}.sqlite")));
            let vault = Arc::new(Vault::new(&[master; 32]));
            let clock = clock.clone();
            async move {
                let registry = Registry::migrate(&location, Arc::clone(&vault)).await.expect("a registry");
                let keys = PublishedKeys::obtain(&registry, &vault, &clock).await.expect("keys");
                keys.jwks.map(|jwk| jwk["kid"].clone())
            }
        };
        let (one, again, other) = (kids(1).await, kids(1).await, kids(2).await);
        assert_eq!(one, again);
        assert!(one.iter().all(|kid| !other.contains(kid)) && one[0] != one[1], "{one:?} {other:?}");
    }
}
