//! What is switched off, as programs read it. Switches are turned by people.

use axum::Json;
use axum::extract::State;
use domain::habilitation::switches::{Off, Switch};
use domain::partners::permission::ReadSwitches;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::{Problem, Trouble};
use super::wire::By;
use crate::app::Shared;
use crate::cli::moment;

/// A switch that is off.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stopped {
    /// `service:` with a `client_id`, `provider:` with an id, or `level:` with a level.
    #[schema(example = "provider:impots")]
    switch: String,
    by: By,
    reason: String,
    since: String,
}

impl From<(Switch, &Off)> for Stopped {
    fn from((switch, off): (Switch, &Off)) -> Self {
        let reason = off.why.as_str().to_owned();
        Self { switch: switch.to_string(), by: By::from(&off.by), reason, since: moment(off.since) }
    }
}

/// Lists what is switched off.
#[utoipa::path(get, path = "/admin/v1/switches", tag = "switches", responses(
    (status = 200, body = [Stopped]), (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(_: Caller<ReadSwitches>, State(app): State<Shared>) -> Result<Json<Vec<Stopped>>, Trouble> {
    let switches = app.registry.switches().await?;
    Ok(Json(switches.all().map(Stopped::from).collect()))
}
