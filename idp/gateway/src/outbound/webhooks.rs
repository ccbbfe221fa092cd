//! The courier of webhooks: makes the calls that stand in the outbox with the changes that they tell of, and keeps what is
//! answered.
//!
//! ```text
//!  outbox ──lease──▶ body from the history, signed now ──▶ Bulkhead(host) ──▶ 200, 201, 204: over
//!                                                             │ else        later, five times in all; then the webhook is off
//!                                                             └── full ──▶ put back
//! ```

use std::sync::Arc;
use std::time::Duration;

use domain::habilitation::webhook::{Call, HookState, SIGNATURE, Webhook, kept_answer};
use domain::time::Lifetime;
use http::header::{ACCEPT, CONTENT_TYPE};
use store::StoreError;
use store::registry::{Delivery, Outgoing, Registry, Settled, Tried};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::backchannel::Hosts;
use super::bulkhead::CallError;
use super::http::Http;
use super::line::{Line, Outcome};
use crate::clock::Clock;
use crate::config::Issuer;

/// The time a receiver has to answer.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long what finds its host busy is put back.
const BUSY: Lifetime = Lifetime::seconds(2);

/// The way to the receivers.
#[derive(Debug)]
pub(crate) struct Caller {
    hosts: Hosts,
    environment: &'static str,
}

impl Caller {
    /// None was called yet.
    pub(crate) fn new(http: Http, issuer: &Issuer) -> Self {
        let environment = if issuer.is_loopback() { "sandbox" } else { "production" };
        Self { hosts: Hosts::within(http, TIME_LIMIT), environment }
    }

    /// Makes a call; `None` while as many calls to its host as may be are under way.
    pub(crate) async fn call(&self, webhook: &Webhook, body: &str) -> Option<Tried> {
        let to = webhook.uri.url();
        let request = http::Request::post(to.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "*/*")
            .header(SIGNATURE, webhook.secret.sign(body.as_bytes()))
            .header("x-app-environment", self.environment)
            .body(body.as_bytes().to_vec());
        let Ok(request) = request else { return Some(Tried::Silent { why: "the call cannot be made".to_owned() }) };
        match self.hosts.of(to).send(request).await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                Some(Tried::Answered { status, answer: kept_answer(answer.body()) })
            }
            Err(CallError::Busy) => None,
            Err(
                error @ (CallError::TimedOut
                | CallError::Unreachable { .. }
                | CallError::TooLarge
                | CallError::Status(_)),
            ) => Some(Tried::Silent { why: error.to_string() }),
        }
    }
}

/// Makes the calls in the outbox.
pub(crate) struct WebhookCourier {
    /// The outbox.
    pub(crate) registry: Registry,
    /// The clock.
    pub(crate) clock: Clock,
    /// Wakes the courier: there is something in the outbox.
    pub(crate) waiting: Arc<Notify>,
    /// The way out.
    pub(crate) caller: Caller,
}

impl WebhookCourier {
    /// Calls until `stop`; what was taken by then is still called.
    pub(crate) async fn run(self, stop: CancellationToken) {
        self.line().run(|outgoing| self.deliver(outgoing), stop).await;
    }

    fn line(&self) -> Line<'_> {
        Line { registry: &self.registry, clock: &self.clock, waiting: &self.waiting, what: "webhooks" }
    }

    async fn deliver(&self, outgoing: Outgoing<Call>) -> Outcome {
        self.made(&outgoing).await.unwrap_or_else(|error| {
            tracing::error!(call = outgoing.key(), %error, "what became of the call of a webhook cannot be kept");
            Outcome::ComesUpAgain
        })
    }

    async fn made(&self, outgoing: &Outgoing<Call>) -> Result<Outcome, StoreError> {
        let Call { call, webhook } = &outgoing.parcel;
        let kept = self.registry.webhook(webhook).await?.map(|kept| kept.webhook);
        let body = self.registry.webhook_call(call).await?.map(|call| call.body);
        let tried = match (kept.filter(|webhook| webhook.state() == HookState::On), body) {
            (Some(on), Some(body)) => self.caller.call(&on, &body).await,
            (None, _) | (_, None) => Some(Tried::Left),
        };
        let now = self.clock.now();
        let Some(tried) = tried else {
            self.registry.settle(outgoing, Delivery::PutBack(BUSY), now).await?;
            return Ok(Outcome::ComesUpAgain);
        };
        let settled = self.registry.settle_call(outgoing, &tried, now).await?;
        let attempt = outgoing.attempt;
        Ok(match settled {
            Settled::Over => Outcome::Over,
            Settled::Waits => {
                tracing::warn!(%webhook, %call, attempt, "a webhook does not take a call yet");
                Outcome::ComesUpAgain
            }
            Settled::GivenUp => {
                tracing::error!(%webhook, %call, attempt, "a webhook takes no call: it is off until it passes a test");
                Outcome::Over
            }
        })
    }
}

#[cfg(test)]
#[path = "webhooks_tests.rs"]
mod tests;
