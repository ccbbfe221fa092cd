//! The screens of a case, `GET /guichet/dossiers/{id}`: card, finger, photo and names, outcome. Which one it is, the case
//! says. The photo, and the agent's yes and no.

use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use domain::cnie::case::{
    AnyCase, Awaiting, Case, Chosen, Citizen, Decided, DeskRefusal, Papers, Seen, Shown, Standing, Tie,
};
use domain::cnie::identity::Approval;
use domain::id::CaseId;
use domain::people::agent::Certify;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use serde::Deserialize;
use store::StoreError;
use store::registry::Changed;

use super::cards;
use super::home::place;
use super::keep::{self, Concluded, Found, conclude, keep};
use super::picture::{self, Drawn};
use super::reader::json;
use super::refused::refuse as refuse_page;
use crate::app::{App, Shared};
use crate::pages::View as _;
use crate::pages::desk::{CardScreen, Eyes, FaceScreen, FingerScreen, Outcome, Saying};
use crate::people::session::AgentOnDuty;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// How often it is tried to note who was handed the photo.
const NOTES: usize = 4;

/// An agent on duty at a case of their commune. As an extractor it refuses whoever has nothing to do with it.
#[derive(Debug)]
pub(crate) struct AtCase {
    on: AgentOnDuty<Certify>,
    found: Found,
    standing: Standing,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl FromRequestParts<Shared> for AtCase {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let on = AgentOnDuty::<Certify>::from_request_parts(parts, app).await?;
        let named = Path::<Named>::from_request_parts(parts, app).await.ok();
        let found = match named.and_then(|named| CaseId::parse(&named.0.id).ok()) {
            Some(id) => keep::find(app, &id).await.map_err(|error| unavailable(app, on.here.occasion, &error))?,
            None => None,
        };
        let Some(found) = found else { return Err(refuse_page(app, &on.here, DeskRefusal::CaseUnknown)) };
        match found.case.record.standing(&on.duty) {
            Ok(Standing::Colleague) if !looked_too(&found, &on) => {
                Err(refuse_page(app, &on.here, DeskRefusal::OtherAgent))
            }
            Ok(standing) => Ok(Self { on, found, standing }),
            Err(refusal) => Err(refuse_page(app, &on.here, refusal)),
        }
    }
}

type Confirmed = Result<(Case<Decided>, Approval), DeskRefusal>;

/// A colleague who looked too sees what came of it.
fn looked_too(found: &Found, on: &AgentOnDuty<Certify>) -> bool {
    matches!(&found.case.record, AnyCase::Decided(over) if over.second() == Some(on.duty.agent()))
}

/// Whether the page is to hold the reasons of a refusal: it does not move by itself then.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    refuser: Option<String>,
}

/// `GET /guichet/dossiers/{id}`.
pub(crate) async fn get(State(app): State<Shared>, at: AtCase, Query(asked): Query<Asked>) -> Response {
    let saying = if asked.refuser.is_some() { Saying::No } else { Saying::Nothing };
    match show(&app, &at, saying).await {
        Ok(response) => response,
        Err(error) => unavailable(&app, at.on.here.occasion, &error),
    }
}

async fn show(app: &App, at: &AtCase, saying: Saying) -> Result<Response, StoreError> {
    let here = &at.on.here;
    let (page, csrf, simulated) = (here.occasion.page(app), here.csrf(), cards(app).cards);
    let (here, id, step) = (here.shown(app, &csrf), at.found.case.record.id(), at.found.version);
    Ok(match &at.found.case.record {
        AnyCase::Scanned(case) => {
            CardScreen { page, here, simulated, id, step, trouble: case.trouble(), saying }.answer(StatusCode::OK)
        }
        AnyCase::Read(_) => FingerScreen { page, here, simulated, id, step, saying }.answer(StatusCode::OK),
        AnyCase::Matched(_) | AnyCase::Awaiting(_) => {
            let Some(shown) = papers(app, &at.found).await? else { return lost(app, at).await };
            let eyes = match (&at.found.case.record, at.standing) {
                (AnyCase::Matched(case), _) => Eyes::First(case.tie()),
                (_, Standing::Second) => Eyes::Second,
                (_, Standing::Own | Standing::Colleague) => Eyes::Waiting,
            };
            FaceScreen { page, here, simulated, id, step, shown: &shown, eyes, saying }.answer(StatusCode::OK)
        }
        AnyCase::Decided(over) => {
            let view = Outcome { page, here, simulated, came: over.outcome(), at: over.at(), seconds: over.seconds() };
            view.answer(StatusCode::OK)
        }
    })
}

/// `GET /guichet/dossiers/{id}/etat`: how far a case is, for the script of a screen that waits.
pub(crate) async fn state(at: AtCase) -> Response {
    json(StatusCode::OK, &serde_json::json!({"step": at.found.version.to_string()}))
}

/// The photo and the names of an open case.
async fn papers(app: &App, found: &Found) -> Result<Option<Shown>, StoreError> {
    let Some(bearer) = found.case.record.papers() else { return Ok(None) };
    Ok(match app.ephemeral.look::<Papers>(bearer).await? {
        Some((Papers::Shown(shown), _)) => Some(*shown),
        Some((Papers::Asked(_), _)) | None => None,
    })
}

/// What was read of the card was lost (a store without memory was started anew): nobody can look, so the case ends.
async fn lost(app: &App, at: &AtCase) -> Result<Response, StoreError> {
    if let AnyCase::Decided(over) = at.found.case.record.clone().unreadable(app.clock.now()) {
        let _: Concluded = conclude(app, &at.found, over, None).await?;
    }
    Ok(see_other(&place(at.found.case.id.as_str())))
}

/// `GET /guichet/dossiers/{id}/photo`: for the agents who are to look, while they are to look.
pub(crate) async fn photo(State(app): State<Shared>, at: AtCase) -> Response {
    let looks = match (&at.found.case.record, at.standing) {
        (AnyCase::Matched(_), Standing::Own) | (AnyCase::Awaiting(_), Standing::Own | Standing::Second) => true,
        (
            AnyCase::Scanned(_) | AnyCase::Read(_) | AnyCase::Matched(_) | AnyCase::Awaiting(_) | AnyCase::Decided(_),
            _,
        ) => false,
    };
    let shown = if looks { papers(&app, &at.found).await } else { Ok(None) };
    let drawn = match shown {
        Ok(Some(shown)) => match picture::drawn(&shown).await {
            Ok(drawn) => hand_over(&app, &at).await.map(|handed| handed.map(|()| drawn)),
            Err(refusal) => Ok(Err(refusal)),
        },
        Ok(None) => Ok(Err(DeskRefusal::CaseOver)),
        Err(error) => Err(error),
    };
    match drawn {
        Ok(Ok(drawn)) => image(drawn),
        Ok(Err(refusal)) => refuse_page(&app, &at.on.here, refusal),
        Err(error) => unavailable(&app, at.on.here.occasion, &error),
    }
}

/// Notes in the case whom the photo is handed to, before it is: their yes counts from then on.
async fn hand_over(app: &App, at: &AtCase) -> Result<Result<(), DeskRefusal>, StoreError> {
    let mut found = at.found.clone();
    // Two colleagues who look at once: each is noted.
    for _ in 0..NOTES {
        let Some(noted) = found.case.record.photo_handed_to(&at.on.duty) else { return Ok(Ok(())) };
        if keep(app, &found, noted).await? == Changed::Done {
            return Ok(Ok(()));
        }
        let Some(again) = keep::find(app, &found.case.id).await? else { break };
        found = again;
    }
    Ok(Err(DeskRefusal::OutOfTurn))
}

fn image(drawn: Drawn) -> Response {
    let mut response = drawn.file.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, drawn.media_type),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `POST /guichet/dossiers/{id}/personne`: the citizen is the person of the photo, says the agent, or the colleague.
pub(crate) async fn same_person(State(app): State<Shared>, at: AtCase, form: Sent) -> Response {
    if let Err(refused) = at.on.here.check(&app, &form) {
        return refused;
    }
    let told = (form.field("foyer") == Some("oui")).then_some(Tie::Household);
    match say_yes(&app, &at, told).await {
        Ok(Ok(())) => see_other(&place(at.found.case.id.as_str())),
        Ok(Err(refusal)) => refuse_page(&app, &at.on.here, refusal),
        Err(error) => unavailable(&app, at.on.here.occasion, &error),
    }
}

async fn say_yes(app: &App, at: &AtCase, told: Option<Tie>) -> Result<Result<(), DeskRefusal>, StoreError> {
    let (duty, now) = (&at.on.duty, app.clock.now());
    let (over, approval) = match at.found.case.record.clone() {
        AnyCase::Matched(case) => match case.same_person(duty, told, now) {
            Ok(Seen::Approved(over, approval)) => (over, approval),
            Ok(Seen::Awaiting(case)) => {
                // Of two clicks the second follows the first.
                let _: Changed = keep(app, &at.found, case.into()).await?;
                return Ok(Ok(()));
            }
            Err((refusal, _)) => return Ok(Err(refusal)),
        },
        AnyCase::Awaiting(case) if at.standing == Standing::Second => {
            let Some(confirmed) = confirm(app, at, case).await? else { return Ok(Ok(())) };
            match confirmed {
                Ok(confirmed) => confirmed,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        // A second click, or a page that stayed open: the case shows where it is.
        AnyCase::Awaiting(_) | AnyCase::Scanned(_) | AnyCase::Read(_) | AnyCase::Decided(_) => return Ok(Ok(())),
    };
    let _: Concluded = conclude(app, &at.found, over, Some(approval)).await?;
    Ok(Ok(()))
}

/// The yes of a colleague, who is compared with the citizen first. None where what they are compared with is gone: the case
/// shows what it came to.
async fn confirm(app: &App, at: &AtCase, case: Case<Awaiting>) -> Result<Option<Confirmed>, StoreError> {
    let identity = app.registry.identity(at.found.case.record.identity()).await?;
    let (Some(shown), Some(identity)) = (papers(app, &at.found).await?, identity) else { return Ok(None) };
    let common = identity.identity.common();
    let citizen = Citizen { mail: common.mail(), shown: &shown, secret: &cards(app).card_secret };
    let confirmed = case.confirm(&at.on.duty, at.on.here.agent(), &citizen, app.clock.now());
    Ok(Some(confirmed.map_err(|(refusal, _)| refusal)))
}

/// `POST /guichet/dossiers/{id}/refus`: no certification, for a reason that the citizen never sees.
pub(crate) async fn refuse(State(app): State<Shared>, at: AtCase, form: Sent) -> Response {
    if let Err(refused) = at.on.here.check(&app, &form) {
        return refused;
    }
    let here = place(at.found.case.id.as_str());
    let Some(why) = form.field("raison").and_then(Chosen::parse) else {
        return see_other(&format!("{here}?refuser=1"));
    };
    let over = match at.found.case.record.clone().refuse(&at.on.duty, why, app.clock.now()) {
        Ok(over) => over,
        // Of two clicks the second follows the first.
        Err((DeskRefusal::CaseOver, _)) => return see_other(&here),
        Err((refusal, _)) => return refuse_page(&app, &at.on.here, refusal),
    };
    match conclude(&app, &at.found, over, None).await {
        Ok(Concluded::Done | Concluded::Lost) => see_other(&here),
        Err(error) => unavailable(&app, at.on.here.occasion, &error),
    }
}
