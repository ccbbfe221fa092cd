//! How far the certified identity has come, for everybody: `GET /indicateurs`, `GET /indicateurs.csv`; and for each
//! commune its own figures, by mail, every second Monday ([`report`]).

pub(crate) mod csv;
pub(crate) mod report;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use domain::cnie::indicators::{Indicators, Targets};
use domain::language::Language;
use domain::time::Timestamp;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::registry::Registry;
use tokio::sync::Mutex;

use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::indicators::Figures;
use crate::pages::paris;
use crate::signin::at::unavailable;
use crate::signin::page::Occasion;

/// Where the page is.
pub(crate) const PLACE: &str = "/indicateurs";
/// For how long the figures are shown as they were counted, in seconds: counting reads every case.
const FRESH: i64 = 60;

/// The figures as last counted, and what is aimed at.
#[derive(Debug)]
pub(crate) struct Published {
    targets: Targets,
    counted: Mutex<Option<Arc<Indicators>>>,
}

impl Published {
    /// Nothing counted yet.
    pub(crate) fn new(targets: Targets) -> Self {
        Self { targets, counted: Mutex::new(None) }
    }

    /// The figures of the last minute. Of many who ask at once one counts, and the others wait for it.
    pub(crate) async fn read(&self, registry: &Registry, now: Timestamp) -> Result<Arc<Indicators>, StoreError> {
        let mut counted = self.counted.lock().await;
        let fresh = |figures: &&Arc<Indicators>| (0..FRESH).contains(&now.seconds_since(figures.at));
        if let Some(figures) = counted.as_ref().filter(fresh) {
            return Ok(Arc::clone(figures));
        }
        let figures = Arc::new(Indicators::of(&registry.count_indicators(now).await?));
        *counted = Some(Arc::clone(&figures));
        Ok(figures)
    }
}

/// In which language the page is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Switch {
    lang: Option<String>,
}

/// `GET /indicateurs`.
pub(crate) async fn get(
    State(app): State<Shared>,
    headers: HeaderMap,
    switch: Result<Query<Switch>, QueryRejection>,
) -> Response {
    let asked = switch.ok().and_then(|Query(switch)| switch.lang).as_deref().and_then(Language::from_ui_locales);
    let occasion = asked.map_or_else(|| Occasion::of(&headers), Occasion::in_language);
    match app.indicators.read(&app.registry, app.clock.now()).await {
        Ok(figures) => {
            let page = occasion.page(&app).switch_at(PLACE);
            Figures { page, counted: &figures, targets: &app.indicators.targets }.answer(StatusCode::OK)
        }
        Err(error) => unavailable(&app, occasion, &error),
    }
}

/// `GET /indicateurs.csv`.
pub(crate) async fn get_csv(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let figures = match app.indicators.read(&app.registry, app.clock.now()).await {
        Ok(figures) => figures,
        Err(error) => return unavailable(&app, Occasion::of(&headers), &error),
    };
    let name = format!("attachment; filename=\"indicateurs-{}.csv\"", paris::written(figures.at));
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(csv::MEDIA_TYPE)),
        (header::CONTENT_DISPOSITION, name),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")),
    ];
    (headers, csv::of_everyone(&figures, &app.indicators.targets)).into_response()
}
