//! Throw-away Redis and PostgreSQL servers on free loopback ports, gone with their data when dropped.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::process::{Process, Signals, tied};
use crate::site::free_port;
use crate::tools::{Missing, Tool};

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Redis server without persistence.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start() -> Result<Self, Missing> {
        let program = Tool::RedisServer.find()?;
        Ok(Self::launch(&program).await.expect("an installed redis-server starts"))
    }

    async fn launch(program: &Path) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-redis-")?;
        let port = free_port();
        let mut command = tied(program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--daemonize", "no", "--dir"]).arg(folder.path());
        let mut process = Process::start("redis-server", command, Signals::Shared)?;
        process.until(PATIENCE, async || pong(port).await.unwrap_or(false)).await?;
        Ok(Self { process, port, _folder: folder })
    }

    /// Its address, `redis://…`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it before its time: an outage.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }
}

async fn pong(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"+PONG")
}

/// A PostgreSQL server that never waits for its disk.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it. PostgreSQL refuses to run as root: then it runs as the user `postgres`.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start() -> Result<Self, Missing> {
        let (initdb, server) = (Tool::Initdb.find()?, Tool::Postgres.find()?);
        Ok(Self::launch(&initdb, &server).await.expect("an installed PostgreSQL starts"))
    }

    async fn launch(initdb: &Path, server: &Path) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("passerelle-postgres-")?;
        let data = folder.path().join("data");
        let account = Account::find().await?;
        account.give(folder.path())?;
        let mut initialise = account.command(initdb);
        initialise.arg("-D").arg(&data).args(["-U", "passerelle", "--auth=trust", "--no-sync", "-E", "UTF8"]);
        initialise.args(["--locale=C.UTF-8"]).current_dir(folder.path());
        let made = initialise.output().await?;
        anyhow::ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut command = account.command(server);
        command.arg("-D").arg(&data).arg("-k").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
        command.args(["-c", "max_connections=200"]).current_dir(folder.path());
        let mut process = Process::start("postgres", command, Signals::Shared)?;
        process.line("ready to accept connections", PATIENCE).await?;
        Ok(Self { process, port, folder })
    }

    /// Its address, `postgres://…`, with the database that every cluster has.
    pub fn url(&self) -> String {
        format!("postgres://passerelle@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder of its cluster, for tests that read what is on disk.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Postgres {
    /// Immediate shutdown: the server ends its own children, which a kill would leave behind.
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let _gone = std::process::Command::new("kill").args(["-QUIT", &id]).status();
        let since = std::time::Instant::now();
        while self.process.runs() && since.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
    }
}

/// Who runs the server.
#[derive(Debug, Clone, Copy)]
enum Account {
    Own,
    Postgres { user: u32, group: u32 },
}

impl Account {
    async fn find() -> anyhow::Result<Self> {
        if id(&["-u"]).await? != 0 {
            return Ok(Self::Own);
        }
        let user = id(&["-u", "postgres"]).await.context("root needs the user postgres to run PostgreSQL")?;
        Ok(Self::Postgres { user, group: id(&["-g", "postgres"]).await? })
    }

    fn command(self, program: &Path) -> Command {
        let mut command = tied(program);
        command.env("LC_ALL", "C.UTF-8");
        match self {
            Self::Own => {}
            Self::Postgres { user, group } => {
                command.uid(user).gid(group);
            }
        }
        command
    }

    fn give(self, folder: &Path) -> std::io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Postgres { user, group } => std::os::unix::fs::chown(folder, Some(user), Some(group)),
        }
    }
}

async fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let output = Command::new("id").args(arguments).output().await?;
    String::from_utf8_lossy(&output.stdout).trim().parse().context("no such user")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::or_skip;

    #[tokio::test]
    async fn redis_answers_and_is_gone_when_dropped() {
        let redis = or_skip!(Redis::start().await);
        let port = redis.port();
        assert!(pong(port).await.unwrap());
        drop(redis);
        let mut witness = Command::new("sleep");
        witness.arg("60");
        let mut witness = Process::start("sleep", witness, Signals::Shared).unwrap();
        witness.until(PATIENCE, async || pong(port).await.is_err()).await.unwrap();
    }

    #[tokio::test]
    async fn postgres_listens_and_takes_its_data_with_it() {
        let postgres = or_skip!(Postgres::start().await);
        let (port, data) = (postgres.port, postgres.data());
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        drop(postgres);
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
        assert!(!data.exists());
    }
}
