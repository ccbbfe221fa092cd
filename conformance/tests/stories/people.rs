//! Agents at the desk of a mairie: how they come, how they get in, and how an admin looks after them.

use conformance::agent::{self, Agent, COMMUNE, Counts, Invited};
use conformance::browser::{Axe, Browser, Scripts};
use conformance::citizen::{Citizen, Page};
use conformance::or_skip;
use conformance::scene::{Scene, Setting};
use conformance::site::free_port;
use conformance::tools::Tool;
use serde_json::{Value, json};

use crate::journey::expect;

/// A scene with a desk, and a commune that certifies.
pub(crate) struct Townhall {
    pub(crate) scene: Scene,
    pub(crate) origin: String,
}

impl Townhall {
    pub(crate) async fn open() -> Self {
        Self::set(Setting::default()).await
    }

    pub(crate) async fn set(setting: Setting) -> Self {
        let port = free_port();
        let scene = Scene::set(Setting { overrides: agent::overrides(port), ..setting }).await;
        agent::enrol(scene.gateway.installation(), COMMUNE, "Val-Fleuri").await.unwrap();
        Self { scene, origin: agent::origin(port) }
    }

    pub(crate) async fn invite(&self, name: &str, roles: &[&str]) -> Invited {
        agent::invite(self.scene.gateway.installation(), COMMUNE, name, roles).await.unwrap()
    }

    /// An agent who is in, and their id.
    pub(crate) async fn agent(&self, name: &str, roles: &[&str]) -> (Agent, String) {
        let invited = self.invite(name, roles).await;
        let mut agent = Agent::at(&self.origin);
        expect(agent.come(&invited.link).await.unwrap(), "desk-account");
        (agent, invited.id)
    }

    pub(crate) async fn idp(&self, arguments: &[&str]) -> String {
        agent::run(self.scene.gateway.installation(), arguments).await.unwrap()
    }

    pub(crate) async fn agents(&self) -> Value {
        serde_json::from_str(&self.idp(&["agents", "list", "--commune", COMMUNE, "--json"]).await).unwrap()
    }
}

/// Fills the form that invites, as an admin does.
pub(crate) const NEWCOMER: [(&str, &str); 5] = [
    ("name", "Samir Haddad"),
    ("mail", "samir@mairie.exemple.fr"),
    ("trained", "2020-01-01"),
    ("from", "2020-01-01"),
    ("until", "2199-12-31"),
];

#[tokio::test]
async fn an_agent_comes_by_an_invitation_and_gets_in_by_a_passkey_from_then_on() {
    let hall = Townhall::open().await;
    let invited = hall.invite("Nadia", &["--admin"]).await;
    let mail = hall.scene.mail_to("nadia@mairie.exemple.fr", 0).await;
    assert!(mail.text.contains(&invited.link) && mail.subject.contains("Val-Fleuri"), "{}", mail.text);

    let mut nadia = Agent { counts: Counts::Yes, ..Agent::at(&hall.origin) };
    let sign_in = expect(nadia.accept(&invited.link).await.unwrap(), "desk-sign-in");
    assert!(sign_in.has("[data-banner]"), "{}", sign_in.body);
    let told = hall.scene.mail_to("nadia@mairie.exemple.fr", mail.id).await;
    assert!(told.text.contains("Poste d’essai"), "{}", told.text);
    let account = expect(nadia.enter(&sign_in).await.unwrap(), "desk-account");
    assert!(account.body.contains("Nadia") && account.count("[data-passkey]") == 1);

    let out = nadia.browser.press(&account, "form[data-step=sign-out] button", &[]).await.unwrap();
    expect(out, "desk-sign-in");
    expect(nadia.open("/guichet/compte").await.unwrap(), "desk-sign-in");
    for _ in 0..2 {
        expect(nadia.sign_in().await.unwrap(), "desk-account");
    }
    // Whoever looked at a page comes back to it.
    nadia.browser = Citizen::new();
    let sent = nadia.open("/guichet/agents").await.unwrap();
    let back = expect(nadia.enter(&sent).await.unwrap(), "desk-agents");
    assert_eq!(back.url.path(), "/guichet/agents");
}

#[tokio::test]
async fn an_admin_invites_changes_and_removes() {
    let hall = Townhall::open().await;
    let (mut nadia, _) = hall.agent("Nadia", &["--admin"]).await;
    let agents = expect(nadia.open("/guichet/agents").await.unwrap(), "desk-agents");
    let own = agents.attribute("[data-agent]", "data-agent").unwrap();
    let invite = "form[data-step=invite] button";
    for (field, value) in [("name", " "), ("mail", "samir"), ("until", "2019-01-01"), ("trained", "hier")] {
        let mut fields = NEWCOMER;
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|pair| pair.1 = value);
        let wrong = nadia.browser.press(&agents, invite, &fields).await.unwrap();
        assert_eq!((wrong.status.as_u16(), wrong.refusal()), (422, "agent.input_invalid".into()), "{field}");
        assert_eq!(wrong.count("[role=alert]"), 1, "{field}");
        let kept = wrong.attribute("input[name=mail]", "value").unwrap();
        assert!(kept == "samir@mairie.exemple.fr" || field == "mail", "what was typed is kept: {kept}");
    }
    let link = expect(nadia.browser.press(&agents, invite, &NEWCOMER).await.unwrap(), "desk-link");
    let link = link.text("[data-link]").unwrap();
    let mail = hall.scene.mail_to("samir@mairie.exemple.fr", 0).await;
    assert!(mail.text.contains(&link), "the page and the mail bring one link");
    let taken = nadia.browser.press(&agents, invite, &NEWCOMER).await.unwrap();
    assert_eq!(taken.refusal(), "agent.mail_taken");

    let mut samir = Agent::at(&hall.origin);
    expect(samir.come(&link).await.unwrap(), "desk-account");
    let agents = expect(nadia.open("/guichet/agents").await.unwrap(), "desk-agents");
    // Two agents of one second stand in any order.
    let other = format!("[data-agent]:not([data-agent='{own}'])");
    let id = agents.attribute(&other, "data-agent").unwrap();
    let page = expect(nadia.open(&format!("/guichet/agents/{id}")).await.unwrap(), "desk-agent");
    assert_eq!(page.attribute("input[name=until]", "value").unwrap(), "2199-12-31");
    let over = [("from", "2020-01-01"), ("until", "2020-12-31")];
    let saved = nadia.browser.press(&page, "form[data-step=terms] button", &over).await.unwrap();
    expect(saved, "desk-agents");
    let refused = expect(samir.open("/guichet/compte").await.unwrap(), "desk-refused");
    assert_eq!(refused.refusal(), "agent.not_authorised", "dates count at once");

    let removed = nadia.browser.press(&page, "form[data-step=remove] button", &[]).await.unwrap();
    assert_eq!(expect(removed, "desk-agents").count("[data-agent]"), 1);
    let journal = hall.idp(&["journal", "verify"]).await;
    assert!(journal.contains("whole"), "{journal}");
}

#[tokio::test]
async fn a_second_passkey_opens_when_the_first_is_withdrawn() {
    let hall = Townhall::open().await;
    let (mut nadia, _) = hall.agent("Nadia", &["--agent"]).await;
    let first = nadia.passkey.clone();
    let page = expect(nadia.open("/guichet/compte/cle").await.unwrap(), "desk-register");
    let nameless = nadia.add(&page, " ").await.unwrap();
    assert_eq!(nameless.refusal(), "agent.input_invalid");
    let account = expect(nadia.add(&nameless, "Clé de secours").await.unwrap(), "desk-account");
    assert_eq!(account.count("[data-passkey]"), 2);
    let mut elsewhere = Agent { browser: Citizen::new(), ..nadia.clone() };
    let account = expect(elsewhere.sign_in().await.unwrap(), "desk-account");
    let gone = elsewhere.browser.press(&account, "form[data-step=withdraw-passkey] button", &[]).await.unwrap();
    assert_eq!(expect(gone, "desk-account").count("[data-passkey]"), 1);
    // The session that the first had opened is over, and it opens no other.
    let refused = expect(nadia.open("/guichet/compte").await.unwrap(), "desk-refused");
    assert_eq!(refused.refusal(), "agent.passkey_withdrawn");
    nadia.passkey = first;
    assert_eq!(nadia.sign_in().await.unwrap().refusal(), "agent.passkey_unknown");
}

#[tokio::test]
async fn an_agent_who_lost_everything_is_invited_anew() {
    let hall = Townhall::open().await;
    let (mut nadia, _) = hall.agent("Nadia", &["--admin"]).await;
    let (mut samir, id) = hall.agent("Samir", &["--agent"]).await;
    let before = hall.scene.mail_to("samir@mairie.exemple.fr", 0).await.id + 1;
    let page = expect(nadia.open(&format!("/guichet/agents/{id}")).await.unwrap(), "desk-agent");
    // The second time the agent is invited, no more active: they were in nevertheless.
    for _ in 0..2 {
        let sent = nadia.browser.press(&page, "form[data-step=renew] button", &[]).await.unwrap();
        assert!(!sent.body.contains("/guichet/invitation/"), "no admin gets the way in of an agent who was in");
    }
    let refused = expect(samir.open("/guichet/compte").await.unwrap(), "desk-refused");
    assert_eq!(refused.refusal(), "agent.not_active");
    assert_eq!(samir.sign_in().await.unwrap().refusal(), "agent.passkey_unknown");
    let first = hall.scene.mail_to("samir@mairie.exemple.fr", before).await;
    let mail = hall.scene.mail_to("samir@mairie.exemple.fr", first.id).await;
    let link = mail.text.lines().find(|line| line.contains("/guichet/invitation/")).unwrap();
    expect(samir.come(link).await.unwrap(), "desk-account");
}

#[tokio::test]
async fn an_agent_comes_and_goes_under_the_eyes_of_the_journal() {
    or_skip!(Tool::Sqlite.find());
    let hall = Townhall::open().await;
    let (mut nadia, id) = hall.agent("Nadia", &["--admin"]).await;
    let account = expect(nadia.open("/guichet/compte").await.unwrap(), "desk-account");
    let out = nadia.browser.press(&account, "form[data-step=sign-out] button", &[]).await.unwrap();
    expect(out, "desk-sign-in");
    expect(nadia.sign_in().await.unwrap(), "desk-account");
    // Another sign-in in the same browser ends the one before.
    expect(nadia.sign_in().await.unwrap(), "desk-account");
    let registry = hall.scene.gateway.installation().data().join("registry.sqlite");
    let question =
        format!("SELECT details FROM journal WHERE kind = 'agent_changed' AND details LIKE '%{id}%' ORDER BY number");
    let mut sqlite = std::process::Command::new(Tool::Sqlite.find().unwrap());
    let output = sqlite.args(["-batch", "-cmd", ".timeout 5000"]).arg(registry).arg(question).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<_> = told.lines().filter(|act| act.contains("\"signed_")).collect();
    let came: Vec<_> = told.iter().map(|act| act.contains("\"signed_in\"")).collect();
    assert_eq!(came, [true, false, true, false, true], "{told:?}");
    assert!(told.iter().all(|act| !act.contains("Nadia")), "by id alone: {told:?}");
}

#[tokio::test]
async fn the_desk_speaks_the_language_that_its_agent_chose() {
    let hall = Townhall::open().await;
    let invited = hall.invite("Nadia", &["--admin"]).await;
    let mut nadia = Agent::at(&hall.origin);
    let language = |page: &Page| page.attribute("html", "lang").unwrap();
    let door = nadia.open("/guichet/connexion").await.unwrap();
    assert_eq!(language(&door), "fr");
    let door = expect(nadia.browser.click(&door, "a.language").await.unwrap(), "desk-sign-in");
    assert_eq!(language(&door), "en", "before anybody is in");
    let account = expect(nadia.come(&invited.link).await.unwrap(), "desk-account");
    assert_eq!(language(&account), "en", "and after");
    // On the answer to a form it leads back to the page of the form.
    let readers = expect(nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
    let button = "form[data-step=register-reader] button";
    let wrong = nadia.browser.press(&readers, button, &[("name", "x"), ("key", "x")]).await.unwrap();
    assert_eq!((wrong.status.as_u16(), language(&wrong)), (422, "en".to_owned()));
    let back = expect(nadia.browser.click(&wrong, "a.language").await.unwrap(), "desk-readers");
    assert_eq!(language(&back), "fr");
    let withdraw = format!("/guichet/lecteurs/{}/retrait?lang=en", invited.id);
    assert_eq!(expect(nadia.open(&withdraw).await.unwrap(), "desk-readers").url.path(), "/guichet/lecteurs");
}

#[tokio::test]
async fn an_admin_registers_and_withdraws_readers() {
    let hall = Townhall::open().await;
    let (mut nadia, _) = hall.agent("Nadia", &["--admin"]).await;
    let page = expect(nadia.open("/guichet/lecteurs").await.unwrap(), "desk-readers");
    let button = "form[data-step=register-reader] button";
    // The key of RFC 7517, Appendix A.1.
    let key = json!({
        "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    });
    let mut private = key.clone();
    private["d"] = json!("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
    for bad in ["x".to_owned(), "{}".to_owned(), private.to_string()] {
        let wrong = nadia.browser.press(&page, button, &[("name", "Guichet 1"), ("key", &bad)]).await.unwrap();
        assert_eq!((wrong.status.as_u16(), wrong.refusal()), (422, "agent.input_invalid".into()), "{bad}");
    }
    let good = [("name", "Guichet 1"), ("key", &key.to_string())];
    let listed = expect(nadia.browser.press(&page, button, &good).await.unwrap(), "desk-readers");
    assert_eq!(listed.count("[data-reader][data-state=invited]"), 1, "proposed");
    let again = nadia.browser.press(&page, button, &good).await.unwrap();
    assert_eq!(again.refusal(), "reader.known");
    let withdraw = "form[data-step=withdraw-reader] button";
    let withdrawn = nadia.browser.press(&listed, withdraw, &[]).await.unwrap();
    assert_eq!(expect(withdrawn, "desk-readers").count("[data-reader][data-state=removed]"), 1);
    assert_eq!(nadia.browser.press(&listed, withdraw, &[]).await.unwrap().refusal(), "reader.unknown");
}

#[tokio::test]
async fn the_desk_has_a_door_of_its_own() {
    let hall = Townhall::open().await;
    let issuer = hall.scene.gateway.issuer();
    let mut citizen = Citizen::new();
    for path in ["/guichet", "/guichet/connexion", "/guichet/agents"] {
        let page = citizen.open(&format!("{issuer}{path}")).await.unwrap();
        assert_eq!((page.status.as_u16(), page.refusal()), (404, "page.P404".into()), "{path} at the main door");
    }
    for path in ["/authorize", "/token", "/signin/x", "/jwks"] {
        let page = citizen.open(&format!("{}{path}", hall.origin)).await.unwrap();
        assert_eq!((page.status.as_u16(), page.refusal()), (404, "page.P404".into()), "{path} at the desk");
    }
}

#[tokio::test]
async fn without_a_desk_there_is_none() {
    let scene = Scene::set(Setting::default()).await;
    let page = Citizen::new().open(&format!("{}/guichet/connexion", scene.gateway.issuer())).await.unwrap();
    assert_eq!((page.status.as_u16(), page.refusal()), (404, "page.P404".into()));
}

/// Looks at a page in four sizes.
pub(crate) async fn look(browser: &Browser, axe: Option<&Axe>, name: &str, page: &str) {
    browser.see(&format!("main[data-page={page}]")).await.unwrap();
    match axe {
        Some(axe) => browser.inspect(name, axe).await.unwrap(),
        None => {
            for viewport in conformance::browser::VIEWPORTS {
                browser.resize(viewport).await.unwrap();
                browser.screenshot(name, viewport).await.unwrap();
            }
        }
    }
}

async fn a_day_at_the_desk(language: &'static str) {
    let browser = or_skip!(Browser::start_in(language, Scripts::On).await);
    let axe = Axe::find().ok();
    let hall = Townhall::open().await;
    let invited = hall.invite("Nadia", &["--admin", "--agent"]).await;
    let name = |page: &str| format!("desk-{page}-{language}");
    let axe = axe.as_ref();
    let authenticator = browser.authenticator().await.unwrap();

    browser.open(&invited.link).await.unwrap();
    look(&browser, axe, &name("register"), "desk-register").await;
    browser.fill("input[name=name]", "Poste 1").await.unwrap();
    browser.press("form[data-step=register] button").await.unwrap();
    look(&browser, axe, &name("sign-in"), "desk-sign-in").await;
    assert_eq!(authenticator.passkeys().await.unwrap(), 1, "a passkey that is found without a name");
    // A finger that is not the right one: nothing is sent, and the page says so.
    authenticator.verifies(false).await.unwrap();
    let button = browser.see("form[data-step=sign-in] button").await.unwrap();
    button.click().await.unwrap();
    let said = browser.text("[data-passkey-said]").await.unwrap();
    assert!(!said.is_empty(), "what happened is said");
    authenticator.verifies(true).await.unwrap();
    browser.press("form[data-step=sign-in] button").await.unwrap();
    look(&browser, axe, &name("account"), "desk-account").await;

    browser.open(&format!("{}/guichet/agents", hall.origin)).await.unwrap();
    look(&browser, axe, &name("agents"), "desk-agents").await;
    browser.fill("input[name=name]", "Samir Haddad").await.unwrap();
    browser.fill("input[name=mail]", "samir@mairie.exemple.fr").await.unwrap();
    browser.press("form[data-step=invite] button").await.unwrap();
    look(&browser, axe, &name("link"), "desk-link").await;
    browser.open(&format!("{}/guichet/agents", hall.origin)).await.unwrap();
    look(&browser, axe, &name("agents-two"), "desk-agents").await;
    browser.press("[data-state=invited] a").await.unwrap();
    look(&browser, axe, &name("agent"), "desk-agent").await;
    browser.open(&format!("{}/guichet/lecteurs", hall.origin)).await.unwrap();
    look(&browser, axe, &name("readers"), "desk-readers").await;
    browser.fill("input[name=name]", "Guichet 1").await.unwrap();
    browser.fill("textarea[name=key]", "{}").await.unwrap();
    browser.press("form[data-step=register-reader] button").await.unwrap();
    look(&browser, axe, &name("readers-wrong"), "desk-readers").await;
    browser.open(&invited.link).await.unwrap();
    look(&browser, axe, &name("refused"), "desk-refused").await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_day_at_the_desk_in_a_real_browser_in_french() {
    a_day_at_the_desk("fr").await;
}

#[tokio::test]
async fn a_day_at_the_desk_in_a_real_browser_in_english() {
    a_day_at_the_desk("en").await;
}
