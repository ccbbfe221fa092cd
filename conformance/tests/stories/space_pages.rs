//! Every page of requests, reviews and the bench, as it stands when there is something on it: in both languages, in four sizes
//! of window, and for those who do not see it. The pages of services and of figures are looked at where their stories are told.

use conformance::browser::{Axe, Browser, Scripts};
use conformance::hasty_site::{self, Neglect};
use conformance::homologation::Credentials;
use conformance::or_skip;
use conformance::partner::Partner;
use conformance::site::listen;
use conformance::tools::Missing;
use thirtyfour::Cookie;

use super::partners::LYON;
use super::people::look;
use super::reviews::{Town, approve, look as request_of, review, save, tick};
use super::space_services::register;
use crate::journey::{eventually, expect};

/// How long a run of the bench may take: it waits for libraries that limit how often they read keys.
const RUN: std::time::Duration = std::time::Duration::from_mins(3);

/// A town whose requests have come as far as they can, and a browser that looks at them in one language.
struct Tour {
    town: Town,
    browser: Browser,
    axe: Axe,
    language: &'static str,
}

impl Tour {
    async fn begin(language: &'static str) -> Result<Self, Missing> {
        let axe = Axe::find()?;
        let browser = Browser::start_in(language, Scripts::On).await?;
        Ok(Self { town: Town::open().await, browser, axe, language })
    }

    /// Sits down at the browser as somebody who is in already.
    async fn as_(&self, partner: &Partner) {
        let driver = self.browser.driver();
        self.browser.open(&format!("{}/espace/entree", self.town.space.origin)).await.unwrap();
        let (jar, origin) = (&partner.agent.browser.jar, &partner.agent.origin);
        for name in jar.names(origin) {
            driver.add_cookie(Cookie::new(name, jar.value(origin, name).unwrap())).await.unwrap();
        }
        self.browser.open(&format!("{}/espace?lang={}", self.town.space.origin, self.language)).await.unwrap();
        self.browser.see("main[data-page=space-home]").await.unwrap();
    }

    async fn opens(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.town.space.origin)).await.unwrap();
    }

    /// Looks at the page that is open.
    async fn look(&self, name: &str, page: &str) {
        look(&self.browser, Some(&self.axe), &format!("space-{name}-{}", self.language), page).await;
    }

    async fn at(&self, path: &str, name: &str, page: &str) {
        self.opens(path).await;
        self.look(name, page).await;
    }
}

/// The blocks of a request: empty, filled, wrong, and written by two at once.
async fn blocks(tour: &mut Tour) {
    let (wrong, filled) = (tour.town.begin().await, tour.town.filled(&[]).await);
    let bad = [("controller.mail", "maire chez lyon"), ("technical.phone", "12")];
    save(&mut tour.town.nadia, &wrong, "contacts", &bad).await;
    tour.as_(&tour.town.nadia).await;
    for block in ["service", "donnees", "niveau", "cadre", "conservation", "contacts", "adresses", "engagements"] {
        tour.at(&format!("/espace/demandes/{filled}/{block}"), &format!("block-{block}"), "request-block").await;
    }
    tour.at(&format!("/espace/demandes/{wrong}/contacts"), "block-wrong", "request-block").await;
    tour.opens(&format!("/espace/demandes/{filled}/service")).await;
    save(&mut tour.town.nadia, &filled, "service", &[("title", "Cantines scolaires")]).await;
    tour.browser.fill("#title", "Restauration scolaire").await.unwrap();
    tour.browser.press("form[data-step=block] button.second").await.unwrap();
    tour.look("block-conflict", "request-block").await;
    tour.at(&format!("/espace/demandes/{filled}"), "request-draft", "request").await;
}

/// A request that was granted, and one that came back and was handed in again: their names.
async fn decided(town: &mut Town) -> (String, String) {
    let (granted, _) = town.submitted(&[("service", "title", "Crèche")]).await;
    tick(&mut town.ines, &granted).await;
    expect(approve(&mut town.ines, &granted).await, "request");
    let high = [("niveau", "level", "eidas3"), ("niveau", "level_reason", "Procuration de vote.")];
    let (again, _) = town.submitted(&high).await;
    let page = review(&mut town.ines, &again).await;
    let reason = [("reason", "Précisez les destinataires.")];
    town.ines.press(&page, "form[data-step=decide] button", &reason).await.unwrap();
    let say = "form[data-step=say] button";
    let path = format!("/espace/demandes/{again}/echanges");
    for (who, said) in [("nadia", "Les agents du service scolaire, et eux seuls."), ("ines", "Merci.")] {
        let who = if who == "nadia" { &mut town.nadia } else { &mut town.ines };
        let thread = expect(who.open(&path).await.unwrap(), "request-exchange");
        who.press(&thread, say, &[("message", said)]).await.unwrap();
    }
    save(&mut town.nadia, &again, "conservation", &[("recipients", "Les agents du service scolaire.")]).await;
    let page = request_of(&mut town.nadia, &again).await;
    town.nadia.press(&page, "form[data-step=submit] button", &[]).await.unwrap();
    tick(&mut town.ines, &again).await;
    (granted, again)
}

async fn requests_and_reviews(tour: &mut Tour) {
    let (granted, again) = decided(&mut tour.town).await;
    let mut admin = tour.town.space.operator("Omar", &["admin"]).await;
    let page = expect(admin.open("/espace/instruction/modeles").await.unwrap(), "request-templates");
    let text = "Bonjour,\n\nPrécisez s’il vous plaît les destinataires des données.";
    let fields = [("title", "Destinataires"), ("text", text)];
    expect(admin.press(&page, "form[data-step=add] button", &fields).await.unwrap(), "request-templates");

    tour.at(&format!("/espace/organisations/{LYON}/demandes"), "request-list", "request-list").await;
    tour.at(&format!("/espace/demandes/{granted}"), "request-granted", "request").await;
    tour.at(&format!("/espace/demandes/{again}"), "request-submitted", "request").await;
    tour.at(&format!("/espace/demandes/{again}/echanges"), "exchange", "request-exchange").await;
    tour.at(&format!("/espace/demandes/{granted}/client"), "service-production", "service-production").await;
    tour.at(&format!("/espace/organisations/{LYON}"), "organisation-next", "space-organisation").await;
    tour.opens(&format!("/espace/organisations/{LYON}/demandes")).await;
    tour.browser.see("main details summary").await.unwrap().click().await.unwrap();
    tour.browser.fill("#file", "{\"version\": 1, \"form\": {\"titel\": \"Cantine\"}}").await.unwrap();
    tour.browser.press("form[data-step=import] button").await.unwrap();
    tour.look("import", "request-import").await;

    tour.as_(&tour.town.ines).await;
    tour.at("/espace/instruction", "queue", "request-queue").await;
    tour.at(&format!("/espace/demandes/{again}/instruction"), "review", "request-review").await;
    tour.at(&format!("/espace/demandes/{granted}/instruction"), "review-granted", "request-review").await;
    tour.as_(&admin).await;
    tour.at("/espace/instruction/modeles", "templates", "request-templates").await;
}

/// The bench: what is asked, what is to be set up, and what was found at a site whose nonce is always the same.
async fn bench(tour: &mut Tour) {
    let listener = listen(0).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let shown = register(&mut tour.town.nadia, LYON, &format!("{base}/callback")).await;
    let client = shown.text("[data-client-id]").unwrap();
    conformance::audit::secret(&shown.text("[data-client-secret]").unwrap());
    let path = format!("/espace/services/{client}/banc");
    let nadia = &mut tour.town.nadia;
    let page = eventually("the service on the bench", async || {
        let page = nadia.open(&path).await.unwrap();
        (page.name().as_deref() == Some("space-bench")).then_some(page)
    })
    .await;
    let (login, home) = (format!("{base}/login"), format!("{base}/"));
    let fields = [("start", login.as_str()), ("page", home.as_str())];
    let open = "form[data-step=open-bench] button";
    let page = expect(nadia.press(&page, open, &fields).await.unwrap(), "space-bench-run");
    let text = |selector: &str| page.text(selector).unwrap();
    let own = Credentials {
        issuer: text("[data-issuer]"),
        client_id: text("[data-client-id]"),
        client_secret: text("[data-client-secret]"),
    };
    conformance::audit::secret(&own.client_secret);
    tour.as_(&tour.town.nadia).await;
    tour.at(page.url.path(), "bench-set-up", "space-bench-run").await;
    let _site = hasty_site::serve(listener, &base, own, Some(Neglect::FixedNonce)).await.unwrap();
    tour.browser.press("form[data-step=drive-bench] button").await.unwrap();
    for line in ["li[data-check=nonce][data-outcome=failed]", "p [data-outcome]"] {
        tour.browser.see_within(RUN, &format!("main[data-page=space-bench-run] {line}")).await.unwrap();
    }
    tour.look("bench-run", "space-bench-run").await;
    tour.at(&path, "bench", "space-bench").await;
}

async fn every_page_is_accessible(language: &'static str) {
    let mut tour = or_skip!(Tour::begin(language).await);
    blocks(&mut tour).await;
    requests_and_reviews(&mut tour).await;
    bench(&mut tour).await;
    tour.browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_requests_and_reviews_is_accessible_in_four_sizes_in_french() {
    every_page_is_accessible("fr").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_requests_and_reviews_is_accessible_in_four_sizes_in_english() {
    every_page_is_accessible("en").await;
}
