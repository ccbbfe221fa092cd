//! `/espace/services/{client_id}/banc`: a run is opened, driven and read, without JavaScript.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::bench::run::Stage;
use domain::bench::site::Method;
use domain::bench::trial::Shown;
use domain::client::Registered;
use domain::id::{BenchRunId, ClientId};
use domain::partners::permission::RunBench;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use store::ephemeral::Allowed;

use super::house::{Addresses, NotDriven, NotOpened};
use super::site::address;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::limits::{self, RUNS_BY, RUNS_OF};
use crate::pages::View as _;
use crate::pages::bench::{Bench, BenchRun, Entered, SetUp};
use crate::pages::partners::{Crumb, Wrong};
use crate::partners::refusal::inside;
use crate::partners::session::{CheckedForm, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// The service of a path. Whoever holds the permission for its organisation is told when it is gone.
#[expect(clippy::result_large_err, reason = "the refusal is the answer, and is sent at once")]
fn service(app: &App, here: &Here, client: &str) -> Result<Arc<Registered>, Response> {
    let found = ClientId::parse(client).ok().and_then(|id| app.client(&id));
    found.ok_or_else(|| inside(app, here, Space::Unseen))
}

fn place(client: &ClientId) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    format!("/espace/services/{}/banc", utf8_percent_encode(client.as_str(), NON_ALPHANUMERIC))
}

/// `GET …/banc`.
pub(crate) async fn get(holder: Holder<RunBench>, State(app): State<Shared>, Path(client): Path<String>) -> Response {
    let here = &holder.here;
    match service(&app, here, &client) {
        Ok(found) => show(&app, here, &found, (&Entered::default(), Vec::new())).await,
        Err(refused) => refused,
    }
}

async fn show(app: &App, here: &Here, found: &Registered, (entered, wrong): (&Entered, Vec<Wrong>)) -> Response {
    let runs = match app.registry.bench_runs(&found.client.id).await {
        Ok(runs) => runs,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let page = here.page(app);
    let refused = !wrong.is_empty();
    let shell = here.shell(page.words().bench_title()).wrong(wrong);
    let place = place(&found.client.id);
    let view = Bench { page, shell, place: &place, runs: &runs, entered };
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
    let here = &holder.here;
    let found = match service(&app, here, &client) {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let entered = |name| form.field(name).unwrap_or_default().to_owned();
    let entered = Entered { start: entered("start"), page: entered("page"), logout: entered("logout") };
    let words = here.page(&app).words();
    let wrong = |field: &'static str, words: &str| Wrong { field, words: words.to_owned() };
    let read = |field: &'static str, text: &str| address(text).map_err(|_| wrong(field, words.bench_wrong_address()));
    let logout = (!entered.logout.is_empty()).then(|| read("logout", &entered.logout)).transpose();
    let said = match (read("start", &entered.start), read("page", &entered.page), logout) {
        (Ok(start), Ok(page), Ok(logout)) => {
            let by = if form.field("logout_by") == Some("get") { Method::Get } else { Method::Post };
            Addresses { start, page, shown: shown(form.field("shown")), logout: logout.map(|url| (by, url)) }
        }
        (start, page, logout) => {
            let all = [start.err(), page.err(), logout.err()].into_iter().flatten().collect();
            return show(&app, here, &found, (&entered, all)).await;
        }
    };
    let own = here.partner.id.as_str();
    let of = holder.organisation.as_ref().map(|organisation| organisation.siret.digits()).unwrap_or_default();
    match limits::allowed(&app, &[(RUNS_BY, own.as_bytes()), (RUNS_OF, of.as_bytes())]).await {
        Ok(Allowed::Yes) => {}
        Ok(Allowed::No) => return inside(&app, here, Space::TooOften),
        Err(error) => return unavailable(&app, here.occasion, &error),
    }
    let refused = match app.bench.open(&found.client, said).await {
        Ok(run) => return see_other(&format!("{}/{run}", place(&found.client.id))),
        Err(NotOpened::Own) => words.bench_wrong_address(),
        Err(NotOpened::Elsewhere(_)) => words.bench_elsewhere(),
        Err(NotOpened::NoRedirect) => words.bench_no_redirect(),
        Err(NotOpened::TooMany) => words.bench_too_many(),
        Err(NotOpened::Store(error)) => return unavailable(&app, here.occasion, &error),
        Err(NotOpened::Keys(error)) => {
            tracing::error!(%error, "the keys of a run of the bench could not be made");
            words.bench_too_many()
        }
    };
    show(&app, here, &found, (&entered, vec![wrong("start", refused)])).await
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
    let found = match service(&app, here, &client) {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let Ok(id) = BenchRunId::parse(&run) else { return inside(&app, here, Space::Unseen) };
    let run = match app.registry.bench_run(&id, &found.client.id).await {
        Ok(Some(run)) => run,
        Ok(None) => return inside(&app, here, Space::Unseen),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let now = app.clock.now();
    let set_up = match run.stage {
        Stage::Open => match app.registry.bench_working(&id, now).await {
            Ok(working) => working.map(|(working, _)| {
                let own = working.provider.credentials();
                SetUp {
                    issuer: working.provider.issuer().to_owned(),
                    client_id: own.client_id.to_owned(),
                    secret: own.secret.to_owned(),
                }
            }),
            Err(error) => return unavailable(&app, here.occasion, &error),
        },
        Stage::UnderWay | Stage::Reported => None,
    };
    let page = here.page(&app);
    let above = place(&found.client.id);
    let words = page.words();
    let title = words.bench_title();
    let shell = here.shell(words.bench_run_title(&crate::pages::paris::in_words(run.opened, words)));
    let shell = shell.below([Crumb { href: above.clone(), title: title.to_owned() }]);
    let place = format!("{above}/{id}");
    BenchRun { page, shell, place: &place, run: &run, set_up: set_up.as_ref(), now }.answer(StatusCode::OK)
}

/// `POST …/banc/{run}/essai`: drives it. The page shows the lines as they come.
pub(crate) async fn drive(
    holder: Holder<RunBench>,
    State(app): State<Shared>,
    Path((client, run)): Path<(String, String)>,
    _form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let found = match service(&app, here, &client) {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let Ok(id) = BenchRunId::parse(&run) else { return inside(&app, here, Space::Unseen) };
    match app.registry.bench_run(&id, &found.client.id).await {
        Ok(Some(_)) => {}
        Ok(None) => return inside(&app, here, Space::Unseen),
        Err(error) => return unavailable(&app, here.occasion, &error),
    }
    let back = see_other(&format!("{}/{id}", place(&found.client.id)));
    let house = app.bench.clone();
    app.bench.tasks().spawn(async move {
        match house.drive(&id, &found.client).await {
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
    let found = match service(&app, here, &client) {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let Ok(id) = BenchRunId::parse(&run) else { return inside(&app, here, Space::Unseen) };
    match app.registry.bench_report(&id, &found.client.id).await {
        Ok(Some(text)) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_DISPOSITION, "attachment; filename=\"rapport.json\""),
            ];
            (headers, text).into_response()
        }
        Ok(None) => inside(&app, here, Space::Unseen),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}
