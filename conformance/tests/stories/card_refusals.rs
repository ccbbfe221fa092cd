//! Each refusal of the app API that the other stories do not come by (cnie.md §11, §12): who is refused, under which code, in
//! the answer, in the log, and on the page of the browser that waits.

use std::sync::Arc;

use conformance::agent;
use conformance::authority::{Authority, Status};
use conformance::card::pki::Labels;
use conformance::card::{Card, Holder, Pki, Profile};
use conformance::clock;
use conformance::people::Person;
use conformance::phone::{Act, Borrowed, Mischief, Phone};
use conformance::scene::Setting;
use conformance::site::listen;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use toml::Table;

use super::card_provider::Cards;
use super::counter::{Counter, ask_again, refused, state};
use crate::journey::{Journey, expect};

/// A citizen like Angela but for one thing. Holders are of statics: those of a test live as long as it.
fn like_angela(change: impl FnOnce(&mut Person)) -> Holder {
    let holder = Holder::named("angela").unwrap();
    let mut person = *holder.person;
    change(&mut person);
    Holder { person: Box::leak(Box::new(person)), ..holder }
}

/// A telephone with a card that was issued to somebody.
fn phone(cards: &Cards, holder: &Holder) -> Phone {
    Phone::new(Card::genuine(cards.pki(), holder), cards.issuer()).of(holder)
}

#[tokio::test]
async fn minors_the_dead_and_who_cannot_be_told_apart_have_no_identity() {
    let cards = Cards::set().await;
    let today = OffsetDateTime::from_unix_timestamp(clock::now()).unwrap().date();
    let born = today.replace_year(today.year() - 18).unwrap_or(today - Duration::days(6_574)) + Duration::days(1);
    let minor = like_angela(|person| person.birthdate = born.to_string().leak());
    assert_eq!(refused(phone(&cards, &minor).act(Act::Show).await), "card.not_adult", "{born}: eighteen tomorrow");
    let adult = like_angela(|person| person.birthdate = (born - Duration::days(2)).to_string().leak());
    assert_eq!(refused(phone(&cards, &adult).act(Act::Show).await), "card.no_identity");

    // A chip that nothing tells apart from a copy of itself.
    let keyless = Holder::named("hugo").unwrap();
    let card = Card::issue(cards.pki(), &keyless, Profile::named("no_chip_key").unwrap());
    let mut keyless = Phone::new(card, cards.issuer()).of(&keyless);
    assert_eq!(refused(keyless.act(Act::Show).await), "card.no_chip_key");

    let mut phone = cards.phone("angela");
    phone.create("angela@exemple.fr").await.unwrap();
    cards.authority().declare(Holder::named("angela").unwrap().number, Status::HolderDeceased);
    assert_eq!(refused(phone.act(Act::Show).await), "card.holder_deceased");
    // The identity went with its holder, though the authority be of another mind later.
    cards.authority().declare(Holder::named("angela").unwrap().number, Status::Valid);
    assert_eq!(refused(phone.act(Act::Show).await), "card.no_identity");
}

#[tokio::test]
async fn chip_and_code_of_two_cards_are_no_card() {
    let cards = Cards::set().await;
    let (mine, other) = (Holder::named("angela").unwrap(), Holder::named("pierre").unwrap());
    let borrowed =
        Borrowed { card: Card::genuine(cards.pki(), &other).shared(), can: other.can.into(), code: other.code.into() };
    let mut phone = phone(&cards, &mine).hostile(Mischief::BorrowedCode(borrowed));
    assert_eq!(refused(phone.act(Act::Show).await), "card.two_cards");
    // The same with the code of the card itself goes on.
    let card = Card::genuine(cards.pki(), &mine).shared();
    let own = Borrowed { card: Arc::clone(&card), can: mine.can.into(), code: mine.code.into() };
    let mut alike = Phone::new(Card::genuine(cards.pki(), &mine), cards.issuer()).of(&mine);
    alike = alike.hostile(Mischief::BorrowedCode(own));
    assert_eq!(refused(alike.act(Act::Show).await), "card.no_identity", "two cards of one number: the chip decides");
}

#[tokio::test]
async fn a_card_of_a_simulator_is_none_where_its_roots_pass_for_a_states() {
    let authority = Authority::start(listen(0).await.unwrap());
    let (pki, trust) =
        (Pki::new(clock::now()).labelling(Labels::Signers), TempDir::with_prefix("passerelle-").unwrap());
    pki.write(trust.path()).unwrap();
    let folder = trust.path().display();
    let text = format!(
        "[cnie]\ntrust = \"{folder}/cnie\"\neid_trust = \"{folder}/eid\"\nstatus_url = \"{}\"\n",
        authority.url()
    );
    let overrides: Table = text.parse().unwrap();
    let journey = Journey::set(Setting { overrides, ..Setting::default() }).await;
    let holder = Holder::named("angela").unwrap();
    let mut phone = Phone::new(Card::genuine(&Arc::new(pki), &holder), journey.scene.gateway.issuer()).of(&holder);
    assert_eq!(refused(phone.act(Act::Show).await), "card.simulator");
}

#[tokio::test]
async fn a_place_of_birth_that_is_none_makes_no_sign_in() {
    let cards = Cards::with("uncertified = \"eidas1\"\n").await;
    let nowhere = like_angela(|person| (person.birthplace, person.birthcountry) = (None, "99999999"));
    let nowhere = Holder { number: "SIM0N0WH3", ..nowhere };
    cards.authority().issue(nowhere);
    assert_eq!(refused(phone(&cards, &nowhere).create("angela@exemple.fr").await), "card.authority_silent");
    let unknown = like_angela(|person| (person.birthplace, person.birthcountry) = (None, "99100"));
    let unknown = Holder { number: "SIM0N0WH4", ..unknown };
    cards.authority().issue(unknown);
    let mut phone = phone(&cards, &unknown);
    phone.create("angela@exemple.fr").await.unwrap();
    let mail = cards.journey.scene.mail_to("angela@exemple.fr", 0).await;
    let mut citizen = cards.journey.citizen();
    let link = mail.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
    let question = expect(citizen.open(link).await.unwrap(), "holder-ask");
    citizen.press(&question, "form button[name=answer]", &[]).await.unwrap();
    let page = cards.waiting(&mut citizen).await;
    let number = page.attribute("[data-number]", "data-number").unwrap().parse().unwrap();
    let mut visit = phone.claim(&page.attribute("[data-address]", "data-address").unwrap()).await.unwrap();
    assert_eq!(refused(phone.prove(&mut visit, Some(number)).await), "card.identity_unreadable");
    assert_eq!(citizen.open(page.url.as_str()).await.unwrap().refusal(), "card.identity_unreadable");
}

#[tokio::test]
async fn only_a_certification_that_stands_opens_what_asks_for_it() {
    let mut counter = Counter::open().await;
    // Who was not certified, at each state before it.
    let (mut phone, qr) = counter.asks("angela").await;
    let sign_in = async |counter: &Counter, phone: &mut Phone| {
        let mut citizen = counter.journey.citizen();
        let page = counter.page(&mut citizen, &counter.ask()).await;
        let (mut visit, number) = counter.claim(phone, &page).await;
        let told = phone.prove(&mut visit, Some(number)).await;
        let told = if told.is_ok() { "proved".to_owned() } else { refused(told) };
        let after = citizen.open(page.url.as_str()).await.unwrap();
        if told != "proved" {
            assert_eq!(after.refusal(), told, "the browser is told the same");
        }
        told
    };
    assert_eq!(sign_in(&counter, &mut phone).await, "card.not_certified", "requested");
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    assert_eq!(sign_in(&counter, &mut phone).await, "card.not_certified", "at the desk");
    counter.approve(&face).await;
    assert_eq!(sign_in(&counter, &mut phone).await, "card.not_certified", "approved, and not activated");
    assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");
    assert_eq!(sign_in(&counter, &mut phone).await, "proved");

    // An operator suspends it, and card and code lift that.
    let installation = counter.journey.scene.gateway.installation();
    let id = counter.identity().await;
    agent::run(installation, &["cards", "suspend", &id, "--word", "essai"]).await.unwrap();
    assert_eq!(sign_in(&counter, &mut phone).await, "card.suspended");
    assert_eq!(phone.act(Act::Restore).await.unwrap().state(), "certified");
    assert_eq!(sign_in(&counter, &mut phone).await, "proved");

    // Another code on the card is another key: it ends the certification, where it is next shown.
    phone.change_code("975318").unwrap();
    assert_eq!(sign_in(&counter, &mut phone).await, "card.code_changed");
    assert_eq!(state(&mut phone).await, "active");
    assert_eq!(sign_in(&counter, &mut phone).await, "card.not_certified");

    // The new code is certified as the first was; a code that is changed after the desk's yes is not the one it saw.
    let qr = ask_again(&mut phone).await;
    let face = expect(counter.up_to_the_face("angela", &qr).await, "desk-face");
    counter.approve(&face).await;
    phone.change_code("864207").unwrap();
    assert_eq!(refused(phone.act(Act::Activate).await), "card.code_changed");
    assert_eq!(refused(phone.act(Act::Activate).await), "card.not_in_this_state");
    assert_eq!(state(&mut phone).await, "active");
}
