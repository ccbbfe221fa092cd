//! The end-session endpoint (OIDC RP-Initiated Logout §2): ends the session of the browser when the hint is of its
//! citizen, and leads back to the registered address alone.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use url::Url;

use super::authorize::ProblemPage;
use super::{CLIENT_ID, FRAGMENT, Fault, House, Provider, ProviderId};

/// The parameters read here.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

#[derive(Template)]
#[template(path = "provider_signed_out.html")]
struct SignedOut {
    title: &'static str,
}

/// `GET /{provider}/end-session`.
pub(super) async fn leave(
    State(house): State<Arc<House>>,
    Path(id): Path<ProviderId>,
    headers: HeaderMap,
    Query(request): Query<Request>,
) -> Response {
    let provider = house.provider(id);
    let problem = |detail| crate::pages::page(StatusCode::BAD_REQUEST, &ProblemPage { title: id.title(), detail });
    let hinted = match request.id_token_hint.as_deref().map(|hint| subject(provider, hint)) {
        Some(None) => return problem("id_token_hint is not one of ours"),
        Some(hinted) => hinted,
        None => None,
    };
    match (provider.sessions.of(&headers), &hinted) {
        (Some(session), Some(subject)) if provider.subject(session.person) == *subject => {
            provider.sessions.end(&headers);
        }
        (Some(_), _) => return problem("nothing shows that the citizen wants to log out"),
        (None, _) => {}
    }
    let registered = |uri: &String| *uri == provider.post_logout_redirect_uri;
    let target = match (hinted, request.post_logout_redirect_uri) {
        (_, None) | (None, Some(_)) => None,
        (Some(_), Some(uri)) if registered(&uri) => Url::parse(&uri).ok(),
        (Some(_), Some(_)) => return problem("post_logout_redirect_uri is not registered"),
    };
    let Some(mut target) = target else {
        return crate::pages::page(StatusCode::OK, &SignedOut { title: id.title() });
    };
    if let Some(state) = &request.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    target.set_fragment((provider.fault() == Fault::Fragment).then_some(FRAGMENT));
    Redirect::to(target.as_str()).into_response()
}

/// The subject of a hint that is our own ID token for the gateway, expired or not.
fn subject(provider: &Provider, hint: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Hint {
        sub: String,
    }
    let jwk: Jwk = serde_json::from_value(provider.key().public_jwk()).ok()?;
    let mut lasting = Validation::new(jsonwebtoken::decode_header(hint).ok()?.alg);
    lasting.validate_exp = false;
    lasting.set_required_spec_claims(&["iss", "aud"]);
    lasting.set_issuer(&[&provider.issuer]);
    lasting.set_audience(&[CLIENT_ID]);
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    jsonwebtoken::decode::<Hint>(hint, &key, &lasting).ok().map(|token| token.claims.sub)
}
