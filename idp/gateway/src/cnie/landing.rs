//! `/app/q/{handle}` and `/app/l/{handle}`: what somebody reads who has not the app that these addresses open.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::HeaderMap;

use crate::app::Shared;
use crate::config::Cards;
use crate::pages::View as _;
use crate::pages::card::Landing;
use crate::signin::page::Occasion;

/// The handle is left alone: only an app claims it.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let page = Occasion::of(&headers).page(&app);
    Landing { page, simulator: app.cnie().cards == Cards::Simulated }.answer(StatusCode::OK)
}
