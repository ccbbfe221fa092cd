//! The review of a request: `GET /espace/demandes/{request}/instruction`, with what changed, the points to look at and the
//! decision; and the three decisions, and the taking back of what was granted.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::acting::{Acting, Instruct, Revoke};
use domain::habilitation::acts::{Done, NotDone};
use domain::habilitation::any::AnyReview;
use domain::habilitation::checklist::{Mark, Point};
use domain::habilitation::complete::Complete;
use domain::habilitation::differences::between;
use domain::habilitation::form::Form;
use domain::habilitation::review::Reason;
use domain::habilitation::templates::Places;
use domain::id::HabilitationId;
use domain::partners::permission::{About, ApproveRequests, Permit, ReviewRequests, RevokeHabilitations, RunBench};
use http::StatusCode;
use store::StoreError;
use store::registry::KeptReview;

use super::keep;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::bench::request::Benched;
use crate::habilitation::agreement::Agreement;
use crate::pages::View as _;
use crate::pages::requests::{Prepared, ReviewPage};
use crate::pages::services::above;
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, FreshHolder, Holder};
use crate::signin::at::unavailable;

/// `GET /espace/demandes/{request}/instruction`.
pub(crate) async fn get(
    holder: Holder<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Response {
    show(&app, &holder, &request, None).await
}

async fn show<P: Permit>(app: &App, holder: &Holder<P>, request: &str, typed: Option<&str>) -> Response {
    let shown = match keep::find(app, request).await {
        Ok(Some(kept)) => page(app, holder, &kept, typed).await,
        Ok(None) => return refusal::inside(app, &holder.here, Space::Unseen),
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| unavailable(app, holder.here.occasion, &error))
}

async fn page<P: Permit>(
    app: &App,
    holder: &Holder<P>,
    kept: &KeptReview,
    typed: Option<&str>,
) -> Result<Response, StoreError> {
    let (here, review) = (&holder.here, &kept.review);
    let about = review.about();
    let Some(organisation) = &holder.organisation else {
        return Ok(refusal::inside(app, here, Space::Unseen));
    };
    let earlier = compared(app, kept).await?;
    let differences = earlier.as_ref().map(|earlier| between(earlier, review.form())).unwrap_or_default();
    let complete = Complete::read(review.form()).ok();
    let places =
        Places { service: &keep::title(review), organisation: organisation.name.as_str(), request: about.id.as_str() };
    let templates = app.registry.templates().await?;
    let prepared: Vec<Prepared> = templates
        .iter()
        .map(|(_, template)| Prepared {
            answer: template.answer(),
            title: template.title().to_owned(),
            text: template.fill(places),
        })
        .collect();
    let first = match review {
        AnyReview::Submitted(review) => review.step().first.as_ref(),
        AnyReview::Draft(_)
        | AnyReview::ChangesRequested(_)
        | AnyReview::Granted(_)
        | AnyReview::Refused(_)
        | AnyReview::Revoked(_)
        | AnyReview::Archived(_) => None,
    };
    let first_name = match first {
        Some(approval) => keep::author_name(app, &approval.by).await?,
        None => None,
    };
    let same_service = app.registry.requests_of(organisation.siret, 50).await?;
    let others = same_service.iter().filter(|other| other.review.about().id != about.id).count();
    let bench = Benched::of(&app.registry, review, app.clock.now()).await?;
    let page = here.page(app);
    let view = ReviewPage {
        page,
        shell: here.shell(page.request_title(review)).below(above(organisation)),
        request: review,
        organisation,
        csrf: &here.csrf,
        differences: &differences,
        has_earlier: earlier.is_some(),
        complete: complete.as_ref(),
        prepared: &prepared,
        first: first.map(|_| first_name.unwrap_or_default()),
        others,
        typed,
        may_run: organisation.verified().is_ok()
            && here.partner.may(RunBench, About::Organisation(organisation)).is_ok(),
        bench: &bench,
    };
    Ok(match typed {
        Some(_) => Entry::new(Space::InputInvalid).on(view.answer(refusal::status(Space::InputInvalid))),
        None => view.answer(StatusCode::OK),
    })
}

/// The form that the one before the reviewers is compared with: what was granted, or what was submitted before.
async fn compared(app: &App, kept: &KeptReview) -> Result<Option<Form>, StoreError> {
    let about = kept.review.about();
    if let Some(granted) = &about.granted {
        return Ok(Some(granted.form.clone()));
    }
    let mut submissions = app.registry.submissions(&about.id).await?;
    submissions.pop();
    Ok(submissions.pop().map(|earlier| earlier.form))
}

/// `POST /espace/demandes/{request}/points`: what a reviewer looked at.
pub(crate) async fn look(
    holder: Holder<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let by: Acting<Instruct> = Acting::from(&holder.held);
    let read = form.field("submission");
    let seen = |point: Point| if form.text(point.name()).is_empty() { Mark::Open } else { Mark::Seen };
    keep::act_at(&app, &holder, &request, ((&by, None), "/instruction"), |review| {
        let review = as_read(review, read)?;
        let AnyReview::Submitted(step) = &review else { return review.look(&by, Point::Organisation, Mark::Open) };
        let points: Vec<Point> = step.step().checklist.points().map(|(point, _)| point).collect();
        let first = points.first().copied().unwrap_or(Point::Organisation);
        let start = review.look(&by, first, seen(first))?;
        points.into_iter().skip(1).try_fold(start, |done, point| done.review.look(&by, point, seen(point)))
    })
    .await
}

/// `POST /espace/demandes/{request}/accord`.
pub(crate) async fn approve(
    holder: FreshHolder<ApproveRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let holder = holder.into_holder();
    let by: Acting<Instruct> = Acting::from(&holder.held);
    let without = match form.text("without_bench").trim() {
        "" => None,
        text => match Reason::parse(text) {
            Ok(reason) => Some(reason),
            Err(_) => return show(&app, &holder, &request, Some(text)).await,
        },
    };
    let agreement = match agreement(&app, &holder, &request).await {
        Ok(agreement) => agreement.without_bench(without),
        Err(error) => return unavailable(&app, holder.here.occasion, &error),
    };
    let (id, read) = (HabilitationId::from_random(app.random.bytes()), form.field("submission"));
    keep::act(&app, &holder, &request, (&by, None), |review| agreement.give(as_read(review, read)?, &by, id)).await
}

/// What an agreement to the request of a path rests on.
async fn agreement<P: Permit>(app: &App, holder: &Holder<P>, request: &str) -> Result<Agreement, StoreError> {
    let (Some(kept), Some(organisation)) = (keep::find(app, request).await?, &holder.organisation) else {
        return Ok(Agreement::alone(app.clock.now()));
    };
    Agreement::of(&app.registry, (&kept.review, organisation), app.clock.now()).await
}

/// The request, when it is the submission that the reviewer had before them: a decision is on what was read.
fn as_read(review: AnyReview, read: Option<&str>) -> Result<AnyReview, NotDone> {
    let submissions = review.about().submissions;
    if read.and_then(|read| read.parse().ok()) == Some(submissions) {
        Ok(review)
    } else {
        Err(NotDone::OutOfTurn(review.state()))
    }
}

/// `POST /espace/demandes/{request}/complements`.
pub(crate) async fn request_changes(
    holder: Holder<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let by: Acting<Instruct> = Acting::from(&holder.held);
    let (now, read) = (app.clock.now(), form.field("submission"));
    let decide = |review, reason| as_read(review, read)?.request_changes(&by, reason, now);
    decided(&app, &holder, &request, (&by, &form), decide).await
}

/// `POST /espace/demandes/{request}/refus`.
pub(crate) async fn refuse(
    holder: Holder<ReviewRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let by: Acting<Instruct> = Acting::from(&holder.held);
    let (now, read) = (app.clock.now(), form.field("submission"));
    let decide = |review, reason| as_read(review, read)?.refuse(&by, reason, now);
    decided(&app, &holder, &request, (&by, &form), decide).await
}

/// `POST /espace/demandes/{request}/revocation`.
pub(crate) async fn revoke(
    holder: FreshHolder<RevokeHabilitations>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let holder = holder.into_holder();
    let by: Acting<Revoke> = Acting::from(&holder.held);
    let now = app.clock.now();
    let decide = |review: AnyReview, reason| review.revoke(&by, reason, now);
    decided(&app, &holder, &request, (&by, &form), decide).await
}

/// A decision that takes a reason; without one, the page comes back with what was typed.
async fn decided<P: Permit, C>(
    app: &App,
    holder: &Holder<P>,
    request: &str,
    (by, form): (&Acting<C>, &CheckedForm),
    decide: impl FnOnce(AnyReview, Reason) -> Result<Done, NotDone>,
) -> Response {
    let typed = form.text("reason");
    let Ok(reason) = Reason::parse(typed) else { return show(app, holder, request, Some(typed)).await };
    keep::act(app, holder, request, (by, Some(reason.clone())), |review| decide(review, reason)).await
}
