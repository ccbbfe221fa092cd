//! `POST /app/v1/claims`: a phone takes part in what a browser began, by the handle that it scanned or followed.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::cnie::TRANSACTION;
use domain::cnie::pairing::{Claim, Network, Pairing};
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::{AnyTransaction, ClaimedBy};
use domain::secret::Bearer;
use serde::Deserialize;
use store::ephemeral::Swap;
use utoipa::ToSchema;

use super::wire::Opened;
use super::{Jkt, Unanswered, answered, enter, read};
use crate::app::{App, Shared};
use crate::cnie::Cnie;
use crate::cnie::slot::{self, out_of_turn};
use crate::listen::address::{ClientAddress, Subscriber};
use crate::provider::call::Call;

/// How often a claim is tried again while the browser changes the handles it shows.
const TRIES: usize = 4;

/// The handle.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Claiming {
    /// The last part of the address in the QR code or the link. It counts for a minute, and once: a second claim ends the
    /// transaction.
    handle: String,
}

/// Claims the transaction of a browser.
#[utoipa::path(
    post, path = "/app/v1/claims", request_body = Claiming, tag = "transaction",
    params(("DPoP" = String, Header, description = "Proof of possession (RFC 9449), ES256")),
    responses(
        (status = 200, body = Opened),
        (status = "default", body = super::problem::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(
    State(app): State<Shared>,
    Extension(from): Extension<ClientAddress>,
    call: Call,
    body: Bytes,
) -> Response {
    let outcome = claim(&app, &call, &body, from).await;
    answered(&app, &call, outcome)
}

async fn claim(app: &App, call: &Call, body: &[u8], from: ClientAddress) -> Result<Opened, Unanswered> {
    let (cnie, jkt) = enter(app, call).await?;
    let Claiming { handle } = read(body)?;
    let handle = Bearer::<Pairing>::parse(&handle).ok_or(Refusal::HandleUnknown)?;
    let (pairing, version) = app.ephemeral.look(&handle).await?.ok_or(Refusal::HandleUnknown)?;
    let taken = match pairing.claim {
        Claim::Made => true,
        Claim::Open => {
            // As long as the transaction: a second claim is seen for what it is until then.
            let made = Pairing { claim: Claim::Made, ..pairing.clone() };
            app.ephemeral.swap(&handle, version, &made, TRANSACTION).await? == Swap::Lost
        }
    };
    if taken {
        slot::kill(app, &pairing.transaction, Refusal::ClaimedTwice).await?;
        return Err(Refusal::ClaimedTwice.into());
    }
    let network = pairing.network_of(&Subscriber::of(from.0).to_string());
    open(app, cnie, (&jkt, network), (&handle, &pairing)).await
}

async fn open(
    app: &App,
    cnie: &Cnie,
    (jkt, network): (&Jkt, Network),
    (handle, pairing): (&Bearer<Pairing>, &Pairing),
) -> Result<Opened, Unanswered> {
    for _ in 0..TRIES {
        let found = slot::find(app, &pairing.transaction).await?;
        let (transaction, place) = found.ok_or(Refusal::TransactionUnknown)?;
        let waiting = match transaction {
            AnyTransaction::Waiting(waiting) => waiting,
            // Claimed by the other of the two handles that the browser shows.
            claimed @ (AnyTransaction::Claimed(_) | AnyTransaction::Reading(_) | AnyTransaction::Proved(_)) => {
                drop(claimed);
                slot::kill(app, &pairing.transaction, Refusal::ClaimedTwice).await?;
                return Err(Refusal::ClaimedTwice.into());
            }
            over @ (AnyTransaction::Spent(_) | AnyTransaction::Dead(_)) => {
                return Err(out_of_turn(&over, &jkt.0).into());
            }
        };
        let by =
            ClaimedBy { jkt: &jkt.0, device: pairing.device, network, random: app.random.bytes(), at: app.clock.now() };
        let opened = waiting.claim(handle, by).map_err(|(refusal, _)| refusal)?;
        let next = AnyTransaction::from(opened.transaction.clone());
        if let Swap::Done(_) = place.try_put(app, &next).await? {
            let borne = handle.expose().as_str().to_owned();
            return Ok(Opened::of(app, cnie, (borne, &opened.transaction), opened.choices));
        }
    }
    Err(Refusal::OutOfTurn.into())
}
