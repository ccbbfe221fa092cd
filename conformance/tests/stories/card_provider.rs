//! The card provider before a virtual telephone with virtual cards: acts of a citizen's own, and sign-ins that a browser
//! waits for. What needs a town hall is in the desk's stories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use conformance::authority::{Authority, Conduct, Status};
use conformance::card::profile::ChipKey;
use conformance::card::{Card, Holder, Pki, Profile};
use conformance::citizen::{Citizen, Page};
use conformance::clock;
use conformance::phone::{Act, Client, Confirm, Failure, Mischief, Phone};
use conformance::relying_party::Ask;
use conformance::scene::Setting;
use conformance::site::listen;
use serde_json::{Value, json};
use tempfile::TempDir;
use toml::Table;

use crate::journey::{Journey, accept, eventually, expect};

/// A gateway that takes the simulator's cards, its authority, and the makers of cards.
pub(super) struct Cards {
    pub(super) journey: Journey,
    authority: Authority,
    pki: Arc<Pki>,
    trust: TempDir,
    issued: Mutex<HashMap<&'static str, Arc<Mutex<Card>>>>,
}

fn settings(trust: &TempDir, authority: &Authority, more: &str) -> Table {
    let folder = trust.path().display();
    let text = format!(
        "[cnie]\ntrust = \"{folder}/cnie\"\neid_trust = \"{folder}/eid\"\nstatus_url = \"{}\"\nsimulator = true\n{more}",
        authority.url()
    );
    text.parse().unwrap()
}

impl Cards {
    pub(super) async fn set() -> Self {
        Self::with("").await
    }

    /// With further keys of its section.
    pub(super) async fn with(more: &str) -> Self {
        Self::in_setting(more, Setting::default()).await
    }

    /// The same in a scene of this setting.
    pub(super) async fn in_setting(more: &str, setting: Setting) -> Self {
        let authority = Authority::start(listen(0).await.unwrap());
        let (pki, trust) = (Arc::new(Pki::new(clock::now())), TempDir::with_prefix("passerelle-").unwrap());
        pki.write(trust.path()).unwrap();
        let overrides = settings(&trust, &authority, more);
        let journey = Journey::set(Setting { overrides, ..setting }).await;
        Self { journey, authority, pki, trust, issued: Mutex::default() }
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn pki(&self) -> &Arc<Pki> {
        &self.pki
    }

    pub(super) fn issuer(&self) -> &str {
        self.journey.scene.gateway.issuer()
    }

    /// A telephone with the one genuine card of a citizen.
    pub(super) fn phone(&self, name: &str) -> Phone {
        let holder = Holder::named(name).unwrap();
        let mut issued = self.issued.lock().unwrap();
        let card = issued.entry(holder.number).or_insert_with(|| Card::genuine(&self.pki, &holder).shared());
        Phone::new(Arc::clone(card), self.issuer()).of(&holder)
    }

    /// A telephone with a new card of a citizen, under a number of its own.
    fn phone_with_new_card(&self, name: &str, number: &'static str) -> Phone {
        let holder = Holder { number, ..Holder::named(name).unwrap() };
        self.authority.issue(holder);
        Phone::new(Card::genuine(&self.pki, &holder).shared(), self.issuer()).of(&holder)
    }

    /// A telephone with a card of a kind, made for it.
    fn phone_with(&self, name: &str, profile: &str) -> Phone {
        let holder = Holder::named(name).unwrap();
        let profile = Profile::named(profile).unwrap();
        Phone::new(Card::issue(&self.pki, &holder, profile), self.issuer()).of(&holder)
    }

    /// From a request at level high to the page that waits for a phone.
    pub(super) async fn waiting(&self, citizen: &mut Citizen) -> Page {
        self.waiting_for(citizen, &self.journey.ask().with("acr_values", "eidas3")).await
    }

    async fn waiting_for(&self, citizen: &mut Citizen, ask: &Ask) -> Page {
        let chooser = expect(citizen.open(&ask.url()).await.unwrap(), "choose");
        assert!(chooser.text("button[value=carte]").unwrap().contains("simulateur, non certifié"));
        let page = citizen.press(&chooser, "button[value=carte]", &[]).await.unwrap();
        expect(page, "card")
    }
}

/// The code of a refusal, which has its one line in the log.
pub(super) fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> String {
    match outcome {
        Err(Failure::Refused(refusal)) => {
            assert_eq!(refusal.audited(), refusal.code);
            assert_eq!(refusal.headers["content-type"], "application/problem+json");
            refusal.code
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_identity_is_made_shown_and_deleted_with_card_and_code() {
    let cards = Cards::set().await;
    let mut phone = cards.phone("angela");
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
    let made = phone.create("angela@exemple.fr").await.unwrap();
    assert_eq!((made.kind.as_str(), made.state()), ("create", "created"));
    let mail = cards.journey.scene.mail_to("angela@exemple.fr", 0).await;
    assert!(mail.text.contains(&format!("{}/carte/confirmer/", cards.issuer())), "{}", mail.text);

    // Another telephone: nothing of the identity is in the first. Another card under the same number is none of it.
    assert_eq!(refused(cards.phone_with("angela", "genuine").act(Act::Show).await), "card.other_card");
    let mut other = cards.phone("angela");
    let shown = other.act(Act::Show).await.unwrap();
    assert_eq!((shown.state(), shown.events[0]["kind"].as_str()), ("created", Some("created")));
    assert_eq!(refused(other.create("other@exemple.fr").await), "card.identity_exists");
    assert_eq!(refused(other.request_certification().await), "card.address_not_confirmed");
    assert_eq!(refused(other.act(Act::Activate).await), "card.not_in_this_state");
    assert_eq!(refused(other.act(Act::Restore).await), "card.not_in_this_state");

    assert_eq!(other.act(Act::Delete).await.unwrap().state(), "closed");
    assert_eq!(refused(other.act(Act::Show).await), "card.no_identity");
    assert_eq!(phone.create("angela@exemple.fr").await.unwrap().state(), "created", "a card may begin anew");

    assert_eq!(phone.act(Act::Delete).await.unwrap().state(), "closed");
    phone.create("angela@exemple.fr").await.unwrap();
    assert_eq!(refused(phone.create("angela@exemple.fr").await), "card.identity_exists", "not counted");
    phone.act(Act::Delete).await.unwrap();
    assert_eq!(refused(phone.create("victim@exemple.fr").await), "card.too_many_made", "three a day write to anybody");

    let terms = Act::Create { email: "angela@exemple.fr".into(), language: "fr".into(), terms: "2020-01".into() };
    assert_eq!(refused(phone.begin(terms).await), "card.terms_not_accepted");
    let terms = phone.terms().await.unwrap();
    let address = Act::Create { email: "nobody".into(), language: "fr".into(), terms };
    assert_eq!(refused(phone.begin(address).await), "card.bad_address");
}

#[tokio::test]
async fn a_new_card_of_the_same_citizen_is_a_new_identity_and_closes_the_one_before() {
    let cards = Cards::set().await;
    let mut phone = cards.phone("angela");
    phone.create("angela@exemple.fr").await.unwrap();
    let mail = cards.journey.scene.mail_to("angela@exemple.fr", 0).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
    let mut citizen = cards.journey.citizen();
    let question = expect(citizen.open(link).await.unwrap(), "holder-ask");
    citizen.press(&question, "form button[name=answer]", &[]).await.unwrap();
    assert_eq!(phone.act(Act::Show).await.unwrap().state(), "active");
    let mut neighbour = cards.phone("pierre");
    neighbour.create("pierre@exemple.fr").await.unwrap();

    // Nothing changes before it is asked for: the new card has no identity, and the old one goes on.
    let mut renewed = cards.phone_with_new_card("angela", "SIM0A9NG5");
    assert_eq!(refused(renewed.act(Act::Show).await), "card.no_identity");
    assert_eq!(phone.act(Act::Show).await.unwrap().state(), "active");

    assert_eq!(renewed.create("angela.neuve@exemple.fr").await.unwrap().state(), "created", "nothing carries over");
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
    let told = cards.journey.scene.mail_to("angela@exemple.fr", 1).await;
    assert!(told.text.contains("a expiré ou a été remplacée"), "{}", told.text);
    let mail = cards.journey.scene.mail_to("angela.neuve@exemple.fr", 0).await;
    assert!(mail.text.contains("/carte/confirmer/"), "{}", mail.text);
    assert_eq!(neighbour.act(Act::Show).await.unwrap().state(), "created", "another citizen's stays");
    assert_eq!(refused(renewed.create("angela@exemple.fr").await), "card.identity_exists");
}

#[tokio::test]
async fn a_browser_shows_the_phone_the_way_and_reads_how_it_ended() {
    let cards = Cards::set().await;
    cards.phone("angela").create("angela@exemple.fr").await.unwrap();
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    assert!(page.has("[data-simulator]") && page.has("noscript"), "{}", page.body);
    let image = citizen.open(&format!("{}/qr.svg", page.url)).await.unwrap();
    assert!(image.headers["content-type"] == "image/svg+xml" && image.body.contains("<path"), "{}", image.body);

    // A link may have been sent on by somebody behind the same IPv4 address: the number is compared there too.
    let mut phone = cards.phone("angela");
    let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let mut visit = phone.claim(&page.attribute("[data-link]", "href").unwrap()).await.unwrap();
    let Confirm::Number { choices } = &visit.opened.confirm else { panic!("{:?}", visit.opened) };
    assert!(choices.contains(&number), "{choices:?}");
    let purpose = &visit.opened.purpose;
    assert_eq!((purpose.kind.as_str(), purpose.acr.as_deref()), ("sign_in", Some("eidas3")));
    assert_eq!(purpose.service.as_ref().unwrap().fr, "Ville d’essai");
    assert!(purpose.claims.iter().any(|claim| claim.en == "Date of birth"), "{:?}", purpose.claims);
    assert!(visit.opened.simulator);
    let state = async |citizen: &mut Citizen| -> Value {
        serde_json::from_str(&citizen.open(&format!("{}/state", page.url)).await.unwrap().body).unwrap()
    };
    assert_eq!(state(&mut citizen).await, json!({ "step": "claimed" }));
    assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.address_not_confirmed");
    assert_eq!(state(&mut citizen).await, json!({ "step": "over" }));
    let back = expect(citizen.open(page.url.as_str()).await.unwrap(), "choose");
    assert_eq!(back.refusal(), "card.address_not_confirmed");
    assert!(back.text("[data-banner]").unwrap().contains("n’est pas confirmée"), "{}", back.brief());

    // Who says no on the phone cancelled.
    let page = cards.waiting(&mut cards.journey.citizen()).await;
    let mut visit = phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap();
    phone.refuse(&mut visit).await.unwrap();
    assert_eq!(refused(phone.refuse(&mut visit).await), "card.refused_by_citizen");

    // Somebody without the app reads what the address is for, and uses nothing up.
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    let address = page.attribute("[data-address]", "data-address").unwrap();
    let landing = expect(cards.journey.citizen().open(&address).await.unwrap(), "landing");
    assert!(landing.has("[data-simulator]"));
    phone.claim(&address).await.unwrap();
}

#[tokio::test]
async fn an_uncertified_identity_gives_what_the_policy_says_and_takes_it_back_when_it_ends() {
    let cards = Cards::with("uncertified = \"eidas1\"\n").await;
    let (mut phone, mut citizen) = (cards.phone("angela"), cards.journey.citizen());
    phone.create("angela@exemple.fr").await.unwrap();
    let mail = cards.journey.scene.mail_to("angela@exemple.fr", 0).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
    let question = expect(citizen.open(link).await.unwrap(), "holder-ask");
    citizen.press(&question, "form button[name=answer]", &[]).await.unwrap();
    assert_eq!(phone.act(Act::Show).await.unwrap().state(), "active");

    // On another device, with the number.
    let sign_in = async |phone: &mut Phone, citizen: &mut Citizen, ask: &Ask| -> Page {
        let page = cards.waiting_for(citizen, ask).await;
        let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
        let address = page.attribute("[data-address]", "data-address").unwrap();
        let mut visit = phone.claim(&address).await.unwrap();
        assert_eq!(phone.prove(&mut visit, Some(number)).await.unwrap().kind, "sign_in");
        let elsewhere = cards.journey.citizen().open(page.url.as_str()).await.unwrap();
        assert_eq!(elsewhere.refusal(), "signin.cookie_lost", "only the browser that began it goes on");
        citizen.open(page.url.as_str()).await.unwrap()
    };
    let ask = cards.journey.ask();
    let inform = expect(sign_in(&mut phone, &mut citizen, &ask).await, "inform");
    let back = accept(&mut citizen, &inform).await;
    let tokens = cards.journey.service.finish(&ask, &back).await.unwrap();
    let claims = cards.journey.service.verify(&ask, &tokens).await.unwrap();
    assert_eq!(claims["acr"], "eidas1");
    let told = cards.journey.service.claims(&tokens).await.unwrap();
    assert_eq!((&told["family_name"], &told["email"]), (&json!("DUBOIS"), &json!("angela@exemple.fr")));

    // It is no more than that, whatever is asked for.
    let high = cards.journey.ask().with("acr_values", "eidas3").with("prompt", "login");
    let refused_page = expect(sign_in(&mut phone, &mut cards.journey.citizen(), &high).await, "refused");
    assert_eq!(refused_page.code().as_deref(), Some("P340"));

    // What rests on it goes with it: the token, the code that was not redeemed yet, the session.
    let (later, mut other) = (cards.journey.ask(), cards.journey.citizen());
    let inform = expect(sign_in(&mut phone, &mut other, &later).await, "inform");
    let code = accept(&mut other, &inform).await.parameter("code").unwrap();
    assert_eq!(phone.act(Act::Delete).await.unwrap().state(), "closed");
    eventually("the token of a closed identity is refused", async || {
        let answer = cards.journey.service.userinfo(&tokens.access_token).await.unwrap();
        (answer.status().as_u16() == 401).then_some(())
    })
    .await;
    let redeemed = cards.journey.service.redeem(&later, &code).await.unwrap();
    assert_eq!(redeemed.status().as_u16(), 400);
    assert_eq!(redeemed.json::<Value>().await.unwrap()["error"], "invalid_grant");
    let silent = citizen.open(&cards.journey.ask().with("prompt", "none").url()).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"), "{}", silent.brief());
}

#[tokio::test]
async fn a_second_claim_and_a_wrong_number_end_it_for_everybody() {
    let cards = Cards::set().await;
    let honest = cards.phone("angela");
    for by in ["[data-address]", "[data-link]"] {
        let mut citizen = cards.journey.citizen();
        let page = cards.waiting(&mut citizen).await;
        let address = page.attribute("[data-address]", "data-address").unwrap();
        let second = if by == "[data-link]" { page.attribute(by, "href").unwrap() } else { address.clone() };
        let mut visit = honest.claim(&address).await.unwrap();
        assert_eq!(refused(cards.phone("pierre").claim(&second).await), "card.claimed_twice", "{by}");
        assert_eq!(refused(cards.phone("angela").prove(&mut visit, None).await), "card.claimed_twice", "{by}");
        let back = citizen.open(page.url.as_str()).await.unwrap();
        assert_eq!(back.refusal(), "card.claimed_twice", "{by}");
    }
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    let number: u8 = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let address = page.attribute("[data-address]", "data-address").unwrap();
    let mut phone = cards.phone("angela").hostile(Mischief::WrongNumber);
    let mut visit = phone.claim(&address).await.unwrap();
    let page = expect(citizen.open(page.url.as_str()).await.unwrap(), "card");
    assert_eq!(page.attribute("[data-number]", "data-number").unwrap(), number.to_string(), "still to be compared");
    assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.wrong_number");
    assert_eq!(refused(cards.phone("angela").prove(&mut visit, Some(number)).await), "card.wrong_number", "one try");
    assert_eq!(citizen.open(page.url.as_str()).await.unwrap().refusal(), "card.wrong_number");

    // The right number goes on, to what the identity is.
    let page = cards.waiting(&mut cards.journey.citizen()).await;
    let number: u8 = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let mut phone = cards.phone("angela");
    let mut visit = phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap();
    assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.no_identity");
}

#[tokio::test]
async fn a_wrong_code_costs_a_try_of_the_card_and_not_the_transaction() {
    let cards = Cards::set().await;
    let holder = Holder::named("angela").unwrap();
    let phone = cards.phone("angela");
    let mut visit = phone.begin(Act::Show).await.unwrap();
    let mut wrong = phone.typing(holder.can, "999999");
    let failed = wrong.prove(&mut visit, None).await.unwrap_err();
    assert!(matches!(failed, Failure::Card(_)), "the card says so, and the gateway learns nothing: {failed}");
    let mut right = wrong.typing(holder.can, holder.code);
    assert_eq!(refused(right.prove(&mut visit, None).await), "card.no_identity", "the code was right");
}

#[tokio::test]
async fn of_two_telephones_that_claim_at_once_neither_gets_through() {
    let cards = Cards::set().await;
    let mut citizen = cards.journey.citizen();
    let page = cards.waiting(&mut citizen).await;
    let number: u8 = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let address = page.attribute("[data-address]", "data-address").unwrap();
    let (holder, stranger) = (cards.phone("angela"), cards.phone("pierre"));
    let (one, other) = tokio::join!(holder.claim(&address), stranger.claim(&address));
    assert!(one.is_err() || other.is_err(), "one handle, one claim");
    for (mut phone, claimed) in [(holder, one), (stranger, other)] {
        if let Ok(mut visit) = claimed {
            assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.claimed_twice");
        }
    }
    let back = expect(citizen.open(page.url.as_str()).await.unwrap(), "choose");
    assert_eq!(back.refusal(), "card.claimed_twice", "the browser is told, too");
}

#[tokio::test]
async fn each_hostile_telephone_is_refused_with_its_code() {
    let cards = Cards::set().await;
    cards.phone("angela").create("angela@exemple.fr").await.unwrap();
    let mut honest = cards.phone("angela");
    let mut visit = honest.begin(Act::Show).await.unwrap();
    let earlier = honest.prepare(&mut visit, None).await.unwrap();
    honest.submit(&mut visit, earlier.clone()).await.unwrap();
    assert_eq!(refused(honest.submit(&mut visit, earlier.clone()).await), "card.transaction_unknown", "once");

    let mut other = cards.phone("pierre");
    let mut foreign = other.begin(Act::Show).await.unwrap();
    let own = other.prepare(&mut foreign, None).await.unwrap();
    for (mischief, code) in [
        (Mischief::Replay(earlier), "card.chip_not_genuine"),
        (Mischief::SwapTransaction(foreign.opened.transaction.clone()), "card.other_phone"),
        (Mischief::SignAnother([7; 32]), "card.holder_not_proven"),
        (Mischief::ForgedChip, "card.chip_not_genuine"),
        (Mischief::AlteredCommand, "card.chip_not_genuine"),
        (Mischief::AlteredAnswer, "card.chip_not_genuine"),
        (Mischief::Drop, "card.chip_not_genuine"),
    ] {
        let what = format!("{mischief:?}");
        let mut phone = cards.phone("angela").hostile(mischief);
        assert_eq!(refused(phone.act(Act::Show).await), code, "{what}");
    }
    // What somebody else tried with it left the transaction as it was: only its own citizen has no identity.
    assert_eq!(refused(other.submit(&mut foreign, own).await), "card.no_identity");
    assert_eq!(cards.phone("angela").act(Act::Show).await.unwrap().state(), "created");
}

#[tokio::test]
async fn each_kind_of_card_is_taken_or_refused_as_its_files_and_its_chip_are() {
    let cards = Cards::set().await;
    for profile in Profile::all() {
        let mut phone = cards.phone_with("hugo", &profile.name);
        let outcome = phone.act(Act::Show).await;
        let expected = match (profile.refused.as_deref(), profile.live) {
            (Some("DOCUMENT_EXPIRED"), _) => "card.expired",
            (Some(_), _) => "card.not_authentic",
            (None, false) if profile.chip_key == ChipKey::None => "card.no_chip_key",
            (None, false) => "card.chip_not_genuine",
            (None, true) => "card.no_identity",
        };
        assert_eq!(refused(outcome), expected, "{}", profile.name);
    }
}

#[tokio::test]
async fn what_the_authority_says_of_a_card_counts_each_time() {
    let cards = Cards::set().await;
    let mut phone = cards.phone("luc");
    phone.create("luc@exemple.fr").await.unwrap();
    let number = Holder::named("luc").unwrap().number;
    cards.authority.declare(number, Status::Unknown);
    assert_eq!(refused(phone.act(Act::Show).await), "card.unknown_to_authority");
    for conduct in [Conduct::Error, Conduct::Garbage] {
        cards.authority.set(conduct);
        assert_eq!(refused(phone.act(Act::Show).await), "card.authority_silent", "{conduct:?}");
    }
    cards.authority.set(Conduct::Ok);
    cards.authority.declare(number, Status::Valid);
    assert_eq!(phone.act(Act::Show).await.unwrap().state(), "created");
    cards.authority.declare(number, Status::Stolen);
    assert_eq!(refused(phone.act(Act::Show).await), "card.withdrawn");
    // It stays closed, whatever the authority says later.
    cards.authority.declare(number, Status::Valid);
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
}

#[tokio::test]
async fn calls_that_are_no_calls_change_nothing() {
    let cards = Cards::set().await;
    let phone = cards.phone("angela");
    let mut visit = phone.begin(Act::Show).await.unwrap();
    let transaction = visit.opened.transaction.clone();
    let mut client = Client::new(cards.issuer());
    for (path, body, code) in [
        ("claims", json!({}), "card.malformed"),
        ("claims", json!({ "handle": "x" }), "card.handle_unknown"),
        ("claims", json!({ "handle": "A".repeat(43) }), "card.handle_unknown"),
        ("transactions", json!({ "purpose": { "kind": "rob" } }), "card.malformed"),
        ("transactions", json!([]), "card.malformed"),
        ("transactions/card", json!({ "transaction": transaction, "sod": "=" }), "card.malformed"),
        ("transactions/card", json!({ "transaction": "x", "sod": "" }), "card.transaction_unknown"),
        ("transactions/card", json!({ "transaction": transaction, "sod": "" }), "card.other_phone"),
        ("transactions/answers", json!({ "transaction": transaction, "relay": [] }), "card.out_of_turn"),
        ("transactions/refuse", json!({ "transaction": transaction }), "card.other_phone"),
    ] {
        assert_eq!(refused(client.post(&format!("/app/v1/{path}"), &body).await), code, "{path} {body}");
    }
    let long = json!({ "transaction": transaction, "sod": "A".repeat(600 << 10) });
    let long = client.post("/app/v1/transactions/card", &long).await;
    assert!(
        matches!(&long, Err(Failure::Refused(refusal)) if refusal.status == 413)
            || matches!(long, Err(Failure::Wire(_)))
    );
    let mut owner = cards.phone("angela");
    assert_eq!(refused(owner.prove(&mut visit, None).await), "card.no_identity", "it went on as if nothing had been");

    // Without a proof, with one that was used, by a browser of another site: nothing.
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/app/v1/claims", cards.issuer());
    let answer = plain.post(url).json(&json!({ "handle": "x" })).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "dpop.proof_invalid");
}

#[tokio::test]
async fn a_gateway_for_the_public_starts_with_no_root_of_a_simulator() {
    let mut cards = Cards::set().await;
    cards.journey.scene.gateway.kill().await.unwrap();
    let config = cards.journey.scene.gateway.installation().config();
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("simulator = true"), "{text}");
    std::fs::write(&config, text.replace("simulator = true", "simulator = false")).unwrap();
    let installation = cards.journey.scene.gateway.installation();
    for command in ["check-config", "serve"] {
        let output = installation.run(&[command]).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("holds a root of a simulator"), "{command}: {said}");
    }
    assert!(cards.trust.path().join("cnie/pins").exists());
}
