//! Cases for records that live for minutes.

use domain::secret::Bearer;
use domain::time::Lifetime;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{CANARY, Nodes, at_once, bearer, contains, for_each_engine, nodes, random, vault};
use crate::StoreError;
use crate::ephemeral::{Allowance, Allowed, Budget, Ephemeral, Kind, Put, Record, Swap};
use crate::seal::Lock;

for_each_engine!(nodes: memory, redis; {
    put_never_overwrites,
    a_thousand_takers_share_one_record_among_none_but_one,
    of_many_swaps_from_one_version_exactly_one_wins,
    a_swap_and_a_take_at_once_never_bring_a_record_back,
    a_version_from_before_a_take_never_swaps_again,
    kinds_never_mix_under_one_bearer,
    what_has_ended_is_gone,
    a_swap_gives_a_new_lifetime,
    a_stranger_finds_nothing,
    a_blob_that_was_touched_is_corrupt_and_never_a_panic,
    a_blob_that_was_moved_does_not_open,
    a_value_is_fresh_once,
    an_allowance_is_shared_and_each_use_of_it_comes_back_by_itself,
    a_record_without_a_lifetime_is_refused,
    neither_the_secret_nor_the_record_is_kept_in_the_clear,
    the_engine_answers,
});

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ticket(String);

impl Record for Ticket {
    const KIND: Kind = Kind::Code;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seat(String);

impl Record for Seat {
    const KIND: Kind = Kind::Session;
}

const MINUTE: Lifetime = Lifetime::seconds(60);

fn ticket(text: &str) -> Ticket {
    Ticket(text.to_owned())
}

async fn kept(nodes: &Nodes, text: &str) -> Bearer<Ticket> {
    let bearer = bearer();
    assert_eq!(nodes.one.put(&bearer, &ticket(text), MINUTE).await.expect("puts"), Put::Fresh);
    bearer
}

async fn looked(node: &Ephemeral, bearer: &Bearer<Ticket>) -> Option<Ticket> {
    node.look(bearer).await.expect("looks").map(|(ticket, _)| ticket)
}

async fn put_never_overwrites(nodes: Nodes) {
    let bearer = kept(&nodes, "first").await;
    assert_eq!(nodes.two.put(&bearer, &ticket("second"), MINUTE).await.expect("puts"), Put::Taken);
    assert_eq!(looked(&nodes.one, &bearer).await, Some(ticket("first")));
}

async fn a_thousand_takers_share_one_record_among_none_but_one(nodes: Nodes) {
    let bearer = kept(&nodes, "once").await;
    let answers = at_once(1000, nodes.both(), |node, _| {
        let bearer = bearer.clone();
        async move { node.take(&bearer).await.expect("takes") }
    });
    let taken: Vec<Ticket> = answers.await.into_iter().flatten().collect();
    assert_eq!(taken, [ticket("once")]);
    assert_eq!(looked(&nodes.two, &bearer).await, None);
}

async fn of_many_swaps_from_one_version_exactly_one_wins(nodes: Nodes) {
    let bearer = kept(&nodes, "start").await;
    let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
    let answers = at_once(100, nodes.both(), |node, at| {
        let (bearer, mine) = (bearer.clone(), ticket(&format!("swap {at}")));
        async move { (node.swap(&bearer, version, &mine, MINUTE).await.expect("swaps"), mine) }
    });
    let mut won = Vec::new();
    for (swap, mine) in answers.await {
        match swap {
            Swap::Done(version) => won.push((mine, version)),
            Swap::Lost => {}
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(nodes.two.look(&bearer).await.expect("looks"), won.pop());
}

async fn a_swap_and_a_take_at_once_never_bring_a_record_back(nodes: Nodes) {
    for _ in 0..200 {
        let bearer = kept(&nodes, "old").await;
        let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
        let (taken, swap) = {
            let (one, two, bearer) = (nodes.one.clone(), nodes.two.clone(), bearer.clone());
            let mut taker = JoinSet::new();
            let same = bearer.clone();
            taker.spawn(async move { two.take(&same).await.expect("takes") });
            let swap = one.swap(&bearer, version, &ticket("new"), MINUTE).await.expect("swaps");
            (taker.join_all().await.remove(0), swap)
        };
        let expected = match swap {
            Swap::Done(_) => "new",
            Swap::Lost => "old",
        };
        assert_eq!(taken, Some(ticket(expected)));
        assert_eq!(looked(&nodes.one, &bearer).await, None);
    }
}

async fn a_version_from_before_a_take_never_swaps_again(nodes: Nodes) {
    let bearer = kept(&nodes, "same").await;
    let (_, before) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
    assert!(nodes.one.take(&bearer).await.expect("takes").is_some());
    assert_eq!(nodes.one.swap(&bearer, before, &ticket("x"), MINUTE).await.expect("swaps"), Swap::Lost);
    assert_eq!(nodes.one.put(&bearer, &ticket("same"), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(nodes.one.swap(&bearer, before, &ticket("x"), MINUTE).await.expect("swaps"), Swap::Lost);
    assert_eq!(looked(&nodes.one, &bearer).await, Some(ticket("same")));
}

async fn kinds_never_mix_under_one_bearer(nodes: Nodes) {
    let bytes = random();
    let (as_ticket, as_seat) = (Bearer::<Ticket>::from_random(bytes), Bearer::<Seat>::from_random(bytes));
    assert_eq!(nodes.one.put(&as_ticket, &ticket("code"), MINUTE).await.expect("puts"), Put::Fresh);
    assert!(nodes.one.look(&as_seat).await.expect("looks").is_none());
    assert!(nodes.one.take(&as_seat).await.expect("takes").is_none());
    assert_eq!(nodes.one.put(&as_seat, &Seat("session".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(nodes.one.take(&as_ticket).await.expect("takes"), Some(ticket("code")));
    assert_eq!(nodes.one.take(&as_seat).await.expect("takes"), Some(Seat("session".to_owned())));
}

async fn what_has_ended_is_gone(nodes: Nodes) {
    let bearer = kept(&nodes, "minute").await;
    nodes.age(&bearer, 40).await;
    let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("20 seconds are left");
    nodes.age(&bearer, 20).await;
    assert_eq!(looked(&nodes.one, &bearer).await, None);
    assert_eq!(nodes.one.swap(&bearer, version, &ticket("late"), MINUTE).await.expect("swaps"), Swap::Lost);
    assert_eq!(nodes.one.take(&bearer).await.expect("takes"), None);
    assert_eq!(nodes.one.put(&bearer, &ticket("anew"), MINUTE).await.expect("puts"), Put::Fresh);
}

async fn a_swap_gives_a_new_lifetime(nodes: Nodes) {
    let bearer = kept(&nodes, "minute").await;
    let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
    let swap = nodes.one.swap(&bearer, version, &ticket("longer"), Lifetime::seconds(600)).await.expect("swaps");
    assert!(matches!(swap, Swap::Done(_)));
    nodes.age(&bearer, 580).await;
    assert_eq!(looked(&nodes.one, &bearer).await, Some(ticket("longer")));
    nodes.age(&bearer, 20).await;
    assert_eq!(looked(&nodes.one, &bearer).await, None);
}

async fn a_stranger_finds_nothing(nodes: Nodes) {
    let _ = kept(&nodes, "mine").await;
    assert_eq!(looked(&nodes.one, &bearer()).await, None);
    assert_eq!(nodes.one.take(&bearer::<Ticket>()).await.expect("takes"), None);
}

async fn a_blob_that_was_touched_is_corrupt_and_never_a_panic(nodes: Nodes) {
    let original = kept(&nodes, "whole").await;
    let place = Lock::of(&original).place();
    let blob = nodes.one.engine.take(place).await.expect("takes").expect("is there");
    let mut forgeries: Vec<Vec<u8>> = (0..blob.len()).map(|length| blob[..length].to_vec()).collect();
    for at in 0..blob.len() {
        let mut flipped = blob.clone();
        flipped[at] ^= 1;
        forgeries.push(flipped);
    }
    forgeries.push([blob.as_slice(), &[0]].concat());
    for forged in forgeries {
        assert_eq!(nodes.one.engine.put(place, forged, MINUTE).await.expect("puts"), Put::Fresh);
        assert!(matches!(nodes.one.look(&original).await, Err(StoreError::Corrupt { .. })));
        assert!(matches!(nodes.one.take(&original).await, Err(StoreError::Corrupt { .. })));
    }
    assert_eq!(nodes.one.engine.put(place, blob, MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(looked(&nodes.one, &original).await, Some(ticket("whole")));
}

async fn a_blob_that_was_moved_does_not_open(nodes: Nodes) {
    let (mine, other) = (kept(&nodes, "mine").await, bearer::<Ticket>());
    let as_seat = bearer::<Seat>();
    let blob = nodes.one.engine.look(Lock::of(&mine).place()).await.expect("looks").expect("is there");
    for place in [Lock::of(&other).place(), Lock::of(&as_seat).place()] {
        assert_eq!(nodes.one.engine.put(place, blob.clone(), MINUTE).await.expect("puts"), Put::Fresh);
    }
    assert!(matches!(nodes.one.take(&other).await, Err(StoreError::Corrupt { .. })));
    assert!(matches!(nodes.one.take(&as_seat).await, Err(StoreError::Corrupt { .. })));
    assert_eq!(looked(&nodes.one, &mine).await, Some(ticket("mine")));
}

async fn a_value_is_fresh_once(nodes: Nodes) {
    let jti = random::<16>();
    let answers = at_once(50, nodes.both(), |node, _| async move {
        node.once(Kind::ClientAssertion, &[b"client", &jti], MINUTE).await.expect("notes")
    });
    let fresh = answers.await.into_iter().filter(|put| *put == Put::Fresh).count();
    assert_eq!(fresh, 1);
    assert_eq!(nodes.one.once(Kind::AccessToken, &[b"client", &jti], MINUTE).await.expect("notes"), Put::Fresh);
    assert_eq!(nodes.one.once(Kind::ClientAssertion, &[b"other", &jti], MINUTE).await.expect("notes"), Put::Fresh);
}

async fn an_allowance_is_shared_and_each_use_of_it_comes_back_by_itself(nodes: Nodes) {
    let whose = random::<16>();
    let three = Allowance { name: "three", most: 3, within: MINUTE };
    let taken = async || {
        let answers =
            at_once(40, nodes.both(), |node, _| async move { node.allow(three, &whose).await.expect("counts") });
        answers.await.into_iter().filter(|allowed| *allowed == Allowed::Yes).count()
    };
    assert_eq!((taken().await, taken().await), (3, 0));
    let other = Allowance { name: "other", ..three };
    assert_eq!(nodes.two.allow(other, &whose).await.expect("counts"), Allowed::Yes, "of another name");
    assert_eq!(nodes.two.allow(three, &random::<16>()).await.expect("counts"), Allowed::Yes, "another's");
    nodes.age_allowance(three, &whose, 59).await;
    assert_eq!(taken().await, 0, "not before its minute is over");
    nodes.age_allowance(three, &whose, 1).await;
    assert_eq!((taken().await, taken().await), (3, 0));
    let never = Allowance { within: Lifetime::seconds(0), ..three };
    assert!(matches!(nodes.one.allow(never, &whose).await, Err(StoreError::NoLifetime)));
}

async fn a_record_without_a_lifetime_is_refused(nodes: Nodes) {
    let (bearer, none) = (kept(&nodes, "x").await, Lifetime::seconds(0));
    let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
    assert!(matches!(nodes.one.put(&super::bearer(), &ticket("x"), none).await, Err(StoreError::NoLifetime)));
    assert!(matches!(nodes.one.swap(&bearer, version, &ticket("x"), none).await, Err(StoreError::NoLifetime)));
    assert!(matches!(nodes.one.once(Kind::ClientAssertion, &[b"x"], none).await, Err(StoreError::NoLifetime)));
}

async fn neither_the_secret_nor_the_record_is_kept_in_the_clear(nodes: Nodes) {
    let bearer = kept(&nodes, CANARY).await;
    let value = format!("{CANARY}{:?}", random::<8>());
    let noted = nodes.one.once(Kind::ClientAssertion, &[value.as_bytes()], MINUTE).await.expect("notes");
    assert_eq!(noted, Put::Fresh);
    let dump = nodes.one.dump().await;
    assert!(dump.len() > 100, "the dump holds the records");
    assert!(!contains(&dump, CANARY));
    assert!(!contains(&dump, &bearer.expose()));
    assert!(contains(format!("…{CANARY}…").as_bytes(), CANARY), "the search finds what is there");
}

async fn the_engine_answers(nodes: Nodes) {
    nodes.one.ping().await.expect("answers");
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Visit(String);

impl Record for Visit {
    const KIND: Kind = Kind::SignIn;
}

/// A stand-in for a pushed request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Push(String);

impl Record for Push {
    const KIND: Kind = Kind::Pushed;
}

const KIB: u64 = 1024;

fn memory(budget: Budget) -> Ephemeral {
    Ephemeral::memory(std::sync::Arc::new(super::now), budget, &vault())
}

/// Puts the same record until one is refused; what was kept.
async fn filled<R: Record>(store: &Ephemeral, record: &R) -> Vec<Bearer<R>> {
    let mut kept = Vec::new();
    loop {
        assert!(kept.len() < 100_000, "nothing was ever refused");
        let bearer = bearer();
        match store.put(&bearer, record, MINUTE).await {
            Ok(Put::Fresh) => kept.push(bearer),
            Ok(Put::Taken) => panic!("nothing was there"),
            Err(StoreError::Full) => return kept,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_full_memory_refuses_and_forgets_no_live_record() {
    let store = memory(Budget { rest: 100 * KIB, ..Budget::default() });
    store.ping().await.expect("has room");
    let kept = filled(&store, &ticket("x")).await;
    assert!(matches!(store.ping().await, Err(StoreError::Full)));
    for bearer in &kept {
        assert!(store.take(bearer).await.expect("takes").is_some());
    }
    store.ping().await.expect("has room again");
    assert_eq!(store.put(&bearer(), &ticket("x"), MINUTE).await.expect("has room again"), Put::Fresh);
}

#[tokio::test]
async fn a_flood_of_sign_ins_leaves_room_for_those_who_came_through() {
    let store = memory(Budget { sign_ins: 100 * KIB, rest: 100 * KIB, ..Budget::default() });
    let under_way = bearer();
    let version = store.put_versioned(&under_way, &Visit("mine".to_owned()), MINUTE).await.expect("puts");
    let flood = filled(&store, &Visit("flood".to_owned())).await;
    assert!(flood.len() > 10);
    store.ping().await.expect("what the node does for everyone else goes on");

    // Who is under way goes on and gets a code; the code is redeemed; the session stays.
    let swap = store.swap(&under_way, version.expect("fresh"), &Visit("further".to_owned()), MINUTE).await;
    assert!(matches!(swap.expect("swaps"), Swap::Done(_)));
    let arrived = store.put_under_way(&bearer(), &Visit("arrived".to_owned()), MINUTE).await;
    assert!(arrived.expect("has a reserve").is_some());
    let code = bearer();
    assert_eq!(store.put(&code, &ticket("code"), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(store.put(&bearer(), &Seat("session".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
    let noted = store.once(Kind::ClientAssertion, &[b"jti"], MINUTE).await.expect("notes");
    assert_eq!(noted, Put::Fresh);
    assert_eq!(store.take(&code).await.expect("takes"), Some(ticket("code")));

    // And the other way round.
    let store = memory(Budget { sign_ins: 100 * KIB, rest: 100 * KIB, ..Budget::default() });
    filled(&store, &ticket("x")).await;
    assert_eq!(store.put(&bearer(), &Visit("new".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
}

#[tokio::test]
async fn a_flood_of_pushed_requests_stops_pushes_alone() {
    let store = memory(Budget { pushed: 100 * KIB, ..Budget::default() });
    assert!(filled(&store, &Push("flood".to_owned())).await.len() > 10);
    store.ping().await.expect("what the node does for everyone else goes on");
    assert_eq!(store.put(&bearer(), &ticket("code"), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(store.put(&bearer(), &Seat("session".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(store.put(&bearer(), &Visit("sign-in".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);

    // And the other way round.
    let store = memory(Budget { rest: 100 * KIB, ..Budget::default() });
    filled(&store, &ticket("x")).await;
    assert_eq!(store.put(&bearer(), &Push("new".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
}

/// A stand-in for a use of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Use(String);

impl Record for Use {
    const KIND: Kind = Kind::CardTransaction;
}

/// A stand-in for what lies behind a handle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Handle(String);

impl Record for Handle {
    const KIND: Kind = Kind::Pairing;
}

#[tokio::test]
async fn a_flood_of_proofs_of_phones_stops_phones_alone() {
    let store = memory(Budget { cards: 100 * KIB, ..Budget::default() });
    let mut kept = 0_u32;
    while !matches!(store.once(Kind::CardProof, &[&kept.to_be_bytes()], MINUTE).await, Err(StoreError::Full)) {
        kept += 1;
        assert!(kept < 100_000, "nothing was ever refused");
    }
    store.ping().await.expect("what the node does for everyone else goes on");
    assert_eq!(store.once(Kind::DpopProof, &[b"a client's"], MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(store.put(&bearer(), &ticket("code"), MINUTE).await.expect("puts"), Put::Fresh);
}

#[tokio::test]
async fn a_flood_of_uses_of_cards_stops_new_uses_alone() {
    let store = memory(Budget { cards: 100 * KIB, ..Budget::default() });
    let under_way = bearer();
    let version = store.put_versioned(&under_way, &Use("mine".to_owned()), MINUTE).await.expect("puts");
    assert!(filled(&store, &Use("flood".to_owned())).await.len() > 10);
    store.ping().await.expect("what the node does for everyone else goes on");
    assert!(matches!(store.put(&bearer(), &Handle("new".to_owned()), MINUTE).await, Err(StoreError::Full)));
    let handle = store.put_under_way(&bearer(), &Handle("mine".to_owned()), MINUTE).await;
    assert!(handle.expect("who is under way goes on").is_some());
    let swap = store.swap(&under_way, version.expect("fresh"), &Use("read".repeat(10_000)), MINUTE).await;
    assert!(matches!(swap.expect("swaps"), Swap::Done(_)));
    assert_eq!(store.put(&bearer(), &ticket("code"), MINUTE).await.expect("puts"), Put::Fresh);
    assert_eq!(store.put(&bearer(), &Visit("sign-in".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);

    // And the other way round.
    let store = memory(Budget { sign_ins: 100 * KIB, ..Budget::default() });
    filled(&store, &Visit("flood".to_owned())).await;
    assert_eq!(store.put(&bearer(), &Use("new".to_owned()), MINUTE).await.expect("puts"), Put::Fresh);
}

#[tokio::test]
async fn records_count_by_their_bytes() {
    let budget = Budget { rest: 4 * KIB * KIB, ..Budget::default() };
    let small = filled(&memory(budget), &ticket("x")).await.len();
    let large = filled(&memory(budget), &ticket(&"x".repeat(64 * 1024))).await.len();
    assert!(small > 5_000, "{small}");
    // 64 of them, and the few hundred writes that moka counts late at most.
    assert!((60..500).contains(&large), "{large}");
}

#[tokio::test]
async fn a_connection_lost_under_a_swap_is_an_error_and_comes_back() {
    let Some(nodes) = nodes(super::Which::redis).await else {
        return;
    };
    let bearer = kept(&nodes, "before").await;
    let (_, version) = nodes.one.look(&bearer).await.expect("looks").expect("is there");
    nodes.two.cut(&nodes.one).await;
    let swap = nodes.one.swap(&bearer, version, &ticket("after"), MINUTE).await;
    assert!(matches!(swap, Err(StoreError::Unavailable { .. })), "{swap:?}");
    // Nobody knew whether it took place; the record itself does.
    let found = looked(&nodes.one, &bearer).await.expect("the connection is back");
    assert!([ticket("before"), ticket("after")].contains(&found));
}
