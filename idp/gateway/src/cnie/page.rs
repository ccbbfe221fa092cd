//! `/signin/{id}/card`: the page that a citizen leaves for when they sign in with their card. It shows what a phone finds
//! the transaction by, and leads on when the phone is done.
//!
//! ```text
//!  Waiting ── QR, number, link (new ones each minute) ─▶ Claimed, Reading ── the number still ─▶ Proved, Dead ─▶ callback
//! ```

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use domain::cnie::HANDLE;
use domain::cnie::pairing::{Claim, Device, Pairing};
use domain::cnie::transaction::{AnyTransaction, Handles, Number, Transaction, Waiting};
use domain::secret::Bearer;
use domain::signin::{Away, SignIn};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Serialize;
use store::StoreError;
use store::ephemeral::{Put, Swap};

use super::slot::{Fault, find};
use crate::app::{App, Shared};
use crate::config::Cards;
use crate::listen::address::{ClientAddress, Subscriber};
use crate::pages::View as _;
use crate::pages::card::{CardPage, Progress};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::provider::error::see_other;
use crate::signin::at::{At, unavailable};
use crate::signin::page::{Occasion, problem};
use crate::upstream::answer::write_state;
use crate::upstream::cnie::bearer;

/// How often new handles are tried to be put over somebody else's.
const TRIES: usize = 4;

/// Where the phone is.
enum Seen {
    /// Not there yet: the handles that are shown, and the number.
    Waiting(Handles, u8),
    /// It took part, and the number is still to be compared.
    Claimed(Option<u8>),
    /// The card is being read.
    Reading,
    /// It is over, one way or the other: the callback knows which.
    Over,
}

impl Seen {
    const fn name(&self) -> &'static str {
        match self {
            Self::Waiting(..) => "waiting",
            Self::Claimed(_) => "claimed",
            Self::Reading => "reading",
            Self::Over => "over",
        }
    }
}

/// `GET /signin/{id}/card`.
pub(crate) async fn get(
    State(app): State<Shared>,
    Extension(from): Extension<ClientAddress>,
    at: At<Away>,
) -> Response {
    let signin = at.signin;
    let seen = match seen(&app, &signin, from).await {
        Ok(Some(seen)) => seen,
        Ok(None) => return see_other(&format!("/signin/{}/choose", signin.id())),
        Err(error) => return unavailable(&app, Occasion::in_language(signin.language()), &error),
    };
    let (progress, number, shown) = match &seen {
        Seen::Waiting(handles, number) => {
            (Progress::Waiting, Some(*number), Some((address(&app, &handles.other), link(&app, &handles.same))))
        }
        Seen::Claimed(number) => (Progress::Claimed, *number, None),
        Seen::Reading => (Progress::Claimed, None, None),
        Seen::Over => return see_other(&callback(&signin)),
    };
    let path = format!("/signin/{}/card", signin.id());
    CardPage {
        page: Occasion::in_language(signin.language()).page(&app).switch_at(&path),
        sign_in: signin.id(),
        csrf: signin.csrf(),
        service: signin.service(),
        progress,
        step: seen.name(),
        number,
        address: shown.as_ref().map(|(address, _)| address.as_str()),
        link: shown.as_ref().map(|(_, link)| link.as_str()),
        simulator: app.cnie.as_ref().is_some_and(|cnie| cnie.cards == Cards::Simulated),
    }
    .answer(StatusCode::OK)
}

/// What a script of the page asks for.
#[derive(Debug, Serialize)]
struct Told {
    step: &'static str,
}

/// `GET /signin/{id}/card/state`: the step, for the script of the page. New handles are a new step too.
pub(crate) async fn state(State(app): State<Shared>, at: At<Away>) -> Response {
    let step = match shown(&app, &at.signin).await {
        Ok(Some(AnyTransaction::Waiting(waiting))) if waiting.handles(app.clock.now()).is_some() => "waiting",
        Ok(Some(AnyTransaction::Waiting(_))) => "renew",
        Ok(Some(AnyTransaction::Claimed(_))) => "claimed",
        Ok(Some(AnyTransaction::Reading(_))) => "reading",
        Ok(Some(AnyTransaction::Proved(_) | AnyTransaction::Spent(_) | AnyTransaction::Dead(_)) | None) => "over",
        Err(error) => return unavailable(&app, Occasion::in_language(at.signin.language()), &error),
    };
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(Told { step })).into_response()
}

/// `GET /signin/{id}/card/qr.svg`: the handle for another device, as an image.
pub(crate) async fn qr(State(app): State<Shared>, at: At<Away>) -> Response {
    let image = match shown(&app, &at.signin).await {
        Ok(Some(AnyTransaction::Waiting(waiting))) => {
            waiting.handles(app.clock.now()).and_then(|handles| image(&address(&app, &handles.other)))
        }
        Ok(_) => None,
        Err(error) => return unavailable(&app, Occasion::in_language(at.signin.language()), &error),
    };
    let Some(image) = image else {
        let occasion = Occasion::in_language(at.signin.language());
        return problem(&app, occasion, StatusCode::NOT_FOUND, WhatWentWrong::NotFound, ProblemCode::P404);
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    (headers, image).into_response()
}

/// What a phone on another device scans.
fn address(app: &App, handle: &Bearer<Pairing>) -> String {
    app.issuer.at(&format!("/app/q/{}", handle.expose().as_str()))
}

/// What opens the app on this device.
fn link(app: &App, handle: &Bearer<Pairing>) -> String {
    app.issuer.at(&format!("/app/l/{}", handle.expose().as_str()))
}

/// A QR code of a text, black on white whatever the colours of the page: cameras need the contrast.
fn image(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(240, 240).quiet_zone(true).build())
}

/// Where the browser goes when the phone is done: the way back from any provider.
fn callback(signin: &SignIn<Away>) -> String {
    let attempt = signin.attempt();
    format!("/callback/{}?state={}", attempt.provider, write_state(signin.id(), attempt.secret()))
}

/// The transaction of a sign-in that left for the card; none once it ended.
async fn shown(app: &App, signin: &SignIn<Away>) -> Result<Option<AnyTransaction>, StoreError> {
    let Some(bearer) = bearer(signin.attempt()) else { return Ok(None) };
    Ok(find(app, &bearer).await?.map(|(transaction, _)| transaction))
}

/// Where the phone is, with handles that count; none when the sign-in left for another provider.
async fn seen(app: &App, signin: &SignIn<Away>, from: ClientAddress) -> Result<Option<Seen>, StoreError> {
    let attempt = signin.attempt();
    let (Some(cnie), Some(bearer)) = (&app.cnie, bearer(attempt)) else { return Ok(None) };
    if attempt.provider != cnie.id {
        return Ok(None);
    }
    for _ in 0..TRIES {
        let Some((transaction, slot)) = find(app, &bearer).await? else { return Ok(Some(Seen::Over)) };
        let waiting = match transaction {
            AnyTransaction::Waiting(waiting) => waiting,
            AnyTransaction::Claimed(claimed) => {
                return Ok(Some(Seen::Claimed(claimed.number().map(Number::value))));
            }
            AnyTransaction::Reading(_) => return Ok(Some(Seen::Reading)),
            AnyTransaction::Proved(_) | AnyTransaction::Spent(_) | AnyTransaction::Dead(_) => {
                return Ok(Some(Seen::Over));
            }
        };
        let number = waiting.number().value();
        if let Some(handles) = waiting.handles(app.clock.now()) {
            return Ok(Some(Seen::Waiting(handles.clone(), number)));
        }
        let (waiting, handles) = renewed(app, waiting, &bearer, from).await?;
        match slot.try_put(app, &waiting.into()).await {
            Ok(Swap::Done(_)) => return Ok(Some(Seen::Waiting(handles, number))),
            // A phone or another tab was faster.
            Ok(Swap::Lost) => {}
            Err(Fault::Refused(..)) => return Ok(Some(Seen::Over)),
            Err(Fault::Store(error)) => return Err(error),
        }
    }
    Ok(Some(Seen::Over))
}

/// New handles: none of before counts any more.
async fn renewed(
    app: &App,
    waiting: Transaction<Waiting>,
    transaction: &Bearer<AnyTransaction>,
    from: ClientAddress,
) -> Result<(Transaction<Waiting>, Handles), StoreError> {
    let handle = async |device| {
        let handle = Bearer::<Pairing>::from_random(app.random.bytes());
        let network = Subscriber::of(from.0).to_string();
        let pairing = Pairing { transaction: transaction.clone(), device, network, claim: Claim::Open };
        let _: Put = app.ephemeral.put(&handle, &pairing, HANDLE).await?;
        Ok::<_, StoreError>(handle)
    };
    let handles = Handles {
        other: handle(Device::Other).await?,
        same: handle(Device::Same).await?,
        until: app.clock.now().plus(HANDLE),
    };
    Ok((waiting.showing(handles.clone()), handles))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
