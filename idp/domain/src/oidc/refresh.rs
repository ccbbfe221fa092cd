//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14): access while the citizen is away, for relying parties that may have it
//! and citizens who granted it.
//!
//! ```text
//!  code ──▶ family ─┬─ refresh token 1 ──rotates──▶ refresh token 2 ──rotates──▶ …
//!                   └─ every access token of it
//!  a token that was rotated away comes back ──▶ the family is gone, and with it all of them
//! ```
//!
//! Every client here proves who it is, and a refresh token is bound to that (RFC 8705 §7.1, RFC 9449 §5): the access
//! tokens alone are bound to the key or the certificate that comes with the call, in the way that the first one was. A
//! client that renews its certificate keeps what its citizens granted (decisions/0018).
//!
//! A refresh token of bound access tokens is not rotated: FAPI 2.0 §5.3.2.1-9 forbids it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::client_auth::HabilitatedClient;
use super::code::Grant;
use super::error::{GrantFault, TokenError};
use super::parameters::Parameters;
use super::sharing::Target;
use super::token::Issued;
use crate::claims::scopes::Scope;
use crate::client::{Client, Profile, RefreshRule};
use crate::id::ClientId;
use crate::secret::Bearer;
use crate::time::{Lifetime, Timestamp};

/// The scope that asks for refresh tokens (OIDC Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// A family of tokens is alive while this is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family;

/// What is kept under a refresh token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshToken {
    /// It may be used.
    Live(Box<Standing>),
    /// It was rotated away: whoever presents it again is not the one who got the next one, or lost it to somebody.
    Rotated {
        /// What ends then.
        family: Bearer<Family>,
        /// Whose it was.
        client: ClientId,
    },
}

/// What a refresh token stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standing {
    /// What the citizen granted.
    pub grant: Grant,
    /// What its first access token was bound to: in the same way are all after it.
    pub binding: Binding,
    /// Its family.
    pub family: Bearer<Family>,
    /// When the family ends; no refresh moves it.
    pub ends: Timestamp,
}

/// Whether a refresh token is replaced at each use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is.
    Rotates,
    /// It is not.
    Stays,
}

/// A refresh token that was presented.
#[derive(Debug)]
pub struct Refresh {
    scopes: Option<BTreeSet<Scope>>,
    target: Target,
}

/// A refresh token that nobody knows: never issued, expired or revoked.
pub const UNKNOWN: TokenError = TokenError::InvalidGrant(GrantFault::RefreshUnknown);

/// A refresh token that was rotated away.
pub const REPLAYED: TokenError = TokenError::InvalidGrant(GrantFault::RefreshReplayed);

/// The citizen's account, the provider or the relying party no longer stand as they did.
pub const NO_LONGER: TokenError = TokenError::InvalidGrant(GrantFault::NoLonger);

impl Refresh {
    /// Reads the form of the token endpoint.
    pub fn read(form: &Parameters) -> Result<(Self, Bearer<RefreshToken>), TokenError> {
        let one = |name| form.one(name).map_err(|_| TokenError::InvalidRequest("a parameter was sent more than once"));
        let token = one("refresh_token")?.ok_or(TokenError::InvalidRequest("refresh_token is missing"))?;
        let token = Bearer::parse(token).ok_or(UNKNOWN)?;
        let words = |text: &str| text.split(' ').filter(|word| *word != OFFLINE_ACCESS).map(Scope::parse).collect();
        let scopes = match one("scope")? {
            None => None,
            Some(text) => {
                let scopes: Option<BTreeSet<Scope>> = words(text);
                Some(scopes.ok_or(TokenError::InvalidScope("scope holds a word that is no scope"))?)
            }
        };
        Ok((Self { scopes, target: Target::read(form)? }, token))
    }
}

impl Standing {
    /// What a code that was redeemed leaves standing: the grant, without what belonged to the code alone.
    pub fn of(grant: &Grant, binding: Binding, family: Bearer<Family>, ends: Timestamp) -> Self {
        // A refreshed ID token has no nonce (OIDC Core §12.2).
        let grant = Grant { nonce: None, challenge: None, key: None, ..grant.clone() };
        Self { grant, binding, family, ends }
    }

    /// Whether the token is replaced by this use.
    pub const fn rotation(&self, client: &Client) -> Rotation {
        match (client.profile, &self.binding) {
            (Profile::Fapi2, _) | (_, Binding::Key(_) | Binding::Certificate(_)) => Rotation::Stays,
            (Profile::Standard | Profile::FranceConnect, Binding::Bearer) => Rotation::Rotates,
        }
    }

    /// Decides what the token gives: an access token of the same family, for the same scopes and data providers or fewer.
    pub fn refresh(
        &self,
        asked: &Refresh,
        client: &HabilitatedClient<'_>,
        now: Timestamp,
        life: Lifetime,
    ) -> Result<Issued, TokenError> {
        let (holds, live, client) = (client.holds(), client.live(), client.client());
        if self.grant.client != client.id {
            return Err(TokenError::InvalidGrant(GrantFault::RefreshOfAnother));
        }
        if self.ends.is_past(now) {
            return Err(UNKNOWN);
        }
        if client.refresh == RefreshRule::Withheld {
            return Err(TokenError::UnauthorizedClient("this client may not use refresh tokens any more"));
        }
        let binding = Binding::of(client.constraint, holds)?;
        if !binding.is_like(&self.binding) {
            return Err(TokenError::InvalidGrant(GrantFault::RefreshBoundOtherwise));
        }
        let mut grant = self.grant.clone();
        if let Some(scopes) = &asked.scopes {
            grant.scopes = grant
                .scopes
                .reduced(scopes)
                .ok_or(TokenError::InvalidScope("scope holds more than the citizen granted, or not openid"))?;
        }
        // What ends with the family does not outlive it.
        let life = self.ends.left(now).map_or(life, |left| left.min(life));
        let issued = Issued::new(&grant, live, binding, now, life)?.toward(&asked.target)?;
        Ok(issued.of_family(self.family.clone()))
    }
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
