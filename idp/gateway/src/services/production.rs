//! `GET` and `POST /espace/demandes/{request}/client`: the service of the production, under a habilitation that a review
//! granted.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::habilitation::complete::{Complete, Terms};
use domain::habilitation::field::Person;
use domain::habilitation::grant::Habilitation;
use domain::habilitation::service::{Making, Order, Proof, Sent, ServiceFault, production};
use domain::id::HabilitationRequestId;
use domain::partners::organisation::Organisation;
use domain::partners::permission::ChangeCredentials;
use domain::people::name::MailAddress;
use domain::secret::base64url;
use http::StatusCode;
use store::StoreError;
use store::registry::ServiceMade;

use super::sandbox::identifier;
use super::{deed, fresh_secret, show_secret, unseen};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::services::{NewProduction, Typed, above, path_of};
use crate::partners::refusal;
use crate::partners::session::{CheckedForm, FreshHolder, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// What was granted, and what it was granted for.
pub(crate) struct Granted {
    request: HabilitationRequestId,
    pub(crate) form: Terms,
    /// Who is to be reached about it, where the form says.
    pub(crate) technical: Option<MailAddress>,
    pub(crate) habilitation: Habilitation,
}

/// What a request was granted, where it was. A form that was opened again since counts for nothing here.
pub(crate) async fn granted(app: &App, request: &str) -> Result<Option<Granted>, StoreError> {
    let Ok(request) = HabilitationRequestId::parse(request) else { return Ok(None) };
    let Some(kept) = app.registry.request(&request).await? else { return Ok(None) };
    let Some(grantee) = &kept.review.about().granted else { return Ok(None) };
    let Some(found) = app.registry.habilitation(&grantee.habilitation).await? else { return Ok(None) };
    let Ok(form) = Terms::read(&grantee.form) else { return Ok(None) };
    let technical = |form: &Complete| form.contact(Person::Technical).map(|contact| contact.mail.clone());
    let technical = Complete::read(&grantee.form).ok().as_ref().and_then(technical);
    Ok(Some(Granted { request, form, technical, habilitation: found.habilitation }))
}

/// `GET /espace/demandes/{request}/client`.
pub(crate) async fn get(
    holder: Holder<ChangeCredentials>,
    State(app): State<Shared>,
    Path(request): Path<String>,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    match granted(&app, &request).await {
        Ok(Some(granted)) => {
            let typed = Typed { redirects: granted.form.redirects().to_vec(), ..Typed::default() };
            show(&app, (here, organisation), &granted, (&typed, None), None)
        }
        Ok(None) => unseen(&app, here),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

fn show(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    granted: &Granted,
    (typed, attempt): (&Typed, Option<&str>),
    fault: Option<&ServiceFault>,
) -> Response {
    let page = here.page(app);
    let shell = here.shell(page.words().service_production_title()).below(above(organisation));
    let shell = shell.wrong(fault.iter().map(|fault| page.service_fault(fault)).collect());
    let made = attempt.map_or_else(|| base64url(&app.random.bytes::<16>()), str::to_owned);
    let (request, offered) = (&granted.request, granted.form.redirects());
    let view = NewProduction {
        page,
        shell,
        organisation,
        request,
        title: granted.form.title(),
        offered,
        habilitation: &granted.habilitation,
        typed,
        attempt: &made,
    };
    match fault {
        Some(_) => Entry::new(Space::InputInvalid).on(view.answer(StatusCode::UNPROCESSABLE_ENTITY)),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /espace/demandes/{request}/client`.
pub(crate) async fn post(
    holder: FreshHolder<ChangeCredentials>,
    State(app): State<Shared>,
    Path(request): Path<String>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    if organisation.verified().is_err() {
        return refusal::inside(&app, here, Space::OrganisationUnverified);
    }
    let about = (here, organisation);
    let granted = match granted(&app, &request).await {
        Ok(Some(granted)) => granted,
        Ok(None) => return unseen(&app, here),
        Err(error) => return unavailable(&app, here.occasion, &error),
    };
    let (typed, attempt) = (read(&form, &granted), form.field("attempt").unwrap_or_default());
    let refuse = |fault: &ServiceFault| show(&app, about, &granted, (&typed, Some(attempt)), Some(fault));
    let order = match ordered(&typed) {
        Ok(order) => order,
        Err(fault) => return refuse(&fault),
    };
    let (secret, now) = (fresh_secret(&app), app.clock.now());
    let making = Making {
        id: identifier(&here.csrf, attempt),
        organisation: organisation.siret,
        secret: secret.digest.clone(),
        contact: &here.partner.mail,
        now,
    };
    let id = making.id.clone();
    let made = match production(&order, &granted.form, &granted.habilitation, making) {
        Ok(made) => made,
        Err(fault) => return refuse(&fault),
    };
    match app.registry.make_service(&made, &deed(&holder.held, None), now).await {
        Ok(ServiceMade::Done) => {
            let shown = made.client.authentication.needs_secret().then_some(secret.text.as_str());
            show_secret(&app, about, &made, shown)
        }
        // The form was sent twice: the first answer had the secret.
        Ok(ServiceMade::Taken) => see_other(&path_of(&id)),
        Ok(ServiceMade::TooMany) => refuse(&ServiceFault::Full),
        // It was revoked, suspended or replaced since it was read.
        Ok(ServiceMade::NotInForce) => refuse(&ServiceFault::NotTheirs),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// What was filled in. The addresses are ticked by their place in the list that was granted.
fn read(form: &CheckedForm, granted: &Granted) -> Typed {
    const TICKS: [&str; 10] = ["uri0", "uri1", "uri2", "uri3", "uri4", "uri5", "uri6", "uri7", "uri8", "uri9"];
    let ticked = TICKS.into_iter().zip(granted.form.redirects()).filter(|(name, _)| form.field(name).is_some());
    let text = |name| form.field(name).unwrap_or_default().trim().to_owned();
    Typed {
        redirects: ticked.map(|(_, uri)| uri.clone()).collect(),
        proof: text("proof"),
        keys: text("keys"),
        keys_at: text("keys_at"),
        certificate: text("certificate"),
    }
}

pub(crate) fn ordered(typed: &Typed) -> Result<Order, ServiceFault> {
    let proof = match typed.proof.as_str() {
        "jwks" => {
            let keys = serde_json::from_str(&typed.keys).map_err(|_| ServiceFault::Keys("not JSON".to_owned()))?;
            Proof::Keys(keys)
        }
        "jwks_uri" => Proof::KeysAt(typed.keys_at.clone()),
        "certificate" => Proof::Certificate(typed.certificate.clone()),
        other => Proof::Secret(Sent::named(other).unwrap_or_default()),
    };
    Ok(Order { redirects: typed.redirects.clone(), proof })
}
