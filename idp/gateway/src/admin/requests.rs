//! Requests as programs read them: listed page by page; one, its versions, what differs between two, what was written about it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::habilitation::any::State as Step;
use domain::habilitation::differences::between;
use domain::habilitation::form::Form;
use domain::id::HabilitationRequestId;
use domain::partners::permission::{ReadQueue, ReadRequests};
use domain::partners::token::TokenReach;
use http::header::{ETAG, HeaderValue};
use store::registry::KeptReview;

use super::body::Asked;
use super::caller::Caller;
use super::problem::{Problem, Trouble};
use super::wire::{Differs, Listed, OwnWish, Page, Said, Span, Told, VersionTold, Wish};
use crate::app::{App, Shared};
use crate::audit::Admin;
use crate::habilitation::keep;

/// A request as it is now, under its entity tag.
pub(super) fn shown(kept: &KeptReview) -> Response {
    let mut answer = Json(Told::from(kept)).into_response();
    answer.headers_mut().insert(ETAG, tag(kept.version));
    answer
}

/// The entity tag of a version.
pub(super) fn tag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes")
}

/// The request that a path is about.
pub(super) async fn find(app: &App, request: &str) -> Result<KeptReview, Trouble> {
    keep::find(app, request).await?.ok_or_else(|| Admin::Unseen.into())
}

/// Lists requests, by state, département or organisation.
#[utoipa::path(get, path = "/admin/v1/requests", tag = "requests", params(Wish), responses(
    (status = 200, body = Page<Listed>), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    caller: Caller<ReadQueue>,
    State(app): State<Shared>,
    Asked(wish): Asked<Wish>,
) -> Result<Json<Page<Listed>>, Trouble> {
    page(&app, &wish, caller.granted.reach()).await
}

/// Lists the requests of an organisation.
#[utoipa::path(get, path = "/admin/v1/organisations/{siret}/requests", tag = "requests",
    params(("siret" = String, Path, description = "A SIRET of 14 digits"), OwnWish), responses(
    (status = 200, body = Page<Listed>), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn of_organisation(
    caller: Caller<ReadRequests>,
    State(app): State<Shared>,
    Asked(wish): Asked<OwnWish>,
) -> Result<Json<Page<Listed>>, Trouble> {
    let own = wish.within(caller.organisation()?.siret);
    page(&app, &own, caller.granted.reach()).await
}

async fn page(app: &App, wish: &Wish, reach: &TokenReach) -> Result<Json<Page<Listed>>, Trouble> {
    let named = |name: &str| Step::ALL.iter().copied().find(|state| state.name() == name).ok_or(Admin::QueryInvalid);
    let state = wish.state.as_deref().map(named).transpose()?;
    let after = wish.cursor.as_deref().map(HabilitationRequestId::parse).transpose();
    let (after, limit) = (after.map_err(|_| Admin::QueryInvalid)?, wish.limit()?);
    let found = match wish.part(state, reach)? {
        Some(part) => app.registry.requests_page(&part, after.as_ref(), limit).await?,
        None => Vec::new(),
    };
    Ok(Json(Page::of(found.iter().map(Listed::from).collect(), limit, |listed| listed.id.clone())))
}

/// One request, with what was written, how far its review is, and what is still to be put right. The entity tag is its
/// version.
#[utoipa::path(get, path = "/admin/v1/requests/{request}", tag = "requests",
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told, headers(("ETag" = String, description = "The version"))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    _: Caller<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Result<Response, Trouble> {
    Ok(shown(&find(&app, &request).await?))
}

/// What became of a request, version by version.
#[utoipa::path(get, path = "/admin/v1/requests/{request}/versions", tag = "requests",
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = [VersionTold]), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn versions(
    _: Caller<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Result<Json<Vec<VersionTold>>, Trouble> {
    let kept = find(&app, &request).await?;
    let events = app.registry.request_events(&kept.review.about().id).await?;
    Ok(Json((1..).zip(&events).map(|(version, event)| VersionTold::of(version, event)).collect()))
}

/// What differs between two versions of the form, field by field.
#[utoipa::path(get, path = "/admin/v1/requests/{request}/differences", tag = "requests",
    params(("request" = String, Path, description = "The number of a request"), Span), responses(
    (status = 200, body = [Differs]), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn differences(
    _: Caller<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Asked(span): Asked<Span>,
) -> Result<Json<Vec<Differs>>, Trouble> {
    let kept = find(&app, &request).await?;
    let id = &kept.review.about().id;
    let earlier = form_at(&app, id, span.from).await?;
    let later = form_at(&app, id, span.to.unwrap_or(kept.version)).await?;
    Ok(Json(between(&earlier, &later).into_iter().map(Differs::from).collect()))
}

/// The form of a request as it was at a version.
pub(super) async fn form_at(app: &App, id: &HabilitationRequestId, version: i64) -> Result<Form, Trouble> {
    app.registry.request_form(id, version).await?.ok_or_else(|| Admin::QueryInvalid.into())
}

/// What applicants and reviewers wrote to each other.
#[utoipa::path(get, path = "/admin/v1/requests/{request}/messages", tag = "requests",
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = [Said]), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn messages(
    _: Caller<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Result<Json<Vec<Said>>, Trouble> {
    let kept = find(&app, &request).await?;
    let messages = app.registry.messages(&kept.review.about().id).await?;
    Ok(Json(messages.iter().map(Said::from).collect()))
}
