//! Who may not do what at a desk: colleagues who look too, agents and communes that are not there yet, passkeys that are
//! somebody else's. Each is refused under a code of its own, and what was under way goes on.

use conformance::agent::{self, Agent, COMMUNE};
use conformance::citizen::Page;
use conformance::jose;
use conformance::or_skip;
use conformance::phone::Act;
use conformance::tools::Tool;
use serde_json::Value;

use super::counter::{Counter, SAME_PERSON, state};
use super::people::Townhall;
use crate::journey::{eventually, expect};

/// An agent who was trained and is authorised for as long as any test runs.
const DATES: [&str; 8] =
    ["--agent", "--trained", "2020-01-01", "--from", "2020-01-01", "--until", "2199-12-31", "--json"];

/// Says as a second pair of eyes that it is the same person; the page after.
async fn says_yes(agent: &mut Agent, case: &Page) -> Page {
    let second = expect(agent.open(case.url.path()).await.unwrap(), "desk-face");
    agent.open(&second.attribute("figure img", "src").unwrap()).await.unwrap();
    agent.browser.press(&second, SAME_PERSON, &[]).await.unwrap()
}

#[tokio::test]
async fn a_colleague_looks_too_who_has_said_who_they_are_and_is_not_close_to_the_citizen() {
    let mut counter = Counter::open().await;
    let installation = counter.journey.scene.gateway.installation().clone();
    let who = ["agents", "invite", "--commune", COMMUNE, "--name", "Angela Dubois", "--mail", "ad@mairie.exemple.fr"];
    let invited = agent::run(&installation, &[&who[..], &DATES].concat()).await.unwrap();
    let invited: Value = serde_json::from_str(&invited).unwrap();
    let mut namesake = Agent::at(&counter.origin);
    expect(namesake.come(invited["link"].as_str().unwrap()).await.unwrap(), "desk-home");
    expect(namesake.declare("Dubois").await.unwrap(), "desk-account");
    let invited = agent::invite(&installation, COMMUNE, "Samir", &["--agent"]).await.unwrap();
    let mut samir = Agent::at(&counter.origin);
    expect(samir.come(&invited.link).await.unwrap(), "desk-home");

    let (mut phone, qr) = counter.asks("angela").await;
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    let photo = face.attribute("figure img", "src").unwrap();
    counter.nadia.open(&photo).await.unwrap();
    let household = [("foyer", "oui")];
    let waits = counter.nadia.browser.press(&face, SAME_PERSON, &household).await.unwrap();
    assert!(expect(waits, "desk-face").has("main[data-waiting]"));

    assert_eq!(says_yes(&mut namesake, &face).await.refusal(), "desk.second_is_close");
    assert_eq!(says_yes(&mut samir, &face).await.refusal(), "desk.second_undeclared");
    assert_eq!(state(&mut phone).await, "at_desk", "neither yes counted");
    expect(samir.declare("Samir").await.unwrap(), "desk-account");
    let done = expect(says_yes(&mut samir, &face).await, "desk-outcome");
    assert_eq!(done.attribute("main", "data-outcome").unwrap(), "approved");
    assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");
}

#[tokio::test]
async fn a_case_faster_than_eyes_and_an_agent_faster_than_hands_are_told_to_who_watches() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    counter.certified("angela").await;
    let told = |counter: &Counter, code: &str| {
        let lines = counter.journey.scene.gateway.process.last_lines(2_000);
        lines.into_iter().filter(|line| line.contains(&format!("\"{code}\""))).collect::<Vec<_>>()
    };
    let fast = eventually("the alarm", async || told(&counter, "desk.alarm_fast_case").pop()).await;
    assert!(fast.contains("\"WARN\"") && fast.contains(COMMUNE) && !fast.contains("DUBOIS"), "{fast}");
    assert_eq!(told(&counter, "desk.alarm_many_cases"), Vec::<String>::new(), "one is not many");

    // Nineteen more within the hour, as the registry would have them; the next is the twenty-first.
    let columns = "commune, agent, opened, decided, outcome, version";
    let many = format!(
        "INSERT INTO desk_cases (id, {columns}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19) \
         SELECT 'made-' || i, {columns} FROM desk_cases, n"
    );
    counter.journey.sql(&many).unwrap();
    assert_eq!(counter.journey.sql("SELECT COUNT(*) FROM desk_cases").unwrap(), "20");
    counter.certified("pierre").await;
    let many = eventually("the alarm", async || told(&counter, "desk.alarm_many_cases").pop()).await;
    assert!(many.contains("\"WARN\"") && many.contains(COMMUNE), "{many}");
}

#[tokio::test]
async fn a_commune_and_an_agent_certify_from_their_day_on_and_after_the_training() {
    let mut counter = Counter::open().await;
    let installation = counter.journey.scene.gateway.installation().clone();
    let who = ["agents", "invite", "--commune", COMMUNE, "--name", "Samir", "--mail", "samir@mairie.exemple.fr"];
    let dates = ["--agent", "--from", "2020-01-01", "--until", "2199-12-31", "--json"];
    let invited: Value =
        serde_json::from_str(&agent::run(&installation, &[&who[..], &dates].concat()).await.unwrap()).unwrap();
    let mut samir = Agent::at(&counter.origin);
    expect(samir.come(invited["link"].as_str().unwrap()).await.unwrap(), "desk-account");
    let (mut phone, qr) = counter.asks("angela").await;
    let case = expect(counter.scan(&qr).await, "desk-card");
    assert_eq!(samir.open(case.url.path()).await.unwrap().refusal(), "agent.untrained");
    agent::run(&installation, &["communes", "set", COMMUNE, "--state", "enrolled"]).await.unwrap();
    assert_eq!(counter.nadia.open(case.url.path()).await.unwrap().refusal(), "agent.commune_not_certifying");
    agent::run(&installation, &["communes", "set", COMMUNE, "--state", "certifying", "--from", "2020-01-01"])
        .await
        .unwrap();
    expect(counter.nadia.open(case.url.path()).await.unwrap(), "desk-card");
    let id = invited["id"].as_str().unwrap();
    agent::run(&installation, &["agents", "set", id, "--trained", "2020-01-01"]).await.unwrap();
    assert_eq!(samir.open(case.url.path()).await.unwrap().refusal(), "desk.other_agent", "on duty, and not theirs");
    assert_eq!(state(&mut phone).await, "at_desk", "the case is where it was");
}

/// The same answer of an authenticator under the id of another passkey of the same length: with no attestation nobody signed
/// which one it is.
fn under_the_id_of(credential: &str, other: &str) -> String {
    let mut made: Value = serde_json::from_str(credential).unwrap();
    let [own, other] = [made["rawId"].as_str().unwrap(), other].map(|id| jose::decode(id).unwrap());
    assert_eq!(own.len(), other.len());
    let mut object = jose::decode(made["response"]["attestationObject"].as_str().unwrap()).unwrap();
    let at = object.windows(own.len()).position(|window| window == own).unwrap();
    object[at..at + own.len()].copy_from_slice(&other);
    made["id"] = jose::encode(&other).into();
    made["rawId"] = jose::encode(&other).into();
    made["response"]["attestationObject"] = jose::encode(&object).into();
    made.to_string()
}

#[tokio::test]
async fn a_passkey_is_registered_once_the_last_one_stays_and_there_are_eight_at_most() {
    let hall = Townhall::open().await;
    let first = hall.invite("Nadia", &["--agent"]).await;
    let mut nadia = Agent::at(&hall.origin);
    let page = expect(nadia.browser.open(&first.link).await.unwrap(), "desk-register");
    let credential = nadia.make(&page).await.unwrap();
    let button = "form[data-step=register] button";
    let fields = [("credential", credential.as_str()), ("name", "Poste 1")];
    let ready = nadia.browser.press(&page, button, &fields).await.unwrap();
    expect(nadia.enter(&ready).await.unwrap(), "desk-account");
    let known: Value = serde_json::from_str(&credential).unwrap();

    // Somebody else who is invited: with nothing, and with the id of that passkey.
    let second = hall.invite("Samir", &["--agent"]).await;
    let mut samir = Agent::at(&hall.origin);
    let page = expect(samir.browser.open(&second.link).await.unwrap(), "desk-register");
    let nothing = samir.browser.press(&page, button, &[("credential", "{}"), ("name", "Poste 2")]).await.unwrap();
    assert_eq!(expect(nothing, "desk-register").refusal(), "agent.registration_refused");
    let page = expect(samir.browser.open(&second.link).await.unwrap(), "desk-register");
    let taken = under_the_id_of(&samir.make(&page).await.unwrap(), known["rawId"].as_str().unwrap());
    let taken = samir.browser.press(&page, button, &[("credential", &taken), ("name", "Poste 2")]).await.unwrap();
    assert_eq!(taken.refusal(), "agent.passkey_known");
    expect(nadia.sign_in().await.unwrap(), "desk-account");
    expect(samir.come(&second.link).await.unwrap(), "desk-account");

    // The one passkey does not go; a ninth does not come.
    let account = expect(nadia.open("/guichet/compte").await.unwrap(), "desk-account");
    assert!(!account.has("form[data-step=withdraw-passkey]"), "it is not even offered");
    let csrf = account.attribute("form[data-step=sign-out] input[name=csrf]", "value").unwrap();
    let id = account.attribute("[data-passkey]", "data-passkey").unwrap();
    let fields = [("csrf", &csrf), ("passkey", &id)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let withdraw = format!("{}/guichet/compte/cle/retrait", hall.origin);
    let last = nadia.browser.post_from(&hall.origin, &withdraw, &body).await.unwrap();
    assert_eq!(last.refusal(), "agent.passkey_last");
    let own = nadia.passkey.clone();
    for at in 2..=8 {
        let page = expect(nadia.open("/guichet/compte/cle").await.unwrap(), "desk-register");
        let account = expect(nadia.add(&page, &format!("Clé {at}")).await.unwrap(), "desk-account");
        assert_eq!(account.count("[data-passkey]"), at);
    }
    assert_eq!(nadia.open("/guichet/compte/cle").await.unwrap().refusal(), "agent.passkeys_too_many");
    nadia.passkey = own;
    expect(nadia.sign_in().await.unwrap(), "desk-account");
}
