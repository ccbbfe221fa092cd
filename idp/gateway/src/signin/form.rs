//! The forms of the citizen's pages. What cannot be read ends on a page, not in an error for programs.

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use domain::oidc::parameters::Parameters;
use http::StatusCode;

use super::page::{Occasion, problem};
use crate::app::{App, Shared};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::provider::form::Form;

/// A form that a citizen sent.
#[derive(Debug)]
pub(crate) struct Sent(Parameters);

impl Sent {
    /// A field; one that is missing, empty or sent twice counts as none.
    pub(crate) fn field(&self, name: &'static str) -> Option<&str> {
        self.0.one(name).ok().flatten()
    }
}

impl FromRequest<Shared> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let occasion = Occasion::of(request.headers());
        match Form::from_request(request, app).await {
            Ok(Form(parameters)) => Ok(Self(parameters)),
            Err(_) => Err(problem(app, occasion, StatusCode::BAD_REQUEST, WhatWentWrong::StaleForm, ProblemCode::P111)),
        }
    }
}

/// The page for a form whose secret is missing or another's, or that stood on another site.
pub(crate) fn stale(app: &App, occasion: Occasion) -> Response {
    problem(app, occasion, StatusCode::FORBIDDEN, WhatWentWrong::StaleForm, ProblemCode::P110)
}
