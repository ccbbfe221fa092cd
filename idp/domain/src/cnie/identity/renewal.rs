//! A certification that is renewed while it lasts: the request, the desk and the approval carry it with them
//! (decisions/0030). It is in force until its term, whatever becomes of them; the activation alone puts another in its place.

use super::{
    Active, AnyIdentity, Approved, AtDesk, Certified, Ending, Happened, Identity, InForce, RENEWAL, REQUEST, Requested,
    Suspended,
};
use crate::cnie::TermsVersion;
use crate::cnie::card::CardAndCode;
use crate::cnie::refusal::Refusal;
use crate::id::RequestId;
use crate::time::Timestamp;

/// An identity as it was before a request that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// It was not certified, or its certification reached its term meanwhile.
    Active(Identity<Active>),
    /// It was certified, and is.
    Certified(Identity<Certified>),
}

impl From<Before> for AnyIdentity {
    fn from(before: Before) -> Self {
        match before {
            Before::Active(identity) => identity.into(),
            Before::Certified(identity) => identity.into(),
        }
    }
}

impl Before {
    /// Asks for certification, or for the next one. One whose code was changed is over, and asked for as the first.
    pub fn ask(
        self,
        shown: &CardAndCode,
        terms: TermsVersion,
        request: RequestId,
        at: Timestamp,
    ) -> Result<Identity<Requested>, Refusal> {
        match self {
            Self::Active(identity) => identity.request(shown, terms, request, at),
            Self::Certified(identity) => match identity.renew(shown, terms.clone(), request.clone(), at) {
                Ok(requested) => Ok(requested),
                Err((Refusal::CodeChanged, identity)) => {
                    identity.end(Ending::CodeChanged, at).request(shown, terms, request, at)
                }
                Err((refusal, _)) => Err(refusal),
            },
        }
    }
}

impl Identity<Certified> {
    /// From when on it can be renewed; none where the next certification would end with the card as this one does.
    pub fn renewable_from(&self) -> Option<Timestamp> {
        let from = self.state.until.epoch().saturating_sub(RENEWAL.as_seconds().into());
        (self.state.until < self.base.card_expires).then_some(Timestamp::from_epoch(from))
    }

    /// Asks for the next certification; this one stays in force.
    pub fn renew(
        mut self,
        shown: &CardAndCode,
        terms: TermsVersion,
        request: RequestId,
        at: Timestamp,
    ) -> Result<Identity<Requested>, (Refusal, Self)> {
        if let Err(refusal) = self.holds(&self.state, shown, at) {
            return Err((refusal, self));
        }
        match self.renewable_from() {
            None => return Err((Refusal::RenewalWithCard, self)),
            Some(from) if !from.is_past(at) => return Err((Refusal::RenewalEarly, self)),
            Some(_) => {}
        }
        self.base.terms = terms;
        let (until, renews) = (at.plus(REQUEST), Some(self.state.clone()));
        Ok(self.becomes(Requested { request, until, renews }, Happened::Requested { until }, at))
    }
}

/// What the states between a request and the activation share: the certification that they renew.
macro_rules! renewing {
    ($($state:ident),*) => {
        $(impl Identity<$state> {
            /// The end of the certification of before, if time or its holder ended it. The request goes on.
            pub(super) fn outlive(self, why: Ending, at: Timestamp) -> Self {
                let state = $state { renews: None, ..self.state.clone() };
                self.becomes(state, Happened::Ended { why }, at)
            }

            /// Whether the certification of before reached its term.
            pub(super) fn has_outlived(&self, at: Timestamp) -> bool {
                self.state.renews.as_ref().is_some_and(|certified| certified.until.is_past(at))
            }

            /// The moment from which on time changes it, where its own step lasts until then.
            pub(super) fn first_of(&self, own: Timestamp) -> Timestamp {
                self.state.renews.as_ref().map_or(own, |certified| certified.until.min(own))
            }
        })*
    };
}

renewing!(Requested, AtDesk, Approved);

impl AnyIdentity {
    /// The certification that is in use: the one there is, or the one that is to be renewed.
    pub(super) fn certification(&self) -> Option<&Certified> {
        match self {
            Self::Certified(identity) => Some(&identity.state),
            Self::Requested(identity) => identity.state.renews.as_ref(),
            Self::AtDesk(identity) => identity.state.renews.as_ref(),
            Self::Approved(identity) => identity.state.renews.as_ref(),
            Self::Created(_) | Self::Active(_) | Self::Suspended(_) | Self::Closed(_) => None,
        }
    }

    /// Whether it is certified, and not suspended. Whoever asks settles it first.
    pub fn is_certified(&self) -> bool {
        self.certification().is_some()
    }

    /// Whether a request for the next certification is under way.
    pub fn is_renewing(&self) -> bool {
        self.is_certified() && !matches!(self, Self::Certified(_))
    }

    /// From when on its certification can be renewed; none where it cannot, or is being.
    pub fn renewable_from(&self) -> Option<Timestamp> {
        if let Self::Certified(identity) = self { identity.renewable_from() } else { None }
    }

    /// The proof that it is certified now; none where it is not at all.
    pub(super) fn in_force(&self, shown: &CardAndCode, at: Timestamp) -> Option<Result<InForce, Refusal>> {
        let certified = self.certification()?;
        Some(match self {
            Self::Certified(identity) => identity.holds(certified, shown, at),
            Self::Requested(identity) => identity.holds(certified, shown, at),
            Self::AtDesk(identity) => identity.holds(certified, shown, at),
            Self::Approved(identity) => identity.holds(certified, shown, at),
            Self::Created(_) | Self::Active(_) | Self::Suspended(_) | Self::Closed(_) => return None,
        })
    }

    /// Ends the certification that is in use; a request for the next one goes on, as one for the first.
    pub(super) fn end(self, why: Ending, at: Timestamp) -> Self {
        match self {
            Self::Certified(identity) => identity.end(why, at).into(),
            Self::Requested(identity) => identity.outlive(why, at).into(),
            Self::AtDesk(identity) => identity.outlive(why, at).into(),
            Self::Approved(identity) => identity.outlive(why, at).into(),
            other @ (Self::Created(_) | Self::Active(_) | Self::Suspended(_) | Self::Closed(_)) => other,
        }
    }

    /// Suspends a certified one; a request for the next certification lapses. Another stays as it is.
    pub fn suspend(self, at: Timestamp) -> Result<Identity<Suspended>, Self> {
        if !self.is_certified() {
            return Err(self);
        }
        let before = match self {
            Self::Certified(identity) => Before::Certified(identity),
            Self::Requested(identity) => identity.lapse(at),
            Self::AtDesk(identity) => {
                let renews = identity.state.renews.clone();
                identity.back(renews, Happened::Lapsed, at)
            }
            Self::Approved(identity) => identity.lapse(at),
            other @ (Self::Created(_) | Self::Active(_) | Self::Suspended(_) | Self::Closed(_)) => return Err(other),
        };
        match before {
            Before::Certified(identity) => Ok(identity.suspend(at)),
            Before::Active(identity) => Err(identity.into()),
        }
    }
}
