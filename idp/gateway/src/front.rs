//! `GET /`: what this is, and the ways on.

use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use http::header::HeaderMap;

use crate::app::Shared;
use crate::cnie::home::Switch;
use crate::indicators;
use crate::pages::View as _;
use crate::pages::front::Front;

/// The page.
pub(crate) async fn get(State(app): State<Shared>, Query(switch): Query<Switch>, headers: HeaderMap) -> Response {
    let desk = app.desk.as_ref().map(|desk| desk.origin.as_str());
    let figures = desk.map(|_| indicators::PLACE);
    let page = switch.occasion(&headers).page(&app).switch_at("/");
    Front { page, cards: app.cnie.is_some(), figures, desk }.answer(StatusCode::OK)
}
