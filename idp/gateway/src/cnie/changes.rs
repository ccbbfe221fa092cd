//! A change of an identity with all that goes with it: journal and mail ([`super::telling`]) in the same transaction of the
//! registry.

use domain::cnie::card::{CardAndCode, CardKey, PersonKey};
use domain::cnie::identity::{AnyIdentity, Closure, Created, Identity, Settled};
use domain::cnie::refusal::Refusal;
use domain::cnie::status::Standing;
use store::StoreError;
use store::registry::{Changed, Kept, Made, Transition};

use super::links::Links;
use super::slot::Fault;
use super::telling::{Cause, Telling, Turn};
use crate::app::App;

/// How often a change by time alone is tried again over somebody else's.
const TRIES: usize = 4;

/// What a live identity is the only one of.
enum Whose {
    Card(CardKey),
    Person(PersonKey),
}

impl Whose {
    async fn read(&self, app: &App) -> Result<Option<Kept>, StoreError> {
        match self {
            Self::Card(card) => app.registry.identity_of_card(card).await,
            Self::Person(person) => app.registry.identity_of_person(person).await,
        }
    }
}

/// The live identity of a card as it is now: what time changed is kept first.
pub(crate) async fn of_card(app: &App, card: &CardKey) -> Result<Option<Kept>, Fault> {
    live(app, Whose::Card(*card)).await
}

async fn live(app: &App, whose: Whose) -> Result<Option<Kept>, Fault> {
    for _ in 0..TRIES {
        let Some(kept) = whose.read(app).await? else { return Ok(None) };
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

/// What the authority says of a card, wherever it was asked, closes the identity made with it.
pub(crate) async fn heard(app: &App, card: &CardKey, standing: Standing) -> Result<(), Fault> {
    let Some(why) = standing.closes() else { return Ok(()) };
    let Some(kept) = of_card(app, card).await? else { return Ok(()) };
    let closed = kept.identity.clone().close(why, app.clock.now());
    // Somebody else changed it in the same moment: the next time it is shown closes it.
    let _: Changed = try_change(app, &kept, &closed).await?;
    Ok(())
}

/// Keeps a new identity. One of the same person on another card gives way to it: a new card is a new identity (CIR (EU)
/// 2015/1502 §2.2.4).
pub(crate) async fn make(app: &App, new: Identity<Created>) -> Result<AnyIdentity, Fault> {
    let old = match new.person() {
        Some(person) => live(app, Whose::Person(person)).await?,
        None => None,
    };
    let made = match old {
        None => {
            let identity = AnyIdentity::from(new);
            let telling = told(app, Turn { before: None, after: &identity })?;
            (app.registry.make_identity(&identity, &telling.told()).await?, identity)
        }
        Some(old) => replace(app, &old, new).await?,
    };
    match made {
        (Made::Fresh, identity) => {
            app.mail_waiting.notify_one();
            Ok(identity)
        }
        (Made::Exists, _) => Err(Refusal::IdentityExists.into()),
    }
}

async fn replace(app: &App, old: &Kept, new: Identity<Created>) -> Result<(Made, AnyIdentity), Fault> {
    let closed = old.identity.clone().give_way(&new, app.clock.now())?;
    let identity = AnyIdentity::from(new);
    let closing = told(app, Turn { before: Some(&old.identity), after: &closed })?;
    let making = told(app, Turn { before: None, after: &identity })?;
    let telling = closing.then(making).linking(&identity, &closed);
    let from_old = Transition { from: old, to: &closed };
    Ok((app.registry.replace_identity(from_old, &identity, &telling.told()).await?, identity))
}

/// An identity with whose it is, which records of before do not say: the card that was shown does. The person may have made
/// another meanwhile, which nobody could see to be theirs too: then the older one gives way now, as it would have then.
pub(crate) async fn matched(app: &App, kept: Kept, shown: &CardAndCode, person: PersonKey) -> Result<Kept, Fault> {
    if kept.identity.common().person().is_some() {
        return Ok(kept);
    }
    let next = kept.identity.clone().matched(shown, person)?;
    if live(app, Whose::Person(person)).await?.is_some() {
        let closed = kept.identity.clone().close(Closure::CardExpired, app.clock.now());
        change(app, &kept, &closed).await?;
        return Err(Refusal::NoIdentity.into());
    }
    change(app, &kept, &next).await?;
    Ok(Kept { identity: next, version: kept.version.saturating_add(1) })
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
