//! The one translation of decisions into what relying parties read: JSON errors of the token endpoint and userinfo,
//! redirects of the authorization endpoint, pages before that.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use domain::client::Registered;
use domain::jose::SigningAlgorithm;
use domain::oidc::dpop;
use domain::oidc::error::TokenError;
use domain::oidc::request::{PageFault, Rejected};
use http::header::{CACHE_CONTROL, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use store::StoreError;

use super::answer;
use super::nested::NoRecipient;
use crate::app::App;
use crate::pages::problem::WhatWentWrong;
use crate::signin::page::{Occasion, problem};

/// Why a request of a relying party's server is not answered as it wishes.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is at fault.
    Token(TokenError),
    /// Its access token is missing.
    NoToken,
    /// Its access token is unknown, expired or revoked.
    BadToken,
    /// We are at fault.
    Unavailable(StoreError),
    /// We are at fault: no key signs.
    NoKey,
    /// The client has no key that its answer can be encrypted to.
    NoRecipient,
}

impl From<NoRecipient> for Refused {
    fn from(NoRecipient: NoRecipient) -> Self {
        Self::NoRecipient
    }
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Refused {
    /// The answer (RFC 6749 §5.2, RFC 6750 §3).
    pub(crate) fn answer(self) -> Response {
        match self {
            Self::Token(error @ TokenError::InvalidClient) => {
                let mut response = json(StatusCode::UNAUTHORIZED, error);
                challenge(&mut response, "Basic realm=\"passerelle\", charset=\"UTF-8\"");
                response
            }
            Self::Token(
                error @ (TokenError::InvalidRequest(_)
                | TokenError::InvalidGrant(_)
                | TokenError::UnsupportedGrantType
                | TokenError::UnauthorizedClient(_)
                | TokenError::InvalidScope(_)
                | TokenError::InvalidTarget(_)
                | TokenError::InvalidAuthorizationDetails(_)
                | TokenError::InvalidDpopProof(_)
                | TokenError::UseDpopNonce),
            ) => json(StatusCode::BAD_REQUEST, error),
            Self::NoToken => {
                let mut response = StatusCode::UNAUTHORIZED.into_response();
                challenge(&mut response, "Bearer realm=\"passerelle\"");
                response
            }
            Self::BadToken => {
                let description = "the access token is unknown, expired or revoked";
                let body = json!({"error": "invalid_token", "error_description": description});
                let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
                challenge(
                    &mut response,
                    "Bearer realm=\"passerelle\", error=\"invalid_token\", \
                     error_description=\"the access token is unknown, expired or revoked\"",
                );
                response
            }
            Self::Unavailable(error) => {
                tracing::error!(%error, "a store failed");
                unavailable()
            }
            Self::NoKey => {
                tracing::error!("no key signs for the algorithm of a client");
                unavailable()
            }
            // Told in the log with its client where it was found out.
            Self::NoRecipient => {
                let description = "no key of this client serves the encryption that it registered";
                let body = json!({"error": "server_error", "error_description": description});
                (StatusCode::INTERNAL_SERVER_ERROR, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
            }
        }
    }
}

impl Refused {
    /// The answer of a resource: faults of a proof are told in the challenge (RFC 9449 §7.1).
    pub(crate) fn answer_at_resource(self) -> Response {
        match self {
            Self::Token(error @ (TokenError::InvalidDpopProof(_) | TokenError::UseDpopNonce)) => {
                let mut response = json(StatusCode::UNAUTHORIZED, error);
                let algorithms: Vec<&str> = dpop::algorithms().map(SigningAlgorithm::name).collect();
                let value = format!(
                    "DPoP error=\"{}\", error_description=\"{}\", algs=\"{}\"",
                    error.code(),
                    error.description(),
                    algorithms.join(" ")
                );
                let value = HeaderValue::try_from(value).expect("sentences and names are visible ASCII without quotes");
                response.headers_mut().insert(WWW_AUTHENTICATE, value);
                response
            }
            other @ (Self::Token(_)
            | Self::NoToken
            | Self::BadToken
            | Self::Unavailable(_)
            | Self::NoKey
            | Self::NoRecipient) => other.answer(),
        }
    }
}

fn unavailable() -> Response {
    let body = json!({"error": "temporarily_unavailable", "error_description": "try again in a moment"});
    (StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn challenge(response: &mut Response, value: &'static str) {
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// A JSON error.
pub(crate) fn json(status: StatusCode, error: TokenError) -> Response {
    let body = json!({"error": error.code(), "error_description": error.description()});
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The answer to an authorization request that is refused: a page, or a response to the relying party.
pub(crate) async fn rejected(
    app: &App,
    headers: &HeaderMap,
    rejected: Rejected,
    found: Option<&Registered>,
) -> Response {
    match rejected {
        Rejected::Page(fault) => {
            let (what, code) = match fault {
                PageFault::ClientMissing => (WhatWentWrong::BadRequest, "P101"),
                PageFault::ClientUnknown => (WhatWentWrong::UnknownService, "P102"),
                PageFault::RedirectMissing => (WhatWentWrong::BadRequest, "P103"),
                PageFault::RedirectUnknown => (WhatWentWrong::UnknownReturnAddress, "P104"),
                PageFault::StateUnusable => (WhatWentWrong::BadRequest, "P105"),
                PageFault::ReferenceUnknown => (WhatWentWrong::BadRequest, "P106"),
                PageFault::ObjectUnusable => (WhatWentWrong::BadRequest, "P107"),
            };
            tracing::info!(%fault, code, "authorization request refused with a page");
            problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, what, code)
        }
        Rejected::Answer { to, error, description } => {
            tracing::info!(error = error.code(), description, "authorization request refused");
            let response = to.error(app.issuer.as_str(), error, description);
            let Some(found) = found else {
                let what = WhatWentWrong::UnknownService;
                return problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, what, "P102");
            };
            answer::send(app, Occasion::of(headers), &found.client.name, response).await
        }
    }
}

/// A redirect that turns POST into GET and is never cached (RFC 9700 §4.12: 303, never 307).
pub(crate) fn see_other(url: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    // A registered redirect URI is ASCII, and what is added to it is form-encoded.
    headers.insert(LOCATION, HeaderValue::try_from(url).expect("URLs built here are ASCII"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    response
}
