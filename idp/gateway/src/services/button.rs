//! `GET /espace/services/{client_id}/bouton`: the button, to copy.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::language::Language;
use domain::partners::permission::ReadServices;
use http::StatusCode;
use serde::Deserialize;

use super::{find, unseen};
use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::services::{Button, Size, above, address};
use crate::partners::session::Holder;
use crate::signin::at::unavailable;

/// What it looks like.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    taille: String,
    #[serde(default)]
    langue: String,
}

/// `GET /espace/services/{client_id}/bouton`.
pub(crate) async fn get(
    holder: Holder<ReadServices>,
    State(app): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let service = match find(&app, &id).await {
        Ok(Some(service)) => service,
        Ok(None) => return unseen(&app, here),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let page = here.page(&app);
    let mut trail = above(organisation);
    trail.push(address(&page, &service));
    let shell = here.shell(page.words().button_title()).below(trail);
    let known = [Language::French, Language::English].into_iter().find(|language| language.tag() == asked.langue);
    let language = known.unwrap_or(page.words().language());
    let size = Size::named(&asked.taille).unwrap_or_default();
    let served = app.issuer.at("/bouton.css");
    Button { page, shell, service: &service, size, language, served: &served }.answer(StatusCode::OK)
}
