//! A citizen's identity certified at the desk of a town hall: a telephone, a card, an agent with a passkey, a reader.

use conformance::agent::{self, Agent, COMMUNE};
use conformance::authority::Status;
use conformance::card::Holder;
use conformance::desk_reader::{DeskReader, Fingerprint, Turn};
use conformance::or_skip;
use conformance::phone::Act;
use conformance::tools::Tool;
use serde_json::{Value, json};

use super::counter::{Counter, ask_again, enter, refused, state};
use crate::journey::expect;

#[tokio::test]
async fn card_finger_and_face_certify_an_identity_and_card_and_code_complete_it() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let (mut phone, qr) = counter.asks("angela").await;
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    assert_eq!(face.text("[data-fact=surname]").as_deref(), Some("DUBOIS"));
    assert!(face.body.contains("simulateur – non certifié"), "{}", face.brief());
    let yes = "form[data-step=same-person] button";
    let unseen = counter.nadia.browser.press(&face, yes, &[]).await.unwrap();
    assert_eq!(unseen.refusal(), "desk.photo_unseen");
    let photo = face.attribute("figure img", "src").unwrap();
    let shown = counter.nadia.open(&photo).await.unwrap();
    assert_eq!((shown.status.as_u16(), shown.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    assert!(
        !Agent::at(&counter.origin).open(&photo).await.unwrap().url.path().contains("photo"),
        "not without a session"
    );
    assert_eq!(state(&mut phone).await, "at_desk");

    let done = expect(counter.nadia.browser.press(&face, yes, &[]).await.unwrap(), "desk-outcome");
    assert_eq!(done.attribute("main", "data-outcome").unwrap(), "approved");
    // A second click follows the first, and the photo is gone.
    let again = counter.nadia.browser.press(&face, yes, &[]).await.unwrap();
    assert_eq!(again.attribute("main", "data-outcome").unwrap(), "approved");
    assert_eq!(counter.nadia.open(&photo).await.unwrap().refusal(), "desk.case_over");

    assert_eq!(state(&mut phone).await, "awaiting_activation");
    assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");
    let home = expect(counter.nadia.open("/guichet").await.unwrap(), "desk-home");
    assert!(home.has("[data-median]") && home.count("[data-today] li") == 1, "{}", home.brief());
    assert!(!home.body.contains("DUBOIS"), "the list of the day has no names");
    let decided = counter.decided();
    assert!(decided.len() == 1 && decided[0].contains("approved") && !decided[0].contains("DUBOIS"), "{decided:?}");
}

#[tokio::test]
async fn the_photo_reaches_the_agent_in_a_format_that_browsers_show() {
    let mut counter = Counter::open().await;
    for (name, profile, format, first) in [
        ("angela", "genuine", "image/jpeg", "JFIF"),
        ("hugo", "jpeg2000_face", "image/png", "PNG"),
        ("luc", "codestream_face", "image/png", "PNG"),
    ] {
        counter.hand(name, profile);
        let (_, qr) = counter.asks(name).await;
        let face = expect(counter.up_to_the_face(name, &qr).await, "desk-face");
        let shown = counter.nadia.open(&face.attribute("figure img", "src").unwrap()).await.unwrap();
        assert_eq!(shown.headers["content-type"], format, "{name}");
        assert!(shown.body.chars().take(12).collect::<String>().contains(first), "{name}");
    }
}

/// The names of all reasons that a desk has, and words that its pages have for those below.
const REASONS: [&str; 16] = [
    "not_the_same_person",
    "doubtful_card",
    "under_constraint",
    "card_unreadable",
    "citizen_left",
    "mistake",
    "finger_mismatch",
    "card_withdrawn",
    "tries_spent",
    "identity_gone",
    "own_identity",
    "mismatch",
    "constraint",
    "sous contrainte",
    "pas celle de la carte",
    "no_match",
];

#[tokio::test]
async fn no_refusal_of_the_desk_tells_the_citizen_why() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let (mut phone, mut qr) = counter.asks("angela").await;
    let mail = counter.journey.scene.mail_to("angela@exemple.fr", 0).await;
    let mut last = mail.id;
    for (finger, outcome) in
        [(Fingerprint::NoMatch, "failed"), (Fingerprint::NotCapturable, "capture_impossible"), (Fingerprint::Match, "")]
    {
        counter.reader.set_finger(finger);
        let page = counter.up_to_the_face("angela", &qr).await;
        let over = if finger == Fingerprint::Match {
            let open = format!("{}?refuser=1", page.url.path());
            let face = expect(counter.nadia.open(&open).await.unwrap(), "desk-face");
            let reason = [("raison", "under_constraint")];
            let no = counter.nadia.browser.press(&face, "form[data-step=refuse] button", &reason).await;
            expect(no.unwrap(), "desk-outcome")
        } else {
            expect(page, "desk-outcome")
        };
        let expected = if outcome.is_empty() { "failed" } else { outcome };
        assert_eq!(over.attribute("main", "data-outcome").unwrap(), expected);
        let shown = phone.act(Act::Show).await.unwrap();
        assert_eq!(shown.state(), "active", "{finger:?}");
        let answer = format!("{shown:?}");
        for reason in REASONS {
            assert!(!answer.contains(reason), "{reason}: {answer}");
            assert!(!over.body.contains(reason), "{reason}: {}", over.brief());
        }
        loop {
            let told = counter.journey.scene.mail_to("angela@exemple.fr", last).await;
            last = told.id;
            for reason in REASONS {
                assert!(!told.text.contains(reason) && !told.subject.contains(reason), "{reason}: {}", told.text);
            }
            if told.text.contains("pas abouti") || told.subject.contains("pas abouti") {
                break;
            }
        }
        let used = counter.scan(&qr).await;
        assert_eq!(used.refusal(), "card.request_used", "spent whatever came of it");
        qr = ask_again(&mut phone).await;
    }
    let decided = counter.decided().join("\n");
    for reason in ["finger_mismatch", "capture_impossible", "under_constraint"] {
        assert!(decided.contains(reason), "{reason}: {decided}");
    }
}

#[tokio::test]
async fn only_the_card_of_the_request_goes_on_and_only_its_reader_is_heard() {
    let mut counter = Counter::open().await;
    let (_, qr) = counter.asks("angela").await;
    let mut stranger = DeskReader::new(&counter.origin);
    assert_eq!(refused(stranger.turn().await), "desk.reader_unknown");
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::Idle);

    let page = expect(counter.scan(&qr).await, "desk-card");
    let (card, holder) = counter.card("hugo");
    counter.reader.insert(card, holder.can);
    assert_eq!(refused(counter.reader.turn().await), "card.other_card");
    let told = expect(counter.reload(&page).await, "desk-card");
    assert_eq!(told.attribute("main", "data-code").unwrap(), "card.other_card");

    let (card, holder) = counter.card("angela");
    counter.reader.insert(card, holder.can);
    let waiting = counter.reader.post("/reader/v1/cases/next", &json!({})).await.unwrap();
    let said = |case: &Value, verdict: String| json!({ "case": case["case"], "verdict": verdict });
    let early = said(&waiting, counter.reader.verdict(&waiting));
    let fingerprint = "/reader/v1/cases/fingerprint";
    assert_eq!(refused(counter.reader.post(fingerprint, &early).await), "desk.out_of_turn");
    assert_eq!(counter.reader.turn().await.unwrap(), Turn::CardRead);
    let waiting = counter.reader.post("/reader/v1/cases/next", &json!({})).await.unwrap();
    assert_eq!(waiting["step"], "fingerprint");

    let mut second = DeskReader::new(&counter.origin);
    counter.register("Guichet 2", &mut second).await;
    let other = said(&waiting, second.verdict(&waiting));
    assert_eq!(refused(second.post(fingerprint, &other).await), "desk.other_reader");
    let shown = json!({ "case": waiting["case"], "sod": "AAAA" });
    assert_eq!(refused(second.post("/reader/v1/cases/card", &shown).await), "desk.other_reader", "at any step");
    assert_eq!(refused(counter.reader.post(fingerprint, &other).await), "desk.verdict_signature");
    for (field, value, code) in [
        ("case", json!("0123456789abcdefABCDEF"), "desk.verdict_other_case"),
        ("nonce", json!("AAAA"), "desk.verdict_nonce"),
    ] {
        let mut named = waiting.clone();
        named[field] = value;
        let bad = said(&waiting, counter.reader.verdict(&named));
        assert_eq!(refused(counter.reader.post(fingerprint, &bad).await), code);
    }
    let unsigned = said(&waiting, "a.b.c".to_owned());
    assert_eq!(refused(counter.reader.post(fingerprint, &unsigned).await), "desk.verdict_malformed");
    let good = said(&waiting, counter.reader.verdict(&waiting));
    counter.reader.post(fingerprint, &good).await.unwrap();
    assert_eq!(refused(counter.reader.post(fingerprint, &good).await), "desk.verdict_used");
    expect(counter.reload(&page).await, "desk-face");
}

#[tokio::test]
async fn a_card_that_was_declared_stolen_ends_the_case_and_a_household_asks_for_a_colleague() {
    let mut counter = Counter::open().await;
    let (mut phone, qr) = counter.asks("angela").await;
    let mut samir = enter(&counter.journey.scene, &counter.origin, "Samir", &["--agent"]).await;
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    let place = face.url.path().to_owned();
    assert_eq!(samir.open(&place).await.unwrap().refusal(), "desk.other_agent");
    let yes = "form[data-step=same-person] button";
    let photo = face.attribute("figure img", "src").unwrap();
    counter.nadia.open(&photo).await.unwrap();
    let waits = counter.nadia.browser.press(&face, yes, &[("foyer", "oui")]).await.unwrap();
    assert!(expect(waits, "desk-face").has("main[data-waiting]"));
    assert_eq!(state(&mut phone).await, "at_desk");
    let home = expect(samir.open("/guichet").await.unwrap(), "desk-home");
    assert_eq!(home.count("[data-open] li"), 1);
    let second = expect(samir.open(&place).await.unwrap(), "desk-face");
    assert_eq!(samir.browser.press(&second, yes, &[]).await.unwrap().refusal(), "desk.photo_unseen");
    samir.open(&photo).await.unwrap();
    let done = expect(samir.browser.press(&second, yes, &[]).await.unwrap(), "desk-outcome");
    assert_eq!(done.attribute("main", "data-outcome").unwrap(), "approved");
    assert_eq!(state(&mut phone).await, "awaiting_activation");

    let (mut phone, qr) = counter.asks("hugo").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    let (card, holder) = counter.card("hugo");
    counter.authority.declare(holder.number, Status::Stolen);
    counter.reader.insert(card, holder.can);
    assert_eq!(refused(counter.reader.turn().await), "card.withdrawn");
    let over = expect(counter.reload(&page).await, "desk-outcome");
    assert_eq!(over.attribute("main", "data-outcome").unwrap(), "failed");
    assert!(!over.body.contains("valable"), "{}", over.brief());
    // The identity went with the card, though the authority be of another mind later.
    counter.authority.declare(holder.number, Status::Valid);
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
}

#[tokio::test]
async fn an_agent_never_certifies_their_own_card_and_one_who_declared_nothing_not_alone() {
    let mut counter = Counter::open().await;
    let yes = "form[data-step=same-person] button";
    let (_, qr) = counter.asks("angela").await;
    let invited =
        agent::invite(counter.journey.scene.gateway.installation(), COMMUNE, "Samir", &["--agent"]).await.unwrap();
    let mut samir = Agent::at(&counter.origin);
    expect(samir.come(&invited.link).await.unwrap(), "desk-home");
    std::mem::swap(&mut counter.nadia, &mut samir);
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    let photo = face.attribute("figure img", "src").unwrap();
    counter.nadia.open(&photo).await.unwrap();
    let waits = counter.nadia.browser.press(&face, yes, &[]).await.unwrap();
    assert!(expect(waits, "desk-face").has("main[data-waiting]"), "a colleague looks too");

    // Now Samir says who he is: the very person of the card.
    let holder = counter.card("hugo").1;
    let account = counter.nadia.open("/guichet/compte").await.unwrap();
    let [surname, born] = [&holder.person.family_name, &holder.person.birthdate].map(ToString::to_string);
    let declare = "form[data-step=declare] button";
    let wrong =
        counter.nadia.browser.press(&account, declare, &[("name", &surname), ("birthdate", "hier")]).await.unwrap();
    assert_eq!((wrong.status.as_u16(), wrong.refusal()), (422, "agent.input_invalid".into()));
    let declared =
        counter.nadia.browser.press(&wrong, declare, &[("name", &surname), ("birthdate", &born)]).await.unwrap();
    assert!(expect(declared, "desk-account").has("[data-declared]"));
    let again = counter.nadia.browser.press(&wrong, declare, &[("name", "Autre"), ("birthdate", &born)]).await.unwrap();
    assert_eq!(again.refusal(), "agent.already_declared");
    let (_, qr) = counter.asks("hugo").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    let (card, holder) = counter.card("hugo");
    counter.reader.insert(card, holder.can);
    assert_eq!(refused(counter.reader.turn().await), "desk.own_identity");
    expect(counter.reload(&page).await, "desk-outcome");
}

#[tokio::test]
async fn a_reader_is_heard_once_it_proved_its_key_and_the_operator_accepted_it() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let mut newcomer = DeskReader::new(&counter.origin);
    let id = counter.propose("Guichet 2", &newcomer.public_key()).await;
    let home = expect(counter.nadia.open("/guichet").await.unwrap(), "desk-home");
    assert!(!home.body.contains(&id), "no case is scanned for it");
    let accept = ["readers", "accept", "--commune", COMMUNE, &id];
    let installation = counter.journey.scene.gateway.installation();
    let early = installation.run(&accept).await.unwrap();
    assert!(!early.status.success() && String::from_utf8_lossy(&early.stderr).contains("holds its key"), "{early:?}");

    for _ in 0..2 {
        assert_eq!(refused(newcomer.turn().await), "desk.reader_proposed", "whatever it calls");
    }
    let waiting = agent::run(installation, &["readers", "list", "--json"]).await.unwrap();
    assert!(waiting.contains(&id) && waiting.contains("\"proved\""), "{waiting}");
    counter.accept(&id).await;
    assert_eq!(newcomer.turn().await.unwrap(), Turn::Idle);
    let twice = counter.journey.scene.gateway.installation().run(&accept).await.unwrap();
    assert!(!twice.status.success());
    let told = counter.journalled("reader_changed");
    let of = |change: &str| told.iter().filter(|details| details.contains(&id) && details.contains(change)).count();
    assert_eq!(["\"proposed\"", "\"proved\"", "\"accepted\""].map(of), [1, 1, 1], "{told:?}");
}

#[tokio::test]
async fn of_scans_at_one_moment_one_takes_the_reader() {
    let mut counter = Counter::open().await;
    let mut codes = Vec::new();
    for name in ["angela", "hugo", "luc", "zoe"] {
        codes.push(counter.asks(name).await.1);
    }
    let home = expect(counter.nadia.open("/guichet").await.unwrap(), "desk-home");
    let reader = home.attribute("select[name=reader] option", "value").unwrap();
    let scans: Vec<_> = codes
        .into_iter()
        .map(|qr| {
            let (mut browser, home, reader) = (counter.nadia.browser.clone(), home.clone(), reader.clone());
            tokio::spawn(async move {
                let fields = [("qr", qr.as_str()), ("reader", reader.as_str())];
                browser.press(&home, "form[data-step=scan] button", &fields).await.unwrap()
            })
        })
        .collect();
    let mut came = Vec::new();
    for scan in scans {
        let page = scan.await.unwrap();
        let code = page.attribute("main", "data-code").ok();
        came.push((page.name().unwrap(), code));
    }
    came.sort();
    let busy = ("desk-home".to_owned(), Some("desk.reader_busy".to_owned()));
    assert_eq!(came[1..], [busy.clone(), busy.clone(), busy], "{came:?}");
    assert_eq!(came[0], ("desk-card".to_owned(), None));
}

#[tokio::test]
async fn what_an_agent_declared_wrongly_is_put_right_by_another_admin() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let installation = counter.journey.scene.gateway.installation();
    let invited = agent::invite(installation, COMMUNE, "Samir", &["--agent", "--admin"]).await.unwrap();
    let mut samir = Agent::at(&counter.origin);
    expect(samir.come(&invited.link).await.unwrap(), "desk-home");
    expect(samir.declare("Erreur").await.unwrap(), "desk-account");

    // Whom he really is: the person of this card.
    let holder = Holder::named("hugo").unwrap();
    let [surname, born] = [&holder.person.family_name, &holder.person.birthdate].map(ToString::to_string);
    let right = [("name", surname.as_str()), ("birthdate", born.as_str())];
    let account = samir.open("/guichet/compte").await.unwrap();
    let ask = "form[data-step=correct] button";
    let asked = expect(samir.browser.press(&account, ask, &right).await.unwrap(), "desk-account");
    assert!(asked.has("[data-declared] [data-correction]"), "{}", asked.brief());
    let place = format!("/guichet/agents/{}", invited.id);
    let own = expect(samir.open(&place).await.unwrap(), "desk-agent");
    assert!(!own.has("form[data-step=confirm-correction]"), "not his to confirm");

    let page = expect(counter.nadia.open(&place).await.unwrap(), "desk-agent");
    assert!(!page.body.contains(&surname) && !page.body.contains(&born), "what he typed is nowhere");
    let confirm = "form[data-step=confirm-correction] button";
    let other = [("name", surname.as_str()), ("birthdate", agent::BORN)];
    let differs = counter.nadia.browser.press(&page, confirm, &other).await.unwrap();
    assert_eq!((differs.status.as_u16(), differs.refusal()), (422, "agent.correction_differs".into()));
    // The same form, sent by himself.
    let url = counter.nadia.origin.join(&format!("{place}/correction")).unwrap();
    let csrf = own.attribute("form[data-step=sign-out] input[name=csrf]", "value").unwrap();
    let body = format!("csrf={csrf}&name={surname}&birthdate={born}");
    let forged = samir.browser.post_from(&counter.origin, url.as_str(), &body).await.unwrap();
    assert_eq!(forged.refusal(), "agent.own_declaration");
    let done = expect(counter.nadia.browser.press(&page, confirm, &right).await.unwrap(), "desk-agent");
    assert!(!done.has("form[data-step=confirm-correction]"));
    assert_eq!(counter.nadia.browser.press(&page, confirm, &right).await.unwrap().refusal(), "agent.no_correction");

    // No new invitation: he works on, and does not certify himself.
    std::mem::swap(&mut counter.nadia, &mut samir);
    let (_, qr) = counter.asks("hugo").await;
    expect(counter.scan(&qr).await, "desk-card");
    let (card, holder) = counter.card("hugo");
    counter.reader.insert(card, holder.can);
    assert_eq!(refused(counter.reader.turn().await), "desk.own_identity");

    let correct = ["agents", "correct", &invited.id, "--birth-name", "Haddad", "--birthdate", agent::BORN];
    agent::run(counter.journey.scene.gateway.installation(), &correct).await.unwrap();
    let told = counter.journalled("agent_changed");
    let of = |change: &str| told.iter().filter(|of| of.contains(&invited.id) && of.contains(change)).count();
    assert_eq!(["\"correction_asked\"", "\"corrected\""].map(of), [1, 2], "{told:?}");
    assert!(!told.iter().any(|of| of.contains(&surname) || of.contains(&born)), "{told:?}");
}

#[tokio::test]
async fn a_card_that_withholds_a_group_is_refused_as_one_and_counts() {
    let mut counter = Counter::open().await;
    let (_, qr) = counter.asks("angela").await;
    let page = expect(counter.scan(&qr).await, "desk-card");
    let waiting = counter.reader.post("/reader/v1/cases/next", &json!({})).await.unwrap();
    let bare = json!({ "case": waiting["case"], "sod": "AAAA" });
    for _ in 0..6 {
        assert_eq!(refused(counter.reader.post("/reader/v1/cases/card", &bare).await), "card.not_authentic");
    }
    let told = expect(counter.reload(&page).await, "desk-card");
    assert_eq!(told.attribute("main", "data-code").unwrap(), "card.not_authentic");
    assert_eq!(refused(counter.reader.post("/reader/v1/cases/card", &bare).await), "desk.tries_spent");
    expect(counter.reload(&page).await, "desk-outcome");
}
