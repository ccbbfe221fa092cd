//! Our scripts in JavaScript and Python (`conformance/clients`): how they are started, and spoken to in lines.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::process::tied;
use crate::tools::{Missing, Tool, node_file};
use crate::workspace::{root, workshop};

/// Python with one of our scripts.
pub(crate) fn python(script: &str) -> Result<Command, Missing> {
    let mut command = tied(Tool::Python.find()?);
    command.arg(root().join("conformance/clients").join(script));
    Ok(command)
}

/// Node with one of our scripts, put beside the installed libraries because module imports look there only.
pub(crate) fn javascript(library: &str, script: &str) -> Result<Command, Missing> {
    node_file(library)?;
    let mut command = tied(Tool::Node.find()?);
    let beside: PathBuf = workshop().join("node").join(script);
    let source = root().join("conformance/clients").join(script);
    let fresh = tempfile::NamedTempFile::new_in(workshop()).expect("target/conformance can be written");
    std::fs::copy(source, fresh.path()).expect("target/conformance can be written");
    fresh.persist(&beside).expect("target/conformance can be written");
    command.arg(beside);
    Ok(command)
}

/// A running program that hears lines on its standard input, and says lines that begin with an agreed word.
#[derive(Debug)]
pub(crate) struct Dialogue {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Dialogue {
    /// Starts the program, which ends with this value.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = child.stdin.take().context("a pipe was asked for")?;
        let output = BufReader::new(child.stdout.take().context("a pipe was asked for")?).lines();
        Ok(Self { child, input, output })
    }

    /// Says a line to the program.
    pub(crate) async fn says(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(self.input.write_all(format!("{line}\n").as_bytes()).await?)
    }

    /// What follows `word` in the next line that begins with it.
    pub(crate) async fn hears(&mut self, word: &str) -> anyhow::Result<String> {
        while let Some(line) = self.output.next_line().await? {
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.to_owned());
            }
        }
        bail!("the program ended without saying {word}(its errors are above)")
    }

    /// Waits for the program to end well.
    pub(crate) async fn ends(mut self) -> anyhow::Result<()> {
        let status = self.child.wait().await?;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}
