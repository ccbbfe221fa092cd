//! What time does to requests, once, from however many nodes.

use domain::habilitation::acting::{Acting, Instruct};
use domain::habilitation::acts::{Done, Effect};
use domain::habilitation::any::{AnyReview, State};
use domain::habilitation::review::{Happened, Review};
use domain::id::HabilitationRequestId;
use domain::notice::{Message, RequestReader};
use store::ephemeral::Put;
use store::registry::Event;

use super::*;
use crate::habilitation::town::{NADIA, Town};

/// Two nodes look at the same moment.
async fn look(town: &Town) {
    let (one, other) = tokio::join!(settle(&town.app), settle(&town.app));
    one.and(other).expect("the store stands");
}

async fn begun(town: &Town) -> HabilitationRequestId {
    let (id, now) = (HabilitationRequestId::from_random(town.app.random.bytes()), town.clock.now());
    let review = Review::open(id.clone(), town.organisation.siret, &town.writes(), now).expect("hers").into();
    let event = Event { happened: Happened::Opened, by: Author::Operator, reason: None };
    let told = Told { acts: &[], notices: &[], at: now };
    assert_eq!(town.app.registry.make_request(&review, None, &event, &told).await.expect("kept"), Put::Fresh);
    id
}

async fn state(town: &Town, id: &HabilitationRequestId) -> State {
    town.app.registry.request(id).await.expect("reads").expect("kept").review.state()
}

/// A request that was sent back, as the registry keeps one.
async fn sent_back(town: &Town) -> HabilitationRequestId {
    let id = begun(town).await;
    let kept = town.app.registry.request(&id).await.expect("reads").expect("kept");
    let mut json = serde_json::to_value(&kept.review).expect("JSON");
    let mut review = json["draft"].take();
    let decision = serde_json::json!({"by": "operator", "at": town.clock.now(), "reason": "Un texte manque."});
    review["step"] = serde_json::json!({"decision": decision, "touched": town.clock.now()});
    let review: AnyReview = serde_json::from_value(serde_json::json!({"changes_requested": review})).expect("one");
    let done = Done { review, happened: Happened::ChangesRequested, effect: Effect::None };
    let by = Acting::<Instruct>::operator().author().clone();
    let changed = change(&town.app, &kept, &Turn { done, by, reason: None }).await.expect("kept");
    assert_eq!((changed, town.mails().await.len()), (Changed::Done, 1));
    id
}

async fn told(town: &Town) -> Vec<RequestTold> {
    let told = |notice: domain::notice::Notice| {
        assert_eq!(notice.to, NADIA);
        let Message::Request(message) = notice.message else { panic!("{:?}", notice.message) };
        assert!(message.link.starts_with("http://localhost:18405/espace/demandes/"), "{}", message.link);
        message.told
    };
    town.mails().await.into_iter().map(told).collect()
}

#[tokio::test]
async fn a_draft_is_remembered_to_its_writers_once_after_fifteen_days() {
    let town = Town::standing().await;
    let id = begun(&town).await;
    town.days(14);
    look(&town).await;
    assert_eq!(told(&town).await, []);
    town.days(1);
    look(&town).await;
    look(&town).await;
    assert_eq!(told(&town).await, [RequestTold::Due(Due::Remind)]);
    town.days(400);
    look(&town).await;
    assert_eq!((told(&town).await, state(&town, &id).await), (vec![], State::Draft), "a draft stays");
}

#[tokio::test]
async fn what_was_sent_back_and_left_is_put_away_fifteen_days_after_a_warning() {
    let town = Town::standing().await;
    let id = sent_back(&town).await;
    town.days(181);
    look(&town).await;
    assert_eq!(told(&town).await, []);
    // Nobody looked for a long time: the warning comes first all the same.
    town.days(100);
    look(&town).await;
    look(&town).await;
    assert_eq!(
        (told(&town).await, state(&town, &id).await),
        (vec![RequestTold::Due(Due::Warn)], State::ChangesRequested)
    );
    town.days(14);
    look(&town).await;
    assert_eq!(told(&town).await, []);
    town.days(1);
    look(&town).await;
    look(&town).await;
    let archived =
        RequestTold::Happened { happened: Happened::Archived, reason: None, reader: RequestReader::Applicant };
    assert_eq!((told(&town).await, state(&town, &id).await), (vec![archived], State::Archived));
    let entries = town.app.registry.entries(0, 1000).await.expect("reads");
    let by_clock = entries.iter().filter(|entry| entry.kind == "request_changed" && entry.details.contains("clock"));
    assert_eq!(by_clock.count(), 1, "accounted for once, with its author");
}
