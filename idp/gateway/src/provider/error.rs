//! The one translation of decisions into what relying parties read: JSON errors of the token endpoint and userinfo,
//! redirects of the authorization endpoint, pages before that.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use domain::client::Registered;
use domain::habilitation::figures::Reason;
use domain::habilitation::grant::NotLive;
use domain::jose::SigningAlgorithm;
use domain::oidc::dpop;
use domain::oidc::error::TokenError;
use domain::oidc::request::{PageFault, Rejected};
use domain::oidc::token::Scheme;
use http::header::{CACHE_CONTROL, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use store::StoreError;

use super::answer;
use super::nested::NoRecipient;
use crate::app::App;
use crate::audit::{self, Code, Entry, Other};
use crate::limits::TooMany;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
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
    /// Its access token opens nothing now: the relying party is not habilitated to what it stands for.
    NotLive(NotLive),
    /// We are at fault.
    Unavailable(StoreError),
    /// We are at fault: no key signs.
    NoKey,
    /// Nobody says now whether the card that the grant rests on may still be used.
    Card(domain::cnie::refusal::Refusal),
    /// It calls too often.
    TooMany(TooMany),
    /// The client has no key that its answer can be encrypted to.
    NoRecipient,
}

impl From<NoRecipient> for Refused {
    fn from(NoRecipient: NoRecipient) -> Self {
        Self::NoRecipient
    }
}

impl From<TooMany> for Refused {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
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
            Self::Token(error @ (TokenError::InvalidClient | TokenError::AssertionReused)) => {
                let mut response = json(StatusCode::UNAUTHORIZED, error);
                challenge(&mut response, "Basic realm=\"passerelle\", charset=\"UTF-8\"");
                response
            }
            Self::Token(
                error @ (TokenError::InvalidRequest(_)
                | TokenError::InvalidGrant(_)
                | TokenError::UnsupportedGrantType
                | TokenError::UnauthorizedClient(_)
                | TokenError::NotHabilitated(_)
                | TokenError::InvalidScope(_)
                | TokenError::InvalidTarget(_)
                | TokenError::InvalidAuthorizationDetails(_)
                | TokenError::InvalidDpopProof(_)
                | TokenError::DpopProofReused
                | TokenError::UseDpopNonce),
            ) => json(StatusCode::BAD_REQUEST, error),
            Self::NoToken | Self::BadToken | Self::NotLive(_) => self.answer_at_resource(Scheme::Bearer),
            Self::Unavailable(error) => {
                tracing::error!(%error, "a store failed");
                unavailable(Other::Store)
            }
            Self::Card(refusal) => unavailable(refusal),
            Self::NoKey => {
                tracing::error!("no key signs for the algorithm of a client");
                unavailable(Other::NoKey)
            }
            Self::TooMany(too_many) => {
                let description = "this client calls too often: wait for as long as Retry-After says";
                let body = json!({"error": "temporarily_unavailable", "error_description": description});
                let headers =
                    [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (RETRY_AFTER, too_many.retry_after())];
                let answer = (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response();
                audit::mark(answer, Other::TooManyCalls)
            }
            // Told in the log with its client where it was found out.
            Self::NoRecipient => {
                let description = "no key of this client serves the encryption that it registered";
                let body = json!({"error": "server_error", "error_description": description});
                let answer = (StatusCode::INTERNAL_SERVER_ERROR, [(CACHE_CONTROL, "no-store")], Json(body));
                audit::mark(answer.into_response(), Other::NoRecipient)
            }
        }
    }
}

impl Refused {
    /// The answer of a resource, to a token that came with `scheme`: what is wrong is told in the challenge of that scheme,
    /// and the other one is offered beside it (RFC 6750 §3, RFC 9449 §7.1 and §7.2).
    pub(crate) fn answer_at_resource(self, scheme: Scheme) -> Response {
        let (told, entry) = match &self {
            Self::Token(
                error @ (TokenError::InvalidDpopProof(_) | TokenError::DpopProofReused | TokenError::UseDpopNonce),
            ) => {
                let entry = Entry::new(*error).because(error.description());
                (Some((error.code(), error.description(), Scheme::Dpop)), entry)
            }
            Self::BadToken => (Some(("invalid_token", BAD_TOKEN, scheme)), Entry::new(Other::TokenRefused)),
            Self::NotLive(why) => {
                (Some(("invalid_token", why.sentence(), scheme)), Entry::new(*why).because(why.sentence()))
            }
            Self::NoToken => (None, Entry::new(Other::TokenMissing)),
            Self::Token(_)
            | Self::Unavailable(_)
            | Self::Card(_)
            | Self::NoKey
            | Self::TooMany(_)
            | Self::NoRecipient => {
                return self.answer();
            }
        };
        let mut response = match told {
            None => (StatusCode::UNAUTHORIZED, [(CACHE_CONTROL, "no-store")]).into_response(),
            Some((code, description, _)) => {
                let body = json!({"error": code, "error_description": description});
                (StatusCode::UNAUTHORIZED, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
            }
        };
        for offered in [Scheme::Bearer, Scheme::Dpop] {
            let error = told.filter(|(_, _, used)| *used == offered);
            response
                .headers_mut()
                .append(WWW_AUTHENTICATE, challenge_of(offered, error.map(|(code, why, _)| (code, why))));
        }
        entry.on(response)
    }
}

const BAD_TOKEN: &str = "the access token is unknown, expired, revoked or not of this sender";

fn challenge_of(scheme: Scheme, error: Option<(&str, &str)>) -> HeaderValue {
    let offer = match scheme {
        Scheme::Bearer => "Bearer realm=\"passerelle\"".to_owned(),
        Scheme::Dpop => {
            let algorithms: Vec<&str> = dpop::algorithms().map(SigningAlgorithm::name).collect();
            format!("DPoP algs=\"{}\"", algorithms.join(" "))
        }
    };
    let value = match error {
        Some((code, why)) => format!("{offer}, error=\"{code}\", error_description=\"{why}\""),
        None => offer,
    };
    HeaderValue::try_from(value).expect("sentences and names are visible ASCII without quotes")
}

fn unavailable(why: impl Into<Code>) -> Response {
    let body = json!({"error": "temporarily_unavailable", "error_description": "try again in a moment"});
    audit::mark((StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, "no-store")], Json(body)).into_response(), why)
}

fn challenge(response: &mut Response, value: &'static str) {
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// A JSON error.
pub(crate) fn json(status: StatusCode, error: TokenError) -> Response {
    let body = json!({"error": error.code(), "error_description": error.description()});
    let answer = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
    Entry::new(error).because(error.description()).on(answer)
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
                PageFault::ClientMissing => (WhatWentWrong::BadRequest, ProblemCode::P101),
                PageFault::ClientUnknown => (WhatWentWrong::UnknownService, ProblemCode::P102),
                PageFault::RedirectMissing => (WhatWentWrong::BadRequest, ProblemCode::P103),
                PageFault::RedirectUnknown => (WhatWentWrong::UnknownReturnAddress, ProblemCode::P104),
                PageFault::StateUnusable => (WhatWentWrong::BadRequest, ProblemCode::P105),
                PageFault::ReferenceUnknown => (WhatWentWrong::BadRequest, ProblemCode::P106),
                PageFault::ObjectUnusable => (WhatWentWrong::BadRequest, ProblemCode::P107),
            };
            let page = problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, what, code);
            match found {
                Some(found) => {
                    app.figures.failed(&found.client.id, Reason::Request, app.clock.now());
                    audit::about(page, &found.client.id)
                }
                None => page,
            }
        }
        Rejected::Answer { to, error, description } => {
            let response = to.error(app.issuer.as_str(), error, description);
            let Some(found) = found else {
                let what = WhatWentWrong::UnknownService;
                return problem(app, Occasion::of(headers), StatusCode::BAD_REQUEST, what, ProblemCode::P102);
            };
            app.figures.failed(&found.client.id, error, app.clock.now());
            let entry = Entry::new(Code::Request(error)).because(description).of(Some(&found.client.id));
            entry.on(answer::send(app, Occasion::of(headers), &found.client.name, response).await)
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

/// An answer at an address that a provider sends the citizen to, with a fragment of its own where it redirects. A browser
/// carries the fragment of an address over to where that redirects to, and on and on, unless one stands there already:
/// what a provider put behind its answer would so reach the relying party (RFC 9700 §4.1.3). An empty fragment is one
/// too, shows nothing, and is sent to no server.
pub(crate) fn with_own_fragment(mut response: Response) -> Response {
    let Some(location) = response.headers_mut().get_mut(LOCATION) else { return response };
    if !location.as_bytes().contains(&b'#') {
        let own = [location.as_bytes(), b"#"].concat();
        *location = HeaderValue::try_from(own).expect("a header value and one character more");
    }
    response
}
