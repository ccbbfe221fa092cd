//! Records in Redis (or what speaks its protocol), 6.2 or newer, for a gateway of several nodes.
//!
//! One multiplexed connection that comes back on its own; each act is one command, so each is atomic. A command that
//! was lost with its connection is an error and is not sent again.

use std::sync::LazyLock;
use std::time::Duration;

use domain::secret::base64url;
use domain::time::Lifetime;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, InfoDict, RedisError, Script};

use super::{Put, Swapped};
use crate::seal::{Blob, HEAD, Place, Version};
use crate::{Outage, StoreError};

/// Compares the version (bytes 1 to 12, after the form byte) and replaces, in one act.
static SWAP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GETRANGE', KEYS[1], 1, 12) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});
const _: () = assert!(HEAD == 13, "the script above cuts the version out of the head of a blob");

#[derive(Clone)]
pub(crate) struct Redis {
    connection: ConnectionManager,
}

impl Redis {
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_max_delay(Duration::from_secs(1))
            .set_number_of_retries(2);
        let client = Client::open(url).map_err(failed)?;
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(failed)?;
        let redis = Self { connection };
        redis.check_server().await?;
        Ok(redis)
    }

    pub(super) async fn put(&self, place: Place, blob: Blob, lifetime: Lifetime) -> Result<Put, StoreError> {
        let mut set = redis::cmd("SET");
        set.arg(key(place)).arg(blob).arg("NX").arg("PX").arg(milliseconds(lifetime));
        Ok(match self.ask::<Option<String>>(&set).await? {
            Some(_) => Put::Fresh,
            None => Put::Taken,
        })
    }

    pub(super) async fn look(&self, place: Place) -> Result<Option<Blob>, StoreError> {
        self.ask(redis::cmd("GET").arg(key(place))).await
    }

    pub(super) async fn take(&self, place: Place) -> Result<Option<Blob>, StoreError> {
        self.ask(redis::cmd("GETDEL").arg(key(place))).await
    }

    pub(super) async fn swap(
        &self,
        place: Place,
        held: Version,
        blob: Blob,
        lifetime: Lifetime,
    ) -> Result<Swapped, StoreError> {
        let mut swap = SWAP.key(key(place));
        swap.arg(&held.0[..]).arg(blob).arg(milliseconds(lifetime));
        // Sent a second time only after NOSCRIPT, when nothing was run.
        let done: i64 = swap.invoke_async(&mut self.connection.clone()).await.map_err(failed)?;
        Ok(if done == 1 { Swapped::Yes } else { Swapped::No })
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.ask::<String>(&redis::cmd("PING")).await.map(|_| ())
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        command.query_async(&mut self.connection.clone()).await.map_err(failed)
    }

    /// Refuses a server without `GETDEL`, and warns of one that would evict live records.
    async fn check_server(&self) -> Result<(), StoreError> {
        let server: InfoDict = self.ask(redis::cmd("INFO").arg("server")).await?;
        let version: String = server.get("redis_version").unwrap_or_default();
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < (6, 2) {
            return Err(Outage::new("redis", format!("version `{version}` is too old, 6.2 is needed")).into());
        }
        let memory: InfoDict = self.ask(redis::cmd("INFO").arg("memory")).await?;
        let policy: Option<String> = memory.get("maxmemory_policy");
        if memory.get::<u64>("maxmemory").unwrap_or(0) > 0 && policy.as_deref() != Some("noeviction") {
            tracing::warn!(policy, "redis may evict live sign-ins and codes; set maxmemory-policy to noeviction");
        }
        Ok(())
    }
}

#[cfg(test)]
impl Redis {
    pub(super) async fn age(&self, place: Place, seconds: u32) {
        let left: i64 = self.ask(redis::cmd("PTTL").arg(key(place))).await.expect("answers");
        let left = left - i64::from(seconds) * 1000;
        self.ask::<i64>(redis::cmd("PEXPIRE").arg(key(place)).arg(left)).await.expect("answers");
    }

    pub(super) async fn dump(&self) -> Vec<u8> {
        let keys: Vec<Vec<u8>> = self.ask(redis::cmd("KEYS").arg("*")).await.expect("answers");
        let values: Vec<Option<Vec<u8>>> = self.ask(redis::cmd("MGET").arg(&keys)).await.expect("answers");
        keys.into_iter().chain(values.into_iter().flatten()).flatten().collect()
    }

    pub(super) async fn cut(&self, other: &Self) {
        let id: i64 = other.ask(redis::cmd("CLIENT").arg("ID")).await.expect("answers");
        let ended: i64 = self.ask(redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id)).await.expect("answers");
        assert_eq!(ended, 1);
    }
}

fn key(place: Place) -> String {
    format!("passerelle:{}:{}", place.kind.name(), base64url(&place.hash))
}

fn milliseconds(lifetime: Lifetime) -> u64 {
    u64::from(lifetime.as_seconds()) * 1000
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failed(error: RedisError) -> StoreError {
    match error.code() {
        Some("OOM") => StoreError::Full,
        Some(_) | None => Outage::new("redis", error.to_string()).into(),
    }
}
