//! `GET /callback/{provider}/logged-out`: a citizen who logged out here, and then at the provider, is back.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use domain::oidc::logout::{Leaving, Return};
use domain::oidc::parameters::Parameters;
use domain::secret::Bearer;
use http::StatusCode;
use http::header::HeaderMap;
use store::StoreError;

use super::authorize::session;
use super::end_session::page;
use crate::app::{App, Shared};
use crate::pages::logout;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::at::unavailable;
use crate::signin::page::{Occasion, problem};

/// On to where the relying party asked, or to the page that says that the citizen is logged out.
pub(crate) async fn get(
    State(app): State<Shared>,
    headers: HeaderMap,
    provider: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let state = parameters.ok().and_then(|parameters| Bearer::parse(parameters.one("state").ok().flatten()?));
    // A path that is no text names no provider.
    let provider = provider.map_or_else(|_| String::new(), |Path(provider)| provider);
    match go_on(&app, &headers, &provider, state).await {
        Ok(response) => response,
        Err(error) => unavailable(&app, Occasion::of(&headers), &error),
    }
}

async fn go_on(
    app: &App,
    headers: &HeaderMap,
    provider: &str,
    state: Option<Bearer<Leaving>>,
) -> Result<Response, StoreError> {
    let occasion = Occasion::of(headers);
    let left = if let Some(state) = &state { app.ephemeral.take(state).await? } else { None };
    let Some(leaving) = left.filter(|leaving| leaving.provider.as_str() == provider) else {
        // A reload, or a return that nobody was sent on: true for a browser without a session, and no other.
        return Ok(match session(app, headers).await? {
            None => page(app, occasion, logout::Session::Closed, None),
            Some(_) => {
                problem(app, occasion, StatusCode::BAD_REQUEST, WhatWentWrong::UnexpectedReturn, ProblemCode::P203)
            }
        });
    };
    let found = leaving.client.as_ref().and_then(|id| app.client(id));
    let closed = page(app, occasion, logout::Session::Closed, found.as_deref());
    Ok(match &leaving.then {
        // Never by a redirect, which would carry a fragment of the provider on to the relying party (RFC 9700 §4.1.3),
        // and whose address must be the registered one to the last character.
        Some(then) => logout::going_on(closed, &Return::url(then)),
        None => closed,
    })
}
