//! How much one address, and one client, may ask for in a minute, so that nobody fills the store or wears the gateway out.
//!
//! ```text
//!  GET /authorize ──────────┐   a bucket for each door and subscriber:   ┌──▶ handler
//!  GET /callback/{provider} ┴─▶ full at the start, refilled evenly ──────┴──▶ 429, Retry-After
//!
//!  /token /par /introspect /revoke /userinfo ──▶ who is it? ──▶ a bucket for each client ──▶ the same
//! ```
//!
//! At the doors of citizens nothing is known of the asker but the address. A client is counted once it proved who it is:
//! nobody empties the bucket of another.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::id::{AdminTokenId, ClientId};
use domain::partners::invitation::SignUp;
use domain::secret::delimited;
use domain::time::Lifetime;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota};
use store::StoreError;
use store::ephemeral::{Allowance, Allowed};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Shared};
use crate::cnie::api;
use crate::config::{self, Listen, LoopbackClients, TrustedProxies};
use crate::desk;
use crate::listen::address::{ClientAddress, Subscriber};
use crate::pages::problem::{ProblemCode, WhatWentWrong};
use crate::signin::page::{Occasion, problem};

/// Between two rounds of forgetting who has not asked for a while: buckets that are full again hold nothing.
const FORGETTING: Duration = Duration::from_secs(20);

/// Lost cards that one address may tell of in a minute: more than a family has, too few to try numbers.
const LOSSES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("is not zero");
/// Calls of desk readers from one address: ten of them behind it ask once a second what waits.
const READERS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).expect("is not zero");
/// Links that are sent to one mail address that one source asks for: whoever asks for another's uses up their own, and not
/// what its owner may.
pub(crate) const SIGN_UPS: Allowance = Allowance { name: "partner-sign-ups", most: 3, within: Lifetime::seconds(3600) };
/// Links that are sent to one mail address, whoever asks: so many lie in its mailbox then, and each of them opens.
pub(crate) const SIGN_UPS_TO: Allowance =
    Allowance { name: "partner-sign-ups-to", most: 12, within: Lifetime::seconds(SignUp::LIFE.as_seconds()) };
/// Links that one source asks for, to whichever address.
pub(crate) const SIGN_UPS_FROM: Allowance =
    Allowance { name: "partner-sign-ups-from", most: 20, within: Lifetime::seconds(3600) };
/// Recovery codes that are judged for one account of one source. A code has 200 bits: what is counted for the account alone
/// would only keep its owner out.
pub(crate) const RECOVERIES: Allowance =
    Allowance { name: "partner-recoveries", most: 5, within: Lifetime::seconds(3600) };
/// Recovery codes that are judged of one source, whoever's.
pub(crate) const RECOVERIES_FROM: Allowance =
    Allowance { name: "partner-recoveries-from", most: 20, within: Lifetime::seconds(3600) };
/// Invitations that one person sends in a day, from whichever team.
pub(crate) const INVITATIONS_BY: Allowance =
    Allowance { name: "partner-invitations-by", most: 20, within: Lifetime::seconds(86_400) };
/// Invitations that are sent from one team in a day.
pub(crate) const INVITATIONS_OF: Allowance =
    Allowance { name: "partner-invitations-of", most: 40, within: Lifetime::seconds(86_400) };
/// Messages of one side in the thread of one request: each is mailed to many.
pub(crate) const MESSAGES: Allowance =
    Allowance { name: "request-messages", most: 20, within: Lifetime::seconds(3600) };
/// Requests that one organisation begins in a day.
pub(crate) const REQUESTS: Allowance =
    Allowance { name: "requests-begun", most: 30, within: Lifetime::seconds(86_400) };
/// Runs of the bench that one person opens in an hour: each makes keys, and calls a site for minutes.
pub(crate) const RUNS_BY: Allowance = Allowance { name: "bench-runs-by", most: 10, within: Lifetime::seconds(3600) };
/// Runs of the bench that are opened for one organisation in an hour.
pub(crate) const RUNS_OF: Allowance = Allowance { name: "bench-runs-of", most: 10, within: Lifetime::seconds(3600) };
/// Links that are sent for one card in an hour, by all nodes together: whoever is in a hurry asks twice, and no mailbox is
/// filled.
pub(crate) const LINKS: Allowance = Allowance { name: "card-links", most: 3, within: Lifetime::seconds(3600) };
/// Identities that are made with one card in a day, by all nodes together; each writes to an address that nobody confirmed.
pub(crate) const CREATIONS: Allowance =
    Allowance { name: "card-creations", most: 3, within: Lifetime::seconds(86_400) };

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Door {
    /// Sign-ins that begin.
    Authorize,
    /// Citizens who come back from a provider.
    Callback,
    /// Ceremonies at the desk that begin or end.
    Desk,
    /// Answers that end a sign-in, given once more for a second click: each may cost a signature.
    Finish,
    /// Calls of phones: each may cost a card to be judged.
    Phone,
    /// What anybody may ask for in the partners' space.
    Partners,
}

/// A bucket for each `K`, none where nothing is counted.
type Buckets<K> = Option<Arc<DefaultKeyedRateLimiter<K>>>;

/// The buckets. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    buckets: Buckets<(Door, Subscriber)>,
    calls: Buckets<ClientId>,
    pushes: Buckets<ClientId>,
    tokens: Buckets<AdminTokenId>,
    losses: Buckets<Subscriber>,
    readers: Buckets<Subscriber>,
    proxies: TrustedProxies,
    loopback: LoopbackClients,
}

impl Limits {
    /// So many a minute for each address or client, and as many at once; any number for `None`. Our own proxies are
    /// exempt: where one of them is all that is known, everybody would share its bucket.
    pub(crate) fn new(limits: &config::Limits, listen: &Listen) -> Self {
        Self {
            buckets: buckets(limits.authorize),
            calls: buckets(limits.calls),
            pushes: buckets(limits.pushes),
            tokens: buckets(limits.tokens),
            losses: buckets(Some(LOSSES_PER_MINUTE)),
            readers: buckets(Some(READERS_PER_MINUTE)),
            proxies: listen.trusted_proxies.clone(),
            loopback: listen.loopback,
        }
    }

    /// Forgets, for ever or until `stop`, who has not asked for a while.
    pub(crate) async fn look_after(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(FORGETTING);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            forget(self.buckets.as_ref());
            forget(self.calls.as_ref());
            forget(self.pushes.as_ref());
            forget(self.tokens.as_ref());
            forget(self.losses.as_ref());
            forget(self.readers.as_ref());
        }
    }

    /// A client that proved who it is calls.
    pub(crate) fn call(&self, client: &ClientId) -> Result<(), TooMany> {
        self.calls.as_ref().map_or(Ok(()), |buckets| buckets.check_key(client).map_err(TooMany::from))
    }

    /// It pushes a request.
    pub(crate) fn push(&self, client: &ClientId) -> Result<(), TooMany> {
        self.pushes.as_ref().map_or(Ok(()), |buckets| buckets.check_key(client).map_err(TooMany::from))
    }

    /// A program calls with a token that counts.
    pub(crate) fn token(&self, token: &AdminTokenId) -> Result<(), TooMany> {
        self.tokens.as_ref().map_or(Ok(()), |buckets| buckets.check_key(token).map_err(TooMany::from))
    }

    /// An address says that a card is lost, or acts by the link of a mail.
    fn loss(&self, address: IpAddr) -> Result<(), TooMany> {
        self.of_address(self.losses.as_ref(), address)
    }

    /// An address calls as desk readers do.
    fn reader(&self, address: IpAddr) -> Result<(), TooMany> {
        self.of_address(self.readers.as_ref(), address)
    }

    /// Whether an address is counted by itself: not one of a proxy of ours, which many share, nor of a sandbox.
    fn counts(&self, address: IpAddr) -> bool {
        !self.loopback.exempts(address) && !self.proxies.holds(address)
    }

    fn of_address(
        &self,
        buckets: Option<&Arc<DefaultKeyedRateLimiter<Subscriber>>>,
        address: IpAddr,
    ) -> Result<(), TooMany> {
        if !self.counts(address) {
            return Ok(());
        }
        buckets.map_or(Ok(()), |buckets| buckets.check_key(&Subscriber::of(address)).map_err(TooMany::from))
    }

    /// Takes one from the bucket, or says how long it stays empty.
    fn take(&self, door: Door, address: IpAddr) -> Result<(), TooMany> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        if !self.counts(address) {
            return Ok(());
        }
        buckets.check_key(&(door, Subscriber::of(address))).map_err(TooMany::from)
    }
}

fn buckets<K: Hash + Eq + Clone>(per_minute: Option<NonZeroU32>) -> Buckets<K> {
    per_minute.map(|number| Arc::new(DefaultKeyedRateLimiter::dashmap(Quota::per_minute(number))))
}

fn forget<K: Hash + Eq + Clone>(buckets: Option<&Arc<DefaultKeyedRateLimiter<K>>>) {
    if let Some(buckets) = buckets {
        buckets.retain_recent();
        buckets.shrink_to_fit();
    }
}

/// Takes one of each of these allowances, in their order, up to the first that is used up. All nodes share them.
pub(crate) async fn allowed(app: &App, wanted: &[(Allowance, &[u8])]) -> Result<Allowed, StoreError> {
    for (allowance, whose) in wanted {
        match app.ephemeral.allow(*allowance, whose).await? {
            Allowed::Yes => {}
            Allowed::No => return Ok(Allowed::No),
        }
    }
    Ok(Allowed::Yes)
}

/// Takes one of what a source may ask about somebody, and one of what it may ask at all; the second not from a source that
/// stands for many: a proxy of ours, a sandbox on loopback.
pub(crate) async fn allowed_from(
    app: &App,
    source: ClientAddress,
    (about, whose): (Allowance, &[u8]),
    at_all: Allowance,
) -> Result<Allowed, StoreError> {
    let subscriber = Subscriber::of(source.0).to_string();
    let both = delimited(&[whose, subscriber.as_bytes()]);
    match app.ephemeral.allow(about, &both).await? {
        Allowed::Yes if app.limits.counts(source.0) => app.ephemeral.allow(at_all, subscriber.as_bytes()).await,
        of_both @ (Allowed::Yes | Allowed::No) => Ok(of_both),
    }
}

/// A bucket is empty, for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(Duration);

impl TooMany {
    /// Whole seconds, never too few (RFC 9110 §10.2.3).
    pub(crate) fn retry_after(self) -> HeaderValue {
        HeaderValue::from(self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0))
    }
}

impl From<NotUntil<<DefaultClock as governor::clock::Clock>::Instant>> for TooMany {
    fn from(until: NotUntil<<DefaultClock as governor::clock::Clock>::Instant>) -> Self {
        Self(until.wait_time_from(DefaultClock::default().now()))
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

/// In front of the pages of the desk that anybody can ask for.
pub(crate) async fn desk(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    admit(&app, Door::Desk, address, request, next).await
}

/// In front of what anybody may ask for in the partners' space.
pub(crate) async fn partners(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    admit(&app, Door::Partners, address, request, next).await
}

/// In front of `GET /signin/{id}/finish` and `POST /signin/{id}/cancel`.
pub(crate) async fn finish(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    admit(&app, Door::Finish, address, request, next).await
}

/// In front of `POST /carte/perte`, and of what the links of mails do.
pub(crate) async fn loss(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = app.limits.loss(address.0);
    pass(&app, admitted, request, next).await
}

/// In front of `/app/v1`.
pub(crate) async fn phone(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    match app.limits.take(Door::Phone, address.0) {
        Ok(()) => next.run(request).await,
        Err(too_many) => api::too_many(&app, too_many),
    }
}

/// In front of `/reader/v1`.
pub(crate) async fn reader(
    State(app): State<Shared>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    match app.limits.reader(address.0) {
        Ok(()) => next.run(request).await,
        Err(too_many) => desk::reader::too_many(too_many),
    }
}

async fn admit(app: &Shared, door: Door, address: ClientAddress, request: Request, next: Next) -> Response {
    let admitted = app.limits.take(door, address.0);
    pass(app, admitted, request, next).await
}

async fn pass(app: &Shared, admitted: Result<(), TooMany>, request: Request, next: Next) -> Response {
    match admitted {
        Ok(()) => next.run(request).await,
        Err(too_many) => {
            let occasion = Occasion::of(request.headers());
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = problem(app, occasion, status, WhatWentWrong::TooManyRequests, ProblemCode::P429);
            response.headers_mut().insert(header::RETRY_AFTER, too_many.retry_after());
            response
        }
    }
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
        let number = NonZeroU32::new(per_minute);
        let limits = config::Limits { authorize: number, calls: number, pushes: number, tokens: number };
        Limits::new(&limits, &listen)
    }

    fn taken(limits: &Limits, door: Door, address: &str) -> usize {
        let address = address.parse().expect("an address");
        (0..10).take_while(|_| limits.take(door, address).is_ok()).count()
    }

    #[test]
    fn an_address_takes_what_its_bucket_holds_and_is_told_how_long_to_wait() {
        let limits = limits(2, LoopbackClients::Counted);
        assert_eq!(taken(&limits, Door::Authorize, "192.0.2.1"), 2);
        let wait = limits.take(Door::Authorize, "192.0.2.1".parse().expect("an address")).expect_err("empty").0;
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        // Another door, another address: other buckets.
        assert_eq!(taken(&limits, Door::Callback, "192.0.2.1"), 2);
        assert_eq!(taken(&limits, Door::Authorize, "192.0.2.2"), 2);
    }

    #[test]
    fn a_client_takes_what_its_own_buckets_hold() {
        let client = |name: &str| ClientId::parse(name).expect("plain");
        let counted = limits(2, LoopbackClients::Exempt);
        for name in ["ville", "port"] {
            let calls = (0..10).take_while(|_| counted.call(&client(name)).is_ok()).count();
            let pushes = (0..10).take_while(|_| counted.push(&client(name)).is_ok()).count();
            assert_eq!((calls, pushes), (2, 2), "{name}");
        }
        let any = limits(0, LoopbackClients::Exempt);
        assert!((0..10).all(|_| any.call(&client("ville")).is_ok() && any.push(&client("ville")).is_ok()));
    }

    #[test]
    fn a_token_takes_what_its_own_bucket_holds() {
        let limits = limits(2, LoopbackClients::Exempt);
        for number in [1, 2] {
            let token = AdminTokenId::from_random([number; 16]);
            assert_eq!((0..10).take_while(|_| limits.token(&token).is_ok()).count(), 2);
        }
    }

    #[test]
    fn lost_cards_are_counted_for_each_address() {
        let limits = limits(0, LoopbackClients::Counted);
        let told = |address: &str| {
            let address = address.parse().expect("an address");
            (0..30).take_while(|_| limits.loss(address).is_ok()).count()
        };
        assert_eq!((told("192.0.2.1"), told("192.0.2.1"), told("192.0.2.2")), (10, 0, 10));
        assert_eq!(told("10.0.0.9"), 30, "a proxy of ours");
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
            assert_eq!(TooMany(Duration::from_millis(wait)).retry_after(), told, "{wait}");
        }
    }
}
