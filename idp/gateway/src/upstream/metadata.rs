//! A provider's discovery document and keys, fetched when they are due and kept while they are good.

use std::sync::Arc;

use domain::jose::{BadKeySet, KeySet, SigningAlgorithm};
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
use crate::outbound::fetched::{Fetched, NotNewer, Pause};

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
    known: Fetched<Known>,
    tried: Pause,
    sought: Pause,
}

impl Metadata {
    /// Nothing is known yet.
    pub(super) fn new(issuer: String, bulkhead: Bulkhead, breaker: Breaker, clock: Clock) -> Self {
        let known = Fetched::new(clock.clone());
        Self { issuer, bulkhead, breaker, clock, known, tried: Pause::new(RETRY), sought: Pause::new(COOL_DOWN) }
    }

    /// What is known, without asking.
    pub(super) fn current(&self) -> Option<Arc<Known>> {
        self.known.current()
    }

    /// What is known; fetched first when nothing is.
    pub(super) async fn get(&self) -> Result<Arc<Known>, Unreached> {
        if let Some(known) = self.current() {
            return Ok(known);
        }
        self.refresh(None).await.map_err(|error| match error {
            // Whoever waited for a call that failed shares its failure.
            NotNewer::Paused => Unreached::Resting,
            NotNewer::Failed(error) => error,
        })
    }

    /// Fetches the document when it is due: at the start, when it has aged, and soon after a failure.
    pub(super) async fn look_after(&self) {
        let now = self.clock.now();
        let known = self.current();
        let due =
            known.as_ref().is_none_or(|known| known.fetched.plus(FRESH).is_past(now)) || self.breaker.is_resting();
        if due && let Err(NotNewer::Failed(error)) = self.refresh(known.as_ref()).await {
            tracing::warn!(issuer = self.issuer, %error, "a provider's discovery document could not be fetched");
        }
    }

    /// Fetches the keys anew for a token that none of `seen` verifies; `None` when that was done just now.
    pub(super) async fn newer_keys(&self, seen: &Arc<Known>) -> Option<Arc<Known>> {
        let newer = async {
            Ok::<_, Unreached>(Known {
                authorization: seen.authorization.clone(),
                token: seen.token.clone(),
                userinfo: seen.userinfo.clone(),
                end_session: seen.end_session.clone(),
                iss: seen.iss,
                keys: self.in_turn(self.fetch_keys(&seen.jwks)).await?,
                jwks: seen.jwks.clone(),
                fetched: seen.fetched,
            })
        };
        self.known.newer(Some(seen), &self.sought, newer).await.ok()
    }

    async fn refresh(&self, seen: Option<&Arc<Known>>) -> Result<Arc<Known>, NotNewer<Unreached>> {
        let fetch = async { self.in_turn(self.fetch(self.clock.now())).await };
        self.known.newer(seen, &self.tried, fetch).await
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
        let keys = KeySet::parse(&set).and_then(|keys| {
            let signs = SigningAlgorithm::ALL.into_iter().any(|algorithm| keys.verifies(algorithm));
            if signs { Ok(keys) } else { Err(BadKeySet::Empty) }
        });
        keys.map_err(|fault| {
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
