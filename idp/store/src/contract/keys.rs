//! Cases for the signing keys.

use domain::id::Kid;
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::keys::KeyLife;

use super::{Offices, at_once, for_each_engine, kinds, made, now};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::registry::{Registry, Updated};

for_each_engine!(offices: sqlite, postgres; {
    of_two_nodes_that_make_a_key_one_has_to_decide_again,
    a_key_signs_after_it_was_kept,
    a_sealed_key_opens_in_its_own_row_alone,
});

async fn lives(registry: &Registry) -> Vec<KeyLife> {
    registry.keys().await.expect("reads").into_iter().map(|kept| kept.life).collect()
}

async fn of_two_nodes_that_make_a_key_one_has_to_decide_again(offices: Offices) {
    let answers = at_once(10, offices.both(), |node, at| async move {
        node.insert_key(&made(&format!("k{at}"), &[]), &[], now()).await.expect("writes")
    });
    let fresh = answers.await.into_iter().filter(|put| *put == Put::Fresh).count();
    assert_eq!(fresh, 1);
    let known = lives(&offices.two).await;
    assert_eq!(known.len(), 1);
    let next = made("next", &known);
    assert_eq!(offices.two.insert_key(&next, &known, now()).await.expect("writes"), Put::Fresh);
    assert_eq!(lives(&offices.one).await[1].signs_from, next.life.signs_from);
    assert_eq!(kinds(&offices.one).await, ["key_made", "key_made"]);
    assert_eq!(offices.one.changes().await.expect("reads").keys, 2);
}

async fn a_key_signs_after_it_was_kept(offices: Offices) {
    for (kid, algorithm) in [("e", SigningAlgorithm::Es256), ("r", SigningAlgorithm::Rs256)] {
        let mut new = made(kid, &[]);
        new.life.algorithm = algorithm;
        new.key = SigningKey::generate(algorithm, new.life.kid.clone()).expect("makes a key");
        let known = lives(&offices.one).await;
        assert_eq!(offices.one.insert_key(&new, &known, now()).await.expect("writes"), Put::Fresh);
        let kept = offices.two.keys().await.expect("reads").into_iter().find(|kept| kept.life == new.life);
        assert_eq!(kept.expect("is there").key.public_jwk(), new.key.public_jwk());
    }
    let (kid, nobody) = (Kid::parse("e").expect("plain"), Kid::parse("nobody").expect("plain"));
    assert_eq!(offices.one.erase_key(&nobody).await.expect("writes"), Updated::Missing);
    assert_eq!(offices.one.erase_key(&kid).await.expect("writes"), Updated::Done);
    assert_eq!(lives(&offices.two).await.len(), 1);
}

async fn a_sealed_key_opens_in_its_own_row_alone(offices: Offices) {
    assert_eq!(offices.one.insert_key(&made("mine", &[]), &[], now()).await.expect("writes"), Put::Fresh);
    sqlx::query("UPDATE signing_keys SET kid = 'other'").execute(&offices.one.writers).await.expect("tampers");
    assert!(matches!(offices.one.keys().await, Err(StoreError::Corrupt { what: "signing_keys" })));
}
