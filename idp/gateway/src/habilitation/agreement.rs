//! What an agreement rests on besides the request itself, as it is at the moment it is given: that who agreed first still may,
//! and that the bench passed on every host, or a reviewer's reason to do without. The same on pages, by the admin API and at
//! the command line.

use domain::habilitation::acting::{Acting, Author, Instruct};
use domain::habilitation::acts::{Done, NotDone};
use domain::habilitation::any::AnyReview;
use domain::habilitation::homologation::Passed;
use domain::habilitation::review::Reason;
use domain::id::HabilitationId;
use domain::partners::organisation::Organisation;
use domain::partners::permission::{About, ApproveRequests, Own};
use domain::time::Timestamp;
use store::StoreError;
use store::registry::Registry;

use crate::bench::request::Benched;

/// What is known at one moment.
#[derive(Debug)]
pub(crate) struct Agreement {
    first_stands: bool,
    passed: Option<Passed>,
    without: Option<Reason>,
    now: Timestamp,
}

impl Agreement {
    /// Of nothing: nobody agreed before, the bench said nothing.
    pub(crate) const fn alone(now: Timestamp) -> Self {
        Self { first_stands: false, passed: None, without: None, now }
    }

    /// What is known of a request.
    pub(crate) async fn of(
        registry: &Registry,
        (review, organisation): (&AnyReview, &Organisation),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let first_stands = first_stands((registry, now), review, organisation).await?;
        let passed = Benched::of(registry, review, now).await?.covered.ok();
        Ok(Self { first_stands, passed, without: None, now })
    }

    /// The same with a reason to do without the bench, which counts where the bench did not pass.
    pub(crate) fn without_bench(self, without: Option<Reason>) -> Self {
        Self { without, ..self }
    }

    /// Agrees.
    pub(crate) fn give(self, review: AnyReview, by: &Acting<Instruct>, id: HabilitationId) -> Result<Done, NotDone> {
        let review = if self.first_stands { review } else { review.without_first() };
        let review = match self.without.filter(|_| self.passed.is_none()) {
            Some(reason) => review.waive(by, reason, self.now)?.review,
            None => review.homologated(self.passed),
        };
        review.approve(by, id, self.now)
    }
}

/// Whether who agreed first may still agree: in their role, and of another organisation; of a program, while it counts and who
/// answers for it may.
async fn first_stands(
    (registry, now): (&Registry, Timestamp),
    review: &AnyReview,
    organisation: &Organisation,
) -> Result<bool, StoreError> {
    let Some(first) = review.first() else { return Ok(true) };
    let about = About::Organisation(organisation);
    Ok(match &first.by {
        Author::Partner(first) => {
            let held = registry.partner(first).await?.map(|partner| partner.may(ApproveRequests, about));
            held.is_some_and(|held| held.is_ok_and(|held| held.own() == Own::Another))
        }
        Author::Token(machine) => {
            let issuer = match &machine.issuer {
                Some(issuer) => registry.partner(issuer).await?,
                None => None,
            };
            let kept = registry.admin_token(&machine.token).await?;
            kept.is_some_and(|kept| {
                let held =
                    kept.token.standing(now).ok().map(|token| token.may(ApproveRequests, about, issuer.as_ref()));
                held.is_some_and(|held| held.is_ok_and(|held| held.own() == Own::Another))
            })
        }
        Author::Operator | Author::Platform | Author::Clock => true,
    })
}
