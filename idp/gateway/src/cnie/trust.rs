//! What cards and codes are judged by: two folders, read at the start and again when they change.
//!
//! ```text
//!  trust/cnie ──▶ store of the files ─┐ each with the signers that were trusted before (KnownSigners)
//!  trust/eid ───▶ store of the codes ─┴▶ CardTrust ◀── follow: every other second, names, sizes and times
//! ```
//!
//! A folder that cannot be read, that holds a simulator's root where none may be, or whose revocation lists went back is
//! not taken: what was trusted before stays, and the log says so until it is put right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chip::certificate::Name;
use chip::moment::Moment;
use chip::trust::{KnownSigners, Number, SIMULATOR, TrustStore, TrustedSigner};
use tokio_util::sync::CancellationToken;

use super::folder;
use crate::clock::Clock;
use crate::config::{Cards, CnieConfig};

/// Between two looks at the folders: far less than the minute within which a revocation takes effect.
const LOOK: Duration = Duration::from_secs(2);
/// Hours before a list's successor is due at which the log begins to say so.
const SOON: u16 = 12;
/// Between two alarms over the same lists.
const ALARM: u64 = 3600;

/// Both stores. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct CardTrust {
    files: Arc<Held>,
    codes: Arc<Held>,
    cards: Cards,
}

/// One store and its folder.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    store: RwLock<Arc<TrustStore>>,
    known: Mutex<Arc<KnownSigners>>,
    highest: Mutex<Highest>,
}

/// The highest number of each issuer's lists that was taken since the start. It outlives the lists: one that was taken away
/// comes back as it was, or newer.
#[derive(Debug, Clone, Default)]
struct Highest(BTreeMap<Name, Number>);

impl Highest {
    /// The same with the lists of a store; none where the newest of an issuer is older than one before.
    fn with(&self, store: &TrustStore) -> Option<Self> {
        let mut newest: BTreeMap<Name, Number> = BTreeMap::new();
        for list in store.lists() {
            let number = newest.entry(list.issuer().clone()).or_insert_with(|| list.number().clone());
            if *number < *list.number() {
                *number = list.number().clone();
            }
        }
        if newest.iter().any(|(issuer, number)| self.0.get(issuer).is_some_and(|highest| number < highest)) {
            return None;
        }
        let mut all = self.0.clone();
        all.extend(newest);
        Some(Self(all))
    }
}

/// Why a folder of roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustFault {
    /// It cannot be read.
    #[error("{path}: {fault:#}")]
    Unreadable {
        /// The folder, or a file in it.
        path: String,
        /// Why.
        fault: anyhow::Error,
    },
    /// It holds no root.
    #[error("{0}: no root is pinned there")]
    NoRoot(String),
    /// It holds a simulator's root.
    #[error(
        "{0}: holds a root of a simulator, whose cards prove nothing: take it out, or on a loopback issuer set `cnie.simulator`"
    )]
    Simulator(String),
    /// A revocation list is older than one before.
    #[error("{0}: a revocation list is older than one that was held before")]
    GoesBack(String),
}

impl CardTrust {
    /// Reads both folders.
    pub(crate) fn open(config: &CnieConfig) -> Result<Self, TrustFault> {
        Ok(Self {
            files: Arc::new(Held::open(&config.trust, config.cards)?),
            codes: Arc::new(Held::open(&config.eid_trust, config.cards)?),
            cards: config.cards,
        })
    }

    /// The store that the files of cards are judged by.
    pub(super) fn files(&self) -> &Held {
        &self.files
    }

    /// The store that the keys behind codes are judged by.
    pub(super) fn codes(&self) -> &Held {
        &self.codes
    }

    /// Whether a signer may be a simulator's, and is.
    pub(super) fn refuses(&self, signer: &TrustedSigner) -> bool {
        self.cards == Cards::Real && signer.has_policy(SIMULATOR)
    }

    /// Follows both folders until `stop`, and says when revocation lists are due.
    pub(crate) async fn follow(&self, clock: &Clock, stop: &CancellationToken) {
        let watched = [&self.files, &self.codes].map(|held| async move {
            let mut seen = folder::state(&held.path);
            let mut alarmed = None;
            let mut tick = tokio::time::interval(LOOK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                self.look(held, &mut seen).await;
                held.alarm(clock, &mut alarmed);
            }
        });
        let _: Option<Vec<std::convert::Infallible>> =
            stop.run_until_cancelled(futures_util::future::join_all(watched)).await;
    }

    /// Reads a folder again if it changed. A change that is not taken is tried again at the next change.
    async fn look(&self, held: &Arc<Held>, seen: &mut State) {
        let (held, cards, before) = (Arc::clone(held), self.cards, seen.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let now = folder::state(&held.path);
            if now != before {
                match held.renew(cards) {
                    Ok(()) => tracing::info!(folder = %held.path.display(), "the roots of cards were read again"),
                    Err(fault) => tracing::error!(%fault, "the roots of cards stay as they were"),
                }
            }
            now
        });
        if let Ok(now) = looked.await {
            *seen = now;
        }
    }
}

/// What a folder looks like.
type State = Vec<(PathBuf, u64, Option<std::time::SystemTime>)>;

impl Held {
    fn open(path: &Path, cards: Cards) -> Result<Self, TrustFault> {
        let store = read(path, cards)?;
        let highest = Highest::default().with(&store).unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            store: RwLock::new(Arc::new(store)),
            known: Mutex::default(),
            highest: Mutex::new(highest),
        })
    }

    /// The store of now.
    pub(super) fn store(&self) -> Arc<TrustStore> {
        Arc::clone(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The signers that were trusted before.
    pub(super) fn known(&self) -> Arc<KnownSigners> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a signer that was trusted.
    pub(super) fn keep(&self, signer: &TrustedSigner) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut known).keep(signer.clone());
    }

    /// Reads the folder again. Numbers of lists never go back (RFC 5280 §5.2.3): an old list would hide a revocation.
    pub(super) fn renew(&self, cards: Cards) -> Result<(), TrustFault> {
        let fresh = read(&self.path, cards)?;
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        *highest = highest.with(&fresh).ok_or_else(|| TrustFault::GoesBack(self.path.display().to_string()))?;
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    /// Says in the log, once an hour, which lists are due or soon will be: past their end no card counts.
    fn alarm(&self, clock: &Clock, alarmed: &mut Option<u64>) {
        let Ok(now) = u64::try_from(clock.now().epoch()) else { return };
        if alarmed.is_some_and(|at| now < at.saturating_add(ALARM)) {
            return;
        }
        let due = self.due(Moment(now));
        if due.is_empty() {
            return;
        }
        *alarmed = Some(now);
        for (issuer, next_update) in due {
            tracing::error!(
                %issuer, next_update = next_update.0, folder = %self.path.display(),
                "a revocation list is due: without its successor no card counts"
            );
        }
    }

    /// The lists whose successor is due within hours, or was.
    pub(super) fn due(&self, now: Moment) -> Vec<(String, Moment)> {
        let store = self.store();
        let ends = store.lists().map(|list| (list.issuer().to_string(), list.updates().1));
        ends.filter(|(_, next_update)| *next_update <= now.plus_hours(SOON)).collect()
    }
}

fn read(path: &Path, cards: Cards) -> Result<TrustStore, TrustFault> {
    let shown = || path.display().to_string();
    let store = folder::open(path, None).map_err(|fault| TrustFault::Unreadable { path: shown(), fault })?;
    if store.anchors().is_empty() {
        return Err(TrustFault::NoRoot(shown()));
    }
    if cards == Cards::Real && store.has_policy(SIMULATOR) {
        return Err(TrustFault::Simulator(shown()));
    }
    Ok(store)
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
