//! What another platform decided, which had reviewers of its own: the request here follows, from wherever it is.
//!
//! A decision is taken by whoever read a signed message of that platform (`datapass::Message::read`), and by nobody else.

use std::collections::BTreeSet;

use super::{About, Approval, Decision, Draft, Grant, Granted, Grantee, Happened, Reason, Refused, Review, TERM};
use crate::claims::scopes::Scope;
use crate::habilitation::acting::{Acting, Author, Revoke, Write};
use crate::habilitation::acts::{Done, Effect, NotDone};
use crate::habilitation::any::{AnyReview, State};
use crate::habilitation::complete::Terms;
use crate::habilitation::form::Form;
use crate::id::{HabilitationId, HabilitationRequestId};
use crate::level::Level;
use crate::organisation::siret::Siret;
use crate::partners::lineage::Lineage;
use crate::time::Timestamp;

/// What another platform decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// It was granted.
    Granted(Box<Wording>),
    /// It was refused.
    Refused(Reason),
    /// What was granted was taken back.
    Revoked(Reason),
    /// It was opened again: what was granted stays.
    Reopened,
    /// That was given up.
    ReopeningEnded,
    /// It was put away.
    Archived,
}

/// What another platform granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// For whom.
    pub organisation: Siret,
    /// What was written there, as far as it has a place here.
    pub form: Form,
    /// The scopes, `openid` among them.
    pub scopes: BTreeSet<Scope>,
    /// The highest level it may ask for.
    pub level: Level,
}

impl Review<Draft> {
    /// A request that was begun and written on another platform.
    pub fn begun_elsewhere(id: HabilitationRequestId, organisation: Siret, now: Timestamp) -> Self {
        let about = About {
            id,
            organisation,
            applicant: Author::Platform,
            opened: now,
            writers: BTreeSet::new(),
            submissions: 0,
            granted: None,
        };
        Self { about, form: Form::default(), step: Draft { touched: now } }
    }
}

impl<S> Review<S> {
    fn granted_elsewhere(mut self, wording: &Wording, id: HabilitationId, now: Timestamp) -> (Review<Granted>, Grant) {
        let replaces = self.about.granted.take().map(|granted| granted.habilitation);
        // Without addresses no service is made of it: they are asked for here.
        let terms = Terms::read(&wording.form).ok();
        let grant = Grant {
            id: id.clone(),
            request: self.about.id.clone(),
            organisation: self.about.organisation,
            title: wording.form.get(crate::habilitation::field::Field::Title).to_owned(),
            scopes: wording.scopes.clone(),
            level: wording.level,
            redirects: terms.as_ref().map(|terms| terms.redirects().to_vec()).unwrap_or_default(),
            logout_redirects: terms.map(|terms| terms.logout_redirects().to_vec()).unwrap_or_default(),
            from: now,
            until: now.plus(TERM),
            replaces,
            homologation: None,
        };
        self.form = wording.form.clone();
        self.about.granted = Some(Grantee { habilitation: id, form: self.form.clone(), at: now });
        let approvals = vec![Approval { by: Author::Platform, at: now, lineage: Lineage::none() }];
        (self.to(Granted { approvals }), grant)
    }

    fn refused_elsewhere(self, reason: Reason, now: Timestamp) -> Result<Review<Granted>, Review<Refused>> {
        let decision = Decision { by: Author::Platform, at: now, reason };
        self.restored().map_err(|review| review.to(Refused { decision }))
    }
}

/// One request, whatever step it is at that can still be decided on.
macro_rules! at_any_step {
    ($any:expr, $review:ident => $then:expr) => {
        match $any {
            AnyReview::Draft($review) => $then,
            AnyReview::Submitted($review) => $then,
            AnyReview::ChangesRequested($review) => $then,
            AnyReview::Granted($review) => $then,
            AnyReview::Refused($review) => $then,
            AnyReview::Revoked($review) => $then,
            AnyReview::Archived(_) => return Err(NotDone::OutOfTurn(State::Archived)),
        }
    };
}

impl AnyReview {
    /// Follows what another platform decided. [`NotDone::OutOfTurn`] where nothing follows from where the request is.
    pub fn decided_elsewhere(self, decision: Elsewhere, id: HabilitationId, now: Timestamp) -> Result<Done, NotDone> {
        match decision {
            Elsewhere::Granted(wording) if wording.organisation != self.about().organisation => {
                Err(NotDone::Refused(super::Refusal::OtherOrganisation))
            }
            // What was taken back stays so, here as there: whoever wants it again asks anew.
            Elsewhere::Granted(_) if self.state() == State::Revoked => Err(NotDone::OutOfTurn(State::Revoked)),
            Elsewhere::Granted(wording) => {
                let (review, grant) = at_any_step!(self, review => review.granted_elsewhere(&wording, id, now));
                Ok(Done {
                    review: review.into(),
                    happened: Happened::Granted,
                    effect: Effect::Granted(Box::new(grant)),
                })
            }
            Elsewhere::Refused(reason) => {
                self.is_open()?;
                let decided = at_any_step!(self, review => review.refused_elsewhere(reason, now));
                Ok(match decided {
                    Ok(kept) => plain(kept, Happened::ReopeningEnded),
                    Err(refused) => plain(refused, Happened::Refused),
                })
            }
            Elsewhere::ReopeningEnded => {
                self.is_open()?;
                let state = self.state();
                let kept = at_any_step!(self, review => review.restored().map_err(|_| NotDone::OutOfTurn(state))?);
                Ok(plain(kept, Happened::ReopeningEnded))
            }
            Elsewhere::Revoked(reason) => self.revoke(&Acting::<Revoke>::platform(), reason, now),
            Elsewhere::Reopened => self.reopen(&Acting::<Write>::platform(), now),
            Elsewhere::Archived => self.archive(now),
        }
    }

    /// Only what is before somebody can be refused or given up.
    fn is_open(&self) -> Result<(), NotDone> {
        match self {
            Self::Draft(_) | Self::Submitted(_) | Self::ChangesRequested(_) => Ok(()),
            Self::Granted(_) | Self::Refused(_) | Self::Revoked(_) | Self::Archived(_) => {
                Err(NotDone::OutOfTurn(self.state()))
            }
        }
    }
}

fn plain(review: impl Into<AnyReview>, happened: Happened) -> Done {
    Done { review: review.into(), happened, effect: Effect::None }
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
