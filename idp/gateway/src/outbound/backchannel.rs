//! The courier of logouts: takes from the outbox the relying parties that have to hear of the end of a session, and
//! tells each, until the gateway stops (OIDC Back-Channel Logout §2.5).
//!
//! ```text
//!  outbox ──lease──▶ words: where to, a fresh token ──▶ Bulkhead(host) ──▶ Verdict ──▶ forgotten, later, or given up
//!                                                          │ full
//!                                                          └──────▶ put back: another host's turn
//! ```
//!
//! Deliveries are under way side by side and none waits for another: a relying party that hangs fills the bulkhead of
//! its own host and keeps no other from being told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::journal::Act;
use domain::oidc::backchannel::{SessionEnded, Verdict};
use domain::time::{Lifetime, Timestamp};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::header::{ACCEPT, CONTENT_TYPE};
use store::StoreError;
use store::registry::{Delivery, Outgoing, Registry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::bulkhead::{Bulkhead, CallError};
use super::http::{Http, Request};
use crate::clock::Clock;

/// Deliveries under way at once.
const AT_ONCE: usize = 128;
/// So much room is made before more is taken, where there was more than room.
const ROOM: usize = 8;
/// Those to one host.
const PER_HOST: usize = 4;
/// The time a relying party has to answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long this node alone has what it took: longer than a delivery can take.
const LEASE: Lifetime = Lifetime::seconds(60);
/// How long what finds its host busy is put back.
const BUSY: Lifetime = Lifetime::seconds(2);
/// Between two looks at the outbox when nobody calls and nothing is due: what another node left behind.
const LOOK: u32 = 15;

/// What a relying party is told.
pub(crate) struct Word {
    /// Where.
    pub(crate) to: Url,
    /// The logout token.
    pub(crate) token: String,
}

/// What there is to tell a relying party now.
pub(crate) enum Words {
    /// This.
    Say(Word),
    /// Nothing any more: it was disabled, or registered no address.
    Moot,
    /// Nothing at this moment: no key signs. It stays to be told.
    NotNow,
}

/// Tells relying parties what is in the outbox.
pub(crate) struct LogoutCourier<W> {
    /// The outbox.
    pub(crate) registry: Registry,
    /// The clock.
    pub(crate) clock: Clock,
    /// Wakes the courier: there is something in the outbox.
    pub(crate) waiting: Arc<Notify>,
    /// Finds the words, anew for each attempt.
    pub(crate) words: W,
    /// The way out.
    pub(crate) hosts: Hosts,
}

/// The bulkhead of each host that was called.
#[derive(Debug)]
pub(crate) struct Hosts {
    http: Http,
    time_limit: Duration,
    known: Mutex<HashMap<String, Bulkhead>>,
}

impl Hosts {
    /// None was called yet.
    pub(crate) fn new(http: Http) -> Self {
        Self { http, time_limit: TIME_LIMIT, known: Mutex::default() }
    }

    fn of(&self, url: &Url) -> Bulkhead {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let host = url.origin().ascii_serialization();
        known.entry(host).or_insert_with(|| Bulkhead::new(self.http.clone(), PER_HOST, self.time_limit)).clone()
    }
}

/// How an attempt ended.
enum Told {
    /// The relying party answered, or could not be reached.
    Answered(Verdict, String),
    /// As many calls to its host as may be are under way.
    HostBusy,
    /// It is not to be told any more: it was disabled, or registered no address.
    Moot,
}

/// What is left of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing.
    Over,
    /// It is due again after a wait.
    ComesUpAgain,
}

impl<W: Fn(&SessionEnded) -> Words> LogoutCourier<W> {
    /// Delivers until `stop`; what was taken by then is still delivered.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut under_way = FuturesUnordered::new();
        let (mut look, mut more) = (true, false);
        let mut pause = Box::pin(tokio::time::sleep(Duration::ZERO));
        loop {
            let free = AT_ONCE - under_way.len();
            if look && free > 0 {
                let taken = self.take(free).await;
                more = taken.len() == free;
                under_way.extend(taken.into_iter().map(|outgoing| self.deliver(outgoing)));
                pause = Box::pin(tokio::time::sleep(self.until_next().await));
                look = false;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                Some(outcome) = under_way.next() => {
                    // Where there was more than room, room is made.
                    look |= more && AT_ONCE - under_way.len() >= ROOM;
                    if outcome == Outcome::ComesUpAgain {
                        pause = Box::pin(tokio::time::sleep(self.until_next().await));
                    }
                }
                () = self.waiting.notified() => look = true,
                () = &mut pause, if free > 0 => look = true,
            }
        }
        while under_way.next().await.is_some() {}
    }

    async fn take(&self, free: usize) -> Vec<Outgoing<SessionEnded>> {
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        self.registry.lease(limit, LEASE, self.clock.now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox of logouts cannot be read");
            Vec::new()
        })
    }

    /// The time until something is due, as far as this node can tell: a second at least, [`LOOK`] at most.
    async fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let seconds = match self.registry.next_due::<SessionEnded>().await {
            Ok(Some(due)) => due.left(now).map_or(1, Lifetime::as_seconds).min(LOOK),
            Ok(None) => LOOK,
            Err(error) => {
                tracing::error!(%error, "the outbox of logouts cannot be read");
                LOOK
            }
        };
        Duration::from_secs(seconds.into())
    }

    async fn deliver(&self, outgoing: Outgoing<SessionEnded>) -> Outcome {
        let told = self.tell(&outgoing.parcel).await;
        let settled = self.settle(&outgoing, told, self.clock.now()).await;
        settled.unwrap_or_else(|error| {
            tracing::error!(logout = outgoing.key(), %error, "what became of a logout cannot be kept");
            Outcome::ComesUpAgain
        })
    }

    async fn tell(&self, ended: &SessionEnded) -> Told {
        let word = match (self.words)(ended) {
            Words::Say(word) => word,
            Words::Moot => return Told::Moot,
            Words::NotNow => return Told::Answered(Verdict::Later, "no key signs now".to_owned()),
        };
        let Some(request) = request(&word) else { return Told::Moot };
        match self.hosts.of(&word.to).send(request).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                Told::Answered(Verdict::of_status(status), format!("answered with status {status}"))
            }
            Err(CallError::Busy) => Told::HostBusy,
            // Whoever answers with a body beyond all measure has answered, and nobody knows what.
            Err(
                error @ (CallError::TimedOut
                | CallError::Unreachable { .. }
                | CallError::TooLarge
                | CallError::Status(_)),
            ) => Told::Answered(Verdict::Later, error.to_string()),
        }
    }

    async fn settle(
        &self,
        outgoing: &Outgoing<SessionEnded>,
        told: Told,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let (client, attempt) = (&outgoing.parcel.client, outgoing.attempt);
        let settle = |delivery| self.registry.settle(outgoing, delivery, now);
        let (verdict, detail) = match told {
            Told::Answered(verdict, detail) => (verdict.after(outgoing.created, now), detail),
            // Who is never reached for others that wait there ages all the same, and is put back for longer each time.
            Told::HostBusy => match Verdict::Later.after(outgoing.created, now) {
                verdict @ Verdict::Outworn => (verdict, "its host was busy all the time".to_owned()),
                Verdict::Done | Verdict::Later | Verdict::Refused => {
                    let back = busy_for(now.seconds_since(outgoing.created));
                    return settle(Delivery::PutBack(back)).await.map(|()| Outcome::ComesUpAgain);
                }
            },
            Told::Moot => {
                tracing::info!(%client, "a relying party is not told of a logout any more");
                return settle(Delivery::GivenUp).await.map(|()| Outcome::Over);
            }
        };
        match verdict {
            Verdict::Done => {
                tracing::debug!(%client, attempt, "a relying party was told of a logout");
                settle(Delivery::Sent).await.map(|()| Outcome::Over)
            }
            Verdict::Later => {
                tracing::warn!(%client, attempt, detail, "a relying party could not be told of a logout yet");
                settle(Delivery::Failed).await.map(|()| Outcome::ComesUpAgain)
            }
            Verdict::Refused | Verdict::Outworn => {
                tracing::error!(%client, attempt, detail, "a relying party does not take a logout: given up");
                let code = if verdict == Verdict::Refused { "refused" } else { "silent" };
                let act = Act::LogoutNotDelivered { client: client.clone(), code: code.to_owned() };
                self.registry.give_up(outgoing, &act, now).await.map(|()| Outcome::Over)
            }
        }
    }
}

/// How long what found its host busy is put back, by the seconds it has waited: an eighth of them, so that a host that hangs
/// costs less the longer it does.
fn busy_for(waited: i64) -> Lifetime {
    let eighth = u32::try_from(waited / 8).unwrap_or_default();
    Lifetime::seconds(eighth.clamp(BUSY.as_seconds(), 300))
}

/// The request (§2.5): a form that holds the token and nothing else. A compact JWS needs no encoding.
fn request(word: &Word) -> Option<Request> {
    http::Request::post(word.to.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "*/*")
        .body(format!("logout_token={}", word.token).into_bytes())
        .ok()
}

#[cfg(test)]
#[path = "backchannel_tests.rs"]
mod tests;
