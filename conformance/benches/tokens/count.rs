//! The count: what a gateway built to be counted did for each request, one at a time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use conformance::workspace::executables;
use serde_json::{Map, Value, json};

use crate::Operation;
use crate::load::{Line, Prepared};
use crate::run::{prepared, tell};
use crate::stage::Stage;

/// Requests of each kind.
const REQUESTS: u32 = 200;
/// Requests before them, so that connections and caches are there.
const WARM: usize = 50;

/// What a request of each kind takes.
#[derive(Debug)]
pub(crate) struct Counted(Vec<(String, BTreeMap<String, f64>)>);

/// Counts everything.
pub(crate) async fn all(profile: &str) -> anyhow::Result<Counted> {
    tell("building a gateway that counts");
    let folder = tempfile::TempDir::with_prefix("passerelle-counted-")?;
    let stage = Stage::set(&counting(profile, folder.path()).await?).await?;
    let line = Line::to(stage.gateway.issuer())?;
    let mut counted = Vec::new();
    for client in &stage.clients {
        let mut citizen = client.known_citizen().await?;
        let codes = client.codes(&mut citizen, REQUESTS).await?;
        stage.quiet().await?;
        let redemptions: Vec<Prepared> = codes.iter().map(|code| client.redemption(code)).collect();
        let (counts, tokens) = count(&line, redemptions).await?;
        let name = |operation: Operation| format!("{}, {}", operation.name(), client.name());
        counted.push((name(Operation::Token), counts));
        let texts: Vec<&str> = tokens.iter().filter_map(|tokens| tokens["access_token"].as_str()).collect();
        for operation in [Operation::Userinfo, Operation::Introspection, Operation::Push] {
            counted.push((name(operation), count(&line, prepared(operation, client, &texts)).await?.0));
        }
    }
    Ok(Counted(counted))
}

/// The gateway built to tell what it does (feature `measure`), in a folder of its own: the next build takes its place.
async fn counting(profile: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let [idp] = executables(["idp"], &["--bin", "idp", "--profile", profile, "--features", "gateway/measure"]).await?;
    let copy = folder.join("idp");
    std::fs::copy(idp, &copy)?;
    Ok(copy)
}

/// What one of these requests takes on average, the asking itself taken away.
async fn count(line: &Line, mut requests: Vec<Prepared>) -> anyhow::Result<(BTreeMap<String, f64>, Vec<Value>)> {
    let mut answers = line.fire(requests.split_off(requests.len().saturating_sub(WARM)), 1).await?.answers;
    let many = f64::from(u32::try_from(requests.len())?);
    let read = async || anyhow::Ok(line.get("/measure").await?.as_object().context("counts")?.clone());
    let (idle, before) = (read().await?, read().await?);
    answers.extend(line.fire(requests, 1).await?.answers);
    let after = read().await?;
    let grown = |from: &Map<String, Value>, to: &Map<String, Value>, name: &str| {
        let number = |counts: &Map<String, Value>| counts.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        number(to) - number(from)
    };
    let each =
        after.keys().map(|name| (name.clone(), (grown(&before, &after, name) - grown(&idle, &before, name)) / many));
    Ok((each.collect(), answers))
}

impl Counted {
    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a String takes all that is written to it");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\nFor each request, on average of {} of its kind:", REQUESTS - 50)?;
        for (name, counts) in &self.0 {
            write!(out, "{name:24}")?;
            for (what, count) in counts.iter().filter(|(_, count)| count.abs() >= 0.05) {
                write!(out, "  {what} {count:.1}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        let rounded = |counts: &BTreeMap<String, f64>| {
            counts.iter().map(|(name, count)| (name.clone(), json!((count * 100.0).round() / 100.0))).collect()
        };
        let each: Map<String, Value> =
            self.0.iter().map(|(name, counts)| (name.clone(), Value::Object(rounded(counts)))).collect();
        json!({ "counted": each })
    }
}
