//! `POST /app/v1/transactions/card`: the files of the card. A State must have signed them before the chip is asked.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use chip::agreement::RANDOMNESS;
use chip::lds::Group;
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::{AnyTransaction, Octets, Presented, Read};
use domain::secret::base64url;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire::texts;
use super::{Unanswered, answered, enter, read};
use crate::app::{App, Shared};
use crate::cnie::reading::{self, Files, Purpose, Seed};
use crate::cnie::slot::{behind, out_of_turn};
use crate::provider::call::Call;

/// The files, whole, tags and lengths included, as read in the phone's own PACE channel.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Brought {
    /// The transaction.
    transaction: String,
    /// The number that the citizen picked, where one is asked for.
    #[serde(default)]
    number: Option<u8>,
    /// EF.SOD.
    #[schema(value_type = String)]
    sod: Octets,
    /// Group 1: the machine readable zone. Without it the card is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg1: Option<Octets>,
    /// Group 13, where EF.SOD lists it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg13: Option<Octets>,
    /// Group 14: the keys of the chip. Without it the card is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg14: Option<Octets>,
    /// Group 11: not needed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg11: Option<Octets>,
    /// Group 12: not needed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg12: Option<Octets>,
    /// Group 15, where EF.SOD lists it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dg15: Option<Octets>,
}

/// What the card is to sign and to answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToProve {
    /// The key that the server speaks to the chip with, uncompressed: SHA-256 of it is part of T.
    server_key: String,
    /// T, 32 octets: the app computes the same before the card signs it.
    to_sign: String,
    /// Commands for the PACE channel, in this order, after the signature.
    opening: Vec<String>,
    /// Commands for the chip as they are, in this order, after those.
    relay: Vec<String>,
}

impl Brought {
    fn files(self) -> (Octets, Vec<(u8, Octets)>) {
        let groups =
            [(1, self.dg1), (11, self.dg11), (12, self.dg12), (13, self.dg13), (14, self.dg14), (15, self.dg15)];
        (self.sod, groups.into_iter().filter_map(|(number, file)| Some((number, file?))).collect())
    }
}

/// The files as they are judged.
pub(super) fn files(sod: &Octets, groups: &[(u8, Octets)]) -> Files {
    let groups = groups.iter().filter_map(|(number, file)| Some((Group::new(*number)?, file.0.clone())));
    Files { sod: sod.0.clone(), groups: groups.collect() }
}

/// Judges the files of the card, and asks its chip.
#[utoipa::path(
    post, path = "/app/v1/transactions/card", request_body = Brought, tag = "transaction",
    params(("DPoP" = String, Header, description = "Proof of possession (RFC 9449), ES256")),
    responses(
        (status = 200, body = ToProve),
        (status = "default", body = super::problem::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let outcome = present(&app, &call, &body).await;
    answered(&app, &call, outcome)
}

async fn present(app: &App, call: &Call, body: &[u8]) -> Result<ToProve, Unanswered> {
    let (cnie, jkt) = enter(app, call).await?;
    let brought: Brought = read(body)?;
    let (transaction, slot) = behind(app, &brought.transaction).await?;
    let claimed = match transaction {
        AnyTransaction::Claimed(claimed) => claimed,
        elsewhere @ (AnyTransaction::Waiting(_)
        | AnyTransaction::Reading(_)
        | AnyTransaction::Proved(_)
        | AnyTransaction::Spent(_)
        | AnyTransaction::Dead(_)) => return Err(out_of_turn(&elsewhere, &jkt.0).into()),
    };
    let now = app.clock.now();
    match claimed.admits(&Presented { jkt: &jkt.0, number: brought.number, at: now }) {
        Ok(()) => {}
        // Not tried twice: whoever guesses is right one time in three.
        Err(Refusal::WrongNumber) => return Err(slot.kill(app, Refusal::WrongNumber.into()).await.into()),
        Err(refusal) => return Err(refusal.into()),
    }
    let seed: Seed = app.random.bytes::<RANDOMNESS>();
    let (sod, groups) = brought.files();
    let (trust, judged) = (cnie.trust.clone(), files(&sod, &groups));
    let asked = reading::aside(Purpose::Remote, move || {
        let authentic = reading::authenticate(&trust, &judged, Purpose::Remote, now)?;
        reading::begin(&authentic, &seed, &[])
    })
    .await;
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return Err(slot.kill(app, refused.into()).await.into()),
    };
    let to_sign = claimed.to_sign(app.issuer.as_str(), &asked.server_key);
    let answer = ToProve {
        server_key: base64url(&asked.server_key),
        to_sign: base64url(to_sign.as_bytes()),
        opening: texts(&asked.opening),
        relay: texts(&asked.relay),
    };
    let seed = Octets(seed.to_vec());
    let reading = claimed.read(Read { sod, groups, seed, to_sign, holder: None, rounds: Vec::new() });
    slot.put(app, &reading.into()).await?;
    Ok(answer)
}
