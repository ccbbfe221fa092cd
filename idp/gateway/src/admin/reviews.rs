//! What reviewers' programs do to a request: look at its points, agree, send it back, refuse, take back. Each decision is on the
//! version that was read, and all but a yes have a reason. Where two must agree, one is always a person.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::acting::{Acting, Instruct, Revoke};
use domain::habilitation::checklist::{Mark, Point};
use domain::habilitation::review::Reason;
use domain::id::HabilitationId;
use domain::partners::permission::{ApproveRequests, ReviewRequests, RevokeHabilitations};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Sent;
use super::caller::Caller;
use super::drafts::act;
use super::problem::{Problem, Trouble, Wrong};
use super::requests::find;
use super::wire::Told;
use crate::app::Shared;
use crate::audit::Admin;
use crate::habilitation::agreement::Agreement;

/// What was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Looked {
    /// The version of the request that was looked at.
    version: i64,
    /// By the name of each point, whether it was looked at and is good. One that is not named stays as it is.
    #[schema(example = json!({"organisation": true, "minimal": false}))]
    points: BTreeMap<String, bool>,
}

/// A decision with its reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithReason {
    /// The version of the request that this is decided on. With another, nothing is done (`admin.changed_meanwhile`).
    version: i64,
    /// Why: 1 to 4000 characters, which the applicant reads.
    #[schema(min_length = 1, max_length = 4000)]
    reason: String,
}

/// A yes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Agreed {
    /// The version of the request that this is decided on. With another, nothing is done (`admin.changed_meanwhile`).
    version: i64,
    /// Why it goes without the homologation bench, where that did not pass on every host citizens come back to: 1 to 4000
    /// characters, which stay with the habilitation.
    #[schema(min_length = 1, max_length = 4000)]
    without_bench: Option<String>,
}

impl WithReason {
    fn read(&self) -> Result<Reason, Trouble> {
        reason("reason", &self.reason)
    }
}

fn reason(field: &'static str, text: &str) -> Result<Reason, Trouble> {
    let wrong = |_| Trouble::wrong(Admin::InputInvalid, vec![Wrong::new(field, "has 1 to 4000 characters")]);
    Reason::parse(text).map_err(wrong)
}

/// Notes what was looked at.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/points", tag = "reviews", request_body = Looked,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn look(
    caller: Caller<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(looked): Sent<Looked>,
) -> Result<Response, Trouble> {
    let by = Acting::<Instruct>::from(&caller.granted);
    let (mut marks, mut wrong) = (Vec::with_capacity(looked.points.len()), Vec::new());
    for (name, seen) in &looked.points {
        match Point::parse(name) {
            Some(point) => marks.push((point, if *seen { Mark::Seen } else { Mark::Open })),
            None => wrong.push(Wrong::new(name.chars().take(60).collect::<String>(), "is no point of a review")),
        }
    }
    let mut marks = marks.into_iter();
    let Some((first, mark)) = marks.next().filter(|_| wrong.is_empty()) else {
        return Err(Trouble::wrong(Admin::InputInvalid, wrong));
    };
    let kept = find(&app, &request).await?;
    act(&app, &kept, looked.version, (&by, None), |review| {
        let start = review.look(&by, first, mark)?;
        marks.try_fold(start, |done, (point, mark)| done.review.look(&by, point, mark))
    })
    .await
}

/// Agrees. Where two must, the first is noted, and the other is a person of the operator who does not answer for the token.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/approve", tag = "reviews", request_body = Agreed,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn approve(
    caller: Caller<ApproveRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(agreed): Sent<Agreed>,
) -> Result<Response, Trouble> {
    let by = Acting::<Instruct>::from(&caller.granted);
    let without = agreed.without_bench.as_deref().map(|text| reason("without_bench", text)).transpose()?;
    let id = HabilitationId::from_random(app.random.bytes());
    let kept = find(&app, &request).await?;
    let of = (&kept.review, caller.organisation()?);
    let agreement = Agreement::of(&app.registry, of, app.clock.now()).await?.without_bench(without);
    act(&app, &kept, agreed.version, (&by, None), |review| agreement.give(review, &by, id)).await
}

/// Sends a request back.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/request-changes", tag = "reviews", request_body = WithReason,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn request_changes(
    caller: Caller<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(sent): Sent<WithReason>,
) -> Result<Response, Trouble> {
    let (by, reason, now) = (Acting::<Instruct>::from(&caller.granted), sent.read()?, app.clock.now());
    let kept = find(&app, &request).await?;
    let told = (&by, Some(reason.clone()));
    act(&app, &kept, sent.version, told, |review| review.request_changes(&by, reason, now)).await
}

/// Refuses a request. What was granted before stays.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/refuse", tag = "reviews", request_body = WithReason,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn refuse(
    caller: Caller<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(sent): Sent<WithReason>,
) -> Result<Response, Trouble> {
    let (by, reason, now) = (Acting::<Instruct>::from(&caller.granted), sent.read()?, app.clock.now());
    let kept = find(&app, &request).await?;
    let told = (&by, Some(reason.clone()));
    act(&app, &kept, sent.version, told, |review| review.refuse(&by, reason, now)).await
}

/// Takes back what was granted for a request: its services are given nothing from the next call on.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/revoke", tag = "reviews", request_body = WithReason,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 200, body = Told), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    caller: Caller<RevokeHabilitations>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(sent): Sent<WithReason>,
) -> Result<Response, Trouble> {
    let (by, reason, now) = (Acting::<Revoke>::from(&caller.granted), sent.read()?, app.clock.now());
    let kept = find(&app, &request).await?;
    let told = (&by, Some(reason.clone()));
    act(&app, &kept, sent.version, told, |review| review.revoke(&by, reason, now)).await
}
