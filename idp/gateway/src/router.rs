//! Every route of the gateway, on one page.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::language::Language;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::admin;
use crate::app::Shared;
use crate::audit::{self, Other};
use crate::bench;
use crate::cnie;
use crate::config::{Issuer, Place};
use crate::desk;
use crate::front;
use crate::habilitation::datapass;
use crate::indicators;
use crate::limits;
use crate::listen::Routers;
use crate::listen::request::FILES_LIMIT;
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::pages::services::BUTTON_STYLE;
use crate::partners;
use crate::partners::door::Socket;
use crate::people::door::DeskDoor;
use crate::people::refusal::refuse;
use crate::people::{account, agents, invitation, language, readers, sign_in};
use crate::provider::{authorize, discovery, end_session, introspect, json, logged_out, par, revoke, token, userinfo};
use crate::signin::form::stale;
use crate::signin::page::{Occasion, problem};
use crate::signin::{arrive, choose, finish, inform, leave, refused};
use crate::telemetry;

/// The largest body that a request may have: the longest form that is read.
const BODY_LIMIT: usize = domain::oidc::parameters::MAX_ENCODED;

/// How long a request may take, once it has come whole, to its answer: longer than an arrival whose provider and civil
/// registry both use up their time. How long it may take to come, body and all, is `listen`'s.
const TIME_LIMIT: Duration = Duration::from_secs(40);

/// The gateway as a service: all of it for everybody, and for clients with certificates what servers call.
pub(crate) fn routers(app: &Shared, desk: Option<&Place>) -> Routers {
    let mutual = back_channel().fallback(not_found).method_not_allowed_fallback(wrong_method);
    let apart = desk.is_some_and(|desk| desk.door.is_some());
    let (shared, own) = match &app.desk {
        Some(door) if apart => (None, bounded(around(at_desk(app, door)), &door.origin, app)),
        Some(door) => (Some(at_desk(app, door)), Router::new()),
        None => (None, Router::new()),
    };
    let (space, partners) = match app.partners.as_ref().map(|door| (door, door.socket)) {
        Some((door, Socket::Own)) => (None, bounded(around(partners::routes::router(app)), &door.origin, app)),
        Some((_, Socket::Shared)) => (Some(partners::routes::router(app)), Router::new()),
        None => (None, Router::new()),
    };
    let admin = match &app.admin {
        Some(origin) => bounded(alive(admin::routes::router()), origin, app),
        None => Router::new(),
    };
    let shared = shared.into_iter().chain(space).fold(Router::new(), Router::merge);
    let (public, mutual) = (router(app, Some(shared)), bounded(mutual, &app.issuer, app));
    Routers { public, mutual, desk: own, partners, admin }
}

/// The desks of communes. Their forms have the same two locks as those of the citizen's pages.
fn at_desk(app: &Shared, door: &DeskDoor) -> Router<Shared> {
    let counted = || from_fn_with_state(Arc::clone(app), limits::desk);
    let refusing = Arc::clone(app);
    let csrf = CsrfLayer::new().add_trusted_origin(door.origin.as_str()).expect("an origin").with_rejection_response(
        move |_| refuse(&refusing, Occasion::in_language(Language::default()), audit::Desk::StaleForm),
    );
    Router::new()
        .route("/guichet", get(desk::home::get))
        .route("/guichet/connexion", get(sign_in::get).post(sign_in::post).route_layer(counted()))
        .route("/guichet/deconnexion", post(sign_in::sign_out))
        .route("/guichet/invitation/{secret}", get(invitation::get).post(invitation::post).route_layer(counted()))
        .route("/guichet/compte", get(account::get))
        .route("/guichet/compte/declaration", post(account::declare))
        .route("/guichet/compte/correction", post(account::ask_correction))
        .route("/guichet/compte/cle", get(account::get_passkey).post(account::post_passkey))
        .route("/guichet/compte/cle/retrait", post(account::withdraw))
        .route("/guichet/agents", get(agents::list).post(agents::invite))
        .route("/guichet/agents/{id}", get(agents::get).post(agents::change))
        .route("/guichet/agents/{id}/retrait", post(agents::remove))
        .route("/guichet/agents/{id}/invitation", post(agents::renew))
        .route("/guichet/agents/{id}/correction", post(agents::correct))
        .route("/guichet/lecteurs", get(readers::list).post(readers::register))
        .route("/guichet/lecteurs/{id}/retrait", post(readers::withdraw))
        .merge(cases(app))
        // A switch of language on what a form answered asks for the form's own path.
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), language::switch))
        .layer(csrf)
        .merge(readers_of_desks(app))
}

/// The cases of citizens at the desk, where there is a provider to certify for.
fn cases(app: &Shared) -> Router<Shared> {
    if app.cnie.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/guichet/q/{token}", get(desk::home::get_scanned))
        .route("/guichet/dossiers", post(desk::home::scan))
        .route("/guichet/dossiers/{id}", get(desk::case::get))
        .route("/guichet/dossiers/{id}/etat", get(desk::case::state))
        .route("/guichet/dossiers/{id}/photo", get(desk::case::photo))
        .route("/guichet/dossiers/{id}/personne", post(desk::case::same_person))
        .route("/guichet/dossiers/{id}/refus", post(desk::case::refuse))
}

/// What desk readers call: programs with a key of their own, no browsers. Counted by address before any proof is judged.
pub(crate) fn readers_of_desks(app: &Shared) -> Router<Shared> {
    if app.cnie.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/reader/v1/cases/next", post(desk::reader::next))
        .route("/reader/v1/cases/card", post(desk::reader::card))
        .route("/reader/v1/cases/answers", post(desk::reader::answers))
        .route("/reader/v1/cases/fingerprint", post(desk::reader::fingerprint))
        .layer(DefaultBodyLimit::max(FILES_LIMIT))
        .route_layer(from_fn_with_state(Arc::clone(app), limits::reader))
}

/// What every door for browsers serves beside its pages.
fn around(routes: Router<Shared>) -> Router<Shared> {
    routes
        .route("/assets/{*file}", get(asset))
        .route("/bouton.css", get(button_style))
        .merge(alive(Router::new()))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
}

/// What every door serves that whoever runs the gateway looks at.
fn alive(routes: Router<Shared>) -> Router<Shared> {
    routes.route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready))
}

/// What relying parties' servers call: the endpoints that have an alias for clients with certificates (RFC 8705 §5).
fn back_channel() -> Router<Shared> {
    Router::new()
        .route("/par", post(par::post))
        .route("/token", post(token::post))
        .route("/revoke", post(revoke::post))
        .route("/introspect", post(introspect::post))
        .route("/userinfo", get(userinfo::get).post(userinfo::post))
}

/// Everything at the door for everybody.
fn router(app: &Shared, desk: Option<Router<Shared>>) -> Router {
    // Forms of our own pages. Their secret is the first lock, the browser's word on where the form stood the second.
    let citizen = Router::new()
        .route("/signin/{id}", get(choose::resume))
        .route("/signin/{id}/choose", get(choose::get).post(choose::post))
        .route("/signin/{id}/change", post(choose::change))
        .route("/signin/{id}/arriving", get(choose::arriving))
        .route("/signin/{id}/inform", get(inform::get).post(inform::post))
        .route("/signin/{id}/finish", get(finish::get).route_layer(from_fn_with_state(Arc::clone(app), limits::finish)))
        .route("/signin/{id}/refused", get(refused::get))
        .route(
            "/signin/{id}/cancel",
            post(leave::cancel).route_layer(from_fn_with_state(Arc::clone(app), limits::finish)),
        )
        .route("/signin/{id}/ended", get(leave::ended))
        .route("/signin/{id}/card", get(cnie::page::get))
        .route("/signin/{id}/card/state", get(cnie::page::state))
        .route("/signin/{id}/card/qr.svg", get(cnie::page::qr))
        .layer(csrf(app));

    // Cross-site by nature: what relying parties and providers send browsers and servers to.
    let (begins, returns) =
        (from_fn_with_state(Arc::clone(app), limits::authorize), from_fn_with_state(Arc::clone(app), limits::callback));
    let provider = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/jwks", get(discovery::jwks))
        .route("/authorize", get(authorize::get).route_layer(begins).post(authorize::post))
        .merge(back_channel())
        .route("/end-session", get(end_session::get).post(end_session::post))
        .route("/callback/{provider}", get(arrive::get).route_layer(returns))
        .route("/callback/{provider}/logged-out", get(logged_out::get));

    let public = Router::new()
        .merge(citizen)
        .merge(provider)
        .merge(french(app))
        .merge(bench::endpoints::router(app.bench.rooms().clone()))
        .merge(card(app))
        .merge(counted())
        .merge(phones(app))
        .merge(desk.unwrap_or_default())
        .merge(figures(app))
        .merge(platforms(app))
        .route("/", get(front::get));
    bounded(around(public), &app.issuer, app)
}

/// What is told to everybody of the desks: where there are any.
fn figures(app: &Shared) -> Router<Shared> {
    if app.desk.is_none() {
        return Router::new();
    }
    Router::new().route(indicators::PLACE, get(indicators::get)).route("/indicateurs.csv", get(indicators::get_csv))
}

/// What another platform of habilitations tells, where there is one.
fn platforms(app: &Shared) -> Router<Shared> {
    if app.datapass.is_none() {
        return Router::new();
    }
    Router::new().route("/datapass/webhook", post(datapass::post)).layer(DefaultBodyLimit::max(datapass::LIMIT))
}

/// What holds for every route.
fn bounded(routes: Router<Shared>, origin: &Issuer, app: &Shared) -> Router {
    // The first is the outermost. One stack: of several layers, each would put every route into a box of its own.
    let stack = ServiceBuilder::new()
        .layer(telemetry::layer())
        .layer(option_layer(origin.is_https().then(https_only)))
        .layer(CatchPanicLayer::custom(telemetry::panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME_LIMIT))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    routes.layer(stack).with_state(Arc::clone(app))
}

/// The same endpoints where French software has hard-coded them (decision 11). The rules of a client are its own,
/// whatever path it calls; the paths decide on nothing but the form of what is sent and answered there.
fn french(app: &Shared) -> Router<Shared> {
    let begins = || from_fn_with_state(Arc::clone(app), limits::authorize);
    let first = Router::new()
        .route("/authorize", get(authorize::get).route_layer(begins()).post(authorize::post))
        .route("/token", post(token::post).route_layer(from_fn(json::as_form)))
        .route("/userinfo", get(userinfo::get_first).post(userinfo::post_first))
        .route("/logout", get(end_session::get).post(end_session::post));
    let second = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/jwks", get(discovery::jwks))
        .route("/authorize", get(authorize::get).route_layer(begins()).post(authorize::post))
        .route("/token", post(token::post).route_layer(from_fn(json::as_form)))
        .route("/token/revocation", post(revoke::post))
        .route("/checktoken", post(introspect::post))
        .route("/userinfo", get(userinfo::get).post(userinfo::post))
        .route("/session/end", get(end_session::get).post(end_session::post));
    Router::new().nest("/api/v1", first).nest("/api/v2", second)
}

/// The pages of whoever has an identity on a card, where the gateway is a provider of its own.
fn card(app: &Shared) -> Router<Shared> {
    if app.cnie.is_none() {
        return Router::new();
    }
    let losses = from_fn_with_state(Arc::clone(app), limits::loss);
    Router::new()
        .route("/carte", get(cnie::home::get))
        .route("/carte/confirmer", post(cnie::followed::confirmed).route_layer(losses.clone()))
        .route("/carte/confirmer/{token}", get(cnie::followed::confirm))
        .route("/carte/fermer", post(cnie::followed::left).route_layer(losses.clone()))
        .route("/carte/fermer/{token}", get(cnie::followed::leave))
        .route("/carte/garder", post(cnie::followed::stayed).route_layer(losses.clone()))
        .route("/carte/garder/{token}", get(cnie::followed::stay))
        .route("/carte/perte", post(cnie::loss::post).route_layer(losses).get(cnie::loss::get))
        .route("/carte/demande/{file}", get(cnie::request_sheet::get))
        .layer(csrf(app))
}

/// What phones call, and where the links lead that they open, where the gateway is a provider of its own.
fn phones(app: &Shared) -> Router<Shared> {
    if app.cnie.is_none() {
        return Router::new();
    }
    cnie::api::routes(app)
        .route("/app/q/{handle}", get(cnie::landing::get))
        .route("/app/l/{handle}", get(cnie::landing::get))
}

/// What was counted, in a gateway that was built to be counted.
fn counted() -> Router<Shared> {
    #[cfg(feature = "measure")]
    return Router::new().route("/measure", get(crate::measure::get));
    #[cfg(not(feature = "measure"))]
    Router::new()
}

/// Browsers come back over https alone, for a year (RFC 6797 §6.1). Without `includeSubDomains`: the issuer may be the
/// top of a domain whose other hosts are not ours to decide on, and against a sibling's cookies there is `__Host-`.
fn https_only() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"))
}

/// Refuses what stood on another site, with a page.
fn csrf(app: &Shared) -> CsrfLayer<impl FnMut(ProtectionError) -> Response + Clone + use<>> {
    let refusing = Arc::clone(app);
    // The issuer is trusted by name, so that a proxy that rewrites `Host` locks nobody out.
    CsrfLayer::new()
        .add_trusted_origin(app.issuer.as_str())
        .expect("an issuer is an origin")
        .with_rejection_response(move |_| stale(&refusing, Occasion::in_language(Language::default())))
}

async fn asset(State(app): State<Shared>, file: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    app.assets.answer(file.as_ref().map_or("", |Path(file)| file), &headers)
}

/// The style of the button on the sites of relying parties, which may load it from here.
async fn button_style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=2592000"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (http::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, BUTTON_STYLE)
}

/// Whether the stores answer; and, where cards are taken, whether the clock can be believed.
async fn ready(State(app): State<Shared>) -> Response {
    let (ephemeral, registry) = tokio::join!(app.ephemeral.ping(), app.registry.ping());
    match ephemeral.and(registry) {
        Ok(()) if app.cnie.is_some() && app.clock.check().is_err() => {
            audit::mark((StatusCode::SERVICE_UNAVAILABLE, "the clock went back").into_response(), Other::ClockBack)
        }
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            audit::mark((StatusCode::SERVICE_UNAVAILABLE, "a store does not answer").into_response(), Other::NotReady)
        }
    }
}

async fn not_found(State(app): State<Shared>, headers: HeaderMap) -> Response {
    problem(&app, Occasion::of(&headers), StatusCode::NOT_FOUND, WhatWentWrong::NotFound, ProblemCode::P404)
}

async fn wrong_method(State(app): State<Shared>, headers: HeaderMap) -> Response {
    problem(&app, Occasion::of(&headers), StatusCode::METHOD_NOT_ALLOWED, WhatWentWrong::WrongMethod, ProblemCode::P405)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;
    use axum::http::Request;
    use tempfile::TempDir;
    use tower::ServiceExt as _;

    use super::*;
    use crate::listen::address::ClientAddress;

    /// The router of a gateway with this configuration, and the folder it lives in.
    async fn routed(text: &str) -> (Router, TempDir) {
        let (app, folder) = crate::serve::standing(text).await;
        (router(&app, None), folder)
    }

    async fn ask(router: &Router, method: &str, uri: &str, from: &str) -> Response {
        let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ClientAddress(from.parse::<IpAddr>().expect("an address")));
        let Ok(response) = router.clone().oneshot(request).await;
        response
    }

    const LOCAL: &str = "issuer = \"http://127.0.0.1:8401\"\n";

    #[tokio::test]
    async fn an_address_that_begins_too_many_sign_ins_is_asked_to_wait() {
        let (router, _folder) = routed(&format!("{LOCAL}[limits]\nauthorize_per_minute = 3\n")).await;
        for path in ["/authorize?client_id=x", "/callback/impots?state=x"] {
            for _ in 0..3 {
                let status = ask(&router, "GET", path, "192.0.2.1").await.status();
                assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{path}");
            }
            let refused = ask(&router, "GET", path, "192.0.2.1").await;
            assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
            let wait: u64 = refused.headers()[header::RETRY_AFTER]
                .to_str()
                .ok()
                .and_then(|text| text.parse().ok())
                .expect("seconds");
            assert!((1..=20).contains(&wait), "{wait}");
            let page = axum::body::to_bytes(refused.into_body(), usize::MAX).await.expect("whole");
            let page = String::from_utf8_lossy(&page);
            assert!(page.contains("data-code=\"P429\"") && page.contains("Trop de demandes"), "{page}");
            for (other, from) in [(path, "192.0.2.2"), (path, "127.0.0.1"), ("/jwks", "192.0.2.1")] {
                let status = ask(&router, "GET", other, from).await.status();
                assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{other} from {from}");
            }
        }
        for path in ["/api/v1/authorize", "/api/v2/authorize"] {
            let status = ask(&router, "GET", path, "192.0.2.1").await.status();
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{path}: another name of a door that is shut");
        }
        // It only leads to the GET, which is counted.
        let post = ask(&router, "POST", "/authorize", "192.0.2.1").await.status();
        assert_ne!(post, StatusCode::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn what_phones_call_is_there_where_cards_are_taken_alone() {
        let (none, _folder) = routed(LOCAL).await;
        let cards = cnie::bench::Gateway::standing().await;
        let there = router(&cards.app, None);
        for (method, path) in [
            ("GET", "/app/v1/terms"),
            ("GET", "/app/v1/openapi.json"),
            ("POST", "/app/v1/claims"),
            ("POST", "/app/v1/transactions"),
            ("POST", "/app/v1/transactions/card"),
            ("GET", "/app/q/x"),
            ("GET", "/app/l/x"),
        ] {
            assert_eq!(ask(&none, method, path, "127.0.0.1").await.status(), StatusCode::NOT_FOUND, "{path}");
            assert_ne!(ask(&there, method, path, "127.0.0.1").await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    const PUBLISHED: [&str; 3] = ["/jwks", "/.well-known/openid-configuration", "/api/v2/jwks"];

    #[tokio::test]
    async fn scripts_of_another_site_read_what_is_published_and_no_more() {
        let (router, _folder) = routed(LOCAL).await;
        let paths = [
            "/authorize?client_id=x",
            "/par",
            "/token",
            "/revoke",
            "/introspect",
            "/userinfo",
            "/end-session",
            "/callback/impots",
            "/signin/x",
            "/signin/x/choose",
            "/nowhere",
            "/api/v1/authorize",
            "/api/v2/token",
            "/healthz",
        ];
        for (path, origin) in
            paths.iter().chain(&PUBLISHED).flat_map(|path| [(path, "https://evil.example"), (path, "null")])
        {
            for method in ["GET", "POST", "OPTIONS"] {
                let mut request = Request::builder().method(method).uri(*path).body(Body::empty()).expect("a request");
                request.extensions_mut().insert(ClientAddress(IpAddr::from([127, 0, 0, 1])));
                let headers = request.headers_mut();
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
                headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
                headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("authorization"));
                let Ok(answer) = router.clone().oneshot(request).await;
                let case = format!("{method} {path} from {origin}");
                let allows = |name: &header::HeaderName| name.as_str().starts_with("access-control-");
                let allowed: Vec<_> = answer.headers().iter().filter(|(name, _)| allows(name)).collect();
                // What is published to all is the one exception, and never with credentials.
                let published = method == "GET" && PUBLISHED.contains(path);
                let anyone = (&header::ACCESS_CONTROL_ALLOW_ORIGIN, &HeaderValue::from_static("*"));
                assert_eq!(allowed, if published { vec![anyone] } else { Vec::new() }, "{case}");
                assert!(method != "OPTIONS" || answer.status().is_client_error(), "{case}: {}", answer.status());
            }
        }
    }

    #[tokio::test]
    async fn every_answer_of_an_https_issuer_asks_for_https_from_then_on() {
        let (https, _folder) = routed("issuer = \"https://127.0.0.1:8401\"\n").await;
        let (http, _other) = routed(LOCAL).await;
        for path in ["/healthz", "/jwks", "/nowhere", "/authorize", "/signin/x", "/assets/nothing"] {
            let told = |response: Response| response.headers().get(header::STRICT_TRANSPORT_SECURITY).cloned();
            let year = told(ask(&https, "GET", path, "192.0.2.1").await).expect(path);
            assert_eq!(year, "max-age=31536000", "{path}");
            assert_eq!(told(ask(&http, "GET", path, "192.0.2.1").await), None, "{path}");
        }
    }
}
