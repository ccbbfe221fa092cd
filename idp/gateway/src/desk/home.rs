//! The first screen: `GET /guichet`, and the scan, `POST /guichet/dossiers`. A scanner is a keyboard that types the text
//! of the QR code and Enter; `GET /guichet/q/{token}` is where the code leads when it is opened otherwise.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::cnie::case::alarm::median;
use domain::cnie::case::{AnyCase, Case, DeskRefusal, Opening, Scan, Standing};
use domain::cnie::qr::Presented;
use domain::cnie::refusal::Refusal;
use domain::id::ReaderId;
use domain::journal::{Act, CardIdentityChange};
use domain::people::agent::{Certify, OnDuty};
use domain::people::reader::{Reader, ReaderState};
use domain::time::Timestamp;
use http::StatusCode;
use store::StoreError;
use store::registry::{Opened, Told, Transition};

use super::refused::status;
use super::{cards, keep};
use crate::app::{App, Shared};
use crate::audit::Entry;
use crate::pages::View as _;
use crate::pages::desk::{Home, Line};
use crate::pages::paris;
use crate::people::session::{AgentHere, AgentOnDuty};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// The median is of so many days.
const MEDIAN_DAYS: i64 = 30;
/// The most cases of a day that are listed.
const LISTED: u32 = 100;

/// `GET /guichet`. Whoever does not certify goes to what they may do.
pub(crate) async fn get(State(app): State<Shared>, here: AgentHere) -> Response {
    match here.agent().may(Certify, here.commune(), app.clock.now()) {
        Ok(duty) if app.cnie.is_some() => show(&app, &AgentOnDuty { duty, here }, None, "").await,
        Ok(_) | Err(_) => see_other("/guichet/compte"),
    }
}

/// `GET /guichet/q/{token}`: the QR code was opened in this browser. It is spent by the form alone.
pub(crate) async fn get_scanned(
    State(app): State<Shared>,
    Path(token): Path<String>,
    on: AgentOnDuty<Certify>,
) -> Response {
    show(&app, &on, None, &token).await
}

async fn show(app: &App, on: &AgentOnDuty<Certify>, told: Option<DeskRefusal>, typed: &str) -> Response {
    match page(app, on, told, typed).await {
        Ok(response) => response,
        Err(error) => unavailable(app, on.here.occasion, &error),
    }
}

async fn page(
    app: &App,
    on: &AgentOnDuty<Certify>,
    told: Option<DeskRefusal>,
    typed: &str,
) -> Result<Response, StoreError> {
    let (duty, now) = (&on.duty, app.clock.now());
    let commune = duty.commune();
    // Cases that were left are ended before they are listed.
    let open = keep::open(app, commune).await?;
    let today = app.registry.cases_since::<AnyCase>(commune, midnight(now), LISTED).await?;
    let month = Timestamp::from_epoch(now.epoch() - MEDIAN_DAYS * 86_400);
    let seconds = app.registry.case_seconds(commune, month).await?;
    let readers = heard(app, duty).await?;
    let last = today.iter().map(|found| &found.case.record).find(|case| case.agent() == duty.agent());
    let chosen = last.map(AnyCase::reader).filter(|id| readers.iter().any(|reader| reader.id == **id)).cloned();
    let line = |case: &AnyCase| Line::of(case, case.standing(duty).unwrap_or(Standing::Colleague));
    let csrf = on.here.csrf();
    let view = Home {
        page: on.here.occasion.page(app),
        here: on.here.shown(app, &csrf),
        simulated: cards(app).cards,
        readers: &readers,
        chosen: chosen.as_ref(),
        open: open.iter().map(|found| line(&found.case.record)).filter(Line::is_for_me).collect(),
        today: today.iter().filter(|found| found.case.end.is_some()).map(|found| line(&found.case.record)).collect(),
        median: median(&seconds),
        told,
        typed,
    };
    Ok(match told {
        Some(refusal) => Entry::new(refusal).on(view.answer(status(refusal))),
        None => view.answer(StatusCode::OK),
    })
}

fn midnight(now: Timestamp) -> Timestamp {
    paris::beginning_of(&paris::written(now)).unwrap_or(now)
}

/// The readers that are heard in the agent's commune.
async fn heard(app: &App, duty: &OnDuty<Certify>) -> Result<Vec<Reader>, StoreError> {
    let mut readers = app.registry.readers(duty.commune()).await?;
    readers.retain(|reader| reader.state == ReaderState::Registered);
    Ok(readers)
}

/// `POST /guichet/dossiers`: a QR code was scanned. It is spent from now on.
pub(crate) async fn scan(State(app): State<Shared>, on: AgentOnDuty<Certify>, form: Sent) -> Response {
    if let Err(refused) = on.here.check(&app, &form) {
        return refused;
    }
    match open(&app, &on, &form).await {
        Ok(Ok(place)) => see_other(&place),
        Ok(Err(refusal)) => show(&app, &on, Some(refusal), "").await,
        Err(error) => unavailable(&app, on.here.occasion, &error),
    }
}

async fn open(app: &App, on: &AgentOnDuty<Certify>, form: &Sent) -> Result<Result<String, DeskRefusal>, StoreError> {
    let (duty, now) = (&on.duty, app.clock.now());
    let presented = match Presented::scanned(form.field("qr").unwrap_or_default()) {
        Ok(presented) => presented,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    let Some(reader) = chosen(&heard(app, duty).await?, form.field("reader")) else {
        return Ok(Err(DeskRefusal::ReaderUnknown));
    };
    // Cases that were left let their readers go.
    keep::open(app, duty.commune()).await?;
    let Some(from) = app.registry.identity(presented.identity()).await? else {
        return Ok(Err(Refusal::RequestUnknown.into()));
    };
    let identity = from.identity.clone().settle(now).into_inner();
    let scan = Scan { presented: &presented, secret: &cards(app).qr_secret, identity, reader: &reader };
    let opening = Opening { id: app.random.bytes(), nonce: app.random.bytes(), papers: app.random.bytes(), at: now };
    let (case, identity) = match Case::open(duty, on.here.agent(), scan, opening) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (place, to) = (place(case.id().as_str()), identity.into());
    let change = CardIdentityChange::AtDesk(case.id().clone());
    let acts = [Act::CardIdentityChanged { identity: presented.identity().clone(), change }];
    let told = Told { acts: &acts, notices: &[], at: now };
    let step = Transition { from: &from, to: &to };
    Ok(match app.registry.make_case(&keep::row(case.into()), step, &told).await? {
        Opened::Done => Ok(place),
        // Scanned at another desk, or twice at this one, in the same moment.
        Opened::Spent => Err(Refusal::RequestUsed.into()),
        Opened::ReaderBusy => Err(DeskRefusal::ReaderBusy),
    })
}

/// The reader that was chosen; the only one there is without a choice.
fn chosen(readers: &[Reader], wanted: Option<&str>) -> Option<Reader> {
    match (wanted, readers) {
        (Some(wanted), _) => {
            let id = ReaderId::parse(wanted).ok()?;
            readers.iter().find(|reader| reader.id == id).cloned()
        }
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// Where a case is.
pub(super) fn place(case: &str) -> String {
    format!("/guichet/dossiers/{case}")
}

impl Line {
    /// A case as the first screen lists it.
    fn of(case: &AnyCase, standing: Standing) -> Self {
        let (seconds, outcome) = match case {
            AnyCase::Decided(over) => (Some(over.seconds()), Some(over.outcome())),
            AnyCase::Scanned(_) | AnyCase::Read(_) | AnyCase::Matched(_) | AnyCase::Awaiting(_) => (None, None),
        };
        Self { id: case.id().clone(), opened: case.opened(), seconds, outcome, standing, awaits: case.awaits() }
    }

    /// Whether the agent has something to do with it.
    fn is_for_me(&self) -> bool {
        match self.standing {
            Standing::Own | Standing::Second => true,
            Standing::Colleague => false,
        }
    }
}
