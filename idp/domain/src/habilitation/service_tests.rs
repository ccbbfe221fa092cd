use std::sync::Arc;

use super::*;
use crate::habilitation::complete::tests::filled;
use crate::habilitation::field::{Field, Where};
use crate::habilitation::grant::HabilitationState;
use crate::habilitation::switches::Switches;
use crate::id::PartnerId;
use crate::level::Level;
use crate::partners::partner::{PartnerState, WayBack};
use crate::partners::role::{OperatorRole, OperatorRoles, OrganisationRole};
use crate::people::name::Name;

const NOW: Timestamp = Timestamp::from_epoch(1_000_000_000);
const LYON: &str = "21690123100011";
const TOULOUSE: &str = "21310555400017";
const GRANTED: &str = "https://cantine.ville-de-lyon.fr/retour";
const TESTED: &str = "http://127.0.0.1:8080/retour";

fn siret(text: &str) -> Siret {
    Siret::parse(text).expect("a SIRET")
}

fn contact() -> MailAddress {
    MailAddress::parse("nadia@exemple.fr").expect("an address")
}

fn making(contact: &MailAddress) -> Making<'_> {
    Making {
        id: ClientId::from_random([7; 16]),
        organisation: siret(LYON),
        secret: SecretDigest::of("s"),
        contact,
        now: NOW,
    }
}

fn wish(name: &str, redirects: &[&str], logout: &[&str]) -> Result<Registered, Vec<ServiceFault>> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let wish =
        Wish { name: name.to_owned(), redirects: texts(redirects), logout_redirects: texts(logout), sent: Sent::Basic };
    sandbox(&wish, HabilitationId::from_random([9; 16]), making(&contact()))
}

fn granted() -> (Terms, Habilitation) {
    let mut form = filled();
    form.set(Field::Redirects(Where::Production), &format!("{GRANTED}\nhttps://cantine.ville-de-lyon.fr/autre"))
        .expect("fit");
    let habilitation = Habilitation {
        id: HabilitationId::from_random([9; 16]),
        environment: Environment::Production,
        organisation: Some(siret(LYON)),
        request: None,
        scopes: ["openid", "email"].into_iter().filter_map(Scope::parse).collect(),
        level: Level::Low,
        from: NOW,
        until: Some(NOW.plus(days(365))),
        state: HabilitationState::Active,
    };
    (Terms::read(&form).expect("complete"), habilitation)
}

fn order(redirects: &[&str], proof: Proof) -> Order {
    Order { redirects: redirects.iter().map(|text| (*text).to_owned()).collect(), proof }
}

fn ordered(order: &Order, change: impl FnOnce(&mut Habilitation)) -> Result<Registered, ServiceFault> {
    let (terms, mut habilitation) = granted();
    change(&mut habilitation);
    production(order, &terms, &habilitation, making(&contact()))
}

#[test]
fn a_sandbox_service_is_in_force_at_once_for_a_year() {
    let made = wish("Cantine", &[TESTED], &[]).expect("fits");
    let off = Arc::new(Switches::default());
    let live = made.live(NOW, &off).expect("in force");
    assert_eq!((live.environment(), live.level()), (Environment::Sandbox, Level::High));
    assert_eq!(live.scopes().len(), Scope::all().count());
    let year = NOW.plus(SANDBOX);
    assert!(made.live(Timestamp::from_epoch(year.epoch() - 1), &off).is_ok());
    assert_eq!(made.live(year, &off).err(), Some(NotLive::Expired));
    assert_eq!(deadlines(&made, NOW).iter().map(Deadline::at).collect::<Vec<_>>(), [year, year]);
}

#[test]
fn a_sandbox_service_is_answered_at_test_hosts_alone() {
    for bad in ["https://ville.fr/retour", "https://127.0.0.1.nip.io/r", "http://169.254.169.254/", "javascript:x"] {
        let faults = wish("Cantine", &[TESTED, bad], &[]).expect_err(bad);
        assert!(matches!(faults.as_slice(), [ServiceFault::Redirect { place: 2, .. }]), "{bad}: {faults:?}");
        let faults = wish("Cantine", &[TESTED], &[bad]).expect_err(bad);
        assert!(matches!(faults.as_slice(), [ServiceFault::LogoutRedirect { place: 1, .. }]), "{bad}: {faults:?}");
    }
    assert_eq!(wish("Cantine", &[], &[]).err(), Some(vec![ServiceFault::Count]));
    assert_eq!(wish("Cantine", &[TESTED; 11], &[]).err(), Some(vec![ServiceFault::Count]));
    for name in ["", "  ", "a\nb", &"x".repeat(81)] {
        assert_eq!(wish(name, &[TESTED], &[]).err(), Some(vec![ServiceFault::Name]), "{name:?}");
    }
}

#[test]
fn a_production_service_has_what_was_granted_and_nothing_more() {
    let made = ordered(&order(&[GRANTED], Proof::Secret(Sent::Post)), |_| ()).expect("fits");
    let names: Vec<_> = made.client.scopes.iter().map(|scope| scope.name()).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(made.client.redirect_uris(), [GRANTED]);
    assert_eq!(made.client.name.fr, "Cantine scolaire");
    assert_eq!(made.secrets.all()[0].until, made.habilitation.as_ref().and_then(|granted| granted.until));
    for (redirects, fault) in [
        (vec!["https://cantine.ville-de-lyon.fr/retour/"], ServiceFault::NotGranted),
        (vec![GRANTED, "https://ailleurs.fr/"], ServiceFault::NotGranted),
        (vec![], ServiceFault::Count),
    ] {
        assert_eq!(ordered(&order(&redirects, Proof::Secret(Sent::Basic)), |_| ()).err(), Some(fault));
    }
}

#[test]
fn a_production_service_asks_for_a_habilitation_of_its_own_in_force() {
    let order = order(&[GRANTED], Proof::Secret(Sent::Basic));
    assert_eq!(ordered(&order, |held| held.environment = Environment::Sandbox).err(), Some(ServiceFault::NotTheirs));
    assert_eq!(ordered(&order, |held| held.organisation = Some(siret(TOULOUSE))).err(), Some(ServiceFault::NotTheirs));
    assert_eq!(ordered(&order, |held| held.organisation = None).err(), Some(ServiceFault::NotTheirs));
    for (state, why) in [
        (HabilitationState::Suspended, NotLive::Suspended),
        (HabilitationState::Revoked, NotLive::Revoked),
        (HabilitationState::Obsolete, NotLive::Obsolete),
    ] {
        assert_eq!(ordered(&order, |held| held.state = state).err(), Some(ServiceFault::NotLive(why)));
    }
    assert_eq!(ordered(&order, |held| held.until = Some(NOW)).err(), Some(ServiceFault::NotLive(NotLive::Expired)));
}

#[test]
fn keys_are_checked_and_lie_at_a_host_of_the_internet() {
    let by = |proof| ordered(&order(&[GRANTED], proof), |_| ());
    for bad in [json!({}), json!({"keys": []}), json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), json!("x")] {
        assert!(matches!(by(Proof::Keys(bad.clone())), Err(ServiceFault::Keys(_))), "{bad}");
    }
    for bad in [
        "http://cantine.ville-de-lyon.fr/jwks",
        "https://127.0.0.1/jwks",
        "https://localhost/jwks",
        "https://169.254.169.254/latest",
        "https://redis.internal/jwks",
        "https://cle.127.0.0.1.nip.io/jwks",
    ] {
        assert!(matches!(by(Proof::KeysAt(bad.to_owned())), Err(ServiceFault::KeysAt(_))), "{bad}");
    }
    let at = by(Proof::KeysAt("https://cantine.ville-de-lyon.fr/jwks".to_owned())).expect("fits");
    assert!(at.secrets.is_empty(), "keys go without a secret");
    assert!(by(Proof::Certificate("cantine.ville-de-lyon.fr".to_owned())).is_ok());
    assert!(matches!(by(Proof::Certificate("a b".to_owned())), Err(ServiceFault::Certificate(_))));
}

#[test]
fn what_the_operator_stopped_the_operator_lets_go_on() {
    let partner = |memberships: &[(&str, OrganisationRole)], operator: OperatorRoles| Partner {
        id: PartnerId::from_random([1; 16]),
        name: Name::parse("Nadia").expect("a name"),
        mail: contact(),
        state: PartnerState::Active,
        memberships: memberships.iter().map(|(number, role)| (siret(number), *role)).collect(),
        operator,
        passkeys: Vec::new(),
        way_back: WayBack::None,
        left: BTreeSet::new(),
        lineage: crate::partners::lineage::Lineage::none(),
    };
    let own = [(LYON, OrganisationRole::Admin)];
    let by = Author::Partner(PartnerId::from_random([1; 16]));
    let theirs = |author: &Partner| is_theirs_to_turn_on(&by, Some(author), siret(LYON));
    assert!(theirs(&partner(&own, OperatorRoles::new())));
    assert!(!theirs(&partner(&[(TOULOUSE, OrganisationRole::Admin)], OperatorRoles::new())));
    assert!(!theirs(&partner(&own, [OperatorRole::Admin].into())), "of the operator, too");
    assert!(!is_theirs_to_turn_on(&by, None, siret(LYON)));
    let author = partner(&own, OperatorRoles::new());
    for by in [Author::Operator, Author::Platform, Author::Clock] {
        assert!(!is_theirs_to_turn_on(&by, Some(&author), siret(LYON)));
    }
}
