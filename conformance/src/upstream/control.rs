//! Telling a provider to misbehave from another process.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::{Fault, House, ProviderId};

/// Whether the control address exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// `POST /control` is served: tests.
    Open,
    /// It is not: the demo.
    Closed,
}

impl Control {
    pub(super) fn routes(self) -> Router<Arc<House>> {
        match self {
            Self::Open => Router::new().route("/control", post(set)),
            Self::Closed => Router::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    provider: ProviderId,
    mode: Fault,
}

async fn set(State(house): State<Arc<House>>, Json(command): Json<Command>) -> StatusCode {
    house.provider(command.provider).set(command.mode);
    StatusCode::NO_CONTENT
}
