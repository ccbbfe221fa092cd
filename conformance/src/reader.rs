//! Encryption keys of relying parties in unmodified libraries of other people: what the gateway encrypts is read by them,
//! and they encrypt to the gateway.

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::library::{javascript, python};
use crate::tools::Missing;

/// A library that reads and writes encrypted tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jwe {
    /// npm: jose.
    Jose,
    /// PyPI: joserfc.
    Joserfc,
}

/// A running program with a key pair of its own.
#[derive(Debug)]
pub struct Reader {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// The public key.
    pub key: Value,
}

impl Reader {
    /// Starts the program with a fresh key for an algorithm.
    ///
    /// # Panics
    /// When the library is installed and its program does not get that far.
    pub async fn start(library: Jwe, algorithm: &str) -> Result<Self, Missing> {
        let mut command = match library {
            Jwe::Jose => javascript("jose/package.json", "reader.mjs")?,
            Jwe::Joserfc => python("reader.py")?,
        };
        command.env("ALG", algorithm).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let launch = async {
            let mut child = command.kill_on_drop(true).spawn()?;
            let input = child.stdin.take().context("a pipe was asked for")?;
            let mut output = BufReader::new(child.stdout.take().context("a pipe was asked for")?).lines();
            let key = answer(&mut output, "KEY ").await?;
            anyhow::Ok(Self { _child: child, input, output, key })
        };
        Ok(launch.await.expect("an installed library's program starts"))
    }

    /// The header and the text of a token that is encrypted to this reader.
    pub async fn decrypt(&mut self, token: &str) -> anyhow::Result<(Value, String)> {
        let mut read = self.ask(&json!({ "decrypt": token })).await?;
        let text = read["text"].as_str().context("a text")?.to_owned();
        Ok((read["header"].take(), text))
    }

    /// A text, encrypted with A256GCM to a public key.
    pub async fn encrypt(&mut self, text: &str, to: &Value, algorithm: &str) -> anyhow::Result<String> {
        let read = self.ask(&json!({ "encrypt": text, "to": to, "alg": algorithm })).await?;
        Ok(read["text"].as_str().context("a token")?.to_owned())
    }

    async fn ask(&mut self, what: &Value) -> anyhow::Result<Value> {
        self.input.write_all(format!("{what}\n").as_bytes()).await?;
        answer(&mut self.output, "READ ").await
    }
}

async fn answer(output: &mut Lines<BufReader<ChildStdout>>, word: &str) -> anyhow::Result<Value> {
    while let Some(line) = output.next_line().await? {
        if let Some(rest) = line.strip_prefix(word) {
            return Ok(serde_json::from_str(rest)?);
        }
    }
    anyhow::bail!("the program ended without saying {word}(its errors are above)")
}
