use super::super::organisation::{Belonging, Organisation, OrganisationKind};
use super::super::partner::tests::{LYON, partner, siret};
use super::super::partner::{Partner, WayBack};
use super::super::permission::About;
use super::super::role::{OperatorRole, OperatorRoles, OrganisationRole};
use super::super::session::PartnerSession;
use super::*;
use crate::id::{PartnerSessionId, PasskeyId};

const NOW: Timestamp = Timestamp::from_epoch(1000);
const TOULOUSE: &str = "21310555400017";

fn seat(role: OrganisationRole) -> Seat {
    Seat::Organisation(siret(LYON), role)
}

fn member(number: u8, seat: Seat) -> Member {
    let Partner { id, name, mail, .. } = partner(number);
    Member { partner: id, name, mail, seat, since: NOW, lineage: Lineage::none() }
}

fn team(members: Vec<Member>) -> Team {
    let name = members.first().expect("one").seat.team();
    Team { name, members, invited: Vec::new() }
}

fn mail(text: &str) -> MailAddress {
    MailAddress::parse(text).expect("an address")
}

pub(in crate::partners) fn organisation(number: &str) -> Organisation {
    let (name, kind) = (Name::parse("Lyon").expect("a name"), OrganisationKind::Commune);
    let belonging = Belonging::Unverified;
    Organisation { siret: siret(number), name, kind, commune: None, belonging, since: NOW }
}

/// The proofs of an admin of an organisation and of the operator.
fn proofs(number: u8, at: &str) -> (Held<ChangePeople>, Held<ChangeOperators>, Fresh) {
    let admin = Partner {
        memberships: [(siret(at), OrganisationRole::Admin)].into(),
        operator: [OperatorRole::Admin].into(),
        way_back: WayBack::RecoveryCode,
        ..partner(number)
    };
    let session =
        PartnerSession::begin(PartnerSessionId::from_random([9; 16]), admin.id.clone(), PasskeyId::of(b"x"), NOW);
    let people = admin.may(ChangePeople, About::Organisation(&organisation(at))).expect("an admin");
    let operators = admin.may(ChangeOperators, About::Space).expect("an admin");
    (people, operators, session.fresh(&admin, NOW).expect("fresh"))
}

#[test]
fn nobody_changes_their_own_roles() {
    let (held, operators, fresh) = proofs(1, LYON);
    let two = team(vec![member(1, seat(OrganisationRole::Admin)), member(2, seat(OrganisationRole::Admin))]);
    for role in OrganisationRole::ALL {
        let own = two.change(By::Admin(&held, &fresh), &partner(1).id, Change::Seat(seat(role)));
        assert_eq!(own, Err(NotChanged::OwnRoles));
        let other = two.change(By::Admin(&held, &fresh), &partner(2).id, Change::Seat(seat(role)));
        assert_eq!(other, Ok(Some(seat(role))));
    }
    assert_eq!(two.change(By::Admin(&held, &fresh), &partner(1).id, Change::Remove), Ok(None));

    let admin = || Seat::Operator([OperatorRole::Admin].into());
    let operators_team = team(vec![member(1, admin()), member(2, admin())]);
    let own = operators_team.change(By::Operator(&operators, &fresh), &partner(1).id, Change::Seat(admin()));
    assert_eq!(own, Err(NotChanged::OwnRoles));
}

#[test]
fn the_last_admin_stays_unless_the_command_line_says_so() {
    let (held, _, fresh) = proofs(1, LYON);
    let alone = team(vec![member(1, seat(OrganisationRole::Admin)), member(2, seat(OrganisationRole::Editor))]);
    assert_eq!(alone.change(By::Admin(&held, &fresh), &partner(1).id, Change::Remove), Err(NotChanged::LastAdmin));
    assert_eq!(alone.change(By::Admin(&held, &fresh), &partner(2).id, Change::Remove), Ok(None));
    assert_eq!(alone.change(By::CommandLine, &partner(1).id, Change::Remove), Ok(None));
    // Somebody who was an admin when they were read, and is none now: the one who is stays.
    let other = team(vec![member(1, seat(OrganisationRole::Editor)), member(2, seat(OrganisationRole::Admin))]);
    let lower = Change::Seat(seat(OrganisationRole::Reader));
    assert_eq!(other.change(By::Admin(&held, &fresh), &partner(2).id, lower), Err(NotChanged::LastAdmin));
}

#[test]
fn an_admin_looks_after_their_own_team_alone() {
    let (held, operators, fresh) = proofs(1, TOULOUSE);
    let lyon = team(vec![member(1, seat(OrganisationRole::Admin)), member(2, seat(OrganisationRole::Admin))]);
    let foreign = By::Admin(&held, &fresh);
    assert_eq!(lyon.change(foreign, &partner(2).id, Change::Remove), Err(NotChanged::OtherTeam));
    let invited = lyon.invite(foreign, mail("x@exemple.fr"), seat(OrganisationRole::Reader), NOW);
    assert_eq!(invited, Err(NotChanged::OtherTeam));
    let operator = By::Operator(&operators, &fresh);
    assert_eq!(lyon.change(operator, &partner(2).id, Change::Remove), Err(NotChanged::OtherTeam));
    // The freshness of one person does not serve another.
    let (own, _, _) = proofs(1, LYON);
    let (_, _, of_another) = proofs(2, LYON);
    let mixed = By::Admin(&own, &of_another);
    assert_eq!(lyon.change(mixed, &partner(2).id, Change::Remove), Err(NotChanged::OtherTeam));
    // A seat of another team is not given here.
    let elsewhere = Seat::Organisation(siret(TOULOUSE), OrganisationRole::Admin);
    let (_, _, fresh) = proofs(1, LYON);
    for strange in [elsewhere, Seat::Operator([OperatorRole::Admin].into())] {
        let change = lyon.change(By::Admin(&own, &fresh), &partner(2).id, Change::Seat(strange.clone()));
        assert_eq!(change, Err(NotChanged::OtherTeam));
        let invited = lyon.invite(By::Admin(&own, &fresh), mail("x@exemple.fr"), strange, NOW);
        assert_eq!(invited, Err(NotChanged::OtherTeam));
    }
}

#[test]
fn an_address_is_invited_once_at_a_time() {
    let (held, operators, fresh) = proofs(1, LYON);
    let mut lyon = team(vec![member(1, seat(OrganisationRole::Admin))]);
    let ask = |team: &Team, address: &str, now| {
        team.invite(By::Admin(&held, &fresh), mail(address), seat(OrganisationRole::Editor), now)
    };
    let invited = ask(&lyon, "new@exemple.fr", NOW).expect("free");
    assert_eq!((invited.by.as_ref(), invited.until), (Some(held.partner()), NOW.plus(PartnerInvitation::LIFE)));
    lyon.invited.push(invited.clone());
    for taken in ["NEW@exemple.fr", "nadia1@Exemple.fr"] {
        assert_eq!(ask(&lyon, taken, NOW), Err(NotChanged::MailTaken), "{taken}");
    }
    assert!(ask(&lyon, "new@exemple.fr", invited.until).is_ok(), "one that is over holds no address");
    assert_eq!(lyon.withdraw(By::Admin(&held, &fresh), &mail("New@exemple.fr")), Ok(invited));
    assert_eq!(lyon.withdraw(By::Admin(&held, &fresh), &mail("x@exemple.fr")), Err(NotChanged::Unknown));

    let admin = Seat::Operator([OperatorRole::Admin].into());
    let office = team(vec![member(1, admin)]);
    let none = office.invite(
        By::Operator(&operators, &fresh),
        mail("x@exemple.fr"),
        Seat::Operator(OperatorRoles::new()),
        NOW,
    );
    assert_eq!(none, Err(NotChanged::NoRole));
}

#[test]
fn nothing_is_done_to_who_is_not_in_the_team() {
    let (held, _, fresh) = proofs(1, LYON);
    let lyon = team(vec![member(1, seat(OrganisationRole::Admin))]);
    for change in [Change::Remove, Change::Seat(seat(OrganisationRole::Reader))] {
        assert_eq!(lyon.change(By::Admin(&held, &fresh), &partner(7).id, change), Err(NotChanged::Unknown));
    }
}
