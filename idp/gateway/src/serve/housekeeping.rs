//! What is looked after while the gateway serves, beside the requests.
//!
//! | every | what |
//! |---|---|
//! | hour | sign-ins that were finished, and invitations that nobody took, are forgotten; closed identities and cases that
//! |  | ended a month ago are erased, as are runs of the bench, and calls of webhooks after three months; reports to communes that are due go out, and warnings before |
//! |  | secrets, certificates and habilitations end; drafts are remembered to their writers, what was sent back and left is put away; organisations that nothing proves are given back; where the journal ends is logged |
//! | 5 seconds | what was counted of services is brought to the registry |
//! | minute | the latest moment that was seen is kept, and a clock behind it is told; signing keys are made when they are due, their lives journalled, the retired erased |
//! | 5 minutes | an outbox that stands still is told; cases at desks that were left for an hour end |

use std::time::Duration;

use domain::habilitation::figures::Day;
use domain::notice::Notice;
use domain::oidc::backchannel::SessionEnded;
use domain::time::Timestamp;
use store::registry::{Backlog, Registry};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::app::Shared;
use crate::clock::Clock;
use crate::credentials;
use crate::figures;
use crate::habilitation::deadlines;
use crate::indicators::report;
use crate::keys::{Keyholder, rotation};
use crate::random::Random;
use crate::services::deadlines as expiry;

/// Between two rounds of what only grows slowly.
const ROUND: Duration = Duration::from_hours(1);
/// Between two looks at the signing keys.
const KEYS: Duration = Duration::from_mins(1);
/// Between two looks at the outbox.
const LOOK: Duration = Duration::from_mins(5);
/// A notice that waits for longer is told of, in seconds.
const PATIENCE: i64 = 600;
/// How long the calls of webhooks are kept, which name people: three months, in seconds.
const CALLS_KEPT: i64 = 90 * 86_400;

/// What is kept in order, and with what.
pub(super) struct House {
    pub(super) registry: Registry,
    pub(super) holder: Keyholder,
    pub(super) random: Random,
    pub(super) clock: Clock,
    /// Where the public figures are.
    pub(super) everyone: String,
    pub(super) app: Shared,
}

impl House {
    /// Keeps house until `stop`; the first round comes at once.
    pub(super) async fn keep(self, stop: CancellationToken) {
        let (mut round, mut keys, mut look) = (interval(ROUND), interval(KEYS), interval(LOOK));
        let mut figures = interval(figures::ROUND);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = round.tick() => {
                    clean(&self.registry, self.clock.now()).await;
                    self.report().await;
                    self.warn_of_secrets().await;
                    self.release_organisations().await;
                    self.settle_requests().await;
                    self.warn_of_deadlines().await;
                }
                _ = figures.tick() => self.bring_figures().await,
                _ = keys.tick() => {
                    look_at_clock(&self.registry, &self.clock).await;
                    self.look_after_keys().await;
                }
                _ = look.tick() => {
                    look_at_outbox(&self.registry, self.clock.now()).await;
                    self.end_cases().await;
                }
            }
        }
    }

    /// To communes, every second Monday.
    async fn report(&self) {
        match report::send_due(&self.registry, &self.everyone, self.clock.now()).await {
            Ok(0) => {}
            Ok(mails) => tracing::info!(mails, "communes are told how their desks did"),
            Err(error) => tracing::warn!(%error, "the reports to communes could not be made"),
        }
    }

    /// Before the end of a secret, to its relying party.
    async fn warn_of_secrets(&self) {
        match credentials::warn_due(&self.registry, self.clock.now()).await {
            Ok(0) => {}
            Ok(mails) => {
                tracing::info!(mails, "relying parties are told that a secret ends");
                self.app.mail_waiting.notify_one();
            }
            Err(error) => tracing::warn!(%error, "warnings before the end of secrets could not be made"),
        }
    }

    /// Organisations that nothing proves, and that nobody works on.
    async fn release_organisations(&self) {
        if let Err(error) = crate::partners::release::release_idle(&self.app).await {
            tracing::warn!(%error, "organisations that nothing proves could not be given back");
        }
    }

    /// Before the end of habilitations and certificates, and of keys that are old.
    async fn warn_of_deadlines(&self) {
        let space = self.app.partners.as_ref().map(|space| space.origin.as_str());
        match expiry::warn_due(&self.registry, space, self.clock.now()).await {
            Ok(0) => {}
            Ok(mails) => {
                tracing::info!(mails, "services are told of what ends");
                self.app.mail_waiting.notify_one();
            }
            Err(error) => tracing::warn!(%error, "warnings before the end of habilitations could not be made"),
        }
    }

    /// Requests that nobody goes on with.
    async fn settle_requests(&self) {
        match deadlines::settle(&self.app).await {
            Ok(0) => {}
            Ok(requests) => tracing::info!(requests, "writers are told of requests that were left"),
            Err(error) => tracing::warn!(%error, "requests that were left could not be looked after"),
        }
    }

    async fn bring_figures(&self) {
        if let Err(error) = self.app.figures.bring(&self.registry).await {
            tracing::warn!(%error, "the figures of services wait: the registry did not take them");
        }
    }

    async fn end_cases(&self) {
        if let Err(error) = crate::desk::keep::lapse(&self.app).await {
            tracing::warn!(%error, "cases at desks that were left could not be ended");
        }
    }

    async fn look_after_keys(&self) {
        let done = rotation::look_after(&self.registry, &self.holder, self.random, &self.clock).await;
        if let Err(error) = done {
            tracing::warn!(error = format!("{error:#}"), "the signing keys could not be looked after");
        }
    }
}

/// Keeps the moment where it is the latest that any node has seen.
pub(crate) async fn look_at_clock(registry: &Registry, clock: &Clock) {
    match registry.see_time(clock.now()).await {
        // What is kept counts, also where an operator took it back; this moment counts in any case.
        Ok(latest) => clock.take_back(latest.max(clock.now())),
        Err(error) => tracing::warn!(%error, "the latest moment that was seen could not be kept"),
    }
    if let Err(back) = clock.check() {
        tracing::error!(%back, "the clock went back: nobody signs in by card until it is right");
    }
}

async fn clean(registry: &Registry, now: Timestamp) {
    if let Err(error) = registry.forget_finished(now).await {
        tracing::warn!(%error, "finished sign-ins could not be forgotten");
    }
    if let Err(error) = registry.forget_invitations(now).await {
        tracing::warn!(%error, "invitations that nobody took could not be forgotten");
    }
    if let Err(error) = registry.forget_partner_invitations(now).await {
        tracing::warn!(%error, "invitations of partners that nobody took could not be forgotten");
    }
    if let Err(error) = registry.forget_partner_sessions(now).await {
        tracing::warn!(%error, "sessions of partners that are over could not be forgotten");
    }
    if let Err(error) = registry.erase_bench_runs(now).await {
        tracing::warn!(%error, "runs of the homologation bench could not be erased");
    }
    if let Err(error) = registry.forget_figures(Day::of(now)).await {
        tracing::warn!(%error, "old figures of services could not be forgotten");
    }
    if let Err(error) = registry.erase_cases(now).await {
        tracing::warn!(%error, "cases that ended a month ago could not be erased");
    }
    if let Err(error) = registry.erase_closed_identities(now).await {
        tracing::warn!(%error, "identities that were closed a month ago could not be erased");
    }
    if let Err(error) = registry.erase_webhook_calls(Timestamp::from_epoch(now.epoch() - CALLS_KEPT)).await {
        tracing::warn!(%error, "old calls of webhooks could not be erased");
    }
    if let Err(error) = registry.forget_platform_messages(now).await {
        tracing::warn!(%error, "messages of DataPass could not be forgotten");
    }
    // Kept where the database cannot be written, it shows a registry that was put back (decisions/0008).
    match registry.journal_head().await {
        Ok(head) => tracing::info!(%head, "the journal ends here"),
        Err(error) => tracing::error!(%error, "where the journal ends cannot be told"),
    }
}

async fn look_at_outbox(registry: &Registry, now: Timestamp) {
    match registry.backlog::<Notice>().await {
        Ok(backlog) => {
            if let Some(seconds) = overdue(backlog, now) {
                tracing::warn!(waiting = backlog.waiting, seconds, "notices wait for long: is the mail server up?");
            }
        }
        Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
    }
    match registry.backlog::<SessionEnded>().await {
        Ok(backlog) => {
            if let Some(seconds) = overdue(backlog, now) {
                tracing::warn!(waiting = backlog.waiting, seconds, "relying parties wait to be told of a logout");
            }
        }
        Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
    }
}

/// For how many seconds the oldest notice has waited, when that is too long.
fn overdue(backlog: Backlog, now: Timestamp) -> Option<i64> {
    backlog.oldest.map(|oldest| now.seconds_since(oldest)).filter(|waited| *waited > PATIENCE)
}

#[cfg(test)]
mod tests {
    use domain::time::Lifetime;

    use super::*;

    const START: Timestamp = Timestamp::from_epoch(1_800_000_000);

    #[test]
    fn notices_are_told_of_after_ten_minutes() {
        let after =
            |seconds| overdue(Backlog { waiting: 1, oldest: Some(START) }, START.plus(Lifetime::seconds(seconds)));
        assert_eq!((after(0), after(600), after(601)), (None, None, Some(601)));
        assert_eq!(overdue(Backlog { waiting: 0, oldest: None }, START), None);
    }
}
