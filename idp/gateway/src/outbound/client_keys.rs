//! The public keys of clients that keep them at an address of their own (RFC 7591 §2, `jwks_uri`).
//!
//! ```text
//!  fresh (10 min) ──▶ used          aged ──▶ fetched anew ── failed ──▶ the last good set, for 4 h at most
//!  no key verifies ──▶ fetched anew, twice a minute at most, whoever sent what
//!  none of the keys of before ──▶ not taken (decision 42); the last good set serves, as when nothing answers
//! ```
//!
//! The address was registered by an operator or a commune, and is called under the egress rule, without redirects, behind
//! a bulkhead for each host. Only an answer of 2xx that is a good key set is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::client::{Client, ClientKeys, KeysUri};
use domain::id::ClientId;
use domain::jose::KeySet;
use domain::time::{Lifetime, Timestamp};
use http::Request;
use http::header::ACCEPT;
use tokio_util::task::TaskTracker;

use super::bulkhead::{Bulkhead, CallError};
use super::fetched::{Fetched, NotNewer, Pause};
use super::http::Http;
use crate::clock::Clock;
use crate::services::pins::{NotTaken, Pins};

/// How long a set is used before it is fetched again. A key that a client withdraws counts that long.
const FRESH: Lifetime = Lifetime::seconds(600);
/// How long a set is used when its address does not answer. A withdrawn key counts no longer than this, even for one who
/// can keep the address from answering.
const STALE: Lifetime = Lifetime::seconds(4 * 3600);
/// How soon an address that did not answer is asked again.
const RETRY: Lifetime = Lifetime::seconds(10);
/// How soon a set that does not verify a token is fetched again.
const COOL_DOWN: Lifetime = Lifetime::seconds(30);
/// How long one call may take, to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many calls may be under way to one host.
const CONCURRENCY: usize = 4;

/// The key sets of all clients that keep them elsewhere.
#[derive(Debug)]
pub(crate) struct ClientKeySets {
    http: Http,
    clock: Clock,
    // A call goes on when the caller that began it went away: closing connections keeps no client's keys from coming.
    calls: TaskTracker,
    pins: Option<Pins>,
    clients: Mutex<HashMap<ClientId, Arc<Elsewhere>>>,
    hosts: Mutex<HashMap<String, Bulkhead>>,
}

/// The set of one client.
#[derive(Debug)]
struct Elsewhere {
    client: ClientId,
    pins: Option<Pins>,
    uri: KeysUri,
    bulkhead: Bulkhead,
    clock: Clock,
    set: Fetched<Aged>,
    aged: Pause,
    wanting: Pause,
}

#[derive(Debug)]
struct Aged {
    keys: Arc<KeySet>,
    fetched: Timestamp,
}

/// Why a set is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It is not there, or has aged.
    Aged,
    /// A token names no key of it, or none of its keys verifies it.
    Wanting,
}

#[derive(Debug, thiserror::Error)]
enum Unfetched {
    #[error("{0}")]
    Call(#[from] CallError),
    #[error("not JSON")]
    Json,
    #[error("{0}")]
    Keys(#[from] domain::jose::BadKeySet),
    #[error("{0}")]
    Pins(#[from] NotTaken),
}

impl ClientKeySets {
    /// Nothing is fetched yet.
    pub(crate) fn new(http: Http, clock: Clock) -> Self {
        let (clients, hosts) = (Mutex::default(), Mutex::default());
        Self { http, clock, calls: TaskTracker::new(), pins: None, clients, hosts }
    }

    /// The same, taking a set where one of the keys of before is in it alone.
    pub(crate) fn pinned(self, pins: Pins) -> Self {
        Self { pins: Some(pins), ..self }
    }

    /// The set of a client that keeps it elsewhere; `None` for any other client, and when none could be fetched.
    pub(crate) async fn of(&self, client: &Client) -> Option<Arc<KeySet>> {
        let held = self.elsewhere(client)?;
        let current = held.set.current();
        let age = |set: &Arc<Aged>| self.clock.now().seconds_since(set.fetched);
        let within = |set: &Arc<Aged>, limit: Lifetime| (0..i64::from(limit.as_seconds())).contains(&age(set));
        if let Some(set) = current.as_ref().filter(|set| within(set, FRESH)) {
            return Some(Arc::clone(&set.keys));
        }
        let newer = self.fetch(client, held, current.clone(), Why::Aged).await;
        newer.or(current).filter(|set| within(set, STALE)).map(|set| Arc::clone(&set.keys))
    }

    /// A newer set than the one that did not serve; `None` when it was fetched just now for the same reason, or cannot be
    /// fetched.
    pub(crate) async fn newer(&self, client: &Client, seen: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        let held = self.elsewhere(client)?;
        let current = held.set.current()?;
        if !Arc::ptr_eq(&current.keys, seen) {
            return Some(Arc::clone(&current.keys));
        }
        self.fetch(client, held, Some(current), Why::Wanting).await.map(|set| Arc::clone(&set.keys))
    }

    async fn fetch(
        &self,
        client: &Client,
        held: Arc<Elsewhere>,
        seen: Option<Arc<Aged>>,
        why: Why,
    ) -> Option<Arc<Aged>> {
        match self.calls.spawn(async move { held.newer(seen, why).await }).await {
            Ok(Ok(set)) => Some(set),
            Ok(Err(NotNewer::Failed(error))) => {
                tracing::warn!(client = %client.id, %error, "the keys of a client could not be fetched");
                None
            }
            Ok(Err(NotNewer::Paused)) => None,
            Err(error) => {
                tracing::error!(client = %client.id, %error, "fetching the keys of a client broke off");
                None
            }
        }
    }

    /// Where a client's set is kept, made anew when the client names another address.
    fn elsewhere(&self, client: &Client) -> Option<Arc<Elsewhere>> {
        let uri = match &client.keys {
            ClientKeys::At(uri) => uri,
            ClientKeys::None | ClientKeys::Inline(_) => return None,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = clients.get(&client.id).filter(|held| held.uri == *uri) {
            return Some(Arc::clone(held));
        }
        let made = Arc::new(Elsewhere {
            client: client.id.clone(),
            pins: self.pins.clone(),
            uri: uri.clone(),
            bulkhead: self.bulkhead(uri),
            clock: self.clock.clone(),
            set: Fetched::new(self.clock.clone()),
            aged: Pause::new(RETRY),
            wanting: Pause::new(COOL_DOWN),
        });
        clients.insert(client.id.clone(), Arc::clone(&made));
        Some(made)
    }

    fn bulkhead(&self, uri: &KeysUri) -> Bulkhead {
        let host = uri.url().host_str().unwrap_or_default().to_owned();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(host).or_insert_with(|| Bulkhead::new(self.http.clone(), CONCURRENCY, TIMEOUT)).clone()
    }
}

impl Elsewhere {
    async fn newer(&self, seen: Option<Arc<Aged>>, why: Why) -> Result<Arc<Aged>, NotNewer<Unfetched>> {
        let pause = match why {
            Why::Aged => &self.aged,
            Why::Wanting => &self.wanting,
        };
        self.set.newer(seen.as_ref(), pause, self.call()).await
    }

    async fn call(&self) -> Result<Aged, Unfetched> {
        let request = Request::get(self.uri.url().as_str())
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Vec::new())
            .expect("a URL that was parsed makes a request");
        let answer = self.bulkhead.fetch(request).await?;
        let set: serde_json::Value = serde_json::from_slice(answer.body()).map_err(|_| Unfetched::Json)?;
        let (keys, now) = (KeySet::parse(&set)?, self.clock.now());
        let Some(pins) = &self.pins else { return Ok(Aged { keys: Arc::new(keys), fetched: now }) };
        match pins.take(&self.client, &self.uri, &keys, now).await {
            Ok(()) => Ok(Aged { keys: Arc::new(keys), fetched: now }),
            Err(NotTaken::Strange { before }) if self.set.current().is_none() => {
                // This node has not had the set of before: it serves here as on the others, for as long.
                tracing::warn!(client = %self.client, "the keys of a client have none of before: those serve for a while");
                Ok(Aged { keys: Arc::new(KeySet::parse(&before.keys)?), fetched: before.seen })
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "client_keys_tests.rs"]
mod tests;
