//! An identity on a card: one type per state; a transition consumes the state and asks for the proofs it needs.
//!
//! ```text
//!  create ▶ Created ─ confirm ▶ Active ─ request ▶ Requested ─ arrive ▶ AtDesk ─ approve ▶ Approved ─ activate ▶ Certified
//!                                 ▲                   │ lapse             │ refuse, lapse     │ lapse        │    ▲
//!                                 ├───────────────────┴───────────────────┴───────────────────┘      suspend │    │ restore
//!                                 └──────────── end: term reached, code changed ───────── Certified, Suspended ◀──┘
//!  Certified ─ renew (in its last sixty days) ▶ Requested ▶ AtDesk ▶ Approved, each with the certification in it: in force until
//!            its term or the activation; what comes to nothing leads back to it (decisions/0030)
//!  every live state ─ close ▶ Closed
//!  every live state ─ leave (by mail alone) ▶ the same, with a day on which it is closed ─ stay ▶ the same, without
//! ```
//!
//! [`InForce`] is the proof that an identity is certified at this moment, for the card that was shown; nothing else leads
//! to eIDAS high ([`super::assertion`]):
//!
//! ```compile_fail,E0451
//! use domain::cnie::identity::InForce;
//! fn forge(id: domain::id::IdentityId) -> InForce { InForce { identity: id } }
//! ```
//!
//! ```compile_fail,E0599
//! use domain::cnie::{card::CardAndCode, identity::{Active, Identity}, status::CardInForce};
//! fn skip(identity: Identity<Active>, shown: &CardAndCode, at: domain::time::Timestamp) {
//!     let _ = identity.activate(shown, at);
//! }
//! ```

use serde::{Deserialize, Serialize};

use super::card::{CardAndCode, CardKey, CardSecret, PersonKey, ReadCard};
use super::refusal::Refusal;
use super::status::CardInForce;
use super::{
    ACTIVATION, CERTIFICATION, CONFIRMATION, DELETION, DELETION_AGAIN, RENEWAL, REQUEST, TermsVersion, Thumbprint,
};
use crate::id::{CaseId, IdentityId, RequestId};
use crate::language::Language;
use crate::time::Timestamp;

mod any;
mod desk;
mod history;
mod level;
mod renewal;
#[cfg(test)]
mod renewal_tests;
#[cfg(test)]
mod tests;

pub use any::{AnyIdentity, Common, Settled};
pub use desk::Approval;
pub use history::{Event, Happened};
pub use renewal::Before;

/// An identity in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity<S> {
    base: Box<Base>,
    state: S,
}

/// What stays, whatever the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Base {
    id: IdentityId,
    card: CardKey,
    /// Whose it is. Records of before it was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<PersonKey>,
    chip: Thumbprint,
    code: Thumbprint,
    /// Where notices go. Personal data: the record is only ever kept sealed.
    mail: String,
    language: Language,
    terms: TermsVersion,
    created: Timestamp,
    card_expires: Timestamp,
    /// When it is closed, because its holder asked for that by mail and did not take it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaves: Option<Timestamp>,
    history: Vec<Event>,
}

/// Made with card and code; the address was not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    until: Timestamp,
}

/// In use, and not certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {}

/// The citizen has a QR code for the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    request: RequestId,
    until: Timestamp,
    /// The certification that is to be renewed: it stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renews: Option<Certified>,
}

/// The QR code was scanned: it is spent, and an agent is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtDesk {
    request: RequestId,
    case: CaseId,
    since: Timestamp,
    /// As in [`Requested`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renews: Option<Certified>,
}

/// The desk said yes; card and code are awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    case: CaseId,
    until: Timestamp,
    /// As in [`Requested`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renews: Option<Certified>,
}

/// Certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certified {
    case: CaseId,
    since: Timestamp,
    until: Timestamp,
}

/// Certified, and not to be used for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    certified: Certified,
    since: Timestamp,
}

/// Over. A closed identity never returns (CIR (EU) 2015/1502 §2.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    why: Closure,
    at: Timestamp,
}

/// Why an identity was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closure {
    /// Its holder wanted so.
    Deleted,
    /// The card was lost or stolen.
    CardLost,
    /// The card was replaced or has expired.
    CardExpired,
    /// Its holder died.
    HolderDeceased,
    /// The desk was wrong.
    DeskError,
    /// The State revoked the key that signed the card.
    SignerRevoked,
    /// Fraud.
    Fraud,
    /// Its address was never confirmed.
    NotConfirmed,
}

impl Closure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Deleted,
        Self::CardLost,
        Self::CardExpired,
        Self::HolderDeceased,
        Self::DeskError,
        Self::SignerRevoked,
        Self::Fraud,
        Self::NotConfirmed,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::CardLost => "card_lost",
            Self::CardExpired => "card_expired",
            Self::HolderDeceased => "holder_deceased",
            Self::DeskError => "desk_error",
            Self::SignerRevoked => "signer_revoked",
            Self::Fraud => "fraud",
            Self::NotConfirmed => "not_confirmed",
        }
    }
}

/// Why a certification ended before its identity did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Its term is reached.
    TermReached,
    /// The code was changed: the card signs with another key.
    CodeChanged,
}

/// Proof that an identity is certified at this moment, for the card that was shown. It borrows nothing and lives for one
/// request: it cannot be kept.
#[derive(Debug)]
pub struct InForce {
    identity: IdentityId,
}

impl InForce {
    /// The identity.
    pub const fn identity(&self) -> &IdentityId {
        &self.identity
    }
}

/// What a new identity is made with.
#[derive(Debug, Clone)]
pub struct Making {
    /// Its identifier.
    pub id: IdentityId,
    /// Where notices go.
    pub mail: String,
    /// The language of notices.
    pub language: Language,
    /// The terms that were accepted.
    pub terms: TermsVersion,
}

impl Identity<Created> {
    /// Makes an identity with a card and its code, which the card's authority lets be used.
    pub fn create(
        shown: &CardAndCode,
        status: &CardInForce,
        secret: &CardSecret,
        making: Making,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        if !crate::upstream::is_address(&making.mail) {
            return Err(Refusal::BadAddress);
        }
        let card = shown.card();
        let base = Box::new(Base {
            id: making.id,
            card: card.key(),
            person: Some(PersonKey::of(card, status, secret)),
            chip: card.chip(),
            code: shown.code(),
            mail: making.mail,
            language: making.language,
            terms: making.terms,
            created: at,
            card_expires: card.expires(),
            leaves: None,
            history: vec![Event { at, happened: Happened::Created }],
        });
        Ok(Self { base, state: Created { until: at.plus(CONFIRMATION) } })
    }

    /// Whose it is.
    pub const fn person(&self) -> Option<PersonKey> {
        self.base.person
    }

    /// The citizen followed the link in the mail.
    pub fn confirm(self, at: Timestamp) -> Result<Identity<Active>, Identity<Closed>> {
        if self.state.until.is_past(at) {
            return Err(self.close(Closure::NotConfirmed, at));
        }
        Ok(self.becomes(Active {}, Happened::AddressConfirmed, at))
    }
}

impl Identity<Active> {
    /// Asks for certification. The code's key of now is the one that will be certified.
    pub fn request(
        mut self,
        shown: &CardAndCode,
        terms: TermsVersion,
        request: RequestId,
        at: Timestamp,
    ) -> Result<Identity<Requested>, Refusal> {
        self.is_of(shown.card())?;
        self.base.code = shown.code();
        self.base.terms = terms;
        let until = at.plus(REQUEST);
        Ok(self.becomes(Requested { request, until, renews: None }, Happened::Requested { until }, at))
    }
}

impl Identity<Requested> {
    /// The request.
    pub const fn request(&self) -> &RequestId {
        &self.state.request
    }

    /// When the request ends.
    pub const fn until(&self) -> Timestamp {
        self.state.until
    }

    /// The QR code was scanned at a desk: it is spent whatever comes of it.
    pub fn arrive(self, presented: &RequestId, case: CaseId, at: Timestamp) -> Result<Identity<AtDesk>, Refusal> {
        if self.state.request != *presented {
            return Err(Refusal::RequestUsed);
        }
        if self.state.until.is_past(at) {
            return Err(Refusal::RequestLate);
        }
        let Requested { request, renews, .. } = self.state.clone();
        Ok(self.becomes(AtDesk { request, case, since: at, renews }, Happened::AtDesk, at))
    }

    /// Goes back to what it was: the month is over, or the citizen asks anew.
    #[must_use]
    pub fn lapse(self, at: Timestamp) -> Before {
        let renews = self.state.renews.clone();
        self.back(renews, Happened::Lapsed, at)
    }
}

impl Identity<AtDesk> {
    /// The case.
    pub const fn case(&self) -> &CaseId {
        &self.state.case
    }

    /// The desk said yes, with what only a finished case gives.
    pub fn approve(self, approval: Approval, at: Timestamp) -> Result<Identity<Approved>, Refusal> {
        if approval.case != self.state.case || approval.identity != self.base.id {
            return Err(Refusal::RequestUnknown);
        }
        let (until, renews) = (at.plus(ACTIVATION), self.state.renews.clone());
        Ok(self.becomes(Approved { case: approval.case, until, renews }, Happened::Approved { until }, at))
    }

    /// The desk said no, or gave up. The citizen learns that it failed, and never why.
    #[must_use]
    pub fn refuse(self, at: Timestamp) -> Before {
        let renews = self.state.renews.clone();
        self.back(renews, Happened::Failed, at)
    }
}

impl Identity<Approved> {
    /// The case at the desk.
    pub const fn case(&self) -> &CaseId {
        &self.state.case
    }

    /// When the approval lapses.
    pub const fn until(&self) -> Timestamp {
        self.state.until
    }

    /// Card and code are shown after the approval: the same card, chip and code as when certification was asked for (CIR
    /// (EU) 2015/1502 §2.2.2). The certification lasts five years, and never longer than the card; it takes the place of one
    /// that it renews.
    pub fn activate(
        self,
        shown: &CardAndCode,
        _: &CardInForce,
        at: Timestamp,
    ) -> Result<Identity<Certified>, (Refusal, Self)> {
        if let Err(refusal) = self.is_of(shown.card()) {
            return Err((refusal, self));
        }
        if self.state.until.is_past(at) {
            return Err((Refusal::ActivationLate, self));
        }
        if shown.code() != self.base.code {
            return Err((Refusal::CodeChanged, self));
        }
        let until = at.plus(CERTIFICATION).min(self.base.card_expires);
        let state = Certified { case: self.state.case.clone(), since: at, until };
        Ok(self.becomes(state, Happened::Certified { until }, at))
    }

    /// Card and code were not shown in time.
    #[must_use]
    pub fn lapse(self, at: Timestamp) -> Before {
        let renews = self.state.renews.clone();
        self.back(renews, Happened::Lapsed, at)
    }

    /// The code was changed since the request: neither the approval nor a certification of before counts any more.
    #[must_use]
    pub fn lapse_with_code(self, at: Timestamp) -> Identity<Active> {
        match self.lapse(at) {
            Before::Active(identity) => identity,
            Before::Certified(identity) => identity.end(Ending::CodeChanged, at),
        }
    }
}

impl Identity<Certified> {
    /// The case at the desk.
    pub const fn case(&self) -> &CaseId {
        &self.state.case
    }

    /// Since when it is certified.
    pub const fn since(&self) -> Timestamp {
        self.state.since
    }

    /// Until when.
    pub const fn until(&self) -> Timestamp {
        self.state.until
    }

    /// The proof for the card that was shown now; or why there is none: its certification may have ended.
    pub fn in_force(&self, shown: &CardAndCode, _: &CardInForce, at: Timestamp) -> Result<InForce, Refusal> {
        self.holds(&self.state, shown, at)
    }

    /// Ends the certification; the identity stays, uncertified.
    #[must_use]
    pub fn end(self, why: Ending, at: Timestamp) -> Identity<Active> {
        self.becomes(Active {}, Happened::Ended { why }, at)
    }

    /// Suspends it: nothing is given until card and code are shown again.
    #[must_use]
    pub fn suspend(self, at: Timestamp) -> Identity<Suspended> {
        let certified = self.state.clone();
        self.becomes(Suspended { certified, since: at }, Happened::Suspended, at)
    }
}

impl Identity<Suspended> {
    /// The case at the desk.
    pub const fn case(&self) -> &CaseId {
        &self.state.certified.case
    }

    /// Since when.
    pub const fn since(&self) -> Timestamp {
        self.state.since
    }

    /// Until when the certification would last.
    pub const fn until(&self) -> Timestamp {
        self.state.certified.until
    }

    /// Takes it up again with card and code, while the certification lasts (CIR (EU) 2015/1502 §2.2.3: at the same
    /// assurance as before).
    pub fn restore(
        self,
        shown: &CardAndCode,
        _: &CardInForce,
        at: Timestamp,
    ) -> Result<Identity<Certified>, (Refusal, Self)> {
        let certified = Identity { base: self.base, state: self.state.certified };
        let refusal = match certified.is_of(shown.card()) {
            Err(refusal) => refusal,
            Ok(()) if certified.state.until.is_past(at) => Refusal::CertificationOver,
            Ok(()) if shown.code() != certified.base.code => Refusal::CodeChanged,
            Ok(()) => {
                let state = certified.state.clone();
                return Ok(certified.becomes(state, Happened::Restored, at));
            }
        };
        let suspended = Suspended { certified: certified.state, since: self.state.since };
        Err((refusal, Self { base: certified.base, state: suspended }))
    }

    /// Ends the certification; the identity stays, uncertified.
    #[must_use]
    pub fn end(self, why: Ending, at: Timestamp) -> Identity<Active> {
        self.becomes(Active {}, Happened::Ended { why }, at)
    }
}

impl Identity<Closed> {
    /// Why.
    pub const fn why(&self) -> Closure {
        self.state.why
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.state.at
    }
}

/// A state that an identity can be closed in.
pub trait Live: sealed::Live {}
impl<S: sealed::Live> Live for S {}

mod sealed {
    pub trait Live {}
    impl Live for super::Created {}
    impl Live for super::Active {}
    impl Live for super::Requested {}
    impl Live for super::AtDesk {}
    impl Live for super::Approved {}
    impl Live for super::Certified {}
    impl Live for super::Suspended {}
}

impl<S: Live> Identity<S> {
    /// Closes the identity, and its certification with it.
    #[must_use]
    pub fn close(mut self, why: Closure, at: Timestamp) -> Identity<Closed> {
        self.base.leaves = None;
        self.becomes(Closed { why, at }, Happened::Closed { why }, at)
    }

    /// Its holder asks by mail alone that it be closed: it will be, unless they take that back. Who asks again does not
    /// change when; who took it back asks again a day after they asked.
    fn leave(self, at: Timestamp) -> Self {
        let asked = history::deletion_asked(&self.base.history);
        if self.base.leaves.is_some() || asked.is_some_and(|asked| !asked.plus(DELETION_AGAIN).is_past(at)) {
            return self;
        }
        let until = at.plus(DELETION);
        self.noting(Happened::DeletionAsked { until }, Some(until), at)
    }

    /// Its holder takes back the deletion that is due at a moment, and no other.
    fn stay(self, due: Timestamp, at: Timestamp) -> Self {
        if self.base.leaves != Some(due) {
            return self;
        }
        self.noting(Happened::DeletionTakenBack, None, at)
    }
}

impl<S> Identity<S> {
    fn becomes<T>(mut self, state: T, happened: Happened, at: Timestamp) -> Identity<T> {
        history::note(&mut self.base.history, Event { at, happened });
        Identity { base: self.base, state }
    }

    fn noting(mut self, happened: Happened, leaves: Option<Timestamp>, at: Timestamp) -> Self {
        history::note(&mut self.base.history, Event { at, happened });
        self.base.leaves = leaves;
        self
    }

    /// What came to nothing leads back to what was before it.
    fn back(self, renews: Option<Certified>, happened: Happened, at: Timestamp) -> Before {
        match renews {
            None => Before::Active(self.becomes(Active {}, happened, at)),
            Some(certified) => Before::Certified(self.becomes(certified, happened, at)),
        }
    }

    /// The proof that a certification of this identity is in force for the card that was shown.
    fn holds(&self, certified: &Certified, shown: &CardAndCode, at: Timestamp) -> Result<InForce, Refusal> {
        self.is_of(shown.card())?;
        if certified.until.is_past(at) {
            return Err(Refusal::CertificationOver);
        }
        if shown.code() != self.base.code {
            return Err(Refusal::CodeChanged);
        }
        Ok(InForce { identity: self.base.id.clone() })
    }

    /// Whether a card is the one that the identity was made with: same document, same chip.
    fn is_of(&self, card: &ReadCard) -> Result<(), Refusal> {
        if card.key() == self.base.card && card.chip() == self.base.chip { Ok(()) } else { Err(Refusal::OtherCard) }
    }

    /// Its identifier.
    pub const fn id(&self) -> &IdentityId {
        &self.base.id
    }
}
