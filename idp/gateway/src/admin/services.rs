//! Services, as programs read them, with their figures; and the one of the production, made of a request that was granted. Its
//! secret is on the answer that made it and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::client::Registered;
use domain::habilitation::acting::Author;
use domain::habilitation::credentials::ClientSecret;
use domain::habilitation::figures::{Day, Figure, Others, Period, ServiceFigures};
use domain::habilitation::grant::NotLive;
use domain::habilitation::service::{Making, ServiceFault, production};
use domain::habilitation::switches::{Deed, Switches};
use domain::id::ClientId;
use domain::organisation::siret::Siret;
use domain::partners::permission::{ChangeCredentials, ReadFigures, ReadServices};
use domain::time::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::registry::ServiceMade;
use utoipa::ToSchema;

use super::body::{Asked, Sent};
use super::caller::Caller;
use super::problem::{Problem, Trouble, Wrong};
use super::wire::Days;
use crate::app::{App, Shared};
use crate::audit::Admin;
use crate::cli::moment;
use crate::figures::told;
use crate::pages::services::Typed;
use crate::services::production::{granted, ordered};
use crate::services::sandbox::identifier;
use crate::services::{find, fresh_secret, switches};

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Service {
    /// Its `client_id`.
    client_id: String,
    /// What citizens read.
    name: String,
    /// Whose it is: a SIRET.
    organisation: Option<String>,
    /// `sandbox` or `production`.
    environment: Option<&'static str>,
    /// The habilitation that it has.
    habilitation: Option<String>,
    /// Whether it is served now.
    live: bool,
    /// Why it is not, as a stable name: `revoked`, `suspended`, `expired`, `service_off`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    not_live: Option<&'static str>,
    /// Where citizens come back to.
    redirect_uris: Vec<String>,
    /// What it may ask for.
    scopes: Vec<&'static str>,
    /// Its secrets, by name; none is told.
    secrets: Vec<SecretTold>,
}

/// A secret, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretTold {
    name: String,
    until: Option<String>,
}

impl Service {
    fn of(service: &Registered, switches: &Arc<Switches>, now: Timestamp) -> Self {
        let (client, held) = (&service.client, service.habilitation.as_ref());
        let not_live = service.live(now, switches).err();
        let secret = |secret: &ClientSecret| SecretTold {
            name: secret.name().as_str().to_owned(),
            until: secret.until.map(moment),
        };
        Self {
            client_id: client.id.to_string(),
            name: client.name.fr.clone(),
            organisation: held.and_then(|held| held.organisation).map(Siret::digits),
            environment: held.map(|held| held.environment.name()),
            habilitation: held.map(|held| held.id.to_string()),
            live: not_live.is_none(),
            not_live: not_live.map(NotLive::name),
            redirect_uris: client.redirect_uris().to_vec(),
            scopes: client.scopes.iter().map(|scope| scope.name()).collect(),
            secrets: service.secrets.all().iter().map(secret).collect(),
        }
    }
}

/// Lists the services of an organisation. It has a few at most: they are on one page.
#[utoipa::path(get, path = "/admin/v1/organisations/{siret}/services", tag = "services",
    params(("siret" = String, Path, description = "A SIRET of 14 digits")), responses(
    (status = 200, body = [Service]), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn of_organisation(
    caller: Caller<ReadServices>,
    State(app): State<Shared>,
) -> Result<Json<Vec<Service>>, Trouble> {
    let services = app.registry.services_of(caller.organisation()?.siret).await?;
    let (switches, now) = (switches(&app).await?, app.clock.now());
    Ok(Json(services.iter().map(|service| Service::of(service, &switches, now)).collect()))
}

/// One service.
#[utoipa::path(get, path = "/admin/v1/services/{client_id}", tag = "services",
    params(("client_id" = String, Path, description = "The `client_id`")), responses(
    (status = 200, body = Service), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    _: Caller<ReadServices>,
    State(app): State<Shared>,
    Path(client): Path<String>,
) -> Result<Json<Service>, Trouble> {
    let service = find(&app, &client).await?.ok_or(Admin::Unseen)?;
    Ok(Json(Service::of(&service, &switches(&app).await?, app.clock.now())))
}

/// How often people sign in to a service. A few people are told of nobody: what is too little to be told is left out
/// (`others_withheld`).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figures {
    /// The first day.
    from: String,
    /// The last day.
    to: String,
    started: u64,
    finished: u64,
    left: u64,
    /// By level.
    levels: BTreeMap<&'static str, u64>,
    /// Each day on which anything was counted, and what.
    days: Vec<Counted>,
    /// By provider, in the months that are over.
    months: Vec<ByProvider>,
}

/// What was counted on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counted {
    day: String,
    /// `started`, `finished`, `level`, `given_up` or `failed`.
    kind: &'static str,
    /// Which level, step or reason.
    name: String,
    count: u64,
}

/// Sign-ins of a month by provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ByProvider {
    #[schema(example = "2026-10")]
    month: String,
    providers: BTreeMap<String, u64>,
    /// Whether there were others, too few to be told.
    others_withheld: bool,
}

impl From<ServiceFigures> for Figures {
    fn from(figures: ServiceFigures) -> Self {
        let months = figures.months.iter().map(|month| ByProvider {
            month: format!("{:04}-{:02}", month.month.year, month.month.month),
            providers: month.providers.iter().map(|(id, many)| (id.to_string(), *many)).collect(),
            others_withheld: month.others == Others::Withheld,
        });
        let days = figures.lines.iter().map(|line| Counted {
            day: line.day.written(),
            kind: kind(&line.figure),
            name: line.figure.name().to_owned(),
            count: line.count,
        });
        Self {
            from: figures.period.first().written(),
            to: figures.period.last().written(),
            started: figures.started,
            finished: figures.finished,
            left: figures.left,
            levels: figures.levels.iter().map(|(level, many)| (level.acr(), *many)).collect(),
            days: days.collect(),
            months: months.collect(),
        }
    }
}

const fn kind(figure: &Figure) -> &'static str {
    match figure {
        Figure::Started => "started",
        Figure::Finished => "finished",
        Figure::Level(_) => "level",
        Figure::Provider(_) => "provider",
        Figure::GivenUp(_) => "given_up",
        Figure::Failed(_) => "failed",
    }
}

/// The figures of a service.
#[utoipa::path(get, path = "/admin/v1/services/{client_id}/figures", tag = "services",
    params(("client_id" = String, Path, description = "The `client_id`"), Days), responses(
    (status = 200, body = Figures), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn figures(
    _: Caller<ReadFigures>,
    State(app): State<Shared>,
    Path(client): Path<String>,
    Asked(days): Asked<Days>,
) -> Result<Json<Figures>, Trouble> {
    let client = ClientId::parse(&client).map_err(|_| Admin::Unseen)?;
    let today = Day::of(app.clock.now());
    let shown = Period::shown(today);
    let day = |text: Option<&str>, usual| text.map_or(Ok(usual), |text| Day::parse(text).ok_or(Admin::QueryInvalid));
    let (first, last) = (day(days.from.as_deref(), shown.first())?, day(days.to.as_deref(), shown.last())?);
    let period = Period::between(first, last).map_err(|_| Admin::QueryInvalid)?;
    // What was not brought yet is of this node alone; others bring theirs every few seconds.
    app.figures.bring(&app.registry).await?;
    Ok(Json(told(&app.registry, &client, period, today).await?.into()))
}

/// How the service proves who it is, and where citizens come back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// A name of this making, 1 to 100 characters, of the program's choice: the same one twice makes one service.
    #[schema(min_length = 1, max_length = 100)]
    attempt: String,
    /// `client_secret_basic`, `client_secret_post`, `jwks`, `jwks_uri` or `certificate`; the first without.
    #[serde(default)]
    proof: String,
    /// For `jwks`: the JWK set.
    #[schema(value_type = Option<Object>)]
    jwks: Option<serde_json::Value>,
    /// For `jwks_uri`: where the keys are.
    jwks_uri: Option<String>,
    /// For `certificate`: the name of its subject.
    certificate: Option<String>,
    /// Some of the redirect URIs that were granted; all of them without.
    redirect_uris: Option<Vec<String>>,
}

/// A service that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    #[serde(flatten)]
    service: Service,
    /// The secret, where it proves itself by one: told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// Makes the service of the production of a request that was granted. Who is told of what ends is the technical contact.
#[utoipa::path(post, path = "/admin/v1/requests/{request}/client", tag = "services", request_body = Order,
    params(("request" = String, Path, description = "The number of a request")), responses(
    (status = 201, body = Made), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make(
    caller: Caller<ChangeCredentials>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    Sent(order): Sent<Order>,
) -> Result<Response, Trouble> {
    caller.organisation()?.verified().map_err(|_| Admin::OrganisationUnverified)?;
    let organisation = caller.organisation()?.siret;
    let granted = granted(&app, &request).await?.ok_or(Admin::OutOfTurn)?;
    if !(1..=100).contains(&order.attempt.chars().count()) {
        return Err(wrong("attempt", "has 1 to 100 characters"));
    }
    let contact = granted.technical.as_ref().ok_or(Admin::FormIncomplete)?;
    let machine = caller.granted.machine();
    let id = identifier(&format!("{}/{request}", machine.token), &order.attempt);
    let typed = Typed {
        redirects: order.redirect_uris.unwrap_or_else(|| granted.form.redirects().to_vec()),
        proof: order.proof,
        keys: order.jwks.map(|keys| keys.to_string()).unwrap_or_default(),
        keys_at: order.jwks_uri.unwrap_or_default(),
        certificate: order.certificate.unwrap_or_default(),
    };
    let order = ordered(&typed).map_err(|fault| faulty(&fault))?;
    let (secret, now) = (fresh_secret(&app), app.clock.now());
    let making = Making { id, organisation, secret: secret.digest.clone(), contact, now };
    let made = production(&order, &granted.form, &granted.habilitation, making).map_err(|fault| faulty(&fault))?;
    let deed = Deed { by: Author::Token(machine.clone()), why: None };
    match app.registry.make_service(&made, &deed, now).await? {
        ServiceMade::Done => answer(&app, &made, secret.text.as_str()).await,
        // The call came twice: the first answer had the secret.
        ServiceMade::Taken => Err(wrong("attempt", "made a service before: its secret was told then")),
        ServiceMade::TooMany => Err(faulty(&ServiceFault::Full)),
        // It was revoked, suspended or replaced since it was read.
        ServiceMade::NotInForce => Err(Admin::HabilitationState.into()),
    }
}

async fn answer(app: &App, made: &Registered, secret: &str) -> Result<Response, Trouble> {
    let service = Service::of(made, &switches(app).await?, app.clock.now());
    let client_secret = made.client.authentication.needs_secret().then(|| secret.to_owned());
    let headers = [(http::header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(Made { service, client_secret })).into_response())
}

fn wrong(field: &'static str, why: &'static str) -> Trouble {
    Trouble::wrong(Admin::InputInvalid, vec![Wrong::new(field, why)])
}

fn faulty(fault: &ServiceFault) -> Trouble {
    let field = match fault {
        ServiceFault::NotTheirs | ServiceFault::NotLive(_) => return Admin::HabilitationState.into(),
        ServiceFault::Keys(_) => "jwks",
        ServiceFault::KeysAt(_) => "jwks_uri",
        ServiceFault::Certificate(_) => "certificate",
        ServiceFault::Count | ServiceFault::Redirect { .. } | ServiceFault::NotGranted => "redirect_uris",
        ServiceFault::LogoutRedirect { .. } | ServiceFault::Name | ServiceFault::Metadata(_) | ServiceFault::Full => {
            "request"
        }
    };
    Trouble::wrong(Admin::InputInvalid, vec![Wrong::new(field, fault.to_string())])
}
