//! What was granted, as programs read it; and stopped for a while, resumed, ended: on every node, for what was issued before too.

use axum::Json;
use axum::extract::{Path, State};
use domain::habilitation::acting::Author;
use domain::habilitation::grant::{Habilitation, HabilitationState};
use domain::habilitation::switches::{Deed, Reason};
use domain::id::{ClientId, HabilitationId};
use domain::organisation::siret::Siret;
use domain::partners::permission::{Own, ReadHabilitations, ReadOrganisation, RevokeHabilitations};
use domain::partners::token::TokenReach;
use serde::{Deserialize, Serialize};
use store::registry::HabilitationMoved;
use utoipa::ToSchema;

use super::body::{Asked, Sent};
use super::caller::Caller;
use super::problem::{Problem, Trouble, Wrong};
use super::wire::{OwnWish, Page, Wish};
use crate::app::{App, Shared};
use crate::audit::Admin;
use crate::cli::moment;

/// A habilitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Granted {
    /// Its number.
    id: String,
    /// `active`, `obsolete`, `suspended` or `revoked`. One that is active ends with its term all the same.
    state: &'static str,
    /// `sandbox` or `production`.
    environment: &'static str,
    /// Whose it is: a SIRET.
    organisation: Option<String>,
    /// The request that it was granted for.
    request: Option<String>,
    /// What may be asked for.
    scopes: Vec<&'static str>,
    /// The highest level that may be asked for: `eidas1`, `eidas2` or `eidas3`.
    level: &'static str,
    /// From when it counts.
    from: String,
    /// When it ends.
    until: Option<String>,
    /// The services that have it, by `client_id`.
    clients: Vec<String>,
}

impl Granted {
    fn of(held: &Habilitation, clients: &[ClientId]) -> Self {
        Self {
            id: held.id.to_string(),
            state: held.state.name(),
            environment: held.environment.name(),
            organisation: held.organisation.map(Siret::digits),
            request: held.request.as_ref().map(ToString::to_string),
            scopes: held.scopes.iter().map(|scope| scope.name()).collect(),
            level: held.level.acr(),
            from: moment(held.from),
            until: held.until.map(moment),
            clients: clients.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Lists habilitations, by state, département or organisation. Those that an operator made at the command line belong to no
/// organisation, and are not among them.
#[utoipa::path(get, path = "/admin/v1/habilitations", tag = "habilitations", params(Wish), responses(
    (status = 200, body = Page<Granted>), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    caller: Caller<ReadHabilitations>,
    State(app): State<Shared>,
    Asked(wish): Asked<Wish>,
) -> Result<Json<Page<Granted>>, Trouble> {
    page(&app, &wish, caller.granted.reach()).await
}

/// Lists the habilitations of an organisation.
#[utoipa::path(get, path = "/admin/v1/organisations/{siret}/habilitations", tag = "habilitations",
    params(("siret" = String, Path, description = "A SIRET of 14 digits"), OwnWish), responses(
    (status = 200, body = Page<Granted>), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn of_organisation(
    caller: Caller<ReadOrganisation>,
    State(app): State<Shared>,
    Asked(wish): Asked<OwnWish>,
) -> Result<Json<Page<Granted>>, Trouble> {
    let own = wish.within(caller.organisation()?.siret);
    // The path led to the organisation within the reach already, sandboxes with it.
    page(&app, &own, &TokenReach::Everywhere).await
}

async fn page(app: &App, wish: &Wish, reach: &TokenReach) -> Result<Json<Page<Granted>>, Trouble> {
    let named = |name: &str| HabilitationState::parse(name).ok_or(Admin::QueryInvalid);
    let state = wish.state.as_deref().map(named).transpose()?;
    let after = wish.cursor.as_deref().map(HabilitationId::parse).transpose();
    let (after, limit) = (after.map_err(|_| Admin::QueryInvalid)?, wish.limit()?);
    let found = match wish.part(state, reach)? {
        Some(part) => app.registry.habilitations_page(&part, after.as_ref(), limit).await?,
        None => Vec::new(),
    };
    let items = found.iter().map(|(held, clients)| Granted::of(held, clients)).collect();
    Ok(Json(Page::of(items, limit, |granted: &Granted| granted.id.clone())))
}

/// One habilitation.
#[utoipa::path(get, path = "/admin/v1/habilitations/{habilitation}", tag = "habilitations",
    params(("habilitation" = String, Path, description = "The number of a habilitation")), responses(
    (status = 200, body = Granted), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    _: Caller<ReadOrganisation>,
    State(app): State<Shared>,
    Path(habilitation): Path<String>,
) -> Result<Json<Granted>, Trouble> {
    find(&app, &habilitation).await
}

async fn find(app: &App, habilitation: &str) -> Result<Json<Granted>, Trouble> {
    let id = HabilitationId::parse(habilitation).map_err(|_| Admin::Unseen)?;
    let kept = app.registry.habilitation(&id).await?.ok_or(Admin::Unseen)?;
    Ok(Json(Granted::of(&kept.habilitation, &kept.clients)))
}

/// Why a habilitation changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why: a sentence of 1 to 500 characters, which stands in the journal; it names nobody.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Stops what was granted, for a while.
#[utoipa::path(post, path = "/admin/v1/habilitations/{habilitation}/suspend", tag = "habilitations", request_body = Why,
    params(("habilitation" = String, Path, description = "The number of a habilitation")), responses(
    (status = 200, body = Granted), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn suspend(
    caller: Caller<RevokeHabilitations>,
    State(app): State<Shared>,
    Path(habilitation): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Granted>, Trouble> {
    change(&app, &caller, (&habilitation, &why), HabilitationState::Suspended).await
}

/// Lets a suspended habilitation go on.
#[utoipa::path(post, path = "/admin/v1/habilitations/{habilitation}/resume", tag = "habilitations", request_body = Why,
    params(("habilitation" = String, Path, description = "The number of a habilitation")), responses(
    (status = 200, body = Granted), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn resume(
    caller: Caller<RevokeHabilitations>,
    State(app): State<Shared>,
    Path(habilitation): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Granted>, Trouble> {
    change(&app, &caller, (&habilitation, &why), HabilitationState::Active).await
}

/// Ends a habilitation, for good. The request that it was granted for is taken back by its own `revoke`.
#[utoipa::path(post, path = "/admin/v1/habilitations/{habilitation}/revoke", tag = "habilitations", request_body = Why,
    params(("habilitation" = String, Path, description = "The number of a habilitation")), responses(
    (status = 200, body = Granted), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    caller: Caller<RevokeHabilitations>,
    State(app): State<Shared>,
    Path(habilitation): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Granted>, Trouble> {
    change(&app, &caller, (&habilitation, &why), HabilitationState::Revoked).await
}

async fn change(
    app: &App,
    caller: &Caller<RevokeHabilitations>,
    (habilitation, why): (&str, &Why),
    to: HabilitationState,
) -> Result<Json<Granted>, Trouble> {
    if caller.granted.own() == Own::Theirs {
        return Err(Admin::OwnRequest.into());
    }
    let short =
        |_| Trouble::wrong(Admin::InputInvalid, vec![Wrong::new("reason", "has 1 to 500 characters in one line")]);
    let why = Some(Reason::parse(&why.reason).map_err(short)?);
    let id = HabilitationId::parse(habilitation).map_err(|_| Admin::Unseen)?;
    let deed = Deed { by: Author::Token(caller.granted.machine().clone()), why };
    match app.registry.move_habilitation(&id, to, &deed, app.clock.now()).await? {
        HabilitationMoved::Done => find(app, habilitation).await,
        HabilitationMoved::Missing => Err(Admin::Unseen.into()),
        HabilitationMoved::Not(_) => Err(Admin::HabilitationState.into()),
    }
}
