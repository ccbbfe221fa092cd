//! Services in the partners' space: a commune has a client of the sandbox at once, rotates what it proves itself by, stops
//! and resumes it, and sees nothing of another commune's.

use std::time::Duration;

use conformance::audit;
use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::{Citizen, Page};
use conformance::gateway::Standing;
use conformance::library::{Library, Party};
use conformance::or_skip;
use conformance::partner::{self, Partner};
use conformance::people::PASSWORD;
use conformance::quick_start::ShownSite;
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::site::free_port;
use conformance::tools::{Tool, node_file};
use conformance::upstream::ProviderId;

use super::partners::{LYON, Space, TOULOUSE};
use crate::journey::{accept, choose, expect, within};
use crate::stories::people::look;

/// A space whose sandbox has a provider of made-up citizens.
pub(crate) async fn sandbox_space() -> Space {
    let mut space = Space::set(Setting::default()).await;
    space.scene.gateway.installation().change_provider("poste", |file| {
        file.insert("sandbox".into(), true.into());
    });
    space.scene.gateway.restart().await.unwrap();
    space
}

/// Registers a service of the sandbox: the page that shows its secret.
pub(crate) async fn register(partner: &mut Partner, siret: &str, redirect: &str) -> Page {
    let path = format!("/espace/organisations/{siret}/services");
    let page = expect(partner.open(&path).await.unwrap(), "service-new");
    let fields = [("name", "Cantine scolaire"), ("redirects", redirect)];
    expect(partner.press(&page, "form[data-step=make-sandbox] button", &fields).await.unwrap(), "service-secret")
}

/// The service as its page shows it, once the gateway serves it.
async fn service_of(space: &Space, shown: &Page, redirect: &str) -> RelyingParty {
    let (id, secret) = (shown.text("[data-client-id]").unwrap(), shown.text("[data-client-secret]").unwrap());
    audit::secret(&secret);
    let installation = space.scene.gateway.installation();
    installation.until(&id, Standing::Served).await.unwrap();
    RelyingParty::known(space.scene.gateway.issuer(), id, Some(secret), redirect.to_owned()).await.unwrap()
}

/// A citizen of the sandbox signs in: the page that the service is answered at.
async fn signs_in(address: &str, redirect: &str) -> Page {
    let mut citizen = Citizen::new().stopping_at(redirect);
    let chooser = expect(citizen.open(address).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Poste).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    accept(&mut citizen, &inform).await
}

/// The page of a service.
async fn one(partner: &mut Partner, id: &str) -> Page {
    expect(partner.open(&format!("/espace/services/{id}")).await.unwrap(), "service")
}

/// Presses a button that may ask for the passkey once more first.
async fn dare(partner: &mut Partner, id: &str, button: &str, fields: &[(&str, &str)]) -> Page {
    let page = one(partner, id).await;
    let after = partner.press(&page, button, fields).await.unwrap();
    if after.name().as_deref() != Some("space-confirm") {
        return after;
    }
    let page = expect(partner.confirm(&after).await.unwrap(), "service");
    partner.press(&page, button, fields).await.unwrap()
}

fn redirect() -> String {
    format!("http://localhost:{}/retour", free_port())
}

#[tokio::test]
async fn a_commune_registers_a_sandbox_client_and_a_citizen_signs_in_with_it() {
    let space = sandbox_space().await;
    let (mut nadia, redirect) = (space.founder("Nadia", LYON).await, redirect());
    let page = nadia.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    assert!(page.has("[data-next-verify]") && page.has("[data-next-sandbox]"), "{}", page.body);

    let shown = register(&mut nadia, LYON, &redirect).await;
    assert_eq!(shown.headers["cache-control"], "no-store");
    let service = service_of(&space, &shown, &redirect).await;
    let ask = service.ask("openid profile");
    let back = signs_in(&ask.url(), &redirect).await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.claims(&tokens).await.unwrap()["family_name"], "DUBOIS");

    // The secret is nowhere any more.
    let secret = service.secret.clone().unwrap();
    let page = one(&mut nadia, &service.client_id).await;
    assert!(!page.body.contains(&secret) && page.count("[data-secret]") == 1, "{}", page.body);
    let listed = nadia.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    let row = format!("[data-service='{}'][data-state=live][data-environment=sandbox]", service.client_id);
    assert!(listed.has(&row) && listed.has("[data-next-request]"), "{}", listed.body);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_service_and_bad_addresses_none() {
    let space = sandbox_space().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let path = format!("/espace/organisations/{LYON}/services");
    let page = expect(nadia.open(&path).await.unwrap(), "service-new");
    let button = "form[data-step=make-sandbox] button";
    for bad in [
        "https://ville-de-lyon.fr/retour",
        "http://169.254.169.254/",
        "http://localhost:1/#x",
        "javascript:alert(1)",
        "",
    ] {
        let refused = nadia.press(&page, button, &[("name", "Cantine"), ("redirects", bad)]).await.unwrap();
        assert_eq!((refused.status.as_u16(), refused.refusal()), (422, "partner.input_invalid".to_owned()), "{bad}");
        assert!(refused.has("#redirects-wrong") && refused.has("[data-wrong]"), "{bad}");
    }
    let fields = [("name", "Cantine"), ("redirects", "http://localhost:1/retour")];
    let made = expect(nadia.press(&page, button, &fields).await.unwrap(), "service-secret");
    let again = expect(nadia.press(&page, button, &fields).await.unwrap(), "service");
    assert_eq!(again.text("[data-client-id]"), made.text("[data-client-id]"));
    assert!(!again.body.contains(&made.text("[data-client-secret]").unwrap()));
    let listed = nadia.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    assert_eq!(listed.count("[data-service]"), 1);
}

#[tokio::test]
async fn both_secrets_count_while_one_takes_the_place_of_the_other() {
    let space = sandbox_space().await;
    let (mut nadia, redirect) = (space.founder("Nadia", LYON).await, redirect());
    let first = service_of(&space, &register(&mut nadia, LYON, &redirect).await, &redirect).await;
    let id = first.client_id.clone();
    // What is the only one is not offered for retirement, and stays when it is asked for all the same.
    assert!(!one(&mut nadia, &id).await.has("form[data-step=retire-secret]"));
    let add = "form[data-step=add-secret] button";
    let shown = expect(dare(&mut nadia, &id, add, &[("days", "90")]).await, "service-secret");
    let second = service_of(&space, &shown, &redirect).await;
    assert_eq!(second.client_id, id);
    let page = one(&mut nadia, &id).await;
    assert!(page.count("[data-secret]") == 2 && !page.has("form[data-step=add-secret]"), "{}", page.body);
    for service in [&first, &second] {
        within(Duration::from_secs(2), "both secrets count", async || {
            let ask = service.ask("openid");
            let back = signs_in(&ask.url(), &redirect).await;
            service.finish(&ask, &back).await.ok()
        })
        .await;
    }
    let old = page.attribute("[data-secret]", "data-secret").unwrap();
    let retire = format!("[data-secret='{old}'] form[data-step=retire-secret] button");
    let after = expect(dare(&mut nadia, &id, &retire, &[]).await, "service");
    assert!(after.count("[data-secret]") == 1 && !after.has(&format!("[data-secret='{old}']")), "{}", after.body);
    within(Duration::from_secs(2), "the old secret counts no more", async || {
        let ask = first.ask("openid");
        let back = signs_in(&ask.url(), &redirect).await;
        let code = back.parameter("code").unwrap();
        let answer = first.redeem(&ask, &code).await.unwrap();
        (answer.status().as_u16() == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_admin_stops_a_service_and_lets_it_go_on_but_not_what_the_operator_stopped() {
    let space = sandbox_space().await;
    let (mut nadia, redirect) = (space.founder("Nadia", LYON).await, redirect());
    let service = service_of(&space, &register(&mut nadia, LYON, &redirect).await, &redirect).await;
    let id = service.client_id.clone();
    let stop = "form[data-step=stop] button";
    let refused = dare(&mut nadia, &id, stop, &[("reason", " ")]).await;
    assert_eq!((refused.status.as_u16(), refused.has("#reason-wrong")), (422, true));
    let stopped = expect(dare(&mut nadia, &id, stop, &[("reason", "La clé a fui")]).await, "service");
    assert!(stopped.has("[data-stopped]") && stopped.has("[data-state=service_off]"), "{}", stopped.body);
    assert!(stopped.text("[data-stopped]").unwrap().contains("La clé a fui"));
    within(Duration::from_secs(2), "nobody is let in", async || {
        let page = Citizen::new().stopping_at(&redirect).open(&service.ask("openid").url()).await.unwrap();
        (page.name().as_deref() != Some("choose")).then_some(())
    })
    .await;
    // Another admin lets it go on: a colleague's switch is theirs, too.
    let resumed = expect(dare(&mut nadia, &id, "form[data-step=resume] button", &[]).await, "service");
    assert!(!resumed.has("[data-stopped]"), "{}", resumed.body);

    let switch = format!("service:{id}");
    space.idp(&["switches", "off", &switch, "--why", "incident"]).await;
    let page = one(&mut nadia, &id).await;
    assert!(page.has("[data-stopped]") && !page.has("form[data-step=resume]"), "{}", page.body);
    let csrf = nadia.csrf().await.unwrap();
    let url = format!("{}/espace/services/{id}/marche", space.origin);
    let forged = nadia.agent.browser.post_from(&space.origin, &url, &format!("csrf={csrf}")).await.unwrap();
    assert_eq!((forged.status.as_u16(), forged.refusal()), (403, "partner.role_missing".to_owned()));
}

#[tokio::test]
async fn another_organisation_s_service_is_not_there() {
    let space = sandbox_space().await;
    let (mut nadia, mut chloe) = (space.founder("Nadia", LYON).await, space.founder("Chloe", TOULOUSE).await);
    let redirect = redirect();
    let shown = register(&mut nadia, LYON, &redirect).await;
    let (id, secret) = (shown.text("[data-client-id]").unwrap(), shown.text("[data-client-secret]").unwrap());
    audit::secret(&secret);
    for path in ["", "/bouton", "/demarrage"] {
        for id in [id.as_str(), "0000000000000000000000000000000f", "un/autre", "%00"] {
            let page = chloe.open(&format!("/espace/services/{id}{path}")).await.unwrap();
            assert_eq!(page.status.as_u16(), 404, "{id}{path}: {}", page.brief());
            assert!(!page.body.contains("Cantine"));
        }
    }
    let csrf = chloe.csrf().await.unwrap();
    for act in ["identifiants", "identifiants/AAAAAAAA/retrait", "arret", "marche"] {
        let url = format!("{}/espace/services/{id}/{act}", space.origin);
        let body = format!("csrf={csrf}&days=90&reason=x");
        let page = chloe.agent.browser.post_from(&space.origin, &url, &body).await.unwrap();
        assert_eq!((page.status.as_u16(), page.refusal()), (404, "partner.unseen".to_owned()), "{act}");
    }
    let own = space.origin.clone();
    let url = format!("{own}/espace/organisations/{LYON}/services");
    let body = format!("csrf={csrf}&name=x&redirects=http%3A%2F%2Flocalhost%3A1%2F");
    let page = chloe.agent.browser.post_from(&own, &url, &body).await.unwrap();
    assert_eq!(page.status.as_u16(), 404);
    assert_eq!(one(&mut nadia, &id).await.count("[data-secret]"), 1);
}

async fn the_lines_run(kit: &str, library: Library) {
    let space = sandbox_space().await;
    let (mut nadia, redirect) = (space.founder("Nadia", LYON).await, redirect());
    let service = service_of(&space, &register(&mut nadia, LYON, &redirect).await, &redirect).await;
    let path = format!("/espace/services/{}/demarrage?langage={kit}", service.client_id);
    let page = expect(nadia.open(&path).await.unwrap(), "service-start");
    let lines = page.verbatim("[data-lines]").unwrap();
    let secret = service.secret.clone().unwrap();
    assert!(!page.body.contains(&secret), "the secret stands in no code");
    let party = Party::of_lines(library, &lines, &secret).await.unwrap();
    let back = signs_in(&party.address, &redirect).await;
    let learnt = party.finish(back.url.as_str()).await.unwrap();
    assert_eq!(learnt["userinfo"]["family_name"], "DUBOIS", "{learnt}");
}

#[tokio::test]
async fn the_lines_that_the_page_shows_for_node_sign_a_citizen_in() {
    or_skip!(node_file("openid-client/package.json"));
    the_lines_run("node", Library::OpenidClient).await;
}

#[tokio::test]
async fn the_lines_that_the_page_shows_for_python_sign_a_citizen_in() {
    or_skip!(Tool::Python.find());
    the_lines_run("python", Library::Authlib).await;
}

/// The lines that the page shows for a language, for a service that is answered on this port, and its secret.
async fn shown_lines(space: &Space, kit: &str, port: u16) -> (String, String) {
    let mut nadia = space.founder("Nadia", LYON).await;
    let redirect = format!("http://localhost:{port}/retour");
    let service = service_of(space, &register(&mut nadia, LYON, &redirect).await, &redirect).await;
    let path = format!("/espace/services/{}/demarrage?langage={kit}", service.client_id);
    let page = expect(nadia.open(&path).await.unwrap(), "service-start");
    (page.verbatim("[data-lines]").unwrap(), service.secret.clone().unwrap())
}

/// A citizen opens a site, signs in, and is shown its page.
async fn a_citizen_opens(port: u16) -> Page {
    let mut citizen = Citizen::new();
    let chooser = expect(citizen.open(&format!("http://localhost:{port}/")).await.unwrap(), "choose");
    let login = choose(&mut citizen, &chooser, ProviderId::Poste).await;
    let inform = expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform");
    let page = accept(&mut citizen, &inform).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/"), "{}: {}", page.brief(), page.body);
    page
}

#[tokio::test]
async fn the_lines_that_the_page_shows_for_rust_sign_a_citizen_in() {
    let (space, port) = (sandbox_space().await, free_port());
    let (lines, secret) = shown_lines(&space, "rust", port).await;
    let _site = ShownSite::rust(&lines, &secret, port).await.unwrap();
    let page = a_citizen_opens(port).await;
    assert!(page.body.contains("Angela") && page.body.contains("eidas2"), "{}", page.body);
}

#[tokio::test]
async fn the_lines_that_the_page_shows_for_java_sign_a_citizen_in() {
    let (space, port) = (sandbox_space().await, free_port());
    let (lines, secret) = shown_lines(&space, "java", port).await;
    let _site = or_skip!(ShownSite::java(&lines, &secret, port).await);
    let page = a_citizen_opens(port).await;
    let told: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!((&told["family_name"], &told["acr"]), (&"DUBOIS".into(), &"eidas2".into()), "{told}");
}

/// A commune's agent by a real browser: from nothing to a service, and every page of services in four sizes.
async fn the_way_to_a_service(language: &'static str) {
    let browser = or_skip!(Browser::start_in(language, Scripts::On).await);
    let axe = Axe::find().ok();
    let axe = axe.as_ref();
    let space = sandbox_space().await;
    let name = |page: &str| format!("space-{page}-{language}");
    let at = |path: &str| format!("{}{path}", space.origin);
    let authenticator = browser.authenticator().await.unwrap();
    browser.open(&at("/espace/inscription")).await.unwrap();
    browser.fill("input[name=mail]", &partner::mail("Nadia")).await.unwrap();
    browser.press("form[data-step=sign-up] button").await.unwrap();
    browser.see("main[data-page=space-sent]").await.unwrap();
    browser.open(&space.link_to("Nadia", 0).await).await.unwrap();
    browser.fill("input[name=person]", "Nadia Benali").await.unwrap();
    browser.press("form[data-step=register] button").await.unwrap();
    browser.see("main[data-page=space-sign-in]").await.unwrap();
    assert_eq!(authenticator.passkeys().await.unwrap(), 1);
    browser.press("form[data-step=sign-in] button").await.unwrap();
    browser.see("main[data-page=space-home]").await.unwrap();
    browser.open(&at("/espace/organisations/nouvelle")).await.unwrap();
    browser.fill("input[name=siret]", LYON).await.unwrap();
    browser.press("form[data-step=new-organisation] button").await.unwrap();
    browser.see("form[data-step=confirm-organisation]").await.unwrap();
    browser.press("form[data-step=confirm-organisation] button").await.unwrap();
    look(&browser, axe, &name("organisation-new"), "space-organisation").await;

    let organisation = at(&format!("/espace/organisations/{LYON}"));
    browser.open(&format!("{organisation}/services")).await.unwrap();
    browser.fill("input[name=name]", "Cantine scolaire").await.unwrap();
    look(&browser, axe, &name("service-new"), "service-new").await;
    browser.press("form[data-step=make-sandbox] button").await.unwrap();
    look(&browser, axe, &name("service-secret"), "service-secret").await;
    audit::secret(&browser.text("[data-client-secret]").await.unwrap());
    let id = browser.text("[data-client-id]").await.unwrap();
    let service = at(&format!("/espace/services/{id}"));
    browser.open(&organisation).await.unwrap();
    look(&browser, axe, &name("organisation-services"), "space-organisation").await;
    browser.open(&service).await.unwrap();
    look(&browser, axe, &name("service"), "service").await;
    browser.open(&format!("{service}/bouton?taille=large")).await.unwrap();
    look(&browser, axe, &name("service-button"), "service-button").await;
    browser.open(&format!("{service}/demarrage?langage=python")).await.unwrap();
    look(&browser, axe, &name("service-start"), "service-start").await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_commune_comes_to_a_service_in_a_real_browser_in_french() {
    the_way_to_a_service("fr").await;
}

#[tokio::test]
async fn a_commune_comes_to_a_service_in_a_real_browser_in_english() {
    the_way_to_a_service("en").await;
}
