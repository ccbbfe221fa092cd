//! Where the runs are while they last: in this process for the command line, in the registry for a gateway, whose nodes
//! must all know them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::bench::provider::Provider;
use domain::id::BenchRunId;
use store::StoreError;
use store::registry::{Changed, Registry};

use crate::clock::Clock;
use crate::random::Random;

/// How often a change is tried again that somebody else overtook: the driver and the site act on one run.
const TRIES: usize = 16;

/// The runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    place: Place,
    /// The clock.
    pub(crate) clock: Clock,
    /// Randomness.
    pub(crate) random: Random,
    /// How long a silent endpoint is silent.
    pub(crate) silence: Duration,
}

/// A closed set: a run of one process, or those of all nodes.
#[derive(Debug, Clone)]
enum Place {
    Here(Arc<Mutex<(BenchRunId, Provider)>>),
    Registry(Registry),
}

/// A run cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRun {
    /// It is over, or never was.
    #[error("the run is over, or never was")]
    Over,
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others kept changing it.
    #[error("others kept changing the run")]
    Contended,
}

impl Rooms {
    /// The one run of this process.
    pub(crate) fn here(
        id: BenchRunId,
        provider: Provider,
        (clock, random): (Clock, Random),
        silence: Duration,
    ) -> Self {
        Self { place: Place::Here(Arc::new(Mutex::new((id, provider)))), clock, random, silence }
    }

    /// The runs in a registry.
    pub(crate) fn of(registry: Registry, (clock, random): (Clock, Random), silence: Duration) -> Self {
        Self { place: Place::Registry(registry), clock, random, silence }
    }

    /// Has the provider of a run do something, and keeps what became of it. `act` may be asked again: of two who change a
    /// run at once the second starts from what the first left.
    pub(crate) async fn with<T>(&self, run: &BenchRunId, mut act: impl FnMut(&mut Provider) -> T) -> Result<T, NoRun> {
        let now = self.clock.now();
        match &self.place {
            Place::Here(held) => {
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                let (id, provider) = &mut *held;
                if id != run || provider.ends().is_past(now) { Err(NoRun::Over) } else { Ok(act(provider)) }
            }
            Place::Registry(registry) => {
                for _ in 0..TRIES {
                    let found = registry.bench_working(run, now).await?;
                    let (mut working, version) = found.ok_or(NoRun::Over)?;
                    let done = act(&mut working.provider);
                    match registry.keep_bench_working(run, (&working, version), now).await? {
                        Changed::Done => return Ok(done),
                        Changed::Lost => {}
                    }
                }
                Err(NoRun::Contended)
            }
        }
    }

    /// Looks at the provider of a run.
    pub(crate) async fn look<T>(&self, run: &BenchRunId, see: impl FnOnce(&Provider) -> T) -> Result<T, NoRun> {
        let now = self.clock.now();
        match &self.place {
            Place::Here(held) => {
                let held = held.lock().unwrap_or_else(PoisonError::into_inner);
                let (id, provider) = &*held;
                if id != run || provider.ends().is_past(now) { Err(NoRun::Over) } else { Ok(see(provider)) }
            }
            Place::Registry(registry) => {
                let (working, _) = registry.bench_working(run, now).await?.ok_or(NoRun::Over)?;
                Ok(see(&working.provider))
            }
        }
    }
}
