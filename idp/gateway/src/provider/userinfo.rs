//! `GET` and `POST /userinfo` (OIDC Core §5.3): the claims that an access token opens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::client::UserinfoFormat;
use domain::oidc::parameters::Parameters;
use domain::oidc::token::{AccessToken, bearer_of};
use domain::secret::Bearer;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::authentication::authorization;
use super::error::Refused;
use super::form::is_form;
use crate::app::{App, Shared};

/// `GET /userinfo`. A token in the query is never read (RFC 9700 §4.3.2).
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap) -> Response {
    answer(&app, &headers, &[]).await
}

/// `POST /userinfo`: the token in the header, or in a form body (RFC 6750 §2.2).
pub(crate) async fn post(State(app): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&app, &headers, &body).await
}

async fn answer(app: &App, headers: &HeaderMap, body: &[u8]) -> Response {
    match claims(app, headers, body).await {
        Ok(response) => response,
        Err(refused) => refused.answer(),
    }
}

async fn claims(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refused> {
    let token = presented(headers, body)?;
    let (access, _) = app.ephemeral.look(&token).await?.ok_or(Refused::BadToken)?;
    let found = app.served(&access.client);
    let (Some(registered), false) = (found, access.ends.is_past(app.clock.now())) else {
        return Err(Refused::BadToken);
    };
    let client = &registered.client;
    let subject = app.subject(&access.account, client);
    match client.userinfo {
        UserinfoFormat::Json => {
            Ok(([(CACHE_CONTROL, "no-store")], Json(access.userinfo(client, &subject))).into_response())
        }
        UserinfoFormat::Signed(algorithm) => {
            let claims = access.signed_userinfo(app.issuer.as_str(), client, &subject);
            let signed = app.keys().sign(algorithm, "JWT", &claims).ok_or(Refused::NoKey)?;
            Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/jwt")], signed).into_response())
        }
    }
}

/// The token, from the header or the form; never from both.
fn presented(headers: &HeaderMap, body: &[u8]) -> Result<Bearer<AccessToken>, Refused> {
    let form =
        if is_form(headers) { Parameters::parse(body).map_err(|_| Refused::BadToken)? } else { Parameters::default() };
    let in_form = form.one("access_token").map_err(|_| Refused::BadToken)?;
    let in_header = authorization(headers)?.map(|header| bearer_of(header).ok_or(Refused::NoToken)).transpose()?;
    match (in_header, in_form) {
        (Some(token), None) | (None, Some(token)) => Bearer::parse(token).ok_or(Refused::BadToken),
        (None, None) => Err(Refused::NoToken),
        (Some(_), Some(_)) => Err(Refused::BadToken),
    }
}
