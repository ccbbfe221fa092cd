//! Cases for the accounts of citizens and for the end of their sign-ins.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::id::{ClientId, ProviderId, SignInId};
use domain::identity::account::AccountState;
use domain::notice::Notice;
use domain::time::{Lifetime, Timestamp};

use super::{Offices, account, at_once, for_each_engine, kinds, logged_out, moment, notice, now, random};
use crate::StoreError;
use crate::journal::Verdict;
use crate::registry::{Consent, Finish, Finished, Registry, Updated};

for_each_engine!(offices: sqlite, postgres; {
    two_first_sign_ins_at_once_make_one_account,
    an_account_keeps_what_the_citizen_set,
    a_frozen_account_stands_nowhere_a_second_later_and_here_at_once,
    a_sign_in_finishes_once_from_however_many_nodes,
    a_finish_that_fails_leaves_nothing_behind,
    finished_sign_ins_are_forgotten_after_a_day,
});

async fn two_first_sign_ins_at_once_make_one_account(offices: Offices) {
    let key = account();
    let accounts = at_once(50, offices.both(), |node, at| {
        let key = key.clone();
        async move { node.touch_account(&key, now().plus(Lifetime::seconds(at))).await.expect("touches") }
    });
    let created: BTreeSet<_> = accounts.await.into_iter().map(|account| account.created).collect();
    assert_eq!(created.len(), 1);
    let kept = offices.one.account(&key, moment()).await.expect("reads").expect("is there");
    assert_eq!(kept.last_used, now().plus(Lifetime::seconds(49)));
    assert_eq!(kept.state, AccountState::Active);
}

async fn an_account_keeps_what_the_citizen_set(offices: Offices) {
    let (one, key) = (&offices.one, account());
    let blocked = BTreeSet::from([ProviderId::parse("impots").expect("plain")]);
    assert_eq!(one.set_blocked_providers(&key, &blocked).await.expect("writes"), Updated::Missing);
    assert_eq!(one.set_account_state(&key, AccountState::Frozen).await.expect("writes"), Updated::Missing);
    one.touch_account(&key, now()).await.expect("touches");
    assert_eq!(one.set_blocked_providers(&key, &blocked).await.expect("writes"), Updated::Done);
    assert_eq!(one.set_account_state(&key, AccountState::Frozen).await.expect("writes"), Updated::Done);
    let account = offices.two.touch_account(&key, Timestamp::from_epoch(1)).await.expect("touches");
    assert_eq!((account.state, account.blocked_providers), (AccountState::Frozen, blocked));
    assert_eq!((account.created, account.last_used), (now(), now()));
}

async fn a_frozen_account_stands_nowhere_a_second_later_and_here_at_once(offices: Offices) {
    let (Offices { one, two, .. }, key, start) = (&offices, account(), moment());
    let stands = async |node: &Registry, millis| {
        let account = node.standing(&key, start + Duration::from_millis(millis)).await.expect("reads");
        account.map(|account| account.state)
    };
    assert_eq!(stands(one, 0).await, None);
    one.touch_account(&key, now()).await.expect("touches");
    assert_eq!(stands(one, 0).await, Some(AccountState::Active), "that it was not there is not remembered");
    assert_eq!(stands(two, 0).await, Some(AccountState::Active));
    assert_eq!(one.set_account_state(&key, AccountState::Frozen).await.expect("writes"), Updated::Done);
    assert_eq!(stands(one, 0).await, Some(AccountState::Frozen), "at once where it was changed");
    assert_eq!(stands(two, 999).await, Some(AccountState::Active), "the second of its reading");
    assert_eq!(stands(two, 1000).await, Some(AccountState::Frozen));
    assert_eq!(one.set_account_state(&key, AccountState::Active).await.expect("writes"), Updated::Done);
    let fresh = two.account(&key, start + Duration::from_millis(1001)).await.expect("reads").expect("is there");
    assert_eq!(fresh.state, AccountState::Active, "a sign-in asks the engine itself");
    assert_eq!(stands(two, 1001).await, Some(AccountState::Active), "and what it read is held");
}

async fn a_sign_in_finishes_once_from_however_many_nodes(offices: Offices) {
    let (sign_in, key, ville) = (SignInId::from_random(random()), account(), ClientId::parse("ville").expect("plain"));
    let consent =
        Consent { account: key.clone(), client: ville.clone(), claims: vec!["family_name".to_owned()], at: now() };
    let answers = at_once(50, offices.both(), |node, _| {
        let (sign_in, act, consent) = (sign_in.clone(), logged_out(&key), consent.clone());
        async move {
            let (acts, notices) = ([act], [notice(), notice()]);
            let finish = Finish { sign_in: &sign_in, acts: &acts, consent: Some(&consent), notices: &notices };
            node.finish(&finish, now()).await.expect("finishes")
        }
    });
    let done = answers.await.into_iter().filter(|finished| *finished == Finished::Done).count();
    assert_eq!(done, 1);
    assert_eq!(kinds(&offices.one).await, ["logged_out"]);
    assert_eq!(offices.one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 1 });
    assert_eq!(offices.two.consents(&key, &ville).await.expect("reads"), [consent]);
    let backlog = offices.two.backlog::<Notice>().await.expect("reads");
    assert_eq!((backlog.waiting, backlog.oldest), (2, Some(now())));
}

async fn a_finish_that_fails_leaves_nothing_behind(offices: Offices) {
    let (one, sign_in, key) = (&offices.one, SignInId::from_random(random()), account());
    // The second notice meets a row of its own name and fails, after the first one was written.
    sqlx::query("INSERT INTO outbox (id, sealed, due, attempts, created) VALUES ($1, '', 9000000000, 0, 9000000000)")
        .bind(format!("{sign_in}.1"))
        .execute(&one.writers)
        .await
        .expect("plants");
    let (acts, notices) = ([logged_out(&key)], [notice(), notice()]);
    let finish = Finish { sign_in: &sign_in, acts: &acts, consent: None, notices: &notices };
    assert!(matches!(one.finish(&finish, now()).await, Err(StoreError::Unavailable { .. })));
    assert!(kinds(one).await.is_empty());
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 1);

    sqlx::query("DELETE FROM outbox").execute(&one.writers).await.expect("clears");
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 2);
}

async fn finished_sign_ins_are_forgotten_after_a_day(offices: Offices) {
    let (one, sign_in) = (&offices.one, SignInId::from_random(random()));
    let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[] };
    let after = |seconds| now().plus(Lifetime::seconds(seconds));
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    assert_eq!(one.forget_finished(after(86_400)).await.expect("forgets"), 0);
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::AlreadyDone);
    assert_eq!(one.forget_finished(after(86_401)).await.expect("forgets"), 1);
}
