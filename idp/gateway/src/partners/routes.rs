//! THE TABLE of the partners' space: every route with the permission it asks for. The router is made of it alone, and
//! `idp partners routes` prints it; the conformance story «every route × every role» walks it.
//!
//! To add a route: a row, and a handler whose first argument is the proof of the row's permission ([`super::gate`]).
//! A path parameter that is about an organisation is resolved in [`super::matter`].

use axum::Router;
use axum::extract::DefaultBodyLimit;
use domain::partners::permission::{
    Anyone, ApproveRequests, ChangeTemplates, EditRequests, Permission, ReadQueue, ReadRequests, ReviewRequests,
    RevokeHabilitations, SignedIn, SubmitRequests, WriteMessages,
};
use serde_json::{Value, json};
use tower_http::csrf::CsrfLayer;

use super::gate::Route;
use super::session::LONGEST_FORM;
use super::{confirm, home, invitation, language, refusal, sign_in};
use crate::app::Shared;
use crate::audit::Space;
use crate::habilitation::{block, exchange, file, list, queue, request, review, templates};

/// The rows.
pub(crate) fn table() -> Vec<Route> {
    vec![
        Route::get("/espace", SignedIn, home::get),
        Route::get("/espace/entree", Anyone, sign_in::get),
        Route::post("/espace/entree", Anyone, sign_in::post),
        Route::post("/espace/sortie", SignedIn, sign_in::sign_out),
        Route::get("/espace/confirmation", SignedIn, confirm::get),
        Route::post("/espace/confirmation", SignedIn, confirm::post),
        Route::get("/espace/invitation/{secret}", Anyone, invitation::get),
        Route::post("/espace/invitation/{secret}", Anyone, invitation::post),
        Route::post("/espace/invitation/{secret}/place", SignedIn, invitation::take),
        Route::get("/espace/organisations/{siret}/demandes", ReadRequests, list::get),
        Route::post("/espace/organisations/{siret}/demandes", EditRequests, list::post),
        Route::post("/espace/organisations/{siret}/demandes/import", EditRequests, file::import),
        Route::get("/espace/demandes/{request}", ReadRequests, request::get),
        Route::get("/espace/demandes/{request}/demande.json", ReadRequests, file::get),
        Route::get("/espace/demandes/{request}/echanges", ReadRequests, exchange::get),
        Route::post("/espace/demandes/{request}/echanges", WriteMessages, exchange::post),
        Route::post("/espace/demandes/{request}/envoi", SubmitRequests, request::submit),
        Route::post("/espace/demandes/{request}/reprise", EditRequests, request::reopen),
        Route::post("/espace/demandes/{request}/abandon", EditRequests, request::give_up),
        Route::post("/espace/demandes/{request}/archive", EditRequests, request::archive),
        Route::get("/espace/demandes/{request}/instruction", ReviewRequests, review::get),
        Route::post("/espace/demandes/{request}/points", ReviewRequests, review::look),
        Route::post("/espace/demandes/{request}/accord", ApproveRequests, review::approve),
        Route::post("/espace/demandes/{request}/complements", ReviewRequests, review::request_changes),
        Route::post("/espace/demandes/{request}/refus", ReviewRequests, review::refuse),
        Route::post("/espace/demandes/{request}/revocation", RevokeHabilitations, review::revoke),
        Route::get("/espace/demandes/{request}/{block}", ReadRequests, block::get),
        Route::post("/espace/demandes/{request}/{block}", EditRequests, block::post),
        Route::get("/espace/instruction", ReadQueue, queue::get),
        Route::get("/espace/instruction/modeles", ReadQueue, templates::get),
        Route::post("/espace/instruction/modeles", ChangeTemplates, templates::post),
    ]
}

/// The routes of the space. Their forms have two locks: a secret, and the browser's word on where they stood.
pub(crate) fn router(app: &Shared) -> Router<Shared> {
    let refusing = std::sync::Arc::clone(app);
    let origin = &app.partners().origin;
    let csrf =
        CsrfLayer::new().add_trusted_origin(origin.as_str()).expect("an origin").with_rejection_response(move |_| {
            refusal::outside(
                &refusing,
                crate::signin::page::Occasion::in_language(Default::default()),
                Space::StaleForm,
            )
        });
    let routes = table().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.serve(app)));
    let routes = routes.layer(DefaultBodyLimit::max(LONGEST_FORM));
    routes.layer(axum::middleware::from_fn_with_state(std::sync::Arc::clone(app), language::choose)).layer(csrf)
}

/// The table for machines.
pub(crate) fn printed() -> Vec<Value> {
    let holders =
        |permission: Permission| -> Vec<_> { permission.holders().iter().map(|holder| holder.name()).collect() };
    let print = |route: &Route| {
        let dangerous = permission_is_dangerous(route);
        json!({
            "method": route.method.as_str(), "path": route.path, "permission": route.permission.name(),
            "roles": holders(route.permission), "dangerous": dangerous,
        })
    };
    table().iter().map(print).collect()
}

/// Whether the act of a row asks for a fresh passkey: what shows does not.
fn permission_is_dangerous(route: &Route) -> bool {
    use domain::partners::permission::Risk;
    match route.permission.risk() {
        Risk::Dangerous => route.method == http::Method::POST,
        Risk::Plain => false,
    }
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
