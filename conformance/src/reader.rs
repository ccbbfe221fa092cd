//! Encryption keys of relying parties in unmodified libraries of other people: what the gateway encrypts is read by them,
//! and they encrypt to the gateway.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::library::JoseLibrary;
use crate::script::{Dialogue, javascript, python};
use crate::tools::Missing;

/// A running program with a key pair of its own.
#[derive(Debug)]
pub struct Reader {
    program: Dialogue,
    /// The public key.
    pub key: Value,
}

impl Reader {
    /// Starts the program with a fresh key for an algorithm.
    ///
    /// # Panics
    /// When the library is installed and its program does not get that far.
    pub async fn start(library: JoseLibrary, algorithm: &str) -> Result<Self, Missing> {
        let mut command = match library {
            JoseLibrary::Jose => javascript("jose/package.json", "reader.mjs")?,
            JoseLibrary::Joserfc => python("reader.py")?,
        };
        command.env("ALG", algorithm);
        let launch = async {
            let mut program = Dialogue::start(command)?;
            let key = serde_json::from_str(&program.hears("KEY ").await?)?;
            anyhow::Ok(Self { program, key })
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
        self.program.says(&what.to_string()).await?;
        Ok(serde_json::from_str(&self.program.hears("READ ").await?)?)
    }
}
