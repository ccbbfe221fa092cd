//! A change of an identity with all that goes with it: journal and mail ([`super::telling`]) in the same transaction of the
//! registry.

use domain::cnie::card::CardKey;
use domain::cnie::identity::{AnyIdentity, Settled};
use domain::cnie::refusal::Refusal;
use store::registry::{Changed, Kept, Made};

use super::links::Links;
use super::slot::Fault;
use super::telling::{Cause, Telling, Turn};
use crate::app::App;

/// How often a change by time alone is tried again over somebody else's.
const TRIES: usize = 4;

/// The live identity of a card as it is now: what time changed is kept first.
pub(crate) async fn of_card(app: &App, card: &CardKey) -> Result<Option<Kept>, Fault> {
    for _ in 0..TRIES {
        let Some(kept) = app.registry.identity_of_card(card).await? else { return Ok(None) };
        match kept.identity.clone().settle(app.clock.now()) {
            Settled::Same(_) => return Ok(Some(kept)),
            Settled::Changed(next) => match try_change(app, &kept, &next).await? {
                Changed::Done if next.is_closed() => return Ok(None),
                Changed::Done => return Ok(Some(Kept { identity: next, version: kept.version.saturating_add(1) })),
                Changed::Lost => {}
            },
        }
    }
    Err(Refusal::NotInThisState.into())
}

/// Keeps a new identity.
pub(crate) async fn make(app: &App, identity: &AnyIdentity) -> Result<(), Fault> {
    let telling = told(app, Turn { before: None, after: identity })?;
    match app.registry.make_identity(identity, &telling.told()).await? {
        Made::Fresh => {
            app.mail_waiting.notify_one();
            Ok(())
        }
        Made::Exists => Err(Refusal::IdentityExists.into()),
    }
}

/// Keeps what becomes of an identity. Somebody else may have been faster: then it is no more what the change was for.
pub(crate) async fn change(app: &App, from: &Kept, to: &AnyIdentity) -> Result<(), Fault> {
    match try_change(app, from, to).await? {
        Changed::Done => Ok(()),
        Changed::Lost => Err(Refusal::NotInThisState.into()),
    }
}

async fn try_change(app: &App, from: &Kept, to: &AnyIdentity) -> Result<Changed, Fault> {
    let telling = told(app, Turn { before: Some(&from.identity), after: to })?;
    let changed = app.registry.change_identity(from, to, &telling.told()).await?;
    if changed == Changed::Done {
        app.mail_waiting.notify_one();
    }
    Ok(changed)
}

fn told(app: &App, turn: Turn<'_>) -> Result<Telling, Fault> {
    let cnie = app.cnie.as_ref().ok_or(Refusal::HandleUnknown)?;
    Ok(Telling::of(turn, Cause::Itself, (Links::of(app, cnie), app.clock.now())))
}
