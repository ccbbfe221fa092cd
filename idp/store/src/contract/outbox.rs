//! Cases for the notices that wait to be sent.

use domain::id::SignInId;
use domain::notice::Notice;
use domain::time::Lifetime;

use super::{Offices, at_once, for_each_engine, notice, now, random};
use crate::registry::{Delivery, Finish, Finished, Registry};

for_each_engine!(offices: sqlite, postgres; {
    a_notice_is_leased_to_one_node_at_a_time,
    a_failed_notice_waits_and_a_sent_one_is_gone,
    a_notice_that_was_touched_is_passed_over,
});

const LEASE: Lifetime = Lifetime::seconds(60);

async fn queued(registry: &Registry, count: usize) {
    for _ in 0..count {
        let sign_in = SignInId::from_random(random());
        let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[notice()] };
        assert_eq!(registry.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    }
}

async fn a_notice_is_leased_to_one_node_at_a_time(offices: Offices) {
    queued(&offices.one, 60).await;
    let leases = at_once(10, offices.both(), |node, _| async move {
        let mut leased = Vec::new();
        loop {
            let some = node.lease::<Notice>(7, LEASE, now()).await.expect("leases");
            if some.is_empty() {
                return leased;
            }
            assert!(some.len() <= 7);
            leased.extend(some.into_iter().map(|outgoing| (outgoing.key().to_owned(), outgoing.attempt)));
        }
    });
    let mut seen = leases.await.concat();
    assert_eq!(seen.len(), 60);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    assert!(seen.iter().all(|(_, attempt)| *attempt == 1));
    assert!(
        offices.one.lease::<Notice>(100, LEASE, now().plus(Lifetime::seconds(59))).await.expect("leases").is_empty()
    );
    let again = offices.one.lease::<Notice>(100, LEASE, now().plus(LEASE)).await.expect("leases");
    assert_eq!(again.len(), 60);
    assert!(again.iter().all(|outgoing| outgoing.attempt == 2 && outgoing.parcel == notice()));
}

async fn a_failed_notice_waits_and_a_sent_one_is_gone(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let at = |seconds| now().plus(Lifetime::seconds(seconds));
    let lease = async |node: &Registry, seconds| node.lease::<Notice>(10, LEASE, at(seconds)).await.expect("leases");
    queued(one, 1).await;
    let first = lease(one, 0).await.pop().expect("is due");
    one.settle(&first, Delivery::Failed, at(1)).await.expect("settles");
    assert!(lease(two, 30).await.is_empty());
    let second = lease(two, 31).await.pop().expect("is due after 30 s");
    assert_eq!((second.attempt, second.created), (2, now()));
    // The first node wakes up late: its failure is an old story.
    one.settle(&first, Delivery::Failed, at(5000)).await.expect("settles");
    two.settle(&second, Delivery::Failed, at(32)).await.expect("settles");
    let third = lease(one, 92).await.pop().expect("is due after 60 s more");
    one.settle(&third, Delivery::Sent, at(93)).await.expect("settles");
    assert_eq!(two.backlog::<Notice>().await.expect("reads").waiting, 0);
    assert_eq!(two.backlog::<Notice>().await.expect("reads").oldest, None);

    queued(one, 1).await;
    let hopeless = lease(one, 0).await.pop().expect("is due");
    one.settle(&hopeless, Delivery::GivenUp, at(1)).await.expect("settles");
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 0);
}

async fn a_notice_that_was_touched_is_passed_over(offices: Offices) {
    let one = &offices.one;
    queued(one, 2).await;
    // The sealed text of one row is copied into the other.
    sqlx::query("UPDATE outbox SET sealed = (SELECT sealed FROM outbox ORDER BY id LIMIT 1)")
        .execute(&one.writers)
        .await
        .expect("tampers");
    assert_eq!(one.lease::<Notice>(10, LEASE, now()).await.expect("leases").len(), 1);
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 2);
}
