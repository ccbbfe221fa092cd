//! The authorization response on the wire: a redirect, or a form that the browser posts; signed, and encrypted,
//! where that was asked.

use axum::response::Response;
use domain::client::Label;
use domain::jose::jwe::Content;
use domain::oidc::response::{AuthorizationResponse, Delivery, ToProtect};
use http::StatusCode;

use super::error::see_other;
use super::nested::encrypted;
use crate::app::App;
use crate::pages::View as _;
use crate::pages::form_post::FormPost;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::page::{Occasion, problem};

/// Sends a response to the relying party, through the browser.
pub(crate) async fn send(app: &App, occasion: Occasion, service: &Label, response: AuthorizationResponse) -> Response {
    let response = match response.to_protect(app.clock.now()) {
        None => response,
        Some(to_protect) => match protected(app, &to_protect).await {
            Some(jwt) => response.protected(jwt),
            None => {
                return problem(
                    app,
                    occasion,
                    StatusCode::SERVICE_UNAVAILABLE,
                    WhatWentWrong::Unavailable,
                    ProblemCode::P500,
                );
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

/// The response as a JWT (JARM §2.1); `None` when no key of ours signs or no key of the client is there to encrypt to.
async fn protected(app: &App, to_protect: &ToProtect) -> Option<String> {
    let Some(jwt) = app.keys().sign(to_protect.signing, "oauth-authz-resp+jwt", &to_protect.claims) else {
        tracing::error!("no key signs authorization responses");
        return None;
    };
    let Some(algorithm) = to_protect.encryption else { return Some(jwt) };
    let Some(found) = app.client(&to_protect.audience) else {
        tracing::error!(client = %to_protect.audience, "a client that a response is encrypted to went away");
        return None;
    };
    encrypted(app, &found.client, algorithm, Content::Jwt, &jwt).await.ok()
}
