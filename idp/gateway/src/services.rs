//! The services of an organisation: its page, a client of the sandbox at once, one of the production under a habilitation,
//! what a client proves itself by, and what helps to build the site.
//!
//! ```text
//!  organisation ──▶ sandbox ────┐
//!       │                       ├──▶ secret, shown once ──▶ one: state, secrets, off and on
//!       └─ habilitation ──▶ production                        ├──▶ button
//!                                                             └──▶ quick start
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`organisation`] | what the page of an organisation says of them: their state, what is next |
//! | [`sandbox`] | a client of the sandbox, for whoever writes for the organisation |
//! | [`production`] | a client under a habilitation that a review granted |
//! | [`one`] | one service |
//! | [`credentials`] | a second secret beside the first, the old one retired; off and on |
//! | [`deadlines`] | what ends by itself, told before |
//! | [`pins`] | the keys at an address of their own, and who accepts others |
//! | [`button`], [`start`] | the button, and the first lines of a program |
//!
//! A secret is on the answer that made it and nowhere else: only its digest is kept.

pub(crate) mod button;
pub(crate) mod credentials;
pub(crate) mod deadlines;
pub(crate) mod one;
pub(crate) mod organisation;
pub(crate) mod pins;
pub(crate) mod production;
pub(crate) mod sandbox;
pub(crate) mod start;

use std::sync::Arc;

use axum::response::Response;
use domain::client::Registered;
use domain::habilitation::acting::Author;
use domain::habilitation::switches::{Deed, Reason, Switches};
use domain::id::ClientId;
use domain::partners::organisation::Organisation;
use domain::partners::permission::{Held, Permit};
use domain::secret::{SecretDigest, base64url};
use store::StoreError;
use zeroize::Zeroizing;

use crate::app::App;
use crate::audit::Space;
use crate::pages::View as _;
use crate::pages::services::{Shown, above, address};
use crate::partners::refusal;
use crate::partners::session::Here;

/// Where a new secret was made.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) text: Zeroizing<String>,
    pub(crate) digest: SecretDigest,
}

/// A secret that nobody has seen yet.
pub(crate) fn fresh_secret(app: &App) -> Fresh {
    let text = Zeroizing::new(base64url(&app.random.bytes::<32>()));
    let digest = SecretDigest::of(&text);
    Fresh { text, digest }
}

/// What somebody did, and why.
fn deed<P: Permit>(held: &Held<P>, why: Option<Reason>) -> Deed {
    Deed { by: Author::Partner(held.partner().clone()), why }
}

/// The switches as they are now: who turned one sees it turned.
pub(crate) async fn switches(app: &App) -> Result<Arc<Switches>, StoreError> {
    app.registry.switches().await.map(Arc::new)
}

/// The service that a path is about, as it is now.
pub(crate) async fn find(app: &App, id: &str) -> Result<Option<Registered>, StoreError> {
    match ClientId::parse(id) {
        Ok(id) => app.registry.client(&id).await,
        Err(_) => Ok(None),
    }
}

/// What is about no service is refused as what is not there.
fn unseen(app: &App, here: &Here) -> Response {
    refusal::inside(app, here, Space::Unseen)
}

/// The page with a new secret, shown this once.
fn show_secret(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    service: &Registered,
    secret: Option<&str>,
) -> Response {
    let page = here.occasion.page(app);
    let words = page.words();
    let title = if secret.is_some() { words.service_secret_title() } else { words.service_made_title() };
    let mut trail = above(organisation);
    trail.push(address(&page, service));
    let shell = here.shell(title).below(trail);
    Shown { page, shell, service, secret, issuer: app.issuer.as_str() }.answer(http::StatusCode::OK)
}
