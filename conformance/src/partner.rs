//! Somebody with an account in the partners' space: a browser, and a passkey in software.
//!
//! [`Partner::begin`] takes a link of a mail to a new account; [`overrides`] and [`invite_operator`] do what an operator does
//! before.

use anyhow::Context as _;
use serde_json::Value;
use toml::Table;

use crate::agent::{self, Agent};
use crate::audit;
use crate::citizen::Page;
use crate::gateway::Installation;

/// Somebody in the partners' space.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Their browser, and the passkey they hold.
    pub agent: Agent,
    /// Their name.
    pub name: String,
    /// Their address.
    pub mail: String,
}

impl Partner {
    /// Somebody with an empty browser at the space of this origin.
    pub fn at(origin: &str, name: &str) -> Self {
        let mail = mail(name);
        Self { agent: Agent::at(origin), name: name.to_owned(), mail }
    }

    /// Opens a path of the space.
    pub async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        self.agent.open(path).await
    }

    /// Presses a button of a page.
    pub async fn press(&mut self, page: &Page, button: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        self.agent.browser.press(page, button, fields).await
    }

    /// Takes a link of a mail to a new account, and signs in: the first page.
    pub async fn begin(&mut self, link: &str) -> anyhow::Result<Page> {
        let page = self.agent.browser.open(link).await?;
        let sign_in = self.register(&page).await?;
        self.enter(&sign_in).await
    }

    /// Makes a passkey on a page that asks for one, and sends it, with a name where the account has none: the page after.
    pub async fn register(&mut self, page: &Page) -> anyhow::Result<Page> {
        let credential = self.agent.make(page).await?;
        let mut fields = vec![("credential", credential.as_str()), ("name", "Clé d’essai")];
        if page.has("input[name=person]") {
            fields.push(("person", self.name.as_str()));
        }
        self.agent.browser.press(page, "form[data-step=register] button", &fields).await
    }

    /// Signs in from the page of the sign-in: the page after.
    pub async fn sign_in(&mut self) -> anyhow::Result<Page> {
        let page = self.open("/espace/entree").await?;
        self.enter(&page).await
    }

    /// Signs what a page of the sign-in asks, and sends it: the page after.
    pub async fn enter(&mut self, page: &Page) -> anyhow::Result<Page> {
        let credential = self.agent.sign(page).await?;
        let button = "form[data-step=sign-in] button";
        self.agent.browser.press(page, button, &[("credential", &credential)]).await
    }

    /// Shows the passkey once more, on the page that asks for it: the page after.
    pub async fn confirm(&mut self, page: &Page) -> anyhow::Result<Page> {
        let credential = self.agent.sign(page).await?;
        let button = "form[data-step=confirm] button";
        self.agent.browser.press(page, button, &[("credential", &credential)]).await
    }

    /// Makes a recovery code on their own page: the code.
    pub async fn make_code(&mut self) -> anyhow::Result<String> {
        let account = self.open("/espace/compte").await?;
        let page = self.press(&account, "form[data-step=make-code] button", &[]).await?;
        let code = page.text("[data-recovery-code]").with_context(|| page.brief())?;
        audit::secret(&code);
        audit::secret(&code.replace(' ', ""));
        Ok(code)
    }

    /// The secret of the forms of their session.
    pub async fn csrf(&mut self) -> anyhow::Result<String> {
        let page = self.open("/espace").await?;
        page.attribute("form[data-step=sign-out] input[name=csrf]", "value")
    }
}

/// The address of somebody of that name.
pub fn mail(name: &str) -> String {
    format!("{}@mairie.exemple.fr", name.to_lowercase().replace(' ', "."))
}

/// The keys of `idp.toml` that open the space at this port.
///
/// # Panics
/// Never: what is written here is TOML.
pub fn overrides(port: u16) -> Table {
    let text = format!("[partners]\norigin = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n");
    text.parse().expect("TOML")
}

/// The link in a mail: the one line that is an address of the space, with a secret at its end where it has one.
///
/// # Panics
/// When there is none.
pub fn link(text: &str) -> String {
    let link = text.lines().find(|line| line.contains("/espace/")).expect("a mail with a link");
    if let Some((_, secret)) = link.rsplit_once('/').filter(|(_, last)| last.len() == 43) {
        audit::secret(secret);
    }
    link.to_owned()
}

/// Invites somebody to act for the operator, at the command line: the link.
pub async fn invite_operator(installation: &Installation, name: &str, roles: &[&str]) -> anyhow::Result<String> {
    let address = mail(name);
    let mut arguments = vec!["partners", "invite-operator", "--mail", &address, "--json"];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    let printed: Value = serde_json::from_str(&agent::run(installation, &arguments).await?)?;
    let link = printed["link"].as_str().context("idp partners invite-operator --json prints the link")?;
    Ok(self::link(link))
}
