//! `/carte/demande/{token}`: the request for certification that a citizen takes to a town hall, as a page, an image
//! (`.svg`) and a sheet (`.pdf`). The token is what the desk scans; it names nobody, and so do they.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use domain::cnie::identity::AnyIdentity;
use domain::cnie::qr::Presented;
use domain::cnie::refusal::Refusal;
use domain::time::Timestamp;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, StatusCode};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use store::StoreError;

use super::acts::Acts;
use super::home::Switch;
use crate::app::{App, Shared};
use crate::config::Cards;
use crate::pages::View as _;
use crate::pages::holder::Request;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::pages::request_sheet::write;
use crate::signin::at::unavailable;
use crate::signin::page::problem;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Image,
    Sheet,
}

/// The page, the image or the sheet.
pub(crate) async fn get(
    State(app): State<Shared>,
    Path(file): Path<String>,
    Query(switch): Query<Switch>,
    headers: HeaderMap,
) -> Response {
    let occasion = switch.occasion(&headers);
    let (token, form) = match file.rsplit_once('.') {
        Some((token, "svg")) => (token, Form::Image),
        Some((token, "pdf")) => (token, Form::Sheet),
        Some(_) | None => (file.as_str(), Form::Page),
    };
    let until = match request(&app, token).await {
        Ok(Ok(until)) => until,
        Ok(Err(_)) => {
            return problem(&app, occasion, StatusCode::GONE, WhatWentWrong::NoRequest, ProblemCode::P132);
        }
        Err(error) => return unavailable(&app, occasion, &error),
    };
    let path = format!("/carte/demande/{token}");
    let (page, cards) = (occasion.page(&app), app.cnie().cards);
    match form {
        Form::Page => {
            let simulator = cards == Cards::Simulated;
            Request { page: page.switch_at(&path), token, until, simulator }.answer(StatusCode::OK)
        }
        Form::Image => file_of("image/svg+xml", image(&code(&app, token)).into_bytes()),
        Form::Sheet => file_of("application/pdf", write((page, cards), &code(&app, token), until)),
    }
}

/// Until when the request serves that a token names: the one of this identity now, which no desk has seen.
async fn request(app: &App, token: &str) -> Result<Result<Timestamp, Refusal>, StoreError> {
    let Some(cnie) = &app.cnie else { return Ok(Err(Refusal::RequestUnknown)) };
    let Ok(presented) = Presented::read(token) else { return Ok(Err(Refusal::RequestUnknown)) };
    let acts = Acts::of(app, cnie);
    let Some(kept) = acts.find(presented.identity()).await? else { return Ok(Err(Refusal::RequestUnknown)) };
    let checked = presented.check(kept.identity.common().code(), &cnie.qr_secret, acts.now);
    Ok(checked.and_then(|named| match &kept.identity {
        AnyIdentity::Requested(requested) if requested.request() == named => Ok(requested.until()),
        AnyIdentity::Requested(_)
        | AnyIdentity::Created(_)
        | AnyIdentity::Active(_)
        | AnyIdentity::AtDesk(_)
        | AnyIdentity::Approved(_)
        | AnyIdentity::Certified(_)
        | AnyIdentity::Suspended(_)
        | AnyIdentity::Closed(_) => Err(Refusal::RequestUsed),
    }))
}

/// What the desk scans.
pub(crate) fn address(app: &App, token: &str) -> String {
    let origin = app.cnie.as_ref().map_or(app.issuer.as_str(), |cnie| cnie.desk_origin(app));
    format!("{origin}/guichet/q/{token}")
}

fn code(app: &App, token: &str) -> QrCode {
    // 71 characters behind an address of at most a few hundred: far below the 2331 octets of the largest code at level M.
    QrCode::with_error_correction_level(address(app, token), EcLevel::M).expect("an address is short")
}

fn image(code: &QrCode) -> String {
    code.render::<svg::Color<'_>>().min_dimensions(320, 320).build()
}

/// A file that nothing keeps: whoever holds it can be certified with it.
fn file_of(kind: &'static str, bytes: Vec<u8>) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if kind == "application/pdf" {
        let shown = HeaderValue::from_static("inline; filename=\"certification.pdf\"");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, shown);
    }
    response
}

#[cfg(test)]
#[path = "request_sheet_tests.rs"]
mod tests;
