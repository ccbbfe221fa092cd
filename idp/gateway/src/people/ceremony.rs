//! What a passkey is asked, kept for one browser and taken once: an answer can be neither replayed nor given in another
//! browser. The name of a ceremony is the secret of its form.

use axum::response::Response;
use domain::people::passkey::{Ceremony, Purpose};
use domain::secret::{Bearer, base64url};
use domain::time::Lifetime;
use http::HeaderMap;
use store::StoreError;

use super::passkeys::Asked;
use crate::app::App;
use crate::cookies::DeskBrowser;

/// How long an answer is waited for. The page asks anew before.
const LIFE: Lifetime = Lifetime::seconds(600);

/// A ceremony under way.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Its name, for the form.
    pub(crate) name: String,
    /// What the authenticator is asked, JSON.
    pub(crate) options: String,
    new_browser: Option<Bearer<DeskBrowser>>,
}

impl Begun {
    /// Hands the browser its secret, when it had none.
    pub(crate) fn hand_over(&self, app: &App, mut answer: Response) -> Response {
        if let Some(secret) = &self.new_browser {
            app.desk().cookies.set_desk_browser(answer.headers_mut(), secret);
        }
        answer
    }
}

/// Begins a ceremony for the browser that asks.
pub(crate) async fn begin(app: &App, headers: &HeaderMap, purpose: Purpose, asked: Asked) -> Result<Begun, StoreError> {
    let held = app.desk().cookies.desk_browser(headers);
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
pub(crate) async fn take(app: &App, headers: &HeaderMap, name: Option<&str>) -> Result<Option<Ceremony>, StoreError> {
    let (Some(browser), Some(name)) = (app.desk().cookies.desk_browser(headers), name) else { return Ok(None) };
    if name.len() != 22 {
        return Ok(None);
    }
    app.ephemeral.take(&place(&browser, name)).await
}

fn place(browser: &Bearer<DeskBrowser>, name: &str) -> Bearer<Ceremony> {
    browser.derive(&format!("ceremony {name}"))
}
