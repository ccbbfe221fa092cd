//! A request and its review, one type a step.
//!
//! ```text
//!             submit               approve (two people where four eyes are needed)
//!   Draft ─────────────▶ Submitted ───────────────────────────────▶ Granted ──revoke──▶ Revoked
//!     ▲  ▲                 │  │ │                                     │
//!     │  │ submit          │  │ └──refuse──▶ Refused (or Granted,     │ reopen
//!     │  └── Changes ◀─────┘  │              when it was reopened)     │
//!     │      Requested  ask   │                  │ reopen              │
//!     └───────────────────────┴──────────────────┴─────────────────────┘
//!   Draft, Refused, Revoked ──archive──▶ Archived          Draft (reopened) ──give up──▶ Granted
//! ```
//!
//! While a granted request is open again, what was granted stays in force: [`About::granted`].

#![expect(clippy::result_large_err, reason = "a step that did not take place gives back the request it was asked of")]

mod elsewhere;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::acting::{Acting, Author, Instruct, Revoke, Write};
use super::checklist::{Checklist, Mark, Point};
use super::complete::{Complete, Fault};
use super::form::Form;
use super::homologation::{Homologation, Passed};
use crate::claims::scopes::Scope;
use crate::id::{HabilitationId, HabilitationRequestId, PartnerId};
use crate::level::Level;
use crate::organisation::siret::Siret;
use crate::partners::lineage::Lineage;
use crate::time::{Lifetime, Timestamp};

pub use elsewhere::{Elsewhere, Wording};

/// How long a habilitation is granted for: three years.
pub const TERM: Lifetime = Lifetime::seconds(3 * 365 * 86_400);

/// A request at a step of its review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review<S> {
    about: About,
    form: Form,
    step: S,
}

/// What stays the same, or grows, through all steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub id: HabilitationRequestId,
    /// For whom.
    pub organisation: Siret,
    /// Who began it.
    pub applicant: Author,
    /// When.
    pub opened: Timestamp,
    /// Everyone who wrote in it: none of them decides on it.
    pub writers: BTreeSet<PartnerId>,
    /// How often it was submitted.
    pub submissions: u32,
    /// What was granted last, and is in force.
    pub granted: Option<Grantee>,
}

/// What was granted, with the form as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grantee {
    /// The habilitation.
    pub habilitation: HabilitationId,
    /// The form.
    pub form: Form,
    /// Since when.
    pub at: Timestamp,
}

/// Being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// When something was last written.
    pub touched: Timestamp,
}

/// Before the reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// When.
    pub at: Timestamp,
    /// What the reviewers have looked at so far.
    pub checklist: Checklist,
    /// The first of two who must agree.
    pub first: Option<Approval>,
    /// What the bench said of its site, or why it goes without.
    #[serde(default)]
    pub homologation: Option<Homologation>,
}

/// Sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesRequested {
    /// By whom, when and why.
    pub decision: Decision,
    /// When something was last written.
    pub touched: Timestamp,
}

/// Granted: what is in force stands in [`About::granted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Who agreed.
    pub approvals: Vec<Approval>,
}

/// Refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// By whom, when and why.
    pub decision: Decision,
}

/// Taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// By whom, when and why.
    pub decision: Decision,
}

/// Put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// When.
    pub at: Timestamp,
}

/// Someone agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// Who had brought them in by then.
    #[serde(default, skip_serializing_if = "Lineage::is_none")]
    pub lineage: Lineage,
}

impl Approval {
    fn of(by: &Acting<Instruct>, at: Timestamp) -> Self {
        Self { by: by.author().clone(), at, lineage: by.lineage().clone() }
    }

    /// Whether somebody is another person than who gave it, as far as invitations tell.
    fn is_of_another_than(&self, other: &Acting<Instruct>) -> Result<(), Refusal> {
        let in_line = |lineage: &Lineage, author: &Author| author.person().is_some_and(|person| lineage.holds(person));
        if self.by.is_one_with(other.author()) {
            Err(Refusal::SamePerson)
        } else if in_line(other.lineage(), &self.by) || in_line(&self.lineage, other.author()) {
            Err(Refusal::BroughtIn)
        } else {
            Ok(())
        }
    }
}

/// A decision that has a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// Why, as the applicant reads it.
    pub reason: Reason,
}

/// Why: 1 to 4000 characters, read by the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// A decision without a reason, or with one that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reason of 1 to 4000 characters is needed")]
pub struct NoReason;

impl Reason {
    /// Reads it; space around it is left out.
    pub fn parse(text: &str) -> Result<Self, NoReason> {
        let text = text.trim();
        if (1..=4000).contains(&text.chars().count()) { Ok(Self(text.to_owned())) } else { Err(NoReason) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = NoReason;

    fn try_from(text: String) -> Result<Self, NoReason> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// What became of a request: for the journal, the mails and the webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It was begun.
    Opened,
    /// Something was written in it.
    Written,
    /// It was submitted.
    Submitted,
    /// It was sent back.
    ChangesRequested,
    /// A reviewer looked at a point.
    LookedAt,
    /// The first of two agreed.
    ApprovedOnce,
    /// It was granted.
    Granted,
    /// It was refused.
    Refused,
    /// It was opened again.
    Reopened,
    /// It was opened again, and given up or refused: what was granted stays.
    ReopeningEnded,
    /// It was taken back.
    Revoked,
    /// It was put away.
    Archived,
}

impl Happened {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Opened,
        Self::Written,
        Self::Submitted,
        Self::ChangesRequested,
        Self::LookedAt,
        Self::ApprovedOnce,
        Self::Granted,
        Self::Refused,
        Self::Reopened,
        Self::ReopeningEnded,
        Self::Revoked,
        Self::Archived,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Written => "written",
            Self::Submitted => "submitted",
            Self::ChangesRequested => "changes_requested",
            Self::LookedAt => "looked_at",
            Self::ApprovedOnce => "approved_once",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Reopened => "reopened",
            Self::ReopeningEnded => "reopening_ended",
            Self::Revoked => "revoked",
            Self::Archived => "archived",
        }
    }
}

/// Why a request stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The author does not act for the organisation of the request.
    #[error("the request is another organisation's")]
    OtherOrganisation,
    /// There is something to put right first.
    #[error("the form is not complete")]
    Incomplete(Vec<Fault>),
    /// Nothing changed since it was granted.
    #[error("nothing changed since it was granted")]
    Unchanged,
    /// Who wrote in a request, or belongs to its organisation, does not decide on it.
    #[error("nobody decides on a request of their own")]
    Own,
    /// The second of two is the first again.
    #[error("a second person must agree")]
    SamePerson,
    /// The second of two invited the first, or was invited by them: perhaps one person with two mailboxes.
    #[error("the second person was brought in by the first, or the first by the second")]
    BroughtIn,
    /// Something was not looked at.
    #[error("not everything was looked at")]
    Unchecked(Vec<Point>),
    /// Neither did the bench pass on the hosts of the request, nor did anybody say why it goes without.
    #[error("the bench has not passed on the hosts of the request, and no reason was given to do without")]
    NotHomologated,
    /// There is nothing to go back to.
    #[error("nothing was granted before")]
    NothingGranted,
}

/// What is granted: the habilitation that the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its name.
    pub id: HabilitationId,
    /// The request it comes from.
    pub request: HabilitationRequestId,
    /// For whom.
    pub organisation: Siret,
    /// What the service is called.
    pub title: String,
    /// The scopes, `openid` among them.
    pub scopes: BTreeSet<Scope>,
    /// The highest level it may ask for.
    pub level: Level,
    /// Where citizens go back to.
    pub redirects: Vec<String>,
    /// Where citizens go back to after a logout.
    pub logout_redirects: Vec<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What the bench said of its site, or why it goes without; nothing where another platform reviewed.
    pub homologation: Option<Homologation>,
    /// The one it takes the place of, which is obsolete from now on.
    pub replaces: Option<HabilitationId>,
}

/// What came of an approval.
#[derive(Debug)]
pub enum Approved {
    /// It is granted.
    Granted(Review<Granted>, Box<Grant>),
    /// A second person must agree.
    Once(Review<Submitted>),
}

/// What came of a refusal.
#[derive(Debug)]
pub enum Denied {
    /// It is refused.
    Refused(Review<Refused>),
    /// It was open again: what was granted stays.
    Kept(Review<Granted>),
}

/// A step that did not take place: the request as it was, and why.
pub type Stays<S> = (Review<S>, Refusal);

impl<S> Review<S> {
    /// What stays the same.
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// What was written.
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// The step.
    pub const fn step(&self) -> &S {
        &self.step
    }

    /// Whether it was granted before, and is open again.
    pub const fn is_reopened(&self) -> bool {
        self.about.granted.is_some()
    }

    fn to<T>(self, step: T) -> Review<T> {
        Review { about: self.about, form: self.form, step }
    }

    fn written(self, by: &Acting<Write>, form: Form) -> Self {
        Self { form, ..self.touched_by(by) }
    }

    /// Whoever had a hand in it decides on it no more, also once they left the organisation.
    fn touched_by(mut self, by: &Acting<Write>) -> Self {
        if let Some(person) = by.author().person() {
            self.about.writers.insert(person.clone());
        }
        self
    }

    /// Whoever acts for an organisation belongs to it, and so does who answers for a program; the command line, its programs
    /// and another platform act for all.
    fn is_of(&self, by: &Acting<Write>) -> Result<(), Refusal> {
        let of_somebody = by.author().person().is_some();
        if of_somebody && !by.belongs_to(&self.about.organisation) { Err(Refusal::OtherOrganisation) } else { Ok(()) }
    }

    fn is_others<C>(&self, by: &Acting<C>) -> Result<(), Refusal> {
        let wrote = by.author().person().is_some_and(|person| self.about.writers.contains(person));
        if wrote || by.belongs_to(&self.about.organisation) { Err(Refusal::Own) } else { Ok(()) }
    }

    fn submitted(mut self, now: Timestamp) -> Result<Review<Submitted>, (Self, Refusal)> {
        let complete = match Complete::read(&self.form) {
            Ok(complete) => complete,
            Err(faults) => return Err((self, Refusal::Incomplete(faults))),
        };
        if self.about.granted.as_ref().is_some_and(|granted| granted.form == self.form) {
            return Err((self, Refusal::Unchanged));
        }
        self.about.submissions = self.about.submissions.saturating_add(1);
        let checklist = Checklist::of(&complete);
        Ok(self.to(Submitted { at: now, checklist, first: None, homologation: None }))
    }
}

impl Review<Draft> {
    /// Begins a request for an organisation.
    pub fn open(
        id: HabilitationRequestId,
        organisation: Siret,
        by: &Acting<Write>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let about = About {
            id,
            organisation,
            applicant: by.author().clone(),
            opened: now,
            writers: BTreeSet::new(),
            submissions: 0,
            granted: None,
        };
        let review = Self { about, form: Form::default(), step: Draft { touched: now } };
        review.is_of(by)?;
        Ok(review.written(by, Form::default()))
    }

    /// The request with another form: what [`Form::merge`] gave.
    pub fn write(mut self, by: &Acting<Write>, form: Form, now: Timestamp) -> Result<Self, Stays<Draft>> {
        if let Err(refusal) = self.is_of(by) {
            return Err((self, refusal));
        }
        self.step.touched = now;
        Ok(self.written(by, form))
    }

    /// Hands it to the reviewers.
    pub fn submit(self, by: &Acting<Write>, now: Timestamp) -> Result<Review<Submitted>, Stays<Draft>> {
        match self.is_of(by) {
            Ok(()) => self.touched_by(by).submitted(now),
            Err(refusal) => Err((self, refusal)),
        }
    }

    /// Goes back to what was granted.
    pub fn give_up(self, by: &Acting<Write>) -> Result<Review<Granted>, Stays<Draft>> {
        if let Err(refusal) = self.is_of(by) {
            return Err((self, refusal));
        }
        self.touched_by(by).restored().map_err(|review| (review, Refusal::NothingGranted))
    }

    /// Puts it away; one that is in force cannot be.
    pub fn archive(self, now: Timestamp) -> Result<Review<Archived>, Self> {
        if self.is_reopened() { Err(self) } else { Ok(self.to(Archived { at: now })) }
    }
}

impl Review<ChangesRequested> {
    /// The request with another form.
    pub fn write(mut self, by: &Acting<Write>, form: Form, now: Timestamp) -> Result<Self, Stays<ChangesRequested>> {
        if let Err(refusal) = self.is_of(by) {
            return Err((self, refusal));
        }
        self.step.touched = now;
        Ok(self.written(by, form))
    }

    /// Hands it to the reviewers again.
    pub fn submit(self, by: &Acting<Write>, now: Timestamp) -> Result<Review<Submitted>, Stays<ChangesRequested>> {
        match self.is_of(by) {
            Ok(()) => self.touched_by(by).submitted(now),
            Err(refusal) => Err((self, refusal)),
        }
    }

    /// Puts it away; one that is in force goes back to what was granted.
    pub fn archive(self, now: Timestamp) -> Result<Review<Archived>, Review<Granted>> {
        match self.restored() {
            Ok(granted) => Err(granted),
            Err(review) => Ok(review.to(Archived { at: now })),
        }
    }
}

impl Review<Submitted> {
    /// Notes what a reviewer looked at.
    pub fn look(mut self, by: &Acting<Instruct>, point: Point, mark: Mark) -> Result<Self, Stays<Submitted>> {
        if let Err(refusal) = self.is_others(by) {
            return Err((self, refusal));
        }
        self.step.checklist.mark(point, mark);
        Ok(self)
    }

    /// The same without the first agreement: who gave it may not agree any more.
    #[must_use]
    pub fn without_first(mut self) -> Self {
        // Their word on the bench goes with it.
        let theirs = |first: &Approval| match &self.step.homologation {
            Some(Homologation::Waived(decision)) => decision.by == first.by,
            Some(Homologation::Reports(_)) | None => false,
        };
        if self.step.first.as_ref().is_some_and(theirs) {
            self.step.homologation = None;
        }
        self.step.first = None;
        self
    }

    /// What the bench says of its site at this moment. A reason to do without stays, until reports take its place.
    #[must_use]
    pub fn homologated(mut self, passed: Option<Passed>) -> Self {
        self.step.homologation = match (passed, self.step.homologation.take()) {
            (Some(passed), _) => Some(Homologation::Reports(passed.into_summaries())),
            (None, waived @ Some(Homologation::Waived(_))) => waived,
            (None, Some(Homologation::Reports(_)) | None) => None,
        };
        self
    }

    /// Does without the bench, for a reason that stays with what is granted.
    pub fn waive(mut self, by: &Acting<Instruct>, reason: Reason, now: Timestamp) -> Result<Self, Stays<Submitted>> {
        if let Err(refusal) = self.is_others(by) {
            return Err((self, refusal));
        }
        self.step.homologation = Some(Homologation::Waived(Decision { by: by.author().clone(), at: now, reason }));
        Ok(self)
    }

    /// Agrees. Where two must, the first is noted; the habilitation is made when the second agrees.
    pub fn approve(
        mut self,
        by: &Acting<Instruct>,
        id: HabilitationId,
        now: Timestamp,
    ) -> Result<Approved, Stays<Submitted>> {
        let complete = match self.may_approve(by) {
            Ok(complete) => complete,
            Err(refusal) => return Err((self, refusal)),
        };
        let approval = Approval::of(by, now);
        // Another platform had its own reviewers.
        let alone = !complete.needs_two() || *by.author() == Author::Platform;
        let approvals = match self.step.first.take() {
            None if !alone => {
                self.step.first = Some(approval);
                return Ok(Approved::Once(self));
            }
            None => vec![approval],
            Some(first) => vec![first, approval],
        };
        let replaces = self.about.granted.take().map(|granted| granted.habilitation);
        let grant = Grant {
            id: id.clone(),
            request: self.about.id.clone(),
            organisation: self.about.organisation,
            title: complete.title().to_owned(),
            scopes: complete.scopes().keys().copied().chain([Scope::OPENID]).collect(),
            level: complete.level(),
            redirects: complete.redirects().to_vec(),
            logout_redirects: complete.logout_redirects().to_vec(),
            from: now,
            until: now.plus(TERM),
            homologation: self.step.homologation.clone(),
            replaces,
        };
        self.about.granted = Some(Grantee { habilitation: id, form: self.form.clone(), at: now });
        Ok(Approved::Granted(self.to(Granted { approvals }), Box::new(grant)))
    }

    fn may_approve(&self, by: &Acting<Instruct>) -> Result<Complete, Refusal> {
        self.is_others(by)?;
        if let Some(first) = &self.step.first {
            first.is_of_another_than(by)?;
        }
        let open = self.step.checklist.open();
        if !open.is_empty() && *by.author() != Author::Platform {
            return Err(Refusal::Unchecked(open));
        }
        if self.step.homologation.is_none() && *by.author() != Author::Platform {
            return Err(Refusal::NotHomologated);
        }
        // It was complete when it was submitted; rules may have become stricter since.
        Complete::read(&self.form).map_err(Refusal::Incomplete)
    }

    /// Sends it back.
    pub fn request_changes(
        self,
        by: &Acting<Instruct>,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Review<ChangesRequested>, Stays<Submitted>> {
        if let Err(refusal) = self.is_others(by) {
            return Err((self, refusal));
        }
        let decision = Decision { by: by.author().clone(), at: now, reason };
        Ok(self.to(ChangesRequested { decision, touched: now }))
    }

    /// Refuses it. What was granted before stays.
    pub fn refuse(self, by: &Acting<Instruct>, reason: Reason, now: Timestamp) -> Result<Denied, Stays<Submitted>> {
        if let Err(refusal) = self.is_others(by) {
            return Err((self, refusal));
        }
        let decision = Decision { by: by.author().clone(), at: now, reason };
        Ok(match self.restored() {
            Ok(granted) => Denied::Kept(granted),
            Err(review) => Denied::Refused(review.to(Refused { decision })),
        })
    }
}

impl<S> Review<S> {
    /// Back to what was granted, with its form; the request itself, when nothing was.
    fn restored(mut self) -> Result<Review<Granted>, Self> {
        let Some(granted) = self.about.granted.clone() else { return Err(self) };
        self.form = granted.form;
        Ok(self.to(Granted { approvals: Vec::new() }))
    }
}

impl Review<Granted> {
    /// The habilitation in force.
    pub fn habilitation(&self) -> Option<&HabilitationId> {
        self.about.granted.as_ref().map(|granted| &granted.habilitation)
    }

    /// Opens it again: what was granted stays in force.
    pub fn reopen(self, by: &Acting<Write>, now: Timestamp) -> Result<Review<Draft>, Stays<Granted>> {
        match self.is_of(by) {
            Ok(()) => Ok(self.touched_by(by).to(Draft { touched: now })),
            Err(refusal) => Err((self, refusal)),
        }
    }
}

mod in_force {
    pub trait MayBeInForce {}
}

impl in_force::MayBeInForce for Draft {}
impl in_force::MayBeInForce for Submitted {}
impl in_force::MayBeInForce for ChangesRequested {}
impl in_force::MayBeInForce for Granted {}

impl<S: in_force::MayBeInForce> Review<S> {
    /// Takes back what was granted, whether or not the request is open again.
    pub fn revoke(mut self, by: &Acting<Revoke>, reason: Reason, now: Timestamp) -> Result<Review<Revoked>, Stays<S>> {
        if let Err(refusal) = self.is_others(by) {
            return Err((self, refusal));
        }
        let Some(granted) = self.about.granted.take() else { return Err((self, Refusal::NothingGranted)) };
        self.form = granted.form;
        let decision = Decision { by: by.author().clone(), at: now, reason };
        Ok(self.to(Revoked { decision }))
    }
}

impl Review<Refused> {
    /// Opens it again.
    pub fn reopen(self, by: &Acting<Write>, now: Timestamp) -> Result<Review<Draft>, Stays<Refused>> {
        match self.is_of(by) {
            Ok(()) => Ok(self.touched_by(by).to(Draft { touched: now })),
            Err(refusal) => Err((self, refusal)),
        }
    }

    /// Puts it away.
    pub fn archive(self, now: Timestamp) -> Review<Archived> {
        self.to(Archived { at: now })
    }
}

impl Review<Revoked> {
    /// Puts it away.
    pub fn archive(self, now: Timestamp) -> Review<Archived> {
        self.to(Archived { at: now })
    }
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
