//! `POST /par` (RFC 9126): an authorization request pushed behind the scenes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::parameters::Parameters;
use domain::oidc::pushed::{NotPushed, Pushed, request_uri};
use domain::secret::Bearer;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;
use store::ephemeral::Put;

use super::call::Call;
use super::error::Refused;
use super::form::Form;
use super::{authentication, request_object};
use crate::app::Shared;
use crate::audit::{Code, Entry};

/// `POST /par`.
pub(crate) async fn post(State(app): State<Shared>, call: Call, Form(form): Form) -> Response {
    let response = match push(&app, &call, form).await {
        Ok(Ok(reference)) => {
            let answer = json!({"request_uri": request_uri(&reference), "expires_in": app.lifetimes.pushed_request});
            (StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
        }
        Ok(Err(refused)) => {
            let body = json!({"error": refused.error.code(), "error_description": refused.description});
            let answer = (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
            call.refused(Entry::new(Code::Request(refused.error)).because(refused.description).on(answer))
        }
        Err(refused) => call.refused(refused.answer()),
    };
    call.answered(&app, response)
}

async fn push(app: &Shared, call: &Call, form: Parameters) -> Result<Result<Bearer<Pushed>, NotPushed>, Refused> {
    let presented = authentication::presented(call, &form)?;
    let found = authentication::named(app, call, &presented);
    let client = authentication::holding(app, call, &presented, found.as_deref()).await?;
    let client = authentication::habilitated(app, client)?;
    app.limits.push(&client.client().id)?;
    let keys = app.keys();
    let incoming = match Pushed::incoming(form, &client) {
        Ok(incoming) => incoming,
        Err(refused) => return Ok(Err(refused)),
    };
    let Ok(incoming) = request_object::opened(app, incoming, found.as_deref()).await else {
        return Ok(Err(NotPushed::OBJECT));
    };
    let checked = Pushed::check(incoming, &client).and_then(|pushed| match keys.own() {
        Some(own) => pushed.with_hint_read(app.issuer.as_str(), own),
        None => Ok(pushed),
    });
    let pushed = match checked {
        Ok(pushed) => pushed,
        Err(refused) => return Ok(Err(refused)),
    };
    let reference = Bearer::from_random(app.random.bytes());
    let _: Put = app.ephemeral.put(&reference, &pushed, app.lifetimes.pushed_request).await?;
    Ok(Ok(reference))
}
