//! Whoever has an identity on a card, outside the phone: the links of real mails, the request to take to a desk, the card
//! that is lost.

use conformance::browser::{Axe, Browser, Scripts};
use conformance::card::Holder;
use conformance::citizen::{Citizen, Page};
use conformance::phone::Act;
use conformance::sheet::Sheet;
use conformance::{or_skip, sheet};

use super::card_provider::{Cards, refused};
use super::people::look;
use crate::journey::expect;

const MAIL: &str = "angela@exemple.fr";

/// The link that stands alone on its line in the next mail, and the number of that mail.
async fn link(cards: &Cards, path: &str, after: u64) -> (String, u64) {
    let mail = cards.journey.scene.mail_to(MAIL, after).await;
    let begins = format!("{}{path}", cards.issuer());
    let link = mail.text.lines().find(|line| line.starts_with(&begins));
    (link.unwrap_or_else(|| panic!("{}", mail.text)).to_owned(), mail.id)
}

/// The page that tells what was done.
fn told(page: Page, done: &str) -> Page {
    let page = expect(page, "holder-told");
    assert!(page.has(&format!("main[data-done={done}]")), "{}", page.brief());
    page
}

/// From a new card to an identity whose address is confirmed; the number of the last mail.
async fn confirmed(cards: &Cards, citizen: &mut Citizen) -> u64 {
    cards.phone("angela").create(MAIL).await.unwrap();
    let (link, last) = link(cards, "/carte/confirmer/", 0).await;
    let ask = expect(citizen.open(&link).await.unwrap(), "holder-ask");
    assert_eq!(cards.phone("angela").act(Act::Show).await.unwrap().state(), "created", "a link alone does nothing");
    told(citizen.press(&ask, "button[value=yes]", &[]).await.unwrap(), "confirmed");
    assert_eq!(cards.phone("angela").act(Act::Show).await.unwrap().state(), "active");
    last
}

/// The form of lost cards, sent; the link that comes by mail.
async fn asked_to_close(cards: &Cards, citizen: &mut Citizen, after: u64) -> (String, u64) {
    let number = Holder::named("angela").unwrap().number;
    let home = expect(citizen.open(&format!("{}/carte", cards.issuer())).await.unwrap(), "holder-home");
    let form = expect(citizen.click(&home, "a[href='/carte/perte']").await.unwrap(), "holder-loss");
    let send = "form[data-step=loss] button";
    let stranger = citizen.press(&form, send, &[("number", "ZZZZZZZZZ"), ("mail", MAIL)]).await.unwrap();
    let holder = citizen.press(&form, send, &[("number", number), ("mail", MAIL)]).await.unwrap();
    assert_eq!(stranger.body, holder.body, "the answer shows nothing");
    told(holder, "link-sent");
    link(cards, "/carte/fermer/", after).await
}

#[tokio::test]
async fn a_request_is_taken_along_as_a_page_an_image_and_a_sheet_until_the_identity_is_closed() {
    let cards = Cards::set().await;
    let mut citizen = cards.journey.citizen();
    let last = confirmed(&cards, &mut citizen).await;
    let asked = cards.phone("angela").request_certification().await.unwrap();
    let request = asked.request.clone().unwrap();
    let (qr, document) = (request["qr"].as_str().unwrap(), request["document"].as_str().unwrap());
    assert_eq!(qr.rsplit('/').next(), document.rsplit('/').next(), "one token");
    let mail = cards.journey.scene.mail_to(MAIL, last).await;
    assert_eq!(mail.subject, "Votre demande de certification");

    let page = expect(citizen.open(document).await.unwrap(), "holder-request");
    let shown = page.attribute("p.qr img", "src").unwrap();
    let image = citizen.open(page.url.join(&shown).unwrap().as_str()).await.unwrap();
    assert!(image.headers["content-type"] == "image/svg+xml" && image.body.contains("<svg"), "{}", image.brief());
    let sheet = citizen.open(&format!("{document}.pdf")).await.unwrap();
    assert_eq!(sheet.headers["content-type"], "application/pdf");
    assert!(sheet.body.starts_with("%PDF-") && !sheet.body.contains("DUBOIS"));

    let (link, last) = asked_to_close(&cards, &mut citizen, mail.id).await;
    let ask = expect(citizen.open(&link).await.unwrap(), "holder-ask");
    told(citizen.press(&ask, "button[value=lost]", &[]).await.unwrap(), "closed");
    assert_eq!(refused(cards.phone("angela").act(Act::Show).await), "card.no_identity", "from this moment on");
    assert_eq!(cards.journey.scene.mail_to(MAIL, last).await.subject, "Votre identité est fermée");
    let gone = expect(citizen.open(document).await.unwrap(), "problem");
    assert_eq!((gone.status.as_u16(), gone.refusal().as_str()), (410, "page.P132"));
    told(citizen.open(&link).await.unwrap(), "over");
}

#[tokio::test]
async fn a_deletion_by_mail_is_taken_back_by_the_mail_that_tells_of_it() {
    let cards = Cards::set().await;
    let mut citizen = cards.journey.citizen();
    let last = confirmed(&cards, &mut citizen).await;
    let (close, last) = asked_to_close(&cards, &mut citizen, last).await;
    let ask = expect(citizen.open(&close).await.unwrap(), "holder-ask");
    told(citizen.press(&ask, "button[value=delete]", &[]).await.unwrap(), "leaves");
    assert_eq!(cards.phone("angela").act(Act::Show).await.unwrap().state(), "active", "for two days");
    // The link that asked for it takes nothing back: each link is for its own page, though the page have something to do.
    let crossed = close.replace("/carte/fermer/", "/carte/garder/");
    assert_eq!(expect(citizen.open(&crossed).await.unwrap(), "problem").refusal(), "page.P130");
    let (stay, last) = link(&cards, "/carte/garder/", last).await;
    let ask = expect(citizen.open(&stay).await.unwrap(), "holder-ask");
    told(citizen.press(&ask, "button[value=yes]", &[]).await.unwrap(), "stays");
    assert_eq!(cards.journey.scene.mail_to(MAIL, last).await.subject, "Vous gardez votre identité");

    // A link that was altered, or is for another page.
    let altered = format!("{}A", &close[..close.len() - 1]);
    for link in [altered, close.replace("/carte/fermer/", "/carte/garder/")] {
        let refused = expect(citizen.open(&link).await.unwrap(), "problem");
        assert_eq!((refused.status.as_u16(), refused.refusal().as_str()), (404, "page.P130"));
    }
}

#[tokio::test]
async fn strangers_read_on_sheet_and_page_exactly_what_the_desk_scans() {
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let axe = Axe::find().ok();
    let cards = Cards::set().await;
    confirmed(&cards, &mut cards.journey.citizen()).await;
    let asked = cards.phone("angela").request_certification().await.unwrap().request.unwrap();
    let (qr, document) = (asked["qr"].as_str().unwrap(), asked["document"].as_str().unwrap());
    let folder = tempfile::TempDir::with_prefix("passerelle-sheet-").unwrap();
    let (pdf, picture) = (folder.path().join("sheet.pdf"), folder.path().join("page.png"));
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let written = plain.get(format!("{document}.pdf")).send().await.unwrap().bytes().await.unwrap();
    std::fs::write(&pdf, &written).unwrap();
    browser.open(document).await.unwrap();
    look(&browser, axe.as_ref(), "holder-request", "holder-request").await;
    browser.see("[data-simulator]").await.unwrap();
    browser.see_image("p.qr img").await.unwrap();
    let shown = browser.see("p.qr img").await.unwrap();
    std::fs::write(&picture, shown.screenshot_as_png().await.unwrap()).unwrap();
    let Sheet { complaints, pages, words, codes, image } = or_skip!(sheet::read(&pdf, &picture).await);
    assert_eq!((complaints, pages), (Vec::new(), 1));
    for (place, found) in [("sheet", codes), ("page", image)] {
        let [code] = found.as_slice() else { panic!("{place}: {found:?}") };
        assert!(code.format.to_lowercase().contains("qr") && code.text == qr, "{place}: {code:?}, not {qr}");
    }
    assert!(words.contains("simulateur") && !words.contains("DUBOIS"), "{words}");

    // The front page leads to what there is.
    browser.open(cards.issuer()).await.unwrap();
    look(&browser, axe.as_ref(), "front", "front").await;
    browser.press("main a[href='/carte']").await.unwrap();
    look(&browser, axe.as_ref(), "holder-home", "holder-home").await;
    browser.close().await.unwrap();
}
