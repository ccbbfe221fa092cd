//! The authorization response on the wire: a redirect, or a form that the browser posts; signed where that was asked.

use axum::response::Response;
use domain::client::Label;
use domain::oidc::response::{AuthorizationResponse, Delivery};
use http::StatusCode;

use super::error::see_other;
use crate::app::App;
use crate::pages::View as _;
use crate::pages::form_post::FormPost;
use crate::pages::problem::WhatWentWrong;
use crate::signin::page::{Occasion, problem};

/// Sends a response to the relying party, through the browser.
pub(crate) fn send(app: &App, occasion: Occasion, service: &Label, response: AuthorizationResponse) -> Response {
    let response = if let Some((algorithm, claims)) = response.to_sign(app.clock.now()) {
        let Some(jwt) = app.keys().sign(algorithm, "oauth-authz-resp+jwt", &claims) else {
            tracing::error!("no key signs authorization responses");
            return problem(app, occasion, StatusCode::SERVICE_UNAVAILABLE, WhatWentWrong::Unavailable, "P500");
        };
        response.signed(jwt)
    } else {
        response
    };
    match response.deliver() {
        Delivery::Redirect(url) => see_other(&url),
        Delivery::Form { action, fields } => {
            FormPost { page: occasion.page(app), service, action: &action, fields: &fields }.answer(StatusCode::OK)
        }
    }
}
