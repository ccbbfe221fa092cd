//! What is looked after while the gateway serves, beside the requests.
//!
//! | every | what |
//! |---|---|
//! | hour | sign-ins that were finished are forgotten, retired keys erased; where the journal ends is logged |
//! | 5 minutes | an outbox that stands still is told |

use std::time::Duration;

use domain::keys::{KeyLife, KeyState, states};
use domain::notice::Notice;
use domain::oidc::backchannel::SessionEnded;
use domain::time::Timestamp;
use store::StoreError;
use store::registry::{Backlog, Registry, Updated};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// Between two rounds of what only grows slowly.
const ROUND: Duration = Duration::from_hours(1);
/// Between two looks at the outbox.
const LOOK: Duration = Duration::from_mins(5);
/// A notice that waits for longer is told of, in seconds.
const PATIENCE: i64 = 600;
/// How long a retired key is still kept, in seconds: clocks differ, and an operator may want to see it gone first.
const KEPT_RETIRED: i64 = 86_400;

/// Keeps house until `stop`; the first round comes at once.
pub(super) async fn keep(registry: Registry, clock: Clock, stop: CancellationToken) {
    let (mut round, mut look) = (interval(ROUND), interval(LOOK));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = round.tick() => clean(&registry, clock.now()).await,
            _ = look.tick() => look_at_outbox(&registry, clock.now()).await,
        }
    }
}

async fn clean(registry: &Registry, now: Timestamp) {
    if let Err(error) = registry.forget_finished(now).await {
        tracing::warn!(%error, "finished sign-ins could not be forgotten");
    }
    if let Err(error) = erase_retired(registry, now).await {
        tracing::warn!(%error, "retired keys could not be erased");
    }
    // Kept where the database cannot be written, it shows a registry that was put back (decisions/0008).
    match registry.journal_head().await {
        Ok(head) => tracing::info!(%head, "the journal ends here"),
        Err(error) => tracing::error!(%error, "where the journal ends cannot be told"),
    }
}

/// Erases the keys that were retired a day ago already.
async fn erase_retired(registry: &Registry, now: Timestamp) -> Result<(), StoreError> {
    let lives: Vec<KeyLife> = registry.keys().await?.into_iter().map(|kept| kept.life).collect();
    let then = Timestamp::from_epoch(now.epoch().saturating_sub(KEPT_RETIRED));
    for (life, state) in lives.iter().zip(states(&lives, then)) {
        if state == KeyState::Retired && registry.erase_key(&life.kid).await? == Updated::Done {
            tracing::info!(kid = life.kid.as_str(), "a retired signing key was erased");
        }
    }
    Ok(())
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
    use std::sync::Arc;

    use domain::id::Kid;
    use domain::jose::{SigningAlgorithm, SigningKey};
    use domain::keys::KEEP_PUBLISHED;
    use domain::time::Lifetime;
    use store::ephemeral::Put;
    use store::registry::{KeptKey, Location};
    use store::seal::Vault;
    use tempfile::TempDir;

    use super::*;
    use crate::random::Random;

    const START: Timestamp = Timestamp::from_epoch(1_800_000_000);

    async fn registry() -> (Registry, TempDir) {
        let folder = TempDir::new().expect("a folder");
        let vault = Arc::new(Vault::new(&Random::system().bytes()));
        let location = Location::Sqlite(folder.path().join("registry.sqlite"));
        (Registry::migrate(&location, vault).await.expect("a registry"), folder)
    }

    async fn lives(registry: &Registry) -> Vec<KeyLife> {
        registry.keys().await.expect("read").into_iter().map(|kept| kept.life).collect()
    }

    async fn kids(registry: &Registry) -> Vec<String> {
        lives(registry).await.iter().map(|life| life.kid.to_string()).collect()
    }

    async fn make(registry: &Registry, kid: &str, signs_from: Timestamp) {
        let (algorithm, kid) = (SigningAlgorithm::Es256, Kid::parse(kid).expect("plain"));
        let key = SigningKey::generate(algorithm, kid.clone()).expect("a key");
        let new = KeptKey { life: KeyLife { kid, algorithm, announced: signs_from, signs_from }, key };
        let put = registry.insert_key(&new, &lives(registry).await, signs_from).await.expect("kept");
        assert_eq!(put, Put::Fresh);
    }

    #[tokio::test]
    async fn a_key_is_erased_a_day_after_it_was_retired_and_never_before() {
        let (registry, _folder) = registry().await;
        make(&registry, "first", START).await;
        let replaced = START.plus(Lifetime::seconds(1000));
        make(&registry, "second", replaced).await;
        make(&registry, "third", replaced.plus(Lifetime::seconds(1000))).await;

        let erased = replaced.plus(KEEP_PUBLISHED).plus(Lifetime::seconds(86_400));
        clean(&registry, Timestamp::from_epoch(erased.epoch() - 1)).await;
        assert_eq!(kids(&registry).await, ["first", "second", "third"]);
        clean(&registry, erased).await;
        assert_eq!(kids(&registry).await, ["second", "third"]);
        clean(&registry, erased.plus(Lifetime::seconds(10_000_000))).await;
        assert_eq!(kids(&registry).await, ["third"], "the key that signs stays however old it is");
    }

    #[test]
    fn notices_are_told_of_after_ten_minutes() {
        let after =
            |seconds| overdue(Backlog { waiting: 1, oldest: Some(START) }, START.plus(Lifetime::seconds(seconds)));
        assert_eq!((after(0), after(600), after(601)), (None, None, Some(601)));
        assert_eq!(overdue(Backlog { waiting: 0, oldest: None }, START), None);
    }
}
