//! `/banc/{run}/…`: the endpoints of the small provider of a run. They carry requests to it and its answers back.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::bench::provider::{Answer, Authorized, Body, Pace, Provider};
use domain::id::BenchRunId;
use domain::jose::KeyError;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::rooms::{NoRun, Rooms};
use crate::audit::{self, Other};

/// The routes, below the origin.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(rooms: Rooms) -> Router<S> {
    Router::new()
        .route("/banc/{run}/.well-known/openid-configuration", get(discovery))
        .route("/banc/{run}/jwks", get(jwks))
        .route("/banc/{run}/authorize", get(authorize))
        .route("/banc/{run}/token", axum::routing::post(token))
        .route("/banc/{run}/userinfo", get(userinfo).post(userinfo))
        .route("/banc/{run}/end-session", get(end_session))
        .with_state(rooms)
}

/// Has the provider of a run do something; a page when there is no such run.
async fn at<T>(rooms: &Rooms, run: &str, act: impl FnMut(&mut Provider) -> T) -> Result<T, Response> {
    let run = BenchRunId::parse(run).map_err(|_| refused(&NoRun::Over))?;
    rooms.with(&run, act).await.map_err(|error| refused(&error))
}

fn refused(error: &NoRun) -> Response {
    match error {
        NoRun::Over => {
            let gone = (StatusCode::NOT_FOUND, "this run of the bench is over, or never was\n").into_response();
            audit::mark(gone, Other::NoBenchRun)
        }
        NoRun::Store(_) | NoRun::Contended => {
            tracing::error!(%error, "a run of the bench cannot be kept");
            audit::mark(StatusCode::SERVICE_UNAVAILABLE.into_response(), Other::Store)
        }
    }
}

fn document(value: Result<Result<Value, KeyError>, Response>) -> Response {
    match value {
        // Never cached: what is tried is whether the site looks again.
        Ok(Ok(value)) => ([(CACHE_CONTROL, "no-store")], Json(value)).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "the keys of a run of the bench cannot be used");
            audit::mark(StatusCode::INTERNAL_SERVER_ERROR.into_response(), Other::BenchKeys)
        }
        Err(gone) => gone,
    }
}

async fn discovery(State(rooms): State<Rooms>, Path(run): Path<String>) -> Response {
    let Ok(run) = BenchRunId::parse(&run) else { return refused(&NoRun::Over) };
    document(rooms.look(&run, |provider| Ok(provider.discovery())).await.map_err(|error| refused(&error)))
}

async fn jwks(State(rooms): State<Rooms>, Path(run): Path<String>) -> Response {
    let now = rooms.clock.now();
    document(at(&rooms, &run, |provider| provider.jwks(now)).await)
}

async fn authorize(State(rooms): State<Rooms>, Path(run): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (now, random, query) = (rooms.clock.now(), rooms.random.bytes(), query.unwrap_or_default());
    match at(&rooms, &run, |provider| provider.authorize(&query, now, &random)).await {
        Ok(Authorized::Back(back)) => ([(CACHE_CONTROL, "no-store")], Redirect::to(&back)).into_response(),
        Ok(Authorized::Nowhere) => {
            let text = "the redirect_uri of this request is not registered at the bench\n";
            audit::mark((StatusCode::BAD_REQUEST, text).into_response(), Other::BenchRefused)
        }
        Err(gone) => gone,
    }
}

async fn token(State(rooms): State<Rooms>, Path(run): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let basic = basic(&headers);
    let basic = basic.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
    let Ok(form) = std::str::from_utf8(&body) else { return answered(Answer::malformed()) };
    let now = rooms.clock.now();
    match at(&rooms, &run, |provider| provider.token(basic, form, now)).await {
        Ok(Ok(answer)) => {
            if answer.pace == Pace::Late {
                // Not the wait of a test: a provider that is silent is what the site is tried with.
                tokio::time::sleep(rooms.silence).await;
            }
            answered(answer)
        }
        Ok(Err(error)) => document(Ok(Err(error))),
        Err(gone) => gone,
    }
}

async fn userinfo(State(rooms): State<Rooms>, Path(run): Path<String>, headers: HeaderMap) -> Response {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        token.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match at(&rooms, &run, |provider| provider.userinfo(token.map(|(_, token)| token.trim()))).await {
        Ok(Ok(answer)) => answered(answer),
        Ok(Err(error)) => document(Ok(Err(error))),
        Err(gone) => gone,
    }
}

async fn end_session(State(rooms): State<Rooms>, Path(run): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    match at(&rooms, &run, |provider| provider.end_session(&query)).await {
        Ok(Some(back)) => Redirect::to(&back).into_response(),
        Ok(None) => "signed out at the bench\n".into_response(),
        Err(gone) => gone,
    }
}

fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).expect("the provider answers with statuses that exist");
    let headers = [(CACHE_CONTROL, "no-store")];
    let response = match answer.body {
        Body::Empty => (status, headers).into_response(),
        Body::Json(value) => (status, headers, Json(value)).into_response(),
        Body::Jwt(token) => (status, headers, [(CONTENT_TYPE, "application/jwt")], token).into_response(),
    };
    if status.is_success() { response } else { audit::mark(response, Other::BenchRefused) }
}

/// Id and secret of a Basic header: both were form-encoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8().ok().map(Cow::into_owned);
    Some((plain(id)?, plain(secret)?))
}
