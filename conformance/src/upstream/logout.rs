//! The end-session endpoint: nothing to end, but the way back is checked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use url::Url;

use super::{House, ProviderId};

/// The parameters read here (OIDC RP-Initiated Logout §2).
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

#[derive(Template)]
#[template(path = "provider_signed_out.html")]
struct SignedOut {
    title: &'static str,
}

/// `GET /{provider}/end-session`: back to the gateway, or a page when the address is not one of the gateway's.
pub(super) async fn leave(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    Query(request): Query<Request>,
) -> Response {
    let provider = house.provider(id);
    let registered = |uri: &String| uri.starts_with(&provider.post_logout_prefix);
    let target = request.post_logout_redirect_uri.filter(registered).and_then(|uri| Url::parse(&uri).ok());
    let Some(mut target) = target else {
        return crate::pages::page(StatusCode::OK, &SignedOut { title: id.title() });
    };
    if let Some(state) = &request.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(target.as_str()).into_response()
}
