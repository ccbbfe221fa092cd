//! A form body as strict parameters.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use domain::oidc::error::TokenError;
use domain::oidc::parameters::Parameters;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};

use super::error;

/// The parameters of a POST body of type `application/x-www-form-urlencoded`. An empty body is an empty form.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) Parameters);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let typed = is_form(request.headers());
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| refuse(TokenError::InvalidRequest("the body cannot be read or is too large")))?;
        if !typed && !body.is_empty() {
            return Err(refuse(TokenError::InvalidRequest("send the form as application/x-www-form-urlencoded")));
        }
        Parameters::parse(&body)
            .map(Self)
            .map_err(|_| refuse(TokenError::InvalidRequest("the form is not valid form-encoded UTF-8, or is too long")))
    }
}

/// Whether the body is declared a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn refuse(error: TokenError) -> Response {
    error::json(StatusCode::BAD_REQUEST, error)
}
