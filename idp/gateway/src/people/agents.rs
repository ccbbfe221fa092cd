//! What a commune admin does with agents: `GET` and `POST /guichet/agents`, `GET` and `POST /guichet/agents/{id}`, and
//! `POST …/retrait`, `…/invitation`.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::AgentId;
use domain::people::agent::Administer;
use domain::people::team::{By, Change, Team};
use http::StatusCode;
use store::registry::TeamVersion;

use super::input::{self, Field};
use super::invite::{Invited, NotDone, Office};
use super::refusal::{refuse, status};
use super::session::AgentOnDuty;
use crate::app::{App, Shared};
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::{AgentPage, Agents, Link, Mistake};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

type Admin = AgentOnDuty<Administer>;

/// `GET /guichet/agents`.
pub(crate) async fn list(State(app): State<Shared>, admin: Admin) -> Response {
    match team(&app, &admin).await {
        Ok((team, _)) => shown(&app, &admin, &team, None),
        Err(refused) => refused,
    }
}

fn shown(app: &App, admin: &Admin, team: &Team, mistake: Option<Mistake<'_>>) -> Response {
    let csrf = admin.here.csrf();
    let view = Agents {
        page: admin.here.occasion.page(app),
        here: admin.here.shown(app, &csrf),
        team,
        now: app.clock.now(),
        mistake,
    };
    match mistake {
        Some(mistake) => Entry::new(mistake.code).on(view.answer(status(mistake.code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /guichet/agents`: someone is invited.
pub(crate) async fn invite(State(app): State<Shared>, admin: Admin, form: Sent) -> Response {
    if let Err(refused) = admin.here.check(&app, &form) {
        return refused;
    }
    let read = match team(&app, &admin).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let mistaken = |code, field| shown(&app, &admin, &read.0, Some(Mistake { code, field, form: &form }));
    let newcomer = match input::newcomer(&form) {
        Ok(newcomer) => newcomer,
        Err(field) => return mistaken(Desk::InputInvalid, field),
    };
    match office(&app).invite(&read, By::Admin(&admin.duty), newcomer).await {
        Ok(invited) => {
            app.mail_waiting.notify_one();
            link(&app, &admin, &invited)
        }
        Err(NotDone::Refused(why)) if Desk::from(why) == Desk::MailTaken => mistaken(Desk::MailTaken, Field::Mail),
        Err(error) => not_done(&app, &admin, error),
    }
}

/// The page that shows the link of a newcomer, this once.
fn link(app: &App, admin: &Admin, invited: &Invited) -> Response {
    let csrf = admin.here.csrf();
    let view = Link {
        page: admin.here.occasion.page(app),
        here: admin.here.shown(app, &csrf),
        agent: &invited.agent,
        address: &invited.link,
    };
    view.answer(StatusCode::OK)
}

/// `GET /guichet/agents/{id}`.
pub(crate) async fn get(State(app): State<Shared>, admin: Admin, Path(id): Path<String>) -> Response {
    match found(&app, &admin, &id).await {
        Ok((read, id)) => one(&app, &admin, &read.0, &id, None),
        Err(refused) => refused,
    }
}

fn one(app: &App, admin: &Admin, team: &Team, id: &AgentId, mistake: Option<Mistake<'_>>) -> Response {
    let Some(agent) = team.agent(id) else { return refuse(app, admin.here.occasion, Desk::Unknown) };
    let csrf = admin.here.csrf();
    let view = AgentPage {
        page: admin.here.occasion.page(app),
        here: admin.here.shown(app, &csrf),
        agent,
        now: app.clock.now(),
        mistake,
    };
    match mistake {
        Some(mistake) => Entry::new(mistake.code).on(view.answer(status(mistake.code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /guichet/agents/{id}`: the terms of an agent.
pub(crate) async fn change(State(app): State<Shared>, admin: Admin, Path(id): Path<String>, form: Sent) -> Response {
    let (read, id) = match checked(&app, &admin, &id, &form).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let terms = match input::terms(&form) {
        Ok(terms) => terms,
        Err(field) => {
            let mistake = Mistake { code: Desk::InputInvalid, field, form: &form };
            return one(&app, &admin, &read.0, &id, Some(mistake));
        }
    };
    match office(&app).change(&read, By::Admin(&admin.duty), &id, Change::Terms(terms)).await {
        Ok(_) => see_other("/guichet/agents"),
        Err(error) => not_done(&app, &admin, error),
    }
}

/// `POST /guichet/agents/{id}/retrait`.
pub(crate) async fn remove(State(app): State<Shared>, admin: Admin, Path(id): Path<String>, form: Sent) -> Response {
    let (read, id) = match checked(&app, &admin, &id, &form).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    match office(&app).change(&read, By::Admin(&admin.duty), &id, Change::Remove).await {
        Ok(_) => see_other("/guichet/agents"),
        Err(error) => not_done(&app, &admin, error),
    }
}

/// `POST /guichet/agents/{id}/invitation`: an agent who lost their passkeys, or an invitation. The link goes by mail alone,
/// whatever state the agent is in: one who was in is as invited as a newcomer from the first renewal on, and an admin
/// does not come to act in their name.
pub(crate) async fn renew(State(app): State<Shared>, admin: Admin, Path(id): Path<String>, form: Sent) -> Response {
    let (read, id) = match checked(&app, &admin, &id, &form).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    match office(&app).renew(&read, By::Admin(&admin.duty), &id).await {
        Ok(_) => {
            app.mail_waiting.notify_one();
            see_other("/guichet/agents")
        }
        Err(error) => not_done(&app, &admin, error),
    }
}

/// `POST /guichet/agents/{id}/correction`: an admin confirms what another agent says they declared wrongly, by typing what
/// they read on the agent's paper. What the agent typed is nowhere to be read.
pub(crate) async fn correct(State(app): State<Shared>, admin: Admin, Path(id): Path<String>, form: Sent) -> Response {
    let (read, id) = match checked(&app, &admin, &id, &form).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let Some(cnie) = &app.cnie else { return refuse(&app, admin.here.occasion, Desk::Unknown) };
    let Ok(person) = input::person(&form, &cnie.card_secret) else {
        return refuse(&app, admin.here.occasion, Desk::CorrectionDiffers);
    };
    match office(&app).correct(&read, By::Admin(&admin.duty), &id, person).await {
        Ok(_) => see_other(&format!("/guichet/agents/{id}")),
        Err(error) => not_done(&app, &admin, error),
    }
}

fn office(app: &App) -> Office<'_> {
    Office { registry: &app.registry, origin: &app.desk().origin, random: app.random, now: app.clock.now() }
}

async fn team(app: &App, admin: &Admin) -> Result<(Team, TeamVersion), Response> {
    match app.registry.team(admin.duty.commune()).await {
        Ok(Some(read)) => Ok(read),
        Ok(None) => Err(refuse(app, admin.here.occasion, Desk::Unknown)),
        Err(error) => Err(unavailable(app, admin.here.occasion, &error)),
    }
}

/// The team of the admin, in which an agent of that id is; one of another commune is as unknown as one who never was.
async fn found(app: &App, admin: &Admin, id: &str) -> Result<((Team, TeamVersion), AgentId), Response> {
    let read = team(app, admin).await?;
    let id = AgentId::parse(id).ok().filter(|id| read.0.agent(id).is_some());
    id.map(|id| (read, id)).ok_or_else(|| refuse(app, admin.here.occasion, Desk::Unknown))
}

async fn checked(app: &App, admin: &Admin, id: &str, form: &Sent) -> Result<((Team, TeamVersion), AgentId), Response> {
    admin.here.check(app, form)?;
    found(app, admin, id).await
}

fn not_done(app: &App, admin: &Admin, error: NotDone) -> Response {
    match error {
        NotDone::Refused(why) => refuse(app, admin.here.occasion, Desk::from(why)),
        NotDone::Meanwhile => refuse(app, admin.here.occasion, Desk::ChangedMeanwhile),
        NotDone::Store(error) => unavailable(app, admin.here.occasion, &error),
    }
}
