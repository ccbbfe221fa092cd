//! A passkey device inside the browser: Chromium's virtual authenticator (Web Authentication §12.1), through its DevTools
//! protocol.

use anyhow::Context as _;
use serde_json::json;

use super::Browser;

/// An authenticator that holds passkeys and verifies who holds it, without a hand.
#[derive(Debug)]
pub struct Authenticator<'a> {
    browser: &'a Browser,
    id: String,
}

impl Browser {
    /// Plugs in an authenticator: one built into the machine, that verifies its user.
    pub async fn authenticator(&self) -> anyhow::Result<Authenticator<'_>> {
        let cdp = self.driver.cdp();
        cdp.send_raw("WebAuthn.enable", json!({"enableUI": false})).await?;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        let added = cdp.send_raw("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await?;
        let id = added["authenticatorId"].as_str().context("an authenticator has an id")?.to_owned();
        Ok(Authenticator { browser: self, id })
    }
}

impl Authenticator<'_> {
    /// Lets it find the right finger from now on, or the wrong one.
    pub async fn verifies(&self, verified: bool) -> anyhow::Result<()> {
        let set = json!({"authenticatorId": self.id, "isUserVerified": verified});
        self.browser.driver.cdp().send_raw("WebAuthn.setUserVerified", set).await?;
        Ok(())
    }

    /// How many passkeys it holds.
    pub async fn passkeys(&self) -> anyhow::Result<usize> {
        let asked = json!({"authenticatorId": self.id});
        let held = self.browser.driver.cdp().send_raw("WebAuthn.getCredentials", asked).await?;
        Ok(held["credentials"].as_array().map_or(0, Vec::len))
    }
}
