//! Organisations: `GET` and `POST /espace/organisations/nouvelle`, where one is brought in by its SIRET;
//! `GET /espace/organisations/{siret}`, its page; `POST …/rattachement`, where an operator accepts that its people belong to
//! it.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::id::PartnerId;
use domain::notice::PartnerMessage;
use domain::organisation::register::{Register, Resolved};
use domain::organisation::siret::Siret;
use domain::partners::organisation::{Belonging, Organisation, OrganisationKind};
use domain::partners::permission::{
    About, AcceptOrganisation, CreateOrganisation, ReadOrganisation, ReadPeople, ReadRequests,
};
use domain::partners::role::TeamName;
use domain::people::commune::CommuneCode;
use domain::people::name::Name;
use domain::time::Timestamp;
use http::StatusCode;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Updated;

use super::invitation::office;
use super::people::Asked;
use super::refusal::{inside, status};
use super::session::{CheckedForm, FreshHolder, Here, Holder};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::{Done, Found, NewOrganisation, OrganisationPage, Wrong};
use crate::provider::error::see_other;
use crate::services;
use crate::signin::at::unavailable;

/// `GET /espace/organisations/nouvelle`.
pub(crate) async fn get_new(holder: Holder<CreateOrganisation>, State(app): State<Shared>) -> Response {
    ask(&app, &holder.here, "", None)
}

fn ask(app: &App, here: &Here, typed: &str, mistake: Option<(Space, Wrong)>) -> Response {
    let page = here.page(app);
    let code = mistake.as_ref().map(|(code, _)| *code);
    let wrong = mistake.into_iter().map(|(_, wrong)| wrong).collect();
    let shell = here.shell(page.words().space_new_title()).wrong(wrong);
    answered(&NewOrganisation { page, shell, siret: typed, found: None, name: "", code }, code)
}

fn answered(view: &NewOrganisation<'_>, code: Option<Space>) -> Response {
    match code {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /espace/organisations/nouvelle`: first the number, then the word that it is the one.
pub(crate) async fn post_new(
    holder: Holder<CreateOrganisation>,
    State(app): State<Shared>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let typed = form.field("siret").unwrap_or_default();
    let t = here.page(&app).words();
    let Ok(siret) = Siret::parse(typed) else {
        let wrong = Wrong { field: "siret", words: t.space_siret_wrong().to_owned() };
        return ask(&app, here, typed, Some((Space::InputInvalid, wrong)));
    };
    let found = Found { siret, resolved: Register::shipped().resolve(siret.siren()) };
    if form.field("confirm") != Some("yes") {
        return confirm(&app, here, &found, "", None);
    }
    let organisation = match proposed(&found, &form, app.clock.now()) {
        Ok(organisation) => organisation,
        Err(field) => {
            let words = if field == "name" { t.wrong_name() } else { t.space_commune_wrong() };
            let wrong = Wrong { field, words: words.to_owned() };
            let name = form.field("name").unwrap_or_default();
            return confirm(&app, here, &found, name, Some((Space::InputInvalid, wrong)));
        }
    };
    let organisation = match app.registry.organisation_domains(&siret).await {
        Ok(own) => {
            let belonging = Belonging::by_mail([&here.partner.mail], &own, app.clock.now());
            Organisation { belonging, ..organisation }
        }
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    match app.registry.insert_organisation(&organisation, &here.partner.id, app.clock.now()).await {
        Ok(Put::Fresh) => see_other(&format!("/espace/organisations/{}?fait=creation", siret.digits())),
        Ok(Put::Taken) => {
            let wrong = Wrong { field: "siret", words: t.space_organisation_known().to_owned() };
            ask(&app, here, typed, Some((Space::OrganisationKnown, wrong)))
        }
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

fn confirm(app: &App, here: &Here, found: &Found, name: &str, mistake: Option<(Space, Wrong)>) -> Response {
    let page = here.page(app);
    let code = mistake.as_ref().map(|(code, _)| *code);
    let wrong = mistake.into_iter().map(|(_, wrong)| wrong).collect();
    let shell = here.shell(page.words().space_new_title()).wrong(wrong);
    let siret = found.siret.digits();
    answered(&NewOrganisation { page, shell, siret: &siret, found: Some(found), name, code }, code)
}

/// The organisation as the register has it; what it does not have, as it was typed.
fn proposed(found: &Found, form: &CheckedForm, now: Timestamp) -> Result<Organisation, &'static str> {
    let called = |name: &str| Name::parse(&name.chars().take(100).collect::<String>()).map_err(|_| "name");
    let (name, kind, commune) = match &found.resolved {
        Resolved::Commune(commune) => (called(commune.name)?, OrganisationKind::Commune, Some(commune.code.clone())),
        Resolved::AttachedBody(body) => {
            (called(body.name)?, OrganisationKind::AttachedBody, body.communes.first().cloned())
        }
        Resolved::Unknown { .. } => {
            let kind = form.field("kind").and_then(OrganisationKind::named);
            // What is a commune, the register says.
            let kind = kind.filter(|kind| *kind != OrganisationKind::Commune).ok_or("kind")?;
            let commune = match form.field("commune").map(CommuneCode::parse) {
                None => None,
                Some(Ok(code)) if Register::shipped().commune(&code).is_some() => Some(code),
                Some(Ok(_) | Err(_)) => return Err("commune"),
            };
            (called(form.field("name").unwrap_or_default())?, kind, commune)
        }
    };
    Ok(Organisation { siret: found.siret, name, kind, commune, belonging: Belonging::Unverified, since: now })
}

/// `GET /espace/organisations/{siret}`.
pub(crate) async fn get(
    holder: Holder<ReadOrganisation>,
    State(app): State<Shared>,
    Query(asked): Query<Asked>,
) -> Response {
    let Holder { here, organisation, .. } = &holder;
    let Some(organisation) = organisation else { return inside(&app, here, Space::Unseen) };
    let page = here.page(&app);
    let t = page.words();
    let about = About::Organisation(organisation);
    let told = asked.fait.as_deref().and_then(Done::named).map(|done| done.words(t).to_owned());
    let shell = here.shell(organisation.name.as_str()).told(told);
    let accepts = here.partner.may(AcceptOrganisation, about).is_ok() && organisation.verified().is_err();
    let sees_people = here.partner.may(ReadPeople, about).is_ok();
    let sees_requests = here.partner.may(ReadRequests, about).is_ok();
    let section = match services::organisation::section(&app, organisation, &here.partner).await {
        Ok(section) => section,
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    OrganisationPage { page, shell, organisation, accepts, sees_people, section: &section, sees_requests }
        .answer(StatusCode::OK)
}

/// `POST /espace/organisations/{siret}/rattachement`.
pub(crate) async fn accept(
    holder: FreshHolder<AcceptOrganisation>,
    State(app): State<Shared>,
    _: CheckedForm,
) -> Response {
    let FreshHolder { here, held, fresh, organisation } = &holder;
    let Some(organisation) = organisation else { return inside(&app, here, Space::Unseen) };
    let accepted = match organisation.accept(&here.partner, (held, fresh), app.clock.now()) {
        Ok(accepted) => accepted,
        Err(why) => return inside(&app, here, why.into()),
    };
    match keep(&app, &accepted, held.partner()).await {
        Ok(Updated::Done) => {
            app.mail_waiting.notify_one();
            see_other(&format!("/espace/organisations/{}?fait=rattachement", organisation.siret.digits()))
        }
        Ok(Updated::Missing) => inside(&app, here, Space::ChangedMeanwhile),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn keep(app: &App, organisation: &Organisation, by: &PartnerId) -> Result<Updated, StoreError> {
    let now = app.clock.now();
    let team = app.registry.partner_team(&TeamName::Organisation(organisation.siret)).await?;
    let admins = team.iter().flat_map(|(team, _)| &team.members).filter(|member| member.seat.administers());
    let told: Vec<_> = admins
        .map(|member| {
            let (name, team) = (member.name.as_str().to_owned(), organisation.name.as_str().to_owned());
            office(app).posting(&member.mail, PartnerMessage::OrganisationAccepted { name, team, at: now })
        })
        .collect();
    app.registry.accept_organisation(organisation, Some(by), &told, now).await
}
