//! `POST /token` (OIDC Core §3.1.3): a code becomes an access token and an ID token, once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::oidc::client_auth::AuthenticatedClient;
use domain::oidc::code::{self, Code, Redemption};
use domain::oidc::parameters::Parameters;
use domain::oidc::token::AccessToken;
use domain::secret::Bearer;
use domain::time::Lifetime;
use http::header::{CACHE_CONTROL, HeaderMap};
use serde_json::Value;
use store::ephemeral::{Put, Swap};

use super::authentication;
use super::error::Refused;
use super::form::Form;
use crate::app::{App, Shared};

/// How long a spent code is remembered, so that a replay is seen and revokes what the code gave.
const REPLAY_SEEN: Lifetime = Lifetime::seconds(900);

/// `POST /token`.
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, Form(form): Form) -> Response {
    match exchange(&app, &headers, &form).await {
        Ok(answer) => ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refused) => refused.answer(),
    }
}

async fn exchange(app: &App, headers: &HeaderMap, form: &Parameters) -> Result<Value, Refused> {
    let presented = authentication::presented(headers, form)?;
    let found = app.client(presented.client());
    let client = authentication::verified(app, &presented, found.as_deref()).await?;
    let (redemption, code) = Redemption::read(form)?;
    redeem(app, &client, &redemption, &code).await
}

/// The code is spent whatever comes of it. The token is kept before the code is spent on it: a replay that comes in
/// between finds the token to revoke.
async fn redeem(
    app: &App,
    client: &AuthenticatedClient<'_>,
    redemption: &Redemption<'_>,
    code: &Bearer<Code>,
) -> Result<Value, Refused> {
    let Some((record, version)) = app.ephemeral.look(code).await? else {
        return Err(code::UNKNOWN.into());
    };
    let (grant, ends) = match record {
        Code::Live { grant, ends } => (grant, ends),
        Code::Spent { gave } => {
            tracing::warn!(client = %client.client().id, "a code was presented again; what it gave is revoked");
            return revoke(app, gave).await;
        }
    };
    let now = app.clock.now();
    let life = app.lifetimes.access_token;
    let issued = match code::redeem(&grant, ends, redemption, client, now, life) {
        Ok(issued) => issued,
        Err(error) => {
            let _: Swap = app.ephemeral.swap(code, version, &Code::Spent { gave: None }, REPLAY_SEEN).await?;
            return Err(error.into());
        }
    };
    let token = Bearer::<AccessToken>::from_random(app.random.bytes());
    let text = token.expose();
    let subject = app.subject(&issued.access().account, client.client());
    let id_token = issued.id_token(app.issuer.as_str(), &subject, &text, app.lifetimes.id_token);
    let id_token = app.keys().sign(client.client().id_token_algorithm, "JWT", &id_token).ok_or(Refused::NoKey)?;
    let _: Put = app.ephemeral.put(&token, issued.access(), life).await?;
    let spent = Code::Spent { gave: Some(token.clone()) };
    match app.ephemeral.swap(code, version, &spent, REPLAY_SEEN).await? {
        Swap::Done(_) => Ok(issued.answer(&text, &id_token)),
        Swap::Lost => {
            // Another request spent the code in the same moment: this one is the replay.
            let _: Option<AccessToken> = app.ephemeral.take(&token).await?;
            match app.ephemeral.look(code).await? {
                Some((Code::Spent { gave }, _)) => revoke(app, gave).await,
                Some((Code::Live { .. }, _)) | None => Err(code::UNKNOWN.into()),
            }
        }
    }
}

/// Revokes what a code gave (RFC 6749 §4.1.2).
async fn revoke(app: &App, gave: Option<Bearer<AccessToken>>) -> Result<Value, Refused> {
    if let Some(token) = gave {
        let _: Option<AccessToken> = app.ephemeral.take(&token).await?;
    }
    Err(code::UNKNOWN.into())
}
