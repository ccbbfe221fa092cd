//! `/signin/{id}/inform`: what will be sent, and the citizen's word.

use axum::extract::State;
use axum::response::Response;
use domain::client::ClientState;
use domain::signin::{Acceptance, Informing, SignIn};
use http::StatusCode;
use http::header::HeaderMap;

use super::at::At;
use super::choose::stale;
use super::finish;
use super::page::{Occasion, problem};
use crate::app::{App, Shared};
use crate::pages::View as _;
use crate::pages::inform::{Consent, Inform};
use crate::pages::problem::WhatWentWrong;
use crate::provider::form::Form;

/// `GET /signin/{id}/inform`.
pub(crate) async fn get(State(app): State<Shared>, at: At<Informing>) -> Response {
    page(&app, &at.signin, Ticked::NotYet)
}

/// `POST /signin/{id}/inform` with `csrf`, and `consent=yes` for a private party.
pub(crate) async fn post(
    State(app): State<Shared>,
    headers: HeaderMap,
    at: At<Informing>,
    Form(form): Form,
) -> Response {
    let one = |name| form.one(name).ok().flatten();
    if !one("csrf").is_some_and(|csrf| at.signin.owns_form(csrf)) {
        return stale(&app, &headers);
    }
    let Some(registered) = app.client(at.signin.client()).filter(|found| found.state == ClientState::Active) else {
        return closed(&app, &at.signin);
    };
    let acceptance = if one("consent") == Some("yes") { Acceptance::Consented } else { Acceptance::WentOn };
    match at.signin.accept(&registered.client, acceptance, app.random.bytes(), app.clock.now()) {
        Ok(finishing) => match at.slot.advance(&app, finishing.clone().into()).await {
            Ok(slot) => finish::complete(&app, &headers, slot, finishing).await,
            Err(response) => response,
        },
        Err((signin, _)) => page(&app, &signin, Ticked::Missing),
    }
}

enum Ticked {
    NotYet,
    Missing,
}

fn page(app: &App, signin: &SignIn<Informing>, ticked: Ticked) -> Response {
    let Some(registered) = app.client(signin.client()).filter(|found| found.state == ClientState::Active) else {
        return closed(app, signin);
    };
    let client = &registered.client;
    let (consent, status) = match (signin.needs_consent(client), ticked) {
        (false, _) => (Consent::NotAsked, StatusCode::OK),
        (true, Ticked::NotYet) => (Consent::Asked, StatusCode::OK),
        (true, Ticked::Missing) => (Consent::Missing, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let path = format!("/signin/{}/inform", signin.id());
    Inform {
        page: Occasion::in_language(signin.language()).page(app).switch_at(&path),
        sign_in: signin.id(),
        csrf: signin.csrf(),
        service: signin.service(),
        provider: &app.provider_title(&signin.citizen().identity.provider),
        identity: &signin.citizen().identity,
        granted: &signin.granted(client),
        consent,
    }
    .answer(status)
}

fn closed(app: &App, signin: &SignIn<Informing>) -> Response {
    let occasion = Occasion::in_language(signin.language());
    problem(app, occasion, StatusCode::BAD_REQUEST, WhatWentWrong::UnknownService, "P102")
}
