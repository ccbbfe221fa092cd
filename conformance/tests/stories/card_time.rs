//! What a telephone does too late (cnie.md §11, §14, §16): time is taken from the records of the ephemeral store, as it passes
//! there. To the second, what its gateway's own clock says is in `gateway/src/cnie/api/tests`.

use std::time::Duration;

use conformance::engines::Redis;
use conformance::gateway::Ephemeral;
use conformance::or_skip;
use conformance::phone::Act;
use conformance::scene::Setting;
use serde_json::Value;

use super::card_provider::Cards;
use super::counter::refused;
use crate::journey::expect;

const HANDLES: &str = "passerelle:pairing:*";
const TRANSACTIONS: &str = "passerelle:card:*";
const MINUTE: Duration = Duration::from_mins(1);
const FIVE_MINUTES: Duration = Duration::from_mins(5);

#[tokio::test]
async fn a_handle_after_its_minute_and_an_answer_after_five_are_late_and_the_citizen_begins_anew() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let cards = Cards::in_setting("", setting).await;
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    let address = page.attribute("[data-address]", "data-address").unwrap();
    let life = redis.pass(HANDLES, MINUTE).await.unwrap();
    assert!(life <= MINUTE && life > MINUTE / 2, "a handle is shown for a minute: {life:?}");
    assert_eq!(refused(cards.phone("angela").claim(&address).await), "card.handle_unknown");
    assert_eq!(redis.pass(HANDLES, MINUTE).await.unwrap(), Duration::ZERO, "nothing is left of any");

    // The transaction went on without it, and lives five minutes in all.
    let life = redis.pass(TRANSACTIONS, Duration::ZERO).await.unwrap();
    assert!(life <= FIVE_MINUTES && life > FIVE_MINUTES / 2, "{life:?}");
    let state = citizen.open(&format!("{}/state", page.url)).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&state.body).unwrap()["step"], "waiting");

    // An answer that comes after five minutes, of an honest telephone and card.
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let mut phone = cards.phone("angela");
    let mut visit = phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap();
    let parcel = phone.prepare(&mut visit, Some(number)).await.unwrap();
    redis.pass(TRANSACTIONS, FIVE_MINUTES).await.unwrap();
    assert_eq!(refused(phone.submit(&mut visit, parcel.clone()).await), "card.transaction_unknown");
    assert_eq!(refused(phone.submit(&mut visit, parcel).await), "card.transaction_unknown", "nor later");
    let late = expect(citizen.open(page.url.as_str()).await.unwrap(), "choose");
    assert_eq!(late.refusal(), "card.transaction_late", "the browser is told, and offered every provider again");

    // The same for an act of the phone's own, and then it does it in time.
    let mut visit = phone.begin(Act::Show).await.unwrap();
    let parcel = phone.prepare(&mut visit, None).await.unwrap();
    redis.pass(TRANSACTIONS, FIVE_MINUTES).await.unwrap();
    assert_eq!(refused(phone.submit(&mut visit, parcel).await), "card.transaction_unknown");
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity", "in time");
}
