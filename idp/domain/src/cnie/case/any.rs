//! A case at any step: what the registry keeps, and what time alone does to it.

use serde::{Deserialize, Serialize};

use super::{
    Awaiting, Base, Case, Chosen, Decided, DeskRefusal, Matched, Open, Outcome, Papers, Read, Reason, Scanned, hears,
};
use crate::id::{AgentId, CaseId, IdentityId, ReaderId};
use crate::people::agent::{Certify, OnDuty};
use crate::people::commune::CommuneCode;
use crate::people::reader::Reader;
use crate::secret::Bearer;
use crate::time::Timestamp;

/// A case at any step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyCase {
    /// The card is awaited.
    Scanned(Case<Scanned>),
    /// The finger is awaited.
    Read(Case<Read>),
    /// The agent looks.
    Matched(Case<Matched>),
    /// A colleague looks.
    Awaiting(Case<Awaiting>),
    /// Over.
    Decided(Case<Decided>),
}

/// What time made of a case.
#[derive(Debug, Clone)]
pub enum Settled {
    /// It is as it was kept.
    Same(AnyCase),
    /// It lapsed: to be kept, journalled, and told as a failure.
    Lapsed(Case<Decided>),
}

/// What a reader is awaited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaits {
    /// The card.
    Card,
    /// The finger.
    Finger,
}

impl Awaits {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Finger => "fingerprint",
        }
    }
}

/// How an agent stands to a case of their commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is theirs.
    Own,
    /// It is a colleague's, and they are asked to look too.
    Second,
    /// It is a colleague's.
    Colleague,
}

macro_rules! any {
    ($($step:ident),*) => {
        $(impl From<Case<$step>> for AnyCase {
            fn from(case: Case<$step>) -> Self {
                Self::$step(case)
            }
        }

        impl TryFrom<AnyCase> for Case<$step> {
            type Error = AnyCase;

            fn try_from(any: AnyCase) -> Result<Self, AnyCase> {
                if let AnyCase::$step(case) = any { Ok(case) } else { Err(any) }
            }
        })*

        impl AnyCase {
            const fn base(&self) -> &Base {
                match self {
                    $(Self::$step(case) => &case.base,)*
                }
            }
        }
    };
}

any!(Scanned, Read, Matched, Awaiting, Decided);

impl AnyCase {
    /// Its identifier.
    pub const fn id(&self) -> &CaseId {
        &self.base().id
    }

    /// The identity.
    pub const fn identity(&self) -> &IdentityId {
        &self.base().identity
    }

    /// The commune whose desk it is at.
    pub const fn commune(&self) -> &CommuneCode {
        &self.base().commune
    }

    /// Its agent.
    pub const fn agent(&self) -> &AgentId {
        &self.base().agent
    }

    /// The reader that the card is laid on.
    pub const fn reader(&self) -> &ReaderId {
        &self.base().reader
    }

    /// When it was opened.
    pub const fn opened(&self) -> Timestamp {
        self.base().opened
    }

    /// The nonce that the reader signs.
    pub fn nonce(&self) -> &[u8] {
        &self.base().nonce.0
    }

    /// The secret of what was read of the card; none once it is over.
    pub const fn papers(&self) -> Option<&Bearer<Papers>> {
        self.base().papers.as_ref()
    }

    /// When its step is over; none once it is decided.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Scanned(case) => Some(case.until()),
            Self::Read(case) => Some(case.until()),
            Self::Matched(case) => Some(case.until()),
            Self::Awaiting(case) => Some(case.until()),
            Self::Decided(_) => None,
        }
    }

    /// What its reader is awaited for.
    pub const fn awaits(&self) -> Option<Awaits> {
        match self {
            Self::Scanned(_) => Some(Awaits::Card),
            Self::Read(_) => Some(Awaits::Finger),
            Self::Matched(_) | Self::Awaiting(_) | Self::Decided(_) => None,
        }
    }

    /// How an agent on duty stands to it; one of another commune does not learn that it exists.
    pub fn standing(&self, duty: &OnDuty<Certify>) -> Result<Standing, DeskRefusal> {
        match (self.base().is_of(duty), self) {
            (Ok(()), _) => Ok(Standing::Own),
            (Err(DeskRefusal::OtherAgent), Self::Awaiting(_)) => Ok(Standing::Second),
            (Err(DeskRefusal::OtherAgent), Self::Scanned(_) | Self::Read(_) | Self::Matched(_) | Self::Decided(_)) => {
                Ok(Standing::Colleague)
            }
            (Err(refusal), _) => Err(refusal),
        }
    }

    /// The case once its photo was handed to an agent: a yes counts from them alone whom it was handed to. None where it
    /// was before, or where no yes is theirs to give.
    #[must_use]
    pub fn photo_handed_to(&self, duty: &OnDuty<Certify>) -> Option<Self> {
        match (self.clone(), self.standing(duty)) {
            (Self::Matched(mut case), Ok(Standing::Own)) => see(&mut case.step.seen, duty).then(|| case.into()),
            (Self::Awaiting(mut case), Ok(Standing::Second)) => see(&mut case.step.seen, duty).then(|| case.into()),
            (Self::Scanned(_) | Self::Read(_) | Self::Matched(_) | Self::Awaiting(_) | Self::Decided(_), _) => None,
        }
    }

    /// Whether a reader, by whose key a call was made, is the one of this case.
    pub fn admits(&self, reader: &Reader) -> Result<(), DeskRefusal> {
        hears(reader, self.commune())?;
        if reader.id == self.base().reader { Ok(()) } else { Err(DeskRefusal::OtherReader) }
    }

    /// What it is at a moment. Whoever reads a case asks this first.
    #[must_use]
    pub fn settle(self, at: Timestamp) -> Settled {
        if self.until().is_none_or(|until| !until.is_past(at)) {
            return Settled::Same(self);
        }
        match self {
            Self::Scanned(case) => Settled::Lapsed(case.decide(Outcome::Lapsed, at)),
            Self::Read(case) => Settled::Lapsed(case.decide(Outcome::Lapsed, at)),
            Self::Matched(case) => Settled::Lapsed(case.decide(Outcome::Lapsed, at)),
            Self::Awaiting(case) => Settled::Lapsed(case.decide(Outcome::Lapsed, at)),
            Self::Decided(_) => Settled::Same(self),
        }
    }

    /// The identity is not at this desk any more: closed by its holder, or gone on.
    #[must_use]
    pub fn gone(self, at: Timestamp) -> Self {
        self.ended(Reason::IdentityGone, at)
    }

    /// What was read of the card is lost: nobody can look at it.
    #[must_use]
    pub fn unreadable(self, at: Timestamp) -> Self {
        self.ended(Reason::CardUnreadable, at)
    }

    fn ended(self, why: Reason, at: Timestamp) -> Self {
        let outcome = Outcome::Refused(why);
        match self {
            Self::Scanned(case) => case.decide(outcome, at).into(),
            Self::Read(case) => case.decide(outcome, at).into(),
            Self::Matched(case) => case.decide(outcome, at).into(),
            Self::Awaiting(case) => case.decide(outcome, at).into(),
            Self::Decided(_) => self,
        }
    }

    /// The agent says no, or the colleague who is asked to look too.
    pub fn refuse(
        self,
        duty: &OnDuty<Certify>,
        why: Chosen,
        at: Timestamp,
    ) -> Result<Case<Decided>, (DeskRefusal, Self)> {
        let by = match self.standing(duty) {
            Ok(Standing::Own) => None,
            Ok(Standing::Second) => Some(duty.agent().clone()),
            Ok(Standing::Colleague) => return Err((DeskRefusal::OtherAgent, self)),
            Err(refusal) => return Err((refusal, self)),
        };
        let outcome = Outcome::Refused(why.reason());
        let mut over = match self {
            Self::Scanned(case) => end(case, outcome, at)?,
            Self::Read(case) => end(case, outcome, at)?,
            Self::Matched(case) => end(case, outcome, at)?,
            Self::Awaiting(case) => end(case, outcome, at)?,
            Self::Decided(_) => return Err((DeskRefusal::CaseOver, self)),
        };
        over.step.second = by;
        Ok(over)
    }
}

/// Notes an agent; whether they were not noted yet.
fn see(seen: &mut Vec<AgentId>, duty: &OnDuty<Certify>) -> bool {
    let is_new = !seen.contains(duty.agent());
    if is_new {
        seen.push(duty.agent().clone());
    }
    is_new
}

fn end<S: Open>(case: Case<S>, outcome: Outcome, at: Timestamp) -> Result<Case<Decided>, (DeskRefusal, AnyCase)>
where
    AnyCase: From<Case<S>>,
{
    if case.until().is_past(at) {
        return Err((DeskRefusal::CaseLate, case.into()));
    }
    Ok(case.decide(outcome, at))
}
