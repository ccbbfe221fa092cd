//! A service that is not served any more while its citizen is in the middle of a sign-in: the page that says so, and the
//! way back, on which the service is told why.

use axum::response::Response;
use domain::client::Registered;
use domain::habilitation::grant::{LiveHabilitation, NotLive};
use domain::id::Reference;
use domain::signin::SignIn;
use http::StatusCode;

use super::page::Occasion;
use crate::app::App;
use crate::audit::Entry;
use crate::pages::View as _;
use crate::pages::withdrawn::{CODE, Withdrawn};

/// The habilitation of a relying party that is registered, perhaps not any more.
pub(super) fn live<'a>(app: &App, registered: Option<&'a Registered>) -> Result<LiveHabilitation<'a>, NotLive> {
    app.live(registered.ok_or(NotLive::None)?)
}

/// The page.
pub(super) fn withdrawn<S>(app: &App, signin: &SignIn<S>, why: NotLive) -> Response {
    let occurrence = Reference::from_random(app.random.bytes());
    let path = format!("/signin/{}", signin.id());
    let page = Withdrawn {
        page: Occasion::in_language(signin.language()).page(app).switch_at(&path),
        sign_in: signin.id(),
        csrf: signin.csrf(),
        service: signin.service(),
        why,
        code: CODE,
        occurrence: occurrence.as_str(),
    };
    let answer = page.answer(StatusCode::FORBIDDEN);
    Entry::new(why).because(why.sentence()).of(Some(signin.client())).numbered(occurrence).on(answer)
}
