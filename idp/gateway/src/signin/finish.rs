//! The end of a sign-in: journal and notice in one transaction, the session, the code, and back to the relying party.
//!
//! Everything here can be repeated without being done twice: the transaction is bound to the sign-in, the code to its
//! own secret, both chosen when the citizen accepted. A browser that lost the answer, or a second click, asks again and
//! gets the same one until the code ends.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use domain::client::Profile;
use domain::habilitation::figures::Reason;
use domain::oidc::code::Code;
use domain::oidc::error::AuthorizeError;
use domain::oidc::pushed::{Completion, Pushed};
use domain::secret::Bearer;
use domain::signin::session::Session;
use domain::signin::{AnySignIn, Finishing, SignIn};
use domain::time::{Lifetime, Timestamp};
use http::header::HeaderMap;
use store::StoreError;
use store::ephemeral::{Put, Swap};
use store::registry::{Consent, Finish, Finished};

use super::at::{AtAny, Slot, to_page, unavailable};
use super::page::Occasion;
use super::withdrawn::live;
use crate::app::{App, Shared};
use crate::audit::{self, Entry, Other};
use crate::provider::answer;
use crate::session;

/// `GET /signin/{id}/finish`: a citizen whose browser lost the answer, or whose second click came while the first one
/// was being finished.
pub(crate) async fn get(State(app): State<Shared>, headers: HeaderMap, at: AtAny) -> Response {
    once_more(&app, &headers, at).await
}

/// The answer of a sign-in that was accepted before, finished now if it was not; another step has its own page.
pub(super) async fn once_more(app: &Shared, headers: &HeaderMap, at: AtAny) -> Response {
    match SignIn::try_from(at.signin) {
        Ok(signin) => complete(app, headers, at.slot, signin).await,
        Err(elsewhere) => same_answer(app, headers, &elsewhere).await,
    }
}

/// The answer that ended the sign-in, once more for a second click; after a while, the page that says it is over.
pub(super) async fn same_answer(app: &App, headers: &HeaderMap, current: &AnySignIn) -> Response {
    let AnySignIn::Ended(ended) = current else { return to_page(current) };
    let Some(answer) = ended.repeat(app.clock.now()) else { return to_page(current) };
    let occasion = Occasion::in_language(current.common().language());
    let mut response = answer::send(app, occasion, current.common().service(), answer).await;
    if let Some(session) = ended.opened()
        && !holds_another(app, headers, session).await
    {
        app.cookies.set_session(response.headers_mut(), session);
    }
    response
}

/// Whether the browser has a session meanwhile that this one must not push out: nobody could log out of it any more.
async fn holds_another(app: &App, headers: &HeaderMap, opened: &Bearer<Session>) -> bool {
    match app.cookies.session(headers) {
        Some(held) if *held.expose() != *opened.expose() => !matches!(app.ephemeral.look(&held).await, Ok(None)),
        Some(_) | None => false,
    }
}

/// Finishes a sign-in and sends the citizen back with the code. It is done whole, whatever becomes of the request: a
/// browser that leaves between the session that is taken and the one in its place would have all its relying parties
/// forgotten.
pub(crate) async fn complete(app: &Shared, headers: &HeaderMap, slot: Slot, signin: SignIn<Finishing>) -> Response {
    let occasion = Occasion::in_language(signin.language());
    let (own, headers) = (Arc::clone(app), headers.clone());
    let conclusion = app.endings.spawn(async move { conclude(&own, &headers, slot, signin).await });
    match conclusion.await.unwrap_or(Err(StoreError::Corrupt { what: "the end of a sign-in" })) {
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
    let registered = app.client(signin.client());
    if let Err(why) = live(app, registered.as_deref()) {
        // No code is made for what is not habilitated at this moment.
        let error = (why.authorize_error(), why.sentence());
        return Ok(give_up(app, slot, signin, error, why).await);
    }
    // A client that is gone redeems nothing.
    let profile = registered.map_or_else(Profile::default, |found| found.client.profile);
    let ends = signin.at().plus(app.lifetimes.under(profile).code);
    let Some(left) = ends.left(now) else {
        // The code chosen at the acceptance has ended; a second one for the same acceptance is never made.
        let sentence = "the sign-in was interrupted at its last step: start again";
        let error = (AuthorizeError::TemporarilyUnavailable, sentence);
        return Ok(give_up(app, slot, signin, error, Other::TooLate).await);
    };
    if !completes(app, &signin).await? {
        let sentence = "the pushed request was completed before: push another";
        return Ok(give_up(app, slot, signin, (AuthorizeError::InvalidRequest, sentence), Other::ReferenceSpent).await);
    }
    account_for(app, &signin).await?;
    // Before the code: a relying party that receives one is known to the session, and hears of its end.
    let Some(session) = remember(app, headers, &signin).await? else {
        let sentence = "the session was ended meanwhile: start again";
        return Ok(give_up(app, slot, signin, (AuthorizeError::LoginRequired, sentence), Other::SessionEnded).await);
    };
    let live = Code::Live { grant: Box::new(signin.grant().clone()), ends };
    let _: Put = app.ephemeral.put(signin.code(), &live, left).await?;
    let mut response = answer::send(app, occasion, &service, signin.answer(issuer)).await;
    if let Remembered::Opened(session) = session {
        app.cookies.set_session(response.headers_mut(), &session);
    }
    // Whether this click or another one ended the step: the answer is the same, and the browser follows the last.
    match slot.try_advance(app, &signin.end(issuer, ends).into()).await {
        Ok(Ok(_) | Err(_)) => Ok(response),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Ends a sign-in that was accepted and cannot be finished: the relying party is told.
async fn give_up(
    app: &App,
    slot: Slot,
    signin: SignIn<Finishing>,
    (error, sentence): (AuthorizeError, &'static str),
    code: impl Into<audit::Code>,
) -> Response {
    let (code, client) = (code.into(), signin.client().clone());
    let not_live = matches!(code, audit::Code::NotLive(_));
    let reason = if not_live { Reason::Habilitation } else { Reason::Interrupted };
    let entry = Entry::new(code).because(sentence).of(Some(signin.client()));
    let (occasion, service) = (Occasion::in_language(signin.language()), signin.service().clone());
    let given_up = signin.give_up(app.issuer.as_str(), error, sentence, app.clock.now());
    match slot.advance(app, given_up.signin.into()).await {
        Ok(_) => {
            app.figures.failed(&client, reason, app.clock.now());
            entry.on(answer::send(app, occasion, &service, given_up.response).await)
        }
        Err(response) => response,
    }
}

/// Spends the reference of a pushed request (RFC 9126 §7.3): on all nodes, one acceptance completes it, and may come
/// here again.
async fn completes(app: &App, signin: &SignIn<Finishing>) -> Result<bool, StoreError> {
    let Some(reference) = signin.pushed() else { return Ok(true) };
    let (place, own) = (Completion::of(reference), Completion(signin.acceptance()));
    let first = match app.ephemeral.put(&place, &own, app.lifetimes.sign_in).await? {
        Put::Fresh => true,
        Put::Taken => app.ephemeral.look(&place).await?.is_some_and(|(held, _)| held == own),
    };
    let _: Option<Pushed> = app.ephemeral.take(reference).await?;
    Ok(first)
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
        sign_in: &signin.acceptance(),
        acts: &[signin.act()],
        consent: consent.as_ref(),
        notices: &[signin.notice(&provider)],
    };
    match app.registry.finish(&finish, app.clock.now()).await? {
        // The first on any node: what is finished again is not counted again.
        Finished::Done => {
            let by = (signin.grant().level, &signin.citizen().identity.provider);
            app.figures.finished(signin.client(), by, app.clock.now());
            app.mail_waiting.notify_one();
        }
        Finished::AlreadyDone => {}
    }
    Ok(())
}

/// Where a session knows of the relying party from now on.
enum Remembered {
    /// In a session that was opened; the browser is given its secret.
    Opened(Bearer<Session>),
    /// In the one that was reused.
    Reused,
    /// Nowhere: the session is too old to be reused, and its end is told to nobody.
    Expired,
}

/// The browser's session from now on. A fresh sign-in opens one under the secret that was chosen at the acceptance, so
/// that every repetition opens the same one, in the place of the one before. A reused session keeps its secret: nobody
/// gained anything. `None` when the session to be reused was ended meanwhile.
async fn remember(
    app: &App,
    headers: &HeaderMap,
    signin: &SignIn<Finishing>,
) -> Result<Option<Remembered>, StoreError> {
    let now = app.clock.now();
    let held = app.cookies.session(headers);
    if let Some((secret, mut session)) = signin.opens() {
        let Some(left) = left(app, &session, now) else { return Ok(Some(Remembered::Expired)) };
        let earlier = held.filter(|held| *held.expose() != *secret.expose());
        if let Some(earlier) = &earlier
            && let Some(replaced) = replaced(app, earlier, &session).await?
        {
            let _: Result<(), Box<Session>> = session.succeed(replaced);
        }
        let put = app.ephemeral.put(secret, &session, left).await?;
        // Gone only now: a gateway that dies before leaves it to the next click, and nobody is forgotten.
        if let Some(earlier) = &earlier
            && let Some(taken) = app.ephemeral.take(earlier).await?
            && (put == Put::Taken || !session.knows(&taken))
        {
            // The other click opened it first, or another tab went on in the earlier one meanwhile.
            change(app, secret, |session| {
                let mut session = session.open_still()?;
                session.succeed(taken.clone()).ok().map(|()| session)
            })
            .await?;
        }
        return Ok(Some(Remembered::Opened(secret.clone())));
    }
    let Some(secret) = held else { return Ok(None) };
    let changed = change(app, &secret, |session| signin.informed(session)).await?;
    Ok(changed.then_some(Remembered::Reused))
}

/// What is left of a session's life.
fn left(app: &App, session: &Session, now: Timestamp) -> Option<Lifetime> {
    session.citizen().auth_time.plus(app.lifetimes.session).left(now)
}

/// The session that a new one replaces: one of the same citizen goes on in the new one; one of another citizen is ended,
/// and its relying parties hear of it.
async fn replaced(app: &App, earlier: &Bearer<Session>, new: &Session) -> Result<Option<Session>, StoreError> {
    let found = app.ephemeral.look(earlier).await?.map(|(held, _)| held);
    match found {
        None => Ok(None),
        Some(held) if held.citizen().account == new.citizen().account && !held.is_ending() => Ok(Some(held)),
        Some(_) => session::end(app, earlier, None).await.map(|_| None),
    }
}

/// Changes a kept session, against whatever else changes it at the same time; `false` when it is not there any more, or
/// is not to be changed.
async fn change(
    app: &App,
    secret: &Bearer<Session>,
    with: impl Fn(Session) -> Option<Session>,
) -> Result<bool, StoreError> {
    while let Some((session, version)) = app.ephemeral.look(secret).await? {
        let Some(session) = with(session) else { return Ok(false) };
        let Some(left) = left(app, &session, app.clock.now()) else { return Ok(false) };
        match app.ephemeral.swap(secret, version, &session, left).await? {
            Swap::Done(_) => return Ok(true),
            // Another tab was faster: once more on what it left.
            Swap::Lost => {}
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
