//! `POST /app/v1/transactions/refuse`: the citizen says no on the phone, and the browser reads it.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::AnyTransaction;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Unanswered, answered_empty, enter, read};
use crate::app::{App, Shared};
use crate::cnie::slot::{behind, out_of_turn};
use crate::provider::call::Call;

/// Which transaction.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Refusing {
    /// The transaction.
    transaction: String,
}

/// Ends a transaction in the citizen's name.
#[utoipa::path(
    post, path = "/app/v1/transactions/refuse", request_body = Refusing, tag = "transaction",
    params(("DPoP" = String, Header, description = "Proof of possession (RFC 9449), ES256")),
    responses(
        (status = 204),
        (status = "default", body = super::problem::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let outcome = refuse(&app, &call, &body).await;
    answered_empty(&app, &call, outcome)
}

async fn refuse(app: &App, call: &Call, body: &[u8]) -> Result<(), Unanswered> {
    let (_, jkt) = enter(app, call).await?;
    let Refusing { transaction } = read(body)?;
    let (transaction, slot) = behind(app, &transaction).await?;
    let is_own = match &transaction {
        AnyTransaction::Claimed(claimed) => claimed.is_by_phone(&jkt.0),
        AnyTransaction::Reading(reading) => reading.is_by_phone(&jkt.0),
        AnyTransaction::Proved(proved) => proved.is_by_phone(&jkt.0),
        AnyTransaction::Waiting(_) | AnyTransaction::Spent(_) | AnyTransaction::Dead(_) => {
            return Err(out_of_turn(&transaction, &jkt.0).into());
        }
    };
    if !is_own {
        return Err(Refusal::OtherPhone.into());
    }
    slot.put(app, &transaction.kill(Refusal::RefusedByCitizen)).await?;
    Ok(())
}
