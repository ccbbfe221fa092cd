//! What a redeemed code gives: an opaque access token and an ID token, and what the access token opens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::authorization_details::AuthorizationDetails;
use super::binding::Binding;
use super::code::Grant;
use super::error::{GrantFault, TokenError};
use super::parameters::Parameters;
use super::refresh::{Family, OFFLINE_ACCESS, Standing};
use super::resource::Resources;
use super::sharing::{Sharing, Target};
use crate::claims::release::{GrantedScopes, Identity};
use crate::habilitation::grant::{LiveHabilitation, NotLive};
use crate::id::{ClientId, SessionId};
use crate::identity::account::AccountKey;
use crate::identity::subject::{Pseudonyms, Subject};
use crate::jose::half_hash;
use crate::level::Level;
use crate::secret::Bearer;
use crate::time::{Lifetime, Timestamp};

/// What is kept under an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessToken {
    /// The relying party it was issued to.
    pub client: ClientId,
    /// The citizen's account.
    pub account: AccountKey,
    /// What it may receive.
    pub scopes: GrantedScopes,
    /// Everything known of the citizen in this sign-in.
    pub identity: Identity,
    /// The level that was met.
    pub level: Level,
    /// When it ends.
    pub ends: Timestamp,
    /// What it is bound to.
    pub binding: Binding,
    /// The data providers it is meant for, beside userinfo.
    pub audience: Resources,
    /// What may be fetched there.
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// The session it comes from.
    pub session: SessionId,
    /// When the citizen authenticated.
    pub auth_time: Timestamp,
    /// When it was issued.
    pub issued: Timestamp,
    /// The family it lives with, when it came with a refresh token.
    #[serde(default)]
    pub family: Option<Bearer<Family>>,
}

/// Proof that a code was redeemed. It is what tokens are made from; its only constructor is in [`super::code::redeem`].
#[derive(Debug)]
pub struct Issued {
    access: AccessToken,
    /// What the ID token tells of the citizen.
    told: Map<String, Value>,
    amr: Option<Vec<String>>,
    nonce: Option<String>,
    life: Lifetime,
}

impl Issued {
    pub(super) fn new(
        grant: &Grant,
        live: &LiveHabilitation<'_>,
        binding: Binding,
        now: Timestamp,
        life: Lifetime,
    ) -> Result<Self, TokenError> {
        live.covers(&grant.identity.provider, grant.level)
            .map_err(|why| TokenError::InvalidGrant(GrantFault::NotLive(why)))?;
        // A scope withdrawn since the citizen accepted is not released.
        let scopes = grant.scopes.narrowed(live);
        let sharing = grant.sharing(live);
        Ok(Self {
            told: scopes.release_in_id_token(&grant.identity, live),
            access: AccessToken {
                client: grant.client.clone(),
                account: grant.account.clone(),
                scopes: scopes.clone(),
                identity: grant.identity.clone(),
                level: grant.level,
                ends: now.plus(life),
                binding,
                audience: sharing.resources,
                details: sharing.details,
                session: grant.session.clone(),
                auth_time: grant.auth_time,
                issued: now,
                family: None,
            },
            amr: scopes.tells_amr().then(|| grant.amr.clone()),
            nonce: grant.nonce.clone(),
            life,
        })
    }

    /// The same, for some of the data providers that were granted.
    pub(super) fn toward(mut self, target: &Target) -> Result<Self, TokenError> {
        let granted = Sharing { resources: self.access.audience, details: self.access.details };
        let Sharing { resources, details } = target.narrow(&granted)?;
        (self.access.audience, self.access.details) = (resources, details);
        Ok(self)
    }

    /// The same, living and dying with a family.
    #[must_use]
    pub(super) fn of_family(mut self, family: Bearer<Family>) -> Self {
        self.access.family = Some(family);
        self
    }

    /// Founds a family, and gives what to keep under its first refresh token.
    pub fn found(&mut self, grant: &Grant, family: Bearer<Family>, ends: Timestamp) -> Standing {
        self.access.family = Some(family.clone());
        Standing::of(grant, self.access.binding.clone(), family, ends)
    }

    /// What to keep under the access token.
    pub const fn access(&self) -> &AccessToken {
        &self.access
    }

    /// How long the access token lives.
    pub const fn life(&self) -> Lifetime {
        self.life
    }

    /// The claims of the ID token (OIDC Core §2), bound to the access token by `at_hash`.
    pub fn id_token(&self, issuer: &str, names: &Pseudonyms, access_token: &str, life: Lifetime) -> Value {
        let mut claims = self.told.clone();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", json!(issuer));
        set("sub", json!(names.subject));
        set("aud", json!(self.access.client));
        set("iat", json!(self.access.issued));
        set("exp", json!(self.access.issued.plus(life)));
        set("auth_time", json!(self.access.auth_time));
        set("acr", json!(self.access.level));
        set("at_hash", json!(half_hash(access_token)));
        set("sid", json!(names.sid));
        if let Some(nonce) = &self.nonce {
            set("nonce", json!(nonce));
        }
        if let Some(amr) = &self.amr {
            set("amr", json!(amr));
        }
        Value::Object(claims)
    }

    /// The answer of the token endpoint (RFC 6749 §5.1, RFC 9396 §7), with the refresh token that is new.
    pub fn answer(&self, access_token: &str, id_token: &str, refresh_token: Option<&str>) -> Value {
        let scope = self.access.scopes.to_scope_text();
        let mut answer = json!({
            "access_token": access_token,
            "token_type": self.access.binding.token_type(),
            "expires_in": self.life,
            "id_token": id_token,
            "scope": if self.access.family.is_some() { format!("{scope} {OFFLINE_ACCESS}") } else { scope },
        });
        if let Some(token) = refresh_token {
            answer["refresh_token"] = json!(token);
        }
        if !self.access.details.is_empty() {
            answer["authorization_details"] = json!(self.access.details);
        }
        answer
    }
}

impl AccessToken {
    /// What the token opens for its relying party, if that may use it still.
    pub fn open<'a>(&'a self, live: &'a LiveHabilitation<'a>) -> Result<Opened<'a>, NotLive> {
        live.covers(&self.identity.provider, self.level)?;
        Ok(Opened { token: self, live })
    }
}

/// An access token that its relying party may use now. Its only constructor is [`AccessToken::open`].
#[derive(Debug)]
pub struct Opened<'a> {
    token: &'a AccessToken,
    live: &'a LiveHabilitation<'a>,
}

impl Opened<'_> {
    /// The claims of userinfo (OIDC Core §5.3.2): of what was granted, what the client is habilitated to now.
    pub fn userinfo(&self, subject: &Subject) -> Map<String, Value> {
        let mut claims = self.token.scopes.release(&self.token.identity, self.live);
        claims.insert("sub".to_owned(), json!(subject));
        claims
    }

    /// The claims of a signed userinfo answer, with `iss` and `aud`.
    pub fn signed_userinfo(&self, issuer: &str, subject: &Subject) -> Value {
        let mut claims = self.userinfo(subject);
        claims.insert("iss".to_owned(), json!(issuer));
        claims.insert("aud".to_owned(), json!(self.token.client));
        Value::Object(claims)
    }
}

/// What the token endpoint exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// A code (RFC 6749 §4.1.3).
    AuthorizationCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
}

impl GrantType {
    /// Every grant type, as discovery lists them.
    pub const ALL: [Self; 2] = [Self::AuthorizationCode, Self::RefreshToken];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads the `grant_type` of a form.
    pub fn read(form: &Parameters) -> Result<Self, TokenError> {
        let name =
            form.one("grant_type").map_err(|_| TokenError::InvalidRequest("grant_type was sent more than once"))?;
        let name = name.ok_or(TokenError::InvalidRequest("grant_type is missing"))?;
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(TokenError::UnsupportedGrantType)
    }
}

/// How an access token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// By itself (RFC 6750 §2).
    Bearer,
    /// With a proof of its key (RFC 9449 §7.1).
    Dpop,
}

/// The scheme and access token of an `Authorization` header; the case of the scheme does not matter (RFC 9110 §11.1).
pub fn token_of(authorization: &str) -> Option<(Scheme, &str)> {
    let (scheme, token) = authorization.split_once(' ')?;
    let known = [("bearer", Scheme::Bearer), ("dpop", Scheme::Dpop)];
    let (_, scheme) = known.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name))?;
    Some((scheme, token.trim()))
}
