//! The life of keys, and what relying parties may rely on: rotations at any time, nodes whose clocks differ, nodes that
//! cannot read the keys, caches that are kept to the last second.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DAY: u32 = 86_400;

fn timetable() -> Timetable {
    Timetable::new(Lifetime::seconds(3600), Lifetime::seconds(DAY), Some(Lifetime::seconds(90 * DAY))).expect("enough")
}

fn life(kid: &str, algorithm: SigningAlgorithm, signs_from: i64) -> KeyLife {
    KeyLife {
        kid: Kid::parse(kid).expect("plain"),
        algorithm,
        announced: Timestamp::from_epoch(signs_from - 900),
        signs_from: Timestamp::from_epoch(signs_from),
    }
}

#[test]
fn a_key_goes_through_its_four_states() {
    let keys = [life("a", SigningAlgorithm::Es256, 0), life("b", SigningAlgorithm::Es256, 1000)];
    let at = |now| timetable().states(&keys, Timestamp::from_epoch(now));
    assert_eq!(at(999), [KeyState::Signing, KeyState::Announced]);
    assert_eq!(at(1000), [KeyState::Verifying, KeyState::Signing]);
    assert_eq!(at(1000 + 86_399), [KeyState::Verifying, KeyState::Signing]);
    assert_eq!(at(1000 + 86_400), [KeyState::Retired, KeyState::Signing]);
}

#[test]
fn every_state_that_was_passed_is_named_in_order() {
    let passed: Vec<KeyState> = KeyState::Announced.until(KeyState::Retired).collect();
    assert_eq!(passed, [KeyState::Signing, KeyState::Verifying, KeyState::Retired]);
    assert_eq!(KeyState::Verifying.until(KeyState::Verifying).count(), 0);
    assert_eq!(KeyState::Retired.until(KeyState::Signing).count(), 0, "a life does not run back");
    for state in KeyState::ALL {
        assert_eq!(KeyState::parse(state.name()), Some(state));
    }
}

#[test]
fn exactly_one_key_of_an_algorithm_signs_at_any_time() {
    let keys = [
        life("a", SigningAlgorithm::Es256, 0),
        life("b", SigningAlgorithm::Es256, 100),
        life("c", SigningAlgorithm::Es256, 100),
        life("r", SigningAlgorithm::Rs256, 50),
    ];
    for now in 0..400 {
        let states = timetable().states(&keys, Timestamp::from_epoch(now));
        let signing = keys
            .iter()
            .zip(&states)
            .filter(|(key, state)| key.algorithm == SigningAlgorithm::Es256 && **state == KeyState::Signing);
        assert_eq!(signing.count(), 1, "at {now}");
    }
}

#[test]
fn no_state_changes_before_the_next_change() {
    let keys = [life("a", SigningAlgorithm::Es256, 0), life("b", SigningAlgorithm::Es256, 1000)];
    let mut now = Timestamp::from_epoch(0);
    while let Some(next) = timetable().next_change(&keys, now) {
        let before = Timestamp::from_epoch(next.epoch() - 1);
        assert_eq!(timetable().states(&keys, now), timetable().states(&keys, before));
        now = next;
    }
    assert_eq!(timetable().states(&keys, now), [KeyState::Retired, KeyState::Signing]);
}

#[test]
fn the_very_first_keys_sign_at_once_and_every_later_one_after_its_lead() {
    let now = Timestamp::from_epoch(0);
    assert_eq!(signs_from(&[], now), now);
    let held = [life("a", SigningAlgorithm::Es256, 0)];
    assert_eq!(signs_from(&held, now).epoch(), i64::from(LEAD.as_seconds()));
}

#[test]
fn a_key_verifies_for_longer_than_anything_it_signed() {
    let seconds = Lifetime::seconds;
    assert_eq!(Timetable::new(seconds(3600), seconds(3899), None), Err(TooShort { shortest: seconds(3900) }));
    assert!(Timetable::new(seconds(3600), seconds(3900), None).is_ok());
}

#[test]
fn the_next_key_is_due_when_the_newest_is_old_enough() {
    let keys = [life("a", SigningAlgorithm::Es256, 900), life("b", SigningAlgorithm::Es256, 2000)];
    let due = |timetable: Timetable, algorithm, now| timetable.is_due(&keys, algorithm, Timestamp::from_epoch(now));
    let at = 1100 + 90 * i64::from(DAY);
    assert!(!due(timetable(), SigningAlgorithm::Es256, at - 1));
    assert!(due(timetable(), SigningAlgorithm::Es256, at));
    assert!(!due(timetable(), SigningAlgorithm::Rs256, at), "a first key is not a rotation");
    let never = Timetable::new(Lifetime::seconds(1), Lifetime::seconds(DAY), None).expect("enough");
    assert!(!due(never, SigningAlgorithm::Es256, i64::MAX));
}

#[test]
fn a_node_states_the_whole_cache_while_it_follows_and_nothing_when_it_has_long_been_cut_off() {
    let confirmed = Timestamp::from_epoch(1000);
    let after = |seconds: i64| max_age(confirmed, Timestamp::from_epoch(1000 + seconds)).as_seconds();
    assert_eq!([after(0), after(150), after(151), after(749), after(750), after(1_000_000)], [600, 600, 599, 1, 0, 0]);
}

/// A gateway of several nodes on one registry, in true seconds.
#[derive(Debug, Clone)]
struct World {
    /// How each node's clock differs, how often it reads the keys, and from when to when it cannot.
    nodes: Vec<(i64, i64, (i64, i64))>,
    /// When a key is made, by which node, how long the registry takes to keep it, and of which algorithm.
    rotations: Vec<(i64, usize, i64, bool)>,
    /// When a token is issued and by which node, how long until it is verified (as a share of its life), and the node
    /// that the JWKS is read from.
    tokens: Vec<(i64, usize, u32, usize, bool)>,
}

const LONGEST: u32 = 3600;
/// Long enough for keys to retire within it.
const SPAN: i64 = 30_000;

fn worlds() -> impl Strategy<Value = World> {
    let clocks = i64::from(CLOCKS.as_seconds());
    let node = (-clocks..=clocks, 1_i64..=2, (0..SPAN, 0_i64..6000));
    let rotation = (0..SPAN, 0_usize..4, 0..=i64::from(KEEPING.as_seconds()), any::<bool>());
    let token = (0..SPAN + 3000, 0_usize..4, 0_u32..=LONGEST, 0_usize..4, any::<bool>());
    (vec(node, 4), vec(rotation, 0..12), vec(token, 1..60)).prop_map(|(nodes, mut rotations, mut tokens)| {
        let nodes = nodes.into_iter().map(|(skew, pace, (from, length))| (skew, pace, (from, from + length))).collect();
        rotations.sort_unstable();
        tokens.sort_unstable();
        World { nodes, rotations, tokens }
    })
}

impl World {
    /// Each key with the true moment from when the registry holds it.
    fn kept(&self) -> Vec<(i64, KeyLife)> {
        let mut kept: Vec<(i64, KeyLife)> = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256]
            .into_iter()
            .map(|algorithm| (i64::MIN, life(&format!("first-{}", algorithm.name()), algorithm, -1_000_000)))
            .collect();
        for (number, (at, node, delay, other)) in self.rotations.iter().enumerate() {
            let algorithm = if *other { SigningAlgorithm::Rs256 } else { SigningAlgorithm::Es256 };
            let now = Timestamp::from_epoch(at + self.nodes[*node].0);
            let known: Vec<KeyLife> = kept.iter().map(|(_, life)| life.clone()).collect();
            let kid = Kid::parse(&format!("k{number}")).expect("plain");
            let made = KeyLife { kid, algorithm, announced: now, signs_from: signs_from(&known, now) };
            kept.push((at + delay, made));
        }
        kept
    }

    /// What a node knows at a true moment: the keys as it read them last, and when that was by its clock.
    fn read(&self, kept: &[(i64, KeyLife)], node: usize, at: i64) -> (Vec<KeyLife>, Timestamp) {
        let (skew, pace, (from, to)) = self.nodes[node];
        let mut last = at - at.rem_euclid(pace);
        if (from..to).contains(&last) {
            last = from - 1;
        }
        let known = kept.iter().filter(|(since, _)| *since <= last).map(|(_, life)| life.clone()).collect();
        (known, Timestamp::from_epoch(last + skew))
    }

    fn published(&self, kept: &[(i64, KeyLife)], table: &Timetable, node: usize, at: i64) -> (Vec<Kid>, i64) {
        let (known, confirmed) = self.read(kept, node, at);
        let now = Timestamp::from_epoch(at + self.nodes[node].0);
        let states = table.states(&known, now);
        let kids = known.iter().zip(states).filter(|(_, state)| state.is_published()).map(|(key, _)| key.kid.clone());
        (kids.collect(), i64::from(max_age(confirmed, now).as_seconds()))
    }

    fn signer(&self, kept: &[(i64, KeyLife)], table: &Timetable, token: (i64, usize, bool)) -> Option<Kid> {
        let (at, node, other) = token;
        let algorithm = if other { SigningAlgorithm::Rs256 } else { SigningAlgorithm::Es256 };
        let (known, confirmed) = self.read(kept, node, at);
        let now = Timestamp::from_epoch(at + self.nodes[node].0);
        if table.signs_until(confirmed).is_past(now) {
            return None;
        }
        let states = table.states(&known, now);
        let signing = known.iter().zip(states).filter(|(key, _)| key.algorithm == algorithm);
        signing.filter(|(_, state)| *state == KeyState::Signing).map(|(key, _)| key.kid.clone()).next()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Attack G14: keys are rotated during traffic, clocks of nodes differ, nodes lose the registry for a while.
    #[test]
    fn whoever_keeps_the_jwks_for_its_stated_time_never_meets_an_unknown_kid(world in worlds()) {
        let table = Timetable::new(
            Lifetime::seconds(LONGEST),
            Lifetime::seconds(LONGEST + MARGIN.as_seconds()),
            None,
        ).expect("enough");
        let kept = world.kept();
        // One relying party that keeps what it read for as long as it may; it reads again only after that.
        let mut cache: Option<(Vec<Kid>, i64)> = None;
        for (at, node, _, from, other) in &world.tokens {
            let Some(kid) = world.signer(&kept, &table, (*at, *node, *other)) else { continue };
            if cache.as_ref().is_none_or(|(_, until)| until <= at) {
                let (kids, age) = world.published(&kept, &table, *from, *at);
                // What may not be kept is not: a node that was cut off for long states no time.
                cache = (age > 0).then(|| (kids, at + age));
            }
            if let Some((kids, _)) = &cache {
                prop_assert!(kids.contains(&kid), "{kid} at {at}, signed on node {node}, JWKS of node {from}");
            }
        }
        // And others who verify late, up to the end of the token, with a JWKS read at that moment.
        for (at, node, later, from, other) in &world.tokens {
            let Some(kid) = world.signer(&kept, &table, (*at, *node, *other)) else { continue };
            let then = at + i64::from(*later);
            let (kids, age) = world.published(&kept, &table, *from, then);
            prop_assert!(age == 0 || kids.contains(&kid), "{kid} of {at} at {then}, JWKS of node {from}");
        }
    }
}
