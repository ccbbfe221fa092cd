//! `GET` and `POST /espace/organisations/{siret}/services`: a service of the sandbox, at once.

use axum::extract::State;
use axum::response::Response;
use domain::habilitation::service::{Making, Sent, ServiceFault, Wish, sandbox};
use domain::id::{ClientId, HabilitationId};
use domain::partners::organisation::Organisation;
use domain::partners::permission::EditSandbox;
use domain::secret::{base64url, sha256};
use http::StatusCode;
use store::registry::ServiceMade;

use super::{deed, fresh_secret, show_secret, unseen};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::services::{NewSandbox, above, path_of};
use crate::partners::session::{CheckedForm, Here, Holder};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

/// `GET /espace/organisations/{siret}/services`.
pub(crate) async fn get(holder: Holder<EditSandbox>, State(app): State<Shared>) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let empty = Wish {
        name: String::new(),
        redirects: vec!["http://localhost:8080/retour".to_owned()],
        logout_redirects: Vec::new(),
        sent: Sent::default(),
    };
    show(&app, (here, organisation), &empty, None, &[])
}

/// The form, with what is wrong with what was filled in.
fn show(
    app: &App,
    (here, organisation): (&Here, &Organisation),
    wish: &Wish,
    attempt: Option<&str>,
    faults: &[ServiceFault],
) -> Response {
    let page = here.page(app);
    let shell = here.shell(page.words().service_new_title()).below(above(organisation));
    let shell = shell.wrong(faults.iter().map(|fault| page.service_fault(fault)).collect());
    let made = attempt.map_or_else(|| base64url(&app.random.bytes::<16>()), str::to_owned);
    let view = NewSandbox { page, shell, organisation, wish, attempt: &made };
    if faults.is_empty() {
        view.answer(StatusCode::OK)
    } else {
        Entry::new(Space::InputInvalid).on(view.answer(StatusCode::UNPROCESSABLE_ENTITY))
    }
}

/// `POST /espace/organisations/{siret}/services`.
pub(crate) async fn post(holder: Holder<EditSandbox>, State(app): State<Shared>, form: CheckedForm) -> Response {
    let here = &holder.here;
    let Some(organisation) = &holder.organisation else { return unseen(&app, here) };
    let attempt = form.field("attempt").unwrap_or_default();
    let wish = read(&form);
    let (secret, now) = (fresh_secret(&app), app.clock.now());
    let making = Making {
        id: identifier(&here.csrf, attempt),
        organisation: organisation.siret,
        secret: secret.digest.clone(),
        contact: &here.partner.mail,
        now,
    };
    let id = making.id.clone();
    let made = match sandbox(&wish, HabilitationId::from_random(app.random.bytes()), making) {
        Ok(made) => made,
        Err(faults) => return show(&app, (here, organisation), &wish, Some(attempt), &faults),
    };
    match app.registry.make_service(&made, &deed(&holder.held, None), now).await {
        Ok(ServiceMade::Done) => show_secret(&app, (here, organisation), &made, Some(&secret.text)),
        // The form was sent twice: the first answer had the secret.
        Ok(ServiceMade::Taken) => see_other(&path_of(&id)),
        Ok(ServiceMade::TooMany | ServiceMade::NotInForce) => {
            show(&app, (here, organisation), &wish, Some(attempt), &[ServiceFault::Full])
        }
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// The identifier that one sending of a form gives: whoever sends it twice makes one service, and nobody chooses it.
pub(crate) fn identifier(session: &str, attempt: &str) -> ClientId {
    let digest = sha256(format!("service/1\n{session}\n{attempt}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    ClientId::from_random(bytes)
}

fn read(form: &CheckedForm) -> Wish {
    let lines = |name| lines(form.field(name).unwrap_or_default());
    Wish {
        name: form.field("name").unwrap_or_default().to_owned(),
        redirects: lines("redirects"),
        logout_redirects: lines("logout_redirects"),
        sent: form.field("sent").and_then(Sent::named).unwrap_or_default(),
    }
}

/// What stands on the lines of a field, each once.
fn lines(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !all.iter().any(|other| other == line) {
            all.push(line.to_owned());
        }
    }
    all
}
