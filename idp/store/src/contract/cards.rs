//! Cases for the identities on cards.

use domain::cnie::card::{CardKey, CardSecret, PersonKey};
use domain::cnie::identity::{AnyIdentity, Ending};
use domain::cnie::reminder::Reminder;
use domain::id::{CaseId, IdentityId};
use domain::journal::{Act, CardIdentityChange};
use domain::language::Language;
use domain::notice::{CardMessage, Message, Notice};
use domain::secret::base64url;
use domain::time::{Lifetime, Timestamp};
use serde_json::{Value, json};

use super::{CANARY, Offices, at_once, contains, dump, for_each_engine, kinds, now, random};
use crate::StoreError;
use crate::journal::Verdict;
use crate::registry::{Changed, Kept, Made, Registry, Told, Transition};

for_each_engine!(offices: sqlite, postgres; {
    a_card_has_one_live_identity,
    a_person_has_one_live_identity_on_whichever_card,
    an_identity_gives_way_to_another_card_of_its_person_with_all_that_is_told_or_not_at_all,
    of_two_cards_that_replace_an_identity_one_wins_and_the_other_leaves_no_trace,
    of_two_who_change_an_identity_one_wins_and_the_other_leaves_no_trace,
    an_identity_comes_up_when_time_has_changed_it,
    a_reminder_comes_up_on_its_day_and_is_given_once,
    a_certification_taken_up_again_is_not_reminded_of_twice,
    an_identity_opens_in_its_own_row_and_version_alone,
    an_identity_tells_nothing_to_who_reads_the_tables,
    a_closed_identity_is_erased_after_a_month,
    an_operator_lists_identities_page_by_page_and_by_state,
    a_notice_about_an_identity_is_kept_though_nothing_became_of_it,
    whose_an_identity_is_becomes_known_and_never_changes,
});

const DAY: i64 = 86_400;

pub(super) fn after(days: i64) -> Timestamp {
    Timestamp::from_epoch(now().epoch() + days * DAY)
}

pub(super) fn card() -> CardKey {
    CardKey::of("FRA", &base64url(&random::<8>()), &CardSecret::new([7; 32]))
}

/// An identity in a state, as it was kept by this schema: the text is the schema itself.
pub(super) fn identity(id: &IdentityId, card: &CardKey, state: &str, fields: &Value) -> AnyIdentity {
    let base = json!({
        "id": id, "card": card, "chip": base64url(&[1; 32]), "code": base64url(&[2; 32]),
        "mail": format!("{CANARY}@exemple.fr"), "language": Language::French, "terms": "2026-11", "created": now(),
        "card_expires": after(3_650), "history": [{"at": now(), "happened": "created"}],
    });
    serde_json::from_value(json!({state: {"base": base, "state": fields}})).expect("of this schema")
}

pub(super) fn active(id: &IdentityId, card: &CardKey) -> AnyIdentity {
    identity(id, card, "active", &json!({}))
}

pub(super) fn certified(id: &IdentityId, card: &CardKey, case: &CaseId, until: Timestamp) -> AnyIdentity {
    identity(id, card, "certified", &json!({"case": case, "since": now(), "until": until}))
}

fn person() -> PersonKey {
    PersonKey::try_from(base64url(&random::<32>())).expect("32 octets")
}

/// The same, as it is kept since it is kept whose it is.
fn of_person(identity: &AnyIdentity, person: PersonKey) -> AnyIdentity {
    let mut kept = serde_json::to_value(identity).expect("JSON");
    for (_, record) in kept.as_object_mut().expect("one state") {
        record["base"]["person"] = json!(person);
    }
    serde_json::from_value(kept).expect("of this schema")
}

async fn whose_an_identity_is_becomes_known_and_never_changes(offices: Offices) {
    let (one, two) = offices.both();
    let (id, card) = someone();
    let kept = made(one, &active(&id, &card)).await;
    let (whose, other) = (person(), person());
    let theirs = of_person(&kept.identity, whose);
    assert_eq!(one.change_identity(&kept, &theirs, &SILENT).await.expect("changes"), Changed::Done);
    let found = two.identity_of_person(&whose).await.expect("reads").expect("is known");
    assert_eq!(found.identity, theirs);
    for changed in [of_person(&kept.identity, other), active(&id, &card)] {
        let refused = two.change_identity(&found, &changed, &SILENT).await;
        assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    }
    // Somebody made another of the same person in the same moment.
    let (late, its_card) = someone();
    let kept = made(one, &active(&late, &its_card)).await;
    let told = Told { acts: &[act(&late)], notices: &[mail()], at: now() };
    let lost = two.change_identity(&kept, &of_person(&kept.identity, whose), &told).await;
    assert_eq!(lost.expect("is seen"), Changed::Lost);
    assert_eq!((kinds(one).await.len(), mails(one).await), (0, 0), "it left no trace");
    assert_eq!(two.identity(&late).await.expect("reads"), Some(kept));
}

fn closed(id: &IdentityId, card: &CardKey) -> AnyIdentity {
    identity(id, card, "closed", &json!({"why": "deleted", "at": now()}))
}

pub(super) fn someone() -> (IdentityId, CardKey) {
    (IdentityId::from_random(random()), card())
}

pub(super) fn act(id: &IdentityId) -> Act {
    Act::CardIdentityChanged { identity: id.clone(), change: CardIdentityChange::Ended(Ending::TermReached) }
}

pub(super) fn mail() -> Notice {
    let to = format!("{CANARY}@exemple.fr");
    Notice { to, language: Language::French, message: Message::Card(CardMessage::Failed) }
}

const SILENT: Told<'_> = Told { acts: &[], notices: &[], at: Timestamp::from_epoch(1_800_000_000) };

pub(super) async fn made(registry: &Registry, identity: &AnyIdentity) -> Kept {
    assert_eq!(registry.make_identity(identity, &SILENT).await.expect("makes"), Made::Fresh);
    registry.identity(identity.common().id()).await.expect("reads").expect("is there")
}

async fn mails(registry: &Registry) -> i64 {
    registry.backlog::<Notice>().await.expect("reads").waiting
}

async fn a_card_has_one_live_identity(offices: Offices) {
    let card = card();
    let answers = at_once(20, offices.both(), |node, _| async move {
        let id = IdentityId::from_random(random());
        let (acts, notices) = ([act(&id)], [mail()]);
        let told = Told { acts: &acts, notices: &notices, at: now() };
        (node.make_identity(&active(&id, &card), &told).await.expect("makes"), id)
    });
    let fresh: Vec<IdentityId> =
        answers.await.into_iter().filter(|(made, _)| *made == Made::Fresh).map(|(_, id)| id).collect();
    assert_eq!(fresh.len(), 1);
    assert_eq!((kinds(&offices.one).await.len(), mails(&offices.one).await), (1, 1), "the others left no trace");
    let kept = offices.two.identity_of_card(&card).await.expect("reads").expect("is there");
    assert_eq!((kept.identity.common().id(), kept.version), (&fresh[0], 1));

    let over = closed(&fresh[0], &card);
    assert_eq!(offices.one.change_identity(&kept, &over, &SILENT).await.expect("changes"), Changed::Done);
    assert_eq!(offices.two.identity_of_card(&card).await.expect("reads"), None);
    let (anew, _) = someone();
    made(&offices.two, &active(&anew, &card)).await;
    assert!(offices.one.identity(&fresh[0]).await.expect("reads").expect("is there").identity.is_closed());
}

async fn a_person_has_one_live_identity_on_whichever_card(offices: Offices) {
    let whose = person();
    let answers = at_once(20, offices.both(), |node, _| async move {
        let (id, card) = someone();
        let (acts, notices) = ([act(&id)], [mail()]);
        let told = Told { acts: &acts, notices: &notices, at: now() };
        (node.make_identity(&of_person(&active(&id, &card), whose), &told).await.expect("makes"), id)
    });
    let fresh: Vec<IdentityId> =
        answers.await.into_iter().filter(|(made, _)| *made == Made::Fresh).map(|(_, id)| id).collect();
    assert_eq!(fresh.len(), 1);
    assert_eq!((kinds(&offices.one).await.len(), mails(&offices.one).await), (1, 1), "the others left no trace");
    let kept = offices.two.identity_of_person(&whose).await.expect("reads").expect("is there");
    assert_eq!((kept.identity.common().id(), kept.identity.common().person()), (&fresh[0], Some(whose)));
    assert_eq!(offices.two.identity_of_person(&person()).await.expect("reads"), None);

    // Another person, and those of whom it is not kept: in nobody's way.
    for other in [of_person(&active(&someone().0, &card()), person()), active(&someone().0, &card())] {
        made(&offices.one, &other).await;
    }
    made(&offices.one, &active(&someone().0, &card())).await;

    let over = of_person(&closed(&fresh[0], &kept.identity.common().card()), whose);
    let stranger = of_person(&over, person());
    let answer = offices.one.change_identity(&kept, &stranger, &SILENT).await;
    assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "an identity becomes nobody else's");
    assert_eq!(offices.one.change_identity(&kept, &over, &SILENT).await.expect("changes"), Changed::Done);
    assert_eq!(offices.two.identity_of_person(&whose).await.expect("reads"), None);
    let anew = made(&offices.two, &of_person(&active(&someone().0, &card()), whose)).await;
    let moved = sqlx::query("UPDATE card_identities SET person = NULL WHERE id = $1");
    let id = anew.identity.common().id();
    moved.bind(id.as_str()).execute(&offices.one.writers).await.expect("tampers");
    assert!(matches!(offices.one.identity(id).await, Err(StoreError::Corrupt { .. })), "made nobody's by hand");
}

async fn an_identity_gives_way_to_another_card_of_its_person_with_all_that_is_told_or_not_at_all(offices: Offices) {
    let (one, whose, (id, card)) = (&offices.one, person(), someone());
    let until = after(1_000);
    let before = made(one, &of_person(&certified(&id, &card, &CaseId::from_random(random()), until), whose)).await;
    let over = of_person(&closed(&id, &card), whose);
    let (new_id, new_card) = someone();
    let new = of_person(&active(&new_id, &new_card), whose);
    let (acts, notices) = ([act(&id), act(&new_id)], [mail(), mail()]);
    let told = Told { acts: &acts, notices: &notices, at: now() };

    // The new card has a live identity: the old one is left as it is, and nothing is told.
    let taken = made(one, &of_person(&active(&someone().0, &new_card), person())).await;
    let to_closed = Transition { from: &before, to: &over };
    assert_eq!(one.replace_identity(to_closed, &new, &told).await.expect("answers"), Made::Exists);
    assert_eq!(one.identity(&id).await.expect("reads").expect("is there"), before);
    assert_eq!((kinds(one).await.len(), mails(one).await), (0, 0));
    let common = taken.identity.common();
    let gone = of_person(&closed(common.id(), &new_card), common.person().expect("is kept"));
    assert_eq!(one.change_identity(&taken, &gone, &SILENT).await.expect("changes"), Changed::Done);

    // A live one does not give way.
    let live = Transition { from: &before, to: &before.identity };
    assert!(matches!(one.replace_identity(live, &new, &told).await, Err(StoreError::Corrupt { .. })));

    assert_eq!(one.replace_identity(to_closed, &new, &told).await.expect("replaces"), Made::Fresh);
    let left = offices.two.identity(&id).await.expect("reads").expect("is there");
    assert_eq!((left.identity, left.version), (over, 2));
    assert_eq!(offices.two.identity_of_card(&card).await.expect("reads"), None);
    let kept = offices.two.identity_of_person(&whose).await.expect("reads").expect("is there");
    assert_eq!((kept.identity, kept.version), (new, 1));
    assert_eq!((kinds(one).await.len(), mails(one).await), (2, 2));
    let reminders = one.identities_to_remind(Timestamp::from_epoch(until.epoch() - DAY), 10).await.expect("reads");
    assert_eq!(reminders, [], "nobody is reminded of what is over");
}

async fn of_two_cards_that_replace_an_identity_one_wins_and_the_other_leaves_no_trace(offices: Offices) {
    let (whose, (id, card)) = (person(), someone());
    let before = made(&offices.one, &of_person(&active(&id, &card), whose)).await;
    let answers = at_once(20, offices.both(), |node, _| {
        let (before, over) = (before.clone(), of_person(&closed(&id, &card), whose));
        async move {
            let (new, card) = someone();
            let (acts, notices) = ([act(before.identity.common().id()), act(&new)], [mail(), mail()]);
            let told = Told { acts: &acts, notices: &notices, at: now() };
            let to_closed = Transition { from: &before, to: &over };
            let identity = of_person(&active(&new, &card), whose);
            (node.replace_identity(to_closed, &identity, &told).await.expect("answers"), new)
        }
    });
    let (won, lost): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(|(made, _)| *made == Made::Fresh);
    assert_eq!((won.len(), lost.len()), (1, 19));
    assert_eq!((kinds(&offices.one).await.len(), mails(&offices.one).await), (2, 2));
    assert_eq!(offices.one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 2 });
    let kept = offices.two.identity_of_person(&whose).await.expect("reads").expect("is there");
    assert_eq!(kept.identity.common().id(), &won[0].1);
    for (_, id) in lost {
        assert_eq!(offices.one.identity(&id).await.expect("reads"), None);
    }
}

async fn of_two_who_change_an_identity_one_wins_and_the_other_leaves_no_trace(offices: Offices) {
    let (id, card) = someone();
    let kept = made(&offices.one, &active(&id, &card)).await;
    let answers = at_once(20, offices.both(), |node, _| {
        let (kept, id) = (kept.clone(), id.clone());
        async move {
            let (acts, notices) = ([act(&id)], [mail()]);
            let told = Told { acts: &acts, notices: &notices, at: now() };
            node.change_identity(&kept, &closed(&id, &card), &told).await.expect("changes")
        }
    });
    let done = answers.await.into_iter().filter(|changed| *changed == Changed::Done).count();
    assert_eq!(done, 1);
    assert_eq!((kinds(&offices.one).await.len(), mails(&offices.one).await), (1, 1));
    assert_eq!(offices.one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 1 });
    let (other, stranger) = (someone(), closed(&id, &self::card()));
    for wrong in [closed(&other.0, &card), stranger] {
        let answer = offices.one.change_identity(&kept, &wrong, &SILENT).await;
        assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "an identity becomes no other one");
    }
}

async fn an_identity_comes_up_when_time_has_changed_it(offices: Offices) {
    let one = &offices.one;
    let requested = |id, card, days| {
        let fields = json!({"request": base64url(&[1; 16]), "until": after(days)});
        identity(id, card, "requested", &fields)
    };
    let (late, soon, never) = (someone(), someone(), someone());
    made(one, &requested(&late.0, &late.1, 30)).await;
    made(one, &requested(&soon.0, &soon.1, 20)).await;
    made(one, &closed(&never.0, &never.1)).await;
    let due = async |at: Timestamp, limit| -> Vec<IdentityId> {
        let due = offices.two.identities_due(at, limit).await.expect("reads");
        due.into_iter().map(|kept| kept.identity.common().id().clone()).collect()
    };
    assert!(due(Timestamp::from_epoch(after(20).epoch() - 1), 10).await.is_empty());
    assert_eq!(due(after(20), 10).await, std::slice::from_ref(&soon.0));
    assert_eq!(due(after(5_000), 10).await, [soon.0.clone(), late.0]);
    assert_eq!(due(after(5_000), 1).await, [soon.0]);
}

async fn a_reminder_comes_up_on_its_day_and_is_given_once(offices: Offices) {
    let (one, (id, card)) = (&offices.one, someone());
    let until = after(1_000);
    made(one, &certified(&id, &card, &CaseId::from_random(random()), until)).await;
    let due = async |days, seconds| {
        let at = Timestamp::from_epoch(until.epoch() - days * DAY + seconds);
        offices.two.identities_to_remind(at, 10).await.expect("reads").pop()
    };
    assert_eq!(due(60, -1).await, None);
    for reminder in Reminder::ALL {
        let given = due(reminder.days().into(), 0).await.expect("its day has come");
        assert_eq!((given.reminder, given.until), (reminder, until));
        let answers = at_once(10, offices.both(), |node, _| {
            let given = given.clone();
            async move {
                let told = Told { acts: &[], notices: &[mail()], at: now() };
                node.note_reminded(&given, &told).await.expect("notes")
            }
        });
        assert_eq!(answers.await.into_iter().filter(|noted| *noted == Changed::Done).count(), 1);
        assert_eq!(due(reminder.days().into(), 3_600).await, None);
    }
    assert_eq!(mails(one).await, 3);
    assert_eq!(one.identity(&id).await.expect("reads").expect("is there").version, 1, "whoever works on it goes on");
}

async fn a_certification_taken_up_again_is_not_reminded_of_twice(offices: Offices) {
    let (one, (id, card), case) = (&offices.one, someone(), CaseId::from_random(random()));
    let until = after(50);
    let kept = made(one, &certified(&id, &card, &case, after(1_000))).await;
    let at = Timestamp::from_epoch(after(1_000).epoch() - 60 * DAY);
    let given = one.identities_to_remind(at, 10).await.expect("reads").pop().expect("is due");
    assert_eq!(one.note_reminded(&given, &SILENT).await.expect("notes"), Changed::Done);

    let inner = json!({"case": case, "since": now(), "until": after(1_000)});
    let suspended = identity(&id, &card, "suspended", &json!({"certified": inner, "since": at}));
    assert_eq!(one.change_identity(&kept, &suspended, &SILENT).await.expect("changes"), Changed::Done);
    assert_eq!(one.identities_to_remind(at, 10).await.expect("reads"), []);
    let in_the_way: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM card_identities WHERE remind_at <= $1")
        .bind(at.epoch())
        .fetch_one(&one.readers)
        .await
        .expect("reads");
    assert_eq!(in_the_way, 0, "it takes no place from those that are due");
    let next = one.identities_to_remind(Timestamp::from_epoch(at.epoch() + 30 * DAY), 10).await.expect("reads");
    assert_eq!(next.first().map(|given| given.reminder), Some(Reminder::ThirtyDays));

    // Certified anew, on a card that ends soon: what is past by then is not told of.
    let kept = one.identity(&id).await.expect("reads").expect("is there");
    let anew = certified(&id, &card, &case, until);
    assert_eq!(one.change_identity(&kept, &anew, &SILENT).await.expect("changes"), Changed::Done);
    assert_eq!(one.identities_to_remind(now(), 10).await.expect("reads"), []);
    let next = one.identities_to_remind(after(20), 10).await.expect("reads");
    assert_eq!(next.first().map(|given| (given.reminder, given.until)), Some((Reminder::ThirtyDays, until)));
}

async fn an_identity_opens_in_its_own_row_and_version_alone(offices: Offices) {
    let (one, mine, other) = (&offices.one, someone(), someone());
    made(one, &active(&mine.0, &mine.1)).await;
    let kept = made(one, &active(&other.0, &other.1)).await;
    let sealed = async |id: &IdentityId| -> String {
        let query = sqlx::query_scalar("SELECT sealed FROM card_identities WHERE id = $1").bind(id.as_str());
        query.fetch_one(&one.readers).await.expect("reads")
    };
    let before = sealed(&other.0).await;
    let over = closed(&other.0, &other.1);
    assert_eq!(one.change_identity(&kept, &over, &SILENT).await.expect("changes"), Changed::Done);
    let put = async |id: &IdentityId, text: &str| {
        let query = sqlx::query("UPDATE card_identities SET sealed = $2 WHERE id = $1").bind(id.as_str());
        query.bind(text.to_owned()).execute(&one.writers).await.expect("tampers");
    };
    put(&mine.0, &before).await;
    assert!(matches!(one.identity(&mine.0).await, Err(StoreError::Corrupt { .. })), "another's record");
    put(&other.0, &before).await;
    assert!(matches!(one.identity(&other.0).await, Err(StoreError::Corrupt { .. })), "its own, of before");
    let moved = sqlx::query("UPDATE card_identities SET card = $2 WHERE id = $1").bind(mine.0.as_str());
    moved.bind(card().text()).execute(&one.writers).await.expect("tampers");
    assert!(matches!(one.identity(&mine.0).await, Err(StoreError::Corrupt { .. })));
    assert!(one.identities_due(after(5_000), 10).await.expect("goes on with the others").is_empty());
}

async fn an_identity_tells_nothing_to_who_reads_the_tables(offices: Offices) {
    let (one, (id, card)) = (&offices.one, someone());
    let acts = [act(&id)];
    let told = Told { acts: &acts, notices: &[mail()], at: now() };
    assert_eq!(one.make_identity(&active(&id, &card), &told).await.expect("makes"), Made::Fresh);
    let dump =
        dump(&offices, &["SELECT id || COALESCE(card, '') || state || COALESCE(sealed, '') FROM card_identities"]);
    let dump = dump.await;
    assert!(contains(&dump, id.as_str()), "the search finds what is there");
    assert!(!contains(&dump, CANARY));
    assert!(!contains(&dump, "exemple.fr"));
}

async fn a_closed_identity_is_erased_after_a_month(offices: Offices) {
    let (one, (id, card), whose) = (&offices.one, someone(), person());
    let kept = made(one, &of_person(&active(&id, &card), whose)).await;
    assert_eq!(one.erase_closed_identities(after(10_000)).await.expect("erases"), 0);
    let over = of_person(&closed(&id, &card), whose);
    assert_eq!(one.change_identity(&kept, &over, &SILENT).await.expect("changes"), Changed::Done);
    let kept = one.identity(&id).await.expect("reads").expect("is there");
    let day_30 = now().plus(Lifetime::seconds(30 * 86_400));
    assert_eq!(one.erase_closed_identities(Timestamp::from_epoch(day_30.epoch() - 1)).await.expect("erases"), 0);
    assert_eq!(one.erase_closed_identities(day_30).await.expect("erases"), 1);
    assert_eq!(one.erase_closed_identities(day_30).await.expect("erases"), 0);
    assert_eq!(one.identity(&id).await.expect("reads"), None);
    assert_eq!(one.change_identity(&kept, &over, &SILENT).await.expect("changes"), Changed::Lost);
    let erased = "SELECT COUNT(*) FROM card_identities WHERE card IS NULL AND person IS NULL AND sealed IS NULL";
    let left: i64 = sqlx::query_scalar(erased).fetch_one(&one.readers).await.expect("reads");
    assert_eq!(left, 1, "it still counts");
}

async fn an_operator_lists_identities_page_by_page_and_by_state(offices: Offices) {
    let registry = &offices.one;
    let mut made_now = Vec::new();
    for number in 0..5 {
        let (id, card) = someone();
        let identity = if number == 0 { closed(&id, &card) } else { active(&id, &card) };
        made_now.push(made(registry, &identity).await.identity.common().id().clone());
    }
    let all = async |state: Option<&str>| {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = registry.identities(state, after.as_ref(), 2).await.expect("reads");
            let Some(last) = page.last() else { return listed };
            after = Some(last.identity.common().id().clone());
            listed.extend(page.into_iter().map(|kept| kept.identity.common().id().clone()));
        }
    };
    let (every, closed) = (all(None).await, all(Some("closed")).await);
    let count = |listed: &[IdentityId], id: &IdentityId| listed.iter().filter(|listed| *listed == id).count();
    assert!(made_now.iter().all(|id| count(&every, id) == 1), "each once, over all pages");
    assert_eq!(made_now.iter().map(|id| count(&closed, id)).collect::<Vec<_>>(), [1, 0, 0, 0, 0]);
}

async fn a_notice_about_an_identity_is_kept_though_nothing_became_of_it(offices: Offices) {
    let registry = &offices.one;
    let (id, card) = someone();
    let kept = made(registry, &active(&id, &card)).await;
    let before = mails(registry).await;
    let notices = [mail()];
    let told = Told { notices: &notices, ..SILENT };
    registry.tell_holder(&id, "one", &told).await.expect("kept");
    registry.tell_holder(&id, "other", &told).await.expect("kept");
    assert!(registry.tell_holder(&id, "one", &told).await.is_err(), "a name is one notice's");
    assert_eq!(mails(registry).await, before + 2);
    assert_eq!(registry.identity(&id).await.expect("reads").expect("kept"), kept);
}
