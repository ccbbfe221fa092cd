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
        Some(to_protect) => {
            let jwt = if response.is_error() {
                protected_in_turn(app, &to_protect).await
            } else {
                protected(app, &to_protect).await
            };
            let Some(jwt) = jwt else {
                let (status, what) = (StatusCode::SERVICE_UNAVAILABLE, WhatWentWrong::Unavailable);
                return problem(app, occasion, status, what, ProblemCode::P500);
            };
            response.protected(jwt)
        }
    };
    match response.deliver() {
        Delivery::Redirect(url) => see_other(&url),
        Delivery::Form { action, fields } => {
            FormPost { page: occasion.page(app), service, action: &action, fields: &fields }.answer(StatusCode::OK)
        }
    }
}

/// The same for a response that anybody can bring about: it waits for its turn, and gives up.
async fn protected_in_turn(app: &App, to_protect: &ToProtect) -> Option<String> {
    let Some(turn) = app.unproven.turn().await else {
        tracing::warn!(client = %to_protect.audience, "more error answers are to be signed than have their turn");
        return None;
    };
    let jwt = signed(app, to_protect);
    // Others need not wait while the keys of this client are fetched.
    drop(turn);
    sealed(app, to_protect, jwt?).await
}

/// The response as a JWT (JARM §2.1); `None` when no key of ours signs or no key of the client is there to encrypt to.
async fn protected(app: &App, to_protect: &ToProtect) -> Option<String> {
    sealed(app, to_protect, signed(app, to_protect)?).await
}

fn signed(app: &App, to_protect: &ToProtect) -> Option<String> {
    let jwt = app.keys().sign(to_protect.signing, "oauth-authz-resp+jwt", &to_protect.claims);
    if jwt.is_none() {
        tracing::error!("no key signs authorization responses");
    }
    jwt
}

/// Encrypted to the client, where that is registered.
async fn sealed(app: &App, to_protect: &ToProtect, jwt: String) -> Option<String> {
    let Some(algorithm) = to_protect.encryption else { return Some(jwt) };
    let Some(found) = app.client(&to_protect.audience) else {
        tracing::error!(client = %to_protect.audience, "a client that a response is encrypted to went away");
        return None;
    };
    encrypted(app, &found.client, algorithm, Content::Jwt, &jwt).await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::client::Client;
    use domain::oidc::error::AuthorizeError;
    use domain::oidc::response::{ResponseMode, ReturnAddress};
    use serde_json::json;

    use super::*;
    use crate::keys::Unproven;

    #[tokio::test]
    async fn error_answers_without_a_turn_are_not_signed_and_codes_are() {
        let (mut app, _folder) = crate::serve::standing("issuer = \"http://127.0.0.1:8401\"\n").await;
        let metadata = json!({"client_id": "ville", "client_name": "V", "redirect_uris": ["https://v.example/"]});
        let client = Client::from_metadata(&metadata, || unreachable!("it is named")).expect("fine");
        let mode = ResponseMode::parse("jwt").expect("known");
        let redirect = client.redirect("https://v.example/").expect("registered");
        let to = ReturnAddress::new(redirect, None, mode, &client);
        let issuer = app.issuer.as_str().to_owned();
        for (turns, expected) in [(0, StatusCode::SERVICE_UNAVAILABLE), (1, StatusCode::SEE_OTHER)] {
            Arc::get_mut(&mut app).expect("nobody else has it").unproven = Unproven::of(turns);
            let sent = async |response| {
                let occasion = Occasion::in_language(domain::language::Language::French);
                send(&app, occasion, &client.name, response).await.status()
            };
            let error = to.error(&issuer, AuthorizeError::LoginRequired, "a login is needed");
            assert_eq!(sent(error).await, expected, "{turns} turns");
            assert_eq!(sent(to.code(&issuer, "c")).await, StatusCode::SEE_OTHER, "who signed in waits for nobody");
        }
    }
}
