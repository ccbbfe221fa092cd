//! What a request must be before anything of ours looks at it: for one host, and whole.

use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use domain::oidc::parameters::MAX_ENCODED;
use http::header::{CONNECTION, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::address::Subscriber;
use super::turns::Turns;
use crate::audit::{self, Other};

/// A request that is answered without being routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It names no host, several, or something that is none (RFC 9112 §3.2).
    Host,
    /// Its body did not come in time.
    Slow,
    /// Its body is longer than any form that is read here.
    Long,
    /// Its body broke off or is not framed as it should be.
    Broken,
}

impl Unfit {
    const fn code(self) -> Other {
        match self {
            Self::Host => Other::WireHost,
            Self::Slow => Other::WireSlow,
            Self::Long => Other::WireLong,
            Self::Broken => Other::WireBroken,
        }
    }
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        match self {
            Self::Host => (StatusCode::BAD_REQUEST, "A request names one host.\n"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "The body did not come in time.\n"),
            Self::Long => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "The body cannot be read.\n"),
        }
        .into_response()
    }
}

/// The answer to an unfit request. On HTTP/1 its connection ends: what would come next on it is the rest of a body.
pub(super) fn refuse(unfit: Unfit, version: Version) -> Response {
    let mut response = unfit.into_response();
    audit::unrouted(unfit.code(), response.status());
    if version <= Version::HTTP_11 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The largest body of a call that brings the files of a card, in bytes: EF.SOD, the groups and the answers of the chip, in
/// base64url within JSON.
pub(crate) const FILES_LIMIT: usize = 512 << 10;

/// The largest body of a call to the admin API, in bytes: a whole request with everything that fits in it.
pub(crate) const CALL_LIMIT: usize = 256 << 10;

/// The largest body that is read at a path: the longest form, what files of a card take where they are brought, and what a
/// program sends to the admin API; what another platform tells is measured again behind its route.
fn longest(path: &str) -> usize {
    if path.starts_with("/admin/v1/") {
        return CALL_LIMIT;
    }
    let brings_files =
        ["/app/v1/transactions/", "/reader/v1/cases/", "/datapass/"].iter().any(|call| path.starts_with(call));
    if brings_files { FILES_LIMIT } else { MAX_ENCODED }
}

/// Reads the request to its end: `within` so long and at most as many bytes as its path may have.
pub(super) async fn whole(
    request: Request<Incoming>,
    within: Duration,
    (turns, by): (&Turns, Subscriber),
) -> Result<Request<Body>, Unfit> {
    if request.version() == Version::HTTP_11 && !names_one_host(request.headers()) {
        return Err(Unfit::Host);
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, longest(parts.uri.path()));
    let read = timeout(within, read(body, (turns, by))).await.map_err(|_| Unfit::Slow)?;
    let body = read.map_err(|error| if error.is::<LengthLimitError>() { Unfit::Long } else { Unfit::Broken })?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Reads a body. What has come to more than any form takes waits for a turn before it goes on.
async fn read(mut body: Limited<Incoming>, (turns, by): (&Turns, Subscriber)) -> Result<Vec<u8>, BoxError> {
    let (mut read, mut turn) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing here.
        let Ok(data) = frame?.into_data() else { continue };
        if turn.is_none() && read.len() + data.len() > MAX_ENCODED {
            turn = Some(turns.take(by).await);
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}

fn names_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            Authority::try_from(host.as_bytes()).is_ok_and(|authority| !authority.as_str().contains('@'))
        }
        (None, _) | (Some(_), Some(_)) => false,
    }
}
