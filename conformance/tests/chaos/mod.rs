//! G12: the gateway is killed (SIGKILL) wherever it could be, started again from the same folder, and asked to go on.
//!
//! What a gateway leaves behind changes only where it writes: so each request is killed once behind each of its writes
//! to Redis, and once on either side of each of its commits to PostgreSQL, until it ends before the kill comes. A
//! [`Gate`] on the wire says that it stands there, so nothing is left to luck.
//!
//! ```text
//!  round 0   ──write╳
//!  round 1   ──write──write╳
//!  round 2   ──write──write──commit╳          … until the answer comes
//! ```

mod logout;
mod sign_in;
mod tokens;

use std::pin::pin;

use conformance::engines::{Postgres, Redis};
use conformance::gate::{Gate, Side, Stop, holds};
use conformance::gateway::{Ephemeral, Lasting};
use conformance::relying_party::RelyingParty;
use conformance::scene::Setting;
use conformance::tools::Missing;

use crate::journey::Journey;

/// More places than any request has.
const MANY: usize = 40;

/// A gateway with a gate on the wire to each of its stores.
pub(super) struct Ruin {
    pub(super) journey: Journey,
    redis: Gate,
    ledger: Gate,
    postgres: Postgres,
    _memory: Redis,
}

/// Where a kill falls: behind so many writes, on this wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    wire: Wire,
    behind: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// Redis has it, the gateway is not told.
    Written,
    /// The transaction is whole, and not committed.
    Uncommitted,
    /// PostgreSQL committed, the gateway is not told.
    Committed,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// The kill fell into the request.
    Killed,
    /// The request has no such place.
    Whole,
}

impl Ruin {
    /// Redis, PostgreSQL, the gateway, and an ordinary service that may have refresh tokens.
    pub(super) async fn set() -> Result<Self, Missing> {
        let (memory, postgres) = (Redis::start().await?, Postgres::start().await?);
        let (redis, ledger) = (Gate::before(memory.port()).await, Gate::before(postgres.port()).await);
        let setting = Setting {
            ephemeral: Ephemeral::Redis(format!("redis://127.0.0.1:{}/", redis.port())),
            lasting: Lasting::Postgres(format!("postgres://passerelle@127.0.0.1:{}/postgres", ledger.port())),
            overrides: "[limits]\nauthorize_per_minute = 0".parse().expect("is TOML"),
            ..Setting::default()
        };
        let mut journey = Journey::set(setting).await;
        let mut metadata = RelyingParty::ordinary("Ville relevée");
        metadata["grant_types"] = serde_json::json!(["authorization_code", "refresh_token"]);
        journey.service = journey.register(&metadata).await;
        Ok(Self { journey, redis, ledger, postgres, _memory: memory })
    }

    /// Does something at the gateway, which is killed at a place on the way and started again; `None` when it was.
    pub(super) async fn killed<T>(&mut self, place: Place, act: impl Future<Output = anyhow::Result<T>>) -> Option<T> {
        let mut act = pin!(act);
        let done = {
            let (gate, stop) = self.gate(place);
            gate.stop_at(stop);
            tokio::select! {
                done = &mut act => Some(done.unwrap_or_else(|error| panic!("{place:?}: {error:#}"))),
                () = gate.is_shut() => None,
            }
        };
        if done.is_some() {
            self.gate(place).0.stay_open();
            return done;
        }
        self.journey.scene.gateway.kill().await.unwrap();
        assert!(act.await.is_err(), "{place:?}: nobody is there to answer");
        self.come_back().await;
        None
    }

    /// Kills the gateway between two requests, and starts it again.
    pub(super) async fn crash(&mut self) {
        self.journey.scene.gateway.kill().await.unwrap();
        self.come_back().await;
    }

    async fn come_back(&mut self) {
        self.open().await;
        // The leases of a node that died run out after minutes: the clock of what waits is moved instead.
        self.postgres.sql("UPDATE outbox SET due = 0; UPDATE logouts SET due = 0").await.unwrap();
        self.journey.scene.gateway.start_again().await.unwrap();
    }

    async fn open(&self) {
        self.redis.open().await;
        self.ledger.open().await;
    }

    fn gate(&self, place: Place) -> (&Gate, Stop) {
        let commits: fn(&[u8]) -> bool = |message| holds(message, b"COMMIT");
        let pass = place.behind;
        match place.wire {
            Wire::Written => {
                let kind = |message: &[u8]| {
                    [b"\r\nSET\r\n".as_slice(), b"\r\nGETDEL\r\n", b"\r\nEVALSHA\r\n"]
                        .iter()
                        .any(|verb| holds(message, verb))
                };
                (&self.redis, Stop { kind, pass, side: Side::Behind })
            }
            Wire::Uncommitted => (&self.ledger, Stop { kind: commits, pass, side: Side::Before }),
            Wire::Committed => (&self.ledger, Stop { kind: commits, pass, side: Side::Behind }),
        }
    }

    /// How many acts of a kind the journal holds.
    pub(super) async fn acts(&self, kind: &str) -> usize {
        let count = self.postgres.sql(&format!("SELECT count(*) FROM journal WHERE kind = '{kind}'")).await.unwrap();
        count.parse().unwrap()
    }

    /// The journal follows from its beginning to its head.
    pub(super) async fn journal_is_whole(&self) {
        let output = self.journey.scene.gateway.installation().run(&["journal", "verify"]).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Runs a round at every place that its request has, on every wire; how many kills that were.
pub(super) async fn everywhere(ruin: &mut Ruin, mut round: impl AsyncFnMut(&mut Ruin, Place) -> Round) -> usize {
    let mut kills = 0;
    for wire in [Wire::Written, Wire::Uncommitted, Wire::Committed] {
        let mut behind = 0;
        while round(ruin, Place { wire, behind }).await == Round::Killed {
            behind += 1;
            assert!(behind < MANY, "{wire:?}: no request writes so much");
        }
        kills += behind;
    }
    kills
}
