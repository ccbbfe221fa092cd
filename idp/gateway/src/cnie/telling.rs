//! What is accounted for, and who is told, when an identity changes: read from what the identity itself says has happened, so
//! that nobody who makes a change forgets either.

use domain::cnie::identity::{AnyIdentity, Happened};
use domain::journal::{Act, CardIdentityChange};
use domain::notice::{CardMessage, Message, Notice};
use domain::time::Timestamp;
use store::registry::Told;

use super::links::Links;

/// What goes with a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    acts: Vec<Act>,
    notices: Vec<Notice>,
    at: Timestamp,
}

/// Who brought a change about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// Its holder, a desk, or time.
    Itself,
    /// An operator, who says why.
    Operator(&'a str),
}

/// An identity before and after a change; none before it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// Before.
    pub(crate) before: Option<&'a AnyIdentity>,
    /// After.
    pub(crate) after: &'a AnyIdentity,
}

impl Telling {
    /// What goes with the events that an identity has and the one before it had not.
    pub(crate) fn of(turn: Turn<'_>, cause: Cause<'_>, (links, at): (Links<'_>, Timestamp)) -> Self {
        let common = turn.after.common();
        let known = turn.before.map_or(&[][..], |before| before.common().history());
        // The oldest go when there are many: the last one that was known stands somewhere before the new ones.
        let from = known.last().and_then(|last| common.history().iter().rposition(|event| event == last));
        let new = &common.history()[from.map_or(0, |last| last + 1)..];
        let (mut acts, mut notices) = (Vec::new(), Vec::new());
        for (number, event) in new.iter().enumerate() {
            let change = turn.accounted(&event.happened, cause);
            acts.extend(change.map(|change| Act::CardIdentityChanged { identity: common.id().clone(), change }));
            // One that something else followed at once, as a request that was replaced by another, is no news.
            let followed = number + 1 < new.len() && event.happened == Happened::Lapsed;
            // Nobody confirmed that the address is theirs: it is written to once only.
            let unconfirmed = matches!(turn.before, Some(AnyIdentity::Created(_)));
            let message =
                if followed || unconfirmed { None } else { message(turn.after, &event.happened, (links, at)) };
            notices.extend(message.map(|message| notice(turn.after, message)));
        }
        Self { acts, notices, at }
    }

    /// This, and what goes with another change in the same transaction.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.acts.extend(other.acts);
        self.notices.extend(other.notices);
        self
    }

    /// With the link between a new identity and the one that gave way to it (CIR (EU) 2015/1502 §2.2.4).
    pub(crate) fn linking(mut self, new: &AnyIdentity, old: &AnyIdentity) -> Self {
        let change = CardIdentityChange::Replaces(old.common().id().clone());
        self.acts.push(Act::CardIdentityChanged { identity: new.common().id().clone(), change });
        self
    }

    /// As the store takes it.
    pub(crate) fn told(&self) -> Told<'_> {
        Told { acts: &self.acts, notices: &self.notices, at: self.at }
    }
}

/// A notice to the holder of an identity.
pub(crate) fn notice(identity: &AnyIdentity, message: CardMessage) -> Notice {
    let common = identity.common();
    Notice { to: common.mail().to_owned(), language: common.language(), message: Message::Card(message) }
}

impl Turn<'_> {
    /// What the journal says of it. A request, a case: as far as the identity names it before or after.
    fn accounted(self, happened: &Happened, cause: Cause<'_>) -> Option<CardIdentityChange> {
        let terms = || self.after.common().terms().clone();
        let case = || self.after.case().or_else(|| self.before?.case()).cloned();
        Some(match happened {
            Happened::Created => CardIdentityChange::Made(terms()),
            Happened::AddressConfirmed => CardIdentityChange::AddressConfirmed,
            Happened::Requested { .. } => {
                let AnyIdentity::Requested(requested) = self.after else { return None };
                CardIdentityChange::Requested(requested.request().clone(), terms())
            }
            Happened::AtDesk => CardIdentityChange::AtDesk(case()?),
            Happened::Approved { .. } => CardIdentityChange::Approved(case()?),
            // One that is certified again has a case of its own, which did not fail.
            Happened::Failed => {
                CardIdentityChange::Failed(self.before.and_then(AnyIdentity::case).or(self.after.case())?.clone())
            }
            Happened::Lapsed => CardIdentityChange::Lapsed,
            Happened::Certified { .. } => CardIdentityChange::Certified(case()?),
            Happened::Ended { why } => CardIdentityChange::Ended(*why),
            Happened::Suspended => match cause {
                Cause::Itself => CardIdentityChange::Suspended,
                Cause::Operator(word) => CardIdentityChange::SuspendedByOperator(word.to_owned()),
            },
            Happened::Restored => CardIdentityChange::Restored,
            Happened::DeletionAsked { until } => CardIdentityChange::Leaves(*until),
            Happened::DeletionTakenBack => CardIdentityChange::Stays,
            Happened::Closed { why } => match cause {
                Cause::Itself => CardIdentityChange::Closed(*why),
                Cause::Operator(word) => CardIdentityChange::ClosedByOperator(*why, word.to_owned()),
            },
        })
    }
}

/// What its holder reads. Nothing where they stand before the page, or at the desk, that says so.
fn message(to: &AnyIdentity, happened: &Happened, (links, at): (Links<'_>, Timestamp)) -> Option<CardMessage> {
    Some(match happened {
        Happened::Created => CardMessage::ConfirmAddress { link: links.confirm(to, at) },
        Happened::AddressConfirmed | Happened::AtDesk => return None,
        Happened::Requested { until } => CardMessage::Requested { until: *until },
        Happened::Approved { until } => CardMessage::Approved { until: *until },
        Happened::Failed => CardMessage::Failed,
        Happened::Lapsed => CardMessage::Lapsed,
        Happened::Certified { until } => CardMessage::Certified { until: *until },
        Happened::Ended { why } => CardMessage::Ended { why: *why },
        Happened::Suspended => CardMessage::Suspended,
        Happened::Restored => CardMessage::Restored,
        Happened::DeletionAsked { until } => CardMessage::Leaves { until: *until, link: links.stay(to, *until) },
        Happened::DeletionTakenBack => CardMessage::Stays,
        Happened::Closed { why } => CardMessage::Closed { why: *why },
    })
}
