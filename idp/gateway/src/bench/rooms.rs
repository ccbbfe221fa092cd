//! Where the runs are while they last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::bench::provider::{Provider, Registered};
use domain::id::BenchRunId;
use domain::jose::KeyError;

use crate::clock::Clock;
use crate::random::Random;

/// The most runs at once: each holds keys, and a site to drive.
const MOST_RUNS: usize = 32;

/// The runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    runs: Arc<Mutex<HashMap<BenchRunId, Provider>>>,
    /// The clock.
    pub(crate) clock: Clock,
    /// Randomness.
    pub(crate) random: Random,
    /// How long a silent endpoint is silent.
    pub(crate) silence: Duration,
}

/// A run could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// There are too many.
    #[error("too many runs of the bench at once: again in an hour at the latest")]
    TooMany,
    /// Its keys could not be made.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

impl Rooms {
    /// Room for runs.
    pub(crate) fn new(clock: Clock, random: Random, silence: Duration) -> Self {
        Self { runs: Arc::default(), clock, random, silence }
    }

    /// Opens a run below an origin.
    pub(crate) fn open(&self, origin: &str, registered: Registered) -> Result<BenchRunId, NotOpened> {
        let now = self.clock.now();
        let id = BenchRunId::from_random(self.random.bytes());
        let issuer = format!("{origin}/banc/{id}");
        // Made before the lock is held: RSA keys take their time.
        let provider = Provider::open(&issuer, registered, &self.random.bytes(), now)?;
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, run| !run.ends().is_past(now));
        if runs.len() >= MOST_RUNS {
            return Err(NotOpened::TooMany);
        }
        runs.insert(id.clone(), provider);
        Ok(id)
    }

    /// Has the provider of a run do something; nothing when the run is over.
    pub(crate) fn with<T>(&self, run: &BenchRunId, act: impl FnOnce(&mut Provider) -> T) -> Option<T> {
        let now = self.clock.now();
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get_mut(run).filter(|provider| !provider.ends().is_past(now)).map(act)
    }
}
