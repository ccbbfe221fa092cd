//! `POST /app/v1/transactions/answers`: what the card answered. With the last of it, card and code are proved.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use chip::holder::HolderPresent;
use chip::live::LiveCard;
use domain::cnie::card::CardAndCode;
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::{AnyTransaction, Octets, Purpose, Reading, Transaction};
use domain::secret::base64url;
use serde::Deserialize;
use utoipa::ToSchema;

use super::card::files;
use super::wire::{Done, Outcome, Round, octets, texts};
use super::{Jkt, Unanswered, answered, enter, read};
use crate::app::{App, Shared};
use crate::cnie::Cnie;
use crate::cnie::proof::{self, Shown};
use crate::cnie::reading::{self, Reply, Seed};
use crate::cnie::slot::{Fault, Slot, behind, out_of_turn};
use crate::provider::call::Call;

/// The answers of a round. Certificate, signature and opening come with the first.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Answered {
    /// The transaction.
    transaction: String,
    /// The certificate of the key behind the code, in DER.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    certificate: Option<Octets>,
    /// r and s over T, 64 octets.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signature: Option<Octets>,
    /// The answers to the opening commands, as unwrapped by the phone.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    opening: Vec<Octets>,
    /// The answers of the chip, as they came.
    #[schema(value_type = Vec<String>)]
    relay: Vec<Octets>,
}

/// Takes the answers of the card.
#[utoipa::path(
    post, path = "/app/v1/transactions/answers", request_body = Answered, tag = "transaction",
    params(("DPoP" = String, Header, description = "Proof of possession (RFC 9449), ES256")),
    responses(
        (status = 200, body = Round),
        (status = "default", body = super::problem::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let outcome = answer(&app, &call, &body).await;
    answered(&app, &call, outcome)
}

async fn answer(app: &App, call: &Call, body: &[u8]) -> Result<Round, Unanswered> {
    let (cnie, jkt) = enter(app, call).await?;
    let sent: Answered = read(body)?;
    let (transaction, slot) = behind(app, &sent.transaction).await?;
    let reading = match transaction {
        AnyTransaction::Reading(reading) => reading,
        // The answer to the last round was lost: it is given again.
        AnyTransaction::Proved(proved) if proved.is_by_phone(&jkt.0) => return Ok(signed_in()),
        elsewhere @ (AnyTransaction::Waiting(_)
        | AnyTransaction::Claimed(_)
        | AnyTransaction::Proved(_)
        | AnyTransaction::Spent(_)
        | AnyTransaction::Dead(_)) => return Err(out_of_turn(&elsewhere, &jkt.0).into()),
    };
    let reading = admitted(app, reading, &jkt, sent)?;
    match judge(app, cnie, &reading).await {
        Ok(Judged::More(relay)) => {
            slot.put(app, &reading.into()).await?;
            Ok(Round::More { relay: texts(&relay) })
        }
        Ok(Judged::Proved(shown)) => proved(app, cnie, (slot, reading), &shown).await,
        Err(fault) => Err(slot.kill(app, fault).await.into()),
    }
}

/// The transaction with the answers of this round.
fn admitted(
    app: &App,
    reading: Transaction<Reading>,
    jkt: &Jkt,
    sent: Answered,
) -> Result<Transaction<Reading>, Unanswered> {
    reading.admits(&jkt.0, app.clock.now())?;
    let holder = match (sent.certificate, sent.signature) {
        (Some(certificate), Some(signature)) => Some((certificate, signature)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(Refusal::Malformed.into()),
    };
    let round = (sent.opening, sent.relay);
    reading.answered(holder, round).map_err(|(refusal, _)| refusal.into())
}

enum Judged {
    More(Vec<Vec<u8>>),
    Proved(Box<Shown>),
}

/// What the answers so far prove. Everything is computed again from what was kept: no proof and no key of a channel is.
async fn judge(app: &App, cnie: &Cnie, reading: &Transaction<Reading>) -> Result<Judged, Fault> {
    let (trust, secret, now) = (cnie.trust.clone(), cnie.card_secret.clone(), app.clock.now());
    let kept = reading.reading().clone();
    let judged = reading::aside(reading::Purpose::Remote, move || {
        let seed: Seed = kept.seed.0.try_into().map_err(|_| Fault::from(Refusal::OutOfTurn))?;
        let authentic = reading::authenticate(&trust, &files(&kept.sod, &kept.groups), reading::Purpose::Remote, now)?;
        let rounds: Vec<_> = kept.rounds.into_iter().map(|(opening, relay)| (octets(opening), octets(relay))).collect();
        let rounds: Vec<_> = rounds.iter().map(|(opening, relay)| reading::Round { opening, relay }).collect();
        match reading::go_on(authentic, &seed, &[], &rounds)? {
            Reply::More(relay) => Ok(Judged::More(relay)),
            Reply::Live(live) => {
                let (certificate, signature) = kept.holder.ok_or(Refusal::OutOfTurn)?;
                let signed = kept.to_sign;
                let holder = reading::holder(&trust, (&certificate.0, &signature.0), signed.as_bytes(), now)?;
                let card = CardAndCode::of(&live, &holder, &signed, &secret, now)?;
                record(&live, &holder);
                Ok(Judged::Proved(Box::new(Shown::of(card))))
            }
        }
    });
    judged.await
}

/// What is kept of a proof that was given (CIR (EU) 2015/1502 §2.3.1): digests, and the revocation lists it rests on. Nothing of
/// the holder.
fn record(live: &LiveCard, holder: &HolderPresent) {
    let lists = live.signer().lists().iter().chain(holder.signer().lists());
    let lists: Vec<_> = lists.map(|list| format!("{} {}", list.issuer, list.number)).collect();
    tracing::info!(
        evidence = %live.evidence(),
        transcript = %base64url(&live.transcript()),
        revocation_lists = %lists.join("; "),
        "card and code were proved"
    );
}

/// Card and code are proved: the browser may go on, or the act is done.
async fn proved(
    app: &App,
    cnie: &Cnie,
    (slot, reading): (Slot, Transaction<Reading>),
    shown: &Shown,
) -> Result<Round, Unanswered> {
    let status = match proof::in_force(app, cnie, shown).await {
        Ok(status) => status,
        Err(fault) => return Err(slot.kill(app, fault).await.into()),
    };
    match reading.purpose().clone() {
        Purpose::SignIn(_) => match proof::assertion(app, cnie, shown, &status).await {
            Ok(assertion) => {
                slot.put(app, &reading.prove(assertion).into()).await?;
                Ok(signed_in())
            }
            Err(fault) => Err(slot.kill(app, fault).await.into()),
        },
        Purpose::Act(act) => {
            // Spent first: of two last answers one does it.
            slot.put(app, &reading.spend().into()).await?;
            let identity = proof::act(app, cnie, &act, shown, &status).await?;
            let done = Done::of(app, cnie, &act, &identity);
            Ok(Round::Proved { result: Outcome::Act(Box::new(done)) })
        }
    }
}

const fn signed_in() -> Round {
    Round::Proved { result: Outcome::SignIn { kind: "sign_in" } }
}
