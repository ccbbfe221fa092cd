//! A citizen's identity certified at the desk of a town hall: a telephone, a card, an agent with a passkey, a reader.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use conformance::agent::{self, Agent, COMMUNE};
use conformance::authority::{Authority, Status};
use conformance::card::{Card, Holder, Pki};
use conformance::citizen::{Citizen, Page};
use conformance::clock;
use conformance::desk_reader::{DeskReader, Fingerprint, Turn};
use conformance::or_skip;
use conformance::phone::{Act, Failure, Phone};
use conformance::scene::{Scene, Setting};
use conformance::site::{free_port, listen};
use conformance::tools::Tool;
use serde_json::{Value, json};
use tempfile::TempDir;
use toml::Table;

use crate::journey::expect;

/// A town hall with a desk and a reader, where simulator's cards are taken.
struct Counter {
    scene: Scene,
    origin: String,
    authority: Authority,
    pki: Arc<Pki>,
    cards: Mutex<HashMap<String, Arc<Mutex<Card>>>>,
    nadia: Agent,
    reader: DeskReader,
    _trust: TempDir,
}

impl Counter {
    async fn open() -> Self {
        let authority = Authority::start(listen(0).await.unwrap());
        let (pki, trust) = (Arc::new(Pki::new(clock::now())), TempDir::with_prefix("passerelle-").unwrap());
        pki.write(trust.path()).unwrap();
        let (port, folder) = (free_port(), trust.path().display());
        let mut overrides = agent::overrides(port);
        let cards = format!(
            "[cnie]\ntrust = \"{folder}/cnie\"\neid_trust = \"{folder}/eid\"\nstatus_url = \"{}\"\nsimulator = true\n",
            authority.url()
        );
        overrides.extend(cards.parse::<Table>().unwrap());
        let scene = Scene::set(Setting { overrides, ..Setting::default() }).await;
        agent::enrol(scene.gateway.installation(), COMMUNE, "Val-Fleuri").await.unwrap();
        let origin = agent::origin(port);
        let nadia = enter(&scene, &origin, "Nadia", &["--admin", "--agent"]).await;
        let reader = DeskReader::new(&origin);
        let mut counter = Self { scene, origin, authority, pki, cards: Mutex::default(), nadia, reader, _trust: trust };
        let reader = counter.reader.public_key();
        counter.register("Guichet 1", &reader).await;
        counter
    }

    async fn register(&mut self, name: &str, key: &Value) {
        let readers = expect(self.nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
        let fields = [("name", name), ("key", &key.to_string())];
        let pressed = self.nadia.browser.press(&readers, "form[data-step=register-reader] button", &fields).await;
        expect(pressed.unwrap(), "desk-readers");
    }

    /// The one card of a citizen, which goes from their telephone to the reader and back.
    fn card(&self, name: &str) -> (Arc<Mutex<Card>>, Holder) {
        let holder = Holder::named(name).unwrap();
        let issue = || Card::genuine(&self.pki, &holder).shared();
        let card = Arc::clone(self.cards.lock().unwrap().entry(name.to_owned()).or_insert_with(issue));
        (card, holder)
    }

    /// A telephone with the card of a citizen whose identity asks for certification; the text of its QR code.
    async fn asks(&self, name: &str) -> (Phone, String) {
        let (card, holder) = self.card(name);
        let mail = holder.person.email;
        let mut phone = Phone::new(card, self.scene.gateway.issuer()).of(&holder);
        assert_eq!(phone.create(mail).await.unwrap().state(), "created");
        let told = self.scene.mail_to(mail, 0).await;
        let link = told.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
        let mut browser = Citizen::new();
        let page = expect(browser.open(link).await.unwrap(), "holder-ask");
        expect(browser.press(&page, "button[value=yes]", &[]).await.unwrap(), "holder-told");
        let qr = ask_again(&mut phone).await;
        (phone, qr)
    }

    /// Scans what a citizen shows: the page after.
    async fn scan(&mut self, qr: &str) -> Page {
        let home = expect(self.nadia.open("/guichet").await.unwrap(), "desk-home");
        let reader = home.attribute("select[name=reader] option", "value").unwrap();
        let fields = [("qr", qr), ("reader", reader.as_str())];
        self.nadia.browser.press(&home, "form[data-step=scan] button", &fields).await.unwrap()
    }

    /// Where the case is now.
    async fn reload(&mut self, page: &Page) -> Page {
        self.nadia.open(page.url.path()).await.unwrap()
    }

    /// From the scan to the photo.
    async fn up_to_the_face(&mut self, name: &str, qr: &str) -> Page {
        let page = expect(self.scan(qr).await, "desk-card");
        let (card, holder) = self.card(name);
        self.reader.insert(card, holder.can);
        assert_eq!(self.reader.turn().await.unwrap(), Turn::CardRead);
        expect(self.reload(&page).await, "desk-finger");
        assert_eq!(self.reader.turn().await.unwrap(), Turn::FingerprintSigned);
        self.reload(&page).await
    }

    /// What was accounted for of the cases that were decided.
    fn decided(&self) -> Vec<String> {
        let registry = self.scene.gateway.installation().data().join("registry.sqlite");
        let question = "SELECT details FROM journal WHERE kind = 'case_decided' ORDER BY number";
        let mut sqlite = Command::new(Tool::Sqlite.find().unwrap());
        let output = sqlite.args(["-batch", "-cmd", ".timeout 5000"]).arg(registry).arg(question).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

async fn enter(scene: &Scene, origin: &str, name: &str, roles: &[&str]) -> Agent {
    let invited = agent::invite(scene.gateway.installation(), COMMUNE, name, roles).await.unwrap();
    let mut agent = Agent::at(origin);
    expect(agent.come(&invited.link).await.unwrap(), "desk-home");
    assert!(expect(agent.declare(name).await.unwrap(), "desk-account").has("[data-declared]"));
    agent
}

async fn ask_again(phone: &mut Phone) -> String {
    let asked = phone.request_certification().await.unwrap();
    assert_eq!(asked.state(), "requested");
    asked.request.unwrap()["qr"].as_str().unwrap().to_owned()
}

async fn state(phone: &mut Phone) -> String {
    phone.act(Act::Show).await.unwrap().state().to_owned()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> String {
    let failure = outcome.expect_err("refused");
    let Failure::Refused(refusal) = &failure else { panic!("{failure:?}") };
    assert_eq!(Some(refusal.audited().as_str()), failure.code());
    refusal.audited()
}

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
async fn no_refusal_of_the_desk_tells_the_citizen_why() {
    or_skip!(Tool::Sqlite.find());
    let mut counter = Counter::open().await;
    let (mut phone, mut qr) = counter.asks("angela").await;
    let mail = counter.scene.mail_to("angela@exemple.fr", 0).await;
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
        assert_eq!(state(&mut phone).await, "active", "{finger:?}");
        loop {
            let told = counter.scene.mail_to("angela@exemple.fr", last).await;
            last = told.id;
            for reason in ["mismatch", "constraint", "contrainte", "empreinte", "doigt"] {
                assert!(!told.text.contains(reason) && !over.body.contains("sous contrainte"), "{}", told.text);
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

    let second = DeskReader::new(&counter.origin);
    let key = second.public_key();
    counter.register("Guichet 2", &key).await;
    let mut second = second;
    let other = said(&waiting, second.verdict(&waiting));
    assert_eq!(refused(second.post(fingerprint, &other).await), "desk.other_reader");
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
    let mut samir = enter(&counter.scene, &counter.origin, "Samir", &["--agent"]).await;
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
    let invited = agent::invite(counter.scene.gateway.installation(), COMMUNE, "Samir", &["--agent"]).await.unwrap();
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
