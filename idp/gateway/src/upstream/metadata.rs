//! A provider's discovery document and keys, fetched when they are due and kept while they are good.

use std::sync::{Arc, Mutex, PoisonError};

use domain::jose::KeySet;
use domain::time::{Lifetime, Timestamp};
use http::Request;
use http::header::ACCEPT;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, ProviderMetadata};
use serde::{Deserialize, Serialize};

use super::Unreached;
use super::answer::IssInAnswer;
use crate::clock::Clock;
use crate::outbound::breaker::Breaker;
use crate::outbound::bulkhead::{Bulkhead, CallError};

/// How long a discovery document is used before it is fetched again; a failure keeps the last good one.
const FRESH: Lifetime = Lifetime::seconds(600);
/// How soon a document that could not be fetched is asked for again.
const RETRY: Lifetime = Lifetime::seconds(4);
/// How soon the keys may be fetched again for a `kid` that nobody knows: two fetches a minute at most.
const COOL_DOWN: Lifetime = Lifetime::seconds(30);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Extra {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Extra {}

type Document = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What the gateway needs to know of a provider.
#[derive(Debug)]
pub(super) struct Known {
    /// Where citizens are sent.
    pub(super) authorization: url::Url,
    /// Where codes are redeemed.
    pub(super) token: String,
    /// Where the claims are.
    pub(super) userinfo: String,
    /// Where citizens log out (OIDC RP-Initiated Logout §2.1), when it says so.
    pub(super) end_session: Option<url::Url>,
    /// Whether answers carry `iss`.
    pub(super) iss: IssInAnswer,
    /// Its signature keys.
    pub(super) keys: KeySet,
    jwks: String,
    fetched: Timestamp,
}

/// What is known of one provider, and how to learn it.
#[derive(Debug)]
pub(super) struct Metadata {
    issuer: String,
    bulkhead: Bulkhead,
    breaker: Breaker,
    clock: Clock,
    known: Mutex<Option<Arc<Known>>>,
    tried: Mutex<Option<Timestamp>>,
    fetching: tokio::sync::Mutex<Option<Timestamp>>,
}

impl Metadata {
    /// Nothing is known yet.
    pub(super) fn new(issuer: String, bulkhead: Bulkhead, breaker: Breaker, clock: Clock) -> Self {
        Self {
            issuer,
            bulkhead,
            breaker,
            clock,
            known: Mutex::new(None),
            tried: Mutex::new(None),
            fetching: tokio::sync::Mutex::new(None),
        }
    }

    /// What is known; fetched first when nothing is.
    pub(super) async fn get(&self) -> Result<Arc<Known>, Unreached> {
        match self.current() {
            Some(known) => Ok(known),
            None => self.refresh(None).await,
        }
    }

    /// What is known, without asking.
    pub(super) fn current(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the document when it is due: at the start, when it has aged, and soon after a failure.
    pub(super) async fn look_after(&self) {
        let now = self.clock.now();
        let known = self.current();
        let due =
            known.as_ref().is_none_or(|known| known.fetched.plus(FRESH).is_past(now)) || self.breaker.is_resting();
        if due
            && !self.tried_lately(now)
            && let Err(error) = self.refresh(known.as_ref()).await
        {
            tracing::warn!(issuer = self.issuer, %error, "a provider's discovery document could not be fetched");
        }
    }

    /// Fetches the keys anew for a token that none of `seen` verifies; `None` when that was done just now. Callers
    /// come one after the other: the second finds what the first fetched.
    pub(super) async fn newer_keys(&self, seen: &Arc<Known>) -> Option<Arc<Known>> {
        let mut sought = self.fetching.lock().await;
        let current = self.current()?;
        if !Arc::ptr_eq(&current, seen) {
            return Some(current);
        }
        let now = self.clock.now();
        if sought.is_some_and(|sought| !sought.plus(COOL_DOWN).is_past(now)) {
            return None;
        }
        // The cool-down is taken before the call, so that a failure uses it up too. The last good set stays.
        *sought = Some(now);
        let keys = self.in_turn(self.fetch_keys(&current.jwks)).await.ok()?;
        Some(self.keep(Known {
            authorization: current.authorization.clone(),
            token: current.token.clone(),
            userinfo: current.userinfo.clone(),
            end_session: current.end_session.clone(),
            iss: current.iss,
            keys,
            jwks: current.jwks.clone(),
            fetched: current.fetched,
        }))
    }

    fn tried_lately(&self, now: Timestamp) -> bool {
        let tried = *self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.is_some_and(|tried| !tried.plus(RETRY).is_past(now))
    }

    async fn refresh(&self, seen: Option<&Arc<Known>>) -> Result<Arc<Known>, Unreached> {
        let _one_at_a_time = self.fetching.lock().await;
        if let Some(current) = self.current()
            && seen.is_none_or(|seen| !Arc::ptr_eq(&current, seen))
        {
            return Ok(current);
        }
        let now = self.clock.now();
        // Whoever waited for a call that failed shares its failure.
        if self.tried_lately(now) && seen.is_none() {
            return Err(Unreached::Resting);
        }
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        let known = self.in_turn(self.fetch(now)).await?;
        Ok(self.keep(known))
    }

    fn keep(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        known
    }

    /// Makes a call in turn with the breaker. What the provider answers counts as much as whether it does.
    async fn in_turn<T>(&self, call: impl Future<Output = Result<T, Unreached>>) -> Result<T, Unreached> {
        let turn = self.breaker.turn().ok_or(Unreached::Resting)?;
        let outcome = call.await;
        if outcome.is_ok() {
            turn.succeeded();
        } else {
            turn.failed();
        }
        outcome
    }

    async fn fetch(&self, now: Timestamp) -> Result<Known, Unreached> {
        let document: Document =
            self.json(&format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))).await?;
        if document.issuer().as_str() != self.issuer {
            // OIDC Discovery §4.3: whoever serves this document is not the provider that was configured.
            tracing::error!(issuer = self.issuer, "ALARM: the discovery document names another issuer");
            return Err(Unreached::Malformed("the discovery document names another issuer"));
        }
        let jwks = document.jwks_uri().as_str().to_owned();
        let keys = self.fetch_keys(&jwks).await?;
        let (Some(token), Some(userinfo)) = (document.token_endpoint(), document.userinfo_endpoint()) else {
            return Err(Unreached::Malformed("the discovery document lacks the token or userinfo endpoint"));
        };
        let addresses = [document.authorization_endpoint().as_str(), token.as_str(), userinfo.as_str(), &jwks];
        if !addresses.into_iter().all(|address| crate::config::https_or_loopback(address).is_ok()) {
            return Err(Unreached::Malformed("an address in the discovery document is neither https nor on loopback"));
        }
        let iss = if document.additional_metadata().authorization_response_iss_parameter_supported {
            IssInAnswer::Announced
        } else {
            IssInAnswer::NotAnnounced
        };
        let end_session = document.additional_metadata().end_session_endpoint.as_deref().and_then(|address| {
            // Nobody's sign-in depends on it: a bad one is as good as none.
            crate::config::https_or_loopback(address)
                .inspect_err(|fault| tracing::warn!(issuer = self.issuer, fault, "end_session_endpoint is not used"))
                .ok()
        });
        Ok(Known {
            end_session,
            authorization: document.authorization_endpoint().url().clone(),
            token: token.as_str().to_owned(),
            userinfo: userinfo.as_str().to_owned(),
            iss,
            keys,
            jwks,
            fetched: now,
        })
    }

    async fn fetch_keys(&self, jwks: &str) -> Result<KeySet, Unreached> {
        let set: serde_json::Value = self.json(jwks).await?;
        KeySet::parse(&set).map_err(|fault| {
            tracing::error!(issuer = self.issuer, %fault, "a provider's key set is refused; the last good one is kept");
            Unreached::Malformed("the key set is refused")
        })
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, Unreached> {
        let request = Request::get(url).header(ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|_| Unreached::Malformed("an address in the discovery document is none"))?;
        let answer = self.bulkhead.fetch(request).await.map_err(|error: CallError| Unreached::Call(error))?;
        serde_json::from_slice(answer.body()).map_err(|_| Unreached::Malformed("not the JSON that was expected"))
    }
}
