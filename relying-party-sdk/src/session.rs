//! The signed-in citizen, with what a logout, a refresh and a data provider will need.

use std::fmt;

use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::identity::Identity;
use crate::rejection::Rejection;
use crate::tokens::AccessToken;

/// A verified sign-in: the identity, and the ID token that a logout will show to the gateway.
#[derive(Clone)]
pub struct Session {
    identity: Identity,
    id_token: IdToken,
    access_token: Option<AccessToken>,
    refresh_token: Option<Zeroizing<String>>,
}

/// A verified ID token, as a logout, a refresh and a logout by the gateway will need it.
#[derive(Clone)]
pub(crate) struct IdToken {
    pub(crate) text: Zeroizing<String>,
    /// The session at the gateway.
    pub(crate) sid: Option<String>,
    /// The nonce of the sign-in.
    pub(crate) nonce: Option<String>,
    /// Seconds since 1970; none in a session sealed before this was kept.
    pub(crate) issued: Option<i64>,
}

impl IdToken {
    /// What is kept of a token with these verified claims.
    pub(crate) fn read(text: &str, claims: &Claims) -> Result<Self, Rejection> {
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            sid: claims.text("sid")?.map(str::to_owned),
            nonce: claims.text("nonce")?.map(str::to_owned),
            issued: claims.seconds("iat")?,
        })
    }
}

impl Session {
    pub(crate) fn new(identity: Identity, id_token: IdToken) -> Self {
        Self { identity, id_token, access_token: None, refresh_token: None }
    }

    pub(crate) fn with_tokens(mut self, access: AccessToken, refresh: Option<Zeroizing<String>>) -> Self {
        self.access_token = Some(access);
        self.refresh_token = refresh;
        self
    }

    /// The citizen.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The citizen, for a site that has a session of its own and needs no logout at the gateway.
    pub fn into_identity(self) -> Identity {
        self.identity
    }

    /// The access token, to call data providers with; none unless registered
    /// [`with_tokens_kept`](crate::Registration::with_tokens_kept).
    pub fn access_token(&self) -> Option<&AccessToken> {
        self.access_token.as_ref()
    }

    /// The name of the citizen's session at the gateway (`sid`), by which the gateway ends it.
    pub fn sid(&self) -> Option<&str> {
        self.id_token.sid.as_deref()
    }

    pub(crate) fn id_token(&self) -> &IdToken {
        &self.id_token
    }

    pub(crate) fn refresh_token(&self) -> Option<&Zeroizing<String>> {
        self.refresh_token.as_ref()
    }
}

/// Shows nothing about the citizen.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("identity", &self.identity).finish_non_exhaustive()
    }
}
