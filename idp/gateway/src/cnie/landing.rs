//! `/app/q/{handle}` and `/app/l/{handle}`: what somebody reads who has not the app that these addresses open.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::HeaderMap;

use crate::app::Shared;
use crate::config::Cards;
use crate::pages::View as _;
use crate::pages::card::Landing;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::page::{Occasion, problem};

/// The handle is left alone: only an app claims it.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let occasion = Occasion::of(&headers);
    match &app.cnie {
        Some(cnie) => {
            let page = occasion.page(&app);
            Landing { page, simulator: cnie.cards == Cards::Simulated }.answer(StatusCode::OK)
        }
        None => problem(&app, occasion, StatusCode::NOT_FOUND, WhatWentWrong::NotFound, ProblemCode::P404),
    }
}
