//! Cases for the requests for habilitations.

use domain::claims::scopes::Scope;
use domain::client::Registered;
use domain::habilitation::acting::{Acting, Author, Write};
use domain::habilitation::acts::{Done, Effect};
use domain::habilitation::any::{AnyReview, Due, State};
use domain::habilitation::field::Field;
use domain::habilitation::form::Form;
use domain::habilitation::grant::{Habilitation, HabilitationState};
use domain::habilitation::homologation::Homologation;
use domain::habilitation::review::{Decision, Grant, Happened, Reason, Review};
use domain::habilitation::switches::Deed;
use domain::habilitation::templates::{Answer, Template};
use domain::habilitation::thread::{Message, Side, Words};
use domain::id::{HabilitationId, HabilitationRequestId};
use domain::level::Level;
use domain::organisation::siret::Siret;
use domain::people::commune::{CommuneCode, Departement};
use domain::time::{Lifetime, Timestamp};

use super::cards::mail;
use super::{CANARY, Offices, at_once, contains, dump, for_each_engine, now, random};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::registry::{After, Changed, Event, HabilitationMoved, KeptReview, Registry, Told};

for_each_engine!(offices: sqlite, postgres; {
    a_request_is_kept_with_each_version_of_its_form,
    of_two_who_change_a_request_at_once_one_is_kept,
    what_was_submitted_stays_to_be_compared,
    the_queue_is_in_the_order_of_its_waiting_page_by_page,
    a_departement_sees_its_own,
    templates_are_kept_and_dropped,
    messages_are_read_in_order_and_each_side_knows_up_to_where,
    time_asks_once,
    what_was_warned_of_is_found_some_days_later,
    what_a_review_grants_and_takes_back_reaches_every_node,
    what_was_stopped_apart_from_its_review_is_not_brought_back_by_one,
    a_request_whose_columns_were_changed_does_not_open,
    a_request_tells_nothing_to_who_reads_the_tables,
});

fn siret() -> Siret {
    Siret::parse("21690123100011").expect("a SIRET")
}

fn at(seconds: u32) -> Timestamp {
    now().plus(Lifetime::seconds(seconds))
}

fn departement(code: &str) -> Departement {
    CommuneCode::parse(code).expect("a code").departement()
}

pub(super) fn event(happened: Happened) -> Event {
    Event { happened, by: Author::Operator, reason: Some(Reason::parse(CANARY).expect("a reason")) }
}

pub(super) fn done(review: &AnyReview, happened: Happened) -> Done {
    Done { review: review.clone(), happened, effect: Effect::None }
}

pub(super) const fn silent(at: Timestamp) -> Told<'static> {
    Told { acts: &[], notices: &[], at }
}

fn draft() -> AnyReview {
    let id = HabilitationRequestId::from_random(random());
    Review::open(id, siret(), &Acting::<Write>::operator(), now()).expect("the operator may").into()
}

pub(super) fn written(review: &AnyReview, title: &str, at: Timestamp) -> AnyReview {
    let AnyReview::Draft(draft) = review.clone() else { panic!("a draft") };
    let mut form = Form::default();
    form.set(Field::Title, title).expect("fit");
    draft.write(&Acting::operator(), form, at).expect("the operator may").into()
}

pub(super) async fn made(registry: &Registry, code: &str, at: Timestamp) -> KeptReview {
    let draft = draft();
    let lies = departement(code);
    let kept = registry.make_request(&draft, Some(&lies), &event(Happened::Opened), &silent(at)).await;
    assert_eq!(kept.expect("keeps"), Put::Fresh);
    read(registry, &draft.about().id).await
}

async fn read(registry: &Registry, id: &HabilitationRequestId) -> KeptReview {
    registry.request(id).await.expect("reads").expect("is there")
}

async fn a_request_is_kept_with_each_version_of_its_form(offices: Offices) {
    let one = &offices.one;
    let kept = made(one, "69123", now()).await;
    let again = one.make_request(&kept.review, None, &event(Happened::Opened), &silent(now())).await;
    assert_eq!(again.expect("answers"), Put::Taken);
    let next = written(&kept.review, "Cantine", at(10));
    let changed =
        one.change_request(&kept, &done(&next, Happened::Written), &event(Happened::Written), &silent(at(10))).await;
    assert_eq!(changed.expect("keeps"), Changed::Done);
    let id = &next.about().id;
    let now_kept = read(&offices.two, id).await;
    assert_eq!((now_kept.review.form(), now_kept.version), (next.form(), 2));
    assert_eq!(one.request_form(id, 1).await.expect("reads"), Some(Form::default()));
    assert_eq!(one.request_form(id, 2).await.expect("reads").as_ref(), Some(next.form()));
    assert_eq!(one.request_form(id, 3).await.expect("reads"), None);
    let events: Vec<_> = one.request_events(id).await.expect("reads").into_iter().map(|(_, event)| event).collect();
    assert_eq!(events, [event(Happened::Opened), event(Happened::Written)]);
    assert_eq!(one.requests_of(siret(), 10).await.expect("reads"), [now_kept]);
}

async fn of_two_who_change_a_request_at_once_one_is_kept(offices: Offices) {
    let kept = made(&offices.one, "69123", now()).await;
    let answers = at_once(10, offices.both(), |node, number| {
        let kept = kept.clone();
        async move {
            let next = written(&kept.review, &format!("Cantine {number}"), at(10));
            node.change_request(&kept, &done(&next, Happened::Written), &event(Happened::Written), &silent(at(10)))
                .await
                .expect("answers")
        }
    });
    assert_eq!(answers.await.into_iter().filter(|answer| *answer == Changed::Done).count(), 1);
    assert_eq!(read(&offices.one, &kept.review.about().id).await.version, 2);
}

async fn what_was_submitted_stays_to_be_compared(offices: Offices) {
    let one = &offices.one;
    let mut kept = made(one, "69123", now()).await;
    for (number, happened) in [Happened::Submitted, Happened::Written, Happened::Submitted].into_iter().enumerate() {
        let next = written(&kept.review, &format!("Cantine {number}"), at(10));
        one.change_request(&kept, &done(&next, happened), &event(happened), &silent(at(10)))
            .await
            .map(|_| ())
            .expect("keeps");
        kept = read(one, &next.about().id).await;
    }
    let titles: Vec<_> = one
        .submissions(&kept.review.about().id)
        .await
        .expect("reads")
        .iter()
        .map(|submission| submission.form.get(Field::Title).to_owned())
        .collect();
    assert_eq!(titles, ["Cantine 0", "Cantine 2"]);
}

async fn the_queue_is_in_the_order_of_its_waiting_page_by_page(offices: Offices) {
    let one = &offices.one;
    let mut names = Vec::new();
    for seconds in [30, 10, 20, 20, 40] {
        names.push((at(seconds), made(one, "69123", at(seconds)).await.review.about().id.clone()));
    }
    names.sort();
    let mut seen: Vec<HabilitationRequestId> = Vec::new();
    let mut after: Option<After> = None;
    loop {
        let page = one.requests_in(State::Draft, None, after.as_ref(), 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        seen.extend(page.into_iter().map(|waiting| waiting.kept.review.about().id.clone()));
    }
    assert_eq!(seen, names.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    assert_eq!(one.requests_in(State::Granted, None, None, 10).await.expect("reads"), []);
}

async fn a_departement_sees_its_own(offices: Offices) {
    let one = &offices.one;
    let (lyon, toulouse) = (made(one, "69123", now()).await, made(one, "31555", now()).await);
    let seen = |code: &'static str| async move {
        let lies = departement(code);
        let found = one.requests_in(State::Draft, Some(&lies), None, 10).await.expect("reads");
        let found: Vec<_> = found.into_iter().map(|waiting| waiting.kept).collect();
        (found, one.request_counts(Some(&lies)).await.expect("counts"))
    };
    assert_eq!(seen("69001").await, (vec![lyon], vec![(State::Draft, 1)]));
    assert_eq!(seen("31001").await, (vec![toulouse], vec![(State::Draft, 1)]));
    assert_eq!(seen("75056").await, (Vec::new(), Vec::new()));
    assert_eq!(one.request_counts(None).await.expect("counts"), [(State::Draft, 2)]);
}

async fn templates_are_kept_and_dropped(offices: Offices) {
    let one = &offices.one;
    let template = |answer, title: &str| Template::new(answer, title, "Bonjour {organisation}").expect("right");
    let (no, yes) = (template(Answer::Refusal, "Non"), template(Answer::Approval, "Oui"));
    one.put_template(random(), &no, at(1)).await.expect("keeps");
    one.put_template(random(), &yes, at(2)).await.expect("keeps");
    let kept = offices.two.templates().await.expect("reads");
    assert_eq!(kept.iter().map(|(_, template)| template.clone()).collect::<Vec<_>>(), [yes.clone(), no]);
    one.drop_template(&kept[1].0).await.expect("drops");
    assert_eq!(offices.two.templates().await.expect("reads"), [(kept[0].0.clone(), yes)]);
}

async fn messages_are_read_in_order_and_each_side_knows_up_to_where(offices: Offices) {
    let one = &offices.one;
    let kept = made(one, "69123", now()).await;
    let id = &kept.review.about().id;
    let message = |side, seconds, text: &str| Message {
        by: Author::Operator,
        side,
        at: at(seconds),
        text: Words::parse(text).expect("words"),
    };
    let thread = [message(Side::Applicant, 10, "Bonjour"), message(Side::Review, 20, "Bonjour à vous")];
    for message in thread.iter().rev() {
        let told = Told { acts: &[], notices: &[mail()], at: message.at };
        one.say(id, message, random(), &told).await.expect("keeps");
    }
    assert_eq!(offices.two.messages(id).await.expect("reads"), thread);
    assert_eq!(one.looked_at(id, Side::Review).await.expect("reads"), None);
    one.looked(id, Side::Review, at(15)).await.expect("keeps");
    one.looked(id, Side::Review, at(25)).await.expect("keeps");
    assert_eq!(one.looked_at(id, Side::Review).await.expect("reads"), Some(at(25)));
    assert_eq!(one.looked_at(id, Side::Applicant).await.expect("reads"), None);
}

async fn time_asks_once(offices: Offices) {
    let one = &offices.one;
    let kept = made(one, "69123", now()).await;
    let left = || one.requests_left(State::Draft, Due::Remind, at(100), 10);
    assert_eq!(left().await.expect("reads"), std::slice::from_ref(&kept));
    let answers = at_once(10, offices.both(), |node, _| {
        let kept = kept.clone();
        async move { node.remind_of_request(&kept, Due::Remind, &silent(at(100))).await.expect("answers") }
    });
    assert_eq!(answers.await.into_iter().filter(|answer| *answer == Changed::Done).count(), 1);
    assert_eq!(left().await.expect("reads"), []);
    let next = written(&kept.review, "Cantine", at(200));
    one.change_request(&kept, &done(&next, Happened::Written), &event(Happened::Written), &silent(at(200)))
        .await
        .map(|_| ())
        .expect("keeps");
    assert_eq!(left().await.expect("reads"), []);
    assert_eq!(one.requests_left(State::Draft, Due::Remind, at(200), 10).await.expect("reads").len(), 1);
}

async fn what_was_warned_of_is_found_some_days_later(offices: Offices) {
    let one = &offices.one;
    let kept = made(one, "69123", now()).await;
    let warned = async |untouched: u32, before: u32| {
        let found = one.requests_warned(State::Draft, (at(untouched), at(before)), 10).await.expect("reads");
        found.into_iter().find(|(found, _)| found.review.about().id == kept.review.about().id).map(|(_, at)| at)
    };
    assert_eq!(warned(1000, 1000).await, None, "nobody was warned");
    assert_eq!(one.remind_of_request(&kept, Due::Remind, &silent(at(90))).await.expect("answers"), Changed::Done);
    assert_eq!(warned(1000, 1000).await, None, "a reminder is no warning");
    assert_eq!(one.remind_of_request(&kept, Due::Warn, &silent(at(100))).await.expect("answers"), Changed::Done);
    assert_eq!((warned(1000, 99).await, warned(1000, 100).await), (None, Some(at(100))));
    let next = written(&kept.review, "Cantine", at(200));
    let (done, event) = (done(&next, Happened::Written), event(Happened::Written));
    let changed = one.change_request(&kept, &done, &event, &silent(at(200))).await.expect("keeps");
    assert_eq!(changed, Changed::Done);
    assert_eq!(warned(1000, 1000).await, None, "somebody went on with it");
}

fn waived() -> Homologation {
    let reason = Reason::parse("Le site ouvre après le vote.").expect("a reason");
    Homologation::Waived(Decision { by: Author::Operator, at: now(), reason })
}

fn grant(kept: &KeptReview, replaces: Option<&Grant>) -> Grant {
    Grant {
        id: HabilitationId::from_random(random()),
        request: kept.review.about().id.clone(),
        organisation: siret(),
        title: "Cantine".to_owned(),
        scopes: ["openid", "email", "gender"].map(|name| Scope::parse(name).expect("a scope")).into(),
        level: Level::Low,
        redirects: vec!["https://cantine.lyon.fr/retour".to_owned()],
        logout_redirects: Vec::new(),
        from: now(),
        until: at(86_400),
        homologation: Some(waived()),
        replaces: replaces.map(|grant| grant.id.clone()),
    }
}

/// Grants a request of an organisation on this: the habilitation.
pub(super) async fn granted_on(one: &Registry, siret: Siret, on: Homologation) -> HabilitationId {
    let kept = made(one, "69123", now()).await;
    let granted = Grant { organisation: siret, homologation: Some(on), ..grant(&kept, None) };
    let id = granted.id.clone();
    let (changed, _) = decided(one, &kept, Effect::Granted(Box::new(granted))).await;
    assert_eq!(changed, Changed::Done);
    id
}

async fn decided(one: &Registry, kept: &KeptReview, effect: Effect) -> (Changed, KeptReview) {
    let happened = Happened::Granted;
    let done = Done { review: kept.review.clone(), happened, effect };
    let changed = one.change_request(kept, &done, &event(happened), &silent(at(10))).await.expect("answers");
    (changed, read(one, &kept.review.about().id).await)
}

/// A request with a grant, and a client that has it.
async fn granted(one: &Registry) -> (KeptReview, Grant) {
    let kept = made(one, "69123", now()).await;
    let first = grant(&kept, None);
    let (changed, kept) = decided(one, &kept, Effect::Granted(Box::new(first.clone()))).await;
    assert_eq!(changed, Changed::Done);
    let client = super::habilitations::client("cantine");
    let mut registered = Registered::operated(client, None, HabilitationId::from_random(random()), now());
    registered.habilitation = Some(Habilitation::of_grant(&first));
    assert_eq!(one.insert_client(&registered, now()).await.expect("writes"), Put::Fresh);
    (kept, first)
}

async fn what_a_review_grants_and_takes_back_reaches_every_node(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let (kept, first) = granted(one).await;
    // Another grant takes the place of the first one, for the client that has it.
    let seen = two.changes().await.expect("reads").clients;
    let second = grant(&kept, Some(&first));
    let (_, kept) = decided(one, &kept, Effect::Granted(Box::new(second.clone()))).await;
    let news = two.clients_since(seen).await.expect("reads");
    let held =
        |news: &[Registered]| news.iter().map(|one| one.habilitation.clone().expect("has one")).collect::<Vec<_>>();
    assert_eq!(held(&news), [Habilitation::of_grant(&second)]);
    // It is narrowed at the command line; what the review takes back is what is there then.
    let scopes = ["openid"].map(|name| Scope::parse(name).expect("a scope")).into();
    let narrow = held(&news)[0].narrowed(HabilitationId::from_random(random()), &scopes, Level::Low, now());
    let narrow = narrow.expect("less");
    let moved = one.replace_habilitation(&second.id, &narrow, &Deed::OPERATOR, now()).await;
    assert_eq!(moved.expect("writes"), HabilitationMoved::Done);
    let seen = two.changes().await.expect("reads").clients;
    let (changed, _) = decided(one, &kept, Effect::Revoked(second.id.clone())).await;
    assert_eq!(changed, Changed::Done);
    let news = two.clients_since(seen).await.expect("reads");
    assert_eq!(held(&news), [Habilitation { state: HabilitationState::Revoked, ..narrow }]);
}

async fn what_was_stopped_apart_from_its_review_is_not_brought_back_by_one(offices: Offices) {
    let one = &offices.one;
    for stop in [HabilitationState::Suspended, HabilitationState::Revoked] {
        let (kept, first) = granted(one).await;
        let moved = one.move_habilitation(&first.id, stop, &Deed::OPERATOR, now()).await.expect("writes");
        assert_eq!(moved, HabilitationMoved::Done);
        let second = grant(&kept, Some(&first));
        let (changed, after) = decided(one, &kept, Effect::Granted(Box::new(second))).await;
        assert_eq!((changed, after), (Changed::Lost, kept));
        let held = one.habilitation(&first.id).await.expect("reads").expect("is there");
        assert_eq!(held.habilitation.state, stop);
        sqlx::query("DELETE FROM clients").execute(&one.writers).await.expect("writes");
    }
}

async fn a_request_whose_columns_were_changed_does_not_open(offices: Offices) {
    let one = &offices.one;
    for text in [
        "UPDATE habilitation_requests SET state = 'granted'",
        "UPDATE habilitation_requests SET organisation = '21310555400017'",
        "UPDATE habilitation_requests SET version = 2",
    ] {
        let kept = made(one, "69123", now()).await;
        sqlx::query(text).execute(&one.writers).await.expect("writes");
        let found = one.request(&kept.review.about().id).await;
        assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{text}: {found:?}");
        sqlx::query("DELETE FROM habilitation_events").execute(&one.writers).await.expect("writes");
        sqlx::query("DELETE FROM habilitation_forms").execute(&one.writers).await.expect("writes");
        sqlx::query("DELETE FROM habilitation_requests").execute(&one.writers).await.expect("writes");
    }
}

async fn a_request_tells_nothing_to_who_reads_the_tables(offices: Offices) {
    let one = &offices.one;
    let kept = made(one, "69123", now()).await;
    let next = written(&kept.review, CANARY, at(10));
    one.change_request(&kept, &done(&next, Happened::Written), &event(Happened::Written), &silent(at(10)))
        .await
        .map(|_| ())
        .expect("keeps");
    let words = Words::parse(CANARY).expect("words");
    let message = Message { by: Author::Operator, side: Side::Review, at: at(20), text: words };
    one.say(&next.about().id, &message, random(), &silent(at(20))).await.expect("keeps");
    let queries: &[&str] = &[
        "SELECT id || organisation || state || sealed FROM habilitation_requests",
        "SELECT request || sealed FROM habilitation_forms",
        "SELECT request || sealed FROM habilitation_events",
        "SELECT id || request || sealed FROM habilitation_messages",
    ];
    let dump = dump(&offices, queries).await;
    assert!(contains(&dump, next.about().id.as_str()), "the dump holds what is there");
    assert!(!contains(&dump, CANARY));
}
