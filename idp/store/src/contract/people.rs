//! Cases for communes, agents, passkeys and readers.

use domain::id::{AgentId, Kid, PasskeyId, ReaderId};
use domain::jose::{SigningAlgorithm, SigningKey};
use domain::journal::{AgentChange, ReaderChange};
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::agent::{Agent, AgentState, Period, Role, Roles, Terms};
use domain::people::commune::{Commune, CommuneCode, CommuneState};
use domain::people::invitation::Invitation;
use domain::people::name::{MailAddress, Name};
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use domain::secret::Bearer;
use domain::time::Lifetime;

use super::{CANARY, Offices, at_once, bearer, for_each_engine, kinds, now, random};
use crate::StoreError;
use crate::ephemeral::Put;
use crate::journal::Verdict;
use crate::registry::{Accepted, KeptPasskey, Registry, TeamChange, TeamVersion, Updated};

for_each_engine!(offices: sqlite, postgres; {
    a_commune_comes_back_as_it_was_kept,
    an_invitation_is_taken_by_one_of_many,
    an_invitation_ends_and_a_new_one_takes_its_place,
    a_decision_on_a_team_that_changed_is_not_kept,
    who_is_removed_has_no_way_in_left,
    passkeys_are_added_and_withdrawn_as_they_were_decided_on,
    a_row_that_was_moved_or_made_up_opens_nothing,
    a_key_is_that_of_one_reader_and_a_withdrawn_reader_stays_so,
    of_two_who_decide_on_a_reader_at_once_the_second_decides_again,
    what_is_done_to_people_is_journalled_with_it,
});

fn code() -> CommuneCode {
    CommuneCode::parse("75056").expect("a code")
}

fn commune() -> Commune {
    Commune { code: code(), name: Name::parse("Val-Fleuri").expect("a name"), state: CommuneState::Enrolled }
}

fn agent(name: &str) -> Agent {
    let period = Period::new(now(), now().plus(Lifetime::seconds(86_400))).expect("in order");
    Agent {
        id: AgentId::from_random(random()),
        commune: code(),
        name: Name::parse(name).expect("a name"),
        mail: MailAddress::parse(&format!("{name}@exemple.fr")).expect("an address"),
        terms: Terms { roles: Roles::of([Role::Agent]).expect("one"), trained: Some(now()), authorised: Some(period) },
        state: AgentState::Invited,
        declared: domain::cnie::case::Declared::default(),
    }
}

fn passkey(agent: &Agent) -> KeptPasskey {
    KeptPasskey {
        id: PasskeyId::of(&random::<16>()),
        owner: agent.id.clone(),
        name: Name::parse(&format!("Clé de {CANARY}")).expect("a name"),
        credential: format!("{{\"{CANARY}\":1}}"),
        added: now(),
        last_used: None,
    }
}

fn note(agent: &Agent) -> Notice {
    let message = Message::PasskeyAdded {
        agent: CANARY.to_owned(),
        commune: "Val-Fleuri".to_owned(),
        passkey: CANARY.to_owned(),
        at: now(),
    };
    Notice { to: agent.mail.as_str().to_owned(), language: Language::French, message }
}

async fn version(registry: &Registry) -> TeamVersion {
    registry.team(&code()).await.expect("reads").expect("is enrolled").1
}

/// Keeps an agent who is invited, and gives the secret of the invitation.
async fn invite(registry: &Registry, agent: &Agent) -> Bearer<Invitation> {
    let (secret, notice) = (bearer(), note(agent));
    let act = AgentChange::Invited(agent.terms.clone());
    let change = TeamChange { agent, act: &act, by: None, invitation: Some((&secret, &notice)) };
    let seen = version(registry).await;
    assert_eq!(registry.change_team(&change, seen, now()).await.expect("writes"), Put::Fresh);
    secret
}

/// Keeps an agent who has come, and gives their passkey.
async fn active(registry: &Registry, agent: &Agent) -> KeptPasskey {
    let (secret, passkey) = (invite(registry, agent).await, passkey(agent));
    let accepted = registry.accept_invitation(&secret, &passkey, &note(agent), now()).await.expect("writes");
    assert_eq!(accepted, Accepted::Done);
    passkey
}

/// A commune with an agent called `name` who has come, and one who is invited.
pub(super) async fn settled(registry: &Registry, name: &str) {
    assert_eq!(registry.insert_commune(&commune(), now()).await.expect("writes"), Put::Fresh);
    active(registry, &agent(name)).await;
    invite(registry, &agent(&format!("{name}-2"))).await;
    let reader = Reader { name: Name::parse(name).expect("a name"), ..reader() };
    assert_eq!(registry.insert_reader(&reader, None, now()).await.expect("writes"), Put::Fresh);
}

fn reader() -> Reader {
    let key = SigningKey::generate(SigningAlgorithm::Es256, Kid::parse("k").expect("plain")).expect("works");
    Reader {
        id: ReaderId::from_random(random()),
        commune: code(),
        name: Name::parse("Guichet 1").expect("a name"),
        key: ReaderKey::of(key.public().document()).expect("P-256"),
        state: ReaderState::Registered,
        proved: None,
    }
}

async fn enrolled(offices: &Offices) {
    assert_eq!(offices.one.insert_commune(&commune(), now()).await.expect("writes"), Put::Fresh);
}

async fn a_commune_comes_back_as_it_was_kept(offices: Offices) {
    let (one, two) = (&offices.one, &offices.two);
    assert!(one.commune(&code()).await.expect("reads").is_none());
    assert_eq!(one.update_commune(&commune(), now()).await.expect("writes"), Updated::Missing);
    enrolled(&offices).await;
    assert_eq!(two.insert_commune(&commune(), now()).await.expect("writes"), Put::Taken);
    for state in [CommuneState::Certifying { from: now() }, CommuneState::Postponed, CommuneState::Enrolled] {
        let changed = Commune { state, name: Name::parse("Val-Fleuri-sur-Mer").expect("a name"), ..commune() };
        assert_eq!(one.update_commune(&changed, now()).await.expect("writes"), Updated::Done);
        assert_eq!(two.commune(&code()).await.expect("reads"), Some(changed.clone()));
        assert_eq!(two.communes().await.expect("reads"), [changed]);
    }
    let (team, _) = two.team(&code()).await.expect("reads").expect("is enrolled");
    assert!(team.agents.is_empty());
}

async fn an_invitation_is_taken_by_one_of_many(offices: Offices) {
    enrolled(&offices).await;
    let agent = agent("nadia");
    let secret = invite(&offices.one, &agent).await;
    let invited = offices.two.invited(&secret, now()).await.expect("reads").expect("is invited");
    assert_eq!(invited, agent);
    assert!(offices.two.invited(&bearer(), now()).await.expect("reads").is_none());
    let answers = at_once(10, offices.both(), |node, _| {
        let (secret, agent) = (secret.clone(), agent.clone());
        async move { node.accept_invitation(&secret, &passkey(&agent), &note(&agent), now()).await.expect("writes") }
    });
    let done = answers.await.into_iter().filter(|accepted| *accepted == Accepted::Done).count();
    assert_eq!(done, 1);
    let post = offices.one.post(&agent.id).await.expect("reads").expect("is there");
    assert_eq!((post.agent.state, post.passkeys.len(), post.commune), (AgentState::Active, 1, commune()));
    assert!(offices.one.invited(&secret, now()).await.expect("reads").is_none());
}

async fn an_invitation_ends_and_a_new_one_takes_its_place(offices: Offices) {
    enrolled(&offices).await;
    let (one, agent) = (&offices.one, agent("nadia"));
    let first = invite(one, &agent).await;
    let last = now().plus(Invitation::LIFE);
    let before = domain::time::Timestamp::from_epoch(last.epoch() - 1);
    assert!(one.invited(&first, before).await.expect("reads").is_some());
    assert!(one.invited(&first, last).await.expect("reads").is_none());
    let late = one.accept_invitation(&first, &passkey(&agent), &note(&agent), last).await.expect("reads");
    assert_eq!(late, Accepted::Gone);
    let second = invite(one, &agent).await;
    let old = one.accept_invitation(&first, &passkey(&agent), &note(&agent), now()).await.expect("reads");
    assert_eq!(old, Accepted::Gone, "of two invitations the last counts");
    let stranger = self::agent("autre");
    let stolen = one.accept_invitation(&second, &passkey(&stranger), &note(&agent), now()).await.expect("reads");
    assert_eq!(stolen, Accepted::Gone, "a passkey made for another");
    assert_eq!(one.forget_invitations(last).await.expect("writes"), 1);
}

async fn a_decision_on_a_team_that_changed_is_not_kept(offices: Offices) {
    enrolled(&offices).await;
    let admins = ["nadia", "samir"].map(agent);
    for admin in &admins {
        active(&offices.one, admin).await;
    }
    let (team, seen) = offices.one.team(&code()).await.expect("reads").expect("is enrolled");
    assert!(team.agents.iter().all(|agent| agent.state == AgentState::Active));
    // Each removes the other, on the same reading.
    let answers = at_once(2, offices.both(), |node, at| {
        let mut gone = team.agents[at as usize].clone();
        gone.state = AgentState::Removed;
        async move {
            let change = TeamChange { agent: &gone, act: &AgentChange::Removed, by: None, invitation: None };
            node.change_team(&change, seen, now()).await.expect("writes")
        }
    });
    let mut answers = answers.await;
    answers.sort_by_key(|put| *put == Put::Taken);
    assert_eq!(answers, [Put::Fresh, Put::Taken]);
    let (team, _) = offices.two.team(&code()).await.expect("reads").expect("is enrolled");
    assert_eq!(team.present().count(), 1);
}

async fn who_is_removed_has_no_way_in_left(offices: Offices) {
    enrolled(&offices).await;
    let (one, two) = (&offices.one, &offices.two);
    let agent = agent("nadia");
    let passkey = active(one, &agent).await;
    let secret = invite(one, &agent).await;
    assert!(two.passkey(&passkey.id).await.expect("reads").is_none(), "an invitation takes the place of passkeys");
    let gone = Agent { state: AgentState::Removed, ..agent.clone() };
    let change = TeamChange { agent: &gone, act: &AgentChange::Removed, by: None, invitation: None };
    assert_eq!(one.change_team(&change, version(one).await, now()).await.expect("writes"), Put::Fresh);
    assert!(two.invited(&secret, now()).await.expect("reads").is_none());
    let accepted = two.accept_invitation(&secret, &self::passkey(&agent), &note(&agent), now()).await;
    assert_eq!(accepted.expect("reads"), Accepted::Gone);
    let post = two.post(&agent.id).await.expect("reads").expect("is remembered");
    assert_eq!((post.agent.state, post.passkeys.len()), (AgentState::Removed, 0));
    // The address is free again.
    invite(one, &self::agent("nadia")).await;
}

async fn passkeys_are_added_and_withdrawn_as_they_were_decided_on(offices: Offices) {
    enrolled(&offices).await;
    let (one, two) = (&offices.one, &offices.two);
    let agent = agent("nadia");
    let first = active(one, &agent).await;
    let second = passkey(&agent);
    let known = [first.id.clone()];
    assert_eq!(one.add_passkey(&second, &[], &note(&agent), now()).await.expect("writes"), Put::Taken);
    assert_eq!(one.add_passkey(&second, &known, &note(&agent), now()).await.expect("writes"), Put::Fresh);
    let both = [first.id.clone(), second.id.clone()];
    assert_eq!(two.add_passkey(&first, &both, &note(&agent), now()).await.expect("writes"), Put::Taken, "registered");
    let mut used = two.passkey(&second.id).await.expect("reads").expect("is there");
    assert_eq!((&used.owner, &used.name, &used.credential), (&agent.id, &second.name, &second.credential));
    used.credential = "{\"counter\":2}".to_owned();
    assert_eq!(one.agent_signed_in(&agent, &used, now()).await.expect("writes"), Updated::Done);
    let kept = two.passkeys(&agent.id).await.expect("reads");
    assert!(kept.iter().any(|passkey| passkey.credential == used.credential && passkey.last_used == Some(now())));

    one.agent_signed_out(&agent, now()).await.expect("writes");
    let entries = two.entries(0, 100).await.expect("reads");
    let told = entries.iter().filter(|entry| entry.kind == "agent_changed").map(|entry| entry.details.as_str());
    let told: Vec<_> = told.rev().take(2).collect();
    assert!(told[0].contains("\"signed_out\"") && told[1].contains("\"signed_in\""), "{told:?}");
    assert!(told[1].contains(used.id.as_str()), "with which passkey: {told:?}");

    // Two browsers withdraw one each, on the same reading: one passkey stays.
    let answers = at_once(2, offices.both(), |node, at| {
        let (agent, both) = (agent.id.clone(), both.clone());
        async move { node.withdraw_passkey(&agent, &both[at as usize], &both, now()).await.expect("writes") }
    });
    let fresh = answers.await.into_iter().filter(|put| *put == Put::Fresh).count();
    assert_eq!((fresh, two.passkeys(&agent.id).await.expect("reads").len()), (1, 1));
    let before = two.entries(0, 100).await.expect("reads").len();
    let gone = KeptPasskey { id: PasskeyId::of(b"gone"), ..first };
    assert_eq!(one.agent_signed_in(&agent, &gone, now()).await.expect("writes"), Updated::Missing);
    assert_eq!(two.entries(0, 100).await.expect("reads").len(), before, "who does not come in is not said to");
}

async fn a_row_that_was_moved_or_made_up_opens_nothing(offices: Offices) {
    enrolled(&offices).await;
    let one = &offices.one;
    let (mine, other) = (agent("nadia"), agent("samir"));
    let passkey = active(one, &mine).await;
    active(one, &other).await;
    let tamper = async |text, id: &str, value: &str| {
        sqlx::query(text).bind(id).bind(value).execute(&one.writers).await.expect("tampers");
    };
    tamper("UPDATE passkeys SET agent = $2 WHERE id = $1", passkey.id.as_str(), other.id.as_str()).await;
    assert!(matches!(one.passkey(&passkey.id).await, Err(StoreError::Corrupt { what: "passkeys" })));
    let text = "UPDATE agents SET sealed = (SELECT sealed FROM agents WHERE id = $2) WHERE id = $1";
    tamper(text, mine.id.as_str(), other.id.as_str()).await;
    assert!(matches!(one.post(&mine.id).await, Err(StoreError::Corrupt { what: "agents" })));
}

async fn a_key_is_that_of_one_reader_and_a_withdrawn_reader_stays_so(offices: Offices) {
    enrolled(&offices).await;
    let (one, two, reader) = (&offices.one, &offices.two, reader());
    assert_eq!(one.insert_reader(&reader, None, now()).await.expect("writes"), Put::Fresh);
    let twin = Reader { id: ReaderId::from_random(random()), ..reader.clone() };
    assert_eq!(two.insert_reader(&twin, None, now()).await.expect("writes"), Put::Taken);
    assert_eq!(two.reader_with(reader.key.thumbprint()).await.expect("reads"), Some(reader.clone()));
    let withdrawn = reader.withdrawn().expect("it was not");
    for expected in [Put::Fresh, Put::Taken] {
        let both = (&reader, &withdrawn);
        assert_eq!(two.change_reader(both, ReaderChange::Withdrawn, None, now()).await.expect("writes"), expected);
    }
    assert_eq!(one.readers(&code()).await.expect("reads"), [withdrawn]);
    assert_eq!(one.insert_reader(&twin, None, now()).await.expect("writes"), Put::Taken, "its key is burnt");
}

async fn of_two_who_decide_on_a_reader_at_once_the_second_decides_again(offices: Offices) {
    enrolled(&offices).await;
    let (one, two) = (&offices.one, &offices.two);
    let proposed = Reader { state: ReaderState::Proposed, ..reader() };
    assert_eq!(one.insert_reader(&proposed, None, now()).await.expect("writes"), Put::Fresh);
    assert_eq!(two.readers_proposed().await.expect("reads"), std::slice::from_ref(&proposed));
    let proved = proposed.proving(now()).expect("its first call");
    let answers = at_once(6, offices.both(), |node, _| {
        let (proposed, proved) = (proposed.clone(), proved.clone());
        async move { node.change_reader((&proposed, &proved), ReaderChange::Proved, None, now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    // One withdraws what the other accepts.
    let [accepted, withdrawn] = [proved.accepted().expect("proved"), proved.withdrawn().expect("waits")];
    let answers = at_once(2, offices.both(), |node, at| {
        let (to, change) = match at {
            0 => (accepted.clone(), ReaderChange::Accepted),
            _ => (withdrawn.clone(), ReaderChange::Withdrawn),
        };
        let proved = proved.clone();
        async move { node.change_reader((&proved, &to), change, None, now()).await.expect("writes") }
    });
    assert_eq!(answers.await.into_iter().filter(|put| *put == Put::Fresh).count(), 1);
    assert_eq!(one.readers_proposed().await.expect("reads"), []);
    let told = |words: &str| {
        let expected = format!("\"change\":\"{words}\"");
        async move { one.entries(0, 100).await.expect("reads").iter().filter(|e| e.details.contains(&expected)).count() }
    };
    assert_eq!((told("proposed").await, told("proved").await), (1, 1));
    assert_eq!(told("accepted").await + told("withdrawn").await, 1);
    let key_of_another = Reader { key: reader().key, ..proved.clone() };
    let corrupt = one.change_reader((&proved, &key_of_another), ReaderChange::Accepted, None, now()).await;
    assert!(matches!(corrupt, Err(StoreError::Corrupt { .. })), "a reader keeps its key");
}

async fn what_is_done_to_people_is_journalled_with_it(offices: Offices) {
    let one = &offices.one;
    settled(one, "nadia").await;
    let told = kinds(one).await;
    let expected =
        ["commune_changed", "agent_changed", "agent_changed", "agent_changed", "agent_changed", "reader_changed"];
    assert_eq!(told, expected);
    let entries = one.entries(0, 100).await.expect("reads");
    let changes: Vec<String> = entries
        .iter()
        .map(|entry| {
            let details: serde_json::Value = serde_json::from_str(&entry.details).expect("JSON");
            details["change"].as_str().expect("a word").to_owned()
        })
        .collect();
    assert_eq!(changes, ["enrolled", "invited", "activated", "passkey_added", "invited", "registered"]);
    assert!(entries.iter().all(|entry| !entry.details.contains("nadia")), "by id alone");
    assert_eq!(one.verify_journal().await.expect("walks"), Verdict::Whole { entries: 6 });
}
