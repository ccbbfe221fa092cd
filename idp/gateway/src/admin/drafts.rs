//! What applicants' programs do to a request: begin it, write in it, hand it in, open it again, give that up. Of two who write at
//! once neither loses a text: a field that nobody else changed is kept, and of one that somebody did both texts come back.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::habilitation::acting::{Acting, Write};
use domain::habilitation::acts::{Done, NotDone};
use domain::habilitation::any::AnyReview;
use domain::habilitation::field::Field;
use domain::habilitation::form::Form;
use domain::habilitation::review::Reason;
use domain::partners::permission::{EditRequests, SubmitRequests};
use http::StatusCode;
use http::header::{ETAG, HeaderValue, LOCATION};
use serde::Deserialize;
use store::registry::{Changed, KeptReview};
use utoipa::ToSchema;

use super::body::{Read, Sent};
use super::caller::Caller;
use super::problem::{Problem, Trouble, Wrong};
use super::requests::{find, shown, tag};
use super::wire::{Answers, Told};
use crate::app::{App, Shared};
use crate::audit::Admin;
use crate::habilitation::block::{Merged, merge, writable};
use crate::habilitation::keep::{self, Turn};

/// A form, or some of its fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// The answers, by the names of the fields. An empty text empties a field; one that is not named stays.
    #[schema(example = json!({"title": "Cantine scolaire", "asks.email": "on", "need.email": "Confirmer l'inscription."}))]
    form: Answers,
}

impl Fields {
    /// Writes them into a form; all of them, or none.
    fn write_in(&self, mut form: Form) -> Result<(Form, Vec<Field>), Trouble> {
        let (mut fields, mut wrong) = (Vec::with_capacity(self.form.len()), Vec::new());
        for (name, text) in &self.form {
            match Field::parse(name).map(|field| (field, form.set(field, text))) {
                Some((field, Ok(()))) => fields.push(field),
                Some((field, Err(unfit))) => wrong.push(Wrong::new(field.name(), unfit.to_string())),
                None => wrong.push(Wrong::new(name.chars().take(60).collect::<String>(), "is no field of the form")),
            }
        }
        if wrong.is_empty() { Ok((form, fields)) } else { Err(Trouble::wrong(Admin::InputInvalid, wrong)) }
    }
}

/// Begins a request of an organisation.
#[utoipa::path(post, path = "/admin/v1/organisations/{siret}/requests", tag = "drafts", request_body = Fields,
    params(("siret" = String, Path, description = "A SIRET of 14 digits")), responses(
    (status = 201, body = Told, headers(("Location" = String, description = "Where it is"))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn begin(
    caller: Caller<EditRequests>,
    State(app): State<Shared>,
    Sent(fields): Sent<Fields>,
) -> Result<Response, Trouble> {
    let (by, organisation) = (Acting::<Write>::from(&caller.granted), caller.organisation()?);
    let (form, _) = fields.write_in(Form::default())?;
    let id = keep::begin(&app, organisation, &by, form).await?.map_err(Trouble::from)?;
    let kept = find(&app, id.as_str()).await?;
    let place = HeaderValue::from_str(&format!("/admin/v1/requests/{id}")).expect("hexadecimal digits");
    let headers = [(LOCATION, place), (ETAG, tag(kept.version))];
    Ok((StatusCode::CREATED, headers, Json(Told::from(&kept))).into_response())
}

/// Writes in a request. `If-Match` names the version that was read: what others wrote since in other fields stays, and a field
/// that they wrote something else in is told (`admin.conflict`), with both texts; the others are kept.
#[utoipa::path(patch, path = "/admin/v1/requests/{request}", tag = "drafts", request_body = Fields,
    params(("request" = String, Path, description = "The number of a request"),
           ("If-Match" = String, Header, description = "The entity tag of the version that was read")), responses(
    (status = 200, body = Told, headers(("ETag" = String, description = "The version of now"))),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn write(
    caller: Caller<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Read(version): Read,
    Sent(fields): Sent<Fields>,
) -> Result<Response, Trouble> {
    let (by, kept) = (Acting::<Write>::from(&caller.granted), find(&app, &request).await?);
    let base = app.registry.request_form(&kept.review.about().id, version).await?;
    let base = base.ok_or_else(|| Trouble::other_version(kept.version))?;
    let (mine, fields) = fields.write_in(base.clone())?;
    if !writable(&kept.review) {
        return Err(Admin::OutOfTurn.into());
    }
    match merge(&app, kept, (&base, &mine, &fields), &by).await? {
        Merged::Kept { kept, conflicts } if conflicts.is_empty() => Ok(shown(&kept)),
        Merged::Kept { kept, conflicts } => {
            let errors = conflicts.into_iter().map(Wrong::from).collect();
            Err(Trouble::at_version(Admin::Conflict, errors, kept.version))
        }
        Merged::NotDone(not_done) => Err(not_done.into()),
    }
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AsRead {
    /// The version of the request that this is decided on. With another, nothing is done (`admin.changed_meanwhile`).
    pub(super) version: i64,
}

/// Acts on a request, when it is the version that was read: the request as it is from then on.
pub(super) async fn act<C>(
    app: &App,
    kept: &KeptReview,
    read: i64,
    (by, reason): (&Acting<C>, Option<Reason>),
    take: impl FnOnce(AnyReview) -> Result<Done, NotDone>,
) -> Result<Response, Trouble> {
    if read != kept.version {
        return Err(Trouble::other_version(kept.version));
    }
    let turn = Turn { done: take(kept.review.clone())?, by: by.author().clone(), reason };
    match keep::change(app, kept, &turn).await? {
        Changed::Done => Ok(shown(&find(app, kept.review.about().id.as_str()).await?)),
        Changed::Lost => Err(Trouble::from(Admin::ChangedMeanwhile)),
    }
}

/// Hands a request to the reviewers.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/submit", tag = "drafts", request_body = AsRead,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn submit(
    caller: Caller<SubmitRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(AsRead { version }): Sent<AsRead>,
) -> Result<Response, Trouble> {
    if caller.organisation()?.verified().is_err() {
        return Err(Admin::OrganisationUnverified.into());
    }
    let (by, now) = (Acting::<Write>::from(&caller.granted), app.clock.now());
    let kept = find(&app, &request).await?;
    act(&app, &kept, version, (&by, None), |review| review.submit(&by, now)).await
}

/// Opens a request again that was granted or refused. What was granted stays in force.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/reopen", tag = "drafts", request_body = AsRead,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn reopen(
    caller: Caller<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(AsRead { version }): Sent<AsRead>,
) -> Result<Response, Trouble> {
    let (by, now) = (Acting::<Write>::from(&caller.granted), app.clock.now());
    let kept = find(&app, &request).await?;
    act(&app, &kept, version, (&by, None), |review| review.reopen(&by, now)).await
}

/// Gives up what was opened again: the request is as it was granted.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/cancel-reopening", tag = "drafts", request_body = AsRead,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cancel_reopening(
    caller: Caller<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(AsRead { version }): Sent<AsRead>,
) -> Result<Response, Trouble> {
    let by = Acting::<Write>::from(&caller.granted);
    let kept = find(&app, &request).await?;
    act(&app, &kept, version, (&by, None), |review| review.give_up(&by)).await
}
