//! The end of a browser's session, whatever ends it: the record, the journal, and everyone who has to hear of it.
//!
//! This is the one place that knows a session has ended. What else is to die with it (the refresh tokens of the session
//! that were not given for offline access) is ended here, beside [`SessionEnded`].

use domain::id::ClientId;
use domain::journal::Act;
use domain::oidc::backchannel::SessionEnded;
use domain::secret::Bearer;
use domain::signin::session::Session;
use store::StoreError;
use store::ephemeral::Put;
use store::registry::Finished;

use crate::app::App;

/// Ends the session that a browser bears, at the wish of `asking` where a relying party asked. The record goes first, so
/// that no request that comes now finds it; `None` when there is none any more.
pub(crate) async fn end(
    app: &App,
    secret: &Bearer<Session>,
    asking: Option<&ClientId>,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = app.ephemeral.take(secret).await? else { return Ok(None) };
    match account_for(app, &session, asking).await {
        Ok(()) => Ok(Some(session)),
        Err(error) => {
            // Nobody was told: the session comes back, so that the next attempt finds it and tells them.
            if let Some(left) = session.citizen().auth_time.plus(app.lifetimes.session).left(app.clock.now()) {
                let _: Put = app.ephemeral.put(secret, &session, left).await?;
            }
            Err(error)
        }
    }
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
