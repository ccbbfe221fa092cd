//! Which habilitation is in force, and what it lets out.

use serde_json::json;

use super::*;
use crate::habilitation::acting::Author;
use crate::habilitation::switches::{Off, Reason, Switch};
use crate::id::ClientId;

const NOW: Timestamp = Timestamp::from_epoch(1_000_000);

/// A habilitation to everything, for tests of what comes after.
fn whole() -> Habilitation {
    Habilitation {
        id: HabilitationId::from_random([7; 16]),
        environment: Environment::Production,
        organisation: None,
        request: None,
        scopes: Scope::all().collect(),
        level: Level::High,
        from: Timestamp::from_epoch(0),
        until: None,
        state: HabilitationState::Active,
    }
}

/// A client with a habilitation to everything that it is registered for.
pub(crate) fn habilitated(client: &Client) -> LiveHabilitation<'_> {
    LiveHabilitation {
        client,
        habilitation: Box::leak(Box::new(whole())),
        switches: Arc::default(),
        scopes: client.scopes.clone(),
    }
}

/// The same in the sandbox.
pub(crate) fn in_sandbox(client: &Client) -> LiveHabilitation<'_> {
    let habilitation = Box::leak(Box::new(Habilitation { environment: Environment::Sandbox, ..whole() }));
    LiveHabilitation { habilitation, ..habilitated(client) }
}

/// The same for a client that nobody else needs.
pub(crate) fn leaked(client: Client) -> LiveHabilitation<'static> {
    habilitated(Box::leak(Box::new(client)))
}

fn registered(habilitation: Option<Habilitation>) -> Registered {
    let metadata = json!({
        "client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"],
        "scope": "openid profile email",
    });
    let client = Client::from_metadata(&metadata, || unreachable!("the id is given")).expect("fine");
    let id = HabilitationId::from_random([7; 16]);
    Registered { habilitation, ..Registered::operated(client, None, id, Timestamp::from_epoch(0)) }
}

fn off(switch: &str) -> Arc<Switches> {
    let off = Off { by: Author::Operator, why: Reason::parse("essai").expect("a reason"), since: NOW };
    Arc::new([(Switch::parse(switch).expect("a switch"), off)].into_iter().collect())
}

fn judged(habilitation: Option<Habilitation>, switches: &Arc<Switches>) -> Result<(), NotLive> {
    registered(habilitation).live(NOW, switches).map(|_| ())
}

#[test]
fn a_habilitation_is_in_force_while_it_is_active_and_within_its_term() {
    let on = Arc::default();
    let with = |state| Some(Habilitation { state, ..whole() });
    assert_eq!(judged(Some(whole()), &on), Ok(()));
    assert_eq!(judged(None, &on), Err(NotLive::None));
    assert_eq!(judged(with(HabilitationState::Suspended), &on), Err(NotLive::Suspended));
    assert_eq!(judged(with(HabilitationState::Revoked), &on), Err(NotLive::Revoked));
    assert_eq!(judged(with(HabilitationState::Obsolete), &on), Err(NotLive::Obsolete));
    for (from, until, expected) in [
        (1_000_000, None, Ok(())),
        // A node whose clock is a minute behind serves what was granted just now.
        (1_000_060, None, Ok(())),
        (1_000_061, None, Err(NotLive::NotYet)),
        (0, Some(1_000_001), Ok(())),
        (0, Some(1_000_000), Err(NotLive::Expired)),
    ] {
        let until = until.map(Timestamp::from_epoch);
        let term = Habilitation { from: Timestamp::from_epoch(from), until, ..whole() };
        assert_eq!(judged(Some(term), &on), expected, "{from} {until:?}");
    }
}

#[test]
fn a_disabled_client_is_not_served_whatever_its_habilitation() {
    let disabled = Registered { state: ClientState::Disabled, ..registered(Some(whole())) };
    assert_eq!(disabled.live(NOW, &Arc::default()).map(|_| ()), Err(NotLive::Disabled));
}

#[test]
fn a_switch_stops_its_service_its_provider_and_its_level() {
    assert_eq!(judged(Some(whole()), &off("service:ville")), Err(NotLive::ServiceOff));
    assert_eq!(judged(Some(whole()), &off("service:autre")), Ok(()));
    let provider = |id| ProviderId::parse(id).expect("plain");
    let (served, stopped) = (registered(Some(whole())), off("provider:impots"));
    let live = served.live(NOW, &stopped).expect("the service is on");
    assert_eq!(live.covers(&provider("impots"), Level::Low), Err(NotLive::ProviderOff));
    assert_eq!(live.covers(&provider("poste"), Level::Low), Ok(()));
    let stopped = off("level:eidas3");
    let live = served.live(NOW, &stopped).expect("the service is on");
    assert_eq!(live.may_ask(Level::High), Err(NotLive::LevelOff));
    assert_eq!(live.may_ask(Level::Substantial), Ok(()));
    assert_eq!(live.covers(&provider("poste"), Level::High), Err(NotLive::LevelOff));
}

#[test]
fn nothing_above_the_highest_level_is_asked_for_or_used() {
    let served = registered(Some(Habilitation { level: Level::Substantial, ..whole() }));
    let switches = Arc::default();
    let live = served.live(NOW, &switches).expect("in force");
    let provider = ProviderId::parse("impots").expect("plain");
    for (level, expected) in
        [(Level::Low, Ok(())), (Level::Substantial, Ok(())), (Level::High, Err(NotLive::AboveLevel))]
    {
        assert_eq!(live.may_ask(level), expected);
        assert_eq!(live.covers(&provider, level), expected);
    }
}

#[test]
fn what_is_given_is_what_is_both_registered_and_habilitated() {
    let names = |words: &str| -> BTreeSet<Scope> { words.split(' ').filter_map(Scope::parse).collect() };
    let served = registered(Some(Habilitation { scopes: names("openid profile birth"), ..whole() }));
    let switches = Arc::default();
    assert_eq!(*served.live(NOW, &switches).expect("in force").scopes(), names("openid profile"));
}

#[test]
fn a_habilitation_is_narrowed_into_another_and_never_widened() {
    let names = |words: &str| -> BTreeSet<Scope> { words.split(' ').filter_map(Scope::parse).collect() };
    let held = Habilitation { scopes: names("openid profile email"), level: Level::Substantial, ..whole() };
    let next = |scopes: &str, level| held.narrowed(HabilitationId::from_random([8; 16]), &names(scopes), level, NOW);
    let less = next("openid email gender", Level::High).expect("a scope less");
    assert_eq!((less.scopes, less.level), (names("openid email"), Level::Substantial));
    assert_eq!(next("openid profile email", Level::Low).expect("a lower level").level, Level::Low);
    assert_eq!(next("openid profile email gender", Level::High), None, "nothing would change");
}

#[test]
fn a_revoked_or_replaced_habilitation_stays_what_it_is() {
    for state in HabilitationState::ALL {
        for end in [HabilitationState::Revoked, HabilitationState::Obsolete] {
            assert!(!state.reached_from().contains(&end), "{end:?} never becomes {state:?}");
        }
        assert_eq!(HabilitationState::parse(state.name()), Some(state));
    }
}

#[test]
fn every_reason_has_its_own_name_and_a_legal_sentence() {
    let names: BTreeSet<_> = NotLive::ALL.into_iter().map(NotLive::name).collect();
    assert_eq!(names.len(), NotLive::ALL.len());
    assert!(NotLive::ALL.into_iter().all(|why| crate::oidc::error::is_legal_description(why.sentence())));
}

#[test]
fn an_operator_s_habilitation_is_to_what_the_client_is_registered_for() {
    let served = registered(None);
    let made = Habilitation::of_operator(&served.client, HabilitationId::from_random([1; 16]), NOW);
    assert_eq!((made.scopes, made.request), (served.client.scopes.clone(), None));
    assert_eq!(served.client.id, ClientId::parse("ville").expect("plain"));
}
