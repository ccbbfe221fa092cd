//! The authorization code: what it stands for, and the one way to redeem it.

use serde::{Deserialize, Serialize};

use super::authorization_details::AuthorizationDetails;
use super::binding::{Binding, Thumbprint};
use super::client_auth::HabilitatedClient;
use super::error::{GrantFault, TokenError};
use super::parameters::Parameters;
use super::pkce::Challenge;
use super::refresh::Family;
use super::request::Offline;
use super::resource::Resources;
use super::sharing::{Sharing, Target};
use super::token::{AccessToken, Issued};
use crate::claims::release::{GrantedScopes, Identity};
use crate::client::{Client, PkceRule, RefreshRule, RegisteredRedirect};
use crate::habilitation::grant::LiveHabilitation;
use crate::id::{ClientId, SessionId};
use crate::identity::account::AccountKey;
use crate::level::Level;
use crate::secret::Bearer;
use crate::time::{Lifetime, Timestamp};

/// What a citizen granted to one relying party in one sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The relying party.
    pub client: ClientId,
    /// What it may receive.
    pub scopes: GrantedScopes,
    /// The citizen's account.
    pub account: AccountKey,
    /// Everything known of the citizen in this sign-in.
    pub identity: Identity,
    /// The level that was met.
    pub level: Level,
    /// How the citizen authenticated.
    pub amr: Vec<String>,
    /// When the citizen authenticated; the same for a session's whole life.
    pub auth_time: Timestamp,
    /// The session.
    pub session: SessionId,
    /// The nonce of the request.
    pub nonce: Option<String>,
    /// The redirect URI of the request.
    pub redirect: RegisteredRedirect,
    /// The PKCE challenge of the request.
    pub challenge: Option<Challenge>,
    /// The key that the request bound the code to.
    #[serde(default)]
    pub key: Option<Thumbprint>,
    /// The data providers that were asked for.
    #[serde(default)]
    pub resources: Resources,
    /// What may be fetched there.
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// Whether access was granted while the citizen is away.
    #[serde(default)]
    pub offline: Offline,
}

impl Grant {
    /// What was granted of data providers, as far as the client is registered for it now.
    pub fn sharing(&self, live: &LiveHabilitation<'_>) -> Sharing {
        Sharing { resources: self.resources.clone(), details: self.details.clone() }.narrowed(live)
    }
}

/// What is kept under a code. It stays until it would have expired, so that a replay is seen for what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not redeemed yet.
    Live {
        /// What it stands for.
        grant: Box<Grant>,
        /// When it ends.
        ends: Timestamp,
    },
    /// Redeemed, or presented wrongly: a second use revokes what the first one gave (RFC 6749 §4.1.2).
    Spent {
        /// The access token of the first use.
        gave: Option<Bearer<AccessToken>>,
        /// The family of the first use.
        #[serde(default)]
        family: Option<Bearer<Family>>,
    },
}

/// A code that was presented together with everything it must fit.
pub struct Redemption<'a> {
    redirect: Option<&'a str>,
    verifier: Option<&'a str>,
    target: Target,
}

impl<'a> Redemption<'a> {
    /// Reads the form of the token endpoint.
    pub fn read(form: &'a Parameters) -> Result<(Self, Bearer<Code>), TokenError> {
        let one = |name| form.one(name).map_err(|_| TokenError::InvalidRequest("a parameter was sent more than once"));
        let code = one("code")?.ok_or(TokenError::InvalidRequest("code is missing"))?;
        let code = Bearer::parse(code).ok_or(UNKNOWN)?;
        let target = Target::read(form)?;
        Ok((Self { redirect: one("redirect_uri")?, verifier: one("code_verifier")?, target }, code))
    }
}

/// A code that nobody knows: never issued, or expired.
pub const UNKNOWN: TokenError = TokenError::InvalidGrant(GrantFault::CodeUnknown);

/// A code that was presented before.
pub const REPLAYED: TokenError = TokenError::InvalidGrant(GrantFault::CodeReplayed);

/// Decides what a code gives. Whatever the outcome, the code is spent.
pub fn redeem(
    grant: &Grant,
    ends: Timestamp,
    presented: &Redemption<'_>,
    client: &HabilitatedClient<'_>,
    now: Timestamp,
    life: Lifetime,
) -> Result<Issued, TokenError> {
    if ends.is_past(now) {
        return Err(UNKNOWN);
    }
    let (holds, live) = (client.holds(), client.live());
    let client: &Client = client.client();
    if grant.client != client.id {
        return Err(TokenError::InvalidGrant(GrantFault::CodeOfAnother));
    }
    if presented.redirect != Some(grant.redirect.as_str()) {
        return Err(TokenError::InvalidGrant(GrantFault::RedirectUri));
    }
    match (&grant.challenge, presented.verifier) {
        (Some(challenge), Some(verifier)) if challenge.is_answered_by(verifier) => {}
        (Some(_), Some(_)) => return Err(TokenError::InvalidGrant(GrantFault::Verifier)),
        (Some(_), None) => return Err(TokenError::InvalidGrant(GrantFault::VerifierMissing)),
        (None, Some(_)) => {
            return Err(TokenError::InvalidGrant(GrantFault::VerifierUnasked));
        }
        (None, None) if client.pkce == PkceRule::Required => {
            return Err(TokenError::InvalidGrant(GrantFault::PkceRequired));
        }
        (None, None) => {}
    }
    if grant.key.as_ref().is_some_and(|key| holds.key.as_ref().is_none_or(|held| !key.is(held))) {
        return Err(TokenError::InvalidGrant(GrantFault::CodeOfAnotherKey));
    }
    let binding = Binding::of(client.constraint, holds)?;
    Issued::new(grant, live, binding, now, life)?.toward(&presented.target)
}

/// Whether a refresh token comes with what a code gives: the citizen granted it, and the client may have it.
pub fn founds_family(grant: &Grant, client: &Client) -> bool {
    grant.offline == Offline::Yes && client.refresh == RefreshRule::Granted
}

#[cfg(test)]
#[path = "code_tests.rs"]
pub(super) mod tests;
