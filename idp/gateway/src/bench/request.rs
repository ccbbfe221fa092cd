//! `/espace/demandes/{request}/banc`: the site of a request is driven on the hosts of its production, before there is a
//! service; and what its page, and that of the review, show of all the reports on sites of its organisation.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::any::AnyReview;
use domain::habilitation::complete::Complete;
use domain::habilitation::homologation::{Homologation, Passed, Summary, Uncovered, covering};
use domain::id::BenchRunId;
use domain::partners::permission::{About, Permit, ReadRequests, RunBench};
use domain::time::Timestamp;
use store::StoreError;
use store::registry::{KeptReport, Registry};

use super::house::Driven;
use super::page::{Ground, begin, draw, file, find, open, page_of, show};
use crate::app::{App, Shared};
use crate::audit::Space;
use crate::habilitation::keep;
use crate::pages::bench::Entered;
use crate::pages::partners::Crumb;
use crate::pages::services;
use crate::partners::refusal::inside;
use crate::partners::session::{CheckedForm, Holder};
use crate::signin::at::unavailable;

/// How many reports of an organisation are looked at.
const MOST: u32 = 50;

/// What the bench says of a request.
#[derive(Debug)]
pub(crate) struct Benched {
    /// The reports on its hosts, the newest first.
    pub(crate) own: Vec<KeptReport>,
    /// Those on other hosts of its organisation: they count for nothing here.
    pub(crate) others: Vec<KeptReport>,
    /// Whether every host of its production is covered.
    pub(crate) covered: Result<Passed, Vec<Uncovered>>,
    /// What the habilitation that was granted last rests on.
    pub(crate) granted: Option<Homologation>,
}

impl Benched {
    /// What the bench says now.
    pub(crate) async fn of(registry: &Registry, review: &AnyReview, now: Timestamp) -> Result<Self, StoreError> {
        let about = review.about();
        let reports = registry.bench_reports_of(about.organisation, MOST).await?;
        let addresses = Complete::read(review.form()).map(|form| form.redirects().to_vec()).unwrap_or_default();
        let summaries: Vec<Summary> = reports.iter().map(|report| report.summary.clone()).collect();
        let hosts = domain::habilitation::homologation::hosts(&addresses);
        let (own, others) = reports.into_iter().partition(|report| !report.summary.hosts.is_disjoint(&hosts));
        let covered = covering(&summaries, &addresses, now);
        let granted = match &about.granted {
            Some(granted) => registry.habilitation(&granted.habilitation).await?.and_then(|kept| kept.homologation),
            None => None,
        };
        Ok(Self { own, others, covered, granted })
    }
}

/// The request of a path, as a site: that of an organisation whose people are known to belong to it.
async fn ground<P: Permit>(app: &App, holder: &Holder<P>, request: &str) -> Result<Result<Ground, Space>, StoreError> {
    let Some(organisation) = &holder.organisation else { return Ok(Err(Space::Unseen)) };
    let Some(kept) = keep::find(app, request).await? else { return Ok(Err(Space::Unseen)) };
    let (id, page) = (&kept.review.about().id, holder.here.page(app));
    let mut above = services::above(organisation);
    above.push(Crumb { href: format!("/espace/demandes/{id}"), title: page.request_title(&kept.review) });
    let driven = Driven::request(id, organisation.siret, kept.review.form());
    Ok(Ok(Ground { driven, place: format!("/espace/demandes/{id}/banc"), above }))
}

/// Whoever drives hosts of the internet is known to belong to whom they are said to be of.
fn verified<P: Permit>(holder: &Holder<P>) -> Result<(), Space> {
    let organisation = holder.organisation.as_ref().ok_or(Space::Unseen)?;
    organisation.verified().map(|_| ()).map_err(|_| Space::OrganisationUnverified)
}

/// `GET …/banc`.
pub(crate) async fn get(holder: Holder<RunBench>, State(app): State<Shared>, Path(request): Path<String>) -> Response {
    match ground(&app, &holder, &request).await {
        Ok(Ok(ground)) => show(&app, &holder.here, &ground, (&Entered::default(), Vec::new())).await,
        Ok(Err(refused)) => inside(&app, &holder.here, refused),
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

/// `POST …/banc`: opens a run.
pub(crate) async fn post(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    if let Err(refused) = verified(&holder) {
        return inside(&app, &holder.here, refused);
    }
    match ground(&app, &holder, &request).await {
        Ok(Ok(ground)) => open(&app, &holder.here, &ground, &form).await,
        Ok(Err(refused)) => inside(&app, &holder.here, refused),
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

/// `POST …/banc/{run}/essai`: drives it.
pub(crate) async fn drive(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path((request, run)): Path<(String, String)>,
    _: CheckedForm,
) -> Response {
    match ground(&app, &holder, &request).await {
        Ok(Ok(ground)) => begin(&app, &holder.here, &ground, &run).await,
        Ok(Err(refused)) => inside(&app, &holder.here, refused),
        Err(error) => unavailable(&app, holder.here.occasion, &error),
    }
}

/// `GET …/banc/{run}`: a run of the request, or one that left a report on another site of its organisation.
pub(crate) async fn run(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path((request, run)): Path<(String, String)>,
) -> Response {
    let here = &holder.here;
    match read(&app, &holder, &request, &run).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(refused)) => inside(&app, here, refused),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn read(
    app: &App,
    holder: &Holder<ReadRequests>,
    request: &str,
    run: &str,
) -> Result<Result<Response, Space>, StoreError> {
    let (here, ground) = match ground(app, holder, request).await? {
        Ok(ground) => (&holder.here, ground),
        Err(refused) => return Ok(Err(refused)),
    };
    let (Some(organisation), Ok(id)) = (&holder.organisation, BenchRunId::parse(run)) else {
        return Ok(Err(Space::Unseen));
    };
    // What a site is set up with is for whoever drives it.
    if here.partner.may(RunBench, About::Organisation(organisation)).is_ok()
        && let Some(found) = find(app, run, &ground.driven.subject).await?
    {
        return Ok(Ok(draw(app, here, &ground, &found).await?));
    }
    let Some(found) = app.registry.reported_run(&id, organisation.siret).await? else { return Ok(Err(Space::Unseen)) };
    Ok(Ok(page_of(app, here, (&ground.place, ground.above), &found, None)))
}

/// `GET …/banc/{run}/rapport.json`.
pub(crate) async fn report(
    holder: Holder<ReadRequests>,
    State(app): State<Shared>,
    Path((_, run)): Path<(String, String)>,
) -> Response {
    let here = &holder.here;
    let (Some(organisation), Ok(id)) = (&holder.organisation, BenchRunId::parse(&run)) else {
        return inside(&app, here, Space::Unseen);
    };
    match app.registry.reported_run(&id, organisation.siret).await {
        Ok(Some(found)) => file(&app, here, &id, &found.subject).await,
        Ok(None) => inside(&app, here, Space::Unseen),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}
