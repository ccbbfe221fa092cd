//! What lives for minutes: sign-ins, sessions, codes, access tokens, and what was seen.
//!
//! A record lies at a place, and under a key, that only its bearer secret leads to ([`crate::seal`]). Four acts, each
//! atomic on each engine:
//!
//! ```text
//!   put    it was not there, now it is          never overwrites
//!   look   what lies there, and its version
//!   take   what lay there, and it is gone       of many takers one has it: everything single-use
//!   swap   the new one, if the version still stands    of two clicks the second loses
//! ```
//!
//! No act is repeated on its own: after [`StoreError::Unavailable`] nobody knows whether it took place, and to take
//! again what was taken, or to swap again what was swapped, is for the caller to decide.

mod memory;
mod records;
mod redis;

use domain::secret::{Bearer, delimited};
use domain::time::Lifetime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub use crate::seal::Version;

use crate::seal::{Blob, Lock, Place, Vault, seen_place};
use crate::{Clock, StoreError};
use memory::Memory;
use redis::Redis;

/// What a record is. It is part of the place, of the key and of what is authenticated: a code can never be opened as
/// a session, even under the same secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sign-in on its way, borne by a cookie.
    SignIn,
    /// An earlier sign-in of a browser, borne by a cookie.
    Session,
    /// An authorization code.
    Code,
    /// An access token.
    AccessToken,
    /// A pushed authorization request (RFC 9126).
    Pushed,
    /// Which acceptance completed a pushed request.
    Completion,
    /// A citizen who logs out at the provider too.
    Leaving,
    /// The answer that ended a session.
    LoggedOut,
    /// A client assertion that was used (RFC 7523 §3, `jti`).
    ClientAssertion,
    /// A refresh token.
    RefreshToken,
    /// A family of refresh and access tokens.
    Family,
    /// A DPoP proof that was used (RFC 9449 §11.1, `jti`).
    DpopProof,
    /// The same of a phone or of a desk reader: nobody but them has to wait when too many were used.
    CardProof,
    /// One use of a card with its code.
    CardTransaction,
    /// What lies behind the handle that a phone finds such a use by.
    Pairing,
    /// What was read of a card at a desk, while its case is open.
    DeskPapers,
    /// A WebAuthn ceremony that was begun.
    Ceremony,
    /// The session of an agent at the desk, borne by a cookie.
    AgentSession,
    /// One use of an allowance.
    Allowance,
    /// A WebAuthn ceremony that was begun in the partners' space.
    PartnerCeremony,
    /// The session of a partner, borne by a cookie.
    PartnerSession,
    /// An address that asked to sign up, until its mailbox answers.
    SignUp,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "signin",
            Self::Session => "session",
            Self::Code => "code",
            Self::AccessToken => "token",
            Self::Pushed => "pushed",
            Self::Completion => "completion",
            Self::Leaving => "leaving",
            Self::LoggedOut => "logged-out",
            Self::ClientAssertion => "assertion",
            Self::RefreshToken => "refresh",
            Self::Family => "family",
            Self::DpopProof => "dpop",
            Self::CardProof => "card-dpop",
            Self::CardTransaction => "card",
            Self::Pairing => "pairing",
            Self::DeskPapers => "desk-papers",
            Self::Ceremony => "ceremony",
            Self::AgentSession => "agent-session",
            Self::Allowance => "allowance",
            Self::PartnerCeremony => "partner-ceremony",
            Self::PartnerSession => "partner-session",
            Self::SignUp => "sign-up",
        }
    }
}

/// A value that can be kept under a bearer secret.
pub trait Record: Serialize + DeserializeOwned {
    /// What it is.
    const KIND: Kind;
}

/// What became of a put.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Nothing was there: it is kept.
    Fresh,
    /// Something was there already, and still is: nothing was changed.
    Taken,
}

/// What became of a swap.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The record was replaced; this is its version now.
    Done(Version),
    /// The version no longer stands, or the record is gone: nothing was changed.
    Lost,
}

/// How often something may be done within a while, wherever it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What is done: allowances of two names share nothing.
    pub name: &'static str,
    /// So often.
    pub most: u8,
    /// In any stretch of so long.
    pub within: Lifetime,
}

/// Whether something may be done once more.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// It may, and counts.
    Yes,
    /// It was done too often.
    No,
}

/// How much memory records may take, in bytes. Sign-ins, of citizens and of agents, have a budget of their own: anybody can
/// begin one, and a flood
/// of them must leave room for the codes, tokens and sessions of those who came through. So have pushed requests: a
/// relying party that pushes without end stops pushes alone. So have the uses of cards, which any phone can begin and which
/// hold the files of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// For sign-ins.
    pub sign_ins: u64,
    /// For pushed requests.
    pub pushed: u64,
    /// For uses of cards, and the proofs of those who call for them.
    pub cards: u64,
    /// For all the rest together.
    pub rest: u64,
}

impl Default for Budget {
    /// 256 MiB for sign-ins and for the rest, 128 MiB for pushed requests and for uses of cards, which live for a moment.
    fn default() -> Self {
        Self { sign_ins: 256 << 20, pushed: 128 << 20, cards: 128 << 20, rest: 256 << 20 }
    }
}

/// The records that live for minutes. Cheap to clone.
#[derive(Clone)]
pub struct Ephemeral {
    pub(crate) engine: Engine,
    seen: Zeroizing<[u8; 32]>,
}

#[derive(Clone)]
pub(crate) enum Engine {
    Memory(Memory),
    Redis(Redis),
}

impl Ephemeral {
    /// Keeps records in this process. Past about the `budget` of its kind a put is refused with [`StoreError::Full`]
    /// rather than a live code evicted; a swap is not, so that who is under way arrives. For a gateway of one node: a
    /// restart forgets everything.
    pub fn memory(clock: Clock, budget: Budget, vault: &Vault) -> Self {
        Self { engine: Engine::Memory(Memory::new(clock, budget)), seen: vault.derive("seen") }
    }

    /// Keeps records in Redis, 6.2 or newer, at `redis://` or `rediss://`. Time is Redis' own.
    pub async fn redis(url: &str, vault: &Vault) -> Result<Self, StoreError> {
        Ok(Self { engine: Engine::Redis(Redis::connect(url).await?), seen: vault.derive("seen") })
    }

    /// Keeps a record for `lifetime`, unless one lies there already.
    pub async fn put<R: Record>(&self, bearer: &Bearer<R>, record: &R, lifetime: Lifetime) -> Result<Put, StoreError> {
        Ok(self.put_versioned(bearer, record, lifetime).await?.map_or(Put::Taken, |_| Put::Fresh))
    }

    /// Keeps a record as [`Ephemeral::put`] does, and gives its version for the swap that will follow; `None` when one
    /// lies there already.
    pub async fn put_versioned<R: Record>(
        &self,
        bearer: &Bearer<R>,
        record: &R,
        lifetime: Lifetime,
    ) -> Result<Option<Version>, StoreError> {
        let lock = Lock::of(bearer);
        let (version, blob) = lock.seal(record)?;
        match self.engine.put(lock.place(), blob, some(lifetime)?).await? {
            Put::Fresh => Ok(Some(version)),
            Put::Taken => Ok(None),
        }
    }

    /// Keeps a record of someone who is under way already, as [`Ephemeral::put`] does: the budget that holds off new ones
    /// does not hold it, twice the budget does.
    pub async fn put_under_way<R: Record>(
        &self,
        bearer: &Bearer<R>,
        record: &R,
        lifetime: Lifetime,
    ) -> Result<Option<Version>, StoreError> {
        let lock = Lock::of(bearer);
        let (version, blob) = lock.seal(record)?;
        let put = match &self.engine {
            Engine::Memory(memory) => memory.put_under_way(lock.place(), blob, some(lifetime)?).await?,
            Engine::Redis(_) => self.engine.put(lock.place(), blob, some(lifetime)?).await?,
        };
        match put {
            Put::Fresh => Ok(Some(version)),
            Put::Taken => Ok(None),
        }
    }

    /// What lies there, with its version; `None` when it never was, was taken, or has ended.
    pub async fn look<R: Record>(&self, bearer: &Bearer<R>) -> Result<Option<(R, Version)>, StoreError> {
        let lock = Lock::of(bearer);
        self.engine.look(lock.place()).await?.map(|blob| lock.open(blob)).transpose()
    }

    /// Takes what lies there: returned and gone in one act, to one caller alone (architecture rule 6).
    pub async fn take<R: Record>(&self, bearer: &Bearer<R>) -> Result<Option<R>, StoreError> {
        let lock = Lock::of(bearer);
        let Some(blob) = self.engine.take(lock.place()).await? else {
            return Ok(None);
        };
        lock.open(blob).map(|(record, _)| Some(record))
    }

    /// Replaces the record that had `version` when it was looked at, and gives it a new `lifetime` from now.
    pub async fn swap<R: Record>(
        &self,
        bearer: &Bearer<R>,
        version: Version,
        record: &R,
        lifetime: Lifetime,
    ) -> Result<Swap, StoreError> {
        let lock = Lock::of(bearer);
        let (next, blob) = lock.seal(record)?;
        match self.engine.swap(lock.place(), version, blob, some(lifetime)?).await? {
            Swapped::Yes => Ok(Swap::Done(next)),
            Swapped::No => Ok(Swap::Lost),
        }
    }

    /// Notes that a value was seen: [`Put::Fresh`] the first time within `lifetime`, [`Put::Taken`] after. The value
    /// is the list of its fields (say, the client and the `jti`); it is kept as a keyed hash alone.
    pub async fn once(&self, kind: Kind, value: &[&[u8]], lifetime: Lifetime) -> Result<Put, StoreError> {
        let place = seen_place(&self.seen, kind, &delimited(value));
        self.engine.put(place, vec![1], some(lifetime)?).await
    }

    /// Takes one of an allowance, which all nodes on one engine share. Each use holds a place of its own for the whole
    /// stretch, so that no bound between two stretches lets more through.
    pub async fn allow(&self, allowance: Allowance, whose: &[u8]) -> Result<Allowed, StoreError> {
        for turn in 0..allowance.most {
            let place = self.turn(allowance, whose, turn);
            if self.engine.put(place, vec![1], some(allowance.within)?).await? == Put::Fresh {
                return Ok(Allowed::Yes);
            }
        }
        Ok(Allowed::No)
    }

    fn turn(&self, allowance: Allowance, whose: &[u8], turn: u8) -> Place {
        seen_place(&self.seen, Kind::Allowance, &delimited(&[allowance.name.as_bytes(), whose, &[turn]]))
    }

    /// Whether the engine answers; [`StoreError::Full`] when a budget of the memory is used up.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Memory(memory) => memory.ping().await,
            Engine::Redis(redis) => redis.ping().await,
        }
    }
}

impl std::fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.engine {
            Engine::Memory(_) => "Ephemeral(memory)",
            Engine::Redis(_) => "Ephemeral(redis)",
        })
    }
}

/// Whether the version still stood.
pub(crate) enum Swapped {
    Yes,
    No,
}

/// The four acts of an engine, on sealed bytes. A lifetime is never zero here.
impl Engine {
    pub(crate) async fn put(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        match self {
            Self::Memory(memory) => memory.put(place, blob, lifetime).await,
            Self::Redis(redis) => redis.put(place, blob, lifetime).await,
        }
    }

    pub(crate) async fn look(&self, place: Place) -> Result<Option<Blob>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.look(place).await),
            Self::Redis(redis) => redis.look(place).await,
        }
    }

    pub(crate) async fn take(&self, place: Place) -> Result<Option<Blob>, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.take(place).await),
            Self::Redis(redis) => redis.take(place).await,
        }
    }

    pub(crate) async fn swap(
        &self,
        place: Place,
        held: Version,
        blob: Blob,
        lifetime: Lifetime,
    ) -> Result<Swapped, StoreError> {
        match self {
            Self::Memory(memory) => Ok(memory.swap(place, held, blob, lifetime).await),
            Self::Redis(redis) => redis.swap(place, held, blob, lifetime).await,
        }
    }
}

fn some(lifetime: Lifetime) -> Result<Lifetime, StoreError> {
    if lifetime.as_seconds() == 0 { Err(StoreError::NoLifetime) } else { Ok(lifetime) }
}

/// What only the contract needs: time that goes by, the bytes as an intruder finds them, a connection that breaks.
#[cfg(test)]
impl Ephemeral {
    /// Lets time go by for one record where time is the engine's own; the clock of the memory moves by itself.
    pub(crate) async fn age(&self, place: Place, seconds: u32) {
        match &self.engine {
            Engine::Memory(_) => {}
            Engine::Redis(redis) => redis.age(place, seconds).await,
        }
    }

    /// The same for one use of an allowance.
    pub(crate) async fn age_turn(&self, allowance: Allowance, whose: &[u8], (turn, seconds): (u8, u32)) {
        self.age(self.turn(allowance, whose, turn), seconds).await;
    }

    /// Everything an intruder would find.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        match &self.engine {
            Engine::Memory(memory) => memory.dump(),
            Engine::Redis(redis) => redis.dump().await,
        }
    }

    /// Breaks the connection of another node.
    pub(crate) async fn cut(&self, other: &Self) {
        match (&self.engine, &other.engine) {
            (Engine::Redis(own), Engine::Redis(other)) => own.cut(other).await,
            (Engine::Memory(_), _) | (_, Engine::Memory(_)) => {
                unreachable!("the memory has no connection")
            }
        }
    }
}
