use super::*;
use crate::people::commune::CommuneState;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch(seconds)
}

fn commune(state: CommuneState) -> Commune {
    let (code, name) = (CommuneCode::parse("75056").expect("a code"), Name::parse("Paris").expect("a name"));
    Commune { code, name, state }
}

fn certifying() -> Commune {
    commune(CommuneState::Certifying { from: at(50) })
}

fn agent(roles: &[Role]) -> Agent {
    Agent {
        id: AgentId::from_random([1; 16]),
        commune: CommuneCode::parse("75056").expect("a code"),
        name: Name::parse("Nadia").expect("a name"),
        mail: MailAddress::parse("nadia@exemple.fr").expect("an address"),
        terms: Terms {
            roles: Roles::of(roles.iter().copied()).expect("some"),
            trained: Some(at(60)),
            authorised: Some(Period::new(at(100), at(200)).expect("in order")),
        },
        state: AgentState::Active,
        declared: Declared::default(),
    }
}

#[test]
fn an_agent_certifies_when_everything_holds_and_not_a_second_before_or_after() {
    let agent = agent(&[Role::Agent]);
    let proof = agent.may(Certify, &certifying(), at(100)).expect("on duty");
    assert_eq!((proof.agent(), proof.commune().as_str()), (&agent.id, "75056"));
    assert!(agent.may(Certify, &certifying(), at(199)).is_ok());
    for outside in [99, 200, 10_000] {
        let refused = agent.may(Certify, &certifying(), at(outside)).map(|_| ());
        assert_eq!(refused, Err(NotOnDuty::NotAuthorised), "{outside}");
    }
}

#[test]
fn what_keeps_an_agent_from_certifying_is_told_apart() {
    let now = at(150);
    let refused = |agent: &Agent, commune: &Commune| agent.may(Certify, commune, now).map(|_| ()).expect_err("refused");
    let good = || agent(&[Role::Agent]);
    for state in [AgentState::Invited, AgentState::Removed] {
        assert_eq!(refused(&Agent { state, ..good() }, &certifying()), NotOnDuty::NotActive);
    }
    let elsewhere = CommuneCode::parse("13055").expect("a code");
    assert_eq!(refused(&Agent { commune: elsewhere, ..good() }, &certifying()), NotOnDuty::OtherCommune);
    assert_eq!(refused(&agent(&[Role::CommuneAdmin]), &certifying()), NotOnDuty::Role);
    let terms = |terms: Terms| Agent { terms, ..good() };
    let never = terms(Terms { authorised: None, ..good().terms });
    assert_eq!(refused(&never, &certifying()), NotOnDuty::NotAuthorised);
    for trained in [None, Some(at(151))] {
        assert_eq!(refused(&terms(Terms { trained, ..good().terms }), &certifying()), NotOnDuty::Untrained);
    }
    for state in [CommuneState::Enrolled, CommuneState::Postponed, CommuneState::Certifying { from: at(151) }] {
        assert_eq!(refused(&good(), &commune(state)), NotOnDuty::CommuneNotCertifying);
    }
}

#[test]
fn an_admin_administers_before_the_desk_certifies_and_within_their_dates_alone() {
    let admin = agent(&[Role::CommuneAdmin]);
    assert!(admin.may(Administer, &commune(CommuneState::Enrolled), at(150)).is_ok());
    let refused = |agent: &Agent, now| agent.may(Administer, &certifying(), now).map(|_| ()).expect_err("refused");
    assert_eq!(refused(&admin, at(200)), NotOnDuty::NotAuthorised);
    assert_eq!(refused(&agent(&[Role::Agent]), at(150)), NotOnDuty::Role);
    let both = agent(&[Role::Agent, Role::CommuneAdmin]);
    assert!(both.may(Administer, &certifying(), at(150)).is_ok() && both.may(Certify, &certifying(), at(150)).is_ok());
}

#[test]
fn what_was_kept_reads_back_and_what_is_impossible_does_not() {
    let agent = agent(&[Role::Agent, Role::CommuneAdmin]);
    let kept = serde_json::to_string(&agent).expect("plain");
    assert_eq!(serde_json::from_str::<Agent>(&kept).expect("its own text"), agent);
    for (good, bad) in [(r#"["agent","commune_admin"]"#, "[]"), ("[100,200]", "[200,200]")] {
        assert!(kept.contains(good), "{kept}");
        assert!(serde_json::from_str::<Agent>(&kept.replace(good, bad)).is_err(), "{bad}");
    }
}
