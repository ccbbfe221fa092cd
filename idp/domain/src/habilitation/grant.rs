//! A habilitation: what was granted, as a snapshot that never changes, and the proof that it is in force.
//!
//! ```text
//!  approval ──▶ Habilitation ── live(now, switches) ──▶ LiveHabilitation ──▶ every release of claims
//!                    │ narrowed, granted anew: another one, this is Obsolete
//!                    └ suspended, resumed, revoked: the state alone changes
//! ```
//!
//! A [`LiveHabilitation`] borrows what it was made from and is never kept: each request makes its own, from what the
//! registry held within the last second. So no claim leaves without a habilitation that is in force at that moment:
//!
//! ```
//! use domain::{claims::release::{GrantedScopes, Identity}, habilitation::grant::LiveHabilitation};
//! fn claims(granted: &GrantedScopes, of: &Identity, live: &LiveHabilitation<'_>) -> usize {
//!     granted.release(of, live).len()
//! }
//! ```
//!
//! ```compile_fail,E0061
//! use domain::claims::release::{GrantedScopes, Identity};
//! fn claims(granted: &GrantedScopes, of: &Identity) -> usize {
//!     granted.release(of).len()
//! }
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::review::Grant;
use super::switches::Switches;
use crate::claims::scopes::Scope;
use crate::client::{Client, ClientState, Registered};
use crate::id::{HabilitationId, HabilitationRequestId, ProviderId};
use crate::level::Level;
use crate::oidc::error::AuthorizeError;
use crate::organisation::siret::Siret;
use crate::secret::SecretDigest;
use crate::time::{Lifetime, Timestamp};

/// How far the clock of a node may be behind that of the node where something was granted.
const CLOCKS: Lifetime = Lifetime::seconds(60);

/// Where a relying party lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Test hosts and made-up citizens alone.
    Sandbox,
    /// Real citizens.
    #[default]
    Production,
}

impl Environment {
    /// As it is kept and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sandbox, Self::Production].into_iter().find(|environment| environment.name() == name)
    }
}

/// What becomes of a habilitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HabilitationState {
    /// It is in force, within its term.
    Active,
    /// Another one took its place.
    Obsolete,
    /// It is stopped for a while.
    Suspended,
    /// It is over: nothing brings it back.
    Revoked,
}

impl HabilitationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Obsolete, Self::Suspended, Self::Revoked];

    /// As it is kept and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Obsolete => "obsolete",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The states from which an act leads to this one: a revoked or obsolete habilitation stays what it is.
    pub const fn reached_from(self) -> &'static [Self] {
        match self {
            Self::Active => &[Self::Suspended],
            Self::Suspended => &[Self::Active],
            Self::Revoked | Self::Obsolete => &[Self::Active, Self::Suspended],
        }
    }
}

/// What a relying party was granted. The snapshot never changes; its state does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habilitation {
    /// Its identifier.
    pub id: HabilitationId,
    /// Where it counts.
    pub environment: Environment,
    /// Whose it is; `None` for one that an operator made.
    pub organisation: Option<Siret>,
    /// The request that it was granted for; `None` for one that an operator made.
    pub request: Option<HabilitationRequestId>,
    /// What may be asked for.
    pub scopes: BTreeSet<Scope>,
    /// The highest level that may be asked for.
    pub level: Level,
    /// From when it counts.
    pub from: Timestamp,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// What became of it.
    pub state: HabilitationState,
}

/// Why nothing is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum NotLive {
    /// The relying party is disabled.
    Disabled,
    /// The relying party has no habilitation.
    None,
    /// Its habilitation is suspended.
    Suspended,
    /// Its habilitation was revoked.
    Revoked,
    /// Another habilitation took the place of this one.
    Obsolete,
    /// Its habilitation does not count yet.
    NotYet,
    /// The term of its habilitation is over.
    Expired,
    /// The relying party is switched off.
    ServiceOff,
    /// The identity provider is switched off.
    ProviderOff,
    /// The level is switched off.
    LevelOff,
    /// The level lies above the highest of the habilitation.
    AboveLevel,
}

impl NotLive {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Disabled,
        Self::None,
        Self::Suspended,
        Self::Revoked,
        Self::Obsolete,
        Self::NotYet,
        Self::Expired,
        Self::ServiceOff,
        Self::ProviderOff,
        Self::LevelOff,
        Self::AboveLevel,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::None => "none",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Obsolete => "obsolete",
            Self::NotYet => "not_yet",
            Self::Expired => "expired",
            Self::ServiceOff => "service_off",
            Self::ProviderOff => "provider_off",
            Self::LevelOff => "level_off",
            Self::AboveLevel => "above_level",
        }
    }

    /// The sentence for the integrator.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Disabled => "this client is disabled",
            Self::None => "this client has no habilitation",
            Self::Suspended => "the habilitation of this client is suspended",
            Self::Revoked => "the habilitation of this client was revoked",
            Self::Obsolete => "the habilitation of this client was replaced by another",
            Self::NotYet => "the habilitation of this client does not count yet",
            Self::Expired => "the habilitation of this client has expired",
            Self::ServiceOff => "this service is switched off for now",
            Self::ProviderOff => "the identity provider of this sign-in is switched off for now",
            Self::LevelOff => "this level is switched off for now",
            Self::AboveLevel => "the level is above the highest of the habilitation of this client",
        }
    }

    /// The code of the authorization response. What is switched off comes back; what is not habilitated does not by
    /// itself.
    pub const fn authorize_error(self) -> AuthorizeError {
        match self {
            Self::ServiceOff | Self::ProviderOff | Self::LevelOff => AuthorizeError::TemporarilyUnavailable,
            Self::AboveLevel => AuthorizeError::UnmetAuthenticationRequirements,
            Self::Disabled
            | Self::None
            | Self::Suspended
            | Self::Revoked
            | Self::Obsolete
            | Self::NotYet
            | Self::Expired => AuthorizeError::UnauthorizedClient,
        }
    }
}

impl Habilitation {
    /// The one that an operator makes for a client by registering it: to what its metadata names, at every level.
    pub fn of_operator(client: &Client, id: HabilitationId, from: Timestamp) -> Self {
        Self {
            id,
            environment: Environment::Production,
            organisation: None,
            request: None,
            scopes: client.scopes.clone(),
            level: Level::High,
            from,
            until: None,
            state: HabilitationState::Active,
        }
    }

    /// The one that a review granted: of the production.
    pub fn of_grant(grant: &Grant) -> Self {
        Self {
            id: grant.id.clone(),
            environment: Environment::Production,
            organisation: Some(grant.organisation),
            request: Some(grant.request.clone()),
            scopes: grant.scopes.clone(),
            level: grant.level,
            from: grant.from,
            until: Some(grant.until),
            state: HabilitationState::Active,
        }
    }

    /// Whether it is in force.
    pub fn stands(&self, now: Timestamp) -> Result<(), NotLive> {
        match self.state {
            HabilitationState::Suspended => return Err(NotLive::Suspended),
            HabilitationState::Revoked => return Err(NotLive::Revoked),
            HabilitationState::Obsolete => return Err(NotLive::Obsolete),
            HabilitationState::Active => {}
        }
        if now.plus(CLOCKS) < self.from {
            return Err(NotLive::NotYet);
        }
        if self.until.is_some_and(|until| until.is_past(now)) {
            return Err(NotLive::Expired);
        }
        Ok(())
    }

    /// The next habilitation in the place of this one, with less: scopes that are named here alone, a level that is not
    /// higher. `None` when nothing would change.
    pub fn narrowed(
        &self,
        id: HabilitationId,
        scopes: &BTreeSet<Scope>,
        level: Level,
        from: Timestamp,
    ) -> Option<Self> {
        let scopes: BTreeSet<Scope> = self.scopes.intersection(scopes).copied().collect();
        let level = self.level.min(level);
        let changed = scopes != self.scopes || level != self.level;
        changed.then(|| Self { id, scopes, level, from, ..self.clone() })
    }
}

/// A habilitation that is in force, of the relying party that it is asked for. Its only constructor is
/// [`Registered::live`].
///
/// ```compile_fail,E0451
/// use domain::{client::Client, habilitation::grant::{Habilitation, LiveHabilitation}};
/// fn forge<'a>(client: &'a Client, habilitation: &'a Habilitation) -> LiveHabilitation<'a> {
///     LiveHabilitation { client, habilitation, switches: Default::default(), scopes: Default::default() }
/// }
/// ```
#[derive(Debug)]
pub struct LiveHabilitation<'a> {
    client: &'a Client,
    habilitation: &'a Habilitation,
    switches: Arc<Switches>,
    scopes: BTreeSet<Scope>,
}

impl Registered {
    /// A client that an operator registers, with a habilitation of its own.
    pub fn operated(client: Client, secret: Option<SecretDigest>, id: HabilitationId, from: Timestamp) -> Self {
        let habilitation = Some(Habilitation::of_operator(&client, id, from));
        Self { client, secrets: secret.into(), state: ClientState::Active, habilitation }
    }

    /// The proof that the relying party is served now.
    pub fn live(&self, now: Timestamp, switches: &Arc<Switches>) -> Result<LiveHabilitation<'_>, NotLive> {
        match self.state {
            ClientState::Active => {}
            ClientState::Disabled => return Err(NotLive::Disabled),
        }
        let habilitation = self.habilitation.as_ref().ok_or(NotLive::None)?;
        habilitation.stands(now)?;
        if switches.service(&self.client.id).is_some() {
            return Err(NotLive::ServiceOff);
        }
        let scopes = self.client.scopes.intersection(&habilitation.scopes).copied().collect();
        Ok(LiveHabilitation { client: &self.client, habilitation, switches: Arc::clone(switches), scopes })
    }
}

impl<'a> LiveHabilitation<'a> {
    /// The relying party.
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// The identifier of the habilitation.
    pub const fn id(&self) -> &'a HabilitationId {
        &self.habilitation.id
    }

    /// Where it counts.
    pub const fn environment(&self) -> Environment {
        self.habilitation.environment
    }

    /// What the relying party may be given: what it is registered for and habilitated to.
    pub const fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// The highest level that it may ask for.
    pub const fn level(&self) -> Level {
        self.habilitation.level
    }

    /// Whether it may ask for a level.
    pub fn may_ask(&self, level: Level) -> Result<(), NotLive> {
        if level > self.habilitation.level {
            return Err(NotLive::AboveLevel);
        }
        if self.switches.level(level).is_some() { Err(NotLive::LevelOff) } else { Ok(()) }
    }

    /// Whether an identity provider, and what it vouched for at a level, is on.
    pub fn takes(&self, provider: &ProviderId, level: Level) -> Result<(), NotLive> {
        if self.switches.provider(provider).is_some() {
            return Err(NotLive::ProviderOff);
        }
        if self.switches.level(level).is_some() { Err(NotLive::LevelOff) } else { Ok(()) }
    }

    /// Whether what was granted in a sign-in at a level, by the word of a provider, may be used still.
    pub fn covers(&self, provider: &ProviderId, level: Level) -> Result<(), NotLive> {
        self.takes(provider, level)?;
        self.may_ask(level)
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
pub(crate) mod tests;
