//! Requests for habilitations: written by a commune, reviewed by the operator, granted, refused, opened again, revoked.

use std::time::Duration;

use conformance::citizen::Page;
use conformance::clock::Hands;
use conformance::or_skip;
use conformance::partner::{self, Partner};
use conformance::scene::Setting;
use serde_json::Value;

use super::partners::{LYON, Space};
use crate::journey::expect;

/// Why a site goes without the bench.
const WITHOUT: &str = "Le site ouvre après les vacances.";

const SAVE: &str = "form[data-step=block] button.second";

/// What a commune fills in, block by block.
pub(crate) const BLOCKS: [(&str, &[(&str, &str)]); 8] = [
    (
        "service",
        &[
            ("title", "Cantine scolaire"),
            ("description", "Les parents inscrivent leurs enfants à la cantine."),
            ("service_uri", "https://cantine.lyon.fr/"),
            ("go_live", "2027-09-01"),
            ("volume", "300"),
        ],
    ),
    ("donnees", &[("asks.email", "on"), ("need.email", "Confirmer l’inscription.")]),
    ("niveau", &[("level", "eidas1")]),
    ("cadre", &[("legal_nature", "arrete"), ("legal_reference", "Arrêté du 8 novembre 2018")]),
    ("conservation", &[("recipients", "Le service scolaire."), ("retention", "12")]),
    (
        "contacts",
        &[
            ("controller.name", "Camille Martin"),
            ("controller.job", "Maire"),
            ("controller.mail", "maire@lyon.exemple.fr"),
            ("controller.phone", "04 72 10 30 30"),
            ("dpo.name", "Dominique Petit"),
            ("dpo.job", "DPO"),
            ("dpo.mail", "dpo@lyon.exemple.fr"),
            ("dpo.phone", "04 72 10 30 30"),
            ("technical.name", "Alix Durand"),
            ("technical.job", "DSI"),
            ("technical.mail", "dsi@lyon.exemple.fr"),
            ("technical.phone", "06 39 98 00 00"),
        ],
    ),
    ("adresses", &[("redirects.production", "https://cantine.lyon.fr/retour")]),
    (
        "engagements",
        &[
            ("alternative", "Le guichet de la mairie."),
            ("alternative_attested", "on"),
            ("dpo_informed", "on"),
            ("terms_accepted", "on"),
        ],
    ),
];

/// A commune whose people are known to belong to it, and who reviews.
pub(super) struct Town {
    pub(super) space: Space,
    pub(super) nadia: Partner,
    pub(super) ines: Partner,
}

impl Town {
    pub(super) async fn open() -> Self {
        Self::set(Setting::default()).await
    }

    pub(super) async fn set(setting: Setting) -> Self {
        let space = Space::set(setting).await;
        let nadia = space.founder("Nadia", LYON).await;
        let mut ines = space.operator("Ines", &["instructor"]).await;
        let page = expect(ines.open(&format!("/espace/organisations/{LYON}")).await.unwrap(), "space-organisation");
        let accepted = ines.press(&page, "form[data-step=accept-organisation] button", &[]).await.unwrap();
        expect(accepted, "space-organisation");
        Self { space, nadia, ines }
    }

    /// A new request of the commune: its name.
    pub(super) async fn begin(&mut self) -> String {
        let page = self.nadia.open(&format!("/espace/organisations/{LYON}/demandes")).await.unwrap();
        let list = expect(page, "request-list");
        let block = self.nadia.press(&list, "form[data-step=new] button", &[]).await.unwrap();
        let block = expect(block, "request-block");
        block.url.path().split('/').nth(3).unwrap().to_owned()
    }

    /// A request with every answer, some of them others than those above.
    pub(super) async fn filled(&mut self, changes: &[(&str, &str, &str)]) -> String {
        let id = self.begin().await;
        for (block, fields) in BLOCKS {
            let mut fields = fields.to_vec();
            for (_, name, value) in changes.iter().filter(|(at, ..)| *at == block) {
                fields.retain(|(field, _)| field != name);
                fields.push((name, value));
            }
            save(&mut self.nadia, &id, block, &fields).await;
        }
        id
    }

    /// The same, handed in: its page.
    pub(super) async fn submitted(&mut self, changes: &[(&str, &str, &str)]) -> (String, Page) {
        let id = self.filled(changes).await;
        let page = look(&mut self.nadia, &id).await;
        let sent = self.nadia.press(&page, "form[data-step=submit] button", &[]).await.unwrap();
        let sent = expect(sent, "request");
        assert_eq!(state(&sent), "submitted", "{}", sent.body);
        (id, sent)
    }

    /// The first mail to an address that says this.
    pub(crate) async fn mailed(&self, to: &str, words: &str) -> String {
        let mut after = 0;
        loop {
            let messages = self.space.scene.mailbox.messages_to(to, after, Duration::from_secs(20)).await;
            let Some(last) = messages.last() else { panic!("no mail to {to} says {words:?}") };
            after = last.id;
            let says = |text: &str| text.contains(words);
            if let Some(found) = messages.iter().find(|message| says(&message.text) || says(&message.subject)) {
                return found.text.clone();
            }
        }
    }

    pub(super) async fn habilitations(&self) -> Vec<Value> {
        let printed = self.space.idp(&["habilitations", "list", "--json"]).await;
        let listed: Value = serde_json::from_str(&printed).unwrap();
        let of_lyon = |one: &&Value| one["organisation"].as_str().is_some_and(|siret| siret.replace(' ', "") == LYON);
        listed.as_array().unwrap().iter().filter(of_lyon).cloned().collect()
    }
}

pub(super) async fn look(partner: &mut Partner, id: &str) -> Page {
    expect(partner.open(&format!("/espace/demandes/{id}")).await.unwrap(), "request")
}

pub(super) async fn review(partner: &mut Partner, id: &str) -> Page {
    expect(partner.open(&format!("/espace/demandes/{id}/instruction")).await.unwrap(), "request-review")
}

pub(super) fn state(page: &Page) -> String {
    page.attribute("main", "data-state").unwrap()
}

/// Fills in a block and saves it: nothing of it is wrong.
pub(crate) async fn save(partner: &mut Partner, id: &str, block: &str, fields: &[(&str, &str)]) -> Page {
    let page = expect(partner.open(&format!("/espace/demandes/{id}/{block}")).await.unwrap(), "request-block");
    expect(partner.press(&page, SAVE, fields).await.unwrap(), "request")
}

/// Looks at every point of the checklist.
pub(super) async fn tick(partner: &mut Partner, id: &str) -> Page {
    let page = review(partner, id).await;
    let mut names = Vec::new();
    for name in [
        "organisation",
        "belonging",
        "addresses",
        "readable",
        "legal_text",
        "foreign_data",
        "minimal",
        "level",
        "retention",
        "contacts",
        "alternative",
        "no_duplicate",
    ] {
        if page.has(&format!("form[data-step=points] input[name={name}]")) {
            names.push((name, "on"));
        }
    }
    expect(partner.press(&page, "form[data-step=points] button", &names).await.unwrap(), "request-review")
}

/// Agrees; without the bench for a reason, where nobody gave one before.
pub(super) async fn approve(partner: &mut Partner, id: &str) -> Page {
    let page = review(partner, id).await;
    let reason = [("without_bench", WITHOUT)];
    let fields: &[(&str, &str)] = if page.has("#without") { &reason } else { &[] };
    partner.press(&page, "form[data-step=approve] button", fields).await.unwrap()
}

#[tokio::test]
async fn a_request_is_written_reviewed_granted_and_revoked() {
    let mut town = Town::open().await;
    let (id, sent) = town.submitted(&[]).await;
    assert!(sent.has("[data-happened=submitted]") && !sent.has("form[data-step=submit]"));
    town.mailed(&partner::mail("Ines"), "Une demande attend").await;

    let queue = expect(town.ines.open("/espace/instruction").await.unwrap(), "request-queue");
    let line = queue.text(&format!("[data-request='{id}']")).unwrap_or_else(|| panic!("{}", queue.body));
    assert!(line.contains("Cantine scolaire") && line.contains("Lyon"), "{line}");
    let page = review(&mut town.ines, &id).await;
    assert!(page.has("[data-unchecked]") && !page.has("form[data-step=approve]") && page.has("[data-scope=email]"));
    let page = tick(&mut town.ines, &id).await;
    assert!(page.has("form[data-step=approve]"));
    assert!(town.habilitations().await.is_empty());
    // Neither a report of the bench nor a reason to do without.
    assert!(page.has("[data-bench=open] [data-lack='cantine.lyon.fr']") && page.has("[data-bench-point] .outside"));
    let silent = town.ines.press(&page, "form[data-step=approve] button", &[("without_bench", " ")]).await.unwrap();
    assert_eq!((silent.status.as_u16(), state(&silent).as_str()), (422, "submitted"), "{}", silent.body);
    assert!(silent.text("[data-told]").unwrap().contains("banc") && town.habilitations().await.is_empty());
    let granted = expect(approve(&mut town.ines, &id).await, "request");
    assert_eq!(state(&granted), "granted");
    assert!(granted.text("[data-granted-without]").unwrap().contains(WITHOUT), "{}", granted.body);
    let [habilitation] = &town.habilitations().await[..] else { panic!("one") };
    assert_eq!((habilitation["state"].as_str(), habilitation["level"].as_str()), (Some("active"), Some("eidas1")));
    town.mailed("dpo@lyon.exemple.fr", "délégué à la protection des données").await;
    town.mailed(&partner::mail("Nadia"), "Habilitation accordée").await;

    let page = review(&mut town.ines, &id).await;
    let without = town.ines.press(&page, "form[data-step=revoke] button", &[("reason", " ")]).await.unwrap();
    assert_eq!((without.status.as_u16(), without.refusal()), (422, "partner.input_invalid".into()));
    let fields = [("reason", "Le service a fermé.")];
    let revoked = town.ines.press(&page, "form[data-step=revoke] button", &fields).await.unwrap();
    assert_eq!(state(&expect(revoked, "request")), "revoked");
    assert_eq!(town.habilitations().await[0]["state"], "revoked");
    let page = look(&mut town.nadia, &id).await;
    assert!(page.text("[data-reason]").unwrap().contains("Le service a fermé."));
    town.mailed(&partner::mail("Nadia"), "Le service a fermé.").await;
}

#[tokio::test]
async fn level_high_takes_two_people_and_nobody_decides_on_their_own() {
    let mut town = Town::open().await;
    let high = [("niveau", "level", "eidas3"), ("niveau", "level_reason", "Procuration de vote.")];
    let (id, _) = town.submitted(&high).await;
    let page = tick(&mut town.ines, &id).await;
    assert!(page.has("[data-two]"));
    let once = expect(approve(&mut town.ines, &id).await, "request");
    assert_eq!(state(&once), "submitted");
    assert!(once.has("[data-happened=approved_once]") && town.habilitations().await.is_empty());
    let again = approve(&mut town.ines, &id).await;
    assert!(again.has("[data-told]") && town.habilitations().await.is_empty(), "{}", again.body);

    // Who reviews and is of the organisation too.
    let mut omar = town.space.operator("Omar", &["instructor"]).await;
    let page = super::partners::people(&mut town.nadia, LYON).await;
    let mail = partner::mail("Omar");
    let fields = [("mail", mail.as_str()), ("role", "reader")];
    town.nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
    let link = partner::link(&town.mailed(&mail, "Lyon").await);
    let place = omar.agent.browser.open(&link).await.unwrap();
    let taken = omar.press(&place, "form[data-step=take] button", &[]).await.unwrap();
    assert!(taken.status.is_success(), "{}", taken.body);
    let own = approve(&mut omar, &id).await;
    assert!(own.has("[data-told]") && town.habilitations().await.is_empty(), "{}", own.body);

    let mut lena = town.space.operator("Lena", &["instructor"]).await;
    let granted = expect(approve(&mut lena, &id).await, "request");
    assert_eq!(state(&granted), "granted");
    assert_eq!(town.habilitations().await[0]["level"], "eidas3");
}

#[tokio::test]
async fn of_two_who_save_at_once_nobody_loses_a_text() {
    let mut town = Town::open().await;
    let id = town.begin().await;
    let mut samir = town.space.member(&mut town.nadia, LYON, "Samir", "editor").await;
    let path = format!("/espace/demandes/{id}/service");
    let (of_nadia, of_samir) = (town.nadia.open(&path).await.unwrap(), samir.open(&path).await.unwrap());
    let fields = [("title", "Cantine scolaire"), ("volume", "300")];
    expect(town.nadia.press(&of_nadia, SAVE, &fields).await.unwrap(), "request");
    let fields = [("title", "Cantines"), ("description", "Pour les parents.")];
    let told = expect(samir.press(&of_samir, SAVE, &fields).await.unwrap(), "request-block");
    assert_eq!((told.status.as_u16(), told.refusal()), (409, "partner.changed_meanwhile".into()));
    assert_eq!(told.attribute("#title", "value").unwrap(), "Cantines");
    assert!(told.text("[data-conflict=title]").unwrap().contains("Cantine scolaire"));
    // What stood against nothing is kept already, and what the other wrote is still there.
    let page = town.nadia.open(&path).await.unwrap();
    assert_eq!(page.attribute("#title", "value").unwrap(), "Cantine scolaire");
    assert_eq!(page.attribute("#volume", "value").unwrap(), "300");
    assert!(page.text("#description").unwrap().contains("Pour les parents."));
    expect(samir.press(&told, SAVE, &[]).await.unwrap(), "request");
    let page = town.nadia.open(&path).await.unwrap();
    assert_eq!(page.attribute("#title", "value").unwrap(), "Cantines");
}

#[tokio::test]
async fn what_cannot_be_kept_goes_back_to_whoever_typed_it() {
    let mut town = Town::open().await;
    let id = town.begin().await;
    let page = town.nadia.open(&format!("/espace/demandes/{id}/service")).await.unwrap();
    let long = "é".repeat(101);
    let fields = [("title", long.as_str()), ("volume", "300")];
    let told = expect(town.nadia.press(&page, SAVE, &fields).await.unwrap(), "request-block");
    assert_eq!((told.status.as_u16(), told.refusal()), (422, "partner.input_invalid".into()));
    assert_eq!(told.attribute("#title", "value").unwrap(), long);
    let page = town.nadia.open(&format!("/espace/demandes/{id}/service")).await.unwrap();
    assert_eq!(page.attribute("#volume", "value").unwrap(), "300", "the rest is kept");

    let csrf = town.nadia.csrf().await.unwrap();
    let url = format!("{}/espace/demandes/{id}/service", town.space.origin);
    let body = format!("csrf={csrf}&shown=description&description={}", "a".repeat(300 << 10));
    let origin = town.space.origin.clone();
    let told = town.nadia.agent.browser.post_from(&origin, &url, &body).await.unwrap();
    assert_eq!(told.status.as_u16(), 413);
    let body = format!("csrf={csrf}&shown=description&description={}", "a".repeat(2 << 20));
    let told = town.nadia.agent.browser.post_from(&origin, &url, &body).await.unwrap();
    assert_eq!(told.status.as_u16(), 413);
    let page = look(&mut town.nadia, &id).await;
    assert_eq!(state(&page), "draft");
    let early = town.nadia.press(&page, "form[data-step=submit] button", &[]).await.unwrap();
    assert!(early.has("[data-told]") && state(&early) == "draft");
}

#[tokio::test]
async fn a_request_goes_back_and_forth_with_reasons_and_messages() {
    let mut town = Town::open().await;
    let (id, _) = town.submitted(&[]).await;
    let page = review(&mut town.ines, &id).await;
    let decide = "form[data-step=decide] button";
    let silent = town.ines.press(&page, decide, &[("reason", "")]).await.unwrap();
    assert_eq!(silent.status.as_u16(), 422);
    let back = town.ines.press(&page, decide, &[("reason", "Précisez les destinataires.")]).await.unwrap();
    assert_eq!(state(&expect(back, "request")), "changes_requested");

    let path = format!("/espace/demandes/{id}/echanges");
    let thread = expect(town.nadia.open(&path).await.unwrap(), "request-exchange");
    let say = "form[data-step=say] button";
    let said = town.nadia.press(&thread, say, &[("message", "Les agents <b>scolaires</b> ?")]).await.unwrap();
    assert!(said.body.contains("&#60;b&#62;") || said.body.contains("&lt;b&gt;"), "{}", said.body);
    assert!(look(&mut town.ines, &id).await.has("[data-unread='1']"));
    let thread = expect(town.ines.open(&path).await.unwrap(), "request-exchange");
    assert!(!look(&mut town.ines, &id).await.has("[data-unread]"));
    town.ines.press(&thread, say, &[("message", "Oui.")]).await.unwrap();
    town.mailed(&partner::mail("Nadia"), "Un nouveau message").await;

    save(&mut town.nadia, &id, "conservation", &[("recipients", "Les agents scolaires.")]).await;
    let page = look(&mut town.nadia, &id).await;
    town.nadia.press(&page, "form[data-step=submit] button", &[]).await.unwrap();
    let page = review(&mut town.ines, &id).await;
    let changed = page.text("[data-differences] [data-field=recipients]").unwrap();
    assert!(changed.contains("Le service scolaire.") && changed.contains("Les agents scolaires."), "{changed}");
    let refused = town.ines.press(&page, "button.danger", &[("reason", "Doublon.")]).await.unwrap();
    assert_eq!(state(&expect(refused, "request")), "refused");
    town.mailed(&partner::mail("Nadia"), "Doublon.").await;
    let page = look(&mut town.nadia, &id).await;
    let open = town.nadia.press(&page, "form[data-step=reopen] button", &[]).await.unwrap();
    assert_eq!(state(&expect(open, "request")), "draft");
}

#[tokio::test]
async fn what_was_granted_stays_while_it_is_open_again() {
    let mut town = Town::open().await;
    let (id, _) = town.submitted(&[]).await;
    tick(&mut town.ines, &id).await;
    expect(approve(&mut town.ines, &id).await, "request");
    let page = look(&mut town.nadia, &id).await;
    let open = town.nadia.press(&page, "form[data-step=reopen] button", &[]).await.unwrap();
    assert!(expect(open, "request").has("[data-in-force]"));
    save(&mut town.nadia, &id, "donnees", &[("asks.gender", "on"), ("need.gender", "Écrire.")]).await;
    assert_eq!(town.habilitations().await[0]["state"], "active");
    let page = look(&mut town.nadia, &id).await;
    town.nadia.press(&page, "form[data-step=submit] button", &[]).await.unwrap();
    let page = tick(&mut town.ines, &id).await;
    assert!(page.text("[data-differences]").unwrap().contains("Sexe"), "{}", page.body);
    expect(approve(&mut town.ines, &id).await, "request");
    let mut states: Vec<String> = town.habilitations().await.iter().map(|one| one["state"].to_string()).collect();
    states.sort();
    assert_eq!(states, ["\"active\"", "\"obsolete\""]);
}

#[tokio::test]
async fn a_request_that_is_left_is_remembered_and_put_away_by_the_clock_alone() {
    let hands = or_skip!(Hands::make());
    let mut town = Town::set(Setting { environment: hands.environment(), ..Setting::default() }).await;
    let draft = town.begin().await;
    let (id, _) = town.submitted(&[]).await;
    let page = review(&mut town.ines, &id).await;
    let decide = "form[data-step=decide] button";
    let back = town.ines.press(&page, decide, &[("reason", "Précisez les destinataires.")]).await.unwrap();
    assert_eq!(state(&expect(back, "request")), "changes_requested");
    // The first round of a gateway that starts is at once.
    for (day, words) in [(16, "Un brouillon attend"), (183, "sera classée"), (199, "Demande classée")] {
        hands.set(day * 86_400);
        town.space.scene.gateway.restart().await.unwrap();
        let mail = town.mailed(&partner::mail("Nadia"), words).await;
        let about = if day == 16 { &draft } else { &id };
        assert!(mail.contains(&format!("/espace/demandes/{about}")), "{mail}");
    }
    expect(town.nadia.sign_in().await.unwrap(), "space-home");
    let page = look(&mut town.nadia, &id).await;
    assert_eq!(state(&page), "archived");
    assert_eq!(state(&look(&mut town.nadia, &draft).await), "draft");
}

#[tokio::test]
async fn a_request_travels_as_a_file() {
    let mut town = Town::open().await;
    let id = town.filled(&[]).await;
    let file = town.nadia.open(&format!("/espace/demandes/{id}/demande.json")).await.unwrap();
    let read: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!((read["version"].as_u64(), read["form"]["title"].as_str()), (Some(1), Some("Cantine scolaire")));
    let list = town.nadia.open(&format!("/espace/organisations/{LYON}/demandes")).await.unwrap();
    let import = "form[data-step=import] button";
    let bad = file.body.replace("\"title\"", "\"titel\"");
    let told = expect(town.nadia.press(&list, import, &[("file", &bad)]).await.unwrap(), "request-import");
    assert!(told.text("[data-unread]").unwrap().contains("titel") && told.status.as_u16() == 422);
    let made = expect(town.nadia.press(&list, import, &[("file", &file.body)]).await.unwrap(), "request");
    assert_ne!(made.attribute("main", "data-request").unwrap(), id);
    assert_eq!(made.count("[data-open='0']"), 8);
}
