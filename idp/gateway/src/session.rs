//! The end of a browser's session, whatever ends it: the record, the journal, and everyone who has to hear of it.
//!
//! This is the one place that knows a session has ended. Its tokens are left alone: access tokens end within minutes, and
//! refresh tokens are given for offline access only, which is meant to outlive the session (OIDC Back-Channel Logout
//! §2.7). Were there others, they would end here.

use std::sync::Arc;

use domain::id::ClientId;
use domain::journal::Act;
use domain::oidc::backchannel::SessionEnded;
use domain::secret::Bearer;
use domain::signin::session::Session;
use store::StoreError;
use store::ephemeral::Swap;
use store::registry::Finished;

use crate::app::{App, Shared};

/// Ends the session that a browser bears, at the wish of `asking` where a relying party asked; `None` when there is none
/// any more. It serves nobody from the first act on, and is kept until journal and outbox have its end: a gateway that
/// dies in between leaves behind whom to tell, and the next attempt tells them, once.
pub(crate) async fn end(
    app: &App,
    secret: &Bearer<Session>,
    asking: Option<&ClientId>,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = begin_end(app, secret).await? else { return Ok(None) };
    account_for(app, &session, asking).await?;
    let _: Option<Session> = app.ephemeral.take(secret).await?;
    Ok(Some(session))
}

/// Marks a session as ending, against whatever else changes it at the same time.
async fn begin_end(app: &App, secret: &Bearer<Session>) -> Result<Option<Session>, StoreError> {
    while let Some((session, version)) = app.ephemeral.look(secret).await? {
        if session.is_ending() {
            return Ok(Some(session));
        }
        let ending = session.ending();
        let Some(left) = ending.citizen().auth_time.plus(app.lifetimes.session).left(app.clock.now()) else {
            return Ok(None);
        };
        match app.ephemeral.swap(secret, version, &ending, left).await? {
            Swap::Done(_) => return Ok(Some(ending)),
            // Another tab was faster: once more on what it left.
            Swap::Lost => {}
        }
    }
    Ok(None)
}

/// Ends a session as [`end`] does, whatever becomes of the request that asked for it: between the record and the journal a
/// browser that leaves must not stop it, or nobody would be told.
pub(crate) async fn end_whole(
    app: &Shared,
    secret: &Bearer<Session>,
    asking: Option<ClientId>,
) -> Result<Option<Session>, StoreError> {
    let (own, secret) = (Arc::clone(app), secret.clone());
    let ending = app.endings.spawn(async move { end(&own, &secret, asking.as_ref()).await });
    ending.await.unwrap_or(Err(StoreError::Corrupt { what: "the end of a session" }))
}

/// Accounts for a session that is over, and hands to the outbox whom to tell: one transaction. No answer waits for the
/// relying parties.
async fn account_for(app: &App, session: &Session, asking: Option<&ClientId>) -> Result<(), StoreError> {
    let account = &session.citizen().account;
    let told: Vec<SessionEnded> = session
        .relying_parties()
        .filter_map(|(client, named)| {
            let registered = app.served(client)?;
            SessionEnded::at(&registered.client, account, named, &app.subject_secret)
        })
        .collect();
    let act = Act::LoggedOut { account: account.clone(), client: asking.cloned() };
    match app.registry.end_session(session.id(), &[act], &told, app.clock.now()).await? {
        Finished::Done => app.logouts_waiting.notify_one(),
        Finished::AlreadyDone => {}
    }
    Ok(())
}
