use std::collections::BTreeSet;

use super::*;
use crate::habilitation::acting::{Acting, Author, Instruct, Write};
use crate::partners::organisation::{Belonging, Organisation, OrganisationKind};
use crate::partners::partner::tests::{LYON, partner, siret};
use crate::partners::permission::{ApproveRequests, EditRequests, ReadQueue, ReadRequests, ReviewRequests, Risk};
use crate::partners::role::{OperatorRole, OrganisationRole};
use crate::people::commune::CommuneCode;

const NOW: Timestamp = Timestamp::from_epoch(1_800_000_000);

fn lyon() -> Organisation {
    Organisation {
        siret: siret(LYON),
        name: Name::parse("Lyon").expect("a name"),
        kind: OrganisationKind::Commune,
        commune: CommuneCode::parse("69123").ok(),
        belonging: Belonging::Unverified,
        since: NOW,
    }
}

fn order(scopes: &[&str], reach: TokenReach, issuer: Option<PartnerId>) -> TokenOrder {
    let scopes = scopes.iter().map(|scope| TokenScope::parse(scope).expect(scope)).collect();
    TokenOrder { name: Name::parse("import").expect("a name"), scopes, reach, issuer, term: USUAL_TERM }
}

fn made(order: TokenOrder) -> AdminToken {
    AdminToken::new(AdminTokenId::from_random([9; 16]), order, NOW).expect("sound")
}

fn refused(order: TokenOrder) -> BadToken {
    AdminToken::new(AdminTokenId::from_random([9; 16]), order, NOW).expect_err("not sound")
}

#[test]
fn a_scope_has_a_name_of_its_own_and_a_permission_stands_in_one_row() {
    let names: BTreeSet<&str> = TokenScope::ALL.iter().map(|scope| scope.name()).collect();
    let given: Vec<Permission> = TokenScope::ALL.iter().flat_map(|scope| scope.permissions()).copied().collect();
    assert_eq!(names.len(), TokenScope::ALL.len());
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len());
    for scope in TokenScope::ALL {
        assert_eq!(TokenScope::parse(scope.name()), Some(*scope));
    }
    assert_eq!(TokenScope::giving(Permission::ChangePeople), None, "people are no program's to change");
    for permission in given.iter().filter(|permission| permission.risk() == Risk::Dangerous) {
        let scope = TokenScope::giving(*permission).expect("given");
        assert_ne!(scope.kind(), Use::Reads, "{permission:?}: what only reads does nothing dangerous");
    }
}

#[test]
fn a_token_that_could_do_too_much_is_not_made() {
    let own = || TokenReach::Organisation(siret(LYON));
    let everywhere = || TokenReach::Everywhere;
    let ines = Some(partner(3).id);
    for (order, why) in [
        (order(&[], everywhere(), None), BadToken::NoScope),
        (order(&["requests:write", "requests:review"], everywhere(), None), BadToken::WritesAndDecides),
        (order(&["services:write", "habilitations:revoke"], everywhere(), None), BadToken::WritesAndDecides),
        (order(&["requests:review"], own(), None), BadToken::OfOrganisation),
        (order(&["habilitations:revoke"], own(), None), BadToken::OfOrganisation),
        (order(&["requests:approve"], everywhere(), None), BadToken::NoIssuer),
        (order(&["switches:read"], own(), None), BadToken::SwitchesOfAll),
    ] {
        assert_eq!(refused(order), why);
    }
    for days in [0, 367] {
        let term = Lifetime::seconds(days * DAY);
        assert_eq!(refused(TokenOrder { term, ..order(&["requests:read"], everywhere(), None) }), BadToken::Term);
    }
    let sound = made(order(&["requests:read", "requests:approve", "requests:review"], everywhere(), ines));
    assert_eq!(sound.until, NOW.plus(Lifetime::seconds(90 * DAY)));
}

#[test]
fn a_token_counts_until_its_end_or_its_revocation() {
    let token = made(order(&["requests:read"], TokenReach::Everywhere, None));
    assert!(token.standing(NOW).is_ok());
    assert_eq!(token.standing(token.until).map(|_| ()), Err(TokenOver::Expired));
    let revoked = token.revoke(NOW);
    assert_eq!(revoked.standing(NOW).map(|_| ()), Err(TokenOver::Revoked));
    assert_eq!(revoked.revoke(token.until).revoked, Some(NOW), "it was revoked once");
}

#[test]
fn a_token_does_what_its_scopes_give_within_its_reach_and_no_more() {
    let lyon = lyon();
    let about = About::Organisation(&lyon);
    let asked = |reach: TokenReach| {
        let token = made(order(&["requests:read"], reach, None));
        let standing = token.standing(NOW).expect("it counts");
        let queue = standing.may(ReadQueue, About::Space, None).map(|_| ());
        let read = standing.may(ReadRequests, about, None).map(|held| held.own());
        assert_eq!(standing.may(EditRequests, about, None).map(|_| ()), Err(NotGranted::Scope));
        (queue, read)
    };
    let departement = |code: &str| TokenReach::Departement(Departement::parse(code).expect("a code"));
    let another = siret("21310555400017");
    assert_eq!(asked(TokenReach::Everywhere), (Ok(()), Ok(Own::Another)));
    assert_eq!(asked(departement("69")), (Ok(()), Ok(Own::Another)));
    assert_eq!(asked(departement("31")), (Ok(()), Err(NotGranted::Reach)));
    assert_eq!(asked(TokenReach::Organisation(siret(LYON))), (Err(NotGranted::Reach), Ok(Own::Theirs)));
    assert_eq!(asked(TokenReach::Organisation(another)), (Err(NotGranted::Reach), Err(NotGranted::Reach)));
}

#[test]
fn a_token_does_no_more_than_who_answers_for_it() {
    let lyon = lyon();
    let about = About::Organisation(&lyon);
    let role = |name: &str| [OperatorRole::parse(name).expect(name)].into();
    let ines = Partner { operator: role("instructor"), ..partner(3) };
    let token = made(order(&["requests:approve", "requests:review"], TokenReach::Everywhere, Some(ines.id.clone())));
    let standing = token.standing(NOW).expect("it counts");
    let approves = |issuer: Option<&Partner>| standing.may(ApproveRequests, about, issuer).map(|_| ());
    assert_eq!(approves(Some(&ines)), Ok(()));
    assert_eq!(approves(None), Err(NotGranted::Issuer), "somebody who is not there any more");
    let reporter = Partner { operator: role("reporter"), ..ines.clone() };
    assert_eq!(approves(Some(&reporter)), Err(NotGranted::Issuer));
    assert_eq!(approves(Some(&Partner { id: partner(4).id, ..ines.clone() })), Err(NotGranted::Issuer));
    // Who answers for it belongs to the organisation by now: it is their own that the program would decide on.
    let moved = Partner { memberships: [(siret(LYON), OrganisationRole::Reader)].into(), ..ines };
    let held = standing.may(ReviewRequests, about, Some(&moved)).expect("holds it still");
    let acting: Acting<Instruct> = Acting::from(&held);
    assert!(held.own() == Own::Theirs && acting.belongs_to(&siret(LYON)));
}

#[test]
fn a_program_acts_under_its_own_name_and_that_of_who_answers_for_it() {
    let lyon = lyon();
    let nadia = Partner { memberships: [(siret(LYON), OrganisationRole::Admin)].into(), ..partner(1) };
    let token = made(order(&["requests:write"], TokenReach::Organisation(siret(LYON)), Some(nadia.id.clone())));
    let standing = token.standing(NOW).expect("it counts");
    let held = standing.may(EditRequests, About::Organisation(&lyon), Some(&nadia)).expect("held");
    let acting: Acting<Write> = Acting::from(&held);
    let machine = Machine { token: token.id.clone(), issuer: Some(nadia.id) };
    assert_eq!((acting.author(), acting.belongs_to(&siret(LYON))), (&Author::Token(machine), true));
}
