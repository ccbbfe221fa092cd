//! The life of keys over a real registry, on a clock that the tests move.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::jose::verify;
use domain::keys::{JWKS_CACHE, LEAD, MARGIN};
use domain::time::Lifetime;
use serde_json::{Value, json};
use store::registry::Location;
use store::seal::Vault;
use tempfile::TempDir;

use super::*;
use crate::config::{Holder, Keys};
use crate::keys::KeyRing;

const START: Timestamp = Timestamp::from_epoch(1_800_000_000);
const DAY: u32 = 86_400;

/// Two nodes on one registry.
struct House {
    one: Registry,
    two: Registry,
    holder: Keyholder,
    clock: Clock,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let vault = Arc::new(Vault::new(&Random::system().bytes()));
        let location = Location::Sqlite(folder.path().join("registry.sqlite"));
        let seconds = Lifetime::seconds;
        let timetable = Timetable::new(seconds(3600), seconds(DAY), Some(seconds(90 * DAY))).expect("enough");
        let keys = Keys { timetable, holder: Holder::Registry, token: None };
        let clock = Clock::manual(START);
        let one = Registry::migrate(&location, Arc::clone(&vault)).await.expect("a registry");
        let holder = Keyholder::open(&keys, &vault, &one, &clock).await.expect("no token");
        let two = Registry::open(&location, vault).await.expect("the same registry");
        Self { one, two, holder, clock, _folder: folder }
    }

    async fn make(&self, occasion: Occasion) -> Vec<KeyLife> {
        make(&self.one, &self.holder, &occasion, Random::system(), &self.clock).await.expect("made")
    }

    /// Both nodes look after the keys at the same time.
    async fn look_after(&self) {
        let look = |registry| look_after(registry, &self.holder, Random::system(), &self.clock);
        let (one, two) = tokio::join!(look(&self.one), look(&self.two));
        one.expect("looked after");
        two.expect("looked after");
    }

    fn wait(&self, seconds: u32) {
        self.clock.advance(Lifetime::seconds(seconds));
    }

    async fn ring(&self) -> KeyRing {
        let kept = self.one.keys().await.expect("read");
        KeyRing::of(kept.into(), &self.holder, &self.clock, self.clock.now())
    }

    async fn count(&self, algorithm: SigningAlgorithm) -> usize {
        lives(&self.one).await.expect("read").iter().filter(|life| life.algorithm == algorithm).count()
    }

    /// What the journal tells of a key.
    async fn told(&self, kid: &Kid) -> Vec<String> {
        let entries = self.one.entries(0, 1000).await.expect("read");
        let details = entries.iter().map(|entry| serde_json::from_str::<Value>(&entry.details).expect("JSON"));
        let of_it = details.filter(|details| details["kid"] == kid.as_str());
        of_it.map(|details| format!("{} {}", details["change"], details["cause"]).replace('"', "")).collect()
    }
}

#[tokio::test]
async fn the_first_keys_are_of_every_algorithm_and_sign_at_once_whichever_command_makes_them() {
    for occasion in [Occasion::FirstUse, Occasion::Operator(vec![SigningAlgorithm::Es256])] {
        let house = House::new().await;
        let made = house.make(occasion).await;
        assert_eq!(made.len(), SigningAlgorithm::ALL.len());
        assert!(made.iter().all(|life| life.signs_from == START));
        assert_eq!(house.make(Occasion::FirstUse).await, []);
        let ring = house.ring().await;
        for algorithm in SigningAlgorithm::ALL {
            let token = ring.sign(algorithm, "JWT", &json!({"a": 1})).expect("signed");
            verify(&token, algorithm, ring.own().expect("a JWKS")).expect("verifies");
        }
        assert_eq!(ring.algorithms(), SigningAlgorithm::ALL);
    }
}

#[tokio::test]
async fn the_schedule_makes_one_key_however_many_nodes_look() {
    let house = House::new().await;
    house.make(Occasion::FirstUse).await;
    house.wait(90 * DAY - 1);
    house.look_after().await;
    assert_eq!(house.count(SigningAlgorithm::Es256).await, 1);
    house.wait(1);
    for _ in 0..3 {
        house.look_after().await;
    }
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(house.count(algorithm).await, 2, "{}", algorithm.name());
    }
}

#[tokio::test]
async fn a_life_is_journalled_to_its_end_once_and_the_key_is_gone() {
    let house = House::new().await;
    let first = house.make(Occasion::FirstUse).await;
    let old = first.into_iter().find(|life| life.algorithm == SigningAlgorithm::Es256).expect("the default");
    house.look_after().await;
    let new = house.make(Occasion::Operator(vec![SigningAlgorithm::Es256])).await.remove(0);
    house.look_after().await;
    assert_eq!(house.told(&new.kid).await, ["announced operator"]);
    house.wait(LEAD.as_seconds());
    house.look_after().await;
    assert_eq!(house.told(&new.kid).await, ["announced operator", "signing clock"]);
    house.wait(DAY - 1);
    house.look_after().await;
    assert_eq!(house.told(&old.kid).await, ["announced first_use", "signing clock", "verifying clock"]);
    house.wait(1);
    house.look_after().await;
    house.look_after().await;
    let whole = ["announced first_use", "signing clock", "verifying clock", "retired clock", "erased clock"];
    assert_eq!(house.told(&old.kid).await, whole);
    let left: BTreeSet<Kid> = lives(&house.two).await.expect("read").into_iter().map(|life| life.kid).collect();
    assert!(!left.contains(&old.kid) && left.contains(&new.kid));
}

#[tokio::test]
async fn a_new_key_is_shown_at_once_and_signs_after_its_lead_while_the_old_one_stays_shown() {
    let house = House::new().await;
    house.make(Occasion::FirstUse).await;
    let sign = |ring: &KeyRing| ring.sign(SigningAlgorithm::Es256, "JWT", &json!({})).expect("signed");
    let before = house.ring().await;
    house.make(Occasion::Operator(vec![SigningAlgorithm::Es256])).await;
    let announced = house.ring().await;
    assert_eq!(announced.max_age(), JWKS_CACHE);
    assert!(verify(&sign(&announced), SigningAlgorithm::Es256, before.own().expect("a JWKS")).is_ok());
    house.wait(LEAD.as_seconds());
    let signing = announced.moved_on();
    assert!(announced.is_due() && !signing.is_due());
    let token = sign(&signing);
    assert!(verify(&token, SigningAlgorithm::Es256, before.own().expect("a JWKS")).is_err(), "another key signed");
    assert!(verify(&token, SigningAlgorithm::Es256, announced.own().expect("a JWKS")).is_ok());
    assert!(verify(&sign(&before), SigningAlgorithm::Es256, signing.own().expect("a JWKS")).is_ok());
}

#[tokio::test]
async fn the_published_set_holds_the_keys_of_request_objects_beside_the_signing_keys_and_no_private_half() {
    let house = House::new().await;
    let empty: Value = serde_json::from_slice(&house.ring().await.jwks()).expect("JSON");
    assert_eq!(empty["keys"].as_array().map(Vec::len), Some(2), "before there is any signing key: {empty}");
    house.make(Occasion::FirstUse).await;
    let ring = house.ring().await;
    let set: Value = serde_json::from_slice(&ring.jwks()).expect("JSON");
    let keys = set["keys"].as_array().expect("keys");
    let (signing, request) = keys.split_at(SigningAlgorithm::ALL.len());
    let told: Vec<_> = request.iter().map(|jwk| (&jwk["kty"], &jwk["use"], &jwk["alg"])).collect();
    let (enc, oaep) = (json!("enc"), json!("RSA-OAEP-256"));
    assert_eq!(told, [(&json!("EC"), &enc, &Value::Null), (&json!("RSA"), &enc, &oaep)]);
    assert!(signing.iter().all(|jwk| jwk["use"] == "sig"), "{set}");
    assert!(keys.iter().all(|jwk| jwk.get("d").is_none() && jwk.get("p").is_none()), "{set}");
    assert_eq!(ring.moved_on().jwks(), ring.jwks());
}

#[tokio::test]
async fn a_node_that_cannot_read_the_keys_states_less_time_and_in_the_end_signs_no_more() {
    let house = House::new().await;
    house.make(Occasion::FirstUse).await;
    let ring = house.ring().await;
    let signs = || ring.sign(SigningAlgorithm::Es256, "JWT", &json!({})).is_some();
    house.wait(600);
    assert_eq!(ring.max_age(), Lifetime::seconds(150));
    house.wait(LEAD.as_seconds() + DAY - 3600 - MARGIN.as_seconds() - 600 - 1);
    assert!(signs() && ring.max_age() == Lifetime::seconds(0));
    house.wait(1);
    assert!(!signs());
    ring.confirm(house.clock.now());
    assert!(signs() && ring.max_age() == JWKS_CACHE);
}

#[tokio::test]
async fn keys_of_one_algorithm_do_not_pile_up() {
    let house = House::new().await;
    house.make(Occasion::FirstUse).await;
    let next = Occasion::Operator(vec![SigningAlgorithm::EdDsa]);
    for _ in 1..MOST {
        house.make(next.clone()).await;
    }
    let refused = make(&house.one, &house.holder, &next, Random::system(), &house.clock).await;
    assert!(refused.expect_err("too many").to_string().contains("8 keys of EdDSA"));
    assert_eq!(house.count(SigningAlgorithm::EdDsa).await, MOST);
}
