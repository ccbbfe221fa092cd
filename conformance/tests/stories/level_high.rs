//! From a card in a pocket to a service of the highest level, in a real browser: the agent's passkey is Chromium's virtual
//! authenticator, the telephone and the desk's reader are the simulator's, everything else is as it runs.

use std::sync::Arc;

use conformance::browser::{Axe, Browser, Scripts};
use conformance::card::{Card, Holder, Profile};
use conformance::citizen::Citizen;
use conformance::desk_reader::Turn;
use conformance::or_skip;
use conformance::phone::{Act, Phone};
use conformance::scene::{Cards, Scene, Setting};

use super::people::look;

fn with(cards: Cards) -> Setting {
    Setting { cards, ..Setting::default() }
}

#[tokio::test]
async fn a_citizen_is_certified_at_the_desk_and_signs_in_at_level_high_in_chromium() {
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let authenticator = browser.authenticator().await.unwrap();
    let axe = Axe::find().ok();
    let axe = axe.as_ref();
    let scene = Scene::set(with(Cards::Issued)).await;
    let town = scene.town();
    let mut staff = town.staff(scene.gateway.installation()).await.unwrap();
    let holder = Holder::named("angela").unwrap();
    // A photo as most cards have it, which browsers do not show as it is.
    let profile = Profile::named("jpeg2000_face").unwrap();
    let card = Card::issue(&town.pki, &holder, profile).shared();
    let mut phone = Phone::new(Arc::clone(&card), scene.gateway.issuer()).of(&holder);

    // The citizen, at home: an identity, its address confirmed, a QR code for the desk.
    assert_eq!(phone.create(holder.person.email).await.unwrap().state(), "created");
    let mail = scene.mail_to(holder.person.email, 0).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("/carte/confirmer/")).unwrap();
    browser.open(link).await.unwrap();
    look(&browser, axe, "holder-ask", "holder-ask").await;
    browser.press("main button[value=yes]").await.unwrap();
    browser.see("main[data-page=holder-told]").await.unwrap();
    let asked = phone.request_certification().await.unwrap();
    let qr = asked.request.unwrap()["qr"].as_str().unwrap().to_owned();

    // The agent, at the desk.
    browser.open(&staff.agent.link).await.unwrap();
    browser.fill("input[name=name]", "Poste 1").await.unwrap();
    browser.press("form[data-step=register] button").await.unwrap();
    browser.press("form[data-step=sign-in] button").await.unwrap();
    browser.see("main[data-page=desk-home]").await.unwrap();
    assert_eq!(authenticator.passkeys().await.unwrap(), 1);
    // Who the agent is, once: without it a colleague would look at each case.
    browser.open(&format!("{}/guichet/compte", town.desk())).await.unwrap();
    browser.fill("input[name=name]", "Martin").await.unwrap();
    browser.fill("input[name=birthdate]", "01011980").await.unwrap();
    browser.press("form[data-step=declare] button").await.unwrap();
    browser.see("[data-declared]").await.unwrap();
    browser.open(&format!("{}/guichet", town.desk())).await.unwrap();
    look(&browser, axe, "desk-home", "desk-home").await;
    browser.fill("input[name=qr]", &qr).await.unwrap();
    browser.press("form[data-step=scan] button").await.unwrap();
    look(&browser, axe, "desk-card", "desk-card").await;
    staff.reader.insert(Arc::clone(&card), holder.can);
    assert_eq!(staff.reader.turn().await.unwrap(), Turn::CardRead);
    look(&browser, axe, "desk-finger", "desk-finger").await;
    assert_eq!(staff.reader.turn().await.unwrap(), Turn::FingerprintSigned);
    browser.see_image("main[data-page=desk-face] img").await.unwrap();
    look(&browser, axe, "desk-face", "desk-face").await;
    browser.press("form[data-step=same-person] button.main").await.unwrap();
    look(&browser, axe, "desk-outcome", "desk-outcome").await;

    // Card and code once more: the identity is certified.
    assert_eq!(phone.act(Act::Activate).await.unwrap().state(), "certified");

    // A service that asks for the highest level.
    browser.open(&format!("{}/demarches/procuration", scene.commune.base())).await.unwrap();
    browser.press("form[data-step=choose] button[value=carte]").await.unwrap();
    look(&browser, axe, "card", "card").await;
    let address = browser.see("img[data-address]").await.unwrap().attr("data-address").await.unwrap().unwrap();
    let number: u8 = browser.text(".number").await.unwrap().trim().parse().unwrap();
    let mut visit = phone.claim(&address).await.unwrap();
    phone.prove(&mut visit, Some(number)).await.unwrap();
    // Nobody presses anything: the page noticed.
    browser.see("main[data-page=inform] [data-claim=family_name]").await.unwrap();
    browser.press("form[data-step=inform] button[type=submit]").await.unwrap();
    browser.see("main[data-page=proxy][data-level=eidas3]").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test]
async fn the_demo_lets_a_browser_in_as_the_agent_of_its_desk() {
    let scene = Scene::set(with(Cards::AtDesk)).await;
    let counter = scene.counter.as_ref().unwrap();
    let mut person = Citizen::new();
    let home = person.open(&counter.way_in()).await.unwrap();
    assert_eq!(home.name().as_deref(), Some("desk-home"), "{}", home.brief());
    assert!(home.has("[data-simulator]") && home.has("select[name=reader] option"), "{}", home.brief());
    let telephone = person.open(&counter.telephone.url()).await.unwrap();
    assert!(telephone.status.is_success() && telephone.body.contains("simulateur"), "{}", telephone.brief());
}
