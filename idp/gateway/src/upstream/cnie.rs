//! The card provider: a citizen leaves for a page of ours, and comes back when a phone has proved card and code.
//!
//! ```text
//!  depart ─▶ Transaction<Waiting>, borne by the attempt's secret ─▶ /signin/{id}/card
//!  arrive ─▶ Transaction<Proved> ─ swap ▶ Spent ─▶ Assertion          only the browser of the attempt gets there
//! ```

use domain::claims::release::GrantedScopes;
use domain::client::Label;
use domain::cnie::TRANSACTION;
use domain::cnie::assertion::Uncertified;
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::{AnyTransaction, Beginning, Octets, SignInPurpose, Transaction};
use domain::habilitation::grant::Environment;
use domain::id::ProviderId;
use domain::level::{Level, LevelRange};
use domain::secret::{Bearer, sha256};
use domain::signin::offer::Health;
use domain::time::Timestamp;
use domain::upstream::{AcrTable, Assertion, Attempt, ClientFilter, Provider, ProviderStatus, Visibility};
use store::ephemeral::{Ephemeral, Put, Swap};

use super::{ArrivalError, Departure, Purpose, Unreached};
use crate::clock::Clock;
use crate::config::{Cards, CnieConfig};
use crate::listen::address::ClientAddress;
use crate::outbound::card_status::CardAuthority;
use crate::random::Random;

/// Our own provider.
#[derive(Debug)]
pub(crate) struct CardProvider {
    id: ProviderId,
    authority: CardAuthority,
    ephemeral: Ephemeral,
    clock: Clock,
    random: Random,
}

/// The bearer of the transaction of an attempt: whoever has the sign-in has it, and nobody else.
pub(crate) fn bearer(attempt: &Attempt) -> Option<Bearer<AnyTransaction>> {
    Some(Bearer::<Attempt>::parse(attempt.secret())?.derive("card transaction"))
}

/// The provider as the domain sees it. Without a policy for identities that are not certified it gives high alone.
pub(crate) fn seen_by_the_domain(config: &CnieConfig) -> Provider {
    let floor = match config.uncertified {
        Uncertified::Nothing => Level::High,
        Uncertified::Low => Level::Low,
    };
    Provider {
        id: config.id.clone(),
        title: title(config),
        order: config.order,
        status: ProviderStatus::Open,
        visibility: Visibility::Shown,
        levels: LevelRange::new(floor, Level::High).expect("nothing is above high"),
        clients: ClientFilter::All,
        amr: Vec::new(),
        acr: AcrTable::default(),
        environment: Environment::Production,
    }
}

/// What citizens read for it: wherever it is named, a simulator is named as such.
fn title(config: &CnieConfig) -> Label {
    let Label { fr, en } = config.title.clone();
    match config.cards {
        Cards::Real => Label { fr, en },
        Cards::Simulated => Label {
            fr: format!("{fr} – simulateur, non certifié"),
            en: format!("{en} – simulator, not certified"),
        },
    }
}

impl CardProvider {
    /// Prepares it.
    pub(crate) fn new(
        config: &CnieConfig,
        authority: CardAuthority,
        ephemeral: Ephemeral,
        (clock, random): (Clock, Random),
    ) -> Self {
        Self { id: config.id.clone(), authority, ephemeral, clock, random }
    }

    /// Without the card authority nobody signs in, nor by a clock that went back.
    pub(super) fn health(&self) -> Health {
        if self.authority.is_resting() || self.clock.check().is_err() { Health::Failing } else { Health::Answering }
    }

    /// Begins the transaction of the attempt; the citizen goes to the page that shows it.
    pub(super) async fn depart(&self, departure: &Departure<'_>) -> Result<String, Unreached> {
        let bearer = bearer(departure.attempt).ok_or(Unreached::Malformed("the attempt has no secret of its own"))?;
        let [number, ..] = self.random.bytes::<1>();
        let beginning = Beginning { id: self.random.bytes(), nonce: self.random.bytes(), number, at: self.clock.now() };
        let waiting = AnyTransaction::from(Transaction::begin(beginning, purpose(departure.purpose)));
        match self.ephemeral.put(&bearer, &waiting, TRANSACTION).await {
            Ok(Put::Fresh) => Ok(format!("/signin/{}/card", departure.sign_in)),
            Ok(Put::Taken) => Err(Unreached::Malformed("the attempt was begun before")),
            Err(error) => {
                tracing::error!(%error, "a card transaction cannot be kept");
                Err(Unreached::Malformed("the store keeps no transaction now"))
            }
        }
    }

    /// What was proved, once.
    pub(super) async fn arrive(&self, attempt: &Attempt, now: Timestamp) -> Result<Assertion, ArrivalError> {
        self.clock.check().map_err(|_| refused(Refusal::ClockBack))?;
        let bearer = bearer(attempt).ok_or(ArrivalError::Untrusted("the attempt has no secret of its own"))?;
        let unavailable = |error: store::StoreError| {
            tracing::error!(%error, "a card transaction cannot be read");
            ArrivalError::Unavailable(Unreached::Malformed("the store does not answer"))
        };
        let found = self.ephemeral.look(&bearer).await.map_err(unavailable)?;
        let proved = match found {
            Some((AnyTransaction::Proved(proved), version)) => (proved, version),
            Some((AnyTransaction::Dead(dead), _)) => return Err(refused(dead.refusal())),
            None => return Err(refused(Refusal::TransactionLate)),
            Some((
                AnyTransaction::Waiting(_)
                | AnyTransaction::Claimed(_)
                | AnyTransaction::Reading(_)
                | AnyTransaction::Spent(_),
                _,
            )) => return Err(refused(Refusal::OutOfTurn)),
        };
        let (transaction, version) = proved;
        let left = transaction.left(now).ok_or_else(|| refused(Refusal::TransactionLate))?;
        let (assertion, spent) = transaction.spend(now).map_err(refused)?;
        match self.ephemeral.swap(&bearer, version, &spent.into(), left).await.map_err(unavailable)? {
            Swap::Done(_) => Ok(assertion.into_assertion(self.id.clone())),
            Swap::Lost => Err(refused(Refusal::OutOfTurn)),
        }
    }
}

fn refused(refusal: Refusal) -> ArrivalError {
    if refusal == Refusal::RefusedByCitizen { ArrivalError::Cancelled } else { ArrivalError::Card(refusal) }
}

/// What the phone shows, and the card signs.
fn purpose(purpose: &Purpose<'_>) -> SignInPurpose {
    let request = purpose.request;
    let claims = purpose.client.map_or_else(Vec::new, |client| {
        let granted = GrantedScopes::intersect(&request.asked, client);
        let here = granted.claims().into_iter().map(domain::claims::claim::Claim::label);
        let mut labels: Vec<_> = here.collect();
        labels.extend(granted.elsewhere().map(domain::claims::scopes::Scope::label));
        labels.dedup();
        labels
    });
    let text = serde_json::to_vec(request).expect("a request is kept as JSON");
    SignInPurpose {
        client: request.client.clone(),
        service: purpose.service.clone(),
        request: Octets(sha256(&text).to_vec()),
        level: request.level,
        claims,
        place: place(purpose.from),
    }
}

/// From where the browser asks, as far as an address tells it: the network, never the address itself.
fn place(from: ClientAddress) -> String {
    match from.0.to_canonical() {
        std::net::IpAddr::V4(ip) if !ip.is_loopback() => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        std::net::IpAddr::V6(ip) if !ip.is_loopback() => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        std::net::IpAddr::V4(_) | std::net::IpAddr::V6(_) => String::new(),
    }
}

#[cfg(test)]
#[path = "cnie_tests.rs"]
mod tests;
