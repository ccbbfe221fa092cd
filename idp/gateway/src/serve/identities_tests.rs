//! What time does, once, from however many nodes.

use domain::cnie::identity::{Closure, Ending};
use domain::time::{Lifetime, Timestamp};

use super::*;
use crate::cnie::bench::{Gateway, MAIL, states};

const DAY: u32 = 86_400;

/// Two nodes look at the same moment.
async fn look(gateway: &Gateway) {
    let stop = CancellationToken::new();
    let (one, other) = (round(&gateway.app, gateway.cnie(), &stop), round(&gateway.app, gateway.cnie(), &stop));
    let (one, other) = tokio::join!(one, other);
    one.and(other).expect("the store stands");
}

async fn told(gateway: &Gateway) -> Vec<CardMessage> {
    gateway.mails().await.into_iter().map(|(to, message)| if to == MAIL { message } else { panic!("{to}") }).collect()
}

#[tokio::test]
async fn reminders_come_sixty_thirty_and_seven_days_before_the_end_each_once() {
    let gateway = Gateway::standing().await;
    let until = gateway.after(61 * DAY);
    let since = Timestamp::from_epoch(gateway.clock.now().epoch() - i64::from(1000 * DAY));
    gateway.keep("X4RTBPFW4", &states::certified(since, until)).await;
    look(&gateway).await;
    assert_eq!(told(&gateway).await, []);
    for (wait, days) in [(1, 60), (30, 30), (23, 7)] {
        gateway.clock.advance(Lifetime::seconds(wait * DAY));
        look(&gateway).await;
        look(&gateway).await;
        assert_eq!(told(&gateway).await, [CardMessage::EndsSoon { days, until, remedy: Remedy::Ask }]);
    }
    gateway.clock.advance(Lifetime::seconds(7 * DAY));
    look(&gateway).await;
    look(&gateway).await;
    assert_eq!(told(&gateway).await, [CardMessage::Ended { why: Ending::TermReached }]);
}

#[tokio::test]
async fn what_was_not_finished_in_time_is_settled_told_and_journalled_once() {
    let gateway = Gateway::standing().await;
    let (now, soon) = (gateway.clock.now(), gateway.after(3600));
    for (number, state) in [
        ("A00000001", states::created(soon)),
        ("A00000002", states::requested(soon)),
        ("A00000003", states::approved(soon)),
        ("A00000004", states::at_desk(Timestamp::from_epoch(now.epoch() - i64::from(DAY) + 3600))),
        ("A00000005", states::active()),
    ] {
        gateway.keep(number, &state).await;
    }
    look(&gateway).await;
    assert_eq!(told(&gateway).await, [], "it is not yet time");
    gateway.clock.advance(Lifetime::seconds(3600));
    look(&gateway).await;
    look(&gateway).await;
    let mut mails: Vec<String> = told(&gateway).await.iter().map(|message| format!("{message:?}")).collect();
    mails.sort();
    // An address that nobody confirmed is written to once only, when it was given.
    assert_eq!(mails, ["Failed", "Lapsed", "Lapsed"]);
    assert_eq!(gateway.journal().await.len(), 4);
}

#[tokio::test]
async fn more_than_a_batch_is_settled_in_one_look() {
    let gateway = Gateway::standing().await;
    let soon = gateway.after(60);
    for number in 0..=BATCH {
        gateway.keep(&format!("A{number:08}"), &states::requested(soon)).await;
    }
    gateway.clock.advance(Lifetime::seconds(60));
    let stop = CancellationToken::new();
    round(&gateway.app, gateway.cnie(), &stop).await.expect("the store stands");
    assert_eq!(told(&gateway).await.len(), BATCH as usize + 1);
}

#[tokio::test]
async fn a_deletion_takes_place_when_its_two_days_are_over() {
    let gateway = Gateway::standing().await;
    let id = gateway.keep("X4RTBPFW4", &states::active()).await;
    let acts = Acts::of(&gateway.app, gateway.cnie());
    let now = gateway.clock.now();
    acts.act(&id, crate::cnie::telling::Cause::Itself, |identity| identity.leave(now)).await.expect("kept");
    assert!(matches!(told(&gateway).await.as_slice(), [CardMessage::Leaves { .. }]));
    gateway.clock.advance(Lifetime::seconds(2 * DAY - 1));
    look(&gateway).await;
    assert_eq!(told(&gateway).await, []);
    gateway.clock.advance(Lifetime::seconds(1));
    look(&gateway).await;
    assert_eq!(told(&gateway).await, [CardMessage::Closed { why: Closure::Deleted }]);
    assert!(gateway.identity(&id).await.is_closed());
}
