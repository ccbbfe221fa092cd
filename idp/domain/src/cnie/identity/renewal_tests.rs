//! A certification that is renewed while it lasts.

use super::tests::{DAY, active, after, case, certified, in_force, request, shown, terms};
use super::*;
use crate::cnie::assertion::{CardLevel, Uncertified};
use crate::cnie::card::ReadCard;
use crate::level::Level;
use crate::notice::Remedy;

const HIGH: Result<Level, Refusal> = Ok(Level::High);

fn before(end: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_epoch(end.epoch() - days * i64::from(DAY))
}

fn level(identity: &AnyIdentity, shown: &CardAndCode, at: Timestamp) -> Result<Level, Refusal> {
    identity.clone().level(Uncertified::Nothing, (shown, &in_force()), at).1.map(CardLevel::level)
}

fn next_case() -> CaseId {
    CaseId::from_random([13; 16])
}

fn next_request() -> RequestId {
    RequestId::from_random([12; 16])
}

/// The certification, its renewal asked for a month before its end, and when.
fn renewing(shown: &CardAndCode) -> (Identity<Certified>, Identity<Requested>, Timestamp) {
    let identity = certified(shown);
    let at = before(identity.until(), 30);
    let requested = identity.clone().renew(shown, terms(), next_request(), at).expect("in its last sixty days");
    (identity, requested, at)
}

fn approved(requested: Identity<Requested>, at: Timestamp) -> Identity<Approved> {
    let at_desk = requested.arrive(&next_request(), next_case(), at).expect("in time");
    let approval = Approval::of(next_case(), at_desk.id().clone());
    at_desk.approve(approval, at).expect("its case")
}

#[test]
fn a_renewal_keeps_the_certification_in_force_until_another_takes_its_place() {
    let card = shown("X", 1);
    let (old, requested, at) = renewing(&card);
    let end = old.until();
    let at_desk = requested.clone().arrive(&next_request(), next_case(), at).expect("in time");
    let approved = approved(requested.clone(), at);
    for identity in [AnyIdentity::from(requested), at_desk.into(), approved.clone().into()] {
        assert_eq!(
            (identity.certified_until(), level(&identity, &card, at)),
            (Some(end), HIGH),
            "{}",
            identity.state()
        );
        assert!(identity.is_renewing() && Remedy::of(&identity) == Remedy::GoOn);
        assert_eq!(level(&identity, &card, end), Err(Refusal::CertificationOver), "{}", identity.state());
        let text = serde_json::to_string(&identity).expect("plain");
        assert_eq!(serde_json::from_str::<AnyIdentity>(&text).expect("as written"), identity);
        let other = level(&identity, &shown("OTHER", 1), at);
        assert_eq!(other, Err(Refusal::OtherCard), "{}", identity.state());
    }
    let renewed = approved.activate(&card, &in_force(), at).expect("card and code");
    assert_eq!((renewed.since(), renewed.until()), (at, at.plus(CERTIFICATION)));
    assert_eq!(renewed.case(), &next_case());
    assert_eq!(level(&renewed.into(), &card, end), HIGH, "past the end of the one before");
}

#[test]
fn a_renewal_that_comes_to_nothing_leaves_the_certification_as_it_was() {
    let card = shown("X", 1);
    let (old, requested, at) = renewing(&card);
    let at_desk = requested.clone().arrive(&next_request(), next_case(), at).expect("in time");
    let approved = approved(requested.clone(), at);
    let refused = [requested.clone().lapse(at), at_desk.clone().refuse(at), approved.clone().lapse(at)];
    for back in refused {
        let Before::Certified(back) = back else { panic!("{back:?}") };
        assert_eq!((back.since(), back.until(), back.case()), (old.since(), old.until(), &case()));
        assert_eq!(level(&back.into(), &card, at), HIGH);
    }
    // By time alone: a month, a day, a day.
    let day = at.plus(ACTIVATION);
    for (identity, end) in [(AnyIdentity::from(at_desk), day), (approved.into(), day)] {
        let Settled::Changed(AnyIdentity::Certified(back)) = identity.settle(end) else { panic!("it lapsed") };
        assert_eq!((back.until(), back.case()), (old.until(), &case()));
    }
    let early = before(old.until(), 60);
    let requested = old.clone().renew(&card, terms(), next_request(), early).expect("sixty days before");
    let Settled::Changed(AnyIdentity::Certified(back)) = AnyIdentity::from(requested).settle(early.plus(REQUEST))
    else {
        panic!("it lapsed")
    };
    assert_eq!(back.until(), old.until());
}

#[test]
fn a_certification_that_ends_meanwhile_ends_and_the_request_goes_on() {
    let card = shown("X", 1);
    let (old, requested, at) = renewing(&card);
    let end = old.until();
    let late = Timestamp::from_epoch(end.epoch() - 60);
    let requested = AnyIdentity::from(requested);
    assert_eq!(requested.next_change(), Some(end.min(at.plus(REQUEST))));
    let anew: Identity<Requested> = old.renew(&card, terms(), next_request(), late).expect("a minute before its end");
    let Settled::Changed(AnyIdentity::Requested(on)) = AnyIdentity::from(anew).settle(end) else {
        panic!("it goes on")
    };
    assert_eq!(level(&on.clone().into(), &card, end), Err(Refusal::NotCertified));
    let certified = approved(on, end).activate(&card, &in_force(), end).expect("card and code");
    assert_eq!((certified.since(), certified.until()), (end, after(3_650 * DAY)), "not past the card");
    // Both ended since anybody looked: nothing is left of either.
    let settled = requested.settle(end.plus(REQUEST)).into_inner();
    assert_eq!((settled.state(), level(&settled, &card, end)), ("active", Err(Refusal::NotCertified)));
}

#[test]
fn a_certification_is_renewed_in_its_last_sixty_days_alone() {
    let card = shown("X", 1);
    let identity = certified(&card);
    let (first, end) = (before(identity.until(), 60), identity.until());
    assert_eq!(identity.renewable_from(), Some(first));
    assert_eq!(crate::cnie::reminder::Reminder::SixtyDays.from(end), first, "the first reminder says so");
    let asked = |shown: &CardAndCode, at| {
        identity.clone().renew(shown, terms(), next_request(), at).map_err(|(why, kept)| (why, kept == identity))
    };
    assert!(asked(&card, first).is_ok());
    assert_eq!(asked(&card, Timestamp::from_epoch(first.epoch() - 1)), Err((Refusal::RenewalEarly, true)));
    assert_eq!(asked(&card, end), Err((Refusal::CertificationOver, true)));
    assert_eq!(asked(&shown("OTHER", 1), first), Err((Refusal::OtherCard, true)));
    assert_eq!(asked(&shown("X", 2), first), Err((Refusal::CodeChanged, true)));
}

#[test]
fn a_certification_that_ends_with_its_card_is_not_renewed() {
    let ends = after(400 * DAY);
    let card = CardAndCode::of_test(ReadCard::of_test("X", [1; 32], ends), Thumbprint::new([1; 32]));
    let identity = certified(&card);
    assert_eq!((identity.until(), identity.renewable_from()), (ends, None));
    let (why, kept) = identity.clone().renew(&card, terms(), next_request(), before(ends, 7)).expect_err("no use");
    assert_eq!((why, &kept), (Refusal::RenewalWithCard, &identity));
    assert_eq!(Remedy::of(&identity.into()), Remedy::NewCard);
}

#[test]
fn a_changed_code_ends_the_certification_and_is_asked_for_as_the_first() {
    let (card, new_code) = (shown("X", 1), shown("X", 2));
    let (old, requested, at) = renewing(&card);
    let (next, given) = AnyIdentity::from(requested.clone()).level(Uncertified::Nothing, (&new_code, &in_force()), at);
    assert_eq!(given.map(CardLevel::level), Err(Refusal::CodeChanged));
    assert_eq!((next.state(), next.certified_until()), ("requested", None));
    assert_eq!(level(&next, &card, at), Err(Refusal::NotCertified), "it does not come back with the code of before");
    let asked = Before::Certified(old).ask(&new_code, terms(), next_request(), at).expect("of its card");
    assert_eq!(AnyIdentity::from(asked).certified_until(), None);
    let (why, kept) = approved(requested, at).activate(&new_code, &in_force(), at).expect_err("another code");
    assert_eq!(why, Refusal::CodeChanged);
    assert_eq!(AnyIdentity::from(kept.lapse_with_code(at)).certified_until(), None);
}

#[test]
fn a_suspension_takes_the_certification_and_its_renewal() {
    let card = shown("X", 1);
    let (old, requested, at) = renewing(&card);
    let at_desk = requested.clone().arrive(&next_request(), next_case(), at).expect("in time");
    let approved = approved(requested.clone(), at);
    for identity in [AnyIdentity::from(requested), at_desk.into(), approved.into()] {
        let suspended = identity.suspend(at).expect("certified");
        assert_eq!(suspended.until(), old.until());
        assert_eq!(level(&suspended.clone().into(), &card, at), Err(Refusal::Suspended));
        assert_eq!(Remedy::of(&suspended.clone().into()), Remedy::Restore);
        let failed = AnyIdentity::from(suspended);
        assert!(!failed.common().history().iter().any(|event| event.happened == Happened::Failed), "nobody failed");
    }
    let plain = AnyIdentity::from(active(&card).request(&card, terms(), request(), at).expect("its card"));
    assert_eq!(plain.clone().suspend(at), Err(plain), "nothing to suspend");
}
