//! The way of a request: who may take which step, and what cannot happen in any order of steps.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::habilitation::acting::Machine;
use crate::habilitation::acts::{Effect, NotDone};
use crate::habilitation::any::{AnyReview, Due, State};
use crate::habilitation::checklist::Mark;
use crate::habilitation::complete::tests::filled;
use crate::habilitation::field::Field;
use crate::habilitation::homologation::{Homologation, Passed, Summary, covering};
use crate::id::AdminTokenId;

fn siret() -> Siret {
    Siret::parse("216 901 231 00011").expect("a SIRET")
}

fn other_siret() -> Siret {
    Siret::parse("213 105 554 00017").expect("a SIRET")
}

fn partner(at: u8) -> PartnerId {
    PartnerId::from_random([at; 16])
}

fn writer(at: u8) -> Acting<Write> {
    Acting::partner(partner(at), BTreeSet::from([siret()]))
}

fn reviewer(at: u8) -> Acting<Instruct> {
    Acting::partner(partner(at), BTreeSet::new())
}

fn revoker(at: u8) -> Acting<Revoke> {
    Acting::partner(partner(at), BTreeSet::new())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch(seconds)
}

fn why() -> Reason {
    Reason::parse("Il manque un texte.").expect("a reason")
}

fn habilitation(at: u8) -> HabilitationId {
    HabilitationId::from_random([at; 16])
}

fn request() -> HabilitationRequestId {
    HabilitationRequestId::from_random([7; 16])
}

fn draft(form: Form) -> Review<Draft> {
    let draft = Review::open(request(), siret(), &writer(1), at(0)).expect("theirs");
    draft.write(&writer(1), form, at(1)).expect("theirs")
}

fn high() -> Form {
    let mut form = filled();
    form.set(Field::Level, "eidas3").expect("fit");
    form.set(Field::LevelReason, "Procuration").expect("fit");
    form
}

fn looked_at(mut review: Review<Submitted>) -> Review<Submitted> {
    for point in review.step().checklist.open() {
        review = review.look(&reviewer(9), point, Mark::Seen).expect("another's");
    }
    review
}

fn submitted(form: Form) -> Review<Submitted> {
    let review = looked_at(draft(form).submit(&writer(1), at(2)).expect("complete"));
    review.waive(&reviewer(9), why(), at(2)).expect("another's")
}

fn granted(review: Review<Submitted>, by: &Acting<Instruct>) -> (Review<Granted>, Grant) {
    match review.approve(by, habilitation(1), at(3)) {
        Ok(Approved::Granted(review, grant)) => (review, *grant),
        other => panic!("{other:?}"),
    }
}

fn report(host: &str) -> Summary {
    Summary {
        report: "ab".to_owned(),
        edition: crate::bench::report::EDITION,
        at: at(2),
        outcome: crate::bench::report::Outcome::Passed,
        passed: 31,
        checks: 31,
        hosts: [host.to_owned()].into(),
    }
}

fn passed() -> Passed {
    let addresses = ["https://cantine.ville-de-lyon.fr/retour".to_owned()];
    covering(&[report("cantine.ville-de-lyon.fr")], &addresses, at(3)).expect("covered")
}

#[test]
fn nothing_is_granted_without_the_bench_or_a_reason_and_either_stays_with_it() {
    let review = || looked_at(draft(filled()).submit(&writer(1), at(2)).expect("complete"));
    let (kept, refusal) = review().approve(&reviewer(2), habilitation(1), at(3)).expect_err("nothing was proved");
    assert_eq!((kept, refusal), (review(), Refusal::NotHomologated));
    let (_, grant) = granted(review().homologated(Some(passed())), &reviewer(2));
    assert_eq!(grant.homologation, Some(Homologation::Reports(vec![report("cantine.ville-de-lyon.fr")])));

    assert_eq!(
        review().waive(&Acting::partner(partner(1), BTreeSet::new()), why(), at(3)).expect_err("own").1,
        Refusal::Own
    );
    let waived = review().waive(&reviewer(2), why(), at(3)).expect("another's");
    let decision = Decision { by: Author::Partner(partner(2)), at: at(3), reason: why() };
    let (_, grant) = granted(waived.clone().homologated(None), &reviewer(2));
    assert_eq!(grant.homologation, Some(Homologation::Waived(decision)));
    let (_, grant) = granted(waived.homologated(Some(passed())), &reviewer(2));
    assert!(matches!(grant.homologation, Some(Homologation::Reports(_))), "a report says more than a reason");

    // What passed at the first agreement and does no more at the second.
    let AnyReview::Submitted(gone) = AnyReview::from(review().homologated(Some(passed()))).homologated(None) else {
        panic!("still submitted")
    };
    assert_eq!(gone.approve(&reviewer(2), habilitation(1), at(3)).expect_err("gone").1, Refusal::NotHomologated);
}

#[test]
fn another_platform_needs_no_bench_and_a_request_of_before_is_read() {
    let review = looked_at(draft(filled()).submit(&writer(1), at(2)).expect("complete"));
    let mut kept = serde_json::to_value(&review).expect("JSON");
    assert!(kept["step"].as_object_mut().expect("a step").remove("homologation").is_some());
    assert_eq!(serde_json::from_value::<Review<Submitted>>(kept).expect("reads"), review);
    let platform = Acting::<Instruct>::platform();
    assert_eq!(granted(review, &platform).1.homologation, None);
}

#[test]
fn a_request_is_granted_with_what_the_form_says() {
    let (review, grant) = granted(submitted(filled()), &reviewer(2));
    assert_eq!(review.habilitation(), Some(&habilitation(1)));
    let names: Vec<_> = grant.scopes.iter().map(|scope| scope.name()).collect();
    assert_eq!(names, ["openid", "identite_pivot", "email"]);
    assert_eq!((grant.level, grant.organisation, grant.replaces), (Level::Low, siret(), None));
    assert_eq!(grant.until, at(3).plus(TERM));
    assert_eq!(grant.redirects, ["https://cantine.ville-de-lyon.fr/retour"]);
}

#[test]
fn only_who_belongs_to_the_organisation_writes_and_submits() {
    let stranger = Acting::<Write>::partner(partner(3), BTreeSet::from([other_siret()]));
    assert_eq!(Review::open(request(), siret(), &stranger, at(0)), Err(Refusal::OtherOrganisation));
    let (draft, refusal) = draft(filled()).write(&stranger, Form::default(), at(5)).expect_err("not theirs");
    assert_eq!((draft.form(), refusal), (&filled(), Refusal::OtherOrganisation));
    let (draft, refusal) = draft.submit(&stranger, at(5)).expect_err("not theirs");
    assert_eq!(refusal, Refusal::OtherOrganisation);
    let review = looked_at(draft.submit(&writer(1), at(5)).expect("theirs")).homologated(Some(passed()));
    let (granted, _) = granted(review, &reviewer(2));
    assert_eq!(granted.reopen(&stranger, at(6)).expect_err("not theirs").1, Refusal::OtherOrganisation);
}

#[test]
fn what_is_not_complete_is_not_submitted_and_says_why() {
    let (draft, refusal) = draft(Form::default()).submit(&writer(1), at(2)).expect_err("empty");
    assert!(matches!(refusal, Refusal::Incomplete(faults) if !faults.is_empty()));
    assert_eq!(draft.about().submissions, 0);
}

#[test]
fn nobody_decides_on_what_they_wrote_or_on_their_own_organisation() {
    let own = |acting: &Acting<Instruct>| {
        let (review, refusal) = submitted(filled()).approve(acting, habilitation(1), at(3)).expect_err("own");
        assert_eq!(refusal, Refusal::Own);
        assert_eq!(review.clone().refuse(acting, why(), at(3)).expect_err("own").1, Refusal::Own);
        assert_eq!(review.clone().request_changes(acting, why(), at(3)).expect_err("own").1, Refusal::Own);
        assert_eq!(review.look(acting, Point::Readable, Mark::Seen).expect_err("own").1, Refusal::Own);
    };
    own(&Acting::partner(partner(1), BTreeSet::new()));
    own(&Acting::partner(partner(4), BTreeSet::from([siret()])));
    let (granted, _) = granted(submitted(filled()), &reviewer(2));
    let own = Acting::partner(partner(4), BTreeSet::from([siret()]));
    assert_eq!(granted.revoke(&own, why(), at(4)).expect_err("own").1, Refusal::Own);
}

#[test]
fn whoever_handed_it_in_or_opened_it_again_does_not_decide_once_they_left() {
    let review = looked_at(draft(filled()).submit(&writer(6), at(2)).expect("complete"));
    let left = reviewer(6);
    assert_eq!(review.approve(&left, habilitation(1), at(3)).expect_err("own").1, Refusal::Own);
    let (review, _) = granted(submitted(filled()), &reviewer(2));
    let open = review.reopen(&writer(7), at(4)).expect("theirs").write(&writer(1), high(), at(5)).expect("theirs");
    let review = looked_at(open.submit(&writer(1), at(6)).expect("complete")).homologated(Some(passed()));
    assert_eq!(review.refuse(&reviewer(7), why(), at(7)).expect_err("own").1, Refusal::Own);
}

#[test]
fn a_first_agreement_that_counts_no_more_is_given_anew() {
    let Ok(Approved::Once(review)) = submitted(high()).approve(&reviewer(2), habilitation(1), at(3)) else {
        panic!("one is not enough")
    };
    let any = AnyReview::from(review);
    assert_eq!(any.first().map(|first| &first.by), Some(&Author::Partner(partner(2))));
    let done = any.without_first().approve(&reviewer(3), habilitation(1), at(4)).expect("another's");
    assert_eq!((done.happened, done.review.first().is_some()), (Happened::ApprovedOnce, true));
}

#[test]
fn a_reviewer_looks_at_everything_before_saying_yes() {
    let review = draft(high()).submit(&writer(1), at(2)).expect("complete");
    let (review, refusal) = review.approve(&reviewer(2), habilitation(1), at(3)).expect_err("unchecked");
    assert!(matches!(refusal, Refusal::Unchecked(points) if points.contains(&Point::Level)));
    let review = looked_at(review).look(&reviewer(2), Point::Readable, Mark::Open).expect("another's");
    let (_, refusal) = review.approve(&reviewer(2), habilitation(1), at(3)).expect_err("one is open");
    assert_eq!(refusal, Refusal::Unchecked(vec![Point::Readable]));
}

#[test]
fn level_high_takes_two_people() {
    let Ok(Approved::Once(review)) = submitted(high()).approve(&reviewer(2), habilitation(1), at(3)) else {
        panic!("one is not enough")
    };
    let (review, refusal) = review.approve(&reviewer(2), habilitation(1), at(4)).expect_err("the same");
    assert_eq!(refusal, Refusal::SamePerson);
    let (review, grant) = granted(review, &reviewer(3));
    let by: Vec<_> = review.step().approvals.iter().map(|approval| approval.by.clone()).collect();
    assert_eq!(by, [Author::Partner(partner(2)), Author::Partner(partner(3))]);
    assert_eq!(grant.level, Level::High);
}

#[test]
fn an_account_and_one_that_it_brought_in_are_not_two_people() {
    use crate::partners::lineage::Lineage;
    let by = |senders: &[u8]| {
        senders.iter().fold(Lineage::none(), |line, at| line.with(Some(&partner(*at)), &Lineage::none()))
    };
    let second = |first: Acting<Instruct>, second: Acting<Instruct>| {
        let Ok(Approved::Once(review)) = submitted(high()).approve(&first, habilitation(1), at(3)) else {
            panic!("one is not enough")
        };
        review.approve(&second, habilitation(1), at(4)).map(|_| ()).map_err(|(_, refusal)| refusal)
    };
    let own = reviewer(3).brought_in_by(by(&[2]));
    assert_eq!(second(reviewer(2), own), Err(Refusal::BroughtIn), "the first invited the second");
    let theirs = Acting::of(program(7, Some(3)), BTreeSet::new()).brought_in_by(by(&[2]));
    assert_eq!(second(reviewer(2), theirs), Err(Refusal::BroughtIn), "a program of whom the first invited");
    let theirs = Acting::of(program(7, Some(2)), BTreeSet::new());
    assert_eq!(
        second(reviewer(3).brought_in_by(by(&[2])), theirs),
        Err(Refusal::BroughtIn),
        "of who invited the first"
    );
    let own = reviewer(3).brought_in_by(by(&[2]));
    assert_eq!(second(own, reviewer(2)), Err(Refusal::BroughtIn), "the second invited the first");
    let through = reviewer(4).brought_in_by(by(&[2, 3]));
    assert_eq!(second(reviewer(2), through), Err(Refusal::BroughtIn), "through a chain");
    let (one, other) = (reviewer(3).brought_in_by(by(&[2])), reviewer(4).brought_in_by(by(&[2])));
    assert_eq!(second(one, other), Ok(()), "two whom a third invited");
    assert_eq!(second(Acting::operator(), reviewer(3)), Ok(()));
    // What was agreed to before anybody noted who invited whom.
    let kept = serde_json::json!({ "by": { "partner": partner(2) }, "at": at(3) });
    let read: Approval = serde_json::from_value(kept).expect("yesterday's");
    assert!(read.lineage.is_none());
}

#[test]
fn the_command_line_is_one_person_and_another_platform_had_its_own() {
    let Ok(Approved::Once(review)) = submitted(high()).approve(&Acting::operator(), habilitation(1), at(3)) else {
        panic!("one is not enough")
    };
    assert_eq!(
        review.clone().approve(&Acting::operator(), habilitation(1), at(4)).expect_err("the same").1,
        Refusal::SamePerson
    );
    granted(review, &reviewer(3));
    granted(draft(high()).submit(&writer(1), at(2)).expect("complete"), &Acting::platform());
}

fn program(at: u8, issuer: Option<u8>) -> Author {
    Author::Token(Machine { token: AdminTokenId::from_random([at; 16]), issuer: issuer.map(partner) })
}

#[test]
fn of_two_who_must_agree_one_at_most_is_a_program_and_never_beside_its_own_person() {
    let once = |by: &Acting<Instruct>| match submitted(high()).approve(by, habilitation(1), at(3)) {
        Ok(Approved::Once(review)) => review,
        other => panic!("{other:?}"),
    };
    let agrees = |review: Review<Submitted>, by: &Acting<Instruct>| review.approve(by, habilitation(1), at(4));
    let acting = |author: Author| Acting::<Instruct>::of(author, BTreeSet::new());
    let first = acting(program(7, Some(2)));
    for (second, why) in [
        (acting(program(7, Some(2))), "itself"),
        (acting(program(8, Some(3))), "another program"),
        (Acting::operator(), "the command line"),
        (reviewer(2), "who answers for it"),
    ] {
        assert_eq!(agrees(once(&first), &second).expect_err(why).1, Refusal::SamePerson, "{why}");
        assert_eq!(agrees(once(&second), &first).expect_err(why).1, Refusal::SamePerson, "{why}");
    }
    assert!(matches!(agrees(once(&first), &reviewer(3)), Ok(Approved::Granted(..))));
    assert!(matches!(agrees(once(&reviewer(3)), &first), Ok(Approved::Granted(..))));
}

#[test]
fn who_answers_for_a_program_that_wrote_does_not_decide_nor_does_another_program_of_theirs() {
    let write = Acting::<Write>::of(program(7, Some(4)), BTreeSet::from([siret()]));
    let draft = draft(Form::default()).write(&write, filled(), at(2)).expect("theirs");
    assert!(draft.about().writers.contains(&partner(4)));
    let review = looked_at(draft.submit(&write, at(2)).expect("complete"));
    for by in [reviewer(4), Acting::of(program(8, Some(4)), BTreeSet::new())] {
        assert_eq!(review.clone().approve(&by, habilitation(1), at(3)).expect_err("their own").1, Refusal::Own);
    }
    let stranger = Acting::<Write>::of(program(7, Some(5)), BTreeSet::new());
    assert_eq!(Review::open(request(), siret(), &stranger, at(0)), Err(Refusal::OtherOrganisation));
}

#[test]
fn a_second_submission_is_looked_at_anew() {
    let Ok(Approved::Once(review)) = submitted(high()).approve(&reviewer(2), habilitation(1), at(3)) else {
        panic!("one is not enough")
    };
    let back = review.request_changes(&reviewer(2), why(), at(4)).expect("another's");
    let again = back.submit(&writer(1), at(5)).expect("complete");
    assert_eq!((again.step().first.as_ref(), again.about().submissions), (None, 2));
    assert_eq!(again.step().checklist.points().filter(|(_, seen)| *seen).count(), 0);
}

#[test]
fn what_was_granted_stays_while_it_is_open_again_refused_or_given_up() {
    let (review, _) = granted(submitted(filled()), &reviewer(2));
    let open = review.reopen(&writer(1), at(4)).expect("theirs");
    assert!(open.is_reopened());
    let (open, refusal) = open.submit(&writer(1), at(5)).expect_err("nothing changed");
    assert_eq!(refusal, Refusal::Unchanged);
    let open = open.write(&writer(1), high(), at(5)).expect("theirs");
    let back = open.clone().give_up(&writer(1)).expect("something was granted");
    assert_eq!((back.form(), back.habilitation()), (&filled(), Some(&habilitation(1))));
    let review = looked_at(open.submit(&writer(1), at(6)).expect("complete")).homologated(Some(passed()));
    let Ok(Denied::Kept(kept)) = review.clone().refuse(&reviewer(2), why(), at(7)) else { panic!("it stays") };
    assert_eq!((kept.form(), kept.habilitation()), (&filled(), Some(&habilitation(1))));
    let Ok(Approved::Once(review)) = review.approve(&reviewer(2), habilitation(2), at(7)) else { panic!("two") };
    let Ok(Approved::Granted(_, grant)) = review.approve(&reviewer(3), habilitation(2), at(8)) else { panic!("two") };
    assert_eq!(grant.replaces, Some(habilitation(1)));
}

#[test]
fn what_is_revoked_is_over_and_what_is_refused_can_be_opened_again() {
    let (review, _) = granted(submitted(filled()), &reviewer(2));
    let revoked = review.revoke(&revoker(2), why(), at(4)).expect("another's");
    assert!(!revoked.is_reopened());
    assert_eq!(revoked.step().decision.by, Author::Partner(partner(2)));
    let Ok(Denied::Refused(refused)) = submitted(filled()).refuse(&reviewer(2), why(), at(3)) else { panic!("new") };
    assert_eq!(refused.step().decision.reason, why());
    let draft = refused.reopen(&writer(1), at(4)).expect("theirs");
    assert!(!draft.is_reopened());
    assert!(draft.archive(at(5)).is_ok());
}

#[test]
fn what_is_open_again_can_be_taken_back_and_falls_back_to_what_was_granted() {
    let (review, _) = granted(submitted(filled()), &reviewer(2));
    let open = AnyReview::from(review.reopen(&writer(1), at(4)).expect("theirs"));
    let open = open.write(&writer(1), high(), at(5)).expect("theirs").review;
    let back = open.submit(&writer(1), at(6)).expect("complete").review;
    let done = back.revoke(&revoker(2), why(), at(7)).expect("another's");
    assert_eq!(done.effect, Effect::Revoked(habilitation(1)));
    assert_eq!((done.review.state(), done.review.form()), (State::Revoked, &filled()));
    assert_eq!(done.review.about().granted, None);
}

#[test]
fn an_act_that_does_not_follow_says_where_the_request_is() {
    let any = AnyReview::from(draft(filled()));
    let by = reviewer(2);
    let told = any.clone().approve(&by, habilitation(1), at(3)).expect_err("not submitted");
    assert_eq!(told, NotDone::OutOfTurn(State::Draft));
    assert_eq!(any.clone().revoke(&revoker(2), why(), at(3)).expect_err("nothing"), NotDone::OutOfTurn(State::Draft));
    let nothing = any.give_up(&writer(1)).expect_err("nothing was granted");
    assert_eq!(nothing, NotDone::Refused(Refusal::NothingGranted));
}

#[test]
fn what_is_in_force_is_not_put_away() {
    let (review, _) = granted(submitted(filled()), &reviewer(2));
    let open = review.reopen(&writer(1), at(4)).expect("theirs");
    let open = open.archive(at(5)).expect_err("in force").write(&writer(1), high(), at(5)).expect("theirs");
    let back = open.submit(&writer(1), at(6)).expect("complete");
    let back = back.request_changes(&reviewer(2), why(), at(7)).expect("another's");
    let kept = back.archive(at(8)).expect_err("in force");
    assert_eq!((kept.habilitation(), kept.form()), (Some(&habilitation(1)), &filled()));
}

#[test]
fn a_decision_has_a_reason() {
    assert_eq!(Reason::parse(" \n"), Err(NoReason));
    assert!(Reason::parse(&"é".repeat(4000)).is_ok());
    assert_eq!(Reason::parse(&"é".repeat(4001)), Err(NoReason));
}

#[test]
fn time_reminds_of_drafts_and_puts_away_what_was_sent_back_and_left() {
    let day = 86_400;
    let any = AnyReview::from(draft(filled()));
    let due = |any: &AnyReview, seconds| any.due(None, at(seconds));
    assert_eq!((due(&any, 1 + 15 * day - 1), due(&any, 1 + 15 * day)), (None, Some(Due::Remind)));
    let back = submitted(filled()).request_changes(&reviewer(2), why(), at(0)).expect("another's");
    let any = AnyReview::from(back);
    assert_eq!((due(&any, 182 * day - 1), due(&any, 182 * day)), (None, Some(Due::Warn)));
    assert_eq!(due(&any, 400 * day), Some(Due::Warn), "nothing is put away that nobody was warned of");
    let warned = |seconds| any.due(Some(at(200 * day)), at(seconds));
    assert_eq!((warned(215 * day - 1), warned(215 * day)), (None, Some(Due::Archive)));
}

#[test]
fn a_request_is_kept_and_read_at_every_step() {
    let all: Vec<AnyReview> = vec![
        draft(filled()).into(),
        submitted(high()).into(),
        submitted(filled()).request_changes(&reviewer(2), why(), at(3)).expect("another's").into(),
        granted(submitted(filled()), &reviewer(2)).0.into(),
    ];
    for any in all {
        let json = serde_json::to_string(&any).expect("JSON");
        assert_eq!(serde_json::from_str::<AnyReview>(&json).expect("a request"), any);
    }
}

/// A step of the random walk.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write(u8, bool),
    Submit(u8),
    Look(u8),
    Approve(u8),
    Refuse(u8),
    Back(u8),
    Reopen(u8),
    Revoke(u8),
    GiveUp(u8),
    Archive,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1_u8..6;
    prop_oneof![
        (who.clone(), any::<bool>()).prop_map(|(who, high)| Step::Write(who, high)),
        who.clone().prop_map(Step::Submit),
        who.clone().prop_map(Step::Look),
        who.clone().prop_map(Step::Approve),
        who.clone().prop_map(Step::Approve),
        who.clone().prop_map(Step::Refuse),
        who.clone().prop_map(Step::Back),
        who.clone().prop_map(Step::Reopen),
        who.clone().prop_map(Step::Revoke),
        who.prop_map(Step::GiveUp),
        Just(Step::Archive),
    ]
}

/// One and two are of the organisation; three to five review, and five belongs to the organisation too.
fn taken(any: AnyReview, step: Step, now: Timestamp, approvers: &mut BTreeSet<u8>) -> AnyReview {
    let belongs = |who: u8| if matches!(who, 1 | 2 | 5) { BTreeSet::from([siret()]) } else { BTreeSet::new() };
    let writes = |who: u8| Acting::<Write>::partner(partner(who), belongs(who));
    let reviews = |who: u8| Acting::<Instruct>::partner(partner(who), belongs(who));
    let kept = any.clone();
    let done = match step {
        Step::Write(who, is_high) => any.write(&writes(who), if is_high { high() } else { filled() }, now),
        Step::Submit(who) => any.submit(&writes(who), now),
        Step::GiveUp(who) => any.give_up(&writes(who)),
        Step::Reopen(who) => any.reopen(&writes(who), now),
        Step::Look(who) => {
            return Point::ALL.into_iter().fold(any, |any, point| {
                let before = any.clone();
                any.look(&reviews(who), point, Mark::Seen).map_or(before, |done| done.review)
            });
        }
        Step::Approve(who) => {
            let done = any.homologated(Some(passed())).approve(&reviews(who), habilitation(who), now);
            if done.is_ok() {
                approvers.insert(who);
            }
            done
        }
        Step::Refuse(who) => any.refuse(&reviews(who), why(), now),
        Step::Back(who) => any.request_changes(&reviews(who), why(), now),
        Step::Archive => any.archive(now),
        Step::Revoke(who) => any.revoke(&Acting::partner(partner(who), belongs(who)), why(), now),
    };
    match done {
        Ok(done) => {
            let granted = matches!(done.effect, Effect::Granted(_));
            assert_eq!(granted, done.happened == Happened::Granted);
            done.review
        }
        Err(_) => kept,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_no_order_is_anything_granted_without_the_people_it_takes(steps in prop::collection::vec(step(), 1..40)) {
        let mut any = AnyReview::from(draft(filled()));
        let mut approvers = BTreeSet::new();
        let mut in_force = any.about().granted.clone();
        for (now, step) in (10..).zip(steps) {
            let before = any.state();
            any = taken(any, step, at(now), &mut approvers);
            if any.state() == State::Submitted && before != State::Submitted {
                approvers.clear();
            }
            let granted = any.about().granted.clone();
            if granted != in_force && granted.is_some() {
                let needed = if granted.as_ref().is_some_and(|granted| granted.form == high()) { 2 } else { 1 };
                prop_assert!(approvers.len() >= needed, "{approvers:?}");
                prop_assert!(!approvers.iter().any(|who| any.about().writers.contains(&partner(*who))));
                prop_assert!(!approvers.contains(&5), "five belongs to the organisation");
            }
            prop_assert!(granted.is_some() || in_force.is_none() || any.state() == State::Revoked, "what is in force goes by a revocation alone");
            in_force = granted;
        }
    }
}
