//! The command line.
//!
//! | exit | means |
//! |---|---|
//! | 0 | done |
//! | 1 | failed: a store, a file, something that is not there, a journal that was tampered with |
//! | 2 | usage, configuration, or an address that cannot be listened on |
//!
//! What a person or a script asked for goes to standard output; everything else to standard error.

mod agents;
mod bench;
mod card;
mod cards;
mod clients;
mod clock;
mod communes;
mod figures;
mod habilitations;
mod homologate;
mod indicators;
mod keys;
mod master_key;
mod organisations;
mod partners;
mod readers;
mod requests;
mod secrets;
mod switches;
mod tokens;
mod trust;
mod webhooks;

#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use domain::time::Timestamp;
use store::journal::Verdict;
use store::registry::Registry;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cnie::trust::CardTrust;
use crate::config::{Config, Environment};
use crate::listen::{Server, check_authorities, check_certificate};
use crate::outbound::http::{Http, authorities};
use crate::outbound::mail::Mailer;
use crate::random::Random;
use crate::{memory, serve, telemetry};

/// The Passerelle gateway: between relying parties and identity providers.
#[derive(Debug, Parser)]
#[command(name = "idp", version, after_help = "Exit codes: 0 done, 1 failed, 2 usage, configuration or address.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The configuration file [default: $PASSERELLE_CONFIG, else config/idp.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Configured(Configured),
    #[command(flatten)]
    Alone(Alone),
}

/// What works with a configuration.
#[derive(Debug, Subcommand)]
enum Configured {
    /// Run the gateway until SIGINT or SIGTERM
    Serve,
    /// Tell everything that is wrong with the configuration
    CheckConfig,
    /// Bring the schema of the registry up to this program
    Migrate,
    /// Register relying parties
    #[command(subcommand)]
    Clients(clients::Command),
    /// Look at and renew signing keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Put the master key under a passphrase, or take it out
    #[command(subcommand)]
    MasterKey(master_key::Command),
    /// Tell how far the certified identity has come
    #[command(subcommand)]
    Indicators(indicators::Command),
    /// Look after the journal
    #[command(subcommand)]
    Journal(Journal),
    /// Suspend or close identities on cards
    #[command(subcommand)]
    Cards(cards::Command),
    /// Enrol communes whose mairies certify
    #[command(subcommand)]
    Communes(communes::Command),
    /// Invite, change and remove agents of communes
    #[command(subcommand)]
    Agents(agents::Command),
    /// Register and withdraw desk readers
    #[command(subcommand)]
    Readers(readers::Command),
    /// Drive the site of a registered service through the checks of the homologation
    Homologate(Box<homologate::Command>),
    /// Look at the latest moment that was seen, and take it back
    #[command(subcommand)]
    Clock(clock::Command),
    /// Invite the operator's people into the partners' space, and look after who is there
    #[command(subcommand)]
    Partners(partners::Command),
    /// Look at what relying parties were granted; suspend, revoke and narrow it; review requests for it
    #[command(subcommand)]
    Habilitations(habilitations::Command),
    /// Stop a service, a provider or a level on every node at once
    #[command(subcommand)]
    Switches(switches::Command),
    /// Give relying parties a second secret, and retire the old one
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Make, list and revoke the tokens of programs that call the admin API
    #[command(subcommand)]
    Tokens(tokens::Command),
    /// Tell how often people sign in to a service, and what goes wrong
    Figures(figures::Command),
    /// Tell other programs what becomes of requests for habilitations
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// `idp organisations domain`, once it is known to need the configuration
    #[command(skip)]
    OrganisationDomain { siret: String, command: organisations::DomainCommand },
}

/// Tools that need no gateway and no configuration: an auditor has neither.
#[derive(Debug, Subcommand)]
enum Alone {
    /// Judge the files of a card; needs no configuration
    #[command(subcommand)]
    Card(card::Command),
    /// Look at the roots that cards are judged by, and take in new ones; needs no configuration
    #[command(subcommand)]
    Trust(trust::Command),
    /// Tell who has a SIRET, and look for communes; needs no configuration
    #[command(subcommand)]
    Organisations(organisations::Command),
    /// Drive a site through the checks of the homologation; needs no configuration
    #[command(subcommand)]
    Bench(bench::Command),
}

#[derive(Debug, Subcommand)]
enum Journal {
    /// Walk the whole chain and name the first place where it was tampered with
    Verify {
        /// Look too for a head that the gateway logged: without it the journal was put back to what it once was
        #[arg(long, value_name = "NUMBER:HASH")]
        holds: Option<LoggedHead>,
    },
}

/// The head of the journal as the gateway logged it: where the journal ended once.
#[derive(Debug, Clone)]
struct LoggedHead {
    number: i64,
    hash: String,
}

impl std::str::FromStr for LoggedHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, hash) = text.split_once(':').ok_or("NUMBER:HASH is needed")?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or("entries are numbered from 1")?;
        Ok(Self { number, hash: hash.to_owned() })
    }
}

/// How a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Usage, configuration or address.
    #[error("{0:#}")]
    Usage(anyhow::Error),
    /// Anything else.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        }
    }
}

/// What a command works with.
struct Bench<'a, W> {
    config: Config,
    clock: Clock,
    random: Random,
    out: &'a mut W,
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    // One provider for everything that takes the default of the process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    // Before anything secret is read.
    if let Err(error) = memory::keep_private() {
        return told(&Failure::Failed(anyhow::Error::new(error).context("memory cannot be kept out of core dumps")));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(&Failure::Failed(anyhow::Error::new(error).context("the runtime cannot start"))),
    };
    match runtime.block_on(run(cli, &Environment::Process, &mut std::io::stdout())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(&failure),
    }
}

fn told(failure: &Failure) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "idp: {failure}");
    ExitCode::from(failure.exit_code())
}

/// Runs one command; what was asked for is written to `out`.
pub(crate) async fn run<W: Write>(cli: Cli, environment: &Environment, out: &mut W) -> Result<(), Failure> {
    let command = match cli.command {
        Command::Alone(Alone::Card(command)) => return card::run(command, out),
        Command::Alone(Alone::Trust(command)) => return trust::run(command, out),
        Command::Alone(Alone::Organisations(organisations::Command::Domain { siret, command })) => {
            Configured::OrganisationDomain { siret, command }
        }
        Command::Alone(Alone::Organisations(command)) => return organisations::run(command, out),
        Command::Alone(Alone::Bench(command)) => return bench::run(command, out).await,
        Command::Configured(command) => command,
    };
    let path = cli
        .config
        .or_else(|| environment.read("PASSERELLE_CONFIG").map(|path| PathBuf::from(path.expose())))
        .unwrap_or_else(|| PathBuf::from("config/idp.toml"));
    let config = Config::load(&path, environment).map_err(|problems| Failure::Usage(problems.into()))?;
    let mut bench = Bench { config, clock: Clock::system(), random: Random::system(), out };
    if !matches!(command, Configured::CheckConfig) {
        own_folder(&bench.config.data).context("the data folder cannot be made")?;
    }
    match command {
        Configured::CheckConfig => check(&mut bench),
        // The largest of all by far: whoever runs another command does not carry it.
        Configured::Serve => Box::pin(serve(bench.config)).await,
        Configured::Migrate => Ok(migrate(&mut bench).await?),
        Configured::Clients(command) => Ok(clients::run(command, &mut bench).await?),
        Configured::Keys(command) => Ok(keys::run(command, &mut bench).await?),
        Configured::MasterKey(command) => Ok(master_key::run(&command, &mut bench)?),
        Configured::Cards(command) => Ok(cards::run(command, &mut bench).await?),
        Configured::Indicators(command) => Ok(indicators::run(command, &mut bench).await?),
        Configured::Journal(Journal::Verify { holds }) => Ok(verify(&mut bench, holds).await?),
        Configured::Communes(command) => Ok(communes::run(command, &mut bench).await?),
        Configured::Agents(command) => Ok(agents::run(command, &mut bench).await?),
        Configured::Readers(command) => Ok(readers::run(command, &mut bench).await?),
        Configured::Homologate(command) => Ok(homologate::run(*command, &mut bench).await?),
        Configured::Clock(command) => Ok(clock::run(command, &mut bench).await?),
        Configured::Partners(command) => Ok(partners::run(command, &mut bench).await?),
        Configured::Habilitations(command) => Ok(Box::pin(habilitations::run(command, &mut bench)).await?),
        Configured::Switches(command) => Ok(switches::run(command, &mut bench).await?),
        Configured::Secrets(command) => Ok(secrets::run(command, &mut bench).await?),
        Configured::Tokens(command) => Ok(tokens::run(command, &mut bench).await?),
        Configured::Figures(command) => Ok(figures::run(command, &mut bench).await?),
        Configured::Webhooks(command) => Ok(Box::pin(webhooks::run(command, &mut bench)).await?),
        Configured::OrganisationDomain { siret, command } => {
            Ok(organisations::domain(&siret, command, &mut bench).await?)
        }
    }
}

/// RFC 3339, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.epoch())
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.epoch().to_string())
}

/// Makes a folder that its owner alone can enter, unless it is there.
fn own_folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

async fn serve(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let stop = CancellationToken::new();
    // Bound first: that a port is taken is told before anything else begins.
    let [desk, partners] =
        [&config.desk, &config.partners].map(|place| place.as_ref().and_then(|place| place.door.as_ref()));
    let admin = config.admin.as_ref().map(|place| &place.door);
    let server = Server::bind(&config.listen, &config.mtls, [desk, partners, admin], Clock::system())
        .await
        .map_err(|error| Failure::Usage(error.into()))?;
    let (mut interrupt, mut terminate) = signals().context("signals cannot be heard")?;
    let asked = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
        // Keeps hearing signals, so that a second one does not end the process in the middle of a request.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = serve::serve(config, server, stop.clone()) => Ok(outcome?),
        () = asked => Ok(()),
    }
}

fn signals() -> std::io::Result<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// Checks what reading the configuration does not: that certificate, authorities and mailer can be used.
fn check<W: Write>(bench: &mut Bench<'_, W>) -> Result<(), Failure> {
    let config = &bench.config;
    let usage = |error: anyhow::Error| Failure::Usage(error);
    if let Some(files) = &config.listen.tls {
        check_certificate(files).context("listen").map_err(usage)?;
    }
    if let Some(door) = &config.mtls.door {
        check_certificate(&door.tls).context("mtls").map_err(usage)?;
    }
    if let Some(files) = config.desk.as_ref().and_then(|desk| desk.door.as_ref()?.tls.as_ref()) {
        check_certificate(files).context("desk").map_err(usage)?;
    }
    if let Some(files) = config.partners.as_ref().and_then(|place| place.door.as_ref()?.tls.as_ref()) {
        check_certificate(files).context("partners").map_err(usage)?;
    }
    if let Some(files) = config.admin.as_ref().and_then(|place| place.door.tls.as_ref()) {
        check_certificate(files).context("admin").map_err(usage)?;
    }
    if let Some(file) = &config.mtls.authorities {
        check_authorities(file).context("mtls").map_err(usage)?;
    }
    Http::new(&config.egress).context("egress").map_err(usage)?;
    let authorities = authorities(&config.egress).context("egress").map_err(usage)?;
    Mailer::new(&config.mail, &authorities).context("mail").map_err(usage)?;
    if let Some(cnie) = &config.cnie {
        CardTrust::open(cnie).context("cnie").map_err(usage)?;
    }
    let providers = config.providers.len();
    let issuer = config.issuer.as_str();
    bench.say(&format!("the configuration is sound: issuer {issuer}, {providers} identity providers"));
    Ok(())
}

async fn migrate<W: Write>(bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let vault = serve::vault(&bench.config, bench.random)?;
    let registry = Registry::migrate(&serve::location(&bench.config), vault).await.context("the registry")?;
    registry.habilitate_clients_of_before(bench.clock.now()).await.context("clients of before")?;
    registry.close().await;
    bench.say("the registry has the schema of this program");
    Ok(())
}

async fn verify<W: Write>(bench: &mut Bench<'_, W>, holds: Option<LoggedHead>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let entries = match registry.verify_journal().await? {
        Verdict::Whole { entries } => entries,
        Verdict::Broken(broken) => bail!("the journal was tampered with: {broken}"),
    };
    if let Some(LoggedHead { number, hash }) = holds {
        let found = registry.entries(number - 1, 1).await?;
        if !found.iter().any(|entry| entry.number == number && entry.hash.to_string() == hash) {
            bail!("the journal was put back to what it once was: it does not hold the head logged as {number}");
        }
    }
    registry.close().await;
    bench.say(&format!("the journal is whole: {entries} entries"));
    Ok(())
}

impl<W: Write> Bench<'_, W> {
    /// Opens the registry, as `serve` does.
    async fn registry(&self) -> anyhow::Result<Registry> {
        serve::registry(&self.config, serve::vault(&self.config, self.random)?, &self.clock).await
    }

    /// Writes a line. A reader that went away (`| head`) is no failure.
    fn say(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    /// Writes JSON.
    fn say_json(&mut self, value: &serde_json::Value) {
        self.say(&value.to_string());
    }
}
