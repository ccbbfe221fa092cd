//! `/app/v1`: what a phone calls. JSON, each call but GET with a DPoP proof (RFC 9449) by one key a transaction; what is
//! wrong is told as RFC 9457 says, under stable codes. `openapi` describes it for who writes a phone.
//!
//! ```text
//!  POST claims        a browser's handle ─┐
//!  POST transactions  an act of one's own ┴▶ Opened ─▶ POST transactions/card ─▶ POST transactions/answers … ─▶ proved
//!                                                       files: State signed        code signed, chip answered
//!  POST transactions/refuse   the citizen says no
//! ```

mod answers;
mod begin;
mod card;
mod claim;
mod openapi;
mod problem;
mod refuse;
mod terms;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::cnie::refusal::Refusal;
use domain::oidc::error::TokenError;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::ephemeral::Kind;

use super::Cnie;
use super::slot::Fault;
use crate::app::{App, Shared};
use crate::limits;
use crate::listen::request::FILES_LIMIT;
use crate::provider::call::Call;
use crate::provider::error::Refused;

pub(crate) use problem::too_many;

/// The routes, each counted by address.
pub(crate) fn routes(app: &Shared) -> Router<Shared> {
    let files = || DefaultBodyLimit::max(FILES_LIMIT);
    Router::new()
        .route("/app/v1/claims", post(claim::post))
        .route("/app/v1/transactions", post(begin::post))
        .route("/app/v1/transactions/card", post(card::post).layer(files()))
        .route("/app/v1/transactions/answers", post(answers::post).layer(files()))
        .route("/app/v1/transactions/refuse", post(refuse::post))
        .route("/app/v1/terms", get(terms::get))
        .route("/app/v1/openapi.json", get(openapi::get))
        .route_layer(from_fn_with_state(Arc::clone(app), limits::phone))
}

/// Why a call is not answered as it wishes.
#[derive(Debug)]
enum Unanswered {
    /// The transaction, the card or the identity.
    Fault(Fault),
    /// The proof of possession.
    Proof(TokenError),
}

impl<F: Into<Fault>> From<F> for Unanswered {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

/// The thumbprint of the key that a call proved (RFC 7638).
struct Jkt(String);

/// Who calls: the card provider, and the key that the caller proved.
async fn enter<'a>(app: &'a App, call: &Call) -> Result<(&'a Cnie, Jkt), Unanswered> {
    let cnie = app.cnie();
    // Before the proof, which a clock that went back would misjudge first.
    app.clock.check().map_err(|_| Refusal::ClockBack)?;
    let due = TokenError::InvalidDpopProof("each call has a DPoP proof");
    let proved = call.proved(app, &app.issuer, None).map_err(Unanswered::Proof)?.ok_or(Unanswered::Proof(due))?;
    let key = proved.count(app, Kind::CardProof).await.map_err(|refused| match refused {
        Refused::Token(error) => Unanswered::Proof(error),
        Refused::Unavailable(error) => Unanswered::Fault(Fault::Store(error)),
        Refused::NoToken
        | Refused::BadToken
        | Refused::NotLive(_)
        | Refused::NoKey
        | Refused::Card(_)
        | Refused::TooMany(_)
        | Refused::NoRecipient => Unanswered::Proof(TokenError::InvalidDpopProof("the proof cannot be judged")),
    })?;
    Ok((cnie, Jkt(key.as_str().to_owned())))
}

/// Reads the body of a call.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unanswered> {
    serde_json::from_slice(body).map_err(|_| Refusal::Malformed.into())
}

/// The answer to a call, with the nonce for the next one.
fn answered<T: Serialize>(app: &App, call: &Call, outcome: Result<T, Unanswered>) -> Response {
    let response = match outcome {
        Ok(answer) => ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(answer)).into_response(),
        Err(unanswered) => problem::of(app, unanswered),
    };
    call.answered(app, response)
}

/// The same where there is nothing to say.
fn answered_empty(app: &App, call: &Call, outcome: Result<(), Unanswered>) -> Response {
    let response = match outcome {
        Ok(()) => (StatusCode::NO_CONTENT, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        Err(unanswered) => problem::of(app, unanswered),
    };
    call.answered(app, response)
}

#[cfg(test)]
mod tests;
