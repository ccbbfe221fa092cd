//! Every route of the gateway, on one page.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::Shared;
use crate::pages::problem::WhatWentWrong;
use crate::provider::{authorize, discovery, end_session, token, userinfo};
use crate::signin::page::{Occasion, problem};
use crate::signin::{arrive, choose, finish, inform, leave, refused};
use crate::telemetry;

/// The largest body that a request may have: the longest form that is read.
const BODY_LIMIT: usize = domain::oidc::parameters::MAX_ENCODED;

/// How long a request may take, once it has come whole, to its answer: longer than an arrival whose provider and civil
/// registry both use up their time. How long it may take to come, body and all, is `listen`'s.
const TIME_LIMIT: Duration = Duration::from_secs(40);

/// The gateway as a service.
pub(crate) fn router(app: Shared) -> Router {
    // Forms of our own pages. Their secret is the first lock, the browser's word on where the form stood the second.
    let citizen = Router::new()
        .route("/signin/{id}", get(choose::resume))
        .route("/signin/{id}/choose", get(choose::get).post(choose::post))
        .route("/signin/{id}/change", post(choose::change))
        .route("/signin/{id}/arriving", get(choose::arriving))
        .route("/signin/{id}/inform", get(inform::get).post(inform::post))
        .route("/signin/{id}/finish", get(finish::get))
        .route("/signin/{id}/refused", get(refused::get))
        .route("/signin/{id}/cancel", post(leave::cancel))
        .route("/signin/{id}/ended", get(leave::ended))
        .layer(csrf(&app));

    // Cross-site by nature: what relying parties and providers send browsers and servers to.
    let provider = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/jwks", get(discovery::jwks))
        .route("/authorize", get(authorize::get).post(authorize::post))
        .route("/token", post(token::post))
        .route("/userinfo", get(userinfo::get).post(userinfo::post))
        .route("/end-session", get(end_session::get).post(end_session::post))
        .route("/callback/{provider}", get(arrive::get));

    Router::new()
        .merge(citizen)
        .merge(provider)
        .route("/assets/{*file}", get(asset))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME_LIMIT))
        .layer(CatchPanicLayer::custom(telemetry::panicked))
        .layer(telemetry::layer())
        .with_state(app)
}

fn csrf(app: &Shared) -> CsrfLayer {
    // The issuer is trusted by name, so that a proxy that rewrites `Host` locks nobody out.
    CsrfLayer::new().add_trusted_origin(app.issuer.as_str()).expect("an issuer is an origin")
}

async fn asset(State(app): State<Shared>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    app.assets.answer(&file, &headers)
}

/// Whether the stores answer.
async fn ready(State(app): State<Shared>) -> Response {
    let (ephemeral, registry) = tokio::join!(app.ephemeral.ping(), app.registry.ping());
    match ephemeral.and(registry) {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "a store does not answer").into_response()
        }
    }
}

async fn not_found(State(app): State<Shared>, headers: HeaderMap) -> Response {
    problem(&app, Occasion::of(&headers), StatusCode::NOT_FOUND, WhatWentWrong::NotFound, "P404")
}

async fn wrong_method(State(app): State<Shared>, headers: HeaderMap) -> Response {
    problem(&app, Occasion::of(&headers), StatusCode::METHOD_NOT_ALLOWED, WhatWentWrong::WrongMethod, "P405")
}
