//! Cases for what another platform tells: once, and never something older after something newer.

use domain::claims::scopes::Scope;
use domain::habilitation::acting::Author;
use domain::habilitation::any::{AnyReview, State};
use domain::habilitation::field::Field;
use domain::habilitation::form::Form;
use domain::habilitation::grant::HabilitationState;
use domain::habilitation::review::{Elsewhere, Happened, Reason, Review, Wording};
use domain::habilitation::switches::Deed;
use domain::id::HabilitationId;
use domain::journal::{Act, PlatformOutcome};
use domain::level::Level;
use domain::organisation::siret::Siret;
use domain::time::{Lifetime, Timestamp};

use super::{Offices, at_once, for_each_engine, kinds, now, random};
use crate::registry::{Event, Following, HabilitationMoved, KeptReview, Mark, PlatformTaken, Registry, Told};

for_each_engine!(offices: sqlite, postgres; {
    a_message_is_taken_once_however_often_it_comes,
    something_older_never_undoes_something_newer,
    of_one_second_what_takes_away_outweighs_what_gives,
    what_the_operator_stopped_is_not_brought_back_from_elsewhere,
});

const MODEL: &str = "9001";

fn at(seconds: u32) -> Timestamp {
    now().plus(Lifetime::seconds(seconds))
}

fn siret() -> Siret {
    Siret::parse("21690123100011").expect("a SIRET")
}

fn approval() -> Elsewhere {
    let mut form = Form::default();
    form.set(Field::Title, "Cantine").expect("fit");
    let scopes = ["openid", "email"].into_iter().filter_map(Scope::parse).collect();
    Elsewhere::Granted(Box::new(Wording { organisation: siret(), form, scopes, level: Level::Low }))
}

fn revocation() -> Elsewhere {
    Elsewhere::Revoked(Reason::parse("Fini.").expect("a reason"))
}

async fn read(registry: &Registry) -> Option<KeptReview> {
    registry.request(&registry.platform_request(MODEL)).await.expect("reads")
}

/// Takes a decision that was fired then, by a message of these bytes.
async fn take(
    registry: &Registry,
    decision: Elsewhere,
    digest: u8,
    (fired, weight): (Timestamp, i64),
) -> PlatformTaken {
    let kept = read(registry).await;
    let fresh: AnyReview = Review::begun_elsewhere(registry.platform_request(MODEL), siret(), now()).into();
    let event = |happened| Event { happened, by: Author::Platform, reason: None };
    let opened = event(Happened::Opened);
    let begun = kept.is_none().then_some((&fresh, None, &opened));
    let from = kept.clone().unwrap_or_else(|| KeptReview { review: fresh.clone(), version: 1 });
    let done = from.review.clone().decided_elsewhere(decision, HabilitationId::from_random(random()), now());
    let outcome = PlatformOutcome::Done(registry.platform_request(MODEL));
    let acts = [Act::PlatformTold { model: MODEL.to_owned(), event: "x".to_owned(), outcome }];
    let told = Told { acts: &acts, notices: &[], at: now() };
    let mark = Mark { digest: &[digest; 32], until: at(100), of: Some((MODEL, fired, weight)) };
    let Ok(done) = done else { return registry.take_platform(&mark, None, &told).await.expect("answers") };
    let event = event(done.happened);
    let following = Following { begun, from: &from, done: &done, event: &event };
    registry.take_platform(&mark, Some(&following), &told).await.expect("answers")
}

async fn state(registry: &Registry) -> State {
    read(registry).await.expect("is there").review.state()
}

async fn a_message_is_taken_once_however_often_it_comes(offices: Offices) {
    let answers = at_once(10, offices.both(), |node, _| async move { take(&node, approval(), 1, (at(10), 1)).await });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == PlatformTaken::Done).count(), 1, "{answers:?}");
    let one = &offices.one;
    assert_eq!(take(one, approval(), 1, (at(10), 1)).await, PlatformTaken::Repeated);
    assert_eq!(state(&offices.two).await, State::Granted);
    assert_eq!(one.habilitations().await.expect("reads").len(), 1);
    assert_eq!(kinds(one).await, ["platform_told"], "the client that has it is told of apart");
    assert_eq!(one.forget_platform_messages(at(50)).await.expect("forgets"), 0);
    assert_eq!(one.forget_platform_messages(at(101)).await.expect("forgets"), 1);
}

async fn something_older_never_undoes_something_newer(offices: Offices) {
    let one = &offices.one;
    assert_eq!(take(one, approval(), 1, (at(10), 1)).await, PlatformTaken::Done);
    assert_eq!(take(one, revocation(), 2, (at(30), 6)).await, PlatformTaken::Done);
    assert_eq!(state(one).await, State::Revoked);
    assert_eq!(take(&offices.two, approval(), 3, (at(20), 1)).await, PlatformTaken::Older);
    assert_eq!(state(one).await, State::Revoked);
    let states = async || -> Vec<HabilitationState> {
        one.habilitations().await.expect("reads").iter().map(|kept| kept.habilitation.state).collect()
    };
    assert_eq!(states().await, [HabilitationState::Revoked]);
    // What was revoked stays so, whatever comes after: whoever wants it again asks anew.
    assert_eq!(take(&offices.two, approval(), 4, (at(40), 1)).await, PlatformTaken::Done);
    assert_eq!((state(one).await, states().await), (State::Revoked, vec![HabilitationState::Revoked]));
}

async fn of_one_second_what_takes_away_outweighs_what_gives(offices: Offices) {
    let one = &offices.one;
    assert_eq!(take(one, approval(), 1, (at(10), 1)).await, PlatformTaken::Done);
    assert_eq!(take(one, revocation(), 2, (at(10), 6)).await, PlatformTaken::Done);
    assert_eq!(take(one, approval(), 3, (at(10), 1)).await, PlatformTaken::Older);
    assert_eq!(state(one).await, State::Revoked);
}

async fn what_the_operator_stopped_is_not_brought_back_from_elsewhere(offices: Offices) {
    let one = &offices.one;
    assert_eq!(take(one, approval(), 1, (at(10), 1)).await, PlatformTaken::Done);
    let habilitation = one.habilitations().await.expect("reads")[0].habilitation.id.clone();
    let stopped = one.move_habilitation(&habilitation, HabilitationState::Suspended, &Deed::OPERATOR, now()).await;
    assert_eq!(stopped.expect("moves"), HabilitationMoved::Done);
    assert_eq!(take(one, approval(), 2, (at(20), 1)).await, PlatformTaken::Lost);
    // Nothing of it was remembered: it may come again.
    assert_eq!(take(one, approval(), 2, (at(20), 1)).await, PlatformTaken::Lost);
    assert_eq!(take(one, revocation(), 3, (at(15), 6)).await, PlatformTaken::Done);
    assert_eq!(state(one).await, State::Revoked);
}
