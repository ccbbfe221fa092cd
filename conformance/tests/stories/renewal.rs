//! What comes of a certified identity over the years: a new telephone, a card that is lost, a certification that is renewed
//! before its end, a clock that goes back.

use std::sync::{Arc, Mutex};

use conformance::agent::{self, Agent, COMMUNE};
use conformance::authority::{Conduct, Status};
use conformance::card::{Card, Holder, Pki};
use conformance::citizen::{Citizen, Page};
use conformance::clock::{self, Hands};
use conformance::desk_reader::{DeskReader, Fingerprint, Turn};
use conformance::engines::Redis;
use conformance::gateway::Ephemeral;
use conformance::or_skip;
use conformance::phone::{Act, Failure, Phone};
use conformance::process::Signals;
use conformance::relying_party::{Ask, RelyingParty, Tokens};
use conformance::scene::{Cards, Scene, Setting};
use conformance::site::free_port;
use serde_json::{Value, json};

use super::card_provider::refused;
use crate::journey::{Journey, accept, eventually, expect};

const MAIL: &str = "angela@exemple.fr";
const DAY: i64 = 86_400;
/// Five years, as a certification lasts.
const TERM: i64 = 5 * 31_557_600;

/// A citizen, the desk that certifies them, and a service.
struct Town {
    journey: Journey,
    card: Arc<Mutex<Card>>,
    holder: Holder,
    reader: DeskReader,
    agent: Agent,
    last: u64,
}

impl Town {
    async fn set(setting: Setting) -> Self {
        let scene = Scene::set(Setting { cards: Cards::Issued, ..setting }).await;
        let staff = scene.town().staff(scene.gateway.installation()).await.unwrap();
        let mut agent = Agent::at(&scene.town().desk());
        expect(agent.come(&staff.agent.link).await.unwrap(), "desk-home");
        agent.declare("Camille").await.unwrap();
        let holder = Holder::named("angela").unwrap();
        let card = Card::genuine(&scene.town().pki, &holder).shared();
        let journey = Journey::in_scene(scene).await;
        Self { journey, card, holder, reader: staff.reader, agent, last: 0 }
    }

    /// A telephone with the one card: a new one each time.
    fn phone(&self) -> Phone {
        Phone::new(Arc::clone(&self.card), self.journey.scene.gateway.issuer()).of(&self.holder)
    }

    /// An identity whose address is confirmed.
    async fn confirmed(&mut self) {
        self.phone().create(MAIL).await.unwrap();
        let mail = self.mail("Confirmez").await;
        let link = mail.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap().to_owned();
        let mut browser = Citizen::new();
        let ask = expect(browser.open(&link).await.unwrap(), "holder-ask");
        expect(browser.press(&ask, "button[value=yes]", &[]).await.unwrap(), "holder-told");
    }

    /// The next mail whose subject holds these words.
    async fn mail(&mut self, words: &str) -> String {
        loop {
            let mail = self.journey.scene.mail_to(MAIL, self.last).await;
            self.last = mail.id;
            if mail.subject.contains(words) {
                return mail.text;
            }
        }
    }

    async fn asks(&self) -> String {
        let asked = self.phone().request_certification().await.unwrap();
        assert_eq!(asked.state(), "requested");
        asked.request.unwrap()["qr"].as_str().unwrap().to_owned()
    }

    /// From the code in the citizen's hand to the page after the finger.
    async fn at_desk(&mut self, qr: &str, finger: Fingerprint) -> Page {
        self.reader.set_finger(finger);
        let home = expect(self.agent.open("/guichet").await.unwrap(), "desk-home");
        let reader = home.attribute("select[name=reader] option", "value").unwrap();
        let fields = [("qr", qr), ("reader", reader.as_str())];
        let case = self.agent.browser.press(&home, "form[data-step=scan] button", &fields).await.unwrap();
        let case = expect(case, "desk-card");
        self.reader.insert(Arc::clone(&self.card), self.holder.can);
        assert_eq!(self.reader.turn().await.unwrap(), Turn::CardRead);
        assert_eq!(self.reader.turn().await.unwrap(), Turn::FingerprintSigned);
        self.agent.open(case.url.path()).await.unwrap()
    }

    async fn approved(&mut self, qr: &str) {
        let face = expect(self.at_desk(qr, Fingerprint::Match).await, "desk-face");
        self.agent.open(&face.attribute("figure img", "src").unwrap()).await.unwrap();
        let done = self.agent.browser.press(&face, "form[data-step=same-person] button", &[]).await.unwrap();
        assert_eq!(expect(done, "desk-outcome").attribute("main", "data-outcome").unwrap(), "approved");
    }

    async fn certified(&mut self) -> i64 {
        self.confirmed().await;
        let qr = self.asks().await;
        self.approved(&qr).await;
        self.phone().act(Act::Activate).await.unwrap();
        let (state, until) = self.shown().await;
        assert_eq!(state, "certified");
        until
    }

    /// The state of the identity, and until when it is certified.
    async fn shown(&self) -> (String, i64) {
        let shown = self.phone().act(Act::Show).await.unwrap();
        (shown.state().to_owned(), shown.identity["certified_until"].as_i64().unwrap_or_default())
    }

    /// Signs in at the service at level high: what it received.
    async fn signs_in(&self, service: &RelyingParty, ask: &Ask) -> Tokens {
        let mut citizen = Citizen::new().stopping_at(&service.redirect_uri);
        let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
        let page = citizen.press(&chooser, "button[value=carte]", &[]).await.unwrap();
        let page = expect(page, "card");
        let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
        let mut phone = self.phone();
        let mut visit = phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap();
        assert_eq!(phone.prove(&mut visit, Some(number)).await.unwrap().kind, "sign_in");
        let inform = expect(citizen.open(page.url.as_str()).await.unwrap(), "inform");
        let back = accept(&mut citizen, &inform).await;
        service.finish(ask, &back).await.unwrap()
    }

    async fn high(&self) -> Value {
        let service = &self.journey.service;
        let ask = self.journey.ask().with("acr_values", "eidas3");
        let tokens = self.signs_in(service, &ask).await;
        service.verify(&ask, &tokens).await.unwrap()
    }
}

#[tokio::test]
async fn a_certified_identity_goes_on_on_a_new_telephone_without_a_desk() {
    let mut town = Town::set(Setting::default()).await;
    let until = town.certified().await;
    let first = town.high().await;
    assert_eq!(first["acr"], "eidas3");
    // Another telephone, which the gateway has never heard of: nothing of the identity is in a telephone.
    let second = town.high().await;
    assert_eq!((&second["acr"], &second["sub"]), (&json!("eidas3"), &first["sub"]));
    assert_eq!(town.shown().await, ("certified".to_owned(), until));
}

#[tokio::test]
async fn a_card_that_is_lost_for_its_authority_alone_ends_what_rests_on_it_at_the_next_refresh() {
    let mut town = Town::set(Setting::default()).await;
    town.certified().await;
    let mut metadata = RelyingParty::ordinary("Médiathèque");
    metadata["grant_types"] = json!(["authorization_code", "refresh_token"]);
    let service = town.journey.register(&metadata).await;
    let ask = service.ask("openid profile offline_access").with("acr_values", "eidas3").and("prompt", "consent");
    let tokens = town.signs_in(&service, &ask).await;
    let refreshed = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let answer = service.token_request(&form).await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let authority = &town.journey.scene.town().authority;
    let questions = authority.questions();
    let (status, second) = refreshed(&tokens.refresh_token.unwrap()).await;
    assert_eq!(status, 200, "{second}");
    assert_eq!(authority.questions(), questions + 1, "the authority is asked");
    let refresh = second["refresh_token"].as_str().unwrap();
    let access = second["access_token"].as_str().unwrap();

    // While nobody answers, nothing is given, and nothing is lost.
    authority.set(Conduct::Error);
    let (status, silent) = refreshed(refresh).await;
    assert_eq!((status, &silent["error"]), (503, &json!("temporarily_unavailable")), "{silent}");
    authority.set(Conduct::Ok);
    let (status, third) = eventually("the authority is asked again", async || {
        let (status, answer) = refreshed(refresh).await;
        (status != 503).then_some((status, answer))
    })
    .await;
    assert_eq!(status, 200, "{third}");
    let refresh = third["refresh_token"].as_str().unwrap();

    authority.declare(town.holder.number, Status::Lost);
    assert_eq!(service.userinfo(access).await.unwrap().status(), 200, "nobody told the gateway");
    let (status, ended) = refreshed(refresh).await;
    assert_eq!((status, &ended["error"]), (400, &json!("invalid_grant")), "{ended}");
    eventually("the token of a lost card is refused", async || {
        (service.userinfo(access).await.unwrap().status() == 401).then_some(())
    })
    .await;
    assert!(town.mail("est fermée").await.contains("perdue ou volée"));
    town.journey.scene.town().authority.declare(town.holder.number, Status::Valid);
    assert_eq!(refused(town.phone().act(Act::Show).await), "card.no_identity");
}

#[tokio::test]
async fn a_certification_is_renewed_before_its_end_and_counts_all_the_while() {
    let hands = or_skip!(Hands::make());
    let mut town = Town::set(Setting { environment: hands.environment(), ..Setting::default() }).await;
    let until = town.certified().await;
    let issued = clock::now();
    assert!((until - issued - TERM).abs() < 60, "{until}");
    assert_eq!(refused(town.phone().request_certification().await), "card.renewal_early");

    // A month before the end: with lists of revocations of then, and an agent of then.
    hands.set(TERM - 30 * DAY);
    Pki::new(clock::now()).write(town.journey.scene.town().trust()).unwrap();
    town.journey.scene.gateway.restart().await.unwrap();
    let soon = town.mail("30 jours").await;
    assert!(soon.contains("dès maintenant une nouvelle demande"), "{soon}");
    let installation = town.journey.scene.gateway.installation();
    let invited = agent::invite(installation, COMMUNE, "Dominique", &["--agent"]).await.unwrap();
    town.agent = Agent::at(&town.journey.scene.town().desk());
    expect(town.agent.come(&invited.link).await.unwrap(), "desk-home");
    town.agent.declare("Dominique").await.unwrap();

    // Refused at the desk: the certification is as it was.
    let qr = town.asks().await;
    assert_eq!(town.shown().await, ("requested".to_owned(), until));
    assert_eq!(town.high().await["acr"], "eidas3", "while it is asked for");
    let over = expect(town.at_desk(&qr, Fingerprint::NoMatch).await, "desk-outcome");
    assert_eq!(over.attribute("main", "data-outcome").unwrap(), "failed");
    assert_eq!(town.shown().await, ("certified".to_owned(), until));
    assert_eq!(town.high().await["acr"], "eidas3", "though the desk said no");

    // Said yes to: another takes its place when card and code are shown.
    let qr = town.asks().await;
    town.approved(&qr).await;
    assert_eq!(town.shown().await, ("awaiting_activation".to_owned(), until));
    assert_eq!(town.high().await["acr"], "eidas3", "while it waits for card and code");
    town.phone().act(Act::Activate).await.unwrap();
    let (state, renewed) = town.shown().await;
    assert_eq!(state, "certified");
    // Five years more, or to the end of the card.
    let card = town.phone().act(Act::Show).await.unwrap().identity["card_expires"].as_i64().unwrap();
    assert!((renewed - card.min(clock::now() + TERM)).abs() < 120 && renewed > until + 365 * DAY, "{renewed}");
    assert_eq!(town.high().await["acr"], "eidas3");

    // The clock of the gateway goes back to the day of the first certification: no card proves anything by it.
    hands.set_gateway(0);
    assert_eq!(refused(town.phone().act(Act::Show).await), "card.clock_back");
    let ready = format!("{}/readyz", town.journey.scene.gateway.issuer());
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(plain.get(&ready).send().await.unwrap().status(), 503);
    hands.set(TERM - 30 * DAY);
    assert_eq!(town.shown().await, ("certified".to_owned(), renewed));
}

#[tokio::test]
async fn two_nodes_share_what_one_card_may_cause() {
    let redis = or_skip!(Redis::start().await);
    let setting = Setting { ephemeral: Ephemeral::Redis(redis.url()), ..Setting::default() };
    let town = Town::set(setting).await;
    let beside = town.journey.scene.gateway.installation().beside(free_port()).unwrap();
    let second = beside.serve(Signals::Shared).await.unwrap();
    let nodes = [town.journey.scene.gateway.installation().base().to_owned(), beside.base().to_owned()];
    let through = |turn: usize| {
        let (issuer, node) = (nodes[0].clone(), nodes[turn % 2].clone());
        // To the one address of the gateway, by way of the door of a node.
        let http = reqwest::Client::builder().proxy(reqwest::Proxy::http(node).unwrap()).build().unwrap();
        Phone::new(Arc::clone(&town.card), &issuer).of(&town.holder).by_way_of(http)
    };
    for turn in 0..3 {
        let mut phone = through(turn);
        assert_eq!(phone.create(MAIL).await.unwrap().state(), "created", "{turn}");
        assert_eq!(phone.act(Act::Delete).await.unwrap().state(), "closed");
    }
    for turn in 0..2 {
        let outcome = through(turn).create(MAIL).await;
        assert_eq!(outcome.expect_err("too many").code(), Some("card.too_many_made"), "{turn}");
    }
    drop(second);
    assert!(matches!(through(1).create(MAIL).await, Err(Failure::Wire(_))), "the other door was the other node's");
}
