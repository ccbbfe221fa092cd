use super::super::organisation::{Belonging, Organisation};
use super::super::partner::WayBack;
use super::super::partner::tests::{LYON, partner, siret};
use super::super::permission::About;
use super::super::role::{OperatorRole, OrganisationRole};
use super::super::session::PartnerSession;
use super::super::team::tests::organisation;
use super::*;
use crate::id::{PartnerSessionId, PasskeyId};

const NOW: Timestamp = Timestamp::from_epoch(1000);
const TOULOUSE: &str = "21310555400017";

#[test]
fn a_code_is_read_as_people_type_it_and_has_two_hundred_bits() {
    let code = RecoveryCode::from_random(std::array::from_fn(|at| u8::try_from(at).expect("small")));
    let shown = code.grouped();
    assert_eq!(shown.as_str(), "0123 4567 89AB CDEF GHJK MNPQ RSTV WXYZ 0123 4567");
    for typed in
        [shown.to_string(), shown.to_lowercase(), shown.replace(' ', "-"), shown.replace('0', "o").replace('1', "l")]
    {
        assert_eq!(RecoveryCode::parse(&typed).as_ref(), Ok(&code), "{typed}");
    }
    for bad in ["", "0123", &shown[1..], &format!("{}8", *shown), &shown.replace('A', "U"), &shown.replace('A', "é")] {
        assert_eq!(RecoveryCode::parse(bad), Err(BadCode), "{bad}");
    }
    assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
}

fn team(name: &str, members: &[(u8, OrganisationRole)]) -> Vouching {
    let belonging = Belonging::Accepted { at: NOW };
    let verified = Organisation { belonging, ..organisation(name) }.verified().expect("accepted");
    Vouching::of(members_of(name, members), &verified).expect("its own")
}

fn members_of(name: &str, members: &[(u8, OrganisationRole)]) -> Team {
    let seat = |role| Seat::Organisation(siret(name), role);
    let member = |(number, role): &(u8, OrganisationRole)| {
        let Partner { id, name, mail, .. } = partner(*number);
        Member { partner: id, name, mail, seat: seat(*role), since: NOW, lineage: Lineage::none() }
    };
    let members = members.iter().map(member).collect();
    Team { name: TeamName::Organisation(siret(name)), members, invited: Vec::new() }
}

fn lost(memberships: &[(&str, OrganisationRole)]) -> Partner {
    let memberships = memberships.iter().map(|(number, role)| (siret(number), *role)).collect();
    Partner { memberships, ..partner(1) }
}

/// The proofs of somebody who administers LYON and the operator.
fn second(number: u8, at: &str) -> (Held<ApproveRecovery>, Held<ChangeOperators>, Fresh) {
    second_with(number, at, Lineage::none())
}

/// The same of somebody whom these brought in.
fn second_with(number: u8, at: &str, lineage: Lineage) -> (Held<ApproveRecovery>, Held<ChangeOperators>, Fresh) {
    let admin = Partner {
        lineage,
        memberships: [(siret(at), OrganisationRole::Admin)].into(),
        operator: [OperatorRole::Admin].into(),
        way_back: WayBack::RecoveryCode,
        ..partner(number)
    };
    let session =
        PartnerSession::begin(PartnerSessionId::from_random([9; 16]), admin.id.clone(), PasskeyId::of(b"x"), NOW);
    let held = admin.may(ApproveRecovery, About::Organisation(&organisation(at))).expect("an admin");
    let operators = admin.may(ChangeOperators, About::Space).expect("an admin");
    (held, operators, session.fresh(&admin, NOW).expect("fresh"))
}

fn asked() -> Recovery {
    Recovery::ask(RecoveryId::from_random([7; 16]), partner(1).id, NOW)
}

#[test]
fn another_admin_of_the_organisation_decides_and_the_operator_for_the_last() {
    use OrganisationRole::{Admin, Editor};
    let (held, operators, fresh) = second(2, LYON);
    let colleague = lost(&[(LYON, Admin)]);
    let two = [team(LYON, &[(1, Admin), (2, Admin)])];
    let decided = asked().decide(&colleague, &two, Second::Organisation(&held, &fresh), NOW).expect("a second person");
    assert_eq!((decided.recovery(), decided.by()), (&asked().id, &partner(2).id));
    let by_operator = asked().decide(&colleague, &two, Second::Operator(&operators, &fresh), NOW);
    assert_eq!(by_operator.map(|_| ()), Err(NotSecond::NotTheirs), "there is another admin");

    let last = [team(LYON, &[(1, Admin), (2, Editor)])];
    assert!(asked().decide(&colleague, &last, Second::Operator(&operators, &fresh), NOW).is_ok());
    let by_colleague = asked().decide(&colleague, &last, Second::Organisation(&held, &fresh), NOW);
    assert_eq!(by_colleague.map(|_| ()), Err(NotSecond::NotTheirs));
    assert!(asked().decide(&lost(&[]), &[], Second::Operator(&operators, &fresh), NOW).is_ok(), "of no organisation");
}

#[test]
fn an_organisation_decides_on_none_who_acts_for_the_operator_or_for_others_alone() {
    use OrganisationRole::{Admin, Reader};
    let (held, operators, fresh) = second(2, LYON);
    let teams = [team(LYON, &[(1, Reader), (2, Admin)]), team(TOULOUSE, &[(1, Admin), (3, Admin)])];
    let operator = Partner { operator: [OperatorRole::Reporter].into(), ..lost(&[(LYON, Reader)]) };
    let by_organisation = asked().decide(&operator, &teams, Second::Organisation(&held, &fresh), NOW);
    assert_eq!(by_organisation.map(|_| ()), Err(NotSecond::NotTheirs));
    assert!(asked().decide(&operator, &teams, Second::Operator(&operators, &fresh), NOW).is_ok());
    let elsewhere = asked().decide(&lost(&[(TOULOUSE, Admin)]), &teams, Second::Organisation(&held, &fresh), NOW);
    assert_eq!(elsewhere.map(|_| ()), Err(NotSecond::NotTheirs));
}

#[test]
fn nobody_is_their_own_second_person_and_none_decides_twice_or_late() {
    use OrganisationRole::Admin;
    let (own, _, fresh) = second(1, LYON);
    let (held, _, of_second) = second(2, LYON);
    let (colleague, teams) = (lost(&[(LYON, Admin)]), [team(LYON, &[(1, Admin), (2, Admin)])]);
    let told = |recovery: Recovery, second, now| recovery.decide(&colleague, &teams, second, now).map(|_| ());
    assert_eq!(told(asked(), Second::Organisation(&own, &fresh), NOW), Err(NotSecond::Oneself));
    let good = Second::Organisation(&held, &of_second);
    for state in [RecoveryState::Approved, RecoveryState::Refused, RecoveryState::Done] {
        assert_eq!(told(Recovery { state, ..asked() }, good, NOW), Err(NotSecond::Unknown), "{state:?}");
    }
    assert_eq!(told(asked(), good, NOW.plus(Recovery::WAITING)), Err(NotSecond::Unknown));
    assert_eq!(told(Recovery { partner: partner(5).id, ..asked() }, good, NOW), Err(NotSecond::Unknown));
    let (_, _, borrowed) = second(3, LYON);
    assert_eq!(told(asked(), Second::Organisation(&held, &borrowed), NOW), Err(NotSecond::NotTheirs));
}

#[test]
fn an_organisation_that_nothing_proves_is_nobodys_second_person() {
    use OrganisationRole::Admin;
    let (held, operators, fresh) = second(2, LYON);
    let colleague = lost(&[(LYON, Admin)]);
    // Its team is none that vouches, and the operator decides.
    assert_eq!(organisation(LYON).verified().map(|_| ()), Err(super::super::organisation::Unverified));
    let by_colleague = asked().decide(&colleague, &[], Second::Organisation(&held, &fresh), NOW);
    assert_eq!(by_colleague.map(|_| ()), Err(NotSecond::NotTheirs));
    assert!(asked().decide(&colleague, &[], Second::Operator(&operators, &fresh), NOW).is_ok());
    let belonging = Belonging::Accepted { at: NOW };
    let elsewhere = Organisation { belonging, ..organisation(TOULOUSE) }.verified().expect("accepted");
    assert_eq!(Vouching::of(members_of(LYON, &[(2, Admin)]), &elsewhere), None, "the proof of one is not another's");
}

#[test]
fn an_account_that_somebody_brought_in_is_not_their_second_person() {
    use OrganisationRole::Admin;
    let line = Lineage::none().with(Some(&partner(1).id), &Lineage::none());
    let (held, operators, fresh) = second_with(2, LYON, line.clone());
    let colleague = lost(&[(LYON, Admin)]);
    let Vouching(mut own) = team(LYON, &[(1, Admin), (2, Admin)]);
    own.members[1].lineage = line;
    let teams = [Vouching(own)];
    assert_eq!(deciding(&colleague, &teams), [TeamName::Operators], "there is nobody else in the organisation");
    for second in [Second::Organisation(&held, &fresh), Second::Operator(&operators, &fresh)] {
        assert_eq!(asked().decide(&colleague, &teams, second, NOW).map(|_| ()), Err(NotSecond::BroughtIn));
    }
    // Whoever brought them in may: a founder is the second person of those whom they invited.
    let invited = Partner { lineage: Lineage::none().with(Some(&partner(3).id), &Lineage::none()), ..colleague };
    let (held, _, fresh) = second(3, LYON);
    let teams = [team(LYON, &[(1, Admin), (3, Admin)])];
    assert!(asked().decide(&invited, &teams, Second::Organisation(&held, &fresh), NOW).is_ok());
}
