//! A citizen at the desk of a town hall: one type per step; a step asks for the proof that it stands on.
//!
//! ```text
//!  QR code, agent on duty        card, chip, authority     reader's signature       agent's eyes        a colleague's, if close
//!  open ──────────▶ Scanned ── read ──▶ Read ── finger ──▶ Matched ── same_person ──▶ Awaiting ── confirm ──▶ Approval
//!                     │                  │  no match           │            └───────────────────────────────▶ Approval
//!                     │                  │  not capturable     │
//!  every open step ── refuse(reason), an hour ─────────────────┴──▶ Decided      never leads to an approval
//! ```
//!
//! [`super::identity::Approval`] is made here, at the last step, and nowhere else. Why a desk refused stands in the case
//! and in the journal, never in anything a citizen reads.
//!
//! ```compile_fail,E0624
//! fn forge(case: domain::id::CaseId, identity: domain::id::IdentityId) -> domain::cnie::identity::Approval {
//!     domain::cnie::identity::Approval::of(case, identity)
//! }
//! ```
//!
//! ```compile_fail,E0599
//! use domain::cnie::case::{Case, Read, Tie};
//! use domain::people::agent::{Certify, OnDuty};
//! fn without_a_finger(case: Case<Read>, duty: &OnDuty<Certify>, at: domain::time::Timestamp) {
//!     let _ = case.same_person(duty, None::<Tie>, at);
//! }
//! ```

use serde::{Deserialize, Serialize};

use super::Thumbprint;
use super::card::CardKey;
use super::identity::{AnyIdentity, Approval, AtDesk, Identity};
use super::qr::{self, QrSecret};
use super::refusal::Refusal;
use super::status::CardInForce;
use super::transaction::Octets;
use crate::id::{AgentId, CaseId, IdentityId, ReaderId};
use crate::people::agent::{Agent, Certify, OnDuty};
use crate::people::commune::CommuneCode;
use crate::people::reader::{Reader, ReaderState};
use crate::secret::Bearer;
use crate::time::{Lifetime, Timestamp};

pub mod alarm;
mod any;
mod desk_card;
mod own;
mod papers;
mod reason;
mod refusal;
#[cfg(test)]
mod tests;
mod verdict;

pub use any::{AnyCase, Awaits, Settled, Standing};
pub use desk_card::DeskCard;
pub use own::{Citizen, Declared, PersonMark};
pub use papers::{Asked, Papers, Picture, Shown};
pub use reason::{Chosen, Outcome, Reason};
pub use refusal::DeskRefusal;
pub use verdict::{Finger, Verdict};

/// How long one step may take.
pub const STEP: Lifetime = Lifetime::seconds(3600);

/// How often a card may be laid on the reader before the case ends: a card that slipped, the wrong one of two.
const TRIES: u8 = 6;

/// A case at one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case<S> {
    base: Box<Base>,
    step: S,
}

/// What stays, whatever the step.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Base {
    id: CaseId,
    identity: IdentityId,
    commune: CommuneCode,
    agent: AgentId,
    reader: ReaderId,
    card: CardKey,
    chip: Thumbprint,
    nonce: Octets,
    opened: Timestamp,
    /// Opens what was read of the card, while the case is open.
    papers: Option<Bearer<Papers>>,
}

/// The QR code was scanned; the card is awaited.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scanned {
    since: Timestamp,
    tries: u8,
    trouble: Option<DeskRefusal>,
}

/// The card was read: genuine, there, in force, the one of the request. The finger is awaited.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Read {
    since: Timestamp,
    evidence: Box<Evidence>,
    tie: Option<Tie>,
}

/// The finger is the one of the card. The agent looks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Matched {
    since: Timestamp,
    evidence: Box<Evidence>,
    tie: Option<Tie>,
    /// Whom the photo was handed to.
    #[serde(default)]
    seen: Vec<AgentId>,
}

/// The agent is close to the citizen: a colleague looks too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Awaiting {
    since: Timestamp,
    evidence: Box<Evidence>,
    tie: Tie,
    /// Whom the photo was handed to since a colleague is to look.
    #[serde(default)]
    seen: Vec<AgentId>,
}

/// Over. Nothing leads out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decided {
    outcome: Outcome,
    at: Timestamp,
    second: Option<AgentId>,
    evidence: Box<Evidence>,
}

/// What a case stands on, as far as it has come: digests and names, nothing of the citizen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// SHA-256 of the security object.
    pub sod: Option<Octets>,
    /// Tells the dialogue with the chip apart.
    pub transcript: Option<Octets>,
    /// The card authority's name of its answer.
    pub status: Option<String>,
    /// What the reader said of the finger.
    pub finger: Option<Finger>,
    /// SHA-256 of its signed verdict.
    pub verdict: Option<Octets>,
}

/// Why an agent does not decide alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// The citizen lives in the agent's household, as the agent says.
    Household,
    /// The citizen has the agent's name.
    SameName,
    /// The agent has not declared who they are: nothing says that they are not the citizen.
    Undeclared,
}

impl Tie {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::SameName => "same_name",
            Self::Undeclared => "undeclared",
        }
    }
}

/// What is scanned, and by which reader the card will be read.
#[derive(Debug)]
pub struct Scan<'a> {
    /// The QR code.
    pub presented: &'a qr::Presented,
    /// The secret behind its mark.
    pub secret: &'a QrSecret,
    /// The identity that it names, as it is now.
    pub identity: AnyIdentity,
    /// The reader that the agent chose.
    pub reader: &'a Reader,
}

/// What a new case is made with: fresh random values.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// For its identifier.
    pub id: [u8; 16],
    /// The nonce that the reader signs.
    pub nonce: [u8; 32],
    /// The secret of what is read of the card.
    pub papers: [u8; 32],
    /// Now.
    pub at: Timestamp,
}

/// What came of the agent's yes.
#[derive(Debug)]
pub enum Seen {
    /// The case is approved.
    Approved(Case<Decided>, Approval),
    /// A colleague is to look too.
    Awaiting(Case<Awaiting>),
}

impl Case<Scanned> {
    /// Opens a case with the citizen's QR code, which is spent from now on. The agent is on duty in the commune where the
    /// reader stands, and does not certify themselves.
    pub fn open(
        duty: &OnDuty<Certify>,
        agent: &Agent,
        scan: Scan<'_>,
        opening: Opening,
    ) -> Result<(Self, Identity<AtDesk>), DeskRefusal> {
        let at = opening.at;
        if *duty.agent() != agent.id {
            return Err(DeskRefusal::OtherAgent);
        }
        hears(scan.reader, duty.commune())?;
        let common = scan.identity.common();
        let request = scan.presented.check(common.code(), scan.secret, at)?;
        if own::is_address_of(agent, common.mail()) {
            return Err(DeskRefusal::OwnIdentity);
        }
        let base = Box::new(Base {
            id: CaseId::from_random(opening.id),
            identity: common.id().clone(),
            commune: duty.commune().clone(),
            agent: duty.agent().clone(),
            reader: scan.reader.id.clone(),
            card: common.card(),
            chip: common.chip(),
            nonce: Octets(opening.nonce.to_vec()),
            opened: at,
            papers: Some(Bearer::from_random(opening.papers)),
        });
        // The mark is ours: whatever state the identity is in, its request was used, unless it still waits.
        let AnyIdentity::Requested(identity) = scan.identity else { return Err(Refusal::RequestUsed.into()) };
        let identity = identity.arrive(request, base.id.clone(), at)?;
        Ok((Self { base, step: Scanned { since: at, tries: 0, trouble: None } }, identity))
    }

    /// What came of the last card that was laid on the reader.
    pub const fn trouble(&self) -> Option<DeskRefusal> {
        self.step.trouble
    }

    /// The card is laid on the reader, once more: of too many tries the case ends.
    pub fn try_card(mut self, at: Timestamp) -> Result<Self, (DeskRefusal, AnyCase)> {
        if let Err(refusal) = in_time(self.step.since, at) {
            return Err((refusal, self.into()));
        }
        if self.step.tries >= TRIES {
            let over = self.decide(Outcome::Refused(Reason::TriesSpent), at);
            return Err((DeskRefusal::TriesSpent, over.into()));
        }
        self.step.tries += 1;
        self.step.trouble = None;
        Ok(self)
    }

    /// The card could not be read, or is not the one that is awaited: for the agent to see.
    #[must_use]
    pub fn troubled(mut self, trouble: DeskRefusal) -> Self {
        self.step.trouble = Some(trouble);
        self
    }

    /// The card was read: it is the one of the request, by its number and its chip, its authority lets it be used, and it
    /// is not the agent's own.
    pub fn read(
        self,
        card: &DeskCard,
        status: &CardInForce,
        agent: &Agent,
        at: Timestamp,
    ) -> Result<Case<Read>, (DeskRefusal, AnyCase)> {
        if let Err(refusal) = in_time(self.step.since, at) {
            return Err((refusal, self.into()));
        }
        if agent.id != self.base.agent {
            return Err((DeskRefusal::OtherAgent, self.into()));
        }
        if card.card().key() != self.base.card || card.card().chip() != self.base.chip {
            let refusal = DeskRefusal::Card(Refusal::OtherCard);
            return Err((refusal, self.troubled(refusal).into()));
        }
        if agent.declared.is(card.card().key(), card.person()) {
            let over = self.decide(Outcome::Refused(Reason::OwnIdentity), at);
            return Err((DeskRefusal::OwnIdentity, over.into()));
        }
        let tie = match (own::has_name_of(card, agent), agent.declared.is_made()) {
            (true, _) => Some(Tie::SameName),
            (false, false) => Some(Tie::Undeclared),
            (false, true) => None,
        };
        let evidence = Box::new(Evidence {
            sod: Some(Octets(card.sod().to_vec())),
            transcript: Some(Octets(card.transcript().to_vec())),
            status: Some(status.reference().to_owned()),
            ..Evidence::default()
        });
        Ok(Case { base: self.base, step: Read { since: at, evidence, tie } })
    }

    /// The card's authority does not let it be used, by the answer of that name: the case ends.
    pub fn withdrawn(self, answer: String, at: Timestamp) -> Case<Decided> {
        let mut over = self.decide(Outcome::Refused(Reason::CardWithdrawn), at);
        over.step.evidence.status = Some(answer);
        over
    }
}

impl Case<Read> {
    /// The reader's verdict on the finger: the case goes on only if it matches.
    pub fn finger(self, verdict: &Verdict, at: Timestamp) -> Result<AnyCase, (DeskRefusal, Self)> {
        if let Err(refusal) = in_time(self.step.since, at) {
            return Err((refusal, self));
        }
        if *verdict.case() != self.base.id {
            return Err((DeskRefusal::VerdictOtherCase, self));
        }
        let mut case = self;
        case.step.evidence.finger = Some(verdict.finger());
        case.step.evidence.verdict = Some(Octets(verdict.hash().to_vec()));
        Ok(match verdict.finger() {
            Finger::Match => {
                let step = Matched { since: at, evidence: case.step.evidence, tie: case.step.tie, seen: Vec::new() };
                Case { base: case.base, step }.into()
            }
            Finger::NoMatch => case.decide(Outcome::Refused(Reason::FingerMismatch), at).into(),
            Finger::NotCapturable => case.decide(Outcome::CaptureImpossible, at).into(),
        })
    }
}

impl Case<Matched> {
    /// Why a colleague will have to look too, as far as is known.
    pub const fn tie(&self) -> Option<Tie> {
        self.step.tie
    }

    /// The agent looked: the citizen is the person of the photo. `told` is what the agent says of themselves.
    pub fn same_person(
        self,
        duty: &OnDuty<Certify>,
        told: Option<Tie>,
        at: Timestamp,
    ) -> Result<Seen, (DeskRefusal, Self)> {
        if let Err(refusal) = self.base.is_of(duty).and_then(|()| in_time(self.step.since, at)) {
            return Err((refusal, self));
        }
        if !self.step.seen.contains(duty.agent()) {
            return Err((DeskRefusal::PhotoUnseen, self));
        }
        if let Some(tie) = told.or(self.step.tie) {
            let step = Awaiting { since: at, evidence: self.step.evidence, tie, seen: Vec::new() };
            return Ok(Seen::Awaiting(Case { base: self.base, step }));
        }
        let (case, approval) = approve(self.base, self.step.evidence, None, at);
        Ok(Seen::Approved(case, approval))
    }
}

impl Case<Awaiting> {
    /// Why a colleague has to look too.
    pub const fn tie(&self) -> Tie {
        self.step.tie
    }

    /// A colleague of the same commune looked, who is neither the agent of the case nor, as far as can be known, the
    /// citizen or close to them.
    pub fn confirm(
        self,
        duty: &OnDuty<Certify>,
        second: &Agent,
        citizen: &Citizen<'_>,
        at: Timestamp,
    ) -> Result<(Case<Decided>, Approval), (DeskRefusal, Self)> {
        match self.admits(duty, second, citizen, at) {
            Ok(()) => Ok(approve(self.base, self.step.evidence, Some(second.id.clone()), at)),
            Err(refusal) => Err((refusal, self)),
        }
    }

    fn admits(
        &self,
        duty: &OnDuty<Certify>,
        second: &Agent,
        citizen: &Citizen<'_>,
        at: Timestamp,
    ) -> Result<(), DeskRefusal> {
        self.base.is_of_colleague(duty)?;
        in_time(self.step.since, at)?;
        if second.id != *duty.agent() {
            return Err(DeskRefusal::OtherAgent);
        }
        own::vouches(second, self.base.card, citizen)?;
        if self.step.seen.contains(&second.id) { Ok(()) } else { Err(DeskRefusal::PhotoUnseen) }
    }
}

/// The one place where an approval is made.
fn approve(
    mut base: Box<Base>,
    evidence: Box<Evidence>,
    second: Option<AgentId>,
    at: Timestamp,
) -> (Case<Decided>, Approval) {
    let approval = Approval::of(base.id.clone(), base.identity.clone());
    base.papers = None;
    let step = Decided { outcome: Outcome::Approved, at, second, evidence };
    (Case { base, step }, approval)
}

impl Case<Decided> {
    /// What came of it.
    pub const fn outcome(&self) -> Outcome {
        self.step.outcome
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.step.at
    }

    /// The colleague who looked too.
    pub const fn second(&self) -> Option<&AgentId> {
        self.step.second.as_ref()
    }

    /// What it stands on.
    pub fn evidence(&self) -> &Evidence {
        &self.step.evidence
    }

    /// How long it took.
    pub fn seconds(&self) -> u32 {
        u32::try_from(self.step.at.seconds_since(self.base.opened)).unwrap_or(0)
    }
}

/// A step that is not the last.
pub trait Open: sealed::Open {}
impl<S: sealed::Open> Open for S {}

mod sealed {
    use super::Evidence;
    use crate::time::Timestamp;

    pub trait Open {
        fn since(&self) -> Timestamp;
        fn evidence(self) -> Evidence;
    }

    impl Open for super::Scanned {
        fn since(&self) -> Timestamp {
            self.since
        }

        fn evidence(self) -> Evidence {
            Evidence::default()
        }
    }

    macro_rules! open {
        ($($step:ident),*) => {
            $(impl Open for super::$step {
                fn since(&self) -> Timestamp {
                    self.since
                }

                fn evidence(self) -> Evidence {
                    *self.evidence
                }
            })*
        };
    }
    open!(Read, Matched, Awaiting);
}

impl<S: Open> Case<S> {
    /// When the step is over that it is at.
    pub fn until(&self) -> Timestamp {
        self.step.since().plus(STEP)
    }

    /// Ends the case without an approval: there is no other way out of an open step than this and [`approve`].
    fn decide(mut self, outcome: Outcome, at: Timestamp) -> Case<Decided> {
        self.base.papers = None;
        Case { base: self.base, step: Decided { outcome, at, second: None, evidence: Box::new(self.step.evidence()) } }
    }
}

impl<S> Case<S> {
    /// Its identifier.
    pub const fn id(&self) -> &CaseId {
        &self.base.id
    }

    /// The nonce that the reader signs.
    pub fn nonce(&self) -> &[u8] {
        &self.base.nonce.0
    }
}

impl Base {
    /// Whether the agent is the one of the case. One of another commune learns not even that there is a case.
    fn is_of(&self, duty: &OnDuty<Certify>) -> Result<(), DeskRefusal> {
        match (*duty.commune() == self.commune, *duty.agent() == self.agent) {
            (true, true) => Ok(()),
            (true, false) => Err(DeskRefusal::OtherAgent),
            (false, _) => Err(DeskRefusal::CaseUnknown),
        }
    }

    fn is_of_colleague(&self, duty: &OnDuty<Certify>) -> Result<(), DeskRefusal> {
        match (*duty.commune() == self.commune, *duty.agent() == self.agent) {
            (true, false) => Ok(()),
            (true, true) => Err(DeskRefusal::SecondIsFirst),
            (false, _) => Err(DeskRefusal::CaseUnknown),
        }
    }
}

/// Whether a reader is heard at the desk of a commune.
fn hears(reader: &Reader, commune: &CommuneCode) -> Result<(), DeskRefusal> {
    if reader.commune != *commune {
        return Err(DeskRefusal::ReaderElsewhere);
    }
    match reader.state {
        ReaderState::Registered => Ok(()),
        ReaderState::Proposed => Err(DeskRefusal::ReaderProposed),
        ReaderState::Withdrawn => Err(DeskRefusal::ReaderWithdrawn),
    }
}

fn in_time(since: Timestamp, at: Timestamp) -> Result<(), DeskRefusal> {
    if since.plus(STEP).is_past(at) { Err(DeskRefusal::CaseLate) } else { Ok(()) }
}
