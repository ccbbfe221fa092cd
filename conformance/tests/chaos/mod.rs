//! G12: the gateway is killed (SIGKILL) wherever it could be, started again from the same folder, and asked to go on.
//!
//! What a gateway leaves behind changes only where it writes: so each request is killed once behind each of its writes
//! to Redis, and once on either side of each of its commits to PostgreSQL, until it ends before the kill comes. A
//! [`Gate`] on the wire says that it stands there, so nothing is left to luck. SQLite has no wire: there the writes to
//! Redis before and behind a commit stand for both sides of it.
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
use conformance::tools::{Missing, Tool};

use crate::journey::Journey;

/// More places than any request has.
const MANY: usize = 40;

/// A gateway with a gate on the wire to each of its stores.
pub(super) struct Ruin {
    pub(super) journey: Journey,
    redis: Gate,
    ledger: Ledger,
    _memory: Redis,
}

/// What lasts.
enum Ledger {
    Postgres { server: Box<Postgres>, gate: Gate },
    Sqlite,
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
        let server = Box::new(Postgres::start().await?);
        let gate = Gate::before(server.port()).await;
        let lasting = Lasting::Postgres(format!("postgres://passerelle@127.0.0.1:{}/postgres", gate.port()));
        Self::with(lasting, Ledger::Postgres { server, gate }).await
    }

    /// The same with SQLite.
    pub(super) async fn set_with_sqlite() -> Result<Self, Missing> {
        Tool::Sqlite.find()?;
        Self::with(Lasting::Sqlite, Ledger::Sqlite).await
    }

    async fn with(lasting: Lasting, ledger: Ledger) -> Result<Self, Missing> {
        let memory = Redis::start().await?;
        let redis = Gate::before(memory.port()).await;
        let setting = Setting {
            ephemeral: Ephemeral::Redis(format!("redis://127.0.0.1:{}/", redis.port())),
            lasting,
            overrides: "[limits]\nauthorize_per_minute = 0".parse().expect("is TOML"),
            ..Setting::default()
        };
        let mut journey = Journey::set(setting).await;
        let mut metadata = RelyingParty::ordinary("Ville relevée");
        metadata["grant_types"] = serde_json::json!(["authorization_code", "refresh_token"]);
        journey.service = journey.register(&metadata).await;
        Ok(Self { journey, redis, ledger, _memory: memory })
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
        self.sql("UPDATE outbox SET due = 0; UPDATE logouts SET due = 0").await;
        self.journey.scene.gateway.start_again().await.unwrap();
    }

    async fn open(&self) {
        self.redis.open().await;
        match &self.ledger {
            Ledger::Postgres { gate, .. } => gate.open().await,
            Ledger::Sqlite => {}
        }
    }

    fn gate(&self, place: Place) -> (&Gate, Stop) {
        let commits: fn(&[u8]) -> bool = |message| holds(message, b"COMMIT");
        let pass = place.behind;
        let ledger = match &self.ledger {
            Ledger::Postgres { gate, .. } => gate,
            Ledger::Sqlite => &self.redis,
        };
        match place.wire {
            Wire::Written => {
                let kind = |message: &[u8]| {
                    [b"\r\nSET\r\n".as_slice(), b"\r\nGETDEL\r\n", b"\r\nEVALSHA\r\n"]
                        .iter()
                        .any(|verb| holds(message, verb))
                };
                (&self.redis, Stop { kind, pass, side: Side::Behind })
            }
            Wire::Uncommitted => (ledger, Stop { kind: commits, pass, side: Side::Before }),
            Wire::Committed => (ledger, Stop { kind: commits, pass, side: Side::Behind }),
        }
    }

    /// How many acts of a kind the journal holds.
    pub(super) async fn acts(&self, kind: &str) -> usize {
        self.sql(&format!("SELECT count(*) FROM journal WHERE kind = '{kind}'")).await.parse().unwrap()
    }

    /// Runs SQL on what lasts, beside the gateway.
    pub(super) async fn sql(&self, text: &str) -> String {
        match &self.ledger {
            Ledger::Postgres { server, .. } => server.sql(text).await.unwrap(),
            Ledger::Sqlite => self.journey.sql(text).unwrap(),
        }
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
