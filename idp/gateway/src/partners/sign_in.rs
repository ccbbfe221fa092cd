//! In and out: `GET` and `POST /espace/entree`, `POST /espace/sortie`.
//!
//! The page asks any passkey of this origin for a signature; who it is of, the answer says. No name is typed, so nobody
//! can find out who is a partner.

use axum::extract::{Query, State};
use axum::response::Response;
use domain::id::{PartnerId, PartnerSessionId, PasskeyId};
use domain::partners::partner::PartnerState;
use domain::partners::passkey::Purpose;
use domain::partners::permission::SignedIn;
use domain::partners::session::PartnerSession;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::StoreError;
use store::registry::{KeptPasskey, Updated};

use super::refusal::{outside, status};
use super::session::{CheckedForm, Holder, Visitor, begin, way_back};
use crate::app::{App, Shared};
use crate::audit::{Entry, Space};
use crate::pages::View as _;
use crate::pages::partners::{Shell, SignIn, Told};
use crate::people::ceremony;
use crate::people::passkeys::Refused;
use crate::provider::error::see_other;
use crate::signin::at::unavailable;
use crate::signin::form::Sent;

/// Where to go after the sign-in, and what is told before.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    retour: Option<String>,
    #[serde(default)]
    fait: Option<String>,
}

/// `GET /espace/entree`.
pub(crate) async fn get(
    visitor: Visitor,
    State(app): State<Shared>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let told = asked.fait.as_deref().and_then(Told::named);
    show(&app, &visitor, &headers, &way_back(asked.retour.as_deref()), told).await
}

async fn show(app: &App, visitor: &Visitor, headers: &HeaderMap, back: &str, told: Option<Told>) -> Response {
    let asked = match app.partners().passkeys.sign_in() {
        Ok(asked) => asked,
        Err(error) => return broken(app, visitor, &error),
    };
    let begun = match ceremony::begin(app, headers, Purpose::SignIn, asked).await {
        Ok(begun) => begun,
        Err(error) => return unavailable(app, visitor.occasion, &error),
    };
    let page = visitor.page(app);
    let shell = Shell::new(page.words().space_sign_in_title());
    let view = SignIn { page, shell, csrf: &begun.name, options: &begun.options, back, told };
    let answer = match told {
        Some(Told::Refused(code)) => Entry::new(code).on(view.answer(status(code))),
        Some(Told::PasskeyReady | Told::SignedOut) | None => view.answer(StatusCode::OK),
    };
    begun.hand_over(app, answer)
}

/// `POST /espace/entree`: what a passkey signed.
pub(crate) async fn post(visitor: Visitor, State(app): State<Shared>, headers: HeaderMap, form: Sent) -> Response {
    let back = way_back(form.field("retour"));
    let outcome = match judge(&app, &headers, &form).await {
        Ok(Ok(passkey)) => enter(&app, &headers, passkey, &back).await,
        Ok(Err(code)) => Ok(Err(code)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Ok(answer)) => answer,
        Ok(Err(code)) => show(&app, &visitor, &headers, &back, Some(Told::Refused(code))).await,
        Err(error) => unavailable(&app, visitor.occasion, &error),
    }
}

/// The answer to whoever made a passkey by a link of a mail: on to the sign-in, where it is tried; the code, where the page of
/// the link comes again.
pub(super) fn passkey_made(
    app: &App,
    visitor: &Visitor,
    outcome: Result<Result<(), Space>, StoreError>,
) -> Result<Response, Space> {
    match outcome {
        Ok(Ok(())) => {
            app.mail_waiting.notify_one();
            Ok(see_other("/espace/entree?fait=cle"))
        }
        Ok(Err(code @ Space::LinkGone)) => Ok(outside(app, visitor.occasion, code)),
        Ok(Err(code)) => Err(code),
        Err(error) => Ok(unavailable(app, visitor.occasion, &error)),
    }
}

async fn judge(
    app: &App,
    headers: &HeaderMap,
    form: &Sent,
) -> Result<Result<KeptPasskey<PartnerId>, Space>, StoreError> {
    let Some(ceremony) = ceremony::take::<Purpose>(app, headers, form.field("csrf")).await? else {
        return Ok(Err(Space::CeremonyUnknown));
    };
    match ceremony.purpose {
        Purpose::SignIn => {}
        Purpose::Confirm { .. } | Purpose::Begin { .. } | Purpose::Add { .. } | Purpose::Recover { .. } => {
            return Ok(Err(Space::CeremonyUnknown));
        }
    }
    signed(app, &ceremony.state, form.field("credential").unwrap_or_default()).await
}

/// Judges what a passkey of a partner signed, whoever's it is, and notes its use.
pub(super) async fn signed(
    app: &App,
    state: &str,
    credential: &str,
) -> Result<Result<KeptPasskey<PartnerId>, Space>, StoreError> {
    let passkeys = &app.partners().passkeys;
    let claimed = match passkeys.identify(credential) {
        Ok(claimed) => claimed,
        Err(why) => return Ok(Err(refused(&why))),
    };
    let kept = app.registry.partner_passkey(&claimed.passkey).await?;
    let Some(kept) = kept.filter(|kept| kept.owner.octets() == claimed.handle) else {
        return Ok(Err(Space::PasskeyUnknown));
    };
    let used = match passkeys.signed_in(state, &claimed, kept) {
        Ok(used) => used,
        Err(why) => return Ok(Err(refused(&why))),
    };
    let partner = app.registry.partner(&used.owner).await?;
    if !partner.is_some_and(|partner| partner.state == PartnerState::Active) {
        return Ok(Err(Space::NotActive));
    }
    match app.registry.partner_passkey_used(&used, app.clock.now()).await? {
        Updated::Done => Ok(Ok(used)),
        Updated::Missing => Ok(Err(Space::PasskeyUnknown)),
    }
}

fn refused(why: &Refused) -> Space {
    tracing::info!(%why, "a signature of a passkey is refused");
    Space::AssertionRefused
}

/// The session that this browser had ends: nobody stays in under a secret of before.
async fn enter(
    app: &App,
    headers: &HeaderMap,
    passkey: KeptPasskey<PartnerId>,
    back: &str,
) -> Result<Result<Response, Space>, StoreError> {
    if let Some(old) = app.partners().cookies.partner(headers) {
        let ended: Option<PartnerSession> = app.ephemeral.take(&old).await?;
        if let Some(ended) = ended {
            let _ = app.registry.end_partner_session(&ended.partner, &ended.id).await?;
        }
    }
    let id = PartnerSessionId::from_random(app.random.bytes());
    let (owner, passkey): (PartnerId, PasskeyId) = (passkey.owner, passkey.id);
    let session = PartnerSession::begin(id, owner, passkey, app.clock.now());
    let Some(secret) = begin(app, &session).await? else { return Ok(Err(Space::PasskeyUnknown)) };
    let mut answer = see_other(back);
    app.partners().cookies.set_partner(answer.headers_mut(), &secret);
    Ok(Ok(answer))
}

/// `POST /espace/sortie`.
pub(crate) async fn sign_out(holder: Holder<SignedIn>, State(app): State<Shared>, _: CheckedForm) -> Response {
    if let Err(error) = holder.here.end(&app).await {
        return unavailable(&app, holder.here.occasion, &error);
    }
    let mut answer = see_other("/espace/entree?fait=sortie");
    app.partners().cookies.clear_partner(answer.headers_mut());
    answer
}

/// The page for a library that does not do its part: nothing that anybody sent.
pub(crate) fn broken(app: &App, visitor: &Visitor, error: &Refused) -> Response {
    tracing::error!(%error, "a passkey ceremony cannot begin");
    unavailable(app, visitor.occasion, &StoreError::Corrupt { what: "the passkeys of a partner" })
}
