//! The telephone's page as a person uses it, against the server of the telephone's own tests.

use super::*;
use crate::browser::{Axe, Browser, Scripts};
use crate::card::{Pki, Profile};
use crate::citizen::Citizen;
use crate::clock;
use crate::or_skip;
use crate::phone::tests::terminal;
use crate::site::listen;

fn wallet() -> Vec<Carried> {
    let pki = Arc::new(Pki::new(clock::now()));
    let carried = |name: &str, profile: &str| {
        let (holder, profile) = (Holder::named(name).unwrap(), Profile::named(profile).unwrap());
        let about = if profile.name == "genuine" { String::new() } else { profile.about.clone() };
        Carried { holder, card: Card::issue(&pki, &holder, profile).shared(), about }
    };
    vec![carried("angela", "genuine"), carried("pierre", "genuine"), carried("angela", "clone")]
}

async fn telephone(issuer: &str) -> Telephone {
    Telephone::start(listen(0).await.unwrap(), issuer, wallet(), Router::new())
}

#[tokio::test]
async fn a_person_answers_a_request_with_number_card_and_code() {
    let (_site, shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let holder = Holder::named("angela").unwrap();
    let mut citizen = Citizen::new();
    let link = format!("{issuer}/app/q/h");
    let home = citizen.open(&format!("{}/?link={link}", telephone.url())).await.unwrap();
    assert!(home.has("header .label") && home.has(".card .can"));
    let asked = citizen.press(&home, "form[data-step=link] button", &[]).await.unwrap();
    assert_eq!(asked.text(".service").as_deref(), Some("Ville"));
    assert_eq!(asked.texts(".choices label span"), ["11", "22", "33"]);
    let typed = [("can", holder.can), ("code", "00000")];
    let pressed = citizen.press(&asked, "button[name=digit][value='0']", &typed).await.unwrap();
    let missing = citizen.press(&pressed, "button.main", &[]).await.unwrap();
    assert_eq!(missing.text("#wrong").as_deref(), Some("Choisissez le nombre affiché par le navigateur."));
    let wrong = citizen.press(&missing, "button.main", &[("number", "22")]).await.unwrap();
    assert_eq!(wrong.text("#wrong").as_deref(), Some("Code incorrect. Il reste 2 essais."));
    let done = citizen.press(&wrong, "button.main", &[("number", "22"), ("code", holder.code)]).await.unwrap();
    assert_eq!(done.name().as_deref(), Some("phone-result"));
    assert_eq!(done.text("h1").as_deref(), Some("C’est confirmé"));
    assert_eq!(shared.lock().unwrap().more, 2);
}

#[tokio::test]
async fn a_person_creates_an_identity_and_sees_what_came_of_it() {
    let (_site, _shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let holder = Holder::named("angela").unwrap();
    let mut citizen = Citizen::new();
    let act = citizen.open(&format!("{}/acte/create", telephone.url())).await.unwrap();
    let given = [("email", "angela@exemple.fr"), ("terms", "2")];
    let asked = citizen.press(&act, "form[data-step=create] button", &given).await.unwrap();
    let done = citizen.press(&asked, "button.main", &[("can", holder.can), ("code", holder.code)]).await.unwrap();
    assert_eq!(done.text("h1").as_deref(), Some("Identité créée"));
    assert_eq!(done.text(".facts dd").as_deref(), Some("créée : confirmez l’adresse reçue par courriel"));
    // From now on what is offered is what such an identity admits; of another card nothing is known.
    let home = citizen.open(&telephone.url()).await.unwrap();
    assert!(home.has("a[href='/acte/delete']") && !home.has("a[href='/acte/create']"), "{}", home.body);
    let other = citizen.press(&home, "form[data-step=card] button", &[("card", "1")]).await.unwrap();
    assert!(other.has("a[href='/acte/create']") && !other.has("a[href='/acte/delete']"), "{}", other.body);
    let home = citizen.press(&other, "form[data-step=card] button", &[("card", "0")]).await.unwrap();
    assert!(home.has("a[href='/acte/delete']"), "{}", home.body);
}

#[tokio::test]
async fn an_act_of_ones_own_is_cancelled_and_a_request_of_somebody_elses_is_refused() {
    let (_site, shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let mut citizen = Citizen::new();
    let act = citizen.open(&format!("{}/acte/show", telephone.url())).await.unwrap();
    let asked = citizen.press(&act, "form[data-step=show] button", &[]).await.unwrap();
    assert_eq!(asked.text("button[value=refuse]").as_deref(), Some("Annuler"));
    let done = citizen.press(&asked, "button[value=refuse]", &[]).await.unwrap();
    assert_eq!(done.text("h1").as_deref(), Some("Annulé"));
    shared.lock().unwrap().opened = 0;
    let home = citizen.open(&format!("{}/?link={issuer}/app/q/h", telephone.url())).await.unwrap();
    let asked = citizen.press(&home, "form[data-step=link] button", &[]).await.unwrap();
    assert_eq!(asked.text("button[value=refuse]").as_deref(), Some("Refuser"));
    let done = citizen.press(&asked, "button[value=refuse]", &[]).await.unwrap();
    assert_eq!(done.text("h1").as_deref(), Some("Demande refusée"));
}

#[tokio::test]
async fn a_refusal_of_the_service_is_shown_with_its_code() {
    let (_site, _shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let mut citizen = Citizen::new();
    let home = citizen.open(&telephone.url()).await.unwrap();
    let other = citizen.press(&home, "form[data-step=card] button", &[("card", "2")]).await.unwrap();
    assert!(other.text(".about").unwrap().contains("la puce n’a pas la clé"));
    let holder = Holder::named("angela").unwrap();
    let act = citizen.open(&format!("{}/acte/show", telephone.url())).await.unwrap();
    let asked = citizen.press(&act, "form[data-step=show] button", &[]).await.unwrap();
    let done = citizen.press(&asked, "button.main", &[("can", holder.can), ("code", holder.code)]).await.unwrap();
    assert_eq!(done.text("[data-refusal]").as_deref(), Some("card.channel"));
    let wrong = citizen.press(&home, "form[data-step=link] button", &[("link", "http://evil.example/")]).await.unwrap();
    assert_eq!(wrong.text("#wrong").as_deref(), Some("Ce lien n’est pas un lien de ce service."));
}

#[tokio::test]
async fn a_person_changes_the_code_on_the_card() {
    let (_site, _shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let holder = Holder::named("angela").unwrap();
    let mut citizen = Citizen::new();
    let act = citizen.open(&format!("{}/acte/code", telephone.url())).await.unwrap();
    let asked = citizen.press(&act, "form[data-step=code] button", &[]).await.unwrap();
    let given = [("can", holder.can), ("code", holder.code), ("new_code", "222333")];
    let done = citizen.press(&asked, "button.main", &given).await.unwrap();
    assert_eq!(done.text("h1").as_deref(), Some("Code changé"));
}

#[tokio::test]
async fn every_page_of_the_telephone_is_accessible_and_fits_a_small_screen() {
    let axe = or_skip!(Axe::find());
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let (_site, _shared, issuer) = terminal().await;
    let telephone = telephone(&issuer).await;
    let holder = Holder::named("angela").unwrap();
    browser.open(&telephone.url()).await.unwrap();
    browser.see("[data-page=phone-home]").await.unwrap();
    browser.inspect("phone-home", &axe).await.unwrap();
    browser.open(&format!("{}/acte/create", telephone.url())).await.unwrap();
    browser.inspect("phone-create", &axe).await.unwrap();
    browser.open(&telephone.url()).await.unwrap();
    browser.fill("#link", &format!("{issuer}/app/q/h")).await.unwrap();
    browser.press("form[data-step=link] button").await.unwrap();
    browser.see("[data-page=phone-ask]").await.unwrap();
    for digit in holder.can.chars().chain("000000".chars()) {
        browser.press(&format!("button[name=digit][value='{digit}']")).await.unwrap();
    }
    browser.inspect("phone-ask", &axe).await.unwrap();
    browser.see("input[name=number][value='22']").await.unwrap().click().await.unwrap();
    browser.press("button.main").await.unwrap();
    assert_eq!(browser.text("#wrong").await.unwrap(), "Code incorrect. Il reste 2 essais.");
    browser.inspect("phone-wrong-code", &axe).await.unwrap();
    browser.see("input[name=number][value='22']").await.unwrap().click().await.unwrap();
    browser.fill("#code", holder.code).await.unwrap();
    browser.press("button.main").await.unwrap();
    browser.see("[data-page=phone-result]").await.unwrap();
    browser.inspect("phone-result", &axe).await.unwrap();
    browser.close().await.unwrap();
}
