//! Cases for the chain of accountable acts.

use domain::id::{ClientId, ProviderId};
use domain::journal::{Act, Broken};

use super::{Offices, at_once, for_each_engine, now};
use crate::journal::Verdict;
use crate::registry::Registry;

for_each_engine!(offices: sqlite, postgres; {
    fifty_appends_at_once_leave_no_gap,
    acts_of_one_append_stand_together,
    entries_are_read_in_ranges,
    every_kind_of_tampering_is_named_with_its_place,
});

fn refused(code: &str) -> Act {
    Act::SignInRefused {
        client: ClientId::parse("ville").expect("plain"),
        provider: ProviderId::parse("impots").expect("plain"),
        code: code.to_owned(),
    }
}

async fn verified(registry: &Registry) -> Verdict {
    registry.verify_journal().await.expect("walks")
}

async fn written(registry: &Registry, count: usize) {
    for at in 1..=count {
        registry.append(&[refused(&format!("E{at}"))], now()).await.expect("appends");
    }
}

async fn fifty_appends_at_once_leave_no_gap(offices: Offices) {
    at_once(50, offices.both(), |node, at| async move {
        node.append(&[refused(&format!("E{at}"))], now()).await.expect("appends");
    })
    .await;
    assert_eq!(verified(&offices.two).await, Verdict::Whole { entries: 50 });
    let entries = offices.one.entries(0, 100).await.expect("reads");
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=50).collect::<Vec<i64>>());
    let mut told: Vec<_> = entries.iter().map(|entry| entry.details.clone()).collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 50);
}

async fn acts_of_one_append_stand_together(offices: Offices) {
    at_once(10, offices.both(), |node, at| async move {
        let act = refused(&format!("E{at}"));
        node.append(&[act.clone(), act.clone(), act], now()).await.expect("appends");
    })
    .await;
    offices.one.append(&[], now()).await.expect("nothing is nothing");
    assert_eq!(verified(&offices.one).await, Verdict::Whole { entries: 30 });
    let entries = offices.one.entries(0, 100).await.expect("reads");
    for three in entries.chunks(3) {
        assert!(three.iter().all(|entry| entry.details == three[0].details));
    }
}

async fn entries_are_read_in_ranges(offices: Offices) {
    assert_eq!(verified(&offices.one).await, Verdict::Whole { entries: 0 });
    written(&offices.one, 5).await;
    let numbers = async |after, limit| -> Vec<i64> {
        offices.two.entries(after, limit).await.expect("reads").iter().map(|entry| entry.number).collect()
    };
    assert_eq!(numbers(0, 2).await, [1, 2]);
    assert_eq!(numbers(2, 2).await, [3, 4]);
    assert_eq!(numbers(4, 2).await, [5]);
    assert!(numbers(5, 2).await.is_empty());
}

async fn every_kind_of_tampering_is_named_with_its_place(offices: Offices) {
    let node = &offices.one;
    written(node, 5).await;
    // Each statement is what somebody with write access would do; the next one undoes it.
    let tampering: [(&[&'static str], Broken, &[&'static str]); 7] = [
        (
            &["UPDATE journal SET number = 1003 WHERE number = 3"],
            Broken::Missing { expected: 3, found: 4 },
            &["UPDATE journal SET number = 3 WHERE number = 1003"],
        ),
        (
            &["UPDATE journal SET details = '{\"code\":\"forged\"}', kind = kind || details WHERE number = 2"],
            Broken::Changed { number: 2 },
            &["UPDATE journal SET details = substr(kind, 16), kind = 'sign_in_refused' WHERE number = 2"],
        ),
        (
            &["UPDATE journal SET at = at - 60 WHERE number = 4"],
            Broken::Changed { number: 4 },
            &["UPDATE journal SET at = at + 60 WHERE number = 4"],
        ),
        (
            // The first two change places.
            &[
                "UPDATE journal SET number = -1 WHERE number = 1",
                "UPDATE journal SET number = 1 WHERE number = 2",
                "UPDATE journal SET number = 2 WHERE number = -1",
            ],
            Broken::Changed { number: 1 },
            &[
                "UPDATE journal SET number = -1 WHERE number = 1",
                "UPDATE journal SET number = 1 WHERE number = 2",
                "UPDATE journal SET number = 2 WHERE number = -1",
            ],
        ),
        (
            &["UPDATE journal SET hash = '*' || hash WHERE number = 5"],
            Broken::Changed { number: 5 },
            &["UPDATE journal SET hash = substr(hash, 2) WHERE number = 5"],
        ),
        (
            // An entry before the first one.
            &[
                "INSERT INTO journal (number, at, kind, details, hash) SELECT 0, at, kind, details, hash FROM journal WHERE number = 1",
            ],
            Broken::Missing { expected: 1, found: 0 },
            &["DELETE FROM journal WHERE number = 0"],
        ),
        (&["DELETE FROM journal WHERE number > 3"], Broken::CutShort { expected: 5, found: 3 }, &[]),
    ];
    for (forge, broken, undo) in tampering {
        assert_eq!(verified(node).await, Verdict::Whole { entries: 5 }, "before {broken}");
        for statement in forge {
            sqlx::query(*statement).execute(&node.writers).await.expect(statement);
        }
        assert_eq!(verified(node).await, Verdict::Broken(broken));
        for statement in undo {
            sqlx::query(*statement).execute(&node.writers).await.expect(statement);
        }
    }
}
