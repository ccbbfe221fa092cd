//! `idp homologate`: drive the site of a registered service, or of a request, through the checks of the homologation. The provider of the run
//! is at the gateway, below its issuer; the report stays in the registry, and the journal names it.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::bench::report::{Outcome, Report};
use domain::id::{BenchRunId, ClientId, HabilitationRequestId};
use store::registry::Registry;
use url::Url;

use super::Bench;
use super::bench::{By, Expect, introduce, told, wait_for_the_site};
use crate::bench::house::{Addresses, Driven, House};
use crate::bench::site::address;

#[derive(Debug, Args)]
pub(super) struct Command {
    /// The client id of the service
    #[arg(long, value_name = "ID", required_unless_present = "request")]
    client: Option<String>,
    /// The request for a habilitation, in the place of a service: its hosts are driven before there is one
    #[arg(long, value_name = "ID", conflicts_with = "client")]
    request: Option<String>,
    /// Where the site of the request takes notices of logouts
    #[arg(long, value_name = "URL", value_parser = address, requires = "request")]
    backchannel_logout: Option<Url>,
    /// Where a login begins on its site
    #[arg(long, value_name = "URL", value_parser = address)]
    start: Url,
    /// A page of the site that shows who is signed in
    #[arg(long, value_name = "URL", value_parser = address)]
    page: Url,
    /// What that page shows of the citizen
    #[arg(long, value_name = "CLAIM", default_value = "family-name")]
    expect: Expect,
    /// Where a citizen signs out of the site
    #[arg(long, value_name = "URL", value_parser = address)]
    logout: Option<Url>,
    /// How that address is asked for
    #[arg(long, value_name = "METHOD", default_value = "post", requires = "logout")]
    logout_by: By,
    /// Seconds to wait before a failed change of keys is tried once more; 0: not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 65, value_parser = clap::value_parser!(u64).range(0..=600))]
    key_patience: u64,
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print JSON: the credentials in one line, the report in another
    #[arg(long)]
    json: bool,
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let driven = drive(&command, bench, &registry).await;
    registry.close().await;
    let report = driven?;
    let sealed = report.sealed();
    if let Some(file) = &command.report {
        std::fs::write(file, &sealed.text).with_context(|| file.display().to_string())?;
    }
    if command.json {
        bench.say(&sealed.text);
    } else {
        for line in &report.lines {
            bench.say(&told(line));
        }
        bench.say(&format!("report sha256 {}", sealed.hash));
    }
    match report.outcome() {
        Outcome::Passed => Ok(()),
        Outcome::Failed => bail!("the site does not pass: see the lines that are not ok"),
    }
}

async fn drive<W: Write>(command: &Command, bench: &mut Bench<'_, W>, registry: &Registry) -> anyhow::Result<Report> {
    let driven = driven(command, registry).await?;
    let house = House::of(registry, &bench.config, (&bench.clock, bench.random))?;
    let house = house.with_key_patience(Duration::from_secs(command.key_patience));
    let said = Addresses {
        start: command.start.clone(),
        page: command.page.clone(),
        shown: command.expect.shown(),
        logout: command.logout.clone().map(|url| (command.logout_by.method(), url)),
        notices: command.backchannel_logout.clone(),
    };
    let run: BenchRunId = house.open(&driven, said).await?;
    let (working, _) = registry.bench_working(&run, bench.clock.now()).await?.context("the run was just opened")?;
    introduce(&working.provider, command.json, bench.out)?;
    wait_for_the_site()?;
    Ok(house.drive(&run, &driven.subject).await?)
}

async fn driven(command: &Command, registry: &Registry) -> anyhow::Result<Driven> {
    if let Some(request) = &command.request {
        let id = HabilitationRequestId::parse(request).context("--request")?;
        let found = registry.request(&id).await?.with_context(|| format!("there is no request {id}"))?;
        return Ok(Driven::request(&id, found.review.about().organisation, found.review.form()));
    }
    let id = ClientId::parse(command.client.as_deref().unwrap_or_default()).context("--client")?;
    let found = registry.client(&id).await?.with_context(|| format!("{id} is not registered"))?;
    let organisation = found.habilitation.as_ref().and_then(|granted| granted.organisation);
    Ok(Driven::service(&found.client, organisation))
}
