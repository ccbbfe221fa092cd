//! Cases for the signing keys.

use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::journal::KeyCause;
use domain::keys::{KeyLife, KeyState};

use super::{Offices, at_once, for_each_engine, kinds, made, now};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::registry::{Follower, HeldKey, KeptKey, Registry, Updated};

for_each_engine!(offices: sqlite, postgres; {
    of_two_nodes_that_make_a_key_one_has_to_decide_again,
    the_first_keys_are_kept_all_or_none,
    a_key_signs_after_it_was_kept,
    a_key_on_a_token_leaves_its_public_half_alone,
    a_step_in_the_life_of_a_key_is_journalled_by_one_node,
    erasing_a_key_is_journalled_by_one_node,
    a_key_is_withdrawn_with_the_one_that_follows_or_not_at_all,
    a_sealed_key_opens_in_its_own_row_alone,
    a_row_is_not_passed_off_as_the_other_kind,
    of_all_nodes_one_makes_the_key_of_request_objects,
});

async fn lives(registry: &Registry) -> Vec<KeyLife> {
    registry.keys().await.expect("reads").into_iter().map(|kept| kept.life).collect()
}

async fn insert(registry: &Registry, new: &[KeptKey], known: &[KeyLife]) -> Put {
    registry.insert_keys(new, known, KeyCause::Operator, now()).await.expect("writes")
}

/// What the journal tells of keys, in order.
async fn told(registry: &Registry) -> Vec<String> {
    let entries = registry.entries(0, 1000).await.expect("reads");
    let word = |details: &str| {
        let details: serde_json::Value = serde_json::from_str(details).expect("JSON");
        format!("{} {} {}", details["kid"], details["change"], details["cause"]).replace('"', "")
    };
    entries.iter().filter(|entry| entry.kind == "key_changed").map(|entry| word(&entry.details)).collect()
}

async fn of_two_nodes_that_make_a_key_one_has_to_decide_again(offices: Offices) {
    let answers =
        at_once(
            10,
            offices.both(),
            |node, at| async move { insert(&node, &[made(&format!("k{at}"), &[])], &[]).await },
        );
    let fresh = answers.await.into_iter().filter(|put| *put == Put::Fresh).count();
    assert_eq!(fresh, 1);
    let known = lives(&offices.two).await;
    assert_eq!(known.len(), 1);
    let next = made("next", &known);
    assert_eq!(insert(&offices.two, std::slice::from_ref(&next), &known).await, Put::Fresh);
    let kept = lives(&offices.one).await;
    assert_eq!(kept.iter().find(|life| life.kid == next.life.kid), Some(&next.life));
    assert_eq!(kinds(&offices.one).await, ["key_changed", "key_changed"]);
    assert_eq!(offices.one.changes().await.expect("reads").keys, 2);
}

async fn the_first_keys_are_kept_all_or_none(offices: Offices) {
    let answers = at_once(6, offices.both(), |node, at| async move {
        let set = ["a", "b", "c"].map(|name| made(&format!("{name}{at}"), &[]));
        insert(&node, &set, &[]).await
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    assert_eq!(lives(&offices.two).await.len(), 3);
    assert_eq!(told(&offices.one).await.len(), 3);
    let twice = [made("same", &lives(&offices.one).await), made("same", &[])];
    let refused = offices.one.insert_keys(&twice, &lives(&offices.one).await, KeyCause::Schedule, now()).await;
    assert!(refused.is_err());
    assert_eq!((lives(&offices.two).await.len(), told(&offices.one).await.len()), (3, 3));
}

async fn a_key_signs_after_it_was_kept(offices: Offices) {
    for algorithm in SigningAlgorithm::ALL {
        let mut new = made(algorithm.name(), &[]);
        new.life.algorithm = algorithm;
        new.key = HeldKey::Sealed(SigningKey::generate(algorithm, new.life.kid.clone()).expect("makes a key"));
        let known = lives(&offices.one).await;
        assert_eq!(insert(&offices.one, std::slice::from_ref(&new), &known).await, Put::Fresh);
        let kept = offices.two.keys().await.expect("reads").into_iter().find(|kept| kept.life == new.life);
        let kept = kept.expect("is there");
        assert_eq!(kept.key.public(), new.key.public());
        assert!(matches!(kept.key, HeldKey::Sealed(_)));
        assert_eq!(kept.journalled, KeyState::Announced);
    }
}

async fn a_key_on_a_token_leaves_its_public_half_alone(offices: Offices) {
    let mut new = made("t", &[]);
    new.key = HeldKey::OnToken(new.key.public().clone());
    assert_eq!(insert(&offices.one, std::slice::from_ref(&new), &[]).await, Put::Fresh);
    let kept = offices.two.keys().await.expect("reads").remove(0);
    assert!(matches!(kept.key, HeldKey::OnToken(key) if &key == new.key.public()));
}

async fn a_step_in_the_life_of_a_key_is_journalled_by_one_node(offices: Offices) {
    let new = made("k", &[]);
    assert_eq!(insert(&offices.one, std::slice::from_ref(&new), &[]).await, Put::Fresh);
    let answers = at_once(8, offices.both(), |node, _| {
        let new = new.clone();
        async move { node.key_reached(&new, KeyState::Verifying, now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|updated| *updated == Updated::Done).count(), 1);
    assert_eq!(told(&offices.two).await, ["k announced operator", "k signing clock", "k verifying clock"]);
    assert_eq!(offices.two.keys().await.expect("reads")[0].journalled, KeyState::Verifying);
}

async fn erasing_a_key_is_journalled_by_one_node(offices: Offices) {
    let (new, nobody) = (made("e", &[]), made("nobody", &[]));
    assert_eq!(insert(&offices.one, std::slice::from_ref(&new), &[]).await, Put::Fresh);
    assert_eq!(offices.one.erase_key(&nobody.life, now()).await.expect("writes"), Updated::Missing);
    let before = offices.one.changes().await.expect("reads").keys;
    let answers = at_once(8, offices.both(), |node, _| {
        let life = new.life.clone();
        async move { node.erase_key(&life, now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|updated| *updated == Updated::Done).count(), 1);
    assert_eq!(lives(&offices.two).await, []);
    assert_eq!(told(&offices.two).await, ["e announced operator", "e erased clock"]);
    assert_eq!(offices.two.changes().await.expect("reads").keys, before + 1, "every node reads the keys again");
}

async fn a_key_is_withdrawn_with_the_one_that_follows_or_not_at_all(offices: Offices) {
    let (bad, next) = (made("bad", &[]), made("next", &[]));
    assert_eq!(insert(&offices.one, &[bad.clone(), next.clone()], &[]).await, Put::Fresh);
    let (known, before) = (lives(&offices.one).await, offices.one.changes().await.expect("reads").keys);
    let follows = KeyLife { signs_from: now().plus(domain::time::Lifetime::seconds(7)), ..next.life.clone() };
    let follower = Follower::Announced(follows.clone());
    let withdraw = async |node: &Registry, life: &KeyLife, follower: Option<&Follower>, known: &[KeyLife]| {
        node.withdraw_key(life, follower, known, now()).await.expect("writes")
    };
    assert_eq!(withdraw(&offices.one, &bad.life, Some(&follower), &known[..1]).await, Put::Taken, "decided on less");
    assert_eq!(lives(&offices.two).await.len(), 2);
    assert_eq!(withdraw(&offices.one, &bad.life, Some(&follower), &known).await, Put::Fresh);
    assert_eq!(lives(&offices.two).await, std::slice::from_ref(&follows));
    assert_eq!(offices.two.changes().await.expect("reads").keys, before + 1, "every node reads the keys again");

    let anew = Follower::Made(made("anew", &[]));
    let known = lives(&offices.two).await;
    assert_eq!(withdraw(&offices.two, &follows, Some(&anew), &known).await, Put::Fresh);
    assert_eq!(lives(&offices.one).await.iter().map(|life| life.kid.as_str()).collect::<Vec<_>>(), ["anew"]);
    let told = told(&offices.one).await;
    let expected = ["bad withdrawn operator", "next withdrawn operator", "anew announced operator"];
    assert_eq!(told[2..], expected);
    let known = lives(&offices.one).await;
    assert_eq!(withdraw(&offices.one, &known[0], None, &known).await, Put::Fresh);
    assert_eq!(lives(&offices.one).await, []);
}

async fn a_sealed_key_opens_in_its_own_row_alone(offices: Offices) {
    assert_eq!(insert(&offices.one, &[made("mine", &[])], &[]).await, Put::Fresh);
    sqlx::query("UPDATE signing_keys SET kid = 'other'").execute(&offices.one.writers).await.expect("tampers");
    assert!(matches!(offices.one.keys().await, Err(StoreError::Corrupt { what: "signing_keys" })));
}

async fn a_row_is_not_passed_off_as_the_other_kind(offices: Offices) {
    let mut on_token = made("t", &[]);
    on_token.key = HeldKey::OnToken(on_token.key.public().clone());
    assert_eq!(insert(&offices.one, &[on_token], &[]).await, Put::Fresh);
    for (holder, sealed) in [("vault", None), ("token", Some(r#"{"kty":"EC"}"#)), ("elsewhere", None)] {
        sqlx::query("UPDATE signing_keys SET holder = $1, sealed = COALESCE($2, sealed)")
            .bind(holder)
            .bind(sealed)
            .execute(&offices.one.writers)
            .await
            .expect("tampers");
        assert!(matches!(offices.one.keys().await, Err(StoreError::Corrupt { .. })), "{holder}");
    }
}

async fn of_all_nodes_one_makes_the_key_of_request_objects(offices: Offices) {
    assert_eq!(offices.one.request_key().await.expect("reads"), None);
    let answers = at_once(6, offices.both(), |node, at| async move {
        let kid = Kid::parse(&format!("r{at}")).expect("plain");
        node.keep_request_key(&kid, format!("key {at}").as_bytes(), now()).await.expect("writes")
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    let (one, two) = (offices.one.request_key().await.expect("reads"), offices.two.request_key().await.expect("reads"));
    assert!(one.is_some() && one == two);
    assert_eq!(kinds(&offices.two).await, ["request_key_made"]);
    sqlx::query("UPDATE request_keys SET kid = 'other'").execute(&offices.one.writers).await.expect("tampers");
    assert!(matches!(offices.one.request_key().await, Err(StoreError::Corrupt { what: "request_keys" })));
}
