use super::*;
use crate::partners::organisation::{Belonging, OrganisationKind};
use crate::partners::permission::{
    ApproveRequests, ChangeCredentials, ChangeOperators, ChangePeople, ReadOrganisation, ReadPeople, ReadQueue,
    SignedIn,
};
use crate::people::commune::{CommuneCode, Departement};
use crate::time::Timestamp;

pub(in crate::partners) const LYON: &str = "21690123100011";
const TOULOUSE: &str = "21310555400017";

pub(in crate::partners) fn siret(text: &str) -> Siret {
    Siret::parse(text).expect("a SIRET")
}

fn organisation(number: &str, commune: &str) -> Organisation {
    Organisation {
        siret: siret(number),
        name: Name::parse("Commune").expect("a name"),
        kind: OrganisationKind::Commune,
        commune: CommuneCode::parse(commune).ok(),
        belonging: Belonging::Unverified,
        since: Timestamp::from_epoch(1),
    }
}

pub(in crate::partners) fn partner(number: u8) -> Partner {
    Partner {
        id: PartnerId::from_random([number; 16]),
        name: Name::parse("Nadia").expect("a name"),
        mail: MailAddress::parse(&format!("nadia{number}@exemple.fr")).expect("an address"),
        state: PartnerState::Active,
        memberships: BTreeMap::new(),
        left: BTreeSet::new(),
        operator: OperatorRoles::new(),
        passkeys: vec![PasskeyId::of(&[number])],
        way_back: WayBack::None,
        lineage: Lineage::none(),
    }
}

fn member(role: OrganisationRole) -> Partner {
    Partner { memberships: [(siret(LYON), role)].into(), ..partner(1) }
}

fn operator(role: &str) -> Partner {
    Partner { operator: [OperatorRole::parse(role).expect(role)].into(), ..partner(1) }
}

fn asked<P: Permit>(partner: &Partner, permission: P, about: About<'_>) -> Result<(), NotHeld> {
    partner.may(permission, about).map(|_| ())
}

#[test]
fn a_role_counts_in_its_own_organisation_and_in_no_other() {
    let (own, other) = (organisation(LYON, "69123"), organisation(TOULOUSE, "31555"));
    for role in OrganisationRole::ALL {
        let partner = member(role);
        assert!(partner.may(ReadOrganisation, About::Organisation(&own)).is_ok());
        assert_eq!(asked(&partner, ReadOrganisation, About::Organisation(&other)), Err(NotHeld::Unseen));
        let people = asked(&partner, ChangePeople, About::Organisation(&own));
        assert_eq!(people, if role == OrganisationRole::Admin { Ok(()) } else { Err(NotHeld::Role) });
        let secrets = asked(&partner, ChangeCredentials, About::Organisation(&own));
        assert_eq!(secrets, if role == OrganisationRole::Reader { Err(NotHeld::Role) } else { Ok(()) });
        assert_eq!(asked(&partner, ApproveRequests, About::Organisation(&own)), Err(NotHeld::Role));
        assert_eq!(asked(&partner, ReadQueue, About::Space), Err(NotHeld::Role));
    }
    let proof = member(OrganisationRole::Admin).may(ChangePeople, About::Organisation(&own)).expect("an admin");
    assert_eq!((proof.partner(), proof.organisation()), (&partner(1).id, Some(siret(LYON))));
}

#[test]
fn a_prefecture_sees_its_departement_alone() {
    let (lyon, toulouse, nowhere) =
        (organisation(LYON, "69123"), organisation(TOULOUSE, "31555"), organisation(LYON, ""));
    let rhone = operator("prefecture:69");
    let held = rhone.may(ReadOrganisation, About::Organisation(&lyon)).expect("its own");
    let departement = |code| Departement::parse(code).expect(code);
    assert_eq!(held.reach(), &Reach::Within([departement("69")].into()));
    for other in [&toulouse, &nowhere] {
        assert_eq!(asked(&rhone, ReadOrganisation, About::Organisation(other)), Err(NotHeld::Unseen));
    }
    assert_eq!(asked(&rhone, ReadPeople, About::Organisation(&lyon)), Err(NotHeld::Role));
    let queue = rhone.may(ReadQueue, About::Space).expect("a part of it");
    assert!(queue.reach().covers(Some(&departement("69"))));
    assert!(!queue.reach().covers(Some(&departement("31"))) && !queue.reach().covers(None));

    let two =
        Partner { operator: ["69", "31"].map(|code| OperatorRole::Prefecture(departement(code))).into(), ..partner(1) };
    let queue = two.may(ReadQueue, About::Space).expect("two parts");
    assert_eq!(queue.reach(), &Reach::Within(["69", "31"].map(departement).into()));
    let both = Partner { operator: [OperatorRole::Reporter].into_iter().chain(two.operator).collect(), ..partner(1) };
    assert_eq!(both.may(ReadQueue, About::Space).expect("all").reach(), &Reach::Everywhere);
}

#[test]
fn what_the_operator_may_is_told_apart_by_role() {
    let lyon = organisation(LYON, "69123");
    let about = About::Organisation(&lyon);
    for (role, approves, operators) in [
        ("admin", true, true),
        ("instructor", true, false),
        ("reporter", false, false),
        ("prefecture:69", false, false),
    ] {
        let partner = operator(role);
        assert!(partner.may(ReadOrganisation, about).is_ok(), "{role}");
        assert_eq!(partner.may(ApproveRequests, about).is_ok(), approves, "{role}");
        assert_eq!(partner.may(ChangeOperators, About::Space).is_ok(), operators, "{role}");
        assert_eq!(asked(&partner, ChangePeople, about), Err(NotHeld::Role), "{role}: the organisation's own affair");
    }
}

#[test]
fn somebody_who_was_removed_holds_nothing() {
    let lyon = organisation(LYON, "69123");
    let gone = Partner {
        state: PartnerState::Removed,
        operator: [OperatorRole::Admin].into(),
        ..member(OrganisationRole::Admin)
    };
    assert_eq!(asked(&gone, SignedIn, About::Space), Err(NotHeld::Removed));
    assert_eq!(asked(&gone, ChangeOperators, About::Space), Err(NotHeld::Removed));
    assert_eq!(asked(&gone, ReadOrganisation, About::Organisation(&lyon)), Err(NotHeld::Removed));
}

#[test]
fn a_permission_is_asked_for_about_what_it_is_over() {
    let lyon = organisation(LYON, "69123");
    let admin = Partner { operator: [OperatorRole::Admin].into(), ..member(OrganisationRole::Admin) };
    assert!(admin.may(ReadOrganisation, About::Space).is_err());
    assert!(admin.may(ChangeOperators, About::Organisation(&lyon)).is_err());
}

#[test]
fn one_passkey_without_a_way_back_is_no_safeguard() {
    let one = partner(1);
    assert_eq!(one.safeguard(), Safeguard::Missing);
    assert_eq!(Partner { way_back: WayBack::RecoveryCode, ..one.clone() }.safeguard(), Safeguard::Held);
    let two = vec![PasskeyId::of(b"a"), PasskeyId::of(b"b")];
    assert_eq!(Partner { passkeys: two, ..one }.safeguard(), Safeguard::Held);
}

#[test]
fn an_organisation_that_somebody_left_is_not_anothers() {
    let lyon = organisation(LYON, "69123");
    let about = About::Organisation(&lyon);
    let own = |partner: &Partner| partner.may(ApproveRequests, about).expect("an instructor").own();
    let instructor = operator("instructor");
    assert_eq!(own(&instructor), Own::Another);
    let once = Partner { left: [siret(LYON)].into(), ..instructor.clone() };
    assert_eq!(own(&once), Own::Theirs, "nobody leaves an organisation to decide on it");
    assert_eq!(own(&Partner { left: [siret(TOULOUSE)].into(), ..instructor }), Own::Another);
    let gone = Partner { left: [siret(LYON)].into(), ..partner(1) };
    assert_eq!(asked(&gone, ReadOrganisation, about), Err(NotHeld::Unseen), "and it gives nothing");
}
