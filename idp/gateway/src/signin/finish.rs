//! The end of a sign-in: journal and notice in one transaction, the session, the code, and back to the relying party.
//!
//! Everything here can be repeated without being done twice: the transaction is bound to the sign-in, the code to its
//! own secret, both chosen when the citizen accepted. A browser that lost the answer, or a second click, asks again and
//! gets the same one until the code ends.

use axum::extract::State;
use axum::response::Response;
use domain::oidc::code::Code;
use domain::oidc::error::AuthorizeError;
use domain::oidc::pushed::Pushed;
use domain::secret::Bearer;
use domain::signin::session::Session;
use domain::signin::{Finishing, SignIn};
use http::header::HeaderMap;
use store::StoreError;
use store::ephemeral::{Kind, Put};
use store::registry::{Consent, Finish, Finished};

use super::at::{At, Slot, unavailable};
use super::page::Occasion;
use crate::app::{App, Shared};
use crate::provider::answer;

/// `GET /signin/{id}/finish`: a citizen whose browser lost the answer.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, at: At<Finishing>) -> Response {
    complete(&app, &headers, at.slot, at.signin).await
}

/// Finishes a sign-in and sends the citizen back with the code.
pub(crate) async fn complete(app: &App, headers: &HeaderMap, slot: Slot, signin: SignIn<Finishing>) -> Response {
    let occasion = Occasion::in_language(signin.language());
    match conclude(app, headers, slot, signin).await {
        Ok(response) => response,
        Err(error) => unavailable(app, occasion, &error),
    }
}

async fn conclude(
    app: &App,
    headers: &HeaderMap,
    slot: Slot,
    signin: SignIn<Finishing>,
) -> Result<Response, StoreError> {
    let now = app.clock.now();
    let (issuer, service) = (app.issuer.as_str(), signin.service().clone());
    let occasion = Occasion::in_language(signin.language());
    let ends = signin.at().plus(app.lifetimes.code);
    let Some(left) = ends.left(now) else {
        // The code chosen at the acceptance has ended; a second one for the same acceptance is never made.
        let description = "the sign-in was interrupted at its last step: start again";
        let given_up = signin.give_up(issuer, AuthorizeError::TemporarilyUnavailable, description, now);
        return Ok(match slot.advance(app, given_up.signin.into()).await {
            Ok(_) => answer::send(app, occasion, &service, given_up.response),
            Err(response) => response,
        });
    };
    if !completes(app, &signin).await? {
        let description = "the pushed request was completed before: push another";
        let given_up = signin.give_up(issuer, AuthorizeError::InvalidRequest, description, now);
        return Ok(match slot.advance(app, given_up.signin.into()).await {
            Ok(_) => answer::send(app, occasion, &service, given_up.response),
            Err(response) => response,
        });
    }
    account_for(app, &signin).await?;
    let live = Code::Live { grant: Box::new(signin.grant().clone()), ends };
    let _: Put = app.ephemeral.put(signin.code(), &live, left).await?;
    let session = remember(app, headers, &signin).await?;
    let mut response = answer::send(app, occasion, &service, signin.answer(issuer));
    if let Some(session) = session {
        app.cookies.set_session(response.headers_mut(), &session);
    }
    // Whether this click or another one ended the step: the answer is the same, and the browser follows the last.
    match slot.try_advance(app, &signin.end(issuer, ends).into()).await {
        Ok(Ok(_) | Err(_)) => Ok(response),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Spends the reference of a pushed request (RFC 9126 §7.3): on all nodes, one sign-in completes it. That sign-in may
/// come here again.
async fn completes(app: &App, signin: &SignIn<Finishing>) -> Result<bool, StoreError> {
    let Some(reference) = signin.pushed() else { return Ok(true) };
    let text = reference.expose();
    let fields = [text.as_bytes(), signin.id().as_str().as_bytes()];
    let own = app.ephemeral.once(Kind::Pushed, &fields, app.lifetimes.sign_in).await?;
    let any = app.ephemeral.once(Kind::Pushed, &fields[..1], app.lifetimes.sign_in).await?;
    let _: Option<Pushed> = app.ephemeral.take(reference).await?;
    Ok(any == Put::Fresh || own == Put::Taken)
}

/// Journal, consent and notice: one transaction, bound to the sign-in.
async fn account_for(app: &App, signin: &SignIn<Finishing>) -> Result<(), StoreError> {
    let provider = app.provider_title(&signin.citizen().identity.provider);
    let consent = signin.consented().map(|claims| Consent {
        account: signin.grant().account.clone(),
        client: signin.client().clone(),
        claims: claims.to_vec(),
        at: signin.at(),
    });
    let finish = Finish {
        sign_in: signin.id(),
        acts: &[signin.act()],
        consent: consent.as_ref(),
        notices: &[signin.notice(&provider)],
    };
    match app.registry.finish(&finish, app.clock.now()).await? {
        Finished::Done => app.mail_waiting.notify_one(),
        Finished::AlreadyDone => {}
    }
    Ok(())
}

/// Opens or continues the browser's session under a new secret. The earlier secret stops opening anything.
async fn remember(
    app: &App,
    headers: &HeaderMap,
    signin: &SignIn<Finishing>,
) -> Result<Option<Bearer<Session>>, StoreError> {
    let earlier = match app.cookies.session(headers) {
        Some(secret) => app.ephemeral.take(&secret).await?,
        None => None,
    };
    let Some(session) = signin.session_after(earlier) else { return Ok(None) };
    let Some(left) = session.citizen().auth_time.plus(app.lifetimes.session).left(app.clock.now()) else {
        return Ok(None);
    };
    let secret = Bearer::from_random(app.random.bytes());
    let _: Put = app.ephemeral.put(&secret, &session, left).await?;
    Ok(Some(secret))
}
