//! `GET /carte`: what an identity on a card is.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::language::Language;
use http::StatusCode;
use http::header::HeaderMap;
use serde::Deserialize;

use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::holder::Home;
use crate::signin::page::Occasion;

/// The language that a link of the page itself asks for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Switch {
    lang: Option<String>,
}

impl Switch {
    /// The language asked for, or the one that the browser prefers.
    pub(crate) fn occasion(&self, headers: &HeaderMap) -> Occasion {
        let asked = self.lang.as_deref().and_then(Language::from_ui_locales);
        asked.map_or_else(|| Occasion::of(headers), Occasion::in_language)
    }
}

/// The page.
pub(crate) async fn get(State(app): State<Shared>, Query(switch): Query<Switch>, headers: HeaderMap) -> Response {
    Home { page: switch.occasion(&headers).page(&app).switch_at("/carte") }.answer(StatusCode::OK)
}
