//! What a redeemed code gives: an opaque access token and an ID token, and what the access token opens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::binding::Binding;
use super::code::Grant;
use super::resource::Resources;
use crate::claims::release::{GrantedScopes, Identity};
use crate::client::Client;
use crate::id::{ClientId, SessionId};
use crate::identity::account::AccountKey;
use crate::identity::subject::Subject;
use crate::jose::half_hash;
use crate::level::Level;
use crate::time::{Lifetime, Timestamp};

/// What is kept under an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The session it comes from.
    pub session: SessionId,
    /// When the citizen authenticated.
    pub auth_time: Timestamp,
    /// When it was issued.
    pub issued: Timestamp,
}

/// Proof that a code was redeemed. It is what tokens are made from; its only constructor is in [`super::code::redeem`].
#[derive(Debug)]
pub struct Issued {
    access: AccessToken,
    amr: Option<Vec<String>>,
    nonce: Option<String>,
    life: Lifetime,
}

impl Issued {
    pub(super) fn new(grant: &Grant, client: &Client, binding: Binding, now: Timestamp, life: Lifetime) -> Self {
        // A scope withdrawn since the citizen accepted is not released.
        let scopes = grant.scopes.narrowed(client);
        Self {
            access: AccessToken {
                client: grant.client.clone(),
                account: grant.account.clone(),
                scopes: scopes.clone(),
                identity: grant.identity.clone(),
                level: grant.level,
                ends: now.plus(life),
                binding,
                audience: grant.resources.intersection(&client.resources).cloned().collect(),
                session: grant.session.clone(),
                auth_time: grant.auth_time,
                issued: now,
            },
            amr: scopes.tells_amr().then(|| grant.amr.clone()),
            nonce: grant.nonce.clone(),
            life,
        }
    }

    /// What to keep under the access token.
    pub const fn access(&self) -> &AccessToken {
        &self.access
    }

    /// The claims of the ID token (OIDC Core §2), bound to the access token by `at_hash`.
    pub fn id_token(&self, issuer: &str, subject: &Subject, access_token: &str, life: Lifetime) -> Value {
        let mut claims = self.access.scopes.release_in_id_token(&self.access.identity);
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", json!(issuer));
        set("sub", json!(subject));
        set("aud", json!(self.access.client));
        set("iat", json!(self.access.issued));
        set("exp", json!(self.access.issued.plus(life)));
        set("auth_time", json!(self.access.auth_time));
        set("acr", json!(self.access.level));
        set("at_hash", json!(half_hash(access_token)));
        set("sid", json!(self.access.session));
        if let Some(nonce) = &self.nonce {
            set("nonce", json!(nonce));
        }
        if let Some(amr) = &self.amr {
            set("amr", json!(amr));
        }
        Value::Object(claims)
    }

    /// The answer of the token endpoint (RFC 6749 §5.1).
    pub fn answer(&self, access_token: &str, id_token: &str) -> Value {
        json!({
            "access_token": access_token,
            "token_type": self.access.binding.token_type(),
            "expires_in": self.life,
            "id_token": id_token,
            "scope": self.access.scopes.to_scope_text(),
        })
    }
}

impl AccessToken {
    /// The claims of userinfo (OIDC Core §5.3.2): of what was granted, what the client is habilitated to now.
    pub fn userinfo(&self, client: &Client, subject: &Subject) -> Map<String, Value> {
        let mut claims = self.scopes.narrowed(client).release(&self.identity);
        claims.insert("sub".to_owned(), json!(subject));
        claims
    }

    /// The claims of a signed userinfo answer, with `iss` and `aud`.
    pub fn signed_userinfo(&self, issuer: &str, client: &Client, subject: &Subject) -> Value {
        let mut claims = self.userinfo(client, subject);
        claims.insert("iss".to_owned(), json!(issuer));
        claims.insert("aud".to_owned(), json!(self.client));
        Value::Object(claims)
    }
}

/// An access token in an `Authorization` header (RFC 6750 §2.1); the scheme's case does not matter (RFC 9110 §11.1).
pub fn bearer_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
