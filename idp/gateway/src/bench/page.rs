//! `/espace/services/{client_id}/banc`: a run is opened, driven and read, without JavaScript. [`super::request`] has the same
//! for the site of a request.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::bench::run::{Run, Stage, Subject};
use domain::bench::site::Method;
use domain::bench::trial::Shown;
use domain::id::{BenchRunId, ClientId};
use domain::organisation::siret::Siret;
use domain::partners::organisation::Organisation;
use domain::partners::permission::RunBench;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use store::StoreError;
use store::ephemeral::Allowed;

use super::house::{Addresses, Driven, NotDriven, NotOpened};
use super::site::address;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::limits::{self, RUNS_BY, RUNS_OF};
use crate::pages::View as _;
use crate::pages::bench::{Bench, BenchRun, Entered, SetUp};
use crate::pages::partners::{Crumb, Wrong};
use crate::pages::services;
use crate::partners::refusal::inside;
use crate::partners::session::{CheckedForm, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// What a page of the bench is about.
pub(super) struct Ground {
    /// The site.
    pub(super) driven: Driven,
    /// The page of its runs.
    pub(super) place: String,
    /// The pages above that.
    pub(super) above: Vec<Crumb>,
}

/// The service of a path. Whoever holds the permission for its organisation is told when it is gone.
#[expect(clippy::result_large_err, reason = "the refusal is the answer, and is sent at once")]
fn ground(app: &App, here: &Here, organisation: Option<&Organisation>, client: &str) -> Result<Ground, Response> {
    let found = ClientId::parse(client).ok().and_then(|id| app.client(&id));
    let found = found.ok_or_else(|| inside(app, here, Space::Unseen))?;
    let mut above: Vec<Crumb> = organisation.map(services::above).unwrap_or_default();
    above.push(services::address(&here.page(app), &found));
    let driven = Driven::service(&found.client, organisation.map(|organisation| organisation.siret));
    Ok(Ground { driven, place: format!("{}/banc", services::path_of(&found.client.id)), above })
}

/// `GET …/banc`.
pub(crate) async fn get(holder: Holder<RunBench>, State(app): State<Shared>, Path(client): Path<String>) -> Response {
    match ground(&app, &holder.here, holder.organisation.as_ref(), &client) {
        Ok(ground) => show(&app, &holder.here, &ground, (&Entered::default(), Vec::new())).await,
        Err(refused) => refused,
    }
}

/// The page of the runs, with what is wrong with what was entered.
pub(super) async fn show(
    app: &App,
    here: &Here,
    ground: &Ground,
    (entered, wrong): (&Entered, Vec<Wrong>),
) -> Response {
    let runs = match app.registry.bench_runs(&ground.driven.subject).await {
        Ok(runs) => runs,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let page = here.page(app);
    let refused = !wrong.is_empty();
    let shell = here.shell(page.words().bench_title()).below(ground.above.clone()).wrong(wrong);
    let notices = ground.driven.asks_for_notices();
    let view = Bench { page, shell, place: &ground.place, runs: &runs, entered, notices };
    if refused {
        Entry::new(Space::InputInvalid).on(view.answer(StatusCode::UNPROCESSABLE_ENTITY))
    } else {
        view.answer(StatusCode::OK)
    }
}

/// `POST …/banc`: opens a run.
pub(crate) async fn post(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path(client): Path<String>,
    form: CheckedForm,
) -> Response {
    match ground(&app, &holder.here, holder.organisation.as_ref(), &client) {
        Ok(ground) => open(&app, &holder.here, &ground, &form).await,
        Err(refused) => refused,
    }
}

/// Opens a run, and leads to it.
pub(super) async fn open(app: &App, here: &Here, ground: &Ground, form: &CheckedForm) -> Response {
    let entered = |name| form.field(name).unwrap_or_default().to_owned();
    let entered = Entered {
        start: entered("start"),
        page: entered("page"),
        logout: entered("logout"),
        notices: entered("notices"),
    };
    let words = here.page(app).words();
    let wrong = |field: &'static str, words: &str| Wrong { field, words: words.to_owned() };
    let read = |field: &'static str, text: &str| address(text).map_err(|_| wrong(field, words.bench_wrong_address()));
    let perhaps = |field, text: &str| (!text.is_empty()).then(|| read(field, text)).transpose();
    let (logout, notices) = (perhaps("logout", &entered.logout), perhaps("notices", &entered.notices));
    let said = match (read("start", &entered.start), read("page", &entered.page), logout, notices) {
        (Ok(start), Ok(page), Ok(logout), Ok(notices)) => {
            let by = if form.field("logout_by") == Some("get") { Method::Get } else { Method::Post };
            let (shown, logout) = (shown(form.field("shown")), logout.map(|url| (by, url)));
            Addresses { start, page, shown, logout, notices }
        }
        (start, page, logout, notices) => {
            let all = [start.err(), page.err(), logout.err(), notices.err()].into_iter().flatten().collect();
            return show(app, here, ground, (&entered, all)).await;
        }
    };
    let own = here.partner.id.as_str();
    let of = ground.driven.organisation().map(Siret::digits).unwrap_or_default();
    match limits::allowed(app, &[(RUNS_BY, own.as_bytes()), (RUNS_OF, of.as_bytes())]).await {
        Ok(Allowed::Yes) => {}
        Ok(Allowed::No) => return inside(app, here, Space::TooOften),
        Err(error) => return unavailable(app, here.occasion, &error),
    }
    let refused = match app.bench.open(&ground.driven, said).await {
        Ok(run) => return see_other(&format!("{}/{run}", ground.place)),
        Err(NotOpened::Own) => words.bench_wrong_address(),
        Err(NotOpened::Elsewhere(_)) => words.bench_elsewhere(),
        Err(NotOpened::NoRedirect) => words.bench_no_redirect(),
        Err(NotOpened::TooMany) => words.bench_too_many(),
        Err(NotOpened::Store(error)) => return unavailable(app, here.occasion, &error),
        Err(NotOpened::Keys(error)) => {
            tracing::error!(%error, "the keys of a run of the bench could not be made");
            words.bench_too_many()
        }
    };
    show(app, here, ground, (&entered, vec![wrong("start", refused)])).await
}

fn shown(name: Option<&str>) -> Shown {
    match name {
        Some("given_name") => Shown::GivenName,
        Some("email") => Shown::Email,
        Some("sub") => Shown::Subject,
        Some(_) | None => Shown::FamilyName,
    }
}

/// `GET …/banc/{run}`.
pub(crate) async fn run(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path((client, run)): Path<(String, String)>,
) -> Response {
    let here = &holder.here;
    let ground = match ground(&app, here, holder.organisation.as_ref(), &client) {
        Ok(ground) => ground,
        Err(refused) => return refused,
    };
    match find(&app, &run, &ground.driven.subject).await {
        Ok(Some(found)) => {
            draw(&app, here, &ground, &found).await.unwrap_or_else(|error| unavailable(&app, here.occasion, &error))
        }
        Ok(None) => inside(&app, here, Space::Unseen),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// The run of that name.
pub(super) async fn find(app: &App, run: &str, subject: &Subject) -> Result<Option<Run>, StoreError> {
    match BenchRunId::parse(run) {
        Ok(id) => app.registry.bench_run(&id, subject).await,
        Err(_) => Ok(None),
    }
}

/// The page of a run, for who may drive it.
pub(super) async fn draw(app: &App, here: &Here, ground: &Ground, run: &Run) -> Result<Response, StoreError> {
    let now = app.clock.now();
    let set_up = match run.stage {
        Stage::Open => app.registry.bench_working(&run.id, now).await?.map(|(working, _)| {
            let own = working.provider.credentials();
            SetUp {
                issuer: working.provider.issuer().to_owned(),
                client_id: own.client_id.to_owned(),
                secret: own.secret.to_owned(),
            }
        }),
        Stage::UnderWay | Stage::Reported => None,
    };
    Ok(page_of(app, here, (&ground.place, ground.above.clone()), run, set_up.as_ref()))
}

/// The page of a run.
pub(super) fn page_of(
    app: &App,
    here: &Here,
    (list, mut above): (&str, Vec<Crumb>),
    run: &Run,
    set_up: Option<&SetUp>,
) -> Response {
    let page = here.page(app);
    above.push(Crumb { href: list.to_owned(), title: page.words().bench_title().to_owned() });
    let title = page.words().bench_run_title(&crate::pages::paris::in_words(run.opened, page.words()));
    let shell = here.shell(title).below(above);
    let place = format!("{list}/{}", run.id);
    BenchRun { page, shell, place: &place, run, set_up, now: app.clock.now() }.answer(StatusCode::OK)
}

/// `POST …/banc/{run}/essai`: drives it. The page shows the lines as they come.
pub(crate) async fn drive(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path((client, run)): Path<(String, String)>,
    _form: CheckedForm,
) -> Response {
    match ground(&app, &holder.here, holder.organisation.as_ref(), &client) {
        Ok(ground) => begin(&app, &holder.here, &ground, &run).await,
        Err(refused) => refused,
    }
}

/// Drives a run beside the request, and leads back to it.
pub(super) async fn begin(app: &App, here: &Here, ground: &Ground, run: &str) -> Response {
    let id = match find(app, run, &ground.driven.subject).await {
        Ok(Some(found)) => found.id,
        Ok(None) => return inside(app, here, Space::Unseen),
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let back = see_other(&format!("{}/{id}", ground.place));
    let (house, subject) = (app.bench.clone(), ground.driven.subject.clone());
    app.bench.tasks().spawn(async move {
        match house.drive(&id, &subject).await {
            Ok(report) => tracing::info!(outcome = report.outcome().name(), "a site was driven through the bench"),
            // A second click: the page that it leads to shows the run that is under way.
            Err(NotDriven::Over) => {}
            Err(NotDriven::Store(error)) => tracing::error!(%error, "a run of the bench could not be kept"),
        }
    });
    back
}

/// `GET …/banc/{run}/rapport.json`: the report as it was hashed.
pub(crate) async fn report(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path((client, run)): Path<(String, String)>,
) -> Response {
    let here = &holder.here;
    let ground = match ground(&app, here, holder.organisation.as_ref(), &client) {
        Ok(ground) => ground,
        Err(refused) => return refused,
    };
    match BenchRunId::parse(&run) {
        Ok(id) => file(&app, here, &id, &ground.driven.subject).await,
        Err(_) => inside(&app, here, Space::Unseen),
    }
}

/// A report as a file.
pub(super) async fn file(app: &App, here: &Here, id: &BenchRunId, subject: &Subject) -> Response {
    match app.registry.bench_report(id, subject).await {
        Ok(Some(text)) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_DISPOSITION, "attachment; filename=\"rapport.json\""),
            ];
            (headers, text).into_response()
        }
        Ok(None) => inside(app, here, Space::Unseen),
        Err(error) => unavailable(app, here.occasion, &error),
    }
}
