//! The desk readers of a commune: `GET` and `POST /guichet/lecteurs`, `POST /guichet/lecteurs/{id}/retrait`. What an admin
//! names here is a proposal: it is heard once it proved its key and the operator accepted it.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::ReaderId;
use domain::journal::ReaderChange;
use domain::people::agent::Administer;
use domain::people::name::Name;
use domain::people::reader::{Reader, ReaderKey, ReaderState};
use http::StatusCode;
use store::ephemeral::Put;

use super::input::Field;
use super::refusal::{refuse, status};
use super::session::AgentOnDuty;
use crate::app::{App, Shared};
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::{Mistake, Readers};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

type Admin = AgentOnDuty<Administer>;

const PLACE: &str = "/guichet/lecteurs";

/// `GET /guichet/lecteurs`.
pub(crate) async fn list(State(app): State<Shared>, admin: Admin) -> Response {
    show(&app, &admin, None).await
}

async fn show(app: &App, admin: &Admin, mistake: Option<Mistake<'_>>) -> Response {
    let readers = match app.registry.readers(admin.duty.commune()).await {
        Ok(readers) => readers,
        Err(error) => return unavailable(app, admin.here.occasion, &error),
    };
    let csrf = admin.here.csrf();
    let view =
        Readers { page: admin.here.occasion.page(app), here: admin.here.shown(app, &csrf), held: &readers, mistake };
    match mistake {
        Some(mistake) => Entry::new(mistake.code).on(view.answer(status(mistake.code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /guichet/lecteurs`.
pub(crate) async fn register(State(app): State<Shared>, admin: Admin, form: Sent) -> Response {
    if let Err(refused) = admin.here.check(&app, &form) {
        return refused;
    }
    let id = ReaderId::from_random(app.random.bytes());
    let (name, key) = match (name_of(&form), key_of(&form)) {
        (Some(name), Some(key)) => (name, key),
        (None, _) => return mistaken(&app, &admin, Desk::InputInvalid, Field::Name, &form).await,
        (Some(_), None) => return mistaken(&app, &admin, Desk::InputInvalid, Field::Key, &form).await,
    };
    let (commune, state) = (admin.duty.commune().clone(), ReaderState::Proposed);
    let reader = Reader { id, commune, name, key, state, proved: None };
    match app.registry.insert_reader(&reader, Some(admin.duty.agent()), app.clock.now()).await {
        Ok(Put::Fresh) => see_other(PLACE),
        Ok(Put::Taken) => mistaken(&app, &admin, Desk::ReaderKnown, Field::Key, &form).await,
        Err(error) => unavailable(&app, admin.here.occasion, &error),
    }
}

async fn mistaken(app: &App, admin: &Admin, code: Desk, field: Field, form: &Sent) -> Response {
    show(app, admin, Some(Mistake { code, field, form })).await
}

fn name_of(form: &Sent) -> Option<Name> {
    Name::parse(form.field("name")?).ok()
}

fn key_of(form: &Sent) -> Option<ReaderKey> {
    let jwk = serde_json::from_str(form.field("key")?).ok()?;
    ReaderKey::of(&jwk).ok()
}

/// `POST /guichet/lecteurs/{id}/retrait`.
pub(crate) async fn withdraw(State(app): State<Shared>, admin: Admin, Path(id): Path<String>, form: Sent) -> Response {
    if let Err(refused) = admin.here.check(&app, &form) {
        return refused;
    }
    let readers = match app.registry.readers(admin.duty.commune()).await {
        Ok(readers) => readers,
        Err(error) => return unavailable(&app, admin.here.occasion, &error),
    };
    let found = ReaderId::parse(&id).ok().and_then(|id| readers.iter().find(|reader| reader.id == id));
    let Some((found, withdrawn)) = found.and_then(|found| Some((found, found.withdrawn()?))) else {
        return refuse(&app, admin.here.occasion, Desk::ReaderUnknown);
    };
    let (change, by) = (ReaderChange::Withdrawn, Some(admin.duty.agent()));
    match app.registry.change_reader((found, &withdrawn), change, by, app.clock.now()).await {
        Ok(Put::Fresh) => see_other(PLACE),
        Ok(Put::Taken) => refuse(&app, admin.here.occasion, Desk::ChangedMeanwhile),
        Err(error) => unavailable(&app, admin.here.occasion, &error),
    }
}
