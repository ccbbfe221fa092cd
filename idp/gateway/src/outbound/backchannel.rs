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
use http::header::{ACCEPT, CONTENT_TYPE};
use store::StoreError;
use store::registry::{Delivery, Outgoing, Registry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::bulkhead::{Bulkhead, CallError};
use super::http::{Http, Request};
use super::line::{Line, Outcome};
use crate::clock::Clock;

/// Those to one host.
const PER_HOST: usize = 4;
/// The time a relying party has to answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long what finds its host busy is put back.
const BUSY: Lifetime = Lifetime::seconds(2);
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
        Self::within(http, TIME_LIMIT)
    }

    /// The same with another time to answer.
    pub(crate) fn within(http: Http, time_limit: Duration) -> Self {
        Self { http, time_limit, known: Mutex::default() }
    }

    /// The bulkhead of the host of an address.
    pub(crate) fn of(&self, url: &Url) -> Bulkhead {
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

impl<W: Fn(&SessionEnded) -> Words> LogoutCourier<W> {
    /// Delivers until `stop`; what was taken by then is still delivered.
    pub(crate) async fn run(self, stop: CancellationToken) {
        self.line().run(|outgoing| self.deliver(outgoing), stop).await;
    }

    fn line(&self) -> Line<'_> {
        Line { registry: &self.registry, clock: &self.clock, waiting: &self.waiting, what: "logouts" }
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
