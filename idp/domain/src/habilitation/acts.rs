//! What may be done to a request at any step: each act finds the step it belongs to, or says that it does not follow from
//! where the request is. Pages, programs and the command line act through here alone.

use super::acting::{Acting, Instruct, Revoke, Write};
use super::any::{AnyReview, State};
use super::checklist::{Mark, Point};
use super::form::Form;
use super::homologation::Passed;
use super::review::{Approval, Approved, Denied, Grant, Happened, Reason, Refusal, Stays};
use crate::id::HabilitationId;
use crate::time::Timestamp;

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The act does not follow from the step that the request is at.
    #[error("the request is {}", .0.name())]
    OutOfTurn(State),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The request from now on.
    pub review: AnyReview,
    /// What happened.
    pub happened: Happened,
    /// What it does to habilitations.
    pub effect: Effect,
}

/// What an act does to habilitations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// One is made; the one it replaces is obsolete.
    Granted(Box<Grant>),
    /// One is taken back.
    Revoked(HabilitationId),
}

impl Done {
    fn plain(review: impl Into<AnyReview>, happened: Happened) -> Self {
        Self { review: review.into(), happened, effect: Effect::None }
    }
}

fn refused<S>((_, refusal): Stays<S>) -> NotDone {
    NotDone::Refused(refusal)
}

/// What became of a step that does nothing to habilitations.
fn plain<S, T: Into<AnyReview>>(step: Result<T, Stays<S>>, happened: Happened) -> Result<Done, NotDone> {
    step.map(|review| Done::plain(review, happened)).map_err(refused)
}

impl AnyReview {
    /// Puts another form in the place of the one that is there.
    pub fn write(self, by: &Acting<Write>, form: Form, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Draft(review) => plain(review.write(by, form, now), Happened::Written),
            Self::ChangesRequested(review) => plain(review.write(by, form, now), Happened::Written),
            other @ (Self::Submitted(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Hands it to the reviewers.
    pub fn submit(self, by: &Acting<Write>, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Draft(review) => plain(review.submit(by, now), Happened::Submitted),
            Self::ChangesRequested(review) => plain(review.submit(by, now), Happened::Submitted),
            other @ (Self::Submitted(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Opens it again.
    pub fn reopen(self, by: &Acting<Write>, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Granted(review) => plain(review.reopen(by, now), Happened::Reopened),
            Self::Refused(review) => plain(review.reopen(by, now), Happened::Reopened),
            other @ (Self::Draft(_)
            | Self::Submitted(_)
            | Self::ChangesRequested(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Gives up what was opened again.
    pub fn give_up(self, by: &Acting<Write>) -> Result<Done, NotDone> {
        match self {
            Self::Draft(review) => plain(review.give_up(by), Happened::ReopeningEnded),
            other @ (Self::Submitted(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Puts it away. What is in force is not; one that was sent back and is in force goes back to what was granted.
    pub fn archive(self, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Draft(review) => match review.archive(now) {
                Ok(review) => Ok(Done::plain(review, Happened::Archived)),
                Err(_) => Err(NotDone::OutOfTurn(State::Granted)),
            },
            Self::ChangesRequested(review) => Ok(match review.archive(now) {
                Ok(review) => Done::plain(review, Happened::Archived),
                Err(granted) => Done::plain(granted, Happened::ReopeningEnded),
            }),
            Self::Refused(review) => Ok(Done::plain(review.archive(now), Happened::Archived)),
            Self::Revoked(review) => Ok(Done::plain(review.archive(now), Happened::Archived)),
            other @ (Self::Submitted(_) | Self::Granted(_) | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Notes what a reviewer made of a point.
    pub fn look(self, by: &Acting<Instruct>, point: Point, mark: Mark) -> Result<Done, NotDone> {
        match self {
            Self::Submitted(review) => plain(review.look(by, point, mark), Happened::LookedAt),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Who agreed first, and waits for a second.
    pub fn first(&self) -> Option<&Approval> {
        match self {
            Self::Submitted(review) => review.step().first.as_ref(),
            Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_) => None,
        }
    }

    /// The same without the first agreement: who gave it may not agree any more.
    #[must_use]
    pub fn without_first(self) -> Self {
        match self {
            Self::Submitted(review) => Self::Submitted(review.without_first()),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => other,
        }
    }

    /// The same with what the bench says of its site at this moment.
    #[must_use]
    pub fn homologated(self, passed: Option<Passed>) -> Self {
        match self {
            Self::Submitted(review) => Self::Submitted(review.homologated(passed)),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => other,
        }
    }

    /// Does without the bench, for a reason.
    pub fn waive(self, by: &Acting<Instruct>, reason: Reason, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Submitted(review) => plain(review.waive(by, reason, now), Happened::LookedAt),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Agrees.
    pub fn approve(self, by: &Acting<Instruct>, id: HabilitationId, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Submitted(review) => Ok(match review.approve(by, id, now).map_err(refused)? {
                Approved::Once(review) => Done::plain(review, Happened::ApprovedOnce),
                Approved::Granted(review, grant) => {
                    Done { effect: Effect::Granted(grant), ..Done::plain(review, Happened::Granted) }
                }
            }),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Sends it back.
    pub fn request_changes(self, by: &Acting<Instruct>, reason: Reason, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Submitted(review) => plain(review.request_changes(by, reason, now), Happened::ChangesRequested),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Refuses it.
    pub fn refuse(self, by: &Acting<Instruct>, reason: Reason, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Submitted(review) => Ok(match review.refuse(by, reason, now).map_err(refused)? {
                Denied::Refused(review) => Done::plain(review, Happened::Refused),
                Denied::Kept(review) => Done::plain(review, Happened::ReopeningEnded),
            }),
            other @ (Self::Draft(_)
            | Self::ChangesRequested(_)
            | Self::Granted(_)
            | Self::Refused(_)
            | Self::Revoked(_)
            | Self::Archived(_)) => Err(other.out_of_turn()),
        }
    }

    /// Takes back what was granted, whether or not the request is open again.
    pub fn revoke(self, by: &Acting<Revoke>, reason: Reason, now: Timestamp) -> Result<Done, NotDone> {
        let Some(habilitation) = self.about().granted.as_ref().map(|granted| granted.habilitation.clone()) else {
            return Err(NotDone::OutOfTurn(self.state()));
        };
        let revoked = match self {
            Self::Granted(review) => review.revoke(by, reason, now).map_err(refused)?,
            Self::Draft(review) => review.revoke(by, reason, now).map_err(refused)?,
            Self::Submitted(review) => review.revoke(by, reason, now).map_err(refused)?,
            Self::ChangesRequested(review) => review.revoke(by, reason, now).map_err(refused)?,
            other @ (Self::Refused(_) | Self::Revoked(_) | Self::Archived(_)) => return Err(other.out_of_turn()),
        };
        Ok(Done { effect: Effect::Revoked(habilitation), ..Done::plain(revoked, Happened::Revoked) })
    }

    const fn out_of_turn(&self) -> NotDone {
        NotDone::OutOfTurn(self.state())
    }
}
