//! The key that relying parties encrypt request objects to.

use domain::jose::jwe::DecryptionKey;
use serde_json::Value;
use store::seal::Vault;

/// The key that relying parties encrypt request objects to: derived from the master key, so every node has it and none
/// keeps it (`decisions/0013`).
#[derive(Debug)]
pub(crate) struct RequestKey {
    key: DecryptionKey,
    jwk: Value,
}

impl RequestKey {
    /// The key of a vault.
    pub(super) fn derived(vault: &Vault) -> Self {
        // A derived number that is no scalar of the curve (one of 2^32) gives way to the next.
        let key = (0_u32..)
            .find_map(|turn| DecryptionKey::from_scalar(&vault.derive(&format!("request-object-encryption-{turn}"))))
            .expect("one of the first numbers is below the order of the curve");
        let jwk = key.public_jwk().expect("a P-256 key has a public half");
        Self { key, jwk }
    }

    /// The private half.
    pub(crate) fn private(&self) -> &DecryptionKey {
        &self.key
    }

    /// The public half, as the JWKS shows it.
    pub(super) fn public(&self) -> &Value {
        &self.jwk
    }
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
}
