//! Cases for the chain of accountable acts.

use domain::id::{ClientId, ProviderId};
use domain::journal::{Act, Broken, Entry, Head, JournalKey};
use domain::secret::base64url;
use zeroize::Zeroizing;

use super::{Offices, at_once, for_each_engine, now, vault};
use crate::StoreError;
use crate::journal::Verdict;
use crate::registry::Registry;

for_each_engine!(offices: sqlite, postgres; {
    fifty_appends_at_once_leave_no_gap,
    acts_of_one_append_stand_together,
    entries_are_read_in_ranges,
    every_kind_of_tampering_is_named_with_its_place,
    a_journal_rewritten_without_the_key_is_seen,
    a_cut_tail_with_a_rewritten_head_is_seen_and_not_appended_to,
    a_journal_whose_head_was_removed_never_begins_anew,
    the_head_tells_where_the_journal_ends,
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

async fn a_journal_rewritten_without_the_key_is_seen(offices: Offices) {
    let node = &offices.one;
    written(node, 3).await;
    // All that is in the database can be written anew, but not under a key that is not there.
    let (key, mut head) = (JournalKey::new(Zeroizing::new([0; 32])), Head::START);
    for at in 1..=3 {
        let forged = Entry::append(&key, &mut head, now(), &refused(&format!("F{at}")));
        sqlx::query("UPDATE journal SET kind = $2, details = $3, hash = $4 WHERE number = $1")
            .bind(forged.number)
            .bind(forged.kind)
            .bind(forged.details)
            .bind(base64url(forged.hash.as_bytes()))
            .execute(&node.writers)
            .await
            .expect("forges");
    }
    sqlx::query("UPDATE journal_head SET hash = $1, seal = $2")
        .bind(base64url(head.hash().as_bytes()))
        .bind(base64url(&head.seal(&key)))
        .execute(&node.writers)
        .await
        .expect("forges");
    assert_eq!(verified(node).await, Verdict::Broken(Broken::Changed { number: 1 }));
}

async fn a_cut_tail_with_a_rewritten_head_is_seen_and_not_appended_to(offices: Offices) {
    let node = &offices.one;
    written(node, 5).await;
    for statement in [
        "DELETE FROM journal WHERE number > 3",
        "UPDATE journal_head SET number = 3, hash = (SELECT hash FROM journal WHERE number = 3)",
    ] {
        sqlx::query(statement).execute(&node.writers).await.expect(statement);
    }
    // The seal of the head that was, and the best that the journal offers instead.
    for seal in ["UPDATE journal_head SET id = id", "UPDATE journal_head SET seal = hash"] {
        sqlx::query(seal).execute(&node.writers).await.expect(seal);
        assert_eq!(verified(node).await, Verdict::Broken(Broken::Head));
        // An append would seal the forged head and bury the cut.
        let append = node.append(&[refused("E6")], now()).await;
        assert!(matches!(append, Err(StoreError::Corrupt { .. })), "{append:?}");
        assert!(matches!(node.journal_head().await, Err(StoreError::Corrupt { .. })));
        assert_eq!(node.entries(0, 100).await.expect("reads").len(), 3);
    }
}

async fn a_journal_whose_head_was_removed_never_begins_anew(offices: Offices) {
    written(&offices.one, 2).await;
    for statement in ["DELETE FROM journal", "DELETE FROM journal_head"] {
        sqlx::query(statement).execute(&offices.one.writers).await.expect(statement);
    }
    let again = Registry::migrate(&offices.location, std::sync::Arc::new(vault())).await.expect("opens");
    assert_eq!(verified(&again).await, Verdict::Broken(Broken::Head));
    assert!(matches!(again.append(&[refused("E1")], now()).await, Err(StoreError::Corrupt { .. })));
}

async fn the_head_tells_where_the_journal_ends(offices: Offices) {
    let head = async || offices.two.journal_head().await.expect("reads");
    assert_eq!(head().await, Head::START);
    written(&offices.one, 3).await;
    let last = offices.one.entries(2, 1).await.expect("reads").remove(0);
    assert_eq!((head().await.number(), head().await.hash()), (3, last.hash));
    assert_eq!(head().await.hash().to_string(), base64url(last.hash.as_bytes()));
}
