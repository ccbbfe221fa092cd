//! The choice: which identity providers can serve this sign-in, and why the others cannot.

use std::collections::BTreeSet;

use crate::habilitation::grant::LiveHabilitation;
use crate::id::ProviderId;
use crate::level::Level;
use crate::upstream::{Provider, ProviderStatus, Visibility};

/// How a provider has been answering lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Answering,
    /// It does not: too many failures in a row, or too many citizens waiting for it.
    Failing,
}

/// One line of the choice.
#[derive(Debug, Clone)]
pub struct Offer<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// Whether it can be chosen.
    pub standing: Standing,
}

/// Whether a provider can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Open,
    /// It cannot meet the level.
    LevelTooLow,
    /// The relying party or the provider does not want the other.
    NotForThisService,
    /// Whoever runs the gateway switched it off.
    Closed,
    /// It does not answer.
    Unavailable,
    /// The citizen blocked it.
    BlockedByCitizen,
}

impl Standing {
    /// The sentence for the log.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Open => "it can be chosen",
            Self::LevelTooLow => "it cannot meet the level",
            Self::NotForThisService => "the relying party or the provider does not want the other",
            Self::Closed => "it is switched off",
            Self::Unavailable => "it does not answer",
            Self::BlockedByCitizen => "the citizen blocked it",
        }
    }
}

/// A provider that may be left for: the proof that the offer was asked. Its only constructor is [`choose`].
///
/// ```compile_fail,E0451
/// fn forge(provider: domain::id::ProviderId) -> domain::signin::offer::Choosable {
///     domain::signin::offer::Choosable { provider }
/// }
/// ```
#[derive(Debug)]
pub struct Choosable {
    provider: ProviderId,
}

impl Choosable {
    pub(super) fn into_provider(self) -> ProviderId {
        self.provider
    }

    /// The provider.
    pub const fn provider(&self) -> &ProviderId {
        &self.provider
    }
}

/// The choice for a sign-in at `level` with `client`, in the order in which it is shown: what can be chosen first.
/// Hidden providers are left out.
pub fn offers<'a>(
    providers: &'a [Provider],
    health: impl Fn(&ProviderId) -> Health,
    live: &LiveHabilitation<'_>,
    level: Level,
    blocked: &BTreeSet<ProviderId>,
) -> Vec<Offer<'a>> {
    let mut offers: Vec<Offer<'a>> = providers
        .iter()
        .filter(|provider| provider.visibility == Visibility::Shown && provider.environment == live.environment())
        .map(|provider| Offer { provider, standing: standing(provider, health(&provider.id), live, level, blocked) })
        .collect();
    offers.sort_by_key(|offer| (offer.standing != Standing::Open, offer.provider.order, offer.provider.id.clone()));
    offers
}

/// Lets a provider be chosen, or says why not. It is asked again when the citizen leaves: what was open on the page
/// may be closed by then, and a form can be forged. A hidden provider can be chosen: the relying party names it.
pub fn choose(
    providers: &[Provider],
    health: impl Fn(&ProviderId) -> Health,
    live: &LiveHabilitation<'_>,
    level: Level,
    blocked: &BTreeSet<ProviderId>,
    wanted: &ProviderId,
) -> Result<Choosable, Standing> {
    let provider = providers.iter().find(|provider| provider.id == *wanted).ok_or(Standing::NotForThisService)?;
    match standing(provider, health(wanted), live, level, blocked) {
        Standing::Open => Ok(Choosable { provider: wanted.clone() }),
        other @ (Standing::LevelTooLow
        | Standing::NotForThisService
        | Standing::Closed
        | Standing::Unavailable
        | Standing::BlockedByCitizen) => Err(other),
    }
}

/// What can never change within a sign-in is named before what can.
fn standing(
    provider: &Provider,
    health: Health,
    live: &LiveHabilitation<'_>,
    level: Level,
    blocked: &BTreeSet<ProviderId>,
) -> Standing {
    let client = live.client();
    // Made-up citizens are at home in the sandbox, and real ones nowhere there.
    if provider.environment != live.environment() || !provider.serves(&client.id, &client.providers) {
        Standing::NotForThisService
    } else if !provider.levels.can_meet(level) {
        Standing::LevelTooLow
    } else if provider.status != ProviderStatus::Open || live.takes(&provider.id, level).is_err() {
        Standing::Closed
    } else if blocked.contains(&provider.id) {
        Standing::BlockedByCitizen
    } else if health == Health::Failing {
        Standing::Unavailable
    } else {
        Standing::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::client::{Client, Label, Registered};
    use crate::habilitation::grant::Environment;
    use crate::habilitation::grant::tests::leaked;
    use crate::id::{ClientId, HabilitationId};
    use crate::level::LevelRange;
    use crate::time::Timestamp;
    use crate::upstream::{AcrTable, ClientFilter};
    use serde_json::json;

    fn provider(id: &str, ceiling: Level) -> Provider {
        Provider {
            id: ProviderId::parse(id).expect("plain"),
            title: Label { fr: id.into(), en: id.into() },
            order: 10,
            status: ProviderStatus::Open,
            visibility: Visibility::Shown,
            levels: LevelRange::new(Level::Low, ceiling).expect("ordered"),
            clients: ClientFilter::All,
            amr: vec![],
            acr: AcrTable::default(),
            environment: Environment::Production,
        }
    }

    fn client(own: &serde_json::Value) -> LiveHabilitation<'static> {
        let metadata = json!({"client_name": "V", "redirect_uris": ["https://v.example/"], "passerelle": own});
        leaked(Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine"))
    }

    fn standings(
        providers: &[Provider],
        client: &LiveHabilitation<'_>,
        level: Level,
        failing: &str,
        blocked: &str,
    ) -> Vec<(String, Standing)> {
        let health = |id: &ProviderId| if id.as_str() == failing { Health::Failing } else { Health::Answering };
        let blocked = ProviderId::parse(blocked).into_iter().collect();
        offers(providers, health, client, level, &blocked)
            .into_iter()
            .map(|offer| (offer.provider.id.as_str().to_owned(), offer.standing))
            .collect()
    }

    #[test]
    fn every_reason_is_told_and_what_can_be_chosen_comes_first() {
        let mut closed = provider("closed", Level::High);
        closed.status = ProviderStatus::Closed;
        let mut hidden = provider("hidden", Level::High);
        hidden.visibility = Visibility::Hidden;
        let mut picky = provider("picky", Level::High);
        picky.clients = ClientFilter::Only(BTreeSet::new());
        let providers = [
            provider("blocked", Level::High),
            closed,
            provider("down", Level::High),
            hidden,
            provider("low", Level::Low),
            provider("open", Level::High),
            picky,
        ];
        let got = standings(&providers, &client(&json!({})), Level::Substantial, "down", "blocked");
        let expected = [
            ("open", Standing::Open),
            ("blocked", Standing::BlockedByCitizen),
            ("closed", Standing::Closed),
            ("down", Standing::Unavailable),
            ("low", Standing::LevelTooLow),
            ("picky", Standing::NotForThisService),
        ];
        assert_eq!(got, expected.map(|(id, standing)| (id.to_owned(), standing)));
    }

    #[test]
    fn the_sandbox_and_the_production_never_meet() {
        let mut made_up = provider("made-up", Level::High);
        made_up.environment = Environment::Sandbox;
        let providers = [provider("real", Level::High), made_up];
        let metadata = json!({"client_name": "V", "redirect_uris": ["http://127.0.0.1/"]});
        let of = || Client::from_metadata(&metadata, || ClientId::parse("v").expect("plain")).expect("fine");
        let (id, now) = (HabilitationId::from_random([7; 16]), Timestamp::from_epoch(0));
        let sandbox = Registered::sandboxed(of(), None, None, (id.clone(), now)).expect("loopback");
        let production = Registered::operated(of(), None, id, now);
        let none = BTreeSet::new();
        for (registered, own, other) in [(sandbox, "made-up", "real"), (production, "real", "made-up")] {
            let live = registered.live(now, &Arc::default()).expect("in force");
            let shown = offers(&providers, |_| Health::Answering, &live, Level::Low, &none);
            assert_eq!(shown.iter().map(|offer| offer.provider.id.as_str()).collect::<Vec<_>>(), [own]);
            let chosen = |wanted: &str| {
                let wanted = ProviderId::parse(wanted).expect("plain");
                choose(&providers, |_| Health::Answering, &live, Level::Low, &none, &wanted).map(|_| ())
            };
            assert_eq!((chosen(own), chosen(other)), (Ok(()), Err(Standing::NotForThisService)));
        }
    }

    #[test]
    fn a_relying_party_s_filter_holds_at_the_choice_and_at_the_departure() {
        let providers = [provider("a", Level::High), provider("b", Level::High)];
        for (own, open) in [(json!({"providers_only": ["a"]}), "a"), (json!({"providers_except": ["a"]}), "b")] {
            let client = client(&own);
            let none = BTreeSet::new();
            for wanted in ["a", "b", "unknown"] {
                let wanted_id = ProviderId::parse(wanted).expect("plain");
                let chosen = choose(&providers, |_| Health::Answering, &client, Level::Low, &none, &wanted_id);
                assert_eq!(chosen.is_ok(), wanted == open);
            }
        }
    }
}
