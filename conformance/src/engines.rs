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

    /// Lets time pass for every record whose key fits a pattern: what is left of its life is less by so much, and it is gone
    /// where nothing is left. The longest life that one of them had before.
    pub async fn pass(&self, pattern: &str, time: Duration) -> anyhow::Result<Duration> {
        let script = "local longest = 0 for _, key in ipairs(redis.call('KEYS', ARGV[1])) do \
                      local left = redis.call('PTTL', key) longest = math.max(longest, left) \
                      redis.call('PEXPIRE', key, left - ARGV[2]) end return longest";
        let words = ["EVAL", script, "0", pattern, &time.as_millis().to_string()];
        let words = words.map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let command = format!("*{}\r\n{}", words.len(), words.concat());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(command.as_bytes()).await?;
        let mut answer = String::new();
        while !answer.ends_with("\r\n") {
            answer.push(char::from(stream.read_u8().await?));
        }
        let longest = answer.trim_end().strip_prefix(':').with_context(|| answer.clone())?;
        Ok(Duration::from_millis(longest.parse()?))
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

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL in its database beside the running gateway; what it prints, a row a line.
    pub async fn sql(&self, text: &str) -> anyhow::Result<String> {
        sql(self.port, text).await
    }

    /// The folder of its cluster, for tests that read what is on disk.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

/// One simple query in PostgreSQL's own protocol (version 3.0), by a role that needs no password.
async fn sql(port: u16, text: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let hello = b"\0\x03\0\0user\0passerelle\0database\0postgres\0\0";
    stream.write_all(&length(hello)?).await?;
    stream.write_all(hello).await?;
    while message(&mut stream).await?.0 != b'Z' {}
    stream.write_all(b"Q").await?;
    stream.write_all(&length(&[text.as_bytes(), b"\0"].concat())?).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\0").await?;
    let mut rows = Vec::new();
    loop {
        match message(&mut stream).await? {
            (b'D', row) => rows.push(columns(&row).context("a row of text")?.join("|")),
            (b'E', error) => anyhow::bail!("{text}: {}", String::from_utf8_lossy(&error)),
            (b'Z', _) => return Ok(rows.join("\n")),
            _ => {}
        }
    }
}

/// The length of a message, which counts itself.
fn length(body: &[u8]) -> anyhow::Result<[u8; 4]> {
    Ok(u32::try_from(body.len() + 4)?.to_be_bytes())
}

async fn message(stream: &mut TcpStream) -> anyhow::Result<(u8, Vec<u8>)> {
    let (kind, length) = (stream.read_u8().await?, stream.read_u32().await?);
    let mut body = vec![0; usize::try_from(length)?.saturating_sub(4)];
    stream.read_exact(&mut body).await?;
    Ok((kind, body))
}

/// The columns of a `DataRow`; NULL is an empty text.
fn columns(row: &[u8]) -> Option<Vec<String>> {
    let (count, mut rest) = row.split_first_chunk::<2>()?;
    let mut columns = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        let (column, after) = after.split_at_checked(length)?;
        columns.push(String::from_utf8_lossy(column).into_owned());
        rest = after;
    }
    Some(columns)
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
        let said = postgres.sql("SELECT n, NULL, 'é' FROM generate_series(1, 2) n").await.unwrap();
        assert_eq!(said, "1||é\n2||é");
        assert!(postgres.sql("SELECT nothing").await.unwrap_err().to_string().contains("does not exist"));
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        drop(postgres);
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
        assert!(!data.exists());
    }
}
