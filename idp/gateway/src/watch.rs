//! What every request reads and few acts change: clients with what they were granted, switches, and signing keys. Kept in memory, and read anew within a
//! second of a change on any node.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::client::Registered;
use domain::habilitation::switches::Switches;
use domain::id::ClientId;
use domain::oidc::resource::Resource;
use store::StoreError;
use store::registry::{Changes, Registry};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::keys::{KeyRing, Keyholder};

type Clients = HashMap<ClientId, Arc<Registered>>;

/// The clients and keys, as last read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Watched {
    clients: Arc<RwLock<Arc<Clients>>>,
    switches: Arc<RwLock<Arc<Switches>>>,
    keys: Arc<RwLock<Arc<KeyRing>>>,
    /// What was counted before the first read.
    first: Changes,
}

impl Watched {
    /// Reads everything once.
    pub(crate) async fn read(registry: &Registry, holder: &Keyholder, clock: &Clock) -> Result<Self, StoreError> {
        // Before: what is written meanwhile is read once more.
        let first = registry.changes().await?;
        Ok(Self {
            first,
            clients: Arc::new(RwLock::new(Arc::new(clients(registry).await?))),
            switches: Arc::new(RwLock::new(Arc::new(registry.switches().await?))),
            keys: Arc::new(RwLock::new(Arc::new(keys(registry, holder, clock).await?))),
        })
    }

    /// A client.
    pub(crate) fn client(&self, id: &ClientId) -> Option<Arc<Registered>> {
        current(&self.clients).get(id).cloned()
    }

    /// The data providers at a resource, in the order of their ids. An operator registers one; during a change of hands
    /// there may be two.
    pub(crate) fn data_providers(&self, resource: &Resource) -> Vec<Arc<Registered>> {
        let clients = current(&self.clients);
        let mut found: Vec<_> =
            clients.values().filter(|found| found.client.data_provider.as_ref() == Some(resource)).cloned().collect();
        found.sort_by(|a, b| a.client.id.as_str().cmp(b.client.id.as_str()));
        found
    }

    /// What is switched off.
    pub(crate) fn switches(&self) -> Arc<Switches> {
        current(&self.switches)
    }

    /// The keys.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        current(&self.keys)
    }

    /// Looks for changes four times a second until the gateway stops. A registry that does not answer leaves what was read
    /// last in force.
    pub(crate) async fn follow(self, registry: Registry, holder: Keyholder, clock: Clock, stop: CancellationToken) {
        let mut seen = self.first;
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            // Dates move on without the registry.
            if self.keys().is_due() {
                replace(&self.keys, self.keys().moved_on());
            }
            if let Err(error) = self.refresh(&registry, &holder, &clock, &mut seen).await {
                tracing::warn!(%error, "clients and keys could not be read anew; the last ones stay in force");
            }
        }
    }

    /// Puts a client in, as if it had been read.
    #[cfg(test)]
    pub(crate) fn put(&self, registered: Registered) {
        let mut clients = (*current(&self.clients)).clone();
        clients.insert(registered.client.id.clone(), Arc::new(registered));
        replace(&self.clients, clients);
    }

    async fn refresh(
        &self,
        registry: &Registry,
        holder: &Keyholder,
        clock: &Clock,
        seen: &mut Changes,
    ) -> Result<(), StoreError> {
        let now = clock.now();
        let changes = registry.changes().await?;
        // First: they are few, and stop what must stop at once.
        if seen.switches != changes.switches {
            replace(&self.switches, registry.switches().await?);
        }
        if seen.clients != changes.clients {
            let mut all = (*current(&self.clients)).clone();
            all.extend(by_id(registry.clients_since(seen.clients).await?));
            replace(&self.clients, all);
        }
        if seen.keys == changes.keys {
            self.keys().confirm(now);
        } else {
            replace(&self.keys, keys(registry, holder, clock).await?);
        }
        *seen = changes;
        Ok(())
    }
}

async fn clients(registry: &Registry) -> Result<Clients, StoreError> {
    let mut clients = Clients::new();
    let put = |registered: Registered| drop(clients.insert(registered.client.id.clone(), Arc::new(registered)));
    registry.each_client(put).await?;
    clients.shrink_to_fit();
    Ok(clients)
}

fn by_id(clients: Vec<Registered>) -> impl Iterator<Item = (ClientId, Arc<Registered>)> {
    clients.into_iter().map(|registered| (registered.client.id.clone(), Arc::new(registered)))
}

async fn keys(registry: &Registry, holder: &Keyholder, clock: &Clock) -> Result<KeyRing, StoreError> {
    // Before the keys are read: what is kept meanwhile may be missed.
    let now = clock.now();
    Ok(KeyRing::of(registry.keys().await?.into(), holder, clock, now))
}

/// The lock is held for the copy of a pointer only, so a poisoned one still holds a whole value.
fn current<T>(cell: &RwLock<Arc<T>>) -> Arc<T> {
    Arc::clone(&cell.read().unwrap_or_else(PoisonError::into_inner))
}

fn replace<T>(cell: &RwLock<Arc<T>>, value: T) {
    *cell.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watched({} clients)", current(&self.clients).len())
    }
}
