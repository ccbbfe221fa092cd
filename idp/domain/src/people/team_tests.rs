use super::*;
use crate::people::agent::{Period, Roles};
use crate::people::commune::CommuneState;

const NOW: Timestamp = Timestamp::from_epoch(150);

fn commune(code: &str) -> Commune {
    let code = CommuneCode::parse(code).expect("a code");
    Commune { code, name: Name::parse("Ville").expect("a name"), state: CommuneState::Enrolled }
}

fn terms(roles: &[Role], until: i64) -> Terms {
    Terms {
        roles: Roles::of(roles.iter().copied()).expect("some"),
        trained: None,
        authorised: Period::new(Timestamp::from_epoch(100), Timestamp::from_epoch(until)).ok(),
    }
}

fn id(number: u8) -> AgentId {
    AgentId::from_random([number; 16])
}

fn agent(number: u8, roles: &[Role], state: AgentState) -> Agent {
    Agent {
        id: id(number),
        commune: commune("75056").code,
        name: Name::parse("Nadia").expect("a name"),
        mail: MailAddress::parse(&format!("agent{number}@exemple.fr")).expect("an address"),
        terms: terms(roles, 200),
        state,
        declared: Declared::default(),
    }
}

fn team(agents: Vec<Agent>) -> Team {
    Team { commune: commune("75056"), agents }
}

fn admin(number: u8) -> Agent {
    agent(number, &[Role::CommuneAdmin], AgentState::Active)
}

fn on_duty(agent: &Agent) -> OnDuty<Administer> {
    agent.may(Administer, &commune(agent.commune.as_str()), NOW).expect("on duty")
}

#[test]
fn an_admin_decides_on_others_and_never_on_their_own_terms() {
    let team = team(vec![admin(1), agent(2, &[Role::Agent], AgentState::Active)]);
    let duty = on_duty(&team.agents[0]);
    let new = Change::Terms(terms(&[Role::Agent], 900));
    let changed = team.change(By::Admin(&duty), &id(2), new.clone(), NOW).expect("another's");
    assert_eq!(changed.terms, terms(&[Role::Agent], 900));
    assert_eq!(team.change(By::Admin(&duty), &id(1), new.clone(), NOW), Err(NotChanged::OwnTerms));
    assert_eq!(team.change(By::Operator, &id(1), new, NOW).map(|_| ()), Ok(()), "the operator may");
}

#[test]
fn the_last_admin_neither_goes_nor_loses_the_way_in() {
    let others = [
        agent(2, &[Role::CommuneAdmin], AgentState::Invited),
        agent(3, &[Role::CommuneAdmin], AgentState::Removed),
        agent(4, &[Role::Agent], AgentState::Active),
        Agent { terms: terms(&[Role::CommuneAdmin], 150), ..admin(5) },
        Agent { terms: Terms { authorised: None, ..admin(6).terms }, ..admin(6) },
    ];
    let alone = team([vec![admin(1)], others.to_vec()].concat());
    let duty = on_duty(&alone.agents[0]);
    for change in [Change::Remove, Change::Renew] {
        assert_eq!(alone.change(By::Admin(&duty), &id(1), change.clone(), NOW), Err(NotChanged::LastAdmin));
        assert!(alone.change(By::Operator, &id(1), change.clone(), NOW).is_ok());
        assert!(alone.change(By::Admin(&duty), &id(4), change, NOW).is_ok(), "another stays changeable");
    }
    let two = team(vec![admin(1), admin(7)]);
    let removed = two.change(By::Admin(&duty), &id(1), Change::Remove, NOW).expect("one is left");
    assert_eq!(removed.state, AgentState::Removed);
}

#[test]
fn an_admin_of_another_commune_changes_nothing_here() {
    let team = team(vec![admin(1), admin(2)]);
    let elsewhere = Agent { commune: commune("13055").code, ..admin(9) };
    let duty = on_duty(&elsewhere);
    let refused = team.change(By::Admin(&duty), &id(1), Change::Remove, NOW);
    assert_eq!(refused, Err(NotChanged::OtherCommune));
    let newcomer = Newcomer { name: admin(3).name, mail: admin(3).mail, terms: admin(3).terms };
    assert_eq!(team.invite(By::Admin(&duty), newcomer, id(3)), Err(NotChanged::OtherCommune));
}

#[test]
fn who_is_removed_is_gone_for_good_and_leaves_the_address_free() {
    let team = team(vec![admin(1), agent(2, &[Role::Agent], AgentState::Removed)]);
    let duty = on_duty(&team.agents[0]);
    for change in [Change::Remove, Change::Renew, Change::Terms(terms(&[Role::Agent], 900))] {
        assert_eq!(team.change(By::Admin(&duty), &id(2), change, NOW), Err(NotChanged::Unknown));
    }
    let newcomer = |mail: &str| Newcomer {
        name: admin(3).name,
        mail: MailAddress::parse(mail).expect("an address"),
        terms: terms(&[Role::Agent], 900),
    };
    let invited = team.invite(By::Admin(&duty), newcomer("agent2@exemple.fr"), id(3)).expect("free again");
    assert_eq!((invited.state, invited.commune.as_str()), (AgentState::Invited, "75056"));
    let taken = team.invite(By::Admin(&duty), newcomer("Agent1@Exemple.FR"), id(3));
    assert_eq!(taken, Err(NotChanged::MailTaken));
}

#[test]
fn an_agent_declares_who_they_are_once_and_keeps_it_through_another_invitation() {
    let team = team(vec![admin(1), agent(2, &[Role::Agent], AgentState::Invited)]);
    let born = |day| crate::identity::pivot::Birthdate::parse(day).expect("a day");
    let mark = |day| PersonMark::of("Berger", born(day), &crate::cnie::card::CardSecret::new([1; 32]));
    let declared = team.declare(&id(1), mark("1990-03-04")).expect("the first time");
    assert_eq!(declared.declared.person, Some(mark("1990-03-04")));
    assert_eq!(team.declare(&id(2), mark("1990-03-04")), Err(NotChanged::Unknown), "not in yet");
    let team = self::team(vec![declared.clone(), admin(3)]);
    assert_eq!(team.declare(&id(1), mark("1991-03-04")), Err(NotChanged::Declared));
    let renewed = team.change(By::Operator, &id(1), Change::Renew, NOW).expect("the operator may");
    assert_eq!(renewed.declared, declared.declared);
}

#[test]
fn what_an_agent_declared_is_put_right_by_another_who_says_the_same() {
    let born = |day| crate::identity::pivot::Birthdate::parse(day).expect("a day");
    let mark = |day| PersonMark::of("Berger", born(day), &crate::cnie::card::CardSecret::new([1; 32]));
    let (wrong, right) = (mark("1990-03-04"), mark("1990-04-03"));
    let admins = team(vec![admin(1), admin(2)]);
    assert_eq!(admins.ask_correction(&id(1), right), Err(NotChanged::NothingAsked), "declares instead");
    let declared = admins.declare(&id(1), wrong).expect("the first time");
    let [own, other] = [on_duty(&admins.agents[0]), on_duty(&admins.agents[1])];
    let team = Team { agents: vec![declared, admin(2)], ..admins };
    assert_eq!(team.correct(By::Admin(&other), &id(1), right), Err(NotChanged::NothingAsked));
    let asked = team.ask_correction(&id(1), right).expect("declared");
    assert_eq!(asked.declared.person, Some(wrong), "it counts until it is put right");
    let team = Team { agents: vec![asked, admin(2)], ..team };
    assert_eq!(team.correct(By::Admin(&own), &id(1), right), Err(NotChanged::OwnDeclaration));
    assert_eq!(team.correct(By::Admin(&other), &id(1), wrong), Err(NotChanged::Differs));
    let elsewhere = on_duty(&Agent { commune: commune("13055").code, ..admin(9) });
    assert_eq!(team.correct(By::Admin(&elsewhere), &id(1), right), Err(NotChanged::OtherCommune));
    let corrected = team.correct(By::Admin(&other), &id(1), right).expect("both say so");
    assert_eq!((corrected.declared.person, corrected.declared.asked), (Some(right), None));
    assert_eq!(corrected.declared.former, [wrong], "whom they once declared to be they do not certify");
    let team = Team { agents: vec![corrected, admin(2)], ..team };
    let back = team.correct(By::Operator, &id(1), wrong).expect("the operator needs no request");
    assert_eq!((back.declared.person, back.declared.former.as_slice()), (Some(wrong), [right].as_slice()));
}
