//! A town hall with a desk and a reader, where simulator's cards are taken, and a service that citizens sign in at with
//! them: what stories of certification share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use conformance::agent::{self, Agent, COMMUNE};
use conformance::authority::Authority;
use conformance::card::{Card, Holder, Pki, Profile};
use conformance::citizen::{Citizen, Page};
use conformance::clock;
use conformance::desk_reader::{DeskReader, Turn};
use conformance::phone::{Act, Failure, Phone, Visit};
use conformance::relying_party::{Ask, Tokens};
use conformance::scene::{Scene, Setting};
use conformance::site::{free_port, listen};
use serde_json::{Value, json};
use tempfile::TempDir;
use toml::Table;

use crate::journey::{Journey, accept, expect};

/// A card, which lies now here and now there, and whose it is.
type Owned = (Arc<Mutex<Card>>, Holder);

/// What an agent presses who sees the person of the photo.
pub(super) const SAME_PERSON: &str = "form[data-step=same-person] button";

/// The desk, its agent, its reader, the makers of cards, and the cards.
pub(super) struct Counter {
    pub(super) journey: Journey,
    pub(super) origin: String,
    pub(super) authority: Authority,
    pub(super) pki: Arc<Pki>,
    pub(super) cards: Mutex<HashMap<String, Owned>>,
    pub(super) nadia: Agent,
    pub(super) reader: DeskReader,
    _trust: TempDir,
}

impl Counter {
    pub(super) async fn open() -> Self {
        Self::with(Setting::default()).await
    }

    /// The same in a scene of this setting.
    pub(super) async fn with(setting: Setting) -> Self {
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
        overrides.extend(setting.overrides);
        let journey = Journey::set(Setting { overrides, ..setting }).await;
        agent::enrol(journey.scene.gateway.installation(), COMMUNE, "Val-Fleuri").await.unwrap();
        let origin = agent::origin(port);
        let nadia = enter(&journey.scene, &origin, "Nadia", &["--admin", "--agent"]).await;
        let reader = DeskReader::new(&origin);
        let cards = Mutex::default();
        let mut counter = Self { journey, origin, authority, pki, cards, nadia, reader, _trust: trust };
        let key = counter.reader.public_key();
        let id = counter.propose("Guichet 1", &key).await;
        assert_eq!(refused(counter.reader.turn().await), "desk.reader_proposed");
        counter.accept(&id).await;
        counter
    }

    pub(super) fn issuer(&self) -> &str {
        self.journey.scene.gateway.issuer()
    }

    /// An admin proposes a reader, which calls once, and the operator accepts it.
    pub(super) async fn register(&mut self, name: &str, reader: &mut DeskReader) {
        let id = self.propose(name, &reader.public_key()).await;
        assert_eq!(refused(reader.turn().await), "desk.reader_proposed");
        self.accept(&id).await;
    }

    pub(super) async fn accept(&self, reader: &str) {
        let accept = ["readers", "accept", "--commune", COMMUNE, reader];
        agent::run(self.journey.scene.gateway.installation(), &accept).await.unwrap();
    }

    /// The id of the reader that the admin proposes.
    pub(super) async fn propose(&mut self, name: &str, key: &Value) -> String {
        let readers = expect(self.nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
        let fields = [("name", name), ("key", &key.to_string())];
        let pressed = self.nadia.browser.press(&readers, "form[data-step=register-reader] button", &fields).await;
        let listed = expect(pressed.unwrap(), "desk-readers");
        listed.attribute("[data-reader][data-state=invited]", "data-reader").unwrap()
    }

    /// The one card of a citizen, which goes from their telephone to the reader and back.
    pub(super) fn card(&self, name: &str) -> Owned {
        self.card_of(name, Holder::named(name).unwrap())
    }

    /// The one card of somebody, who is introduced by it.
    pub(super) fn card_of(&self, name: &str, holder: Holder) -> Owned {
        let issue = || (Card::genuine(&self.pki, &holder).shared(), holder);
        self.cards.lock().unwrap().entry(name.to_owned()).or_insert_with(issue).clone()
    }

    /// Gives a citizen a card of another kind, as the first they have.
    pub(super) fn hand(&self, name: &str, profile: &str) {
        let (holder, profile) = (Holder::named(name).unwrap(), Profile::named(profile).unwrap());
        let card = Card::issue(&self.pki, &holder, profile).shared();
        assert!(self.cards.lock().unwrap().insert(name.to_owned(), (card, holder)).is_none());
    }

    /// A telephone with the card of a citizen.
    pub(super) fn phone(&self, name: &str) -> Phone {
        let (card, holder) = self.card(name);
        Phone::new(card, self.issuer()).of(&holder)
    }

    /// A telephone with the card of a citizen whose identity has an address that is confirmed.
    pub(super) async fn active(&self, name: &str) -> Phone {
        let mail = self.card(name).1.person.email;
        let mut phone = self.phone(name);
        let before = self.journey.scene.mailbox.messages_to(mail, 0, Duration::ZERO).await;
        assert_eq!(phone.create(mail).await.unwrap().state(), "created");
        let told = self.journey.scene.mail_to(mail, before.last().map_or(0, |mail| mail.id)).await;
        let link = told.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
        let mut browser = Citizen::new();
        let page = expect(browser.open(link).await.unwrap(), "holder-ask");
        expect(browser.press(&page, "button[value=yes]", &[]).await.unwrap(), "holder-told");
        phone
    }

    /// The same whose identity asks for certification; the text of its QR code.
    pub(super) async fn asks(&self, name: &str) -> (Phone, String) {
        let mut phone = self.active(name).await;
        let qr = ask_again(&mut phone).await;
        (phone, qr)
    }

    /// Scans what a citizen shows: the page after.
    pub(super) async fn scan(&mut self, qr: &str) -> Page {
        let home = expect(self.nadia.open("/guichet").await.unwrap(), "desk-home");
        let reader = home.attribute("select[name=reader] option", "value").unwrap();
        let fields = [("qr", qr), ("reader", reader.as_str())];
        self.nadia.browser.press(&home, "form[data-step=scan] button", &fields).await.unwrap()
    }

    /// Where the case is now.
    pub(super) async fn reload(&mut self, page: &Page) -> Page {
        self.nadia.open(page.url.path()).await.unwrap()
    }

    /// Lays the card of a citizen on the reader.
    pub(super) fn lay(&mut self, name: &str) {
        let (card, holder) = self.card(name);
        self.reader.insert(card, holder.can);
    }

    /// What the reader is told of the case that waits for it.
    pub(super) async fn waiting(&mut self) -> Value {
        self.reader.post("/reader/v1/cases/next", &json!({})).await.unwrap()
    }

    /// From the scan to the photo.
    pub(super) async fn up_to_the_face(&mut self, name: &str, qr: &str) -> Page {
        let page = expect(self.scan(qr).await, "desk-card");
        self.lay(name);
        assert_eq!(self.reader.turn().await.unwrap(), Turn::CardRead);
        expect(self.reload(&page).await, "desk-finger");
        assert_eq!(self.reader.turn().await.unwrap(), Turn::FingerprintSigned);
        self.reload(&page).await
    }

    /// From the photo to the approval.
    pub(super) async fn approve(&mut self, face: &Page) -> Page {
        let photo = face.attribute("figure img", "src").unwrap();
        self.nadia.open(&photo).await.unwrap();
        let done = expect(self.nadia.browser.press(face, SAME_PERSON, &[]).await.unwrap(), "desk-outcome");
        assert_eq!(done.attribute("main", "data-outcome").unwrap(), "approved");
        done
    }

    /// The telephone of a citizen who was certified: every step from the new identity on.
    pub(super) async fn certified(&mut self, name: &str) -> Phone {
        let (mut phone, qr) = self.asks(name).await;
        let face = expect(self.up_to_the_face(name, &qr).await, "desk-face");
        self.approve(&face).await;
        assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");
        phone
    }

    /// From a request to the page that waits for a phone.
    pub(super) async fn page(&self, citizen: &mut Citizen, ask: &Ask) -> Page {
        let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
        expect(citizen.press(&chooser, "button[value=carte]", &[]).await.unwrap(), "card")
    }

    /// A request of the service for level high.
    pub(super) fn ask(&self) -> Ask {
        self.journey.ask().with("acr_values", "eidas3")
    }

    /// A phone takes part in what a browser began; the number that the browser shows.
    pub(super) async fn claim(&self, phone: &Phone, page: &Page) -> (Visit, u8) {
        let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
        (phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap(), number)
    }

    /// A sign-in by card on another device: the page after.
    pub(super) async fn sign_in(&self, phone: &mut Phone, citizen: &mut Citizen, ask: &Ask) -> Page {
        let page = self.page(citizen, ask).await;
        let (mut visit, number) = self.claim(phone, &page).await;
        assert_eq!(phone.prove(&mut visit, Some(number)).await.unwrap().kind, "sign_in");
        citizen.open(page.url.as_str()).await.unwrap()
    }

    /// A sign-in at level high up to the service; what it brings there.
    pub(super) async fn back(&self, phone: &mut Phone) -> (Ask, Page) {
        let (ask, mut citizen) = (self.ask(), self.journey.citizen());
        let inform = expect(self.sign_in(phone, &mut citizen, &ask).await, "inform");
        let back = accept(&mut citizen, &inform).await;
        (ask, back)
    }

    /// The tokens of a sign-in at level high.
    pub(super) async fn tokens(&self, phone: &mut Phone) -> (Ask, Tokens) {
        let (ask, back) = self.back(phone).await;
        let tokens = self.journey.service.finish(&ask, &back).await.unwrap();
        (ask, tokens)
    }

    /// The one identity that there is, as the operator sees it.
    pub(super) async fn identity(&self) -> String {
        let listed = agent::run(self.journey.scene.gateway.installation(), &["cards", "list", "--json"]).await.unwrap();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        listed[0]["id"].as_str().unwrap().to_owned()
    }

    /// What was accounted for of the cases that were decided.
    pub(super) fn decided(&self) -> Vec<String> {
        self.journalled("case_decided")
    }

    /// The details of the acts of a kind.
    pub(super) fn journalled(&self, kind: &str) -> Vec<String> {
        let question = format!("SELECT details FROM journal WHERE kind = '{kind}' ORDER BY number");
        self.journey.sql(&question).unwrap().lines().map(str::to_owned).collect()
    }
}

/// An agent who is in and has said who they are.
pub(super) async fn enter(scene: &Scene, origin: &str, name: &str, roles: &[&str]) -> Agent {
    let invited = agent::invite(scene.gateway.installation(), COMMUNE, name, roles).await.unwrap();
    let mut agent = Agent::at(origin);
    expect(agent.come(&invited.link).await.unwrap(), "desk-home");
    assert!(expect(agent.declare(name).await.unwrap(), "desk-account").has("[data-declared]"));
    agent
}

/// Asks for certification; the text of the QR code.
pub(super) async fn ask_again(phone: &mut Phone) -> String {
    let asked = phone.request_certification().await.unwrap();
    assert_eq!(asked.state(), "requested");
    asked.request.unwrap()["qr"].as_str().unwrap().to_owned()
}

/// What the phone says of the identity.
pub(super) async fn state(phone: &mut Phone) -> String {
    phone.act(Act::Show).await.unwrap().state().to_owned()
}

/// The code of a refusal: the problem's, and the one that the log accounts for it under.
pub(super) fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> String {
    let failure = outcome.expect_err("refused");
    let Failure::Refused(refusal) = &failure else { panic!("{failure:?}") };
    assert_eq!(refusal.headers["content-type"], "application/problem+json");
    assert_eq!(Some(refusal.audited().as_str()), failure.code());
    refusal.audited()
}
