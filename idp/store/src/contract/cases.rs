//! Cases for the cases at the desks.

use domain::cnie::outcome::CaseOutcome;
use domain::id::{AgentId, CaseId, IdentityId, ReaderId};
use domain::notice::Notice;
use domain::people::commune::CommuneCode;
use domain::time::{Lifetime, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cards::{act, active, certified, identity, mail, someone};
use super::{CANARY, Offices, at_once, cards, contains, dump, for_each_engine, kinds, now, random};
use crate::StoreError;
use crate::registry::{Case, CaseEnd, Changed, Kept, KeptCase, Opened, Registry, Told, Transition};

for_each_engine!(offices: sqlite, postgres; {
    a_request_is_scanned_at_one_desk,
    a_reader_is_at_work_for_one_case,
    a_decision_and_what_becomes_of_the_identity_are_kept_together_or_not_at_all,
    a_case_that_nobody_decides_comes_up,
    the_cases_of_a_day_and_their_times_are_those_of_the_commune,
    an_activation_is_dated_in_the_case_that_approved_it,
    a_case_keeps_its_figures_when_its_record_is_erased,
    a_case_whose_columns_were_changed_does_not_open,
    a_case_tells_nothing_to_who_reads_the_tables,
});

/// A stand-in for what a desk knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    zone: String,
}

fn agent(octet: u8) -> AgentId {
    AgentId::from_random([octet; 16])
}

fn commune(code: &str) -> CommuneCode {
    CommuneCode::parse(code).expect("a code")
}

fn at(seconds: u32) -> Timestamp {
    now().plus(Lifetime::seconds(seconds))
}

fn case(opened: Timestamp) -> Case<File> {
    let record = File { zone: CANARY.to_owned() };
    let (id, commune) = (CaseId::from_random(random()), commune("26362"));
    let reader = Some(ReaderId::from_random(random()));
    Case { id, commune, agent: agent(1), opened, end: None, reader, record }
}

const fn silent(at: Timestamp) -> Told<'static> {
    Told { acts: &[], notices: &[], at }
}

/// An identity with a request, and the same at the desk in that case.
async fn before_desk(registry: &Registry, case: &Case<File>) -> (Kept, domain::cnie::identity::AnyIdentity) {
    let (id, card) = someone();
    let request = domain::id::RequestId::from_random(random());
    let fields = json!({"request": request, "until": at(86_400 * 30)});
    let kept = cards::made(registry, &identity(&id, &card, "requested", &fields)).await;
    let fields = json!({"request": request, "case": case.id, "since": case.opened});
    (kept, identity(&id, &card, "at_desk", &fields))
}

/// An open case, and its identity at the desk.
async fn opened(registry: &Registry, at: Timestamp) -> (KeptCase<File>, Kept) {
    let case = case(at);
    let (from, to) = before_desk(registry, &case).await;
    let step = Transition { from: &from, to: &to };
    assert_eq!(registry.make_case(&case, step, &silent(at)).await.expect("opens"), Opened::Done);
    let identity = registry.identity(to.common().id()).await.expect("reads").expect("is there");
    (registry.case(&case.id).await.expect("reads").expect("is there"), identity)
}

fn decided(case: &Case<File>, outcome: CaseOutcome, at: Timestamp) -> Case<File> {
    let record = File { zone: String::new() };
    Case { end: Some(CaseEnd { at, outcome }), reader: None, record, ..case.clone() }
}

fn approved(kept: &Kept, case: &CaseId, until: Timestamp) -> domain::cnie::identity::AnyIdentity {
    let common = kept.identity.common();
    identity(common.id(), &common.card(), "approved", &json!({"case": case, "until": until}))
}

async fn a_request_is_scanned_at_one_desk(offices: Offices) {
    let one = &offices.one;
    let (from, _) = before_desk(one, &case(now())).await;
    let answers = at_once(10, offices.both(), |node, _| {
        let from = from.clone();
        async move {
            let case = case(now());
            let common = from.identity.common();
            let fields =
                json!({"request": domain::id::RequestId::from_random([1; 16]), "case": case.id, "since": now()});
            let to = identity(common.id(), &common.card(), "at_desk", &fields);
            let acts = [act(common.id())];
            let told = Told { acts: &acts, notices: &[mail()], at: now() };
            node.make_case(&case, Transition { from: &from, to: &to }, &told).await.expect("opens")
        }
    });
    assert_eq!(answers.await.into_iter().filter(|opened| *opened == Opened::Done).count(), 1);
    assert_eq!(kinds(one).await.len(), 1);
    let cases = offices.two.open_cases::<File>(&commune("26362")).await.expect("reads");
    assert_eq!(cases.len(), 1);
    assert_eq!(one.open_cases::<File>(&commune("75056")).await.expect("reads"), []);
    let kept = one.identity(from.identity.common().id()).await.expect("reads").expect("is there");
    assert_eq!(kept.identity.case(), Some(&cases[0].case.id));
}

async fn a_reader_is_at_work_for_one_case(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    let reader = Some(ReaderId::from_random(random()));
    let open = |registry: Registry| {
        let reader = reader.clone();
        async move {
            let case = Case { reader, ..case(now()) };
            let (from, to) = before_desk(&registry, &case).await;
            let step = Transition { from: &from, to: &to };
            let opened = registry.make_case(&case, step, &silent(now())).await.expect("answers");
            let identity = registry.identity(to.common().id()).await.expect("reads").expect("is there");
            let is_at_desk = identity.identity.case() == Some(&case.id);
            assert_eq!(opened == Opened::Done, is_at_desk, "the request is spent with the reader, or not at all");
            (opened, case.id)
        }
    };
    let opened = at_once(8, offices.both(), |node, _| open(node)).await;
    let count = |of| opened.iter().filter(|(opened, _)| *opened == of).count();
    assert_eq!((count(Opened::Done), count(Opened::ReaderBusy)), (1, 7));
    let id = &opened.iter().find(|(opened, _)| *opened == Opened::Done).expect("one").1;

    // It waits on through the steps of its case, and is free after.
    let kept = one.case::<File>(id).await.expect("reads").expect("is there");
    assert_eq!(kept.case.reader, reader);
    assert_eq!(one.change_case(&kept, &kept.case, None, &silent(now())).await.expect("changes"), Changed::Done);
    assert_eq!(open(two.clone()).await.0, Opened::ReaderBusy);
    let kept = two.case::<File>(id).await.expect("reads").expect("is there");
    let read = Case { reader: None, ..kept.case.clone() };
    assert_eq!(two.change_case(&kept, &read, None, &silent(now())).await.expect("changes"), Changed::Done);
    assert_eq!(open(one.clone()).await.0, Opened::Done);
    // A case does not take a reader back.
    let kept = two.case::<File>(id).await.expect("reads").expect("is there");
    let back = Case { reader: reader.clone(), ..kept.case.clone() };
    assert_eq!(two.change_case(&kept, &back, None, &silent(now())).await.expect("changes"), Changed::Done);
    assert_eq!(two.case::<File>(id).await.expect("reads").expect("is there").case.reader, None);
}

async fn a_decision_and_what_becomes_of_the_identity_are_kept_together_or_not_at_all(offices: Offices) {
    let one = &offices.one;
    let (case, person) = opened(one, now()).await;
    let (yes, no) =
        (decided(&case.case, CaseOutcome::Approved, at(180)), decided(&case.case, CaseOutcome::Refused, at(180)));
    let (up, down) = (approved(&person, &case.case.id, at(90_000)), {
        let common = person.identity.common();
        active(common.id(), &common.card())
    });
    let answers = at_once(10, offices.both(), |node, number| {
        let (case, person) = (case.clone(), person.clone());
        let (to, identity) = if number % 4 < 2 { (yes.clone(), up.clone()) } else { (no.clone(), down.clone()) };
        async move {
            let acts = [act(person.identity.common().id())];
            let told = Told { acts: &acts, notices: &[mail()], at: at(180) };
            let step = Transition { from: &person, to: &identity };
            (node.change_case(&case, &to, Some(step), &told).await.expect("decides"), to.end, identity)
        }
    });
    let won: Vec<_> = answers.await.into_iter().filter(|(changed, ..)| *changed == Changed::Done).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(kinds(one).await.len(), 1);
    assert_eq!(one.backlog::<Notice>().await.expect("reads").waiting, 1);
    let kept = offices.two.case::<File>(&case.case.id).await.expect("reads").expect("is there");
    assert_eq!(kept.case.end, won[0].1);
    let identity = one.identity(person.identity.common().id()).await.expect("reads").expect("is there");
    assert_eq!(identity.identity, won[0].2);

    // The identity went on without the case: the case does not go on without it.
    let (case, person) = opened(one, now()).await;
    let common = person.identity.common();
    let elsewhere = active(common.id(), &common.card());
    assert_eq!(one.change_identity(&person, &elsewhere, &silent(now())).await.expect("changes"), Changed::Done);
    let (to, up) = (decided(&case.case, CaseOutcome::Approved, at(9)), approved(&person, &case.case.id, at(90_000)));
    let step = Some(Transition { from: &person, to: &up });
    assert_eq!(one.change_case(&case, &to, step, &silent(at(9))).await.expect("decides"), Changed::Lost);
    let kept = one.case::<File>(&case.case.id).await.expect("reads").expect("is there");
    assert_eq!((kept.case.end, kept.version), (None, 1));
    // And the other way round.
    let (case, person) = opened(one, now()).await;
    assert_eq!(one.change_case(&case, &case.case, None, &silent(now())).await.expect("changes"), Changed::Done);
    let (to, up) = (decided(&case.case, CaseOutcome::Approved, at(9)), approved(&person, &case.case.id, at(90_000)));
    let step = Some(Transition { from: &person, to: &up });
    assert_eq!(one.change_case(&case, &to, step, &silent(at(9))).await.expect("decides"), Changed::Lost);
    assert_eq!(one.identity(person.identity.common().id()).await.expect("reads"), Some(person));
}

async fn the_cases_of_a_day_and_their_times_are_those_of_the_commune(offices: Offices) {
    let one = &offices.one;
    let mut expected = Vec::new();
    for (begins, seconds, outcome) in
        [(0, 300, CaseOutcome::Approved), (10, 120, CaseOutcome::Approved), (20, 60, CaseOutcome::Refused)]
    {
        let (kept, identity) = opened(one, at(begins)).await;
        let to = approved(&identity, &kept.case.id, at(90_000));
        let step = Transition { from: &identity, to: &to };
        let end = decided(&kept.case, outcome, at(begins + seconds));
        let changed = one.change_case(&kept, &end, Some(step), &silent(at(begins + seconds))).await.expect("decides");
        assert_eq!(changed, Changed::Done);
        expected.insert(0, kept.case.id);
    }
    let ids = async |code, since, limit| -> Vec<CaseId> {
        let cases = offices.two.cases_since::<File>(&commune(code), since, limit).await.expect("reads");
        cases.into_iter().map(|kept| kept.case.id).collect()
    };
    assert_eq!(ids("26362", now(), 10).await, expected, "the newest first");
    assert_eq!(ids("26362", at(10), 10).await, expected[..2]);
    assert_eq!(ids("26362", now(), 1).await, expected[..1]);
    assert_eq!(ids("75056", now(), 10).await, []);
    assert_eq!(
        offices.two.case_seconds(&commune("26362"), now()).await.expect("reads"),
        [120, 300],
        "the refused one is none"
    );
    assert_eq!(offices.two.case_seconds(&commune("26362"), at(131)).await.expect("reads"), [300]);
    assert_eq!(offices.two.case_seconds(&commune("75056"), now()).await.expect("reads"), [0_i64; 0]);
}

async fn a_case_that_nobody_decides_comes_up(offices: Offices) {
    let one = &offices.one;
    let (old, _) = opened(one, now()).await;
    let (new, _) = opened(one, at(100)).await;
    let (done, person) = opened(one, now()).await;
    let to = decided(&done.case, CaseOutcome::Approved, at(180));
    let up = approved(&person, &done.case.id, at(90_000));
    let step = Some(Transition { from: &person, to: &up });
    assert_eq!(one.change_case(&done, &to, step, &silent(at(180))).await.expect("decides"), Changed::Done);
    let left = async |before| offices.two.cases_left_open::<File>(before, 10).await.expect("reads");
    assert_eq!(left(now()).await, []);
    assert_eq!(left(at(100)).await, std::slice::from_ref(&old));
    assert_eq!(left(at(101)).await, [old, new]);
    assert_eq!(one.cases_opened_by(&agent(1), now()).await.expect("counts"), 3);
    assert_eq!(one.cases_opened_by(&agent(1), at(100)).await.expect("counts"), 1);
    assert_eq!(one.cases_opened_by(&agent(2), now()).await.expect("counts"), 0);
}

async fn activation(registry: &Registry, case: &CaseId) -> Option<i64> {
    sqlx::query_scalar("SELECT activated FROM desk_cases WHERE id = $1")
        .bind(case.as_str())
        .fetch_one(&registry.readers)
        .await
        .expect("reads")
}

async fn an_activation_is_dated_in_the_case_that_approved_it(offices: Offices) {
    let one = &offices.one;
    let (case, person) = opened(one, now()).await;
    let id: IdentityId = person.identity.common().id().clone();
    let card = person.identity.common().card();
    let to = decided(&case.case, CaseOutcome::Approved, at(180));
    let up = approved(&person, &case.case.id, at(90_000));
    let step = Some(Transition { from: &person, to: &up });
    assert_eq!(one.change_case(&case, &to, step, &silent(at(180))).await.expect("decides"), Changed::Done);
    assert_eq!(activation(one, &case.case.id).await, None, "approved is not certified");
    let reread = async || one.identity(&id).await.expect("reads").expect("is there");
    let sure = certified(&id, &card, &case.case.id, at(86_400 * 300));
    let told = silent(at(600));
    assert_eq!(one.change_identity(&reread().await, &sure, &told).await.expect("changes"), Changed::Done);
    assert_eq!(activation(one, &case.case.id).await, Some(at(600).epoch()));
    // Suspended and taken up again: certified still, and not once more.
    let inner = json!({"case": case.case.id, "since": now(), "until": at(86_400 * 300)});
    let suspended = identity(&id, &card, "suspended", &json!({"certified": inner, "since": at(700)}));
    for next in [suspended, sure.clone()] {
        assert_eq!(
            one.change_identity(&reread().await, &next, &silent(at(900))).await.expect("changes"),
            Changed::Done
        );
    }
    assert_eq!(activation(one, &case.case.id).await, Some(at(600).epoch()));
    // A renewal that was approved by another case, and lapses: nothing is certified by either.
    let inner = json!({"case": case.case.id, "since": now(), "until": at(86_400 * 300)});
    let other = CaseId::from_random(random());
    let renewing = identity(&id, &card, "approved", &json!({"case": other, "until": at(90_000), "renews": inner}));
    for next in [renewing, sure] {
        let changed = one.change_identity(&reread().await, &next, &silent(at(1000))).await.expect("changes");
        assert_eq!(changed, Changed::Done);
    }
    assert_eq!(activation(one, &case.case.id).await, Some(at(600).epoch()));
}

async fn a_case_keeps_its_figures_when_its_record_is_erased(offices: Offices) {
    let one = &offices.one;
    let (open, _) = opened(one, now()).await;
    let (case, person) = opened(one, now()).await;
    let common = person.identity.common();
    let (to, down) = (decided(&case.case, CaseOutcome::Refused, at(180)), active(common.id(), &common.card()));
    let step = Some(Transition { from: &person, to: &down });
    assert_eq!(one.change_case(&case, &to, step, &silent(at(180))).await.expect("decides"), Changed::Done);
    let month = 30 * 86_400;
    assert_eq!(one.erase_cases(at(179 + month)).await.expect("erases"), 0);
    let kept = one.case::<File>(&case.case.id).await.expect("reads").expect("is there");
    assert_eq!(kept.case, to);
    assert_eq!(one.erase_cases(at(180 + month)).await.expect("erases"), 1);
    assert_eq!(one.case::<File>(&case.case.id).await.expect("reads"), None);
    assert_eq!(one.change_case(&kept, &to, None, &silent(at(180))).await.expect("changes"), Changed::Lost);
    assert_eq!(one.erase_cases(at(200 + 2 * month)).await.expect("erases"), 0, "an open one is not over");
    assert!(one.case::<File>(&open.case.id).await.expect("reads").is_some());
    let figures: (String, i64, i64, String) =
        sqlx::query_as("SELECT commune, opened, decided, outcome FROM desk_cases WHERE sealed IS NULL")
            .fetch_one(&one.readers)
            .await
            .expect("reads");
    assert_eq!(figures, ("26362".to_owned(), now().epoch(), at(180).epoch(), "refused".to_owned()));
}

async fn a_case_whose_columns_were_changed_does_not_open(offices: Offices) {
    let one = &offices.one;
    for forged in [
        "UPDATE desk_cases SET commune = '75056' WHERE id = $1",
        "UPDATE desk_cases SET agent = 'ffffffffffffffffffffffffffffffff' WHERE id = $1",
        "UPDATE desk_cases SET opened = opened + 1 WHERE id = $1",
        "UPDATE desk_cases SET decided = 1800000001, outcome = 'approved' WHERE id = $1",
        "UPDATE desk_cases SET version = version + 1 WHERE id = $1",
        "UPDATE desk_cases SET decided = 1800000001 WHERE id = $1",
    ] {
        let (case, _) = opened(one, now()).await;
        sqlx::query(forged).bind(case.case.id.as_str()).execute(&one.writers).await.expect("forges");
        let read = one.case::<File>(&case.case.id).await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{forged}");
    }
    assert_eq!(one.open_cases::<File>(&commune("26362")).await.expect("passes over"), []);
}

async fn a_case_tells_nothing_to_who_reads_the_tables(offices: Offices) {
    let (case, _) = opened(&offices.one, now()).await;
    let dump = dump(&offices, &["SELECT id || commune || agent || COALESCE(sealed, '') FROM desk_cases"]).await;
    assert!(contains(&dump, case.case.id.as_str()), "the search finds what is there");
    assert!(!contains(&dump, CANARY));
}
