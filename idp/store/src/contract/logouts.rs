//! Cases for the relying parties that have to hear of the end of a session.

use domain::id::{ClientId, SessionId};
use domain::identity::subject::{Pseudonyms, SubjectSecret};
use domain::journal::Act;
use domain::notice::Notice;
use domain::oidc::backchannel::SessionEnded;
use domain::time::Lifetime;

use super::{Offices, account, at_once, for_each_engine, kinds, logged_out, notice, now, random};
use crate::journal::Verdict;
use crate::registry::{Delivery, Finish, Finished, Outgoing, Registry};

for_each_engine!(offices: sqlite, postgres; {
    a_session_ends_once_however_often_it_is_ended,
    a_logout_is_not_taken_for_a_mail_nor_a_mail_for_a_logout,
    what_was_put_back_comes_up_again_without_having_been_tried,
    what_is_given_up_is_accounted_for_once,
    an_end_that_fails_leaves_nothing_behind,
});

const LEASE: Lifetime = Lifetime::seconds(60);

fn ended(client: &str, session: &SessionId) -> SessionEnded {
    let client = ClientId::parse(client).expect("plain");
    let sector = domain::id::Sector::parse(client.as_str()).expect("plain");
    let Pseudonyms { subject, sid } = Pseudonyms::of(&account(), session, &sector, &SubjectSecret::new([1; 32]));
    SessionEnded { client, subject, sid }
}

async fn end(registry: &Registry, clients: &[&str]) -> Vec<SessionEnded> {
    let session = SessionId::from_random(random());
    let told: Vec<SessionEnded> = clients.iter().map(|client| ended(client, &session)).collect();
    let done = registry.end_session(&session, &[logged_out(&account())], &told, now()).await.expect("ends");
    assert_eq!(done, Finished::Done);
    told
}

async fn lease(registry: &Registry, seconds: u32) -> Vec<Outgoing<SessionEnded>> {
    registry.lease(100, LEASE, now().plus(Lifetime::seconds(seconds))).await.expect("leases")
}

async fn a_session_ends_once_however_often_it_is_ended(offices: Offices) {
    let session = SessionId::from_random(random());
    let told = ["ville", "port"].map(|client| ended(client, &session));
    let (key, said) = (account(), told.clone());
    let answers = at_once(10, offices.both(), |node, _| {
        let (session, told, act) = (session.clone(), said.clone(), logged_out(&key));
        async move { node.end_session(&session, &[act], &told, now()).await.expect("ends") }
    });
    let done = answers.await.into_iter().filter(|finished| *finished == Finished::Done).count();
    assert_eq!(done, 1);
    assert_eq!(kinds(&offices.one).await, ["logged_out"]);
    let mut leased: Vec<SessionEnded> = lease(&offices.two, 0).await.into_iter().map(|out| out.parcel).collect();
    leased.sort_by(|a, b| b.client.cmp(&a.client));
    assert_eq!(leased, told);
}

async fn a_logout_is_not_taken_for_a_mail_nor_a_mail_for_a_logout(offices: Offices) {
    let one = &offices.one;
    end(one, &["ville"]).await;
    let sign_in = domain::id::SignInId::from_random(random());
    let finish = Finish { sign_in: &sign_in, acts: &[], consent: None, notices: &[notice()] };
    assert_eq!(one.finish(&finish, now()).await.expect("finishes"), Finished::Done);
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 1);
    assert_eq!(one.backlog::<SessionEnded>().await.expect("reads").waiting, 1);
    let mails: Vec<Outgoing<Notice>> = one.lease(100, LEASE, now()).await.expect("leases");
    assert_eq!(mails.len(), 1);
    assert_eq!(lease(one, 0).await.len(), 1);
}

async fn what_was_put_back_comes_up_again_without_having_been_tried(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    end(one, &["ville"]).await;
    assert_eq!(two.next_due::<SessionEnded>().await.expect("reads"), Some(now()));
    let first = lease(one, 0).await.pop().expect("is due");
    one.settle(&first, Delivery::PutBack(Lifetime::seconds(2)), now()).await.expect("settles");
    assert_eq!(two.next_due::<SessionEnded>().await.expect("reads"), Some(now().plus(Lifetime::seconds(2))));
    assert!(lease(two, 1).await.is_empty());
    let again = lease(two, 2).await.pop().expect("is due");
    assert_eq!(again.attempt, 1, "the attempt did not count");
    two.settle(&again, Delivery::Failed, now()).await.expect("settles");
    let third = lease(one, 1).await.pop().expect("is due after the first wait");
    assert_eq!(third.attempt, 2);
    // The first node wakes up late: its word is an old story.
    two.settle(&again, Delivery::PutBack(Lifetime::seconds(5000)), now()).await.expect("settles");
    one.settle(&third, Delivery::Sent, now()).await.expect("settles");
    assert_eq!(two.next_due::<SessionEnded>().await.expect("reads"), None);
}

async fn what_is_given_up_is_accounted_for_once(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let told = end(one, &["ville"]).await;
    let outgoing = lease(one, 0).await.pop().expect("is due");
    let act = Act::LogoutNotDelivered { client: told[0].client.clone(), code: "refused".to_owned() };
    one.give_up(&outgoing, &act, now()).await.expect("gives up");
    two.give_up(&outgoing, &act, now()).await.expect("gives up");
    assert_eq!(kinds(one).await, ["logged_out", "logout_not_delivered"]);
    assert_eq!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 2 });
    assert_eq!(two.backlog::<SessionEnded>().await.expect("reads").waiting, 0);
}

async fn an_end_that_fails_leaves_nothing_behind(offices: Offices) {
    let (one, session) = (&offices.one, SessionId::from_random(random()));
    // The second meets a row of its own name and fails, after the first one was written.
    sqlx::query("INSERT INTO logouts (id, sealed, due, attempts, created) VALUES ($1, '', 9000000000, 0, 9000000000)")
        .bind(format!("{session}.1"))
        .execute(&one.writers)
        .await
        .expect("plants");
    let told = ["ville", "port"].map(|client| ended(client, &session));
    assert!(one.end_session(&session, &[logged_out(&account())], &told, now()).await.is_err());
    assert!(kinds(one).await.is_empty());
    assert!(lease(one, 0).await.is_empty());
    sqlx::query("DELETE FROM logouts").execute(&one.writers).await.expect("clears");
    let done = one.end_session(&session, &[logged_out(&account())], &told, now()).await.expect("ends");
    assert_eq!(done, Finished::Done);
    assert_eq!(lease(one, 0).await.len(), 2);
}
