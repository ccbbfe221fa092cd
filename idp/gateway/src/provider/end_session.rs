//! `GET` and `POST /end-session` (OIDC RP-Initiated Logout 1.0).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::client::Registered;
use domain::journal::Act;
use domain::oidc::logout::{Logout, LogoutRequest, Return};
use domain::oidc::parameters::Parameters;
use domain::secret::{Bearer, base64url, same};
use domain::signin::AnySignIn;
use domain::signin::session::Session;
use http::StatusCode;
use http::header::HeaderMap;
use store::StoreError;

use super::authorize::session;
use super::error::see_other;
use super::form::is_form;
use crate::app::{App, Shared};
use crate::pages::logout::{ConfirmLogout, LoggedOut};
use crate::pages::problem::WhatWentWrong;
use crate::pages::{Service, View as _, logout};
use crate::signin::page::{Occasion, problem};

/// `GET /end-session`.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let Ok(parameters) = Parameters::parse(query.unwrap_or_default().as_bytes()) else {
        return refused(&app, &headers);
    };
    answer(&app, &headers, &parameters, None).await
}

/// `POST /end-session`: the answer to our own question, or a relying party's request. The latter is repeated by GET,
/// since a cross-site POST carries no `SameSite=Lax` cookie.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let parameters = match Parameters::parse(body.as_bytes()) {
        Ok(parameters) if is_form(&headers) || body.is_empty() => parameters,
        Ok(_) | Err(_) => return refused(&app, &headers),
    };
    let one = |name| parameters.one(name).ok().flatten();
    match (one("csrf"), one("answer")) {
        (Some(csrf), Some(wish)) => answer(&app, &headers, &parameters, Some((csrf, wish))).await,
        _ if body.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'#') => {
            see_other(&app.issuer.at(&format!("/end-session?{body}")))
        }
        _ => refused(&app, &headers),
    }
}

async fn answer(app: &App, headers: &HeaderMap, parameters: &Parameters, confirmed: Option<(&str, &str)>) -> Response {
    match decide(app, headers, parameters, confirmed).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a logout failed");
            let what = WhatWentWrong::Unavailable;
            problem(app, Occasion::of(headers), StatusCode::SERVICE_UNAVAILABLE, what, "P500")
        }
    }
}

async fn decide(
    app: &App,
    headers: &HeaderMap,
    parameters: &Parameters,
    confirmed: Option<(&str, &str)>,
) -> Result<Response, StoreError> {
    let Ok(request) = LogoutRequest::read(parameters) else { return Ok(refused(app, headers)) };
    let found = request.client().and_then(|id| app.client(id));
    let keys = app.keys();
    let Some(own) = keys.own() else { return Ok(refused(app, headers)) };
    let logout = match request.check(found.as_deref(), app.issuer.as_str(), own) {
        Ok(logout) => logout,
        Err(fault) => {
            tracing::info!(%fault, "logout request refused");
            return Ok(refused(app, headers));
        }
    };
    let secret = app.cookies.session(headers);
    let held = session(app, headers).await?;
    let (Some(secret), Some(held)) = (secret, held) else {
        return Ok(gone(app, headers, &logout, found.as_deref()));
    };
    match (&logout, confirmed) {
        (Logout::Proven { session, .. }, None) if session == held.id() => {
            end(app, headers, &secret, &held, found.as_deref()).await?;
            Ok(gone(app, headers, &logout, found.as_deref()))
        }
        (_, Some((csrf, wish))) => {
            if !same(csrf.as_bytes(), form_secret(&secret).as_bytes()) {
                let what = WhatWentWrong::StaleForm;
                return Ok(problem(app, Occasion::of(headers), StatusCode::FORBIDDEN, what, "P110"));
            }
            if wish == "yes" {
                end(app, headers, &secret, &held, found.as_deref()).await?;
                return Ok(gone(app, headers, &logout, found.as_deref()));
            }
            Ok(page(app, headers, logout::Session::Kept, found.as_deref()))
        }
        // Without proof, or with the proof of another session: the citizen decides (RP-Initiated Logout §2, §6).
        (Logout::Proven { .. } | Logout::ToConfirm, None) => {
            Ok(question(app, headers, parameters, &secret, found.as_deref()))
        }
    }
}

/// Ends the session, and every sign-in of this browser whose citizen has arrived: the records first, so that no request
/// that comes now finds them.
async fn end(
    app: &App,
    headers: &HeaderMap,
    secret: &Bearer<Session>,
    held: &Session,
    asking: Option<&Registered>,
) -> Result<(), StoreError> {
    for (_, arrived) in app.cookies.all_arrived(headers) {
        let _: Option<AnySignIn> = app.ephemeral.take(&arrived).await?;
    }
    if app.ephemeral.take(secret).await?.is_some() {
        let account = held.citizen().account.clone();
        let act = Act::LoggedOut { account, client: asking.map(|registered| registered.client.id.clone()) };
        app.registry.append(&[act], app.clock.now()).await?;
    }
    Ok(())
}

/// There is no session any more: on to where the relying party asked, or to a page that says so.
fn gone(app: &App, headers: &HeaderMap, logout: &Logout, found: Option<&Registered>) -> Response {
    let mut response = match logout {
        Logout::Proven { then: Some(then), .. } => see_other(&Return::url(then)),
        Logout::Proven { then: None, .. } | Logout::ToConfirm => page(app, headers, logout::Session::Closed, found),
    };
    // A request without our cookies, as one from another site is, takes nothing from the browser.
    if app.cookies.session(headers).is_some() {
        app.cookies.clear(headers, response.headers_mut());
    }
    response
}

fn page(app: &App, headers: &HeaderMap, session: logout::Session, found: Option<&Registered>) -> Response {
    let occasion = Occasion::of(headers);
    let service = found.map(|found| Service { name: &found.client.name, link: found.client.uri.as_deref() });
    LoggedOut { page: occasion.page(app), session, service }.answer(StatusCode::OK)
}

fn question(
    app: &App,
    headers: &HeaderMap,
    parameters: &Parameters,
    secret: &Bearer<Session>,
    found: Option<&Registered>,
) -> Response {
    let occasion = Occasion::of(headers);
    let fields: Vec<(&str, &str)> = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]
        .into_iter()
        .filter_map(|name| parameters.one(name).ok().flatten().map(|value| (name, value)))
        .collect();
    let csrf = form_secret(secret);
    let service = found.map(|found| &found.client.name);
    ConfirmLogout { page: occasion.page(app), csrf: &csrf, fields: &fields, service }.answer(StatusCode::OK)
}

/// The secret of the question's form: only the page that this session was shown holds it.
fn form_secret(secret: &Bearer<Session>) -> String {
    base64url(&secret.expand(&[b"logout form"]))
}

fn refused(app: &App, headers: &HeaderMap) -> Response {
    problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, WhatWentWrong::BadRequest, "P120")
}
