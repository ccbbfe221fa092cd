//! The diagram, walked; and a model that walks it at random: no path to eIDAS high without desk, live card and code.

use proptest::prelude::*;

use super::*;
use crate::cnie::assertion::{CardLevel, Uncertified};
use crate::cnie::card::{CardSecret, ReadCard};
use crate::cnie::status::{Answer, Standing};
use crate::level::Level;
use crate::time::Lifetime;

const START: Timestamp = Timestamp::from_epoch(1_800_000_000);
pub(super) const DAY: u32 = 86_400;

pub(super) fn after(seconds: u32) -> Timestamp {
    START.plus(Lifetime::seconds(seconds))
}

pub(super) fn shown(number: &str, code: u8) -> CardAndCode {
    let card = ReadCard::of_test(number, [u8::try_from(number.len()).expect("short"); 32], after(3_650 * DAY));
    CardAndCode::of_test(card, Thumbprint::new([code; 32]))
}

pub(super) fn in_force() -> CardInForce {
    let answer = Answer { standing: Standing::Valid, birthplace: None, birthcountry: None, reference: "1".into() };
    answer.in_force().expect("valid")
}

fn created(shown: &CardAndCode) -> Identity<Created> {
    let making = Making {
        id: IdentityId::from_random([1; 16]),
        mail: "angela@exemple.fr".into(),
        language: Language::French,
        terms: TermsVersion::accepted(TermsVersion::CURRENT).expect("of today"),
    };
    Identity::create(shown, &in_force(), &CardSecret::new([7; 32]), making, START).expect("an address")
}

pub(super) fn terms() -> TermsVersion {
    TermsVersion::accepted(TermsVersion::CURRENT).expect("of today")
}

pub(super) fn request() -> RequestId {
    RequestId::from_random([2; 16])
}

pub(super) fn case() -> CaseId {
    CaseId::from_random([3; 16])
}

pub(super) fn active(shown: &CardAndCode) -> Identity<Active> {
    created(shown).confirm(after(60)).expect("in time")
}

fn requested(shown: &CardAndCode) -> Identity<Requested> {
    active(shown).request(shown, terms(), request(), after(120)).expect("its card")
}

fn approved(shown: &CardAndCode) -> Identity<Approved> {
    let at_desk = requested(shown).arrive(&request(), case(), after(DAY)).expect("in time");
    let approval = Approval::of(case(), at_desk.id().clone());
    at_desk.approve(approval, after(DAY)).expect("its case")
}

pub(super) fn certified(shown: &CardAndCode) -> Identity<Certified> {
    approved(shown).activate(shown, &in_force(), after(DAY + 60)).expect("the same card and code")
}

#[test]
fn a_request_can_be_used_for_thirty_days_and_once() {
    let card = shown("X", 1);
    let end = 120 + 30 * DAY;
    assert!(requested(&card).arrive(&request(), case(), after(end - 1)).is_ok());
    assert_eq!(requested(&card).arrive(&request(), case(), after(end)), Err(Refusal::RequestLate));
    let other = RequestId::from_random([9; 16]);
    assert_eq!(requested(&card).arrive(&other, case(), after(DAY)), Err(Refusal::RequestUsed));
}

#[test]
fn an_approval_is_of_its_own_case_and_identity() {
    let card = shown("X", 1);
    let at_desk = || requested(&card).arrive(&request(), case(), after(DAY)).expect("in time");
    let other_case = Approval::of(CaseId::from_random([9; 16]), at_desk().id().clone());
    assert_eq!(at_desk().approve(other_case, after(DAY)), Err(Refusal::RequestUnknown));
    let other_identity = Approval::of(case(), IdentityId::from_random([9; 16]));
    assert_eq!(at_desk().approve(other_identity, after(DAY)), Err(Refusal::RequestUnknown));
}

#[test]
fn an_approved_citizen_shows_the_same_card_and_code_within_a_day() {
    let card = shown("X", 1);
    let end = 2 * DAY;
    let refused = |shown: &CardAndCode, at| approved(&card).activate(shown, &in_force(), at).map_err(|(why, _)| why);
    assert!(refused(&card, after(end - 1)).is_ok());
    assert_eq!(refused(&card, after(end)), Err(Refusal::ActivationLate));
    assert_eq!(refused(&shown("X", 2), after(DAY)), Err(Refusal::CodeChanged));
    assert_eq!(refused(&shown("OTHER", 1), after(DAY)), Err(Refusal::OtherCard));
    let clone = CardAndCode::of_test(ReadCard::of_test("X", [99; 32], after(3_650 * DAY)), card.code());
    assert_eq!(refused(&clone, after(DAY)), Err(Refusal::OtherCard), "the same number on another chip");
}

#[test]
fn a_certification_lasts_five_years_and_not_a_second_longer() {
    let card = shown("X", 1);
    let identity = certified(&card);
    let end = identity.since().plus(CERTIFICATION);
    assert_eq!(identity.until(), end);
    let second_before = Timestamp::from_epoch(end.epoch() - 1);
    assert!(identity.in_force(&card, &in_force(), second_before).is_ok());
    assert_eq!(identity.in_force(&card, &in_force(), end).err(), Some(Refusal::CertificationOver));
    let Settled::Changed(AnyIdentity::Active(_)) = AnyIdentity::from(identity.clone()).settle(end) else {
        panic!("its term is reached");
    };
    let Settled::Same(_) = AnyIdentity::from(identity).settle(second_before) else { panic!("it lasts") };
}

#[test]
fn a_certification_never_outlives_its_card() {
    let ends = after(400 * DAY);
    let card = CardAndCode::of_test(ReadCard::of_test("X", [1; 32], ends), Thumbprint::new([1; 32]));
    let identity = certified(&card);
    assert_eq!(identity.until(), ends);
    let Settled::Changed(AnyIdentity::Closed(closed)) = AnyIdentity::from(identity).settle(ends) else {
        panic!("the card has expired");
    };
    assert_eq!(closed.why(), Closure::CardExpired);
}

#[test]
fn another_code_is_another_key_and_ends_the_certification() {
    let identity = certified(&shown("X", 1));
    let refused = identity.in_force(&shown("X", 2), &in_force(), after(3 * DAY));
    assert_eq!(refused.err(), Some(Refusal::CodeChanged));
}

#[test]
fn a_suspended_identity_gives_nothing_until_card_and_code_are_shown() {
    let card = shown("X", 1);
    let suspended = certified(&card).suspend(after(3 * DAY));
    let back = suspended.clone().restore(&card, &in_force(), after(4 * DAY)).expect("the same card and code");
    assert!(back.in_force(&card, &in_force(), after(4 * DAY)).is_ok());
    let (why, kept) = suspended.clone().restore(&shown("X", 2), &in_force(), after(4 * DAY)).expect_err("another code");
    assert_eq!((why, &kept), (Refusal::CodeChanged, &suspended));
    let end = suspended.until();
    let (why, _) = suspended.restore(&card, &in_force(), end).expect_err("its term is reached");
    assert_eq!(why, Refusal::CertificationOver);
}

#[test]
fn what_was_not_finished_in_time_goes_back() {
    let card = shown("X", 1);
    let settled = |identity: AnyIdentity, at| identity.settle(at).into_inner().state();
    assert_eq!(settled(created(&card).into(), after(DAY - 1)), "created");
    assert_eq!(settled(created(&card).into(), after(DAY)), "closed");
    assert_eq!(settled(requested(&card).into(), after(120 + 30 * DAY)), "active");
    assert_eq!(settled(approved(&card).into(), after(2 * DAY)), "active");
    let at_desk = requested(&card).arrive(&request(), case(), after(DAY)).expect("in time");
    assert_eq!(settled(at_desk.clone().into(), after(2 * DAY - 1)), "at_desk");
    assert_eq!(settled(at_desk.into(), after(2 * DAY)), "active");
}

#[test]
fn a_closed_identity_stays_closed() {
    let closed = AnyIdentity::from(certified(&shown("X", 1))).close(Closure::CardLost, after(3 * DAY));
    assert!(closed.is_closed() && closed.next_change().is_none());
    assert_eq!(closed.clone().close(Closure::Deleted, after(4 * DAY)), closed);
}

#[test]
fn an_identity_is_kept_and_read_again_as_it_was() {
    let card = shown("X", 1);
    let states: [AnyIdentity; 5] = [
        created(&card).into(),
        active(&card).into(),
        requested(&card).into(),
        approved(&card).into(),
        certified(&card).suspend(after(3 * DAY)).into(),
    ];
    for identity in states {
        let text = serde_json::to_string(&identity).expect("plain");
        assert_eq!(serde_json::from_str::<AnyIdentity>(&text).expect("as written"), identity);
    }
}

#[test]
fn a_deletion_by_mail_waits_two_days_and_can_be_taken_back() {
    let card = shown("X", 1);
    let asked = AnyIdentity::from(certified(&card)).leave(after(3 * DAY));
    assert_eq!(asked.common().leaves(), Some(after(5 * DAY)));
    assert_eq!(asked.clone().leave(after(4 * DAY)), asked, "who asks again does not change when");
    let (before, end) = (after(5 * DAY - 1), after(5 * DAY));
    let Settled::Same(AnyIdentity::Certified(kept)) = asked.clone().settle(before) else { panic!("it waits") };
    assert!(kept.in_force(&card, &in_force(), before).is_ok());
    let Settled::Changed(AnyIdentity::Closed(closed)) = asked.clone().settle(end) else { panic!("it is deleted") };
    assert_eq!(closed.why(), Closure::Deleted);
    assert_eq!(asked.clone().stay(before, before), asked, "a link of another deletion");
    let stayed = asked.clone().stay(end, before);
    assert_eq!((stayed.state(), stayed.common().leaves()), ("certified", None));
    let Settled::Same(_) = stayed.settle(end) else { panic!("it was taken back") };
    let lost = asked.close(Closure::CardLost, before);
    assert_eq!((lost.common().leaves(), lost.clone().leave(end)), (None, lost), "a closed one leaves no more");
}

#[test]
fn a_deletion_that_was_taken_back_is_asked_for_once_a_day() {
    let stayed = AnyIdentity::from(active(&shown("X", 1))).leave(after(DAY)).stay(after(3 * DAY), after(DAY + 60));
    assert_eq!(stayed.common().leaves(), None);
    assert_eq!(stayed.clone().leave(after(2 * DAY - 1)), stayed);
    let again = stayed.leave(after(2 * DAY));
    assert_eq!(again.common().leaves(), Some(after(4 * DAY)));
    assert_eq!(again.clone().stay(after(3 * DAY), after(2 * DAY)), again, "the link of the first is used");
}

#[test]
fn an_identity_that_was_kept_before_deletions_reads_as_one_that_stays() {
    let identity = AnyIdentity::from(certified(&shown("X", 1)));
    let text = serde_json::to_string(&identity).expect("plain");
    assert!(!text.contains("leaves"), "{text}");
    assert_eq!(serde_json::from_str::<AnyIdentity>(&text).expect("as written").common().leaves(), None);
    let asked = identity.leave(after(3 * DAY));
    let text = serde_json::to_string(&asked).expect("plain");
    assert_eq!(serde_json::from_str::<AnyIdentity>(&text).expect("as written"), asked);
}

/// What can happen to an identity, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u32),
    Confirm,
    Request(u8),
    Arrive,
    Approve,
    Fail,
    Activate(u8),
    Suspend,
    Restore(u8),
    Leave,
    Stay,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let code = 1_u8..3;
    prop_oneof![
        (1_u32..40 * DAY).prop_map(Step::Wait),
        (1_u32..3600).prop_map(Step::Wait),
        // To the last sixty days of a certification, and past its end.
        (1_760 * DAY..1_840 * DAY).prop_map(Step::Wait),
        Just(Step::Confirm),
        code.clone().prop_map(Step::Request),
        Just(Step::Arrive),
        Just(Step::Approve),
        Just(Step::Fail),
        code.clone().prop_map(Step::Activate),
        Just(Step::Suspend),
        code.prop_map(Step::Restore),
        Just(Step::Leave),
        Just(Step::Stay),
        Just(Step::Close),
    ]
}

/// Any steps; or, since few of those come so far, any after a certification that has come to its last sixty days, each
/// perhaps with a renewal that is under way.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let first = vec![Step::Confirm, Step::Request(1), Step::Arrive, Step::Approve, Step::Activate(1)];
    let last = [first.clone(), vec![Step::Wait(1_780 * DAY)]].concat();
    let again = [Step::Request(1), Step::Arrive, Step::Approve, Step::Activate(1)];
    let begun = prop_oneof![
        2 => Just(Vec::new()),
        1 => Just(last.clone()),
        2 => (0..=again.len()).prop_map(move |some| [&last[..], &again[..some]].concat()),
    ];
    (begun, prop::collection::vec(step(), 0..24)).prop_map(|(begun, any)| [begun, any].concat())
}

/// What leads to a certification: the code that was asked for, the desk, its approval, and the code that was shown after it.
#[derive(Debug, Clone, Copy, Default)]
struct Path {
    asked: Option<u8>,
    at_desk: bool,
    approved: Option<i64>,
    shown: Option<(u8, i64)>,
}

/// What must have happened for eIDAS high, kept beside the identity and by other means: the path that is walked, the one that
/// was walked to its end last, and what took away what it led to.
#[derive(Debug, Clone, Copy, Default)]
struct Model {
    path: Path,
    certified: Option<Path>,
    suspended: bool,
    left: Option<i64>,
    leaves: Option<i64>,
    closed: bool,
}

fn walk(steps: &[Step], probe: u8) -> (Option<Level>, Model, i64) {
    let mut now = START;
    let mut identity = AnyIdentity::from(created(&shown("X", 1)));
    let mut model = Model::default();
    for step in steps {
        identity = identity.settle(now).into_inner();
        identity = match (*step, identity) {
            (Step::Wait(seconds), identity) => {
                now = now.plus(Lifetime::seconds(seconds));
                identity
            }
            (Step::Confirm, AnyIdentity::Created(identity)) => match identity.confirm(now) {
                Ok(identity) => identity.into(),
                Err(identity) => identity.into(),
            },
            (Step::Request(code), AnyIdentity::Active(identity)) => {
                model = Model { left: model.left, leaves: model.leaves, ..Model::default() };
                model.path.asked = Some(code);
                identity.request(&shown("X", code), terms(), request(), now).expect("its card").into()
            }
            (Step::Request(code), AnyIdentity::Certified(identity)) => {
                // The path of before counts until its term, or until the code of the card is another one.
                if model.certified.and_then(|path| path.shown).is_some_and(|(own, _)| own != code) {
                    model.certified = None;
                }
                let before = Before::Certified(identity.clone());
                match before.ask(&shown("X", code), terms(), request(), now) {
                    Ok(requested) => {
                        model.path = Path { asked: Some(code), ..Path::default() };
                        requested.into()
                    }
                    Err(_) => identity.into(),
                }
            }
            (Step::Arrive, AnyIdentity::Requested(identity)) => {
                model.path.at_desk = true;
                identity.arrive(&request(), case(), now).expect("settled before").into()
            }
            (Step::Approve, AnyIdentity::AtDesk(identity)) => {
                model.path.approved = Some(now.epoch());
                let approval = Approval::of(case(), identity.id().clone());
                identity.approve(approval, now).expect("its case").into()
            }
            (Step::Fail, AnyIdentity::AtDesk(identity)) => identity.refuse(now).into(),
            (Step::Activate(code), AnyIdentity::Approved(identity)) => {
                match identity.activate(&shown("X", code), &in_force(), now) {
                    Ok(identity) => {
                        model.path.shown = Some((code, now.epoch()));
                        model.certified = Some(model.path);
                        identity.into()
                    }
                    Err((Refusal::CodeChanged, identity)) => {
                        model.certified = None;
                        identity.lapse_with_code(now).into()
                    }
                    Err((_, identity)) => identity.into(),
                }
            }
            (Step::Suspend, identity) if identity.is_certified() => {
                model.suspended = true;
                identity.suspend(now).expect("certified").into()
            }
            (Step::Restore(code), AnyIdentity::Suspended(identity)) => {
                match identity.restore(&shown("X", code), &in_force(), now) {
                    Ok(identity) => {
                        model.suspended = false;
                        identity.into()
                    }
                    Err((_, identity)) => identity.into(),
                }
            }
            (Step::Leave, identity) => {
                let day = i64::from(DAY);
                let early = model.left.is_some_and(|left| now.epoch() < left + day);
                if model.leaves.is_none() && !early && !identity.is_closed() {
                    (model.leaves, model.left) = (Some(now.epoch() + 2 * day), Some(now.epoch()));
                }
                identity.leave(now)
            }
            (Step::Stay, identity) => {
                model.leaves = model.leaves.filter(|leaves| *leaves <= now.epoch());
                match identity.common().leaves() {
                    Some(due) => identity.stay(due, now),
                    None => identity,
                }
            }
            (Step::Close, identity) => {
                model.closed = true;
                identity.close(Closure::CardLost, now)
            }
            (_, identity) => identity,
        };
    }
    let card = shown("X", probe);
    let settled = identity.settle(now).into_inner();
    let (next, level) = settled.clone().level(Uncertified::Low, (&card, &in_force()), now);
    let again = next.level(Uncertified::Low, (&card, &in_force()), now);
    assert_eq!(again.1, level, "a second look gives the same");
    let (_, strict) = settled.level(Uncertified::Nothing, (&card, &in_force()), now);
    assert!(strict.is_err() || strict == level, "a policy that gives nothing gives high alone: {strict:?}");
    let level = level.ok().map(CardLevel::level);
    (level, model, now.epoch())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_path_leads_to_high_without_desk_and_card_and_code(steps in steps(), probe in 1_u8..3) {
        let (level, model, now) = walk(&steps, probe);
        let path = model.certified.unwrap_or_default();
        let since = path.shown.map(|(_, since)| since);
        let earned = path.shown.is_some_and(|(code, _)| Some(code) == path.asked && code == probe)
            && path.at_desk
            && path.approved.zip(since).is_some_and(|(desk, shown)| (0..i64::from(DAY)).contains(&(shown - desk)))
            && since.is_some_and(|since| (0..i64::from(CERTIFICATION.as_seconds())).contains(&(now - since)))
            && !model.suspended
            && model.leaves.is_none_or(|leaves| now < leaves)
            && !model.closed;
        prop_assert_eq!(level == Some(Level::High), earned, "{:?}", model);
    }
}

type Given = Result<Level, Refusal>;

#[test]
fn each_state_gives_its_level_to_its_own_card_alone() {
    let (card, new_code, other) = (shown("X", 1), shown("X", 2), shown("OTHER", 1));
    let at = after(3 * DAY);
    let level = |identity: AnyIdentity, shown: &CardAndCode, policy| {
        let (next, level) = identity.level(policy, (shown, &in_force()), at);
        (next.state(), level.map(CardLevel::level))
    };
    let (low, none) = (Uncertified::Low, Uncertified::Nothing);
    let cases: [(AnyIdentity, Given, Given); 7] = [
        (created(&card).into(), Err(Refusal::AddressNotConfirmed), Err(Refusal::AddressNotConfirmed)),
        (active(&card).into(), Ok(Level::Low), Err(Refusal::NotCertified)),
        (requested(&card).into(), Ok(Level::Low), Err(Refusal::NotCertified)),
        (approved(&card).into(), Ok(Level::Low), Err(Refusal::NotCertified)),
        (certified(&card).into(), Ok(Level::High), Ok(Level::High)),
        (certified(&card).suspend(at).into(), Err(Refusal::Suspended), Err(Refusal::Suspended)),
        (
            AnyIdentity::from(active(&card)).close(Closure::Deleted, at),
            Err(Refusal::NoIdentity),
            Err(Refusal::NoIdentity),
        ),
    ];
    for (identity, low_policy, no_policy) in cases {
        let state = identity.state();
        assert_eq!(level(identity.clone(), &card, low), (state, low_policy));
        assert_eq!(level(identity.clone(), &card, none), (state, no_policy));
        assert!(level(identity, &other, low).1.is_err(), "{state}: another card");
    }
    let identity = AnyIdentity::from(certified(&card));
    assert_eq!(level(identity.clone(), &new_code, low), ("active", Ok(Level::Low)), "the new code ends it");
    assert_eq!(level(identity, &new_code, none), ("active", Err(Refusal::CodeChanged)));
}

#[test]
fn the_straight_path_leads_to_high() {
    let steps = [Step::Confirm, Step::Request(1), Step::Arrive, Step::Approve, Step::Activate(1)];
    assert_eq!(walk(&steps, 1).0, Some(Level::High));
    for missing in 0..steps.len() {
        let mut steps = steps.to_vec();
        steps.remove(missing);
        assert_ne!(walk(&steps, 1).0, Some(Level::High), "without {:?}", steps.get(missing));
    }
}

#[test]
fn the_straight_path_of_a_renewal_leads_on_past_the_first_term() {
    let mut steps = vec![Step::Confirm, Step::Request(1), Step::Arrive, Step::Approve, Step::Activate(1)];
    steps.push(Step::Wait(1_780 * DAY));
    let renewal = [Step::Request(1), Step::Arrive, Step::Approve, Step::Activate(1)];
    for done in 0..=renewal.len() {
        let walked = [&steps[..], &renewal[..done]].concat();
        assert_eq!(walk(&walked, 1).0, Some(Level::High), "after {done} steps");
        let past = [walked, vec![Step::Wait(60 * DAY)]].concat();
        assert_eq!(walk(&past, 1).0 == Some(Level::High), done == renewal.len(), "after {done} steps, past the term");
    }
}

#[test]
fn an_identity_gives_way_to_the_same_person_on_another_card_and_to_nobody_else() {
    let (old, new) = (shown("X", 1), created(&shown("OTHER", 1)));
    let states: [AnyIdentity; 5] = [
        created(&old).into(),
        active(&old).into(),
        requested(&old).into(),
        approved(&old).into(),
        certified(&old).into(),
    ];
    for identity in states {
        let closed = identity.clone().give_way(&new, after(2 * DAY)).expect("of the same person");
        let AnyIdentity::Closed(closed) = closed else { panic!("{closed:?}") };
        assert_eq!((closed.why(), closed.at()), (Closure::CardExpired, after(2 * DAY)));
        assert_eq!(identity.give_way(&created(&old), after(2 * DAY)), Err(Refusal::IdentityExists), "the same card");
    }
    let namesake =
        ReadCard::of_test("Y", [1; 32], after(3_650 * DAY)).with_facts(|facts| facts.surname = "DUPONT".into());
    let namesake = created(&CardAndCode::of_test(namesake, Thumbprint::new([1; 32])));
    assert_eq!(AnyIdentity::from(active(&old)).give_way(&namesake, after(DAY)), Err(Refusal::IdentityExists));
}

#[test]
fn a_record_of_before_persons_were_kept_still_reads_and_gives_way_to_nobody() {
    let mut kept = serde_json::to_value(AnyIdentity::from(active(&shown("X", 1)))).expect("JSON");
    let base = kept["active"]["base"].as_object_mut().expect("an object");
    assert!(base.remove("person").is_some());
    let read: AnyIdentity = serde_json::from_value(kept).expect("still reads");
    assert_eq!(read.common().person(), None);
    let mut nobody = created(&shown("OTHER", 1));
    nobody.base.person = None;
    assert_eq!(read.clone().give_way(&nobody, after(DAY)), Err(Refusal::IdentityExists));
    // The next time the card is shown, it says whose it is; from then on nobody says otherwise.
    let person = |surname: &str| {
        let card = ReadCard::of_test("X", [1; 32], after(DAY)).with_facts(|facts| facts.surname = surname.into());
        PersonKey::of(&card, &in_force(), &CardSecret::new([7; 32]))
    };
    assert_eq!(read.clone().matched(&shown("OTHER", 1), person("DUBOIS")), Err(Refusal::OtherCard));
    let matched = read.clone().matched(&shown("X", 1), person("DUBOIS")).expect("its card");
    assert_eq!(matched.common().person(), Some(person("DUBOIS")));
    assert_eq!(matched.common().history(), read.common().history());
    let again = matched.matched(&shown("X", 1), person("DUPONT")).expect("its card");
    assert_eq!(again.common().person(), Some(person("DUBOIS")));
    assert!(again.give_way(&created(&shown("OTHER", 1)), after(DAY)).is_ok());
}
