//! The extractor: a page asks for the citizen in its signature.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;

use super::SignIn;
use crate::identity::Identity;

/// The signed-in citizen of a request.
///
/// As an argument of a handler it lets signed-in citizens pass; others are sent to the login and come back to the
/// same page (`GET`), or get status 401 (any other method).
#[derive(Debug, Clone)]
pub struct Citizen(pub Identity);

impl<S> FromRequestParts<S> for Citizen
where
    S: Send + Sync,
    SignIn: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let sign_in = SignIn::from_ref(state);
        match sign_in.session(&parts.headers) {
            Some(session) => Ok(Self(session.into_identity())),
            None => Err(sign_in.turn_away(parts)),
        }
    }
}

impl<S> OptionalFromRequestParts<S> for Citizen
where
    S: Send + Sync,
    SignIn: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let session = SignIn::from_ref(state).session(&parts.headers);
        Ok(session.map(|session| Self(session.into_identity())))
    }
}
