//! One's own account: `GET /espace/compte`, and its passkeys, recovery code and sessions below it.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::id::{PartnerSessionId, PasskeyId};
use domain::notice::PartnerMessage;
use domain::partners::partner::{Partner, WayBack};
use domain::partners::passkey::Purpose;
use domain::partners::permission::{ChangeAccount, SignedIn};
use domain::partners::recovery::RecoveryCode;
use domain::people::passkey::{NotChanged, may_add, may_withdraw};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Updated;

use super::invitation::{added, made, office};
use super::refusal::{inside, status};
use super::session::{CheckedForm, Here, Holder, RecentHolder};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::{Account, Crumb, Done, Register, Shell, ShownCode, Signed};
use crate::people::ceremony;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;

const PLACE: &str = "/espace/compte/cle";

/// What was done just now.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    fait: Option<String>,
}

/// `GET /espace/compte`.
pub(crate) async fn get(holder: Holder<SignedIn>, State(app): State<Shared>, Query(asked): Query<Asked>) -> Response {
    let here = &holder.here;
    let (id, now) = (&here.partner.id, app.clock.now());
    let (passkeys, sessions) =
        match tokio::join!(app.registry.partner_passkeys(id), app.registry.partner_sessions(id, now)) {
            (Ok(passkeys), Ok(sessions)) => (passkeys, sessions),
            (Err(error), _) | (_, Err(error)) => return unavailable(&app, here.occasion, &error),
        };
    let page = here.page(&app);
    let t = page.words();
    let told = asked.fait.as_deref().and_then(Done::named).map(|done| done.words(t).to_owned());
    let shell = here.shell(t.space_account()).told(told);
    let view = Account {
        page,
        shell,
        partner: &here.partner,
        passkeys: &passkeys,
        sessions: &sessions,
        used: &here.session.passkey,
        own: &here.session.id,
    };
    view.answer(StatusCode::OK)
}

/// `GET /espace/compte/cle`: another passkey.
pub(crate) async fn get_passkey(
    holder: RecentHolder<ChangeAccount>,
    State(app): State<Shared>,
    headers: HeaderMap,
) -> Response {
    show(&app, &headers, &holder.here, None).await
}

async fn show(app: &App, headers: &HeaderMap, here: &Here, refused: Option<Space>) -> Response {
    if let Err(why) = may_add(&here.partner.passkeys) {
        return inside(app, here, why.into());
    }
    let held = match app.registry.partner_passkeys(&here.partner.id).await {
        Ok(held) => held,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let Ok(asked) = app.partners().passkeys.register((&here.partner).into(), &held) else {
        return unavailable(app, here.occasion, &StoreError::Corrupt { what: "the passkeys of a partner" });
    };
    let purpose = Purpose::Add { partner: here.partner.id.clone() };
    let begun = match ceremony::begin(app, headers, purpose, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, here.occasion, &error),
    };
    let page = here.page(app);
    let t = page.words();
    let up = Crumb { href: "/espace/compte".to_owned(), title: t.space_account().to_owned() };
    let shell = here.shell(t.passkey_add()).below([up]);
    let (csrf, options) = (shell.csrf(), begun.options.as_str());
    let ceremony = Some(begun.name.as_str());
    let view = Register { page, shell, csrf, ceremony, options, mail: None, team: None, place: PLACE, refused };
    let answer = match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /espace/compte/cle`.
pub(crate) async fn post_passkey(
    holder: RecentHolder<ChangeAccount>,
    State(app): State<Shared>,
    headers: HeaderMap,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    match add(&app, &headers, here, &form).await {
        Ok(Ok(())) => {
            app.mail_waiting.notify_one();
            see_other("/espace/compte?fait=cle")
        }
        Ok(Err(code)) => show(&app, &headers, here, Some(code)).await,
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn add(app: &App, headers: &HeaderMap, here: &Here, form: &CheckedForm) -> Result<Result<(), Space>, StoreError> {
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("ceremony")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    match &ceremony.purpose {
        Purpose::Add { partner } if *partner == here.partner.id => {}
        Purpose::Add { .. }
        | Purpose::SignIn
        | Purpose::Confirm { .. }
        | Purpose::Begin { .. }
        | Purpose::Recover { .. } => return Ok(Err(Space::CeremonyUnknown)),
    }
    if let Err(why) = may_add(&here.partner.passkeys) {
        return Ok(Err(why.into()));
    }
    let now = app.clock.now();
    let fields = (form.field("name"), form.field("credential"));
    let passkey = match made(app, &here.partner.id, &ceremony.state, fields, now) {
        Ok(passkey) => passkey,
        Err(code) => return Ok(Err(code)),
    };
    let told = added(app, (&here.partner.name, &here.partner.mail), &passkey, now);
    Ok(match app.registry.add_partner_passkey(&passkey, &here.partner.passkeys, &told, now).await? {
        Put::Fresh => Ok(()),
        Put::Taken => Err(Space::ChangedMeanwhile),
    })
}

/// `POST /espace/compte/cle/retrait`.
pub(crate) async fn withdraw(
    holder: RecentHolder<ChangeAccount>,
    State(app): State<Shared>,
    form: CheckedForm,
) -> Response {
    let here = &holder.here;
    let asked = form.field("passkey").and_then(|text| PasskeyId::parse(text).ok());
    let Some(id) = asked else { return inside(&app, here, Space::PasskeyUnknown) };
    if let Err(why) = may_withdraw(&here.partner.passkeys, &id) {
        return inside(&app, here, why.into());
    }
    match take_away(&app, here, &id).await {
        Ok(Put::Fresh) => {
            app.mail_waiting.notify_one();
            see_other("/espace/compte?fait=retrait")
        }
        Ok(Put::Taken) => inside(&app, here, Space::ChangedMeanwhile),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

async fn take_away(app: &App, here: &Here, id: &PasskeyId) -> Result<Put, StoreError> {
    let Some(kept) = app.registry.partner_passkey(id).await? else { return Ok(Put::Taken) };
    let now = app.clock.now();
    let (name, passkey) = (here.partner.name.as_str().to_owned(), kept.name.as_str().to_owned());
    let message = PartnerMessage::PasskeyWithdrawn { name, passkey, at: now };
    let told = office(app).posting(&here.partner.mail, message);
    app.registry.withdraw_partner_passkey(&kept, &here.partner.passkeys, &told, now).await
}

/// `POST /espace/compte/code`: a new recovery code, shown this once.
pub(crate) async fn make_code(
    holder: RecentHolder<ChangeAccount>,
    State(app): State<Shared>,
    _: CheckedForm,
) -> Response {
    let here = &holder.here;
    let code = RecoveryCode::from_random(app.random.bytes());
    let Ok(hash) = app.partners().codes.hash(&code, app.random.bytes()).await else {
        return inside(&app, here, Space::Busy);
    };
    let now = app.clock.now();
    let message = PartnerMessage::RecoveryCodeMade { name: here.partner.name.as_str().to_owned(), at: now };
    let told = office(&app).posting(&here.partner.mail, message);
    match app.registry.keep_recovery_code(&here.partner.id, &hash, &told, now).await {
        Ok(Updated::Done) => {
            app.mail_waiting.notify_one();
            let page = here.page(&app).switch_nowhere();
            let t = page.words();
            let up = Crumb { href: "/espace/compte".to_owned(), title: t.space_account().to_owned() };
            // As they are from now on: the one that was read had none yet.
            let safe = Partner { way_back: WayBack::RecoveryCode, ..here.partner.clone() };
            let shell =
                Shell::new(t.space_code_title()).inside(Signed { partner: &safe, csrf: &here.csrf }).below([up]);
            ShownCode { page, shell, code: &code.grouped() }.answer(StatusCode::OK)
        }
        Ok(Updated::Missing) => inside(&app, here, Space::NotActive),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// `POST /espace/compte/sessions/retrait`: one session ends.
pub(crate) async fn end_session(holder: Holder<SignedIn>, State(app): State<Shared>, form: CheckedForm) -> Response {
    let here = &holder.here;
    let asked = form.field("session").and_then(|text| PartnerSessionId::parse(text).ok());
    let Some(session) = asked else { return inside(&app, here, Space::Unknown) };
    match app.registry.end_partner_session(&here.partner.id, &session).await {
        Ok(Updated::Done) => see_other("/espace/compte?fait=session"),
        Ok(Updated::Missing) => inside(&app, here, Space::Unknown),
        Err(error) => unavailable(&app, here.occasion, &error),
    }
}

/// `POST /espace/compte/sessions/toutes`: out everywhere, here too.
pub(crate) async fn end_sessions(holder: Holder<SignedIn>, State(app): State<Shared>, _: CheckedForm) -> Response {
    let here = &holder.here;
    let ended = app.registry.end_partner_sessions(&here.partner.id, app.clock.now()).await;
    if let Err(error) = ended {
        return unavailable(&app, here.occasion, &error);
    }
    let mut answer = see_other("/espace/entree?fait=sortie");
    app.partners().cookies.clear_partner(answer.headers_mut());
    answer
}

impl From<NotChanged> for Space {
    fn from(why: NotChanged) -> Self {
        match why {
            NotChanged::TooMany => Self::PasskeysTooMany,
            NotChanged::Last => Self::PasskeyLast,
            NotChanged::Unknown => Self::PasskeyUnknown,
        }
    }
}
