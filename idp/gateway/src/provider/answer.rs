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
    let response = match response.to_sign(app.clock.now()) {
        None => response,
        Some((algorithm, claims)) => match app.keys().sign(algorithm, "oauth-authz-resp+jwt", &claims) {
            Some(jwt) => response.signed(jwt),
            None => {
                tracing::error!("no key signs authorization responses");
                let what = WhatWentWrong::Unavailable;
                return problem(app, occasion, StatusCode::SERVICE_UNAVAILABLE, what, "P500");
            }
        },
    };
    match response.deliver() {
        Delivery::Redirect(url) => see_other(&url),
        Delivery::Form { action, fields } => {
            FormPost { page: occasion.page(app), service, action: &action, fields: &fields }.answer(StatusCode::OK)
        }
    }
}
