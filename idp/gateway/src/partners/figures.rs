//! The figures of a service: `GET /espace/services/{client_id}/chiffres`, and the same as a file.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::client::Label;
use domain::habilitation::figures::{Day, Period, ServiceFigures};
use domain::id::ClientId;
use domain::language::Language;
use domain::partners::permission::ReadFigures;
use http::header::{self, HeaderName};
use http::{HeaderValue, StatusCode};
use store::StoreError;

use super::refusal;
use super::session::Holder;
use crate::app::{App, Shared};
use crate::audit::Space;
use crate::figures::{file, told};
use crate::indicators::csv::MEDIA_TYPE;
use crate::pages::View as _;
use crate::pages::partners::{Crumb, ServicePage};
use crate::pages::services;
use crate::signin::at::unavailable;

/// `GET /espace/services/{client_id}/chiffres`.
pub(crate) async fn get(
    holder: Holder<ReadFigures>,
    State(app): State<Shared>,
    Path(client): Path<String>,
) -> Response {
    let here = &holder.here;
    let (client, figures) = match read(&app, &client).await {
        Ok(Some(found)) => found,
        Ok(None) => return refusal::inside(&app, here, Space::Unseen),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let page = here.page(&app);
    let name = name(&app, &client);
    let name = match page.words().language() {
        Language::French => name.fr,
        Language::English => name.en,
    };
    let mut above: Vec<Crumb> = holder.organisation.as_ref().map(services::above).unwrap_or_default();
    above.push(Crumb { href: services::path_of(&client), title: name.clone() });
    let shell = here.shell(page.words().service_figures_title()).below(above);
    let told = figures.months.iter().flat_map(|month| &month.providers);
    let providers = told.map(|(id, _)| (id.clone(), app.provider_title(id))).collect();
    ServicePage { page, shell, service: &name, client: &client, figures: &figures, providers: &providers }
        .answer(StatusCode::OK)
}

/// `GET /espace/services/{client_id}/chiffres.csv`.
pub(crate) async fn get_csv(
    holder: Holder<ReadFigures>,
    State(app): State<Shared>,
    Path(client): Path<String>,
) -> Response {
    let here = &holder.here;
    let figures = match read(&app, &client).await {
        Ok(Some((_, figures))) => figures,
        Ok(None) => return refusal::inside(&app, here, Space::Unseen),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let name = format!("attachment; filename=\"chiffres-{}.csv\"", figures.period.last().written());
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"))),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, file::of_service(&figures)).into_response()
}

/// The figures of a service, with what this node counted up to now.
async fn read(app: &App, client: &str) -> Result<Option<(ClientId, ServiceFigures)>, StoreError> {
    let Ok(client) = ClientId::parse(client) else { return Ok(None) };
    app.figures.bring(&app.registry).await?;
    let today = Day::of(app.clock.now());
    let figures = told(&app.registry, &client, Period::shown(today), today).await?;
    Ok(Some((client, figures)))
}

/// What citizens read for a service; its bare number where this node has not heard of it yet.
fn name(app: &App, client: &ClientId) -> Label {
    app.client(client).map_or_else(
        || Label { fr: client.to_string(), en: client.to_string() },
        |registered| registered.client.name.clone(),
    )
}
