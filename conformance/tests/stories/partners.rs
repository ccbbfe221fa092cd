//! The partners' space: how people come, how they get in, back in and out, and who looks after whom.

use conformance::agent::{self, Agent};
use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::{Citizen, Page};
use conformance::or_skip;
use conformance::partner::{self, Partner, link};
use conformance::scene::{Scene, Setting};
use conformance::site::free_port;
use serde_json::Value;

use crate::journey::expect;
use crate::stories::people::look;

/// The SIRET of Lyon and of Toulouse.
pub(crate) const LYON: &str = "21690123100011";
pub(crate) const TOULOUSE: &str = "21310555400017";

/// A scene with a partners' space.
pub(crate) struct Space {
    pub(crate) scene: Scene,
    pub(crate) origin: String,
}

impl Space {
    pub(crate) async fn open() -> Self {
        Self::set(Setting::default()).await
    }

    pub(crate) async fn set(setting: Setting) -> Self {
        let port = free_port();
        let scene = Scene::set(Setting { overrides: partner::overrides(port), ..setting }).await;
        Self { scene, origin: agent::origin(port) }
    }

    /// The last link that was sent to somebody after message `after`.
    pub(crate) async fn link_to(&self, who: &str, after: u64) -> String {
        link(&self.scene.mail_to(&partner::mail(who), after).await.text)
    }

    /// The first message to an address after message `after` that holds these words.
    pub(crate) async fn mail_that_says(&self, address: &str, after: u64, words: &str) -> String {
        let mut message = self.scene.mail_to(address, after).await;
        while !message.text.contains(words) {
            message = self.scene.mail_to(address, message.id).await;
        }
        message.text
    }

    /// Somebody who signed up, and is in.
    pub(crate) async fn newcomer(&self, name: &str) -> Partner {
        let mut partner = Partner::at(&self.origin, name);
        let page = expect(partner.open("/espace/inscription").await.unwrap(), "space-sign-up");
        let mail = partner.mail.clone();
        let sent = partner.press(&page, "form[data-step=sign-up] button", &[("mail", &mail)]).await.unwrap();
        expect(sent, "space-sent");
        let link = self.link_to(name, 0).await;
        expect(partner.begin(&link).await.unwrap(), "space-home");
        partner
    }

    /// The same, with a recovery code: they may do what is dangerous.
    pub(crate) async fn safe(&self, name: &str) -> Partner {
        let mut partner = self.newcomer(name).await;
        partner.make_code().await.unwrap();
        partner
    }

    /// Somebody who acts for the operator, with a recovery code.
    pub(crate) async fn operator(&self, name: &str, roles: &[&str]) -> Partner {
        let link = partner::invite_operator(self.scene.gateway.installation(), name, roles).await.unwrap();
        let mut partner = Partner::at(&self.origin, name);
        expect(partner.begin(&link).await.unwrap(), "space-home");
        partner.make_code().await.unwrap();
        partner
    }

    /// Somebody who brought in an organisation, and administers it.
    pub(crate) async fn founder(&self, name: &str, siret: &str) -> Partner {
        let mut partner = self.safe(name).await;
        let page = bring_in(&mut partner, siret).await;
        assert_eq!(page.url.path(), format!("/espace/organisations/{siret}"));
        partner
    }

    /// Somebody whom an admin invited into an organisation, with a recovery code.
    pub(crate) async fn member(&self, admin: &mut Partner, siret: &str, name: &str, role: &str) -> Partner {
        let after = self.scene.mailbox.messages_to(&partner::mail(name), 0, std::time::Duration::ZERO).await;
        let after = after.last().map_or(0, |message| message.id);
        let page = people(admin, siret).await;
        let fields = [("mail", partner::mail(name)), ("role", role.to_owned())];
        let fields = fields.each_ref().map(|(key, value)| (*key, value.as_str()));
        let done = admin.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
        assert!(expect(done, "space-people").has("[data-notice]"));
        let mut member = Partner::at(&self.origin, name);
        expect(member.begin(&self.link_to(name, after).await).await.unwrap(), "space-home");
        member.make_code().await.unwrap();
        member
    }

    pub(crate) async fn idp(&self, arguments: &[&str]) -> String {
        agent::run(self.scene.gateway.installation(), arguments).await.unwrap()
    }

    /// An operator accepts that the people of an organisation belong to it.
    pub(crate) async fn accept(&self, siret: &str) {
        let mut igor = self.operator("Igor", &["instructor"]).await;
        let page = igor.open(&format!("/espace/organisations/{siret}")).await.unwrap();
        let accepted = igor.press(&page, "form[data-step=accept-organisation] button", &[]).await.unwrap();
        assert_eq!(accepted.attribute("main", "data-verified").unwrap(), "true");
    }

    /// The id of somebody.
    pub(crate) async fn id(&self, who: &Partner) -> String {
        let listed: Value = serde_json::from_str(&self.idp(&["partners", "list", "--json"]).await).unwrap();
        let found = listed.as_array().unwrap().iter().find(|partner| partner["mail"] == who.mail).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}

/// Brings in the commune of a SIRET: its page.
pub(crate) async fn bring_in(partner: &mut Partner, siret: &str) -> Page {
    let page = expect(partner.open("/espace/organisations/nouvelle").await.unwrap(), "space-new-organisation");
    let look = "form[data-step=new-organisation] button";
    let found = expect(partner.press(&page, look, &[("siret", siret)]).await.unwrap(), "space-new-organisation");
    let confirm = "form[data-step=confirm-organisation] button";
    expect(partner.press(&found, confirm, &[]).await.unwrap(), "space-organisation")
}

/// The page of the people of an organisation.
pub(crate) async fn people(partner: &mut Partner, siret: &str) -> Page {
    let page = partner.open(&format!("/espace/organisations/{siret}/personnes")).await.unwrap();
    expect(page, "space-people")
}

/// The row of somebody on the page of a team.
fn row(page: &Page, id: &str) -> String {
    page.text(&format!("[data-partner='{id}'] p")).unwrap_or_else(|| panic!("{id} is not on {}", page.brief()))
}

#[tokio::test]
async fn somebody_signs_up_with_an_address_and_a_passkey_and_keeps_a_second_one() {
    let space = Space::open().await;
    let mut nadia = space.newcomer("Nadia").await;
    let told = space.scene.mail_to(&nadia.mail, 0).await;
    let link = link(&told.text);
    let again = Citizen::new().open(&link).await.unwrap();
    assert_eq!((again.status.as_u16(), again.refusal()), (404, "partner.link_gone".into()), "a link opens once");
    let added = space.scene.mail_to(&nadia.mail, told.id).await;
    assert!(added.text.contains("Clé d’essai"), "{}", added.text);

    let account = expect(nadia.open("/espace/compte").await.unwrap(), "space-account");
    assert!(account.has("[data-safeguard]") && account.count("[data-passkey]") == 1);
    let first = nadia.agent.passkey.clone();
    let page = expect(nadia.open("/espace/compte/cle").await.unwrap(), "space-register");
    let account = expect(nadia.register(&page).await.unwrap(), "space-account");
    assert!(!account.has("[data-safeguard]") && account.count("[data-passkey]") == 2, "{}", account.body);
    let second = nadia.agent.passkey.clone();
    for passkey in [first.clone(), second] {
        nadia.agent.passkey = passkey;
        nadia.agent.browser = Citizen::new();
        expect(nadia.sign_in().await.unwrap(), "space-home");
    }
    // The session in use is of the second: the first may go, and opens nothing any more.
    let account = expect(nadia.open("/espace/compte").await.unwrap(), "space-account");
    let withdraw = "form[data-step=withdraw-passkey] button";
    let left = expect(nadia.press(&account, withdraw, &[]).await.unwrap(), "space-account");
    assert_eq!(left.count("[data-passkey]"), 1);
    nadia.agent.passkey = first;
    nadia.agent.browser = Citizen::new();
    assert_eq!(nadia.sign_in().await.unwrap().refusal(), "partner.passkey_unknown");
}

#[tokio::test]
async fn sign_up_and_recovery_say_the_same_whoever_is_asked_for() {
    let space = Space::open().await;
    let mut nadia = space.safe("Nadia").await;
    let before = space.scene.mailbox.messages_to(&nadia.mail, 0, std::time::Duration::ZERO).await.last().unwrap().id;
    let mut stranger = Partner::at(&space.origin, "Inconnue");
    let asked = async |stranger: &mut Partner, path: &str, fields: &[(&str, &str)]| {
        let page = stranger.open(path).await.unwrap();
        let answer = stranger.press(&page, "form.fields button", fields).await.unwrap();
        assert!(answer.refusals().is_empty(), "{}", answer.brief());
        (answer.status, answer.headers.get("content-length").cloned(), answer.body)
    };
    let unknown = asked(&mut stranger, "/espace/inscription", &[("mail", "personne@mairie.exemple.fr")]).await;
    let known = asked(&mut stranger, "/espace/inscription", &[("mail", &nadia.mail)]).await;
    assert_eq!(unknown, known);
    // The mailbox alone is told, and the link of one who has an account opens no second one.
    let told = space.mail_that_says(&nadia.mail, before, "/espace/entree").await;
    assert!(link(&told).ends_with("/espace/entree"), "{told}");

    let wrong = "0000 1111 2222 3333 4444 5555 6666 7777 8888 9999";
    let unknown =
        asked(&mut stranger, "/espace/recuperation", &[("mail", "personne@mairie.exemple.fr"), ("code", wrong)]).await;
    let of_nadia = asked(&mut stranger, "/espace/recuperation", &[("mail", &nadia.mail), ("code", wrong)]).await;
    assert_eq!(unknown, of_nadia);
    let code = nadia.make_code().await.unwrap();
    let right = asked(&mut stranger, "/espace/recuperation", &[("mail", &nadia.mail), ("code", &code)]).await;
    assert_eq!(unknown, right);
    let page = stranger.open("/espace/recuperation").await.unwrap();
    let short = [("mail", nadia.mail.as_str()), ("code", "0000")];
    let bad = stranger.press(&page, "form.fields button", &short).await.unwrap();
    assert_eq!((bad.status.as_u16(), bad.refusal()), (422, "partner.input_invalid".into()));
    assert!(bad.has("[data-wrong] a[href='#code']") && !bad.body.contains(&nadia.mail));
}

#[tokio::test]
async fn who_lost_every_passkey_gets_back_in_by_a_code_and_a_second_person() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut samir = space.member(&mut nadia, LYON, "Samir", "admin").await;
    let mut elsewhere = space.founder("Chloe", TOULOUSE).await;
    space.accept(LYON).await;
    let code = samir.make_code().await.unwrap();
    let after = space.scene.mail_to(&samir.mail, 0).await.id;
    let lost = samir.clone();

    // With the code, from another device.
    let mut device = Partner { agent: Agent::at(&space.origin), ..samir.clone() };
    let page = expect(device.open("/espace/recuperation").await.unwrap(), "space-lost");
    let typed = [("mail", samir.mail.as_str()), ("code", &code.to_lowercase())];
    expect(device.press(&page, "form[data-step=recover] button", &typed).await.unwrap(), "space-sent");
    let asked = space.mail_that_says(&nadia.mail, 0, &samir.mail).await;
    assert!(link(&asked).ends_with(&format!("/espace/organisations/{LYON}/personnes")));

    // Not themselves, not somebody of elsewhere.
    let own = people(&mut samir, LYON).await;
    let yes = "form[data-step=decide] button[value=oui]";
    let refused = samir.press(&own, yes, &[]).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.refusal()), (403, "partner.not_second".into()));
    let recovery = own.attribute("[data-recovery]", "data-recovery").unwrap();
    let csrf = elsewhere.csrf().await.unwrap();
    let body = format!("csrf={csrf}&recovery={recovery}&decision=oui");
    for (siret, status, code) in [(TOULOUSE, 403, "partner.not_second"), (LYON, 404, "partner.unseen")] {
        let url = format!("{}/espace/organisations/{siret}/personnes/recuperations", space.origin);
        let answer = elsewhere.agent.browser.post_from(&space.origin, &url, &body).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.refusal()), (status, code.to_owned()), "{siret}");
    }

    let waiting = people(&mut nadia, LYON).await;
    assert!(waiting.text("[data-recovery] strong").unwrap().contains("Samir"));
    let decided = expect(nadia.press(&waiting, yes, &[]).await.unwrap(), "space-people");
    assert!(!decided.has("[data-recovery]") && decided.has("[data-notice]"));

    let way = space.mail_that_says(&samir.mail, after, "/espace/recuperation/").await;
    expect(device.begin(&link(&way)).await.unwrap(), "space-home");
    let gone = Citizen::new().open(&link(&way)).await.unwrap();
    assert_eq!(gone.refusal(), "partner.link_gone", "it opens once");
    let people = people(&mut device, LYON).await;
    assert!(row(&people, &space.id(&samir).await).contains("Samir"), "the seat is theirs still");
    assert!(device.open("/espace/compte").await.unwrap().has("[data-safeguard]"), "the code is spent");
    // What they held before opens nothing: neither the session nor the passkey.
    samir = lost;
    expect(samir.open("/espace/compte").await.unwrap(), "space-sign-in");
    assert_eq!(samir.sign_in().await.unwrap().refusal(), "partner.passkey_unknown");
}

#[tokio::test]
async fn the_last_admin_is_let_back_in_by_the_operator_alone() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut operator = space.operator("Olga", &["admin"]).await;
    let code = nadia.make_code().await.unwrap();
    let page = nadia.open("/espace/recuperation").await.unwrap();
    let typed = [("mail", nadia.mail.clone()), ("code", code)];
    let typed = typed.each_ref().map(|(name, value)| (*name, value.as_str()));
    expect(nadia.press(&page, "form[data-step=recover] button", &typed).await.unwrap(), "space-sent");
    space.mail_that_says(&operator.mail, 0, &nadia.mail).await;
    let page = expect(operator.open("/espace/operateurs").await.unwrap(), "space-people");
    let no = "form[data-step=decide] button[value=non]";
    let refused = expect(operator.press(&page, no, &[]).await.unwrap(), "space-people");
    assert!(!refused.has("[data-recovery]"));
    let again = operator.press(&page, no, &[]).await.unwrap();
    assert_eq!((again.status.as_u16(), again.refusal()), (404, "partner.unknown".into()), "it is decided on");
}

#[tokio::test]
async fn an_admin_invites_changes_and_removes_and_it_counts_at_once() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let page = people(&mut nadia, LYON).await;
    let invite = "form[data-step=invite] button";
    let wrong = nadia.press(&page, invite, &[("mail", "samir"), ("role", "editor")]).await.unwrap();
    assert_eq!((wrong.status.as_u16(), wrong.refusal()), (422, "partner.input_invalid".into()));
    assert!(wrong.has("[data-wrong] a[href='#mail']") && wrong.attribute("#mail", "value").unwrap() == "samir");
    let wrong = nadia.press(&page, invite, &[("mail", "samir@mairie.exemple.fr")]).await.unwrap();
    assert!(wrong.has("[data-wrong] a[href='#roles']"), "{}", wrong.body);

    let mut samir = space.member(&mut nadia, LYON, "Samir", "editor").await;
    let id = space.id(&samir).await;
    let taken = nadia.press(&page, invite, &[("mail", &samir.mail), ("role", "reader")]).await.unwrap();
    assert_eq!(taken.refusal(), "partner.mail_taken");
    let seen = people(&mut samir, LYON).await;
    assert!(!seen.has("form[data-step=invite]"), "an editor changes nobody");
    let page = people(&mut nadia, LYON).await;
    let change = format!("[data-partner='{id}'] form[data-step=change] button");
    let changed = expect(nadia.press(&page, &change, &[("role", "admin")]).await.unwrap(), "space-people");
    assert!(row(&changed, &id).contains("administrateur"), "{}", row(&changed, &id));
    // On the session that is open already.
    let seen = people(&mut samir, LYON).await;
    let own = space.id(&nadia).await;
    let remove = format!("[data-partner='{own}'] form[data-step=remove] button");
    expect(samir.press(&seen, &remove, &[]).await.unwrap(), "space-people");
    let out = nadia.open(&format!("/espace/organisations/{LYON}/personnes")).await.unwrap();
    assert_eq!((out.status.as_u16(), out.refusal()), (404, "partner.unseen".into()), "with the next request");
    expect(nadia.open("/espace").await.unwrap(), "space-home");
    // The last one stays.
    let seen = people(&mut samir, LYON).await;
    let leave = format!("[data-partner='{id}'] form[data-step=remove] button");
    let last = samir.press(&seen, &leave, &[]).await.unwrap();
    assert_eq!((last.status.as_u16(), last.refusal()), (403, "partner.last_admin".into()));
    // The operator takes away the account, from another process: the open session is over with its next request.
    space.idp(&["partners", "remove", &id]).await;
    expect(samir.open(&format!("/espace/organisations/{LYON}/personnes")).await.unwrap(), "space-sign-in");
    assert_eq!(samir.sign_in().await.unwrap().refusal(), "partner.passkey_unknown");
}

#[tokio::test]
async fn an_invitation_is_for_the_address_it_was_sent_to_and_opens_once() {
    let space = Space::open().await;
    let mut nadia = space.founder("Nadia", LYON).await;
    let mut samir = space.safe("Samir").await;
    let mut chloe = space.safe("Chloe").await;
    let after = space.scene.mailbox.messages_to(&samir.mail, 0, std::time::Duration::ZERO).await.last().unwrap().id;
    let page = people(&mut nadia, LYON).await;
    let fields = [("mail", samir.mail.as_str()), ("role", "editor")];
    nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
    let link = space.link_to("Samir", after).await;

    let take = "form[data-step=take] button";
    let shown = expect(chloe.agent.browser.open(&link).await.unwrap(), "space-join");
    let stolen = chloe.press(&shown, take, &[]).await.unwrap();
    assert_eq!((stolen.status.as_u16(), stolen.refusal()), (404, "partner.link_gone".into()), "another's account");
    let shown = expect(samir.agent.browser.open(&link).await.unwrap(), "space-join");
    let home = expect(samir.press(&shown, take, &[]).await.unwrap(), "space-home");
    assert!(home.has(&format!("[data-organisation='{LYON}']")));
    let again = samir.press(&shown, take, &[]).await.unwrap();
    assert_eq!(again.refusal(), "partner.link_gone", "it opens once");

    // One that is taken back opens nothing.
    let page = people(&mut nadia, LYON).await;
    let fields = [("mail", "zoe@mairie.exemple.fr"), ("role", "reader")];
    let page = nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
    let link = space.link_to("Zoe", 0).await;
    let page = expect(nadia.press(&page, "form[data-step=withdraw] button", &[]).await.unwrap(), "space-people");
    assert!(!page.has("[data-invited]"));
    assert_eq!(Citizen::new().open(&link).await.unwrap().refusal(), "partner.link_gone");
}

#[tokio::test]
async fn what_is_dangerous_waits_for_a_second_way_in_and_a_passkey_of_now() {
    let space = Space::open().await;
    let mut nadia = space.newcomer("Nadia").await;
    let page = bring_in(&mut nadia, LYON).await;
    assert_eq!(page.attribute("main", "data-verified").unwrap(), "false");
    let page = people(&mut nadia, LYON).await;
    assert!(page.has("[data-safeguard]"));
    let fields = [("mail", "samir@mairie.exemple.fr"), ("role", "editor")];
    let refused = nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.refusal()), (403, "partner.unsafeguarded".into()));
    nadia.make_code().await.unwrap();
    let page = people(&mut nadia, LYON).await;
    expect(nadia.press(&page, "form[data-step=invite] button", &fields).await.unwrap(), "space-people");

    // An operator accepts; nobody does for an organisation of their own.
    let mut olga = space.operator("Olga", &["admin", "instructor"]).await;
    let path = format!("/espace/organisations/{LYON}");
    let page = expect(olga.open(&path).await.unwrap(), "space-organisation");
    let accepted = olga.press(&page, "form[data-step=accept-organisation] button", &[]).await.unwrap();
    assert_eq!(accepted.attribute("main", "data-verified").unwrap(), "true");
    let toulouse = bring_in(&mut olga, TOULOUSE).await;
    let own = olga.press(&toulouse, "form[data-step=accept-organisation] button", &[]).await.unwrap();
    assert_eq!((own.status.as_u16(), own.refusal()), (403, "partner.own_roles".into()));
}

#[tokio::test]
async fn an_address_at_a_domain_of_the_organisation_verifies_it() {
    let space = Space::open().await;
    let domain =
        async |siret: &str, words: &[&str]| space.idp(&[&["organisations", "domain", siret], words].concat()).await;
    // The addresses of this sandbox are at one domain: it is listed as Lyon's, and as nobody else's.
    let own = partner::mail("Nadia").split_once('@').unwrap().1.to_owned();
    domain(LYON, &["add", &own]).await;
    assert_eq!(domain(LYON, &["list"]).await.trim(), own);
    let mut nadia = space.founder("Nadia", LYON).await;
    let page = nadia.open(&format!("/espace/organisations/{LYON}")).await.unwrap();
    assert!(!page.has("[data-next-verify]"), "{}", page.body);
    let mut chloe = space.founder("Chloe", TOULOUSE).await;
    let page = chloe.open(&format!("/espace/organisations/{TOULOUSE}")).await.unwrap();
    assert!(page.has("[data-next-verify]"), "{}", page.body);
    // One that is here already is verified when its domain is listed; a domain of anybody's is not.
    let refused = space.scene.gateway.installation().run(&["organisations", "domain", TOULOUSE, "add", "gmail.com"]);
    assert_eq!(refused.await.unwrap().status.code(), Some(1));
    let told = domain(TOULOUSE, &["add", &own]).await;
    assert!(told.contains("is verified"), "{told}");
    let page = chloe.open(&format!("/espace/organisations/{TOULOUSE}")).await.unwrap();
    assert!(!page.has("[data-next-verify]"), "{}", page.body);
    domain(TOULOUSE, &["remove", &own]).await;
    assert_eq!(domain(TOULOUSE, &["list"]).await.trim(), "");
}

#[tokio::test]
async fn an_organisation_is_resolved_by_its_number_and_is_here_once() {
    let space = Space::open().await;
    let mut nadia = space.safe("Nadia").await;
    let look = "form[data-step=new-organisation] button";
    let page = nadia.open("/espace/organisations/nouvelle").await.unwrap();
    let wrong = nadia.press(&page, look, &[("siret", "12345678901234")]).await.unwrap();
    assert_eq!((wrong.status.as_u16(), wrong.refusal()), (422, "partner.input_invalid".into()));
    let found = nadia.press(&page, look, &[("siret", "216 901 231 00011")]).await.unwrap();
    assert!(found.body.contains("Lyon") && found.body.contains("69123") && found.body.contains("Rhône"));
    bring_in(&mut nadia, LYON).await;
    let mut samir = space.safe("Samir").await;
    let page = samir.open("/espace/organisations/nouvelle").await.unwrap();
    let found = samir.press(&page, look, &[("siret", LYON)]).await.unwrap();
    let known = samir.press(&found, "form[data-step=confirm-organisation] button", &[]).await.unwrap();
    assert_eq!((known.status.as_u16(), known.refusal()), (422, "partner.organisation_known".into()));
    // An editor of software is not in the register of communes: the operator will look.
    let found = samir.press(&page, look, &[("siret", "98043033400022")]).await.unwrap();
    let confirm = "form[data-step=confirm-organisation] button";
    let fields = [("name", "Logiciels du Rhône"), ("kind", "editor"), ("commune", "99999")];
    let wrong = samir.press(&found, confirm, &fields).await.unwrap();
    assert!(wrong.has("[data-wrong] a[href='#commune']"), "{}", wrong.body);
    let fields = [("name", "Logiciels du Rhône"), ("kind", "editor"), ("commune", "69123")];
    let made = expect(samir.press(&found, confirm, &fields).await.unwrap(), "space-organisation");
    assert!(made.body.contains("éditeur de logiciel"), "{}", made.body);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_everywhere() {
    let space = Space::open().await;
    let mut nadia = space.newcomer("Nadia").await;
    let mut other = nadia.clone();
    other.agent.browser = Citizen::new();
    expect(other.sign_in().await.unwrap(), "space-home");
    let account = expect(nadia.open("/espace/compte").await.unwrap(), "space-account");
    assert_eq!((account.count("[data-session]"), account.count("[data-session][data-own]")), (2, 1));
    let one = "form[data-step=end-session] button";
    let account = expect(nadia.press(&account, one, &[]).await.unwrap(), "space-account");
    assert_eq!(account.count("[data-session]"), 1);
    expect(other.open("/espace").await.unwrap(), "space-sign-in");
    expect(other.sign_in().await.unwrap(), "space-home");
    let everywhere = "form[data-step=end-sessions] button";
    expect(nadia.press(&account, everywhere, &[]).await.unwrap(), "space-sign-in");
    for partner in [&mut nadia, &mut other] {
        expect(partner.open("/espace/compte").await.unwrap(), "space-sign-in");
    }
}

#[tokio::test]
async fn the_space_has_a_door_of_its_own_and_without_one_there_is_none() {
    let space = Space::open().await;
    let issuer = space.scene.gateway.issuer();
    for path in ["/espace", "/espace/entree", "/espace/operateurs"] {
        let page = Citizen::new().open(&format!("{issuer}{path}")).await.unwrap();
        assert_eq!((page.status.as_u16(), page.refusal()), (404, "page.P404".into()), "{path} at the main door");
    }
    let page = Citizen::new().open(&format!("{}/authorize", space.origin)).await.unwrap();
    assert_eq!((page.status.as_u16(), page.refusal()), (404, "page.P404".into()));
}

#[tokio::test]
async fn the_language_that_was_chosen_stays() {
    let space = Space::open().await;
    let mut citizen = Citizen::new();
    let page = expect(citizen.open(&format!("{}/espace/entree", space.origin)).await.unwrap(), "space-sign-in");
    assert_eq!(page.attribute("html", "lang").unwrap(), "fr");
    let english = expect(citizen.click(&page, "a.language").await.unwrap(), "space-sign-in");
    assert_eq!(english.attribute("html", "lang").unwrap(), "en");
    let later = citizen.open(&format!("{}/espace/recuperation", space.origin)).await.unwrap();
    assert_eq!(later.attribute("html", "lang").unwrap(), "en");
}

async fn a_day_in_the_space(language: &'static str) {
    let browser = or_skip!(Browser::start_in(language, Scripts::On).await);
    let axe = Axe::find().ok();
    let axe = axe.as_ref();
    let space = Space::open().await;
    let name = |page: &str| format!("space-{page}-{language}");
    let at = |path: &str| format!("{}{path}", space.origin);
    let authenticator = browser.authenticator().await.unwrap();

    browser.open(&at("/espace/inscription")).await.unwrap();
    look(&browser, axe, &name("sign-up"), "space-sign-up").await;
    browser.fill("input[name=mail]", &partner::mail("Nadia")).await.unwrap();
    browser.press("form[data-step=sign-up] button").await.unwrap();
    look(&browser, axe, &name("sent"), "space-sent").await;
    browser.open(&space.link_to("Nadia", 0).await).await.unwrap();
    look(&browser, axe, &name("register"), "space-register").await;
    browser.fill("input[name=person]", "Nadia Benali").await.unwrap();
    browser.press("form[data-step=register] button").await.unwrap();
    look(&browser, axe, &name("sign-in"), "space-sign-in").await;
    assert_eq!(authenticator.passkeys().await.unwrap(), 1, "a passkey that is found without a name");
    browser.press("form[data-step=sign-in] button").await.unwrap();
    look(&browser, axe, &name("home"), "space-home").await;

    browser.open(&at("/espace/compte")).await.unwrap();
    look(&browser, axe, &name("account"), "space-account").await;
    browser.press("form[data-step=make-code] button").await.unwrap();
    look(&browser, axe, &name("code"), "space-code").await;
    browser.open(&at("/espace/confirmation?retour=/espace/compte")).await.unwrap();
    look(&browser, axe, &name("confirm"), "space-confirm").await;
    browser.press("form[data-step=confirm] button").await.unwrap();
    browser.see("main[data-page=space-account]").await.unwrap();

    browser.open(&at("/espace/organisations/nouvelle")).await.unwrap();
    look(&browser, axe, &name("new"), "space-new-organisation").await;
    browser.fill("input[name=siret]", "98043033400022").await.unwrap();
    browser.press("form[data-step=new-organisation] button").await.unwrap();
    look(&browser, axe, &name("unknown"), "space-new-organisation").await;
    browser.open(&at("/espace/organisations/nouvelle")).await.unwrap();
    browser.fill("input[name=siret]", LYON).await.unwrap();
    browser.press("form[data-step=new-organisation] button").await.unwrap();
    look(&browser, axe, &name("found"), "space-new-organisation").await;
    browser.press("form[data-step=confirm-organisation] button").await.unwrap();
    look(&browser, axe, &name("organisation"), "space-organisation").await;
    browser.open(&at(&format!("/espace/organisations/{LYON}/personnes"))).await.unwrap();
    browser.fill("input[name=mail]", "samir@mairie.exemple.fr").await.unwrap();
    browser.see("input[name=role][value=editor]").await.unwrap().click().await.unwrap();
    browser.press("form[data-step=invite] button").await.unwrap();
    look(&browser, axe, &name("people"), "space-people").await;
    browser.fill("input[name=mail]", "samir@mairie.exemple.fr").await.unwrap();
    browser.see("input[name=role][value=editor]").await.unwrap().click().await.unwrap();
    browser.press("form[data-step=invite] button").await.unwrap();
    look(&browser, axe, &name("people-wrong"), "space-people").await;
    browser.open(&at("/espace/operateurs")).await.unwrap();
    look(&browser, axe, &name("refused"), "space-refused").await;
    browser.open(&at("/espace/recuperation")).await.unwrap();
    look(&browser, axe, &name("lost"), "space-lost").await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_day_in_the_space_in_a_real_browser_in_french() {
    a_day_in_the_space("fr").await;
}

#[tokio::test]
async fn a_day_in_the_space_in_a_real_browser_in_english() {
    a_day_in_the_space("en").await;
}
