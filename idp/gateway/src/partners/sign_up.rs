//! A new account: `GET` and `POST /espace/inscription`, where an address is typed, and `GET` and
//! `POST /espace/inscription/{secret}`, where the link of the mail leads.
//!
//! Whatever address is typed, the page says the same, in the same time: whether it has an account, its mailbox is told.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::notice::PartnerMessage;
use domain::partners::invitation::SignUp;
use domain::partners::passkey::{Purpose, WayIn};
use domain::people::name::MailAddress;
use domain::secret::Bearer;
use http::{HeaderMap, StatusCode};
use store::StoreError;
use store::ephemeral::{Allowed, Put};

use super::invitation::{Newcomer, Shown, join, office, register};
use super::refusal::{outside, status};
use super::session::Visitor;
use super::sign_in::passkey_made;
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::limits::{self, SIGN_UPS, SIGN_UPS_FROM, SIGN_UPS_TO};
use crate::listen::address::ClientAddress;
use crate::pages::View as _;
use crate::pages::partners::{Asking, Sent as MailSent, Shell, Wrong};
use crate::people::ceremony;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// `GET /espace/inscription`.
pub(crate) async fn get(visitor: Visitor, State(app): State<Shared>) -> Response {
    ask(&app, &visitor, "", None)
}

fn ask(app: &App, visitor: &Visitor, typed: &str, refused: Option<Space>) -> Response {
    let page = visitor.page(app);
    let t = page.words();
    let wrong = refused.map(|_| Wrong { field: "mail", words: t.wrong_mail().to_owned() });
    let shell = Shell::new(t.space_sign_up_title()).wrong(wrong.into_iter().collect());
    let view = Asking { page, shell, mail: typed, refused };
    match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    }
}

/// `POST /espace/inscription`.
pub(crate) async fn post(
    visitor: Visitor,
    State(app): State<Shared>,
    Extension(source): Extension<ClientAddress>,
    form: Sent,
) -> Response {
    let typed = form.field("mail").unwrap_or_default();
    let Ok(mail) = MailAddress::parse(typed) else { return ask(&app, &visitor, typed, Some(Space::InputInvalid)) };
    // After the answer, whatever is found: how long it takes tells nothing.
    let own = std::sync::Arc::clone(&app);
    let sending = async move {
        if let Err(error) = send(&own, &mail, source).await {
            tracing::error!(%error, "the mail of a sign-up could not be kept");
        }
    };
    drop(app.endings.spawn(sending));
    let page = visitor.page(&app);
    let shell = Shell::new(page.words().space_mail_sent_title());
    MailSent { page, shell }.answer(StatusCode::OK)
}

pub(super) async fn send(app: &App, mail: &MailAddress, source: ClientAddress) -> Result<(), StoreError> {
    // Nobody fills the mailbox of another, and nobody keeps its owner from a link of their own.
    let folded = mail.folded();
    match limits::allowed_from(app, source, (SIGN_UPS, folded.as_bytes()), SIGN_UPS_FROM).await? {
        Allowed::Yes => {}
        Allowed::No => return Ok(()),
    }
    match app.ephemeral.allow(SIGN_UPS_TO, folded.as_bytes()).await? {
        Allowed::Yes => {}
        Allowed::No => return Ok(()),
    }
    let (office, origin) = (office(app), &app.partners().origin);
    let known = app.registry.partner_of(mail).await?.is_some();
    let message = if known {
        PartnerMessage::SignUpKnown { link: origin.at("/espace/entree") }
    } else {
        let secret: Bearer<SignUp> = Bearer::from_random(app.random.bytes());
        match app.ephemeral.put(&secret, &SignUp { mail: mail.clone() }, SignUp::LIFE).await? {
            Put::Fresh => {}
            Put::Taken => return Err(StoreError::Corrupt { what: "the place of a new sign-up" }),
        }
        let link = origin.at(&format!("/espace/inscription/{}", *secret.expose()));
        PartnerMessage::SignUp { link, until: app.clock.now().plus(SignUp::LIFE) }
    };
    app.registry.send(&office.posting(mail, message), app.clock.now()).await?;
    app.mail_waiting.notify_one();
    Ok(())
}

/// `GET /espace/inscription/{secret}`.
pub(crate) async fn get_link(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    show(&app, &visitor, &headers, &secret, None).await
}

async fn show(app: &App, visitor: &Visitor, headers: &HeaderMap, secret: &str, refused: Option<Space>) -> Response {
    match opened(app, secret).await {
        Ok(Some((bearer, SignUp { mail }))) => {
            let shown = Shown { mail: &mail, team: None, refused };
            register(app, visitor, headers, WayIn::SignUp(bearer), shown).await
        }
        Ok(None) => outside(app, visitor.occasion, Space::LinkGone),
        Err(error) => unavailable(app, visitor.occasion, &error),
    }
}

async fn opened(app: &App, secret: &str) -> Result<Option<(Bearer<SignUp>, SignUp)>, StoreError> {
    let Some(bearer) = Bearer::parse(secret) else { return Ok(None) };
    Ok(app.ephemeral.look(&bearer).await?.map(|(record, _)| (bearer, record)))
}

/// `POST /espace/inscription/{secret}`.
pub(crate) async fn post_link(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    form: Sent,
) -> Response {
    match passkey_made(&app, &visitor, accept(&app, &headers, &secret, &form).await) {
        Ok(answer) => answer,
        Err(code) => show(&app, &visitor, &headers, &secret, Some(code)).await,
    }
}

async fn accept(app: &App, headers: &HeaderMap, secret: &str, form: &Sent) -> Result<Result<(), Space>, StoreError> {
    let Some((bearer, SignUp { mail })) = opened(app, secret).await? else { return Ok(Err(Space::LinkGone)) };
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    let partner = match ceremony.purpose {
        Purpose::Begin { partner, by: WayIn::SignUp(of) } if *of.expose() == secret => partner,
        Purpose::Begin { .. }
        | Purpose::SignIn
        | Purpose::Confirm { .. }
        | Purpose::Add { .. }
        | Purpose::Recover { .. } => return Ok(Err(Space::CeremonyUnknown)),
    };
    let newcomer = Newcomer { partner, mail: &mail, invitation: None };
    let joined = join(app, &newcomer, &ceremony.state, form).await?;
    if joined.is_ok() {
        let _: Option<SignUp> = app.ephemeral.take(&bearer).await?;
    }
    Ok(joined)
}
