//! A commune's agent who has ten minutes: from nothing to a citizen who is signed in at the commune's own site, in a real
//! browser, with everything counted that a hand and an eye have to do.

use std::cell::Cell;
use std::time::{Duration, Instant};

use conformance::audit;
use conformance::browser::{Browser, Scripts};
use conformance::commune::Commune;
use conformance::gateway::Standing;
use conformance::or_skip;
use conformance::partner;
use conformance::people::PASSWORD;
use conformance::process::{Signals, tied};
use conformance::site::free_port;
use conformance::workspace;

use super::partners::LYON;
use super::space_services::sandbox_space;

/// What each thing takes somebody who does it for the first time. A click is found before it is made.
const CLICK: Duration = Duration::from_secs(3);
/// 200 characters a minute: slow, with two fingers.
const CHARACTER: Duration = Duration::from_millis(300);
/// 200 words a minute: every word of every page is read, lines of programs are not.
const WORD: Duration = Duration::from_millis(300);
/// What the issue promises.
const PROMISED: Duration = Duration::from_mins(10);

/// The agent at the browser.
struct Agent<'a> {
    browser: &'a Browser,
    clicks: Cell<u32>,
    typed: Cell<u32>,
    words: Cell<u32>,
}

fn more(counter: &Cell<u32>, by: usize) {
    counter.set(counter.get() + u32::try_from(by).unwrap());
}

impl<'a> Agent<'a> {
    fn at(browser: &'a Browser) -> Self {
        let none = || Cell::new(0);
        Self { browser, clicks: none(), typed: none(), words: none() }
    }

    /// Types an address, or follows it from a mail.
    async fn opens(&self, url: &str, page: &str) {
        self.browser.open(url).await.unwrap();
        more(&self.clicks, 1);
        self.reads(page).await;
    }

    /// Waits for a page, and reads all of it.
    async fn reads(&self, page: &str) {
        self.browser.see(&format!("main{page}")).await.unwrap();
        let words = |text: String| text.split_whitespace().count();
        let mut all = words(self.browser.text("main").await.unwrap());
        for lines in self.browser.texts("main pre, main option").await.unwrap() {
            all = all.saturating_sub(words(lines));
        }
        more(&self.words, all);
    }

    async fn fills(&self, field: &str, text: &str) {
        self.browser.fill(field, text).await.unwrap();
        more(&self.clicks, 1);
        more(&self.typed, text.chars().count());
    }

    async fn presses(&self, button: &str, page: &str) {
        self.browser.press(button).await.unwrap();
        more(&self.clicks, 1);
        self.reads(page).await;
    }

    /// The same where a finger is laid on the passkey besides.
    async fn signs(&self, button: &str, page: &str) {
        more(&self.clicks, 1);
        self.presses(button, page).await;
    }

    /// Takes a text from a page to a file of settings: marks it, copies it, goes there and puts it in.
    async fn copies(&self, what: &str) -> String {
        more(&self.clicks, 4);
        self.browser.text(what).await.unwrap()
    }

    fn took(&self) -> Duration {
        CLICK * self.clicks.get() + CHARACTER * self.typed.get() + WORD * self.words.get()
    }
}

#[tokio::test]
async fn a_commune_signs_a_citizen_in_with_a_client_of_the_sandbox_within_ten_minutes() {
    let browser = or_skip!(Browser::start(Scripts::On).await);
    let authenticator = browser.authenticator().await.unwrap();
    let space = sandbox_space().await;
    let agent = Agent::at(&browser);
    let began = Instant::now();

    agent.opens(&format!("{}/espace/inscription", space.origin), "[data-page=space-sign-up]").await;
    agent.fills("input[name=mail]", &partner::mail("Nadia")).await;
    agent.presses("form[data-step=sign-up] button", "[data-page=space-sent]").await;
    let mail = space.scene.mail_to(&partner::mail("Nadia"), 0).await.text;
    more(&agent.words, mail.split_whitespace().count());
    agent.opens(&partner::link(&mail), "[data-page=space-register]").await;
    agent.fills("input[name=person]", "Nadia Benali").await;
    agent.signs("form[data-step=register] button", "[data-page=space-sign-in]").await;
    assert_eq!(authenticator.passkeys().await.unwrap(), 1);
    agent.signs("form[data-step=sign-in] button", "[data-page=space-home]").await;
    agent.presses("main a[href='/espace/organisations/nouvelle']", "[data-page=space-new-organisation]").await;
    agent.fills("input[name=siret]", LYON).await;
    agent.presses("form[data-step=new-organisation] button", "[data-page=space-new-organisation]").await;
    agent.presses("form[data-step=confirm-organisation] button", "[data-page=space-organisation]").await;
    agent.presses(&format!("a[href='/espace/organisations/{LYON}/services']"), "[data-page=service-new]").await;
    let base = format!("http://localhost:{}", free_port());
    agent.fills("input[name=name]", "Cantine scolaire").await;
    agent.fills("textarea[name=redirects]", &format!("{base}/callback")).await;
    agent.presses("form[data-step=make-sandbox] button", "[data-page=service-secret]").await;
    let (client, secret) = (agent.copies("[data-client-id]").await, agent.copies("[data-client-secret]").await);
    audit::secret(&secret);
    let issuer = agent.copies("[data-discovery]").await;
    let issuer = issuer.strip_suffix("/.well-known/openid-configuration").unwrap();

    // The site, with what was copied: made with the SDK, a server of its own.
    space.scene.gateway.installation().until(&client, Standing::Served).await.unwrap();
    let mut command = tied(&workspace::programs().await.unwrap().commune);
    command.args(["--issuer", issuer, "--client-id", &client, "--scopes", "given_name family_name email"]);
    let commune = Commune::run(
        {
            command.env("COMMUNE_CLIENT_SECRET", &secret);
            command
        },
        &base,
        Signals::Shared,
    );
    let _commune = commune.await.unwrap();
    more(&agent.typed, base.chars().count());
    agent.opens(&base, "[data-page=home]").await;
    agent.presses("main a[href*='/login']", "[data-page=choose]").await;
    agent.presses("form[data-step=choose] button[value=poste]", "[data-page=login]").await;
    agent.fills("form[data-step=login] input[name=username]", "angela").await;
    agent.fills("form[data-step=login] input[name=password]", PASSWORD).await;
    agent.presses("form[data-step=login] button[value=sign-in]", "[data-page=inform]").await;
    agent.presses("form[data-step=inform] button[type=submit]", "[data-page=space]").await;
    assert!(browser.text("[data-name]").await.unwrap().contains("DUBOIS"));

    let (clicks, typed, words) = (agent.clicks.get(), agent.typed.get(), agent.words.get());
    let told = format!(
        "{clicks} clicks, {typed} characters, {words} words: {} s, and {:.0} s of machines",
        agent.took().as_secs(),
        began.elapsed().as_secs_f64()
    );
    assert!(clicks > 20 && typed > 100 && words > 300, "nothing was left out: {told}");
    assert!(agent.took() + began.elapsed() < PROMISED, "{told}");
    browser.close().await.unwrap();
}
