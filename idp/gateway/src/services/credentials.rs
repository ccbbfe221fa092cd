//! What a service proves itself by, and whether it is served: a second secret beside the first, the old one retired; off and
//! on. `POST /espace/services/{client_id}/identifiants`, `…/identifiants/{secret}/retrait`, `…/arret`, `…/marche`.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::credentials::{ClientSecret, SecretName, SecretRefused, days};
use domain::habilitation::service::SECRET_DAYS;
use domain::habilitation::switches::{Off, Reason, Switch};
use domain::id::ClientId;
use domain::partners::permission::{ChangeCredentials, SwitchOff};
use store::StoreError;
use store::registry::SecretUpdated;

use super::one::{self, author, may_turn_on};
use super::{deed, find, fresh_secret, show_secret, switches, unseen};
use crate::app::{App, Shared};
use crate::audit::Space;
use crate::pages::services::{Mistake, path_of};
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, FreshHolder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// `POST /espace/services/{client_id}/identifiants`: one more secret, shown this once.
pub(crate) async fn add(
    holder: FreshHolder<ChangeCredentials>,
    State(app): State<Shared>,
    Path(id): Path<String>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let about = (here, organisation);
    let service = match find(&app, &id).await {
        Ok(Some(service)) if service.client.authentication.needs_secret() => service,
        Ok(Some(_)) => return one::show(&app, about, &id, Some(Mistake::NoSecrets)).await,
        Ok(None) => return unseen(&app, here),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let chosen = form.field("days").and_then(|days| days.parse().ok()).filter(|days| SECRET_DAYS.contains(days));
    let Some(chosen) = chosen else { return one::show(&app, about, &id, Some(Mistake::Days)).await };
    let (fresh, now) = (fresh_secret(&app), app.clock.now());
    let secret = ClientSecret { digest: fresh.digest, made: Some(now), until: Some(now.plus(days(chosen))) };
    match app.registry.add_secret(&service.client.id, &secret, &deed(&holder.held, None), now).await {
        Ok(SecretUpdated::Done) => show_secret(&app, about, &service, Some(&fresh.text)),
        Ok(SecretUpdated::Missing) => unseen(&app, here),
        Ok(SecretUpdated::Refused(why)) => one::show(&app, about, &id, Some(why.into())).await,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// `POST /espace/services/{client_id}/identifiants/{secret}/retrait`: a secret that counts no more, at once.
pub(crate) async fn retire(
    holder: FreshHolder<ChangeCredentials>,
    State(app): State<Shared>,
    Path((id, name)): Path<(String, String)>,
    _: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let (Ok(client), Ok(name)) = (ClientId::parse(&id), SecretName::parse(&name)) else { return unseen(&app, here) };
    match app.registry.retire_secret(&client, &name, &deed(&holder.held, None), app.clock.now()).await {
        Ok(SecretUpdated::Done) => see_other(&path_of(&client)),
        Ok(SecretUpdated::Missing | SecretUpdated::Refused(SecretRefused::Unknown)) => unseen(&app, here),
        Ok(SecretUpdated::Refused(why)) => one::show(&app, (here, organisation), &id, Some(why.into())).await,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// `POST /espace/services/{client_id}/arret`: switches it off, on every node, within a second.
pub(crate) async fn stop(
    holder: FreshHolder<SwitchOff>,
    State(app): State<Shared>,
    Path(id): Path<String>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let Ok(client) = ClientId::parse(&id) else { return unseen(&app, here) };
    let Ok(why) = Reason::parse(form.field("reason").unwrap_or_default()) else {
        return one::show(&app, (here, organisation), &id, Some(Mistake::Reason)).await;
    };
    let off = Off { by: deed(&holder.held, None).by, why, since: app.clock.now() };
    match app.registry.switch_off(&Switch::Service(client.clone()), &off).await {
        // Whoever was faster stands there, with their reason.
        Ok(_) => see_other(&path_of(&client)),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// `POST /espace/services/{client_id}/marche`: switches it on again, where that is theirs to do.
pub(crate) async fn resume(
    holder: FreshHolder<SwitchOff>,
    State(app): State<Shared>,
    Path(id): Path<String>,
    _: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Ok(client) = ClientId::parse(&id) else { return unseen(&app, here) };
    match turn_on(&app, &holder, &client).await {
        Ok(true) => see_other(&path_of(&client)),
        Ok(false) => refusal::inside(&app, here, Space::RoleMissing),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn turn_on(app: &App, holder: &FreshHolder<SwitchOff>, client: &ClientId) -> Result<bool, StoreError> {
    let Some(organisation) = &holder.organisation else { return Ok(false) };
    let switches = switches(app).await?;
    if let Some(off) = switches.service(client) {
        let author = author(app, &off.by).await?;
        if !may_turn_on(&holder.here.partner, off, author.as_ref(), organisation) {
            return Ok(false);
        }
        let turned = Switch::Service(client.clone());
        let _ = app.registry.switch_on(&turned, &deed(&holder.held, None), app.clock.now()).await?;
    }
    Ok(true)
}
