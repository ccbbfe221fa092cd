//! `idp figures`: what is counted of a service, by day, all of it: for the operator, who has the journal too.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::habilitation::figures::{Day, Line, Period, SHOWN};
use domain::id::ClientId;
use serde_json::json;

use super::Bench;
use crate::figures::file;

#[derive(Debug, Args)]
pub(super) struct Command {
    /// The client_id of the service
    #[arg(value_name = "SERVICE", allow_hyphen_values = true)]
    service: String,
    /// The first day, as 2026-08-24, in UTC; ninety days back without
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Day>,
    /// The last day; today without
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Day>,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV
    #[arg(long)]
    csv: bool,
}

fn day(text: &str) -> Result<Day, &'static str> {
    Day::parse(text).ok_or("a day is written 2026-08-24")
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let until = command.until.unwrap_or_else(|| Day::of(bench.clock.now()));
    let from = command.from.unwrap_or_else(|| until.before(SHOWN - 1));
    let period = Period::between(from, until)?;
    let service = ClientId::parse(&command.service).with_context(|| command.service.clone())?;
    let registry = bench.registry().await?;
    let known = registry.client(&service).await?.is_some();
    let lines = registry.figures(&service, period).await?;
    registry.close().await;
    if !known && lines.is_empty() {
        bail!("there is no service {service}");
    }
    if command.json {
        bench.say_json(&lines.iter().map(told).collect());
    } else if command.csv {
        // With its own line ends, and without one more.
        let _ = bench.out.write_all(file::of_operator(&lines).as_bytes());
    } else {
        for Line { day, figure, count } in &lines {
            bench.say(&format!("{}  {:<10} {:<22} {count:>9}", day.written(), figure.kind(), figure.name()));
        }
    }
    Ok(())
}

fn told(line: &Line) -> serde_json::Value {
    json!({ "day": line.day.written(), "kind": line.figure.kind(), "name": line.figure.name(), "count": line.count })
}
