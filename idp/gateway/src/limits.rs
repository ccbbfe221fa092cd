//! How many sign-ins one address may begin in a minute, so that nobody fills the store with them or wears the gateway
//! out. Nothing is known of the asker yet but the address.
//!
//! ```text
//!  GET /authorize ──────────┐   a bucket for each door and subscriber:   ┌──▶ handler
//!  GET /callback/{provider} ┴─▶ full at the start, refilled evenly ──────┴──▶ 429, Retry-After
//! ```

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use tokio_util::sync::CancellationToken;

use crate::app::Shared;
use crate::config::{Listen, LoopbackClients, TrustedProxies};
use crate::listen::address::{ClientAddress, Subscriber};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::page::{Occasion, problem};

/// Between two rounds of forgetting who has not asked for a while: buckets that are full again hold nothing.
const FORGETTING: Duration = Duration::from_secs(20);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Door {
    /// Sign-ins that begin.
    Authorize,
    /// Citizens who come back from a provider.
    Callback,
}

/// The buckets. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    buckets: Option<Arc<DefaultKeyedRateLimiter<(Door, Subscriber)>>>,
    proxies: TrustedProxies,
    loopback: LoopbackClients,
}

impl Limits {
    /// So many a minute for each address, and as many at once; any number for `None`. Our own proxies are exempt:
    /// where one of them is all that is known, everybody would share its bucket.
    pub(crate) fn new(per_minute: Option<NonZeroU32>, listen: &Listen) -> Self {
        let buckets = per_minute.map(|number| Arc::new(DefaultKeyedRateLimiter::dashmap(Quota::per_minute(number))));
        Self { buckets, proxies: listen.trusted_proxies.clone(), loopback: listen.loopback }
    }

    /// Forgets, for ever or until `stop`, who has not asked for a while.
    pub(crate) async fn look_after(&self, stop: &CancellationToken) {
        let Some(buckets) = &self.buckets else { return };
        let mut tick = tokio::time::interval(FORGETTING);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }

    /// Takes one from the bucket, or says how long it stays empty.
    fn take(&self, door: Door, address: IpAddr) -> Result<(), Duration> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        if self.loopback.exempts(address) || self.proxies.holds(address) {
            return Ok(());
        }
        let refused = |not_until: governor::NotUntil<_>| not_until.wait_time_from(DefaultClock::default().now());
        buckets.check_key(&(door, Subscriber::of(address))).map_err(refused)
    }
}

/// In front of `GET /authorize`.
pub(crate) async fn authorize(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    admit(&app, Door::Authorize, address, request, next).await
}

/// In front of `GET /callback/{provider}`.
pub(crate) async fn callback(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    admit(&app, Door::Callback, address, request, next).await
}

async fn admit(app: &Shared, door: Door, address: ClientAddress, request: Request, next: Next) -> Response {
    match app.limits.take(door, address.0) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let occasion = Occasion::of(request.headers());
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = problem(app, occasion, status, WhatWentWrong::TooManyRequests, ProblemCode::P429);
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
            response
        }
    }
}

/// Whole seconds, never too few (RFC 9110 §10.2.3).
fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: u32, loopback: LoopbackClients) -> Limits {
        let listen = Listen {
            address: "127.0.0.1:1".parse().expect("an address"),
            tls: None,
            trusted_proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]),
            max_connections: 1,
            max_connections_per_address: 1,
            loopback,
        };
        Limits::new(NonZeroU32::new(per_minute), &listen)
    }

    fn taken(limits: &Limits, door: Door, address: &str) -> usize {
        let address = address.parse().expect("an address");
        (0..10).take_while(|_| limits.take(door, address).is_ok()).count()
    }

    #[test]
    fn an_address_takes_what_its_bucket_holds_and_is_told_how_long_to_wait() {
        let limits = limits(2, LoopbackClients::Counted);
        assert_eq!(taken(&limits, Door::Authorize, "192.0.2.1"), 2);
        let wait = limits.take(Door::Authorize, "192.0.2.1".parse().expect("an address")).expect_err("empty");
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        // Another door, another address: other buckets.
        assert_eq!(taken(&limits, Door::Callback, "192.0.2.1"), 2);
        assert_eq!(taken(&limits, Door::Authorize, "192.0.2.2"), 2);
    }

    #[test]
    fn an_ipv6_network_of_64_bits_has_one_bucket() {
        let limits = limits(2, LoopbackClients::Counted);
        assert_eq!(taken(&limits, Door::Authorize, "2001:db8::1"), 2);
        assert_eq!(taken(&limits, Door::Authorize, "2001:db8::ffff:2"), 0);
        assert_eq!(taken(&limits, Door::Authorize, "2001:db8:0:1::1"), 2);
    }

    #[test]
    fn a_sandbox_our_proxies_and_a_limit_of_none_are_not_counted() {
        let exempt = limits(1, LoopbackClients::Exempt);
        assert_eq!(taken(&exempt, Door::Authorize, "127.0.0.1"), 10);
        assert_eq!(taken(&exempt, Door::Authorize, "::1"), 10);
        assert_eq!(taken(&exempt, Door::Authorize, "192.0.2.1"), 1);
        let counted = limits(1, LoopbackClients::Counted);
        assert_eq!(taken(&counted, Door::Authorize, "127.0.0.1"), 1);
        assert_eq!(taken(&counted, Door::Authorize, "10.0.0.1"), 10);
        assert_eq!(taken(&limits(0, LoopbackClients::Counted), Door::Authorize, "192.0.2.1"), 10);
    }

    #[tokio::test]
    async fn who_has_not_asked_for_a_while_is_forgotten() {
        // A bucket of so many a minute is full again within a millisecond of one being taken.
        let limits = limits(1_000_000, LoopbackClients::Counted);
        let buckets = limits.buckets.clone().expect("on");
        for host in 0..=255 {
            let _ = limits.take(Door::Authorize, IpAddr::from([192, 0, 2, host]));
        }
        while !buckets.is_empty() {
            // The first round is at once.
            let _ = tokio::time::timeout(Duration::from_millis(10), limits.look_after(&CancellationToken::new())).await;
        }
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds_and_never_too_short() {
        for (wait, told) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2"), (29_999, "30")] {
            assert_eq!(retry_after(Duration::from_millis(wait)), told, "{wait}");
        }
    }
}
