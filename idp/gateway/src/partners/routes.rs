//! THE TABLE of the partners' space: every route with the permission it asks for. The router is made of it alone, and
//! `idp partners routes` prints it; the conformance story «every route × every role» walks it.
//!
//! To add a route: a row, and a handler whose first argument is the proof of the row's permission ([`super::gate`]).
//! A path parameter that is about an organisation is resolved in [`super::matter`].

use axum::Router;
use axum::extract::DefaultBodyLimit;
use domain::language::Language;
use domain::partners::permission::{
    AcceptOrganisation, Anyone, ApproveRecovery, ApproveRequests, ChangeAccount, ChangeCredentials, ChangeOperators,
    ChangePeople, ChangeTemplates, CreateOrganisation, EditRequests, EditSandbox, Permission, ReadFigures,
    ReadOperators, ReadOrganisation, ReadPeople, ReadQueue, ReadRequests, ReadServices, ReviewRequests,
    RevokeHabilitations, Risk, RunBench, SignedIn, SubmitRequests, SwitchOff, WriteMessages,
};
use serde_json::{Value, json};
use tower_http::csrf::CsrfLayer;

use super::gate::Route;
use super::session::LONGEST_FORM;
use super::{
    account, confirm, figures, home, invitation, language, operators, organisation, people, recovery, refusal, sign_in,
    sign_up,
};
use crate::app::Shared;
use crate::audit::Space;
use crate::bench::page as bench;
use crate::bench::request as request_bench;
use crate::habilitation::{block, exchange, file, list, queue, request, review, templates};
use crate::services::{button, credentials, one, pins, production, sandbox, start};
use crate::signin::page::Occasion;

/// The rows.
pub(crate) fn table() -> Vec<Route> {
    let account = [
        Route::get("/espace/inscription", Anyone, sign_up::get),
        Route::post("/espace/inscription", Anyone, sign_up::post),
        Route::get("/espace/inscription/{secret}", Anyone, sign_up::get_link),
        Route::post("/espace/inscription/{secret}", Anyone, sign_up::post_link),
        Route::get("/espace/invitation/{secret}", Anyone, invitation::get),
        Route::post("/espace/invitation/{secret}", Anyone, invitation::post),
        Route::post("/espace/invitation/{secret}/place", SignedIn, invitation::take),
        Route::get("/espace/entree", Anyone, sign_in::get),
        Route::post("/espace/entree", Anyone, sign_in::post),
        Route::post("/espace/sortie", SignedIn, sign_in::sign_out),
        Route::get("/espace/confirmation", SignedIn, confirm::get),
        Route::post("/espace/confirmation", SignedIn, confirm::post),
        Route::get("/espace/recuperation", Anyone, recovery::get),
        Route::post("/espace/recuperation", Anyone, recovery::post),
        Route::get("/espace/recuperation/{secret}", Anyone, recovery::get_link),
        Route::post("/espace/recuperation/{secret}", Anyone, recovery::post_link),
        Route::get("/espace/compte", SignedIn, account::get),
        Route::get("/espace/compte/cle", ChangeAccount, account::get_passkey),
        Route::post("/espace/compte/cle", ChangeAccount, account::post_passkey),
        Route::post("/espace/compte/cle/retrait", ChangeAccount, account::withdraw),
        Route::post("/espace/compte/code", ChangeAccount, account::make_code),
        Route::post("/espace/compte/sessions/retrait", SignedIn, account::end_session),
        Route::post("/espace/compte/sessions/toutes", SignedIn, account::end_sessions),
    ];
    let organisations = [
        Route::get("/espace", SignedIn, home::get),
        Route::get("/espace/organisations/nouvelle", CreateOrganisation, organisation::get_new),
        Route::post("/espace/organisations/nouvelle", CreateOrganisation, organisation::post_new),
        Route::get("/espace/organisations/{siret}", ReadOrganisation, organisation::get),
        Route::post("/espace/organisations/{siret}/rattachement", AcceptOrganisation, organisation::accept),
        Route::get("/espace/organisations/{siret}/personnes", ReadPeople, people::get),
        Route::post("/espace/organisations/{siret}/personnes", ChangePeople, people::invite),
        Route::post("/espace/organisations/{siret}/personnes/{partner}/role", ChangePeople, people::change),
        Route::post("/espace/organisations/{siret}/personnes/{partner}/retrait", ChangePeople, people::remove),
        Route::post("/espace/organisations/{siret}/personnes/invitations/retrait", ChangePeople, people::withdraw),
        Route::post("/espace/organisations/{siret}/personnes/recuperations", ApproveRecovery, people::decide),
    ];
    let operators = [
        Route::get("/espace/operateurs", ReadOperators, operators::get),
        Route::post("/espace/operateurs", ChangeOperators, operators::invite),
        Route::post("/espace/operateurs/{partner}/role", ChangeOperators, operators::change),
        Route::post("/espace/operateurs/{partner}/retrait", ChangeOperators, operators::remove),
        Route::post("/espace/operateurs/invitations/retrait", ChangeOperators, operators::withdraw),
        Route::post("/espace/operateurs/recuperations", ChangeOperators, operators::decide),
    ];
    let requests = [
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
    ];
    let bench = bench_rows();
    let figures = [
        Route::get("/espace/services/{client_id}/chiffres", ReadFigures, figures::get),
        Route::get("/espace/services/{client_id}/chiffres.csv", ReadFigures, figures::get_csv),
    ];
    let services = [
        Route::get("/espace/organisations/{siret}/services", EditSandbox, sandbox::get),
        Route::post("/espace/organisations/{siret}/services", EditSandbox, sandbox::post),
        Route::get("/espace/demandes/{request}/client", ChangeCredentials, production::get),
        Route::post("/espace/demandes/{request}/client", ChangeCredentials, production::post),
        Route::get("/espace/services/{client_id}", ReadServices, one::get),
        Route::get("/espace/services/{client_id}/bouton", ReadServices, button::get),
        Route::get("/espace/services/{client_id}/demarrage", ReadServices, start::get),
        Route::post("/espace/services/{client_id}/identifiants", ChangeCredentials, credentials::add),
        Route::post("/espace/services/{client_id}/identifiants/{name}/retrait", ChangeCredentials, credentials::retire),
        Route::post("/espace/services/{client_id}/cles", ChangeCredentials, pins::accept),
        Route::post("/espace/services/{client_id}/arret", SwitchOff, credentials::stop),
        Route::post("/espace/services/{client_id}/marche", SwitchOff, credentials::resume),
    ];
    let all = account.into_iter().chain(organisations).chain(operators).chain(requests).chain(bench);
    all.chain(figures).chain(services).collect()
}

/// The rows of the bench: for services, and for requests that have none yet.
fn bench_rows() -> [Route; 10] {
    [
        Route::get("/espace/services/{client_id}/banc", RunBench, bench::get),
        Route::post("/espace/services/{client_id}/banc", RunBench, bench::post),
        Route::get("/espace/services/{client_id}/banc/{run}", RunBench, bench::run),
        Route::post("/espace/services/{client_id}/banc/{run}/essai", RunBench, bench::drive),
        Route::get("/espace/services/{client_id}/banc/{run}/rapport.json", RunBench, bench::report),
        Route::get("/espace/demandes/{request}/banc", RunBench, request_bench::get),
        Route::post("/espace/demandes/{request}/banc", RunBench, request_bench::post),
        Route::get("/espace/demandes/{request}/banc/{run}", ReadRequests, request_bench::run),
        Route::post("/espace/demandes/{request}/banc/{run}/essai", RunBench, request_bench::drive),
        Route::get("/espace/demandes/{request}/banc/{run}/rapport.json", ReadRequests, request_bench::report),
    ]
}

/// The routes of the space. Their forms have two locks: a secret, and the browser's word on where they stood.
pub(crate) fn router(app: &Shared) -> Router<Shared> {
    let refusing = std::sync::Arc::clone(app);
    let origin = &app.partners().origin;
    let csrf =
        CsrfLayer::new().add_trusted_origin(origin.as_str()).expect("an origin").with_rejection_response(move |_| {
            refusal::outside(&refusing, Occasion::in_language(Language::default()), Space::StaleForm)
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
        json!({
            "method": route.method.as_str(), "path": route.path, "permission": route.permission.name(),
            "over": route.permission.over().name(), "roles": holders(route.permission), "risk": risk(route).name(),
        })
    };
    table().iter().map(print).collect()
}

/// What a row asks for besides its permission: what shows asks for nothing.
fn risk(route: &Route) -> Risk {
    if route.method == http::Method::GET { Risk::Plain } else { route.permission.risk() }
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
