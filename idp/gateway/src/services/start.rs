//! `GET /espace/services/{client_id}/demarrage`: the first lines of a program.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::partners::permission::ReadServices;
use http::StatusCode;
use serde::Deserialize;

use super::{find, unseen};
use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::services::{Kit, Start, above, address};
use crate::partners::session::Holder;
use crate::signin::at::unavailable;

/// The library.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    langage: String,
}

/// `GET /espace/services/{client_id}/demarrage`.
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
    let shell = here.shell(page.words().start_title()).below(trail);
    let kit = Kit::named(&asked.langage).unwrap_or_default();
    Start { page, shell, service: &service, kit, issuer: app.issuer.as_str() }.answer(StatusCode::OK)
}
