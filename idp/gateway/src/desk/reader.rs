//! What desk readers call: `POST /reader/v1/cases/{next,card,answers,fingerprint}`, JSON, each call with a DPoP proof by
//! the key that the commune's admin registered (RFC 9449). Errors are problem details (RFC 9457).
//!
//! ```text
//!  next ──▶ {case, nonce, step}, or 204
//!  card {case, files} ──▶ commands ──▶ answers {case, answers} ──▶ more commands, or read
//!  fingerprint {case, verdict} ──▶ 204                 nothing of the finger but the signed verdict
//! ```

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chip::lds::Group;
use domain::cnie::case::{AnyCase, Asked as Kept, Case, DeskCard, Outcome, Papers, Read, Scanned, Verdict};
use domain::cnie::refusal::Refusal;
use domain::cnie::transaction::Octets;
use domain::id::CaseId;
use domain::journal::ReaderChange;
use domain::people::reader::{Reader, ReaderState};
use domain::secret::base64url;
use domain::time::Timestamp;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use store::StoreError;
use store::ephemeral::{Kind, Put};
use store::registry::Changed;

use super::cards;
use super::keep::{self, Concluded, Found, conclude, keep};
use super::picture;
use crate::app::{App, Shared};
use crate::cnie::changes;
use crate::cnie::reading::{self, Asked, Files, Purpose, Refused, Reply, Round, Seed};
use crate::provider::call::Call;

mod answer;
#[cfg(test)]
mod tests;

pub(super) use answer::json;
pub(crate) use answer::too_many;

use answer::No;

/// Round trips with one chip: lengths are known, so that one does; a chip that answers in parts needs a second.
const ROUNDS: usize = 4;

/// `POST /reader/v1/cases/next`.
pub(crate) async fn next(State(app): State<Shared>, call: Call) -> Response {
    let waiting = async { waiting(&app, &who(&app, &call).await?).await };
    answer::of(&app, &call, waiting.await)
}

/// The oldest case that waits for this reader.
async fn waiting(app: &App, reader: &Reader) -> Result<Response, No> {
    let open = keep::open(app, &reader.commune).await?;
    let mut mine = open.iter().map(|found| &found.case.record).filter(|case| *case.reader() == reader.id);
    let Some((case, awaits)) = mine.find_map(|case| Some((case, case.awaits()?))) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let told = json!({"case": case.id(), "nonce": base64url(case.nonce()), "step": awaits.name()});
    Ok(json(StatusCode::OK, &told))
}

/// The files of the card on the reader, and the case that they are for. What a card withholds is refused as a card that
/// proves nothing, and not as a form: so it is one of its tries.
#[derive(Deserialize)]
struct Laid {
    case: String,
    sod: Octets,
    dg1: Option<Octets>,
    dg2: Option<Octets>,
    dg14: Option<Octets>,
    dg11: Option<Octets>,
    dg12: Option<Octets>,
    dg13: Option<Octets>,
    dg15: Option<Octets>,
}

impl Laid {
    fn files(self) -> (String, Files) {
        let brought = [
            (Group::DG1, self.dg1),
            (Group::DG2, self.dg2),
            (Group::DG11, self.dg11),
            (Group::DG12, self.dg12),
            (Group::DG13, self.dg13),
            (Group::DG14, self.dg14),
            (Group::DG15, self.dg15),
        ];
        let groups = brought.into_iter().filter_map(|(group, file)| Some((group, file?.0)));
        (self.case, Files { sod: self.sod.0, groups: groups.collect() })
    }
}

/// `POST /reader/v1/cases/card`.
pub(crate) async fn card(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let asked = async {
        let reader = who(&app, &call).await?;
        begin(&app, &reader, read(&body)?).await
    };
    let asked = asked.await.map(|asked| {
        let [opening, relay] = [asked.opening, asked.relay].map(octets);
        json(StatusCode::OK, &json!({"opening": opening, "relay": relay}))
    });
    answer::of(&app, &call, asked)
}

async fn begin(app: &App, reader: &Reader, laid: Laid) -> Result<Asked, No> {
    let (case, files) = laid.files();
    let found = find(app, reader, &case).await?;
    let case = awaits_card(&found)?;
    let now = app.clock.now();
    let case = match case.try_card(now) {
        Ok(case) => case,
        Err((refusal, next)) => return Err(put_aside(app, &found, next, refusal.into()).await?),
    };
    let (trust, seed): (_, Seed) = (cards(app).trust.clone(), app.random.bytes());
    let judged = reading::aside(Purpose::Desk, move || {
        let authentic = reading::authenticate(&trust, &files, Purpose::Desk, now)?;
        reading::begin(&authentic, &seed, &[]).map(|asked| (asked, files))
    });
    let (asked, files) = match judged.await {
        Ok(judged) => judged,
        Err(refused) => {
            let trouble = No::from(refused);
            let next = case.troubled(refused.refusal.into());
            return Err(put_aside(app, &found, next.into(), trouble).await?);
        }
    };
    let groups = files.groups.into_iter().map(|(group, file)| (group.number(), Octets(file))).collect();
    let papers = Kept { sod: Octets(files.sod), groups, seed: Octets(seed.to_vec()), rounds: Vec::new() };
    lay(app, &found, &Papers::Asked(papers), now).await?;
    go_on(app, &found, case.into()).await?;
    Ok(asked)
}

/// The answers of the chip.
#[derive(Deserialize)]
struct Answered {
    case: String,
    #[serde(default)]
    opening: Vec<Octets>,
    relay: Vec<Octets>,
}

/// `POST /reader/v1/cases/answers`.
pub(crate) async fn answers(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let went = async {
        let reader = who(&app, &call).await?;
        take(&app, &reader, read(&body)?).await
    };
    answer::of(&app, &call, went.await)
}

async fn take(app: &App, reader: &Reader, answered: Answered) -> Result<Response, No> {
    let found = find(app, reader, &answered.case).await?;
    let case = awaits_card(&found)?;
    let now = app.clock.now();
    let Some(papers) = found.case.record.papers() else { return Err(No::out_of_turn()) };
    // Answers count once: whoever sends them again finds nothing.
    let Some(Papers::Asked(mut kept)) = app.ephemeral.take(papers).await? else { return Err(No::out_of_turn()) };
    if kept.rounds.len() >= ROUNDS {
        return Err(No::out_of_turn());
    }
    kept.rounds.push((answered.opening, answered.relay));
    let trust = cards(app).trust.clone();
    let judged = reading::aside(Purpose::Desk, move || judge(&trust, &kept, now).map(|reply| (reply, kept)));
    match judged.await {
        Err(refused) => {
            let trouble = No::from(refused);
            let next = case.troubled(refused.refusal.into());
            Err(put_aside(app, &found, next.into(), trouble).await?)
        }
        Ok((Reply::More(relay), kept)) => {
            lay(app, &found, &Papers::Asked(kept), now).await?;
            Ok(json(StatusCode::OK, &json!({"status": "more", "relay": octets(relay)})))
        }
        Ok((Reply::Live(live), _)) => {
            let zone = (live.zone().issuing_state.clone(), live.zone().document_number.clone());
            let card = DeskCard::of(&live, &cards(app).card_secret, now);
            drop(live);
            // A photo that nobody can look at: the agent hears of it before a finger is asked for.
            let card = match card {
                Ok(card) => picture::drawn(card.shown()).await.map(|_| card),
                Err(refusal) => Err(refusal),
            };
            match card {
                Ok(card) => shown(app, &found, case, card, zone).await,
                Err(refusal) => Err(put_aside(app, &found, case.troubled(refusal).into(), refusal.into()).await?),
            }
        }
    }
}

/// What the files and all answers prove, computed from them anew.
fn judge(trust: &crate::cnie::trust::CardTrust, kept: &Kept, now: Timestamp) -> Result<Reply, Refused> {
    let malformed = Refused { refusal: Refusal::Malformed, code: "PAPERS" };
    let group = |(number, file): &(u8, Octets)| Some((Group::new(*number)?, file.0.clone()));
    let groups = kept.groups.iter().map(group).collect::<Option<_>>().ok_or(malformed)?;
    let seed: &Seed = kept.seed.0.as_slice().try_into().map_err(|_| malformed)?;
    let files = Files { sod: kept.sod.0.clone(), groups };
    let authentic = reading::authenticate(trust, &files, Purpose::Desk, now)?;
    let plain = |answers: &[Octets]| answers.iter().map(|answer| answer.0.clone()).collect::<Vec<_>>();
    let rounds: Vec<_> = kept.rounds.iter().map(|(opening, relay)| (plain(opening), plain(relay))).collect();
    let rounds: Vec<_> = rounds.iter().map(|(opening, relay)| Round { opening, relay }).collect();
    reading::go_on(authentic, seed, &[], &rounds)
}

/// A genuine card is on the reader: its authority is asked, and the case goes on if it is the one of the request.
async fn shown(
    app: &App,
    found: &Found,
    case: Case<Scanned>,
    card: DeskCard,
    (state, number): (String, String),
) -> Result<Response, No> {
    let answer = match cards(app).authority.ask(&state, &number).await {
        Ok(answer) => answer,
        Err(refusal) => {
            return Err(put_aside(app, found, case.troubled(refusal.into()).into(), refusal.into()).await?);
        }
    };
    let (now, reference, standing) = (app.clock.now(), answer.reference.clone(), answer.standing);
    let status = match answer.in_force() {
        Ok(status) => status,
        Err(refusal) => {
            let over = case.withdrawn(reference, now);
            let refused = put_aside(app, found, over.into(), refusal.into()).await?;
            changes::heard(app, &card.card().key(), standing).await?;
            return Err(refused);
        }
    };
    let Some(post) = app.registry.post(found.case.record.agent()).await? else {
        return Err(StoreError::Corrupt { what: "the agent of a case" }.into());
    };
    match case.read(&card, &status, &post.agent, now) {
        Err((refusal, next)) => Err(put_aside(app, found, next, refusal.into()).await?),
        Ok(case) => {
            let told = json!({"status": "read", "nonce": base64url(case.nonce())});
            lay(app, found, &Papers::Shown(Box::new(card.into_shown())), now).await?;
            go_on(app, found, case.into()).await?;
            Ok(json(StatusCode::OK, &told))
        }
    }
}

/// What a reader says of the finger.
#[derive(Deserialize)]
struct Said {
    case: String,
    verdict: String,
}

/// `POST /reader/v1/cases/fingerprint`.
pub(crate) async fn fingerprint(State(app): State<Shared>, call: Call, body: Bytes) -> Response {
    let heard = async {
        let reader = who(&app, &call).await?;
        hear(&app, &reader, read(&body)?).await
    };
    answer::of(&app, &call, heard.await)
}

async fn hear(app: &App, reader: &Reader, said: Said) -> Result<Response, No> {
    let found = find(app, reader, &said.case).await?;
    let case = awaits_finger(&found)?;
    let now = app.clock.now();
    let verdict = Verdict::verify(&said.verdict, reader, &case, now)?;
    let next = case.finger(&verdict, now).map_err(|(refusal, _)| refusal)?;
    go_on(app, &found, next).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The reader that calls, by the key that it proved to hold. The proofs of others are not remembered: whoever floods us
/// with keys of their own takes no room.
async fn who(app: &App, call: &Call) -> Result<Reader, No> {
    // Before the proof, which a clock that went back would misjudge first.
    app.clock.check().map_err(|_| Refusal::ClockBack)?;
    let proved = call.proved(app, &app.desk().origin, None).map_err(No::Proof)?.ok_or_else(No::no_reader)?;
    let reader = app.registry.reader_with(proved.key()).await?.ok_or_else(No::no_reader)?;
    match reader.state {
        ReaderState::Registered | ReaderState::Proposed => {}
        ReaderState::Withdrawn => return Err(No::withdrawn()),
    }
    proved.count(app, Kind::CardProof).await?;
    if reader.state == ReaderState::Registered {
        return Ok(reader);
    }
    let now = app.clock.now();
    if let Some(proving) = reader.proving(now) {
        // Of two first calls one is noted.
        let _: Put = app.registry.change_reader((&reader, &proving), ReaderChange::Proved, None, now).await?;
    }
    Err(No::proposed())
}

/// The case that a reader names, if it is the reader's.
async fn find(app: &App, reader: &Reader, case: &str) -> Result<Found, No> {
    let id = CaseId::parse(case).map_err(|_| No::no_case())?;
    let found = keep::find(app, &id).await?.ok_or_else(No::no_case)?;
    found.case.record.admits(reader)?;
    Ok(found)
}

fn awaits_card(found: &Found) -> Result<Case<Scanned>, No> {
    match &found.case.record {
        AnyCase::Scanned(case) => Ok(case.clone()),
        AnyCase::Decided(over) => Err(over_by(over.outcome())),
        AnyCase::Read(_) | AnyCase::Matched(_) | AnyCase::Awaiting(_) => Err(No::out_of_turn()),
    }
}

fn awaits_finger(found: &Found) -> Result<Case<Read>, No> {
    match &found.case.record {
        AnyCase::Read(case) => Ok(case.clone()),
        AnyCase::Matched(_) | AnyCase::Awaiting(_) => Err(No::verdict_used()),
        AnyCase::Decided(over) if over.evidence().verdict.is_some() => Err(No::verdict_used()),
        AnyCase::Decided(over) => Err(over_by(over.outcome())),
        AnyCase::Scanned(_) => Err(No::out_of_turn()),
    }
}

const fn over_by(outcome: Outcome) -> No {
    match outcome {
        Outcome::Lapsed => No::late(),
        Outcome::Approved | Outcome::Refused(_) | Outcome::CaptureImpossible => No::over(),
    }
}

/// Puts what was read of the card with the case, in the place of what lay there, for as long as the case waits.
async fn lay(app: &App, found: &Found, papers: &Papers, now: Timestamp) -> Result<(), No> {
    let case = &found.case.record;
    let place = case.papers().zip(case.until().and_then(|until| until.left(now)));
    let Some((bearer, life)) = place else { return Err(No::late()) };
    let _: Option<Papers> = app.ephemeral.take(bearer).await?;
    match app.ephemeral.put(bearer, papers, life).await? {
        Put::Fresh => Ok(()),
        Put::Taken => Err(No::out_of_turn()),
    }
}

/// Keeps the next step, or the end; another call was faster where that is lost.
async fn go_on(app: &App, found: &Found, next: AnyCase) -> Result<(), No> {
    let is_kept = match next {
        AnyCase::Decided(over) => conclude(app, found, over, None).await? == Concluded::Done,
        next @ (AnyCase::Scanned(_) | AnyCase::Read(_) | AnyCase::Matched(_) | AnyCase::Awaiting(_)) => {
            keep(app, found, next).await? == Changed::Done
        }
    };
    if is_kept { Ok(()) } else { Err(No::out_of_turn()) }
}

/// Keeps what a card that was refused makes of the case, for the agent to see, and gives the refusal.
async fn put_aside(app: &App, found: &Found, next: AnyCase, refusal: No) -> Result<No, No> {
    go_on(app, found, next).await.map(|()| refusal)
}

fn read<'de, T: Deserialize<'de>>(body: &'de Bytes) -> Result<T, No> {
    serde_json::from_slice(body).map_err(|_| No::malformed())
}

fn octets(commands: Vec<Vec<u8>>) -> Vec<Octets> {
    commands.into_iter().map(Octets).collect()
}
