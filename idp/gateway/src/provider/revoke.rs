//! `POST /revoke` (RFC 7009): a relying party gives an access token back.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::error::TokenError;
use domain::oidc::parameters::Parameters;
use domain::oidc::token::AccessToken;
use domain::secret::Bearer;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderMap};

use super::authentication;
use super::error::Refused;
use super::form::Form;
use crate::app::{App, Shared};

/// `POST /revoke`. A token that nobody knows, or of another client, is answered like one that was revoked (§2.2).
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, Form(form): Form) -> Response {
    match revoke(&app, &headers, &form).await {
        Ok(()) => (StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response(),
        Err(refused) => refused.answer(),
    }
}

async fn revoke(app: &App, headers: &HeaderMap, form: &Parameters) -> Result<(), Refused> {
    let presented = authentication::presented(headers, form)?;
    let found = app.client(presented.client());
    let client = authentication::verified(app, &presented, found.as_deref()).await?;
    let token = form.one("token").map_err(|_| TokenError::InvalidRequest("token was sent more than once"))?;
    let token = token.ok_or(TokenError::InvalidRequest("token is missing"))?;
    let Some(token): Option<Bearer<AccessToken>> = Bearer::parse(token) else { return Ok(()) };
    match app.ephemeral.look(&token).await? {
        Some((access, _)) if access.client == client.client().id => {
            let _: Option<AccessToken> = app.ephemeral.take(&token).await?;
            Ok(())
        }
        Some(_) | None => Ok(()),
    }
}
