//! One request: `GET /espace/demandes/{request}`, and what its organisation does to it as a whole: handing it in, opening it
//! again, giving that up, putting it away.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::acting::Acting;
use domain::habilitation::complete::Complete;
use domain::habilitation::review::{Happened, Refusal};
use domain::habilitation::thread::{Side, unread};
use domain::partners::permission::{
    About, EditRequests, Permit, ReadRequests, ReviewRequests, RunBench, SubmitRequests,
};
use domain::time::Timestamp;
use http::StatusCode;
use store::StoreError;
use store::registry::{Event, KeptReview};

use super::keep;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::bench::request::Benched;
use crate::pages::View as _;
use crate::pages::requests::{EventLine, RequestPage};
use crate::pages::services::above;
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, Holder};
use crate::signin::at::unavailable;

/// `GET /espace/demandes/{request}`.
pub(crate) async fn get(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Response {
    let shown = match keep::find(&app, &request).await {
        Ok(Some(kept)) => page(&app, &holder, &kept, None).await,
        Ok(None) => return refusal::inside(&app, &holder.here, Space::Unseen),
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| unavailable(&app, holder.here.occasion, &error))
}

/// The page of a request, with the reason why the last act came to nothing.
pub(super) async fn page<P: Permit>(
    app: &App,
    holder: &Holder<P>,
    kept: &KeptReview,
    told: Option<&Refusal>,
) -> Result<Response, StoreError> {
    let (here, review) = (&holder.here, &kept.review);
    let Some(organisation) = &holder.organisation else {
        return Ok(refusal::inside(app, here, Space::Unseen));
    };
    let about = About::Organisation(organisation);
    let may_submit = here.partner.may(SubmitRequests, about).is_ok();
    let may_review = here.partner.may(ReviewRequests, about).is_ok();
    let id = &review.about().id;
    let side = if may_review { Side::Review } else { Side::Applicant };
    let looked = app.registry.looked_at(id, side).await?;
    let unread = unread(&app.registry.messages(id).await?, side, looked);
    let events = named(app, app.registry.request_events(id).await?).await?;
    let faults = Complete::read(review.form()).err().unwrap_or_default();
    let bench = Benched::of(&app.registry, review, app.clock.now()).await?;
    let page = here.page(app);
    let view = RequestPage {
        page,
        shell: here.shell(page.request_title(review)).below(above(organisation)),
        request: review,
        organisation,
        csrf: &here.csrf,
        faults: &faults,
        events: &events,
        unread,
        told,
        may_write: here.partner.may(EditRequests, about).is_ok(),
        may_submit,
        may_review,
        may_run: organisation.verified().is_ok() && here.partner.may(RunBench, about).is_ok(),
        bench: &bench,
    };
    Ok(match told {
        Some(refused) => {
            let code = Space::from(refused);
            Entry::new(code).on(view.answer(refusal::status(code)))
        }
        None => view.answer(StatusCode::OK),
    })
}

/// What happened, with the names of those who did it.
async fn named(app: &App, events: Vec<(Timestamp, Event)>) -> Result<Vec<EventLine>, StoreError> {
    let mut lines: Vec<EventLine> = Vec::with_capacity(events.len());
    for (at, event) in events {
        // One line for many saves in a row by one person, and for many points that one reviewer looked at.
        let again = matches!(event.happened, Happened::Written | Happened::LookedAt);
        if let Some(last) = lines.last_mut()
            && again
            && last.event == event
        {
            last.at = at;
            continue;
        }
        let known = lines.iter().find(|line| line.event.by == event.by).map(|line| line.by.clone());
        let by = match known {
            Some(by) => by,
            None => keep::author_name(app, &event.by).await?,
        };
        lines.push(EventLine { at, by, event });
    }
    Ok(lines)
}

/// `POST /espace/demandes/{request}/envoi`: hands it in.
pub(crate) async fn submit(
    holder: Holder<SubmitRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    _: CheckedForm,
) -> Response {
    if holder.organisation.as_ref().is_none_or(|organisation| organisation.verified().is_err()) {
        return refusal::inside(&app, &holder.here, Space::OrganisationUnverified);
    }
    let (by, now) = (Acting::from(&holder.held), app.clock.now());
    keep::act(&app, &holder, &request, (&by, None), |review| review.submit(&by, now)).await
}

/// `POST /espace/demandes/{request}/reprise`: opens it again.
pub(crate) async fn reopen(
    holder: Holder<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    _: CheckedForm,
) -> Response {
    let (by, now) = (Acting::from(&holder.held), app.clock.now());
    keep::act(&app, &holder, &request, (&by, None), |review| review.reopen(&by, now)).await
}

/// `POST /espace/demandes/{request}/abandon`: gives up what was opened again.
pub(crate) async fn give_up(
    holder: Holder<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    _: CheckedForm,
) -> Response {
    let by = Acting::from(&holder.held);
    keep::act(&app, &holder, &request, (&by, None), |review| review.give_up(&by)).await
}

/// `POST /espace/demandes/{request}/archive`: puts it away.
pub(crate) async fn archive(
    holder: Holder<EditRequests>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    _: CheckedForm,
) -> Response {
    let (by, now) = (Acting::from(&holder.held), app.clock.now());
    keep::act(&app, &holder, &request, (&by, None), |review| review.archive(now)).await
}
