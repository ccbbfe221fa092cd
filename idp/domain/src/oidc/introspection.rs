//! Introspection (RFC 7662): what a data provider is told of an access token that a relying party brought to it.
//!
//! ```text
//!  relying party ── access token ──▶ data provider ── POST /introspect, authenticated ──▶ gateway
//!                                    itself alone ◀── active, its own sub, its own scopes, cnf, acr, auth_time ──┘
//! ```
//!
//! A token that is unknown, ended, revoked, meant for another data provider, or whose relying party or citizen is not
//! served any more, is inactive, and nothing else is said (§2.2): who asks does not learn which of these it is.

use serde_json::{Map, Value, json};

use super::resource::Resource;
use super::token::AccessToken;
use crate::claims::release::GrantedScopes;
use crate::client::Client;
use crate::habilitation::grant::LiveHabilitation;
use crate::identity::account::Account;
use crate::identity::subject::Subject;
use crate::time::Timestamp;

/// The `typ` of a signed answer (RFC 9701 §5).
pub const SIGNED_TYPE: &str = "token-introspection+jwt";

/// A token that was found, and what it hangs on.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// What is kept under it.
    pub token: &'a AccessToken,
    /// The relying party it was issued to, when it is served.
    pub client: Option<&'a LiveHabilitation<'a>>,
    /// The citizen's account, when there is one.
    pub account: Option<&'a Account>,
}

/// What introspection says.
#[derive(Debug)]
pub enum Introspection<'a> {
    /// The token may be used by who brought it, at who asks.
    Active(Active<'a>),
    /// It may not.
    Inactive,
}

/// A token that may be used. Its only constructor is [`introspect`].
#[derive(Debug)]
pub struct Active<'a> {
    token: &'a AccessToken,
    live: &'a LiveHabilitation<'a>,
    asker: &'a LiveHabilitation<'a>,
    role: Role<'a>,
}

/// Who asks.
#[derive(Debug)]
enum Role<'a> {
    /// A data provider that the token is meant for.
    DataProvider(&'a Resource),
    /// The relying party that the token was issued to.
    RelyingParty,
}

/// Decides what `asker`, who proved who it is, is told.
pub fn introspect<'a>(asker: &'a LiveHabilitation<'a>, found: Option<Found<'a>>, now: Timestamp) -> Introspection<'a> {
    let Some(Found { token, client: Some(live), account: Some(account) }) = found else {
        return Introspection::Inactive;
    };
    let client = live.client();
    let stands = account.key == token.account
        && account.admits(&token.identity.provider).is_ok()
        && live.covers(&token.identity.provider, token.level).is_ok();
    // An audience that the relying party lost meanwhile is none any more.
    // Nor is one of another environment: a sandbox is told nothing of real citizens.
    let meant = |resource: &&Resource| {
        token.audience.contains(*resource)
            && client.resources.contains(*resource)
            && asker.environment() == live.environment()
    };
    let role = match asker.client().data_provider.as_ref().filter(meant) {
        Some(resource) => Role::DataProvider(resource),
        None if asker.client().id == token.client => Role::RelyingParty,
        None => return Introspection::Inactive,
    };
    if token.ends.is_past(now) || client.id != token.client || !stands {
        return Introspection::Inactive;
    }
    Introspection::Active(Active { token, live, asker, role })
}

impl Introspection<'_> {
    /// The answer (RFC 7662 §2.2). `subject` is the citizen's in the sector of who asks.
    pub fn answer(&self, issuer: &str, subject: &Subject) -> Value {
        match self {
            Self::Active(active) => Value::Object(active.members(issuer, subject)),
            Self::Inactive => json!({"active": false}),
        }
    }

    /// The claims of the signed answer (RFC 9701 §5). It has no `sub` and no `exp` of its own, so that nobody takes it
    /// for an access token or an ID token (§8.1).
    pub fn signed_answer(&self, issuer: &str, subject: &Subject, asker: &Client, now: Timestamp) -> Value {
        json!({"iss": issuer, "aud": asker.id, "iat": now, "token_introspection": self.answer(issuer, subject)})
    }
}

impl Active<'_> {
    /// What the relying party has of the token today.
    fn scopes(&self) -> GrantedScopes {
        self.token.scopes.narrowed(self.live)
    }

    fn members(&self, issuer: &str, subject: &Subject) -> Map<String, Value> {
        let (token, details) = (self.token, self.token.details.narrowed(self.live));
        let (mut members, scope, audience, details) = match self.role {
            Role::DataProvider(resource) => (
                token.scopes.release_to(self.asker, &token.identity, self.live),
                self.scopes().narrowed(self.asker).to_scope_text(),
                json!(resource),
                details.within(&[resource.clone()].into(), self.asker.scopes()),
            ),
            Role::RelyingParty => {
                // Userinfo, at the issuer, is always in the audience.
                let places: Vec<&str> =
                    [issuer].into_iter().chain(token.audience.iter().map(Resource::as_str)).collect();
                (Map::new(), self.scopes().to_scope_text(), json!(places), details)
            }
        };
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("active", json!(true));
        set("iss", json!(issuer));
        set("aud", audience);
        set("sub", json!(subject));
        set("client_id", json!(token.client));
        set("scope", json!(scope));
        set("token_type", json!(token.binding.token_type()));
        set("iat", json!(token.issued));
        set("exp", json!(token.ends));
        // For a data provider that asks for more than was done (RFC 9470 §6.2).
        set("acr", json!(token.level));
        set("auth_time", json!(token.auth_time));
        if let Some(confirmation) = token.binding.confirmation() {
            set("cnf", confirmation);
        }
        if !details.is_empty() {
            set("authorization_details", json!(details));
        }
        members
    }
}

#[cfg(test)]
#[path = "introspection_tests.rs"]
mod tests;
