//! `POST /revoke` (RFC 7009): a relying party gives an access token back.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::error::TokenError;
use domain::oidc::parameters::Parameters;
use domain::oidc::refresh::{Family, RefreshToken};
use domain::oidc::token::AccessToken;
use domain::secret::Bearer;
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::authentication;
use super::call::Call;
use super::error::Refused;
use super::form::Form;
use crate::app::Shared;

/// `POST /revoke`. A token that nobody knows, or of another client, is answered like one that was revoked (§2.2).
pub(crate) async fn post(State(app): State<Shared>, call: Call, Form(form): Form) -> Response {
    match revoke(&app, &call, &form).await {
        Ok(()) => (StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response(),
        Err(refused) => call.refused(refused.answer()),
    }
}

/// An access token ends alone; a refresh token takes its family along (§2.1). What kind it is, the token itself tells.
async fn revoke(app: &Shared, call: &Call, form: &Parameters) -> Result<(), Refused> {
    let presented = authentication::presented(call, form)?;
    let found = authentication::named(app, call, &presented);
    let client = authentication::verified(app, &presented, found.as_deref()).await?;
    let token = form.one("token").map_err(|_| TokenError::InvalidRequest("token was sent more than once"))?;
    let token = token.ok_or(TokenError::InvalidRequest("token is missing"))?;
    let own = &client.client().id;
    let Some(access): Option<Bearer<AccessToken>> = Bearer::parse(token) else { return Ok(()) };
    if let Some((held, _)) = app.ephemeral.look(&access).await? {
        if held.client == *own {
            let _: Option<AccessToken> = app.ephemeral.take(&access).await?;
        }
        return Ok(());
    }
    let Some(refresh): Option<Bearer<RefreshToken>> = Bearer::parse(token) else { return Ok(()) };
    let (family, owner) = match app.ephemeral.look(&refresh).await? {
        Some((RefreshToken::Live(standing), _)) => (standing.family, standing.grant.client),
        // One that was rotated away still names its family: whoever gives it back wants it all ended.
        Some((RefreshToken::Rotated { family, client }, _)) => (family, client),
        None => return Ok(()),
    };
    if owner == *own {
        let _: Option<Family> = app.ephemeral.take(&family).await?;
        let _: Option<RefreshToken> = app.ephemeral.take(&refresh).await?;
    }
    Ok(())
}
