//! Cases for webhooks: who is told of a change, with the change or not at all.

use domain::client::Registered;
use domain::habilitation::acting::Author;
use domain::habilitation::grant::HabilitationState;
use domain::habilitation::review::Happened;
use domain::habilitation::switches::Deed;
use domain::habilitation::webhook::{ATTEMPTS, Call, HookEvent, HookState, SharedSecret, Webhook, WebhookUri};
use domain::id::{HabilitationId, WebhookCallId, WebhookId};
use domain::journal::{Act, WebhookChange};
use domain::time::{Lifetime, Timestamp};
use serde_json::Value;

use super::requests::{done, event, made, silent, written};
use super::{CANARY, Offices, at_once, contains, dump, for_each_engine, kinds, now, random};
use crate::ephemeral::Put;
use crate::registry::{
    CallState, Changed, HabilitationMoved, KeptCall, KeptReview, KeptWebhook, Outgoing, Registry, Settled, Tried,
    Updated,
};

for_each_engine!(offices: sqlite, postgres; {
    a_change_and_its_calls_are_kept_together_or_not_at_all,
    a_webhook_that_is_off_or_did_not_ask_hears_nothing,
    of_two_who_change_a_webhook_at_once_one_is_kept,
    a_call_in_vain_waits_longer_each_time_and_the_last_one_turns_the_webhook_off,
    a_call_is_made_again_by_hand_with_the_same_bytes,
    a_test_that_was_passed_is_kept_with_the_webhook,
    a_webhook_tells_nothing_to_who_reads_the_tables,
    what_is_revoked_apart_from_its_request_is_told,
});

const LEASE: Lifetime = Lifetime::seconds(60);

fn at(seconds: u32) -> Timestamp {
    now().plus(Lifetime::seconds(seconds))
}

fn act(webhook: &Webhook, change: WebhookChange) -> Act {
    Act::WebhookChanged { webhook: webhook.id.clone(), change, by: Author::Operator }
}

fn webhook(events: &[HookEvent]) -> Webhook {
    let uri = WebhookUri::parse(&format!("https://{}.example.fr/crochet", CANARY.to_lowercase())).expect("an address");
    let secret = SharedSecret::parse(&CANARY.repeat(2)).expect("long enough");
    Webhook::new(WebhookId::from_random(random()), uri, events.iter().copied().collect(), secret)
}

async fn kept(registry: &Registry, webhook: &Webhook) -> KeptWebhook {
    let added = registry.insert_webhook(webhook, &act(webhook, WebhookChange::Added("h".to_owned())), now()).await;
    assert_eq!(added.expect("keeps"), Put::Fresh);
    registry.webhook(&webhook.id).await.expect("reads").expect("is there")
}

async fn on(registry: &Registry, events: &[HookEvent]) -> Webhook {
    let webhook = webhook(events).tested().enabled().expect("tested");
    kept(registry, &webhook).await.webhook
}

async fn changed(registry: &Registry, kept: &KeptReview, happened: Happened) -> Changed {
    let next = written(&kept.review, CANARY, at(10));
    registry.change_request(kept, &done(&next, happened), &event(happened), &silent(at(10))).await.expect("answers")
}

async fn lease(registry: &Registry, at: Timestamp) -> Vec<Outgoing<Call>> {
    registry.lease::<Call>(10, LEASE, at).await.expect("leases")
}

async fn calls(registry: &Registry, webhook: &Webhook) -> Vec<KeptCall> {
    registry.webhook_calls(&webhook.id, 100).await.expect("reads")
}

fn refused() -> Tried {
    Tried::Answered { status: 500, answer: CANARY.to_owned() }
}

async fn a_change_and_its_calls_are_kept_together_or_not_at_all(offices: Offices) {
    let (one, two) = offices.both();
    let (first, second) = (on(one, HookEvent::ALL).await, on(one, HookEvent::ALL).await);
    let request = made(one, "69123", now()).await;
    let (request_id, begun) = (request.review.about().id.clone(), lease(two, now()).await);
    assert_eq!(begun.len(), 2);
    assert_eq!(changed(one, &request, Happened::Written).await, Changed::Done);
    // Decided on what is not so any more: neither kept nor told.
    assert_eq!(changed(one, &request, Happened::Written).await, Changed::Lost);
    for webhook in [&first, &second] {
        let told = calls(two, webhook).await;
        let told: Vec<_> = told.iter().map(|call| (call.event.as_str(), call.number, call.state)).collect();
        assert_eq!(told, [("update", Some(2), CallState::Waiting), ("create", Some(1), CallState::Waiting)]);
    }
    let [.., create] = &calls(one, &first).await[..] else { panic!("two") };
    let body: Value = serde_json::from_str(&create.body).expect("JSON");
    assert_eq!((&body["call"], &body["model_id"]), (&create.id.as_str().into(), &request_id.as_str().into()));
    assert_eq!(create.request.as_ref(), Some(&request_id));
}

async fn a_webhook_that_is_off_or_did_not_ask_hears_nothing(offices: Offices) {
    let one = &offices.one;
    let untested = kept(one, &webhook(HookEvent::ALL)).await.webhook;
    let other = on(one, &[HookEvent::Approve]).await;
    let stopped = on(one, HookEvent::ALL).await;
    let from = one.webhook(&stopped.id).await.expect("reads").expect("is there");
    let off = from.webhook.clone().disabled();
    let disabled = one.change_webhook(&from, &off, &act(&off, WebhookChange::Disabled), now()).await;
    assert_eq!(disabled.expect("keeps"), Changed::Done);
    let request = made(one, "69123", now()).await;
    assert_eq!(changed(one, &request, Happened::LookedAt).await, Changed::Done);
    for webhook in [&untested, &other, &stopped] {
        assert_eq!(calls(one, webhook).await, []);
    }
    assert_eq!(lease(one, at(100)).await.len(), 0);
}

async fn of_two_who_change_a_webhook_at_once_one_is_kept(offices: Offices) {
    let from = kept(&offices.one, &webhook(HookEvent::ALL)).await;
    let answers = at_once(10, offices.both(), |node, _| {
        let from = from.clone();
        async move {
            let to = from.webhook.clone().tested();
            node.change_webhook(&from, &to, &act(&to, WebhookChange::Tested), now()).await.expect("answers")
        }
    });
    assert_eq!(answers.await.into_iter().filter(|answer| *answer == Changed::Done).count(), 1);
    let all = offices.two.webhooks().await.expect("reads");
    assert_eq!(
        all.iter().map(|kept| (kept.version, kept.webhook.state())).collect::<Vec<_>>(),
        [(2, HookState::Tested)]
    );
    let id = from.webhook.id.clone();
    let removed = act(&from.webhook, WebhookChange::Removed);
    assert_eq!(offices.one.remove_webhook(&id, &removed, now()).await.expect("removes"), Updated::Done);
    assert_eq!(offices.one.remove_webhook(&id, &removed, now()).await.expect("answers"), Updated::Missing);
    assert_eq!(offices.two.webhook(&id).await.expect("reads"), None);
    assert_eq!(kinds(&offices.one).await, ["webhook_changed"; 3]);
}

async fn a_call_in_vain_waits_longer_each_time_and_the_last_one_turns_the_webhook_off(offices: Offices) {
    let (one, two) = offices.both();
    let hook = on(one, &[HookEvent::Create]).await;
    made(one, "69123", now()).await;
    let mut clock = now();
    for attempt in 1..=ATTEMPTS {
        let [taken] = &lease(one, clock).await[..] else { panic!("attempt {attempt} is due") };
        assert_eq!(taken.attempt, attempt);
        assert_eq!(lease(two, clock).await.len(), 0, "one node alone has it");
        let settled = one.settle_call(taken, &refused(), clock).await.expect("settles");
        let last = attempt == ATTEMPTS;
        assert_eq!(settled, if last { Settled::GivenUp } else { Settled::Waits });
        let wait = domain::habilitation::webhook::wait_after(attempt).as_seconds();
        assert_eq!(lease(two, clock.plus(Lifetime::seconds(wait - 1))).await.len(), 0);
        clock = clock.plus(Lifetime::seconds(wait));
        let [call] = &calls(two, &hook).await[..] else { panic!("one") };
        assert_eq!((call.attempts, call.status, call.answer.as_deref()), (attempt, Some(500), Some(CANARY)));
        assert_eq!(call.state, if last { CallState::GivenUp } else { CallState::Waiting });
        let state = two.webhook(&hook.id).await.expect("reads").expect("is there").webhook.state();
        assert_eq!(state, if last { HookState::GivenUp } else { HookState::On });
    }
    assert_eq!(lease(one, clock.plus(Lifetime::seconds(100_000))).await.len(), 0);
    assert_eq!(kinds(one).await.iter().filter(|kind| *kind == "webhook_changed").count(), 2);
    // What was given up does not wait: it is forgotten in time.
    assert_eq!(two.erase_webhook_calls(at(1)).await.expect("erases"), 1);
}

async fn a_call_is_made_again_by_hand_with_the_same_bytes(offices: Offices) {
    let (one, two) = offices.both();
    let hook = on(one, &[HookEvent::Create]).await;
    made(one, "69123", now()).await;
    let [taken] = &lease(one, now()).await[..] else { panic!("one") };
    let answered = Tried::Answered { status: 204, answer: String::new() };
    assert_eq!(one.settle_call(taken, &answered, now()).await.expect("settles"), Settled::Over);
    assert_eq!(one.settle_call(taken, &refused(), now()).await.expect("settles"), Settled::Over, "a late node");
    let [first] = &calls(one, &hook).await[..] else { panic!("one") };
    assert_eq!((first.state, first.status, first.attempts), (CallState::Taken, Some(204), 1));
    for _ in 0..2 {
        assert_eq!(two.replay_webhook_call(&first.id, at(10)).await.expect("replays"), Updated::Done);
    }
    let [again] = &lease(one, at(10)).await[..] else { panic!("one, however often it is asked for") };
    assert_eq!((again.attempt, &again.parcel.call), (1, &first.id));
    assert_eq!(one.settle_call(again, &Tried::Left, at(10)).await.expect("settles"), Settled::Over);
    let left = two.webhook_call(&first.id).await.expect("reads").expect("is there");
    assert_eq!((left.state, left.attempts, &left.body), (CallState::Left, 1, &first.body));
    let none = WebhookCallId::from_random(random());
    assert_eq!(two.replay_webhook_call(&none, at(10)).await.expect("answers"), Updated::Missing);
}

async fn a_test_that_was_passed_is_kept_with_the_webhook(offices: Offices) {
    let one = &offices.one;
    let from = kept(one, &webhook(HookEvent::ALL)).await;
    let tested = act(&from.webhook, WebhookChange::Tested);
    let state = async || one.webhook(&from.webhook.id).await.expect("reads").expect("is there").webhook.state();
    for (tried, after) in [
        (refused(), HookState::Untested),
        (Tried::Silent { why: "no answer in time".to_owned() }, HookState::Untested),
        (Tried::Answered { status: 201, answer: String::new() }, HookState::Tested),
    ] {
        let call = WebhookCallId::from_random(random());
        let kept = one.keep_webhook_test(&from, (&call, "{}", &tried), &tested, now()).await.expect("keeps");
        assert_eq!((kept, state().await), (Changed::Done, after));
    }
    assert_eq!(kinds(one).await, ["webhook_changed"; 2]);
    let test = &calls(one, &from.webhook).await[0];
    assert_eq!((test.event.as_str(), test.attempts), ("test", 1));
    assert_eq!(one.replay_webhook_call(&test.id, now()).await.expect("answers"), Updated::Missing);
}

async fn a_webhook_tells_nothing_to_who_reads_the_tables(offices: Offices) {
    let one = &offices.one;
    let hook = on(one, HookEvent::ALL).await;
    let request = made(one, "69123", now()).await;
    assert_eq!(changed(one, &request, Happened::Written).await, Changed::Done);
    let [taken, _] = &lease(one, at(10)).await[..] else { panic!("two") };
    assert_eq!(one.settle_call(taken, &refused(), at(10)).await.expect("settles"), Settled::Waits);
    assert!(calls(one, &hook).await.iter().any(|call| call.body.contains(CANARY)), "it is told");
    let queries: &[&str] = &[
        "SELECT id || state || sealed FROM webhooks",
        "SELECT id || sealed || COALESCE(answer, '') FROM webhook_calls",
        "SELECT id || sealed FROM webhook_outbox",
    ];
    let dump = dump(&offices, queries).await;
    assert!(contains(&dump, hook.id.as_str()), "the dump holds what is there");
    assert!(!contains(&dump, CANARY) && !contains(&dump, &CANARY.to_lowercase()));
}

async fn what_is_revoked_apart_from_its_request_is_told(offices: Offices) {
    let one = &offices.one;
    let (hook, deaf) = (on(one, &[HookEvent::Revoke]).await, on(one, &[HookEvent::Create]).await);
    let client = super::habilitations::client("cantine");
    let registered = Registered::operated(client, None, HabilitationId::from_random(random()), now());
    assert_eq!(one.insert_client(&registered, now()).await.expect("writes"), Put::Fresh);
    let id = registered.habilitation.expect("has one").id;
    for (state, calls_then) in [(HabilitationState::Suspended, 0), (HabilitationState::Revoked, 1)] {
        let moved = one.move_habilitation(&id, state, &Deed::OPERATOR, at(5)).await.expect("moves");
        assert_eq!(moved, HabilitationMoved::Done);
        assert_eq!(calls(one, &hook).await.len(), calls_then);
    }
    let [told] = &calls(one, &hook).await[..] else { panic!("one") };
    let body: Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!((&body["event"], &body["model_id"]), (&"revoke".into(), &id.as_str().into()));
    assert_eq!((&body["model_type"], &body["data"]["state"]), (&"habilitation".into(), &"revoked".into()));
    assert_eq!(calls(one, &deaf).await, []);
    assert_eq!(lease(one, at(5)).await.len(), 1);
}
