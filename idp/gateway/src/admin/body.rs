//! What a call brings: a body of JSON, a query, the version that it read. Whatever is not described is refused, so that a
//! mistyped name is not taken for silence.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::header::{CONTENT_TYPE, IF_MATCH};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Trouble;
use crate::app::Shared;
use crate::audit::Admin;

/// The body of a call.
pub(super) struct Sent<T>(pub(super) T);

/// The query of a call.
pub(super) struct Asked<T>(pub(super) T);

/// The version that was read: the entity tag of `If-Match` (RFC 9110 §13.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read(pub(super) i64);

impl<T: DeserializeOwned> FromRequest<Shared> for Sent<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Trouble> {
        let typed = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = typed.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Admin::MediaType.into());
        }
        let body = Bytes::from_request(request, app).await.map_err(|_| Admin::BodyTooLong)?;
        serde_json::from_slice(&body).map(Self).map_err(|_| Admin::BodyUnreadable.into())
    }
}

impl<T: DeserializeOwned> FromRequestParts<Shared> for Asked<T> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Trouble> {
        Query::try_from_uri(&parts.uri).map(|Query(query)| Self(query)).map_err(|_| Admin::QueryInvalid.into())
    }
}

impl FromRequestParts<Shared> for Read {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Trouble> {
        let tag = parts.headers.get(IF_MATCH).and_then(|value| value.to_str().ok()).ok_or(Admin::VersionDue)?;
        version(tag).map(Self).ok_or_else(|| Admin::VersionDue.into())
    }
}

/// The version of a strong entity tag. `*` names none: who writes says what they had read.
fn version(tag: &str) -> Option<i64> {
    let number = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    number.parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_strong_entity_tag() {
        assert_eq!(version("\"7\""), Some(7));
        for none in ["", "7", "*", "\"\"", "W/\"7\"", "\"7\", \"8\"", "\"x\"", "\"0\"", "\"-1\""] {
            assert_eq!(version(none), None, "{none}");
        }
    }
}
