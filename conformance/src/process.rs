//! A process of the scene: started, watched, stopped by its own id.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::BufRead as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::audit::Ear;

/// Lines of output kept.
const KEPT: usize = 2_000;
/// How long a process may take to stop when asked.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// How long the end of an ended process's output is waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The program that ties another one to the life of its parent: part of every Linux (util-linux).
const SETPRIV: &str = "/usr/bin/setpriv";

/// A command for `program` that is asked to stop (SIGTERM) when its parent ends, even where the parent was killed and
/// could not do it itself. The parent is the thread that starts it. Where the system has no means for it, the command is
/// a plain one.
pub fn tied(program: impl AsRef<OsStr>) -> Command {
    if !Path::new(SETPRIV).is_file() {
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    // It becomes the program: same process, same id.
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// A running process with the last lines it printed. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    id: u32,
    log: Log,
    readers: Vec<JoinHandle<()>>,
}

/// Whether a signal from the terminal reaches the process too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signals {
    /// Ctrl-C ends it together with this program.
    Shared,
    /// Only this program stops it, in its own order.
    Apart,
}

fn apart(command: &mut Command, signals: Signals) {
    match signals {
        Signals::Shared => {}
        Signals::Apart => {
            command.process_group(0);
        }
    }
}

/// The last lines that a process printed, and a bell for each new one.
#[derive(Debug, Clone)]
struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    count: watch::Sender<u64>,
}

impl Log {
    fn new() -> Self {
        Self { lines: Arc::default(), count: watch::Sender::new(0) }
    }

    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
        drop(lines);
        self.count.send_modify(|count| *count += 1);
    }

    fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    fn find(&self, text: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| line.contains(text)).cloned()
    }

    fn read(&self, stream: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).split(b'\n');
            while let Ok(Some(line)) = lines.next_segment().await {
                log.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        })
    }
}

impl Process {
    /// Starts `command` and collects what it prints.
    pub fn start(name: &'static str, mut command: Command, signals: Signals) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        apart(&mut command, signals);
        let mut child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let id = child.id().with_context(|| format!("{name} ended at once"))?;
        let log = Log::new();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let readers = [stdout.map(|stream| log.read(stream)), stderr.map(|stream| log.read(stream))];
        Ok(Self { name, child, id, log, readers: readers.into_iter().flatten().collect() })
    }

    /// The same for a process whose every line `ear` hears, on a thread of its own: a test may wait for a line without
    /// giving way to its runtime.
    pub fn start_heard(name: &'static str, mut command: Command, signals: Signals, ear: Ear) -> anyhow::Result<Self> {
        let (printed, pen) = std::io::pipe()?;
        command.stdin(Stdio::null()).stdout(pen.try_clone()?).stderr(pen).kill_on_drop(true);
        apart(&mut command, signals);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        // Its ends of the pipe are the process's alone from now on.
        drop(command);
        let id = child.id().with_context(|| format!("{name} ended at once"))?;
        let log = Log::new();
        let (own, (done, ended)) = (log.clone(), tokio::sync::oneshot::channel::<()>());
        std::thread::spawn(move || {
            for line in std::io::BufReader::new(printed).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                ear.hear(&line);
                own.push(line);
            }
            drop((ear, done));
        });
        let reader = tokio::spawn(async move {
            let _ended = ended.await;
        });
        Ok(Self { name, child, id, log, readers: vec![reader] })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The last `count` lines it printed, standard output and error together.
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        self.log.last(count)
    }

    /// Waits until it prints a line that holds `text`, and returns that line.
    pub async fn line(&mut self, text: &str, patience: Duration) -> anyhow::Result<String> {
        let mut bell = self.log.count.subscribe();
        let log = self.log.clone();
        let found = async {
            loop {
                bell.mark_unchanged();
                if let Some(line) = log.find(text) {
                    return line;
                }
                if bell.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            line = tokio::time::timeout(patience, found) => {
                line.with_context(|| self.complaint(&format!("did not print « {text} » within {patience:?}")))
            }
            ended = self.child.wait() => {
                self.hear_out().await;
                bail!(self.complaint(&format!("ended ({})", ended?)))
            }
        }
    }

    /// Waits until `ready` says yes, asking again every 20 ms; fails when the process ends or patience does.
    pub async fn until(&mut self, patience: Duration, mut ready: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
        let answered = async {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            loop {
                pause.tick().await;
                if ready().await {
                    return;
                }
            }
        };
        tokio::select! {
            done = tokio::time::timeout(patience, answered) => {
                done.with_context(|| self.complaint(&format!("was not ready within {patience:?}")))
            }
            ended = self.child.wait() => {
                self.hear_out().await;
                bail!(self.complaint(&format!("ended ({})", ended?)))
            }
        }
    }

    /// Waits for its end, and for the last it printed.
    pub async fn end(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.hear_out().await;
        Ok(status)
    }

    /// Reads what an ended process printed to its end. A child that it left behind may hold its output open for longer.
    async fn hear_out(&mut self) {
        for reader in self.readers.drain(..) {
            let _heard = tokio::time::timeout(LAST_WORDS, reader).await;
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it, without waiting for its end.
    pub(crate) fn kill(&mut self) {
        let _already_gone = self.child.start_kill();
    }

    /// Asks it to stop (SIGTERM) and waits; kills it when it does not.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        self.signal("TERM").await?;
        if let Ok(status) = tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await {
            return Ok(status?);
        }
        self.child.start_kill()?;
        self.child.wait().await?;
        bail!(self.complaint(&format!("did not stop within {STOP_PATIENCE:?} and was killed")))
    }

    /// Sends a signal by name, `TERM` or `STOP` for example.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.id.to_string()).status().await?;
        if !status.success() {
            bail!("{} (process {}) cannot be signalled", self.name, self.id);
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> String {
        let lines = self.last_lines(20);
        let log = if lines.is_empty() { "  (nothing)".to_owned() } else { format!("  {}", lines.join("\n  ")) };
        format!("{} {what}; its last lines:\n{log}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("shell", command, Signals::Shared).unwrap()
    }

    #[tokio::test]
    async fn a_line_is_awaited_on_either_stream() {
        let mut process = shell("echo one; echo 'ready on 1' >&2; exec sleep 60");
        assert_eq!(process.line("ready on", PATIENCE).await.unwrap(), "ready on 1");
        assert!(process.runs());
        let status = process.stop().await.unwrap();
        assert!(!status.success() && !process.runs());
    }

    #[tokio::test]
    async fn one_that_ends_early_is_reported_with_its_last_lines() {
        let mut process = shell("echo 'address 127.0.0.1:1 is already in use'; exit 2");
        process.end().await.unwrap();
        let error = process.line("never", PATIENCE).await.unwrap_err().to_string();
        assert!(error.contains("ended (exit status: 2)"), "{error}");
        let error = process.until(PATIENCE, async || false).await.unwrap_err().to_string();
        assert!(error.contains("shell ended"), "{error}");
    }

    fn gone(id: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        status.is_empty() || status.contains(") Z ")
    }

    #[tokio::test]
    async fn dropping_one_kills_it() {
        let process = shell("exec sleep 60");
        let id = process.id();
        drop(process);
        shell("exec sleep 60").until(PATIENCE, async || gone(id)).await.unwrap();
    }

    #[tokio::test]
    async fn one_that_is_tied_ends_with_a_parent_that_was_killed() {
        let tied = tied("sleep");
        let words: Vec<_> = std::iter::once(tied.as_std().get_program()).chain(tied.as_std().get_args()).collect();
        let words = words.join(OsStr::new(" ")).into_string().unwrap();
        let mut parent = shell(&format!("{words} 60 & echo child $!; wait"));
        let child: u32 = parent.line("child", PATIENCE).await.unwrap().split_once(' ').unwrap().1.parse().unwrap();
        // It is tied from the moment that setpriv has become the program.
        let became = async || std::fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default() == "sleep\n";
        shell("exec sleep 60").until(PATIENCE, became).await.unwrap();
        parent.signal("KILL").await.unwrap();
        parent.end().await.unwrap();
        shell("exec sleep 60").until(PATIENCE, async || gone(child)).await.unwrap();
    }
}
