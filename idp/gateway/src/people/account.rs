//! An agent's own page: who they are here, until when, and their passkeys. `GET /guichet/compte`, `GET` and
//! `POST /guichet/compte/cle`, `POST /guichet/compte/cle/retrait`.

use axum::extract::State;
use axum::response::Response;
use domain::cnie::case::PersonMark;
use domain::id::PasskeyId;
use domain::journal::AgentChange;
use domain::people::passkey::{NotChanged, Purpose, may_add, may_withdraw};
use http::{HeaderMap, StatusCode};
use store::StoreError;
use store::ephemeral::Put;
use store::registry::TeamChange;

use super::invitation::{Shown, made, notice, register};
use super::refusal::{refuse, status};
use super::session::AgentHere;
use super::{ceremony, input};
use crate::app::{App, Shared};
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::{Account, Declaring, Mistake, Whose};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

const PLACE: &str = "/guichet/compte/cle";

/// `GET /guichet/compte`.
pub(crate) async fn get(State(app): State<Shared>, here: AgentHere) -> Response {
    page(&app, &here, None).await
}

async fn page(app: &App, here: &AgentHere, mistake: Option<Mistake<'_>>) -> Response {
    let passkeys = match app.registry.passkeys(&here.agent().id).await {
        Ok(passkeys) => passkeys,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let declaring = match (&app.cnie, here.agent().declared.is_made()) {
        (_, true) => Declaring::Done,
        (Some(_), false) => Declaring::Asked,
        (None, false) => Declaring::NotAsked,
    };
    let csrf = here.csrf();
    let view = Account {
        page: here.occasion.page(app),
        here: here.shown(app, &csrf),
        passkeys: &passkeys,
        used: here.passkey(),
        declaring,
        mistake,
    };
    match mistake {
        Some(mistake) => Entry::new(mistake.code).on(view.answer(status(mistake.code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /guichet/compte/declaration`: who the agent is, so that they never certify themselves. Only marks are kept.
pub(crate) async fn declare(State(app): State<Shared>, here: AgentHere, form: Sent) -> Response {
    say(&app, &here, Word::First, &form).await
}

/// `POST /guichet/compte/correction`: what they declared was wrong. It counts until another admin confirms the correction.
pub(crate) async fn ask_correction(State(app): State<Shared>, here: AgentHere, form: Sent) -> Response {
    say(&app, &here, Word::Correction, &form).await
}

async fn say(app: &App, here: &AgentHere, word: Word, form: &Sent) -> Response {
    if let Err(refused) = here.check(app, form) {
        return refused;
    }
    let Some(cnie) = &app.cnie else { return refuse(app, here.occasion, Desk::Unknown) };
    let person = match input::person(form, &cnie.card_secret) {
        Ok(person) => person,
        Err(field) => {
            let mistake = Mistake { code: Desk::InputInvalid, field, form };
            return page(app, here, Some(mistake)).await;
        }
    };
    match keep(app, here, word, person).await {
        Ok(Ok(())) => see_other("/guichet/compte"),
        Ok(Err(code)) => refuse(app, here.occasion, code),
        Err(error) => unavailable(app, here.occasion, &error),
    }
}

/// What an agent says of who they are.
#[derive(Debug, Clone, Copy)]
enum Word {
    /// For the first time.
    First,
    /// Otherwise than before: for another admin to confirm.
    Correction,
}

async fn keep(app: &App, here: &AgentHere, word: Word, person: PersonMark) -> Result<Result<(), Desk>, StoreError> {
    let Some((team, seen)) = app.registry.team(&here.commune().code).await? else { return Ok(Err(Desk::Unknown)) };
    let id = &here.agent().id;
    let (decided, act) = match word {
        Word::First => (team.declare(id, person), AgentChange::Declared),
        Word::Correction => (team.ask_correction(id, person), AgentChange::CorrectionAsked),
    };
    let agent = match decided {
        Ok(agent) => agent,
        Err(why) => return Ok(Err(why.into())),
    };
    let change = TeamChange { agent: &agent, act: &act, by: Some(id), invitation: None };
    Ok(match app.registry.change_team(&change, seen, app.clock.now()).await? {
        Put::Fresh => Ok(()),
        Put::Taken => Err(Desk::ChangedMeanwhile),
    })
}

/// `GET /guichet/compte/cle`: another passkey.
pub(crate) async fn get_passkey(State(app): State<Shared>, headers: HeaderMap, here: AgentHere) -> Response {
    show(&app, &headers, &here, None).await
}

async fn show(app: &App, headers: &HeaderMap, here: &AgentHere, refused: Option<Desk>) -> Response {
    if let Err(why) = may_add(&here.post.passkeys) {
        return refuse(app, here.occasion, Desk::from(why));
    }
    let csrf = here.csrf();
    let whose = Whose::Agent(here.shown(app, &csrf));
    let purpose = Purpose::Add { agent: here.agent().id.clone() };
    register(app, headers, &here.post, purpose, &Shown { place: PLACE, whose, refused }).await
}

/// `POST /guichet/compte/cle`.
pub(crate) async fn post_passkey(
    State(app): State<Shared>,
    headers: HeaderMap,
    here: AgentHere,
    form: Sent,
) -> Response {
    match add(&app, &headers, &here, &form).await {
        Ok(Ok(())) => {
            app.mail_waiting.notify_one();
            see_other("/guichet/compte")
        }
        Ok(Err(code)) => show(&app, &headers, &here, Some(code)).await,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn add(app: &App, headers: &HeaderMap, here: &AgentHere, form: &Sent) -> Result<Result<(), Desk>, StoreError> {
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Desk::CeremonyUnknown));
    };
    match &ceremony.purpose {
        Purpose::Add { agent } if *agent == here.agent().id => {}
        Purpose::Add { .. } | Purpose::Accept { .. } | Purpose::SignIn => return Ok(Err(Desk::CeremonyUnknown)),
    }
    if let Err(why) = may_add(&here.post.passkeys) {
        return Ok(Err(why.into()));
    }
    let now = app.clock.now();
    let passkey = match made(app, here.agent(), &ceremony.state, form, now) {
        Ok(passkey) => passkey,
        Err(code) => return Ok(Err(code)),
    };
    let told = notice(here.agent(), here.commune(), &passkey, now);
    Ok(match app.registry.add_passkey(&passkey, &here.post.passkeys, &told, now).await? {
        Put::Fresh => Ok(()),
        Put::Taken => Err(Desk::ChangedMeanwhile),
    })
}

/// `POST /guichet/compte/cle/retrait`.
pub(crate) async fn withdraw(State(app): State<Shared>, here: AgentHere, form: Sent) -> Response {
    if let Err(refused) = here.check(&app, &form) {
        return refused;
    }
    let Some(passkey) = form.field("passkey").and_then(|text| PasskeyId::parse(text).ok()) else {
        return refuse(&app, here.occasion, Desk::PasskeyUnknown);
    };
    if let Err(why) = may_withdraw(&here.post.passkeys, &passkey) {
        return refuse(&app, here.occasion, Desk::from(why));
    }
    let (agent, known) = (&here.agent().id, &here.post.passkeys);
    match app.registry.withdraw_passkey(agent, &passkey, known, app.clock.now()).await {
        Ok(Put::Fresh) => see_other("/guichet/compte"),
        Ok(Put::Taken) => refuse(&app, here.occasion, Desk::ChangedMeanwhile),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

impl From<NotChanged> for Desk {
    fn from(why: NotChanged) -> Self {
        match why {
            NotChanged::TooMany => Self::PasskeysTooMany,
            NotChanged::Last => Self::PasskeyLast,
            NotChanged::Unknown => Self::PasskeyUnknown,
        }
    }
}
