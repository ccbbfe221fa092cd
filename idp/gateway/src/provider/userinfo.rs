//! `GET` and `POST /userinfo` (OIDC Core §5.3): the claims that an access token opens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::client::{Generation, UserinfoFormat};
use domain::jose::jwe::Content;
use domain::oidc::parameters::Parameters;
use domain::oidc::token::{AccessToken, Scheme, token_of};
use domain::secret::Bearer;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::Value;

use super::authentication::authorization;
use super::call::Call;
use super::error::Refused;
use super::form::is_form;
use super::grants;
use super::nested::encrypted;
use crate::app::{App, Shared};

/// `GET /userinfo`. A token in the query is never read (RFC 9700 §4.3.2).
pub(crate) async fn get(State(app): State<Shared>, call: Call) -> Response {
    answer(&app, &call, &[], Generation::Current).await
}

/// `POST /userinfo`: the token in the header, or in a form body (RFC 6750 §2.2).
pub(crate) async fn post(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    answer(&app, &call, &body, Generation::Current).await
}

/// `GET` on the path of FranceConnect's first version.
pub(crate) async fn get_first(State(app): State<Shared>, call: Call) -> Response {
    answer(&app, &call, &[], Generation::First).await
}

/// `POST` on the path of FranceConnect's first version.
pub(crate) async fn post_first(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    answer(&app, &call, &body, Generation::First).await
}

async fn answer(app: &App, call: &Call, body: &[u8], generation: Generation) -> Response {
    let response = match claims(app, call, body, generation).await {
        Ok(response) => response,
        Err(refused) => call.refused(refused.answer_at_resource(scheme_of(&call.headers))),
    };
    call.answered(app, response)
}

async fn claims(app: &App, call: &Call, body: &[u8], generation: Generation) -> Result<Response, Refused> {
    let (scheme, text) = presented(&call.headers, body)?;
    let token: Bearer<AccessToken> = Bearer::parse(&text).ok_or(Refused::BadToken)?;
    let access = grants::alive(app, &token).await?.ok_or(Refused::BadToken)?;
    call.concerns(&access.client);
    let registered = app.client(&access.client).ok_or(Refused::BadToken)?;
    let holds = call.possession_at_resource(app, scheme, &text).await?;
    if !access.binding.is_held(&holds) {
        return Err(Refused::BadToken);
    }
    app.limits.call(&access.client)?;
    let live = app.live(&registered).map_err(Refused::NotLive)?;
    let opened = access.open(&live).map_err(Refused::NotLive)?;
    let client = live.client();
    let subject = app.subject(&access.account, client);
    let signed = |algorithm| {
        let claims = opened.signed_userinfo(app.issuer.as_str(), &subject);
        app.keys().sign(algorithm, "JWT", &claims).ok_or(Refused::NoKey)
    };
    let jwt = match (client.userinfo_on(generation), client.encryption.userinfo) {
        (UserinfoFormat::Json, None) => {
            return Ok(([(CACHE_CONTROL, "no-store")], Json(opened.userinfo(&subject))).into_response());
        }
        (UserinfoFormat::Json, Some(encryption)) => {
            let claims = Value::Object(opened.userinfo(&subject)).to_string();
            encrypted(app, client, encryption, Content::Claims, &claims).await?
        }
        (UserinfoFormat::Signed(algorithm), None) => signed(algorithm)?,
        (UserinfoFormat::Signed(algorithm), Some(encryption)) => {
            encrypted(app, client, encryption, Content::Jwt, &signed(algorithm)?).await?
        }
    };
    Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/jwt")], jwt).into_response())
}

/// How a token was sent, good or bad; without one, as most are.
fn scheme_of(headers: &HeaderMap) -> Scheme {
    let header = authorization(headers).ok().flatten();
    header.and_then(token_of).map_or(Scheme::Bearer, |(scheme, _)| scheme)
}

/// The token, from the header or the form; never from both.
fn presented(headers: &HeaderMap, body: &[u8]) -> Result<(Scheme, String), Refused> {
    let form =
        if is_form(headers) { Parameters::parse(body).map_err(|_| Refused::BadToken)? } else { Parameters::default() };
    let in_form = form.one("access_token").map_err(|_| Refused::BadToken)?;
    let in_header = authorization(headers)?.map(|header| token_of(header).ok_or(Refused::NoToken)).transpose()?;
    match (in_header, in_form) {
        (Some((scheme, token)), None) => Ok((scheme, token.to_owned())),
        (None, Some(token)) => Ok((Scheme::Bearer, token.to_owned())),
        (None, None) => Err(Refused::NoToken),
        (Some(_), Some(_)) => Err(Refused::BadToken),
    }
}
