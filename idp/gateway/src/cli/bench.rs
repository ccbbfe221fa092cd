//! `idp bench`: drive a site through the checks of the homologation, without a gateway. The provider of the run listens
//! here, and ends with the command.

use std::io::{BufRead as _, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::extract::DefaultBodyLimit;
use clap::{Args, Subcommand, ValueEnum};
use domain::bench::check::Check;
use domain::bench::provider::{Provider, Registered, UserinfoForm};
use domain::bench::report::{About, Line, Outcome, Report};
use domain::bench::site::{Method, Site};
use domain::bench::trial::Shown;
use domain::bench::verdict::Verdict;
use domain::id::BenchRunId;
use domain::jose::SigningAlgorithm;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::Failure;
use crate::bench::driver::{Driver, Patience};
use crate::bench::endpoints;
use crate::bench::rooms::Rooms;
use crate::bench::site::address;
use crate::clock::Clock;
use crate::config::{Egress, Loopback};
use crate::outbound::http::Http;
use crate::random::Random;

/// The longest body that the provider of a run reads.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Drive a site through every check; needs no configuration
    Run(Box<Run>),
    /// Tell what is checked, and where it is written
    Checks {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Where a login begins on the site
    #[arg(long, value_name = "URL", value_parser = address)]
    start: Url,
    /// A page of the site that shows who is signed in
    #[arg(long, value_name = "URL", value_parser = address)]
    page: Url,
    /// What that page shows of the citizen
    #[arg(long, value_name = "CLAIM", default_value = "family-name")]
    expect: Expect,
    /// A redirect URI of the site
    #[arg(long, value_name = "URL", value_parser = address, required = true)]
    redirect_uri: Vec<Url>,
    /// The client id of the service, for the report
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Where a citizen signs out of the site
    #[arg(long, value_name = "URL", value_parser = address)]
    logout: Option<Url>,
    /// How that address is asked for
    #[arg(long, value_name = "METHOD", default_value = "post", requires = "logout")]
    logout_by: By,
    /// Where a browser comes back to after the logout
    #[arg(long, value_name = "URL", value_parser = address)]
    post_logout: Option<Url>,
    /// Where the site takes notices of logouts
    #[arg(long, value_name = "URL", value_parser = address)]
    backchannel_logout: Option<Url>,
    /// How ID tokens are signed
    #[arg(long, value_name = "ALGORITHM", default_value = "rs256")]
    id_token_alg: Alg,
    /// In what form userinfo is answered
    #[arg(long, value_name = "FORM", default_value = "json")]
    userinfo: Userinfo,
    /// Where the provider of the run listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8409")]
    listen: SocketAddr,
    /// The address by which the site reaches it [default: http://ADDRESS]
    #[arg(long, value_name = "URL", value_parser = address)]
    origin: Option<Url>,
    /// Seconds that a silent token endpoint is silent
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(4..=60))]
    silence: u64,
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

/// What a page shows of the citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Expect {
    FamilyName,
    GivenName,
    Email,
    Subject,
}

impl Expect {
    pub(super) const fn shown(self) -> Shown {
        match self {
            Self::FamilyName => Shown::FamilyName,
            Self::GivenName => Shown::GivenName,
            Self::Email => Shown::Email,
            Self::Subject => Shown::Subject,
        }
    }
}

/// How an address is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    /// By a link
    Get,
    /// By a form without fields
    Post,
}

impl By {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Get => Method::Get,
            Self::Post => Method::Post,
        }
    }
}

/// How ID tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Alg {
    Rs256,
    Es256,
    Ps256,
    Eddsa,
}

/// In what form userinfo is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Userinfo {
    Json,
    Signed,
}

pub(super) async fn run<W: Write>(command: Command, out: &mut W) -> Result<(), Failure> {
    match command {
        Command::Run(run) => Ok(drive(*run, out).await?),
        Command::Checks { json } => Ok(checks(json, out)?),
    }
}

fn checks<W: Write>(json: bool, out: &mut W) -> anyhow::Result<()> {
    for check in Check::ALL {
        let row = check.row();
        if json {
            let said = |said: domain::bench::check::Said| json!({ "fr": said.fr, "en": said.en });
            let line = json!({
                "check": row.id, "title": said(row.title), "why": said(row.why), "fix": said(row.fix),
                "source": row.source,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{:<20} {}\n{:<20} {}", row.id, row.title.en, "", row.source)?;
        }
    }
    Ok(())
}

async fn drive<W: Write>(run: Run, out: &mut W) -> anyhow::Result<()> {
    let listener = TcpListener::bind(run.listen).await.with_context(|| format!("cannot listen on {}", run.listen))?;
    let own = format!("http://{}", listener.local_addr()?);
    let origin = run.origin.as_ref().map_or(own, |url| url.origin().ascii_serialization());
    let (clock, random) = (Clock::system(), Random::system());
    let id = BenchRunId::from_random(random.bytes());
    let issuer = format!("{origin}/banc/{id}");
    let provider = Provider::open(&issuer, registered(&run), &random.bytes(), clock.now())?;
    introduce(&provider, run.json, out)?;
    let silence = Duration::from_secs(run.silence);
    let rooms = Rooms::here(id.clone(), provider, (clock.clone(), random), silence);
    let mut serving = JoinSet::new();
    let router = endpoints::router(rooms.clone()).layer(DefaultBodyLimit::max(BODY_LIMIT));
    serving.spawn(async move { axum::serve(listener, router).await });

    wait_for_the_site()?;
    let from = clock.now();
    let driver = driver(&run, rooms, (id, issuer))?;
    // Each line is told when it is known; what was written before an error to write is of no use to anybody.
    let lines = driver
        .drive(|line| {
            if !run.json {
                _ = writeln!(out, "{}", told(line));
            }
        })
        .await;
    let about = About {
        gateway: env!("CARGO_PKG_VERSION").to_owned(),
        issuer: driver.issuer.clone(),
        service: run.client,
        request: None,
        hosts: driver.rooms.look(&driver.run, Provider::hosts).await.unwrap_or_default(),
        start: run.start.into(),
        page: run.page.into(),
        from,
        until: clock.now(),
    };
    let report = Report { about, lines };
    let sealed = report.sealed();
    if run.json {
        writeln!(out, "{}", sealed.text)?;
    }
    if let Some(file) = &run.report {
        std::fs::write(file, &sealed.text).with_context(|| file.display().to_string())?;
    }
    if !run.json {
        writeln!(out, "report sha256 {}", sealed.hash)?;
    }
    match report.outcome() {
        Outcome::Passed => Ok(()),
        Outcome::Failed => bail!("the site does not pass: see the lines that are not ok"),
    }
}

fn registered(run: &Run) -> Registered {
    let text = |urls: &[Url]| urls.iter().map(|url| url.as_str().to_owned()).collect();
    Registered {
        redirect_uris: text(&run.redirect_uri),
        post_logout_redirect_uris: text(run.post_logout.as_slice()),
        algorithm: match run.id_token_alg {
            Alg::Rs256 => SigningAlgorithm::Rs256,
            Alg::Es256 => SigningAlgorithm::Es256,
            Alg::Ps256 => SigningAlgorithm::Ps256,
            Alg::Eddsa => SigningAlgorithm::EdDsa,
        },
        userinfo: match run.userinfo {
            Userinfo::Json => UserinfoForm::Json,
            Userinfo::Signed => UserinfoForm::Signed,
        },
    }
}

/// Says what the site is to be set up with.
pub(super) fn introduce<W: Write>(provider: &Provider, json: bool, out: &mut W) -> anyhow::Result<()> {
    let (issuer, own) = (provider.issuer(), provider.credentials());
    if json {
        let line = json!({ "issuer": issuer, "client_id": own.client_id, "client_secret": own.secret });
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "issuer        {issuer}\nclient id     {}\nclient secret {}\n", own.client_id, own.secret)?;
        writeln!(out, "Set your site up with these, then press Enter.")?;
    }
    Ok(out.flush()?)
}

/// Until whoever asked says that the site is set up.
pub(super) fn wait_for_the_site() -> anyhow::Result<()> {
    tokio::task::block_in_place(|| std::io::stdin().lock().read_line(&mut String::new())).context("standard input")?;
    Ok(())
}

fn driver(run: &Run, rooms: Rooms, (id, issuer): (BenchRunId, String)) -> anyhow::Result<Driver> {
    // Whoever runs the command is on their own machine, and drives their own site there or in public.
    let egress = Egress { loopback: Loopback::Allowed, ..Egress::default() };
    let site = Site {
        start: run.start.clone(),
        page: run.page.clone(),
        shown: run.expect.shown(),
        redirect_uris: run.redirect_uri.clone(),
        post_logout: run.post_logout.clone(),
        logout: run.logout.clone().map(|url| (run.logout_by.method(), url)),
        notices: run.backchannel_logout.clone(),
    };
    let patience = Patience {
        step: Duration::from_secs(15),
        silent: Duration::from_secs(run.silence) * 3 / 4,
        keys: Duration::from_secs(run.key_patience),
    };
    Ok(Driver { rooms, run: id, issuer, site, http: Http::new(&egress)?, patience })
}

pub(super) fn told(line: &Line) -> String {
    let row = line.check.row();
    match &line.verdict {
        Verdict::Passed => format!("ok        {:<20} {}", row.id, row.title.en),
        Verdict::NotMade(reason) => format!("not made  {:<20} {}", row.id, reason.words().1),
        Verdict::Failed(findings) => {
            let seen: Vec<String> = findings.iter().map(|finding| finding.told().en).collect();
            format!("NOT OK    {:<20} {}\n{:30} {}\n{:30} {}", row.id, seen.join("; "), "", row.fix.en, "", row.source)
        }
    }
}
