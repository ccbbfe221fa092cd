//! The first passkey: `GET` and `POST /guichet/invitation/{secret}`. The link may be looked at as often as one likes; it
//! opens once.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::agent::Agent;
use domain::people::commune::Commune;
use domain::people::invitation::Invitation;
use domain::people::name::Name;
use domain::people::passkey::Purpose;
use domain::secret::Bearer;
use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use store::StoreError;
use store::registry::{Accepted, KeptPasskey, Post};

use super::ceremony;
use super::refusal::{refuse_outside, status};
use super::sign_in::broken;
use crate::app::{App, Shared};
use crate::audit::{Desk, Entry};
use crate::pages::View as _;
use crate::pages::people::{Register, Whose};
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;
use crate::signin::page::Occasion;

/// `GET /guichet/invitation/{secret}`.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    show(&app, &headers, &secret, None).await
}

async fn show(app: &App, headers: &HeaderMap, secret: &str, refused: Option<Desk>) -> Response {
    let occasion = Occasion::of(headers);
    match invited(app, secret).await {
        Ok(Some((bearer, post))) => {
            let purpose = Purpose::Accept { invitation: bearer, agent: post.agent.id.clone() };
            let place = format!("/guichet/invitation/{secret}");
            register(app, headers, &post, purpose, &Shown { place: &place, whose: Whose::Newcomer, refused }).await
        }
        Ok(None) => refuse_outside(app, occasion, Desk::InvitationGone),
        Err(error) => unavailable(app, occasion, &error),
    }
}

/// Who is invited by the secret in a link.
async fn invited(app: &App, secret: &str) -> Result<Option<(Bearer<Invitation>, Post)>, StoreError> {
    let Some(bearer) = Bearer::parse(secret) else { return Ok(None) };
    let Some(agent) = app.registry.invited(&bearer, app.clock.now()).await? else { return Ok(None) };
    Ok(app.registry.post(&agent.id).await?.map(|post| (bearer, post)))
}

/// What is shown around the button that makes a passkey.
pub(super) struct Shown<'a> {
    /// Where the form goes.
    pub(super) place: &'a str,
    /// Whom it is for.
    pub(super) whose: Whose<'a>,
    /// Why the last attempt came to nothing.
    pub(super) refused: Option<Desk>,
}

/// The page where a passkey is made.
pub(super) async fn register(
    app: &App,
    headers: &HeaderMap,
    post: &Post,
    purpose: Purpose,
    shown: &Shown<'_>,
) -> Response {
    let occasion = Occasion::of(headers);
    let held = match app.registry.passkeys(&post.agent.id).await {
        Ok(held) => held,
        Err(error) => return unavailable(app, occasion, &error),
    };
    let asked = match app.desk().passkeys.register((&post.agent).into(), &held) {
        Ok(asked) => asked,
        Err(error) => return broken(app, occasion, &error),
    };
    let begun = match ceremony::begin(app, headers, purpose, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, occasion, &error),
    };
    let Shown { place, whose, refused } = *shown;
    let view = Register {
        page: occasion.page(app),
        csrf: &begun.name,
        options: &begun.options,
        agent: &post.agent,
        commune: &post.commune,
        place,
        whose,
        refused,
    };
    let answer = match refused {
        Some(code) => Entry::new(code).on(view.answer(status(code))),
        None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /guichet/invitation/{secret}`.
pub(crate) async fn post(
    State(app): State<Shared>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    form: Sent,
) -> Response {
    match accept(&app, &headers, &secret, &form).await {
        Ok(Ok(())) => {
            app.mail_waiting.notify_one();
            see_other("/guichet/connexion?fait=cle")
        }
        Ok(Err(code @ Desk::InvitationGone)) => refuse_outside(&app, Occasion::of(&headers), code),
        Ok(Err(code)) => show(&app, &headers, &secret, Some(code)).await,
        Err(error) => unavailable(&app, Occasion::of(&headers), &error),
    }
}

async fn accept(app: &App, headers: &HeaderMap, secret: &str, form: &Sent) -> Result<Result<(), Desk>, StoreError> {
    let Some((_, post)) = invited(app, secret).await? else { return Ok(Err(Desk::InvitationGone)) };
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Desk::CeremonyUnknown));
    };
    let Purpose::Accept { invitation, agent } = &ceremony.purpose else { return Ok(Err(Desk::CeremonyUnknown)) };
    // The ceremony of one invitation does not take another.
    if *agent != post.agent.id || *invitation.expose() != secret {
        return Ok(Err(Desk::CeremonyUnknown));
    }
    let now = app.clock.now();
    let passkey = match made(app, &post.agent, &ceremony.state, form, now) {
        Ok(passkey) => passkey,
        Err(code) => return Ok(Err(code)),
    };
    let told = notice(&post.agent, &post.commune, &passkey, now);
    Ok(match app.registry.accept_invitation(invitation, &passkey, &told, now).await? {
        Accepted::Done => Ok(()),
        Accepted::Gone => Err(Desk::InvitationGone),
        Accepted::Known => Err(Desk::PasskeyKnown),
    })
}

/// The passkey that an authenticator made for an agent.
pub(super) fn made(app: &App, agent: &Agent, state: &str, form: &Sent, now: Timestamp) -> Result<KeptPasskey, Desk> {
    let name = form.field("name").unwrap_or_default();
    let name = Name::parse(name).map_err(|_| Desk::InputInvalid)?;
    let answer = form.field("credential").unwrap_or_default();
    let (id, credential) = app.desk().passkeys.registered(state, answer).map_err(|why| {
        tracing::info!(%why, "a new passkey is refused");
        Desk::RegistrationRefused
    })?;
    Ok(KeptPasskey { id, owner: agent.id.clone(), name, credential, added: now, last_used: None })
}

/// The mail that tells an agent of a new passkey: whoever made it in their name cannot keep it from them.
pub(super) fn notice(agent: &Agent, commune: &Commune, passkey: &KeptPasskey, now: Timestamp) -> Notice {
    let message = Message::PasskeyAdded {
        agent: agent.name.as_str().to_owned(),
        commune: commune.name.as_str().to_owned(),
        passkey: passkey.name.as_str().to_owned(),
        at: now,
    };
    Notice { to: agent.mail.as_str().to_owned(), language: Language::French, message }
}
