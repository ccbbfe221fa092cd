//! What a passkey is asked, kept for one browser and taken once: an answer can be neither replayed nor given in another
//! browser. The name of a ceremony is the secret of its form.
//!
//! There are two places where passkeys are asked, the desk and the partners' space: what a ceremony leads to says in which
//! it is.

use axum::response::Response;
use domain::partners::passkey::Purpose as InSpace;
use domain::people::passkey::{Ceremony, Purpose as AtDesk};
use domain::secret::{Bearer, base64url};
use domain::time::Lifetime;
use http::HeaderMap;
use store::StoreError;
use store::ephemeral::Record;

use super::passkeys::Asked;
use crate::app::App;
use crate::cookies::{DeskBrowser, SpaceBrowser};

/// How long an answer is waited for. The page asks anew before.
const LIFE: Lifetime = Lifetime::seconds(600);

/// What a ceremony leads to, and in which cookie its browser bears its secret.
pub(crate) trait Leads: Sized {
    /// What the cookie opens.
    type Browser;

    /// What the browser bears.
    fn borne(app: &App, headers: &HeaderMap) -> Option<Bearer<Self::Browser>>;

    /// Gives a browser its secret.
    fn hand(app: &App, headers: &mut HeaderMap, secret: &Bearer<Self::Browser>);
}

impl Leads for AtDesk {
    type Browser = DeskBrowser;

    fn borne(app: &App, headers: &HeaderMap) -> Option<Bearer<DeskBrowser>> {
        app.desk().cookies.desk_browser(headers)
    }

    fn hand(app: &App, headers: &mut HeaderMap, secret: &Bearer<DeskBrowser>) {
        app.desk().cookies.set_desk_browser(headers, secret);
    }
}

impl Leads for InSpace {
    type Browser = SpaceBrowser;

    fn borne(app: &App, headers: &HeaderMap) -> Option<Bearer<SpaceBrowser>> {
        app.partners().cookies.space_browser(headers)
    }

    fn hand(app: &App, headers: &mut HeaderMap, secret: &Bearer<SpaceBrowser>) {
        app.partners().cookies.set_space_browser(headers, secret);
    }
}

/// A ceremony under way.
#[derive(Debug)]
pub(crate) struct Begun<P: Leads> {
    /// Its name, for the form.
    pub(crate) name: String,
    /// What the authenticator is asked, JSON.
    pub(crate) options: String,
    new_browser: Option<Bearer<P::Browser>>,
}

impl<P: Leads> Begun<P> {
    /// Hands the browser its secret, when it had none.
    pub(crate) fn hand_over(&self, app: &App, mut answer: Response) -> Response {
        if let Some(secret) = &self.new_browser {
            P::hand(app, answer.headers_mut(), secret);
        }
        answer
    }
}

/// Begins a ceremony for the browser that asks.
pub(crate) async fn begin<P>(app: &App, headers: &HeaderMap, purpose: P, asked: Asked) -> Result<Begun<P>, StoreError>
where
    P: Leads,
    Ceremony<P>: Record,
{
    let held = P::borne(app, headers);
    let new_browser = held.is_none().then(|| Bearer::from_random(app.random.bytes()));
    let browser = held.as_ref().or(new_browser.as_ref()).expect("one is made where none is held");
    let name = base64url(&app.random.bytes::<16>());
    let ceremony = Ceremony { purpose, state: asked.state };
    match app.ephemeral.put(&place(browser, &name), &ceremony, LIFE).await? {
        store::ephemeral::Put::Fresh => Ok(Begun { name, options: asked.options, new_browser }),
        store::ephemeral::Put::Taken => Err(StoreError::Corrupt { what: "the place of a new ceremony" }),
    }
}

/// Takes the ceremony of this name, if this browser has it under way.
pub(crate) async fn take<P>(
    app: &App,
    headers: &HeaderMap,
    name: Option<&str>,
) -> Result<Option<Ceremony<P>>, StoreError>
where
    P: Leads,
    Ceremony<P>: Record,
{
    let (Some(browser), Some(name)) = (P::borne(app, headers), name) else { return Ok(None) };
    if name.len() != 22 {
        return Ok(None);
    }
    app.ephemeral.take(&place(&browser, name)).await
}

fn place<B, P>(browser: &Bearer<B>, name: &str) -> Bearer<Ceremony<P>> {
    browser.derive(&format!("ceremony {name}"))
}
