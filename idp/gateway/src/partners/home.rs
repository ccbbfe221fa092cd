//! The first page: the organisations one acts for, and what one does for the operator. `GET /espace`.

use axum::extract::State;
use axum::response::Response;
use domain::partners::permission::SignedIn;
use http::StatusCode;

use super::session::Holder;
use crate::app::Shared;
use crate::pages::View as _;
use crate::pages::partners::{Home, Place};
use crate::signin::at::unavailable;

/// `GET /espace`.
pub(crate) async fn get(holder: Holder<SignedIn>, State(app): State<Shared>) -> Response {
    let here = &holder.here;
    let mut places = Vec::with_capacity(here.partner.memberships.len());
    for (siret, role) in &here.partner.memberships {
        match app.registry.organisation(siret).await {
            Ok(found) => places.extend(found.map(|organisation| Place { organisation, role: *role })),
            Err(error) => return unavailable(&app, here.occasion, &error),
        }
    }
    let page = here.page(&app);
    let shell = here.shell(page.words().space_home_title());
    Home { page, shell, places: &places, partner: &here.partner }.answer(StatusCode::OK)
}
