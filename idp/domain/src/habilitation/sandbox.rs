//! The sandbox: clients of test hosts, and providers of made-up citizens, that meet one another alone.

use super::grant::{Environment, Habilitation};
use crate::client::{Client, ClientState, Registered};
use crate::id::HabilitationId;
use crate::level::Level;
use crate::organisation::host::{RedirectRefusal, sandbox_redirect};
use crate::organisation::siret::Siret;
use crate::secret::SecretDigest;
use crate::time::Timestamp;

/// A redirect URI that no sandbox client may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{uri}: a sandbox client is answered at loopback and at test hosts alone: {why}")]
pub struct NotForTests {
    /// The URI.
    pub uri: String,
    /// Why.
    pub why: RedirectRefusal,
}

/// Whether a client may be one of the sandbox: every address that a browser is sent to is of a test host.
pub fn fits(client: &Client) -> Result<(), NotForTests> {
    let uris = client.redirect_uris().iter().chain(client.post_logout_redirect_uris());
    for uri in uris {
        sandbox_redirect(uri).map_err(|why| NotForTests { uri: uri.clone(), why })?;
    }
    Ok(())
}

impl Registered {
    /// A sandbox client: to all that it names, at every level, with made-up citizens. The only way to one.
    pub fn sandboxed(
        client: Client,
        secret: Option<SecretDigest>,
        organisation: Option<Siret>,
        (id, from): (HabilitationId, Timestamp),
    ) -> Result<Self, NotForTests> {
        fits(&client)?;
        let habilitation = Habilitation {
            environment: Environment::Sandbox,
            organisation,
            level: Level::High,
            ..Habilitation::of_operator(&client, id, from)
        };
        Ok(Self { client, secrets: secret.into(), state: ClientState::Active, habilitation: Some(habilitation) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::id::ClientId;

    const NOW: Timestamp = Timestamp::from_epoch(1_000_000);

    fn sandboxed(redirect: &str, bye: &str) -> Result<Registered, NotForTests> {
        let metadata = json!({
            "client_name": "V", "redirect_uris": [redirect], "post_logout_redirect_uris": [bye],
        });
        let client = Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine");
        Registered::sandboxed(client, None, None, (HabilitationId::from_random([7; 16]), NOW))
    }

    #[test]
    fn a_sandbox_client_is_answered_at_loopback_and_test_hosts_alone() {
        let home = "http://127.0.0.1:8402/retour";
        for good in [home, "http://localhost:3000/cb", "https://mairie.test/cb", "https://demo.example/cb"] {
            let made = sandboxed(good, home).expect(good);
            let live = made.live(NOW, &Arc::default()).expect("in force").environment();
            assert_eq!(live, Environment::Sandbox);
        }
        for bad in ["https://ville.fr/cb", "https://test.ville.fr/cb", "https://127.0.0.1.nip.io/cb"] {
            assert_eq!(sandboxed(bad, home).expect_err(bad).uri, bad);
            assert_eq!(sandboxed(home, bad).expect_err(bad).uri, bad, "after a logout, too");
        }
    }
}
