//! The identity providers: leaving for one, and coming back with what it asserts.
//!
//! ```text
//!  depart ──▶ [`oidc`] discovery ──▶ the provider's address        arrive ──▶ [`answer`] iss, error, code
//!                                                                              ▼
//!             each provider behind its own bulkhead and breaker    [`oidc`] token ──▶ ID token ──▶ userinfo ──▶ Assertion
//! ```
//!
//! [`cnie`] is our own provider: it is left for by a page of ours, and what it asserts a phone and a card proved.

pub(crate) mod answer;
pub(crate) mod cnie;
mod metadata;
mod oidc;
mod token;

use domain::client::Label;
use domain::cnie::refusal::Refusal;
use domain::habilitation::grant::LiveHabilitation;
use domain::id::{ProviderId, SignInId};
use domain::language::Language;
use domain::oidc::parameters::Parameters;
use domain::oidc::request::AuthorizationRequest;
use domain::signin::offer::Health;
use domain::time::Timestamp;
use domain::upstream::{Assertion, Attempt, BadAssertion, IdTokenHint, Provider, ProviderStatus};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Activity, Issuer, ProviderConfig};
use crate::listen::address::ClientAddress;
use crate::outbound::bulkhead::CallError;
use crate::outbound::http::Http;
use cnie::CardProvider;
use oidc::OidcProvider;

/// Between two looks at a provider.
const ROUND: std::time::Duration = std::time::Duration::from_secs(1);

/// Every configured provider.
#[derive(Debug)]
pub(crate) struct Upstreams {
    providers: Vec<Provider>,
    legs: Vec<Leg>,
    logos: Vec<Option<String>>,
}

/// How a provider is spoken to. The set is closed: a new kind of provider is a variant here.
#[derive(Debug)]
enum Leg {
    Oidc(Box<OidcProvider>),
    Cnie(Box<CardProvider>),
}

/// A citizen about to leave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure<'a> {
    /// The sign-in, which travels in `state`.
    pub(crate) sign_in: &'a SignInId,
    /// What the answer will be bound to.
    pub(crate) attempt: &'a Attempt,
    /// Whom the relying party expects.
    pub(crate) login_hint: Option<&'a str>,
    /// The language of the pages.
    pub(crate) language: Language,
    /// For what: what the card provider has a phone show and a card sign.
    pub(crate) purpose: &'a Purpose<'a>,
}

/// What a citizen signs in for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// The checked request.
    pub(crate) request: &'a AuthorizationRequest,
    /// The relying party's name.
    pub(crate) service: &'a Label,
    /// The relying party, as habilitated now.
    pub(crate) client: Option<&'a LiveHabilitation<'a>>,
    /// Where the browser is.
    pub(crate) from: ClientAddress,
}

/// Why a provider's answer brought no assertion.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArrivalError {
    /// The citizen cancelled there.
    #[error("the citizen cancelled at the provider")]
    Cancelled,
    /// The provider answered with another error.
    #[error("the provider answered with an error")]
    Refused,
    /// The provider does not answer our own calls.
    #[error("the provider does not answer: {0}")]
    Unavailable(#[from] Unreached),
    /// The answer cannot be trusted.
    #[error("the answer cannot be trusted: {0}")]
    Untrusted(&'static str),
    /// The provider was switched off meanwhile.
    #[error("the provider is not offered any more")]
    NotOffered,
    /// The identity is incomplete or wrong.
    #[error("the identity is refused: {0}")]
    Identity(#[from] BadAssertion),
    /// Our own provider says no.
    #[error("the card is refused: {0}")]
    Card(Refusal),
}

/// Why a provider could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreached {
    /// It failed several times in a row and is left alone for a moment.
    #[error("left alone after failures in a row")]
    Resting,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It answered with something that is not what its endpoint answers.
    #[error("{0}")]
    Malformed(&'static str),
}

impl Upstreams {
    /// Prepares every provider; nothing is called yet.
    pub(crate) fn new(
        configs: Vec<(ProviderConfig, Option<String>)>,
        card: Option<(CardProvider, Provider)>,
        issuer: &Issuer,
        (http, clock): (&Http, &Clock),
    ) -> Self {
        let mut upstreams = Self { providers: Vec::new(), legs: Vec::new(), logos: Vec::new() };
        for (config, logo) in configs {
            let redirect_uri = issuer.at(&format!("/callback/{}", config.id));
            upstreams.providers.push(seen_by_the_domain(&config));
            upstreams.logos.push(logo);
            upstreams.legs.push(Leg::Oidc(Box::new(OidcProvider::new(config, redirect_uri, http, clock))));
        }
        if let Some((card, provider)) = card {
            let key = |provider: &Provider| (provider.order, provider.id.clone());
            let at = upstreams.providers.partition_point(|other| key(other) <= key(&provider));
            upstreams.providers.insert(at, provider);
            upstreams.logos.insert(at, None);
            upstreams.legs.insert(at, Leg::Cnie(Box::new(card)));
        }
        upstreams
    }

    /// Every provider.
    pub(crate) fn all(&self) -> &[Provider] {
        &self.providers
    }

    /// One provider.
    pub(crate) fn find(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == *id)
    }

    /// The address of a provider's logo.
    pub(crate) fn logo(&self, id: &ProviderId) -> Option<&str> {
        self.at(id).and_then(|at| self.logos.get(at)?.as_deref())
    }

    /// How a provider has been answering.
    pub(crate) fn health(&self, id: &ProviderId) -> Health {
        match self.leg(id) {
            Some(Leg::Oidc(provider)) => provider.health(),
            Some(Leg::Cnie(provider)) => provider.health(),
            None => Health::Failing,
        }
    }

    /// The address to send a citizen to.
    pub(crate) async fn depart(&self, departure: &Departure<'_>) -> Result<String, Unreached> {
        match self.leg(&departure.attempt.provider) {
            Some(Leg::Oidc(provider)) => provider.depart(departure, &self.acr(departure)).await,
            Some(Leg::Cnie(provider)) => provider.depart(departure).await,
            None => Err(Unreached::Malformed("no such provider")),
        }
    }

    /// What a provider asserts of the citizen who came back.
    pub(crate) async fn arrive(
        &self,
        attempt: &Attempt,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Assertion, ArrivalError> {
        let provider = self.find(&attempt.provider).ok_or(ArrivalError::NotOffered)?;
        match self.leg(&attempt.provider) {
            Some(Leg::Oidc(leg)) => leg.arrive(provider, attempt, parameters, now).await,
            Some(Leg::Cnie(leg)) => leg.arrive(attempt, now).await,
            None => Err(ArrivalError::NotOffered),
        }
    }

    /// The address that logs a citizen out at a provider, and brings them back with `state`; `None` when there is none to
    /// go to now.
    pub(crate) fn end_session(&self, id: &ProviderId, hint: Option<&IdTokenHint>, state: &str) -> Option<String> {
        match self.leg(id)? {
            Leg::Oidc(provider) => provider.end_session(hint, state),
            // Nobody stays signed in with a card.
            Leg::Cnie(_) => None,
        }
    }

    /// Asks each provider for its discovery document when it is due, so that the choice knows who answers before a
    /// citizen finds out. Each provider has its own round: one that hangs holds up no other.
    pub(crate) async fn look_after(&self, stop: &CancellationToken) {
        let oidc = self.legs.iter().filter_map(|leg| match leg {
            Leg::Oidc(provider) => Some(provider),
            Leg::Cnie(_) => None,
        });
        let rounds = oidc.map(|provider| async move {
            let mut tick = tokio::time::interval(ROUND);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                provider.look_after().await;
            }
        });
        let _: Option<Vec<std::convert::Infallible>> = stop.run_until_cancelled(join_all(rounds)).await;
    }

    fn acr(&self, departure: &Departure<'_>) -> String {
        let asked = departure.attempt.level;
        self.find(&departure.attempt.provider).map_or_else(|| asked.acr().to_owned(), |p| p.acr_for(asked).to_owned())
    }

    fn at(&self, id: &ProviderId) -> Option<usize> {
        self.providers.iter().position(|provider| provider.id == *id)
    }

    fn leg(&self, id: &ProviderId) -> Option<&Leg> {
        self.legs.get(self.at(id)?)
    }
}

/// A configured provider as the domain sees it.
fn seen_by_the_domain(config: &ProviderConfig) -> Provider {
    let status = match config.activity {
        Activity::Active => ProviderStatus::Open,
        Activity::Inactive => ProviderStatus::Closed,
    };
    Provider {
        id: config.id.clone(),
        title: config.title.clone(),
        order: config.order,
        status,
        visibility: config.visibility,
        levels: config.levels,
        clients: config.clients.clone(),
        amr: config.amr.clone(),
        acr: config.acr.clone(),
        environment: config.environment,
    }
}
