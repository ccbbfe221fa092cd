//! An identity in any state: what the registry keeps, and what time alone does to it.

use serde::{Deserialize, Serialize};

use super::{
    Active, Approved, AtDesk, Base, CardKey, Certified, Closed, Closure, Created, Ending, Event, Identity, PersonKey,
    Refusal, Requested, Suspended, Thumbprint,
};
use crate::cnie::card::CardAndCode;
use crate::cnie::{ACTIVATION, TermsVersion};
use crate::id::{CaseId, IdentityId};
use crate::language::Language;
use crate::time::Timestamp;

/// An identity in any state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyIdentity {
    /// Made; its address is not confirmed.
    Created(Identity<Created>),
    /// In use, not certified.
    Active(Identity<Active>),
    /// With a QR code for the desk.
    Requested(Identity<Requested>),
    /// At the desk.
    AtDesk(Identity<AtDesk>),
    /// Approved by the desk.
    Approved(Identity<Approved>),
    /// Certified.
    Certified(Identity<Certified>),
    /// Suspended.
    Suspended(Identity<Suspended>),
    /// Closed.
    Closed(Identity<Closed>),
}

/// What every state shares.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    base: &'a Base,
}

impl<'a> Common<'a> {
    /// Its identifier.
    pub const fn id(self) -> &'a IdentityId {
        &self.base.id
    }

    /// The card.
    pub const fn card(self) -> CardKey {
        self.base.card
    }

    /// Whose it is; none for those that were made before it was kept.
    pub const fn person(self) -> Option<PersonKey> {
        self.base.person
    }

    /// The key of the card's chip.
    pub const fn chip(self) -> Thumbprint {
        self.base.chip
    }

    /// The key that signs after the code.
    pub const fn code(self) -> Thumbprint {
        self.base.code
    }

    /// Where notices go.
    pub fn mail(self) -> &'a str {
        &self.base.mail
    }

    /// The language of notices.
    pub const fn language(self) -> Language {
        self.base.language
    }

    /// The terms that were accepted last.
    pub const fn terms(self) -> &'a TermsVersion {
        &self.base.terms
    }

    /// When it was made.
    pub const fn created(self) -> Timestamp {
        self.base.created
    }

    /// When the card ends.
    pub const fn card_expires(self) -> Timestamp {
        self.base.card_expires
    }

    /// When it is closed, because its holder asked for that by mail.
    pub const fn leaves(self) -> Option<Timestamp> {
        self.base.leaves
    }

    /// What happened to it.
    pub fn history(self) -> &'a [Event] {
        &self.base.history
    }
}

/// What time made of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is as it was kept.
    Same(AnyIdentity),
    /// Time changed it: to be kept, journalled and told.
    Changed(AnyIdentity),
}

macro_rules! any {
    ($($state:ident $name:literal),*) => {
        $(impl From<Identity<$state>> for AnyIdentity {
            fn from(identity: Identity<$state>) -> Self {
                Self::$state(identity)
            }
        }

        impl TryFrom<AnyIdentity> for Identity<$state> {
            type Error = AnyIdentity;

            fn try_from(any: AnyIdentity) -> Result<Self, AnyIdentity> {
                if let AnyIdentity::$state(identity) = any { Ok(identity) } else { Err(any) }
            }
        })*

        impl AnyIdentity {
            /// What every state shares.
            pub const fn common(&self) -> Common<'_> {
                match self {
                    $(Self::$state(identity) => Common { base: &identity.base },)*
                }
            }

            fn base_mut(&mut self) -> &mut Base {
                match self {
                    $(Self::$state(identity) => &mut identity.base,)*
                }
            }

            /// The stable name of its state.
            pub const fn state(&self) -> &'static str {
                match self {
                    $(Self::$state(_) => $name,)*
                }
            }
        }
    };
}

any!(
    Created "created", Active "active", Requested "requested", AtDesk "at_desk", Approved "awaiting_activation",
    Certified "certified", Suspended "suspended", Closed "closed"
);

/// What an act makes of a live identity, whatever its state; a closed one stays as it was closed.
macro_rules! live {
    ($any:expr, $identity:ident => $act:expr) => {
        match $any {
            AnyIdentity::Created($identity) => $act.into(),
            AnyIdentity::Active($identity) => $act.into(),
            AnyIdentity::Requested($identity) => $act.into(),
            AnyIdentity::AtDesk($identity) => $act.into(),
            AnyIdentity::Approved($identity) => $act.into(),
            AnyIdentity::Certified($identity) => $act.into(),
            AnyIdentity::Suspended($identity) => $act.into(),
            closed @ AnyIdentity::Closed(_) => closed,
        }
    };
}

impl AnyIdentity {
    /// Whether it is over.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Until when it is certified, in use or suspended.
    pub fn certified_until(&self) -> Option<Timestamp> {
        if let Self::Suspended(identity) = self {
            return Some(identity.state.certified.until);
        }
        self.certification().map(|certified| certified.until)
    }

    /// The case at the desk that it is at, or was approved in.
    pub const fn case(&self) -> Option<&CaseId> {
        match self {
            Self::AtDesk(identity) => Some(identity.case()),
            Self::Approved(identity) => Some(identity.case()),
            Self::Certified(identity) => Some(identity.case()),
            Self::Suspended(identity) => Some(identity.case()),
            Self::Created(_) | Self::Active(_) | Self::Requested(_) | Self::Closed(_) => None,
        }
    }

    /// The moment from which on time changes it; none for a closed one.
    pub fn next_change(&self) -> Option<Timestamp> {
        let own = match self {
            Self::Created(identity) => identity.state.until,
            Self::Requested(identity) => identity.first_of(identity.state.until),
            Self::AtDesk(identity) => identity.first_of(identity.state.since.plus(ACTIVATION)),
            Self::Approved(identity) => identity.first_of(identity.state.until),
            Self::Certified(identity) => identity.state.until,
            Self::Suspended(identity) => identity.state.certified.until,
            Self::Active(_) => self.common().card_expires(),
            Self::Closed(_) => return None,
        };
        let common = self.common();
        Some(common.leaves().map_or(own, |leaves| leaves.min(own)).min(common.card_expires()))
    }

    /// What it is at a moment: terms that were reached, months that went by. Whoever reads an identity asks this first.
    #[must_use]
    pub fn settle(self, at: Timestamp) -> Settled {
        if self.next_change().is_none_or(|change| !change.is_past(at)) {
            return Settled::Same(self);
        }
        if self.common().card_expires().is_past(at) {
            return Settled::Changed(self.close(Closure::CardExpired, at));
        }
        if self.common().leaves().is_some_and(|leaves| leaves.is_past(at)) {
            return Settled::Changed(self.close(Closure::Deleted, at));
        }
        let changed: Self = match self {
            Self::Created(identity) => identity.close(Closure::NotConfirmed, at).into(),
            Self::Requested(identity) if identity.has_outlived(at) => identity.outlive(Ending::TermReached, at).into(),
            Self::AtDesk(identity) if identity.has_outlived(at) => identity.outlive(Ending::TermReached, at).into(),
            Self::Approved(identity) if identity.has_outlived(at) => identity.outlive(Ending::TermReached, at).into(),
            Self::Requested(identity) => identity.lapse(at).into(),
            Self::AtDesk(identity) => identity.refuse(at).into(),
            Self::Approved(identity) => identity.lapse(at).into(),
            Self::Certified(identity) => identity.end(Ending::TermReached, at).into(),
            Self::Suspended(identity) => identity.end(Ending::TermReached, at).into(),
            Self::Active(_) | Self::Closed(_) => return Settled::Same(self),
        };
        // A certification and the request to renew it can both have ended since anybody looked.
        Settled::Changed(changed.settle(at).into_inner())
    }

    /// Knows whose it is from now on, where that was not kept: the card that was shown says so. It is no event of its
    /// holder's.
    pub fn matched(mut self, shown: &CardAndCode, person: PersonKey) -> Result<Self, Refusal> {
        self.made_with(shown)?;
        let base = self.base_mut();
        base.person = base.person.or(Some(person));
        Ok(self)
    }

    /// Closes it; a closed one stays as it was closed.
    #[must_use]
    pub fn close(self, why: Closure, at: Timestamp) -> Self {
        live!(self, identity => identity.close(why, at))
    }

    /// Gives way to a new identity of the same person on another card: the card of this one was replaced or has expired,
    /// and whatever was certified with it is certified anew (CIR (EU) 2015/1502 §2.2.4).
    pub fn give_way(self, to: &Identity<Created>, at: Timestamp) -> Result<Self, Refusal> {
        let (old, new) = (self.common(), &to.base);
        if old.card() == new.card || old.person().is_none() || old.person() != new.person {
            return Err(Refusal::IdentityExists);
        }
        Ok(self.close(Closure::CardExpired, at))
    }

    /// Its holder asks by mail alone that it be closed: in [`crate::cnie::DELETION`], unless they take that back.
    /// Once a day: it is as it was where that is too early.
    #[must_use]
    pub fn leave(self, at: Timestamp) -> Self {
        live!(self, identity => identity.leave(at))
    }

    /// Its holder takes back the deletion that is due at a moment: what kept it once keeps it from no other.
    #[must_use]
    pub fn stay(self, due: Timestamp, at: Timestamp) -> Self {
        live!(self, identity => identity.stay(due, at))
    }
}

impl Settled {
    /// The identity, as it is now.
    pub fn into_inner(self) -> AnyIdentity {
        match self {
            Self::Same(identity) | Self::Changed(identity) => identity,
        }
    }
}
