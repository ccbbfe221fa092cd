//! What services are told of their sign-ins: counted here, kept by the registry (decisions/0037).
//!
//! ```text
//!  a sign-in ── count ──▶ a tally in memory ── every few seconds, at the end, before a page ──▶ registry
//! ```
//!
//! A sign-in takes a lock that nobody holds for longer than an addition: it waits for no engine. A crash loses what was
//! counted since the last round; the journal, which accounts for sign-ins, loses nothing.

pub(crate) mod file;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::habilitation::figures::{Day, Figure, Period, Reason, ServiceFigures, Tally};
use domain::id::{ClientId, ProviderId};
use domain::level::Level;
use domain::time::Timestamp;
use store::StoreError;
use store::registry::Registry;

/// Between two rounds that bring to the registry what was counted.
pub(crate) const ROUND: Duration = Duration::from_secs(5);
/// As many lines go in one transaction: on SQLite, sign-ins stand behind it.
const PORTION: usize = 200;

/// What this node counted.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    tally: Mutex<Tally>,
    bringing: tokio::sync::Mutex<()>,
}

impl Counter {
    /// Counts that something happened at a service.
    pub(crate) fn count(&self, client: &ClientId, figure: Figure, now: Timestamp) {
        self.hold(|tally| tally.count(client, Day::of(now), figure));
    }

    /// Counts that something did not go on.
    pub(crate) fn failed(&self, client: &ClientId, reason: impl Into<Reason>, now: Timestamp) {
        self.count(client, Figure::Failed(reason.into()), now);
    }

    /// Counts a sign-in that came to its end.
    pub(crate) fn finished(&self, client: &ClientId, (level, provider): (Level, &ProviderId), now: Timestamp) {
        let figures = [Figure::Finished, Figure::Level(level), Figure::Provider(provider.clone())];
        self.hold(|tally| figures.into_iter().for_each(|figure| tally.count(client, Day::of(now), figure)));
    }

    /// Brings to the registry what was counted. What it does not take is kept for the next time; where it fails at the
    /// commit itself, one portion may count twice.
    pub(crate) async fn bring(&self, registry: &Registry) -> Result<(), StoreError> {
        // One at a time: who comes second finds brought what was counted before they came.
        let _alone = self.bringing.lock().await;
        let mut whole = self.hold(std::mem::take);
        while !whole.is_empty() {
            let portion = whole.take(PORTION);
            if let Err(error) = registry.add_figures(&portion).await {
                self.hold(|tally| {
                    tally.merge(portion);
                    tally.merge(whole);
                });
                return Err(error);
            }
        }
        Ok(())
    }

    fn hold<T>(&self, with: impl FnOnce(&mut Tally) -> T) -> T {
        // An addition does not panic half-way: what a panicking thread left is whole.
        with(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a service is told on this day.
pub(crate) async fn told(
    registry: &Registry,
    client: &ClientId,
    period: Period,
    today: Day,
) -> Result<ServiceFigures, StoreError> {
    let lines = registry.figures(client, period.with_whole_months()).await?;
    Ok(ServiceFigures::of(lines, period, today))
}

#[cfg(test)]
#[path = "figures/tests.rs"]
mod tests;
