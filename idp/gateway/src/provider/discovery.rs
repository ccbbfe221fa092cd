//! `/.well-known/openid-configuration` and `/jwks`: public, cached, and without a cookie.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::keys::JWKS_CACHE;
use domain::oidc::metadata;
use domain::time::Lifetime;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};

use crate::app::Shared;

/// `GET /.well-known/openid-configuration` (OIDC Discovery §4).
pub(crate) async fn configuration(State(app): State<Shared>) -> Response {
    let document = metadata::discovery(app.issuer.as_str(), &app.keys().algorithms(), app.mtls.published());
    public("application/json", JWKS_CACHE, document.to_string())
}

/// `GET /jwks` (RFC 7517 §5), with the time for which it may be kept: no key signs before that time has passed.
pub(crate) async fn jwks(State(app): State<Shared>) -> Response {
    let keys = app.keys();
    public("application/jwk-set+json", keys.max_age(), keys.jwks())
}

fn public(kind: &'static str, max_age: Lifetime, body: impl axum::response::IntoResponse) -> Response {
    let cache = format!("public, max-age={}", max_age.as_seconds());
    // Public documents: any site may read them, no credentials are involved.
    let headers =
        [(CONTENT_TYPE, kind.to_owned()), (CACHE_CONTROL, cache), (ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned())];
    (headers, body).into_response()
}
