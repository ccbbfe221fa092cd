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
    rotations: Vec<(i64, usize, i64, SigningAlgorithm)>,
    /// When a relying party reads the JWKS, of which node, and from which node it gets tokens meanwhile.
    reads: Vec<(i64, usize, usize)>,
    /// When a token is issued, by which node, how long after that it is verified, and against the JWKS of which node.
    tokens: Vec<(i64, usize, i64, usize)>,
}

const LONGEST: u32 = 3600;
const BOTH: [SigningAlgorithm; 2] = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256];

/// Most of what could go wrong goes wrong around a rotation: nodes are cut off, JWKS read and tokens issued there.
fn worlds() -> impl Strategy<Value = World> {
    let (clocks, keeping) = (i64::from(CLOCKS.as_seconds()), i64::from(KEEPING.as_seconds()));
    let skew = prop_oneof![Just(-clocks), Just(clocks), -clocks..=clocks];
    let node = (skew, 1_i64..=2, (0_usize..8, -5_i64..5, prop_oneof![Just(0), 0_i64..1500, 0_i64..9000]));
    let rotation = (0_i64..30_000, 0_usize..4, prop_oneof![Just(keeping), 0..=keeping], any::<bool>());
    let read = (0_usize..8, -300_i64..1200, 0_usize..4, 0_usize..4);
    let longest = i64::from(LONGEST);
    let token = (0_usize..8, -300_i64..9000, 0_usize..4, prop_oneof![Just(longest), 0..=longest], 0_usize..4);
    (vec(node, 4), vec(rotation, 1..8), vec(read, 1..60), vec(token, 1..60)).prop_map(
        |(nodes, mut rotations, reads, tokens)| {
            rotations.sort_unstable();
            let near = |number: usize, offset: i64| rotations[number % rotations.len()].0 + offset;
            let cut_off = |(number, offset, length)| (near(number, offset), near(number, offset) + length);
            World {
                nodes: nodes.into_iter().map(|(skew, pace, cut)| (skew, pace, cut_off(cut))).collect(),
                reads: reads.into_iter().map(|(number, offset, of, by)| (near(number, offset), of, by)).collect(),
                tokens: tokens
                    .into_iter()
                    .map(|(number, offset, by, later, of)| (near(number, offset), by, later, of))
                    .collect(),
                rotations: rotations
                    .iter()
                    .map(|(at, by, delay, other)| (*at, *by, *delay, BOTH[usize::from(*other)]))
                    .collect(),
            }
        },
    )
}

impl World {
    /// Each key with the true moment from when the registry holds it.
    fn kept(&self) -> Vec<(i64, KeyLife)> {
        let mut kept: Vec<(i64, KeyLife)> = BOTH
            .into_iter()
            .map(|algorithm| (i64::MIN, life(&format!("first-{}", algorithm.name()), algorithm, -1_000_000)))
            .collect();
        for (number, (at, node, delay, algorithm)) in self.rotations.iter().enumerate() {
            let now = Timestamp::from_epoch(at + self.nodes[*node].0);
            let known: Vec<KeyLife> = kept.iter().map(|(_, life)| life.clone()).collect();
            let kid = Kid::parse(&format!("k{number}")).expect("plain");
            let made = KeyLife { kid, algorithm: *algorithm, announced: now, signs_from: signs_from(&known, now) };
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

    /// The JWKS of a node, and for how long it may be kept.
    fn published(&self, kept: &[(i64, KeyLife)], table: &Timetable, node: usize, at: i64) -> (Vec<Kid>, i64) {
        let (known, confirmed) = self.read(kept, node, at);
        let now = Timestamp::from_epoch(at + self.nodes[node].0);
        let states = table.states(&known, now);
        let kids = known.iter().zip(states).filter(|(_, state)| state.is_published()).map(|(key, _)| key.kid.clone());
        (kids.collect(), i64::from(max_age(confirmed, now).as_seconds()))
    }

    /// The keys that a node signs with, one an algorithm.
    fn signing(&self, kept: &[(i64, KeyLife)], table: &Timetable, node: usize, at: i64) -> Vec<Kid> {
        let (known, confirmed) = self.read(kept, node, at);
        let now = Timestamp::from_epoch(at + self.nodes[node].0);
        if table.signs_until(confirmed).is_past(now) {
            return Vec::new();
        }
        let states = table.states(&known, now);
        let signing = known.iter().zip(states).filter(|(_, state)| *state == KeyState::Signing);
        signing.map(|(key, _)| key.kid.clone()).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Attack G14: keys are rotated during traffic, clocks of nodes differ, nodes lose the registry for a while.
    #[test]
    fn whoever_keeps_the_jwks_for_its_stated_time_never_meets_an_unknown_kid(world in worlds()) {
        let verify_for = Lifetime::seconds(LONGEST + MARGIN.as_seconds());
        let table = Timetable::new(Lifetime::seconds(LONGEST), verify_for, None).expect("enough");
        let kept = world.kept();
        for (at, of, by) in &world.reads {
            let (kids, age) = world.published(&kept, &table, *of, *at);
            // What is signed while the JWKS may be kept, to its last second.
            for later in [0, age / 2, age - 1].into_iter().filter(|later| (0..age).contains(later)) {
                for kid in world.signing(&kept, &table, *by, at + later) {
                    prop_assert!(kids.contains(&kid), "{kid} of node {by}: {later} s after the JWKS of {of} at {at}");
                }
            }
        }
        // And whoever verifies late, up to the end of the token, with a JWKS read at that moment. A node that was cut
        // off for long may lack a key: it states no time, and is asked again.
        for (at, by, later, of) in &world.tokens {
            let (kids, age) = world.published(&kept, &table, *of, at + later);
            for kid in world.signing(&kept, &table, *by, *at) {
                prop_assert!(age == 0 || kids.contains(&kid), "{kid} of {at}: {later} s later, JWKS of node {of}");
            }
        }
    }
}

#[test]
fn a_key_that_is_withdrawn_is_followed_at_once_and_never_by_one_that_was_replaced() {
    let timetable = Timetable::new(Lifetime::seconds(3600), Lifetime::seconds(86_400), None).expect("enough");
    let life = |name: &str, signs_from: i64| KeyLife {
        kid: Kid::parse(name).expect("plain"),
        algorithm: SigningAlgorithm::Es256,
        announced: Timestamp::from_epoch(signs_from - 900),
        signs_from: Timestamp::from_epoch(signs_from),
    };
    let now = Timestamp::from_epoch(100_000);
    let other = KeyLife { algorithm: SigningAlgorithm::Rs256, ..life("other", 1000) };
    let (old, signing, next, later) =
        (life("old", 1000), life("sign", 99_990), life("next", 100_300), life("z", 100_400));
    let keys = [old.clone(), signing.clone(), later.clone(), next.clone(), other.clone()];
    let withdraw = |keys: &[KeyLife], kid: &KeyLife| timetable.withdrawal(keys, &kid.kid, now);
    for kid in [&old, &next, &later] {
        assert_eq!(withdraw(&keys, kid), Some(Withdrawal::Alone), "{}", kid.kid);
    }
    assert_eq!(withdraw(&keys, &life("nobody", 1)), None);

    let Some(Withdrawal::Successor(follows)) = withdraw(&keys, &signing) else { panic!("one is announced") };
    assert_eq!((&follows.kid, follows.signs_from), (&next.kid, Timestamp::from_epoch(100_000 - 60)));
    // On a node whose clock is behind as far as it may be, the next one signs, and not the one that was replaced.
    let left = [old.clone(), follows, other.clone()];
    let behind = Timestamp::from_epoch(now.epoch() - i64::from(CLOCKS.as_seconds()));
    let signs = |at| {
        let states = timetable.states(&left, at);
        left.iter()
            .zip(states)
            .filter(|(_, state)| *state == KeyState::Signing)
            .map(|(key, _)| key.kid.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(signs(behind), ["next", "other"]);
    assert_eq!(signs(now), ["next", "other"]);

    let recent = life("recent", 99_980);
    let made = withdraw(&[recent.clone(), signing.clone()], &signing);
    let signs_from = Timestamp::from_epoch(99_981);
    assert_eq!(made, Some(Withdrawal::MakeOne { algorithm: SigningAlgorithm::Es256, signs_from }), "after the other");
}
