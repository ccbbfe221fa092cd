//! The session of a browser: an earlier sign-in that may be reused for low and substantial, never for high.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Verified;
use crate::claims::release::GrantedScopes;
use crate::client::Client;
use crate::id::{ClientId, SessionId};
use crate::level::Level;
use crate::oidc::request::AuthorizationRequest;
use crate::oidc::sharing::Sharing;
use crate::time::Timestamp;

/// An earlier sign-in of the browser, sealed under its session cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    citizen: Verified,
    informed: BTreeMap<ClientId, Told>,
    /// The relying parties of earlier sessions of the same citizen, each with those that it knows.
    #[serde(default)]
    earlier: BTreeMap<ClientId, Earlier>,
    #[serde(default)]
    life: Life,
}

/// Whether a session still serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Life {
    #[default]
    Open,
    /// Its end has begun and is not accounted for: it serves nobody, and names who has to hear of the end.
    Ending,
}

/// How many earlier sessions are kept for a relying party: of more, the oldest is not told any more.
const EARLIER: usize = 8;

/// Earlier sessions that one relying party knows, the oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "KeptEarlier", into = "KeptEarlier")]
struct Earlier(Vec<SessionId>);

/// As they are kept: one as it was before there could be several, so that a node of before reads most of them.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeptEarlier {
    One(SessionId),
    Several(Vec<SessionId>),
}

impl From<KeptEarlier> for Earlier {
    fn from(kept: KeptEarlier) -> Self {
        match kept {
            KeptEarlier::One(session) => Self(vec![session]),
            KeptEarlier::Several(sessions) => Self(sessions),
        }
    }
}

impl From<Earlier> for KeptEarlier {
    fn from(Earlier(mut sessions): Earlier) -> Self {
        match (sessions.pop(), sessions.is_empty()) {
            (Some(one), true) => Self::One(one),
            (last, _) => {
                sessions.extend(last);
                Self::Several(sessions)
            }
        }
    }
}

impl Earlier {
    fn add(&mut self, session: &SessionId) {
        if !self.0.contains(session) {
            self.0.push(session.clone());
        }
        if self.0.len() > EARLIER {
            self.0.remove(0);
        }
    }
}

/// What a citizen was told that a relying party gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// From the gateway.
    #[serde(flatten)]
    pub scopes: GrantedScopes,
    /// From data providers.
    #[serde(default)]
    pub sharing: Sharing,
}

/// Whether the provider of a session could be chosen for the new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStanding {
    /// It could, and the account still admits it.
    Accepted,
    /// It could not: switched off, excluded by the relying party, or blocked by the citizen.
    NotAccepted,
}

/// Why a session is not reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReusable {
    /// High needs the citizen there and then.
    #[error("level high is never reused")]
    HighAsked,
    /// The session's level is too low.
    #[error("the session's level is too low")]
    LevelTooLow,
    /// The authentication is older than `max_age`.
    #[error("the authentication is older than max_age")]
    TooOld,
    /// The relying party wants a new authentication.
    #[error("a new login was asked for")]
    LoginAsked,
    /// The provider is not accepted for this request.
    #[error("the session's provider is not accepted here")]
    Provider,
    /// Another provider is asked for.
    #[error("another provider was asked for")]
    OtherProviderAsked,
}

impl Session {
    /// Opens a session with a citizen who was verified just now.
    pub fn open(citizen: Verified) -> Self {
        Self { citizen, informed: BTreeMap::new(), earlier: BTreeMap::new(), life: Life::Open }
    }

    /// The session's public name.
    pub fn id(&self) -> &SessionId {
        &self.citizen.session
    }

    /// The citizen.
    pub fn citizen(&self) -> &Verified {
        &self.citizen
    }

    /// Begins its end. From now on it serves nobody; it is kept until its end is accounted for, so that a gateway that
    /// dies on the way leaves behind who has to hear of it.
    #[must_use]
    pub fn ending(self) -> Self {
        Self { life: Life::Ending, ..self }
    }

    /// Whether its end has begun.
    pub fn is_ending(&self) -> bool {
        self.life == Life::Ending
    }

    /// The session, if it still serves.
    pub fn open_still(self) -> Option<Self> {
        match self.life {
            Life::Open => Some(self),
            Life::Ending => None,
        }
    }

    /// The relying parties that were given something in this session or in one that it took the place of, and every
    /// session that they know: all that have to hear of its end. A relying party that asked again may still be in the
    /// session of before: the browser need not have brought it the later one.
    pub fn relying_parties(&self) -> impl Iterator<Item = (&ClientId, &SessionId)> {
        let earlier = self.earlier.iter();
        let earlier = earlier.flat_map(|(client, Earlier(known))| known.iter().map(move |session| (client, session)));
        earlier.chain(self.informed.keys().map(|client| (client, self.id())))
    }

    /// Takes the place of an earlier session of the same browser. One of the same citizen goes on in this one: its
    /// relying parties hear of the end when this one ends. One of another citizen comes back: it has to end.
    pub fn succeed(&mut self, replaced: Self) -> Result<(), Box<Self>> {
        if replaced.citizen.account != self.citizen.account {
            return Err(Box::new(replaced));
        }
        for (client, session) in replaced.relying_parties() {
            self.earlier.entry(client.clone()).or_default().add(session);
        }
        Ok(())
    }

    /// Whether whoever has to hear of the end of another session, by each name they know it by, hears of it when this one
    /// ends.
    pub fn knows(&self, other: &Self) -> bool {
        other.relying_parties().all(|known| self.relying_parties().any(|own| own == known))
    }

    /// Remembers that the citizen was informed of what a relying party gets.
    pub fn inform(&mut self, client: &ClientId, told: Told) {
        self.informed.insert(client.clone(), told);
    }

    /// Whether the citizen was informed of all that the relying party would get.
    pub fn was_informed(&self, client: &Client, granted: &GrantedScopes, sharing: &Sharing) -> bool {
        let told = self.informed.get(&client.id);
        told.is_some_and(|earlier| granted.is_within(&earlier.scopes) && sharing.is_within(&earlier.sharing))
    }

    /// Reuses the session for a request, or says why not.
    pub fn reuse(
        &self,
        request: &AuthorizationRequest,
        standing: ProviderStanding,
        now: Timestamp,
    ) -> Result<Verified, NotReusable> {
        if request.prompt.wants_login() {
            return Err(NotReusable::LoginAsked);
        }
        if request.level == Level::High {
            return Err(NotReusable::HighAsked);
        }
        if self.citizen.level < request.level {
            return Err(NotReusable::LevelTooLow);
        }
        let age = now.seconds_since(self.citizen.auth_time);
        // Nothing is younger than no time at all: `max_age=0` means a new authentication (OIDC Core §3.1.2.1).
        if request.max_age.is_some_and(|max_age| max_age == 0 || age > i64::from(max_age)) {
            return Err(NotReusable::TooOld);
        }
        if request.idp_hint.as_ref().is_some_and(|hint| *hint != self.citizen.identity.provider) {
            return Err(NotReusable::OtherProviderAsked);
        }
        if standing == ProviderStanding::NotAccepted {
            return Err(NotReusable::Provider);
        }
        Ok(self.citizen.clone())
    }
}
