//! From a request to a service of the production and back, in real browsers: a commune's agent without a mouse and without
//! scripts but for the passkey, two reviewers, and citizens who sign in with what was granted.

use std::time::Duration;

use conformance::audit;
use conformance::browser::{Browser, Keyboard, Scripts};
use conformance::citizen::{Citizen, Page};
use conformance::gateway::Standing;
use conformance::or_skip;
use conformance::partner;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::tools::Missing;
use conformance::upstream::ProviderId;
use serde_json::json;
use thirtyfour::By;

use super::partners::{LYON, Space};
use super::reviews::{BLOCKS, Town};
use crate::journey::{accept, citizen_of, expect, to_login, within};

/// What is promised: a change is in force for the next request, within a second.
const SECOND: Duration = Duration::from_secs(1);
const BACK: &str = "https://cantine.lyon.fr/retour";
const SAVE_AND_GO_ON: &str = "form[data-step=block] button[value=next]";
const SAVE: &str = "form[data-step=block] button.second";

/// What this request asks for besides, or otherwise than the ordinary one.
const MORE: [(&str, &[(&str, &str)]); 3] = [
    (
        "donnees",
        &[
            ("asks.gender", "on"),
            ("need.gender", "Écrire aux parents."),
            ("asks.dgfip_rfr", "on"),
            ("need.dgfip_rfr", "Calculer le tarif."),
        ],
    ),
    ("niveau", &[("level", "eidas2"), ("level_reason", "Le tarif dépend du revenu.")]),
    ("cadre", &[("basis.dgfip_rfr", "Article L. 114-8 du CRPA")]),
];

/// Somebody at a browser of their own, with a passkey in it.
struct Person {
    browser: Browser,
}

impl Person {
    async fn sits_down() -> Result<Self, Missing> {
        let browser = Browser::start(Scripts::On).await?;
        browser.authenticator().await.unwrap();
        Ok(Self { browser })
    }

    /// Takes a link of a mail to an account, signs in, and makes a recovery code.
    async fn comes(&self, space: &Space, link: &str, name: &str) {
        let browser = &self.browser;
        browser.open(link).await.unwrap();
        browser.fill("input[name=person]", name).await.unwrap();
        browser.press("form[data-step=register] button").await.unwrap();
        browser.see("main[data-page=space-sign-in]").await.unwrap();
        browser.press("form[data-step=sign-in] button").await.unwrap();
        browser.see("main[data-page=space-home]").await.unwrap();
        self.opens(space, "/espace/compte", "space-account").await;
        self.presses("form[data-step=make-code] button", "space-code").await;
        let code = browser.text("[data-recovery-code]").await.unwrap();
        audit::secret(&code.replace(' ', ""));
        audit::secret(&code);
    }

    async fn reviewer(space: &Space, name: &str) -> Result<Self, Missing> {
        let person = Self::sits_down().await?;
        let installation = space.scene.gateway.installation();
        let link = partner::invite_operator(installation, name, &["instructor"]).await.unwrap();
        person.comes(space, &link, name).await;
        Ok(person)
    }

    async fn opens(&self, space: &Space, path: &str, page: &str) {
        self.browser.open(&format!("{}{path}", space.origin)).await.unwrap();
        self.browser.see(&format!("main[data-page={page}]")).await.unwrap();
    }

    async fn presses(&self, button: &str, page: &str) {
        self.browser.press(button).await.unwrap();
        self.browser.see(&format!("main[data-page={page}]")).await.unwrap();
    }

    /// The state of the request that is shown.
    async fn shows(&self, state: &str) {
        self.browser.see(&format!("main[data-page=request][data-state={state}]")).await.unwrap();
    }

    async fn reviews(&self, space: &Space, id: &str) {
        self.opens(space, &format!("/espace/demandes/{id}/instruction"), "request-review").await;
    }

    /// Decides with a reason.
    async fn decides(&self, space: &Space, id: &str, button: &str, reason: &str) {
        self.reviews(space, id).await;
        self.browser.fill("#reason", reason).await.unwrap();
        self.presses(button, "request").await;
    }
}

/// The agent of the commune, who brings it in, and whom a reviewer knows to be of it. From then on no page of theirs may
/// run a script.
async fn commune(space: &Space, reviewer: &Person) -> Result<Person, Missing> {
    let nadia = Person::sits_down().await?;
    let browser = &nadia.browser;
    nadia.opens(space, "/espace/inscription", "space-sign-up").await;
    browser.fill("input[name=mail]", &partner::mail("Nadia")).await.unwrap();
    nadia.presses("form[data-step=sign-up] button", "space-sent").await;
    nadia.comes(space, &space.link_to("Nadia", 0).await, "Nadia Benali").await;
    nadia.opens(space, "/espace/organisations/nouvelle", "space-new-organisation").await;
    browser.fill("input[name=siret]", LYON).await.unwrap();
    nadia.presses("form[data-step=new-organisation] button", "space-new-organisation").await;
    nadia.presses("form[data-step=confirm-organisation] button", "space-organisation").await;
    reviewer.opens(space, &format!("/espace/organisations/{LYON}"), "space-organisation").await;
    reviewer.presses("form[data-step=accept-organisation] button", "space-organisation").await;
    browser.set_scripts(Scripts::Off).await.unwrap();
    browser.open("data:text/html,<title>off</title><script>document.title='on'</script>").await.unwrap();
    assert_eq!(browser.driver().title().await.unwrap(), "off");
    Ok(nadia)
}

/// Fills in a block by the keyboard.
async fn type_in(keys: &Keyboard<'_>, fields: &[(&str, &str)]) {
    for (name, text) in fields {
        let field = format!("form[data-step=block] [name='{name}']:not([type=hidden])");
        let typed = match (*name, *text) {
            (_, "on") => keys.tick(&field).await,
            ("level" | "legal_nature", value) => keys.pick(&field, value).await,
            ("go_live", day) => {
                let parts: Vec<&str> = day.rsplit('-').collect();
                keys.spell(&field, &parts.concat()).await
            }
            (_, text) => keys.fill(&field, text).await,
        };
        typed.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
}

/// Writes the whole request without a mouse, from the first page of the space, and hands it in: its name.
async fn hands_in(nadia: &Person, space: &Space) -> String {
    let (browser, keys) = (&nadia.browser, nadia.browser.keyboard());
    nadia.opens(space, "/espace", "space-home").await;
    for link in [format!("main a[href='/espace/organisations/{LYON}']"), "main a[href$='/demandes']".to_owned()] {
        keys.press(&link).await.unwrap();
    }
    keys.press("form[data-step=new] button").await.unwrap();
    for (at, (block, fields)) in BLOCKS.into_iter().enumerate() {
        browser.see(&format!("main[data-page=request-block][data-block={block}]")).await.unwrap();
        let more = MORE.iter().find(|(name, _)| *name == block).map_or(&[][..], |(_, more)| more);
        let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
        let fields: Vec<_> =
            fields.iter().filter(|(name, _)| !replaced(name)).chain(more).map(|field| (field.0, field.1)).collect();
        type_in(&keys, &fields).await;
        keys.press(if at + 1 < BLOCKS.len() { SAVE_AND_GO_ON } else { SAVE }).await.unwrap();
    }
    nadia.shows("draft").await;
    assert_eq!(browser.texts("[data-open='0']").await.unwrap().len(), BLOCKS.len(), "nothing is missing");
    keys.press("form[data-step=submit] button").await.unwrap();
    nadia.shows("submitted").await;
    browser.address().await.unwrap().path_segments().unwrap().next_back().unwrap().to_owned()
}

/// The service that the commune makes of what was granted, as the page shows it.
async fn makes_service(nadia: &Person, space: &Space) -> RelyingParty {
    let (browser, keys) = (&nadia.browser, nadia.browser.keyboard());
    nadia.opens(space, &format!("/espace/organisations/{LYON}"), "space-organisation").await;
    keys.press("[data-next-grant] a").await.unwrap();
    browser.see("main[data-page=service-production]").await.unwrap();
    keys.press("form[data-step=make-production] button").await.unwrap();
    browser.see("main[data-page=service-secret]").await.unwrap();
    let (id, secret) =
        (browser.text("[data-client-id]").await.unwrap(), browser.text("[data-client-secret]").await.unwrap());
    audit::secret(&secret);
    space.scene.gateway.installation().until(&id, Standing::Served).await.unwrap();
    RelyingParty::known(space.scene.gateway.issuer(), id, Some(secret), BACK.to_owned()).await.unwrap()
}

/// A citizen on the page that says what will be sent.
async fn informed(service: &RelyingParty, ask: &Ask) -> (Citizen, Page) {
    let mut citizen = citizen_of(service);
    let login = to_login(&mut citizen, ask, ProviderId::Poste).await;
    let page = citizen.sign_in(&login, "angela", PASSWORD).await.unwrap();
    (citizen, expect(page, "inform"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commune_goes_to_production_past_two_reviewers_and_is_revoked_while_citizens_sign_in() {
    let space = Space::open().await;
    let ines = or_skip!(Person::reviewer(&space, "Ines").await);
    let lena = or_skip!(Person::reviewer(&space, "Lena").await);
    let nadia = or_skip!(commune(&space, &ines).await);
    let id = hands_in(&nadia, &space).await;

    // Back to the commune, put right, and handed in again.
    ines.decides(&space, &id, "form[data-step=decide] button:not(.danger)", "Précisez les destinataires.").await;
    ines.shows("changes_requested").await;
    nadia.opens(&space, &format!("/espace/demandes/{id}"), "request").await;
    nadia.shows("changes_requested").await;
    assert!(nadia.browser.text("[data-reason]").await.unwrap().contains("Précisez les destinataires."));
    let keys = nadia.browser.keyboard();
    keys.press("a[href$='/conservation']").await.unwrap();
    type_in(&keys, &[("recipients", "Les agents du service scolaire.")]).await;
    keys.press(SAVE).await.unwrap();
    keys.press("form[data-step=submit] button").await.unwrap();
    nadia.shows("submitted").await;

    // Two agree, one after the other.
    ines.reviews(&space, &id).await;
    let changed = ines.browser.text("[data-differences] [data-field=recipients]").await.unwrap();
    assert!(changed.contains("Les agents du service scolaire."), "{changed}");
    for tick in ines.browser.driver().find_all(By::Css("form[data-step=points] input[type=checkbox]")).await.unwrap() {
        tick.click().await.unwrap();
    }
    ines.presses("form[data-step=points] button", "request-review").await;
    // Hosts of the production are not reached from here: the bench cannot have passed.
    ines.browser.fill("#without", "Le site ouvre après les vacances.").await.unwrap();
    ines.presses("form[data-step=approve] button", "request").await;
    ines.shows("submitted").await;
    lena.reviews(&space, &id).await;
    lena.presses("form[data-step=approve] button", "request").await;
    lena.shows("granted").await;

    // What was granted, at the level that was granted, and nothing else.
    let service = makes_service(&nadia, &space).await;
    let ask = service.ask("openid email gender dgfip_rfr").with("acr_values", "eidas2");
    let (mut citizen, page) = informed(&service, &ask).await;
    let back = accept(&mut citizen, &page).await;
    let tokens = service.finish(&ask, &back).await.unwrap();
    assert_eq!(service.verify(&ask, &tokens).await.unwrap()["acr"], "eidas2");
    let mut claims = service.claims(&tokens).await.unwrap();
    let subject = claims.as_object_mut().unwrap().remove("sub");
    assert!(subject.is_some_and(|subject| subject.is_string()));
    assert_eq!(claims, json!({ "email": "angela@exemple.fr", "gender": "female" }));
    let beyond = citizen_of(&service).open(&service.ask("openid profile").url()).await.unwrap();
    assert_eq!(beyond.parameter("error").as_deref(), Some("invalid_scope"), "{}", beyond.brief());

    // Revoked while a token is live and a citizen reads what will be sent.
    let (mut reader, page) = informed(&service, &ask).await;
    assert_eq!(service.userinfo(&tokens.access_token).await.unwrap().status().as_u16(), 200);
    ines.reviews(&space, &id).await;
    ines.browser.fill("#revoke-reason", "Le service a fermé.").await.unwrap();
    ines.presses("form[data-step=revoke] button", "request").await;
    ines.shows("revoked").await;
    within(SECOND, "the end of the token", async || {
        (service.userinfo(&tokens.access_token).await.unwrap().status().as_u16() == 401).then_some(())
    })
    .await;
    let page = expect(accept(&mut reader, &page).await, "withdrawn");
    assert_eq!(page.refusal(), "habilitation.revoked");
    let told = reader.press(&page, "form[data-step=cancel] button[type=submit]", &[]).await.unwrap();
    assert_eq!((told.parameter("error").as_deref(), told.parameter("code")), (Some("unauthorized_client"), None));
    nadia.opens(&space, &format!("/espace/demandes/{id}"), "request").await;
    assert!(nadia.browser.text("[data-reason]").await.unwrap().contains("Le service a fermé."));
    for person in [nadia, ines, lena] {
        person.browser.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_the_commune_with_its_reason_by_mail_and_on_the_page() {
    let mut town = Town::open().await;
    let (id, _) = town.submitted(&[]).await;
    let lena = or_skip!(Person::reviewer(&town.space, "Lena").await);
    let samir = or_skip!(Person::sits_down().await);
    let page = super::partners::people(&mut town.nadia, LYON).await;
    let mail = partner::mail("Samir");
    let fields = [("mail", mail.as_str()), ("role", "reader")];
    town.nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
    samir.comes(&town.space, &town.space.link_to("Samir", 0).await, "Samir").await;

    // Without a reason the browser sends nothing, and the page stays.
    let refuse = "form[data-step=decide] button.danger";
    lena.reviews(&town.space, &id).await;
    lena.browser.see(refuse).await.unwrap().click().await.unwrap();
    lena.browser.see("main[data-page=request-review] #reason:invalid").await.unwrap();
    lena.decides(&town.space, &id, refuse, "Le service relève du département.").await;
    lena.shows("refused").await;
    town.mailed(&partner::mail("Nadia"), "Le service relève du département.").await;
    samir.opens(&town.space, &format!("/espace/demandes/{id}"), "request").await;
    samir.shows("refused").await;
    assert!(samir.browser.text("[data-reason]").await.unwrap().contains("Le service relève du département."));
    assert!(town.habilitations().await.is_empty());
    for person in [lena, samir] {
        person.browser.close().await.unwrap();
    }
}
