//! `POST /app/v1/transactions`: a phone begins an act of its citizen's own.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::cnie::pairing::{Claim, Device, Pairing};
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::{Act, AnyTransaction, Beginning, Transaction};
use domain::cnie::{TRANSACTION, TermsVersion};
use domain::secret::Bearer;
use serde::Deserialize;
use store::ephemeral::Put;
use utoipa::ToSchema;

use super::wire::{Acting, Opened};
use super::{Unanswered, answered, enter, read};
use crate::app::{App, Shared};
use crate::provider::call::Call;

/// What for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Asked {
    /// The act.
    purpose: Acting,
}

/// Begins an act of the citizen's own.
#[utoipa::path(
    post, path = "/app/v1/transactions", request_body = Asked, tag = "transaction",
    params(("DPoP" = String, Header, description = "Proof of possession (RFC 9449), ES256")),
    responses(
        (status = 200, body = Opened),
        (status = "default", body = super::problem::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let outcome = begin(&app, &call, &body).await;
    answered(&app, &call, outcome)
}

async fn begin(app: &App, call: &Call, body: &[u8]) -> Result<Opened, Unanswered> {
    let (cnie, jkt) = enter(app, call).await?;
    let Asked { purpose } = read(body)?;
    let act = Act::from(purpose);
    acceptable(&act)?;
    let [number, ..] = app.random.bytes::<1>();
    let beginning = Beginning { id: app.random.bytes(), nonce: app.random.bytes(), number, at: app.clock.now() };
    let claimed = Transaction::begin_act(beginning, act, &jkt.0);
    let bearer = Bearer::<AnyTransaction>::from_random(app.random.bytes());
    let handle = Bearer::<Pairing>::from_random(app.random.bytes());
    let pairing =
        Pairing { transaction: bearer.clone(), device: Device::Same, network: String::new(), claim: Claim::Made };
    let _: Put = app.ephemeral.put(&bearer, &claimed.clone().into(), TRANSACTION).await?;
    let _: Put = app.ephemeral.put(&handle, &pairing, TRANSACTION).await?;
    Ok(Opened::of(app, cnie, (handle.expose().as_str().to_owned(), &claimed), None))
}

/// What would be refused at the end is refused before a card is asked for.
fn acceptable(act: &Act) -> Result<(), Refusal> {
    match act {
        Act::Create { email, terms, .. } => {
            TermsVersion::accepted(terms)?;
            if domain::upstream::is_address(email) { Ok(()) } else { Err(Refusal::BadAddress) }
        }
        Act::RequestCertification { terms } => TermsVersion::accepted(terms).map(|_| ()),
        Act::Show | Act::Activate | Act::Restore | Act::Delete => Ok(()),
    }
}
