//! THE TABLE of the admin API: every route with the permission it asks for. The router is made of it alone; the description
//! has each of its rows, and no other, and the scope that a row needs stands there by it.
//!
//! To add a route: a row, a handler whose first argument is `Caller` of the row's permission ([`super::gate`]), and its name
//! in [`super::openapi`]. A path parameter that is about an organisation is resolved in `partners/matter`.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use domain::partners::permission::{
    ApproveRequests, ChangeCredentials, EditRequests, ReadFigures, ReadHabilitations, ReadOrganisation, ReadQueue,
    ReadRequests, ReadServices, ReadSwitches, ReviewRequests, RevokeHabilitations, SubmitRequests,
};

use super::gate::Route;
use super::{drafts, habilitations, openapi, problem, requests, reviews, services, switches};
use crate::app::Shared;
use crate::listen::request::CALL_LIMIT;

/// Where the description is: for anybody who reaches the door.
pub(super) const DESCRIPTION: &str = "/admin/v1/openapi.json";

/// The rows.
pub(super) fn table() -> Vec<Route> {
    let requests = [
        Route::get("/admin/v1/requests", ReadQueue, requests::list),
        Route::get("/admin/v1/organisations/{siret}/requests", ReadRequests, requests::of_organisation),
        Route::get("/admin/v1/requests/{request}", ReadRequests, requests::one),
        Route::get("/admin/v1/requests/{request}/versions", ReadRequests, requests::versions),
        Route::get("/admin/v1/requests/{request}/differences", ReadRequests, requests::differences),
        Route::get("/admin/v1/requests/{request}/messages", ReadRequests, requests::messages),
    ];
    let drafts = [
        Route::post("/admin/v1/organisations/{siret}/requests", EditRequests, drafts::begin),
        Route::patch("/admin/v1/requests/{request}", EditRequests, drafts::write),
        Route::post("/admin/v1/requests/{request}/submit", SubmitRequests, drafts::submit),
        Route::post("/admin/v1/requests/{request}/reopen", EditRequests, drafts::reopen),
        Route::post("/admin/v1/requests/{request}/cancel-reopening", EditRequests, drafts::cancel_reopening),
    ];
    let reviews = [
        Route::post("/admin/v1/requests/{request}/points", ReviewRequests, reviews::look),
        Route::post("/admin/v1/requests/{request}/request-changes", ReviewRequests, reviews::request_changes),
        Route::post("/admin/v1/requests/{request}/refuse", ReviewRequests, reviews::refuse),
        Route::post("/admin/v1/requests/{request}/approve", ApproveRequests, reviews::approve),
        Route::post("/admin/v1/requests/{request}/revoke", RevokeHabilitations, reviews::revoke),
    ];
    let habilitations = [
        Route::get("/admin/v1/habilitations", ReadHabilitations, habilitations::list),
        Route::get("/admin/v1/organisations/{siret}/habilitations", ReadOrganisation, habilitations::of_organisation),
        Route::get("/admin/v1/habilitations/{habilitation}", ReadOrganisation, habilitations::one),
        Route::post("/admin/v1/habilitations/{habilitation}/suspend", RevokeHabilitations, habilitations::suspend),
        Route::post("/admin/v1/habilitations/{habilitation}/resume", RevokeHabilitations, habilitations::resume),
        Route::post("/admin/v1/habilitations/{habilitation}/revoke", RevokeHabilitations, habilitations::revoke),
    ];
    let services = [
        Route::get("/admin/v1/organisations/{siret}/services", ReadServices, services::of_organisation),
        Route::get("/admin/v1/services/{client_id}", ReadServices, services::one),
        Route::get("/admin/v1/services/{client_id}/figures", ReadFigures, services::figures),
        Route::post("/admin/v1/requests/{request}/client", ChangeCredentials, services::make),
    ];
    let switches = [Route::get("/admin/v1/switches", ReadSwitches, switches::list)];
    let all = requests.into_iter().chain(drafts).chain(reviews).chain(habilitations);
    all.chain(services).chain(switches).collect()
}

/// The routes. What is on none of them is refused as everything else is.
pub(crate) fn router() -> Router<Shared> {
    let open = Router::new().route(DESCRIPTION, get(openapi::get));
    let routes = table().into_iter().fold(open, |router, route| router.route(route.path, route.handler));
    let routes = routes.fallback(problem::no_route).method_not_allowed_fallback(problem::wrong_method);
    routes.layer(DefaultBodyLimit::max(CALL_LIMIT))
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
