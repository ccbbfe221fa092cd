//! What the pages of the sandbox share: rendering, the style sheet, the headers.
//!
//! French first; each page closes with a line in English.

use askama::Template;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Renders a page with the headers of every sandbox page.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, HEADERS, Html(html)).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the page could not be written: {error}")).into_response()
        }
    }
}

/// The route of the style sheet, shared by every sandbox site.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(
        "/sandbox.css",
        get(|| async {
            ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/sandbox.css"))
        }),
    )
}
