//! Client authentication (OIDC Core §9): what was presented, and the proof that it was good.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::binding::Possession;
use super::certificate::{ClientCertificate, RegisteredCertificates};
use super::error::TokenError;
use super::parameters::Parameters;
use crate::client::{Authentication, Client, ClientState, Registered};
use crate::habilitation::credentials::{ClientSecret, Secrets};
use crate::habilitation::grant::LiveHabilitation;
use crate::habilitation::switches::Switches;
use crate::id::ClientId;
use crate::jose::{self, Claims, KeySet};
use crate::secret::from_base64url;
use crate::time::{Lifetime, Timestamp};

/// How far the clock of a node may be off, in seconds.
const CLOCKS: i64 = 60;

/// The longest life of a client assertion.
const ASSERTION_LIFE: i64 = 600;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented, before it was looked up.
pub struct Presented {
    client: ClientId,
    proof: Proof,
}

enum Proof {
    Basic(String),
    Post(String),
    Assertion(String),
    /// The certificate of the connection, and nothing else (RFC 8705 §2).
    Certificate(Arc<ClientCertificate>),
}

/// A client that proved who it is. The only constructor is [`Presented::verify`].
///
/// ```compile_fail,E0451
/// fn forge(registered: &domain::client::Registered) -> domain::oidc::client_auth::AuthenticatedClient<'_> {
///     domain::oidc::client_auth::AuthenticatedClient { registered, secret: None, assertion: None, holds: Default::default() }
/// }
/// ```
#[derive(Debug)]
pub struct AuthenticatedClient<'a> {
    registered: &'a Registered,
    secret: Option<&'a ClientSecret>,
    assertion: Option<AssertionUse>,
    holds: Possession,
}

/// A client that proved who it is and has a habilitation that is in force: what tokens are given to. The only
/// constructor is [`AuthenticatedClient::habilitated`].
#[derive(Debug)]
pub struct HabilitatedClient<'a> {
    live: LiveHabilitation<'a>,
    holds: Possession,
}

/// The single use of a client assertion, to be remembered until it ends (RFC 7523 §3, `jti`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionUse {
    /// Unique for the client and assertion.
    pub key: Vec<u8>,
    /// How long to remember it.
    pub remember: Lifetime,
}

impl Presented {
    /// Reads what a request presents: the `Authorization` header, the form, and the certificate of its connection. Two
    /// methods at once are refused (RFC 6749 §2.3); a certificate beside another method is none, because tokens may be
    /// bound to it whatever the method (RFC 8705 §3).
    pub fn read(
        authorization: Option<&str>,
        form: &Parameters,
        certificate: Option<&Arc<ClientCertificate>>,
    ) -> Result<Self, TokenError> {
        let one = |name| {
            form.one(name)
                .map_err(|_| TokenError::InvalidRequest("a client authentication parameter was sent more than once"))
        };
        let (named, secret) = (one("client_id")?, one("client_secret")?);
        let (assertion, kind) = (one("client_assertion")?, one("client_assertion_type")?);
        let id = || named.and_then(|id| ClientId::parse(id).ok()).ok_or(TokenError::InvalidClient);
        let (client, proof) = match (authorization, secret, assertion) {
            (Some(header), None, None) => {
                let (client, secret) = basic(header).ok_or(TokenError::InvalidClient)?;
                (client, Proof::Basic(secret))
            }
            (None, Some(secret), None) => (id()?, Proof::Post(secret.to_owned())),
            (None, None, Some(assertion)) if kind == Some(ASSERTION_TYPE) => {
                // The subject is read before the signature is verified, only to find the keys to verify with.
                let client = unverified_subject(assertion).ok_or(TokenError::InvalidClient)?;
                (client, Proof::Assertion(assertion.to_owned()))
            }
            (None, None, None) => match certificate {
                Some(certificate) => (id()?, Proof::Certificate(Arc::clone(certificate))),
                None => return Err(TokenError::InvalidClient),
            },
            (None, None, Some(_)) => return Err(TokenError::InvalidClient),
            _ => return Err(TokenError::InvalidRequest("send one client authentication method, not two")),
        };
        if named.is_some_and(|id| id != client.as_str()) {
            return Err(TokenError::InvalidClient);
        }
        Ok(Self { client, proof })
    }

    /// The client to look up.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Whether the client's public keys are needed to verify what was presented: by a signature, or by a certificate that
    /// stands beside a key (RFC 8705 §2.2).
    pub const fn needs_keys(&self, client: &Client) -> bool {
        match (&self.proof, &client.authentication) {
            (Proof::Assertion(_), Authentication::PrivateKeyJwt)
            | (Proof::Certificate(_), Authentication::SelfSignedTlsClientAuth) => true,
            (Proof::Basic(_) | Proof::Post(_) | Proof::Assertion(_) | Proof::Certificate(_), _) => false,
        }
    }

    /// Whether what was presented is proved by none of these keys, so that newer ones of the client could tell otherwise.
    pub fn wants_newer_keys(&self, client: &Client, keys: &KeySet, now: Timestamp) -> bool {
        match &self.proof {
            Proof::Assertion(assertion) => {
                let verdict = jose::verify_among(assertion, client.profile.algorithms(), keys);
                verdict.is_err_and(|fault| fault.may_be_a_newer_key())
            }
            Proof::Certificate(certificate) => {
                !RegisteredCertificates::of(keys).is_ok_and(|registered| certificate.is_one_of(&registered, now))
            }
            Proof::Basic(_) | Proof::Post(_) => false,
        }
    }

    /// Verifies what was presented against what was found. An unknown client costs as much as a wrong secret. `fetched`
    /// is the key set of a client that keeps its own elsewhere.
    pub fn verify<'a>(
        &self,
        found: Option<&'a Registered>,
        fetched: Option<&KeySet>,
        issuer: &str,
        now: Timestamp,
    ) -> Result<AuthenticatedClient<'a>, TokenError> {
        let Some(registered) = found.filter(|registered| registered.state == ClientState::Active) else {
            if let Proof::Basic(secret) | Proof::Post(secret) = &self.proof {
                let _ = Secrets::default().accept(secret, now);
            }
            return Err(TokenError::InvalidClient);
        };
        let client = &registered.client;
        let mut by_secret = None;
        let mut secret_matches = |secret: &str| {
            by_secret = registered.secrets.accept(secret, now);
            by_secret.is_some()
        };
        let assertion = match (&self.proof, &client.authentication) {
            (Proof::Basic(secret), Authentication::ClientSecretBasic)
            | (Proof::Post(secret), Authentication::ClientSecretPost)
                if secret_matches(secret) =>
            {
                None
            }
            (Proof::Assertion(assertion), Authentication::PrivateKeyJwt) => {
                let keys = client.keys.set(fetched).ok_or(TokenError::InvalidClient)?;
                let claims = jose::verify_among(assertion, client.profile.algorithms(), keys)
                    .map_err(|_| TokenError::InvalidClient)?;
                Some(check_assertion(&claims, client, issuer, now).ok_or(TokenError::InvalidClient)?)
            }
            (Proof::Certificate(certificate), Authentication::TlsClientAuth(name))
                if certificate.proves_name(name, now) =>
            {
                None
            }
            (Proof::Certificate(certificate), Authentication::SelfSignedTlsClientAuth) => {
                let keys = client.keys.set(fetched).ok_or(TokenError::InvalidClient)?;
                let registered = RegisteredCertificates::of(keys).map_err(|_| TokenError::InvalidClient)?;
                if !certificate.is_one_of(&registered, now) {
                    return Err(TokenError::InvalidClient);
                }
                None
            }
            _ => return Err(TokenError::InvalidClient),
        };
        Ok(AuthenticatedClient { registered, secret: by_secret, assertion, holds: Possession::default() })
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presented({})", self.client)
    }
}

impl<'a> AuthenticatedClient<'a> {
    /// The client.
    pub const fn client(&self) -> &'a Client {
        &self.registered.client
    }

    /// The client, if it has a habilitation that is in force.
    pub fn habilitated(self, now: Timestamp, switches: &Arc<Switches>) -> Result<HabilitatedClient<'a>, TokenError> {
        let live = self.registered.live(now, switches).map_err(TokenError::NotHabilitated)?;
        Ok(HabilitatedClient { live, holds: self.holds })
    }

    /// The secret that it showed, if it did.
    pub const fn secret(&self) -> Option<&'a ClientSecret> {
        self.secret
    }

    /// What it proved to hold beside its credentials.
    pub const fn holds(&self) -> &Possession {
        &self.holds
    }

    /// The same client, with what it proved to hold.
    #[must_use]
    pub fn holding(self, holds: Possession) -> Self {
        Self { holds, ..self }
    }

    /// The assertion to remember; it counts only when it was not seen before.
    pub const fn assertion(&self) -> Option<&AssertionUse> {
        self.assertion.as_ref()
    }
}

impl<'a> HabilitatedClient<'a> {
    /// The client.
    pub const fn client(&self) -> &'a Client {
        self.live.client()
    }

    /// Its habilitation.
    pub const fn live(&self) -> &LiveHabilitation<'a> {
        &self.live
    }

    /// What it proved to hold beside its credentials.
    pub const fn holds(&self) -> &Possession {
        &self.holds
    }
}

/// `Basic` credentials: client_id and secret are form-encoded first (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(ClientId, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let form = |text: &str| {
        let pair = Parameters::parse(format!("x={text}").as_bytes()).ok()?;
        pair.one("x").ok().flatten().map(str::to_owned)
    };
    Some((ClientId::parse(&form(id)?).ok()?, form(secret)?))
}

fn unverified_subject(assertion: &str) -> Option<ClientId> {
    /// Whatever else it claims is not even kept.
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    let payload = from_base64url(assertion.split('.').nth(1)?)?;
    let claimed: Claimed = serde_json::from_slice(&payload).ok()?;
    ClientId::parse(&claimed.sub).ok()
}

/// `iss` and `sub` are the client, `aud` is the issuer as one text, `exp` is near, `jti` is there (RFC 7523 §3;
/// FAPI 2.0 §5.3.2.1-8).
fn check_assertion(claims: &Claims, client: &Client, issuer: &str, now: Timestamp) -> Option<AssertionUse> {
    claims.require("iss", client.id.as_str()).ok()?;
    claims.require("sub", client.id.as_str()).ok()?;
    claims.require_audience_text(issuer).ok()?;
    claims.require_fresh(now).ok()?;
    let remaining = claims.integer("exp").ok()?.saturating_sub(now.epoch());
    if remaining > ASSERTION_LIFE {
        return None;
    }
    let jti = claims.text("jti").ok().filter(|jti| !jti.is_empty() && jti.len() <= 256)?;
    let key = crate::secret::delimited(&[b"client-assertion", client.id.as_str().as_bytes(), jti.as_bytes()]);
    // Through its last second, on nodes whose clocks are a minute apart either way.
    let remember = u32::try_from(remaining.saturating_add(jose::SKEW + 1 + 2 * CLOCKS).max(1)).ok()?;
    Some(AssertionUse { key, remember: Lifetime::seconds(remember) })
}

#[cfg(test)]
#[path = "client_auth_tests.rs"]
mod tests;
