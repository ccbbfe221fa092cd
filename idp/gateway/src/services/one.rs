//! `GET /espace/services/{client_id}`: one service, its state, its secrets, what is next.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::client::Registered;
use domain::habilitation::acting::Author;
use domain::habilitation::service::is_theirs_to_turn_on;
use domain::habilitation::switches::{Off, Switches};
use domain::partners::organisation::Organisation;
use domain::partners::partner::Partner;
use domain::partners::permission::{About, ChangeCredentials, ReadFigures, ReadServices, RunBench, SwitchOff};
use http::StatusCode;
use store::StoreError;

use super::{find, switches, unseen};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::services::{Mistake, One, Stopped, above};
use crate::partners::session::{Here, Holder};
use crate::signin::at::unavailable;

/// `GET /espace/services/{client_id}`.
pub(crate) async fn get(holder: Holder<ReadServices>, State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    show(&app, (here, organisation), &id, None).await
}

/// The page, with why the last act came to nothing.
pub(super) async fn show(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    id: &str,
    mistake: Option<Mistake>,
) -> Response {
    match find(app, id).await {
        Ok(Some(service)) => draw(app, (here, organisation), &service, mistake)
            .await
            .unwrap_or_else(|error| unavailable(app, here.occasion, &error)),
        Ok(None) => unseen(app, here),
        Err(error) => unavailable(app, here.occasion, &error),
    }
}

async fn draw(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    service: &Registered,
    mistake: Option<Mistake>,
) -> Result<Response, StoreError> {
    let switches = switches(app).await?;
    let uses = app.registry.secret_uses(&service.client.id).await?;
    let since = app.registry.service_since(&service.client.id).await?;
    let first_seen = super::deadlines::first_seen(&app.registry, service).await?;
    let pinned = app.registry.pinned_keys(&service.client.id).await?;
    let stopped = stopped(app, (here, organisation), service, &switches).await?;
    let about = About::Organisation(organisation);
    let page = match mistake {
        // What was sent stood on the page of the service.
        Some(_) => here.occasion.page(app),
        None => here.page(app),
    };
    let shell = here.shell(service.client.name.in_language(page.words().language())).below(above(organisation));
    let shell = shell.wrong(mistake.iter().map(|mistake| page.service_mistake(*mistake)).collect());
    let view = One {
        page,
        shell,
        organisation,
        service,
        now: app.clock.now(),
        live: service.live(app.clock.now(), &switches).map(|_| ()),
        since,
        uses: &uses,
        pinned: pinned.as_ref(),
        first_seen: &first_seen,
        stopped: stopped.as_ref(),
        may_change: here.partner.may(ChangeCredentials, about).is_ok(),
        may_switch: here.partner.may(SwitchOff, about).is_ok(),
        bench: here.partner.may(RunBench, about).is_ok(),
        figures: here.partner.may(ReadFigures, about).is_ok(),
    };
    Ok(match mistake {
        Some(_) => Entry::new(Space::InputInvalid).on(view.answer(StatusCode::UNPROCESSABLE_ENTITY)),
        None => view.answer(StatusCode::OK),
    })
}

/// The switch of a service that is off: by whom, why, and whether who looks may turn it on.
async fn stopped(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    service: &Registered,
    switches: &Switches,
) -> Result<Option<Stopped>, StoreError> {
    let Some(off) = switches.service(&service.client.id) else { return Ok(None) };
    let author = author(app, &off.by).await?;
    let theirs = may_turn_on(&here.partner, off, author.as_ref(), organisation);
    let by = author.map(|author| author.name.as_str().to_owned());
    Ok(Some(Stopped { by, why: off.why.as_str().to_owned(), since: off.since, theirs }))
}

/// Whoever did something, when they have an account.
pub(super) async fn author(app: &App, by: &Author) -> Result<Option<Partner>, StoreError> {
    match by {
        Author::Partner(id) => app.registry.partner(id).await,
        Author::Operator | Author::Platform | Author::Clock | Author::Token(_) => Ok(None),
    }
}

/// Whether somebody who may switch services off may turn this one on.
pub(super) fn may_turn_on(partner: &Partner, off: &Off, author: Option<&Partner>, organisation: &Organisation) -> bool {
    let about = About::Organisation(organisation);
    // Whoever revokes for the operator, or is its admin, holds it by that; everybody else by the organisation.
    let of_operator = partner.operator.contains(&domain::partners::role::OperatorRole::Admin);
    partner.may(SwitchOff, about).is_ok() && (of_operator || is_theirs_to_turn_on(&off.by, author, organisation.siret))
}
