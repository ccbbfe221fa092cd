//! A change of an identity with all that goes with it: journal and mail in the same transaction of the registry, both told
//! by what the identity itself says has happened last.

use domain::cnie::card::CardKey;
use domain::cnie::identity::{AnyIdentity, Closure, Happened, Settled};
use domain::cnie::refusal::Refusal;
use domain::journal::{Act, CardIdentityChange};
use domain::notice::{CardMessage, Message, Notice};
use store::registry::{Changed, Kept, Made, Told};

use super::links;
use super::slot::Fault;
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
    let (acts, notices) = told(app, None, identity);
    let told = Told { acts: &acts, notices: &notices, at: app.clock.now() };
    match app.registry.make_identity(identity, &told).await? {
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
    let (acts, notices) = told(app, Some(&from.identity), to);
    let told = Told { acts: &acts, notices: &notices, at: app.clock.now() };
    let changed = app.registry.change_identity(from, to, &told).await?;
    if changed == Changed::Done {
        app.mail_waiting.notify_one();
    }
    Ok(changed)
}

/// What is accounted for and told of the events that an identity has and the one before it had not.
fn told(app: &App, before: Option<&AnyIdentity>, after: &AnyIdentity) -> (Vec<Act>, Vec<Notice>) {
    let common = after.common();
    let known = before.map_or(&[][..], |before| before.common().history());
    // The oldest go when there are many: the last one that was known stands somewhere before the new ones.
    let from = known.last().and_then(|last| common.history().iter().rposition(|event| event == last));
    let new = &common.history()[from.map_or(0, |last| last + 1)..];
    let (mut acts, mut notices) = (Vec::new(), Vec::new());
    for event in new {
        if let Some(change) = accounted(&event.happened, before, after) {
            acts.push(Act::CardIdentityChanged { identity: common.id().clone(), change });
        }
        if let Some(message) = message(app, &event.happened, after) {
            let message = Message::Card(message);
            notices.push(Notice { to: common.mail().to_owned(), language: common.language(), message });
        }
    }
    (acts, notices)
}

fn accounted(happened: &Happened, before: Option<&AnyIdentity>, after: &AnyIdentity) -> Option<CardIdentityChange> {
    let terms = || after.common().terms().clone();
    let case = || after.case().or_else(|| before?.case()).cloned();
    Some(match happened {
        Happened::Created => CardIdentityChange::Made(terms()),
        Happened::AddressConfirmed => CardIdentityChange::AddressConfirmed,
        Happened::Requested { .. } => match after {
            AnyIdentity::Requested(requested) => CardIdentityChange::Requested(requested.request().clone(), terms()),
            AnyIdentity::Created(_)
            | AnyIdentity::Active(_)
            | AnyIdentity::AtDesk(_)
            | AnyIdentity::Approved(_)
            | AnyIdentity::Certified(_)
            | AnyIdentity::Suspended(_)
            | AnyIdentity::Closed(_) => return None,
        },
        Happened::AtDesk => CardIdentityChange::AtDesk(case()?),
        Happened::Approved { .. } => CardIdentityChange::Approved(case()?),
        Happened::Failed => CardIdentityChange::Failed(case()?),
        Happened::Lapsed => CardIdentityChange::Lapsed,
        Happened::Certified { .. } => CardIdentityChange::Certified(case()?),
        Happened::Ended { why } => CardIdentityChange::Ended(*why),
        Happened::Suspended => CardIdentityChange::Suspended,
        Happened::Restored => CardIdentityChange::Restored,
        Happened::Closed { why } => CardIdentityChange::Closed(*why),
    })
}

fn message(app: &App, happened: &Happened, after: &AnyIdentity) -> Option<CardMessage> {
    Some(match happened {
        Happened::Created => CardMessage::ConfirmAddress { link: links::confirm(app, after.common().id()) },
        Happened::Requested { until } => CardMessage::Requested { until: *until },
        Happened::Approved { until } => CardMessage::Approved { until: *until },
        Happened::Failed => CardMessage::Failed,
        Happened::Certified { until } => CardMessage::Certified { until: *until },
        Happened::Ended { why } => CardMessage::Ended { why: *why },
        Happened::Suspended => CardMessage::Suspended,
        Happened::Restored => CardMessage::Restored,
        // Nobody confirmed that the address is theirs: it is written to once only.
        Happened::Closed { why: Closure::NotConfirmed } => return None,
        Happened::Closed { why } => CardMessage::Closed { why: *why },
        Happened::AddressConfirmed | Happened::AtDesk | Happened::Lapsed => return None,
    })
}
